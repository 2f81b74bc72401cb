/*
 * What an open key does. Key agreement against published vectors; signatures and ciphertexts, which
 * are random, against OpenSSL's public operations.
 */
#include "cmdbridge/keyuse.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hex.h"

enum { OUTPUT_MAX = 1024, RSA_BITS = 2048, RSA_LEN = RSA_BITS / 8 };

static const enum digest digests[] = {DIGEST_SHA1, DIGEST_SHA224, DIGEST_SHA256, DIGEST_SHA384,
				      DIGEST_SHA512};
static const char *const curves[] = {"P-256", "P-384", "P-521", "brainpoolP256r1",
				     "brainpoolP384r1"};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const uint8_t some_hash[DIGEST_LEN_MAX] = {
    0xB5, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F,
    0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x1B, 0x1C, 0x1D, 0x1E, 0x1F,
    0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x2B, 0x2C, 0x2D, 0x2E, 0x2F,
    0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F};

struct used {
	enum keyfile_result result;
	uint8_t output[OUTPUT_MAX];
	size_t len;
};

static struct used
use(EVP_PKEY *key, enum keyfile_operation operation, enum digest digest, struct bytes input)
{
	struct used used;
	struct writer writer = writer_to(used.output, sizeof(used.output));

	used.result = keyuse(key, operation, digest, input, &writer);
	used.len = writer.len;
	return used;
}

static EVP_PKEY *
rsa(void)
{
	static EVP_PKEY *key;

	if (key == NULL)
		key = EVP_RSA_gen(RSA_BITS);
	assert_non_null(key);
	return key;
}

static EVP_PKEY *
ec(const char *curve)
{
	EVP_PKEY *key = EVP_EC_gen(curve);

	assert_non_null(key);
	return key;
}

/* 04 || X || Y of the public key. */
static struct hex
point_of(const EVP_PKEY *key)
{
	struct hex point;

	assert_int_equal(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point.data,
							 sizeof(point.data), &point.len),
			 1);
	return point;
}

/* ---- ECDH ---- */

static EVP_PKEY *
ec_of_scalar(const char *curve, const char *scalar)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(OBJ_txt2nid(curve));
	EC_POINT *point = EC_POINT_new(group);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;
	BIGNUM *private = NULL;
	OSSL_PARAM *params;
	uint8_t octets[160];
	size_t len;

	assert_true(BN_hex2bn(&private, scalar) > 0);
	assert_int_equal(EC_POINT_mul(group, point, private, NULL, NULL, NULL), 1);
	len = EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, octets,
				 sizeof(octets), NULL);
	OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, curve, 0);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, private);
	OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, octets, len);
	params = OSSL_PARAM_BLD_to_param(build);
	assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
	assert_int_equal(EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, params), 1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(context);
	BN_free(private);
	EC_POINT_free(point);
	EC_GROUP_free(group);
	return key;
}

