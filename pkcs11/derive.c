/*
 * C_DeriveKey by ECDH, pkcs11/decrypt.h. PKCS#11 2.40 mechanisms, section 2.3.8; the derivation
 * functions are those of ANSI X9.63 section 5.6.3.
 */
#include "pkcs11/decrypt.h"
#include "pkcs11/make.h"
#include "pkcs11/use.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <string.h>

enum { SECRET_MAX = 512, POINT_MAX = 256, UNCOMPRESSED = 0x04, OCTET_STRING = 0x04 };

static const struct {
	unsigned long kdf;
	enum digest digest;
} kdfs[] = {
    {CKD_SHA1_KDF, DIGEST_SHA1},     {CKD_SHA224_KDF, DIGEST_SHA224},
    {CKD_SHA256_KDF, DIGEST_SHA256}, {CKD_SHA384_KDF, DIGEST_SHA384},
    {CKD_SHA512_KDF, DIGEST_SHA512},
};

static bool
find_kdf(unsigned long kdf, enum digest *digest)
{
	for (size_t i = 0; i < sizeof(kdfs) / sizeof(kdfs[0]); i++) {
		if (kdfs[i].kdf == kdf) {
			*digest = kdfs[i].digest;
			return true;
		}
	}
	return false;
}

/* The other's point, bare or as a DER OCTET STRING, for a field of this many bytes. */
static bool
find_point(struct bytes given, size_t field, struct bytes *point)
{
	const size_t len = 2 * field + 1;

	if (given.len == len && given.data[0] == UNCOMPRESSED) {
		*point = given;
		return true;
	}
	if (given.len <= len || given.data[0] != OCTET_STRING)
		return false;
	*point = (struct bytes){given.data + (given.len - len), len};
	return point->data[0] == UNCOMPRESSED && given.len - len <= 3 &&
	       given.data[given.len - len - 1] == (uint8_t)len;
}

static bool
stretch(enum digest digest, struct bytes secret, struct bytes shared, uint8_t *out, size_t len)
{
	EVP_KDF *kdf = EVP_KDF_fetch(module.crypto, "X963KDF", NULL);
	EVP_KDF_CTX *context = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
	OSSL_PARAM params[4], *at = params;
	bool ok;

	*at++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
						 (char *)(uintptr_t)digest_name(digest), 0);
	*at++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET,
						  (void *)(uintptr_t)secret.data, secret.len);
	if (shared.len > 0)
		*at++ = OSSL_PARAM_construct_octet_string(
		    OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)shared.data, shared.len);
	*at = OSSL_PARAM_construct_end();
	ok = context != NULL && EVP_KDF_derive(context, out, len, params) == 1;
	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
	return ok;
}

static CK_ULONG
wanted_len(const CK_ATTRIBUTE *template, CK_ULONG count, CK_ULONG otherwise)
{
	CK_ULONG len = otherwise;

	for (CK_ULONG i = 0; template != NULL && i < count; i++) {
		if (template[i].type == CKA_VALUE_LEN && template[i].pValue != NULL &&
		    template[i].ulValueLen == sizeof(len))
			memcpy(&len, template[i].pValue, sizeof(len));
	}
	return len;
}

static CK_RV
derive(struct session *session, size_t index, size_t field, const CK_ECDH1_DERIVE_PARAMS *params,
       const CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *handle)
{
	uint8_t x[SMARTCARD_OUTPUT_MAX], stretched[SECRET_MAX];
	struct writer writer = writer_to(x, sizeof(x));
	struct bytes point, secret;
	enum digest digest = DIGEST_COUNT;
	CK_ULONG len;
	CK_RV rv;

	if (params->kdf != CKD_NULL && !find_kdf(params->kdf, &digest))
		return CKR_MECHANISM_PARAM_INVALID;
	if (!find_point((struct bytes){params->pPublicData, params->ulPublicDataLen}, field,
			&point))
		return CKR_MECHANISM_PARAM_INVALID;
	rv = use_key(session, index, SMARTCARD_DERIVE_ECDH, DIGEST_COUNT, point, &writer);
	if (rv != CKR_OK)
		goto out;
	secret = writer_bytes(&writer);
	if (secret.len != field) {
		rv = CKR_DEVICE_ERROR;
		goto out;
	}
	if (params->kdf == CKD_NULL) {
		len = wanted_len(template, count, secret.len);
		if (len == 0 || len > secret.len)
			rv = CKR_ATTRIBUTE_VALUE_INVALID;
		/* Too long a secret loses its first bytes (section 2.3.8). */
		else
			secret = (struct bytes){secret.data + (secret.len - len), len};
	} else {
		const struct bytes shared = {params->pSharedData, params->ulSharedDataLen};

		len = wanted_len(template, count, digest_len(digest));
		if (len == 0 || len > sizeof(stretched))
			rv = CKR_ATTRIBUTE_VALUE_INVALID;
		else if (!stretch(digest, secret, shared, stretched, len))
			rv = CKR_GENERAL_ERROR;
		secret = (struct bytes){stretched, len};
	}
	if (rv == CKR_OK)
		rv = make_secret(session, secret, template, count, handle);
out:
	OPENSSL_cleanse(x, sizeof(x));
	OPENSSL_cleanse(stretched, sizeof(stretched));
	return rv;
}

CK_RV
derive_key(CK_SESSION_HANDLE handle, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base,
	   const CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *made)
{
	const struct smartcard_private_key *key;
	const CK_ECDH1_DERIVE_PARAMS *params;
	struct operation operation = {.digest = DIGEST_COUNT};
	struct session *session;
	struct ifd *ifd;
	size_t index;
	CK_RV rv = session_enter(handle, true, &session);

	if (rv != CKR_OK)
		return rv;
	ifd = session->token->ifd;
	rv = CKR_ARGUMENTS_BAD;
	if (mechanism == NULL || made == NULL || (template == NULL && count > 0))
		goto out;
	rv = CKR_MECHANISM_INVALID;
	operation.mechanism = mechanism_find(mechanism->mechanism);
	if (operation.mechanism == NULL)
		goto out;
	rv = use_find_key(session, base, &key, &index);
	if (rv == CKR_OK)
		rv = use_allowed(key, &operation, CKF_DERIVE);
	if (rv != CKR_OK)
		goto out;
	params = mechanism->pParameter;
	rv = CKR_MECHANISM_PARAM_INVALID;
	if (params == NULL || mechanism->ulParameterLen != sizeof(*params) ||
	    params->pPublicData == NULL || params->ulPublicDataLen > POINT_MAX ||
	    (params->pSharedData == NULL && params->ulSharedDataLen > 0))
		goto out;
	rv = derive(session, index, ((size_t)key->bits + 7) / 8, params, template, count, made);
out:
	ifd_leave(ifd);
	return rv;
}
