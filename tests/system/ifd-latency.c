/*
 * How long a client waits: ifd-latency DIRECTORY READER. From a card's bind() to the return of the
 * client's SCardGetStatusChange, the same for its removal, and one SCardTransmit. Medians, in
 * microseconds, one "NAME NUMBER" a line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <winscard.h>

#include "tests/ifd/fake-card.h"

enum { MOVES = 51, EXCHANGES = 2001, PATIENCE_MS = 5000, SETTLE_NS = 20000000 };

static double
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
print_median(const char *name, double *samples, size_t count)
{
	qsort(samples, count, sizeof *samples, compare);
	printf("%s %.0f\n", name, samples[count / 2]);
	printf("%s-longest %.0f\n", name, samples[count - 1]);
}

static void
must(LONG r, const char *what)
{
	if (r != SCARD_S_SUCCESS) {
		fprintf(stderr, "ifd-latency: %s: %s\n", what, pcsc_stringify_error(r));
		exit(1);
	}
}

static void
wait_until(SCARDCONTEXT context, SCARD_READERSTATE *reader, DWORD flag)
{
	while ((reader->dwEventState & flag) == 0) {
		must(SCardGetStatusChange(context, PATIENCE_MS, reader, 1), "SCardGetStatusChange");
		reader->dwCurrentState = reader->dwEventState;
	}
}

static void
measure_moves(SCARDCONTEXT context, SCARD_READERSTATE *reader, const char *directory)
{
	double in[MOVES], out[MOVES];

	for (size_t i = 0; i < MOVES; i++) {
		struct fake_card card;
		double start;

		wait_until(context, reader, SCARD_STATE_EMPTY);
		nanosleep(&(struct timespec){0, SETTLE_NS}, NULL);
		start = now_us();
		if (fake_card_start(&card, directory, "latency", FAKE_GOOD) != 0)
			exit(1);
		wait_until(context, reader, SCARD_STATE_PRESENT);
		in[i] = now_us() - start;
		nanosleep(&(struct timespec){0, SETTLE_NS}, NULL);
		start = now_us();
		fake_card_stop(&card);
		wait_until(context, reader, SCARD_STATE_EMPTY);
		out[i] = now_us() - start;
	}
	print_median("insertion", in, MOVES);
	print_median("removal", out, MOVES);
}

static void
measure_exchanges(SCARDCONTEXT context, SCARD_READERSTATE *reader, const char *directory)
{
	static const BYTE select[] = {0x00, 0xA4, 0x00, 0x00};
	double took[EXCHANGES];
	struct fake_card card;
	SCARDHANDLE handle;
	DWORD protocol;

	if (fake_card_start(&card, directory, "latency", FAKE_GOOD) != 0)
		exit(1);
	wait_until(context, reader, SCARD_STATE_PRESENT);
	must(SCardConnect(context, reader->szReader, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T1, &handle,
			  &protocol),
	     "SCardConnect");
	for (size_t i = 0; i < EXCHANGES; i++) {
		BYTE answer[16];
		DWORD length = sizeof answer;
		double start = now_us();

		must(SCardTransmit(handle, SCARD_PCI_T1, select, sizeof select, NULL, answer,
				   &length),
		     "SCardTransmit");
		took[i] = now_us() - start;
	}
	must(SCardDisconnect(handle, SCARD_LEAVE_CARD), "SCardDisconnect");
	fake_card_stop(&card);
	print_median("exchange", took, EXCHANGES);
}

int
main(int argc, char **argv)
{
	SCARD_READERSTATE reader = {0};
	SCARDCONTEXT context;

	if (argc != 3) {
		fprintf(stderr, "usage: ifd-latency DIRECTORY READER\n");
		return 2;
	}
	reader.szReader = argv[2];
	must(SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context),
	     "SCardEstablishContext");
	measure_moves(context, &reader, argv[1]);
	measure_exchanges(context, &reader, argv[1]);
	must(SCardReleaseContext(context), "SCardReleaseContext");
	return 0;
}
