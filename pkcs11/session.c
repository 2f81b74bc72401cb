/*
 * Sessions, pkcs11/session.h.
 */
#include "pkcs11/session.h"

#include "pkcs11/login.h"
#include "pkcs11/token.h"

#include <stdlib.h>

enum { SESSION_SLOT_BITS = 8 };
_Static_assert(IFDS_MAX *IFD_SLOTS_MAX <= 1 << SESSION_SLOT_BITS, "a handle has room for a slot");

static const struct {
	CK_FLAGS flag;
	enum operation_kind kind;
} cancelled_by[] = {
    {CKF_DIGEST, OPERATION_DIGEST},   {CKF_SIGN, OPERATION_SIGN},
    {CKF_VERIFY, OPERATION_VERIFY},   {CKF_ENCRYPT, OPERATION_ENCRYPT},
    {CKF_DECRYPT, OPERATION_DECRYPT},
};

static struct session *
find(struct ifd *ifd, CK_SESSION_HANDLE handle)
{
	for (struct session *session = ifd->sessions; session != NULL; session = session->next) {
		if (session->handle == handle)
			return session;
	}
	return NULL;
}

CK_RV
session_enter(CK_SESSION_HANDLE handle, bool look, struct session **session)
{
	struct ifd *ifd = ifd_of_slot(handle & ((1 << SESSION_SLOT_BITS) - 1));
	CK_RV rv = CKR_SESSION_HANDLE_INVALID;
	bool was_there;

	if (ifd == NULL)
		return CKR_SESSION_HANDLE_INVALID;
	ifd_lock(ifd);
	was_there = find(ifd, handle) != NULL;
	if (was_there && look) {
		ifd_leave(ifd);
		(void)ifd_enter(ifd);
	}
	*session = find(ifd, handle);
	if (*session != NULL) {
		login_expire((*session)->token);
		return CKR_OK;
	}
	if (was_there)
		rv = CKR_DEVICE_REMOVED;
	ifd_leave(ifd);
	return rv;
}

void
session_leave(struct session *session)
{
	ifd_leave(session->token->ifd);
}

static void
session_free(struct session *session)
{
	for (size_t i = 0; i < OPERATION_KINDS; i++)
		operation_end(&session->operations[i]);
	object_free_all(&session->objects);
	free(session->found);
	free(session);
}

void
session_free_all(struct ifd *ifd, const struct token *token)
{
	struct session **at = &ifd->sessions;

	while (*at != NULL) {
		struct session *session = *at;

		if (token != NULL && session->token != token) {
			at = &session->next;
			continue;
		}
		*at = session->next;
		session_free(session);
	}
}

void
session_count(const struct token *token, CK_ULONG *all, CK_ULONG *rw)
{
	*all = *rw = 0;
	for (const struct session *of = token->ifd->sessions; of != NULL; of = of->next) {
		if (of->token != token)
			continue;
		++*all;
		*rw += of->rw ? 1 : 0;
	}
}

CK_RV
session_open(CK_SLOT_ID slot, CK_FLAGS flags, CK_SESSION_HANDLE *handle)
{
	struct ifd *ifd = ifd_of_slot(slot);
	struct session *session;
	struct token *token;
	CK_RV rv;

	if (handle == NULL)
		return CKR_ARGUMENTS_BAD;
	if (ifd == NULL)
		return CKR_SLOT_ID_INVALID;
	if ((flags & CKF_SERIAL_SESSION) == 0)
		return CKR_SESSION_PARALLEL_NOT_SUPPORTED;
	rv = ifd_enter(ifd);
	token = ifd_token(ifd, slot);
	if (rv == CKR_OK && !token->here)
		rv = CKR_TOKEN_NOT_PRESENT;
	if (rv == CKR_OK && token->user == TOKEN_SO && (flags & CKF_RW_SESSION) == 0)
		rv = CKR_SESSION_READ_WRITE_SO_EXISTS;
	if (rv != CKR_OK)
		goto out;
	session = calloc(1, sizeof(*session));
	if (session == NULL) {
		rv = CKR_HOST_MEMORY;
		goto out;
	}
	session->token = token;
	session->rw = (flags & CKF_RW_SESSION) != 0;
	session->handle =
	    (atomic_fetch_add(&module.last_session, 1) + 1) << SESSION_SLOT_BITS | slot;
	session->next = ifd->sessions;
	ifd->sessions = session;
	*handle = session->handle;
out:
	ifd_leave(ifd);
	return rv;
}

/* The last session takes the login with it (PKCS#11 2.40 section 5.6.7). */
static void
logout_if_last(struct token *token)
{
	CK_ULONG all, rw;

	session_count(token, &all, &rw);
	if (all == 0)
		token_logout(token);
}

CK_RV
session_close(CK_SESSION_HANDLE handle)
{
	struct session *session, **at;
	struct token *token;
	CK_RV rv = session_enter(handle, false, &session);

	if (rv != CKR_OK)
		return rv;
	token = session->token;
	for (at = &token->ifd->sessions; *at != session; at = &(*at)->next)
		;
	*at = session->next;
	session_free(session);
	logout_if_last(token);
	ifd_leave(token->ifd);
	return CKR_OK;
}

CK_RV
session_close_all(CK_SLOT_ID slot)
{
	struct ifd *ifd = ifd_of_slot(slot);
	struct token *token;

	if (ifd == NULL)
		return CKR_SLOT_ID_INVALID;
	ifd_lock(ifd);
	token = ifd_token(ifd, slot);
	session_free_all(ifd, token);
	token_logout(token);
	ifd_leave(ifd);
	return CKR_OK;
}

CK_RV
session_info(CK_SESSION_HANDLE handle, CK_SESSION_INFO *info)
{
	struct session *session;
	CK_RV rv;

	if (info == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = session_enter(handle, true, &session);
	if (rv != CKR_OK)
		return rv;
	info->slotID = session->token->slot;
	info->flags = CKF_SERIAL_SESSION | (session->rw ? CKF_RW_SESSION : 0);
	info->ulDeviceError = 0;
	switch (session->token->user) {
	case TOKEN_NOBODY:
		info->state = session->rw ? CKS_RW_PUBLIC_SESSION : CKS_RO_PUBLIC_SESSION;
		break;
	case TOKEN_USER:
		info->state = session->rw ? CKS_RW_USER_FUNCTIONS : CKS_RO_USER_FUNCTIONS;
		break;
	case TOKEN_SO: info->state = CKS_RW_SO_FUNCTIONS; break;
	}
	session_leave(session);
	return CKR_OK;
}

CK_RV
session_cancel(CK_SESSION_HANDLE handle, CK_FLAGS flags)
{
	struct session *session;
	CK_RV rv = session_enter(handle, false, &session);

	if (rv != CKR_OK)
		return rv;
	for (size_t i = 0; i < sizeof(cancelled_by) / sizeof(cancelled_by[0]); i++) {
		if ((flags & cancelled_by[i].flag) != 0)
			operation_end(&session->operations[cancelled_by[i].kind]);
	}
	if ((flags & CKF_FIND_OBJECTS) != 0)
		session->searching = false;
	session_leave(session);
	return CKR_OK;
}
