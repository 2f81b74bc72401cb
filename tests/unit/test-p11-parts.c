/*
 * Operations of the module in parts, in the wrong order, and with parameters that are none: what
 * Cryptoki answers, and whether the operation goes on (PKCS#11 2.40 sections 5.8 to 5.15).
 */
#include "p11-one-card.h"

#define TEXT(text) (CK_BYTE *)(uintptr_t)(text), sizeof(text) - 1

static CK_SESSION_HANDLE
auth_session(void)
{
	return p11_logged_in(p11_slot(2, 0), AUTH_PIN);
}

/*
 * Decryption
 */
static CK_MECHANISM pkcs1 = {CKM_RSA_PKCS, NULL, 0};

static void
encrypt(CK_SESSION_HANDLE session, CK_BYTE encrypted[256])
{
	CK_ULONG len = 256;

	assert_ok(C_EncryptInit(session, &pkcs1, p11_one(session, CKO_PUBLIC_KEY)));
	assert_ok(C_Encrypt(session, TEXT("secret"), encrypted, &len));
	assert_int_equal(len, 256);
}

static void
begin_decryption(CK_SESSION_HANDLE session)
{
	assert_ok(C_DecryptInit(session, &pkcs1, p11_one(session, CKO_PRIVATE_KEY)));
}

static void
a_cryptogram_in_parts_is_decrypted_at_the_end(void **state)
{
	CK_SESSION_HANDLE session = auth_session();
	CK_BYTE encrypted[256], message[256];
	CK_ULONG len = 99;

	(void)state;
	encrypt(session, encrypted);
	begin_decryption(session);
	assert_ok(C_DecryptUpdate(session, encrypted, 100, message, &len));
	assert_int_equal(len, 0);
	assert_ok(C_DecryptUpdate(session, encrypted + 100, 156, message, &len));
	assert_ok(C_DecryptFinal(session, NULL, &len));
	assert_true(len >= 6);
	len = 5;
	assert_rv(C_DecryptFinal(session, message, &len), CKR_BUFFER_TOO_SMALL);
	assert_int_equal(len, 6);
	assert_ok(C_DecryptFinal(session, message, &len));
	assert_memory_equal(message, "secret", 6);
	assert_rv(C_DecryptFinal(session, message, &len), CKR_OPERATION_NOT_INITIALIZED);
}

static void
parts_that_are_too_few_or_too_many_end_the_decryption(void **state)
{
	CK_SESSION_HANDLE session = auth_session();
	CK_BYTE encrypted[256], message[256];
	CK_ULONG len = sizeof(message);

	(void)state;
	encrypt(session, encrypted);
	begin_decryption(session);
	assert_ok(C_DecryptUpdate(session, encrypted, 255, message, &len));
	len = sizeof(message);
	assert_rv(C_DecryptFinal(session, message, &len), CKR_ENCRYPTED_DATA_LEN_RANGE);
	assert_rv(C_DecryptFinal(session, message, &len), CKR_OPERATION_NOT_INITIALIZED);
	begin_decryption(session);
	assert_ok(C_DecryptUpdate(session, encrypted, 256, message, &len));
	assert_ok(C_DecryptUpdate(session, encrypted, 1, message, &len));
	len = sizeof(message);
	assert_rv(C_DecryptFinal(session, message, &len), CKR_ENCRYPTED_DATA_LEN_RANGE);
	assert_rv(C_DecryptFinal(session, message, &len), CKR_OPERATION_NOT_INITIALIZED);
}

static void
a_whole_after_parts_ends_the_decryption(void **state)
{
	CK_SESSION_HANDLE session = auth_session();
	CK_BYTE encrypted[256], message[256];
	CK_ULONG len = sizeof(message);

	(void)state;
	encrypt(session, encrypted);
	begin_decryption(session);
	assert_ok(C_DecryptUpdate(session, encrypted, 1, message, &len));
	len = sizeof(message);
	assert_rv(C_Decrypt(session, encrypted, 256, message, &len), CKR_OPERATION_ACTIVE);
	assert_rv(C_Decrypt(session, encrypted, 256, message, &len), CKR_OPERATION_NOT_INITIALIZED);
}

static void
null_where_none_may_be_ends_the_decryption(void **state)
{
	CK_SESSION_HANDLE session = auth_session();
	CK_BYTE encrypted[256] = {0}, message[256];
	CK_ULONG len = sizeof(message);

	(void)state;
	begin_decryption(session);
	assert_rv(C_Decrypt(session, encrypted, 256, message, NULL), CKR_ARGUMENTS_BAD);
	assert_rv(C_Decrypt(session, encrypted, 256, message, &len), CKR_OPERATION_NOT_INITIALIZED);
	begin_decryption(session);
	assert_rv(C_DecryptUpdate(session, NULL, 1, message, &len), CKR_ARGUMENTS_BAD);
	assert_rv(C_DecryptUpdate(session, encrypted, 1, message, &len),
		  CKR_OPERATION_NOT_INITIALIZED);
	begin_decryption(session);
	assert_rv(C_DecryptFinal(session, message, NULL), CKR_ARGUMENTS_BAD);
	assert_rv(C_DecryptFinal(session, message, &len), CKR_OPERATION_NOT_INITIALIZED);
}

