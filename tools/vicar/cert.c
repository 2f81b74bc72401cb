#include "cert.h"

#include "addition.h"
#include "cards.h"
#include "cert_add.h"
#include "cmdbridge/certificate.h"
#include "cmdbridge/text.h"
#include "command.h"
#include "output.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	HELD_MAX = IMAGE_KEYS_MAX + IMAGE_AUTHORITIES_MAX + IMAGE_CERTIFICATES_MAX,
	HELD_NAME_MAX = KEY_NAME_MAX + sizeof("authority"),
	NAME_CHARACTERS = 512, /* of a subject or issuer, as shown */
	NAMES_MAX = HELD_MAX * (HELD_NAME_MAX + 2),
};

/* A certificate that a card holds; `der` is the image's. */
struct held {
	char name[HELD_NAME_MAX];
	struct bytes der;
	const char *label;   /* "": as the card or the subject says */
	const char *service; /* of its key; NULL: of a key that the card has not */
};

static size_t
gather(const struct image *image, struct held held[HELD_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < image->keys_count; i++) {
		const struct image_key *key = &image->keys[i];

		held[count] = (struct held){.der = {key->certificate, key->certificate_len},
					    .label = key->certificate_label,
					    .service = key->service};
		snprintf(held[count++].name, HELD_NAME_MAX, "%s", key->name);
	}
	for (size_t i = 0; i < image->authorities_count; i++) {
		const struct image_authority *authority = &image->authorities[i];

		held[count] = (struct held){
		    .der = {authority->certificate, authority->certificate_len}, .label = ""};
		snprintf(held[count++].name, HELD_NAME_MAX, "authority%zu", i + 1);
	}
	for (size_t i = 0; i < image->certificates_count; i++) {
		const struct image_certificate *other = &image->certificates[i];
		const struct image_key *key = image_key(image, other->key);

		held[count] = (struct held){.der = {other->certificate, other->certificate_len},
					    .label = other->label,
					    .service = key == NULL ? NULL : key->service};
		snprintf(held[count++].name, HELD_NAME_MAX, "%s", other->name);
	}
	return count;
}

static void
print_name(FILE *out, const char *key, const X509_NAME *name)
{
	/* C=FI, CN=Name: in the certificate's order, UTF-8 as it is. */
	const unsigned long form = XN_FLAG_ONELINE & ~XN_FLAG_SPC_EQ & ~ASN1_STRFLGS_ESC_MSB;
	char shown[4 * NAME_CHARACTERS + 1] = "?";
	BIO *text = BIO_new(BIO_s_mem());
	char *data = NULL;
	long len;

	if (text != NULL && X509_NAME_print_ex(text, name, 0, form) >= 0 &&
	    (len = BIO_get_mem_data(text, &data)) > 0)
		text_printable((struct bytes){(const uint8_t *)data, (size_t)len}, NAME_CHARACTERS,
			       shown);
	fprintf(out, "%s: %s\n", key, shown);
	BIO_free(text);
}

static void
print_serial(FILE *out, const X509 *certificate)
{
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
	char *text = number == NULL ? NULL : BN_bn2hex(number);

	fprintf(out, "serial: %s\n", text == NULL ? "?" : text);
	OPENSSL_free(text);
	BN_free(number);
}

static void
print_dates(FILE *out, const X509 *certificate)
{
	char from[CERTIFICATE_DATE_SIZE], to[CERTIFICATE_DATE_SIZE];

	certificate_date(X509_get0_notBefore(certificate), from);
	certificate_date(X509_get0_notAfter(certificate), to);
	fprintf(out, "valid: %s to %s\n", from, to);
}

static void
print_key(FILE *out, const X509 *certificate, const char *service)
{
	const EVP_PKEY *key = X509_get0_pubkey(certificate);
	const char *nist;
	char group[64];

	if (key == NULL)
		fputs("key: not readable", out);
	else if (EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1)
		fprintf(out, "key: %s",
			(nist = EC_curve_nid2nist(OBJ_txt2nid(group))) == NULL ? group : nist);
	else
		fprintf(out, "key: %s-%d", EVP_PKEY_get0_type_name(key), EVP_PKEY_get_bits(key));
	if (service != NULL && strcmp(service, IMAGE_SERVICE_FILE) == 0)
		fputs(", in a file of the card", out);
	else if (service != NULL)
		fprintf(out, ", at service %s", service);
	fputc('\n', out);
}

/* RFC 5280 section 4.2.1.3. */
static const struct usage {
	uint32_t bit;
	const char *name;
} usages[] = {
    {KU_DIGITAL_SIGNATURE, "digitalSignature"},
    {KU_NON_REPUDIATION, "nonRepudiation"},
    {KU_KEY_ENCIPHERMENT, "keyEncipherment"},
    {KU_DATA_ENCIPHERMENT, "dataEncipherment"},
    {KU_KEY_AGREEMENT, "keyAgreement"},
    {KU_KEY_CERT_SIGN, "keyCertSign"},
    {KU_CRL_SIGN, "cRLSign"},
    {KU_ENCIPHER_ONLY, "encipherOnly"},
    {KU_DECIPHER_ONLY, "decipherOnly"},
};

