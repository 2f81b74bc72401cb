/*
 * Personality fineid-v2 against fineid.md: the files of 7.2 and the commands of 8.1, each through
 * card_transmit() with an image in memory.
 */
#include "applet-card.h"

#define AID "A000000063504B43532D3135"
#define DIGESTINFO "3031300D060960864801650304020105000420"
#define SHA256_OF_ABC "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
#define VERIFY_PIN1 "0020000108 3132333400000000"
#define VERIFY_PIN2 "0020008208 3132333435360000"

/* 7.5, flat hex; 7.2 has the same in parts */
static const char DIR[] =
    "612d4f0ca000000063504b43532d3135500b46494e4549442053342d3151043f005015730a"
    "06082a81768405040101";
static const char OD[] =
    "a80a300804063f0050154401a00a300804063f0050154402a40a300804063f0050154403a40a"
    "300804063f0050154404a50a300804063f0050154405";
static const char CIAINFO[] =
    "3050020101040a987654321012345678900c0a56524b2d46494e454944800d48454e4b494c4f4b4f52545449030206"
    "40"
    "a21c301a02010102010105000302024406092a864886f70d01010102010213026669";
static const char AOD_PIN1[] =
    "303930150c0f706572757374756e6e75736c756b75030206c03003040101a11b301903"
    "02020c0a0101020104020108800101040100300404023f00";
static const char AOD_PIN2[] = "3044301d0c17616c6c656b69726a6f6974757374756e6e75736c756b75030206c03"
			       "003040102a11e301c0302024c0a01"
			       "0102010402010880020082040100300604043f005015";
static const char PRKD_AUTH[] = "304730230c1a746f64656e74616d69732d206a612073616c617573617661696e03"
				"020780040101300e04014503020264"
				"030203b8020101a110300e300804063f0050154b0102020800";
static const char PRKD_SIGN[] = "3043301e0c12616c6c656b69726a6f69747573617661696e030207800401020201"
				"01300f0401460303060040030203b8"
				"020102a110300e300804063f0050154b0202020800";
static const char CD_AUTH[] =
    "3034301f0c1d746f64656e74616d69732d206a612073616c6175737661726d656e6e65"
    "3003040145a10c300a300804063f0050154331";
static const char CD_SIGN[] =
    "302c30170c15616c6c656b69726a6f697475737661726d656e6e653003040146a10c30"
    "0a300804063f0050154332";