/*
 * Digests
 */
static CK_MECHANISM sha256 = {CKM_SHA256, NULL, 0};

static void
a_digest_is_asked_for_its_length_and_null_ends_it(void **state)
{
	CK_SESSION_HANDLE session = p11_open(p11_slot(2, 0), 0);
	CK_BYTE digest[32];
	CK_ULONG len = 0;

	(void)state;
	assert_ok(C_DigestInit(session, &sha256));
	assert_ok(C_Digest(session, TEXT("abc"), NULL, &len));
	assert_int_equal(len, 32);
	assert_rv(C_Digest(session, TEXT("abc"), digest, NULL), CKR_ARGUMENTS_BAD);
	assert_rv(C_Digest(session, TEXT("abc"), digest, &len), CKR_OPERATION_NOT_INITIALIZED);
	assert_ok(C_DigestInit(session, &sha256));
	assert_rv(C_Digest(session, NULL, 3, digest, &len), CKR_ARGUMENTS_BAD);
	assert_rv(C_DigestFinal(session, digest, &len), CKR_OPERATION_NOT_INITIALIZED);
}

static void
a_whole_digest_after_parts_ends_it(void **state)
{
	CK_SESSION_HANDLE session = p11_open(p11_slot(2, 0), 0);
	CK_BYTE digest[32];
	CK_ULONG len = sizeof(digest);

	(void)state;
	assert_ok(C_DigestInit(session, &sha256));
	assert_rv(C_DigestInit(session, &sha256), CKR_OPERATION_ACTIVE);
	assert_ok(C_DigestUpdate(session, TEXT("abc")));
	assert_rv(C_Digest(session, TEXT("abc"), digest, &len), CKR_OPERATION_ACTIVE);
	assert_rv(C_DigestFinal(session, digest, &len), CKR_OPERATION_NOT_INITIALIZED);
}

/*
 * Secrets of two
 */
static CK_BYTE point[2 + 97];

/* Another's point, from point + 2 on. */
static void
make_point(void)
{
	EVP_PKEY *other = EVP_EC_gen("P-384");
	size_t len = 0;

	assert_int_equal(
	    EVP_PKEY_get_octet_string_param(other, "pub", point + 2, sizeof(point) - 2, &len), 1);
	assert_int_equal(len, 97);
	EVP_PKEY_free(other);
}

static CK_RV
derive(CK_SESSION_HANDLE session, CK_BYTE *given, CK_ULONG len, CK_ATTRIBUTE *template,
       CK_ULONG count, CK_OBJECT_HANDLE *secret)
{
	CK_ECDH1_DERIVE_PARAMS params = {CKD_NULL, 0, NULL, len, given};
	CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &params, sizeof(params)};

	return C_DeriveKey(session, &mechanism, p11_one(session, CKO_PRIVATE_KEY), template, count,
			   secret);
}

static void
value_of(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_BYTE secret[48])
{
	CK_ATTRIBUTE value = {CKA_VALUE, secret, 48};

	assert_ok(C_GetAttributeValue(session, object, &value, 1));
	assert_int_equal(value.ulValueLen, 48);
}

/* PKCS#11 2.40 mechanisms, section 2.3.5: DER is allowed, and is what some programs send. */
static void
a_point_in_an_octet_string_gives_the_same_secret(void **state)
{
	CK_SESSION_HANDLE session = auth_session();
	CK_BYTE bare[48], wrapped[48];
	CK_OBJECT_HANDLE object;

	(void)state;
	make_point();
	assert_ok(derive(session, point + 2, 97, NULL, 0, &object));
	value_of(session, object, bare);
	point[0] = 0x04;
	point[1] = 97;
	assert_ok(derive(session, point, 99, NULL, 0, &object));
	value_of(session, object, wrapped);
	assert_memory_equal(bare, wrapped, 48);
	point[1] = 96;
	assert_rv(derive(session, point, 99, NULL, 0, &object), CKR_MECHANISM_PARAM_INVALID);
	point[0] = 0x03;
	point[1] = 97;
	assert_rv(derive(session, point, 99, NULL, 0, &object), CKR_MECHANISM_PARAM_INVALID);
}

static void
a_secret_longer_than_it_is_or_of_no_length_is_refused(void **state)
{
	CK_SESSION_HANDLE session = auth_session();
	CK_ULONG len = 49;
	CK_ATTRIBUTE template = {CKA_VALUE_LEN, &len, sizeof(len)};
	CK_OBJECT_HANDLE object;

	(void)state;
	make_point();
	assert_rv(derive(session, point + 2, 97, &template, 1, &object),
		  CKR_ATTRIBUTE_VALUE_INVALID);
	len = 0;
	assert_rv(derive(session, point + 2, 97, &template, 1, &object),
		  CKR_ATTRIBUTE_VALUE_INVALID);
	len = 16;
	assert_ok(derive(session, point + 2, 97, &template, 1, &object));
}

