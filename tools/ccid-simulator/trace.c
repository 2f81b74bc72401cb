#include "trace.h"

#include "message.h"
#include "t0.h"
#include "t1_block.h"
#include "transmission.h"

static const struct {
	uint8_t type;
	const char *name;
} messages[] = {
    {CCID_SET_PARAMETERS, "SetParameters"},
    {CCID_ICC_POWER_ON, "IccPowerOn"},
    {CCID_ICC_POWER_OFF, "IccPowerOff"},
    {CCID_GET_SLOT_STATUS, "GetSlotStatus"},
    {CCID_SECURE, "Secure"},
    {CCID_T0_APDU, "T0APDU"},
    {CCID_ESCAPE, "Escape"},
    {CCID_GET_PARAMETERS, "GetParameters"},
    {CCID_RESET_PARAMETERS, "ResetParameters"},
    {CCID_ICC_CLOCK, "IccClock"},
    {CCID_XFR_BLOCK, "XfrBlock"},
    {CCID_MECHANICAL, "Mechanical"},
    {CCID_ABORT, "Abort"},
    {CCID_SET_DATA_RATE, "SetDataRateAndClockFrequency"},
    {CCID_DATA_BLOCK, "DataBlock"},
    {CCID_SLOT_STATUS, "SlotStatus"},
    {CCID_PARAMETERS, "Parameters"},
    {CCID_ESCAPE_ANSWER, "Escape"},
    {CCID_DATA_RATE, "DataRateAndClockFrequency"},
};

static const char *
message_name(uint8_t type)
{
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		if (messages[i].type == type)
			return messages[i].name;
	return "unknown";
}

void
trace_message(FILE *file, bool sent, unsigned slot, uint8_t type, uint8_t status, uint8_t error)
{
	if (file == NULL)
		return;
	fprintf(file, "slot %u %c %s", slot, sent ? '<' : '>', message_name(type));
	if (sent && (status & CCID_TIME_EXTENSION) != 0)
		fprintf(file, ", time extension %u", error);
	else if (sent && (status & CCID_FAILED) != 0)
		fprintf(file, ", failed, error %02X", error);
	fputc('\n', file);
}

static void
trace_t1(FILE *file, bool crc, struct bytes tpdu)
{
	static const char *const requests[] = {"RESYNCH", "IFS", "ABORT", "WTX"};
	struct t1_block block;

	if (t1_block_parse(tpdu, crc, &block) != T1_GOOD) {
		fprintf(file, "no block, %zu bytes\n", tpdu.len);
		return;
	}
	switch (block.kind) {
	case T1_I_BLOCK:
		fprintf(file, "I(%d,%d) %zu bytes\n", block.number, block.more, block.inf.len);
		return;
	case T1_R_BLOCK: fprintf(file, "R(%d) error %d\n", block.number, block.pcb & 3); return;
	case T1_S_BLOCK: break;
	}
	fprintf(file, "S(%s %s)", requests[block.pcb & 3],
		(block.pcb & T1_S_RESPONSE) != 0 ? "response" : "request");
	if (block.inf.len > 0)
		fprintf(file, " %u", block.inf.data[0]);
	fputc('\n', file);
}

void
trace_tpdu(FILE *file, bool sent, unsigned slot, unsigned protocol, bool crc, struct bytes tpdu)
{
	char hex[2 * T0_HEADER_LEN + 1];

	if (file == NULL || tpdu.len < 2)
		return;
	fprintf(file, "slot %u %c   ", slot, sent ? '<' : '>');
	if (tpdu.data[0] == PPS_START && tpdu.len <= PPS_LEN_MAX) {
		bytes_to_hex(
		    (struct bytes){tpdu.data, tpdu.len < T0_HEADER_LEN ? tpdu.len : T0_HEADER_LEN},
		    hex);
		fprintf(file, "PPS %s\n", hex);
	} else if (protocol == 1) {
		trace_t1(file, crc, tpdu);
	} else if (sent) {
		bytes_to_hex((struct bytes){tpdu.data + tpdu.len - 2, 2}, hex);
		fprintf(file, "%zu bytes, %s\n", tpdu.len - 2, hex);
	} else {
		bytes_to_hex(
		    (struct bytes){tpdu.data, tpdu.len < T0_HEADER_LEN ? tpdu.len : T0_HEADER_LEN},
		    hex);
		fprintf(file, "%s\n", hex);
	}
}