static void
key_agreement_gives_the_published_x(void **state)
{
	static const struct {
		const char *curve, *ours, *theirs, *x;
	} vectors[] = {
	    /* RFC 5903 section 8.1: i, r, girx */
	    {"prime256v1", "C88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1433",
	     "C6EF9C5D78AE012A011164ACB397CE2088685D8F06BF9BE0B283AB46476BEE53",
	     "D6840F6B42F6EDAFD13116E0E12565202FEF8E9ECE7DCE03812464D04B9442DE"},
	    /* section 8.2 */
	    {"secp384r1",
	     "099F3C7034D4A2C699884D73A375A67F7624EF7C6B3C0F160647B67414DCE655"
	     "E35B538041E649EE3FAEF896783AB194",
	     "41CB0779B4BDB85D47846725FBEC3C9430FAB46CC8DC5060855CC9BDA0AA2942"
	     "E0308312916B8ED2960E4BD55A7448FC",
	     "11187331C279962D93D604243FD592CB9D0A926F422E47187521287E7156C5C4"
	     "D603135569B9E9D09CF5D4A270F59746"},
	    /* section 8.3 */
	    {"secp521r1",
	     "0037ADE9319A89F4DABDB3EF411AACCCA5123C61ACAB57B5393DCE47608172A0"
	     "95AA85A30FE1C2952C6771D937BA9777F5957B2639BAB072462F68C27A57382D4A52",
	     "0145BA99A847AF43793FDD0E872E7CDFA16BE30FDC780F97BCCC3F078380201E"
	     "9C677D600B343757A3BDBF2A3163E4C2F869CCA7458AA4A4EFFC311F5CB151685EB9",
	     "01144C7D79AE6956BC8EDB8E7C787C4521CB086FA64407F97894E5E6B2D79B04"
	     "D1427E73CA4BAA240A34786859810C06B3C715A3A8CC3151F2BEE417996D19F3DDEA"},
	    /* RFC 7027 appendix A.1: dA, dB, x_Z */
	    {"brainpoolP256r1", "81DB1EE100150FF2EA338D708271BE38300CB54241D79950F77B063039804F1D",
	     "55E40BC41E37E3E2AD25C3C6654511FFA8474A91A0032087593852D3E7D76BD3",
	     "89AFC39D41D3B327814B80940B042590F96556EC91E6AE7939BCE31F3A18BF2B"},
	    /* appendix A.2 */
	    {"brainpoolP384r1",
	     "1E20F5E048A5886F1F157C74E91BDE2B98C8B52D58E5003D57053FC4B0BD65D6"
	     "F15EB5D1EE1610DF870795143627D042",
	     "032640BC6003C59260F7250C3DB58CE647F98E1260ACCE4ACDA3DD869F74E01F"
	     "8BA5E0324309DB6A9831497ABAC96670",
	     "0BD9D3A7EA0B3D519D09D8E48D0785FB744A6B355E6304BC51C229FBBCE239BB"
	     "ADF6403715C35D4FB2A5444F575D4F42"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		EVP_PKEY *ours = ec_of_scalar(vectors[i].curve, vectors[i].ours);
		EVP_PKEY *theirs = ec_of_scalar(vectors[i].curve, vectors[i].theirs);
		const struct hex point = point_of(theirs);
		const struct used used = use(ours, KEYFILE_DERIVE_ECDH, DIGEST_SHA1, HEX(point));

		assert_int_equal(used.result, KEYFILE_OK);
		assert_bytes_hex((struct bytes){used.output, used.len}, vectors[i].x);
		EVP_PKEY_free(ours);
		EVP_PKEY_free(theirs);
	}
}

static void
assert_point_refused(EVP_PKEY *key, struct bytes point)
{
	const struct used used = use(key, KEYFILE_DERIVE_ECDH, DIGEST_SHA1, point);

	assert_int_equal(used.result, KEYFILE_BAD_INPUT);
	assert_int_equal(used.len, 0);
}

static void
a_point_that_is_not_on_the_curve_is_bad_input(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(curves); i++) {
		EVP_PKEY *key = ec(curves[i]);
		struct hex point = point_of(key);

		point.data[point.len - 1] ^= 1;
		assert_point_refused(key, HEX(point));
		EVP_PKEY_free(key);
	}
}

static void
a_point_of_another_curve_is_bad_input(void **state)
{
	EVP_PKEY *key = ec("P-256"), *other = ec("brainpoolP256r1");
	const struct hex point = point_of(other);

	(void)state;
	assert_point_refused(key, HEX(point));
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
}

