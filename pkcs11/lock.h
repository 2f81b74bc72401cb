/*
 * Mutual exclusion by pthread mutexes, or by those the application gave to C_Initialize (PKCS#11
 * 2.40 section 5.4). There are no fork handlers: after a fork locks are made anew.
 */
#ifndef VICAR_PKCS11_LOCK_H
#define VICAR_PKCS11_LOCK_H

#include "pkcs11/cryptoki.h"

#include <pthread.h>

/* `create` NULL: pthread mutexes. */
struct locking {
	CK_CREATEMUTEX create;
	CK_DESTROYMUTEX destroy;
	CK_LOCKMUTEX lock;
	CK_UNLOCKMUTEX unlock;
};

struct lock {
	const struct locking *by; /* borrowed for the lock's life */
	void *theirs;
	pthread_mutex_t ours;
};

/* CKR_ARGUMENTS_BAD: some functions without the others; CKR_CANT_LOCK never, we can do both. */
CK_RV locking_choose(const CK_C_INITIALIZE_ARGS *args, struct locking *locking);

CK_RV lock_make(struct lock *lock, const struct locking *by);
void lock_destroy(struct lock *lock);
void lock_take(struct lock *lock);
void lock_release(struct lock *lock);

#endif
