/*
 * Signatures, decryption and key agreement by keys of a card, and what is done of them in software:
 * OpenSSL judges. PKCS#11 2.40 sections 5.8 to 5.14, mechanisms 2.1 and 2.3.
 */
#include "p11-one-card.h"

#include <openssl/ec.h>
#include <openssl/kdf.h>

static CK_SESSION_HANDLE
auth_session(void)
{
	return p11_logged_in(p11_slot(2, 0), AUTH_PIN);
}

static CK_RSA_PKCS_PSS_PARAMS pss_sha256 = {CKM_SHA256, CKG_MGF1_SHA256, 32};
static CK_RSA_PKCS_PSS_PARAMS pss_sha256_salt_20 = {CKM_SHA256, CKG_MGF1_SHA256, 20};
static CK_RSA_PKCS_OAEP_PARAMS oaep_sha1 = {CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, NULL, 0};
static CK_RSA_PKCS_OAEP_PARAMS oaep_sha256_label = {CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED,
						    (void *)(uintptr_t) "label", 5};

#define OF(params) &(params), sizeof(params)

/* OpenSSL's word on a signature of DOCUMENT. `salt_len` -1: PKCS #1 v1.5, or ECDSA. */
static bool
openssl_verifies(const char *digest, int salt_len, struct bytes signature)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *key_context;
	bool ok;

	assert_int_equal(EVP_DigestVerifyInit_ex(context, &key_context, digest, NULL, NULL,
						 card->keys[0].key, NULL),
			 1);
	if (salt_len >= 0) {
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING),
				 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, salt_len), 1);
	}
	ok = EVP_DigestVerify(context, signature.data, signature.len, (const uint8_t *)DOCUMENT,
			      sizeof(DOCUMENT) - 1) == 1;
	EVP_MD_CTX_free(context);
	return ok;
}

static void
rsa_signatures_with_a_hash_verify_with_openssl(void **state)
{
	static const struct {
		CK_MECHANISM_TYPE type;
		const char *digest;
	} rows[] = {
	    {CKM_SHA1_RSA_PKCS, "SHA1"},     {CKM_SHA224_RSA_PKCS, "SHA224"},
	    {CKM_SHA256_RSA_PKCS, "SHA256"}, {CKM_SHA384_RSA_PKCS, "SHA384"},
	    {CKM_SHA512_RSA_PKCS, "SHA512"},
	};
	CK_SESSION_HANDLE session = auth_session();
	CK_OBJECT_HANDLE key = p11_one(session, CKO_PRIVATE_KEY);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CK_BYTE signature[256];
		CK_ULONG len = sizeof(signature);

		assert_ok(p11_sign_init(session, rows[i].type, key));
		assert_ok(p11_sign(session, signature, &len));
		assert_int_equal(len, 256);
		assert_true(openssl_verifies(rows[i].digest, -1, (struct bytes){signature, len}));
	}
}

static void
pss_is_made_over_raw_rsa_with_any_salt(void **state)
{
	CK_MECHANISM mechanisms[] = {{CKM_SHA256_RSA_PKCS_PSS, OF(pss_sha256)},
				     {CKM_SHA256_RSA_PKCS_PSS, OF(pss_sha256_salt_20)}};
	CK_SESSION_HANDLE session = auth_session();
	CK_OBJECT_HANDLE key = p11_one(session, CKO_PRIVATE_KEY);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		CK_BYTE signature[256];
		CK_ULONG len = sizeof(signature);

		assert_ok(C_SignInit(session, &mechanisms[i], key));
		assert_ok(p11_sign(session, signature, &len));
		assert_true(
		    openssl_verifies("SHA256", i == 0 ? 32 : 20, (struct bytes){signature, len}));
	}
}

static void
ecdsa_signatures_verify_with_openssl(void **state)
{
	CK_SESSION_HANDLE session = auth_session();
	CK_BYTE signature[96], der[128], *at = der;
	CK_ULONG len = sizeof(signature);
	ECDSA_SIG *numbers = ECDSA_SIG_new();
	int der_len;

	(void)state;
	assert_ok(p11_sign_init(session, CKM_ECDSA_SHA384, p11_one(session, CKO_PRIVATE_KEY)));
	assert_ok(p11_sign(session, signature, &len));
	assert_int_equal(len, 96);
	ECDSA_SIG_set0(numbers, BN_bin2bn(signature, 48, NULL),
		       BN_bin2bn(signature + 48, 48, NULL));
	der_len = i2d_ECDSA_SIG(numbers, &at);
	ECDSA_SIG_free(numbers);
	assert_true(openssl_verifies("SHA384", -1, (struct bytes){der, (size_t)der_len}));
}

