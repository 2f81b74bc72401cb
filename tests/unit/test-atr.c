/*
 * Answer to reset: the real cards of fineid.md 2.1 and iasecc.md 1.2, 1.3 and 9.1, and the rules of
 * ISO/IEC 7816-3 clause 8.2.
 */
#include "iso7816/atr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "hex.h"

enum { T0 = 1 << 0, T1 = 1 << 1 };

struct real_atr {
	const char *section, *bytes, *historical;
	unsigned protocols;
};

static const struct real_atr real[] = {
    /* T=0 alone: no TCK. */
    {"fineid 2.1 A1", "3B 9F 94 40 1E 00 67 11 43 46 49 53 45 10 52 66 FF 81 90 00",
     "00 67 11 43 46 49 53 45 10 52 66 FF 81 90 00", T0},
    {"fineid 2.1 A2", "3B 7B 94 00 00 80 62 11 51 56 46 69 6E 45 49 44",
     "80 62 11 51 56 46 69 6E 45 49 44", T0},
    {"fineid 2.1 A2 Avant", "3B 6E 00 00 00 62 00 00 57 41 56 41 4E 54 10 81 90 00",
     "00 62 00 00 57 41 56 41 4E 54 10 81 90 00", T0},
    {"fineid 2.1 A3", "3B 7B 94 00 00 80 62 12 51 56 46 69 6E 45 49 44",
     "80 62 12 51 56 46 69 6E 45 49 44", T0},
    {"fineid 2.1 A4", "3B 7F 96 00 00 80 31 B8 65 B0 85 03 00 EF 12 00 F6 82 90 00",
     "80 31 B8 65 B0 85 03 00 EF 12 00 F6 82 90 00", T0},
    {"fineid 2.1 A5", "3B 7F 96 00 00 80 31 B8 65 B0 85 04 02 1B 12 00 F6 82 90 00",
     "80 31 B8 65 B0 85 04 02 1B 12 00 F6 82 90 00", T0},
    {"fineid 2.1 A6", "3B 7F 96 00 00 80 31 B8 65 B0 85 05 00 11 12 24 60 82 90 00",
     "80 31 B8 65 B0 85 05 00 11 12 24 60 82 90 00", T0},
    {"fineid 2.1 A7", "3B 7F 96 00 00 80 31 B8 65 B0 85 05 10 24 12 24 60 82 90 00",
     "80 31 B8 65 B0 85 05 10 24 12 24 60 82 90 00", T0},
    {"fineid 2.1 A8", "3B 7B 18 00 00 80 62 01 54 56 46 69 6E 45 49 44",
     "80 62 01 54 56 46 69 6E 45 49 44", T0},
    {"iasecc 1.2 Gemalto", "3B 7F 96 00 00 00 31 B8 64 40 70 14 10 73 94 01 80 82 90 00",
     "00 31 B8 64 40 70 14 10 73 94 01 80 82 90 00", T0},
    {"iasecc 1.2 Sagem", "3B 7D 13 00 00 4D 44 57 2D 49 41 53 2D 43 41 52 44 32",
     "4D 44 57 2D 49 41 53 2D 43 41 52 44 32", T0},
    {"iasecc 1.2 CPX", "3B AC 00 40 2A 00 12 25 00 64 80 00 03 10 00 90 00",
     "00 12 25 00 64 80 00 03 10 00 90 00", T0},
    {"iasecc 9.1 cc-v1", "3B 7D 95 00 00 80 31 80 65 B0 83 11 C0 A9 83 00 90 00",
     "80 31 80 65 B0 83 11 C0 A9 83 00 90 00", T0},
    {"iasecc 9.1 cc-v1", "3B 7D 95 00 00 80 31 80 65 B0 83 11 00 C8 83 00 90 00",
     "80 31 80 65 B0 83 11 00 C8 83 00 90 00", T0},
    {"iasecc 9.1 old IAS", "3B 95 95 40 FF D0 00 54 01 31", "D0 00 54 01 31", T0},
    /* T=0 and T=1. */
    {"fineid 2.1 A9", "3B DF 96 00 80 31 FE 45 00 31 B8 64 04 29 EC C1 73 94 01 80 82 90 00 DA",
     "00 31 B8 64 04 29 EC C1 73 94 01 80 82 90 00", T0 | T1},
    {"fineid 2.1 A10", "3B DD 96 00 80 31 FE 45 00 31 B8 64 04 29 EC C1 73 94 01 80 82 48",
     "00 31 B8 64 04 29 EC C1 73 94 01 80 82", T0 | T1},
    {"fineid 2.1 A11", "3B DD 96 00 80 31 FE 45 00 31 B8 64 04 29 EC C1 73 94 01 80 83 49",
     "00 31 B8 64 04 29 EC C1 73 94 01 80 83", T0 | T1},
    {"iasecc 1.2 MI", "3B DF 96 00 80 31 FE 45 00 31 B8 64 04 1F EC C1 73 94 01 80 82 90 00 EC",
     "00 31 B8 64 04 1F EC C1 73 94 01 80 82 90 00", T0 | T1},
    /* T=1, some with T=15. */
    {"iasecc 1.2 Oberthur", "3B DD 18 00 81 31 FE 45 80 F9 A0 00 00 00 77 01 08 00 07 90 00 FE",
     "80 F9 A0 00 00 00 77 01 08 00 07 90 00", T1},
    {"iasecc 1.2 AMOS",
     "3B DF 18 FF 81 91 FE 1F C3 00 31 B8 64 0C 01 EC C1 73 94 01 80 82 90 00 B3",
     "00 31 B8 64 0C 01 EC C1 73 94 01 80 82 90 00", T1},
    {"iasecc 1.2 AMOS", "3B DC 18 FF 81 91 FE 1F C3 80 73 C8 21 13 66 02 04 03 55 00 02 34",
     "80 73 C8 21 13 66 02 04 03 55 00 02", T1},
    {"iasecc 1.2 AMOS", "3B DC 18 FF 81 91 FE 1F C3 80 73 C8 21 13 66 01 0B 03 52 00 05 38",
     "80 73 C8 21 13 66 01 0B 03 52 00 05", T1},
    {"iasecc 1.3 Latvia", "3B DD 18 00 81 31 FE 45 90 4C 41 54 56 49 41 2D 65 49 44 90 00 8C",
     "90 4C 41 54 56 49 41 2D 65 49 44 90 00", T1},
    {"iasecc 9.1 cc-v1",
     "3B FF 96 00 00 81 31 80 43 80 31 80 65 B0 85 03 00 EF 12 0F FF 82 90 00 67",
     "80 31 80 65 B0 85 03 00 EF 12 0F FF 82 90 00", T1},
    {"iasecc 9.1 cc-v1",
     "3B FF 96 00 00 81 31 FE 43 80 31 80 65 B0 85 04 01 20 12 0F FF 82 90 00 D0",
     "80 31 80 65 B0 85 04 01 20 12 0F FF 82 90 00", T1},
    /* Contactless cards as PC/SC shows them: T=0 and T=1 by name, whatever is spoken. */
    {"iasecc 1.3 Peru v2", "3B 80 80 01 01", "", T0 | T1},
    {"iasecc 9.1 CC2", "3B 8F 80 01 80 31 80 65 B0 85 05 00 11 12 0F FF 82 90 00 8B",
     "80 31 80 65 B0 85 05 00 11 12 0F FF 82 90 00", T0 | T1},
};

