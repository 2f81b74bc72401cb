/*
 * What the citizen cards of S4-1 3.0 to 4.1 share: PINs and roles of 5.1, 6.1 and 7.3, the files of
 * the MultiApp applet, and its commands.
 */
#ifndef VICAR_APPLETS_FINEID_CITIZEN_H
#define VICAR_APPLETS_FINEID_CITIZEN_H

#include "fineid_card.h"

enum {
	FINEID_PIN1 = 0x11, /* 5.1: global */
	FINEID_PIN2 = 0x82, /* local */
	FINEID_PUK = 0x83,
	FINEID_PIN_STORED = 12,
	FINEID_PIN2_MIN = 6,
	FINEID_CITIZEN_PIN_FLAGS = PKCS15_PIN_INITIALIZED | PKCS15_PIN_NEEDS_PADDING,
};

#define FINEID_PIN1_COUNTER "pin1"
#define FINEID_PIN2_COUNTER "pin2"

/* VERIFY does not know the PUK (4.5); GET DATA does. */
#define FINEID_CITIZEN_PUK                                                                        \
	{                                                                                         \
		.counter = fineid_puk_counter, .reference = PIN_NO_REFERENCE, .is_puk = true,     \
		.digits_only = true, .length_min = FINEID_PUK_MIN,                                \
		.length_max = FINEID_PIN_STORED, .length_stored = FINEID_PIN_STORED, .pad = 0x00, \
		.tries = FINEID_TRIES                                                             \
	}
#define FINEID_CITIZEN_PIN(which, byte, min)                                                      \
	.counter = (which), .reference = (byte), .puk = fineid_puk_counter, .digits_only = true,  \
	.length_min = (min), .length_max = FINEID_PIN_STORED, .length_stored = FINEID_PIN_STORED, \
	.pad = 0x00, .tries = FINEID_TRIES
#define FINEID_CITIZEN_PIN_OBJECT(byte, min)                                                 \
	.type = PKCS15_PIN_ASCII_NUMERIC, .min_len = (min), .stored_len = FINEID_PIN_STORED, \
	.has_max_len = true, .max_len = FINEID_PIN_STORED, .has_reference = true,            \
	.reference = (byte), .has_pad = true, .pad = 0x00

/* The key for authentication; the arguments are the kinds of keys that it may be. */
#define FINEID_CITIZEN_AUTH(...)                                                                \
	{                                                                                       \
		.key = "auth", .purpose = "authentication and decipherment",                    \
		.kinds = {__VA_ARGS__, NULL}, .puk = FINEID_CITIZEN_PUK,                        \
		.pin = {FINEID_CITIZEN_PIN(FINEID_PIN1_COUNTER, FINEID_PIN1, FINEID_PIN1_MIN)}, \
		.private_key_spec = {.name = "auth",                                            \
				     .reference = 1,                                            \
				     .pin = FINEID_PIN1,                                        \
				     .algorithms = fineid_citizen_algorithms,                   \
				     .algorithms_count = FINEID_ALGORITHMS_COUNT},              \
		.pin_object = {.common = {.label = "perustunnusluku",                           \
					  .flags = FINEID_PIN_OBJECT_FLAGS,                     \
					  .auth_id = {{3}, 1}},                                 \
			       .id = {{1}, 1},                                                  \
			       .flags = FINEID_CITIZEN_PIN_FLAGS,                               \
			       FINEID_CITIZEN_PIN_OBJECT(FINEID_PIN1, FINEID_PIN1_MIN)},        \
		.private_key = {.common = {.label = "todentamis- ja salausavain",               \
					   .flags = PKCS15_OBJECT_PRIVATE,                      \
					   .auth_id = {{1}, 1}},                                \
				.id = {{FINEID_ID_AUTH}, 1},                                    \
				.usage = PKCS15_USAGE_SIGN | PKCS15_USAGE_DECRYPT |             \
					 PKCS15_USAGE_UNWRAP | PKCS15_USAGE_DERIVE,             \
				.access = FINEID_KEY_ACCESS,                                    \
				.has_reference = true,                                          \
				.reference = 1,                                                 \
				.path = FINEID_PATH_MF},                                        \
		.certificate = {.common = {.label = "todentamis- ja salausvarmenne"},           \
				.id = {{FINEID_ID_AUTH}, 1},                                    \
				.path = FINEID_PATH(4, 0x43, 0x31)},                            \
		.certificate_path = {FINEID_AUTH_CERTIFICATE},                                  \
	}

