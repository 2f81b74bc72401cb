#include "create.h"

#include "cmdbridge/memory.h"
#include "command.h"
#include "issue.h"
#include "self_signed.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

enum { KINDS_TEXT_MAX = 128 };

static EVP_PKEY *
make_key(const struct key_kind *kind, struct problem *error)
{
	EVP_PKEY *key = kind->curve == NULL ? EVP_RSA_gen(kind->bits) : EVP_EC_gen(kind->curve);

	if (key == NULL)
		problem(error,
			"no key %s could be made: OpenSSL refused; see whether openssl works here, "
			"and knows the curve: openssl ecparam -list_curves",
			kind->name);
	return key;
}

static bool
make_keys(const struct creation *creation, struct issue_key *keys, struct problem *error)
{
	for (size_t i = 0; i < creation->keys_count; i++) {
		const struct creation_key *from = &creation->keys[i];

		keys[i].role = from->role.name;
		keys[i].service = IMAGE_SERVICE_FILE;
		keys[i].pin = pin_plan_value(creation->pins, from->role.pin);
		keys[i].puk = pin_plan_value(creation->pins, from->role.puk);
		if ((keys[i].key = make_key(from->kind, error)) == NULL)
			return false;
		keys[i].certificate =
		    self_signed(keys[i].key, key_use_of(from->role.name), creation->subject, error);
		if (keys[i].certificate == NULL)
			return false;
	}
	return true;
}

bool
create_card(const struct creation *creation, struct problem *error)
{
	struct issue_key keys[IMAGE_KEYS_MAX] = {{0}};
	const struct issue issue = {
	    .name = creation->name,
	    .personality = creation->personality,
	    .options = creation->options,
	    .keys = keys,
	    .keys_count = creation->keys_count,
	};
	char directory[PATH_MAX];
	bool ok;

	ok = issue_possible(creation->name, creation->personality, directory, error) &&
	     make_keys(creation, keys, error) && issue_card(&issue, error);
	for (size_t i = 0; i < IMAGE_KEYS_MAX; i++) {
		X509_free(keys[i].certificate);
		EVP_PKEY_free(keys[i].key);
	}
	return ok;
}

static void
name_kinds(const struct registry_key *role, char text[KINDS_TEXT_MAX])
{
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; role->kinds[i] != NULL && len < KINDS_TEXT_MAX; i++)
		len += (size_t)snprintf(text + len, KINDS_TEXT_MAX - len, "%s%s",
					len > 0 ? ", " : "", role->kinds[i]);
}

static bool
set_kind(const struct creation *creation, struct creation_key *key, struct bytes name,
	 struct problem *error)
{
	char kinds[KINDS_TEXT_MAX];

	for (size_t i = 0; key->role.kinds[i] != NULL; i++) {
		const char *kind = key->role.kinds[i];

		if (strlen(kind) == name.len && memcmp(kind, name.data, name.len) == 0) {
			key->kind = key_kind_find(kind);
			return key->kind != NULL;
		}
	}
	name_kinds(&key->role, kinds);
	return problem(
	    error, "the key %s of a %s card cannot be %.*s; choose with --key one of: %s",
	    key->role.name, creation->personality, (int)name.len, (const char *)name.data, kinds);
}

static bool
set_all_kinds(struct creation *creation, const char *name, struct problem *error)
{
	const struct bytes kind = {(const uint8_t *)name, strlen(name)};

	for (size_t i = 0; i < creation->keys_count; i++)
		if (!set_kind(creation, &creation->keys[i], kind, error))
			return false;
	return true;
}

/* "auth=rsa2048,sign=p256" */
static bool
set_kinds(struct creation *creation, const char *at, struct problem *error)
{
	for (; *at != '\0'; at += *at == ',') {
		const size_t role_len = strcspn(at, "=,"), len = strcspn(at, ",");
		struct creation_key *key = NULL;

		for (size_t i = 0; i < creation->keys_count; i++)
			if (strlen(creation->keys[i].role.name) == role_len &&
			    strncmp(creation->keys[i].role.name, at, role_len) == 0)
				key = &creation->keys[i];
		if (key == NULL || at[role_len] != '=')
			return problem(
			    error,
			    "--key: %.*s does not say what key it is for; write ROLE=KIND "
			    "with a role that the card is to have, and see vicar create "
			    "--help",
			    (int)len, at);
		if (!set_kind(
			creation, key,
			(struct bytes){(const uint8_t *)at + role_len + 1, len - role_len - 1},
			error))
			return false;
		at += len;
	}
	return true;
}