static struct applet_card *
two_keys(const char *options)
{
	struct applet_card *card = applet_new("fineid-v2", "98765432101234567890", options);

	applet_add_key(card, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	applet_add_key(card, "sign", IMAGE_SERVICE_FILE, 2048, SIGN_PIN);
	return card;
}

static int
setup(void **state)
{
	struct applet_card *card = two_keys("");

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

/* Selects an EF of the application as 8.1.2 does and gives its content. */
static const char *
content_of(struct applet_card *card, const char *fid)
{
	char command[32];

	snprintf(command, sizeof(command), "00A4080C045015%s", fid);
	assert_answer(card, command, "9000");
	return applet_read(card);
}

#define assert_content(card, fid, expected) applet_assert_hex(content_of((card), (fid)), (expected))

static void
the_atr_is_a3(void **state)
{
	struct applet_card *card = *state;
	char text[2 * ATR_LEN_MAX + 1];

	bytes_to_hex(card_atr(card->card), text);
	assert_string_equal(text, "3B7B940000806212515646696E454944"); /* 2.1 */
}

static void
the_directory_files_are_those_of_section_7_2(void **state)
{
	struct applet_card *card = *state;
	char both[1024];

	assert_answer(card, "00A4080C022F00", "9000");
	applet_assert_hex(applet_read(card), DIR);
	assert_content(card, "5031", OD);
	assert_content(card, "5032", CIAINFO);
	snprintf(both, sizeof(both), "%s%s", AOD_PIN1, AOD_PIN2);
	assert_content(card, "4401", both);
	snprintf(both, sizeof(both), "%s%s", PRKD_AUTH, PRKD_SIGN);
	assert_content(card, "4402", both);
	snprintf(both, sizeof(both), "%s%s", CD_AUTH, CD_SIGN);
	assert_content(card, "4403", both);
}

static void
certificates_are_at_4331_and_4332(void **state)
{
	struct applet_card *card = *state;
	static char text[8192];

	for (size_t i = 0; i < 2; i++) {
		bytes_to_hex((struct bytes){card->image.keys[i].certificate,
					    card->image.keys[i].certificate_len},
			     text);
		assert_content(card, i == 0 ? "4331" : "4332", text);
	}
}

static void
a_card_with_the_signature_key_lists_only_that(void **state)
{
	struct applet_card *card = applet_new("fineid-v2", "98765432101234567890", "");

	(void)state;
	applet_add_key(card, "sign", IMAGE_SERVICE_FILE, 2048, SIGN_PIN);
	applet_insert(card);
	assert_content(card, "4401", AOD_PIN2);
	assert_content(card, "4402", PRKD_SIGN);
	assert_content(card, "4403", CD_SIGN);
	assert_answer(card, "00A4080C0450154331", "6A82");
	assert_answer(card, "00A4080C0450154B01", "6A82");
	assert_answer(card, "0020000100", "6A88");
	applet_free(card);
}

static void
without_user_consent_the_integer_is_absent(void **state)
{
	struct applet_card *card = two_keys("user-consent=no");
	const char *prkd;

	(void)state;
	applet_insert(card);
	prkd = content_of(card, "4402");
	assert_non_null(strstr(prkd, "03020780040102"
				     "300F040146"));
	applet_free(card);
}

static void
a_chain_is_in_the_trusted_directory(void **state)
{
	struct applet_card *card = two_keys("");
	struct image_authority *authority = &card->image.authorities[0];
	static char text[8192];

	(void)state;
	card->image.authorities_count = 1;
	authority->certificate = applet_certificate(applet_rsa(2048), "ca", applet_rsa(2048), "ca",
						    &authority->certificate_len);
	applet_insert(card);
	/* the form of v4 CD#3, 7.5: label, id 47, authority TRUE, path */
	assert_content(card, "4405",
		       "301C30040C02636130060401470101FFA10C300A300804063F0050154333");
	bytes_to_hex((struct bytes){authority->certificate, authority->certificate_len}, text);
	assert_content(card, "4333", text);
	applet_free(card);
}

static void
without_a_chain_the_trusted_directory_is_all_zeros(void **state)
{
	const char *trusted = content_of(*state, "4405");

	assert_int_equal(strspn(trusted, "0"), strlen(trusted));
	assert_true(strlen(trusted) > 0);
}

/* 8.1.1: probes for foreign cards, then the card's own AID */
static void
only_its_own_aid_is_selected(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "00A4040007627601FF000000", "6A82");
	assert_answer(card, "00A4040006A00000000101", "6A82");
	assert_answer(card, "00A404000BE82B0601040181C31F0201", "6A82");
	assert_answer(card, "00A4040C0FD23300000045737445494420763335", "6A82");
	assert_answer(card, "00A4040C0C" AID, "9000");
	assert_answer(card, "00A4040C0BA000000063504B43532D31", "6A82"); /* 3.1: not truncated */
}

/* 3.5 and 4.2 */
static void
the_fci_is_that_of_the_sheet(void **state)
{
	struct applet_card *card = *state;

	applet_assert_hex(applet_fetch(card, "00A408000450155031"), "6F0E8102003C8201018302503"
								    "18A01059000");
	applet_assert_hex(applet_fetch(card, "00A4080002"
					     "5015"),
			  "6F18820138830250158"
			  "40C" AID "8A01059000");
	applet_assert_hex(applet_fetch(card, "00A4080402"
					     "2F00"),
			  "620E8102002F82010183022F008A01059000");
	applet_assert_hex(applet_fetch(card, "00A4080404"
					     "50154B01"),
			  "620A82011183024B018A01059000");
}

static void
an_fci_waits_for_get_response(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "00A408000450155031", "6110"); /* 4.2 */
	assert_answer(card, "00C0000010",
		      "6F0E8102003C82010183025031"
		      "8A01059000");
	assert_answer(card, "00C0000000", "6985"); /* 4.3 */
}

