#include "card_driver.h"
#include "iso7816/sw.h"
#include "iso7816/tlv.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

enum {
	INS_SELECT = 0xA4,
	INS_READ_BINARY = 0xB0,
	P2_FCI = 0x00,
	P2_FCP = 0x04,
	P2_NO_DATA = 0x0C,
	READ_MAX = 256,
	/* What real IAS-ECC cards give at most, whatever Le says: iasecc.md 4.2. */
	READ_ECONOMICAL = 0xE7,
	FCP_MAX = 256,
};

static const uint8_t MF[] = {0x3F, 0x00};

bool
place_is(const struct smartcard *card, struct bytes path)
{
	return card->place.known &&
	       bytes_equal((struct bytes){card->place.path, card->place.len}, path);
}

bool
place_is_in(const struct smartcard *card, struct bytes df)
{
	return card->place.known &&
	       bytes_equal((struct bytes){card->place.path, card->place.df_len}, df);
}

void
place_set(struct smartcard *card, struct bytes path, size_t df_len)
{
	struct smartcard_place *place = &card->place;

	place->known = path.len <= sizeof(place->path);
	if (!place->known)
		return;
	if (path.len > 0)
		memmove(place->path, path.data, path.len);
	place->len = path.len;
	place->df_len = df_len;
}

void
smartcard_lost_place(struct smartcard *card)
{
	card->place.known = false;
}

enum smartcard_result
place_select(struct smartcard *card, uint8_t p1, struct bytes data, bool p2_fci, struct writer *fcp)
{
	uint8_t ignored[FCP_MAX];
	struct writer scratch = writer_to(ignored, sizeof(ignored));
	const bool wanted = fcp != NULL;
	const struct capdu select = {.ins = INS_SELECT,
				     .p1 = p1,
				     .p2 = wanted ? (p2_fci ? P2_FCI : P2_FCP) : P2_NO_DATA,
				     .data = data,
				     .has_le = wanted,
				     .ne = wanted ? READ_MAX : 0};
	enum smartcard_result r = transport_command(card, &select, wanted ? fcp : &scratch);

	/* ISO/IEC 7816-4 clause 7.1.1 (2005): a selection that fails changes nothing. */
	if (r != SMARTCARD_OK && r != SMARTCARD_REFUSED)
		card->place.known = false;
	return r;
}

enum smartcard_result
place_select_path(struct smartcard *card, struct bytes base, struct bytes path, struct writer *fcp)
{
	uint8_t data[2 * PKCS15_PATH_MAX];
	struct writer whole = writer_to(data, sizeof(data));
	const bool absolute = path.len >= sizeof(MF) && memcmp(path.data, MF, sizeof(MF)) == 0;
	enum smartcard_result r;
	struct bytes below;

	if (!absolute)
		writer_put(&whole, base);
	writer_put(&whole, path);
	if (!writer_ok(&whole) || whole.len < sizeof(MF) || whole.len % 2 != 0)
		return SMARTCARD_PROTOCOL;
	below = (struct bytes){data + sizeof(MF), whole.len - sizeof(MF)};
	if (below.len == 0)
		r = place_select(card, 0x00, BYTES(MF), true, fcp);
	else
		r = place_select(card, SELECT_PATH, below, true, fcp);
	if (r == SMARTCARD_OK)
		place_set(card, writer_bytes(&whole), whole.len - sizeof(MF));
	return r;
}

/* Tags 80 or 81 of a file's control parameters, clause 5.3.3 (2005): its length. An FCP may stand in
 * an FCI (iasecc.md 3.3). False: not said. */
