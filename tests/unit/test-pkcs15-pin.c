/* EF.AOD. */
#include "test-pkcs15.h"

struct pin_case {
	const char *hex;
	struct pkcs15_pin value;
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
		uint8_t data[HEX_ROOM];
		struct writer writer = writer_to(data, sizeof(data));

		assert_true(pkcs15_encode_pin(&PINS[i].value, &writer));
		assert_bytes_hex(writer_bytes(&writer), PINS[i].hex);
	}
}

static void
a_pin_of_the_sheets_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(PINS) / sizeof(PINS[0]); i++) {
		struct hex file = hex(PINS[i].hex);
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
	struct hex file = hex("301D30020C003003040103A1123010030203480A0101020106020108800185");
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
	struct hex file = hex("301F30020C003003040103A1143012030203480A01010201060201088001053000");
	struct reader reader = reader_over(&file);
	uint8_t data[HEX_ROOM];
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
	struct hex file = hex("A003 020101 302A 3009 0C0350554B 030206C0 3003 040102"
			      "A118 3016 0302008B 0A0101 020108 020108 020108 800102 0401FF");
	struct reader reader = reader_over(&file);
	struct pkcs15_pin pin;

	(void)state;
	assert_true(pkcs15_decode_pin(&reader, &pin));
	assert_string_equal(pin.common.label, "PUK");
}

static void
every_truncation_and_every_changed_byte_is_survived(void **state)
{
	(void)state;
	assert_survived(PINS[0].hex);
	assert_survived(PINS[7].hex);
}

static void
a_label_longer_than_the_standard_allows_is_refused(void **state)
{
	struct hex file = hex("3082012F 3082010C 0C820108");
	struct reader reader;
	struct pkcs15_pin pin;

	(void)state;
	memset(file.data + file.len, 'x', 0x108);
	file.len += 0x108;
	struct hex rest = hex("3003040103 A118 3016 0302008B 0A0101 020108 020108 020108 800102"
			      "0401FF");
	memcpy(file.data + file.len, rest.data, rest.len);
	file.len += rest.len;
	file.data[2] = (uint8_t)((file.len - 4) >> 8);
	file.data[3] = (uint8_t)(file.len - 4);
	reader = reader_over(&file);
	assert_false(pkcs15_decode_pin(&reader, &pin));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_pin_is_written_as_on_the_sheets),
	    cmocka_unit_test(a_pin_of_the_sheets_is_read),
	    cmocka_unit_test(a_negative_pin_reference_reads_as_its_byte),
	    cmocka_unit_test(a_path_without_a_file_is_not_an_absent_path),
	    cmocka_unit_test(an_authentication_object_that_is_no_pin_is_left_out),
	    cmocka_unit_test(every_truncation_and_every_changed_byte_is_survived),
	    cmocka_unit_test(a_label_longer_than_the_standard_allows_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