static void
no_data_selects_the_root_and_answers_none(void **state)
{
	assert_answer((struct applet_card *)*state, "00A40000", "9000"); /* 4.2, P1=00 */
}

/* 4.4 */
static void
read_binary_at_the_end_of_a_file(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "00B0000000", "6986");
	assert_answer(card, "00A4080C022F00", "9000");
	assert_answer(card, "00B0002D00", "01019000");
	assert_answer(card, "00B0002F00", "6B00");
	assert_answer(card, "00A4080C0450154B01", "9000");
	assert_answer(card, "00B0000000", "6986");
}

/* 4.5 */
static void
verify_answers_as_on_the_sheet(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "0020000100", "63C5");
	assert_answer(card, "00200001083939393900000000", "63C4");
	assert_answer(card, "00200001083132333441000000", "6A80"); /* no try spent */
	assert_answer(card, "0020000100", "63C4");
	assert_answer(card,
		      "00200001043132333"
		      "4",
		      "6700");
	assert_answer(card, "0020000300", "6A88");
	assert_answer(card, "0020010100", "6A86");
	assert_answer(card, VERIFY_PIN1, "9000");
	assert_answer(card, "0020000100", "9000");
	assert_answer(card, "00A4040C0C" AID, "9000"); /* 4.1: drops verified flags */
	assert_answer(card, "0020000100", "63C5");
}

static void
the_fifth_wrong_pin_blocks_and_the_puk_unblocks(void **state)
{
	struct applet_card *card = *state;
	const char *answers[] = {"63C4", "63C3", "63C2", "63C1", "63C0"};

	for (size_t i = 0; i < 5; i++)
		assert_answer(card, "00200001083939393900000000", answers[i]);
	assert_answer(card, VERIFY_PIN1, "6983");
	/* 8.1.6: 00 2C 00 01 10 PUK8 new8 */
	assert_answer(card, "002C000110 3939393939393939 3433323100000000", "63C4");
	assert_answer(card, "002C000110 3132333435363738 3433323100000000", "9000");
	assert_answer(card, "0020000100", "63C5");
	assert_answer(card, "00200001083433323100000000", "9000");
}

static void
change_reference_data_takes_old_and_new(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "00A4000C023F00", "9000"); /* 8.1.6 */
	assert_answer(card, "0024000110 3939393900000000 3433323100000000", "63C4");
	assert_answer(card, "0024000110 3132333400000000 3433323100000000", "9000");
	assert_answer(card, "0020000100", "63C5"); /* 4.6: not verified afterwards */
	assert_answer(card, "00200001083433323100000000", "9000");
	assert_answer(card, "0024000110 3433323100000000 3132330000000000", "6A80");
}

/* 8.1.4 */
static void
key_1_signs_a_digestinfo(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "00A4000C023F00", "9000");
	assert_answer(card, VERIFY_PIN1, "9000");
	assert_answer(card, "00A4080C0450154B01", "9000");
	assert_answer(card, "002241B607 800102 81024B01", "9000");
	assert_answer(card, "002A9E9A33" DIGESTINFO SHA256_OF_ABC, "6100");
	applet_assert_signature(applet_rsa(2048), applet_send(card, "00C0000000"),
				DIGESTINFO SHA256_OF_ABC);
}

