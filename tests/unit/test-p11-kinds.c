/*
 * Keys of kinds that no personality takes, on a plain card of ISO/IEC 7816-15 that is made here, with
 * T=0 and with T=1: what the module's driver pkcs15 and its Cryptoki side make of them. OpenSSL judges.
 */
#include "test-p11-cryptoki.h"

#include "emulator/personality.h"
#include "iso7816/pkcs15.h"
#include "iso7816/tlv.h"

enum {
	DF_APPLICATION = 0x5015,
	EF_OD = 0x5031,
	EF_CIAINFO = 0x5032,
	EF_AOD = 0x4401,
	EF_PRKD = 0x4402,
	EF_CD = 0x4403,
	EF_CERTIFICATE = 0x4331,
	PIN_REFERENCE = 0x01,
	KEY_REFERENCE = 0x05,
	ALGORITHM_SIGN = 0x02,
	ALGORITHM_DECIPHER = 0x0A,
	ALGORITHM_ECDSA = 0x04,
	ALGORITHM_ECDH = 0x0B,
	POINT_MAX = 1 + 2 * 66,
	BLOCK_MAX = 512,
};

#define AID 0xA0, 0x00, 0x00, 0x00, 0x63, 'P', 'K', 'C', 'S', '-', '1', '5'
#define FILE_OF(fid)                                                                      \
	{                                                                                 \
		.kind = PKCS15_PATH_FILE, .file = {(fid) >> 8, (fid)&0xFF}, .file_len = 2 \
	}

static const uint8_t APPLICATION_ID[] = {AID};
/* No historical bytes: T=0, and T=1. */
static const uint8_t ATR_T0[] = {0x3B, 0x00}, ATR_T1[] = {0x3B, 0x80, 0x01, 0x81};

/* The card takes a hash of any length for ECDSA, as CKM_ECDSA means it. */
static const struct algorithm ALGORITHMS[] = {
    {.se = SE_DST,
     .reference = ALGORITHM_SIGN,
     .operation = KEY_SIGN_PKCS1,
     .input = INPUT_DIGESTINFO},
    {.se = SE_CT,
     .reference = ALGORITHM_DECIPHER,
     .operation = KEY_DECIPHER_PKCS1,
     .input = INPUT_CRYPTOGRAM},
    {.se = SE_DST,
     .reference = ALGORITHM_ECDSA,
     .operation = KEY_SIGN_ECDSA,
     .input = INPUT_DIGESTINFO},
    {.se = SE_CT,
     .reference = ALGORITHM_ECDH,
     .operation = KEY_DERIVE_ECDH,
     .input = INPUT_CRYPTOGRAM},
};

static bool
add_file(struct card *of, uint16_t fid, bool encoded, const struct writer *content,
	 struct image_error *error)
{
	const struct file_spec spec = {
	    .path = {DF_APPLICATION, fid}, .kind = FILE_EF, .read = ACCESS_IS_ALWAYS};

	return encoded && card_add_file(of, &spec, writer_bytes(content), error);
}

static bool
add_cia_info(struct card *of, struct image_error *error)
{
	const struct pkcs15_token_info info = {
	    .version = 1,
	    .label = "Plain",
	    .serial = {{0x01, 0x02, 0x03}, 3},
	    .algorithms = {{1,
			    CKM_RSA_PKCS,
			    PKCS15_OPERATION_COMPUTE_SIGNATURE,
			    {{0x2A}, 1},
			    true,
			    ALGORITHM_SIGN},
			   {2,
			    CKM_RSA_PKCS,
			    PKCS15_OPERATION_DECIPHER,
			    {{0x2A}, 1},
			    true,
			    ALGORITHM_DECIPHER},
			   {3,
			    CKM_ECDSA,
			    PKCS15_OPERATION_COMPUTE_SIGNATURE,
			    {{0x2A}, 1},
			    true,
			    ALGORITHM_ECDSA},
			   {4, CKM_ECDH1_DERIVE, 0, {{0x2A}, 1}, true, ALGORITHM_ECDH}},
	    .algorithms_count = 4};
	uint8_t data[1024];
	struct writer content = writer_to(data, sizeof(data));

	return add_file(of, EF_CIAINFO, pkcs15_encode_token_info(&info, false, &content), &content,
			error);
}

