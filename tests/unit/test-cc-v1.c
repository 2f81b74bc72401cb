/*
 * Personality cc-v1 against iasecc.md 9.1 to 9.4: the files, and the commands of OpenSC and of the
 * Portuguese middleware, each through card_transmit() with an image in memory.
 */
#include "applet-card.h"

#define AID "604632FF000002"
#define SERIAL "990000000101000F"
#define SHA256_OF_ABC "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
#define SHA1_OF_ABC "A9993E364706816ABA3E25717850C26C9CD0D89D"
#define SHA1_PREFIX "3021300906052B0E03021A05000414" /* 6.2 */
#define SHA256_PREFIX "3031300D060960864801650304020105000420"
#define SHA384_PREFIX "3041300D060960864801650304020205000430"
#define SHA512_PREFIX "3051300D060960864801650304020305000440"
#define VERIFY_SIGN "0020008208 313233343536FFFF"
#define VERIFY_AUTH "0020008108 31323334FFFFFFFF"

/* 9.4 */
static const char DIR[] = "611D 4F09 444620697373756572 500C 504F52545547414C20454944 5102 4F00";
static const char ODF[] = "A00A300804063F005F00EF0D A10A300804063F005F00EF0E"
			  "A40A300804063F005F00EF0C A80A300804063F005F004401";
static const char TOKENINFO[] = "302C 020101 0408" SERIAL "0C0747454D414C544F"
				"8011434152544"
				"14F204445204349444144414F 030100";
static const char PRKDF_AUTH[] =
    "3039 301F 0C1A434954495A454E2041555448454E5449434154494F4E204B4559 040101"
    "300A 040145 03020520 020102 A10A 3008 3002 0400 02020800";
static const char PRKDF_SIGN_2048[] =
    "3038 301D 0C15434954495A454E205349474E4154555245204B4559 040102 020101"
    "300B 040146 0303060040 020101 A10A 3008 3002 0400 02020800";
static const char PRKDF_SIGN_3072[] =
    "3038 301D 0C15434954495A454E205349474E4154555245204B4559 040102 020101"
    "300B 040146 0303060040 020101 A10A 3008 3002 0400 02020C00";
static const char PRKDF_SIGN_3072_NO_CONSENT[] =
    "3035 301A 0C15434954495A454E205349474E4154555245204B4559 040102"
    "300B 040146 0303060040 020101 A10A 3008 3002 0400 02020C00";
static const char CDF_AUTH[] =
    "3039 3024 0C22434954495A454E2041555448454E5449434154494F4E204345525449464943415445"
    "3003 040145 A10C 300A 3008 04063F005F00EF09";

static struct applet_card *
new_card(const char *options)
{
	return applet_new("cc-v1", SERIAL, options);
}

/* One RSA-3072 key: what stock OpenSC can use of a key at CMD. */
static struct applet_card *
one_key(const char *service, const char *options)
{
	struct applet_card *card = new_card(options);

	applet_add_key(card, "sign", service, 3072, SIGN_PIN);
	return card;
}

static int
setup(void **state)
{
	struct applet_card *card = one_key(IMAGE_SERVICE_FILE, "");

	applet_insert(card);
	*state = card;
	return 0;
}

