/*
 * What operations with public keys share, pkcs11/software.h.
 */
#include "pkcs11/software.h"

#include "pkcs11/check.h"
#include "pkcs11/parts.h"

static CK_RV
public_key(struct session *session, CK_OBJECT_HANDLE handle, CK_FLAGS use,
	   struct operation *operation)
{
	struct object *object = object_find(session->token, session, handle, false);
	const CK_ATTRIBUTE_TYPE permission = use == CKF_VERIFY ? CKA_VERIFY : CKA_ENCRYPT;
	const CK_ATTRIBUTE *spki;
	CK_RV rv;

	if (object == NULL || object->class != CKO_PUBLIC_KEY)
		return CKR_KEY_HANDLE_INVALID;
	if (attributes_ulong(&object->attributes, CKA_KEY_TYPE, CKK_RSA) !=
	    mechanism_key_type(operation->mechanism))
		return CKR_KEY_TYPE_INCONSISTENT;
	if (!attributes_bool(&object->attributes, permission, false))
		return CKR_KEY_FUNCTION_NOT_PERMITTED;
	rv = object_attribute(session->token, object, CKA_PUBLIC_KEY_INFO, &spki);
	if (rv != CKR_OK)
		return rv;
	operation->public = spki != NULL
				? check_key_of((struct bytes){spki->pValue, spki->ulValueLen})
				: parts_to_key(module.crypto, &object->attributes);
	if (operation->public == NULL)
		return CKR_KEY_HANDLE_INVALID;
	operation->key_len = ((size_t)EVP_PKEY_get_bits(operation->public) + 7) / 8;
	return CKR_OK;
}

CK_RV
software_begin(CK_SESSION_HANDLE handle, enum operation_kind kind, const CK_MECHANISM *mechanism,
	       CK_OBJECT_HANDLE key, CK_FLAGS use)
{
	struct operation *operation;
	struct session *session;
	struct ifd *ifd;
	CK_RV rv = session_enter(handle, true, &session);

	if (rv != CKR_OK)
		return rv;
	ifd = session->token->ifd;
	rv = operation_begin(session, kind, mechanism, &operation);
	if (rv == CKR_OPERATION_ACTIVE || mechanism == NULL)
		goto out;
	if (rv == CKR_OK && (operation->mechanism->flags & use) == 0)
		rv = CKR_MECHANISM_INVALID;
	if (rv == CKR_OK)
		rv = public_key(session, key, use, operation);
	if (rv == CKR_OK)
		rv = operation_parameters(operation, mechanism);
	if (rv == CKR_OK)
		rv = operation_collect(operation);
	if (rv == CKR_OK)
		operation->active = true;
	else
		operation_end(operation);
out:
	ifd_leave(ifd);
	return rv;
}

CK_RV
software_update(CK_SESSION_HANDLE handle, enum operation_kind kind, const CK_BYTE *data,
		CK_ULONG data_len)
{
	struct operation *operation;
	struct session *session;
	CK_RV rv = session_enter(handle, false, &session);

	if (rv != CKR_OK)
		return rv;
	rv = operation_active(session, kind, &operation);
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
