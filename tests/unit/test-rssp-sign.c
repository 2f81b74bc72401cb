/* csc-simulator: SADs, signHash, extendTransaction, signPolling, timestamp (csc.md 4, 5, 7, 8). */
#include "test-rssp.h"

#include <openssl/x509.h>

#define RSA_KEY "key = rsa2048\nalgorithms = rsa, rsa-sha256, rsa-pss"
#define PKCS1 "1.2.840.113549.1.1.1"
#define PSS "1.2.840.113549.1.1.10"
/* csc.md 7 */
#define PSS_SHA256 "MDSgDzANBglghkgBZQMEAgEFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgEFAKIDAgEg"
#define ONE "\"" HASH "\""
#define TWO "\"" HASH "\",\"" HASH_ABC "\""

/* signHash of v1; `hashes` are those of the array, `more` further members with their comma. */
static void
sign(struct service *service, const char *sad, const char *hashes, const char *more)
{
	post_with(service, "v1/signatures/signHash",
		  "{\"credentialID\":\"sign\",\"SAD\":\"%s\",\"hash\":[%s]%s}", sad, hashes, more);
}

#define WITH_ECDSA ",\"signAlgo\":\"" ECDSA_SHA256 "\""

static void
a_sad_is_good_for_its_number_of_signatures(void **state)
{
	char sad[64];

	get_sad(*state, 2, TWO, sad);
	sign(*state, sad, ONE, WITH_ECDSA);
	assert_status(*state, 200);
	sign(*state, sad, ONE, WITH_ECDSA);
	assert_status(*state, 200);
	sign(*state, sad, ONE, WITH_ECDSA);
	assert_invalid(*state, "Invalid parameter SAD");
}

static void
more_hashes_than_were_authorised_are_too_many(void **state)
{
	char sad[64];

	set_keys(*state, "scal = 1", "");
	get_sad(*state, 1, ONE, sad);
	sign(*state, sad, TWO, WITH_ECDSA);
	assert_invalid(*state, "Numbers of signatures is too high");
}

static void
scal_2_signs_what_was_authorised_only(void **state)
{
	char sad[64];

	get_sad(*state, 1, ONE, sad);
	sign(*state, sad, "\"" HASH_ABC "\"", WITH_ECDSA);
	assert_invalid(*state, "Hash is not authorized by the SAD.");
	sign(*state, sad, ONE, WITH_ECDSA);
	assert_status(*state, 200);
}

static void
scal_1_is_not_bound_to_hashes(void **state)
{
	char sad[64];

	set_keys(*state, "scal = 1", "");
	get_sad(*state, 1, ONE, sad);
	sign(*state, sad, "\"" HASH_ABC "\"", WITH_ECDSA);
	assert_status(*state, 200);
}

static void
a_sad_must_be_there_right_and_young(void **state)
{
	struct service *service = *state;
	char sad[64];

	post(service, "v1/signatures/signHash", "{\"credentialID\":\"sign\"}");
	assert_invalid(service, "Missing (or invalid type) string parameter SAD");
	sign(service, "x", ONE, WITH_ECDSA);
	assert_invalid(service, "Invalid parameter SAD");
	sign(service, service->token, ONE, WITH_ECDSA);
	assert_invalid(service, "Invalid parameter SAD");
	get_sad(service, 1, ONE, sad);
	set_keys(service, "", "clock = 301");
	sign(service, sad, ONE, WITH_ECDSA);
	assert_invalid(service, "SAD expired");
}

static void
a_sad_is_of_one_credential(void **state)
{
	struct service *service = *state;
	char sad[64];

	set_accounts(service, ACCOUNTS "[credential second]\nuser = maria\nkey = p256\n");
	get_sad(service, 1, ONE, sad);
	post_with(service, "v1/signatures/signHash",
		  "{\"credentialID\":\"second\",\"SAD\":\"%s\",\"hash\":[" ONE "]" WITH_ECDSA "}",
		  sad);
	assert_invalid(service, "Invalid parameter SAD");
}

