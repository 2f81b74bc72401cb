#include "import.h"

#include "addition.h"
#include "cmdbridge/memory.h"
#include "command.h"
#include "iso7816/key_kind.h"

#include <openssl/crypto.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

/* What is to be put onto a card, with its PINs. */
struct parcel {
	struct registry_key role;
	struct issue_key key;
	X509 *authorities[IMAGE_AUTHORITIES_MAX];
	struct issue issue;
	struct pin_plan pins;
};

static bool
choose_role(const struct import *import, const struct p12 *p12, struct registry_key *role,
	    struct problem *error)
{
	const struct key_kind *kind = key_kind_of(p12->key);
	const char *name = import->role == NULL ? role_of(p12->certificate) : import->role;

	if (name == NULL)
		return problem(
		    error,
		    "the certificate in %s does not say what its key is for; say it with "
		    "--role",
		    import->file);
	if (!role_find(import->personality, name, role, error))
		return false;
	if (kind == NULL)
		return problem(error,
			       "the key in %s is %s with %d bits, which no card here can have; "
			       "import another",
			       import->file, EVP_PKEY_get0_type_name(p12->key),
			       EVP_PKEY_get_bits(p12->key));
	return role_takes(import->personality, role,
			  (struct bytes){(const uint8_t *)kind->name, strlen(kind->name)}, error);
}

static bool
get_pins(const struct import *import, struct parcel *parcel, const struct image *onto,
	 struct problem *error)
{
	if (!pin_plan_make(&parcel->pins, &parcel->role, 1, onto, error) ||
	    !pins_get(import->pin_file, parcel->pins.values, parcel->pins.count, error))
		return false;
	parcel->key.pin = pin_plan_value(&parcel->pins, parcel->role.pin);
	parcel->key.puk = pin_plan_value(&parcel->pins, parcel->role.puk);
	return true;
}

/* But for the PINs. */
static bool
pack(const struct import *import, const struct p12 *p12, struct parcel *parcel,
     struct problem *error)
{
	*parcel = (struct parcel){.pins = {.count = 0}};
	if (!choose_role(import, p12, &parcel->role, error))
		return false;
	parcel->key = (struct issue_key){
	    .role = parcel->role.name,
	    .service = IMAGE_SERVICE_FILE,
	    .certificate = p12->certificate,
	    .label = import->label,
	    .usage = import->usage,
	    .key = p12->key,
	};
	parcel->issue = (struct issue){
	    .name = import->name,
	    .personality = import->personality,
	    .options = import->options,
	    .keys = &parcel->key,
	    .keys_count = 1,
	    .authorities = parcel->authorities,
	    .authorities_count = p12_chain(p12, parcel->authorities, IMAGE_AUTHORITIES_MAX),
	};
	return true;
}

static void
warn_of_others(const struct import *import, const struct p12 *p12, const struct parcel *parcel)
{
	const size_t all = (size_t)(p12->others == NULL ? 0 : sk_X509_num(p12->others));

	if (all > parcel->issue.authorities_count)
		say_warning(
		    "%zu certificate(s) in %s are not in the chain of the key's and were left "
		    "out; to have them on the card use vicar cert add",
		    all - parcel->issue.authorities_count, import->file);
}

static bool
import_new(const struct import *import, const struct p12 *p12, struct problem *error)
{
	char directory[PATH_MAX];
	struct parcel parcel;
	bool ok;

	if (!issue_possible(import->name, import->personality, directory, error) ||
	    !pack(import, p12, &parcel, error))
		return false;
	ok = get_pins(import, &parcel, NULL, error) && issue_card(&parcel.issue, error);
	pin_plan_free(&parcel.pins);
	if (ok)
		warn_of_others(import, p12, &parcel);
	return ok;
}

static bool
add_key(const struct import *import, const struct p12 *p12, struct addition *addition,
	struct problem *error)
{
	struct parcel parcel;
	bool ok;

	if (!pack(import, p12, &parcel, error))
		return false;
	ok = addition_free(addition, parcel.role.name, error) &&
	     get_pins(import, &parcel, &addition->image, error) &&
	     addition_check(addition, &parcel.pins, error) &&
	     issue_onto(&parcel.issue, &addition->image, error);
	pin_plan_free(&parcel.pins);
	if (ok)
		warn_of_others(import, p12, &parcel);
	return ok;
}

/* Authorities' go into the chain. */
static bool
add_certificates(const struct p12 *p12, struct addition *addition, struct problem *error)
{
	const int count = p12->others == NULL ? 0 : sk_X509_num(p12->others);
	bool ok = true;

	for (int i = 0; ok && i < count; i++) {
		X509 *certificate = sk_X509_value(p12->others, i);

		ok = X509_check_ca(certificate) != 0
			 ? issue_authority(&addition->image, certificate, error)
			 : issue_certificate(&addition->image, certificate, NULL, NULL, error);
	}
	return ok && issue_update(&addition->image, error);
}

