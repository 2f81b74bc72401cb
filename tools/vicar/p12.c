#include "p12.h"

#include "private_file.h"
#include "terminal.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

enum { QUESTION_MAX = 512, NESTING_MAX = 4 };

static size_t
keys_in_bags(const STACK_OF(PKCS12_SAFEBAG) * bags, unsigned nesting)
{
	size_t keys = 0;

	for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); i++) {
		const PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(bags, i);
		const int kind = PKCS12_SAFEBAG_get_nid(bag);

		if (kind == NID_keyBag || kind == NID_pkcs8ShroudedKeyBag)
			keys++;
		if (kind == NID_safeContentsBag && nesting > 0)
			keys += keys_in_bags(PKCS12_SAFEBAG_get0_safes(bag), nesting - 1);
	}
	return keys;
}

/* PKCS12_parse() takes the first key and says nothing of the others. */
static bool
count_keys(const PKCS12 *file, const char *passphrase, size_t *keys)
{
	STACK_OF(PKCS7) *safes = PKCS12_unpack_authsafes(file);
	bool ok = safes != NULL;

	*keys = 0;
	for (int i = 0; ok && i < sk_PKCS7_num(safes); i++) {
		PKCS7 *safe = sk_PKCS7_value(safes, i);
		STACK_OF(PKCS12_SAFEBAG) *bags =
		    PKCS7_type_is_data(safe)
			? PKCS12_unpack_p7data(safe)
			: PKCS12_unpack_p7encdata(safe, passphrase, (int)strlen(passphrase));

		ok = bags != NULL;
		*keys += keys_in_bags(bags, NESTING_MAX);
		sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	}
	sk_PKCS7_pop_free(safes, PKCS7_free);
	return ok;
}

static PKCS12 *
open_file(const char *path, struct problem *error)
{
	BIO *bio = BIO_new_file(path, "rb");
	PKCS12 *file = bio == NULL ? NULL : d2i_PKCS12_bio(bio, NULL);

	if (bio == NULL)
		problem(error, "%s cannot be read: %s; name another file", path, strerror(errno));
	else if (file == NULL)
		problem(error,
			"%s is no PKCS #12 file; name one that ends with .p12 or .pfx, or make it "
			"with openssl pkcs12 -export",
			path);
	BIO_free(bio);
	return file;
}

/* An empty passphrase is written in two ways, RFC 7292 appendix B and none at all. */
static bool
opens(PKCS12 *file, const char *passphrase)
{
	return PKCS12_mac_present(file) == 0 || PKCS12_verify_mac(file, passphrase, -1) == 1 ||
	       (*passphrase == '\0' && PKCS12_verify_mac(file, NULL, 0) == 1);
}

static bool
take(const char *path, PKCS12 *file, const char *passphrase, struct p12 *p12, struct problem *error)
{
	size_t keys;

	if (!opens(file, passphrase))
		return problem(error, "%s does not open: the passphrase is wrong; try again", path);
	if (!count_keys(file, passphrase, &keys) ||
	    PKCS12_parse(file, passphrase, &p12->key, &p12->certificate, &p12->others) != 1)
		return problem(
		    error,
		    "%s is encrypted in a way that OpenSSL here does not know, or broken; write it "
		    "anew where it can be read: openssl pkcs12 -legacy -in OLD -nodes | openssl "
		    "pkcs12 -export -out NEW",
		    path);
	if (keys > 1)
		return problem(
		    error,
		    "%s holds %zu keys, and vicar import takes one at a time; write each "
		    "into a file of its own with openssl pkcs12",
		    path, keys);
	if (p12->key != NULL && p12->certificate == NULL)
		return problem(error,
			       "%s holds a key and no certificate for it; put the certificate of "
			       "that key in, with openssl pkcs12 -export",
			       path);
	return true;
}

bool
p12_read(const char *path, const char *passphrase, struct p12 *p12, struct problem *error)
{
	/* RC2 and others of long ago: so Windows and older programs encrypt certificates. Without the
	 * provider such a file is refused. */
	OSSL_PROVIDER *legacy = OSSL_PROVIDER_try_load(NULL, "legacy", 1);
	PKCS12 *file = open_file(path, error);
	bool ok = false;

	*p12 = (struct p12){0};
	if (file != NULL)
		ok = take(path, file, passphrase, p12, error);
	PKCS12_free(file);
	if (legacy != NULL)
		OSSL_PROVIDER_unload(legacy);
	ERR_clear_error();
	return ok;
}

void
p12_free(struct p12 *p12)
{
	EVP_PKEY_free(p12->key);
	X509_free(p12->certificate);
	sk_X509_pop_free(p12->others, X509_free);
	*p12 = (struct p12){0};
}

static X509 *
issuer_of(const struct p12 *p12, X509 *certificate)
{
	for (int i = 0; i < sk_X509_num(p12->others); i++) {
		X509 *issuer = sk_X509_value(p12->others, i);

		if (X509_check_issued(issuer, certificate) == X509_V_OK &&
		    X509_verify(certificate, X509_get0_pubkey(issuer)) == 1)
			return issuer;
	}
	return NULL;
}

size_t
p12_chain(const struct p12 *p12, X509 **chain, size_t room)
{
	X509 *last = p12->certificate;
	size_t count = 0;

	/* A root has issued itself. */
	while (count < room && (last = issuer_of(p12, last)) != NULL) {
		chain[count++] = last;
		if (X509_self_signed(last, 0) == 1)
			break;
	}
	ERR_clear_error();
	return count;
}

static bool
ask_passphrase(const char *file, char *passphrase, struct problem *error)
{
	char question[QUESTION_MAX];
	struct terminal terminal;
	bool ok;

	if (!terminal_open(&terminal))
		return problem(error,
			       "the passphrase of %s cannot be asked for: no terminal; put it in a "
			       "file, mode 0600, and name that with --passphrase-file",
			       file);
	snprintf(question, sizeof(question), "Passphrase of %s: ", file);
	ok = terminal_ask(&terminal, question, false, passphrase, P12_PASSPHRASE_MAX + 1, error);
	terminal_close(&terminal);
	return ok;
}

bool
p12_passphrase(const char *path, const char *file, char *passphrase, struct problem *error)
{
	if (path == NULL)
		return ask_passphrase(file, passphrase, error);
	if (!private_file_read(path, "passphrase file", passphrase, P12_PASSPHRASE_MAX + 1, error))
		return false;
	passphrase[strcspn(passphrase, "\r\n")] = '\0';
	return true;
}
