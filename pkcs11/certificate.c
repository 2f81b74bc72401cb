/*
 * Certificates, X.509 of RFC 5280 section 4.1, read as far as it takes.
 */
#include "card_driver.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum {
	TAG_SEQUENCE = 0x30,
	TAG_INTEGER = 0x02,
	TAG_VERSION = 0xA0,
	HEADER_MAX = 4, /* tag and length of what a file holds */
};

/* Takes elements from the front of a certificate that may not be there to its end. */
struct parser {
	struct bytes have;
	size_t at;
	size_t need; /* of the certificate for the next step; 0: that is no certificate */
};

static struct bytes
rest(const struct parser *parser)
{
	if (parser->at >= parser->have.len)
		return BYTES_NONE;
	return (struct bytes){parser->have.data + parser->at, parser->have.len - parser->at};
}

/* False: not there yet, or malformed. */
static bool
see(struct parser *parser, uint8_t tag, size_t *size)
{
	const struct bytes head = rest(parser);

	parser->need = parser->at + HEADER_MAX;
	if (head.len == 0)
		return false;
	if (head.data[0] == tag && object_size(head, size))
		return true;
	if (head.data[0] != tag || head.len >= HEADER_MAX)
		parser->need = 0;
	return false;
}

static bool
take(struct parser *parser, uint8_t tag, struct bytes *element)
{
	size_t size;

	if (!see(parser, tag, &size))
		return false;
	parser->need = parser->at + size;
	if (size > parser->have.len - parser->at)
		return false;
	*element = (struct bytes){parser->have.data + parser->at, size};
	parser->at += size;
	return true;
}

/* Goes into a SEQUENCE. */
static bool
step_in(struct parser *parser)
{
	const struct bytes head = rest(parser);
	size_t size;

	if (!see(parser, TAG_SEQUENCE, &size) || head.len < 2)
		return false;
	parser->at += 2;
	if (head.data[1] > 0x80)
		parser->at += head.data[1] & 0x7F;
	return parser->at <= parser->have.len;
}

static bool
take_times(struct bytes validity, struct smartcard_certificate *certificate)
{
	struct parser parser = {.have = validity};

	return step_in(&parser) && parser.at < validity.len &&
	       take(&parser, validity.data[parser.at], &certificate->not_before) &&
	       parser.at < validity.len &&
	       take(&parser, validity.data[parser.at], &certificate->not_after);
}

/* False: `*need` bytes of the certificate are wanted, or 0. */
static bool
parse(struct smartcard_certificate *certificate, bool with_key, size_t *need)
{
	struct parser parser = {.have = {certificate->der, certificate->der_len}};
	struct bytes version, algorithm, validity;
	bool ok = step_in(&parser) && step_in(&parser);

	/* Version 1 is not written. */
	if (ok && parser.at < parser.have.len && parser.have.data[parser.at] == TAG_VERSION)
		ok = take(&parser, TAG_VERSION, &version);
	ok = ok && take(&parser, TAG_INTEGER, &certificate->serial) &&
	     take(&parser, TAG_SEQUENCE, &algorithm) &&
	     take(&parser, TAG_SEQUENCE, &certificate->issuer) &&
	     take(&parser, TAG_SEQUENCE, &validity) &&
	     take(&parser, TAG_SEQUENCE, &certificate->subject) &&
	     (!with_key || take(&parser, TAG_SEQUENCE, &certificate->public_key));
	*need = parser.need;
	if (!ok)
		return false;
	*need = 0;
	return take_times(validity, certificate);
}

static void
forget(struct smartcard_certificate *certificate)
{
	free(certificate->der);
	EVP_PKEY_free(certificate->key);
	*certificate = (struct smartcard_certificate){.object = certificate->object,
						      .trusted = certificate->trusted};
}

static enum smartcard_result
keep(struct smartcard_certificate *certificate, const struct object_part *part)
{
	uint8_t *der = realloc(certificate->der, part->whole > 0 ? part->whole : 1);

	if (der == NULL)
		return SMARTCARD_NO_MEMORY;
	if (part->len > 0)
		memcpy(der, part->content, part->len);
	EVP_PKEY_free(certificate->key);
	certificate->key = NULL;
	certificate->der = der;
	certificate->der_len = part->len;
	certificate->whole_len = part->whole;
	certificate->file_size = part->file_size;
	certificate->from_cache = part->cached;
	return SMARTCARD_OK;
}

