/*
 * Personality iasecc against iasecc.md: ATRs, selection, the files and reading.
 */
#include "test-iasecc.h"

/* Section 7. */
static const char DIR[] = "6133 4F0E" AID "5007 45434320654944 7318 06062B8122F87802 4F0E" AID;
static const char ODF[] = "A80630040402 7001 A00630040402 7002 A10630040402 7004"
			  "A40630040402 7005 A50630040402 7007 A70630040402 7006";
static const char TOKENINFO[] =
    "30820100 020101 0408" SERIAL "0C11 54657374204D616E756661637475726572"
    "8007 45434320654944 03020450 A281A6"
    "3017 020101 02020220 0500 03020102 06052B0E03021A 020110"
    "301B 020102 02020250 0500 03020102 0609608648016503040201 020140"
    "301A 020103 020106 0500 03020640 06092A864886F70D010105 020112"
    "301A 020104 020140 0500 03020640 06092A864886F70D01010B 020142"
    "301A 020105 020101 0500 03020640 06092A864886F70D010101 020102"
    "301A 020106 020101 0500 03020204 06092A864886F70D010101 02011A"
    "A511 180F 32303234303130313030303030305A"
    "A615 0C13 494153204543432047656E6572696320413035";
/* The shortest sign PIN is 4 digits on our card, not 6: CMD has PINs of 4. */
static const char AODF[] = "3032 3011 0C08 557365722050494E 030206C0 040102 3003 040101"
			   "A118 3016 03020388 0A0101 020104 020108 020108 800101 0401FF"
			   "302A 3009 0C03 50554B 030206C0 3003 040102"
			   "A118 3016 0302008B 0A0101 020108 020108 020108 800102 0401FF"
			   "3033 3011 0C08 5369676E2050494E 030206C0 040102 3003 040103"
			   "A119 3017 030203C8 0A0101 020104 020108 020108 80020085 0401FF";
static const char PRKDF[] =
    "3037 3011 0C08 41757468206B6579 03020780 040101"
    "3016 040145 03020264 030203B8 020101 A106 020105 020106 A10A 3008 30020400 02020800"
    "3035 3011 0C08 5369676E206B6579 03020780 040103"
    "3014 040146 0303062040 030203B8 020102 A103 020105 A10A 3008 30020400 02020800";
static const char PUKDF_AUTH[] = "302A 300A 0C08 41757468206B6579 300E 040145 0302018A 03020348 "
				 "020101 A10C 300A 3004 0402B201 02020800";
static const char CDF[] =
    "3023 3012 0C10 41757468206365727469666963617465 3003 040145 A108 3006 3004 0402B001"
    "3023 3012 0C10 5369676E206365727469666963617465 3003 040146 A108 3006 3004 0402B002"
    "301C 3008 0C06 537562204341 3006 040151 0101FF A108 3006 3004 0402B003";
static const char TRUSTED_CDF[] =
    "301D 3009 0C07 526F6F74204341 3006 040150 0101FF A108 3006 3004 0402B004";

static void
assert_atr(const char *options, const char *expected)
{
	struct applet_card *card = two_keys(options);
	char text[2 * ATR_LEN_MAX + 1];

	bytes_to_hex(card_atr(card->card), text);
	applet_assert_hex(text, expected);
	applet_free(card);
}

/* 1.2 */
static void
each_variant_has_its_atr(void **state)
{
	(void)state;
	assert_atr("", "3BDF18FF8191FE1FC3 0031B8640C01ECC1 73940180 829000 B3");
	assert_atr("variant=amos", "3BDF18FF8191FE1FC3 0031B8640C01ECC1 73940180 829000 B3");
	assert_atr("variant=gemalto", "3B7F96000000 31B86440701410 73940180 829000");
	assert_atr("variant=oberthur", "3BDD18008131FE45 80F9A0000000770108000790 00FE");
	assert_atr("variant=sagem", "3B7F18000000 31B8645023ECC1 73940180 829000");
	assert_atr("variant=mi", "3BDF96008031FE45 0031B864041FECC1 73940180 829000 EC");
}

static void
an_unknown_variant_is_refused(void **state)
{
	const struct card_host host = {.save = applet_save};
	struct applet_card *card = applet_new("iasecc", SERIAL, "variant=cosmo");
	struct image_error error = {""};

	(void)state;
	applet_add_key(card, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	card->card = card_new(&card->image, registry_find("iasecc"), &host, &error);
	assert_null(card->card);
	assert_non_null(strstr(error.text, "oberthur"));
	applet_free(card);
}

/* 8.1 */
static void
opensc_connects(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "00A4000C023F00", "9000");
	assert_answer(card, "00A40904022F0100",
		      "621C 80020064 820101 83022F01 8801E8 A109 8C07 7BFFFFFFFFFF00 8A0105 9000");
	assert_answer(card, "00A404040B" ROOT "00",
		      "621D 820138 83023F00 840B" ROOT "A104 8C020100 8A0105 9000");
	assert_answer(card, "00B09C00C0", "5A08" SERIAL "6282");
}

