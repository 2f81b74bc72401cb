/*
 * PKCS #15 objects against bytes of the fact sheets: encode gives exactly the bytes, decode gives
 * the values back.
 */
#include "iso7816/pkcs15.h"

#include <openssl/err.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 1024 };

struct buffer {
	uint8_t data[ROOM];
	size_t len;
};

static struct buffer
hex(const char *text)
{
	struct buffer buffer;

	assert_true(bytes_from_hex(text, buffer.data, sizeof(buffer.data), &buffer.len));
	return buffer;
}

static struct reader
reader_over(const struct buffer *buffer)
{
	return reader_of((struct bytes){buffer->data, buffer->len});
}

/* Compares as text, so that a failure shows the bytes. */
static void
assert_hex(const struct writer *writer, const char *expected)
{
	struct buffer want = hex(expected);
	struct bytes got = writer_bytes(writer);
	char want_text[2 * ROOM + 1], got_text[2 * ROOM + 1];

	bytes_to_hex((struct bytes){want.data, want.len}, want_text);
	bytes_to_hex(got, got_text);
	assert_string_equal(got_text, want_text);
}

#define ID(...)                                                                \
	{                                                                      \
		.data = {__VA_ARGS__}, .len = sizeof((uint8_t[]){__VA_ARGS__}) \
	}
#define FILE_PATH(...)                                           \
	{                                                        \
		.kind = PKCS15_PATH_FILE, .file = {__VA_ARGS__}, \
		.file_len = sizeof((uint8_t[]){__VA_ARGS__})     \
	}
#define EMPTY_PATH                       \
	{                                \
		.kind = PKCS15_PATH_FILE \
	}
#define RSA_ENCRYPTION ID(0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01)

/*
 * EF.DIR
 */
struct application_case {
	const char *hex;
	struct pkcs15_application value;
};

#define FINEID_AID                                                              \
	{                                                                       \
		0xA0, 0x00, 0x00, 0x00, 0x63, 'P', 'K', 'C', 'S', '-', '1', '5' \
	}
#define ECC_EID_AID                                                                         \
	{                                                                                   \
		0xE8, 0x28, 0xBD, 0x08, 0x0F, 0xD2, 0x50, 'E', 'C', 'C', '-', 'e', 'I', 'D' \
	}

static const struct application_case APPLICATIONS[] = {
    {/* fineid.md 7.5, v2 DIR */
     "612d4f0ca000000063504b43532d3135500b46494e4549442053342d3151043f005015730a06082a817684050401"
     "01",
     {.aid = FINEID_AID,
      .aid_len = 12,
      .label = "FINEID S4-1",
      .path = {0x3F, 0x00, 0x50, 0x15},
      .path_len = 4,
      .provider = ID(0x2A, 0x81, 0x76, 0x84, 0x05, 0x04, 0x01, 0x01)}},
    {/* fineid.md 7.5, v4 DIR */
     "611b4f0ca000000063504b43532d3135500b46494e4549442053342d31",
     {.aid = FINEID_AID, .aid_len = 12, .label = "FINEID S4-1"}},
    {/* iasecc.md 7.1 */
     "61334F0EE828BD080FD2504543432D654944500745434320654944731806062B8122F878024F0EE828BD080FD250"
     "4543432D654944",
     {.aid = ECC_EID_AID,
      .aid_len = 14,
      .label = "ECC eID",
      .provider = ID(0x2B, 0x81, 0x22, 0xF8, 0x78, 0x02),
      .ddo_aid = ECC_EID_AID,
      .ddo_aid_len = 14}},
    {/* iasecc.md 9.4 */
     "611D4F0944462069737375657250"
     "0C504F52545547414C2045494451024F00",
     {.aid = {'D', 'F', ' ', 'i', 's', 's', 'u', 'e', 'r'},
      .aid_len = 9,
      .label = "PORTUGAL EID",
      .path = {0x4F, 0x00},
      .path_len = 2}},
};

static void
assert_application(const struct pkcs15_application *got, const struct pkcs15_application *want)
{
	assert_int_equal(got->aid_len, want->aid_len);
	assert_memory_equal(got->aid, want->aid, want->aid_len);
	assert_string_equal(got->label, want->label);
	assert_int_equal(got->path_len, want->path_len);
	assert_memory_equal(got->path, want->path, want->path_len);
	assert_int_equal(got->provider.len, want->provider.len);
	assert_memory_equal(got->provider.data, want->provider.data, want->provider.len);
	assert_int_equal(got->ddo_aid_len, want->ddo_aid_len);
	assert_memory_equal(got->ddo_aid, want->ddo_aid, want->ddo_aid_len);
	assert_int_equal(got->od.kind, want->od.kind);
	assert_memory_equal(got->od.file, want->od.file, want->od.file_len);
}

static void
an_application_is_written_as_on_the_sheets(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(APPLICATIONS) / sizeof(APPLICATIONS[0]); i++) {
		uint8_t data[ROOM];
		struct writer writer = writer_to(data, sizeof(data));

		assert_true(pkcs15_encode_application(&APPLICATIONS[i].value, &writer));
		assert_hex(&writer, APPLICATIONS[i].hex);
	}
}

static void
an_application_of_the_sheets_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(APPLICATIONS) / sizeof(APPLICATIONS[0]); i++) {
		struct buffer file = hex(APPLICATIONS[i].hex);
		struct reader reader = reader_over(&file);
		struct pkcs15_application application;

		assert_true(pkcs15_decode_application(&reader, &application));
		assert_application(&application, &APPLICATIONS[i].value);
		assert_false(pkcs15_decode_application(&reader, &application));
	}
}

/* iasecc.md 7.1: "inside 73: 30 ODF path" */
static void
the_path_of_ef_od_in_the_discretionary_data_survives_a_round(void **state)
{
	const struct pkcs15_application want = {
	    .aid = ECC_EID_AID, .aid_len = 14, .od = FILE_PATH(0x3F, 0x00, 0x50, 0x31)};
	struct pkcs15_application got;
	uint8_t data[ROOM];
	struct writer writer = writer_to(data, sizeof(data));
	struct reader reader;

	(void)state;
	assert_true(pkcs15_encode_application(&want, &writer));
	reader = reader_of(writer_bytes(&writer));
	assert_true(pkcs15_decode_application(&reader, &got));
	assert_application(&got, &want);
}

