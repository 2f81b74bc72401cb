/*
 * Personality fineid-v3 against fineid.md: what its keys sign and decipher, judged by OpenSSL, and
 * PIN2 over two keys. T=0. What the card answers byte for byte is in tests/replay/fineid-v3-*.apdu.
 */
#include "applet-card.h"

#include <openssl/ec.h>

#define SERIAL "313233343536373839303132"
#define SELECT_AID "00A4040C0C A000000063504B43532D3135"
#define VERIFY_PIN1 "002000110C 313233340000000000000000"
#define VERIFY_PIN2 "002000820C 313233343536000000000000"
#define SHA256_OF_ABC "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
#define SHA256_PREFIX "3031300D060960864801650304020105000420"
#define HASH "002A90A022 9020" SHA256_OF_ABC
#define SET_PS256_AUTH "002241B606 800145 840101"
#define SET_RS256_SIGN "002241B606 800142 840102"
#define SET_ES256_SIGN2 "002241B606 800144 840103"

enum { AUTH, SIGN, SIGN2, P256_LEN = 32 };

static struct applet_card *
three_keys(const char *serial, const char *options)
{
	struct applet_card *card = applet_new("fineid-v3", serial, options);

	applet_add_key(card, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	applet_add_key(card, "sign", IMAGE_SERVICE_FILE, 3072, SIGN_PIN);
	applet_add_ec_key(card, "sign2", "P-256", SIGN_PIN);
	return card;
}

static int
setup(void **state)
{
	struct applet_card *card = three_keys(SERIAL, "");

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

static void
assert_atr(struct applet_card *card, const char *expected)
{
	char text[2 * ATR_LEN_MAX + 1];

	bytes_to_hex(card_atr(card->card), text);
	applet_assert_hex(text, expected);
}

static void
assert_refused(struct applet_card *card, const char *reason)
{
	const struct card_host host = {.context = &card->image, .save = applet_save};
	struct image_error error = {""};

	assert_null(card_new(&card->image, registry_find("fineid-v3"), &host, &error));
	if (strstr(error.text, reason) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error.text, reason);
	applet_free(card);
}

static struct bytes
hash_of_abc(void)
{
	static uint8_t hash[32];
	size_t len;

	assert_true(bytes_from_hex(SHA256_OF_ABC, hash, sizeof(hash), &len));
	return (struct bytes){hash, len};
}

/* 2.1, A5 and A4 */
static void
the_atr_is_that_of_the_variant(void **state)
{
	struct applet_card *card = three_keys(SERIAL, "variant=3.0");

	assert_atr(*state, "3B7F9600008031B865B08504021B1200F6829000");
	applet_insert(card);
	assert_atr(card, "3B7F9600008031B865B0850300EF1200F6829000");
	applet_free(card);
}

static void
an_unknown_variant_is_refused(void **state)
{
	(void)state;
	assert_refused(three_keys(SERIAL, "variant=4.0"), "variant=3.1 or variant=3.0");
}

static void
a_serial_number_of_another_length_is_refused(void **state)
{
	(void)state;
	assert_refused(three_keys("3132333435363738393031", ""), "12 or 17 bytes, not 11");
}

static void
a_first_key_on_a_curve_is_refused(void **state)
{
	struct applet_card *card = applet_new("fineid-v3", SERIAL, "");

	(void)state;
	applet_add_ec_key(card, "sign", "P-256", SIGN_PIN);
	assert_refused(card, "is rsa2048 or rsa3072");
}

/* 6.2: MGF1 with the same hash, salt as long as the hash */
static void
key_1_signs_with_pss(void **state)
{
	struct applet_card *card = *state;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(card->keys[AUTH].key, NULL);
	uint8_t signature[256 + 2];
	struct bytes hash = hash_of_abc();
	size_t len;

	assert_answer(card, VERIFY_PIN1, "9000");
	assert_answer(card, SET_PS256_AUTH, "9000");
	assert_answer(card, HASH, "9000");
	assert_true(
	    bytes_from_hex(applet_fetch(card, "002A9E9A00"), signature, sizeof(signature), &len));
	assert_int_equal(len, sizeof(signature));
	assert_int_equal(EVP_PKEY_verify_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING), 1);
	assert_int_equal(EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST), 1);
	assert_int_equal(EVP_PKEY_verify(context, signature, len - 2, hash.data, hash.len), 1);
	EVP_PKEY_CTX_free(context);
}

static void
key_2_signs_with_3072_bits(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, VERIFY_PIN2, "9000");
	assert_answer(card, SET_RS256_SIGN, "9000");
	assert_answer(card, HASH, "9000");
	applet_assert_signature(card->keys[SIGN].key, applet_fetch(card, "002A9E9A00"),
				SHA256_PREFIX SHA256_OF_ABC);
}

static void
assert_ecdsa(struct applet_card *card, const char *answer)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(card->keys[SIGN2].key, NULL);
	uint8_t plain[2 * P256_LEN + 2], *der = NULL;
	ECDSA_SIG *signature = ECDSA_SIG_new();
	struct bytes hash = hash_of_abc();
	size_t len;
	int der_len;

	assert_true(bytes_from_hex(answer, plain, sizeof(plain), &len));
	assert_int_equal(len, sizeof(plain));
	assert_int_equal(ECDSA_SIG_set0(signature, BN_bin2bn(plain, P256_LEN, NULL),
					BN_bin2bn(plain + P256_LEN, P256_LEN, NULL)),
			 1);
	der_len = i2d_ECDSA_SIG(signature, &der);
	assert_int_equal(EVP_PKEY_verify_init(context), 1);
	assert_int_equal(EVP_PKEY_verify(context, der, (size_t)der_len, hash.data, hash.len), 1);
	OPENSSL_free(der);
	ECDSA_SIG_free(signature);
	EVP_PKEY_CTX_free(context);
}

