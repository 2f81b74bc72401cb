/*
 * What the tests of PKCS #15 share: objects are compared with bytes of the fact sheets. Encode gives
 * exactly the bytes, decode gives the values back.
 */
#ifndef VICAR_TESTS_UNIT_TEST_PKCS15_H
#define VICAR_TESTS_UNIT_TEST_PKCS15_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"
#include "iso7816/pkcs15.h"

#define ID(...)                                                                \
	{                                                                      \
		.data = {__VA_ARGS__}, .len = sizeof((uint8_t[]){__VA_ARGS__}) \
	}
#define FILE_PATH(...)                                           \
	{                                                        \
		.kind = PKCS15_PATH_FILE, .file = {__VA_ARGS__}, \
		.file_len = sizeof((uint8_t[]){__VA_ARGS__})     \
	}
#define EMPTY_PATH                       \
	{                                \
		.kind = PKCS15_PATH_FILE \
	}

enum {
	PRIVATE = PKCS15_OBJECT_PRIVATE,
	PRIVATE_MODIFIABLE = PKCS15_OBJECT_PRIVATE | PKCS15_OBJECT_MODIFIABLE,
};

static inline struct reader
reader_over(const struct hex *bytes)
{
	return reader_of(HEX(*bytes));
}

static inline void
assert_path(const struct pkcs15_path *got, const struct pkcs15_path *want)
{
	assert_int_equal(got->kind, want->kind);
	assert_int_equal(got->file_len, want->file_len);
	assert_memory_equal(got->file, want->file, want->file_len);
	assert_int_equal(got->has_range, want->has_range);
	assert_int_equal(got->index, want->index);
	assert_int_equal(got->length, want->length);
}

static inline void
assert_id(const struct pkcs15_id *got, const struct pkcs15_id *want)
{
	assert_int_equal(got->len, want->len);
	assert_memory_equal(got->data, want->data, want->len);
}

static inline void
assert_common(const struct pkcs15_common *got, const struct pkcs15_common *want)
{
	assert_string_equal(got->label, want->label);
	assert_int_equal(got->flags, want->flags);
	assert_id(&got->auth_id, &want->auth_id);
	assert_int_equal(got->user_consent, want->user_consent);
	assert_int_equal(got->rules_count, want->rules_count);
	for (size_t i = 0; i < want->rules_count; i++) {
		assert_int_equal(got->rules[i].access, want->rules[i].access);
		assert_id(&got->rules[i].auth_id, &want->rules[i].auth_id);
	}
}

static inline void
decode_everything(struct bytes bytes)
{
	struct pkcs15_application application;
	struct pkcs15_directory directory;
	struct pkcs15_token_info info;
	struct pkcs15_pin pin;
	struct pkcs15_key key;
	struct pkcs15_certificate certificate;
	struct pkcs15_data data;
	struct reader reader;

	for (reader = reader_of(bytes); pkcs15_decode_application(&reader, &application);)
		continue;
	for (reader = reader_of(bytes); pkcs15_decode_directory(&reader, &directory);)
		continue;
	for (reader = reader_of(bytes); pkcs15_decode_pin(&reader, &pin);)
		continue;
	for (reader = reader_of(bytes); pkcs15_decode_key(&reader, &key);)
		continue;
	for (reader = reader_of(bytes); pkcs15_decode_certificate(&reader, &certificate);)
		continue;
	for (reader = reader_of(bytes); pkcs15_decode_data(&reader, &data);)
		continue;
	(void)!pkcs15_decode_token_info(bytes, &info);
}

/* Under the sanitizers this is the proof that no byte of a card makes a decoder read too far: every
 * truncation of the file and every changed bit of its last byte, by every decoder. */
static inline void
assert_survived(const char *text)
{
	struct hex file = hex(text);

	for (size_t len = 0; len <= file.len; len++) {
		uint8_t *exact = malloc(len + 1); /* so that an overrun is seen */

		assert_non_null(exact);
		memcpy(exact, file.data, len);
		decode_everything((struct bytes){exact, len});
		for (int bit = 0; len > 0 && bit < 8; bit++) {
			exact[len - 1] ^= (uint8_t)(1 << bit);
			decode_everything((struct bytes){exact, len});
			exact[len - 1] ^= (uint8_t)(1 << bit);
		}
		free(exact);
	}
	assert_int_equal(ERR_peek_error(), 0);
}

#endif
