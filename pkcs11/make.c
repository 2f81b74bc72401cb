/*
 * Session objects, pkcs11/make.h.
 */
#include "pkcs11/make.h"

#include "pkcs11/parts.h"

#include <stdlib.h>

/* Of an attribute in a template: no certificate or key is longer. */
enum { VALUE_LEN_MAX = 1 << 20 };

/* Classes that a session may hold, and what a template of one must have. */
static const struct {
	CK_OBJECT_CLASS class;
	CK_ATTRIBUTE_TYPE needs;
} classes[] = {
    {CKO_CERTIFICATE, CKA_VALUE},
    {CKO_PUBLIC_KEY, CKA_KEY_TYPE},
};

static void
take_template(struct attributes *list, const CK_ATTRIBUTE *template, CK_ULONG count)
{
	for (CK_ULONG i = 0; i < count; i++)
		attributes_put(list, template[i].type,
			       (struct bytes){template[i].pValue, template[i].ulValueLen});
}

static CK_RV
template_valid(const CK_ATTRIBUTE *template, CK_ULONG count)
{
	if (template == NULL || count == 0)
		return CKR_ARGUMENTS_BAD;
	for (CK_ULONG i = 0; i < count; i++) {
		if (template[i].pValue == NULL && template[i].ulValueLen != 0)
			return CKR_ARGUMENTS_BAD;
		if (template[i].ulValueLen > VALUE_LEN_MAX)
			return CKR_ATTRIBUTE_VALUE_INVALID;
		for (CK_ULONG j = 0; j < i; j++) {
			if (template[j].type == template[i].type)
				return CKR_TEMPLATE_INCONSISTENT;
		}
	}
	return CKR_OK;
}

/* Owned by the session; NULL: no memory. */
static struct object *
add(struct session *session, CK_OBJECT_CLASS class)
{
	struct object *object = calloc(1, sizeof(*object));

	if (object == NULL)
		return NULL;
	object->handle = atomic_fetch_add(&module.last_object, 1) + 1;
	object->class = class;
	object->key = object->public_key = object->certificate = SMARTCARD_NONE;
	object->owner = session;
	attributes_put_ulong(&object->attributes, CKA_CLASS, class);
	attributes_put_bool(&object->attributes, CKA_TOKEN, false);
	attributes_put_bool(&object->attributes, CKA_PRIVATE, false);
	attributes_put_bool(&object->attributes, CKA_MODIFIABLE, false);
	attributes_put_bool(&object->attributes, CKA_COPYABLE, false);
	attributes_put_bool(&object->attributes, CKA_DESTROYABLE, true);
	attributes_put(&object->attributes, CKA_LABEL, BYTES_NONE);
	attributes_put(&object->attributes, CKA_ID, BYTES_NONE);
	return object;
}

static CK_RV
complete_certificate(struct attributes *list)
{
	struct bytes der = attributes_bytes(list, CKA_VALUE);
	struct attributes parts = {NULL, 0, 0, false};
	CK_RV rv = CKR_OK;

	if (attributes_ulong(list, CKA_CERTIFICATE_TYPE, CKC_X_509) != CKC_X_509)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	attributes_put_ulong(list, CKA_CERTIFICATE_TYPE, CKC_X_509);
	if (!parts_of_certificate(module.crypto, der, &parts))
		rv = CKR_ATTRIBUTE_VALUE_INVALID;
	if (rv == CKR_OK)
		take_template(list, parts.items, parts.count);
	attributes_put_bool(list, CKA_TRUSTED, false);
	attributes_free(&parts);
	return rv;
}

static CK_RV
complete_public_key(struct attributes *list)
{
	EVP_PKEY *key = parts_to_key(module.crypto, list);
	bool rsa = attributes_ulong(list, CKA_KEY_TYPE, CKK_RSA) == CKK_RSA;

	if (key == NULL)
		return CKR_TEMPLATE_INCOMPLETE;
	if (rsa != (EVP_PKEY_is_a(key, "RSA") != 0)) {
		EVP_PKEY_free(key);
		return CKR_TEMPLATE_INCONSISTENT;
	}
	if (rsa)
		attributes_put_ulong(list, CKA_MODULUS_BITS, (CK_ULONG)EVP_PKEY_get_bits(key));
	EVP_PKEY_free(key);
	if (attributes_find(list, CKA_VERIFY) == NULL)
		attributes_put_bool(list, CKA_VERIFY, true);
	if (attributes_find(list, CKA_ENCRYPT) == NULL)
		attributes_put_bool(list, CKA_ENCRYPT, rsa);
	attributes_put_bool(list, CKA_LOCAL, false);
	attributes_put_bool(list, CKA_TRUSTED, false);
	attributes_put_bool(list, CKA_WRAP, false);
	attributes_put_bool(list, CKA_VERIFY_RECOVER, false);
	return CKR_OK;
}

