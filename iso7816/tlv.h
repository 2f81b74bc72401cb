/*
 * BER-TLV data objects, ISO/IEC 7816-4 clause 5.2.2 (2005) and annex E: tags of up to three bytes,
 * lengths 00..7F, 81, 82, 83; no indefinite lengths.
 */
#ifndef VICAR_ISO7816_TLV_H
#define VICAR_ISO7816_TLV_H

#include "bytes.h"

enum { TLV_CONSTRUCTED = 0x20 }; /* in the first tag byte */

/* The tag's bytes as one number: 0x6F, 0x7F49, 0xDF8101. */
typedef uint32_t tlv_tag;

struct tlv {
	tlv_tag tag;
	struct bytes value;
};

/* The next data object; its value is borrowed. A length need not be in its shortest form. Filler
 * bytes 00 and FF between objects are not skipped, see tlv_skip_filler(). False: truncated or
 * malformed; the reader is then unchanged. */
bool tlv_read(struct reader *reader, struct tlv *tlv) MUST_USE;
void tlv_skip_filler(struct reader *reader);

/* The first object with this tag among those that stand side by side in `bytes`. */
bool tlv_find(struct bytes bytes, tlv_tag tag, struct tlv *tlv) MUST_USE;

/* What cannot be written (no room, tag 0, more than FFFFFF bytes) sets the writer's overflow. */

/* A primitive object, or a constructed one whose value is already encoded. */
void tlv_put(struct writer *writer, tlv_tag tag, struct bytes value);
void tlv_put_u8(struct writer *writer, tlv_tag tag, uint8_t value);
void tlv_put_u16(struct writer *writer, tlv_tag tag, uint16_t value);

/* A constructed object written in place: begin, write the members, end. The length is fitted in
 * its shortest form. `mark` is the value begin returned. Nest by nesting the calls. */
size_t tlv_begin(struct writer *writer, tlv_tag tag) MUST_USE;
void tlv_end(struct writer *writer, size_t mark);

#endif
