/*
 * Mechanisms, pkcs11/mechanism.h.
 */
#include "pkcs11/mechanism.h"

#include "pkcs11/ifd.h"
#include "pkcs11/session_operation.h"
#include "pkcs11/token.h"

#include <string.h>

#define SIGNS (CKF_SIGN | CKF_VERIFY)
#define CRYPTS (CKF_DECRYPT | CKF_ENCRYPT)

static const struct mechanism mechanisms[] = {
    {CKM_RSA_PKCS, FAMILY_RSA_PKCS1, DIGEST_COUNT, SIGNS | CRYPTS},
    {CKM_SHA1_RSA_PKCS, FAMILY_RSA_PKCS1, DIGEST_SHA1, SIGNS},
    {CKM_SHA224_RSA_PKCS, FAMILY_RSA_PKCS1, DIGEST_SHA224, SIGNS},
    {CKM_SHA256_RSA_PKCS, FAMILY_RSA_PKCS1, DIGEST_SHA256, SIGNS},
    {CKM_SHA384_RSA_PKCS, FAMILY_RSA_PKCS1, DIGEST_SHA384, SIGNS},
    {CKM_SHA512_RSA_PKCS, FAMILY_RSA_PKCS1, DIGEST_SHA512, SIGNS},
    {CKM_RSA_PKCS_PSS, FAMILY_RSA_PSS, DIGEST_COUNT, SIGNS},
    {CKM_SHA1_RSA_PKCS_PSS, FAMILY_RSA_PSS, DIGEST_SHA1, SIGNS},
    {CKM_SHA224_RSA_PKCS_PSS, FAMILY_RSA_PSS, DIGEST_SHA224, SIGNS},
    {CKM_SHA256_RSA_PKCS_PSS, FAMILY_RSA_PSS, DIGEST_SHA256, SIGNS},
    {CKM_SHA384_RSA_PKCS_PSS, FAMILY_RSA_PSS, DIGEST_SHA384, SIGNS},
    {CKM_SHA512_RSA_PKCS_PSS, FAMILY_RSA_PSS, DIGEST_SHA512, SIGNS},
    {CKM_RSA_PKCS_OAEP, FAMILY_RSA_OAEP, DIGEST_COUNT, CRYPTS},
    {CKM_RSA_X_509, FAMILY_RSA_RAW, DIGEST_COUNT, SIGNS | CRYPTS},
    {CKM_ECDSA, FAMILY_ECDSA, DIGEST_COUNT, SIGNS},
    {CKM_ECDSA_SHA1, FAMILY_ECDSA, DIGEST_SHA1, SIGNS},
    {CKM_ECDSA_SHA224, FAMILY_ECDSA, DIGEST_SHA224, SIGNS},
    {CKM_ECDSA_SHA256, FAMILY_ECDSA, DIGEST_SHA256, SIGNS},
    {CKM_ECDSA_SHA384, FAMILY_ECDSA, DIGEST_SHA384, SIGNS},
    {CKM_ECDSA_SHA512, FAMILY_ECDSA, DIGEST_SHA512, SIGNS},
    {CKM_ECDH1_DERIVE, FAMILY_ECDH, DIGEST_COUNT, CKF_DERIVE},
    {CKM_SHA_1, FAMILY_DIGEST, DIGEST_SHA1, CKF_DIGEST},
    {CKM_SHA224, FAMILY_DIGEST, DIGEST_SHA224, CKF_DIGEST},
    {CKM_SHA256, FAMILY_DIGEST, DIGEST_SHA256, CKF_DIGEST},
    {CKM_SHA384, FAMILY_DIGEST, DIGEST_SHA384, CKF_DIGEST},
    {CKM_SHA512, FAMILY_DIGEST, DIGEST_SHA512, CKF_DIGEST},
};

enum { COUNT = sizeof(mechanisms) / sizeof(mechanisms[0]) };
_Static_assert((int)COUNT <= (int)MECHANISMS_MAX, "a list holds them all");

