/*
 * C_Encrypt* with public keys, pkcs11/software.h.
 */
#include "pkcs11/padding.h"
#include "pkcs11/software.h"

#include <openssl/crypto.h>
#include <openssl/rsa.h>
#include <string.h>

CK_RV
encrypt_begin(CK_SESSION_HANDLE handle, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	return software_begin(handle, OPERATION_ENCRYPT, mechanism, key, CKF_ENCRYPT);
}

static bool
set_oaep(EVP_PKEY_CTX *context, const struct operation *operation)
{
	EVP_MD *md = EVP_MD_fetch(module.crypto, digest_name(operation->digest), NULL);
	EVP_MD *mgf = EVP_MD_fetch(module.crypto, digest_name(operation->mgf), NULL);
	uint8_t *label = NULL;
	bool ok = md != NULL && mgf != NULL &&
		  EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
		  EVP_PKEY_CTX_set_rsa_oaep_md(context, md) == 1 &&
		  EVP_PKEY_CTX_set_rsa_mgf1_md(context, mgf) == 1;

	if (ok && operation->label_len > 0) {
		label = OPENSSL_memdup(operation->label, operation->label_len);
		ok = label != NULL && EVP_PKEY_CTX_set0_rsa_oaep_label(
					  context, label, (int)operation->label_len) == 1;
		if (!ok)
			OPENSSL_free(label);
	}
	EVP_MD_free(md);
	EVP_MD_free(mgf);
	return ok;
}

static CK_RV
most_input(const struct operation *operation, size_t *most)
{
	size_t padding = 0;

	if (operation->mechanism->family == FAMILY_RSA_PKCS1)
		padding = PADDING_PKCS1_MIN;
	else if (operation->mechanism->family == FAMILY_RSA_OAEP)
		padding = 2 * digest_len(operation->digest) + 2;
	if (padding > operation->key_len)
		return CKR_DATA_LEN_RANGE;
	*most = operation->key_len - padding;
	return CKR_OK;
}

static CK_RV
encrypt(const struct operation *operation, CK_BYTE *encrypted)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(module.crypto, operation->public, NULL);
	uint8_t block[OPERATION_DATA_MAX] = {0};
	struct bytes data = {operation->data, operation->data_len};
	size_t most, len = operation->key_len;
	bool ok = context != NULL && EVP_PKEY_encrypt_init(context) == 1;
	CK_RV rv = most_input(operation, &most);

	if (rv == CKR_OK && (data.len > most || operation->key_len > sizeof(block)))
		rv = CKR_DATA_LEN_RANGE;
	if (rv != CKR_OK)
		goto out;
	switch (operation->mechanism->family) {
	case FAMILY_RSA_PKCS1:
		ok = ok && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
		break;
	case FAMILY_RSA_OAEP: ok = ok && set_oaep(context, operation); break;
	default:
		if (data.len > 0)
			memcpy(block + (operation->key_len - data.len), data.data, data.len);
		data = (struct bytes){block, operation->key_len};
		ok = ok && EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) == 1;
		break;
	}
	/* A block that is no less than the modulus is the one thing that is wrong with the data. */
	if (!ok || EVP_PKEY_encrypt(context, encrypted, &len, data.data, data.len) != 1)
		rv = CKR_DATA_INVALID;
out:
	OPENSSL_cleanse(block, sizeof(block));
	EVP_PKEY_CTX_free(context);
	return rv;
}

static CK_RV
end(CK_SESSION_HANDLE handle, bool once, struct bytes data, bool bad, CK_BYTE *encrypted,
    CK_ULONG *len)
{
	struct operation *operation;
	struct session *session;
	CK_RV rv = session_enter(handle, false, &session);

	if (rv != CKR_OK)
		return rv;
	rv = operation_active(session, OPERATION_ENCRYPT, &operation);
	if (rv != CKR_OK)
		goto out;
	if (len == NULL || bad)
		rv = CKR_ARGUMENTS_BAD;
	else if (once && operation->updated)
		rv = CKR_OPERATION_ACTIVE;
	else if (operation_asks(encrypted, len, operation->key_len, &rv))
		goto out;
	if (rv == CKR_OK)
		rv = operation_add(operation, data);
	if (rv == CKR_OK)
		rv = encrypt(operation, encrypted);
	if (rv == CKR_OK)
		*len = operation->key_len;
	operation_end(operation);
out:
	session_leave(session);
	return rv;
}

CK_RV
encrypt_once(CK_SESSION_HANDLE handle, const CK_BYTE *data, CK_ULONG data_len, CK_BYTE *encrypted,
	     CK_ULONG *len)
{
	return end(handle, true, (struct bytes){data, data_len}, data == NULL && data_len > 0,
		   encrypted, len);
}

/* RSA takes one block: it is collected, and nothing comes out before the end. */
CK_RV
encrypt_update(CK_SESSION_HANDLE handle, const CK_BYTE *data, CK_ULONG data_len, CK_BYTE *encrypted,
	       CK_ULONG *len)
{
	/* Without a place for the length it is refused like data that are not there. */
	const bool told = len != NULL;
	CK_RV rv =
	    software_update(handle, OPERATION_ENCRYPT, told ? data : NULL, told ? data_len : 1);

	(void)encrypted;
	if (told && rv == CKR_OK)
		*len = 0;
	return rv;
}

CK_RV
encrypt_final(CK_SESSION_HANDLE handle, CK_BYTE *encrypted, CK_ULONG *len)
{
	return end(handle, false, BYTES_NONE, false, encrypted, len);
}
