/*
 * BER-TLV: objects within objects, and what is found is found again after it was written.
 */
#include "fuzz.h"

#include "iso7816/tlv.h"

enum { DEPTH_MAX = 16 };

static void
walk(struct bytes bytes, unsigned depth)
{
	struct reader reader = reader_of(bytes);
	struct tlv tlv, found;
	uint8_t *room;
	struct writer writer;

	while (reader.left > 0 && tlv_read(&reader, &tlv)) {
		fuzz_must(tlv.value.len <= bytes.len);
		fuzz_must(tlv_find(bytes, tlv.tag, &found) && found.tag == tlv.tag);
		room = malloc(tlv.value.len + 8);
		fuzz_must(room != NULL);
		writer = writer_to(room, tlv.value.len + 8);
		tlv_put(&writer, tlv.tag, tlv.value);
		if (writer_ok(&writer))
			fuzz_must(tlv_find(writer_bytes(&writer), tlv.tag, &found) &&
				  found.value.len == tlv.value.len);
		free(room);
		if (depth < DEPTH_MAX)
			walk(tlv.value, depth + 1);
		tlv_skip_filler(&reader);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	walk((struct bytes){data, size}, 0);
	return 0;
}
