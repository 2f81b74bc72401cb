/*
 * A card for tests of the engine, of a made-up personality: nothing here is of a real card. To be
 * included after cmocka.h.
 *
 *   MF 3F00
 *    +- 2F00 EF, SFI 1E, 10 bytes 00..09
 *    +- 5000 DF, name A0000000AA
 *    |   +- 5001 EF, 300 bytes, byte n is n mod 256      +- 5002 EF, read with PIN 01
 *    |   +- 5003 key file                                 +- 5004 EF, never read
 *    |   +- 5005 EF, empty                                +- 5006 EF, read with PINs 01 and 03
 *    |   +- 5100 DF
 *    +- 6000 DF, name A0000000BB
 *        +- 6001 EF, SFI 01, 2 bytes
 *        +- 6002 EF, SFI 02, 5 bytes 00..04, updated with PIN 01
 *
 *   key auth   file   PIN 01, 4 to 8 digits padded with 00 to 8, 3 tries, PUK inside RESET only
 *   key sign   cmd    PIN 82, 4 to 8 digits padded with FF to 8, local
 *   key once   file   PIN 03, 2 to 10 of any bytes unpadded, one signature each; PUK 12, unpadded
 */
#ifndef VICAR_TESTS_UNIT_CARD_FIXTURE_H
#define VICAR_TESTS_UNIT_CARD_FIXTURE_H

#include "emulator/personality.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "hex.h"

/* Into an array, whole. */
#define set_text(array, text) \
	assert_true(snprintf((array), sizeof(array), "%s", (text)) < (int)sizeof(array))

enum { FIXTURE_BLOCK = 128, FIXTURE_RSA_BITS = 1024 };

struct fixture {
	struct image image;
	struct personality personality;
	struct card *card;
	struct image_error error;
	uint8_t response[RAPDU_LEN_MAX];
	size_t response_len;
	enum card_result result;
	/* What save() was given, and what it shall do. */
	struct image_counter saved[IMAGE_COUNTERS_MAX];
	size_t saved_count;
	unsigned saves;
	bool save_fails;
	/* The same of save_file(). */
	char file_path[IMAGE_FILE_PATH_MAX + 1];
	uint8_t file[8];
	size_t file_len;
};

static const uint8_t FIXTURE_ATR_T0[] = {0x3B, 0x00};
static const uint8_t FIXTURE_ATR_T1[] = {0x3B, 0x80, 0x01, 0x81};

#define FIXTURE_SIGN(byte, from, how, what, hash)                                       \
	{                                                                               \
		.se = SE_DST, .reference = (byte), .operation = (what), .input = (how), \
		.source = (from), .digest = (hash)                                      \
	}

static const struct algorithm FIXTURE_ALGORITHMS[] = {
    FIXTURE_SIGN(0x00, SOURCE_COMMAND, INPUT_BLOCK, KEY_SIGN_RAW, DIGEST_SHA1),
    FIXTURE_SIGN(0x02, SOURCE_COMMAND, INPUT_DIGESTINFO, KEY_SIGN_PKCS1, DIGEST_SHA1),
    FIXTURE_SIGN(0x12, SOURCE_COMMAND, INPUT_DIGEST, KEY_SIGN_PKCS1, DIGEST_SHA1),
    FIXTURE_SIGN(0x42, SOURCE_HASH, INPUT_DIGEST, KEY_SIGN_PKCS1, DIGEST_SHA256),
    FIXTURE_SIGN(0x54, SOURCE_HASH, INPUT_DIGEST_BARE, KEY_SIGN_RAW, DIGEST_SHA384),
    {.se = SE_CT,
     .reference = 0x1A,
     .operation = KEY_DECIPHER_PKCS1,
     .input = INPUT_CRYPTOGRAM,
     .source = SOURCE_COMMAND},
    {.se = SE_CT,
     .unnamed = true,
     .operation = KEY_DECIPHER_RAW,
     .input = INPUT_CRYPTOGRAM,
     .source = SOURCE_COMMAND},
    {.se = SE_AT,
     .reference = 0x02,
     .operation = KEY_SIGN_PKCS1,
     .input = INPUT_DIGESTINFO,
     .source = SOURCE_COMMAND},
};

