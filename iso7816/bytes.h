/*
 * Bounded reading and writing of bytes.
 *
 * Every parser of foreign bytes in Vicar goes through struct reader; every builder of bytes goes
 * through struct writer. Neither allocates; both are plain values that may be copied.
 * Lengths are in bytes.
 */
#ifndef VICAR_ISO7816_BYTES_H
#define VICAR_ISO7816_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_USE __attribute__((warn_unused_result))

/* Borrowed bytes: the owner of `data` outlives the view. An empty view may have data == NULL. */
struct bytes {
	const uint8_t *data;
	size_t len;
};

/* The bytes of an array, of a string literal without its NUL. */
#define BYTES(array) ((struct bytes){(array), sizeof(array)})
#define BYTES_TEXT(literal) ((struct bytes){(const uint8_t *)(literal), sizeof(literal) - 1})
#define BYTES_NONE ((struct bytes){NULL, 0})

bool bytes_equal(struct bytes a, struct bytes b);

/* A reader takes bytes from the front of what is left. Each function fails, taking nothing, when
 * fewer bytes are left than asked for. */
struct reader {
	const uint8_t *at;
	size_t left;
};

struct reader reader_of(struct bytes bytes);
bool reader_u8(struct reader *reader, uint8_t *value) MUST_USE;
bool reader_u16(struct reader *reader, uint16_t *value) MUST_USE; /* big endian */
bool reader_u32(struct reader *reader, uint32_t *value) MUST_USE; /* big endian */
bool reader_take(struct reader *reader, size_t len, struct bytes *taken) MUST_USE;
bool reader_peek(const struct reader *reader, uint8_t *value) MUST_USE;
struct bytes reader_rest(const struct reader *reader); /* all that is left, without taking it */

/* A writer appends to the caller's buffer. The first byte that does not fit sets `overflow`, which
 * stays set; nothing more is written then, so it is enough to ask writer_ok() once at the end. */
struct writer {
	uint8_t *data;
	size_t room;
	size_t len;
	bool overflow;
};

struct writer writer_to(uint8_t *data, size_t room);
void writer_u8(struct writer *writer, uint8_t value);
void writer_u16(struct writer *writer, uint16_t value); /* big endian */
void writer_u32(struct writer *writer, uint32_t value); /* big endian */
void writer_put(struct writer *writer, struct bytes bytes);
void writer_fill(struct writer *writer, uint8_t value, size_t count);
bool writer_ok(const struct writer *writer) MUST_USE;
struct bytes writer_bytes(const struct writer *writer); /* what was written; empty on overflow */

/* Hexadecimal text: upper case out, either case and spaces between bytes in. `text` has room for
 * 2 * len + 1 characters. bytes_from_hex fails on an odd digit, a foreign character, or no room. */
void bytes_to_hex(struct bytes bytes, char *text);
bool bytes_from_hex(const char *text, uint8_t *data, size_t room, size_t *len) MUST_USE;

#endif