static bool
add_directories(struct card *of, struct image_error *error)
{
	static const struct pkcs15_directory list[] = {
	    {PKCS15_AUTHENTICATION_OBJECTS, FILE_OF(EF_AOD)},
	    {PKCS15_PRIVATE_KEYS, FILE_OF(EF_PRKD)},
	    {PKCS15_CERTIFICATES, FILE_OF(EF_CD)},
	};
	uint8_t data[256];
	struct writer content = writer_to(data, sizeof(data));
	bool encoded = true;

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		encoded = encoded && pkcs15_encode_directory(&list[i], &content);
	return add_file(of, EF_OD, encoded, &content, error);
}

static bool
add_pin(struct card *of, struct image_error *error)
{
	static const struct pkcs15_pin object = {.common = {.label = "PIN"},
						 .id = {{1}, 1},
						 .flags = PKCS15_PIN_INITIALIZED,
						 .type = PKCS15_PIN_ASCII_NUMERIC,
						 .min_len = 4,
						 .stored_len = 8,
						 .has_reference = true,
						 .reference = PIN_REFERENCE};
	static const struct pin_spec spec = {.counter = "pin",
					     .reference = PIN_REFERENCE,
					     .key = "auth",
					     .digits_only = true,
					     .length_min = 4,
					     .length_max = 8,
					     .tries = 3};
	uint8_t data[256];
	struct writer content = writer_to(data, sizeof(data));

	return card_add_pin(of, &spec, error) &&
	       add_file(of, EF_AOD, pkcs15_encode_pin(&object, &content), &content, error);
}

/* The size of an EC key's field is in its certificate only. */
static bool
add_key(struct card *of, const EVP_PKEY *key, struct image_error *error)
{
	static const struct key_spec spec = {.name = "auth",
					     .reference = KEY_REFERENCE,
					     .pin = PIN_REFERENCE,
					     .algorithms = ALGORITHMS,
					     .algorithms_count =
						 sizeof(ALGORITHMS) / sizeof(ALGORITHMS[0])};
	const bool rsa = EVP_PKEY_is_a(key, "RSA");
	const struct pkcs15_key object = {
	    .kind = rsa ? PKCS15_KEY_RSA : PKCS15_KEY_EC,
	    .common = {.label = "key", .flags = PKCS15_OBJECT_PRIVATE, .auth_id = {{1}, 1}},
	    .id = {{7}, 1},
	    .usage = PKCS15_USAGE_SIGN | (rsa ? PKCS15_USAGE_DECRYPT : PKCS15_USAGE_DERIVE),
	    .has_reference = true,
	    .reference = KEY_REFERENCE,
	    .path = {.kind = PKCS15_PATH_FILE},
	    .bits = rsa ? (uint32_t)EVP_PKEY_get_bits(key) : 0};
	uint8_t data[256];
	struct writer content = writer_to(data, sizeof(data));

	return card_add_key(of, &spec, error) &&
	       add_file(of, EF_PRKD, pkcs15_encode_key(&object, &content), &content, error);
}

static bool
add_certificate(struct card *of, const struct image_key *key, struct image_error *error)
{
	static const struct pkcs15_certificate object = {
	    .common = {.label = "certificate"}, .id = {{7}, 1}, .path = FILE_OF(EF_CERTIFICATE)};
	uint8_t data[256], copy[4096];
	struct writer content = writer_to(data, sizeof(data)), der = writer_to(copy, sizeof(copy));

	writer_put(&der, (struct bytes){key->certificate, key->certificate_len});

	return add_file(of, EF_CD, pkcs15_encode_certificate(&object, &content), &content, error) &&
	       add_file(of, EF_CERTIFICATE, true, &der, error);
}