static void
an_application_without_an_aid_is_left_out(void **state)
{
	struct buffer file = hex("61055003414243 FFFF 611B4F0CA000000063504B43532D3135"
				 "500B46494E4549442053342D31 0000");
	struct reader reader = reader_over(&file);
	struct pkcs15_application application;

	(void)state;
	assert_true(pkcs15_decode_application(&reader, &application));
	assert_string_equal(application.label, "FINEID S4-1");
	assert_false(pkcs15_decode_application(&reader, &application));
}

/*
 * EF.OD
 */
static void
assert_path(const struct pkcs15_path *got, const struct pkcs15_path *want)
{
	assert_int_equal(got->kind, want->kind);
	assert_int_equal(got->file_len, want->file_len);
	assert_memory_equal(got->file, want->file, want->file_len);
	assert_int_equal(got->has_range, want->has_range);
	assert_int_equal(got->index, want->index);
	assert_int_equal(got->length, want->length);
}

struct od_case {
	const char *hex;
	size_t count;
	struct pkcs15_directory value[6];
};

static const struct od_case DIRECTORIES[] = {
    {/* fineid.md 7.5, v2 OD */
     "a80a300804063f0050154401a00a300804063f0050154402a40a300804063f0050154403a40a300804063f005015"
     "4404a50a300804063f0050154405",
     5,
     {{PKCS15_AUTHENTICATION_OBJECTS, FILE_PATH(0x3F, 0, 0x50, 0x15, 0x44, 0x01)},
      {PKCS15_PRIVATE_KEYS, FILE_PATH(0x3F, 0, 0x50, 0x15, 0x44, 0x02)},
      {PKCS15_CERTIFICATES, FILE_PATH(0x3F, 0, 0x50, 0x15, 0x44, 0x03)},
      {PKCS15_CERTIFICATES, FILE_PATH(0x3F, 0, 0x50, 0x15, 0x44, 0x04)},
      {PKCS15_TRUSTED_CERTIFICATES, FILE_PATH(0x3F, 0, 0x50, 0x15, 0x44, 0x05)}}},
    {/* fineid.md 7.5, v4 OD */
     "a808300604043f004401a008300604043f004402a408300604043f004403a508300604043f004405",
     4,
     {{PKCS15_AUTHENTICATION_OBJECTS, FILE_PATH(0x3F, 0, 0x44, 0x01)},
      {PKCS15_PRIVATE_KEYS, FILE_PATH(0x3F, 0, 0x44, 0x02)},
      {PKCS15_CERTIFICATES, FILE_PATH(0x3F, 0, 0x44, 0x03)},
      {PKCS15_TRUSTED_CERTIFICATES, FILE_PATH(0x3F, 0, 0x44, 0x05)}}},
    {/* iasecc.md 7.2: relative paths */
     "A806300404027001 A006300404027002 A106300404027004 A406300404027005 A506300404027007"
     "A706300404027006",
     6,
     {{PKCS15_AUTHENTICATION_OBJECTS, FILE_PATH(0x70, 0x01)},
      {PKCS15_PRIVATE_KEYS, FILE_PATH(0x70, 0x02)},
      {PKCS15_PUBLIC_KEYS, FILE_PATH(0x70, 0x04)},
      {PKCS15_CERTIFICATES, FILE_PATH(0x70, 0x05)},
      {PKCS15_TRUSTED_CERTIFICATES, FILE_PATH(0x70, 0x07)},
      {PKCS15_DATA_OBJECTS, FILE_PATH(0x70, 0x06)}}},
    {/* iasecc.md 9.4 */
     "A00A300804063F005F00EF0D A10A300804063F005F00EF0E A40A300804063F005F00EF0C"
     "A80A300804063F005F004401",
     4,
     {{PKCS15_PRIVATE_KEYS, FILE_PATH(0x3F, 0, 0x5F, 0, 0xEF, 0x0D)},
      {PKCS15_PUBLIC_KEYS, FILE_PATH(0x3F, 0, 0x5F, 0, 0xEF, 0x0E)},
      {PKCS15_CERTIFICATES, FILE_PATH(0x3F, 0, 0x5F, 0, 0xEF, 0x0C)},
      {PKCS15_AUTHENTICATION_OBJECTS, FILE_PATH(0x3F, 0, 0x5F, 0, 0x44, 0x01)}}},
};

static void
ef_od_is_written_as_on_the_sheets(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(DIRECTORIES) / sizeof(DIRECTORIES[0]); i++) {
		uint8_t data[ROOM];
		struct writer writer = writer_to(data, sizeof(data));

		for (size_t j = 0; j < DIRECTORIES[i].count; j++)
			assert_true(pkcs15_encode_directory(&DIRECTORIES[i].value[j], &writer));
		assert_hex(&writer, DIRECTORIES[i].hex);
	}
}

static void
ef_od_of_the_sheets_is_read_with_ff_or_zeros_behind_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(DIRECTORIES) / sizeof(DIRECTORIES[0]); i++) {
		struct buffer file = hex(DIRECTORIES[i].hex);
		struct pkcs15_directory directory;
		struct reader reader;

		/* fineid.md 7.1: "real v2 pads EF.OD with FF"; iasecc.md 7.2: 00 fill */
		memset(file.data + file.len, i % 2 == 0 ? 0xFF : 0x00, 20);
		file.len += 20;
		reader = reader_over(&file);
		for (size_t j = 0; j < DIRECTORIES[i].count; j++) {
			assert_true(pkcs15_decode_directory(&reader, &directory));
			assert_int_equal(directory.class, DIRECTORIES[i].value[j].class);
			assert_path(&directory.path, &DIRECTORIES[i].value[j].path);
		}
		assert_false(pkcs15_decode_directory(&reader, &directory));
	}
}

/*
 * EF.CIAInfo
 */
struct info_case {
	const char *hex;
	bool four_byte_header;
	struct pkcs15_token_info value;
};

#define ECDSA_WITH(n) ID(0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, n)
#define RSA_OID(n) ID(0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, n)