static void
a_signature_that_does_not_fit_the_certificate_is_not_given_out(void **state)
{
	CK_SESSION_HANDLE session = auth_session();
	CK_OBJECT_HANDLE certificate = p11_one(session, CKO_CERTIFICATE);
	CK_BYTE value[4096];
	CK_ATTRIBUTE asked = {CKA_VALUE, value, sizeof(value)};

	(void)state;
	assert_ok(C_GetAttributeValue(session, certificate, &asked, 1));
	fake.readers[0].spoils = true;
	assert_rv(p11_sign_once(session, CKM_SHA256_RSA_PKCS), CKR_DEVICE_ERROR);
	fake.readers[0].spoils = false;
	/* What it was compared with is forgotten, and read again. */
	assert_rv(C_GetAttributeValue(session, certificate, &asked, 1), CKR_OBJECT_HANDLE_INVALID);
	asked.ulValueLen = sizeof(value);
	assert_ok(C_GetAttributeValue(session, p11_one(session, CKO_CERTIFICATE), &asked, 1));
	assert_ok(p11_sign_once(session, CKM_SHA256_RSA_PKCS));
}

static void
parts_of_the_data_are_signed_as_the_whole(void **state)
{
	CK_SESSION_HANDLE session = auth_session();
	CK_BYTE whole[256], parts[256], *data = (CK_BYTE *)(uintptr_t)DOCUMENT;
	CK_ULONG whole_len = sizeof(whole), parts_len = 0;
	CK_OBJECT_HANDLE key = p11_one(session, CKO_PRIVATE_KEY);

	(void)state;
	assert_ok(p11_sign_init(session, CKM_SHA256_RSA_PKCS, key));
	assert_ok(p11_sign(session, whole, &whole_len));
	assert_ok(p11_sign_init(session, CKM_SHA256_RSA_PKCS, key));
	assert_ok(C_SignUpdate(session, data, 10));
	assert_ok(C_SignUpdate(session, data + 10, sizeof(DOCUMENT) - 11));
	assert_ok(C_SignFinal(session, NULL, &parts_len));
	assert_int_equal(parts_len, 256);
	parts_len = 255;
	assert_rv(C_SignFinal(session, parts, &parts_len), CKR_BUFFER_TOO_SMALL);
	assert_ok(C_SignFinal(session, parts, &parts_len));
	assert_memory_equal(whole, parts, 256);
	assert_rv(C_SignFinal(session, parts, &parts_len), CKR_OPERATION_NOT_INITIALIZED);
}

static void
one_operation_at_a_time_and_null_cancels_it(void **state)
{
	CK_SESSION_HANDLE session = auth_session();
	CK_OBJECT_HANDLE key = p11_one(session, CKO_PRIVATE_KEY);
	CK_BYTE signature[256];
	CK_ULONG len = sizeof(signature);

	(void)state;
	assert_ok(p11_sign_init(session, CKM_SHA256_RSA_PKCS, key));
	assert_rv(p11_sign_init(session, CKM_SHA256_RSA_PKCS, key), CKR_OPERATION_ACTIVE);
	assert_ok(C_SignInit(session, NULL, 0));
	assert_rv(p11_sign(session, signature, &len), CKR_OPERATION_NOT_INITIALIZED);
	assert_ok(p11_sign_init(session, CKM_SHA256_RSA_PKCS, key));
	assert_ok(C_SessionCancel(session, CKF_SIGN));
	assert_rv(p11_sign(session, signature, &len), CKR_OPERATION_NOT_INITIALIZED);
}