static int
setup_two(void **state)
{
	struct applet_card *card = new_card("");

	applet_add_key(card, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	applet_add_key(card, "sign", IMAGE_SERVICE_FILE, 2048, SIGN_PIN);
	applet_insert(card);
	*state = card;
	return 0;
}

static int
setup_remote(void **state)
{
	struct applet_card *card = one_key("cmd", "");

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

/* Selects a file by its path below the MF as 9.2 does and gives its content. */
static const char *
content_of(struct applet_card *card, const char *path)
{
	char command[32];

	snprintf(command, sizeof(command), "00A4080C%02zX%s", strlen(path) / 2, path);
	assert_answer(card, command, "9000");
	return applet_read(card);
}

#define assert_content(card, path, expected) \
	applet_assert_hex(content_of((card), (path)), (expected))

/* Field of `len` bytes at `offset` of a file's content: text and nothing but zeros after it. */
static void
assert_field(const char *content, size_t offset, size_t len, const char *text)
{
	char expected[512] = "", field[512];

	bytes_to_hex((struct bytes){(const uint8_t *)text, strlen(text)}, expected);
	memset(expected + 2 * strlen(text), '0', 2 * (len - strlen(text)));
	expected[2 * len] = '\0';
	snprintf(field, sizeof(field), "%.*s", (int)(2 * len), content + 2 * offset);
	assert_string_equal(field, expected);
}

static void
the_atr_is_the_fourth_of_section_9_1(void **state)
{
	struct applet_card *card = *state;
	char text[2 * ATR_LEN_MAX + 1];

	bytes_to_hex(card_atr(card->card), text);
	assert_string_equal(text, "3BFF9600008131FE43803180"
				  "65B085040120120FFF829000D0");
}

static void
the_directory_files_are_those_of_section_9_4(void **state)
{
	struct applet_card *card = *state;
	char both[1024];
	const char *dir = content_of(card, "2F00");

	assert_field(dir, 31, 64, ""); /* "zero filled" */
	assert_content(card, "4F005031", ODF);
	assert_content(card, "4F005032", TOKENINFO);
	snprintf(both, sizeof(both), "%s%s", PRKDF_AUTH, PRKDF_SIGN_2048);
	assert_content(card, "5F00EF0D", both);
	assert_int_equal(strncmp(content_of(card, "5F00EF0C"),
				 "3039302"
				 "40C22",
				 12),
			 0);
}

static void
ef_dir_begins_with_the_bytes_of_section_9_4(void **state)
{
	char begin[2 * 31 + 1];

	snprintf(begin, sizeof(begin), "%s", content_of(*state, "2F00"));
	applet_assert_hex(begin, DIR);
}

static void
the_certificate_directory_begins_with_the_entry_of_section_9_4(void **state)
{
	char begin[2 * 59 + 1];

	snprintf(begin, sizeof(begin), "%s", content_of(*state, "5F00EF0C"));
	applet_assert_hex(begin, CDF_AUTH);
}

/* 9.4: "id 01/02/03, reference 0081/0082/0083; type ascii, min 4, stored 8, no max, pad FF; no
 * object flags"; the label is ours */
static void
a_pin_entry_has_the_values_of_section_9_4(void **state)
{
	const char *aodf = content_of(*state, "5F004401");

	assert_string_equal(aodf + 2 * (6 + sizeof("PIN da Assinatura") - 1), "3007040102"
									      "02020082"
									      "A1163014"
									      "03020388"
									      "0A0101"
									      "020104"
									      "020108"
									      "80020082"
									      "0401FF");
}

static void
a_card_with_one_key_lists_one_pin_and_one_key(void **state)
{
	struct applet_card *card = *state;

	assert_content(card, "5F00EF0D", PRKDF_SIGN_3072);
	assert_answer(card, "00200081", "6A88");
	assert_answer(card, "00200082", "63C3");
	assert_answer(card,
		      "00A4080004"
		      "5F00EF09"
		      "00",
		      "6A82");
	assert_answer(card, "002241B606 800142 840102", "6A88");
}

static void
without_user_consent_the_integer_is_absent(void **state)
{
	struct applet_card *card = one_key(IMAGE_SERVICE_FILE, "user-consent=no");

	(void)state;
	applet_insert(card);
	assert_content(card, "5F00EF0D", PRKDF_SIGN_3072_NO_CONSENT);
	applet_free(card);
}

static void
add_authority(struct applet_card *card, EVP_PKEY *key, const char *subject, EVP_PKEY *signer,
	      const char *issuer)
{
	struct image_authority *authority =
	    &card->image.authorities[card->image.authorities_count++];

	authority->certificate =
	    applet_certificate(key, subject, signer, issuer, &authority->certificate_len);
}

static void
assert_authority(struct applet_card *card, const char *path, size_t index)
{
	const struct image_authority *authority = &card->image.authorities[index];
	static char text[8192];

	bytes_to_hex((struct bytes){authority->certificate, authority->certificate_len}, text);
	assert_string_equal(content_of(card, path), text);
}

/* 9.4: EF0F sub-CA of signature, EF11 root CA, ids 51 and 50 */
static void
the_chain_goes_to_the_files_of_its_authorities(void **state)
{
	struct applet_card *card = one_key(IMAGE_SERVICE_FILE, "");
	const char *cdf;

	(void)state;
	add_authority(card, applet_rsa(2048), "ca", applet_rsa(3072), "root");
	add_authority(card, applet_rsa(2048), "between", applet_rsa(3072), "root");
	add_authority(card, applet_rsa(3072), "root", applet_rsa(3072), "root");
	applet_insert(card);
	assert_authority(card, "5F00EF0F", 0);
	assert_authority(card, "5F00EF14", 1);
	assert_authority(card, "5F00EF11", 2);
	cdf = content_of(card, "5F00EF0C");
	assert_non_null(strstr(cdf, "3006"
				    "040151"
				    "0101FF"
				    "A10C300A300804063F005F00EF0F"));
	assert_non_null(strstr(cdf, "3006"
				    "040154"
				    "0101FF"
				    "A10C300A300804063F005F00EF14"));
	assert_non_null(strstr(cdf, "3006"
				    "040150"
				    "0101FF"
				    "A10C300A300804063F005F00EF11"));
	applet_free(card);
}

/* 9.4, field table */
static void
the_identity_file_has_what_the_certificate_says(void **state)
{
	const char *identity = content_of(*state, "5F00EF02");

	assert_int_equal(strlen(identity), 2 * 15500);
	assert_field(identity, 40, 80, "PT");
	assert_field(identity, 330, 120, "SILVA");
	assert_field(identity, 450, 120, "MARIA CONCEIÇÃO");
	assert_field(identity, 606, 18, "12345678");
	assert_field(identity, 578, 20, ""); /* nobody told the date of birth */
}

/* 9.2: data objects added by OpenSC; 9.3: trace byte 5, SFI 06 */
static void
files_without_content_are_there_in_their_size(void **state)
{
	struct applet_card *card = *state;

	assert_field(content_of(card, "0003"), 0, 5, "");
	assert_int_equal(strncmp(content_of(card, "0003") + 10, "01", 2), 0);
	assert_int_equal(strlen(content_of(card, "5F00EF06")), 2 * 4000);
	assert_int_equal(strlen(content_of(card, "5F00EF07")), 2 * 1000);
	assert_answer(card, "00A40800045F00EF0500", /* only with PIN 83 */
		      "6F15 8102"
		      "05DC"
		      "820101 8302EF05 8A0105 8C051BFFFFFFFF 9000");
	assert_answer(card, "00B0000000", "6982");
}

/* 9.3, item 3 */
static void
cards_with_different_certificates_have_different_cache_keys(void **state)
{
	struct applet_card *other = new_card("");
	char first[64];

	applet_add_key(other, "sign", IMAGE_SERVICE_FILE, 2048, SIGN_PIN);
	applet_insert(other);
	assert_answer((struct applet_card *)*state, "00A4000C025F00", "9000");
	snprintf(first, sizeof(first), "%.63s", applet_send(*state, "00B086D410"));
	assert_int_equal(strlen(first), 2 * 16 + 4);
	assert_answer(other, "00A4000C025F00", "9000");
	assert_string_not_equal(applet_send(other, "00B086D410"), first);
	applet_free(other);
}

/* 9.2, first block */
static void
opensc_finds_the_card(void **state)
{
	struct applet_card *card = *state;

	assert_string_equal(strstr(applet_send(card, "00A4040007" AID "00"), "9000"), "9000");
	assert_answer(card, "00A4040C07" AID, "9000"); /* HEAD */
	assert_answer(card, "80CADF3008", "6D00");
	assert_answer(card, "00A40800024F0000",
		      "6F14 83024F00 8409444620697373756572 8C03060000 9000");
	assert_answer(card, "00A40800044F00503200",
		      "6F15 8102002E 820101 83025032 8A0105 8C051BFFFFFF00 9000");
	assert_answer(card, "00A40800045F00EF0200", /* the real card's answer */
		      "6F15 81023C8C 820101 8302EF02 8A0105 8C051BFFFFFF00 9000");
}

/* 9.3, items 1, 2, 4, 7 */
static void
the_middleware_finds_the_card(void **state)
{
	struct applet_card *card = *state;
	const char *cplc;

	assert_answer(card, "00A4040C07" AID, "9000");
	cplc = applet_send(card, "00CA9F7F2D");
	assert_int_equal(strlen(cplc), 2 * (3 + 0x2A) + 4);
	assert_int_equal(strncmp(cplc, "9F7F2A", 6), 0);
	assert_int_equal(strncmp(cplc + (size_t)2 * 13, SERIAL, 16), 0);
	assert_int_equal(strncmp(applet_send(card, "00CADF3000"), "DF3007", 6), 0);
	assert_int_equal(strlen(card->answer), 2 * 10 + 4);
	assert_int_not_equal(strncmp(card->answer + 6, "7634", 4), 0); /* "v4" would mean PSS */
	assert_answer(card,
		      "00A4020002"
		      "EF02"
		      "00",
		      "6A82");
	assert_answer(card,
		      "00CB00FF0AB603830144"
		      "7F49028100"
		      "00",
		      "6A88");
	assert_int_equal(strlen(applet_send(card, "8084000008")), 2 * 8 + 4);
}

/* 9.2, 9.3 item 5 */
static void
verify_tells_its_state(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "0020008200", "63C3");
	assert_answer(card,
		      "0020008208 323232"
		      "32FFFFFFFF",
		      "63C2");
	assert_answer(card, VERIFY_SIGN, "9000");
	assert_answer(card, "00200082", "9000");
	assert_answer(card, "00A4080C024F00", "9000");
	assert_answer(card, "00200082", "9000");
	assert_answer(card, "00200083", "6A88");
}

static void
the_third_wrong_pin_blocks(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "0020008208 39393939FFFFFFFF", "63C2");
	assert_answer(card, "0020008208 39393939FFFFFFFF", "63C1");
	assert_answer(card, "0020008208 39393939FFFFFFFF", "63C0");
	assert_answer(card, VERIFY_SIGN, "6983");
	assert_answer(card, "00200082", "6983");
}

