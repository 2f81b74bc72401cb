/* Objects with a value that does not fit are left out; what stands behind them is read. */
#include "test-pkcs15.h"

/* A file of the object `bad` and, behind it, of the object `good`. */
static struct hex
file_of(const char *bad, const char *good)
{
	struct hex file = hex(bad), behind = hex(good);

	assert_true(file.len + behind.len <= sizeof(file.data));
	memcpy(file.data + file.len, behind.data, behind.len);
	file.len += behind.len;
	return file;
}

/* iasecc.md 7.4, "PUK" */
static const char PUK[] = "302A 3009 0C0350554B 030206C0 3003 040102"
			  "A118 3016 0302008B 0A0101 020108 020108 020108 800102 0401FF";

static void
assert_pin_left_out(const char *bad)
{
	struct hex file = file_of(bad, PUK);
	struct reader reader = reader_over(&file);
	struct pkcs15_pin pin;

	assert_true(pkcs15_decode_pin(&reader, &pin));
	assert_string_equal(pin.common.label, "PUK");
	assert_int_equal(pin.id.data[0], 0x02);
	assert_int_equal(reader.left, 0);
}

static void
a_pin_of_a_type_that_does_not_exist_is_left_out(void **state)
{
	(void)state;
	assert_pin_left_out("302A 3009 0C03585858 030206C0 3003 040109"
			    "A118 3016 0302008B 0A0109 020108 020108 020108 800102 0401FF");
}

static void
a_pin_whose_length_does_not_fit_or_is_negative_is_left_out(void **state)
{
	(void)state;
	assert_pin_left_out("302E 3009 0C03585858 030206C0 3003 040109"
			    "A11C 301A 0302008B 0A0101 02050100000000 020108 020108 800102 0401FF");
	assert_pin_left_out("302A 3009 0C03585858 030206C0 3003 040109"
			    "A118 3016 0302008B 0A0101 0201FF 020108 020108 800102 0401FF");
}

static void
a_pin_whose_reference_is_no_byte_is_left_out(void **state)
{
	(void)state;
	assert_pin_left_out("302B 3009 0C03585858 030206C0 3003 040109"
			    "A119 3017 0302008B 0A0101 020108 020108 020108 80020100 0401FF");
	assert_pin_left_out("302B 3009 0C03585858 030206C0 3003 040109"
			    "A119 3017 0302008B 0A0101 020108 020108 020108 8002FF00 0401FF");
}

static void
a_pin_padded_with_two_bytes_is_left_out(void **state)
{
	(void)state;
	assert_pin_left_out("302B 3009 0C03585858 030206C0 3003 040109"
			    "A119 3017 0302008B 0A0101 020108 020108 020108 800102 0402FFFF");
}

/* iasecc.md 7.5, "Sign key" */
static const char SIGN_KEY[] =
    "3035 3011 0C085369676E206B6579 03020780 040103 3014 040146 0303062040 "
    "030203B8 020102 A103 020105 A10A 3008 3002 0400 02020800";

static void
a_key_whose_algorithm_is_no_number_of_32_bits_is_left_out(void **state)
{
	struct hex file =
	    file_of("3039 3011 0C085858585858585858 03020780 040103 3018 040146 0303062040 "
		    "030203B8 020102 A107 02050100000000 A10A 3008 3002 0400 02020800",
		    SIGN_KEY);
	struct reader reader = reader_over(&file);
	struct pkcs15_key key;

	(void)state;
	assert_true(pkcs15_decode_key(&reader, &key));
	assert_string_equal(key.common.label, "Sign key");
	assert_int_equal(key.algorithms_count, 1);
	assert_int_equal(key.algorithms[0], 5);
}

