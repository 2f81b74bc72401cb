/*
 * What the null card and the null handler answer: a text "A4=24:84=8" says that INS A4 gets 24 bytes and
 * 9000, INS 84 eight bytes and 9000. Any other command gets 6D00.
 */
#ifndef VICAR_TESTS_BENCH_ANSWERS_H
#define VICAR_TESTS_BENCH_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 65538, ATR_LEN = 6 };

/* T=1, one historical byte. */
static const uint8_t ANSWERS_ATR[ATR_LEN] = {0x3B, 0x81, 0x81, 0x01, 0x42, 0x43};

struct answers {
	size_t length[256]; /* by INS, with the status word; 0 for a command that is not known */
};

static inline bool
answers_parse(const char *text, struct answers *answers)
{
	*answers = (struct answers){{0}};
	while (*text != '\0') {
		char *end;
		unsigned long ins = strtoul(text, &end, 16), length;

		if (*end != '=' || ins > 0xFF)
			return false;
		length = strtoul(end + 1, &end, 10);
		if (length + 2 > ANSWER_MAX || (*end != ':' && *end != '\0'))
			return false;
		answers->length[ins] = length + 2;
		text = *end == ':' ? end + 1 : end;
	}
	return true;
}

/* Writes the answer to `capdu`, and says its length. */
static inline size_t
answers_give(const struct answers *answers, const uint8_t *capdu, size_t capdu_len, uint8_t *rapdu)
{
	size_t length = capdu_len >= 4 ? answers->length[capdu[1]] : 0;

	if (length == 0) {
		memcpy(rapdu, "\x6D\x00", 2);
		return 2;
	}
	memset(rapdu, 0xA5, length - 2);
	memcpy(rapdu + length - 2, "\x90\x00", 2);
	return length;
}

#endif