static const struct info_case INFOS[] = {
    {/* fineid.md 7.5, v2 CIA */
     "3050020101040a987654321012345678900c0a56524b2d46494e454944800d48454e4b494c4f4b4f525454490302"
     "0640a21c301a02010102010105000302024406092a864886f70d0101010201021302"
     "6669",
     false,
     {.version = 1,
      .serial = ID(0x98, 0x76, 0x54, 0x32, 0x10, 0x12, 0x34, 0x56, 0x78, 0x90),
      .manufacturer = "VRK-FINEID",
      .label = "HENKILOKORTTI",
      .flags = PKCS15_CARD_AUTH_REQUIRED,
      .algorithms = {{1, 1, PKCS15_OPERATION_COMPUTE_SIGNATURE | PKCS15_OPERATION_DECIPHER,
		      RSA_ENCRYPTION, true, 0x02}},
      .algorithms_count = 1,
      .language = "fi"}},
    {/* fineid.md 7.5, v4 CIA */
     "3082008a020101040c3132333435363738393031320c0a4456562d46494e454944800d48454e4b494c4f4b4f5254"
     "544903020640a254301a0201010202104405000302064006082a8648ce3d040302020144301a0201020202104505"
     "000302064006082a8648ce3d040303020154301a0201030202104605000302064006082a8648ce3d040304020164"
     "13026669",
     true,
     {.version = 1,
      .serial = ID('1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '1', '2'),
      .manufacturer = "DVV-FINEID",
      .label = "HENKILOKORTTI",
      .flags = PKCS15_CARD_AUTH_REQUIRED,
      .algorithms = {{1, 0x1044, PKCS15_OPERATION_COMPUTE_SIGNATURE, ECDSA_WITH(2), true, 0x44},
		     {2, 0x1045, PKCS15_OPERATION_COMPUTE_SIGNATURE, ECDSA_WITH(3), true, 0x54},
		     {3, 0x1046, PKCS15_OPERATION_COMPUTE_SIGNATURE, ECDSA_WITH(4), true, 0x64}},
      .algorithms_count = 3,
      .language = "fi"}},
    {/* iasecc.md 7.3 */
     "30820100 020101 0408990000000101000F 0C1154657374204D616E756661637475726572"
     "800745434320654944 03020450 A281A6"
     "3017020101020202200500030201020605"
     "2B0E03021A020110"
     "301B020102020202500500030201020609608648016503040201020140"
     "301A0201030201060500030206400609"
     "2A864886F70D010105020112"
     "301A0201040201400500030206400609"
     "2A864886F70D01010B020142"
     "301A0201050201010500030206400609"
     "2A864886F70D010101020102"
     "301A0201060201010500030202040609"
     "2A864886F70D01010102011A"
     "A511180F32303234303130313030303030305A"
     "A6150C13494153204543432047656E6572696320413035",
     false,
     {.version = 1,
      .serial = ID(0x99, 0, 0, 0, 0x01, 0x01, 0, 0x0F),
      .manufacturer = "Test Manufacturer",
      .label = "ECC eID",
      .flags = 1 << 1 | 1 << 3, /* loginRequired, eidCompliant */
      .algorithms = {{1, 0x220, PKCS15_OPERATION_HASH, ID(0x2B, 0x0E, 0x03, 0x02, 0x1A), true,
		      0x10},
		     {2, 0x250, PKCS15_OPERATION_HASH,
		      ID(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01), true, 0x40},
		     {3, 0x06, PKCS15_OPERATION_COMPUTE_SIGNATURE, RSA_OID(0x05), true, 0x12},
		     {4, 0x40, PKCS15_OPERATION_COMPUTE_SIGNATURE, RSA_OID(0x0B), true, 0x42},
		     {5, 0x01, PKCS15_OPERATION_COMPUTE_SIGNATURE, RSA_OID(0x01), true, 0x02},
		     {6, 0x01, PKCS15_OPERATION_DECIPHER, RSA_OID(0x01), true, 0x1A}},
      .algorithms_count = 6,
      .last_update = "20240101000000Z",
      .profile = "IAS ECC Generic A05"}},
    {/* iasecc.md 9.4, with the serial number of 2.3 */
     "302C 020101 0408990000000101000F 0C0747454D414C544F 801143415254414F204445204349444144414F "
     "030100",
     false,
     {.version = 1,
      .serial = ID(0x99, 0, 0, 0, 0x01, 0x01, 0, 0x0F),
      .manufacturer = "GEMALTO",
      .label = "CARTAO DE CIDADAO"}},
};

static void
assert_info(const struct pkcs15_token_info *got, const struct pkcs15_token_info *want)
{
	assert_int_equal(got->version, want->version);
	assert_int_equal(got->serial.len, want->serial.len);
	assert_memory_equal(got->serial.data, want->serial.data, want->serial.len);
	assert_string_equal(got->manufacturer, want->manufacturer);
	assert_string_equal(got->label, want->label);
	assert_int_equal(got->flags, want->flags);
	assert_int_equal(got->algorithms_count, want->algorithms_count);
	for (size_t i = 0; i < want->algorithms_count; i++) {
		const struct pkcs15_algorithm *a = &got->algorithms[i], *b = &want->algorithms[i];

		assert_int_equal(a->reference, b->reference);
		assert_int_equal(a->mechanism, b->mechanism);
		assert_int_equal(a->operations, b->operations);
		assert_int_equal(a->oid.len, b->oid.len);
		assert_memory_equal(a->oid.data, b->oid.data, b->oid.len);
		assert_int_equal(a->has_card_reference, b->has_card_reference);
		assert_int_equal(a->card_reference, b->card_reference);
	}
	assert_string_equal(got->last_update, want->last_update);
	assert_string_equal(got->language, want->language);
	assert_string_equal(got->profile, want->profile);
}

static void
token_info_is_written_as_on_the_sheets(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(INFOS) / sizeof(INFOS[0]); i++) {
		uint8_t data[ROOM];
		struct writer writer = writer_to(data, sizeof(data));

		assert_true(
		    pkcs15_encode_token_info(&INFOS[i].value, INFOS[i].four_byte_header, &writer));
		assert_hex(&writer, INFOS[i].hex);
	}
}

static void
token_info_of_the_sheets_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(INFOS) / sizeof(INFOS[0]); i++) {
		struct buffer file = hex(INFOS[i].hex);
		struct pkcs15_token_info info;

		assert_true(pkcs15_decode_token_info((struct bytes){file.data, file.len}, &info));
		assert_info(&info, &INFOS[i].value);
	}
}

/* fineid.md 7.1: "Real v3 cards do carry a SEQUENCE", at which OpenSC stops. */
static void
algorithm_parameters_may_be_a_sequence(void **state)
{
	struct buffer file = hex("301D02010103020640A2143012020101020101300302010503020244020102");
	struct pkcs15_token_info info;

	(void)state;
	assert_true(pkcs15_decode_token_info((struct bytes){file.data, file.len}, &info));
	assert_int_equal(info.algorithms_count, 1);
	assert_int_equal(info.algorithms[0].card_reference, 0x02);
}