static const struct {
	CK_RSA_PKCS_MGF_TYPE mgf;
	enum digest digest;
} mgfs[] = {
    {CKG_MGF1_SHA1, DIGEST_SHA1},     {CKG_MGF1_SHA224, DIGEST_SHA224},
    {CKG_MGF1_SHA256, DIGEST_SHA256}, {CKG_MGF1_SHA384, DIGEST_SHA384},
    {CKG_MGF1_SHA512, DIGEST_SHA512},
};

const struct mechanism *
mechanism_find(CK_MECHANISM_TYPE type)
{
	for (size_t i = 0; i < COUNT; i++) {
		if (mechanisms[i].type == type)
			return &mechanisms[i];
	}
	return NULL;
}

bool
mechanism_digest(CK_MECHANISM_TYPE type, enum digest *digest)
{
	const struct mechanism *mechanism = mechanism_find(type);

	if (mechanism == NULL || mechanism->family != FAMILY_DIGEST)
		return false;
	*digest = mechanism->digest;
	return true;
}

bool
mechanism_mgf(CK_RSA_PKCS_MGF_TYPE mgf, enum digest *digest)
{
	for (size_t i = 0; i < sizeof(mgfs) / sizeof(mgfs[0]); i++) {
		if (mgfs[i].mgf == mgf) {
			*digest = mgfs[i].digest;
			return true;
		}
	}
	return false;
}

CK_KEY_TYPE
mechanism_key_type(const struct mechanism *mechanism)
{
	return mechanism->family == FAMILY_ECDSA || mechanism->family == FAMILY_ECDH ? CKK_EC
										     : CKK_RSA;
}

static bool
has(smartcard_digests digests, enum digest digest)
{
	return digest == DIGEST_COUNT ? digests != 0 : (digests & SMARTCARD_DIGEST(digest)) != 0;
}

/* A card that gives no usage flags means everything. */
CK_FLAGS
mechanism_uses(const struct smartcard_private_key *key)
{
	const uint32_t usage = key->object.usage;
	const CK_FLAGS kind = key->object.kind == PKCS15_KEY_RSA ? CKF_DECRYPT : CKF_DERIVE;
	CK_FLAGS uses = 0;

	if (usage == 0)
		return CKF_SIGN | kind;
	if ((usage &
	     (PKCS15_USAGE_SIGN | PKCS15_USAGE_SIGN_RECOVER | PKCS15_USAGE_NON_REPUDIATION)) != 0)
		uses |= CKF_SIGN;
	if ((usage & (PKCS15_USAGE_DECRYPT | PKCS15_USAGE_UNWRAP)) != 0)
		uses |= CKF_DECRYPT & kind;
	if ((usage & PKCS15_USAGE_DERIVE) != 0)
		uses |= CKF_DERIVE & kind;
	return uses;
}

CK_FLAGS
mechanism_ability(const struct mechanism *mechanism, const struct smartcard_private_key *key,
		  enum digest digest)
{
	const struct smartcard_abilities *can = &key->abilities;
	enum digest hash = digest != DIGEST_COUNT ? digest : mechanism->digest;
	CK_FLAGS flags = 0;

	if ((key->object.kind == PKCS15_KEY_RSA) != (mechanism_key_type(mechanism) == CKK_RSA))
		return 0;
	switch (mechanism->family) {
	case FAMILY_RSA_PKCS1:
		if (can->pkcs1_any || can->sign_raw || has(can->pkcs1, hash))
			flags |= CKF_SIGN;
		if (can->decipher_pkcs1 || can->decipher_raw)
			flags |= CKF_DECRYPT;
		break;
	case FAMILY_RSA_PSS:
		if (can->sign_raw || has(can->pss, hash))
			flags |= CKF_SIGN;
		break;
	case FAMILY_RSA_OAEP:
		if (can->decipher_raw || has(can->oaep, hash))
			flags |= CKF_DECRYPT;
		break;
	case FAMILY_RSA_RAW:
		flags |= can->sign_raw ? CKF_SIGN : 0;
		flags |= can->decipher_raw ? CKF_DECRYPT : 0;
		break;
	case FAMILY_ECDSA: flags |= can->ecdsa ? CKF_SIGN : 0; break;
	case FAMILY_ECDH: flags |= can->ecdh ? CKF_DERIVE : 0; break;
	case FAMILY_DIGEST: break;
	}
	return flags & mechanism->flags & mechanism_uses(key);
}

