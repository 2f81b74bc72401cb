/*
 * How long SCardTransmit takes: pcsc-times BLOCKS COUNT APDU LENGTH READER...
 *
 * For each block and each reader in turn: exchanges that warm up, then COUNT that are timed. Each must
 * be answered with LENGTH bytes and 9000. A line "NUMBER NS NS NS ..." for each block and reader.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <winscard.h>

#include "iso7816/bytes.h"

enum { READERS_MAX = 8, WARM_UP = 20, APDU_MAX = 64, ANSWER_MAX = 65538 };

struct card {
	const char *reader;
	SCARDHANDLE handle;
	const SCARD_IO_REQUEST *pci;
};

struct command {
	uint8_t apdu[APDU_MAX];
	size_t apdu_len;
	size_t answer_len;
};

static void
must(LONG r, const char *what, const char *reader)
{
	if (r != SCARD_S_SUCCESS) {
		fprintf(stderr, "pcsc-times: %s: %s: %s\n", reader, what, pcsc_stringify_error(r));
		exit(1);
	}
}

static int64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t
exchange(const struct card *card, const struct command *command)
{
	static uint8_t answer[ANSWER_MAX];
	DWORD length = sizeof answer;
	int64_t start = now_ns(), end;
	LONG r = SCardTransmit(card->handle, card->pci, command->apdu, command->apdu_len, NULL,
			       answer, &length);

	end = now_ns();
	must(r, "SCardTransmit", card->reader);
	if (length != command->answer_len + 2 || answer[length - 2] != 0x90 ||
	    answer[length - 1] != 0) {
		fprintf(stderr, "pcsc-times: %s: answers %lu bytes, the last two %02X%02X\n",
			card->reader, (unsigned long)length, answer[length - 2],
			answer[length - 1]);
		exit(1);
	}
	return end - start;
}

static void
measure(size_t number, const struct card *card, const struct command *command, size_t count)
{
	int64_t *took = calloc(count, sizeof *took);

	if (took == NULL)
		exit(1);
	for (size_t i = 0; i < WARM_UP && i < count; i++)
		(void)exchange(card, command);
	for (size_t i = 0; i < count; i++)
		took[i] = exchange(card, command);
	printf("%zu", number);
	for (size_t i = 0; i < count; i++)
		printf(" %lld", (long long)took[i]);
	putchar('\n');
	free(took);
}

int
main(int argc, char **argv)
{
	struct card cards[READERS_MAX];
	const size_t readers = argc > 5 ? (size_t)argc - 5 : 0;
	struct command command;
	SCARDCONTEXT context;
	size_t blocks, count;

	if (readers == 0 || readers > READERS_MAX ||
	    !bytes_from_hex(argv[3], command.apdu, sizeof command.apdu, &command.apdu_len)) {
		fprintf(stderr, "usage: pcsc-times BLOCKS COUNT APDU LENGTH READER...\n");
		return 2;
	}
	blocks = strtoul(argv[1], NULL, 10);
	count = strtoul(argv[2], NULL, 10);
	command.answer_len = strtoul(argv[4], NULL, 10);
	must(SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context),
	     "SCardEstablishContext", "pcscd");
	for (size_t i = 0; i < readers; i++) {
		DWORD protocol;

		cards[i].reader = argv[5 + i];
		must(SCardConnect(context, cards[i].reader, SCARD_SHARE_SHARED,
				  SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &cards[i].handle,
				  &protocol),
		     "SCardConnect", cards[i].reader);
		cards[i].pci = protocol == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 : SCARD_PCI_T1;
	}
	for (size_t block = 0; block < blocks; block++) {
		for (size_t i = 0; i < readers; i++)
			measure(i, &cards[i], &command, count);
	}
	must(SCardReleaseContext(context), "SCardReleaseContext", "pcscd");
	return 0;
}
