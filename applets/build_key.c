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

/* What only one kind of key does; what goes with signing and with deciphering, of private and of
 * public keys. */
enum {
	USAGE_OF_RSA = PKCS15_USAGE_ENCRYPT | PKCS15_USAGE_DECRYPT | PKCS15_USAGE_WRAP |
		       PKCS15_USAGE_UNWRAP | PKCS15_USAGE_SIGN_RECOVER |
		       PKCS15_USAGE_VERIFY_RECOVER,
	USAGE_OF_EC = PKCS15_USAGE_DERIVE,
	USAGE_OF_SIGNING = PKCS15_USAGE_SIGN | PKCS15_USAGE_SIGN_RECOVER | PKCS15_USAGE_VERIFY |
			   PKCS15_USAGE_VERIFY_RECOVER | PKCS15_USAGE_NON_REPUDIATION,
	USAGE_OF_DECIPHERING =
	    PKCS15_USAGE_DECRYPT | PKCS15_USAGE_UNWRAP | PKCS15_USAGE_ENCRYPT | PKCS15_USAGE_WRAP,
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
    {"decrypt", IMAGE_USAGE_DECRYPT, USAGE_OF_DECIPHERING},
    {"derive", IMAGE_USAGE_DERIVE, PKCS15_USAGE_DERIVE},
    {"non-repudiation", IMAGE_USAGE_NON_REPUDIATION,
     PKCS15_USAGE_NON_REPUDIATION | PKCS15_USAGE_VERIFY | PKCS15_USAGE_VERIFY_RECOVER},
};
enum { USAGES_COUNT = sizeof(USAGES) / sizeof(USAGES[0]) };

bool
build_is_remote(const struct image_key *key)
{
	return strcmp(key->service, IMAGE_SERVICE_FILE) != 0;
}

bool
build_has(const struct image_key *key, enum key_operation operation)
{
	return (image_operations(key) & 1U << operation) != 0;
}

/* What the role's algorithms make of a service's key of this kind. */
static uint32_t
usage_of_service(const struct role *role, const struct image_key *key, const struct key_kind *kind)
{
	const struct key_spec *spec = &role->private_key_spec;
	uint32_t usage = 0;

	for (size_t i = 0; i < spec->algorithms_count; i++) {
		const struct algorithm *row = &spec->algorithms[i];
		const bool agrees = row->operation == KEY_DERIVE_ECDH;
		const bool of_ec = agrees || row->operation == KEY_SIGN_ECDSA;

		if (!build_has(key, row->operation) || of_ec != (kind->curve != NULL))
			continue;
		usage |= agrees             ? PKCS15_USAGE_DERIVE
			 : row->se == SE_CT ? USAGE_OF_DECIPHERING
					    : (uint32_t)USAGE_OF_SIGNING;
	}
	return usage;
}

uint32_t
build_usage(const struct role *role, const struct image_key *key, const struct key_kind *kind,
	    uint32_t usage)
{
	uint32_t allowed = 0;

	usage &= ~(uint32_t)(kind->curve == NULL ? USAGE_OF_EC : USAGE_OF_RSA);
	if (build_is_remote(key))
		usage &= usage_of_service(role, key, kind);
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

static uint32_t
usage_of_role(const struct role *role, const struct image_key *key)
{
	const struct key_kind *kind = build_kind(key);

	return kind != NULL ? build_usage(role, key, kind, role->private_key.usage) : 0;
}

bool
build_signs(const struct role *role, const struct image_key *key)
{
	return (usage_of_role(role, key) & (PKCS15_USAGE_SIGN | PKCS15_USAGE_NON_REPUDIATION)) != 0;
}

bool
build_deciphers(const struct role *role, const struct image_key *key)
{
	return (usage_of_role(role, key) & PKCS15_USAGE_DECRYPT) != 0;
}

const char *
build_key_of_puk(const struct image *image, const struct roles *roles)
{
	for (size_t i = 0; i < roles->count; i++) {
		const struct image_key *key = image_key(image, roles->role[i].key);

		if (key != NULL && !build_is_remote(key))
			return build_leading_key(image, roles, &roles->role[i]);
	}
	return NULL;
}

unsigned
build_words(const struct role *role, const struct image_key *key)
{
	const struct key_kind *kind = build_kind(key);
	struct image_key with = *key;
	unsigned words = 0;

	/* A card without PKCS #15 objects says nowhere what its keys do. */
	if (kind == NULL || role->private_key.usage == 0)
		return key->usage;
	for (size_t i = 0; i < USAGES_COUNT; i++) {
		with.usage = key->usage & (unsigned)USAGES[i].word;
		if (with.usage != 0 && build_usage(role, &with, kind, role->private_key.usage) != 0)
			words |= with.usage;
	}
	return words;
}