/* What the cache has of it: its beginning or the whole. */
static bool
take_cached(struct smartcard *card, const struct smartcard_certificate *certificate,
	    struct object_part *part)
{
	return part->len == 0 && content_cached(card, &certificate->object.path, part) &&
	       object_size((struct bytes){part->content, part->len}, &part->whole) &&
	       part->len <= part->whole && (part->file_size == 0 || part->whole <= part->file_size);
}

/* Reads on until `end`. */
static enum smartcard_result
read_to(struct smartcard *card, struct smartcard_certificate *certificate, size_t end)
{
	const struct pkcs15_path *path = &certificate->object.path;
	struct object_part part = {.content = malloc(SMARTCARD_FILE_MAX),
				   .len = certificate->der_len,
				   .whole = certificate->whole_len,
				   .file_size = certificate->file_size,
				   .cached = certificate->from_cache};
	const struct object_part before = part;
	enum smartcard_result r = SMARTCARD_OK;

	if (part.content == NULL)
		return SMARTCARD_NO_MEMORY;
	if (part.len > 0)
		memcpy(part.content, certificate->der, part.len);
	if (!take_cached(card, certificate, &part)) {
		part = before;
		r = content_read_object(card, path, end, &part);
		if (r == SMARTCARD_OK && part.len > 0)
			content_to_cache(card, path, (struct bytes){part.content, part.len},
					 part.file_size);
	}
	if (r == SMARTCARD_OK)
		r = keep(certificate, &part);
	free(part.content);
	return r;
}

static enum smartcard_result
read_fields(struct smartcard *card, struct smartcard_certificate *certificate, bool with_key)
{
	size_t need;

	while (!parse(certificate, with_key, &need)) {
		const size_t before = certificate->der_len;
		enum smartcard_result r;

		if (need == 0)
			return SMARTCARD_PROTOCOL;
		r = read_to(card, certificate, need);
		if (r != SMARTCARD_OK)
			return r;
		if (certificate->der_len == before)
			return SMARTCARD_PROTOCOL;
	}
	return SMARTCARD_OK;
}

static enum smartcard_result
read_beginning(struct smartcard *card, size_t index, bool with_key)
{
	struct smartcard_certificate *certificate;
	enum smartcard_result r;

	if (index >= card->certificates_count)
		return SMARTCARD_BAD_INPUT;
	certificate = &card->certificates[index];
	if ((with_key ? certificate->public_key : certificate->subject).len > 0)
		return SMARTCARD_OK;
	r = read_fields(card, certificate, with_key);
	/* What no certificate begins with may have come from the cache. */
	for (int again = 0; again < 2 && r == SMARTCARD_PROTOCOL; again++) {
		smartcard_drop_certificate(card, index);
		if (again == 0 && card->has_cache_key && card->cache.get != NULL)
			r = read_fields(card, certificate, with_key);
	}
	return r;
}

enum smartcard_result
smartcard_read_certificate_names(struct smartcard *card, size_t index)
{
	return read_beginning(card, index, false);
}

enum smartcard_result
smartcard_read_certificate_head(struct smartcard *card, size_t index)
{
	return read_beginning(card, index, true);
}

/* All of it; the views are of the memory that was there before. */
static enum smartcard_result
read_all(struct smartcard *card, size_t index)
{
	struct smartcard_certificate *certificate;
	enum smartcard_result r = smartcard_read_certificate_head(card, index);
	size_t need;

	if (r != SMARTCARD_OK)
		return r;
	certificate = &card->certificates[index];
	if (certificate->der_len == certificate->whole_len)
		return SMARTCARD_OK;
	r = read_to(card, certificate, certificate->whole_len);
	return r == SMARTCARD_OK && !parse(certificate, true, &need) ? SMARTCARD_PROTOCOL : r;
}

enum smartcard_result
smartcard_read_certificate(struct smartcard *card, size_t index)
{
	enum smartcard_result r = read_all(card, index);

	if (r != SMARTCARD_PROTOCOL || !card->certificates[index].from_cache)
		return r;
	/* The rest is the card's, and does not belong to the beginning that the cache had. */
	smartcard_drop_certificate(card, index);
	return read_all(card, index);
}

struct bytes
smartcard_certificate_der(const struct smartcard_certificate *certificate)
{
	if (certificate->whole_len == 0 || certificate->der_len < certificate->whole_len)
		return BYTES_NONE;
	return (struct bytes){certificate->der, certificate->der_len};
}

void
smartcard_drop_certificate(struct smartcard *card, size_t index)
{
	if (index >= card->certificates_count)
		return;
	content_drop(card, &card->certificates[index].object.path);
	forget(&card->certificates[index]);
}
