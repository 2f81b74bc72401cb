/* EF.DIR, EF.OD and EF.CIAInfo. */
#include "test-pkcs15.h"

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
		uint8_t data[HEX_ROOM];
		struct writer writer = writer_to(data, sizeof(data));

		assert_true(pkcs15_encode_application(&APPLICATIONS[i].value, &writer));
		assert_bytes_hex(writer_bytes(&writer), APPLICATIONS[i].hex);
	}
}

static void
an_application_of_the_sheets_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(APPLICATIONS) / sizeof(APPLICATIONS[0]); i++) {
		struct hex file = hex(APPLICATIONS[i].hex);
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
	uint8_t data[HEX_ROOM];
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
	struct hex file = hex("61055003414243 FFFF 611B4F0CA000000063504B43532D3135"
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
		uint8_t data[HEX_ROOM];
		struct writer writer = writer_to(data, sizeof(data));

		for (size_t j = 0; j < DIRECTORIES[i].count; j++)
			assert_true(pkcs15_encode_directory(&DIRECTORIES[i].value[j], &writer));
		assert_bytes_hex(writer_bytes(&writer), DIRECTORIES[i].hex);
	}
}

static void
ef_od_of_the_sheets_is_read_with_ff_or_zeros_behind_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(DIRECTORIES) / sizeof(DIRECTORIES[0]); i++) {
		struct hex file = hex(DIRECTORIES[i].hex);
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
		      RSA_OID(0x01), true, 0x02}},
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
		uint8_t data[HEX_ROOM];
		struct writer writer = writer_to(data, sizeof(data));

		assert_true(
		    pkcs15_encode_token_info(&INFOS[i].value, INFOS[i].four_byte_header, &writer));
		assert_bytes_hex(writer_bytes(&writer), INFOS[i].hex);
	}
}

static void
token_info_of_the_sheets_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(INFOS) / sizeof(INFOS[0]); i++) {
		struct hex file = hex(INFOS[i].hex);
		struct pkcs15_token_info info;

		assert_true(pkcs15_decode_token_info((struct bytes){file.data, file.len}, &info));
		assert_info(&info, &INFOS[i].value);
	}
}

/* fineid.md 7.1: "Real v3 cards do carry a SEQUENCE", at which OpenSC stops. */
static void
algorithm_parameters_may_be_a_sequence(void **state)
{
	struct hex file = hex("301D02010103020640A2143012020101020101300302010503020244020102");
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
	struct hex file = hex("3006 020100 030100 0000");
	struct pkcs15_token_info info;

	(void)state;
	assert_true(pkcs15_decode_token_info((struct bytes){file.data, file.len}, &info));
	assert_int_equal(info.version, 0);
	assert_int_equal(info.serial.len, 0);
}

static void
every_truncation_and_every_changed_byte_is_survived(void **state)
{
	(void)state;
	assert_survived(APPLICATIONS[0].hex);
	assert_survived(DIRECTORIES[0].hex);
	assert_survived(INFOS[2].hex);
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
	    cmocka_unit_test(every_truncation_and_every_changed_byte_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
