/*
 * Locks, pkcs11/lock.h.
 */
#include "pkcs11/lock.h"

#include <stdlib.h>

CK_RV
locking_choose(const CK_C_INITIALIZE_ARGS *args, struct locking *locking)
{
	unsigned given;

	*locking = (struct locking){NULL, NULL, NULL, NULL};
	if (args == NULL)
		return CKR_OK;
	if (args->pReserved != NULL)
		return CKR_ARGUMENTS_BAD;
	given = (unsigned)(args->CreateMutex != NULL) + (unsigned)(args->DestroyMutex != NULL) +
		(unsigned)(args->LockMutex != NULL) + (unsigned)(args->UnlockMutex != NULL);
	if (given != 0 && given != 4)
		return CKR_ARGUMENTS_BAD;
	if (given == 4 && (args->flags & CKF_OS_LOCKING_OK) == 0)
		*locking = (struct locking){args->CreateMutex, args->DestroyMutex, args->LockMutex,
					    args->UnlockMutex};
	return CKR_OK;
}

CK_RV
lock_make(struct lock *lock, const struct locking *by)
{
	lock->by = by;
	lock->theirs = NULL;
	if (by->create != NULL)
		return by->create(&lock->theirs);
	return pthread_mutex_init(&lock->ours, NULL) == 0 ? CKR_OK : CKR_HOST_MEMORY;
}

void
lock_destroy(struct lock *lock)
{
	if (lock->by->create != NULL)
		(void)lock->by->destroy(lock->theirs);
	else
		(void)pthread_mutex_destroy(&lock->ours);
}

/* A lock that cannot be taken is a bug of its maker's, and going on without it would corrupt. */
void
lock_take(struct lock *lock)
{
	if (lock->by->create != NULL) {
		if (lock->by->lock(lock->theirs) != CKR_OK)
			abort();
	} else if (pthread_mutex_lock(&lock->ours) != 0) {
		abort();
	}
}

void
lock_release(struct lock *lock)
{
	if (lock->by->create != NULL)
		(void)lock->by->unlock(lock->theirs);
	else
		(void)pthread_mutex_unlock(&lock->ours);
}
