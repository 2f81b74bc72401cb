/*
 * C_Digest*, pkcs11/software.h.
 */
#include "pkcs11/software.h"

#include <string.h>

CK_RV
digest_begin(CK_SESSION_HANDLE handle, const CK_MECHANISM *mechanism)
{
	struct operation *operation;
	struct session *session;
	CK_RV rv = session_enter(handle, false, &session);

	if (rv != CKR_OK)
		return rv;
	rv = operation_begin(session, OPERATION_DIGEST, mechanism, &operation);
	if (rv == CKR_OPERATION_ACTIVE || mechanism == NULL)
		goto out;
	if (rv == CKR_OK && operation->mechanism->family != FAMILY_DIGEST)
		rv = CKR_MECHANISM_INVALID;
	if (rv == CKR_OK)
		rv = operation_parameters(operation, mechanism);
	if (rv == CKR_OK)
		rv = operation_collect(operation);
	if (rv == CKR_OK)
		operation->active = true;
	else
		operation_end(operation);
out:
	session_leave(session);
	return rv;
}

/* The end of the operation, unless the application wants to know the length or has no room. */
static CK_RV
finish(struct operation *operation, struct bytes data, CK_BYTE *digest, CK_ULONG *len)
{
	uint8_t value[OPERATION_DATA_MAX];
	size_t value_len = digest_len(operation->digest);
	CK_RV rv;

	if (operation_asks(digest, len, value_len, &rv))
		return rv;
	rv = operation_add(operation, data);
	if (rv == CKR_OK)
		rv = operation_collected(operation, value, &value_len);
	if (rv == CKR_OK) {
		memcpy(digest, value, value_len);
		*len = value_len;
	}
	operation_end(operation);
	return rv;
}

static CK_RV
end(CK_SESSION_HANDLE handle, bool once, struct bytes data, bool data_bad, CK_BYTE *digest,
    CK_ULONG *len)
{
	struct operation *operation;
	struct session *session;
	CK_RV rv = session_enter(handle, false, &session);

	if (rv != CKR_OK)
		return rv;
	rv = operation_active(session, OPERATION_DIGEST, &operation);
	if (rv != CKR_OK)
		goto out;
	if (len == NULL || data_bad)
		rv = CKR_ARGUMENTS_BAD;
	else if (once && operation->updated)
		rv = CKR_OPERATION_ACTIVE;
	if (rv == CKR_OK)
		rv = finish(operation, data, digest, len);
	else
		operation_end(operation);
out:
	session_leave(session);
	return rv;
}

CK_RV
digest_once(CK_SESSION_HANDLE handle, const CK_BYTE *data, CK_ULONG data_len, CK_BYTE *digest,
	    CK_ULONG *len)
{
	return end(handle, true, (struct bytes){data, data_len}, data == NULL && data_len > 0,
		   digest, len);
}

CK_RV
digest_update(CK_SESSION_HANDLE handle, const CK_BYTE *data, CK_ULONG data_len)
{
	return software_update(handle, OPERATION_DIGEST, data, data_len);
}

CK_RV
digest_key(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE key)
{
	struct operation *operation;
	struct session *session;
	struct object *object;
	CK_RV rv = session_enter(handle, false, &session);

	if (rv != CKR_OK)
		return rv;
	rv = operation_active(session, OPERATION_DIGEST, &operation);
	if (rv != CKR_OK)
		goto out;
	object = object_find(session->token, session, key, false);
	if (object == NULL)
		rv = CKR_KEY_HANDLE_INVALID;
	else if (object->class != CKO_SECRET_KEY)
		rv = CKR_KEY_INDIGESTIBLE;
	else
		rv = operation_add(operation, attributes_bytes(&object->attributes, CKA_VALUE));
	operation->updated = true;
	if (rv != CKR_OK)
		operation_end(operation);
out:
	session_leave(session);
	return rv;
}

CK_RV
digest_final(CK_SESSION_HANDLE handle, CK_BYTE *digest, CK_ULONG *len)
{
	return end(handle, false, BYTES_NONE, false, digest, len);
}
