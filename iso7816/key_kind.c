#include "key_kind.h"

#include <openssl/objects.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const struct key_kind KINDS[] = {
    {"rsa2048", 2048, NULL},
    {"rsa3072", 3072, NULL},
    {"p256", 256, SN_X9_62_prime256v1},
    {"p384", 384, SN_secp384r1},
    {"p521", 521, SN_secp521r1},
    {"brainpool256", 256, SN_brainpoolP256r1},
    {"brainpool384", 384, SN_brainpoolP384r1},
    {NULL, 0, NULL},
};

const struct key_kind *
key_kind_all(void)
{
	return KINDS;
}

const struct key_kind *
key_kind_find(const char *name)
{
	for (const struct key_kind *kind = KINDS; kind->name != NULL; kind++) {
		if (strcmp(kind->name, name) == 0)
			return kind;
	}
	return NULL;
}

static bool
is_kind(const EVP_PKEY *key, const struct key_kind *kind)
{
	char curve[64];

	if (kind->curve == NULL)
		return EVP_PKEY_is_a(key, "RSA") && (unsigned)EVP_PKEY_get_bits(key) == kind->bits;
	return EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL) == 1 &&
	       strcmp(curve, kind->curve) == 0;
}

const struct key_kind *
key_kind_of(const EVP_PKEY *key)
{
	for (const struct key_kind *kind = KINDS; kind->name != NULL; kind++) {
		if (is_kind(key, kind))
			return kind;
	}
	return NULL;
}