static void
print_usage(FILE *out, X509 *certificate)
{
	const uint32_t usage = X509_get_key_usage(certificate);
	const char *before = "usage: ";

	if (usage == UINT32_MAX) {
		fputs("usage: not restricted\n", out);
		return;
	}
	for (size_t i = 0; i < sizeof(usages) / sizeof(usages[0]); i++) {
		if ((usage & usages[i].bit) == 0)
			continue;
		fprintf(out, "%s%s", before, usages[i].name);
		before = ", ";
	}
	fputs(usage == 0 ? "usage: none\n" : "\n", out);
}

static bool
list_held(FILE *out, const struct image *image, const struct held *held)
{
	X509 *certificate = certificate_parse(held->der);

	fprintf(out, "certificate: %s\n", held->name);
	if (certificate == NULL) {
		say_error("card %s: certificate %s cannot be read; make the card again",
			  image->name, held->name);
		return false;
	}
	if (held->label[0] != '\0')
		fprintf(out, "label: %s\n", held->label);
	print_name(out, "subject", X509_get_subject_name(certificate));
	print_name(out, "issuer", X509_get_issuer_name(certificate));
	print_serial(out, certificate);
	print_dates(out, certificate);
	print_key(out, certificate, held->service);
	print_usage(out, certificate);
	X509_free(certificate);
	return true;
}

bool
cert_list(FILE *out, const struct image *image)
{
	struct held held[HELD_MAX];
	const size_t count = gather(image, held);
	bool ok = true;

	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			fputc('\n', out);
		ok = list_held(out, image, &held[i]) && ok;
	}
	return ok;
}

/* sign, authority1, authority2 */
static void
names_of(const struct held *held, size_t count, char names[NAMES_MAX])
{
	size_t len = 0;

	names[0] = '\0';
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(names + len, NAMES_MAX - len, "%s%s", i > 0 ? ", " : "",
					held[i].name);
}

static bool
write_held(FILE *out, const struct held *held, bool der, struct problem *error)
{
	X509 *certificate;
	bool ok;

	if (der) {
		ok = fwrite(held->der.data, 1, held->der.len, out) == held->der.len;
		return ok || problem(error, "certificate %s cannot be written: %s", held->name,
				     strerror(errno));
	}
	if ((certificate = certificate_parse(held->der)) == NULL)
		return problem(error, "certificate %s cannot be read; make the card again",
			       held->name);
	ok = PEM_write_X509(out, certificate) == 1;
	X509_free(certificate);
	return ok || problem(error, "certificate %s cannot be written; see whether there is room",
			     held->name);
}

bool
cert_export(FILE *out, const struct image *image, const char *which, bool der,
	    struct problem *error)
{
	struct held held[HELD_MAX];
	const size_t count = gather(image, held);
	char names[NAMES_MAX];
	size_t written = 0;

	names_of(held, count, names);
	if (which == NULL && der && count > 1)
		return problem(error,
			       "DER holds one certificate, card %s has %s; say which, or leave "
			       "out --der",
			       image->name, names);
	for (size_t i = 0; i < count; i++) {
		if (which != NULL && strcmp(which, held[i].name) != 0)
			continue;
		if (!write_held(out, &held[i], der, error))
			return false;
		written++;
	}
	if (count == 0)
		return problem(error, "card %s holds no certificate; make the card again",
			       image->name);
	return written > 0 ||
	       problem(error, "card %s has no certificate %s, only %s; name one of these",
		       image->name, which, names);
}

enum { OPTION_DER, OPTION_OUTPUT, OPTION_KEY, OPTION_LABEL, OPTION_AUTHORITY };

static const struct command_option options[] = {
    {"der", NULL, "export: DER instead of PEM"},
    {"output", "FILE", "export: to a file, which is replaced, instead of standard output"},
    {"key", "ROLE", "add: the certificate is for this key too; default: for none of the card's"},
    {"label", "LABEL", "add: how programs name it; default: the subject's common name"},
    {"authority", NULL, "add: into the chain, as an authority's"},
    {NULL, NULL, NULL},
};

static bool
run_list(const struct image *image, const struct command_arguments *arguments,
	 struct problem *error)
{
	(void)arguments;
	error->text[0] = '\0'; /* what is wrong was said at each certificate */
	return cert_list(stdout, image);
}

/* Written only when there is all of it: a ROLE that the card has not leaves the file as it was. */
static bool
export_to(const char *path, const struct image *image, const char *which, bool der,
	  struct problem *error)
{
	char *text = NULL;
	size_t len = 0;
	FILE *memory = open_memstream(&text, &len), *out = NULL;
	struct stat is;
	bool ok = false;

