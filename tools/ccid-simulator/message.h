/*
 * CCID messages, as bytes: Device Class Smart Card CCID 1.1, clause 6. Both ways a header of ten
 * bytes, then data: bMessageType, dwLength (little endian), bSlot, bSeq, three bytes of the message.
 */
#ifndef VICAR_TOOLS_CCID_SIMULATOR_MESSAGE_H
#define VICAR_TOOLS_CCID_SIMULATOR_MESSAGE_H

#include "iso7816/bytes.h"

enum {
	CCID_HEADER_LEN = 10,
	CCID_DATA_MAX = 261, /* of readers that exchange TPDUs: dwMaxCCIDMessageLength 271 */
	CCID_MESSAGE_MAX = CCID_HEADER_LEN + CCID_DATA_MAX,
	CCID_SPECIFIC_LEN = 3,
};

/* Clause 6.1, commands. */
enum {
	CCID_SET_PARAMETERS = 0x61,
	CCID_ICC_POWER_ON = 0x62,
	CCID_ICC_POWER_OFF = 0x63,
	CCID_GET_SLOT_STATUS = 0x65,
	CCID_SECURE = 0x69,
	CCID_T0_APDU = 0x6A,
	CCID_ESCAPE = 0x6B,
	CCID_GET_PARAMETERS = 0x6C,
	CCID_RESET_PARAMETERS = 0x6D,
	CCID_ICC_CLOCK = 0x6E,
	CCID_XFR_BLOCK = 0x6F,
	CCID_MECHANICAL = 0x71,
	CCID_ABORT = 0x72,
	CCID_SET_DATA_RATE = 0x73,
};

/* Clause 6.2, answers. */
enum {
	CCID_DATA_BLOCK = 0x80,
	CCID_SLOT_STATUS = 0x81,
	CCID_PARAMETERS = 0x82,
	CCID_ESCAPE_ANSWER = 0x83,
	CCID_DATA_RATE = 0x84,
};

/* Clause 6.2.6: bStatus and bError. A bError from 1 to 127 is the offset of the byte in the command
 * that is wrong. */
enum {
	CCID_ICC_ACTIVE = 0x00,
	CCID_ICC_INACTIVE = 0x01,
	CCID_ICC_ABSENT = 0x02,
	CCID_FAILED = 0x40,
	CCID_TIME_EXTENSION = 0x80, /* bError: the multiplier */

	CCID_NOT_SUPPORTED = 0x00,
	CCID_AT_LENGTH = 1,
	CCID_AT_SLOT = 5,
	CCID_AT_SPECIFIC = 7,
	CCID_AT_LEVEL = 8, /* wLevelParameter */
	CCID_AT_DATA = CCID_HEADER_LEN,
	CCID_SLOT_BUSY = 0xE0,
	CCID_PROTOCOL_NOT_SUPPORTED = 0xF6,
	CCID_HARDWARE_ERROR = 0xFB,
	CCID_ICC_MUTE = 0xFE,
};

/* `data` is borrowed from the bytes it was parsed from. */
struct ccid_command {
	uint8_t type, slot, seq;
	uint8_t specific[CCID_SPECIFIC_LEN];
	struct bytes data;
};

/* False: shorter than a header, more than CCID_DATA_MAX bytes of data, or lengths that disagree. */
bool ccid_command_parse(struct bytes bytes, struct ccid_command *command) MUST_USE;
/* How long the message is that begins with this header, which has at least five bytes; 0: longer than
 * any. */
size_t ccid_message_len(struct bytes header) MUST_USE;

struct ccid_answer {
	uint8_t type, slot, seq, status, error, last;
	struct bytes data;
};

/* At most CCID_DATA_MAX bytes of data. */
void ccid_answer_put(const struct ccid_answer *answer, struct writer *writer);

/* The type of the answer to a command: clause 6.1 says it of each; SLOT_STATUS to what is none. */
uint8_t ccid_answer_type(uint8_t command);

#endif
