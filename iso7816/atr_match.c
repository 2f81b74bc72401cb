#include "atr_match.h"

#include <string.h>

bool
atr_matches(const struct atr *atr, const struct atr_pattern *pattern)
{
	const struct bytes part = pattern->part == ATR_HISTORICAL
				      ? atr->historical
				      : (struct bytes){atr->bytes, atr->len};
	uint8_t value[ATR_LEN_MAX], mask[ATR_LEN_MAX];
	size_t value_len, mask_len;

	memset(mask, 0xFF, sizeof(mask));
	if (!bytes_from_hex(pattern->value, value, sizeof(value), &value_len) ||
	    value_len != part.len)
		return false;
	if (pattern->mask != NULL &&
	    (!bytes_from_hex(pattern->mask, mask, sizeof(mask), &mask_len) ||
	     mask_len != value_len))
		return false;
	for (size_t i = 0; i < part.len; i++)
		if (((part.data[i] ^ value[i]) & mask[i]) != 0)
			return false;
	return true;
}

bool
atr_is_contactless(const struct atr *atr)
{
	/* TS; T0 with TD1 alone; TD1 with TD2, T=0; TD2 alone, T=1. */
	return atr->len > 4 && atr->bytes[0] == 0x3B && (atr->bytes[1] & 0xF0) == 0x80 &&
	       atr->bytes[2] == 0x80 && atr->bytes[3] == 0x01;
}
