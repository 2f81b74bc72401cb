#include "apdu.h"

#include <openssl/crypto.h>

enum { NC_SHORT_MAX = 255, NE_SHORT_MAX = 256 };

/* What follows the header, clause 5.1: C5 alone is Le; a C5 other than 00 is Lc; a C5 of 00 says
 * that two bytes of Le, or two bytes of Lc other than 0000, follow. */
static bool
parse_body(struct reader *reader, struct capdu *capdu)
{
	uint8_t short_length;
	uint16_t length;

	if (reader->left == 0)
		return true;
	if (!reader_u8(reader, &short_length))
		return false;
	if (reader->left == 0) {
		capdu->has_le = true;
		capdu->ne = short_length == 0 ? NE_SHORT_MAX : short_length;
		return true;
	}
	capdu->extended = short_length == 0;
	length = short_length;
	if (capdu->extended && !reader_u16(reader, &length))
		return false;
	if (capdu->extended && reader->left == 0) {
		capdu->has_le = true;
		capdu->ne = length == 0 ? APDU_NE_MAX : length;
		return true;
	}
	if (length == 0 || !reader_take(reader, length, &capdu->data))
		return false;
	if (reader->left == 0)
		return true;
	capdu->has_le = true;
	if (capdu->extended) {
		if (!reader_u16(reader, &length))
			return false;
		capdu->ne = length == 0 ? APDU_NE_MAX : length;
	} else {
		if (!reader_u8(reader, &short_length))
			return false;
		capdu->ne = short_length == 0 ? NE_SHORT_MAX : short_length;
	}
	return reader->left == 0;
}

bool
capdu_parse(struct bytes bytes, struct capdu *capdu)
{
	struct reader reader = reader_of(bytes);

	*capdu = (struct capdu){.data = BYTES_NONE};
	return reader_u8(&reader, &capdu->cla) && reader_u8(&reader, &capdu->ins) &&
	       reader_u8(&reader, &capdu->p1) && reader_u8(&reader, &capdu->p2) &&
	       parse_body(&reader, capdu);
}

bool
capdu_encode(const struct capdu *capdu, struct writer *writer)
{
	const size_t nc = capdu->data.len;
	const size_t ne = capdu->has_le ? capdu->ne : 0;
	const bool extended = nc > NC_SHORT_MAX || ne > NE_SHORT_MAX;

	if (nc > APDU_NC_MAX || ne > APDU_NE_MAX || (capdu->has_le && ne == 0))
		return false;
	writer_u8(writer, capdu->cla);
	writer_u8(writer, capdu->ins);
	writer_u8(writer, capdu->p1);
	writer_u8(writer, capdu->p2);
	if (extended)
		writer_u8(writer, 0x00);
	if (nc > 0) {
		if (extended)
			writer_u16(writer, (uint16_t)nc);
		else
			writer_u8(writer, (uint8_t)nc);
		writer_put(writer, capdu->data);
	}
	/* The largest Ne is written as 00 or 0000: the cast drops the bit above. */
	if (capdu->has_le) {
		if (extended)
			writer_u16(writer, (uint16_t)ne);
		else
			writer_u8(writer, (uint8_t)ne);
	}
	return writer_ok(writer);
}

bool
rapdu_parse(struct bytes bytes, struct rapdu *rapdu)
{
	struct reader reader = reader_of(bytes);

	*rapdu = (struct rapdu){.data = BYTES_NONE};
	return bytes.len >= 2 && bytes.len <= RAPDU_LEN_MAX &&
	       reader_take(&reader, bytes.len - 2, &rapdu->data) && reader_u16(&reader, &rapdu->sw);
}

bool
rapdu_encode(const struct rapdu *rapdu, struct writer *writer)
{
	if (rapdu->data.len > APDU_NE_MAX)
		return false;
	writer_put(writer, rapdu->data);
	writer_u16(writer, rapdu->sw);
	return writer_ok(writer);
}

struct capdu_chain
capdu_chain_over(uint8_t *data, size_t room)
{
	return (struct capdu_chain){.data = writer_to(data, room)};
}

void
capdu_chain_drop(struct capdu_chain *chain)
{
	if (chain->data.len > 0)
		OPENSSL_cleanse(chain->data.data, chain->data.len);
	*chain = capdu_chain_over(chain->data.data, chain->data.room);
}

enum capdu_chain_result
capdu_chain_add(struct capdu_chain *chain, const struct capdu *part, struct capdu *whole)
{
	const uint8_t cla = part->cla & (uint8_t)~CLA_CHAINING;

	if (chain->open && (cla != chain->cla || part->ins != chain->ins || part->p1 != chain->p1 ||
			    part->p2 != chain->p2)) {
		capdu_chain_drop(chain);
		return CAPDU_CHAIN_BROKEN;
	}
	if (!chain->open) {
		capdu_chain_drop(chain);
		chain->cla = cla;
		chain->ins = part->ins;
		chain->p1 = part->p1;
		chain->p2 = part->p2;
	}
	writer_put(&chain->data, part->data);
	if (!writer_ok(&chain->data)) {
		capdu_chain_drop(chain);
		return CAPDU_CHAIN_FULL;
	}
	chain->open = (part->cla & CLA_CHAINING) != 0;
	if (chain->open)
		return CAPDU_CHAIN_MORE;
	*whole = *part;
	whole->data = writer_bytes(&chain->data);
	return CAPDU_CHAIN_WHOLE;
}
