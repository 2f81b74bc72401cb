/*
 * Personality fineid-v4 against fineid.md: the files of 7.5 and the commands of 8.2, each through
 * card_transmit() with an image in memory. T=0, so that data of case 4 is fetched.
 */
#include "applet-card.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>

#define AID "A000000063504B43532D3135"
#define SELECT_AID "00A4040C0C" AID
#define VERIFY_PIN1 "002000110C 313233340000000000000000"
#define VERIFY_PIN2 "002000820C 313233343536000000000000"
#define SET_ECDSA_AUTH "002241B606 800154 840101"
#define SET_ECDSA_SIGN "002241B606 800154 840102"
#define ZEROS_16 "00000000000000000000000000000000"
#define SHA256_OF_ABC "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
#define HASH "002A90A032 9030" ZEROS_16 SHA256_OF_ABC

enum { FIELD_LEN = 48 };

/* 7.5, flat hex */
static const char DIR[] = "611b4f0ca000000063504b43532d3135500b46494e4549442053342d31";
static const char OD[] =
    "a808300604043f004401a008300604043f004402a408300604043f004403a508300604043f004405";
static const char CIAINFO[] =
    "3082008a020101040c3132333435363738393031320c0a4456562d46494e454944800d48454e4b494c4f4b4f5254"
    "544903020640a254301a0201010202104405000302064006082a8648"
    "ce3d040302020144301a0201020202104505000302064006082a8648ce3d040303020154301a0201030202104605"
    "000302064006082a8648ce3d04030402016413026669";
static const char AOD[] =
    "303930180c0f706572757374756e6e75736c756b75030206c00401033003040101a11830160302020c0a01010201"
    "0402010c02010c800111040100304230200c17616c6c656b69726a6f"
    "6974757374756e6e75736c756b75030206c00401033003040102a11930170302024c0a010102010602010c02010c"
    "80020082040100303c301a0c14616b7469766f696e746974756e6e75"
    "736c756b75030206c03003040103a11930170302014e0a010102010802010c02010c80020083040100";
static const char PRKD[] =
    "a04430230c1a746f64656e74616d69732d206a612073616c617573617661696e03020780040101300f0401450303"
    "072080030203b8020101a10c300a300404023f0002020180a03f301e"
    "0c12616c6c656b69726a6f69747573617661696e03020780040102020101300f0401460303060040030203b80201"
    "02a10c300a300404023f0002020180";
static const char CD[] =
    "3032301f0c1d746f64656e74616d69732d206a612073616c6175737661726d656e6e653003040145a10a30083006"
    "04043f004331302c30170c15616c6c656b69726a6f69747573766172"
    "6d656e6e653003040146a10c300a300804063f0050164332";

