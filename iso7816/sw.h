/*
 * Status words, ISO/IEC 7816-4 clause 5.6, and Vicar's own in the 6F range (design.md, "Remote
 * trouble"). A status word is SW1 << 8 | SW2.
 */
#ifndef VICAR_ISO7816_SW_H
#define VICAR_ISO7816_SW_H

#include <stdbool.h>
#include <stdint.h>

enum {
	SW_OK = 0x9000,
	SW_MORE_DATA = 0x6100,        /* | number of bytes left, 00 = 256 or more */
	SW_END_OF_FILE = 0x6282,      /* fewer bytes than Le asked for */
	SW_AUTHENTICATION = 0x63C0,   /* | tries left */
	SW_PROMPT_TIMEOUT = 0x6400,   /* PC/SC part 10: no answer in time, or no prompt possible */
	SW_PROMPT_CANCELLED = 0x6401, /* PC/SC part 10: the user cancelled */
	SW_MEMORY_FAILURE = 0x6581,
	SW_WRONG_LENGTH = 0x6700,
	SW_CHANNEL_NOT_SUPPORTED = 0x6881,
	SW_SM_NOT_SUPPORTED = 0x6882,
	SW_LAST_COMMAND_EXPECTED = 0x6883,
	SW_CHAINING_NOT_SUPPORTED = 0x6884,
	SW_SECURITY_STATUS = 0x6982,
	SW_BLOCKED = 0x6983,
	SW_REFERENCE_DATA_UNUSABLE = 0x6984,
	SW_CONDITIONS = 0x6985,
	SW_NO_CURRENT_EF = 0x6986,
	SW_INCORRECT_DATA = 0x6A80,
	SW_FUNCTION_NOT_SUPPORTED = 0x6A81,
	SW_FILE_NOT_FOUND = 0x6A82,
	SW_RECORD_NOT_FOUND = 0x6A83,
	SW_INCORRECT_P1P2 = 0x6A86,
	SW_REFERENCE_NOT_FOUND = 0x6A88,
	SW_NOT_ENOUGH_MEMORY = 0x6A84, /* in the file */
	SW_WRONG_OFFSET = 0x6B00,
	SW_WRONG_LE = 0x6C00, /* | exact Le */
	SW_INS_NOT_SUPPORTED = 0x6D00,
	SW_CLA_NOT_SUPPORTED = 0x6E00,
	SW_UNKNOWN = 0x6F00,
	/* Vicar: what became of a signature by a remote service. */
	SW_SERVICE_UNREACHABLE = 0x6F10,
	SW_SERVICE_UNTRUSTED = 0x6F11,
	SW_SERVICE_CREDENTIALS = 0x6F12,
	SW_SERVICE_INACTIVE = 0x6F13,
	SW_SERVICE_PIN_MUST_CHANGE = 0x6F14,
	SW_SERVICE_ACCOUNT_UNKNOWN = 0x6F15,
	SW_SIGNATURE_WRONG = 0x6F16,
	SW_FATE_UNKNOWN = 0x6F17,
	SW_CERTIFICATE_EXPIRED = 0x6F18,
	SW_ENCRYPTION_CERTIFICATE_EXPIRED = 0x6F19,
	SW_CODE_WRONG = 0x6F1A,
	SW_SERVICE_OTHER = 0x6F1F,
};

/* 63Cx with x tries left; more than 15 tries read as 15. */
uint16_t sw_tries(unsigned tries_left);
/* True for 63Cx; `tries_left` may be NULL. */
bool sw_is_tries(uint16_t sw, unsigned *tries_left);
/* One short English phrase, never NULL. */
const char *sw_text(uint16_t sw);

#endif