/* 8.3: web-eid's ES256 */
static void
key_3_signs_with_ecdsa(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, VERIFY_PIN2, "9000");
	assert_answer(card, SET_ES256_SIGN2, "9000");
	assert_answer(card, HASH, "9000");
	assert_ecdsa(card, applet_send(card, "002A9E9A40"));
}

/* 5.4 */
static void
one_pin_2_is_one_signature_of_either_key(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, VERIFY_PIN2, "9000");
	assert_answer(card, SET_ES256_SIGN2, "9000");
	assert_answer(card, HASH, "9000");
	assert_ecdsa(card, applet_send(card, "002A9E9A40"));
	assert_answer(card, SET_RS256_SIGN, "9000");
	assert_answer(card, HASH, "9000");
	assert_answer(card, "002A9E9A00", "6982");
}

static void
a_changed_pin_2_opens_both_keys(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "0024008218 313233343536000000000000 363534333231000000000000", "9000");
	assert_answer(card, VERIFY_PIN2, "63C4");
	assert_answer(card, "002000820C 363534333231000000000000", "9000");
	assert_answer(card, SET_ES256_SIGN2, "9000");
	assert_answer(card, HASH, "9000");
	assert_ecdsa(card, applet_send(card, "002A9E9A40"));
	assert_answer(card, "002000820C 363534333231000000000000", "9000");
	assert_answer(card, SET_RS256_SIGN, "9000");
	assert_answer(card, HASH, "9000");
	applet_assert_signature(card->keys[SIGN].key, applet_fetch(card, "002A9E9A00"),
				SHA256_PREFIX SHA256_OF_ABC);
}

/* 6.3, 4D: OAEP with SHA-256, in two parts */
static void
key_1_deciphers_oaep(void **state)
{
	static const uint8_t message[] = {'a', ' ', 's', 'e', 'c', 'r', 'e', 't'};
	struct applet_card *card = *state;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(card->keys[AUTH].key, NULL);
	uint8_t first[5 + 255] = {0x10, 0x2A, 0x80, 0x86, 0xFF, 0x81};
	uint8_t last[5 + 2] = {0x00, 0x2A, 0x80, 0x86, 0x02}, cryptogram[256];
	size_t len = sizeof(cryptogram);

	assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()), 1);
	assert_int_equal(EVP_PKEY_encrypt(context, cryptogram, &len, message, sizeof(message)), 1);
	EVP_PKEY_CTX_free(context);
	memcpy(first + 6, cryptogram, 254);
	memcpy(last + 5, cryptogram + 254, 2);
	assert_answer(card, VERIFY_PIN1, "9000");
	assert_answer(card, "002241B806 80014D 840101", "9000");
	applet_assert_hex(applet_send_bytes(card, BYTES(first)), "9000");
	applet_assert_hex(applet_send_bytes(card, BYTES(last)), "6108");
	assert_answer(card, "00C0000008", "6120736563726574 9000");
}

static struct applet_card *
remote_key(const char *name)
{
	struct applet_card *card = applet_new("fineid-v3", SERIAL, "");

	applet_add_key(card, name, "cmd", 3072, strcmp(name, "auth") == 0 ? AUTH_PIN : SIGN_PIN);
	applet_insert(card);
	return card;
}

static void
a_service_signs_with_pkcs1_only(void **state)
{
	struct applet_card *card = remote_key("sign");

	(void)state;
	assert_answer(card, VERIFY_PIN2, "9000");
	assert_int_equal(card->requests, 0);
	assert_answer(card, "002241B606 800145 840102", "6A80");
	assert_answer(card, SET_RS256_SIGN, "9000");
	assert_answer(card, HASH, "9000");
	applet_assert_signature(card->keys[0].key, applet_fetch(card, "002A9E9A00"),
				SHA256_PREFIX SHA256_OF_ABC);
	assert_int_equal(card->starts, 1);
	applet_free(card);
}

static void
a_service_does_not_decipher(void **state)
{
	struct applet_card *card = remote_key("auth");

	(void)state;
	assert_answer(card, VERIFY_PIN1, "9000");
	assert_answer(card, "002241B806 80011A 840101", "6A80");
	assert_answer(card, "002241B806 80014D 840101", "6A80");
	applet_free(card);
}

/* 4.1: the logout ends PIN2 for both keys. */
static void
select_by_aid_forgets_the_pins(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, VERIFY_PIN1, "9000");
	assert_answer(card, VERIFY_PIN2, "9000");
	assert_answer(card, SELECT_AID, "9000");
	assert_answer(card, "0020001100", "63C5");
	assert_answer(card, "0020008200", "63C5");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_atr_is_that_of_the_variant),
	    cmocka_unit_test(an_unknown_variant_is_refused),
	    cmocka_unit_test(a_serial_number_of_another_length_is_refused),
	    cmocka_unit_test(a_first_key_on_a_curve_is_refused),
	    TEST(key_1_signs_with_pss),
	    TEST(key_2_signs_with_3072_bits),
	    TEST(key_3_signs_with_ecdsa),
	    TEST(one_pin_2_is_one_signature_of_either_key),
	    TEST(a_changed_pin_2_opens_both_keys),
	    TEST(key_1_deciphers_oaep),
	    cmocka_unit_test(a_service_signs_with_pkcs1_only),
	    cmocka_unit_test(a_service_does_not_decipher),
	    TEST(select_by_aid_forgets_the_pins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