static struct applet_card *
two_keys(const char *options)
{
	/* "123456789012", 7.3 */
	struct applet_card *card = applet_new("fineid-v4", "313233343536373839303132", options);

	applet_add_ec_key(card, "auth", "P-384", AUTH_PIN);
	applet_add_ec_key(card, "sign", "P-384", SIGN_PIN);
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

static const char *
content_of(struct applet_card *card, const char *fid)
{
	char command[32];

	snprintf(command, sizeof(command), "00A4080C02%s", fid);
	assert_answer(card, command, "9000");
	return applet_read(card);
}

#define assert_content(card, fid, expected) applet_assert_hex(content_of((card), (fid)), (expected))

static void
assert_atr(struct applet_card *card, const char *expected)
{
	char text[2 * ATR_LEN_MAX + 1];

	bytes_to_hex(card_atr(card->card), text);
	assert_string_equal(text, expected);
}

static void
assert_refused(struct applet_card *card, const char *reason)
{
	const struct card_host host = {.context = &card->image, .save = applet_save};
	struct image_error error = {""};

	assert_null(card_new(&card->image, registry_find("fineid-v4"), &host, &error));
	if (strstr(error.text, reason) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error.text, reason);
	applet_free(card);
}

/* 2.1 */
static void
the_atr_is_a6(void **state)
{
	assert_atr(*state, "3B7F9600008031B865B085050011122460829000");
}

static void
the_card_of_2025_has_atr_a7(void **state)
{
	struct applet_card *card = two_keys("variant=4.1");

	(void)state;
	applet_insert(card);
	assert_atr(card, "3B7F9600008031B865B085051024122460829000");
	assert_content(card, "2F01", "4301B8 4605B085051024"); /* 2.4 */
	applet_free(card);
}

static void
an_unknown_variant_is_refused(void **state)
{
	(void)state;
	assert_refused(two_keys("variant=5"), "variant=4.0");
}

static void
a_key_of_another_curve_is_refused(void **state)
{
	struct applet_card *card = applet_new("fineid-v4", "313233343536373839303132", "");

	(void)state;
	applet_add_ec_key(card, "sign", "P-256", SIGN_PIN);
	assert_refused(card, "is of the kind p256, and");
}

/* 7.4: the curve is named 1.3.132.0.34, not only of as many bits. */
static void
a_brainpool_key_is_refused(void **state)
{
	struct applet_card *card = applet_new("fineid-v4", "313233343536373839303132", "");

	(void)state;
	applet_add_ec_key(card, "sign", "brainpoolP384r1", SIGN_PIN);
	assert_refused(card, "that of a fineid-v4 card is p384");
}

/* 7.3: OpenSC wants letters and digits. */
static void
a_serial_number_that_is_not_ascii_is_refused(void **state)
{
	struct applet_card *card = applet_new("fineid-v4", "313233343536373839303100", "");

	(void)state;
	applet_add_ec_key(card, "sign", "P-384", SIGN_PIN);
	assert_refused(card, "ASCII");
}

static void
the_directory_files_are_those_of_section_7_5(void **state)
{
	struct applet_card *card = *state;

	assert_content(card, "2F00", DIR);
	assert_content(card, "5031", OD);
	assert_content(card, "5032", CIAINFO);
	assert_content(card, "4401", AOD);
	assert_content(card, "4402", PRKD);
	assert_content(card, "4403", CD);
}

static void
certificates_are_at_4331_and_5016_4332(void **state)
{
	struct applet_card *card = *state;
	static char text[8192];

	bytes_to_hex(
	    (struct bytes){card->image.keys[0].certificate, card->image.keys[0].certificate_len},
	    text);
	assert_content(card, "4331", text);
	bytes_to_hex(
	    (struct bytes){card->image.keys[1].certificate, card->image.keys[1].certificate_len},
	    text);
	assert_answer(card, "00A4080C0450164332", "9000");
	applet_assert_hex(applet_read(card), text);
}

/* 8.2.1: OpenSC binds its driver of this card only if these three are refused. */
static void
paths_with_3f00_are_not_found(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, SELECT_AID, "9000");
	assert_answer(card, "00A40804043F002F00", "6A82");
	assert_answer(card, "00A40804043F005015", "6A82");
	assert_answer(card, "00A40804043F005031", "6A82");
}

/* 3.5, with the length of EF.CIAInfo */
static void
an_fcp_has_size_kind_and_fid(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "00A40804025032", "6110");
	assert_answer(card, "00C0000010", "620E 8102008E 820101 83025032 8A0105 9000");
}

static void
an_fci_has_the_access_rules_too(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "00A40800025032", "611A");
	assert_answer(card, "00C000001A",
		      "6F18 8102008E 820101 83025032 8A0105 8C0303FF00 9C0303FF00 9000");
}

static void
df_5016_is_named_e_sign(void **state)
{
	struct applet_card *card = *state;

	applet_assert_hex(applet_fetch(card, "00A40804025016"),
			  "6212 820138 83025016 8406452E5349474E 8A0105 9000");
	assert_answer(card, "00A4040C06452E5349474E", "9000");
}