static void
data_that_are_too_long_end_the_operation(void **state)
{
	CK_SESSION_HANDLE session = auth_session();
	CK_BYTE data[300] = {1}, signature[256];
	CK_ULONG len = sizeof(signature);

	(void)state;
	assert_ok(p11_sign_init(session, CKM_RSA_PKCS, p11_one(session, CKO_PRIVATE_KEY)));
	assert_rv(C_Sign(session, data, 246, signature, &len), CKR_DATA_LEN_RANGE);
	assert_rv(C_Sign(session, data, 20, signature, &len), CKR_OPERATION_NOT_INITIALIZED);
}

static void
what_is_no_digestinfo_is_refused_by_a_card_that_knows_nothing_else(void **state)
{
	CK_SESSION_HANDLE session = auth_session();
	CK_BYTE data[36] = {1}, signature[256];
	CK_ULONG len = sizeof(signature);

	(void)state;
	assert_ok(p11_sign_init(session, CKM_RSA_PKCS, p11_one(session, CKO_PRIVATE_KEY)));
	assert_rv(C_Sign(session, data, sizeof(data), signature, &len), CKR_DATA_INVALID);
}

static void
init_names_what_a_key_cannot_do(void **state)
{
	CK_SESSION_HANDLE session = auth_session();
	CK_OBJECT_HANDLE key = p11_one(session, CKO_PRIVATE_KEY);
	CK_OBJECT_HANDLE public = p11_one(session, CKO_PUBLIC_KEY);
	CK_MECHANISM pss = {CKM_SHA256_RSA_PKCS_PSS, NULL, 0};
	CK_MECHANISM other_hash = {CKM_SHA512_RSA_PKCS_PSS, OF(pss_sha256)};
	/* 2048 bits hold a hash of 32 bytes and a salt of 222 */
	CK_RSA_PKCS_PSS_PARAMS salt = {CKM_SHA256, CKG_MGF1_SHA256, 222};
	CK_MECHANISM salted = {CKM_SHA256_RSA_PKCS_PSS, OF(salt)};

	(void)state;
	assert_rv(p11_sign_init(session, CKM_ECDSA, key), CKR_KEY_TYPE_INCONSISTENT);
	assert_rv(p11_sign_init(session, CKM_SHA256, key), CKR_MECHANISM_INVALID);
	assert_rv(p11_sign_init(session, CKM_SHA256_RSA_PKCS, public), CKR_KEY_HANDLE_INVALID);
	assert_rv(p11_sign_init(session, CKM_SHA256_RSA_PKCS, 0), CKR_KEY_HANDLE_INVALID);
	assert_rv(C_SignInit(session, &pss, key), CKR_MECHANISM_PARAM_INVALID);
	assert_rv(C_SignInit(session, &other_hash, key), CKR_MECHANISM_PARAM_INVALID);
	assert_ok(C_SignInit(session, &salted, key));
	assert_ok(C_SignInit(session, NULL, 0));
	salt.sLen++;
	assert_rv(C_SignInit(session, &salted, key), CKR_MECHANISM_PARAM_INVALID);
}

static void
a_key_that_signs_documents_does_not_decrypt(void **state)
{
	CK_SESSION_HANDLE session = p11_logged_in(p11_slot(2, 1), SIGN_PIN);
	CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0};

	(void)state;
	assert_rv(C_DecryptInit(session, &mechanism, p11_one(session, CKO_PRIVATE_KEY)),
		  CKR_KEY_FUNCTION_NOT_PERMITTED);
}

/* What the public key encrypts in software, the private one decrypts on the card. */
static void
assert_decrypts(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism)
{
	CK_BYTE encrypted[256], message[256];
	CK_ULONG len = 0, message_len = 0;

	assert_ok(C_EncryptInit(session, mechanism, p11_one(session, CKO_PUBLIC_KEY)));
	assert_ok(C_Encrypt(session, (CK_BYTE *)(uintptr_t) "secret", 6, NULL, &len));
	assert_int_equal(len, 256);
	assert_ok(C_Encrypt(session, (CK_BYTE *)(uintptr_t) "secret", 6, encrypted, &len));
	assert_ok(C_DecryptInit(session, mechanism, p11_one(session, CKO_PRIVATE_KEY)));
	assert_ok(C_Decrypt(session, encrypted, len, NULL, &message_len));
	assert_true(message_len >= 6);
	message_len = 3;
	assert_rv(C_Decrypt(session, encrypted, len, message, &message_len), CKR_BUFFER_TOO_SMALL);
	assert_int_equal(message_len, 6);
	assert_ok(C_Decrypt(session, encrypted, len, message, &message_len));
	assert_memory_equal(message, "secret", 6);
	assert_rv(C_Decrypt(session, encrypted, len, message, &message_len),
		  CKR_OPERATION_NOT_INITIALIZED);
}