static bool
import_onto(const struct import *wanted, const struct p12 *p12, struct problem *error)
{
	struct import import = *wanted;
	struct addition addition;
	bool ok = addition_begin(&addition, import.name, import.personality, error);

	if (ok) {
		import.personality = addition.image.personality;
		ok = p12->key == NULL ? add_certificates(p12, &addition, error)
				      : add_key(&import, p12, &addition, error);
	}
	addition_end(&addition);
	return ok;
}

bool
import_p12(const struct import *import, const struct p12 *p12, struct problem *error)
{
	if (import->adds)
		return import_onto(import, p12, error);
	if (p12->key == NULL)
		return problem(error,
			       "%s holds no key, so that no card can be made of it; to put its "
			       "certificates onto a card that is there add --add",
			       import->file);
	return import_new(import, p12, error);
}

enum {
	OPTION_CARD,
	OPTION_ROLE,
	OPTION_OPTION,
	OPTION_LABEL,
	OPTION_USAGE,
	OPTION_PIN_FILE,
	OPTION_PASSPHRASE_FILE,
	OPTION_ADD
};

static const struct command_option options[] = {
    {"card", "CARD", "what card it is to be; see vicar list --personalities"},
    {"role", "ROLE", "of the key: auth, sign ...; default: as the certificate's key usage says"},
    {"option", "WORDS", "of the kind of card, as variant=gemalto; more than one with blanks"},
    {"label", "LABEL", "of the key's objects; default: that of the kind of card"},
    {"usage", "WORDS", "of sign,decrypt,derive,non-repudiation; default: all that the role allows"},
    {"pin-file", "FILE", "lines `pin = ` and `puk = `, mode 0600; else they are asked for"},
    {"passphrase-file", "FILE", "the passphrase of FILE.p12, mode 0600; else it is asked for"},
    {"add", NULL, "put the key onto card NAME, which is there and out"},
    {NULL, NULL, NULL},
};

static bool
import_file(const struct import *import, const char *passphrase_file, struct problem *error)
{
	char *passphrase = OPENSSL_secure_zalloc(P12_PASSPHRASE_MAX + 1);
	struct p12 p12 = {0};
	bool ok;

	if (passphrase == NULL)
		return problem(error, "no memory for the passphrase; close some programs");
	ok = p12_passphrase(passphrase_file, import->file, passphrase, error) &&
	     p12_read(import->file, passphrase, &p12, error);
	OPENSSL_secure_clear_free(passphrase, P12_PASSPHRASE_MAX + 1);
	ok = ok && import_p12(import, &p12, error);
	p12_free(&p12);
	return ok;
}

static enum command_exit
run(const struct command_arguments *arguments)
{
	const char *const *given = arguments->options;
	struct import import = {
	    .name = arguments->operands[0],
	    .file = arguments->operands[1],
	    .personality = given[OPTION_CARD],
	    .role = given[OPTION_ROLE],
	    .options = given[OPTION_OPTION] == NULL ? "" : given[OPTION_OPTION],
	    .label = given[OPTION_LABEL],
	    .pin_file = given[OPTION_PIN_FILE],
	    .adds = given[OPTION_ADD] != NULL,
	};
	char protect[MEMORY_ERROR_MAX];
	struct problem error;

	if (import.personality == NULL && !import.adds) {
		say_error("import: --card is missing; type: vicar import --help");
		return COMMAND_USAGE;
	}
	if (import.adds && given[OPTION_OPTION] != NULL) {
		say_error("import: --option is of a new card, and --add leaves that as it is; give "
			  "one; type: vicar import --help");
		return COMMAND_USAGE;
	}
	if (!memory_protect(protect)) {
		say_error("%s", protect);
		return COMMAND_FAILED;
	}
	if (!role_usage(given[OPTION_USAGE], &import.usage, &error) ||
	    !import_file(&import, given[OPTION_PASSPHRASE_FILE], &error)) {
		say_error("%s", error.text);
		return COMMAND_FAILED;
	}
	printf("card %s has what %s holds; type: vicar insert %s\n", import.name, import.file,
	       import.name);
	return COMMAND_OK;
}

const struct command command_import = {
    .name = "import",
    .operands = "NAME FILE.p12",
    .operands_min = 2,
    .operands_max = 2,
    .summary = "makes a card NAME of a key and its certificates in a PKCS #12 file",
    .text =
	"The key is encrypted under the PIN, and under the PUK, and leaves FILE.p12 as it is. The\n"
	"certificates of its issuers come with it. A file without a key adds its certificates to\n"
	"a card, with --add.",
    .options = options,
    .run = run,
};
