#include "self_signed.h"

#include "tools/x509.h"

#include <string.h>

enum { VALID_DAYS = 730, VALUE_MAX = 256 };

/* Key usages as on FINEID cards (reference: fineid.md 7.4): an EC key agrees, it does not encipher. */
static const struct key_use uses[] = {
    {"auth", "critical,digitalSignature,keyEncipherment,dataEncipherment",
     "critical,digitalSignature,keyAgreement", "clientAuth"},
    {"sign", "critical,nonRepudiation", "critical,nonRepudiation", NULL},
};

const struct key_use *
key_use_of(const char *role)
{
	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
		if (strncmp(uses[i].role, role, strlen(uses[i].role)) == 0)
			return &uses[i];
	return &uses[0];
}

/* One TYPE=VALUE from the front of `*at`, up to the next bare '/'. */
static bool
take_attribute(const char **at, char *type, char *value)
{
	size_t len = strcspn(*at, "=/");

	if (len == 0 || len >= VALUE_MAX || (*at)[len] != '=')
		return false;
	memcpy(type, *at, len);
	type[len] = '\0';
	*at += len + 1;
	for (len = 0; **at != '\0' && **at != '/'; (*at)++) {
		if (**at == '\\' && (*at)[1] != '\0')
			(*at)++;
		if (len + 1 == VALUE_MAX)
			return false;
		value[len++] = **at;
	}
	value[len] = '\0';
	return len > 0;
}

static bool
put_attribute(X509_NAME *name, const char *type, const char *value)
{
	return X509_NAME_add_entry_by_txt(name, type, MBSTRING_UTF8, (const unsigned char *)value,
					  -1, -1, 0) == 1;
}

static bool
put_subject(X509_NAME *name, const char *subject, struct problem *error)
{
	char type[VALUE_MAX], value[VALUE_MAX];
	const char *at = subject;

	if (*at != '/')
		return put_attribute(name, "CN", subject) ||
		       problem(error,
			       "%s cannot be a common name (1 to 64 characters); choose another "
			       "--subject",
			       subject);
	while (*at == '/') {
		at++;
		if (!take_attribute(&at, type, value) || !put_attribute(name, type, value))
			return problem(
			    error,
			    "subject %s cannot be used; write it as /C=FI/O=Organisation/CN=Name",
			    subject);
	}
	return true;
}

static bool
put_extensions(X509 *certificate, const EVP_PKEY *key, const struct key_use *use)
{
	const struct {
		const char *type, *value;
	} extensions[] = {
	    {"basicConstraints", "critical,CA:FALSE"},
	    {"keyUsage", EVP_PKEY_is_a(key, "EC") ? use->key_usage_ec : use->key_usage},
	    {"extendedKeyUsage", use->extended_key_usage},
	    {"subjectKeyIdentifier", "hash"},
	};

	for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++)
		if (extensions[i].value != NULL &&
		    !x509_add_extension(certificate, certificate, extensions[i].type,
					extensions[i].value))
			return false;
	return true;
}

/* As strong as the key (RFC 5480 section 4); SHA-256 for RSA of any size. */
static const EVP_MD *
digest_for(const EVP_PKEY *key)
{
	if (!EVP_PKEY_is_a(key, "EC") || EVP_PKEY_get_bits(key) <= 256)
		return EVP_sha256();
	return EVP_PKEY_get_bits(key) <= 384 ? EVP_sha384() : EVP_sha512();
}

X509 *
self_signed(EVP_PKEY *key, const struct key_use *use, const char *subject, struct problem *error)
{
	X509 *certificate = X509_new();
	X509_NAME *name = certificate == NULL ? NULL : X509_get_subject_name(certificate);

	if (name == NULL || !put_subject(name, subject, error)) {
		if (name == NULL)
			problem(error, "no memory for a certificate; close some programs");
		goto bad;
	}
	if (X509_set_version(certificate, X509_VERSION_3) != 1 || !x509_set_serial(certificate) ||
	    X509_set_issuer_name(certificate, name) != 1 ||
	    !x509_set_days(certificate, 0, VALID_DAYS) || X509_set_pubkey(certificate, key) != 1 ||
	    !put_extensions(certificate, key, use) ||
	    X509_sign(certificate, key, digest_for(key)) == 0) {
		problem(error, "the certificate could not be made: OpenSSL refused; see whether "
			       "openssl works here");
		goto bad;
	}
	return certificate;
bad:
	X509_free(certificate);
	return NULL;
}
