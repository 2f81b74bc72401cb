/*
 * Sessions, and the operations that are under way in them. Guarded by the lock of their reader. A
 * session's handle names its slot in the lowest SESSION_SLOT_BITS bits.
 */
#ifndef VICAR_PKCS11_SESSION_H
#define VICAR_PKCS11_SESSION_H

#include "pkcs11/ifd.h"
#include "pkcs11/session_operation.h"

struct session {
	struct session *next;
	CK_SESSION_HANDLE handle;
	struct token *token;
	bool rw;
	struct object *objects; /* made in this session */
	bool searching;
	CK_OBJECT_HANDLE *found; /* of the search */
	size_t found_count, found_next;
	struct operation operations[OPERATION_KINDS];
};

/* Takes the lock of the session's reader and finds the session; `look` also looks whether the card
 * is still there (CKR_DEVICE_REMOVED). CKR_SESSION_HANDLE_INVALID and the like: no lock is held. */
CK_RV session_enter(CK_SESSION_HANDLE handle, bool look, struct session **session);
void session_leave(struct session *session);
CK_RV session_open(CK_SLOT_ID slot, CK_FLAGS flags, CK_SESSION_HANDLE *handle);
CK_RV session_close(CK_SESSION_HANDLE handle);
CK_RV session_close_all(CK_SLOT_ID slot);
CK_RV session_info(CK_SESSION_HANDLE handle, CK_SESSION_INFO *info);
CK_RV session_cancel(CK_SESSION_HANDLE handle, CK_FLAGS flags);

/* Frees them without a word to the card; `token` NULL: those of all tokens. */
void session_free_all(struct ifd *ifd, const struct token *token);
void session_count(const struct token *token, CK_ULONG *all, CK_ULONG *rw);

#endif