static void
a_secret_loses_its_first_bytes_when_fewer_are_wanted(void **state)
{
	CK_SESSION_HANDLE session = auth_session();
	CK_ULONG len = 16;
	CK_ATTRIBUTE template = {CKA_VALUE_LEN, &len, sizeof(len)};
	CK_BYTE whole[48], end[16];
	CK_ATTRIBUTE value = {CKA_VALUE, end, sizeof(end)};
	CK_OBJECT_HANDLE object;

	(void)state;
	make_point();
	assert_ok(derive(session, point + 2, 97, NULL, 0, &object));
	value_of(session, object, whole);
	assert_ok(derive(session, point + 2, 97, &template, 1, &object));
	assert_ok(C_GetAttributeValue(session, object, &value, 1));
	assert_memory_equal(end, whole + 32, 16);
}

static void
a_derivation_that_is_none_is_refused(void **state)
{
	CK_SESSION_HANDLE session = auth_session();
	CK_OBJECT_HANDLE key = p11_one(session, CKO_PRIVATE_KEY), object;
	CK_ECDH1_DERIVE_PARAMS params = {0x99, 0, NULL, 97, point + 2};
	CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &params, sizeof(params)};

	(void)state;
	make_point();
	assert_rv(C_DeriveKey(session, &mechanism, key, NULL, 0, &object),
		  CKR_MECHANISM_PARAM_INVALID);
	params.kdf = CKD_NULL;
	assert_rv(C_DeriveKey(session, &mechanism, key, NULL, 1, &object), CKR_ARGUMENTS_BAD);
	assert_rv(C_DeriveKey(session, &mechanism, 0, NULL, 0, &object), CKR_KEY_HANDLE_INVALID);
	mechanism.ulParameterLen--;
	assert_rv(C_DeriveKey(session, &mechanism, key, NULL, 0, &object),
		  CKR_MECHANISM_PARAM_INVALID);
	mechanism.ulParameterLen++;
	params.ulSharedDataLen = 1;
	assert_rv(C_DeriveKey(session, &mechanism, key, NULL, 0, &object),
		  CKR_MECHANISM_PARAM_INVALID);
	mechanism.mechanism = 0x7FFFFFFF;
	assert_rv(C_DeriveKey(session, &mechanism, key, NULL, 0, &object), CKR_MECHANISM_INVALID);
}

/* PKCS#11 2.40 section 5.10.4: the value of a secret is digested as data are. */
static void
a_secret_is_digested_as_its_bytes_are_and_no_other_object_is(void **state)
{
	CK_SESSION_HANDLE session = auth_session();
	CK_BYTE secret[48], digest[32], expected[32];
	CK_ULONG len = sizeof(digest);
	CK_OBJECT_HANDLE object;

	(void)state;
	make_point();
	assert_ok(derive(session, point + 2, 97, NULL, 0, &object));
	value_of(session, object, secret);
	assert_int_equal(EVP_Digest(secret, sizeof(secret), expected, NULL, EVP_sha256(), NULL), 1);
	assert_ok(C_DigestInit(session, &sha256));
	assert_ok(C_DigestKey(session, object));
	assert_ok(C_DigestFinal(session, digest, &len));
	assert_memory_equal(digest, expected, sizeof(expected));
	assert_ok(C_DigestInit(session, &sha256));
	assert_rv(C_DigestKey(session, p11_one(session, CKO_PUBLIC_KEY)), CKR_KEY_INDIGESTIBLE);
	assert_rv(C_DigestFinal(session, digest, &len), CKR_OPERATION_NOT_INITIALIZED);
	assert_ok(C_DigestInit(session, &sha256));
	assert_rv(C_DigestKey(session, 0x7FFFFFFF), CKR_KEY_HANDLE_INVALID);
	assert_rv(C_DigestFinal(session, digest, &len), CKR_OPERATION_NOT_INITIALIZED);
}

int
main(void)
{
#define RSA_KEY(name) cmocka_unit_test_setup_teardown(name, p11_setup, p11_teardown)
#define EC_KEY_OF(name) cmocka_unit_test_setup_teardown(name, p11_setup_ec, p11_teardown)
	const struct CMUnitTest tests[] = {
	    RSA_KEY(a_cryptogram_in_parts_is_decrypted_at_the_end),
	    RSA_KEY(parts_that_are_too_few_or_too_many_end_the_decryption),
	    RSA_KEY(a_whole_after_parts_ends_the_decryption),
	    RSA_KEY(null_where_none_may_be_ends_the_decryption),
	    RSA_KEY(a_digest_is_asked_for_its_length_and_null_ends_it),
	    RSA_KEY(a_whole_digest_after_parts_ends_it),
	    EC_KEY_OF(a_point_in_an_octet_string_gives_the_same_secret),
	    EC_KEY_OF(a_secret_longer_than_it_is_or_of_no_length_is_refused),
	    EC_KEY_OF(a_secret_loses_its_first_bytes_when_fewer_are_wanted),
	    EC_KEY_OF(a_derivation_that_is_none_is_refused),
	    EC_KEY_OF(a_secret_is_digested_as_its_bytes_are_and_no_other_object_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