/* iasecc.md 2.3: the serial number may be elsewhere; PKCS #15 v1 has version 0. */
static void
a_token_info_of_version_and_flags_alone_is_read(void **state)
{
	struct buffer file = hex("3006 020100 030100 0000");
	struct pkcs15_token_info info;

	(void)state;
	assert_true(pkcs15_decode_token_info((struct bytes){file.data, file.len}, &info));
	assert_int_equal(info.version, 0);
	assert_int_equal(info.serial.len, 0);
}

/*
 * EF.AOD
 */
struct pin_case {
	const char *hex;
	struct pkcs15_pin value;
};

enum {
	PRIVATE = PKCS15_OBJECT_PRIVATE,
	PRIVATE_MODIFIABLE = PKCS15_OBJECT_PRIVATE | PKCS15_OBJECT_MODIFIABLE,
};

static const struct pin_case PINS[] = {
    {/* fineid.md 7.5, v2 AOD, first record */
     "303930150c0f706572757374756e6e75736c756b75030206c03003040101a11b30190302020c0a01010201040201"
     "08800101040100300404023f00",
     {.common = {.label = "perustunnusluku", .flags = PRIVATE_MODIFIABLE},
      .id = ID(0x01),
      .flags = PKCS15_PIN_INITIALIZED | PKCS15_PIN_NEEDS_PADDING,
      .type = PKCS15_PIN_ASCII_NUMERIC,
      .min_len = 4,
      .stored_len = 8,
      .has_reference = true,
      .reference = 0x01,
      .has_pad = true,
      .pad = 0x00,
      .path = FILE_PATH(0x3F, 0x00)}},
    {/* fineid.md 7.5, v2 AOD, second record */
     "3044301d0c17616c6c656b69726a6f69747573"
     "74756e6e75736c756b75030206c03003040102a11e301c0302"
     "024c0a010102010402010880020082040100300604043f005015",
     {.common = {.label = "allekirjoitustunnusluku", .flags = PRIVATE_MODIFIABLE},
      .id = ID(0x02),
      .flags = PKCS15_PIN_LOCAL | PKCS15_PIN_INITIALIZED | PKCS15_PIN_NEEDS_PADDING,
      .type = PKCS15_PIN_ASCII_NUMERIC,
      .min_len = 4,
      .stored_len = 8,
      .has_reference = true,
      .reference = 0x82,
      .has_pad = true,
      .pad = 0x00,
      .path = FILE_PATH(0x3F, 0x00, 0x50, 0x15)}},
    {/* fineid.md 7.5, v2 AODmax, first record */
     "303c30150c0f706572757374756e6e75736c756b75030206c03003040101a11e301c0302020c0a01010201040201"
     "08020108800101040100300404023f00",
     {.common = {.label = "perustunnusluku", .flags = PRIVATE_MODIFIABLE},
      .id = ID(0x01),
      .flags = PKCS15_PIN_INITIALIZED | PKCS15_PIN_NEEDS_PADDING,
      .type = PKCS15_PIN_ASCII_NUMERIC,
      .min_len = 4,
      .stored_len = 8,
      .has_max_len = true,
      .max_len = 8,
      .has_reference = true,
      .reference = 0x01,
      .has_pad = true,
      .pad = 0x00,
      .path = FILE_PATH(0x3F, 0x00)}},
    {/* fineid.md 7.5, v4 AOD, first record */
     "303930180c0f706572757374756e6e75736c756b75030206c00401033003040101a11830160302020c0a01010201"
     "0402010c02010c800111040100",
     {.common = {.label = "perustunnusluku", .flags = PRIVATE_MODIFIABLE, .auth_id = ID(0x03)},
      .id = ID(0x01),
      .flags = PKCS15_PIN_INITIALIZED | PKCS15_PIN_NEEDS_PADDING,
      .type = PKCS15_PIN_ASCII_NUMERIC,
      .min_len = 4,
      .stored_len = 12,
      .has_max_len = true,
      .max_len = 12,
      .has_reference = true,
      .reference = 0x11,
      .has_pad = true,
      .pad = 0x00}},
    {/* fineid.md 7.5, v4 AOD, third record: the PUK */
     "303c301a0c14616b7469766f696e746974756e6e75736c756b75030206c03003040103a11930170302014e0a0101"
     "02010802010c02010c80020083040100",
     {.common = {.label = "aktivointitunnusluku", .flags = PRIVATE_MODIFIABLE},
      .id = ID(0x03),
      .flags = PKCS15_PIN_LOCAL | PKCS15_PIN_INITIALIZED | PKCS15_PIN_NEEDS_PADDING |
	       PKCS15_PIN_UNBLOCKING,
      .type = PKCS15_PIN_ASCII_NUMERIC,
      .min_len = 8,
      .stored_len = 12,
      .has_max_len = true,
      .max_len = 12,
      .has_reference = true,
      .reference = 0x83,
      .has_pad = true,
      .pad = 0x00}},
    {/* iasecc.md 7.4, "User PIN" */
     "3032 3011 0C0855736572"
     "2050494E 030206C0 040102 3003 040101"
     "A118 3016 03020388 0A0101 020104 020108 020108 800101 0401FF",
     {.common = {.label = "User PIN", .flags = PRIVATE_MODIFIABLE, .auth_id = ID(0x02)},
      .id = ID(0x01),
      .flags = PKCS15_PIN_CASE_SENSITIVE | PKCS15_PIN_INITIALIZED,
      .type = PKCS15_PIN_ASCII_NUMERIC,
      .min_len = 4,
      .stored_len = 8,
      .has_max_len = true,
      .max_len = 8,
      .has_reference = true,
      .reference = 0x01,
      .has_pad = true,
      .pad = 0xFF}},
    {/* iasecc.md 7.4, "PUK" */
     "302A 3009 0C0350554B 030206C0 3003 040102"
     "A118 3016 0302008B 0A0101 020108 020108 020108 800102 0401FF",
     {.common = {.label = "PUK", .flags = PRIVATE_MODIFIABLE},
      .id = ID(0x02),
      .flags = PKCS15_PIN_CASE_SENSITIVE | PKCS15_PIN_INITIALIZED | PKCS15_PIN_UNBLOCKING |
	       PKCS15_PIN_SO,
      .type = PKCS15_PIN_ASCII_NUMERIC,
      .min_len = 8,
      .stored_len = 8,
      .has_max_len = true,
      .max_len = 8,
      .has_reference = true,
      .reference = 0x02,
      .has_pad = true,
      .pad = 0xFF}},
    {/* iasecc.md 9.4, AODF entry: no object flags, the reference twice, no maximum */
     "303630130C1150494E20646120417373696E6174757261300704010202020082"
     "A1163014030203880A0101020104020108800200820401FF",
     {.common = {.label = "PIN da Assinatura"},
      .id = ID(0x02),
      .has_auth_reference = true,
      .auth_reference = 0x82,
      .flags = PKCS15_PIN_CASE_SENSITIVE | PKCS15_PIN_INITIALIZED,
      .type = PKCS15_PIN_ASCII_NUMERIC,
      .min_len = 4,
      .stored_len = 8,
      .has_reference = true,
      .reference = 0x82,
      .has_pad = true,
      .pad = 0xFF}},
};