static void
change_takes_old_and_new_padded(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "0024008110 31323334FFFFFFFF 34333231FFFFFFFF", "9000");
	assert_answer(card, VERIFY_AUTH, "63C2");
	assert_answer(card, "0020008108 34333231FFFFFFFF", "9000");
}

/* 9.3, item 5: P1=00 PUK and new PIN, P1=01 the PUK alone */
static void
both_forms_of_unblocking_restore_the_counter(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "0020008108 39393939FFFFFFFF", "63C2");
	assert_answer(card, "002C018108 3132333435363738", "9000");
	assert_answer(card, VERIFY_AUTH, "9000");
	assert_answer(card, "0020008108 39393939FFFFFFFF", "63C2");
	assert_answer(card, "002C008110 3132333435363738 34333231FFFFFFFF", "9000");
	assert_answer(card, "0020008108 34333231FFFFFFFF", "9000");
	assert_answer(card, "002C008110 3939393939393939 34333231FFFFFFFF", "63C2");
}

/* 9.2: MSE 80 first, PSO HASH 90, PSO CDS with Le 80 always; 384 bytes leave in parts */
static void
opensc_signs_a_sha_256_hash(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, VERIFY_SIGN, "9000");
	assert_answer(card, "002241B606 800142 840101", "9000");
	assert_answer(card, "002A90A022 9020" SHA256_OF_ABC, "9000");
	applet_assert_signature(applet_rsa(3072), applet_fetch(card, "002A9E9A80"),
				SHA256_PREFIX SHA256_OF_ABC);
}

