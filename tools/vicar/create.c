#include "create.h"

#include "addition.h"
#include "cmdbridge/memory.h"
#include "command.h"
#include "issue.h"
#include "role.h"
#include "self_signed.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

enum { KIND_MAX = 32 };

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
		keys[i].label = creation->label;
		keys[i].usage = creation->usage;
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
create_card(const struct creation *creation, struct image *onto, struct problem *error)
{
	struct issue_key keys[IMAGE_KEYS_MAX] = {{0}};
	const struct issue issue = {
	    .name = creation->name,
	    .personality = creation->personality,
	    .options = creation->options,
	    .keys = keys,
	    .keys_count = creation->keys_count,
	};
	bool ok = make_keys(creation, keys, error) &&
		  (onto == NULL ? issue_card(&issue, error) : issue_onto(&issue, onto, error));

	for (size_t i = 0; i < IMAGE_KEYS_MAX; i++) {
		X509_free(keys[i].certificate);
		EVP_PKEY_free(keys[i].key);
	}
	return ok;
}

static bool
set_kind(const struct creation *creation, struct creation_key *key, struct bytes name,
	 struct problem *error)
{
	char kind[KIND_MAX];

	if (!role_takes(creation->personality, &key->role, name, error))
		return false;
	snprintf(kind, sizeof(kind), "%.*s", (int)name.len, (const char *)name.data);
	key->kind = key_kind_find(kind);
	return key->kind != NULL || problem(error, "there is no kind of key %s", kind);
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
	if (personality == NULL)
		return role_find(creation->personality, "", &key, error);
	if (role != NULL) {
		if (!role_find(creation->personality, role, &key, error))
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
	if (!choose_roles(creation, role, error))
		return false;
	for (size_t i = 0; i < creation->keys_count; i++)
		creation->keys[i].kind = key_kind_find(creation->keys[i].role.kinds[0]);
	if (kinds == NULL)
		return true;
	return strchr(kinds, '=') == NULL ? set_all_kinds(creation, kinds, error)
					  : set_kinds(creation, kinds, error);
}

enum {
	OPTION_CARD,
	OPTION_ROLE,
	OPTION_KEY,
	OPTION_SUBJECT,
	OPTION_OPTION,
	OPTION_LABEL,
	OPTION_USAGE,
	OPTION_PIN_FILE,
	OPTION_ADD,
	OPTION_DEMO
};

/* Of a card to try things with, --demo. Every kind of card takes these. */
#define DEMO_NAME "demo"
#define DEMO_CARD "cc-v1"
#define DEMO_PIN "123456"
#define DEMO_PUK "12345678"

static const struct command_option options[] = {
    {"card", "CARD", "what card it is to be; see vicar list --personalities"},
    {"role", "ROLE", "only this key: auth, sign ...; default: all that such a card has"},
    {"key", "KIND", "of its keys: rsa2048, p384 ..., or ROLE=KIND,ROLE=KIND; default: the usual"},
    {"subject", "SUBJECT", "of the certificates: /C=FI/CN=Name, or a name; default NAME"},
    {"option", "WORDS", "of the kind of card, as variant=gemalto; more than one with blanks"},
    {"label", "LABEL", "of the key's objects, with --role; default: that of the kind of card"},
    {"usage", "WORDS", "with --role, of sign,decrypt,derive,non-repudiation; default: the role's"},
    {"pin-file", "FILE", "lines `pin = ` and `puk = `, mode 0600; else they are asked for"},
    {"add", NULL, "put the key of --role onto card NAME, which is there and out"},
    {"demo", NULL,
     "to try things with: NAME " DEMO_NAME ", CARD " DEMO_CARD ", PIN " DEMO_PIN " if not given"},
    {NULL, NULL, NULL},
};

static const char *
or_default(const char *given, const char *fallback)
{
	return given == NULL ? fallback : given;
}

static bool
demo_pins(const struct pin_plan *plan, struct problem *error)
{
	for (size_t i = 0; i < plan->count; i++) {
		struct pins_value *value = &plan->values[i];
		const char *digits = strcmp(value->or_key, "puk") == 0 ? DEMO_PUK : DEMO_PIN;

		if (strlen(digits) < value->min || strlen(digits) > value->max)
			return problem(error, "such a card does not take %s as %s; give --pin-file",
				       digits, value->name);
		memcpy(value->value, digits, strlen(digits) + 1);
	}
	return true;
}

static bool
get_pins(const struct creation *creation, const struct command_arguments *arguments,
	 const struct image *onto, struct pin_plan *plan, struct problem *error)
{
	const char *pin_file = arguments->options[OPTION_PIN_FILE];
	const bool fixed = arguments->options[OPTION_DEMO] != NULL && pin_file == NULL;
	struct registry_key roles[IMAGE_KEYS_MAX];

	for (size_t i = 0; i < creation->keys_count; i++)
		roles[i] = creation->keys[i].role;
	return pin_plan_make(plan, roles, creation->keys_count, onto, error) &&
	       (fixed ? demo_pins(plan, error)
		      : pins_get(pin_file, plan->values, plan->count, error));
}

static bool
create_new(const struct command_arguments *arguments, struct creation *creation,
	   struct pin_plan *plan, struct problem *error)
{
	char directory[PATH_MAX];

