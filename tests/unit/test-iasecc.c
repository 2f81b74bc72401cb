/*
 * Personality iasecc against iasecc.md 2 to 8: the files, the security data objects, and the
 * commands of OpenSC and of other clients, each through card_transmit() with an image in memory.
 */
#include "applet-card.h"

#define SERIAL "990000000101000F"
#define ROOT "F0496173456363526F6F74"
#define AID "E828BD080FD2504543432D654944"
#define SHA256_OF_ABC "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
#define SHA1_PREFIX "3021300906052B0E03021A05000414" /* 6.2 */
#define SHA256_PREFIX "3031300D060960864801650304020105000420"
#define VERIFY_USER "0020000104 31323334"
#define VERIFY_SIGN "0020008506 313233343536"
#define VERIFY_PUK "0020000208 3132333435363738"
#define SELECT_ROOT "00A4040C0B" ROOT
#define SELECT_ADF "00A4040C0E" AID
#define PIN_BODY(number) "00CB3FFF0B 4D09 7007 BF81" number "03 7F4180 00"
#define PIN_DOCP(number) "00CB3FFF0A 4D08 7006 BF81" number "02 A080 00"
#define KEY_BODY(number) "00CB3FFF0B 4D09 7007 BF90" number "03 7F4880 00"
#define KEY_DOCP(number) "00CB3FFF0A 4D08 7006 BF90" number "02 A080 00"
#define PUBLIC_BODY(number) "00CB3FFF0B 4D09 7007 BFA0" number "03 7F4980 00"
#define PUBLIC_DOCP(number) "00CB3FFF0A 4D08 7006 BFA0" number "02 A080 00"
#define SE_OBJECT(number) "00CB3FFF0A 4D08 7006 BFFB" number "02 7B80 00"

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
add_authority(struct applet_card *card, EVP_PKEY *key, const char *subject)
{
	struct image_authority *authority =
	    &card->image.authorities[card->image.authorities_count++];

	authority->certificate =
	    applet_certificate(key, subject, applet_rsa(3072), "root", &authority->certificate_len);
}

static struct applet_card *
two_keys(const char *options)
{
	struct applet_card *card = applet_new("iasecc", SERIAL, options);

	applet_add_key(card, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	applet_add_key(card, "sign", IMAGE_SERVICE_FILE, 2048, SIGN_PIN);
	add_authority(card, applet_rsa(2048), "ca");
	add_authority(card, applet_rsa(3072), "root");
	applet_insert(card);
	return card;
}

static int
setup(void **state)
{
	*state = two_keys("");
	return 0;
}

/* One key of CMD's size at a service. */
static int
setup_remote(void **state)
{
	struct applet_card *card = applet_new("iasecc", SERIAL, "");

	applet_add_key(card, "sign", "cmd", 3072, SIGN_PIN);
	applet_insert(card);
	*state = card;
	return 0;
}

static int
teardown(void **state)
{
	applet_free(*state);
	return 0;
}

static const char *
content_of(struct applet_card *card, const char *fid)
{
	char command[32];

	snprintf(command, sizeof(command), "00A4020C02%s", fid);
	assert_answer(card, command, "9000");
	return applet_read(card);
}

/* `content` begins with `expected` and has nothing but zeros behind it, `size` bytes in all. */
static void
assert_filled(const char *content, const char *expected, size_t size)
{
	static char begin[2 * 0x8000 + 1];
	static uint8_t bytes[0x8000];
	size_t len;

	assert_true(bytes_from_hex(expected, bytes, sizeof(bytes), &len));
	snprintf(begin, sizeof(begin), "%.*s", (int)(2 * len), content);
	applet_assert_hex(begin, expected);
	assert_int_equal(strspn(content + 2 * len, "0"), 2 * (size - len));
	assert_int_equal(strlen(content), 2 * size);
}

static void
enter_adf(struct applet_card *card)
{
	assert_answer(card, SELECT_ADF, "9000");
}

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

/* 4.4, the examples */
static void
the_user_pin_is_an_object_of_the_root(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, PIN_BODY("01"), "700D BF810109 7F4106 800108 810104 9000");
	assert_answer(card, PIN_DOCP("01"),
		      "7016 BF810112 A010 9A0103 9B0103 A108 8C06 F30000 12FF00 9000");
	assert_answer(card, PIN_BODY("05"), "6A88");
	enter_adf(card);
	assert_answer(card, PIN_BODY("01"), "6A88");
}

