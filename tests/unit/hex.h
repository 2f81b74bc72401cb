/*
 * Bytes of tests, written as hexadecimal text. To be included after cmocka.h.
 */
#ifndef VICAR_TESTS_UNIT_HEX_H
#define VICAR_TESTS_UNIT_HEX_H

#include "iso7816/bytes.h"

#include <string.h>

enum { HEX_ROOM = 1024 };

struct hex {
	uint8_t data[HEX_ROOM];
	size_t len;
};

static inline struct hex
hex(const char *text)
{
	struct hex bytes;

	assert_true(bytes_from_hex(text, bytes.data, sizeof(bytes.data), &bytes.len));
	return bytes;
}

#define HEX(variable) ((struct bytes){(variable).data, (variable).len})

/* Compared as text, so that a failure shows the bytes. */
static inline void
assert_bytes_hex(struct bytes bytes, const char *expected)
{
	struct hex wanted = hex(expected);
	char is[2 * HEX_ROOM + 1], should[2 * HEX_ROOM + 1];

	assert_true(bytes.len <= HEX_ROOM);
	bytes_to_hex(bytes, is);
	bytes_to_hex(HEX(wanted), should);
	assert_string_equal(is, should);
}

#endif