/* A key for signatures: its number, names, and where its certificate is below DF 5016. */
#define FINEID_CITIZEN_SIGN(name_, number, id_, key_label, certificate_label, fid, ...)          \
	{                                                                                        \
		.key = (name_), .purpose = "signatures that bind", .kinds = {__VA_ARGS__, NULL}, \
		.puk = FINEID_CITIZEN_PUK,                                                       \
		.pin = {FINEID_CITIZEN_PIN(FINEID_PIN2_COUNTER, FINEID_PIN2, FINEID_PIN2_MIN),   \
			.local = true, .one_shot = true /* 5.4 */},                              \
		.private_key_spec = {.name = (name_),                                            \
				     .reference = (number),                                      \
				     .pin = FINEID_PIN2,                                         \
				     .algorithms = fineid_citizen_algorithms,                    \
				     .algorithms_count = FINEID_SIGNATURES_COUNT},               \
		.pin_object = {.common = {.label = "allekirjoitustunnusluku",                    \
					  .flags = FINEID_PIN_OBJECT_FLAGS,                      \
					  .auth_id = {{3}, 1}},                                  \
			       .id = {{2}, 1},                                                   \
			       .flags = FINEID_CITIZEN_PIN_FLAGS | PKCS15_PIN_LOCAL,             \
			       FINEID_CITIZEN_PIN_OBJECT(FINEID_PIN2, FINEID_PIN2_MIN)},         \
		.private_key = {.common = {.label = key_label,                                   \
					   .flags = PKCS15_OBJECT_PRIVATE,                       \
					   .auth_id = {{2}, 1},                                  \
					   .user_consent = 1},                                   \
				.id = {{(id_)}, 1},                                              \
				.usage = PKCS15_USAGE_NON_REPUDIATION,                           \
				.access = FINEID_KEY_ACCESS,                                     \
				.has_reference = true,                                           \
				.reference = (number),                                           \
				.path = FINEID_PATH_MF},                                         \
		.certificate = {.common = {.label = certificate_label},                          \
				.id = {{(id_)}, 1},                                              \
				.path = FINEID_PATH(6, 0x50, 0x16, (uint8_t)((fid) >> 8),        \
						    (uint8_t)(fid))},                            \
		.certificate_path = {FINEID_ESIGN, (fid)},                                       \
	}

extern const struct algorithm fineid_citizen_algorithms[FINEID_ALGORITHMS_COUNT];
extern const struct pkcs15_pin fineid_citizen_puk; /* its object */

enum { FINEID_CARD_ACCESS_LEN = 42 };
extern const uint8_t fineid_card_access[FINEID_CARD_ACCESS_LEN];

/* 4.12: its own commands, as many as this. */
enum { FINEID_CITIZEN_COMMANDS_COUNT = 8 };
extern const struct card_command fineid_citizen_commands[FINEID_CITIZEN_COMMANDS_COUNT];

extern const struct hash_algorithm fineid_citizen_hashes[];
enum { FINEID_CITIZEN_HASHES_COUNT = 5 };

/* 4.1, 4.2, 4.5 to 4.9 and 5.4 */
#define FINEID_CITIZEN_RULES                                                                     \
	{                                                                                        \
		.select = SELECT_FID | SELECT_FID_ANYWHERE | SELECT_CHILD_DF | SELECT_CHILD_EF | \
			  SELECT_PARENT | SELECT_NAME | SELECT_PATH_MF | SELECT_PATH_DF |        \
			  SELECT_FCI | SELECT_FCP | SELECT_NO_DATA,                              \
		.name_select = PINS_ALL_DROPPED, .df_change = PINS_KEPT,                         \
		.pin = VERIFY_LOGOUT | CHANGE_OLD_NEW | RESET_PUK_NEW,                           \
		.hash = HASH_WHOLE | HASH_CONTINUED | HASH_BLOCKS,                               \
		.hash_algorithms = fineid_citizen_hashes,                                        \
		.hash_algorithms_count = FINEID_CITIZEN_HASHES_COUNT                             \
	}

#endif
