/*
 * What the harnesses share. Each is a file fuzz-NAME.c with the entry point of libFuzzer, which AFL++
 * knows too: any bytes in, nothing out, no memory kept. Crashes, leaks and undefined behaviour are the
 * sanitizers' to see; what else must hold is said by fuzz_must().
 *
 * Seeds come from tests/fuzz/seeds, which makes them of replay files and fixtures; NAME.dict are words
 * of the format.
 */
#ifndef VICAR_TESTS_FUZZ_FUZZ_H
#define VICAR_TESTS_FUZZ_FUZZ_H

#include "iso7816/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define fuzz_must(what)                                                                    \
	do {                                                                               \
		if (!(what)) {                                                             \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what); \
			abort();                                                           \
		}                                                                          \
	} while (0)

/* The input as a row of messages, each behind its length in two bytes; the last is what is left. */
static inline bool
fuzz_message(struct reader *input, struct bytes *message)
{
	uint16_t len;

	if (input->left == 0)
		return false;
	if (!reader_u16(input, &len) || len > input->left)
		len = (uint16_t)(input->left > UINT16_MAX ? UINT16_MAX : input->left);
	return reader_take(input, len, message);
}

/* Something honest, spoilt in one place: of `lie` the first two bytes are where, the third how many bytes are
 * cut out there, and the rest is put in. Honest when it is shorter. */
static inline void
fuzz_spoil(struct bytes honest, struct bytes lie, struct writer *spoilt)
{
	struct reader reader = reader_of(lie);
	uint16_t at;
	uint8_t cut;

	if (!reader_u16(&reader, &at) || !reader_u8(&reader, &cut)) {
		writer_put(spoilt, honest);
		return;
	}
	if (at > honest.len)
		at = (uint16_t)honest.len;
	if (cut > honest.len - at)
		cut = (uint8_t)(honest.len - at);
	writer_put(spoilt, (struct bytes){honest.data, at});
	writer_put(spoilt, reader_rest(&reader));
	writer_put(spoilt, (struct bytes){honest.data + at + cut, honest.len - at - cut});
}

/* A file that is nowhere on disk, for what reads a path: "/proc/self/fd/N" goes to `path`. Closed by
 * the caller. */
static inline int
fuzz_file(const uint8_t *data, size_t size, char path[64])
{
	const int fd = memfd_create("fuzz", MFD_CLOEXEC);

	fuzz_must(fd >= 0 && write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

#endif
