#include "card_driver.h"

#define ALL_DIGESTS ((1U << DIGEST_COUNT) - 1)

/* Mechanism numbers of PKCS #11, which supportedAlgorithms names: what a key can do by them. */
enum effect { PKCS1_ANY, PKCS1, PSS_ANY, PSS, RAW, OAEP, ECDSA, ECDH };

static const struct {
	uint32_t mechanism;
	enum effect effect;
	enum digest digest; /* of PKCS1 and PSS */
} EFFECTS[] = {
    {0x0001, PKCS1_ANY, 0}, /* CKM_RSA_PKCS */
    {0x0003, RAW, 0},       /* CKM_RSA_X_509 */
    {0x0005, PKCS1, DIGEST_MD5},
    {0x0006, PKCS1, DIGEST_SHA1},
    {0x0008, PKCS1, DIGEST_RIPEMD160},
    {0x0009, OAEP, 0}, /* CKM_RSA_PKCS_OAEP */
    {0x000D, PSS_ANY, 0},
    {0x000E, PSS, DIGEST_SHA1},
    {0x0040, PKCS1, DIGEST_SHA256},
    {0x0041, PKCS1, DIGEST_SHA384},
    {0x0042, PKCS1, DIGEST_SHA512},
    {0x0043, PSS, DIGEST_SHA256},
    {0x0044, PSS, DIGEST_SHA384},
    {0x0045, PSS, DIGEST_SHA512},
    {0x0046, PKCS1, DIGEST_SHA224},
    {0x0047, PSS, DIGEST_SHA224},
    {0x1041, ECDSA, 0},
    {0x1042, ECDSA, 0}, /* with SHA-1 */
    {0x1043, ECDSA, 0},
    {0x1044, ECDSA, 0},
    {0x1045, ECDSA, 0},
    {0x1046, ECDSA, 0},
    {0x1050, ECDH, 0}, /* CKM_ECDH1_DERIVE */
    {0x1051, ECDH, 0},
};

/* What of a token's algorithms concerns one key. */
struct named {
	struct smartcard_abilities abilities;
	bool signing, deciphering, deriving; /* there is one for this at all */
};

static void
add_signing(struct smartcard_abilities *abilities, enum effect effect, enum digest digest)
{
	switch (effect) {
	case PKCS1_ANY:
		abilities->pkcs1_any = true;
		abilities->pkcs1 = ALL_DIGESTS;
		break;
	case PKCS1: abilities->pkcs1 |= SMARTCARD_DIGEST(digest); break;
	case PSS_ANY: abilities->pss = ALL_DIGESTS; break;
	case PSS: abilities->pss |= SMARTCARD_DIGEST(digest); break;
	case RAW: abilities->sign_raw = true; break;
	case ECDSA: abilities->ecdsa = true; break;
	default: break;
	}
}

/* CKM_RSA_PKCS_OAEP names no digest; the reference of FINEID's cards does (fineid.md 6.3). */
static smartcard_digests
oaep_digests(const struct pkcs15_algorithm *algorithm)
{
	enum { SCHEME_OAEP = 0x0D };

	for (enum digest digest = 0; digest < DIGEST_COUNT; digest++)
		if (algorithm->has_card_reference && algorithm_nibble(digest) != 0 &&
		    algorithm->card_reference == (uint32_t)(algorithm_nibble(digest) | SCHEME_OAEP))
			return SMARTCARD_DIGEST(digest);
	return ALL_DIGESTS;
}

static void
add_deciphering(struct smartcard_abilities *abilities, enum effect effect,
		const struct pkcs15_algorithm *algorithm)
{
	switch (effect) {
	case PKCS1_ANY: abilities->decipher_pkcs1 = true; break;
	case RAW: abilities->decipher_raw = true; break;
	case OAEP: abilities->oaep |= oaep_digests(algorithm); break;
	default: break;
	}
}

