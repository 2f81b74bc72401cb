#include "transmission.h"

enum {
	TA = 0x10,
	TB = 0x20,
	TC = 0x40,
	TD = 0x80,
	PROTOCOL = 0x0F,
	DEFAULT_SPEED = 0x11,   /* Fi 372, Di 1 */
	DEFAULT_WAITING = 10,   /* WI */
	DEFAULT_CARD_SIZE = 32, /* IFSC */
	DEFAULT_BLOCK_WAITING = 0x4D,
	BWI_MAX = 9,
	TC_CRC = 0x01,
	PPS1 = 0x10,
	PPS2 = 0x20,
	PPS3 = 0x40,
	PPS0_RESERVED = 0x80,
	T0_STRUCTURE_LEN = 5,
	T1_STRUCTURE_LEN = 7,
};

/* Fi by the high half of TA1, Table 7; 0 is reserved. */
static const uint16_t FI[] = {372, 372, 558, 744,  1116, 1488, 1860, 0,
			      0,   512, 768, 1024, 1536, 2048, 0,    0};

/* The bytes TAi to TCi in turn: which they are depends on i and on the T of TD(i-1). */
static void
take_interface(struct transmission *transmission, unsigned i, unsigned protocol, unsigned kind,
	       uint8_t value)
{
	if (i == 1) {
		if (kind == TA)
			transmission->speed = value;
		else if (kind == TC)
			transmission->guard_time = value;
	} else if (i == 2) {
		if (kind == TC && value != 0)
			transmission->t0_waiting = value;
	} else if (protocol == 1) {
		if (kind == TA && value != 0 && value != 0xFF)
			transmission->t1_card_size = value;
		else if (kind == TB && value >> 4 <= BWI_MAX)
			transmission->t1_waiting = value;
		else if (kind == TC)
			transmission->t1_crc = (value & TC_CRC) != 0;
	}
}

struct transmission
transmission_of(const struct atr *atr)
{
	struct transmission transmission = {
	    .protocols = atr->protocols,
	    .first_protocol = atr->first_protocol,
	    .specific = atr->specific,
	    .speed = DEFAULT_SPEED,
	    .t0_waiting = DEFAULT_WAITING,
	    .t1_card_size = DEFAULT_CARD_SIZE,
	    .t1_waiting = DEFAULT_BLOCK_WAITING,
	};
	struct reader reader = reader_of((struct bytes){atr->bytes, atr->len});
	unsigned seen = 0, protocol = 0;
	uint8_t ts, presence, value;

	if (!reader_u8(&reader, &ts) || !reader_u8(&reader, &presence))
		return transmission;
	for (unsigned i = 1;; i++) {
		for (unsigned kind = TA; kind < TD; kind <<= 1) {
			if ((presence & kind) == 0)
				continue;
			if (!reader_u8(&reader, &value))
				return transmission;
			/* Of the bytes for T=1 the first ones count, clause 8.2.3. */
			if (protocol != 1 || (seen & kind) == 0)
				take_interface(&transmission, i, protocol, kind, value);
			if (i > 2 && protocol == 1)
				seen |= kind;
		}
		if ((presence & TD) == 0 || !reader_u8(&reader, &presence))
			return transmission;
		protocol = presence & PROTOCOL;
	}
}

bool
transmission_offers(const struct transmission *transmission, unsigned protocol)
{
	return protocol <= 1 && (transmission->protocols & 1u << protocol) != 0;
}

unsigned
transmission_bwt_ms(const struct transmission *transmission)
{
	return (960u * 372u << (transmission->t1_waiting >> 4)) / TRANSMISSION_CLOCK_KHZ;
}

unsigned
transmission_wt_ms(const struct transmission *transmission)
{
	const unsigned fi =
	    FI[transmission->speed >> 4] != 0 ? FI[transmission->speed >> 4] : FI[0];

	return 960u * transmission->t0_waiting * fi / TRANSMISSION_CLOCK_KHZ;
}

void
transmission_put(const struct transmission *transmission, unsigned protocol, struct writer *writer)
{
	writer_u8(writer, transmission->speed);
	if (protocol == 0) {
		writer_u8(writer, 0x00);
		writer_u8(writer, transmission->guard_time);
		writer_u8(writer, transmission->t0_waiting);
		writer_u8(writer, 0x00);
		return;
	}
	writer_u8(writer, transmission->t1_crc ? 0x11 : 0x10);
	writer_u8(writer, transmission->guard_time);
	writer_u8(writer, transmission->t1_waiting);
	writer_u8(writer, 0x00);
	writer_u8(writer, transmission->t1_card_size);
	writer_u8(writer, 0x00);
}

bool
transmission_structure_valid(unsigned protocol, struct bytes data)
{
	return data.len == (protocol == 0 ? T0_STRUCTURE_LEN : T1_STRUCTURE_LEN);
}

bool
transmission_pps(const struct transmission *transmission, struct bytes request, unsigned *protocol,
		 struct writer *answer)
{
	struct reader reader = reader_of(request);
	uint8_t start, pps0, pps1 = DEFAULT_SPEED, skipped, sum = 0;

	for (size_t i = 0; i < request.len; i++)
		sum ^= request.data[i];
	if (sum != 0 || !reader_u8(&reader, &start) || start != PPS_START ||
	    !reader_u8(&reader, &pps0) || (pps0 & PPS0_RESERVED) != 0)
		return false;
	if (((pps0 & PPS1) != 0 && !reader_u8(&reader, &pps1)) ||
	    ((pps0 & PPS2) != 0 && !reader_u8(&reader, &skipped)) ||
	    ((pps0 & PPS3) != 0 && !reader_u8(&reader, &skipped)) || reader.left != 1)
		return false;
	if (!transmission_offers(transmission, pps0 & PROTOCOL) || FI[pps1 >> 4] == 0)
		return false;
	*protocol = pps0 & PROTOCOL;
	writer_put(answer, request);
	return true;
}