/* 2.2, with the pre-issuing data of the ATR; 8.7, item 2 */
static void
ef_atr_has_the_objects_of_section_2_2(void **state)
{
	struct applet_card *gemalto = two_keys("variant=gemalto");

	(void)state;
	assert_filled(content_of(gemalto, "2F01"),
		      "4301B8 460440701410 4703940180 4F0B" ROOT
		      "E010 020200FF 020200FF 02020100 02020100 780806062B8122F87802 82029000",
		      100);
	applet_free(gemalto);
}

/* 1.4: OpenSC selects it because the historical bytes begin with it */
static void
the_root_of_oberthur_has_its_own_name(void **state)
{
	struct applet_card *card = two_keys("variant=oberthur");

	(void)state;
	assert_answer(card, "00A4040C07 A0000000030000", "6A82");
	assert_answer(card, "00A4040410 A000000077010800070000FE00000100 00",
		      "6222 820138 83023F00 8410 A000000077010800070000FE00000100"
		      "A104 8C020100 8A0105 9000");
	assert_answer(card, "00A4010C022F01", "9000"); /* 4.1: also an EF */
	assert_answer(card, SELECT_ROOT, "6A82");
	applet_free(card);
}

/* 3.3; 8.7, item 3: an 8C in each */
static void
the_adf_answers_with_the_fcp_of_section_3_3(void **state)
{
	assert_answer((struct applet_card *)*state, "00A404040E" AID "00",
		      "6220 820138 83020001 840E" AID "A104 8C020100 8A0105 9000");
}

/* 4.1 */
static void
selection_takes_the_forms_of_section_4_1(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "00A40000023F00", "6A86");
	assert_answer(card, "00A4090C023F00", "9000");
	assert_answer(card, "00A4090C043F002F01", "9000");
	assert_answer(card, "00A4090C043F000001", "9000");
	assert_answer(card, "00A4090C025031", "9000");
	assert_answer(card, "00A4030C", "9000");
	assert_answer(card, "00A4080C0400015032", "9000");
	assert_answer(card, "00A4020C02D003", "6A82");
	assert_answer(card, "00B0000001", "30 9000"); /* a failed selection changes nothing */
	assert_answer(card, "00A4030C", "9000");
	assert_answer(card, "00A4010C020001", "9000");
	assert_answer(card, "00B0000001", "6986");     /* a DF ends the current EF */
	assert_answer(card, "00A4020C020001", "6A82"); /* a DF */
	assert_answer(card, "00A40904045015494600", "6A82");
	assert_answer(card, "00A40400064D494F4D435400", "6A82");
}

/* Seen: before it reads the object of a global PIN, OpenSC 0.23 comes back to the root of a Gemalto
 * card by P1=02. */
static void
opensc_selects_the_root_of_gemalto_as_a_child(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, SELECT_ADF, "9000");
	assert_answer(card, "00A40204023F0000",
		      "621D 820138 83023F00 840B" ROOT "A104 8C020100 8A0105 9000");
	assert_answer(card, PIN_BODY("01"), "700D BF810109 7F4106 800108 810104 9000");
}

/* 3.3: FCI, as the Sagem type asks; SFI shifted by three bits */
static void
p2_00_is_answered_with_an_fci(void **state)
{
	assert_answer((struct applet_card *)*state, "00A40900022F0000",
		      "6F1C 80020080 820101 83022F00 8801F0 A109 8C07 7BFFFFFFFFFF00 8A0105 9000");
}

static void
the_directory_files_are_those_of_section_7(void **state)
{
	struct applet_card *card = *state;

	assert_filled(content_of(card, "2F00"), DIR, 128);
	enter_adf(card);
	assert_filled(content_of(card, "5031"), ODF, 96);
	assert_filled(content_of(card, "5032"), TOKENINFO, 400);
	assert_filled(content_of(card, "7001"), AODF, 256);
	assert_filled(content_of(card, "7002"), PRKDF, 256);
	assert_filled(content_of(card, "7005"), CDF, 256);
	assert_filled(content_of(card, "7007"), TRUSTED_CDF, 256);
	assert_filled(content_of(card, "7006"), "", 256);
}

static void
the_public_key_directory_begins_with_the_entry_of_section_7_6(void **state)
{
	struct applet_card *card = *state;
	char begin[2 * 44 + 1];

	enter_adf(card);
	snprintf(begin, sizeof(begin), "%s", content_of(card, "7004"));
	applet_assert_hex(begin, PUKDF_AUTH);
}