static struct applet_card *card;

static bool
personalise(struct card *of, const struct image *image, struct image_error *error)
{
	static const struct file_spec application = {
	    .path = {DF_APPLICATION},
	    .kind = FILE_DF,
	    .name = {APPLICATION_ID, sizeof(APPLICATION_ID)}};

	return card_add_file(of, &application, BYTES_NONE, error) && add_directories(of, error) &&
	       add_cia_info(of, error) && add_pin(of, error) &&
	       add_key(of, card->keys[0].key, error) && add_certificate(of, &image->keys[0], error);
}

static void
fci(const struct file *file, uint8_t p2, struct writer *writer)
{
	enum { TAG_FCP = 0x62, TAG_SIZE = 0x80, TAG_FID = 0x83 };
	const size_t mark = tlv_begin(writer, TAG_FCP);

	(void)p2;
	if (file->spec.kind == FILE_EF)
		tlv_put_u16(writer, TAG_SIZE, (uint16_t)file->content.len);
	tlv_put_u16(writer, TAG_FID, file->fid);
	tlv_end(writer, mark);
}

/* A session of a card with this key, which is the card's from now on. */
static CK_SESSION_HANDLE
insert(EVP_PKEY *key, struct bytes atr)
{
	static struct personality plain = {
	    .name = "plain",
	    .personalise = personalise,
	    .fci = fci,
	    .rules = {.select = SELECT_NAME | SELECT_CHILD_EF | SELECT_FCP | SELECT_NO_DATA}};
	struct image_error error = {""};
	struct card_host host = {.save = applet_save};

	assert_non_null(key);
	plain.atr = atr;
	card = applet_new(plain.name, "010203", "");
	card->keys[card->keys_count++] =
	    (struct applet_key){.name = "auth", .key = key, .pin = AUTH_PIN, .owned = true};
	card->image.keys[card->image.keys_count++] =
	    (struct image_key){.name = "auth", .service = IMAGE_SERVICE_FILE};
	card->image.keys[0].certificate =
	    applet_certificate(key, "plain", key, "plain", &card->image.keys[0].certificate_len);
	host.context = &card->image;
	card->card = card_new(&card->image, &plain, &host, &error);
	if (card->card == NULL)
		fail_msg("%s", error.text);
	p11_begin("");
	fake_put(0, card);
	return p11_logged_in(p11_slot(1, 0), AUTH_PIN);
}

static void
take_out(void)
{
	p11_end();
	applet_free(card);
}

static void
assert_key_size(CK_MECHANISM_TYPE type, CK_FLAGS flag, CK_ULONG bits)
{
	CK_MECHANISM_INFO info = {.flags = 0};

	assert_ok(C_GetMechanismInfo(p11_slot(1, 0), type, &info));
	assert_int_equal(info.flags & flag, flag);
	assert_int_equal(info.ulMinKeySize, bits);
	assert_int_equal(info.ulMaxKeySize, bits);
}

static bool
openssl_verifies(const char *digest, const CK_BYTE *signature, size_t len)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	const unsigned char *at = card->image.keys[0].certificate;
	X509 *certificate = d2i_X509(NULL, &at, (long)card->image.keys[0].certificate_len);
	bool ok;

	assert_int_equal(EVP_DigestVerifyInit_ex(context, NULL, digest, NULL, NULL,
						 X509_get0_pubkey(certificate), NULL),
			 1);
	ok = EVP_DigestVerify(context, signature, len, (const uint8_t *)DOCUMENT,
			      sizeof(DOCUMENT) - 1) == 1;
	EVP_MD_CTX_free(context);
	X509_free(certificate);
	return ok;
}