/* SEC 1 section 2.3.3: 02 and 03 compressed, 00 the point at infinity; X9.62: 06 and 07 hybrid. */
static void
a_point_in_another_form_is_bad_input(void **state)
{
	EVP_PKEY *key = ec("P-256");
	struct hex point = point_of(key);
	const uint8_t parity = point.data[64] & 1;

	(void)state;
	point.data[0] = 0x06 | parity;
	assert_point_refused(key, HEX(point));
	point.data[0] = 0x02 | parity;
	assert_point_refused(key, (struct bytes){point.data, 33});
	point.data[0] = 0x00;
	assert_point_refused(key, (struct bytes){point.data, 1});
	EVP_PKEY_free(key);
}

static void
a_point_of_another_length_is_bad_input(void **state)
{
	EVP_PKEY *key = ec("P-384");
	struct hex point = point_of(key);

	(void)state;
	assert_point_refused(key, BYTES_NONE);
	assert_point_refused(key, (struct bytes){point.data, point.len - 1});
	assert_point_refused(key, (struct bytes){point.data, point.len + 1});
	EVP_PKEY_free(key);
}

/* ---- ECDSA ---- */

/* OpenSSL's opinion of plain r || s. */
static bool
ecdsa_verifies(EVP_PKEY *key, struct bytes hash, const struct used *signature)
{
	const int half = (int)(signature->len / 2);
	ECDSA_SIG *sig = ECDSA_SIG_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	uint8_t *der = NULL;
	int len, verified;

	assert_int_equal(ECDSA_SIG_set0(sig, BN_bin2bn(signature->output, half, NULL),
					BN_bin2bn(signature->output + half, half, NULL)),
			 1);
	len = i2d_ECDSA_SIG(sig, &der);
	assert_true(len > 0);
	assert_int_equal(EVP_PKEY_verify_init(context), 1);
	verified = EVP_PKEY_verify(context, der, (size_t)len, hash.data, hash.len);
	OPENSSL_free(der);
	ECDSA_SIG_free(sig);
	EVP_PKEY_CTX_free(context);
	return verified == 1;
}

static void
an_ecdsa_signature_is_r_and_s_of_the_fields_length(void **state)
{
	static const size_t lengths[] = {64, 96, 132, 64, 96};

	(void)state;
	for (size_t i = 0; i < COUNT(curves); i++) {
		EVP_PKEY *key = ec(curves[i]);

		for (size_t j = 0; j < COUNT(digests); j++) {
			const struct bytes hash = {some_hash, digest_len(digests[j])};
			const struct used used = use(key, KEYFILE_SIGN_ECDSA, DIGEST_SHA1, hash);

			assert_int_equal(used.result, KEYFILE_OK);
			assert_int_equal(used.len, lengths[i]);
			assert_true(ecdsa_verifies(key, hash, &used));
		}
		EVP_PKEY_free(key);
	}
}

/* SEC 1 section 4.1.3 step 5: of SHA-512 on P-256 the first 256 bits. */
static void
the_leftmost_bits_of_a_long_hash_are_signed(void **state)
{
	EVP_PKEY *key = ec("P-256");
	const struct used used = use(key, KEYFILE_SIGN_ECDSA, DIGEST_SHA512, BYTES(some_hash));

	(void)state;
	assert_int_equal(used.result, KEYFILE_OK);
	assert_true(ecdsa_verifies(key, (struct bytes){some_hash, 32}, &used));
	EVP_PKEY_free(key);
}

static void
what_is_no_hash_by_its_length_is_not_signed(void **state)
{
	static const uint8_t too_long[DIGEST_LEN_MAX + 1];
	EVP_PKEY *key = ec("P-384");

	(void)state;
	assert_int_equal(use(key, KEYFILE_SIGN_ECDSA, DIGEST_SHA1, BYTES(too_long)).result,
			 KEYFILE_BAD_INPUT);
	assert_int_equal(
	    use(key, KEYFILE_SIGN_ECDSA, DIGEST_SHA1, (struct bytes){some_hash, 19}).result,
	    KEYFILE_BAD_INPUT);
	assert_int_equal(use(key, KEYFILE_SIGN_ECDSA, DIGEST_SHA1, BYTES_NONE).result,
			 KEYFILE_BAD_INPUT);
	EVP_PKEY_free(key);
}

