#include "build_key.h"

#include <openssl/err.h>
#include <limits.h>
#include <string.h>

X509 *
build_certificate(const uint8_t *der, size_t len)
{
	const uint8_t *at = der;
	X509 *certificate;

	ERR_set_mark();
	certificate = len <= LONG_MAX ? d2i_X509(NULL, &at, (long)len) : NULL;
	ERR_pop_to_mark();
	if (certificate != NULL && at != der + len) {
		X509_free(certificate);
		certificate = NULL;
	}
	return certificate;
}

const struct key_kind *
build_kind(const struct image_key *key)
{
	X509 *certificate = build_certificate(key->certificate, key->certificate_len);
	const EVP_PKEY *public_key = certificate != NULL ? X509_get0_pubkey(certificate) : NULL;
	const struct key_kind *kind = public_key != NULL ? key_kind_of(public_key) : NULL;

	X509_free(certificate);
	return kind;
}

const struct role *
build_role(const struct roles *roles, const char *name)
{
	for (size_t i = 0; i < roles->count; i++) {
		if (strcmp(roles->role[i].key, name) == 0)
			return &roles->role[i];
	}
	return NULL;
}

/* What only one kind of key does. */
enum {
	USAGE_OF_RSA = PKCS15_USAGE_ENCRYPT | PKCS15_USAGE_DECRYPT | PKCS15_USAGE_WRAP |
		       PKCS15_USAGE_UNWRAP | PKCS15_USAGE_SIGN_RECOVER |
		       PKCS15_USAGE_VERIFY_RECOVER,
	USAGE_OF_EC = PKCS15_USAGE_DERIVE,
};

/* What card.conf's words allow, of private and of public keys. */
static const struct {
	const char *name;
	enum image_usage word;
	uint32_t usage;
} USAGES[] = {
    {"sign", IMAGE_USAGE_SIGN,
     PKCS15_USAGE_SIGN | PKCS15_USAGE_SIGN_RECOVER | PKCS15_USAGE_VERIFY |
	 PKCS15_USAGE_VERIFY_RECOVER},
    {"decrypt", IMAGE_USAGE_DECRYPT,
     PKCS15_USAGE_DECRYPT | PKCS15_USAGE_UNWRAP | PKCS15_USAGE_ENCRYPT | PKCS15_USAGE_WRAP},
    {"derive", IMAGE_USAGE_DERIVE, PKCS15_USAGE_DERIVE},
    {"non-repudiation", IMAGE_USAGE_NON_REPUDIATION,
     PKCS15_USAGE_NON_REPUDIATION | PKCS15_USAGE_VERIFY | PKCS15_USAGE_VERIFY_RECOVER},
};
enum { USAGES_COUNT = sizeof(USAGES) / sizeof(USAGES[0]) };

uint32_t
build_usage(const struct image_key *key, const struct key_kind *kind, uint32_t usage)
{
	uint32_t allowed = 0;

	usage &= ~(uint32_t)(kind->curve == NULL ? USAGE_OF_EC : USAGE_OF_RSA);
	for (size_t i = 0; i < USAGES_COUNT; i++) {
		if ((key->usage & USAGES[i].word) != 0)
			allowed |= USAGES[i].usage;
	}
	return key->usage == 0 ? usage : usage & allowed;
}

const char *
build_usage_name(size_t index, enum image_usage *word)
{
	if (index >= USAGES_COUNT)
		return NULL;
	*word = USAGES[index].word;
	return USAGES[index].name;
}
