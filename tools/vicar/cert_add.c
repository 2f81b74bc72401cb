#include "cert_add.h"

#include "cmdbridge/certificate.h"
#include "issue.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

static X509 *
read_certificate(const char *path, struct problem *error)
{
	BIO *bio = BIO_new_file(path, "rb");
	X509 *certificate = NULL, *second = NULL;

	if (bio == NULL) {
		problem(error, "%s cannot be read: %s; name another file", path, strerror(errno));
		goto out;
	}
	certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	if (certificate == NULL && BIO_reset(bio) == 0)
		certificate = d2i_X509_bio(bio, NULL);
	else
		second = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	if (certificate == NULL)
		problem(error, "%s holds no certificate in PEM or DER; name another file", path);
	if (second != NULL) {
		problem(error,
			"%s holds more than one certificate; put each into a file of its own and "
			"add them one by one",
			path);
		X509_free(certificate);
		certificate = NULL;
	}
out:
	X509_free(second);
	BIO_free(bio);
	ERR_clear_error();
	return certificate;
}

static bool
is_of_key(const struct image *image, const char *role, X509 *certificate, struct problem *error)
{
	const struct image_key *key = image_key(image, role);
	X509 *own;
	bool ok;

	if (key == NULL)
		return problem(error, "card %s has no key %s; see vicar cert list %s", image->name,
			       role, image->name);
	own = certificate_parse((struct bytes){key->certificate, key->certificate_len});
	ok = own != NULL && EVP_PKEY_eq(X509_get0_pubkey(own), X509_get0_pubkey(certificate)) == 1;
	X509_free(own);
	return ok || problem(error,
			     "the certificate is not for the key %s of card %s: the public keys "
			     "differ; leave out --key, or name the right file",
			     role, image->name);
}

bool
cert_add(const struct cert_addition *wanted, struct image *image, struct problem *error)
{
	X509 *certificate = read_certificate(wanted->file, error);
	bool ok = certificate != NULL;

	if (ok && wanted->role != NULL)
		ok = is_of_key(image, wanted->role, certificate, error);
	if (ok && wanted->authority && X509_check_ca(certificate) == 0)
		ok =
		    problem(error, "the certificate in %s is no authority's; leave out --authority",
			    wanted->file);
	if (ok)
		ok = wanted->authority ? issue_authority(image, certificate, error)
				       : issue_certificate(image, certificate, wanted->role,
							   wanted->label, error);
	X509_free(certificate);
	return ok && issue_update(image, error);
}