static void
each_padding_is_decrypted_and_the_card_is_asked_once(void **state)
{
	CK_MECHANISM mechanisms[] = {{CKM_RSA_PKCS, NULL, 0},
				     {CKM_RSA_PKCS_OAEP, OF(oaep_sha1)},
				     {CKM_RSA_PKCS_OAEP, OF(oaep_sha256_label)}};
	CK_SESSION_HANDLE session = auth_session();

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		unsigned before = card->requests;

		assert_decrypts(session, &mechanisms[i]);
		/* One for the PIN the first time, one for the key. */
		assert_true(card->requests - before <= 2);
	}
}

static void
a_damaged_cryptogram_is_told(void **state)
{
	CK_MECHANISM mechanism = {CKM_RSA_PKCS_OAEP, OF(oaep_sha1)};
	CK_SESSION_HANDLE session = auth_session();
	CK_BYTE encrypted[256] = {1, 2, 3}, message[256];
	CK_ULONG len = sizeof(message);
	CK_OBJECT_HANDLE key = p11_one(session, CKO_PRIVATE_KEY);

	(void)state;
	assert_ok(C_DecryptInit(session, &mechanism, key));
	assert_rv(C_Decrypt(session, encrypted, 256, message, &len), CKR_ENCRYPTED_DATA_INVALID);
	assert_ok(C_DecryptInit(session, &mechanism, key));
	assert_rv(C_Decrypt(session, encrypted, 255, message, &len), CKR_ENCRYPTED_DATA_LEN_RANGE);
}

static void
signatures_are_verified_in_software(void **state)
{
	CK_MECHANISM mechanisms[] = {{CKM_SHA256_RSA_PKCS, NULL, 0},
				     {CKM_SHA256_RSA_PKCS_PSS, OF(pss_sha256)},
				     {CKM_RSA_PKCS, NULL, 0},
				     {CKM_RSA_X_509, NULL, 0}};
	CK_SESSION_HANDLE session = auth_session();
	CK_BYTE *data = (CK_BYTE *)(uintptr_t)DOCUMENT, signature[256];
	CK_OBJECT_HANDLE public = p11_one(session, CKO_PUBLIC_KEY);

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		CK_ULONG len = sizeof(signature);

		assert_ok(C_SignInit(session, &mechanisms[i], p11_one(session, CKO_PRIVATE_KEY)));
		assert_ok(p11_sign(session, signature, &len));
		assert_ok(C_VerifyInit(session, &mechanisms[i], public));
		assert_ok(C_Verify(session, data, sizeof(DOCUMENT) - 1, signature, len));
		assert_ok(C_VerifyInit(session, &mechanisms[i], public));
		assert_rv(C_Verify(session, data, sizeof(DOCUMENT) - 1, signature, len - 1),
			  CKR_SIGNATURE_LEN_RANGE);
		signature[100] ^= 1;
		assert_ok(C_VerifyInit(session, &mechanisms[i], public));
		assert_rv(C_Verify(session, data, sizeof(DOCUMENT) - 1, signature, len),
			  CKR_SIGNATURE_INVALID);
		assert_rv(C_Verify(session, data, sizeof(DOCUMENT) - 1, signature, len),
			  CKR_OPERATION_NOT_INITIALIZED);
	}
}

/* The public half, as an object of the session. */
static CK_OBJECT_HANDLE
make_public_key(CK_SESSION_HANDLE session, const EVP_PKEY *key, const char *curve)
{
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_KEY_TYPE type = CKK_EC;
	ASN1_OBJECT *oid = OBJ_txt2obj(curve, 0);
	CK_BYTE point[256], params[32], *at = params;
	size_t len = 0;
	int params_len = i2d_ASN1_OBJECT(oid, &at);
	CK_OBJECT_HANDLE object = 0;
	CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof(class)},
				   {CKA_KEY_TYPE, &type, sizeof(type)},
				   {CKA_EC_PARAMS, params, (CK_ULONG)params_len},
				   {CKA_EC_POINT, point, 0}};

	ASN1_OBJECT_free(oid);
	assert_int_equal(EVP_PKEY_get_octet_string_param(key, "pub", point, sizeof(point), &len),
			 1);
	template[3].ulValueLen = len;
	assert_ok(C_CreateObject(session, template, 4, &object));
	return object;
}