/* 4.12: 37 bytes; 5 tries (5.1) */
static void
a_pin_container_tells_the_tries(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "00CB00FF05A003830111", "6125");
	assert_answer(card, "00C0000025",
		      "A023 830111 8C04F0000000 9C04F0000000 DF210405FFA503 DF2702FFFF DF28010C "
		      "DF2F0101 9000");
	assert_answer(card, "002000110C 303030300000000000000000", "63C4");
	applet_assert_hex(
	    applet_fetch(card, "00CB00FF05A003830111"),
	    "A023 830111 8C04F0000000 9C04F0000000 DF210404FFA503 DF2702FFFF DF28010C "
	    "DF2F0101 9000");
}

static void
the_puk_has_a_container_and_no_verify(void **state)
{
	struct applet_card *card = *state;

	applet_assert_hex(
	    applet_fetch(card, "00CB00FF05A003830183"),
	    "A023 830183 8C04F0000000 9C04F0000000 DF210405FFA503 DF2702FFFF DF28010C "
	    "DF2F0101 9000");
	assert_answer(card, "0020008300", "6A88"); /* 4.5 */
}

static void
other_containers_are_refused(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "00CB00FF05A003830112", "6A88");
	assert_answer(card, "00CB00FF03830111", "6A80");
	assert_answer(card, "00CB00FF06A00483020011", "6A80");
	assert_answer(card, "00CB3FFF05A003830111", "6A86");
}

/* `answer` is r || s of key `key` for 48 bytes of hash, and 9000. */
static void
assert_signs(struct applet_card *card, size_t key, const uint8_t hash[FIELD_LEN],
	     const char *answer)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(card->keys[key].key, NULL);
	uint8_t plain[2 * FIELD_LEN + 2], *der = NULL;
	ECDSA_SIG *signature = ECDSA_SIG_new();
	size_t len;
	int der_len;

	assert_true(bytes_from_hex(answer, plain, sizeof(plain), &len));
	assert_int_equal(len, sizeof(plain));
	assert_int_equal(ECDSA_SIG_set0(signature, BN_bin2bn(plain, FIELD_LEN, NULL),
					BN_bin2bn(plain + FIELD_LEN, FIELD_LEN, NULL)),
			 1);
	der_len = i2d_ECDSA_SIG(signature, &der);
	assert_int_equal(EVP_PKEY_verify_init(context), 1);
	assert_int_equal(EVP_PKEY_verify(context, der, (size_t)der_len, hash, FIELD_LEN), 1);
	OPENSSL_free(der);
	ECDSA_SIG_free(signature);
	EVP_PKEY_CTX_free(context);
}

/* 8.2.2, with key 1: the hash is padded on the left to 48 bytes. */
static void
assert_signature(struct applet_card *card, size_t key, const char *answer)
{
	static const char digest[] = ZEROS_16 SHA256_OF_ABC;
	uint8_t hash[FIELD_LEN];
	size_t len;

	assert_true(bytes_from_hex(digest, hash, sizeof(hash), &len));
	assert_signs(card, key, hash, answer);
}

static void
key_1_signs_with_pin_1(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, VERIFY_PIN1, "9000");
	assert_answer(card, SET_ECDSA_AUTH, "9000");
	assert_answer(card, HASH, "9000");
	assert_signature(card, 0, applet_send(card, "002A9E9A60"));
}

static void
key_2_signs_once_for_each_pin_2(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, VERIFY_PIN2, "9000");
	assert_answer(card, SET_ECDSA_SIGN, "9000");
	assert_answer(card, HASH, "9000");
	assert_signature(card, 1, applet_send(card, "002A9E9A60"));
	assert_answer(card, HASH, "9000");
	assert_answer(card, "002A9E9A60", "6982"); /* 5.4 */
}

/* 4.10: the hash is kept across 6Cxx, dropped after 9000. */
static void
a_wrong_le_is_corrected_and_the_signature_kept(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, VERIFY_PIN1, "9000");
	assert_answer(card, SET_ECDSA_AUTH, "9000");
	assert_answer(card, HASH, "9000");
	assert_answer(card, "002A9E9A80", "6C60");
	assert_signature(card, 0, applet_send(card, "002A9E9A60"));
	assert_answer(card, "002A9E9A60", "6985");
}

