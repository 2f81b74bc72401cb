/*
 * Signatures, pkcs11/sign.h.
 */
#include "pkcs11/sign.h"

#include "pkcs11/check.h"
#include "pkcs11/padding.h"
#include "pkcs11/use.h"

#include <openssl/crypto.h>
#include <string.h>

enum { ECDSA_INPUT_MAX = 64 };

/* What the card is asked. */
struct request {
	enum smartcard_scheme scheme;
	enum digest digest;
	uint8_t input[OPERATION_DATA_MAX];
	size_t len;
};

static CK_RV
put_raw(struct request *request, size_t len)
{
	request->scheme = SMARTCARD_SIGN_RAW;
	request->len = len;
	return CKR_OK;
}

static CK_RV
pkcs1(const struct smartcard_private_key *key, const struct operation *operation, struct bytes data,
      struct request *request)
{
	const struct smartcard_abilities *can = &key->abilities;
	struct writer writer = writer_to(request->input, sizeof(request->input));
	enum digest digest;
	struct bytes value;

	if (operation->mechanism->digest == DIGEST_COUNT)
		writer_put(&writer, data);
	else if (!digestinfo_build(operation->mechanism->digest, data, &writer))
		return CKR_GENERAL_ERROR;
	data = writer_bytes(&writer);
	if (operation->key_len < PADDING_PKCS1_MIN ||
	    data.len > operation->key_len - PADDING_PKCS1_MIN)
		return CKR_DATA_LEN_RANGE;
	request->scheme = SMARTCARD_SIGN_PKCS1;
	request->len = data.len;
	if (can->pkcs1_any || (digestinfo_parse(data, &digest, &value) &&
			       (can->pkcs1 & SMARTCARD_DIGEST(digest)) != 0))
		return CKR_OK;
	if (can->sign_raw) {
		uint8_t block[OPERATION_DATA_MAX];

		if (!padding_pkcs1(data, block, operation->key_len))
			return CKR_DATA_LEN_RANGE;
		memcpy(request->input, block, operation->key_len);
		return put_raw(request, operation->key_len);
	}
	return CKR_DATA_INVALID;
}

static CK_RV
pss(const struct smartcard_private_key *key, const struct operation *operation, struct bytes data,
    struct request *request)
{
	if (data.len != digest_len(operation->digest))
		return CKR_DATA_LEN_RANGE;
	if (key->abilities.sign_raw)
		return padding_pss(module.crypto, operation->digest, operation->mgf, data,
				   operation->salt_len, key->bits, request->input,
				   operation->key_len)
			   ? put_raw(request, operation->key_len)
			   : CKR_DATA_LEN_RANGE;
	request->scheme = SMARTCARD_SIGN_PSS;
	request->digest = operation->digest;
	memcpy(request->input, data.data, data.len);
	request->len = data.len;
	return CKR_OK;
}

static CK_RV
raw(const struct operation *operation, struct bytes data, struct request *request)
{
	size_t ahead;

	if (data.len > operation->key_len || operation->key_len > sizeof(request->input))
		return CKR_DATA_LEN_RANGE;
	ahead = operation->key_len - data.len;
	memset(request->input, 0, ahead);
	if (data.len > 0)
		memcpy(request->input + ahead, data.data, data.len);
	return put_raw(request, operation->key_len);
}

static CK_RV
ecdsa(struct bytes data, struct request *request)
{
	if (data.len == 0 || data.len > ECDSA_INPUT_MAX)
		return CKR_DATA_LEN_RANGE;
	request->scheme = SMARTCARD_SIGN_ECDSA;
	memcpy(request->input, data.data, data.len);
	request->len = data.len;
	return CKR_OK;
}

static CK_RV
prepare(const struct smartcard_private_key *key, struct operation *operation,
	struct request *request)
{
	uint8_t data[OPERATION_DATA_MAX];
	size_t len = 0;
	CK_RV rv = operation_collected(operation, data, &len);

	if (rv != CKR_OK)
		return rv;
	request->digest = DIGEST_COUNT;
	switch (operation->mechanism->family) {
	case FAMILY_RSA_PKCS1: return pkcs1(key, operation, (struct bytes){data, len}, request);
	case FAMILY_RSA_PSS: return pss(key, operation, (struct bytes){data, len}, request);
	case FAMILY_RSA_RAW: return raw(operation, (struct bytes){data, len}, request);
	case FAMILY_ECDSA: return ecdsa((struct bytes){data, len}, request);
	default: return CKR_MECHANISM_INVALID;
	}
}