/* SHA-256 and ECDSA by OpenSSL; r || s. */
static CK_ULONG
openssl_signs(EVP_PKEY *key, size_t half, CK_BYTE *signature)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	CK_BYTE der[256];
	const CK_BYTE *at = der;
	size_t len = sizeof(der);
	ECDSA_SIG *numbers;

	assert_int_equal(EVP_DigestSignInit_ex(context, NULL, "SHA256", NULL, NULL, key, NULL), 1);
	assert_int_equal(
	    EVP_DigestSign(context, der, &len, (const uint8_t *)DOCUMENT, sizeof(DOCUMENT) - 1), 1);
	EVP_MD_CTX_free(context);
	numbers = d2i_ECDSA_SIG(NULL, &at, (long)len);
	assert_non_null(numbers);
	BN_bn2binpad(ECDSA_SIG_get0_r(numbers), signature, (int)half);
	BN_bn2binpad(ECDSA_SIG_get0_s(numbers), signature + half, (int)half);
	ECDSA_SIG_free(numbers);
	return 2 * half;
}

/* Bare points: 04 is also the tag of an OCTET STRING, and here the length fits too. */
static void
a_point_that_looks_like_an_octet_string_is_taken_as_it_is(void **state)
{
	CK_SESSION_HANDLE session = auth_session();
	CK_BYTE point[65] = {0};
	EVP_PKEY *key = NULL;
	size_t len = 0;

	(void)state;
	for (unsigned i = 0; i < 20000 && point[1] != sizeof(point) - 2; i++) {
		EVP_PKEY_free(key);
		key = EVP_EC_gen("P-256");
		assert_int_equal(
		    EVP_PKEY_get_octet_string_param(key, "pub", point, sizeof(point), &len), 1);
	}
	assert_int_equal(point[1], sizeof(point) - 2);
	(void)make_public_key(session, key, "prime256v1");
	EVP_PKEY_free(key);
}

static void
a_signature_on_any_curve_is_verified(void **state)
{
	static const struct {
		const char *curve;
		size_t field_len;
	} rows[] = {
	    {"prime256v1", 32},      {"secp384r1", 48},       {"secp521r1", 66},
	    {"brainpoolP256r1", 32}, {"brainpoolP384r1", 48}, {"brainpoolP512r1", 64},
	};
	CK_MECHANISM mechanism = {CKM_ECDSA_SHA256, NULL, 0};
	CK_SESSION_HANDLE session = auth_session();
	CK_BYTE signature[256], *data = (CK_BYTE *)(uintptr_t)DOCUMENT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		EVP_PKEY *key = EVP_EC_gen(rows[i].curve);
		CK_OBJECT_HANDLE public = make_public_key(session, key, rows[i].curve);
		CK_ULONG len = openssl_signs(key, rows[i].field_len, signature);

		EVP_PKEY_free(key);
		assert_ok(C_VerifyInit(session, &mechanism, public));
		assert_ok(C_Verify(session, data, sizeof(DOCUMENT) - 1, signature, len));
		signature[len - 1] ^= 1;
		assert_ok(C_VerifyInit(session, &mechanism, public));
		assert_rv(C_Verify(session, data, sizeof(DOCUMENT) - 1, signature, len),
			  CKR_SIGNATURE_INVALID);
	}
}