static CK_RV
create(struct session *session, const CK_ATTRIBUTE *template, CK_ULONG count,
       CK_OBJECT_HANDLE *handle)
{
	struct attributes asked = {NULL, 0, 0, false};
	struct object *object = NULL;
	CK_OBJECT_CLASS class = CKO_DATA;
	CK_RV rv = template_valid(template, count);
	bool known = false;

	if (rv != CKR_OK)
		return rv;
	take_template(&asked, template, count);
	class = attributes_ulong(&asked, CKA_CLASS, CK_UNAVAILABLE_INFORMATION);
	if (class == CK_UNAVAILABLE_INFORMATION)
		rv = CKR_TEMPLATE_INCOMPLETE;
	else if (attributes_bool(&asked, CKA_TOKEN, false))
		rv = session->rw ? CKR_TOKEN_WRITE_PROTECTED : CKR_SESSION_READ_ONLY;
	for (size_t i = 0; rv == CKR_OK && i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (classes[i].class != class)
			continue;
		known = true;
		if (attributes_find(&asked, classes[i].needs) == NULL)
			rv = CKR_TEMPLATE_INCOMPLETE;
	}
	if (rv == CKR_OK && !known)
		rv = CKR_ATTRIBUTE_VALUE_INVALID;
	if (rv == CKR_OK && attributes_bool(&asked, CKA_TRUSTED, false))
		rv = CKR_ATTRIBUTE_READ_ONLY;
	if (rv == CKR_OK && attributes_bool(&asked, CKA_PRIVATE, false) &&
	    session->token->user != TOKEN_USER)
		rv = CKR_USER_NOT_LOGGED_IN;
	if (rv != CKR_OK)
		goto out;
	object = add(session, class);
	if (object == NULL) {
		rv = CKR_HOST_MEMORY;
		goto out;
	}
	take_template(&object->attributes, template, count);
	rv = class == CKO_CERTIFICATE ? complete_certificate(&object->attributes)
				      : complete_public_key(&object->attributes);
	if (rv == CKR_OK && (asked.failed || object->attributes.failed))
		rv = CKR_HOST_MEMORY;
	if (rv != CKR_OK) {
		object_free_all(&object);
		goto out;
	}
	object->next = session->objects;
	session->objects = object;
	*handle = object->handle;
out:
	attributes_free(&asked);
	return rv;
}

CK_RV
make_object(CK_SESSION_HANDLE handle, const CK_ATTRIBUTE *template, CK_ULONG count,
	    CK_OBJECT_HANDLE *object)
{
	struct session *session;
	CK_RV rv = session_enter(handle, false, &session);

	if (rv != CKR_OK)
		return rv;
	rv = object == NULL ? CKR_ARGUMENTS_BAD : create(session, template, count, object);
	session_leave(session);
	return rv;
}

CK_RV
make_destroy(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE wanted)
{
	struct session *session;
	struct object *object;
	CK_RV rv = session_enter(handle, false, &session);

	if (rv != CKR_OK)
		return rv;
	object = object_find(session->token, session, wanted, false);
	if (object == NULL) {
		rv = CKR_OBJECT_HANDLE_INVALID;
	} else if (object->owner == NULL) {
		rv = session->rw ? CKR_TOKEN_WRITE_PROTECTED : CKR_SESSION_READ_ONLY;
	} else {
		/* It may be another session's. */
		for (struct session *of = session->token->ifd->sessions; of != NULL;
		     of = of->next) {
			struct object **at = &of->objects;

			while (*at != NULL && *at != object)
				at = &(*at)->next;
			if (*at == object) {
				*at = object->next;
				object->next = NULL;
				object_free_all(&object);
				break;
			}
		}
	}
	session_leave(session);
	return rv;
}

CK_RV
make_secret(struct session *session, struct bytes value, const CK_ATTRIBUTE *template,
	    CK_ULONG count, CK_OBJECT_HANDLE *handle)
{
	struct object *object;
	struct attributes *list;
	CK_RV rv = count > 0 ? template_valid(template, count) : CKR_OK;

	if (rv != CKR_OK)
		return rv;
	object = add(session, CKO_SECRET_KEY);
	if (object == NULL)
		return CKR_HOST_MEMORY;
	list = &object->attributes;
	attributes_put_ulong(list, CKA_KEY_TYPE, CKK_GENERIC_SECRET);
	attributes_put_bool(list, CKA_SENSITIVE, false);
	attributes_put_bool(list, CKA_EXTRACTABLE, true);
	take_template(list, template, count);
	if (attributes_bool(list, CKA_TOKEN, false))
		rv = CKR_TOKEN_WRITE_PROTECTED;
	else if (attributes_bool(list, CKA_PRIVATE, false) && session->token->user != TOKEN_USER)
		rv = CKR_USER_NOT_LOGGED_IN;
	else if (attributes_ulong(list, CKA_CLASS, CKO_SECRET_KEY) != CKO_SECRET_KEY)
		rv = CKR_TEMPLATE_INCONSISTENT;
	attributes_put_bool(list, CKA_LOCAL, false);
	attributes_put(list, CKA_VALUE, value);
	attributes_put_ulong(list, CKA_VALUE_LEN, value.len);
	if (rv == CKR_OK && list->failed)
		rv = CKR_HOST_MEMORY;
	if (rv != CKR_OK) {
		object_free_all(&object);
		return rv;
	}
	object->next = session->objects;
	session->objects = object;
	*handle = object->handle;
	return CKR_OK;
}
