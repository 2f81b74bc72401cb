#include "pcsc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winscard.h>

#define PCSCD_SOCKET "/run/pcscd/pcscd.comm"

static bool
pcsc_failure(LONG rv, struct problem *error)
{
	const char *reason;

	if (rv == SCARD_W_SECURITY_VIOLATION)
		return problem(
		    error,
		    "pcscd refuses this user (polkit); log in at the desktop itself, or add a "
		    "polkit rule for org.debian.pcsc-lite.access_pcsc");
	/* "Service not available." */
	reason = pcsc_stringify_error(rv);
	return problem(
	    error,
	    "pcscd cannot be reached: %.*s; type: systemctl start pcscd.socket, and if it does "
	    "not start: systemctl status pcscd",
	    (int)strcspn(reason, "."), reason);
}

const char *
pcsc_socket(void)
{
	const char *path = getenv("PCSCLITE_CSOCK_NAME");

	return path == NULL || *path == '\0' ? PCSCD_SOCKET : path;
}

/* The names come as one text with a NUL after each and one more at its end. */
static size_t
take_names(const char *names, DWORD len, SCARD_READERSTATE *states, struct pcsc_reader *readers)
{
	size_t count = 0;

	for (DWORD at = 0; at < len && names[at] != '\0' && count < PCSC_READERS_MAX;
	     at += (DWORD)strlen(names + at) + 1) {
		snprintf(readers[count].name, sizeof(readers[count].name), "%s", names + at);
		states[count] = (SCARD_READERSTATE){.szReader = readers[count].name};
		count++;
	}
	return count;
}

bool
pcsc_readers(struct pcsc_reader readers[PCSC_READERS_MAX], size_t *count, struct problem *error)
{
	SCARD_READERSTATE states[PCSC_READERS_MAX];
	SCARDCONTEXT context;
	LPSTR names = NULL;
	DWORD len = SCARD_AUTOALLOCATE;
	LONG rv = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context);
	bool ok = false;

	*count = 0;
	if (rv != SCARD_S_SUCCESS)
		return pcsc_failure(rv, error);
	rv = SCardListReaders(context, NULL, (LPSTR)&names, &len);
	if (rv == SCARD_E_NO_READERS_AVAILABLE) {
		ok = true;
		goto out;
	}
	if (rv == SCARD_S_SUCCESS) {
		*count = take_names(names, len, states, readers);
		rv = SCardGetStatusChange(context, 0, states, (DWORD)*count);
	}
	if (rv != SCARD_S_SUCCESS && rv != SCARD_E_TIMEOUT) {
		pcsc_failure(rv, error);
		goto out;
	}
	for (size_t i = 0; i < *count; i++) {
		readers[i].card = (states[i].dwEventState & SCARD_STATE_PRESENT) != 0;
		readers[i].driverless =
		    (states[i].dwEventState & (SCARD_STATE_PRESENT | SCARD_STATE_EMPTY)) == 0;
		readers[i].exclusive = (states[i].dwEventState & SCARD_STATE_EXCLUSIVE) != 0;
		readers[i].atr_len = states[i].cbAtr < ATR_LEN_MAX ? states[i].cbAtr : ATR_LEN_MAX;
		memcpy(readers[i].atr, states[i].rgbAtr, readers[i].atr_len);
	}
	ok = true;
out:
	if (names != NULL)
		SCardFreeMemory(context, names);
	SCardReleaseContext(context);
	return ok;
}