static void
opensc_signs_a_sha_1_digestinfo(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, VERIFY_AUTH, "9000");
	assert_answer(card, "002241B606 800102 840102", "9000");
	assert_answer(card, "002A90A025 9023" SHA1_PREFIX SHA1_OF_ABC, "9000");
	applet_assert_signature(applet_rsa(2048), applet_fetch(card, "002A9E9A80"),
				SHA1_PREFIX SHA1_OF_ABC);
}

/* 9.3, item 6: algorithm by length of the hash, Le 00 */
static void
the_middleware_signs_hashes_of_each_length(void **state)
{
	static const struct {
		const char *algorithm, *length, *prefix;
		size_t hash_len;
	} hashes[] = {{"12", "1614", SHA1_PREFIX, 20},
		      {"42", "2220", SHA256_PREFIX, 32},
		      {"52", "3230", SHA384_PREFIX, 48},
		      {"62", "4240", SHA512_PREFIX, 64}};
	struct applet_card *card = *state;

	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		char command[256], hash[129] = "", input[256];

		memset(hash, '5', 2 * hashes[i].hash_len);
		assert_answer(card, VERIFY_SIGN, "9000");
		snprintf(command, sizeof(command), "002241B606 8001%s 840101", hashes[i].algorithm);
		assert_answer(card, command, "9000");
		snprintf(command, sizeof(command), "002A90A0%.2s90%s%s", hashes[i].length,
			 hashes[i].length + 2, hash);
		assert_answer(card, command, "9000");
		snprintf(input, sizeof(input), "%s%s", hashes[i].prefix, hash);
		applet_assert_signature(applet_rsa(3072), applet_fetch(card, "002A9E9A00"), input);
	}
}