static void
the_counter_in_a_pin_object_is_that_of_verify(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "0020000104 39393939", "63C2");
	assert_answer(card, PIN_DOCP("01"),
		      "7016 BF810112 A010 9A0103 9B0102 A108 8C06 F30000 12FF00 9000");
}

/* 5.3: min and max of the PUK agree, so that OpenSC would pad it; it is full */
static void
the_puk_is_an_object_that_nobody_changes(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, PIN_BODY("02"), "700D BF810209 7F4106 800108 810108 9000");
	assert_answer(card, PIN_DOCP("02"),
		      "7016 BF810212 A010 9A0103 9B0103 A108 8C06 F3FF00 FFFF00 9000");
}

/* 4.4: "PIN 85 is asked as BF 81 05" */
static void
the_local_pin_is_an_object_of_the_adf(void **state)
{
	struct applet_card *card = *state;

	enter_adf(card);
	assert_answer(card, PIN_BODY("05"), "700D BF810509 7F4106 800108 810104 9000");
	assert_answer(card, PIN_DOCP("05"),
		      "7016 BF810512 A010 9A0103 9B0103 A108 8C06 F30000 12FF00 9000");
}

/* 4.4, the examples; 8.7, item 1: the size */
static void
private_keys_are_objects_of_the_adf(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, KEY_BODY("01"), "6A88");
	enter_adf(card);
	assert_answer(card, KEY_BODY("01"), "700A BF900106 7F4803 800100 9000");
	assert_answer(card, KEY_DOCP("01"),
		      "7015 BF900111 A00F 80020100 A109 8C07 FB131313 FFFF00 9000");
	assert_answer(card, KEY_DOCP("02"),
		      "7015 BF900211 A00F 80020100 A109 8C07 FB1414FF FFFF00 9000");
	assert_answer(card, KEY_BODY("03"), "6A88");
}

static void
a_public_key_object_has_modulus_and_exponent(void **state)
{
	static const char begin[] = "70820117BFA00182"
				    "01117F4982010C81820100";
	struct applet_card *card = *state;
	const char *object;
	uint8_t *der = NULL;
	char key[2 * 300];
	int len = i2d_PublicKey(applet_rsa(2048), &der);

	enter_adf(card);
	object = applet_fetch(card, PUBLIC_BODY("01"));
	bytes_to_hex((struct bytes){der, (size_t)len}, key);
	OPENSSL_free(der);
	assert_int_equal(strncmp(object, begin, sizeof(begin) - 1), 0);
	assert_int_equal(strncmp(object + sizeof(begin) - 1, key + (size_t)2 * 9, 512), 0);
	assert_string_equal(object + sizeof(begin) - 1 + 512, "82030100018001009000");
	assert_answer(card, PUBLIC_DOCP("01"),
		      "7012 BFA0010E A00C 80020100 A106 8C04 93FFFF00 9000");
}

/* 4.4, the example; 8.7, item 7: inside 70 */
static void
a_security_environment_names_its_pin(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, SE_OBJECT("03"), "700E BFFB030A 7B08 A406 950108 830101 9000");
	assert_answer(card, SE_OBJECT("02"), "700E BFFB020A 7B08 A406 950108 830102 9000");
	assert_answer(card, SE_OBJECT("04"), "6A88");
	enter_adf(card);
	assert_answer(card, SE_OBJECT("04"), "700E BFFB040A 7B08 A406 950108 830185 9000");
}