static void
hashes_to_sign_are_checked(void **state)
{
	static const struct {
		const char *value, *description;
	} rows[] = {
	    {"null", "Missing (or invalid type) array parameter hash"},
	    {"[]", "Empty hash array"},
	    {"[\"!\"]", "Invalid Base64 hash string parameter"},
	    {"[\"AAAA\"]", "Invalid digest value length"},
	    {"[\"\"]", "Invalid digest value length"},
	};
	char sad[64];

	get_sad(*state, 1, ONE, sad);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		post_with(*state, "v1/signatures/signHash",
			  "{\"credentialID\":\"sign\",\"SAD\":\"%s\",\"hash\":%s" WITH_ECDSA "}",
			  sad, rows[i].value);
		assert_invalid(*state, rows[i].description);
	}
}

static void
algorithms_are_checked(void **state)
{
	static const struct {
		const char *members, *description;
	} rows[] = {
	    {"", "Missing (or invalid type) string parameter signAlgo"},
	    {",\"signAlgo\":\"1.2.3\"", "Invalid parameter signAlgo"},
	    {WITH_ECDSA, "Invalid parameter signAlgo"},
	    {",\"signAlgo\":\"" PKCS1 "\"", "Missing (or invalid type) string parameter hashAlgo"},
	    {",\"signAlgo\":\"" PKCS1 "\",\"hashAlgo\":\"1.3.14.3.2.26\"",
	     "Invalid parameter hashAlgo"},
	    {",\"signAlgo\":\"" PKCS1 "\",\"hashAlgo\":\"2.16.840.1.101.3.4.2.3\"",
	     "Invalid digest value length"},
	    {",\"signAlgo\":\"" PSS "\"", "Missing (or invalid type) string parameter hashAlgo"},
	    {",\"signAlgo\":\"" PSS "\",\"signAlgoParams\":\"AAAA\"",
	     "Invalid parameter signAlgoParams"},
	    {",\"signAlgo\":\"" PSS "\",\"hashAlgo\":\"2.16.840.1.101.3.4.2.3\","
	     "\"signAlgoParams\":\"" PSS_SHA256 "\"",
	     "Invalid parameter signAlgoParams"},
	};
	char sad[64];

	set_keys(*state, RSA_KEY, "");
	get_sad(*state, 1, ONE, sad);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sign(*state, sad, ONE, rows[i].members);
		assert_invalid(*state, rows[i].description);
	}
	sign(*state, sad, ONE, ",\"signAlgo\":\"" PSS "\",\"signAlgoParams\":\"" PSS_SHA256 "\"");
	assert_status(*state, 200);
}

static void
a_refused_request_leaves_the_sad(void **state)
{
	char sad[64];

	get_sad(*state, 1, ONE, sad);
	sign(*state, sad, ONE, ",\"signAlgo\":\"1.2.3\"");
	sign(*state, sad, ONE, WITH_ECDSA);
	assert_status(*state, 200);
}

static void
a_certificate_that_is_out_of_date_signs_nothing(void **state)
{
	char sad[64];

	set_keys(*state, "certificate = expired", "");
	get_sad(*state, 1, ONE, sad);
	sign(*state, sad, ONE, WITH_ECDSA);
	assert_invalid(*state, "Signing certificate 'O=Vicar csc-simulator, for tests only,"
			       "CN=MARIA DA SILVA' is expired.");
	set_keys(*state, "certificate = revoked", "");
	sign(*state, sad, ONE, WITH_ECDSA);
	assert_invalid(*state, "Invalid certificate status");
}