static void
a_hash_of_another_length_or_in_the_signature_is_refused(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, VERIFY_PIN1, "9000");
	assert_answer(card, SET_ECDSA_AUTH, "9000");
	assert_answer(card, "002A90A022 9020" SHA256_OF_ABC, "6A80"); /* 4.9 */
	assert_answer(card, HASH, "9000");
	assert_answer(card, "002A9E9A20" SHA256_OF_ABC, "6985"); /* 4.10 */
}

/* 8.2.2 */
static void
key_1_agrees_on_a_key(void **state)
{
	struct applet_card *card = *state;
	EVP_PKEY *other = EVP_EC_gen("P-384");
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(other, NULL);
	uint8_t command[5 + 1 + 1 + 2 * FIELD_LEN] = {0x00, 0x2A, 0x80, 0x86, 0x62, 0x00};
	uint8_t secret[FIELD_LEN + 2];
	char expected[2 * sizeof(secret) + 1];
	size_t len = FIELD_LEN;

	assert_int_equal(EVP_PKEY_derive_init(context), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(context, card->keys[0].key), 1);
	assert_int_equal(EVP_PKEY_derive(context, secret, &len), 1);
	secret[FIELD_LEN] = 0x90;
	secret[FIELD_LEN + 1] = 0x00;
	bytes_to_hex(BYTES(secret), expected);
	assert_int_equal(EVP_PKEY_get_octet_string_param(other, OSSL_PKEY_PARAM_PUB_KEY,
							 command + 6, sizeof(command) - 6, &len),
			 1);
	assert_answer(card, VERIFY_PIN1, "9000");
	assert_answer(card, "002241B803 840101", "9000");
	applet_assert_hex(applet_send_bytes(card, BYTES(command)), "6130");
	assert_answer(card, "00C0000030", expected);
	command[sizeof(command) - 1] ^= 1; /* not on the curve */
	applet_assert_hex(applet_send_bytes(card, BYTES(command)), "6A80");
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(other);
}

/* 4.9: the message in the card, 128 bytes and 36 more */
static void
the_card_hashes_what_key_1_signs(void **state)
{
	struct applet_card *card = *state;
	uint8_t blocks[5 + 128] = {0x00, 0x2A, 0x90, 0x80, 128};
	uint8_t last[5 + 2 + 36] = {0x00, 0x2A, 0x90, 0xA0, 38, 0x80, 36};
	uint8_t whole[128 + 36], hash[64];

	memset(whole, 'a', sizeof(whole));
	memcpy(blocks + 5, whole, 128);
	memcpy(last + 7, whole, 36);
	assert_int_equal(EVP_Digest(whole, sizeof(whole), hash, NULL, EVP_sha384(), NULL), 1);
	assert_answer(card, VERIFY_PIN1, "9000");
	assert_answer(card, "002241AA03 800150", "9000"); /* 6.4 */
	assert_answer(card, SET_ECDSA_AUTH, "9000");
	applet_assert_hex(applet_send_bytes(card, BYTES(blocks)), "9000");
	applet_assert_hex(applet_send_bytes(card, BYTES(last)), "9000");
	assert_signs(card, 0, hash, applet_send(card, "002A9E9A60"));
}

/* Other than at its end: in the middle of a hash nothing of it is left. */
static void
a_reset_ends_what_the_card_was_hashing(void **state)
{
	struct applet_card *card = *state;
	uint8_t blocks[5 + 128] = {0x00, 0x2A, 0x90, 0x80, 128};

	assert_answer(card, "002241AA03 800150", "9000");
	assert_answer(card, SET_ECDSA_AUTH, "9000");
	applet_assert_hex(applet_send_bytes(card, BYTES(blocks)), "9000");
	card_reset(card->card);
	assert_answer(card, "002A90A005 8003616263", "6985");
}

/* 3.1: "files stay closed (6982)" */
static void
the_travel_document_is_closed(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "00A4040C07 A0000002471001", "9000");
	assert_answer(card, "00A4020C02 011E", "9000");
	assert_answer(card, "00B0000004", "6982");
	assert_answer(card, "00B0810000", "6982"); /* DG1 */
	assert_answer(card, SELECT_AID, "9000");
	assert_answer(card, "00A4020C02 4331", "9000");
}

