/*
 * The members of a bridge message: BER-TLV data objects in any order, each at most once.
 */
#ifndef VICAR_CMDBRIDGE_FIELD_H
#define VICAR_CMDBRIDGE_FIELD_H

#include "iso7816/tlv.h"

/* Bytes, which may be absent when they are empty; or a number of one or two bytes, always there. */
struct field {
	tlv_tag tag;
	struct bytes *bytes;
	unsigned *number;
	unsigned number_len;
	bool seen;
};

void field_put(const struct field *fields, size_t count, struct writer *writer);
/* False: truncated, unknown, twice, or a number that is missing or of another length. */
bool field_take(struct bytes members, struct field *fields, size_t count) MUST_USE;

#endif
