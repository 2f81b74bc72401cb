#include "create.h"

#include "cmdbridge/keyfile.h"
#include "cmdbridge/memory.h"
#include "command.h"
#include "issue.h"
#include "pins.h"
#include "self_signed.h"

#include <openssl/ec.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

enum { KEY_PATH_MAX = PATH_MAX + KEY_NAME_MAX + 16 };

static bool
write_key(const char *directory, const char *role, const char *what, EVP_PKEY *key,
	  const char *secret, struct problem *error)
{
	char path[KEY_PATH_MAX], text[KEYFILE_ERROR_MAX] = "";

	snprintf(path, sizeof(path), "%s/keys/%s.%s", directory, role, what);
	if (keyfile_create(path, key, (struct bytes){(const uint8_t *)secret, strlen(secret)},
			   text) == KEYFILE_OK)
		return true;
	return problem(error, "%s", text);
}

static bool
issue_with_key(const struct creation *creation, const char *directory, EVP_PKEY *key,
	       X509 *certificate, struct problem *error)
{
	const struct chain chain = {.certificates = {certificate}, .count = 1};
	const struct issue issue = {
	    .name = creation->name,
	    .personality = creation->personality,
	    .role = creation->role,
	    .service = IMAGE_SERVICE_FILE,
	    .options = creation->options == NULL ? "" : creation->options,
	    .chain = &chain,
	};
	struct problem undo;

	if (!issue_card(&issue, error))
		return false;
	if (write_key(directory, creation->role, "pin", key, creation->pin, error) &&
	    write_key(directory, creation->role, "puk", key, creation->puk, error))
		return true;
	if (!issue_undo(directory, &undo))
		say_error("%s", undo.text);
	return false;
}

static EVP_PKEY *
make_key(const struct creation *creation, struct problem *error)
{
	EVP_PKEY *key =
	    creation->curve == NULL ? EVP_RSA_gen(creation->rsa_bits) : EVP_EC_gen(creation->curve);

	if (key != NULL)
		return key;
	if (creation->curve == NULL)
		problem(error,
			"no RSA key of %u bits could be made: OpenSSL refused; see whether openssl "
			"works here",
			creation->rsa_bits);
	else
		problem(error,
			"no EC key on %s could be made: OpenSSL refused; see whether openssl knows "
			"the curve: openssl ecparam -list_curves",
			creation->curve);
	return NULL;
}

bool
create_card(const struct creation *creation, struct problem *error)
{
	char directory[PATH_MAX];
	EVP_PKEY *key = NULL;
	X509 *certificate = NULL;
	bool ok = false;

	if (!issue_possible(creation->name, creation->personality, directory, error))
		return false;
	if ((key = make_key(creation, error)) == NULL)
		return false;
	certificate = self_signed(key, role_find(creation->role), creation->subject, error);
	ok = certificate != NULL && issue_with_key(creation, directory, key, certificate, error);
	X509_free(certificate);
	EVP_PKEY_free(key);
	return ok;
}

struct key_kind {
	const char *name;
	unsigned rsa_bits;
	const char *curve;
};

static const struct key_kind key_kinds[] = {
    {"rsa2048", 2048, NULL},
    {"rsa3072", 3072, NULL},
    {"p256", 0, SN_X9_62_prime256v1},
    {"p384", 0, SN_secp384r1},
    {"p521", 0, SN_secp521r1},
    {"brainpool256", 0, SN_brainpoolP256r1},
    {"brainpool384", 0, SN_brainpoolP384r1},
};

static bool
set_key_kind(struct creation *creation, const char *name)
{
	for (size_t i = 0; i < sizeof(key_kinds) / sizeof(key_kinds[0]); i++) {
		if (strcmp(key_kinds[i].name, name) != 0)
			continue;
		creation->rsa_bits = key_kinds[i].rsa_bits;
		creation->curve = key_kinds[i].curve;
		return true;
	}
	return false;
}

enum { OPTION_CARD, OPTION_KEY, OPTION_ROLE, OPTION_SUBJECT, OPTION_OPTION, OPTION_PIN_FILE };

static const struct command_option options[] = {
    {"card", "CARD", "what card it is to be; vicar list --personalities names them"},
    {"key", "KIND", "rsa2048 (the default), rsa3072, p256, p384, p521, brainpool256, brainpool384"},
    {"role", "ROLE", "what the key is for: sign (the default) or auth"},
    {"subject", "SUBJECT", "of the certificate: /C=FI/CN=Name, or a name; default NAME"},
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
create_with_pins(struct creation *creation, const char *pin_file, struct problem *error)
{
	static const struct pins_value wanted[] = {
	    {.key = "pin", .name = "PIN", .min = PINS_PIN_MIN, .max = PINS_PIN_MAX, .is_new = true},
	    {.key = "puk", .name = "PUK", .min = PINS_PUK_LEN, .max = PINS_PUK_LEN, .is_new = true},
	};
	struct pins_value *pins = pins_new(2, error);
	bool ok;

	if (pins == NULL)
		return false;
	memcpy(pins, wanted, sizeof(wanted));
	creation->pin = pins[0].value;
	creation->puk = pins[1].value;
	ok = pins_get(pin_file, pins, 2, error) && create_card(creation, error);
	pins_free(pins, 2);
	return ok;
}

static enum command_exit
create(const struct command_arguments *arguments, struct creation *creation)
{
	char directory[PATH_MAX];
	struct problem error;

	if (!issue_possible(creation->name, creation->personality, directory, &error) ||
	    !create_with_pins(creation, arguments->options[OPTION_PIN_FILE], &error)) {
		say_error("%s", error.text);
		return COMMAND_FAILED;
	}
	printf("card %s is there; type: vicar insert %s\n", creation->name, creation->name);
	return COMMAND_OK;
}

static enum command_exit
run(const struct command_arguments *arguments)
{
	const char *key = or_default(arguments->options[OPTION_KEY], "rsa2048");
	struct creation creation = {
	    .name = arguments->operands[0],
	    .personality = arguments->options[OPTION_CARD],
	    .role = or_default(arguments->options[OPTION_ROLE], "sign"),
	    .subject = or_default(arguments->options[OPTION_SUBJECT], arguments->operands[0]),
	    .options = arguments->options[OPTION_OPTION],
	};
	char protect[MEMORY_ERROR_MAX];

	if (creation.personality == NULL) {
		say_error("create: --card is missing; type: vicar create --help");
		return COMMAND_USAGE;
	}
	if (!set_key_kind(&creation, key)) {
		say_error("create: --key %s is not known; use rsa2048, rsa3072, p256, p384, p521, "
			  "brainpool256 or brainpool384",
			  key);
		return COMMAND_USAGE;
	}
	if (role_find(creation.role) == NULL) {
		say_error("create: --role %s is not known; use sign or auth", creation.role);
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
    .summary = "makes a card NAME with a key of its own in a file",
    .text = "The key is encrypted under the PIN, and under the PUK; the certificate is signed by "
	    "the key\n"
	    "itself. vicar(7) says what a short PIN is worth against someone who has the file.",
    .options = options,
    .run = run,
};