enum { FIXTURE_ALGORITHMS_COUNT = sizeof(FIXTURE_ALGORITHMS) / sizeof(FIXTURE_ALGORITHMS[0]) };

static const struct pin_spec FIXTURE_PINS[] = {
    {.counter = "puk",
     .reference = PIN_NO_REFERENCE,
     .is_puk = true,
     .digits_only = true,
     .length_min = 8,
     .length_max = 8,
     .length_stored = 8,
     .tries = 2},
    {.counter = "pin",
     .reference = 0x01,
     .key = "auth",
     .puk = "puk",
     .digits_only = true,
     .length_min = 4,
     .length_max = 8,
     .length_stored = 8,
     .tries = 3},
    {.counter = "sign-pin",
     .reference = 0x82,
     .key = "sign",
     .local = true,
     .digits_only = true,
     .length_min = 4,
     .length_max = 8,
     .length_stored = 8,
     .pad = 0xFF,
     .tries = 9},
    {.counter = "once-puk",
     .reference = 0x12,
     .key = "once",
     .is_puk = true,
     .length_min = 2,
     .length_max = 10,
     .tries = 2},
    {.counter = "once-pin",
     .reference = 0x03,
     .key = "once",
     .puk = "once-puk",
     .one_shot = true,
     .length_min = 2,
     .length_max = 10,
     .tries = 3},
};

static const struct key_spec FIXTURE_KEYS[] = {
    {.name = "auth",
     .reference = 0x01,
     .fid = 0x5003,
     .pin = 0x01,
     .algorithms = FIXTURE_ALGORITHMS,
     .algorithms_count = FIXTURE_ALGORITHMS_COUNT},
    {.name = "sign",
     .reference = 0x02,
     .pin = 0x82,
     .algorithms = FIXTURE_ALGORITHMS,
     .algorithms_count = FIXTURE_ALGORITHMS_COUNT},
    {.name = "once",
     .reference = 0x03,
     .pin = 0x03,
     .algorithms = FIXTURE_ALGORITHMS,
     .algorithms_count = FIXTURE_ALGORITHMS_COUNT},
};

static const uint8_t FIXTURE_NAME_A[] = {0xA0, 0x00, 0x00, 0x00, 0xAA};
static const uint8_t FIXTURE_NAME_B[] = {0xA0, 0x00, 0x00, 0x00, 0xBB};

static inline bool
fixture_add_file(struct card *card, const struct file_spec *spec, size_t len,
		 struct image_error *error)
{
	uint8_t content[300];

	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)i;
	return card_add_file(card, spec, (struct bytes){content, len}, error);
}