static bool
fcp_size(struct bytes answer, size_t *size)
{
	enum {
		TAG_FCI = 0x6F,
		TAG_FCP = 0x62,
		TAG_SIZE = 0x80,
		TAG_SIZE_ALL = 0x81,
		SIZE_MAX_LEN = 4
	};
	struct tlv tlv;

	if (tlv_find(answer, TAG_FCI, &tlv))
		answer = tlv.value;
	if (tlv_find(answer, TAG_FCP, &tlv))
		answer = tlv.value;
	if (!tlv_find(answer, TAG_SIZE, &tlv) && !tlv_find(answer, TAG_SIZE_ALL, &tlv))
		return false;
	if (tlv.value.len == 0 || tlv.value.len > SIZE_MAX_LEN)
		return false;
	*size = 0;
	for (size_t i = 0; i < tlv.value.len; i++)
		*size = *size << 8 | tlv.value.data[i];
	return true;
}

/* The length of the DER object that `head` begins. False: that is no object. */
static bool
object_size(struct bytes head, size_t *size)
{
	enum { LONG_FORM = 0x80, LENGTH_BYTES_MAX = 2 };
	struct reader reader = reader_of(head);
	uint8_t tag, first, byte;

	if (!reader_u8(&reader, &tag) || tag == 0x00 || tag == 0xFF || !reader_u8(&reader, &first))
		return false;
	*size = first;
	if (first >= LONG_FORM) {
		if ((first & ~LONG_FORM) == 0 || (first & ~LONG_FORM) > LENGTH_BYTES_MAX)
			return false;
		*size = 0;
		for (int i = 0; i < (first & ~LONG_FORM); i++) {
			if (!reader_u8(&reader, &byte))
				return false;
			*size = *size << 8 | byte;
		}
	}
	*size += head.len - reader.left;
	return true;
}

static enum smartcard_result
read_binary(struct smartcard *card, size_t offset, size_t count, struct writer *content)
{
	const struct capdu read = {.ins = INS_READ_BINARY,
				   .p1 = (uint8_t)(offset >> 8),
				   .p2 = (uint8_t)offset,
				   .has_le = true,
				   .ne = count};
	const size_t before = content->len;
	enum smartcard_result r = transport_send(card, &read, content);

	if (r != SMARTCARD_OK)
		return r;
	if (content->len - before > count)
		return SMARTCARD_PROTOCOL;
	if (card->sw == SW_OK || card->sw == SW_END_OF_FILE ||
	    (card->sw == SW_WRONG_OFFSET && offset > 0))
		return SMARTCARD_OK;
	return card->sw == SW_SECURITY_STATUS ? SMARTCARD_NOT_VERIFIED : SMARTCARD_REFUSED;
}

/* Cuts what was read of the file's one object to its end, or to nothing in an empty file. */
static enum smartcard_result
find_end(struct writer *content, size_t start, size_t offset, size_t *end, bool *exact)
{
	const struct bytes head = {content->data + start, content->len - start};
	size_t size;

	if (head.len == 0 || head.data[0] == 0x00 || head.data[0] == 0xFF) {
		content->len = start;
		*end = offset;
		return SMARTCARD_OK;
	}
	if (!object_size(head, &size) || size > *end - offset)
		return SMARTCARD_PROTOCOL;
	if (head.len > size)
		content->len = start + size;
	*end = offset + size;
	*exact = true;
	return SMARTCARD_OK;
}

/* The current EF from `offset` up to `end`, or to its end; `exact`: there is something up to `end`. */
static enum smartcard_result
read_to(struct smartcard *card, size_t offset, size_t end, bool exact, enum read_how how,
	struct writer *content)
{
	const size_t start = content->len, begin = offset;

	while (offset < end) {
		const size_t count = end - offset < READ_MAX ? end - offset : READ_MAX;
		const size_t before = content->len;
		enum smartcard_result r = read_binary(card, offset, count, content);
		const size_t got = content->len - before;

		if (r == SMARTCARD_OK && how == READ_OBJECT && offset == begin)
			r = find_end(content, start, begin, &end, &exact);
		if (r != SMARTCARD_OK)
			return r;
		offset += got;
		if (got < count && got != READ_ECONOMICAL)
			break;
	}
	return exact && offset < end ? SMARTCARD_PROTOCOL : SMARTCARD_OK;
}