static void
assert_id(const struct pkcs15_id *got, const struct pkcs15_id *want)
{
	assert_int_equal(got->len, want->len);
	assert_memory_equal(got->data, want->data, want->len);
}

static void
assert_common(const struct pkcs15_common *got, const struct pkcs15_common *want)
{
	assert_string_equal(got->label, want->label);
	assert_int_equal(got->flags, want->flags);
	assert_id(&got->auth_id, &want->auth_id);
	assert_int_equal(got->user_consent, want->user_consent);
	assert_int_equal(got->rules_count, want->rules_count);
	for (size_t i = 0; i < want->rules_count; i++) {
		assert_int_equal(got->rules[i].access, want->rules[i].access);
		assert_id(&got->rules[i].auth_id, &want->rules[i].auth_id);
	}
}

static void
assert_pin(const struct pkcs15_pin *got, const struct pkcs15_pin *want)
{
	assert_common(&got->common, &want->common);
	assert_id(&got->id, &want->id);
	assert_int_equal(got->has_auth_reference, want->has_auth_reference);
	assert_int_equal(got->auth_reference, want->auth_reference);
	assert_int_equal(got->flags, want->flags);
	assert_int_equal(got->type, want->type);
	assert_int_equal(got->min_len, want->min_len);
	assert_int_equal(got->stored_len, want->stored_len);
	assert_int_equal(got->has_max_len, want->has_max_len);
	assert_int_equal(got->max_len, want->max_len);
	assert_int_equal(got->has_reference, want->has_reference);
	assert_int_equal(got->reference, want->reference);
	assert_int_equal(got->has_pad, want->has_pad);
	assert_int_equal(got->pad, want->pad);
	assert_path(&got->path, &want->path);
}

static void
a_pin_is_written_as_on_the_sheets(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(PINS) / sizeof(PINS[0]); i++) {
		uint8_t data[ROOM];
		struct writer writer = writer_to(data, sizeof(data));

		assert_true(pkcs15_encode_pin(&PINS[i].value, &writer));
		assert_hex(&writer, PINS[i].hex);
	}
}

static void
a_pin_of_the_sheets_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(PINS) / sizeof(PINS[0]); i++) {
		struct buffer file = hex(PINS[i].hex);
		struct reader reader = reader_over(&file);
		struct pkcs15_pin pin;

		assert_true(pkcs15_decode_pin(&reader, &pin));
		assert_pin(&pin, &PINS[i].value);
		assert_int_equal(reader.left, 0);
	}
}

/* iasecc.md 7.4: "a negative one-byte 80 01 85 is also accepted" */
static void
a_negative_pin_reference_reads_as_its_byte(void **state)
{
	struct buffer file = hex("301D30020C003003040103A1123010030203480A0101020106020108800185");
	struct reader reader = reader_over(&file);
	struct pkcs15_pin pin;

	(void)state;
	assert_true(pkcs15_decode_pin(&reader, &pin));
	assert_true(pin.has_reference);
	assert_int_equal(pin.reference, 0x85);
}

/* fineid.md 7.3: "empty path SEQUENCE 30 00" */
static void
a_path_without_a_file_is_not_an_absent_path(void **state)
{
	struct buffer file =
	    hex("301F30020C003003040103A1143012030203480A01010201060201088001053000");
	struct reader reader = reader_over(&file);
	uint8_t data[ROOM];
	struct writer writer = writer_to(data, sizeof(data));
	struct pkcs15_pin pin;

	(void)state;
	assert_true(pkcs15_decode_pin(&reader, &pin));
	assert_int_equal(pin.path.kind, PKCS15_PATH_NULL);
	snprintf(pin.common.label, sizeof(pin.common.label), "x");
	assert_true(pkcs15_encode_pin(&pin, &writer));
	reader = reader_of(writer_bytes(&writer));
	assert_true(pkcs15_decode_pin(&reader, &pin));
	assert_int_equal(pin.path.kind, PKCS15_PATH_NULL);
}

static void
an_authentication_object_that_is_no_pin_is_left_out(void **state)
{
	/* [0] biometric, then the PUK of iasecc.md 7.4 */
	struct buffer file = hex("A003 020101 302A 3009 0C0350554B 030206C0 3003 040102"
				 "A118 3016 0302008B 0A0101 020108 020108 020108 800102 0401FF");
	struct reader reader = reader_over(&file);
	struct pkcs15_pin pin;

	(void)state;
	assert_true(pkcs15_decode_pin(&reader, &pin));
	assert_string_equal(pin.common.label, "PUK");
}

/*
 * EF.PrKD and EF.PuKD
 */
struct key_case {
	const char *hex;
	struct pkcs15_key value;
};

enum {
	CARD_KEY = PKCS15_KEY_SENSITIVE | PKCS15_KEY_ALWAYS_SENSITIVE |
		   PKCS15_KEY_NEVER_EXTRACTABLE | PKCS15_KEY_LOCAL,
	DECRYPT_SIGN_UNWRAP = PKCS15_USAGE_DECRYPT | PKCS15_USAGE_SIGN | PKCS15_USAGE_UNWRAP,
};

