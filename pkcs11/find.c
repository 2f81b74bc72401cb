/*
 * Searches and attributes, pkcs11/find.h.
 */
#include "pkcs11/find.h"

#include "pkcs11/session.h"

#include <stdlib.h>
#include <string.h>

/* What a private key never gives away, nor a secret key that was made sensitive or not
 * extractable. */
static const CK_ATTRIBUTE_TYPE secrets[] = {
    CKA_VALUE,      CKA_PRIVATE_EXPONENT, CKA_PRIME_1,     CKA_PRIME_2,
    CKA_EXPONENT_1, CKA_EXPONENT_2,       CKA_COEFFICIENT,
};

static bool
is_secret(const struct object *object, CK_ATTRIBUTE_TYPE type)
{
	if (object->class != CKO_PRIVATE_KEY &&
	    !(object->class == CKO_SECRET_KEY &&
	      (attributes_bool(&object->attributes, CKA_SENSITIVE, false) ||
	       !attributes_bool(&object->attributes, CKA_EXTRACTABLE, true))))
		return false;
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		if (secrets[i] == type)
			return true;
	}
	return false;
}

static bool
template_valid(const CK_ATTRIBUTE *template, CK_ULONG count)
{
	if (template == NULL)
		return count == 0;
	for (CK_ULONG i = 0; i < count; i++) {
		if (template[i].pValue == NULL && template[i].ulValueLen != 0)
			return false;
	}
	return true;
}

static bool
equal(const CK_ATTRIBUTE *has, const CK_ATTRIBUTE *wanted)
{
	return has->ulValueLen == wanted->ulValueLen &&
	       (has->ulValueLen == 0 || memcmp(has->pValue, wanted->pValue, has->ulValueLen) == 0);
}

/* What is known already is compared first: a certificate is read only for an object that all else
 * speaks for. */
static CK_RV
matches(struct token *token, struct object *object, const CK_ATTRIBUTE *template, CK_ULONG count,
	bool *match)
{
	const CK_ATTRIBUTE *has;

	*match = false;
	for (CK_ULONG i = 0; i < count; i++) {
		if (is_secret(object, template[i].type))
			return CKR_OK;
		has = attributes_find(&object->attributes, template[i].type);
		if (has != NULL && !equal(has, &template[i]))
			return CKR_OK;
	}
	for (CK_ULONG i = 0; i < count; i++) {
		CK_RV rv = object_attribute(token, object, template[i].type, &has);

		if (rv != CKR_OK)
			return rv;
		if (has == NULL || !equal(has, &template[i]))
			return CKR_OK;
	}
	*match = true;
	return CKR_OK;
}

struct result {
	CK_OBJECT_HANDLE *list;
	size_t count, room;
};

static CK_RV
take(struct result *result, CK_OBJECT_HANDLE handle)
{
	if (result->count == result->room) {
		size_t room = result->room == 0 ? 16 : 2 * result->room;
		CK_OBJECT_HANDLE *list = reallocarray(result->list, room, sizeof(*list));

		if (list == NULL)
			return CKR_HOST_MEMORY;
		result->list = list;
		result->room = room;
	}
	result->list[result->count++] = handle;
	return CKR_OK;
}

static CK_RV
search_list(struct token *token, struct object *list, const CK_ATTRIBUTE *template, CK_ULONG count,
	    struct result *result)
{
	for (struct object *object = list; object != NULL; object = object->next) {
		bool match = false;
		CK_RV rv = CKR_OK;

		if (object_visible(token, object))
			rv = matches(token, object, template, count, &match);
		if (rv == CKR_OK && match)
			rv = take(result, object->handle);
		if (rv != CKR_OK)
			return rv;
	}
	return CKR_OK;
}

static CK_RV
search(struct session *session, const CK_ATTRIBUTE *template, CK_ULONG count, struct result *result)
{
	struct token *token = session->token;
	CK_RV rv = object_list(token);

	/* One transaction for all certificates that have to be read. */
	if (rv == CKR_OK)
		rv = search_list(token, token->objects, template, count, result);
	if (rv != CKR_OK)
		return rv;
	for (struct session *of = token->ifd->sessions; of != NULL && rv == CKR_OK; of = of->next) {
		if (of->token == token)
			rv = search_list(token, of->objects, template, count, result);
	}
	return rv;
}