static inline bool
fixture_personalise(struct card *card, const struct image *image, struct image_error *error)
{
	static const struct {
		struct file_spec spec;
		size_t len;
	} files[] = {
	    {{.path = {0x2F00}, .kind = FILE_EF, .sfi = 0x1E, .read = ACCESS_IS_ALWAYS}, 10},
	    {{.path = {0x5000}, .kind = FILE_DF, .name = {FIXTURE_NAME_A, sizeof(FIXTURE_NAME_A)}},
	     0},
	    {{.path = {0x5000, 0x5001}, .kind = FILE_EF, .read = ACCESS_IS_ALWAYS}, 300},
	    {{.path = {0x5000, 0x5002}, .kind = FILE_EF, .read = ACCESS_IS_PIN(0x01)}, 4},
	    {{.path = {0x5000, 0x5003}, .kind = FILE_KEY}, 0},
	    {{.path = {0x5000, 0x5004}, .kind = FILE_EF, .read = ACCESS_IS_NEVER}, 4},
	    {{.path = {0x5000, 0x5005}, .kind = FILE_EF, .read = ACCESS_IS_ALWAYS}, 0},
	    {{.path = {0x5000, 0x5006},
	      .kind = FILE_EF,
	      .read = {.rule = ACCESS_ALL_PINS, .pins = {0x01, 0x03}, .pins_count = 2}},
	     4},
	    {{.path = {0x5000, 0x5100}, .kind = FILE_DF}, 0},
	    {{.path = {0x6000}, .kind = FILE_DF, .name = {FIXTURE_NAME_B, sizeof(FIXTURE_NAME_B)}},
	     0},
	    {{.path = {0x6000, 0x6001}, .kind = FILE_EF, .sfi = 1, .read = ACCESS_IS_ALWAYS}, 2},
	    {{.path = {0x6000, 0x6002},
	      .kind = FILE_EF,
	      .sfi = 2,
	      .read = ACCESS_IS_ALWAYS,
	      .update = ACCESS_IS_PIN(0x01)},
	     5},
	};

	(void)image;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!fixture_add_file(card, &files[i].spec, files[i].len, error))
			return false;
	for (size_t i = 0; i < sizeof(FIXTURE_PINS) / sizeof(FIXTURE_PINS[0]); i++)
		if (!card_add_pin(card, &FIXTURE_PINS[i], error))
			return false;
	for (size_t i = 0; i < sizeof(FIXTURE_KEYS) / sizeof(FIXTURE_KEYS[0]); i++)
		if (!card_add_key(card, &FIXTURE_KEYS[i], error))
			return false;
	return true;
}

/* 6F or 62, 83 FID: enough to see which file was selected. */
static inline void
fixture_fci(const struct file *file, uint8_t p2, struct writer *writer)
{
	writer_u8(writer, p2 == 0x04 ? 0x62 : 0x6F);
	writer_u8(writer, 4);
	writer_u8(writer, 0x83);
	writer_u8(writer, 2);
	writer_u16(writer, file->fid);
}

static unsigned fixture_answers; /* how often 80 10 was executed */

static inline uint16_t
fixture_answer_data(struct card *card, const struct capdu *command, struct writer *response)
{
	(void)card;
	fixture_answers++;
	writer_fill(response, 0xDD, (size_t)command->p1 << 8 | command->p2);
	return SW_OK;
}

/* 80 10 n m: n * 256 + m bytes DD. 00 11 ..: refused 6A81. 00 88: the engine's. */
static const struct card_command FIXTURE_COMMANDS[] = {
    {.cla = 0x80, .cla_mask = 0xFF, .ins = 0x10, .handler = fixture_answer_data},
    {.cla = 0x00, .cla_mask = 0xFF, .ins = 0x11, .sw = SW_FUNCTION_NOT_SUPPORTED},
    {.cla = 0x00,
     .cla_mask = 0xFF,
     .ins = 0x88,
     .p1p2_mask = 0xFFFF,
     .chaining = true,
     .handler = card_internal_authenticate},
};

static const char *const FIXTURE_OPTIONS[] = {"loud", NULL};

static inline bool
fixture_save(void *context, const struct image_counter *counters, size_t count)
{
	struct fixture *fixture = context;

	fixture->saves++;
	if (fixture->save_fails)
		return false;
	memcpy(fixture->saved, counters, count * sizeof(*counters));
	fixture->saved_count = count;
	return true;
}

static inline bool
fixture_save_file(void *context, const char *path, struct bytes content)
{
	struct fixture *fixture = context;

	if (fixture->save_fails)
		return false;
	set_text(fixture->file_path, path);
	assert_true(content.len <= sizeof(fixture->file));
	memcpy(fixture->file, content.data, content.len);
	fixture->file_len = content.len;
	return true;
}

/* A self-signed certificate in DER. Ends the test program when OpenSSL cannot. */
static inline void
fixture_certificate(EVP_PKEY *key, uint8_t **der, size_t *len)
{
	X509 *certificate = X509_new();
	int der_len;

	assert_non_null(certificate);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), 0));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), 3600));
	assert_int_equal(X509_set_pubkey(certificate, key), 1);
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
	*der = NULL;
	der_len = i2d_X509(certificate, der);
	assert_true(der_len > 0);
	*len = (size_t)der_len;
	X509_free(certificate);
}