/* 4.4: 6A88 there is no such object; 8.7, item 6 */
static void
what_get_data_cannot_give_is_refused(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "00CB3FFF0A 4D08 7006 BF8A01 02 A280 00", "6A88");
	assert_answer(card, "00CB3FFF0B 4D09 7007 BF8101 03 7F4880 00", "6A80");
	assert_answer(card, "00CB3FFF04 4D02 7006 00", "6A80");
	assert_answer(card, "00CB3FFF06 4D04 FFA00180 00", "6A80"); /* 9.6, another card's form */
	assert_answer(card, "00CB3FFF00", "6700");
	assert_answer(card, "00CB00FF0A B603830144 7F49028100 00", "6A86");
}

/* 4.5, 5.2; 8.7, item 4 */
static void
verify_tells_its_state(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "00200001", "63C3");
	assert_answer(card, "0020000100", "63C3");
	assert_answer(card, "0020000104 39393939", "63C2");
	assert_answer(card, VERIFY_USER, "9000");
	assert_answer(card, "00200001", "9000");
	assert_answer(card, SELECT_ADF, "9000");
	assert_answer(card, SELECT_ROOT, "9000");
	assert_answer(card, "00200001", "9000");
	assert_answer(card, "00200005", "6A88");
}

/* 8.7, item 9: the local PIN's state is kept, wherever OpenSC wanders */
static void
the_local_pin_is_verified_from_anywhere(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, SELECT_ROOT, "9000");
	assert_answer(card, VERIFY_SIGN, "9000");
	assert_answer(card, SELECT_ADF, "9000");
	assert_answer(card, SELECT_ROOT, "9000");
	assert_answer(card, "00200085", "9000");
}

static void
the_third_wrong_pin_blocks(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "0020000104 39393939", "63C2");
	assert_answer(card, "0020000105 3939393939", "63C1");
	assert_answer(card, "0020000104 39393939", "63C0");
	assert_answer(card, "00200001", "6983");
	assert_answer(card, VERIFY_USER, "6983");
}

/* 4.6: after a VERIFY the card splits by the length of the PIN */
static void
change_takes_old_and_new_unpadded(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "002400010A 31323334 393837363534", "6982");
	assert_answer(card, VERIFY_USER, "9000");
	assert_answer(card, "002400010A 31323334 393837363534", "9000");
	assert_answer(card, "0020000106 393837363534", "9000");
}

static void
change_takes_the_new_pin_alone_after_verify(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "0024010104 39383736", "6982");
	assert_answer(card, VERIFY_USER, "9000");
	assert_answer(card, "0024010104 39383736", "9000");
	assert_answer(card, "0020000104 39383736", "9000");
}

static void
block(struct applet_card *card)
{
	assert_answer(card, "0020000104 39393939", "63C2");
	assert_answer(card, "0020000104 39393939", "63C1");
	assert_answer(card, "0020000104 39393939", "63C0");
}

/* 4.7, P1=02: OpenSC */
static void
a_verified_puk_sets_a_new_pin(void **state)
{
	struct applet_card *card = *state;

	block(card);
	assert_answer(card, "002C020104 39383736", "6982");
	assert_answer(card, VERIFY_PUK, "9000");
	assert_answer(card, "002C020104 39383736", "9000");
	assert_answer(card, "00200001", "63C3"); /* "PIN status not verified" */
	assert_answer(card, "0020000104 39383736", "9000");
}

/* 4.7, P1=03 */
static void
a_verified_puk_resets_the_counter_alone(void **state)
{
	struct applet_card *card = *state;

	block(card);
	assert_answer(card, "002C0301", "6982");
	assert_answer(card, VERIFY_PUK, "9000");
	assert_answer(card, "002C030104 39383736", "6700");
	assert_answer(card, "002C0301", "9000");
	assert_answer(card, "00200001", "63C3");
	assert_answer(card, VERIFY_USER, "9000");
}

/* 4.7, P1=00 and P1=01 */
static void
the_puk_may_come_in_the_command_itself(void **state)
{
	struct applet_card *card = *state;

	block(card);
	assert_answer(card, "002C000108 3132333435363739", "6A80"); /* no new PIN */
	assert_answer(card, "002C010108 3132333435363738", "9000");
	assert_answer(card, VERIFY_USER, "9000");
	assert_answer(card, "002C00010C 3132333435363738 39383736", "9000");
	assert_answer(card, "0020000104 39383736", "9000");
	assert_answer(card, "002C00010C 3939393939393939 39383736", "63C2");
	assert_answer(card, "002C0401", "6A86");
}