/* Whether a signature of the newest reply is one of this hash under the credential's key. */
static bool
verifies(struct service *service, size_t index, const char *hash_text)
{
	const char *base64 =
	    json_string_value(json_array_get(json_object_get(service->reply, "signatures"), index));
	uint8_t hash[64], signature[RSSP_SIGNATURE_MAX];
	size_t hash_len = 0, len = 0;
	X509 *leaf = NULL;
	struct problem error;
	EVP_PKEY_CTX *context;
	bool ok;

	assert_non_null(base64);
	assert_true(sim_base64_decode(base64, signature, sizeof(signature), &len));
	assert_true(sim_base64_decode(hash_text, hash, sizeof(hash), &hash_len));
	assert_true(
	    sim_certificate_read(&service->rssp.directory, "certificates/sign.pem", &leaf, &error));
	context = EVP_PKEY_CTX_new(X509_get0_pubkey(leaf), NULL);
	assert_int_equal(EVP_PKEY_verify_init(context), 1);
	ok = EVP_PKEY_verify(context, signature, len, hash, hash_len) == 1;
	EVP_PKEY_CTX_free(context);
	X509_free(leaf);
	return ok;
}

static void
signatures_come_in_the_order_of_the_hashes(void **state)
{
	char sad[64];

	get_sad(*state, 2, TWO, sad);
	sign(*state, sad, TWO, WITH_ECDSA);
	assert_true(verifies(*state, 0, HASH));
	assert_true(verifies(*state, 1, HASH_ABC));
	assert_false(verifies(*state, 0, HASH_ABC));
}

/* Trouble that only signatures have. */

static void
sign_with_trouble(struct service *service, const char *trouble)
{
	char sad[64], server[128];

	get_sad(service, 2, TWO, sad);
	(void)snprintf(server, sizeof(server), "trouble = %s\non = signatures/signHash", trouble);
	set_keys(service, "", server);
	sign(service, sad, TWO, WITH_ECDSA);
	assert_status(service, 200);
}

static size_t
count_signatures(const struct service *service)
{
	return json_array_size(json_object_get(service->reply, "signatures"));
}