/* RSA-2048 for authentication, and a service's RSA-3072 for signatures */
static struct applet_card *
rsa_keys(void)
{
	struct applet_card *card = applet_new("fineid-v4", "313233343536373839303132", "");

	applet_add_key(card, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	applet_add_key(card, "sign", "cmd", 3072, SIGN_PIN);
	applet_insert(card);
	return card;
}

static void
an_rsa_key_signs_with_pkcs1(void **state)
{
	struct applet_card *card = rsa_keys();

	(void)state;
	assert_answer(card, VERIFY_PIN1, "9000");
	assert_answer(card, "002241B606 800142 840101", "9000");
	assert_answer(card, "002A90A022 9020" SHA256_OF_ABC, "9000");
	applet_assert_signature(card->keys[0].key, applet_fetch(card, "002A9E9A00"),
				"3031300D060960864801650304020105000420" SHA256_OF_ABC);
	assert_answer(card, "002241B606 800144 840101", "6A80"); /* ECDSA */
	assert_answer(card, "002241B803 840101", "6A80");        /* key agreement */
	applet_free(card);
}

static void
a_service_signs_with_pkcs1_only(void **state)
{
	struct applet_card *card = rsa_keys();

	(void)state;
	assert_answer(card, VERIFY_PIN2, "9000");
	assert_answer(card, "002241B606 800145 840102", "6A80");
	assert_answer(card, "002241B606 800142 840102", "9000");
	assert_answer(card, "002A90A022 9020" SHA256_OF_ABC, "9000");
	applet_assert_signature(card->keys[1].key, applet_fetch(card, "002A9E9A00"),
				"3031300D060960864801650304020105000420" SHA256_OF_ABC);
	assert_int_equal(card->starts, 1);
	assert_answer(card, "0024008218 313233343536000000000000 363534333231000000000000", "6985");
	assert_answer(card, "002C008218 313233343536373800000000 363534333231000000000000", "6985");
	applet_free(card);
}

/* 7.3: what a service does is listed, as what a key in a file does. */
static void
a_service_that_does_more_is_listed_with_it(void **state)
{
	static const char pss_with_sha256[] = "020143", oaep[] = "2A864886F70D010107";
	struct applet_card *card = applet_new("fineid-v4", "313233343536373839303132", "");
	struct image_key *key = &card->image.keys[0];

	(void)state;
	applet_add_key(card, "auth", "hsm", 2048, AUTH_PIN);
	key->uses = 1 << KEY_SIGN_PKCS1 | 1 << KEY_SIGN_PSS;
	applet_insert(card);
	assert_answer(card, SELECT_AID, "9000");
	assert_answer(card, "00A4020C02 5032", "9000");
	assert_non_null(strstr(applet_read(card), pss_with_sha256));
	assert_null(strstr(applet_read(card), oaep));
	assert_answer(card, VERIFY_PIN1, "9000");
	assert_answer(card, "002241B806 80014D 840101", "6A80"); /* OAEP */
	assert_answer(card, "002241B606 800145 840101", "9000");
	assert_answer(card, "002A90A022 9020" SHA256_OF_ABC, "9000");
	applet_assert_pss(card->keys[0].key, applet_fetch(card, "002A9E9A00"), "SHA256",
			  SHA256_OF_ABC);
	assert_int_equal(card->starts, 1);
	applet_free(card);
}

static void
a_service_agrees_on_keys(void **state)
{
	struct applet_card *card = applet_new("fineid-v4", "313233343536373839303132", "");
	struct image_key *key = &card->image.keys[0];

	(void)state;
	applet_add_ec_key(card, "auth", "P-384", AUTH_PIN);
	snprintf(key->service, sizeof(key->service), "hsm");
	key->uses = 1 << KEY_DERIVE_ECDH;
	applet_insert(card);
	assert_answer(card, SELECT_AID, "9000");
	assert_answer(card, "002241B606 800154 840101", "6A80"); /* ECDSA */
	assert_answer(card, "002241B803 840101", "9000");
	applet_free(card);
}

static void
key_2_does_not_agree_on_keys(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "002241B803 840102", "6A80");
}

