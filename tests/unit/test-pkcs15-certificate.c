/* EF.CD and EF.DCOD. */
#include "test-pkcs15.h"

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
		uint8_t data[HEX_ROOM];
		struct writer writer = writer_to(data, sizeof(data));

		assert_true(pkcs15_encode_certificate(&CERTIFICATES[i].value, &writer));
		assert_bytes_hex(writer_bytes(&writer), CERTIFICATES[i].hex);
	}
}

static void
a_certificate_of_the_sheets_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(CERTIFICATES) / sizeof(CERTIFICATES[0]); i++) {
		const struct pkcs15_certificate *want = &CERTIFICATES[i].value;
		struct hex file = hex(CERTIFICATES[i].hex);
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
	struct hex file = hex("302D30030C0163301304014530050201010400A003040100A2023000A111300F3"
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
	uint8_t data[HEX_ROOM];
	struct writer writer = writer_to(data, sizeof(data));

	(void)state;
	assert_true(pkcs15_encode_data(&DATA, &writer));
	assert_bytes_hex(writer_bytes(&writer), DATA_HEX);
}

static void
a_data_object_of_the_sheet_is_read(void **state)
{
	struct hex file = hex(DATA_HEX);
	struct reader reader = reader_over(&file);
	struct pkcs15_data got;

	(void)state;
	assert_true(pkcs15_decode_data(&reader, &got));
	assert_common(&got.common, &DATA.common);
	assert_string_equal(got.application, DATA.application);
	assert_path(&got.path, &DATA.path);
}

static void
every_truncation_and_every_changed_byte_is_survived(void **state)
{
	(void)state;
	assert_survived(CERTIFICATES[4].hex);
	assert_survived(DATA_HEX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_certificate_is_written_as_on_the_sheets),
	    cmocka_unit_test(a_certificate_of_the_sheets_is_read),
	    cmocka_unit_test(hashes_and_identifiers_of_a_certificate_are_passed_over),
	    cmocka_unit_test(a_data_object_is_written_as_on_the_sheet),
	    cmocka_unit_test(a_data_object_of_the_sheet_is_read),
	    cmocka_unit_test(every_truncation_and_every_changed_byte_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