static void
the_card_and_the_other_agree_on_a_secret(void **state)
{
	CK_SESSION_HANDLE session = auth_session();
	EVP_PKEY *other = EVP_EC_gen("P-384");
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(other, NULL);
	CK_BYTE point[97], ours[48], theirs[48];
	size_t len = 0;
	CK_ECDH1_DERIVE_PARAMS params = {CKD_NULL, 0, NULL, sizeof(point), point};
	CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &params, sizeof(params)};
	CK_ATTRIBUTE value = {CKA_VALUE, ours, sizeof(ours)};
	CK_OBJECT_HANDLE secret;

	(void)state;
	assert_int_equal(EVP_PKEY_get_octet_string_param(other, "pub", point, sizeof(point), &len),
			 1);
	assert_ok(
	    C_DeriveKey(session, &mechanism, p11_one(session, CKO_PRIVATE_KEY), NULL, 0, &secret));
	assert_ok(C_GetAttributeValue(session, secret, &value, 1));
	len = sizeof(theirs);
	assert_int_equal(EVP_PKEY_derive_init(context), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(context, card->keys[0].key), 1);
	assert_int_equal(EVP_PKEY_derive(context, theirs, &len), 1);
	assert_memory_equal(ours, theirs, sizeof(ours));
	point[5] ^= 1;
	assert_int_not_equal(
	    C_DeriveKey(session, &mechanism, p11_one(session, CKO_PRIVATE_KEY), NULL, 0, &secret),
	    CKR_OK);
	params.ulPublicDataLen = 96;
	assert_rv(
	    C_DeriveKey(session, &mechanism, p11_one(session, CKO_PRIVATE_KEY), NULL, 0, &secret),
	    CKR_MECHANISM_PARAM_INVALID);
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(other);
}

/* What OpenSSL makes of the secret that it has itself: ANSI X9.63 section 5.6.3. */
static void
openssl_stretches(EVP_PKEY *other, const char *digest, const char *shared, CK_BYTE *key, size_t len)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(other, NULL);
	EVP_MD *md = EVP_MD_fetch(NULL, digest, NULL);
	uint8_t *ukm = OPENSSL_memdup(shared, strlen(shared)); /* the context frees it */

	assert_int_equal(EVP_PKEY_derive_init(context), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(context, card->keys[0].key), 1);
	assert_int_equal(EVP_PKEY_CTX_set_ecdh_kdf_type(context, EVP_PKEY_ECDH_KDF_X9_63), 1);
	assert_int_equal(EVP_PKEY_CTX_set_ecdh_kdf_md(context, md), 1);
	assert_int_equal(EVP_PKEY_CTX_set_ecdh_kdf_outlen(context, (int)len), 1);
	assert_int_equal(EVP_PKEY_CTX_set0_ecdh_kdf_ukm(context, ukm, (int)strlen(shared)), 1);
	assert_int_equal(EVP_PKEY_derive(context, key, &len), 1);
	EVP_PKEY_CTX_free(context);
	EVP_MD_free(md);
}

/* Of less and of more than the hash's length. */
static void
a_secret_is_stretched_by_each_derivation_function(void **state)
{
	static const struct {
		unsigned long kdf;
		const char *digest;
	} rows[] = {
	    {CKD_SHA1_KDF, "SHA1"},     {CKD_SHA224_KDF, "SHA224"}, {CKD_SHA256_KDF, "SHA256"},
	    {CKD_SHA384_KDF, "SHA384"}, {CKD_SHA512_KDF, "SHA512"},
	};
	static const CK_ULONG lengths[] = {16, 100};
	static const char shared[] = "known to both";
	CK_SESSION_HANDLE session = auth_session();
	const CK_OBJECT_HANDLE key = p11_one(session, CKO_PRIVATE_KEY);
	EVP_PKEY *other = EVP_EC_gen("P-384");
	CK_BYTE point[97], ours[100], theirs[100];
	size_t len = 0;

	(void)state;
	assert_int_equal(EVP_PKEY_get_octet_string_param(other, "pub", point, sizeof(point), &len),
			 1);
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		CK_ULONG wanted = lengths[i % 2];
		CK_ECDH1_DERIVE_PARAMS params = {rows[i / 2].kdf, sizeof(shared) - 1,
						 (CK_BYTE *)(uintptr_t)shared, sizeof(point),
						 point};
		CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &params, sizeof(params)};
		CK_ATTRIBUTE template = {CKA_VALUE_LEN, &wanted, sizeof(wanted)};
		CK_ATTRIBUTE value = {CKA_VALUE, ours, sizeof(ours)};
		CK_OBJECT_HANDLE secret;

		assert_ok(C_DeriveKey(session, &mechanism, key, &template, 1, &secret));
		assert_ok(C_GetAttributeValue(session, secret, &value, 1));
		assert_int_equal(value.ulValueLen, wanted);
		openssl_stretches(other, rows[i / 2].digest, shared, theirs, wanted);
		assert_memory_equal(ours, theirs, wanted);
	}
	EVP_PKEY_free(other);
}

