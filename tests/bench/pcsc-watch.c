/*
 * A client that waits for cards: pcsc-watch READER APDU. It says, each with the time of CLOCK_MONOTONIC in
 * nanoseconds, "present" and "empty" when SCardGetStatusChange told so, and "answered" when the card that
 * has come answered APDU with 9000.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <winscard.h>

#include "iso7816/bytes.h"

enum { APDU_MAX = 64, ANSWER_MAX = 65538 };

static void
say(const char *what)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	printf("%s %" PRId64 "\n", what, (int64_t)now.tv_sec * 1000000000 + now.tv_nsec);
	fflush(stdout);
}

static void
must(LONG r, const char *what)
{
	if (r != SCARD_S_SUCCESS) {
		fprintf(stderr, "pcsc-watch: %s: %s\n", what, pcsc_stringify_error(r));
		exit(1);
	}
}

static void
wait_until(SCARDCONTEXT context, SCARD_READERSTATE *reader, DWORD flag)
{
	while ((reader->dwEventState & flag) == 0) {
		must(SCardGetStatusChange(context, INFINITE, reader, 1), "SCardGetStatusChange");
		reader->dwCurrentState = reader->dwEventState;
	}
}

static void
ask(SCARDCONTEXT context, const char *reader, const uint8_t *apdu, size_t apdu_len)
{
	uint8_t answer[ANSWER_MAX];
	DWORD length = sizeof answer, protocol;
	SCARDHANDLE handle;

	must(SCardConnect(context, reader, SCARD_SHARE_SHARED,
			  SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &handle, &protocol),
	     "SCardConnect");
	must(SCardTransmit(handle, protocol == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 : SCARD_PCI_T1,
			   apdu, apdu_len, NULL, answer, &length),
	     "SCardTransmit");
	if (length < 2 || answer[length - 2] != 0x90 || answer[length - 1] != 0x00) {
		fprintf(stderr, "pcsc-watch: the answer is not 9000\n");
		exit(1);
	}
	say("answered");
	must(SCardDisconnect(handle, SCARD_LEAVE_CARD), "SCardDisconnect");
}

int
main(int argc, char **argv)
{
	SCARD_READERSTATE reader = {0};
	SCARDCONTEXT context;
	uint8_t apdu[APDU_MAX];
	size_t apdu_len;

	if (argc != 3 || !bytes_from_hex(argv[2], apdu, sizeof apdu, &apdu_len)) {
		fprintf(stderr, "usage: pcsc-watch READER APDU\n");
		return 2;
	}
	reader.szReader = argv[1];
	must(SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context),
	     "SCardEstablishContext");
	for (;;) {
		wait_until(context, &reader, SCARD_STATE_EMPTY);
		say("empty");
		wait_until(context, &reader, SCARD_STATE_PRESENT);
		say("present");
		ask(context, argv[1], apdu, apdu_len);
	}
}
