/*
 * The mechanisms: a table, and what of it a slot can do. One is listed only where a private key of
 * the slot can do its private half; digests always are.
 */
#ifndef VICAR_PKCS11_MECHANISM_H
#define VICAR_PKCS11_MECHANISM_H

#include "iso7816/digestinfo.h"
#include "pkcs11/cryptoki.h"
#include "pkcs11/object.h"

enum { MECHANISMS_MAX = 64 };

enum family {
	FAMILY_DIGEST,
	FAMILY_RSA_PKCS1,
	FAMILY_RSA_PSS,
	FAMILY_RSA_OAEP,
	FAMILY_RSA_RAW,
	FAMILY_ECDSA,
	FAMILY_ECDH,
};

struct mechanism {
	CK_MECHANISM_TYPE type;
	enum family family;
	enum digest digest; /* of the data; DIGEST_COUNT: the data are taken as they are */
	CK_FLAGS flags;     /* what Cryptoki knows it for */
};

const struct mechanism *mechanism_find(CK_MECHANISM_TYPE type);
CK_KEY_TYPE mechanism_key_type(const struct mechanism *mechanism);

struct smartcard_private_key;

/* What a private key whose abilities were found can do of it: CKF_SIGN, CKF_DECRYPT, CKF_DERIVE, or nothing. `digest`: of PSS and
 * OAEP, the one in the parameters; DIGEST_COUNT: any. */
CK_FLAGS mechanism_ability(const struct mechanism *mechanism,
			   const struct smartcard_private_key *key, enum digest digest);

/* What a private key is for by its usage flags: CKF_SIGN, CKF_DECRYPT, CKF_DERIVE. */
CK_FLAGS mechanism_uses(const struct smartcard_private_key *key);
/* The mechanisms of a private key whose abilities were found; how many, at most MECHANISMS_MAX. */
size_t mechanism_of_key(const struct smartcard_private_key *key,
			CK_MECHANISM_TYPE list[MECHANISMS_MAX]);

CK_RV mechanism_list(CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *count);
CK_RV mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info);

/* CKM_SHA256 and CKG_MGF1_SHA256 to DIGEST_SHA256; false for what we have not. */
bool mechanism_digest(CK_MECHANISM_TYPE type, enum digest *digest);
bool mechanism_mgf(CK_RSA_PKCS_MGF_TYPE mgf, enum digest *digest);

#endif
