/*
 * Decryption, pkcs11/decrypt.h.
 */
#include "pkcs11/decrypt.h"

#include "pkcs11/padding.h"
#include "pkcs11/use.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static CK_RV
pkcs1(struct session *session, size_t index, const struct smartcard_abilities *can,
      struct bytes data, struct writer *message)
{
	uint8_t block[SMARTCARD_OUTPUT_MAX];
	struct writer raw = writer_to(block, sizeof(block));
	CK_RV rv;

	if (can->decipher_pkcs1)
		return use_key(session, index, SMARTCARD_DECIPHER_PKCS1, DIGEST_COUNT, data,
			       message);
	rv = use_key(session, index, SMARTCARD_DECIPHER_RAW, DIGEST_COUNT, data, &raw);
	if (rv == CKR_OK && !padding_unpad_pkcs1(writer_bytes(&raw), message))
		rv = CKR_ENCRYPTED_DATA_INVALID;
	OPENSSL_cleanse(block, sizeof(block));
	return rv;
}

static CK_RV
oaep(struct session *session, size_t index, const struct smartcard_abilities *can,
     const struct operation *operation, struct bytes data, struct writer *message)
{
	uint8_t block[SMARTCARD_OUTPUT_MAX];
	struct writer raw = writer_to(block, sizeof(block));
	CK_RV rv;

	if (!can->decipher_raw)
		return use_key(session, index, SMARTCARD_DECIPHER_OAEP, operation->digest, data,
			       message);
	rv = use_key(session, index, SMARTCARD_DECIPHER_RAW, DIGEST_COUNT, data, &raw);
	if (rv == CKR_OK &&
	    !padding_unpad_oaep(module.crypto, operation->digest, operation->mgf,
				(struct bytes){operation->label, operation->label_len},
				writer_bytes(&raw), message))
		rv = CKR_ENCRYPTED_DATA_INVALID;
	OPENSSL_cleanse(block, sizeof(block));
	return rv;
}

/* The message, kept in the operation until the application has room for it: the card is asked once. */
static CK_RV
decipher(struct session *session, struct operation *operation)
{
	const struct smartcard_private_key *key;
	uint8_t message[SMARTCARD_OUTPUT_MAX];
	struct writer writer = writer_to(message, sizeof(message));
	struct bytes data = {operation->data, operation->data_len};
	size_t index;
	CK_RV rv;

	if (operation->has_output)
		return CKR_OK;
	if (data.len != operation->key_len)
		return CKR_ENCRYPTED_DATA_LEN_RANGE;
	rv = use_find_key(session, operation->key, &key, &index);
	if (rv != CKR_OK)
		return rv;
	switch (operation->mechanism->family) {
	case FAMILY_RSA_PKCS1: rv = pkcs1(session, index, &key->abilities, data, &writer); break;
	case FAMILY_RSA_OAEP:
		rv = oaep(session, index, &key->abilities, operation, data, &writer);
		break;
	default:
		rv = use_key(session, index, SMARTCARD_DECIPHER_RAW, DIGEST_COUNT, data, &writer);
		break;
	}
	/* The card has no other word for a cryptogram that is not for this key. */
	if (rv == CKR_DATA_LEN_RANGE)
		rv = CKR_ENCRYPTED_DATA_LEN_RANGE;
	if (rv == CKR_OK && !writer_ok(&writer))
		rv = CKR_DEVICE_ERROR;
	if (rv == CKR_OK) {
		operation->output = malloc(writer.len + 1);
		if (operation->output == NULL)
			rv = CKR_HOST_MEMORY;
	}
	if (rv == CKR_OK) {
		memcpy(operation->output, message, writer.len);
		operation->output_len = writer.len;
		operation->has_output = true;
	}
	OPENSSL_cleanse(message, sizeof(message));
	return rv;
}

/* The end, unless the application wants to know the length or has no room. */
static CK_RV
finish(struct session *session, struct operation *operation, CK_BYTE *message, CK_ULONG *len)
{
	CK_RV rv;

	/* A question is answered without the card, with the most that it may be. */
	if (message == NULL) {
		*len = operation->has_output ? operation->output_len : operation->key_len;
		return CKR_OK;
	}
	rv = decipher(session, operation);
	if (rv == CKR_OK) {
		if (operation_asks(message, len, operation->output_len, &rv))
			return rv;
		memcpy(message, operation->output, operation->output_len);
		*len = operation->output_len;
	}
	operation_end(operation);
	return rv;
}

