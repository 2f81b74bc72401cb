/*
 * C_Verify*, pkcs11/software.h.
 */
#include "pkcs11/check.h"
#include "pkcs11/padding.h"
#include "pkcs11/software.h"

CK_RV
verify_begin(CK_SESSION_HANDLE handle, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	return software_begin(handle, OPERATION_VERIFY, mechanism, key, CKF_VERIFY);
}

CK_RV
verify_update(CK_SESSION_HANDLE handle, const CK_BYTE *data, CK_ULONG data_len)
{
	return software_update(handle, OPERATION_VERIFY, data, data_len);
}

static CK_RV
judge(struct operation *operation, struct bytes signature)
{
	const struct mechanism *mechanism = operation->mechanism;
	uint8_t data[OPERATION_DATA_MAX], info[DIGESTINFO_LEN_MAX];
	struct writer writer = writer_to(info, sizeof(info));
	struct claim claim = {.family = mechanism->family,
			      .digest = operation->digest,
			      .mgf = operation->mgf,
			      .salt_len = operation->salt_len};
	size_t len = 0, want = operation->key_len;
	CK_RV rv = operation_collected(operation, data, &len);

	if (rv != CKR_OK)
		return rv;
	if (mechanism->family == FAMILY_ECDSA)
		want *= 2;
	if (signature.len != want)
		return CKR_SIGNATURE_LEN_RANGE;
	claim.input = (struct bytes){data, len};
	switch (mechanism->family) {
	case FAMILY_RSA_PKCS1:
		if (mechanism->digest != DIGEST_COUNT) {
			if (!digestinfo_build(mechanism->digest, claim.input, &writer))
				return CKR_GENERAL_ERROR;
			claim.input = writer_bytes(&writer);
		}
		if (operation->key_len < PADDING_PKCS1_MIN ||
		    claim.input.len > operation->key_len - PADDING_PKCS1_MIN)
			return CKR_DATA_LEN_RANGE;
		break;
	case FAMILY_RSA_PSS:
		if (len != digest_len(operation->digest))
			return CKR_DATA_LEN_RANGE;
		break;
	case FAMILY_RSA_RAW:
		if (len > operation->key_len)
			return CKR_DATA_LEN_RANGE;
		break;
	default: break;
	}
	return check_claim(operation->public, &claim, signature) ? CKR_OK : CKR_SIGNATURE_INVALID;
}

static CK_RV
end(CK_SESSION_HANDLE handle, bool once, struct bytes data, bool bad, struct bytes signature)
{
	struct operation *operation;
	struct session *session;
	CK_RV rv = session_enter(handle, false, &session);

	if (rv != CKR_OK)
		return rv;
	rv = operation_active(session, OPERATION_VERIFY, &operation);
	if (rv != CKR_OK)
		goto out;
	if (bad || signature.data == NULL)
		rv = CKR_ARGUMENTS_BAD;
	else if (once && operation->updated)
		rv = CKR_OPERATION_ACTIVE;
	else
		rv = operation_add(operation, data);
	if (rv == CKR_OK)
		rv = judge(operation, signature);
	operation_end(operation);
out:
	session_leave(session);
	return rv;
}

CK_RV
verify_once(CK_SESSION_HANDLE handle, const CK_BYTE *data, CK_ULONG data_len,
	    const CK_BYTE *signature, CK_ULONG signature_len)
{
	return end(handle, true, (struct bytes){data, data_len}, data == NULL && data_len > 0,
		   (struct bytes){signature, signature_len});
}

CK_RV
verify_final(CK_SESSION_HANDLE handle, const CK_BYTE *signature, CK_ULONG signature_len)
{
	return end(handle, false, BYTES_NONE, false, (struct bytes){signature, signature_len});
}