static void
a_signature_may_be_of_another_hash(void **state)
{
	sign_with_trouble(*state, "wrong-signature");
	assert_false(verifies(*state, 0, HASH));
	/* SHA-256 of "" with its last bit changed. */
	assert_true(verifies(*state, 0, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFQ="));
}

static void
a_signature_may_be_of_another_key(void **state)
{
	sign_with_trouble(*state, "other-key");
	assert_int_equal(count_signatures(*state), 2);
	assert_false(verifies(*state, 0, HASH));
}

static void
a_signature_may_be_too_short(void **state)
{
	sign_with_trouble(*state, "short-signature");
	assert_false(verifies(*state, 0, HASH));
}

static void
signatures_may_be_missing_or_in_another_order(void **state)
{
	sign_with_trouble(*state, "fewer-signatures");
	assert_int_equal(count_signatures(*state), 1);
	assert_true(verifies(*state, 0, HASH));
	sign_with_trouble(*state, "reversed-signatures");
	assert_true(verifies(*state, 0, HASH_ABC));
	assert_true(verifies(*state, 1, HASH));
}

/* extendTransaction */

static void
an_extended_sad_replaces_the_old_one(void **state)
{
	struct service *service = *state;
	char sad[64];

	get_sad(service, 2, ONE, sad);
	post_with(service, "v1/credentials/extendTransaction",
		  "{\"credentialID\":\"sign\",\"SAD\":\"%s\"}", sad);
	assert_invalid(service, "Missing (or invalid type) array parameter hash");
	post_with(service, "v1/credentials/extendTransaction",
		  "{\"credentialID\":\"sign\",\"SAD\":\"%s\",\"hash\":[\"" HASH_ABC "\"]}", sad);
	assert_status(service, 200);
	sign(service, sad, ONE, WITH_ECDSA);
	assert_invalid(service, "Invalid parameter SAD");
}

static void
an_extended_sad_has_the_signatures_that_were_left(void **state)
{
	struct service *service = *state;
	char sad[64];

	get_sad(service, 2, ONE, sad);
	sign(service, sad, ONE, WITH_ECDSA);
	post_with(service, "v1/credentials/extendTransaction",
		  "{\"credentialID\":\"sign\",\"SAD\":\"%s\",\"hash\":[" TWO "]}", sad);
	assert_invalid(service, "Numbers of signatures is too high");
	post_with(service, "v1/credentials/extendTransaction",
		  "{\"credentialID\":\"sign\",\"SAD\":\"%s\",\"hash\":[" ONE "]}", sad);
	(void)snprintf(sad, sizeof(sad), "%s", text(service, "SAD"));
	sign(service, sad, ONE, WITH_ECDSA);
	assert_status(service, 200);
	sign(service, sad, ONE, WITH_ECDSA);
	assert_invalid(service, "Invalid parameter SAD");
}

/* signPolling */

static void
a_signature_of_later_is_fetched_once(void **state)
{
	struct service *service = *state;
	char sad[64], id[64];

	get_sad(service, 1, ONE, sad);
	post_with(service, "v2/signatures/signHash",
		  "{\"credentialID\":\"sign\",\"SAD\":\"%s\",\"hashes\":[" ONE
		  "],\"operationMode\":\"A\"" WITH_ECDSA "}",
		  sad);
	assert_null(json_object_get(service->reply, "signatures"));
	(void)snprintf(id, sizeof(id), "%s", text(service, "responseID"));
	post_with(service, "v2/signatures/signPolling", "{\"requestID\":\"%s\"}", id);
	assert_true(verifies(service, 0, HASH));
	post_with(service, "v2/signatures/signPolling", "{\"requestID\":\"%s\"}", id);
	assert_invalid(service, "Invalid parameter requestID");
}

static void
there_are_two_modes_of_operation(void **state)
{
	char sad[64];

	get_sad(*state, 1, ONE, sad);
	post_with(*state, "v2/signatures/signHash",
		  "{\"credentialID\":\"sign\",\"SAD\":\"%s\",\"hashes\":[" ONE
		  "],\"operationMode\":\"B\"" WITH_ECDSA "}",
		  sad);
	assert_invalid(*state, "Invalid parameter operationMode");
}

static void
time_stamps_need_a_right_hash(void **state)
{
	static const struct {
		const char *body, *description;
	} rows[] = {
	    {"{}", "Missing (or invalid type) string parameter hash"},
	    {"{\"hash\":\"?\"}", "Invalid Base64 hash string parameter"},
	    {"{\"hash\":\"" HASH "\"}", "Missing (or invalid type) string parameter hashAlgo"},
	    {"{\"hash\":\"" HASH "\",\"hashAlgo\":\"1.2\"}", "Invalid parameter hashAlgo"},
	    {"{\"hash\":\"AAAA\",\"hashAlgo\":\"" SHA256_OID "\"}", "Invalid digest value length"},
	    {"{\"hash\":\"" HASH "\",\"hashAlgo\":\"" SHA256_OID "\",\"nonce\":\"xyz\"}",
	     "Invalid parameter nonce"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		post(*state, "v1/signatures/timestamp", rows[i].body);
		assert_invalid(*state, rows[i].description);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_sad_is_good_for_its_number_of_signatures),
	    TEST(more_hashes_than_were_authorised_are_too_many),
	    TEST(scal_2_signs_what_was_authorised_only),
	    TEST(scal_1_is_not_bound_to_hashes),
	    TEST(a_sad_must_be_there_right_and_young),
	    TEST(a_sad_is_of_one_credential),
	    TEST(hashes_to_sign_are_checked),
	    TEST(algorithms_are_checked),
	    TEST(a_refused_request_leaves_the_sad),
	    TEST(a_certificate_that_is_out_of_date_signs_nothing),
	    TEST(signatures_come_in_the_order_of_the_hashes),
	    TEST(a_signature_may_be_of_another_hash),
	    TEST(a_signature_may_be_of_another_key),
	    TEST(a_signature_may_be_too_short),
	    TEST(signatures_may_be_missing_or_in_another_order),
	    TEST(an_extended_sad_replaces_the_old_one),
	    TEST(an_extended_sad_has_the_signatures_that_were_left),
	    TEST(a_signature_of_later_is_fetched_once),
	    TEST(there_are_two_modes_of_operation),
	    TEST(time_stamps_need_a_right_hash),
	};

	return cmocka_run_group_tests(tests, service_set_up, service_tear_down);
}