static void
the_puk_itself_is_neither_changed_nor_unblocked(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "0020000208 3939393939393939", "63C2");
	assert_answer(card, VERIFY_PUK, "9000");
	assert_answer(card, "0024000210 3132333435363738 3837363534333231", "6985");
	assert_answer(card, "002C020208 3837363534333231", "6985");
}

/* 8.4: MSE with 84 first, INTERNAL AUTHENTICATE with a DigestInfo */
static void
opensc_signs_with_internal_authenticate(void **state)
{
	struct applet_card *card = *state;

	enter_adf(card);
	assert_answer(card, VERIFY_USER, "9000");
	assert_answer(card, "002241A406 840181 800102", "9000");
	applet_assert_signature(applet_rsa(2048),
				applet_fetch(card, "0088000033" SHA256_PREFIX SHA256_OF_ABC "00"),
				SHA256_PREFIX SHA256_OF_ABC);
}

/* 4.11: "up to modulus-11" */
static void
internal_authenticate_takes_all_that_fits(void **state)
{
	struct applet_card *card = *state;
	char command[2 * 300], input[2 * 245 + 1];

	memset(input, '7', sizeof(input) - 1);
	input[sizeof(input) - 1] = '\0';
	enter_adf(card);
	assert_answer(card, VERIFY_USER, "9000");
	assert_answer(card, "002241A406 840181 800102", "9000");
	snprintf(command, sizeof(command), "00880000F5%s00", input);
	applet_assert_signature(applet_rsa(2048), applet_fetch(card, command), input);
	snprintf(command, sizeof(command), "00880000F6%s7700", input);
	assert_answer(card, command, "6700");
}

static void
each_key_needs_its_own_pin(void **state)
{
	struct applet_card *card = *state;

	enter_adf(card);
	assert_answer(card, VERIFY_USER, "9000");
	assert_answer(card, "002241A406 840182 800102", "9000");
	assert_answer(card, "0088000033" SHA256_PREFIX SHA256_OF_ABC "00", "6982");
	assert_int_equal(card->requests, 1);
	assert_answer(card, VERIFY_SIGN, "9000");
	applet_assert_signature(applet_rsa(2048),
				applet_fetch(card, "0088000033" SHA256_PREFIX SHA256_OF_ABC "00"),
				SHA256_PREFIX SHA256_OF_ABC);
}

/* 6.1, 6.2, 4.8 */
static void
mse_refuses_what_a_key_cannot_do(void **state)
{
	struct applet_card *card = *state;

	enter_adf(card);
	assert_answer(card, "002241A406 840101 800102", "6A88"); /* without the bit 80 */
	assert_answer(card, "002241B606 840181 800145", "6A80"); /* PSS */
	assert_answer(card, "002241B806 840182 80011A", "6A80");
	assert_answer(card, "002241B606 800142 840181", "9000"); /* any order */
	assert_answer(card, "002281A406 840181 800102", "6A86");
	assert_answer(card, "0022F303", "9000");
	assert_answer(card, "0022F30F", "6A88");
}

static void
begin_hashing(struct applet_card *card, const char *hash, const char *algorithm)
{
	char command[64];

	enter_adf(card);
	assert_answer(card, VERIFY_SIGN, "9000");
	snprintf(command, sizeof(command), "002241AA03 8001%s", hash);
	assert_answer(card, command, "9000");
	snprintf(command, sizeof(command), "002241B606 840182 8001%s", algorithm);
	assert_answer(card, command, "9000");
}

/* `count` times 'a' of 4.15 */
#define A36 "616161616161616161616161616161616161616161616161616161616161616161616161"