/* 9.3, item 6: "6985 = algorithm not allowed" */
static void
pss_is_not_allowed(void **state)
{
	assert_answer((struct applet_card *)*state, "002241B606 800145 840101", "6985");
}

static struct applet_card *
applet_v4(const char *service)
{
	struct applet_card *card = one_key(service, "applet=v4");

	applet_insert(card);
	return card;
}

/* 9.3, item 4 */
static void
applet_v4_says_so(void **state)
{
	struct applet_card *card = applet_v4(IMAGE_SERVICE_FILE);

	(void)state;
	assert_int_equal(strncmp(applet_send(card, "00CADF3000"), "DF30077634", 10), 0);
	applet_free(card);
}

/* 9.3, item 6: "PSS adds 3" */
static void
applet_v4_signs_with_pss(void **state)
{
	static const struct {
		const char *algorithm, *length, *digest;
		size_t hash_len;
	} rows[] = {{"15", "1614", "SHA1", 20},
		    {"45", "2220", "SHA256", 32},
		    {"55", "3230", "SHA384", 48},
		    {"65", "4240", "SHA512", 64},
		    {"05", "1E1C", "SHA224", 28}};
	struct applet_card *card = applet_v4(IMAGE_SERVICE_FILE);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char command[256], hash[129] = "";

		memset(hash, '5', 2 * rows[i].hash_len);
		assert_answer(card, VERIFY_SIGN, "9000");
		snprintf(command, sizeof(command), "002241B606 8001%s 840101", rows[i].algorithm);
		assert_answer(card, command, "9000");
		snprintf(command, sizeof(command), "002A90A0%.2s90%s%s", rows[i].length,
			 rows[i].length + 2, hash);
		assert_answer(card, command, "9000");
		applet_assert_pss(applet_rsa(3072), applet_fetch(card, "002A9E9A00"),
				  rows[i].digest, hash);
	}
	applet_free(card);
}

static void
assert_no_card(struct applet_card *card, const char *reason)
{
	const struct card_host host = {.save = applet_save, .context = &card->image};
	struct image_error error = {""};

	card->card = card_new(&card->image, registry_find("cc-v1"), &host, &error);
	assert_null(card->card);
	if (strstr(error.text, reason) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error.text, reason);
	applet_free(card);
}

static void
applet_v4_is_refused_with_a_services_key(void **state)
{
	(void)state;
	assert_no_card(one_key("cmd", "applet=v4"), "PSS");
}

static void
applet_v4_takes_the_key_of_a_service_that_does_pss(void **state)
{
	struct applet_card *card = one_key("hsm", "applet=v4");

	(void)state;
	card->image.keys[0].uses = 1 << KEY_SIGN_PKCS1 | 1 << KEY_SIGN_PSS;
	applet_insert(card);
	assert_answer(card, VERIFY_SIGN, "9000");
	assert_answer(card, "002241B606 800145 840101", "9000");
	assert_answer(card, "002A90A022 9020" SHA256_OF_ABC, "9000");
	applet_assert_pss(applet_rsa(3072), applet_fetch(card, "002A9E9A00"), "SHA256",
			  SHA256_OF_ABC);
	assert_int_equal(card->starts, 1);
	applet_free(card);
}

static void
another_applet_is_refused(void **state)
{
	(void)state;
	assert_no_card(one_key(IMAGE_SERVICE_FILE, "applet=v5"), "applet=v3 or applet=v4");
}

/* 4.8: RESTORE of GemSAFE */
static void
restore_clears_the_environment(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "002241B606 800142 840101", "9000");
	assert_answer(card, "00227301", "9000");
	assert_answer(card, "002A90A022 9020" SHA256_OF_ABC, "6985");
	assert_answer(card, "00227302", "6A88");
	assert_answer(card, "0022F301", "6A86");
}

static void
a_hash_of_another_length_is_refused(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "002241B606 800142 840101", "9000");
	assert_answer(card, "002A90A016 9014" SHA1_OF_ABC, "6A80");
}