CK_RV
find_begin(CK_SESSION_HANDLE handle, const CK_ATTRIBUTE *template, CK_ULONG count)
{
	struct session *session;
	struct result result = {NULL, 0, 0};
	struct ifd *ifd;
	CK_RV rv = session_enter(handle, true, &session);

	if (rv != CKR_OK)
		return rv;
	ifd = session->token->ifd;
	if (!template_valid(template, count))
		rv = CKR_ARGUMENTS_BAD;
	else if (session->searching)
		rv = CKR_OPERATION_ACTIVE;
	else
		rv = search(session, template, count, &result);
	if (rv == CKR_OK) {
		free(session->found);
		session->found = result.list;
		session->found_count = result.count;
		session->found_next = 0;
		session->searching = true;
		result.list = NULL;
	}
	free(result.list);
	ifd_leave(ifd);
	return rv;
}

CK_RV
find_next(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE *list, CK_ULONG room, CK_ULONG *count)
{
	struct session *session;
	CK_RV rv = session_enter(handle, false, &session);
	size_t left;

	if (rv != CKR_OK)
		return rv;
	if (!session->searching) {
		rv = CKR_OPERATION_NOT_INITIALIZED;
	} else if (count == NULL || (list == NULL && room > 0)) {
		rv = CKR_ARGUMENTS_BAD;
	} else {
		left = session->found_count - session->found_next;
		*count = left < room ? left : room;
		if (*count > 0)
			memcpy(list, session->found + session->found_next, *count * sizeof(*list));
		session->found_next += *count;
	}
	session_leave(session);
	return rv;
}

CK_RV
find_end(CK_SESSION_HANDLE handle)
{
	struct session *session;
	CK_RV rv = session_enter(handle, false, &session);

	if (rv != CKR_OK)
		return rv;
	if (!session->searching)
		rv = CKR_OPERATION_NOT_INITIALIZED;
	session->searching = false;
	session_leave(session);
	return rv;
}

static CK_RV
answer(struct token *token, struct object *object, CK_ATTRIBUTE *asked)
{
	const CK_ATTRIBUTE *found;
	CK_RV rv;

	if (is_secret(object, asked->type)) {
		asked->ulValueLen = CK_UNAVAILABLE_INFORMATION;
		return CKR_ATTRIBUTE_SENSITIVE;
	}
	rv = object_attribute(token, object, asked->type, &found);
	return rv == CKR_OK ? attribute_answer(found, asked) : rv;
}

/* These spoil one attribute, and the others are filled in all the same. */
static bool
is_of_one_attribute(CK_RV rv)
{
	return rv == CKR_OK || rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_ATTRIBUTE_TYPE_INVALID ||
	       rv == CKR_BUFFER_TOO_SMALL;
}

CK_RV
find_attributes(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE wanted, CK_ATTRIBUTE *template,
		CK_ULONG count)
{
	struct session *session;
	struct object *object;
	struct token *token;
	struct ifd *ifd;
	CK_RV rv = session_enter(handle, false, &session);

	if (rv != CKR_OK)
		return rv;
	token = session->token;
	ifd = token->ifd;
	object = object_find(token, session, wanted, false);
	if (object == NULL)
		rv = CKR_OBJECT_HANDLE_INVALID;
	else if (template == NULL || count == 0)
		rv = CKR_ARGUMENTS_BAD;
	for (CK_ULONG i = 0; is_of_one_attribute(rv) && i < count; i++) {
		CK_RV one = answer(token, object, &template[i]);

		if (one != CKR_OK)
			rv = one;
	}
	ifd_leave(ifd);
	return rv;
}

CK_RV
find_set_attributes(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE wanted, const CK_ATTRIBUTE *template,
		    CK_ULONG count)
{
	struct session *session;
	struct object *object;
	CK_RV rv = session_enter(handle, false, &session);

	if (rv != CKR_OK)
		return rv;
	object = object_find(session->token, session, wanted, false);
	if (object == NULL)
		rv = CKR_OBJECT_HANDLE_INVALID;
	else if (!template_valid(template, count) || count == 0)
		rv = CKR_ARGUMENTS_BAD;
	else
		rv = object->owner == NULL ? CKR_TOKEN_WRITE_PROTECTED : CKR_ACTION_PROHIBITED;
	session_leave(session);
	return rv;
}

CK_RV
find_size(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE wanted, CK_ULONG *size)
{
	struct session *session;
	struct object *object;
	CK_RV rv = session_enter(handle, false, &session);

	if (rv != CKR_OK)
		return rv;
	object = object_find(session->token, session, wanted, false);
	if (object == NULL)
		rv = CKR_OBJECT_HANDLE_INVALID;
	else if (size == NULL)
		rv = CKR_ARGUMENTS_BAD;
	else
		*size = CK_UNAVAILABLE_INFORMATION;
	session_leave(session);
	return rv;
}