/* 4.15, first vector */
static void
the_card_continues_a_sha_256(void **state)
{
	struct applet_card *card = *state;

	begin_hashing(card, "40", "42");
	assert_answer(card,
		      "002A90A050 9028 DF5BB81CE81E0626FB45A8944FD40F31B25E6816D6D499C1AB9049290063"
		      "5E66 0000000000000200 8024" A36,
		      "9000");
	applet_assert_signature(applet_rsa(2048), applet_fetch(card, "002A9E9A00"),
				SHA256_PREFIX
				"2816597888E4A0D3A36B82B83316AB32680EB8F00F8CD3B904D681246D285A0E");
}

/* 4.15, second vector */
static void
the_card_continues_a_sha_1(void **state)
{
	struct applet_card *card = *state;

	begin_hashing(card, "10", "12");
	assert_answer(card,
		      "002A90A044 901C DA4968EB2E377C1F884E8F5283524BEBE74EBDBD "
		      "0000000000000200 8024" A36,
		      "9000");
	applet_assert_signature(applet_rsa(2048), applet_fetch(card, "002A9E9A00"),
				SHA1_PREFIX "7F9000257A4918D7072655EA468540CDCBD42E0C");
}

/* 4.15, third line; the hash is FIPS 180-4's of "hello world" */
static void
the_card_hashes_a_short_message(void **state)
{
	struct applet_card *card = *state;

	begin_hashing(card, "40", "42");
	assert_answer(card, "002A90A00F 9000 800B 68656C6C6F20776F726C64", "9000");
	applet_assert_signature(applet_rsa(2048), applet_fetch(card, "002A9E9A00"),
				SHA256_PREFIX
				"B94D27B9934D3E08A52E52D7DA7DABFAC484EFE37A5380EE9088F7ACE2EFCDE9");
}

/* 4.9: "a message of n*64 bytes ends with 80 00"; the state after one block of 'a' */
static void
nothing_may_be_left_to_hash(void **state)
{
	static const uint8_t block[64] = {
	    'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a',
	    'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a',
	    'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a',
	    'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a'};
	struct applet_card *card = *state;
	uint8_t digest[32];
	char expected[256] = SHA256_PREFIX;

	assert_int_equal(EVP_Digest(block, sizeof(block), digest, NULL, EVP_sha256(), NULL), 1);
	bytes_to_hex(BYTES(digest), expected + strlen(expected));
	begin_hashing(card, "40", "42");
	assert_answer(card,
		      "002A90A02C 9028 DF5BB81CE81E0626FB45A8944FD40F31B25E6816D6D499C1AB9049290063"
		      "5E66 0000000000000200 8000",
		      "9000");
	applet_assert_signature(applet_rsa(2048), applet_fetch(card, "002A9E9A00"), expected);
}

static void
a_hash_made_outside_is_taken_whole(void **state)
{
	struct applet_card *card = *state;

	begin_hashing(card, "40", "42");
	assert_answer(card, "002A90A022 9020" SHA256_OF_ABC, "9000");
	applet_assert_signature(applet_rsa(2048), applet_fetch(card, "002A9E9A00"),
				SHA256_PREFIX SHA256_OF_ABC);
	assert_answer(card, "002A9E9A00", "6985"); /* it is used up */
}

static void
a_hash_that_cannot_be_is_refused(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "002A90A022 9020" SHA256_OF_ABC, "6985"); /* before MSE */
	assert_answer(card, "002241AA03 800141", "6A80");
	begin_hashing(card, "40", "42");
	/* a state of SHA-1, and a count within a block */
	assert_answer(card,
		      "002A90A020 901C DA4968EB2E377C1F884E8F5283524BEBE74EBDBD "
		      "0000000000000200 8000",
		      "6A80");
	assert_answer(card,
		      "002A90A02C 9028 DF5BB81CE81E0626FB45A8944FD40F31B25E6816D6D499C1AB9049290063"
		      "5E66 0000000000000208 8000",
		      "6A80");
	assert_answer(card, "002A90A003 910100", "6A80");
	assert_answer(card, "002A9E9A00", "6985");
}