static const struct {
	CK_MECHANISM_TYPE rsa, ec;
	const char *digest;
} HASHES[] = {
    {CKM_SHA1_RSA_PKCS, CKM_ECDSA_SHA1, "SHA1"},
    {CKM_SHA256_RSA_PKCS, CKM_ECDSA_SHA256, "SHA256"},
    {CKM_SHA384_RSA_PKCS, CKM_ECDSA_SHA384, "SHA384"},
    {CKM_SHA512_RSA_PKCS, CKM_ECDSA_SHA512, "SHA512"},
};
enum { HASHES_COUNT = sizeof(HASHES) / sizeof(HASHES[0]) };

static void
assert_rsa_signs(CK_SESSION_HANDLE session, size_t block)
{
	const CK_OBJECT_HANDLE key = p11_one(session, CKO_PRIVATE_KEY);
	CK_BYTE signature[BLOCK_MAX];

	for (size_t i = 0; i < HASHES_COUNT; i++) {
		CK_ULONG len = sizeof(signature);

		assert_ok(p11_sign_init(session, HASHES[i].rsa, key));
		assert_ok(p11_sign(session, signature, &len));
		assert_int_equal(len, block);
		assert_true(openssl_verifies(HASHES[i].digest, signature, len));
	}
}

/* What OpenSSL encrypted to the key: one byte more than the block goes to the card. */
static void
assert_rsa_deciphers(CK_SESSION_HANDLE session, size_t block)
{
	static const uint8_t message[] = "a short message";
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(card->keys[0].key, NULL);
	CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0};
	CK_BYTE cryptogram[BLOCK_MAX], plain[BLOCK_MAX];
	CK_ULONG plain_len = sizeof(plain);
	size_t len = sizeof(cryptogram);

	assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
	assert_int_equal(EVP_PKEY_encrypt(context, cryptogram, &len, message, sizeof(message)), 1);
	EVP_PKEY_CTX_free(context);
	assert_int_equal(len, block);
	assert_ok(C_DecryptInit(session, &mechanism, p11_one(session, CKO_PRIVATE_KEY)));
	assert_ok(C_Decrypt(session, cryptogram, len, plain, &plain_len));
	assert_int_equal(plain_len, sizeof(message));
	assert_memory_equal(plain, message, sizeof(message));
}