static void
assert_certificate(struct applet_card *card, const char *fid, const uint8_t *der, size_t len)
{
	static char text[8192];

	bytes_to_hex((struct bytes){der, len}, text);
	assert_string_equal(content_of(card, fid), text);
}

/* 3.2 */
static void
certificates_are_in_b001_and_following(void **state)
{
	struct applet_card *card = *state;
	const struct image *image = &card->image;

	enter_adf(card);
	assert_certificate(card, "B001", image->keys[0].certificate,
			   image->keys[0].certificate_len);
	assert_certificate(card, "B002", image->keys[1].certificate,
			   image->keys[1].certificate_len);
	assert_certificate(card, "B003", image->authorities[0].certificate,
			   image->authorities[0].certificate_len);
	assert_certificate(card, "B004", image->authorities[1].certificate,
			   image->authorities[1].certificate_len);
}

/* 7.6: "EF content 30 82 01 0A 02 82 01 01 00 <n> 02 03 01 00 01" */
static void
a_public_key_file_is_what_openssl_makes_of_the_key(void **state)
{
	struct applet_card *card = *state;
	uint8_t *der = NULL;
	int len = i2d_PublicKey(applet_rsa(2048), &der);

	assert_int_equal(len, 4 + 0x10A);
	enter_adf(card);
	assert_certificate(card, "B201", der, (size_t)len);
	OPENSSL_free(der);
}

/* 4.2 */
static void
reading_keeps_to_the_end_of_the_file(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "00B0000001", "6986");
	assert_answer(card, "00A4020C02D003", "9000");
	assert_answer(card, "00B0000900", "0F 9000");
	assert_answer(card, "00B0000A01", "6B00");
	assert_answer(card, "00B09C0801", "00 9000"); /* by SFI, with an offset */
	assert_answer(card, "00B0900001", "6A82");
	assert_answer(card, "00D6000001 00", "6982");
}

static void
odd_read_binary_takes_an_offset_object(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "00B1000003 540100 00", "6986");
	assert_answer(card, "00A4020C02D003", "9000");
	assert_answer(card, "00B1000003 540102 00", "5308" SERIAL "9000");
	assert_answer(card, "00B1000004 54020002 05", "5303 990000 9000");
	assert_answer(card, "00B1000003 54010A 00", "6B00");
	assert_answer(card, "00B1000003 530100 00", "6A80");
	assert_answer(card, "00B1000003 540100", "6700");
}

/* Makers whose cards speak T=0 (1.2): there is no Le in the command, the data comes by GET RESPONSE. */
static void
odd_read_binary_is_answered_on_t0(void **state)
{
	struct applet_card *card = two_keys("variant=gemalto");

	(void)state;
	assert_answer(card, "00A4020C02D003", "9000");
	assert_answer(card, "00B1000003 540102", "610A");
	assert_answer(card, "00C000000A", "5308" SERIAL "9000");
	applet_free(card);
}

/* 2.3: 5A and 5F20; the certificate says "auth" */
static void
ef_gdo_names_the_card_and_its_holder(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "00A4090C02 2F02", "9000");
	applet_assert_hex(applet_read(card), "5A08" SERIAL "5F2004 61757468");
}

/* 2.3, 9.3 item 2 */
static void
the_serial_number_is_in_the_production_data(void **state)
{
	static const char *const commands[] = {"00CA9F7F2D", "80CA9F7F2D"};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const char *cplc = applet_send(*state, commands[i]);

		assert_int_equal(strncmp(cplc, "9F7F2A", 6), 0);
		assert_int_equal(strncmp(cplc + (size_t)2 * 13, SERIAL, 16), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
	    cmocka_unit_test(each_variant_has_its_atr),
	    cmocka_unit_test(an_unknown_variant_is_refused),
	    TEST(opensc_connects),
	    cmocka_unit_test(ef_atr_has_the_objects_of_section_2_2),
	    cmocka_unit_test(the_root_of_oberthur_has_its_own_name),
	    TEST(the_adf_answers_with_the_fcp_of_section_3_3),
	    TEST(selection_takes_the_forms_of_section_4_1),
	    TEST(opensc_selects_the_root_of_gemalto_as_a_child),
	    TEST(p2_00_is_answered_with_an_fci),
	    TEST(the_directory_files_are_those_of_section_7),
	    TEST(the_public_key_directory_begins_with_the_entry_of_section_7_6),
	    TEST(certificates_are_in_b001_and_following),
	    TEST(a_public_key_file_is_what_openssl_makes_of_the_key),
	    TEST(reading_keeps_to_the_end_of_the_file),
	    TEST(odd_read_binary_takes_an_offset_object),
	    cmocka_unit_test(odd_read_binary_is_answered_on_t0),
	    TEST(ef_gdo_names_the_card_and_its_holder),
	    TEST(the_serial_number_is_in_the_production_data),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
