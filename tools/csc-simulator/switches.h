/*
 * What [server] of accounts.conf switches: trouble on the way, and the dialects of services in the
 * field (csc.md part B and 12, points 8 and 9). csc-simulator(1) says what each word does.
 */
#ifndef VICAR_TOOLS_CSC_SIMULATOR_SWITCHES_H
#define VICAR_TOOLS_CSC_SIMULATOR_SWITCHES_H

#include <stdbool.h>
#include <stddef.h>

/* Bits of `trouble`. The first group replaces the answer and leaves the request undone; the second
 * lets it be done first; the third makes what is signed or told wrong. */
enum rssp_trouble {
	RSSP_HANG = 1u << 0,
	RSSP_DROP_BEFORE = 1u << 1,
	RSSP_RESET_BEFORE = 1u << 2,
	RSSP_HTTP_401 = 1u << 3,
	RSSP_HTTP_403 = 1u << 4,
	RSSP_HTTP_404 = 1u << 5,
	RSSP_HTTP_407 = 1u << 6,
	RSSP_HTTP_413 = 1u << 7,
	RSSP_HTTP_429 = 1u << 8,
	RSSP_HTTP_500 = 1u << 9,
	RSSP_HTTP_503 = 1u << 10,
	RSSP_HTTP_504 = 1u << 11,
	RSSP_REDIRECT = 1u << 12,
	RSSP_GARBAGE = 1u << 13,
	RSSP_EMPTY = 1u << 14,
	RSSP_ARRAY = 1u << 15,
	RSSP_NESTED = 1u << 16,

	RSSP_DROP_AFTER = 1u << 17,
	RSSP_RESET_AFTER = 1u << 18,
	RSSP_CUT = 1u << 19,
	RSSP_HUGE = 1u << 20,
	RSSP_NULLS = 1u << 21,
	RSSP_NO_MEMBERS = 1u << 22,

	RSSP_WRONG_SIGNATURE = 1u << 23,
	RSSP_OTHER_KEY = 1u << 24,
	RSSP_SHORT_SIGNATURE = 1u << 25,
	RSSP_FEWER_SIGNATURES = 1u << 26,
	RSSP_REVERSED_SIGNATURES = 1u << 27,
	RSSP_REVERSED_CHAIN = 1u << 28,
	RSSP_NO_LEAF = 1u << 29,
};

/* Bits of `dialect`. */
enum rssp_dialect {
	RSSP_NUMBERS_AS_STRINGS = 1u << 0,
	RSSP_STRINGS_WANTED = 1u << 1,
	RSSP_NULL_MEMBERS = 1u << 2,
	RSSP_EXTRA_MEMBERS = 1u << 3,
	RSSP_ERROR_ZERO = 1u << 4,
	RSSP_BARE_ERRORS = 1u << 5,
	RSSP_PLAIN_TYPE = 1u << 6,
	RSSP_AUTHORISE = 1u << 7,
	RSSP_GET = 1u << 8,
	RSSP_SEND_OTP_BODY = 1u << 9,
	RSSP_OAUTH2_URL = 1u << 10,
	RSSP_BEARER_SAD = 1u << 11,
	RSSP_JSON_TOKEN = 1u << 12,
	RSSP_PASSWORD_GRANT = 1u << 13,
	RSSP_PUBLIC_CLIENT = 1u << 14,
	RSSP_ACCOUNT_TOKEN = 1u << 15,
	RSSP_LOGIN_MEMBERS = 1u << 16,
	RSSP_ECDSA_RAW = 1u << 17,
	RSSP_NO_SIGN_ALGO = 1u << 18,
	RSSP_WHOLE_DIGESTINFO = 1u << 19,
	RSSP_MULTISIGN_TRUE = 1u << 20,
	RSSP_MAX_RESULTS = 1u << 21,
	RSSP_CHAIN_ONLY = 1u << 22,
	RSSP_NO_CERT_INFO = 1u << 23,
	RSSP_NO_EMPTY_LIST = 1u << 24,
	RSSP_DECIMAL_SERIAL = 1u << 25,
	RSSP_ACCESS_DENIED = 1u << 26,
	RSSP_ISSUER = 1u << 27,
};

/* sim_value_parser; the target is an unsigned. */
const char *rssp_parse_trouble(const char *value, void *target);
const char *rssp_parse_dialect(const char *value, void *target);

/* The word that accounts.conf has for the lowest bit; "" for 0. */
const char *rssp_trouble_name(unsigned trouble);

#endif