/* 4.8: "State is lost when another DF is selected" */
static void
another_df_ends_the_security_environment(void **state)
{
	struct applet_card *card = *state;

	begin_hashing(card, "40", "42");
	assert_answer(card, SELECT_ROOT, "9000");
	assert_answer(card, "002A90A022 9020" SHA256_OF_ABC, "6985");
}

/* The message enciphered for the key, as RFC 8017 section 7.2 */
static void
encipher(EVP_PKEY *key, const char *message, char cryptogram[2 * 256 + 1])
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	uint8_t block[256];
	size_t len = sizeof(block);

	assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING), 1);
	assert_int_equal(
	    EVP_PKEY_encrypt(context, block, &len, (const uint8_t *)message, strlen(message)), 1);
	EVP_PKEY_CTX_free(context);
	bytes_to_hex((struct bytes){block, len}, cryptogram);
}

/* 4.12, 8.5; 8.7, item 8 */
static void
opensc_deciphers_in_two_parts(void **state)
{
	char cryptogram[2 * 256 + 1], command[600];
	struct applet_card *card = *state;

	encipher(applet_rsa(2048), "a secret", cryptogram);
	enter_adf(card);
	assert_answer(card, VERIFY_USER, "9000");
	assert_answer(card, "002241B806 840181 80011A", "9000");
	snprintf(command, sizeof(command), "102A8086FF81%.508s", cryptogram);
	assert_answer(card, command, "9000");
	snprintf(command, sizeof(command), "002A808602%s00", cryptogram + 508);
	assert_answer(card, command, "6120736563726574 9000"); /* without padding */
}

/* 4.13 */
static void
what_would_change_the_card_is_not_allowed(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "0047000005 7003BF9001 00", "6982");
	assert_answer(card, "00DB3FFF05 7003BF9001", "6982");
	assert_answer(card, "00E4000000", "6982");
	assert_answer(card, "0C20000100", "6882"); /* secure messaging */
	assert_answer(card, "0070000001", "6881");
	assert_int_equal(strlen(applet_send(card, "0084000008")), 2 * 8 + 4);
}

static void
a_card_with_one_key_has_one_pin_and_its_puk(void **state)
{
	struct applet_card *card = applet_new("iasecc", SERIAL, "");

	(void)state;
	applet_add_key(card, "sign", IMAGE_SERVICE_FILE, 2048, SIGN_PIN);
	applet_insert(card);
	assert_answer(card, "00200001", "6A88");
	assert_answer(card, VERIFY_PUK, "9000");
	assert_answer(card, "002C028504 39383736", "9000");
	assert_answer(card, "0020008504 39383736", "9000");
	enter_adf(card);
	assert_answer(card, "00A4020C02B001", "6A82");
	assert_answer(card, KEY_DOCP("01"), "6A88");
	applet_free(card);
}

static void
a_remote_key_starts_the_service_once(void **state)
{
	struct applet_card *card = *state;

	enter_adf(card);
	assert_answer(card, VERIFY_SIGN, "9000");
	assert_answer(card, "002241A406 840182 800102", "9000");
	applet_assert_signature(applet_rsa(3072),
				applet_fetch(card, "0088000033" SHA256_PREFIX SHA256_OF_ABC "00"),
				SHA256_PREFIX SHA256_OF_ABC);
	assert_int_equal(card->starts, 1);
	assert_answer(card, "00200085", "63C2");
}

static void
a_remote_key_signs_what_the_card_has_hashed(void **state)
{
	struct applet_card *card = *state;

	begin_hashing(card, "40", "42");
	assert_answer(card, "002A90A00F 9000 800B 68656C6C6F20776F726C64", "9000");
	applet_assert_signature(applet_rsa(3072), applet_fetch(card, "002A9E9A00"),
				SHA256_PREFIX
				"B94D27B9934D3E08A52E52D7DA7DABFAC484EFE37A5380EE9088F7ACE2EFCDE9");
}