CK_RV
decrypt_begin(CK_SESSION_HANDLE handle, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	struct session *session;
	struct ifd *ifd;
	CK_RV rv = session_enter(handle, true, &session);

	if (rv != CKR_OK)
		return rv;
	ifd = session->token->ifd;
	rv = use_begin(session, OPERATION_DECRYPT, mechanism, key, CKF_DECRYPT);
	if (rv == CKR_OK && mechanism != NULL) {
		struct operation *operation = &session->operations[OPERATION_DECRYPT];
		const struct smartcard_private_key *with;
		size_t index;

		/* OAEP by the card itself knows no label and one digest. */
		if (operation->mechanism->family == FAMILY_RSA_OAEP &&
		    use_find_key(session, key, &with, &index) == CKR_OK &&
		    !with->abilities.decipher_raw &&
		    (operation->mgf != operation->digest || operation->label_len > 0)) {
			operation_end(operation);
			rv = CKR_MECHANISM_PARAM_INVALID;
		}
	}
	ifd_leave(ifd);
	return rv;
}

CK_RV
decrypt_once(CK_SESSION_HANDLE handle, const CK_BYTE *data, CK_ULONG data_len, CK_BYTE *message,
	     CK_ULONG *len)
{
	struct session *session;
	struct operation *operation;
	struct ifd *ifd;
	CK_RV rv = session_enter(handle, true, &session);

	if (rv != CKR_OK)
		return rv;
	ifd = session->token->ifd;
	rv = operation_active(session, OPERATION_DECRYPT, &operation);
	if (rv != CKR_OK)
		goto out;
	if (len == NULL || (data == NULL && data_len > 0))
		rv = CKR_ARGUMENTS_BAD;
	else if (operation->updated)
		rv = CKR_OPERATION_ACTIVE;
	else if (data_len != operation->key_len)
		rv = CKR_ENCRYPTED_DATA_LEN_RANGE;
	if (rv != CKR_OK) {
		operation_end(operation);
		goto out;
	}
	/* The same data come again after a question for the length. */
	operation->data_len = 0;
	rv = operation_add(operation, (struct bytes){data, data_len});
	if (rv == CKR_OK)
		rv = finish(session, operation, message, len);
	else
		operation_end(operation);
out:
	ifd_leave(ifd);
	return rv;
}

CK_RV
decrypt_update(CK_SESSION_HANDLE handle, const CK_BYTE *data, CK_ULONG data_len, CK_BYTE *message,
	       CK_ULONG *len)
{
	struct session *session;
	struct operation *operation;
	CK_RV rv = session_enter(handle, false, &session);

	(void)message;
	if (rv != CKR_OK)
		return rv;
	rv = operation_active(session, OPERATION_DECRYPT, &operation);
	if (rv == CKR_OK) {
		rv = len == NULL || (data == NULL && data_len > 0)
			 ? CKR_ARGUMENTS_BAD
			 : operation_add(operation, (struct bytes){data, data_len});
		if (rv == CKR_OK) {
			operation->updated = true;
			*len = 0;
		} else {
			operation_end(operation);
		}
	}
	session_leave(session);
	return rv == CKR_DATA_LEN_RANGE ? CKR_ENCRYPTED_DATA_LEN_RANGE : rv;
}

CK_RV
decrypt_final(CK_SESSION_HANDLE handle, CK_BYTE *message, CK_ULONG *len)
{
	struct session *session;
	struct operation *operation;
	struct ifd *ifd;
	CK_RV rv = session_enter(handle, true, &session);

	if (rv != CKR_OK)
		return rv;
	ifd = session->token->ifd;
	rv = operation_active(session, OPERATION_DECRYPT, &operation);
	if (rv == CKR_OK && len == NULL) {
		operation_end(operation);
		rv = CKR_ARGUMENTS_BAD;
	}
	if (rv == CKR_OK)
		rv = finish(session, operation, message, len);
	ifd_leave(ifd);
	return rv;
}
