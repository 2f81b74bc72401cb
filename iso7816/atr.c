#include "atr.h"

#include <string.h>

enum {
	TS_DIRECT = 0x3B,
	TS_INVERSE = 0x3F,
	/* Bits of T0 and TDi that say which interface bytes follow, clause 8.2.3. */
	TA_PRESENT = 0x10,
	TB_PRESENT = 0x20,
	TC_PRESENT = 0x40,
	TD_PRESENT = 0x80,
	GLOBAL = 15, /* T=15 is no protocol: it qualifies global interface bytes */
};

/* T0, the interface bytes, and how many historical bytes T0 announces; `needs_tck` is set when
 * anything but T=0 is named. */
static bool
parse_interface(struct reader *reader, struct atr *atr, size_t *historical_len, bool *needs_tck)
{
	uint8_t presence, protocol, skipped;

	if (!reader_u8(reader, &presence))
		return false;
	*historical_len = presence & 0x0F;
	*needs_tck = false;
	for (int i = 1;; i++) {
		if ((presence & TA_PRESENT) != 0) {
			if (!reader_u8(reader, &skipped))
				return false;
			if (i == 2) {
				atr->specific = true;
				atr->first_protocol = skipped & 0x0F;
			}
		}
		if ((presence & TB_PRESENT) != 0 && !reader_u8(reader, &skipped))
			return false;
		if ((presence & TC_PRESENT) != 0 && !reader_u8(reader, &skipped))
			return false;
		if ((presence & TD_PRESENT) == 0)
			break;
		if (!reader_u8(reader, &presence))
			return false;
		protocol = presence & 0x0F;
		if (protocol != 0)
			*needs_tck = true;
		if (protocol != GLOBAL)
			atr->protocols |= 1u << protocol;
		if (i == 1)
			atr->first_protocol = protocol;
	}
	if (atr->protocols == 0)
		atr->protocols = 1u << 0;
	return true;
}

/* Exclusive or of all bytes after TS, zero when TCK is right (clause 8.2.5). */
static uint8_t
checksum(struct bytes after_ts)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < after_ts.len; i++)
		sum ^= after_ts.data[i];
	return sum;
}

bool
atr_parse(struct bytes bytes, struct atr *atr)
{
	struct reader reader;
	struct bytes after_ts;
	size_t historical_len;
	uint8_t ts, tck;
	bool needs_tck;

	*atr = (struct atr){.historical = BYTES_NONE};
	if (bytes.len < 2 || bytes.len > ATR_LEN_MAX)
		return false;
	memcpy(atr->bytes, bytes.data, bytes.len);
	atr->len = bytes.len;

	reader = reader_of((struct bytes){atr->bytes, atr->len});
	if (!reader_u8(&reader, &ts) || (ts != TS_DIRECT && ts != TS_INVERSE))
		return false;
	after_ts = reader_rest(&reader);
	if (!parse_interface(&reader, atr, &historical_len, &needs_tck) ||
	    !reader_take(&reader, historical_len, &atr->historical))
		return false;
	if (needs_tck && (!reader_u8(&reader, &tck) || checksum(after_ts) != 0))
		return false;
	return reader.left == 0;
}

bool
atr_build_t1(struct bytes historical, struct atr *atr)
{
	uint8_t encoded[ATR_LEN_MAX];
	struct writer writer = writer_to(encoded, sizeof(encoded));

	if (historical.len > ATR_HISTORICAL_MAX)
		return false;
	writer_u8(&writer, TS_DIRECT);
	writer_u8(&writer, (uint8_t)(TD_PRESENT | historical.len));
	writer_u8(&writer, TD_PRESENT | 1);
	writer_u8(&writer, 1);
	writer_put(&writer, historical);
	writer_u8(&writer, checksum((struct bytes){encoded + 1, writer.len - 1}));
	return atr_parse(writer_bytes(&writer), atr);
}