/* A secret that the card made with another key; the template says what it is. */
static CK_RV
derive(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *secret)
{
	EVP_PKEY *other = EVP_EC_gen("P-384");
	CK_BYTE point[97];
	CK_ECDH1_DERIVE_PARAMS params = {CKD_NULL, 0, NULL, sizeof(point), point};
	CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &params, sizeof(params)};
	size_t len = 0;

	assert_int_equal(EVP_PKEY_get_octet_string_param(other, "pub", point, sizeof(point), &len),
			 1);
	EVP_PKEY_free(other);
	return C_DeriveKey(session, &mechanism, p11_one(session, CKO_PRIVATE_KEY), template, count,
			   secret);
}

static void
a_secret_that_is_not_extractable_is_not_told(void **state)
{
	CK_SESSION_HANDLE session = auth_session();
	CK_BBOOL no = CK_FALSE;
	CK_ATTRIBUTE template = {CKA_EXTRACTABLE, &no, sizeof(no)};
	CK_BYTE secret[48];
	CK_ATTRIBUTE value = {CKA_VALUE, secret, sizeof(secret)};
	CK_OBJECT_HANDLE object;

	(void)state;
	assert_ok(derive(session, &template, 1, &object));
	assert_rv(C_GetAttributeValue(session, object, &value, 1), CKR_ATTRIBUTE_SENSITIVE);
}

static void
what_is_private_in_a_session_goes_with_the_login(void **state)
{
	CK_SESSION_HANDLE session = auth_session();
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE template = {CKA_PRIVATE, &yes, sizeof(yes)};
	CK_BYTE secret[48];
	CK_ATTRIBUTE value = {CKA_VALUE, secret, sizeof(secret)};
	CK_OBJECT_HANDLE private, public;

	(void)state;
	assert_ok(derive(session, &template, 1, &private));
	assert_ok(derive(session, NULL, 0, &public));
	assert_ok(C_Logout(session));
	assert_ok(p11_login(session, CKU_USER, AUTH_PIN));
	assert_rv(C_GetAttributeValue(session, private, &value, 1), CKR_OBJECT_HANDLE_INVALID);
	assert_ok(C_GetAttributeValue(session, public, &value, 1));
}

static void
a_digest_is_made_whole_or_in_parts(void **state)
{
	/* FIPS 180-2, appendix B.1 */
	static const uint8_t abc[] = {0xBA, 0x78, 0x16, 0xBF, 0x8F, 0x01, 0xCF, 0xEA,
				      0x41, 0x41, 0x40, 0xDE, 0x5D, 0xAE, 0x22, 0x23,
				      0xB0, 0x03, 0x61, 0xA3, 0x96, 0x17, 0x7A, 0x9C,
				      0xB4, 0x10, 0xFF, 0x61, 0xF2, 0x00, 0x15, 0xAD};
	CK_SESSION_HANDLE session = p11_open(p11_slot(2, 0), 0);
	CK_MECHANISM mechanism = {CKM_SHA256, NULL, 0};
	CK_BYTE digest[32];
	CK_ULONG len = 31;

	(void)state;
	assert_ok(C_DigestInit(session, &mechanism));
	assert_rv(C_Digest(session, (CK_BYTE *)(uintptr_t) "abc", 3, digest, &len),
		  CKR_BUFFER_TOO_SMALL);
	assert_ok(C_Digest(session, (CK_BYTE *)(uintptr_t) "abc", 3, digest, &len));
	assert_memory_equal(digest, abc, 32);
	assert_ok(C_DigestInit(session, &mechanism));
	assert_ok(C_DigestUpdate(session, (CK_BYTE *)(uintptr_t) "a", 1));
	assert_ok(C_DigestUpdate(session, (CK_BYTE *)(uintptr_t) "bc", 2));
	memset(digest, 0, sizeof(digest));
	assert_ok(C_DigestFinal(session, digest, &len));
	assert_memory_equal(digest, abc, 32);
}