/* The operation's end, with the signature in the application's buffer, which is long enough. */
static CK_RV
finish(struct session *session, struct operation *operation, CK_BYTE *signature, CK_ULONG *len)
{
	const struct smartcard_private_key *key;
	struct request request = {.digest = DIGEST_COUNT};
	uint8_t output[SMARTCARD_OUTPUT_MAX];
	struct writer writer = writer_to(output, sizeof(output));
	size_t index, want = *len;
	CK_RV rv = use_find_key(session, operation->key, &key, &index);

	if (rv == CKR_OK)
		rv = prepare(key, operation, &request);
	if (rv == CKR_OK)
		rv = use_key(session, index, request.scheme, request.digest,
			     (struct bytes){request.input, request.len}, &writer);
	if (rv == CKR_OK && (!writer_ok(&writer) || writer.len != want))
		rv = CKR_DEVICE_ERROR;
	if (rv == CKR_OK)
		rv = check_signature(session->token, index, request.scheme, request.digest,
				     (struct bytes){request.input, request.len},
				     writer_bytes(&writer));
	if (rv == CKR_OK)
		memcpy(signature, output, writer.len);
	operation_end(operation);
	return rv;
}

static size_t
signature_len(const struct operation *operation)
{
	return operation->mechanism->family == FAMILY_ECDSA ? 2 * operation->key_len
							    : operation->key_len;
}

/* PSS by the card itself knows one salt and one mask only; a salt of ours has to fit in the block
 * (RFC 8017 section 9.1.1, step 3). */
static bool
pss_possible(const struct smartcard_private_key *key, const struct operation *operation)
{
	const size_t hash_len = digest_len(operation->digest);

	if (!key->abilities.sign_raw)
		return operation->mgf == operation->digest && operation->salt_len == hash_len;
	return hash_len + operation->salt_len + 2 <= ((size_t)key->bits + 6) / 8;
}

CK_RV
sign_begin(CK_SESSION_HANDLE handle, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	struct session *session;
	struct ifd *ifd;
	CK_RV rv = session_enter(handle, true, &session);

	if (rv != CKR_OK)
		return rv;
	ifd = session->token->ifd;
	rv = use_begin(session, OPERATION_SIGN, mechanism, key, CKF_SIGN);
	if (rv == CKR_OK && mechanism != NULL) {
		struct operation *operation = &session->operations[OPERATION_SIGN];
		const struct smartcard_private_key *with;
		size_t index;

		if (operation->mechanism->family == FAMILY_RSA_PSS &&
		    use_find_key(session, key, &with, &index) == CKR_OK &&
		    !pss_possible(with, operation)) {
			operation_end(operation);
			rv = CKR_MECHANISM_PARAM_INVALID;
		}
	}
	ifd_leave(ifd);
	return rv;
}

CK_RV
sign_once(CK_SESSION_HANDLE handle, const CK_BYTE *data, CK_ULONG data_len, CK_BYTE *signature,
	  CK_ULONG *len)
{
	struct session *session;
	struct operation *operation;
	struct ifd *ifd;
	CK_RV rv = session_enter(handle, true, &session);

	if (rv != CKR_OK)
		return rv;
	ifd = session->token->ifd;
	rv = operation_active(session, OPERATION_SIGN, &operation);
	if (rv != CKR_OK)
		goto out;
	if (len == NULL || (data == NULL && data_len > 0)) {
		rv = CKR_ARGUMENTS_BAD;
	} else if (operation->updated) {
		rv = CKR_OPERATION_ACTIVE;
	} else {
		if (operation_asks(signature, len, signature_len(operation), &rv))
			goto out;
		*len = signature_len(operation);
		rv = operation_add(operation, (struct bytes){data, data_len});
		if (rv == CKR_OK) {
			rv = finish(session, operation, signature, len);
			goto out;
		}
	}
	operation_end(operation);
out:
	ifd_leave(ifd);
	return rv;
}

CK_RV
sign_update(CK_SESSION_HANDLE handle, const CK_BYTE *data, CK_ULONG data_len)
{
	struct session *session;
	struct operation *operation;
	CK_RV rv = session_enter(handle, false, &session);

	if (rv != CKR_OK)
		return rv;
	rv = operation_active(session, OPERATION_SIGN, &operation);
	if (rv == CKR_OK) {
		rv = data == NULL && data_len > 0
			 ? CKR_ARGUMENTS_BAD
			 : operation_add(operation, (struct bytes){data, data_len});
		operation->updated = true;
		if (rv != CKR_OK)
			operation_end(operation);
	}
	session_leave(session);
	return rv;
}

CK_RV
sign_final(CK_SESSION_HANDLE handle, CK_BYTE *signature, CK_ULONG *len)
{
	struct session *session;
	struct operation *operation;
	struct ifd *ifd;
	CK_RV rv = session_enter(handle, true, &session);

	if (rv != CKR_OK)
		return rv;
	ifd = session->token->ifd;
	rv = operation_active(session, OPERATION_SIGN, &operation);
	if (rv != CKR_OK)
		goto out;
	if (len == NULL) {
		operation_end(operation);
		rv = CKR_ARGUMENTS_BAD;
		goto out;
	}
	if (operation_asks(signature, len, signature_len(operation), &rv))
		goto out;
	*len = signature_len(operation);
	rv = finish(session, operation, signature, len);
out:
	ifd_leave(ifd);
	return rv;
}
