/*
 * The lines of the journal, tools/journal_line.h.
 */
#include "tools/journal_line.h"

#include "iso7816/digestinfo.h"

#include <ctype.h>
#include <openssl/sha.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TIME_LEN = 21, HASH_SHOWN = 4 };

void
journal_put(struct journal_line *line, const char *format, ...)
{
	size_t room = sizeof(line->text) - 1 - line->len; /* one for the newline */
	va_list list;
	int len;

	va_start(list, format);
	len = vsnprintf(line->text + line->len, room, format, list);
	va_end(list);
	if (len > 0)
		line->len += (size_t)len < room ? (size_t)len : room - 1;
}

struct journal_line
journal_line(time_t now, const char *kind)
{
	struct journal_line line = {.len = 0};
	char stamp[TIME_LEN] = "";
	struct tm tm;

	if (gmtime_r(&now, &tm) != NULL)
		(void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &tm);
	journal_put(&line, "%s %s", stamp, kind);
	return line;
}

void
journal_put_quoted(struct journal_line *line, const char *name, struct bytes text)
{
	if (text.len == 0)
		return;
	journal_put(line, " %s=\"", name);
	for (size_t i = 0; i < text.len && i < JOURNAL_TEXT_MAX - 1; i++) {
		uint8_t c = text.data[i];

		journal_put(line, "%c", c < 0x20 || c == 0x7F || c == '"' ? '?' : c);
	}
	journal_put(line, "\"");
}

static bool
is_hash(enum key_operation operation, struct bytes input)
{
	return (operation == KEY_SIGN_PSS || operation == KEY_SIGN_ECDSA) &&
	       input.len >= HASH_SHOWN;
}

void
journal_name_input(enum key_operation operation, struct bytes input, char hash[JOURNAL_HASH_SIZE])
{
	static const char prefix[] = "sha256:";
	uint8_t own[SHA256_DIGEST_LENGTH];
	enum digest digest;
	struct bytes value;

	if (is_hash(operation, input)) {
		bytes_to_hex((struct bytes){input.data, HASH_SHOWN}, hash);
	} else if (digestinfo_parse(input, &digest, &value)) {
		bytes_to_hex((struct bytes){value.data, HASH_SHOWN}, hash);
	} else {
		SHA256(input.data, input.len, own);
		memcpy(hash, prefix, sizeof(prefix));
		bytes_to_hex((struct bytes){own, HASH_SHOWN}, hash + sizeof(prefix) - 1);
	}
	for (char *c = hash; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
}

void
journal_put_use(const char *card, struct journal_line *line, const struct journal_use *use)
{
	static const char *const operations[] = {
	    [KEY_SIGN_PKCS1] = "sign-pkcs1",
	    [KEY_SIGN_RAW] = "sign-raw",
	    [KEY_SIGN_PSS] = "sign-pss",
	    [KEY_SIGN_ECDSA] = "sign-ecdsa",
	    [KEY_DECIPHER_PKCS1] = "decipher-pkcs1",
	    [KEY_DECIPHER_RAW] = "decipher-raw",
	    [KEY_DECIPHER_OAEP] = "decipher-oaep",
	    [KEY_DERIVE_ECDH] = "derive-ecdh",
	    [KEY_PIN_VERIFY] = "pin-verify",
	    [KEY_PIN_CHANGE] = "pin-change",
	    [KEY_PIN_UNBLOCK] = "pin-unblock",
	    [KEY_PUK_VERIFY] = "puk-verify",
	};
	char hash[JOURNAL_HASH_SIZE];

	journal_put(line, " key=%s operation=%s", use->key, operations[use->operation]);
	if (use->items_count == 0 && use->input.len > 0) {
		journal_name_input(use->operation, use->input, hash);
		journal_put(line, " hash=%s", hash);
	} else if (use->items_count > 0) {
		journal_put(line, " documents=%zu", use->items_count);
	}
	if (card[0] != '\0')
		journal_put(line, " card=%s", card);
	if (use->service != NULL)
		journal_put(line, " service=%s", use->service);
	journal_put_quoted(line, "program", use->program);
	if (use->items_count == 0)
		journal_put_quoted(line, "document", use->document);
}