	return issue_possible(creation->name, creation->personality, directory, error) &&
	       create_choose(creation, arguments->options[OPTION_ROLE],
			     arguments->options[OPTION_KEY], error) &&
	       get_pins(creation, arguments, NULL, plan, error) &&
	       create_card(creation, NULL, error);
}

static bool
create_onto(const struct command_arguments *arguments, const struct creation *wanted,
	    struct pin_plan *plan, struct problem *error)
{
	struct creation creation = *wanted;
	const char *role = arguments->options[OPTION_ROLE];
	struct addition addition;
	bool ok = addition_begin(&addition, creation.name, creation.personality, error);

	if (ok) {
		creation.personality = addition.image.personality;
		ok = addition_free(&addition, role, error) &&
		     create_choose(&creation, role, arguments->options[OPTION_KEY], error) &&
		     get_pins(&creation, arguments, &addition.image, plan, error) &&
		     addition_check(&addition, plan, error) &&
		     create_card(&creation, &addition.image, error);
	}
	addition_end(&addition);
	return ok;
}

static void
say_demo(const struct command_arguments *arguments)
{
	if (arguments->options[OPTION_PIN_FILE] == NULL)
		printf("Its PINs are " DEMO_PIN ", its PUK is " DEMO_PUK
		       ": keep nothing on it that is worth anything.\n");
	printf(
	    "Then, for example: pkcs11-tool -L -O, or with the PIN: pkcs11-tool --login --test\n");
}

static enum command_exit
create(const struct command_arguments *arguments, const struct creation *wanted)
{
	struct creation creation = *wanted;
	const bool adds = arguments->options[OPTION_ADD] != NULL;
	struct pin_plan plan = {.count = 0};
	struct problem error;
	bool ok;

	creation.pins = &plan;
	ok = role_usage(arguments->options[OPTION_USAGE], &creation.usage, &error) &&
	     (adds ? create_onto(arguments, &creation, &plan, &error)
		   : create_new(arguments, &creation, &plan, &error));
	pin_plan_free(&plan);
	if (!ok)
		say_error("%s", error.text);
	else if (adds)
		printf("card %s has the key %s now; type: vicar insert %s\n", creation.name,
		       arguments->options[OPTION_ROLE], creation.name);
	else
		printf("card %s is there; type: vicar insert %s\n", creation.name, creation.name);
	if (ok && arguments->options[OPTION_DEMO] != NULL)
		say_demo(arguments);
	return ok ? COMMAND_OK : COMMAND_FAILED;
}

/* NULL when the options go together. */
static const char *
wrong_options(const struct command_arguments *arguments)
{
	const char *const *given = arguments->options;

	if (arguments->operands_count == 0 && given[OPTION_DEMO] == NULL)
		return "an argument is missing, it takes NAME";
	if (given[OPTION_ADD] != NULL && given[OPTION_DEMO] != NULL)
		return "--demo makes a new card, and --add leaves a card as it is; give one";
	if (given[OPTION_ADD] == NULL && given[OPTION_CARD] == NULL && given[OPTION_DEMO] == NULL)
		return "--card is missing";
	if (given[OPTION_ADD] != NULL && given[OPTION_OPTION] != NULL)
		return "--option is of a new card, and --add leaves that as it is; give one";
	if (given[OPTION_ADD] != NULL && given[OPTION_ROLE] == NULL)
		return "--add needs --role, the key that is to be added";
	if ((given[OPTION_LABEL] != NULL || given[OPTION_USAGE] != NULL) &&
	    given[OPTION_ROLE] == NULL)
		return "--label and --usage are of one key; add --role";
	return NULL;
}

static enum command_exit
run(const struct command_arguments *arguments)
{
	const bool demo = arguments->options[OPTION_DEMO] != NULL;
	const char *name = arguments->operands_count > 0 ? arguments->operands[0] : DEMO_NAME;
	struct creation creation = {
	    .name = name,
	    .personality = or_default(arguments->options[OPTION_CARD], demo ? DEMO_CARD : NULL),
	    .subject = or_default(arguments->options[OPTION_SUBJECT], name),
	    .options = or_default(arguments->options[OPTION_OPTION], ""),
	    .label = arguments->options[OPTION_LABEL],
	};
	const char *wrong = wrong_options(arguments);
	char protect[MEMORY_ERROR_MAX];

	if (wrong != NULL) {
		say_error("create: %s; type: vicar create --help", wrong);
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
    .operands = "[NAME]",
    .operands_max = 1,
    .summary = "makes a card NAME with keys of its own in files",
    .text = "Each key is encrypted under its PIN, and under the PUK; its certificate is signed by "
	    "the key\n"
	    "itself. vicar(7) says what a short PIN is worth against someone who has the file.",
    .options = options,
    .run = run,
};