/* One key for all tests of a program: making it takes the time. */
static inline EVP_PKEY *
fixture_rsa(void)
{
	static EVP_PKEY *key;

	if (key == NULL)
		key = EVP_RSA_gen(FIXTURE_RSA_BITS);
	assert_non_null(key);
	return key;
}

static inline void
fixture_add_image_key(struct image *image, const char *name, const char *service)
{
	struct image_key *key = &image->keys[image->keys_count++];

	set_text(key->name, name);
	set_text(key->service, service);
	fixture_certificate(fixture_rsa(), &key->certificate, &key->certificate_len);
}

static inline void
fixture_init(struct fixture *fixture)
{
	memset(fixture, 0, sizeof(*fixture));
	fixture->image.lock = -1;
	set_text(fixture->image.name, "tested");
	set_text(fixture->image.directory, "/nowhere/tested");
	fixture_add_image_key(&fixture->image, "auth", "file");
	fixture_add_image_key(&fixture->image, "sign", "cmd");
	fixture_add_image_key(&fixture->image, "once", "file");
	fixture->personality = (struct personality){
	    .name = "made-up",
	    .atr = {FIXTURE_ATR_T1, sizeof(FIXTURE_ATR_T1)},
	    .options = FIXTURE_OPTIONS,
	    .rules = {.select = SELECT_FID | SELECT_CHILD_DF | SELECT_CHILD_EF | SELECT_PARENT |
				SELECT_NAME | SELECT_PATH_MF | SELECT_PATH_DF | SELECT_FCI |
				SELECT_FCP | SELECT_NO_DATA,
		      .name_select = PINS_ALL_DROPPED,
		      .pin = VERIFY_LOGOUT | CHANGE_OLD_NEW | CHANGE_NEW | RESET_PUK_NEW |
			     RESET_PUK | RESET_NEW,
		      .restores = {0xF300},
		      .hash = HASH_WHOLE},
	    .commands = FIXTURE_COMMANDS,
	    .commands_count = sizeof(FIXTURE_COMMANDS) / sizeof(FIXTURE_COMMANDS[0]),
	    .personalise = fixture_personalise,
	    .fci = fixture_fci,
	};
}

/* Makes the card, or makes it again, from image and personality as they are now. */
static inline bool
fixture_new(struct fixture *fixture)
{
	struct card_host host = {
	    .context = fixture, .save = fixture_save, .save_file = fixture_save_file};

	card_free(fixture->card);
	fixture->card = card_new(&fixture->image, &fixture->personality, &host, &fixture->error);
	return fixture->card != NULL;
}

static inline void
fixture_use_t0(struct fixture *fixture)
{
	fixture->personality.atr = (struct bytes){FIXTURE_ATR_T0, sizeof(FIXTURE_ATR_T0)};
	assert_true(fixture_new(fixture));
}

static inline int
fixture_setup(void **state)
{
	struct fixture *fixture = malloc(sizeof(*fixture));

	assert_non_null(fixture);
	fixture_init(fixture);
	assert_true(fixture_new(fixture));
	*state = fixture;
	return 0;
}

static inline void
fixture_end(struct fixture *fixture)
{
	card_free(fixture->card);
	for (size_t i = 0; i < fixture->image.keys_count; i++)
		OPENSSL_free(fixture->image.keys[i].certificate);
}

static inline int
fixture_teardown(void **state)
{
	fixture_end(*state);
	free(*state);
	return 0;
}

#define card_test(function) \
	cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