size_t
mechanism_of_key(const struct smartcard_private_key *key, CK_MECHANISM_TYPE list[MECHANISMS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < COUNT; i++) {
		if (mechanism_ability(&mechanisms[i], key, DIGEST_COUNT) != 0)
			list[count++] = mechanisms[i].type;
	}
	return count;
}

/* What the slot's keys can do of it, with the public halves that we do ourselves. */
static CK_FLAGS
in_slot(const struct token *token, const struct mechanism *mechanism, CK_ULONG *least,
	CK_ULONG *most)
{
	const struct smartcard *card = token->ifd->card;
	CK_FLAGS flags = mechanism->family == FAMILY_DIGEST ? CKF_DIGEST : 0;

	*least = *most = 0;
	for (size_t i = 0; i < card->private_keys_count; i++) {
		const struct smartcard_private_key *key = &card->private_keys[i];
		CK_FLAGS can =
		    token_has_key(token, key) ? mechanism_ability(mechanism, key, DIGEST_COUNT) : 0;

		if (can == 0)
			continue;
		flags |= can | CKF_HW;
		if (*least == 0 || key->bits < *least)
			*least = key->bits;
		if (key->bits > *most)
			*most = key->bits;
	}
	if ((flags & CKF_SIGN) != 0)
		flags |= CKF_VERIFY;
	if ((flags & CKF_DECRYPT) != 0)
		flags |= CKF_ENCRYPT;
	if (flags != 0 && mechanism_key_type(mechanism) == CKK_EC)
		flags |= CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS;
	return flags;
}

/* Enters the reader of a slot that has a token. */
static CK_RV
enter(CK_SLOT_ID slot, struct token **token)
{
	struct ifd *ifd = ifd_of_slot(slot);
	CK_RV rv;

	if (ifd == NULL)
		return CKR_SLOT_ID_INVALID;
	rv = ifd_enter(ifd);
	*token = ifd_token(ifd, slot);
	if (rv == CKR_OK && !(*token)->here)
		rv = CKR_TOKEN_NOT_PRESENT;
	if (rv == CKR_OK)
		rv = token_find_abilities(*token);
	if (rv != CKR_OK)
		ifd_leave(ifd);
	return rv;
}

CK_RV
mechanism_list(CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *count)
{
	CK_MECHANISM_TYPE found[COUNT];
	CK_ULONG least, most;
	struct token *token;
	size_t len = 0;
	CK_RV rv;

	if (count == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = enter(slot, &token);
	if (rv != CKR_OK)
		return rv;
	for (size_t i = 0; i < COUNT; i++) {
		if (in_slot(token, &mechanisms[i], &least, &most) != 0)
			found[len++] = mechanisms[i].type;
	}
	ifd_leave(token->ifd);
	if (operation_asks(list, count, len, &rv))
		return rv;
	memcpy(list, found, len * sizeof(found[0]));
	*count = len;
	return CKR_OK;
}

CK_RV
mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
	const struct mechanism *mechanism = mechanism_find(type);
	struct token *token;
	CK_RV rv;

	if (info == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = enter(slot, &token);
	if (rv != CKR_OK)
		return rv;
	if (mechanism != NULL)
		info->flags = in_slot(token, mechanism, &info->ulMinKeySize, &info->ulMaxKeySize);
	if (mechanism == NULL || info->flags == 0)
		rv = CKR_MECHANISM_INVALID;
	ifd_leave(token->ifd);
	return rv;
}