static void
a_signature_needs_its_pin(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "002241B606 800142 840101", "9000");
	assert_answer(card, "002A90A022 9020" SHA256_OF_ABC, "9000");
	assert_answer(card, "002A9E9A80", "6982");
	assert_int_equal(card->requests, 0);
}

/* 4.8: "State is lost when another DF is selected" */
static void
another_df_ends_the_security_environment(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, VERIFY_SIGN, "9000");
	assert_answer(card, "002241B606 800142 840101", "9000");
	assert_answer(card, "00A4080C024F00", "9000");
	assert_answer(card, "002A90A022 9020" SHA256_OF_ABC, "6985");
}

static void
a_remote_key_starts_the_service_once(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, VERIFY_SIGN, "9000");
	assert_answer(card, "002241B606 800142 840101", "9000");
	assert_answer(card, "002A90A022 9020" SHA256_OF_ABC, "9000");
	applet_assert_signature(applet_rsa(3072), applet_fetch(card, "002A9E9A80"),
				SHA256_PREFIX SHA256_OF_ABC);
	assert_int_equal(card->starts, 1);
	assert_answer(card, "00200082", "63C2"); /* the state went with the start call */
}

static void
a_remote_pin_is_judged_by_the_service(void **state)
{
	struct applet_card *card = *state;

	card->service_sw = SW_AUTHENTICATION;
	assert_answer(card, VERIFY_SIGN, "9000");
	assert_answer(card, "002241B606 800142 840101", "9000");
	assert_answer(card, "002A90A022 9020" SHA256_OF_ABC, "9000");
	assert_answer(card, "002A9E9A80", "63C1");
	assert_answer(card, VERIFY_SIGN, "63C1");
}

static void
a_remote_pin_is_neither_changed_nor_unblocked_on_the_card(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "0024008210 313233343536FFFF 34333231FFFFFFFF", "6985");
	assert_answer(card, "002C008210 3132333435363738 34333231FFFFFFFF", "6985");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
#define TEST_TWO(function) cmocka_unit_test_setup_teardown(function, setup_two, teardown)
#define TEST_REMOTE(function) cmocka_unit_test_setup_teardown(function, setup_remote, teardown)
	    TEST(the_atr_is_the_fourth_of_section_9_1),
	    TEST_TWO(the_directory_files_are_those_of_section_9_4),
	    TEST(ef_dir_begins_with_the_bytes_of_section_9_4),
	    TEST_TWO(the_certificate_directory_begins_with_the_entry_of_section_9_4),
	    TEST(a_pin_entry_has_the_values_of_section_9_4),
	    TEST(a_card_with_one_key_lists_one_pin_and_one_key),
	    cmocka_unit_test(without_user_consent_the_integer_is_absent),
	    cmocka_unit_test(the_chain_goes_to_the_files_of_its_authorities),
	    TEST(the_identity_file_has_what_the_certificate_says),
	    TEST(files_without_content_are_there_in_their_size),
	    TEST(cards_with_different_certificates_have_different_cache_keys),
	    TEST(opensc_finds_the_card),
	    TEST(the_middleware_finds_the_card),
	    TEST(verify_tells_its_state),
	    TEST(the_third_wrong_pin_blocks),
	    TEST_TWO(change_takes_old_and_new_padded),
	    TEST_TWO(both_forms_of_unblocking_restore_the_counter),
	    TEST(opensc_signs_a_sha_256_hash),
	    TEST_TWO(opensc_signs_a_sha_1_digestinfo),
	    TEST(the_middleware_signs_hashes_of_each_length),
	    TEST(pss_is_not_allowed),
	    cmocka_unit_test(applet_v4_says_so),
	    cmocka_unit_test(applet_v4_signs_with_pss),
	    cmocka_unit_test(applet_v4_is_refused_with_a_services_key),
	    cmocka_unit_test(applet_v4_takes_the_key_of_a_service_that_does_pss),
	    cmocka_unit_test(another_applet_is_refused),
	    TEST(restore_clears_the_environment),
	    TEST(a_hash_of_another_length_is_refused),
	    TEST(a_signature_needs_its_pin),
	    TEST(another_df_ends_the_security_environment),
	    TEST_REMOTE(a_remote_key_starts_the_service_once),
	    TEST_REMOTE(a_remote_pin_is_judged_by_the_service),
	    TEST_REMOTE(a_remote_pin_is_neither_changed_nor_unblocked_on_the_card),
#undef TEST
#undef TEST_TWO
#undef TEST_REMOTE
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