static inline void
fixture_send_bytes(struct fixture *fixture, struct bytes command)
{
	struct writer response = writer_to(fixture->response, sizeof(fixture->response));

	fixture->result = card_transmit(fixture->card, command, &response);
	assert_true(writer_ok(&response));
	fixture->response_len = response.len;
	if (fixture->result == CARD_PENDING)
		assert_int_equal(response.len, 0);
	else
		assert_true(response.len >= 2);
}

static inline void
fixture_resume(struct fixture *fixture, uint16_t sw, struct bytes output)
{
	struct writer response = writer_to(fixture->response, sizeof(fixture->response));
	struct key_result result = {.sw = sw, .output = output};

	fixture->result = card_resume(fixture->card, &result, &response);
	assert_int_equal(fixture->result, CARD_DONE);
	fixture->response_len = response.len;
}

static inline uint16_t
fixture_sw(const struct fixture *fixture)
{
	const uint8_t *end = fixture->response + fixture->response_len;

	assert_int_equal(fixture->result, CARD_DONE);
	return (uint16_t)(end[-2] << 8 | end[-1]);
}

static inline uint16_t
send(struct fixture *fixture, const char *command)
{
	struct hex bytes = hex(command);

	fixture_send_bytes(fixture, HEX(bytes));
	return fixture->result == CARD_DONE ? fixture_sw(fixture) : 0;
}

#define assert_sw(fixture, command, sw) assert_int_equal(send((fixture), (command)), (sw))

#define assert_answer(fixture, command, answer)                                                \
	do {                                                                                   \
		(void)send((fixture), (command));                                              \
		assert_int_equal((fixture)->result, CARD_DONE);                                \
		assert_bytes_hex((struct bytes){(fixture)->response, (fixture)->response_len}, \
				 (answer));                                                    \
	} while (0)

/* The command stops at a request. */
#define assert_request(fixture, command, wanted)                                      \
	do {                                                                          \
		(void)send((fixture), (command));                                     \
		assert_int_equal((fixture)->result, CARD_PENDING);                    \
		assert_non_null(card_request((fixture)->card));                       \
		assert_int_equal(card_request((fixture)->card)->operation, (wanted)); \
	} while (0)

/* And the request was answered with `result_sw` and no output. */
#define assert_resumed(fixture, result_sw, answer_sw)               \
	do {                                                        \
		fixture_resume((fixture), (result_sw), BYTES_NONE); \
		assert_int_equal(fixture_sw(fixture), (answer_sw)); \
	} while (0)

static inline unsigned
fixture_tries(const struct fixture *fixture, const char *counter)
{
	struct image_counter counters[IMAGE_COUNTERS_MAX];
	size_t count = card_counters(fixture->card, counters, IMAGE_COUNTERS_MAX);

	for (size_t i = 0; i < count; i++)
		if (strcmp(counters[i].name, counter) == 0)
			return counters[i].tries_left;
	fail_msg("there is no counter %s", counter);
	return 0;
}

static inline unsigned
fixture_saved_tries(const struct fixture *fixture, const char *counter)
{
	for (size_t i = 0; i < fixture->saved_count; i++)
		if (strcmp(fixture->saved[i].name, counter) == 0)
			return fixture->saved[i].tries_left;
	fail_msg("counter %s was not saved", counter);
	return 0;
}

/* Commands that many tests begin with. */
#define VERIFY_LOCAL "0020000108 3132333400000000"
#define VERIFY_REMOTE "0020008208 31323334FFFFFFFF"
#define VERIFY_ONCE "0020000303 616263"
#define SET_LOCAL_DIGESTINFO "002241B606 800102 840101"
#define SET_REMOTE_HASH "002241B606 800142 840102"
#define HASH_SHA256 \
	"002A90A022 9020 000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"
#define DIGESTINFO_SHA256 /* RFC 8017 section 9.2, note 1 */ \
	"3031300D060960864801650304020105000420"             \
	"000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"

static inline void
fixture_verify_local(struct fixture *fixture)
{
	assert_request(fixture, VERIFY_LOCAL, KEY_PIN_VERIFY);
	assert_resumed(fixture, SW_OK, SW_OK);
}

#endif