/* Nothing but PKCS #1 v1.5 of a DigestInfo leaves for a service. */
static void
a_remote_key_refuses_what_is_no_digestinfo(void **state)
{
	struct applet_card *card = *state;

	enter_adf(card);
	assert_answer(card, VERIFY_SIGN, "9000");
	assert_answer(card, "002241A406 840182 800102", "9000");
	assert_answer(card, "0088000003 010203 00", "6A80");
	assert_int_equal(card->starts, 0);
}

static void
a_remote_pin_is_neither_changed_nor_unblocked_on_the_card(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, VERIFY_PUK, "6A88");
	assert_answer(card, VERIFY_SIGN, "9000");
	assert_answer(card, "002400850A 313233343536 39383736", "6985");
	assert_answer(card, "002C028504 39383736", "6985");
	enter_adf(card);
	assert_answer(card, PIN_DOCP("05"),
		      "7016 BF810512 A010 9A0102 9B0102 A108 8C06 F3FF00 FFFF00 9000");
}

/* No decipher algorithm in TokenInfo, and no PUK in AODF. */
static void
a_remote_card_lists_what_it_can_do(void **state)
{
	struct applet_card *card = *state;
	const char *content;

	enter_adf(card);
	content = content_of(card, "5032");
	assert_null(strstr(content, "02011A"));
	assert_non_null(strstr(content, "06092A864886F70D010101020102"));
	assert_filled(content_of(card, "7001"),
		      "3030 300E 0C08 5369676E2050494E 030206C0 3003 040103"
		      "A119 3017 030203C8 0A0101 020104 020108 020108 80020085 0401FF",
		      256);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
#define TEST_REMOTE(function) cmocka_unit_test_setup_teardown(function, setup_remote, teardown)
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
	    TEST(the_user_pin_is_an_object_of_the_root),
	    TEST(the_counter_in_a_pin_object_is_that_of_verify),
	    TEST(the_puk_is_an_object_that_nobody_changes),
	    TEST(the_local_pin_is_an_object_of_the_adf),
	    TEST(private_keys_are_objects_of_the_adf),
	    TEST(a_public_key_object_has_modulus_and_exponent),
	    TEST(a_security_environment_names_its_pin),
	    TEST(what_get_data_cannot_give_is_refused),
	    TEST(verify_tells_its_state),
	    TEST(the_local_pin_is_verified_from_anywhere),
	    TEST(the_third_wrong_pin_blocks),
	    TEST(change_takes_old_and_new_unpadded),
	    TEST(change_takes_the_new_pin_alone_after_verify),
	    TEST(a_verified_puk_sets_a_new_pin),
	    TEST(a_verified_puk_resets_the_counter_alone),
	    TEST(the_puk_may_come_in_the_command_itself),
	    TEST(the_puk_itself_is_neither_changed_nor_unblocked),
	    TEST(opensc_signs_with_internal_authenticate),
	    TEST(internal_authenticate_takes_all_that_fits),
	    TEST(each_key_needs_its_own_pin),
	    TEST(mse_refuses_what_a_key_cannot_do),
	    TEST(the_card_continues_a_sha_256),
	    TEST(the_card_continues_a_sha_1),
	    TEST(the_card_hashes_a_short_message),
	    TEST(nothing_may_be_left_to_hash),
	    TEST(a_hash_made_outside_is_taken_whole),
	    TEST(a_hash_that_cannot_be_is_refused),
	    TEST(another_df_ends_the_security_environment),
	    TEST(opensc_deciphers_in_two_parts),
	    TEST(what_would_change_the_card_is_not_allowed),
	    cmocka_unit_test(a_card_with_one_key_has_one_pin_and_its_puk),
	    TEST_REMOTE(a_remote_key_starts_the_service_once),
	    TEST_REMOTE(a_remote_key_signs_what_the_card_has_hashed),
	    TEST_REMOTE(a_remote_key_refuses_what_is_no_digestinfo),
	    TEST_REMOTE(a_remote_pin_is_neither_changed_nor_unblocked_on_the_card),
	    TEST_REMOTE(a_remote_card_lists_what_it_can_do),
#undef TEST
#undef TEST_REMOTE
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