/* 8.5, MOCCA, with PIN2 */
static void
algorithm_12_makes_the_digestinfo_of_sha_1(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, VERIFY_PIN2, "9000");
	assert_answer(card, "00A4080C0450154B02", "9000");
	assert_answer(card, "0022F300", "9000");
	assert_answer(card, "002241B607 800112 81024B02", "9000");
	applet_assert_signature(
	    applet_rsa(2048),
	    applet_fetch(card, "002A9E9A14 A9993E364706816ABA3E25717850C26C9CD0D89D"),
	    "3021300906052B0E03021A05000414 A9993E364706816ABA3E25717850C26C9CD0D89D");
}

/* 4.10, algorithm 00: a full block, chained FF + 01; 8.1.7: with 84 too */
static void
algorithm_00_signs_a_chained_block(void **state)
{
	struct applet_card *card = *state;
	char input[] = DIGESTINFO SHA256_OF_ABC, fill[512] = "", command[1024], last[16];
	const size_t last_at = sizeof(input) - 3; /* the 256th byte */

	memset(fill, 'F', 2 * (256 - 3 - (sizeof(input) - 1) / 2));
	snprintf(last, sizeof(last), "002A9E9A01%s", input + last_at);
	snprintf(command, sizeof(command), "102A9E9AFF0001%s00%.*s", fill, (int)last_at, input);
	assert_answer(card, VERIFY_PIN1, "9000");
	assert_answer(card, "002241B60A 800100 81024B01 840101", "9000");
	assert_answer(card, command, "9000");
	applet_assert_signature(applet_rsa(2048), applet_fetch(card, last),
				DIGESTINFO SHA256_OF_ABC);
}

/* 5.4: one-shot */
static void
pin_2_is_good_for_one_signature(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "00A4080C025015", "9000");
	assert_answer(card, VERIFY_PIN2, "9000");
	assert_answer(card, "002241B607 800102 81024B02", "9000");
	assert_answer(card, "002A9E9A33" DIGESTINFO SHA256_OF_ABC, "6100");
	assert_answer(card, "002A9E9A33" DIGESTINFO SHA256_OF_ABC, "6982");
	assert_answer(card, "0020008200", "63C5");
}

static void
pin_1_does_not_open_key_2(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, VERIFY_PIN1, "9000");
	assert_answer(card, "002241B607 800102 81024B02", "9000");
	assert_answer(card, "002A9E9A33" DIGESTINFO SHA256_OF_ABC, "6982");
}

/* 8.1.5 */
static void
key_1_deciphers_a_chained_cryptogram(void **state)
{
	struct applet_card *card = *state;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(applet_rsa(2048), NULL);
	uint8_t cryptogram[256];
	size_t len = sizeof(cryptogram);
	char text[2 * sizeof(cryptogram) + 1], first[1024], last[32];

	assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING), 1);
	assert_int_equal(
	    EVP_PKEY_encrypt(context, cryptogram, &len, (const uint8_t *)"\x01\x02\x03", 3), 1);
	EVP_PKEY_CTX_free(context);
	bytes_to_hex((struct bytes){cryptogram, len}, text);
	snprintf(first, sizeof(first), "102A8086FF00%.508s", text);
	snprintf(last, sizeof(last), "002A808602%s", text + 508);
	assert_answer(card, VERIFY_PIN1, "9000");
	assert_answer(card, "002241B807 800102 81024B01", "9000");
	assert_answer(card, first, "9000");
	assert_answer(card, last, "6103");
	assert_answer(card, "00C0000003", "0102039000");
}

/* 4.8 */
static void
mse_set_refuses_what_the_key_cannot_do(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "002241B607 800142 81024B01", "6A80");
	assert_answer(card, "002241B607 800102 81024B03", "6A88");
	assert_answer(card, "002241B807 800102 81024B02", "6A80"); /* 7.2: usage of key 2 */
	assert_answer(card, "0022F200", "6A86");
}