/* ISO/IEC 7816-15 clause 8.2.8: a condition may also be and, or, not of others. */
static void
a_rule_with_a_condition_that_is_no_pin_is_left_out_and_the_others_kept(void **state)
{
	struct hex file =
	    hex("3038 3019 0C0178 3014 3009 03020780 A103 040101 3007 03020640 040102"
		"300F 040146 0303062040 030203B8 020102 A10A 3008 3002 0400 02020800");
	struct reader reader = reader_over(&file);
	struct pkcs15_key key;

	(void)state;
	assert_true(pkcs15_decode_key(&reader, &key));
	assert_int_equal(key.common.rules_count, 1);
	assert_int_equal(key.common.rules[0].access, PKCS15_ACCESS_UPDATE);
	assert_int_equal(key.common.rules[0].auth_id.data[0], 0x02);
}

static void
an_algorithm_whose_identifier_is_too_long_is_left_out_and_the_others_kept(void **state)
{
	struct hex file =
	    hex("304E 020101 03020640 A245"
		"302F 020101 020101 0500 03020244 0621 2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A"
		"2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A"
		"3012 020102 020101 3003020105 03020244 020107");
	struct pkcs15_token_info info;

	(void)state;
	assert_true(pkcs15_decode_token_info(HEX(file), &info));
	assert_int_equal(info.algorithms_count, 1);
	assert_int_equal(info.algorithms[0].reference, 2);
	assert_int_equal(info.algorithms[0].card_reference, 7);
}

/*
 * EF.DIR
 */
static void
assert_application_left_out(const char *bad)
{
	struct hex file = file_of(bad, "611B4F0CA000000063504B43532D3135"
				       "500B46494E4549442053342D31");
	struct reader reader = reader_over(&file);
	struct pkcs15_application application;

	assert_true(pkcs15_decode_application(&reader, &application));
	assert_string_equal(application.label, "FINEID S4-1");
	assert_int_equal(application.aid_len, 12);
	assert_int_equal(application.od.kind, PKCS15_PATH_NONE);
}

static void
an_application_whose_aid_is_too_long_is_left_out(void **state)
{
	(void)state;
	assert_application_left_out("6113 4F11 A000000063504B43532D313500000000FF");
}

static void
an_application_whose_path_of_ef_od_is_too_long_is_left_out(void **state)
{
	(void)state;
	assert_application_left_out(
	    "6135 4F0C A000000063504B43532D3135 7325 3023 0421 3F00"
	    "3F003F003F003F003F003F003F003F003F003F003F003F003F003F003F0000");
}

static void
an_application_without_an_aid_or_with_too_long_an_aid_has_no_encoding(void **state)
{
	uint8_t data[HEX_ROOM];
	struct writer writer = writer_to(data, sizeof(data));
	struct pkcs15_application application = {.aid = {0xA0}, .aid_len = 0};

	(void)state;
	assert_false(pkcs15_encode_application(&application, &writer));
	application.aid_len = PKCS15_AID_MAX + 1;
	assert_false(pkcs15_encode_application(&application, &writer));
	application.aid_len = 1;
	assert_true(pkcs15_encode_application(&application, &writer));
	assert_bytes_hex(writer_bytes(&writer), "6103 4F01A0");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_pin_of_a_type_that_does_not_exist_is_left_out),
	    cmocka_unit_test(a_pin_whose_length_does_not_fit_or_is_negative_is_left_out),
	    cmocka_unit_test(a_pin_whose_reference_is_no_byte_is_left_out),
	    cmocka_unit_test(a_pin_padded_with_two_bytes_is_left_out),
	    cmocka_unit_test(a_key_whose_algorithm_is_no_number_of_32_bits_is_left_out),
	    cmocka_unit_test(
		a_rule_with_a_condition_that_is_no_pin_is_left_out_and_the_others_kept),
	    cmocka_unit_test(
		an_algorithm_whose_identifier_is_too_long_is_left_out_and_the_others_kept),
	    cmocka_unit_test(an_application_whose_aid_is_too_long_is_left_out),
	    cmocka_unit_test(an_application_whose_path_of_ef_od_is_too_long_is_left_out),
	    cmocka_unit_test(an_application_without_an_aid_or_with_too_long_an_aid_has_no_encoding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