static const struct key_case KEYS[] = {
    {/* fineid.md 7.5, v2 PrKD, first record */
     "304730230c1a746f64656e74616d69732d206a612073616c617573617661696e03020780040101300e0401450302"
     "0264030203b8020101a110300e300804063f0050154b0102020800",
     {.common = {.label = "todentamis- ja salausavain", .flags = PRIVATE, .auth_id = ID(0x01)},
      .id = ID(0x45),
      .usage = DECRYPT_SIGN_UNWRAP,
      .access = CARD_KEY,
      .has_reference = true,
      .reference = 1,
      .path = FILE_PATH(0x3F, 0x00, 0x50, 0x15, 0x4B, 0x01),
      .bits = 2048}},
    {/* fineid.md 7.5, v2 PrKD, second record */
     "3043301e0c12616c6c656b69726a6f69747573617661696e03020780040102020101300f04014603030600400302"
     "03b8020102a110300e300804063f0050154b0202020800",
     {.common =
	  {.label = "allekirjoitusavain", .flags = PRIVATE, .auth_id = ID(0x02), .user_consent = 1},
      .id = ID(0x46),
      .usage = PKCS15_USAGE_NON_REPUDIATION,
      .access = CARD_KEY,
      .has_reference = true,
      .reference = 2,
      .path = FILE_PATH(0x3F, 0x00, 0x50, 0x15, 0x4B, 0x02),
      .bits = 2048}},
    {/* fineid.md 7.5, v4 PrKD, first record: EC */
     "a04430230c1a746f64656e74616d69732d206a612073616c617573617661696e03020780040101300f0401450303"
     "072080030203b8020101a10c300a300404023f0002020180",
     {.kind = PKCS15_KEY_EC,
      .common = {.label = "todentamis- ja salausavain", .flags = PRIVATE, .auth_id = ID(0x01)},
      .id = ID(0x45),
      .usage = PKCS15_USAGE_SIGN | PKCS15_USAGE_DERIVE,
      .access = CARD_KEY,
      .has_reference = true,
      .reference = 1,
      .path = FILE_PATH(0x3F, 0x00),
      .bits = 384}},
    {/* iasecc.md 7.5, "Auth key": algorithm references, an empty path */
     "3037 3011 0C0841757468206B6579 03020780 040101 3016 040145 03020264 030203B8 020101"
     "A106 020105 020106 A10A 3008 3002 0400 02020800",
     {.common = {.label = "Auth key", .flags = PRIVATE, .auth_id = ID(0x01)},
      .id = ID(0x45),
      .usage = DECRYPT_SIGN_UNWRAP,
      .access = CARD_KEY,
      .has_reference = true,
      .reference = 1,
      .algorithms = {5, 6},
      .algorithms_count = 2,
      .path = EMPTY_PATH,
      .bits = 2048}},
    {/* iasecc.md 7.5, "Sign key" */
     "3035 3011 0C085369676E206B6579 03020780 040103 3014 040146 0303062040 030203B8 020102"
     "A103 020105 A10A 3008 3002 0400 02020800",
     {.common = {.label = "Sign key", .flags = PRIVATE, .auth_id = ID(0x03)},
      .id = ID(0x46),
      .usage = PKCS15_USAGE_SIGN | PKCS15_USAGE_NON_REPUDIATION,
      .access = CARD_KEY,
      .has_reference = true,
      .reference = 2,
      .algorithms = {5},
      .algorithms_count = 1,
      .path = EMPTY_PATH,
      .bits = 2048}},
    {/* iasecc.md 7.6: a public key */
     "302A 300A 0C0841757468206B6579 300E 040145 0302018A 03020348 020101"
     "A10C 300A 3004 0402B201 02020800",
     {.common = {.label = "Auth key"},
      .id = ID(0x45),
      .usage = PKCS15_USAGE_ENCRYPT | PKCS15_USAGE_WRAP | PKCS15_USAGE_VERIFY,
      .access = PKCS15_KEY_EXTRACTABLE | PKCS15_KEY_LOCAL,
      .has_reference = true,
      .reference = 1,
      .path = FILE_PATH(0xB2, 0x01),
      .bits = 2048}},
    {/* iasecc.md 9.4, PrKDF, authentication */
     "3039 301F 0C1A434954495A454E2041555448454E5449434154494F4E204B4559 040101"
     "300A 040145 03020520 020102 A10A 3008 3002 0400 02020800",
     {.common = {.label = "CITIZEN AUTHENTICATION KEY", .auth_id = ID(0x01)},
      .id = ID(0x45),
      .usage = PKCS15_USAGE_SIGN,
      .has_reference = true,
      .reference = 2,
      .path = EMPTY_PATH,
      .bits = 2048}},
    {/* iasecc.md 9.4, PrKDF, signature, with a modulus of 3072 bits */
     "3038 301D 0C15434954495A454E205349474E4154555245204B4559 040102 020101"
     "300B 040146 0303060040 020101 A10A 3008 3002 0400 02020C00",
     {.common = {.label = "CITIZEN SIGNATURE KEY", .auth_id = ID(0x02), .user_consent = 1},
      .id = ID(0x46),
      .usage = PKCS15_USAGE_NON_REPUDIATION,
      .has_reference = true,
      .reference = 1,
      .path = EMPTY_PATH,
      .bits = 3072}},
};

static void
assert_key(const struct pkcs15_key *got, const struct pkcs15_key *want)
{
	assert_int_equal(got->kind, want->kind);
	assert_common(&got->common, &want->common);
	assert_id(&got->id, &want->id);
	assert_int_equal(got->usage, want->usage);
	assert_int_equal(got->not_native, want->not_native);
	assert_int_equal(got->access, want->access);
	assert_int_equal(got->has_reference, want->has_reference);
	assert_int_equal(got->reference, want->reference);
	assert_int_equal(got->algorithms_count, want->algorithms_count);
	for (size_t i = 0; i < want->algorithms_count; i++)
		assert_int_equal(got->algorithms[i], want->algorithms[i]);
	assert_path(&got->path, &want->path);
	assert_int_equal(got->bits, want->bits);
}

static void
a_key_is_written_as_on_the_sheets(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++) {
		uint8_t data[ROOM];
		struct writer writer = writer_to(data, sizeof(data));

		assert_true(pkcs15_encode_key(&KEYS[i].value, &writer));
		assert_hex(&writer, KEYS[i].hex);
	}
}

static void
a_key_of_the_sheets_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++) {
		struct buffer file = hex(KEYS[i].hex);
		struct reader reader = reader_over(&file);
		struct pkcs15_key key;

		assert_true(pkcs15_decode_key(&reader, &key));
		assert_key(&key, &KEYS[i].value);
		assert_int_equal(reader.left, 0);
	}
}