static void
rsa_keys_of_1024_and_4096_bits_sign_and_decipher(void **state)
{
	static const struct {
		unsigned bits;
		struct bytes atr;
	} rows[] = {
	    {1024, {ATR_T0, sizeof(ATR_T0)}},
	    {1024, {ATR_T1, sizeof(ATR_T1)}},
	    {4096, {ATR_T0, sizeof(ATR_T0)}},
	    {4096, {ATR_T1, sizeof(ATR_T1)}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CK_SESSION_HANDLE session = insert(EVP_RSA_gen(rows[i].bits), rows[i].atr);

		assert_key_size(CKM_RSA_PKCS, CKF_SIGN | CKF_DECRYPT, rows[i].bits);
		assert_rsa_signs(session, rows[i].bits / 8);
		assert_rsa_deciphers(session, rows[i].bits / 8);
		take_out();
	}
}

static const struct {
	const char *curve;
	CK_ULONG bits;
} CURVES[] = {
    {"P-256", 256},           {"P-384", 384},           {"P-521", 521},
    {"brainpoolP256r1", 256}, {"brainpoolP384r1", 384},
};
enum { CURVES_COUNT = sizeof(CURVES) / sizeof(CURVES[0]) };

static bool
is_ecdsa(const char *digest, const CK_BYTE *signature, size_t len)
{
	const int half = (int)len / 2;
	ECDSA_SIG *numbers = ECDSA_SIG_new();
	uint8_t *der = NULL;
	int der_len;
	bool ok;

	assert_int_equal(ECDSA_SIG_set0(numbers, BN_bin2bn(signature, half, NULL),
					BN_bin2bn(signature + half, half, NULL)),
			 1);
	der_len = i2d_ECDSA_SIG(numbers, &der);
	assert_true(der_len > 0);
	ok = openssl_verifies(digest, der, (size_t)der_len);
	OPENSSL_free(der);
	ECDSA_SIG_free(numbers);
	return ok;
}

/* Also over hashes that are longer and shorter than the field. */
static void
assert_ec_signs(CK_SESSION_HANDLE session, size_t field_len)
{
	const CK_OBJECT_HANDLE key = p11_one(session, CKO_PRIVATE_KEY);
	CK_BYTE signature[BLOCK_MAX];

	for (size_t i = 0; i < HASHES_COUNT; i++) {
		CK_ULONG len = sizeof(signature);

		assert_ok(p11_sign_init(session, HASHES[i].ec, key));
		assert_ok(p11_sign(session, signature, &len));
		assert_int_equal(len, 2 * field_len);
		assert_true(is_ecdsa(HASHES[i].digest, signature, len));
	}
}

static void
ec_keys_of_each_curve_sign(void **state)
{
	(void)state;
	for (size_t i = 0; i < CURVES_COUNT; i++) {
		CK_SESSION_HANDLE session =
		    insert(EVP_EC_gen(CURVES[i].curve), i % 2 ? BYTES(ATR_T0) : BYTES(ATR_T1));

		assert_key_size(CKM_ECDSA, CKF_SIGN, CURVES[i].bits);
		assert_ec_signs(session, (CURVES[i].bits + 7) / 8);
		take_out();
	}
}

/* X of the point that OpenSSL and the card's certificate agree on. */
static size_t
openssl_derives(EVP_PKEY *other, CK_BYTE *secret, size_t room)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(other, NULL);
	size_t len = room;

	assert_int_equal(EVP_PKEY_derive_init(context), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(context, card->keys[0].key), 1);
	assert_int_equal(EVP_PKEY_derive(context, secret, &len), 1);
	EVP_PKEY_CTX_free(context);
	return len;
}

static void
assert_derives(CK_SESSION_HANDLE session, const char *curve)
{
	EVP_PKEY *other = EVP_EC_gen(curve);
	CK_BYTE point[POINT_MAX], ours[POINT_MAX], theirs[POINT_MAX];
	CK_ECDH1_DERIVE_PARAMS params = {CKD_NULL, 0, NULL, 0, point};
	CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &params, sizeof(params)};
	CK_ATTRIBUTE value = {CKA_VALUE, ours, sizeof(ours)};
	CK_OBJECT_HANDLE secret;
	size_t len = 0;

	assert_int_equal(EVP_PKEY_get_octet_string_param(other, "pub", point, sizeof(point), &len),
			 1);
	params.ulPublicDataLen = len;
	assert_ok(
	    C_DeriveKey(session, &mechanism, p11_one(session, CKO_PRIVATE_KEY), NULL, 0, &secret));
	assert_ok(C_GetAttributeValue(session, secret, &value, 1));
	assert_int_equal(value.ulValueLen, openssl_derives(other, theirs, sizeof(theirs)));
	assert_memory_equal(ours, theirs, value.ulValueLen);
	EVP_PKEY_free(other);
}

static void
ec_keys_of_each_curve_agree_on_a_secret(void **state)
{
	(void)state;
	for (size_t i = 0; i < CURVES_COUNT; i++) {
		CK_SESSION_HANDLE session =
		    insert(EVP_EC_gen(CURVES[i].curve), i % 2 ? BYTES(ATR_T1) : BYTES(ATR_T0));

		assert_key_size(CKM_ECDH1_DERIVE, CKF_DERIVE, CURVES[i].bits);
		assert_derives(session, CURVES[i].curve);
		take_out();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rsa_keys_of_1024_and_4096_bits_sign_and_decipher),
	    cmocka_unit_test(ec_keys_of_each_curve_sign),
	    cmocka_unit_test(ec_keys_of_each_curve_agree_on_a_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
