/*
 * C_Initialize, C_Finalize, C_GetInfo; pkcs11/module.h.
 */
#include "pkcs11/module.h"

#include "pkcs11/ifd.h"
#include "pkcs11/log.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MANUFACTURER "Vicar"

enum phase { PHASE_NONE, PHASE_CHANGING, PHASE_READY };

enum { PHASE_BITS = 8, CANCEL_EVERY_NS = 1000000 };

struct module module = {.log = -1};

static uint64_t
phase_of(enum phase phase)
{
	return (uint64_t)(unsigned)getpid() << PHASE_BITS | (uint64_t)phase;
}

CK_RV
module_ready(void)
{
	return module.phase == phase_of(PHASE_READY) ? CKR_OK : CKR_CRYPTOKI_NOT_INITIALIZED;
}

CK_RV
module_enter(void)
{
	/* Not counted in a child that has not begun: C_Initialize begins its count at none. */
	if (module_ready() != CKR_OK)
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	module.calls++;
	if (module_ready() == CKR_OK)
		return CKR_OK;
	module.calls--;
	return CKR_CRYPTOKI_NOT_INITIALIZED;
}

void
module_leave(void)
{
	module.calls--;
}

static void
find_program(void)
{
	char path[4096];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	const char *name = program_invocation_short_name;

	if (len > 0) {
		const char *slash;

		path[len] = '\0';
		slash = strrchr(path, '/');
		name = slash != NULL ? slash + 1 : path;
	}
	(void)snprintf(module.program, sizeof(module.program), "%.*s", PROGRAM_MAX - 1, name);
}

/* What a child has from its parent is memory: the connections are the parent's, and a lock, also one
 * of OpenSSL's, may be held by a thread that is not here, which left a list half changed. So nothing
 * is freed. The log's number may be another file's by now. */
static void
forget_parent(void)
{
	pcsc_context_forget(&module.watch);
	pcsc_context_forget(&module.wait);
	for (size_t i = 0; i < module.ifds_count; i++)
		ifd_forget(module.ifds[i]);
	pinstore_close(&module.pins);
	module.crypto = NULL;
	module.log = -1;
	module.calls = module.waiting = 0;
	module.surveyed = false;
	module.counted = false;
}

static void
close_all(void)
{
	for (size_t i = 0; i < module.ifds_count; i++)
		ifd_close(module.ifds[i]);
	pcsc_context_close(&module.watch);
	pcsc_context_close(&module.wait);
	pinstore_close(&module.pins);
	OSSL_LIB_CTX_free(module.crypto);
	module.crypto = NULL;
	module.surveyed = false;
	module.counted = false;
	log_close(&module.log);
}

static CK_RV
open_all(void)
{
	char error[SETTINGS_ERROR_MAX];
	CK_RV rv = CKR_OK;
	size_t opened = 0;

	module.log = log_open();
	find_program();
	module.inside = getenv("VICAR_INSIDE") != NULL;
	if (!settings_load(&module.settings, error)) {
		log_note(module.log, "%s", error);
		rv = CKR_GENERAL_ERROR;
		goto out;
	}
	module.crypto = OSSL_LIB_CTX_new();
	if (module.crypto == NULL) {
		rv = CKR_HOST_MEMORY;
		goto out;
	}
	pinstore_open(&module.pins);
	rv = lock_make(&module.lock, &module.locking);
	if (rv != CKR_OK)
		goto out;
	for (; opened < module.ifds_count; opened++) {
		rv = ifd_open(module.ifds[opened]);
		if (rv != CKR_OK)
			break;
	}
	if (rv != CKR_OK)
		lock_destroy(&module.lock);
out:
	if (rv != CKR_OK) {
		while (opened-- > 0)
			ifd_close(module.ifds[opened]);
		pinstore_close(&module.pins);
		OSSL_LIB_CTX_free(module.crypto);
		module.crypto = NULL;
		log_close(&module.log);
	}
	return rv;
}

CK_RV
module_initialize(void *arguments)
{
	struct locking locking;
	uint64_t phase = module.phase;
	CK_RV rv = locking_choose(arguments, &locking);

	if (phase == phase_of(PHASE_READY))
		return CKR_CRYPTOKI_ALREADY_INITIALIZED;
	if (rv != CKR_OK)
		return rv;
	if (phase == phase_of(PHASE_CHANGING) ||
	    !atomic_compare_exchange_strong(&module.phase, &phase, phase_of(PHASE_CHANGING)))
		return CKR_CRYPTOKI_ALREADY_INITIALIZED;
	if ((phase & ((1 << PHASE_BITS) - 1)) != PHASE_NONE)
		forget_parent();
	module.locking = locking;
	rv = open_all();
	module.phase = phase_of(rv == CKR_OK ? PHASE_READY : PHASE_NONE);
	return rv;
}

CK_RV
module_finalize(void *reserved)
{
	uint64_t ready = phase_of(PHASE_READY);

	if (reserved != NULL)
		return CKR_ARGUMENTS_BAD;
	if (!atomic_compare_exchange_strong(&module.phase, &ready, phase_of(PHASE_CHANGING)))
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	/* A thread that is about to wait for a card does not hear the first call. */
	while (module.calls > 0) {
		const struct timespec pause = {0, CANCEL_EVERY_NS};

		if (module.waiting > 0)
			pcsc_wait_cancel(&module.wait);
		(void)nanosleep(&pause, NULL);
	}
	log_call(module.log, "C_Finalize", CKR_OK, "%s", "");
	close_all();
	lock_destroy(&module.lock);
	module.phase = phase_of(PHASE_NONE);
	return CKR_OK;
}

/* For a program that unloads us, perhaps to load us again. One that ends may still call us: then there
 * are no readers yet. Nothing of OpenSSL's is touched, which may have ended before us. */
static void __attribute__((destructor)) unload(void)
{
	if ((module.phase & ((1 << PHASE_BITS) - 1)) != PHASE_NONE)
		return;
	for (size_t i = 0; i < module.ifds_count; i++)
		free(module.ifds[i]);
	module.ifds_count = 0;
}

void
module_text(CK_UTF8CHAR *field, size_t size, const char *text)
{
	const size_t len = smartcard_cut(text, size);

	for (size_t i = 0; i < size; i++)
		field[i] = i < len ? (CK_UTF8CHAR)text[i] : ' ';
}

CK_RV
module_info(CK_INFO *info, CK_VERSION version)
{
	char *end;

	if (info == NULL)
		return CKR_ARGUMENTS_BAD;
	memset(info, 0, sizeof(*info));
	info->cryptokiVersion = version;
	module_text(info->manufacturerID, sizeof(info->manufacturerID), MANUFACTURER);
	module_text(info->libraryDescription, sizeof(info->libraryDescription),
		    "Vicar smart cards");
	info->libraryVersion.major = (CK_BYTE)strtoul(VICAR_VERSION, &end, 10);
	if (*end == '.')
		info->libraryVersion.minor = (CK_BYTE)strtoul(end + 1, NULL, 10);
	return CKR_OK;
}