/* iasecc.md 9.4: the PuKDF of the Portuguese card has access rules. */
static void
access_rules_and_everything_optional_survive_a_round(void **state)
{
	const struct pkcs15_key want = {
	    .kind = PKCS15_KEY_EC,
	    .common = {.label = "k",
		       .flags = PKCS15_OBJECT_INTERNAL,
		       .auth_id = ID(0x01),
		       .user_consent = 3,
		       .rules = {{PKCS15_ACCESS_READ, {.len = 0}},
				 {PKCS15_ACCESS_EXECUTE | PKCS15_ACCESS_UPDATE, ID(0x02)}},
		       .rules_count = 2},
	    .id = ID(0x45, 0x46),
	    .usage = PKCS15_USAGE_DERIVE,
	    .not_native = true,
	    .access = CARD_KEY,
	    .has_reference = true,
	    .reference = 0x81,
	    .algorithms = {0xFF200800},
	    .algorithms_count = 1,
	    .path = {.kind = PKCS15_PATH_FILE,
		     .file = {0xB0, 0x01},
		     .file_len = 2,
		     .has_range = true,
		     .index = 0x80,
		     .length = 1000}};
	struct pkcs15_key got;
	uint8_t data[ROOM];
	struct writer writer = writer_to(data, sizeof(data));
	struct reader reader;

	(void)state;
	assert_true(pkcs15_encode_key(&want, &writer));
	reader = reader_of(writer_bytes(&writer));
	assert_true(pkcs15_decode_key(&reader, &got));
	assert_key(&got, &want);
}

/*
 * EF.CD
 */
struct certificate_case {
	const char *hex;
	struct pkcs15_certificate value;
};

static const struct certificate_case CERTIFICATES[] = {
    {/* fineid.md 7.5, v2 CD, first record */
     "3034301f0c1d746f64656e74616d69732d206a612073616c6175737661726d656e6e653003040145a10c300a3008"
     "04063f0050154331",
     {.common = {.label = "todentamis- ja salausvarmenne"},
      .id = ID(0x45),
      .path = FILE_PATH(0x3F, 0, 0x50, 0x15, 0x43, 0x31)}},
    {/* fineid.md 7.5, v4 CD, first record */
     "3032301f0c1d746f64656e74616d69732d206a612073616c6175737661726d656e6e653003040145a10a30083006"
     "04043f004331",
     {.common = {.label = "todentamis- ja salausvarmenne"},
      .id = ID(0x45),
      .path = FILE_PATH(0x3F, 0, 0x43, 0x31)}},
    {/* fineid.md 7.5, v4 CD#3 */
     "3031301b0c1944565620476f762e20526f6f74204341202d2047332045434330060401470101ffa10a3008300604"
     "043f004334",
     {.common = {.label = "DVV Gov. Root CA - G3 ECC"},
      .id = ID(0x47),
      .authority = true,
      .path = FILE_PATH(0x3F, 0, 0x43, 0x34)}},
    {/* iasecc.md 7.7 */
     "3023 3012 0C10417574682063657274696669636174"
     "65 3003 040145 A108 3006 3004 0402B001",
     {.common = {.label = "Auth certificate"}, .id = ID(0x45), .path = FILE_PATH(0xB0, 0x01)}},
    {/* iasecc.md 7.7, "Sub CA", with the path of the same section that has index and length */
     "3023 3008 0C06537562204341 3006 040151 0101FF"
     "A10F 300D 300B 0402B001 020100 800203E8",
     {.common = {.label = "Sub CA"},
      .id = ID(0x51),
      .authority = true,
      .path = {.kind = PKCS15_PATH_FILE,
	       .file = {0xB0, 0x01},
	       .file_len = 2,
	       .has_range = true,
	       .length = 1000}}},
    {/* iasecc.md 9.4 */
     "3039 3024 0C22434954495A454E2041555448454E5449434154494F4E204345525449464943415445"
     "3003 040145 A10C 300A 3008 04063F005F00EF09",
     {.common = {.label = "CITIZEN AUTHENTICATION CERTIFICATE"},
      .id = ID(0x45),
      .path = FILE_PATH(0x3F, 0, 0x5F, 0, 0xEF, 0x09)}},
};

static void
a_certificate_is_written_as_on_the_sheets(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(CERTIFICATES) / sizeof(CERTIFICATES[0]); i++) {
		uint8_t data[ROOM];
		struct writer writer = writer_to(data, sizeof(data));

		assert_true(pkcs15_encode_certificate(&CERTIFICATES[i].value, &writer));
		assert_hex(&writer, CERTIFICATES[i].hex);
	}
}

static void
a_certificate_of_the_sheets_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(CERTIFICATES) / sizeof(CERTIFICATES[0]); i++) {
		const struct pkcs15_certificate *want = &CERTIFICATES[i].value;
		struct buffer file = hex(CERTIFICATES[i].hex);
		struct reader reader = reader_over(&file);
		struct pkcs15_certificate got;

		assert_true(pkcs15_decode_certificate(&reader, &got));
		assert_common(&got.common, &want->common);
		assert_id(&got.id, &want->id);
		assert_int_equal(got.authority, want->authority);
		assert_path(&got.path, &want->path);
	}
}

/* ISO/IEC 7816-15 clause 8.7: attributes that no struct here has must not hide the certificate. */
static void
hashes_and_identifiers_of_a_certificate_are_passed_over(void **state)
{
	struct buffer file = hex("302D30030C0163301304014530050201010400A003040100A2023000A111300F3"
				 "004040243313000A0023000020105");
	struct reader reader = reader_over(&file);
	struct pkcs15_certificate certificate;

	(void)state;
	assert_true(pkcs15_decode_certificate(&reader, &certificate));
	assert_int_equal(certificate.path.file[1], 0x31);
}

/*
 * EF.DOD
 */
static const char DATA_HEX[] =
    "3027 3012 0C0C436974697A656E2064617461 03020640 3009 0C0754657374417070"
    "A106 3004 0402B101"; /* iasecc.md 7.8 */
static const struct pkcs15_data DATA = {
    .common = {.label = "Citizen data", .flags = PKCS15_OBJECT_MODIFIABLE},
    .application = "TestApp",
    .path = FILE_PATH(0xB1, 0x01)};

static void
a_data_object_is_written_as_on_the_sheet(void **state)
{
	uint8_t data[ROOM];
	struct writer writer = writer_to(data, sizeof(data));

	(void)state;
	assert_true(pkcs15_encode_data(&DATA, &writer));
	assert_hex(&writer, DATA_HEX);
}

