/*
 * Reading files: from the card with as few commands as it takes, or from the cache.
 */
#include "card_driver.h"
#include "iso7816/sw.h"
#include "iso7816/tlv.h"

#include <stdlib.h>
#include <string.h>

enum {
	INS_READ_BINARY = 0xB0,
	READ_MAX = 256,
	/* What real IAS-ECC cards give at most, whatever Le says: iasecc.md 4.2. */
	READ_ECONOMICAL = 0xE7,
	FCP_MAX = 256,
};

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

bool
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

/* The part of the file that a path with a range means. */
static bool
range_of(const struct pkcs15_path *path, size_t *offset, size_t *end)
{
	*offset = 0;
	*end = SMARTCARD_FILE_MAX;
	if (!path->has_range)
		return true;
	if (path->index > SMARTCARD_FILE_MAX || path->length > SMARTCARD_FILE_MAX - path->index)
		return false;
	*offset = path->index;
	*end = path->index + path->length;
	return true;
}

enum smartcard_result
content_begin(struct smartcard *card, const struct pkcs15_path *path, size_t count,
	      struct writer *content)
{
	size_t offset, end;
	enum smartcard_result r;

	if (!range_of(path, &offset, &end))
		return SMARTCARD_PROTOCOL;
	r = card->driver->select(card, (struct bytes){path->file, path->file_len}, NULL);
	if (r == SMARTCARD_OK)
		r = read_binary(card, offset, count < end - offset ? count : end - offset, content);
	return r;
}

/* The file is current. Where another application was selected meanwhile, this one first. */
static enum smartcard_result
select_file(struct smartcard *card, const struct pkcs15_path *path, struct writer *fcp)
{
	const struct bytes file = {path->file, path->file_len};
	const bool lost = !card->place.known;
	enum smartcard_result r = card->driver->select(card, file, fcp);

	if ((r == SMARTCARD_REFUSED || r == SMARTCARD_NOT_VERIFIED) && lost &&
	    card->driver->enter != NULL) {
		r = card->driver->enter(card);
		if (r == SMARTCARD_OK)
			r = card->driver->select(card, file, fcp);
	}
	return r;
}

/* On T=1 SELECT brings the size with it; on T=0 that costs a GET RESPONSE, and the end is seen from a
 * short answer. Some cards end a file before the size that they say: `*complete` is false then. */
static enum smartcard_result
read_whole(struct smartcard *card, const struct pkcs15_path *path, struct writer *content,
	   size_t *file_size, bool *complete)
{
	const bool sized = !card->channel.t0 && !path->has_range;
	size_t offset, end, size;
	bool exact = false;
	uint8_t data[FCP_MAX];
	struct writer fcp = writer_to(data, sizeof(data));
	enum smartcard_result r;

	if (!range_of(path, &offset, &end))
		return SMARTCARD_PROTOCOL;
	r = select_file(card, path, sized ? &fcp : NULL);
	if (r == SMARTCARD_OK && sized && fcp_size(writer_bytes(&fcp), &size)) {
		if (size > SMARTCARD_FILE_MAX)
			return SMARTCARD_PROTOCOL;
		*file_size = end = size;
		exact = true;
	}
	while (r == SMARTCARD_OK && offset < end) {
		const size_t count = end - offset < READ_MAX ? end - offset : READ_MAX;
		const size_t before = content->len;
		size_t got;

		r = read_binary(card, offset, count, content);
		got = content->len - before;
		offset += got;
		if (got < count && got != READ_ECONOMICAL)
			break;
	}
	*complete = !exact || offset == end;
	return r;
}

/* How long the object is that `content` begins, none in a file that is empty. */
static enum smartcard_result
measure(struct writer *content, size_t room, size_t *whole)
{
	const struct bytes head = {content->data, content->len};

	*whole = 0;
	if (head.len == 0 || head.data[0] == 0x00 || head.data[0] == 0xFF) {
		content->len = 0;
		return SMARTCARD_OK;
	}
	return object_size(head, whole) && *whole <= room ? SMARTCARD_OK : SMARTCARD_PROTOCOL;
}

/* The file is current then. Its size is asked for while nothing that the card gave is there. */
static enum smartcard_result
select_object(struct smartcard *card, const struct pkcs15_path *path, struct object_part *part)
{
	const bool sized =
	    !card->channel.t0 && !path->has_range && (part->len == 0 || part->cached);
	const size_t before = part->file_size;
	uint8_t data[FCP_MAX];
	struct writer fcp = writer_to(data, sizeof(data));
	enum smartcard_result r = select_file(card, path, sized ? &fcp : NULL);

	if (r != SMARTCARD_OK || !sized)
		return r;
	if (!fcp_size(writer_bytes(&fcp), &part->file_size))
		part->file_size = 0;
	if (part->cached && before != 0 && part->file_size != before)
		return SMARTCARD_PROTOCOL;
	part->cached = false;
	return SMARTCARD_OK;
}

enum smartcard_result
content_read_object(struct smartcard *card, const struct pkcs15_path *path, size_t end,
		    struct object_part *part)
{
	struct writer writer = writer_to(part->content, SMARTCARD_FILE_MAX);
	size_t offset, limit;
	enum smartcard_result r;