static void
add_algorithm(struct named *named, const struct pkcs15_algorithm *algorithm)
{
	for (size_t i = 0; i < sizeof(EFFECTS) / sizeof(EFFECTS[0]); i++) {
		if (EFFECTS[i].mechanism != algorithm->mechanism)
			continue;
		if (EFFECTS[i].effect == ECDH) {
			named->abilities.ecdh = true;
			named->deriving = true;
		} else {
			if ((algorithm->operations & PKCS15_OPERATION_COMPUTE_SIGNATURE) != 0) {
				add_signing(&named->abilities, EFFECTS[i].effect,
					    EFFECTS[i].digest);
				named->signing = true;
			}
			if ((algorithm->operations & PKCS15_OPERATION_DECIPHER) != 0) {
				add_deciphering(&named->abilities, EFFECTS[i].effect, algorithm);
				named->deciphering = true;
			}
		}
	}
}

static bool
refers_to(const struct pkcs15_key *key, uint32_t reference)
{
	for (size_t i = 0; i < key->algorithms_count; i++)
		if (key->algorithms[i] == reference)
			return true;
	return key->algorithms_count == 0;
}

static bool
is_for(const struct pkcs15_algorithm *algorithm, enum pkcs15_key_kind kind)
{
	return (algorithm->mechanism >= 0x1000) == (kind == PKCS15_KEY_EC);
}

static struct named
named_by(const struct pkcs15_token_info *info, const struct pkcs15_key *key)
{
	struct named named = {.signing = false};

	for (size_t i = 0; i < info->algorithms_count; i++)
		if (refers_to(key, info->algorithms[i].reference) &&
		    is_for(&info->algorithms[i], key->kind))
			add_algorithm(&named, &info->algorithms[i]);
	/* A key that lists its algorithms has no others. */
	if (info->algorithms_count > 0 && key->algorithms_count > 0)
		named.signing = named.deciphering = named.deriving = true;
	return named;
}

struct smartcard_abilities
abilities_of_objects(const struct smartcard *card, const struct smartcard_private_key *key,
		     const struct smartcard_abilities *can)
{
	enum {
		SIGN = PKCS15_USAGE_SIGN | PKCS15_USAGE_SIGN_RECOVER | PKCS15_USAGE_NON_REPUDIATION,
		DECIPHER = PKCS15_USAGE_DECRYPT | PKCS15_USAGE_UNWRAP,
	};
	const struct named named = named_by(&card->info, &key->object);
	const uint32_t usage = key->object.usage;
	struct smartcard_abilities may = *can;

	if (named.signing) {
		may.pkcs1_any = may.pkcs1_any && named.abilities.pkcs1_any;
		may.pkcs1 &= named.abilities.pkcs1;
		may.pss &= named.abilities.pss;
		may.sign_raw = may.sign_raw && named.abilities.sign_raw;
		may.ecdsa = may.ecdsa && named.abilities.ecdsa;
	}
	if (named.deciphering) {
		may.decipher_pkcs1 = may.decipher_pkcs1 && named.abilities.decipher_pkcs1;
		may.decipher_raw = may.decipher_raw && named.abilities.decipher_raw;
		may.oaep &= named.abilities.oaep;
	}
	if (named.deriving)
		may.ecdh = may.ecdh && named.abilities.ecdh;
	if ((usage & SIGN) == 0) {
		may.pkcs1_any = may.sign_raw = may.ecdsa = false;
		may.pkcs1 = may.pss = 0;
	}
	if ((usage & DECIPHER) == 0) {
		may.decipher_pkcs1 = may.decipher_raw = false;
		may.oaep = 0;
	}
	if ((usage & PKCS15_USAGE_DERIVE) == 0)
		may.ecdh = false;
	return may;
}

bool
abilities_have(const struct smartcard_abilities *abilities, enum smartcard_scheme scheme,
	       enum digest digest)
{
	switch (scheme) {
	case SMARTCARD_SIGN_PKCS1: return abilities->pkcs1_any || abilities->pkcs1 != 0;
	case SMARTCARD_SIGN_PSS: return (abilities->pss & SMARTCARD_DIGEST(digest)) != 0;
	case SMARTCARD_SIGN_RAW: return abilities->sign_raw;
	case SMARTCARD_SIGN_ECDSA: return abilities->ecdsa;
	case SMARTCARD_DECIPHER_PKCS1: return abilities->decipher_pkcs1;
	case SMARTCARD_DECIPHER_OAEP: return (abilities->oaep & SMARTCARD_DIGEST(digest)) != 0;
	case SMARTCARD_DECIPHER_RAW: return abilities->decipher_raw;
	case SMARTCARD_DERIVE_ECDH: return abilities->ecdh;
	}
	return false;
}