/* 4.0, 4.12, 4.13 */
static void
what_the_card_does_not_have_is_refused(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "00CA DF30 05", "6D00"); /* 1.4: no bridge to OpenSC 0.27 */
	assert_answer(card, "00CB00FF05A003830101", "6D00");
	assert_answer(card, "0047800000", "6D00");
	assert_answer(card, "80CA9F7F2D", "6E00");
	assert_answer(card, "00A4080C0450155031", "9000");
	assert_answer(card, "00D6000001FF", "6982");
	assert_answer(card, "000E0000", "6982");
}

static void
a_remote_key_signs_once_and_forgets_the_pin(void **state)
{
	struct applet_card *card = applet_new("fineid-v2", "98765432101234567890", "");

	(void)state;
	applet_add_key(card, "sign", "cmd", 2048, SIGN_PIN);
	applet_insert(card);
	assert_answer(card, VERIFY_PIN2, "9000");
	assert_int_equal(card->requests, 0);
	assert_answer(card, "002241B607 800100 81024B02", "6A80"); /* no raw block */
	assert_answer(card, "002241B607 800102 81024B02", "9000");
	applet_assert_signature(applet_rsa(2048),
				applet_fetch(card, "002A9E9A33" DIGESTINFO SHA256_OF_ABC),
				DIGESTINFO SHA256_OF_ABC);
	assert_int_equal(card->starts, 1);
	assert_answer(card, "0020008200", "63C2");
	applet_free(card);
}

/* 7.2 without deciphering, which no service does: usage sign alone, operation 1 alone */
static void
a_services_key_is_not_said_to_decipher(void **state)
{
	struct applet_card *card = applet_new("fineid-v2", "98765432101234567890", "");

	(void)state;
	applet_add_key(card, "auth", "cmd", 2048, AUTH_PIN);
	applet_insert(card);
	assert_content(card, "4402",
		       "304730230c1a746f64656e74616d69732d206a612073616c617573617661696e03"
		       "020780040101300e04014503020520"
		       "030203b8020101a110300e300804063f0050154b0102020800");
	assert_content(card, "5032",
		       "3050020101040a987654321012345678900c0a56524b2d46494e454944800d48454e4b494c"
		       "4f4b4f52545449030206"
		       "40"
		       "a21c301a02010102010105000302064006092a864886f70d01010102010213026669");
	assert_answer(card, "002241B807 800102 81024B01", "6A80");
	applet_free(card);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
	    TEST(the_atr_is_a3),
	    TEST(the_directory_files_are_those_of_section_7_2),
	    TEST(certificates_are_at_4331_and_4332),
	    cmocka_unit_test(a_card_with_the_signature_key_lists_only_that),
	    cmocka_unit_test(without_user_consent_the_integer_is_absent),
	    cmocka_unit_test(a_chain_is_in_the_trusted_directory),
	    TEST(without_a_chain_the_trusted_directory_is_all_zeros),
	    TEST(only_its_own_aid_is_selected),
	    TEST(the_fci_is_that_of_the_sheet),
	    TEST(an_fci_waits_for_get_response),
	    TEST(no_data_selects_the_root_and_answers_none),
	    TEST(read_binary_at_the_end_of_a_file),
	    TEST(verify_answers_as_on_the_sheet),
	    TEST(the_fifth_wrong_pin_blocks_and_the_puk_unblocks),
	    TEST(change_reference_data_takes_old_and_new),
	    TEST(key_1_signs_a_digestinfo),
	    TEST(algorithm_12_makes_the_digestinfo_of_sha_1),
	    TEST(algorithm_00_signs_a_chained_block),
	    TEST(pin_2_is_good_for_one_signature),
	    TEST(pin_1_does_not_open_key_2),
	    TEST(key_1_deciphers_a_chained_cryptogram),
	    TEST(mse_set_refuses_what_the_key_cannot_do),
	    TEST(what_the_card_does_not_have_is_refused),
	    cmocka_unit_test(a_remote_key_signs_once_and_forgets_the_pin),
	    cmocka_unit_test(a_services_key_is_not_said_to_decipher),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