static void
every_listed_mechanism_begins_and_no_other_does(void **state)
{
	CK_SESSION_HANDLE session = auth_session();
	CK_OBJECT_HANDLE key = p11_one(session, CKO_PRIVATE_KEY);
	CK_MECHANISM_TYPE list[64];
	CK_ULONG count = 64;

	(void)state;
	assert_ok(C_GetMechanismList(p11_slot(2, 0), list, &count));
	for (CK_MECHANISM_TYPE type = 0; type < 0x1100; type++) {
		CK_MECHANISM mechanism = {type, NULL, 0};
		CK_MECHANISM_INFO info = {.flags = 0};
		bool listed = false;
		CK_RV rv;

		for (CK_ULONG i = 0; i < count; i++)
			listed = listed || list[i] == type;
		rv = C_GetMechanismInfo(p11_slot(2, 0), type, &info);
		assert_rv(rv, listed ? CKR_OK : CKR_MECHANISM_INVALID);
		rv = C_SignInit(session, &mechanism, key);
		if (listed && (info.flags & CKF_SIGN) != 0)
			assert_true(rv == CKR_OK || rv == CKR_MECHANISM_PARAM_INVALID);
		else
			assert_true(rv == CKR_MECHANISM_INVALID || rv == CKR_KEY_TYPE_INCONSISTENT);
		assert_ok(C_SignInit(session, NULL, 0));
	}
}

static void
random_bytes_are_the_cards_or_ours(void **state)
{
	CK_SESSION_HANDLE session = p11_open(p11_slot(2, 0), 0);
	CK_BYTE one[32] = {0}, two[32] = {0}, many[1000];

	(void)state;
	assert_ok(C_GenerateRandom(session, one, sizeof(one)));
	assert_ok(C_GenerateRandom(session, two, sizeof(two)));
	assert_memory_not_equal(one, two, sizeof(one));
	assert_ok(C_GenerateRandom(session, many, sizeof(many)));
	assert_ok(C_GenerateRandom(session, many, 0));
}

int
main(void)
{
#define RSA_KEY(name) cmocka_unit_test_setup_teardown(name, p11_setup, p11_teardown)
#define EC_KEY_OF(name) cmocka_unit_test_setup_teardown(name, p11_setup_ec, p11_teardown)
/* Without raw RSA: DigestInfo of known hashes only. */
#define CC(name) cmocka_unit_test_setup_teardown(name, p11_setup_remote, p11_teardown)
	const struct CMUnitTest tests[] = {
	    RSA_KEY(rsa_signatures_with_a_hash_verify_with_openssl),
	    RSA_KEY(pss_is_made_over_raw_rsa_with_any_salt),
	    EC_KEY_OF(ecdsa_signatures_verify_with_openssl),
	    RSA_KEY(a_signature_that_does_not_fit_the_certificate_is_not_given_out),
	    RSA_KEY(parts_of_the_data_are_signed_as_the_whole),
	    RSA_KEY(one_operation_at_a_time_and_null_cancels_it),
	    RSA_KEY(data_that_are_too_long_end_the_operation),
	    CC(what_is_no_digestinfo_is_refused_by_a_card_that_knows_nothing_else),
	    RSA_KEY(init_names_what_a_key_cannot_do),
	    RSA_KEY(a_key_that_signs_documents_does_not_decrypt),
	    RSA_KEY(each_padding_is_decrypted_and_the_card_is_asked_once),
	    RSA_KEY(a_damaged_cryptogram_is_told),
	    RSA_KEY(signatures_are_verified_in_software),
	    EC_KEY_OF(a_point_that_looks_like_an_octet_string_is_taken_as_it_is),
	    EC_KEY_OF(a_signature_on_any_curve_is_verified),
	    EC_KEY_OF(the_card_and_the_other_agree_on_a_secret),
	    EC_KEY_OF(a_secret_is_stretched_by_each_derivation_function),
	    EC_KEY_OF(a_secret_that_is_not_extractable_is_not_told),
	    EC_KEY_OF(what_is_private_in_a_session_goes_with_the_login),
	    RSA_KEY(a_digest_is_made_whole_or_in_parts),
	    RSA_KEY(every_listed_mechanism_begins_and_no_other_does),
	    EC_KEY_OF(every_listed_mechanism_begins_and_no_other_does),
	    CC(every_listed_mechanism_begins_and_no_other_does),
	    RSA_KEY(random_bytes_are_the_cards_or_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