	writer.len = part->len;
	if (!range_of(path, &offset, &limit))
		return SMARTCARD_PROTOCOL;
	r = select_object(card, path, part);
	while (r == SMARTCARD_OK && (writer.len < end || writer.len == 0)) {
		const size_t left = (part->whole > 0 ? part->whole : limit - offset) - writer.len;
		const size_t count = left < READ_MAX ? left : READ_MAX;
		const size_t before = writer.len;

		if (count == 0)
			break;
		r = read_binary(card, offset + before, count, &writer);
		if (r != SMARTCARD_OK)
			return r;
		if (before == 0) {
			r = measure(&writer, limit - offset, &part->whole);
			if (r != SMARTCARD_OK || writer.len == 0)
				break;
		}
		if (writer.len > part->whole)
			writer.len = part->whole;
		if (writer.len - before < count && writer.len < part->whole &&
		    writer.len - before != READ_ECONOMICAL)
			return SMARTCARD_PROTOCOL;
	}
	part->len = writer.len;
	return r;
}

enum { CACHE_PATH_MAX = PKCS15_PATH_MAX + 8 };

/* Two files that differ in range only are two. `data` has CACHE_PATH_MAX bytes. */
static struct smartcard_file
cached_file(const struct smartcard *card, const struct pkcs15_path *path, uint8_t *data)
{
	struct writer writer = writer_to(data, CACHE_PATH_MAX);

	writer_put(&writer, (struct bytes){path->file, path->file_len});
	if (path->has_range) {
		writer_u32(&writer, path->index);
		writer_u32(&writer, path->length);
	}
	return (struct smartcard_file){.serial = card->serial,
				       .key = {card->cache_key, sizeof(card->cache_key)},
				       .path = writer_bytes(&writer)};
}

/* What a cache's file begins with. */
enum { CACHE_SIZE_LEN = 4 };

static bool
take_cached(const struct pkcs15_path *path, struct bytes stored, struct object_part *part)
{
	struct reader reader = reader_of(stored);
	uint32_t size;

	if (!reader_u32(&reader, &size) || size > SMARTCARD_FILE_MAX ||
	    (size > 0 && reader.left > size) || (path->has_range && reader.left > path->length))
		return false;
	part->len = reader.left;
	part->file_size = size;
	part->cached = true;
	if (part->len > 0)
		memcpy(part->content, stored.data + CACHE_SIZE_LEN, part->len);
	return true;
}

bool
content_cached(struct smartcard *card, const struct pkcs15_path *path, struct object_part *part)
{
	uint8_t data[CACHE_PATH_MAX], *stored;
	const struct smartcard_file file = cached_file(card, path, data);
	struct writer writer;
	bool ok;

	if (!card->has_cache_key || card->cache.get == NULL)
		return false;
	stored = malloc(SMARTCARD_FILE_MAX);
	writer = writer_to(stored, SMARTCARD_FILE_MAX);
	ok = stored != NULL && card->cache.get(card->cache.context, &file, &writer) &&
	     writer_ok(&writer) && take_cached(path, writer_bytes(&writer), part);
	free(stored);
	return ok;
}

void
content_to_cache(struct smartcard *card, const struct pkcs15_path *path, struct bytes content,
		 size_t file_size)
{
	uint8_t data[CACHE_PATH_MAX], *stored;
	const struct smartcard_file file = cached_file(card, path, data);
	struct writer writer;

	if (!card->has_cache_key || card->cache.put == NULL || file_size > SMARTCARD_FILE_MAX)
		return;
	stored = malloc(SMARTCARD_FILE_MAX);
	if (stored == NULL)
		return;
	writer = writer_to(stored, SMARTCARD_FILE_MAX);
	writer_u32(&writer, (uint32_t)file_size);
	writer_put(&writer, content);
	if (writer_ok(&writer))
		card->cache.put(card->cache.context, &file, writer_bytes(&writer));
	free(stored);
}

void
content_drop(struct smartcard *card, const struct pkcs15_path *path)
{
	uint8_t data[CACHE_PATH_MAX];
	const struct smartcard_file file = cached_file(card, path, data);

	if (card->has_cache_key && card->cache.drop != NULL)
		card->cache.drop(card->cache.context, &file);
}

enum smartcard_result
content_read(struct smartcard *card, const struct pkcs15_path *path, enum read_how how, bool fresh,
	     uint8_t **content, size_t *len)
{
	struct object_part part = {.content = malloc(SMARTCARD_FILE_MAX)};
	struct writer writer = writer_to(part.content, SMARTCARD_FILE_MAX);
	enum smartcard_result r = SMARTCARD_OK;
	bool complete = true;

	*content = NULL;
	*len = 0;
	if (part.content == NULL)
		return SMARTCARD_NO_MEMORY;
	if (fresh || !content_cached(card, path, &part)) {
		if (how == READ_OBJECT) {
			r = content_read_object(card, path, SMARTCARD_FILE_MAX, &part);
		} else {
			r = read_whole(card, path, &writer, &part.file_size, &complete);
			part.len = writer.len;
		}
		if (r == SMARTCARD_OK && !fresh && complete)
			content_to_cache(card, path, (struct bytes){part.content, part.len},
					 part.file_size);
	}
	if (r != SMARTCARD_OK) {
		free(part.content);
		return r;
	}
	*len = part.len;
	*content = realloc(part.content, *len > 0 ? *len : 1);
	if (*content == NULL)
		*content = part.content;
	return SMARTCARD_OK;
}