static bool
parses(const char *text, struct atr *atr)
{
	struct hex bytes = hex(text);

	return atr_parse(HEX(bytes), atr);
}

static void
the_atrs_of_real_cards_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(real) / sizeof(real[0]); i++) {
		struct hex bytes = hex(real[i].bytes);
		struct atr atr;

		if (!atr_parse(HEX(bytes), &atr))
			fail_msg("%s: refused", real[i].section);
		assert_int_equal(atr.len, bytes.len);
		assert_memory_equal(atr.bytes, bytes.data, bytes.len);
		assert_bytes_hex(atr.historical, real[i].historical);
		assert_int_equal(atr.protocols, real[i].protocols);
		assert_int_equal(atr.first_protocol, (real[i].protocols & T0) == 0);
		assert_false(atr.specific);
	}
}

static void
historical_bytes_point_into_the_result(void **state)
{
	struct atr atr;

	(void)state;
	assert_true(parses(real[0].bytes, &atr));
	assert_ptr_equal(atr.historical.data, atr.bytes + 5);
}

/* fineid.md 2.1, A9: "the note prints a last byte 00; a scan showed DA". */
static void
a9_with_the_printed_tck_is_refused(void **state)
{
	struct atr atr;

	(void)state;
	assert_false(parses(
	    "3B DF 96 00 80 31 FE 45 00 31 B8 64 04 29 EC C1 73 94 01 80 82 90 00 00", &atr));
}

