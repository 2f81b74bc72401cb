#include "certificate.h"

#include "tools/x509.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

EVP_PKEY *
sim_key_make(unsigned bits)
{
	switch (bits) {
	case 256: return EVP_EC_gen("P-256");
	case 384: return EVP_EC_gen("P-384");
	case 521: return EVP_EC_gen("P-521");
	default: return EVP_RSA_gen(bits);
	}
}

/* The issuing authority's real name has 86 characters, more than X.520's bound of 64 that
 * X509_NAME_add_entry_by_txt() enforces (cmd.md 11); an entry of a given type is not bounded. */
static bool
add_attribute(X509_NAME *name, const struct sim_attribute *attribute)
{
	ASN1_OBJECT *object = OBJ_txt2obj(attribute->type, 0);
	bool printable =
	    strcmp(attribute->type, "C") == 0 || strcmp(attribute->type, "serialNumber") == 0;
	X509_NAME_ENTRY *entry = NULL;
	bool ok = false;

	if (object != NULL)
		entry = X509_NAME_ENTRY_create_by_OBJ(
		    NULL, object, printable ? V_ASN1_PRINTABLESTRING : V_ASN1_UTF8STRING,
		    (const unsigned char *)attribute->value, (int)strlen(attribute->value));
	if (entry != NULL)
		ok = X509_NAME_add_entry(name, entry, -1, 0) == 1;
	X509_NAME_ENTRY_free(entry);
	ASN1_OBJECT_free(object);
	return ok;
}

X509 *
sim_certificate_issue(const struct sim_certificate *description, EVP_PKEY *key,
		      const struct sim_identity *issuer)
{
	X509 *certificate = X509_new();
	X509 *above = issuer != NULL ? issuer->certificate : certificate;
	X509_NAME *name;

	if (certificate == NULL)
		return NULL;
	name = X509_get_subject_name(certificate);
	for (size_t i = 0; i < SIM_NAME_MAX && description->subject[i].type != NULL; i++)
		if (!add_attribute(name, &description->subject[i]))
			goto fail;
	if (X509_set_version(certificate, X509_VERSION_3) != 1 || !x509_set_serial(certificate) ||
	    X509_set_issuer_name(certificate, X509_get_subject_name(above)) != 1 ||
	    !x509_set_days(certificate, description->days_from, description->days_to) ||
	    X509_set_pubkey(certificate, key) != 1)
		goto fail;
	for (size_t i = 0; i < SIM_EXTENSIONS_MAX && description->extensions[i].type != NULL; i++)
		if (!x509_add_extension(certificate, above, description->extensions[i].type,
					description->extensions[i].value))
			goto fail;
	if (X509_sign(certificate, issuer != NULL ? issuer->key : key, EVP_sha256()) == 0)
		goto fail;
	return certificate;
fail:
	X509_free(certificate);
	return NULL;
}

static bool
not_pem(const struct sim_directory *directory, const char *name, struct problem *error)
{
	return problem(error, "%s/%s is not PEM; remove it and start again to have a new one",
		       directory->path, name);
}

/* The file's text, in memory that is wiped; NULL with `error`. */
static BIO *
open_pem(const struct sim_directory *directory, const char *name, struct problem *error)
{
	char *text = NULL;
	size_t len = 0;
	BIO *bio;

	if (!sim_directory_read(directory, name, &text, &len, error))
		return NULL;
	bio = BIO_new(BIO_s_secmem());
	if (bio == NULL || (len > 0 && BIO_write(bio, text, (int)len) != (int)len)) {
		(void)problem(error, "out of memory for %s/%s; free some", directory->path, name);
		BIO_free(bio);
		bio = NULL;
	}
	OPENSSL_clear_free(text, len + 1);
	return bio;
}

bool
sim_key_read(const struct sim_directory *directory, const char *name, EVP_PKEY **key,
	     struct problem *error)
{
	BIO *bio = open_pem(directory, name, error);

	if (bio == NULL)
		return false;
	*key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIO_free(bio);
	return *key != NULL || not_pem(directory, name, error);
}

bool
sim_certificate_read(const struct sim_directory *directory, const char *name, X509 **certificate,
		     struct problem *error)
{
	BIO *bio = open_pem(directory, name, error);

	if (bio == NULL)
		return false;
	*certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	BIO_free(bio);
	return *certificate != NULL || not_pem(directory, name, error);
}

/* Takes the BIO and what is in it. */
static bool
write_bio(const struct sim_directory *directory, const char *name, mode_t mode, BIO *bio,
	  bool filled, struct problem *error)
{
	char *data = NULL;
	long len = bio != NULL ? BIO_get_mem_data(bio, &data) : 0;
	bool ok;

	if (!filled || len <= 0)
		ok = problem(error, "OpenSSL cannot write %s/%s; free some memory", directory->path,
			     name);
	else
		ok = sim_directory_write(directory, name, mode,
					 (struct bytes){(const uint8_t *)data, (size_t)len}, error);
	if (len > 0)
		OPENSSL_cleanse(data, (size_t)len);
	BIO_free(bio);
	return ok;
}

bool
sim_key_write(const struct sim_directory *directory, const char *name, EVP_PKEY *key,
	      struct problem *error)
{
	BIO *bio = BIO_new(BIO_s_mem());
	bool filled =
	    bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;

	return write_bio(directory, name, 0600, bio, filled, error);
}

bool
sim_certificate_write(const struct sim_directory *directory, const char *name, X509 *certificate,
		      struct problem *error)
{
	BIO *bio = BIO_new(BIO_s_mem());
	bool filled = bio != NULL && PEM_write_bio_X509(bio, certificate) == 1;

	return write_bio(directory, name, 0644, bio, filled, error);
}

void
sim_identity_free(struct sim_identity *identity)
{
	EVP_PKEY_free(identity->key);
	X509_free(identity->certificate);
	*identity = (struct sim_identity){NULL, NULL};
}