/* On T=1 SELECT brings the size with it; on T=0 that costs a GET RESPONSE, and the end is seen from a
 * short answer. */
static enum smartcard_result
read_card(struct smartcard *card, const struct pkcs15_path *path, enum read_how how,
	  struct writer *content)
{
	const struct bytes file = {path->file, path->file_len};
	const bool lost = !card->place.known;
	const bool sized = !card->channel.t0 && how == READ_WHOLE && !path->has_range;
	size_t offset = 0, end = SMARTCARD_FILE_MAX, size;
	bool exact = false;
	uint8_t data[FCP_MAX];
	struct writer fcp = writer_to(data, sizeof(data));
	enum smartcard_result r;

	r = card->driver->select(card, file, sized ? &fcp : NULL);
	if (r == SMARTCARD_REFUSED && lost && card->driver->enter != NULL) {
		r = card->driver->enter(card);
		if (r == SMARTCARD_OK)
			r = card->driver->select(card, file, sized ? &fcp : NULL);
	}
	if (r != SMARTCARD_OK)
		return r;
	if (path->has_range) {
		if (path->index > SMARTCARD_FILE_MAX ||
		    path->length > SMARTCARD_FILE_MAX - path->index)
			return SMARTCARD_PROTOCOL;
		offset = path->index;
		end = offset + path->length;
	} else if (sized && fcp_size(writer_bytes(&fcp), &size)) {
		if (size > SMARTCARD_FILE_MAX)
			return SMARTCARD_PROTOCOL;
		end = size;
		exact = true;
	}
	r = read_to(card, offset, end, exact, how, content);
	if (r == SMARTCARD_OK && !writer_ok(content))
		r = SMARTCARD_PROTOCOL;
	return r;
}

/* Two files that differ in range only are two. */
static struct bytes
cache_path(const struct pkcs15_path *path, uint8_t *data, size_t room)
{
	struct writer writer = writer_to(data, room);

	writer_put(&writer, (struct bytes){path->file, path->file_len});
	if (path->has_range) {
		writer_u32(&writer, path->index);
		writer_u32(&writer, path->length);
	}
	return writer_bytes(&writer);
}

enum smartcard_result
place_read(struct smartcard *card, const struct pkcs15_path *path, enum read_how how, bool fresh,
	   uint8_t **content, size_t *len)
{
	const struct bytes key = {card->cache_key, sizeof(card->cache_key)};
	const bool cached = card->has_cache_key && !fresh;
	uint8_t name[PKCS15_PATH_MAX + 8];
	const struct bytes file = cache_path(path, name, sizeof(name));
	uint8_t *data = malloc(SMARTCARD_FILE_MAX), *fitted;
	struct writer writer = writer_to(data, SMARTCARD_FILE_MAX);
	enum smartcard_result r = SMARTCARD_OK;

	*content = NULL;
	*len = 0;
	if (data == NULL)
		return SMARTCARD_NO_MEMORY;
	if (!cached || card->cache.get == NULL ||
	    !card->cache.get(card->cache.context, key, file, &writer) || !writer_ok(&writer)) {
		writer = writer_to(data, SMARTCARD_FILE_MAX);
		r = read_card(card, path, how, &writer);
		if (r == SMARTCARD_OK && cached && card->cache.put != NULL)
			card->cache.put(card->cache.context, key, file, writer_bytes(&writer));
	}
	if (r != SMARTCARD_OK) {
		free(data);
		return r;
	}
	fitted = realloc(data, writer.len > 0 ? writer.len : 1);
	*content = fitted != NULL ? fitted : data;
	*len = writer.len;
	return SMARTCARD_OK;
}

void
place_drop(struct smartcard *card, const struct pkcs15_path *path)
{
	uint8_t name[PKCS15_PATH_MAX + 8];

	if (card->has_cache_key && card->cache.drop != NULL)
		card->cache.drop(card->cache.context,
				 (struct bytes){card->cache_key, sizeof(card->cache_key)},
				 cache_path(path, name, sizeof(name)));
}
