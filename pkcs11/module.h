/*
 * The module's state: the one global. C_Initialize and C_Finalize, and what fork() does to them.
 *
 * Locks: module.lock guards the table of readers and the survey; it is held for moments only, never
 * while a card works. Each reader has a lock of its own (ifd.h), held for as long as its card works.
 * Whoever holds a reader's lock may take module.lock, never the other way.
 */
#ifndef VICAR_PKCS11_MODULE_H
#define VICAR_PKCS11_MODULE_H

#include "pkcs11/cryptoki.h"
#include "pkcs11/lock.h"
#include "pkcs11/pcsc.h"
#include "pkcs11/pinstore.h"
#include "pkcs11/settings.h"

#include <openssl/types.h>
#include <stdatomic.h>

/* Readers seen in the life of the process; slot numbers stay with their names. */
enum { IFDS_MAX = 32, PROGRAM_MAX = 256 };

struct ifd;

struct module {
	_Atomic uint64_t phase; /* pid << 8 | enum phase */
	int log;
	char program[PROGRAM_MAX]; /* of the executable, without its directory */
	bool inside;               /* VICAR_INSIDE: we serve a card ourselves, and see none */
	struct locking locking;
	struct lock lock;
	struct settings settings;
	struct pinstore pins;
	OSSL_LIB_CTX *crypto;
	struct pcsc_context watch;  /* for surveys */
	struct ifd *ifds[IFDS_MAX]; /* they outlive C_Finalize, with their numbers */
	size_t ifds_count;
	_Atomic CK_ULONG last_object, last_session; /* handles are given once */
	struct pcsc_context wait;                   /* of C_WaitForSlotEvent */
	_Atomic unsigned waiting;                   /* threads in C_WaitForSlotEvent */
	_Atomic unsigned calls;                     /* threads in any function */
	_Atomic bool counted; /* C_GetSlotList was asked for the count, and not yet for the list */
	bool surveyed;        /* once: what is new from now on is an event */
};

extern struct module module;

/* CKR_CRYPTOKI_NOT_INITIALIZED, also in a child after fork(). */
CK_RV module_ready(void);

/* Around each function but these three: while one is at work nothing of the module goes.
 * CKR_CRYPTOKI_NOT_INITIALIZED: no module_leave(). */
CK_RV module_enter(void);
void module_leave(void);

CK_RV module_initialize(void *arguments);
/* Ends the waiting of other threads (PKCS#11 2.40 section 5.4), and waits for what else they do. */
CK_RV module_finalize(void *reserved);
/* `version`: of the function list that was called through. */
CK_RV module_info(CK_INFO *info, CK_VERSION version);

/* Fills a text field of Cryptoki: UTF-8, cut at a character, filled up with spaces. */
void module_text(CK_UTF8CHAR *field, size_t size, const char *text);

#endif