/* ---- RSA ---- */

static void
set_hash(EVP_PKEY_CTX *context, enum digest digest, int padding)
{
	const char *name = digest_name(digest);
	EVP_MD *md = EVP_MD_fetch(NULL, name, NULL);

	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, padding), 1);
	if (padding == RSA_PKCS1_OAEP_PADDING)
		assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md(context, md), 1);
	else
		assert_int_equal(EVP_PKEY_CTX_set_signature_md(context, md), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md(context, md), 1);
	EVP_MD_free(md);
}

/* fineid.md 6.2: MGF1 of the same hash, a salt of its length. */
static void
a_pss_signature_verifies_with_a_salt_of_the_hashs_length(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(digests); i++) {
		const struct bytes hash = {some_hash, digest_len(digests[i])};
		const struct used used = use(rsa(), KEYFILE_SIGN_PSS, digests[i], hash);
		EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(rsa(), NULL);

		assert_int_equal(used.result, KEYFILE_OK);
		assert_int_equal(used.len, RSA_LEN);
		assert_int_equal(EVP_PKEY_verify_init(context), 1);
		set_hash(context, digests[i], RSA_PKCS1_PSS_PADDING);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, (int)hash.len), 1);
		assert_int_equal(
		    EVP_PKEY_verify(context, used.output, used.len, hash.data, hash.len), 1);
		EVP_PKEY_CTX_free(context);
	}
}

static void
two_pss_signatures_have_different_salts(void **state)
{
	const struct bytes hash = {some_hash, 32};
	const struct used one = use(rsa(), KEYFILE_SIGN_PSS, DIGEST_SHA256, hash);
	const struct used two = use(rsa(), KEYFILE_SIGN_PSS, DIGEST_SHA256, hash);

	(void)state;
	assert_memory_not_equal(one.output, two.output, RSA_LEN);
}

static void
a_hash_of_another_length_is_not_signed_with_pss(void **state)
{
	const struct used used =
	    use(rsa(), KEYFILE_SIGN_PSS, DIGEST_SHA256, (struct bytes){some_hash, 48});

	(void)state;
	assert_int_equal(used.result, KEYFILE_BAD_INPUT);
	assert_int_equal(used.len, 0);
}

static void
encrypt_oaep(enum digest digest, struct bytes message, uint8_t cryptogram[RSA_LEN])
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(rsa(), NULL);
	size_t len = RSA_LEN;

	assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
	set_hash(context, digest, RSA_PKCS1_OAEP_PADDING);
	assert_int_equal(EVP_PKEY_encrypt(context, cryptogram, &len, message.data, message.len), 1);
	assert_int_equal(len, RSA_LEN);
	EVP_PKEY_CTX_free(context);
}

static void
an_oaep_cryptogram_is_deciphered(void **state)
{
	uint8_t cryptogram[RSA_LEN];

	(void)state;
	for (size_t i = 0; i < COUNT(digests); i++) {
		struct used used;

		encrypt_oaep(digests[i], BYTES_TEXT("session key"), cryptogram);
		used = use(rsa(), KEYFILE_DECIPHER_OAEP, digests[i], BYTES(cryptogram));
		assert_int_equal(used.result, KEYFILE_OK);
		assert_int_equal(used.len, strlen("session key"));
		assert_memory_equal(used.output, "session key", used.len);
	}
}

static void
oaep_with_another_hash_is_bad_input(void **state)
{
	uint8_t cryptogram[RSA_LEN];

	(void)state;
	encrypt_oaep(DIGEST_SHA256, BYTES_TEXT("session key"), cryptogram);
	assert_int_equal(use(rsa(), KEYFILE_DECIPHER_OAEP, DIGEST_SHA1, BYTES(cryptogram)).result,
			 KEYFILE_BAD_INPUT);
}