static void
a_data_object_of_the_sheet_is_read(void **state)
{
	struct buffer file = hex(DATA_HEX);
	struct reader reader = reader_over(&file);
	struct pkcs15_data got;

	(void)state;
	assert_true(pkcs15_decode_data(&reader, &got));
	assert_common(&got.common, &DATA.common);
	assert_string_equal(got.application, DATA.application);
	assert_path(&got.path, &DATA.path);
}

/*
 * Hostile bytes and values
 */
static void
decode_everything(struct bytes bytes)
{
	struct pkcs15_application application;
	struct pkcs15_directory directory;
	struct pkcs15_token_info info;
	struct pkcs15_pin pin;
	struct pkcs15_key key;
	struct pkcs15_certificate certificate;
	struct pkcs15_data data;
	struct reader reader;

	for (reader = reader_of(bytes); pkcs15_decode_application(&reader, &application);)
		continue;
	for (reader = reader_of(bytes); pkcs15_decode_directory(&reader, &directory);)
		continue;
	for (reader = reader_of(bytes); pkcs15_decode_pin(&reader, &pin);)
		continue;
	for (reader = reader_of(bytes); pkcs15_decode_key(&reader, &key);)
		continue;
	for (reader = reader_of(bytes); pkcs15_decode_certificate(&reader, &certificate);)
		continue;
	for (reader = reader_of(bytes); pkcs15_decode_data(&reader, &data);)
		continue;
	(void)!pkcs15_decode_token_info(bytes, &info);
}

/* Under the sanitizers this is the proof that no byte of a card makes the decoder read too far. */
static void
every_truncation_and_every_changed_byte_is_survived(void **state)
{
	const char *files[] = {PINS[0].hex,         PINS[7].hex,        KEYS[1].hex,
			       KEYS[3].hex,         INFOS[2].hex,       CERTIFICATES[4].hex,
			       APPLICATIONS[0].hex, DIRECTORIES[0].hex, DATA_HEX};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct buffer file = hex(files[i]);

		for (size_t len = 0; len <= file.len; len++) {
			uint8_t *exact = malloc(len + 1); /* so that an overrun is seen */

			assert_non_null(exact);
			memcpy(exact, file.data, len);
			decode_everything((struct bytes){exact, len});
			for (int bit = 0; len > 0 && bit < 8; bit++) {
				exact[len - 1] ^= (uint8_t)(1 << bit);
				decode_everything((struct bytes){exact, len});
				exact[len - 1] ^= (uint8_t)(1 << bit);
			}
			free(exact);
		}
	}
	assert_int_equal(ERR_peek_error(), 0);
}

static void
a_label_longer_than_the_standard_allows_is_refused(void **state)
{
	struct buffer file = hex("3082012F 3082010C 0C820108");
	struct reader reader;
	struct pkcs15_pin pin;

	(void)state;
	memset(file.data + file.len, 'x', 0x108);
	file.len += 0x108;
	struct buffer rest = hex("3003040103 A118 3016 0302008B 0A0101 020108 020108 020108 800102"
				 "0401FF");
	memcpy(file.data + file.len, rest.data, rest.len);
	file.len += rest.len;
	file.data[2] = (uint8_t)((file.len - 4) >> 8);
	file.data[3] = (uint8_t)(file.len - 4);
	reader = reader_over(&file);
	assert_false(pkcs15_decode_pin(&reader, &pin));
}

static void
an_object_that_does_not_fit_the_buffer_is_not_written(void **state)
{
	(void)state;
	for (size_t room = 0; room < hex(KEYS[0].hex).len; room++) {
		uint8_t data[ROOM];
		struct writer writer = writer_to(data, room);

		assert_false(pkcs15_encode_key(&KEYS[0].value, &writer));
	}
}

static void
a_key_without_a_path_has_no_encoding(void **state)
{
	struct pkcs15_key key = KEYS[0].value;
	uint8_t data[ROOM];
	struct writer writer = writer_to(data, sizeof(data));

	(void)state;
	key.path.kind = PKCS15_PATH_NONE;
	assert_false(pkcs15_encode_key(&key, &writer));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_application_is_written_as_on_the_sheets),
	    cmocka_unit_test(an_application_of_the_sheets_is_read),
	    cmocka_unit_test(the_path_of_ef_od_in_the_discretionary_data_survives_a_round),
	    cmocka_unit_test(an_application_without_an_aid_is_left_out),
	    cmocka_unit_test(ef_od_is_written_as_on_the_sheets),
	    cmocka_unit_test(ef_od_of_the_sheets_is_read_with_ff_or_zeros_behind_it),
	    cmocka_unit_test(token_info_is_written_as_on_the_sheets),
	    cmocka_unit_test(token_info_of_the_sheets_is_read),
	    cmocka_unit_test(algorithm_parameters_may_be_a_sequence),
	    cmocka_unit_test(a_token_info_of_version_and_flags_alone_is_read),
	    cmocka_unit_test(a_pin_is_written_as_on_the_sheets),
	    cmocka_unit_test(a_pin_of_the_sheets_is_read),
	    cmocka_unit_test(a_negative_pin_reference_reads_as_its_byte),
	    cmocka_unit_test(a_path_without_a_file_is_not_an_absent_path),
	    cmocka_unit_test(an_authentication_object_that_is_no_pin_is_left_out),
	    cmocka_unit_test(a_key_is_written_as_on_the_sheets),
	    cmocka_unit_test(a_key_of_the_sheets_is_read),
	    cmocka_unit_test(access_rules_and_everything_optional_survive_a_round),
	    cmocka_unit_test(a_certificate_is_written_as_on_the_sheets),
	    cmocka_unit_test(a_certificate_of_the_sheets_is_read),
	    cmocka_unit_test(hashes_and_identifiers_of_a_certificate_are_passed_over),
	    cmocka_unit_test(a_data_object_is_written_as_on_the_sheet),
	    cmocka_unit_test(a_data_object_of_the_sheet_is_read),
	    cmocka_unit_test(every_truncation_and_every_changed_byte_is_survived),
	    cmocka_unit_test(a_label_longer_than_the_standard_allows_is_refused),
	    cmocka_unit_test(an_object_that_does_not_fit_the_buffer_is_not_written),
	    cmocka_unit_test(a_key_without_a_path_has_no_encoding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