/* 4.5 */
static void
verify_p1_ff_forgets_the_pin(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, VERIFY_PIN1, "9000");
	assert_answer(card, "0020001100", "9000");
	assert_answer(card, "0020FF11", "9000");
	assert_answer(card, "0020001100", "63C5");
}

/* 4.1: the logout of DigiSign and OpenSC */
static void
select_by_aid_forgets_the_pins(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, VERIFY_PIN1, "9000");
	assert_answer(card, "00A4080C025016", "9000");
	assert_answer(card, "0020001100", "9000"); /* 5.4 */
	assert_answer(card, SELECT_AID, "9000");
	assert_answer(card, "0020001100", "63C5");
}

static void
a_pin_is_digits_padded_to_twelve(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "0020001104 31323334", "6700");
	assert_answer(card, "002000110C 3132333441 00000000000000", "6A80");
	assert_answer(card, "0020001200", "6A88");
	assert_answer(card, "0020001100", "63C5"); /* no try was spent */
}

/* 4.6 */
static void
a_pin_is_changed(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "0024001118 313233340000000000000000 343332310000000000000000", "9000");
	assert_answer(card, VERIFY_PIN1, "63C4");
	assert_answer(card, "002000110C 343332310000000000000000", "9000");
}

/* 4.7 */
static void
the_puk_sets_a_new_pin(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "002C008218 313233343536373800000000 363534333231000000000000", "9000");
	assert_answer(card, "002000820C 363534333231000000000000", "9000");
}

/* 3.1: OpenSC's other drivers probe their AIDs. */
static void
other_and_cut_aids_are_not_found(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "00A4040C09A00000030800001000", "6A82");
	assert_answer(card, "00A4040C0BA000000063504B43532D31", "6A82");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_atr_is_a6),
	    cmocka_unit_test(the_card_of_2025_has_atr_a7),
	    cmocka_unit_test(an_unknown_variant_is_refused),
	    cmocka_unit_test(a_key_of_another_curve_is_refused),
	    cmocka_unit_test(a_brainpool_key_is_refused),
	    cmocka_unit_test(a_serial_number_that_is_not_ascii_is_refused),
	    TEST(the_directory_files_are_those_of_section_7_5),
	    TEST(certificates_are_at_4331_and_5016_4332),
	    TEST(paths_with_3f00_are_not_found),
	    TEST(an_fcp_has_size_kind_and_fid),
	    TEST(an_fci_has_the_access_rules_too),
	    TEST(df_5016_is_named_e_sign),
	    TEST(a_pin_container_tells_the_tries),
	    TEST(the_puk_has_a_container_and_no_verify),
	    TEST(other_containers_are_refused),
	    TEST(key_1_signs_with_pin_1),
	    TEST(key_2_signs_once_for_each_pin_2),
	    TEST(a_wrong_le_is_corrected_and_the_signature_kept),
	    TEST(a_hash_of_another_length_or_in_the_signature_is_refused),
	    TEST(key_1_agrees_on_a_key),
	    TEST(key_2_does_not_agree_on_keys),
	    TEST(the_card_hashes_what_key_1_signs),
	    TEST(a_reset_ends_what_the_card_was_hashing),
	    TEST(the_travel_document_is_closed),
	    cmocka_unit_test(an_rsa_key_signs_with_pkcs1),
	    cmocka_unit_test(a_service_signs_with_pkcs1_only),
	    cmocka_unit_test(a_service_that_does_more_is_listed_with_it),
	    cmocka_unit_test(a_service_agrees_on_keys),
	    TEST(verify_p1_ff_forgets_the_pin),
	    TEST(select_by_aid_forgets_the_pins),
	    TEST(a_pin_is_digits_padded_to_twelve),
	    TEST(a_pin_is_changed),
	    TEST(the_puk_sets_a_new_pin),
	    TEST(other_and_cut_aids_are_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
