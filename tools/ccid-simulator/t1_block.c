#include "t1_block.h"

enum {
	PCB_NOT_I = 0x80,
	PCB_S = 0xC0,
	I_NUMBER = 0x40,
	I_MORE = 0x20,
	I_RESERVED = 0x1F,
	R_NUMBER = 0x10,
	R_RESERVED = 0x2C,
	R_ERROR = 0x03,
	CRC_POLYNOMIAL = 0x8408, /* 1021 mirrored */
};

uint16_t
t1_crc(struct bytes bytes)
{
	unsigned crc = 0xFFFF;

	for (size_t i = 0; i < bytes.len; i++) {
		crc ^= bytes.data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc & 1) != 0 ? crc >> 1 ^ CRC_POLYNOMIAL : crc >> 1;
	}
	return (uint16_t)crc;
}

static uint8_t
lrc(struct bytes bytes)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < bytes.len; i++)
		sum ^= bytes.data[i];
	return sum;
}

uint8_t
t1_i_pcb(bool number, bool more)
{
	return (uint8_t)((number ? I_NUMBER : 0) | (more ? I_MORE : 0));
}

uint8_t
t1_r_pcb(bool number, enum t1_error error)
{
	return (uint8_t)(PCB_NOT_I | (number ? R_NUMBER : 0) | error);
}

/* Tables 11 to 13. */
static bool
parse_pcb(struct t1_block *block)
{
	if ((block->pcb & PCB_NOT_I) == 0) {
		block->kind = T1_I_BLOCK;
		block->number = (block->pcb & I_NUMBER) != 0;
		block->more = (block->pcb & I_MORE) != 0;
		return (block->pcb & I_RESERVED) == 0;
	}
	if ((block->pcb & PCB_S) == PCB_S) {
		const uint8_t request = block->pcb & (uint8_t)~T1_S_RESPONSE;
		const size_t wanted = request == T1_S_IFS || request == T1_S_WTX ? 1 : 0;

		block->kind = T1_S_BLOCK;
		return request <= T1_S_WTX && block->inf.len == wanted;
	}
	block->kind = T1_R_BLOCK;
	block->number = (block->pcb & R_NUMBER) != 0;
	return (block->pcb & R_RESERVED) == 0 && (block->pcb & R_ERROR) != R_ERROR &&
	       block->inf.len == 0;
}

static bool
edc_right(struct bytes covered, bool crc, struct reader *epilogue)
{
	uint16_t wide;
	uint8_t narrow;

	if (crc)
		return reader_u16(epilogue, &wide) && wide == t1_crc(covered);
	return reader_u8(epilogue, &narrow) && narrow == lrc(covered);
}

enum t1_verdict
t1_block_parse(struct bytes bytes, bool crc, struct t1_block *block)
{
	struct reader reader = reader_of(bytes);
	uint8_t len;

	*block = (struct t1_block){.inf = BYTES_NONE};
	if (!reader_u8(&reader, &block->nad) || !reader_u8(&reader, &block->pcb) ||
	    !reader_u8(&reader, &len) || len > T1_INF_MAX ||
	    !reader_take(&reader, len, &block->inf) || reader.left != (crc ? 2 : 1))
		return T1_BAD_BLOCK;
	if (!edc_right((struct bytes){bytes.data, T1_PROLOGUE_LEN + (size_t)len}, crc, &reader))
		return T1_BAD_EDC;
	return parse_pcb(block) ? T1_GOOD : T1_BAD_BLOCK;
}

void
t1_block_put(uint8_t nad, uint8_t pcb, struct bytes inf, bool crc, struct writer *writer)
{
	uint8_t room[T1_BLOCK_MAX];
	struct writer block = writer_to(room, sizeof(room));

	writer_u8(&block, nad);
	writer_u8(&block, pcb);
	writer_u8(&block, (uint8_t)inf.len);
	writer_put(&block, inf);
	if (crc)
		writer_u16(&block, t1_crc(writer_bytes(&block)));
	else
		writer_u8(&block, lrc(writer_bytes(&block)));
	writer_put(writer, writer_bytes(&block));
}