/* iasecc.md 9.1 prints "(90 00)": T0 says 13 historical bytes, without them there are 11. */
static void
cc_v1_without_its_last_two_historical_bytes_is_refused(void **state)
{
	struct atr atr;

	(void)state;
	assert_false(parses("3B 7D 95 00 00 80 31 80 65 B0 83 11 C0 A9 83 00", &atr));
	assert_false(parses("3B 7D 95 00 00 80 31 80 65 B0 83 11 00 C8 83 00", &atr));
}

static void
t0_alone_with_a_tck_is_refused(void **state)
{
	struct atr atr;

	(void)state;
	assert_true(parses("3B 02 14 50", &atr));
	assert_false(parses("3B 02 14 50 46", &atr));
}

static void
anything_but_t0_without_a_tck_is_refused(void **state)
{
	struct atr atr;

	(void)state;
	assert_true(parses("3B 80 01 81", &atr));
	assert_false(parses("3B 80 01", &atr));
	assert_false(parses("3B 80 81 1F 00", &atr));
}

static void
a_wrong_bit_anywhere_behind_ts_breaks_the_tck(void **state)
{
	struct hex bytes = hex("3B FF 96 00 00 81 31 80 43 80 31 80 65 B0 85 03 00 EF 12 0F FF "
			       "82 90 00 67");
	struct atr atr;

	(void)state;
	for (size_t i = 1; i < bytes.len; i++) {
		bytes.data[i] ^= 0x01;
		assert_false(atr_parse(HEX(bytes), &atr));
		bytes.data[i] ^= 0x01;
	}
	assert_true(atr_parse(HEX(bytes), &atr));
}

static void
every_truncation_of_a_t1_atr_is_refused(void **state)
{
	struct hex bytes = hex("3B DF 18 FF 81 91 FE 1F C3 00 31 B8 64 0C 01 EC C1 73 94 01 80 82 "
			       "90 00 B3");
	struct atr atr;

	(void)state;
	for (size_t len = 0; len < bytes.len; len++)
		assert_false(atr_parse((struct bytes){bytes.data, len}, &atr));
}

static void
a_byte_too_many_is_refused(void **state)
{
	struct atr atr;

	(void)state;
	assert_false(parses("3B 00 00", &atr));
	assert_false(parses("3B 80 01 81 00", &atr));
}

static void
inverse_convention_is_read_and_another_ts_is_not(void **state)
{
	struct atr atr;

	(void)state;
	assert_true(parses("3F 00", &atr));
	assert_true(parses("3B 00", &atr));
	assert_false(parses("03 00", &atr));
	/* iasecc.md 1.2: CPXCL's entry begins 2B. */
	assert_false(parses("2B 8F 80 01 00 31 B8 64 04 B0 EC C1 73 94 01 80 82 90 00 0E", &atr));
}

/* With its TCK put right. */
static bool
parses_with_tck(const char *without_tck, struct atr *atr)
{
	struct hex bytes = hex(without_tck);
	uint8_t tck = 0;

	for (size_t i = 1; i < bytes.len; i++)
		tck ^= bytes.data[i];
	bytes.data[bytes.len++] = tck;
	return atr_parse(HEX(bytes), atr);
}

