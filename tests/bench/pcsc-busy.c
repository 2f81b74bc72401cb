/*
 * Many cards at once: pcsc-busy MILLISECONDS APDU LENGTH READER... has a thread with a context of its own for
 * each reader, and all of them ask as fast as they are answered, with LENGTH bytes and 9000. A line
 * with the number of answers for each reader.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <winscard.h>

#include "iso7816/bytes.h"

enum { READERS_MAX = 16, APDU_MAX = 64, ANSWER_MAX = 1024 };

static uint8_t apdu[APDU_MAX];
static size_t apdu_len, answer_len;
static pthread_barrier_t ready;
static atomic_bool over;

struct client {
	const char *reader;
	unsigned long answers;
	pthread_t thread;
};

static void
must(LONG r, const char *what, const char *reader)
{
	if (r != SCARD_S_SUCCESS) {
		fprintf(stderr, "pcsc-busy: %s: %s: %s\n", reader, what, pcsc_stringify_error(r));
		exit(1);
	}
}

static void *
keep_asking(void *argument)
{
	struct client *client = argument;
	SCARDCONTEXT context;
	SCARDHANDLE handle;
	DWORD protocol;

	must(SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context),
	     "SCardEstablishContext", client->reader);
	must(SCardConnect(context, client->reader, SCARD_SHARE_SHARED,
			  SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &handle, &protocol),
	     "SCardConnect", client->reader);
	pthread_barrier_wait(&ready);
	while (!atomic_load_explicit(&over, memory_order_relaxed)) {
		uint8_t answer[ANSWER_MAX];
		DWORD length = sizeof answer;

		must(SCardTransmit(handle,
				   protocol == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 : SCARD_PCI_T1,
				   apdu, apdu_len, NULL, answer, &length),
		     "SCardTransmit", client->reader);
		if (length != answer_len + 2 || answer[length - 2] != 0x90 ||
		    answer[length - 1] != 0x00) {
			fprintf(stderr, "pcsc-busy: %s: a wrong answer\n", client->reader);
			exit(1);
		}
		client->answers++;
	}
	must(SCardDisconnect(handle, SCARD_LEAVE_CARD), "SCardDisconnect", client->reader);
	must(SCardReleaseContext(context), "SCardReleaseContext", client->reader);
	return NULL;
}

int
main(int argc, char **argv)
{
	struct client clients[READERS_MAX];
	const size_t readers = argc > 4 ? (size_t)argc - 4 : 0;
	long ms;

	if (readers == 0 || readers > READERS_MAX ||
	    !bytes_from_hex(argv[2], apdu, sizeof apdu, &apdu_len)) {
		fprintf(stderr, "usage: pcsc-busy MILLISECONDS APDU LENGTH READER...\n");
		return 2;
	}
	ms = strtol(argv[1], NULL, 10);
	answer_len = strtoul(argv[3], NULL, 10);
	pthread_barrier_init(&ready, NULL, (unsigned)readers + 1);
	for (size_t i = 0; i < readers; i++) {
		clients[i] = (struct client){.reader = argv[4 + i]};
		if (pthread_create(&clients[i].thread, NULL, keep_asking, &clients[i]) != 0)
			return 1;
	}
	pthread_barrier_wait(&ready);
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
	atomic_store(&over, true);
	for (size_t i = 0; i < readers; i++) {
		pthread_join(clients[i].thread, NULL);
		printf("%lu\n", clients[i].answers);
	}
	return 0;
}