	if (memory == NULL) {
		problem(error, "no memory for the certificates; close some programs");
		goto out;
	}
	ok = cert_export(memory, image, which, der, error);
	if (fclose(memory) == EOF && ok)
		ok = problem(error, "no memory for the certificates; close some programs");
	if (!ok)
		goto out;
	/* What is there stays until the whole can take its place; a pipe or a device takes it as it comes. */
	if (lstat(path, &is) != 0 || S_ISREG(is.st_mode)) {
		ok = output_write(path, (struct bytes){(const uint8_t *)text, len}, true, error);
		goto out;
	}
	if ((out = fopen(path, "we")) == NULL) {
		ok = problem(error, "%s cannot be written: %s; name another file", path,
			     strerror(errno));
		goto out;
	}
	ok = fwrite(text, 1, len, out) == len;
	if (fclose(out) == EOF || !ok)
		ok = problem(error, "%s cannot be written: %s; see whether there is room", path,
			     strerror(errno));
out:
	free(text);
	return ok;
}

static bool
run_export(const struct image *image, const struct command_arguments *arguments,
	   struct problem *error)
{
	const char *which = arguments->operands_count > 2 ? arguments->operands[2] : NULL;
	const char *path = arguments->options[OPTION_OUTPUT];
	const bool der = arguments->options[OPTION_DER] != NULL;

	if (path != NULL)
		return export_to(path, image, which, der, error);
	if (der && isatty(STDOUT_FILENO) == 1)
		return problem(error, "DER is not for a terminal; add --output FILE");
	return cert_export(stdout, image, which, der, error);
}

static bool
run_add(const struct image *unlocked, const struct command_arguments *arguments,
	struct problem *error)
{
	const struct cert_addition wanted = {
	    .file = arguments->operands[2],
	    .role = arguments->options[OPTION_KEY],
	    .label = arguments->options[OPTION_LABEL],
	    .authority = arguments->options[OPTION_AUTHORITY] != NULL,
	};
	struct addition addition;
	bool ok = addition_begin(&addition, unlocked->name, NULL, error) &&
		  cert_add(&wanted, &addition.image, error);

	addition_end(&addition);
	if (ok)
		printf("card %s has the certificate now; type: vicar cert list %s\n",
		       unlocked->name, unlocked->name);
	return ok;
}

static const struct action {
	const char *name;
	size_t operands_min, operands_max;
	unsigned options; /* bit n: options[n] */
	bool (*run)(const struct image *image, const struct command_arguments *arguments,
		    struct problem *error);
} actions[] = {
    {"list", 2, 2, 0, run_list},
    {"export", 2, 3, 1 << OPTION_DER | 1 << OPTION_OUTPUT, run_export},
    {"add", 3, 3, 1 << OPTION_KEY | 1 << OPTION_LABEL | 1 << OPTION_AUTHORITY, run_add},
};

static bool
takes(const struct action *action, const struct command_arguments *arguments)
{
	for (size_t i = 0; options[i].name != NULL; i++)
		if (arguments->options[i] != NULL && (action->options & 1U << i) == 0)
			return false;
	return arguments->operands_count >= action->operands_min &&
	       arguments->operands_count <= action->operands_max;
}

static const struct action *
action_of(const struct command_arguments *arguments)
{
	const char *name = arguments->operands[0];

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(actions[i].name, name) != 0)
			continue;
		if (takes(&actions[i], arguments))
			return &actions[i];
		say_error("cert: %s does not take these arguments or options; type: vicar cert "
			  "--help",
			  name);
		return NULL;
	}
	say_error("cert: there is no %s, only list, export and add; type: vicar cert --help", name);
	return NULL;
}

static enum command_exit
run(const struct command_arguments *arguments)
{
	const struct action *action = action_of(arguments);
	struct image_error image_error = {0};
	char directory[PATH_MAX];
	struct problem error;
	struct image image;
	bool ok;

	if (action == NULL)
		return COMMAND_USAGE;
	if (arguments->options[OPTION_AUTHORITY] != NULL &&
	    (arguments->options[OPTION_KEY] != NULL || arguments->options[OPTION_LABEL] != NULL)) {
		say_error(
		    "cert: an authority's certificate has neither --key nor --label; leave them "
		    "out");
		return COMMAND_USAGE;
	}
	if (!cards_find(arguments->operands[1], directory, &error)) {
		say_error("%s", error.text);
		return COMMAND_FAILED;
	}
	if (!image_load(&image, directory, &image_error)) {
		say_error("%s", image_error.text);
		return COMMAND_FAILED;
	}
	ok = action->run(&image, arguments, &error);
	if (!ok && error.text[0] != '\0')
		say_error("%s", error.text);
	image_free(&image);
	return ok ? COMMAND_OK : COMMAND_FAILED;
}

const struct command command_cert = {
    .name = "cert",
    .operands = "list NAME | export NAME [ROLE|authorityN] | add NAME FILE",
    .operands_min = 2,
    .operands_max = 3,
    .summary = "lists, exports or adds certificates of card NAME",
    .text =
	"ROLE is that of a key, sign or auth; authority1 is the issuer. Without it, all "
	"certificates of\n"
	"the card are exported, keys' first. The card may be in or out, and is out while one is\n"
	"added.",
    .options = options,
    .run = run,
};