/* Clause 8.2: TS and at most 32 characters. Here 15 interface and 15 historical bytes. */
static void
an_atr_has_at_most_33_bytes(void **state)
{
	struct atr atr;

	(void)state;
	assert_true(parses_with_tck("3B FF 11 00 00 F1 01 00 00 F1 00 00 00 71 00 00 00"
				    "0102030405060708090A0B0C0D0E0F",
				    &atr));
	assert_int_equal(atr.len, ATR_LEN_MAX);
	assert_false(parses_with_tck("3B FF 11 00 00 F1 01 00 00 F1 00 00 00 F1 00 00 00 01"
				     "0102030405060708090A0B0C0D0E0F",
				     &atr));
}

/* Clause 8.3: TA2 makes the mode specific, its low nibble is the protocol. */
static void
ta2_says_which_protocol_is_spoken(void **state)
{
	struct atr atr;

	(void)state;
	assert_true(parses_with_tck("3B 80 90 81 01", &atr));
	assert_true(atr.specific);
	assert_int_equal(atr.protocols, T0 | T1);
	assert_int_equal(atr.first_protocol, 1);
}

static void
without_td1_the_protocol_is_t0(void **state)
{
	struct atr atr;

	(void)state;
	assert_true(parses("3B 10 96", &atr));
	assert_int_equal(atr.protocols, T0);
	assert_int_equal(atr.first_protocol, 0);
}

static void
t15_is_no_protocol(void **state)
{
	struct atr atr;

	(void)state;
	assert_true(parses_with_tck("3B 80 80 1F C3", &atr));
	assert_int_equal(atr.protocols, T0);
}

static void
a_t1_atr_is_built_around_historical_bytes(void **state)
{
	struct atr atr;

	(void)state;
	assert_true(atr_build_t1(BYTES_TEXT("Vicar"), &atr));
	assert_bytes_hex((struct bytes){atr.bytes, atr.len}, "3B 85 81 01 56 69 63 61 72 4A");
	assert_bytes_hex(atr.historical, "56 69 63 61 72");
	assert_int_equal(atr.protocols, T1);
	assert_int_equal(atr.first_protocol, 1);
}

static void
a_t1_atr_is_built_without_historical_bytes(void **state)
{
	struct atr atr;

	(void)state;
	assert_true(atr_build_t1(BYTES_NONE, &atr));
	assert_bytes_hex((struct bytes){atr.bytes, atr.len}, "3B 80 81 01 00");
}

static void
a_t1_atr_takes_fifteen_historical_bytes_and_not_sixteen(void **state)
{
	const uint8_t historical[16] = {0};
	struct atr atr;

	(void)state;
	assert_true(atr_build_t1((struct bytes){historical, 15}, &atr));
	assert_false(atr_build_t1((struct bytes){historical, 16}, &atr));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_atrs_of_real_cards_are_read),
	    cmocka_unit_test(historical_bytes_point_into_the_result),
	    cmocka_unit_test(a9_with_the_printed_tck_is_refused),
	    cmocka_unit_test(cc_v1_without_its_last_two_historical_bytes_is_refused),
	    cmocka_unit_test(t0_alone_with_a_tck_is_refused),
	    cmocka_unit_test(anything_but_t0_without_a_tck_is_refused),
	    cmocka_unit_test(a_wrong_bit_anywhere_behind_ts_breaks_the_tck),
	    cmocka_unit_test(every_truncation_of_a_t1_atr_is_refused),
	    cmocka_unit_test(a_byte_too_many_is_refused),
	    cmocka_unit_test(inverse_convention_is_read_and_another_ts_is_not),
	    cmocka_unit_test(an_atr_has_at_most_33_bytes),
	    cmocka_unit_test(ta2_says_which_protocol_is_spoken),
	    cmocka_unit_test(without_td1_the_protocol_is_t0),
	    cmocka_unit_test(t15_is_no_protocol),
	    cmocka_unit_test(a_t1_atr_is_built_around_historical_bytes),
	    cmocka_unit_test(a_t1_atr_is_built_without_historical_bytes),
	    cmocka_unit_test(a_t1_atr_takes_fifteen_historical_bytes_and_not_sixteen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