static void
a_cut_oaep_cryptogram_is_bad_input(void **state)
{
	uint8_t cryptogram[RSA_LEN];

	(void)state;
	encrypt_oaep(DIGEST_SHA256, BYTES_TEXT("session key"), cryptogram);
	assert_int_equal(use(rsa(), KEYFILE_DECIPHER_OAEP, DIGEST_SHA256,
			     (struct bytes){cryptogram, RSA_LEN - 1})
			     .result,
			 KEYFILE_BAD_INPUT);
}

/* ---- kinds of keys ---- */

static void
an_rsa_key_does_nothing_of_ec(void **state)
{
	(void)state;
	assert_int_equal(
	    use(rsa(), KEYFILE_SIGN_ECDSA, DIGEST_SHA256, (struct bytes){some_hash, 32}).result,
	    KEYFILE_BAD_INPUT);
	assert_int_equal(
	    use(rsa(), KEYFILE_DERIVE_ECDH, DIGEST_SHA256, (struct bytes){some_hash, 32}).result,
	    KEYFILE_BAD_INPUT);
}

static void
an_ec_key_does_nothing_of_rsa(void **state)
{
	static const enum keyfile_operation operations[] = {
	    KEYFILE_SIGN_PKCS1,     KEYFILE_SIGN_RAW,     KEYFILE_SIGN_PSS,
	    KEYFILE_DECIPHER_PKCS1, KEYFILE_DECIPHER_RAW, KEYFILE_DECIPHER_OAEP};
	EVP_PKEY *key = ec("P-256");

	(void)state;
	for (size_t i = 0; i < COUNT(operations); i++)
		assert_int_equal(
		    use(key, operations[i], DIGEST_SHA256, (struct bytes){some_hash, 32}).result,
		    KEYFILE_BAD_INPUT);
	EVP_PKEY_free(key);
}

static void
a_key_of_another_kind_is_broken(void **state)
{
	EVP_PKEY *keys[] = {ec("secp256k1"), EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		assert_int_equal(
		    use(keys[i], KEYFILE_SIGN_ECDSA, DIGEST_SHA256, (struct bytes){some_hash, 32})
			.result,
		    KEYFILE_BROKEN);
		EVP_PKEY_free(keys[i]);
	}
}

static int
end(void **state)
{
	(void)state;
	EVP_PKEY_free(rsa());
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(key_agreement_gives_the_published_x),
	    cmocka_unit_test(a_point_that_is_not_on_the_curve_is_bad_input),
	    cmocka_unit_test(a_point_of_another_curve_is_bad_input),
	    cmocka_unit_test(a_point_in_another_form_is_bad_input),
	    cmocka_unit_test(a_point_of_another_length_is_bad_input),
	    cmocka_unit_test(an_ecdsa_signature_is_r_and_s_of_the_fields_length),
	    cmocka_unit_test(the_leftmost_bits_of_a_long_hash_are_signed),
	    cmocka_unit_test(what_is_no_hash_by_its_length_is_not_signed),
	    cmocka_unit_test(a_pss_signature_verifies_with_a_salt_of_the_hashs_length),
	    cmocka_unit_test(two_pss_signatures_have_different_salts),
	    cmocka_unit_test(a_hash_of_another_length_is_not_signed_with_pss),
	    cmocka_unit_test(an_oaep_cryptogram_is_deciphered),
	    cmocka_unit_test(oaep_with_another_hash_is_bad_input),
	    cmocka_unit_test(a_cut_oaep_cryptogram_is_bad_input),
	    cmocka_unit_test(an_rsa_key_does_nothing_of_ec),
	    cmocka_unit_test(an_ec_key_does_nothing_of_rsa),
	    cmocka_unit_test(a_key_of_another_kind_is_broken),
	};

	return cmocka_run_group_tests_name("keyuse", tests, NULL, end);
}