static bool
choose_roles(struct creation *creation, const char *role, struct problem *error)
{
	const struct personality *personality = registry_find(creation->personality);
	struct registry_key key;

	creation->keys_count = 0;
	if (role != NULL) {
		if (!pin_plan_key(creation->personality, role, &key, error))
			return false;
		creation->keys[creation->keys_count++].role = key;
		return true;
	}
	for (size_t i = 0; i < IMAGE_KEYS_MAX && registry_key(personality, i, &key); i++)
		creation->keys[creation->keys_count++].role = key;
	return true;
}

bool
create_choose(struct creation *creation, const char *role, const char *kinds, struct problem *error)
{
	char directory[PATH_MAX];

	if (!issue_possible(creation->name, creation->personality, directory, error) ||
	    !choose_roles(creation, role, error))
		return false;
	for (size_t i = 0; i < creation->keys_count; i++)
		creation->keys[i].kind = key_kind_find(creation->keys[i].role.kinds[0]);
	if (kinds == NULL)
		return true;
	return strchr(kinds, '=') == NULL ? set_all_kinds(creation, kinds, error)
					  : set_kinds(creation, kinds, error);
}

enum { OPTION_CARD, OPTION_KEY, OPTION_ROLE, OPTION_SUBJECT, OPTION_OPTION, OPTION_PIN_FILE };

static const struct command_option options[] = {
    {"card", "CARD", "what card it is to be; see vicar list --personalities"},
    {"key", "KIND", "of its keys: rsa2048, p384 ..., or ROLE=KIND,ROLE=KIND; default: the usual"},
    {"role", "ROLE", "only this key: auth, sign ...; default: all that such a card has"},
    {"subject", "SUBJECT", "of the certificates: /C=FI/CN=Name, or a name; default NAME"},
    {"option", "WORDS", "of the kind of card, as variant=gemalto; more than one with blanks"},
    {"pin-file", "FILE", "lines `pin = ` and `puk = `, mode 0600; else they are asked for"},
    {NULL, NULL, NULL},
};

static const char *
or_default(const char *given, const char *fallback)
{
	return given == NULL ? fallback : given;
}

static bool
get_pins(const struct creation *creation, const char *pin_file, struct pin_plan *plan,
	 struct problem *error)
{
	struct registry_key roles[IMAGE_KEYS_MAX];

	for (size_t i = 0; i < creation->keys_count; i++)
		roles[i] = creation->keys[i].role;
	return pin_plan_make(plan, roles, creation->keys_count, NULL, error) &&
	       pins_get(pin_file, plan->values, plan->count, error);
}

static enum command_exit
create(const struct command_arguments *arguments, struct creation *creation)
{
	struct pin_plan plan = {.count = 0};
	struct problem error;
	bool ok;

	creation->pins = &plan;
	ok = create_choose(creation, arguments->options[OPTION_ROLE],
			   arguments->options[OPTION_KEY], &error) &&
	     get_pins(creation, arguments->options[OPTION_PIN_FILE], &plan, &error) &&
	     create_card(creation, &error);
	pin_plan_free(&plan);
	if (ok)
		printf("card %s is there; type: vicar insert %s\n", creation->name, creation->name);
	else
		say_error("%s", error.text);
	return ok ? COMMAND_OK : COMMAND_FAILED;
}

static enum command_exit
run(const struct command_arguments *arguments)
{
	struct creation creation = {
	    .name = arguments->operands[0],
	    .personality = arguments->options[OPTION_CARD],
	    .subject = or_default(arguments->options[OPTION_SUBJECT], arguments->operands[0]),
	    .options = or_default(arguments->options[OPTION_OPTION], ""),
	};
	char protect[MEMORY_ERROR_MAX];

	if (creation.personality == NULL) {
		say_error("create: --card is missing; type: vicar create --help");
		return COMMAND_USAGE;
	}
	if (!memory_protect(protect)) {
		say_error("%s", protect);
		return COMMAND_FAILED;
	}
	return create(arguments, &creation);
}

const struct command command_create = {
    .name = "create",
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "makes a card NAME with keys of its own in files",
    .text = "Each key is encrypted under its PIN, and under the PUK; its certificate is signed by "
	    "the key\n"
	    "itself. vicar(7) says what a short PIN is worth against someone who has the file.",
    .options = options,
    .run = run,
};
