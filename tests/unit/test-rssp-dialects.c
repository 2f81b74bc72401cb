/* csc-simulator: what each dialect word changes (csc.md part B). */
#include "test-rssp.h"

#include <openssl/rsa.h>

#define INFO "{\"credentialID\":\"sign\",\"authInfo\":true}"
#define BACK "http://127.0.0.1:8765/back"

static void
speak(struct service *service, const char *dialect, const char *keys)
{
	char server[128];

	(void)snprintf(server, sizeof(server), "browser = agrees\ndialect = %s", dialect);
	set_keys(service, keys, server);
}

static void
assert_says(const struct service *service, const char *part)
{
	if (service->answer.body == NULL || strstr(service->answer.body, part) == NULL)
		fail_msg("no %s in: %s", part,
			 service->answer.body != NULL ? service->answer.body : "");
}

static void
assert_says_nothing_of(const struct service *service, const char *part)
{
	assert_true(service->answer.body == NULL || strstr(service->answer.body, part) == NULL);
}

static void
numbers_as_strings(void **state)
{
	speak(*state, "numbers-as-strings", "");
	post(*state, "v1/credentials/info", INFO);
	assert_says(*state, "\"multisign\":\"10\"");
	assert_says(*state, "\"len\":\"256\"");
}

static void
strings_wanted(void **state)
{
	struct service *service = *state;

	speak(service, "strings-wanted", "");
	post(service, "v1/credentials/info", INFO);
	assert_invalid(service, "Invalid boolean parameter authInfo");
	post(service, "v1/credentials/info", "{\"credentialID\":\"sign\",\"authInfo\":\"true\"}");
	assert_says(service, "\"PIN\":");
	post(service, "v1/credentials/authorize",
	     "{\"credentialID\":\"sign\",\"numSignatures\":1,\"hash\":[\"" HASH "\"]}");
	assert_invalid(service, "Invalid value for parameter numSignatures");
	post(service, "v1/credentials/authorize",
	     "{\"credentialID\":\"sign\",\"numSignatures\":\"1\",\"hash\":[\"" HASH "\"]}");
	assert_invalid(service, "Missing (or invalid type) string parameter PIN");
}

static void
null_members(void **state)
{
	speak(*state, "null-members", "");
	post(*state, "v1/credentials/info", INFO);
	assert_says(*state, "\"description\":null");
	post(*state, "v1/credentials/list", "{}");
	assert_says(*state, "\"nextPageToken\":null");
}

static void
extra_members(void **state)
{
	speak(*state, "extra-members, error-zero", "");
	post(*state, "v1/credentials/list", "{}");
	assert_says(*state, "\"extension\":{\"list\":[1,2]");
	assert_says(*state, "\"error\":0,\"errorDescription\":\"Success\"");
	assert_status(*state, 200);
}

static void
bare_errors(void **state)
{
	speak(*state, "bare-errors", "");
	post(*state, "v1/credentials/info", "{}");
	assert_status(*state, 400);
	assert_null(((struct service *)*state)->answer.body);
}

static void
plain_type(void **state)
{
	struct service *service = *state;

	post(service, "v1/info", "{}");
	assert_string_equal(service->answer.content_type, "application/json;charset=UTF-8");
	speak(service, "plain-type", "");
	post(service, "v1/info", "{}");
	assert_string_equal(service->answer.content_type, "application/json");
}

static void
authorise(void **state)
{
	speak(*state, "authorise", "");
	post(*state, "v1/credentials/authorise", "{}");
	assert_invalid(*state, "Missing (or invalid type) string parameter credentialID");
	post(*state, "v1/credentials/authorize", "{}");
	assert_status(*state, 404);
}

static void
get(void **state)
{
	speak(*state, "get", "");
	ask(*state, "GET", "/csc/v1/info", NULL, NULL, NULL);
	assert_says(*state, "\"specs\"");
	ask(*state, "GET", "/csc/v1/auth/login", MARIA, NULL, NULL);
	assert_says(*state, "\"access_token\"");
	ask(*state, "GET", "/csc/v1/credentials/list", NULL, NULL, NULL);
	assert_status(*state, 405);
}

static void
send_otp_body(void **state)
{
	speak(*state, "send-otp-body", "");
	post(*state, "v1/credentials/sendOTP", "{\"credentialID\":\"sign\"}");
	assert_status(*state, 200);
	assert_says(*state, "{");
}

static void
oauth2_url(void **state)
{
	speak(*state, "oauth2-url", "");
	post(*state, "v1/info", "{}");
	assert_string_equal(text(*state, "oauth2"), "https://127.0.0.1:1/csc/v1/oauth2/authorize");
}

static void
issuer(void **state)
{
	speak(*state, "issuer", "");
	post(*state, "v1/info", "{}");
	assert_says(*state, "\"oauth2\":");
	post(*state, "v2/info", "{}");
	assert_string_equal(text(*state, "oauth2Issuer"), "https://127.0.0.1:1/csc/v2");
	assert_says_nothing_of(*state, "\"oauth2\":");
}

static void
bearer_sad(void **state)
{
	struct service *service = *state;
	char body[512];
	const char *code;

	speak(service, "bearer-sad", "mode = oauth2code");
	ask(service, "GET",
	    "/csc/v1/oauth2/authorize?response_type=code&client_id=simulated-client"
	    "&redirect_uri=" BACK "&scope=credential&credentialID=sign&numSignatures=1"
	    "&hash=" HASH_URL,
	    NULL, NULL, NULL);
	code = strchr(header(service, "Location"), '=');
	assert_non_null(code);
	(void)snprintf(body, sizeof(body),
		       "client_id=simulated-client&client_secret=%s&redirect_uri=" BACK
		       "&grant_type=authorization_code&code=%s",
		       service->rssp.client.secret, code + 1);
	ask(service, "POST", "/csc/v1/oauth2/token", NULL, FORM, body);
	assert_string_equal(text(service, "token_type"), "Bearer");
}

static void
json_token_and_password_grant_of_a_public_client(void **state)
{
	static const char request[] =
	    "{\"client_id\":\"simulated-client\",\"grant_type\":\"password\","
	    "\"username\":\"maria\",\"password\":\"segredo\"}";

	speak(*state, "json-token, password-grant, public-client", "");
	ask(*state, "POST", "/csc/v1/oauth2/token", NULL, JSON, request);
	assert_status(*state, 200);
	assert_string_not_equal(text(*state, "access_token"), "");
	ask(*state, "POST", "/csc/v1/oauth2/token", NULL, FORM, "client_id=simulated-client");
	assert_status(*state, 415);
	ask(*state, "POST", "/csc/v1/oauth2/token", NULL, JSON,
	    "{\"client_id\":\"simulated-client\",\"grant_type\":\"password\","
	    "\"username\":\"maria\",\"password\":\"x\"}");
	assert_refused(*state, 400, "invalid_grant", "Invalid parameter password");
}

static void
login_members(void **state)
{
	struct service *service = *state;

	speak(service, "login-members", "");
	service->token[0] = '\0';
	post_with(service, "v1/auth/login",
		  "{\"client_id\":\"simulated-client\",\"client_secret\":\"%s\","
		  "\"user_id\":\"maria\",\"profile_id\":\"p\"}",
		  service->rssp.client.secret);
	assert_string_not_equal(text(service, "access_token"), "");
	post(service, "v1/auth/login",
	     "{\"client_id\":\"simulated-client\",\"client_secret\":\"x\",\"user_id\":\"maria\"}");
	assert_refused(service, 400, "authentication_error",
		       "An error occurred during authentication process");
}

/* The first signature of HASH; `members` have their comma. */
static size_t
sign(struct service *service, const char *hash, const char *members,
     uint8_t signature[RSSP_SIGNATURE_MAX])
{
	char sad[64], quoted[256];
	const char *base64;
	size_t len = 0;

	(void)snprintf(quoted, sizeof(quoted), "\"%s\"", hash);
	get_sad(service, 1, quoted, sad);
	post_with(service, "v1/signatures/signHash",
		  "{\"credentialID\":\"sign\",\"SAD\":\"%s\",\"hash\":[%s]%s}", sad, quoted,
		  members);
	base64 =
	    json_string_value(json_array_get(json_object_get(service->reply, "signatures"), 0));
	assert_non_null(base64);
	assert_true(sim_base64_decode(base64, signature, RSSP_SIGNATURE_MAX, &len));
	return len;
}

static void
ecdsa_raw(void **state)
{
	static const char algo[] = ",\"signAlgo\":\"" ECDSA_SHA256 "\"";
	uint8_t signature[RSSP_SIGNATURE_MAX];

	assert_true(sign(*state, HASH, algo, signature) > 64);
	assert_int_equal(signature[0], 0x30);
	speak(*state, "ecdsa-raw", "");
	assert_int_equal(sign(*state, HASH, algo, signature), 64);
}

static void
plain_ecdsa_is_raw_in_every_dialect(void **state)
{
	uint8_t signature[RSSP_SIGNATURE_MAX];

	set_keys(*state, "key = p521\nalgorithms = ecdsa-plain-sha256", "");
	assert_int_equal(sign(*state, HASH, ",\"signAlgo\":\"0.4.0.127.0.7.1.1.4.1.3\"", signature),
			 132);
}

static void
no_sign_algo(void **state)
{
	uint8_t signature[RSSP_SIGNATURE_MAX];

	speak(*state, "no-sign-algo", "");
	assert_true(sign(*state, HASH, "", signature) > 64);
}

/* What PKCS #1 padding holds under the credential's key. */
static size_t
recover(struct service *service, const uint8_t *signature, size_t len, uint8_t data[512])
{
	X509 *leaf = NULL;
	struct problem error;
	EVP_PKEY_CTX *context;
	size_t recovered = 512;

	assert_true(
	    sim_certificate_read(&service->rssp.directory, "certificates/sign.pem", &leaf, &error));
	context = EVP_PKEY_CTX_new(X509_get0_pubkey(leaf), NULL);
	assert_int_equal(EVP_PKEY_verify_recover_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING), 1);
	assert_int_equal(EVP_PKEY_verify_recover(context, data, &recovered, signature, len), 1);
	EVP_PKEY_CTX_free(context);
	X509_free(leaf);
	return recovered;
}

static void
whole_digestinfo(void **state)
{
	/* 36 bytes, as MD5 and SHA-1 of TLS 1.0 have. */
	static const char hash[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	uint8_t signature[RSSP_SIGNATURE_MAX], data[512];
	size_t len;

	speak(*state, "whole-digestinfo", "key = rsa2048");
	len = sign(*state, hash, ",\"signAlgo\":\"1.2.840.113549.1.1.1\"", signature);
	assert_int_equal(recover(*state, signature, len, data), 36);
	assert_int_equal(data[35], 0);
	len = sign(*state, hash,
		   ",\"signAlgo\":\"1.2.840.113549.1.1.1\","
		   "\"hashAlgo\":\"1.3.6.1.4.1.2706.2.4.1.1\"",
		   signature);
	assert_int_equal(recover(*state, signature, len, data), 36);
}

/* The spec refuses SHA-1; a service in the field signs it, under an OID of its own. */
static void
sha1_under_another_oid(void **state)
{
	/* SHA-1 of the empty string. */
	static const char hash[] = "2jmj7l5rSw0yVb/vlWAYkK/YBwk=";
	uint8_t signature[RSSP_SIGNATURE_MAX], data[512];
	size_t len;

	set_keys(*state, "key = rsa2048\nalgorithms = rsa-sha1-oiw", "");
	len = sign(*state, hash, ",\"signAlgo\":\"1.3.14.3.2.29\"", signature);
	/* A DigestInfo: 15 bytes before the digest (RFC 8017 section 9.2). */
	assert_int_equal(recover(*state, signature, len, data), 35);
	assert_int_equal(data[34], 0x09);
}

static void
multisign_true(void **state)
{
	speak(*state, "multisign-true", "");
	post(*state, "v1/credentials/info", INFO);
	assert_says(*state, "\"multiSign\":true");
	assert_says_nothing_of(*state, "\"multisign\"");
}

static void
max_results(void **state)
{
	speak(*state, "max-results", "");
	post(*state, "v1/credentials/list", "{}");
	assert_invalid(*state, "Missing (or invalid type) integer parameter maxResults");
	post(*state, "v1/credentials/list", "{\"maxResults\":301}");
	assert_invalid(*state, "Invalid parameter maxResults");
	post(*state, "v1/credentials/list", "{\"maxResults\":300}");
	assert_status(*state, 200);
}

static void
chain_only(void **state)
{
	speak(*state, "chain-only", "");
	post(*state, "v1/credentials/info", INFO);
	assert_invalid(*state, "Invalid parameter certificates");
	post(*state, "v1/credentials/info",
	     "{\"credentialID\":\"sign\",\"certificates\":\"chain\"}");
	assert_status(*state, 200);
}

static void
no_cert_info(void **state)
{
	speak(*state, "no-cert-info", "");
	post(*state, "v1/credentials/info", "{\"credentialID\":\"sign\",\"certInfo\":true}");
	assert_status(*state, 501);
}

static void
a_kind_must_be_named_and_the_list_may_be_missing(void **state)
{
	speak(*state, "none", "kind = DS");
	post(*state, "v1/credentials/list", "{\"clientData\":\"EVCS\"}");
	assert_says(*state, "\"credentialIDs\":[]");
	post(*state, "v1/credentials/list", "{\"clientData\":\"DS\"}");
	assert_says(*state, "[\"sign\"]");
	speak(*state, "no-empty-list", "kind = DS");
	post(*state, "v1/credentials/list", "{}");
	assert_string_equal(((struct service *)*state)->answer.body, "{}");
}

static void
decimal_serial(void **state)
{
	struct service *service = *state;
	const char *serial;

	speak(service, "decimal-serial", "");
	post(service, "v1/credentials/info", "{\"credentialID\":\"sign\",\"certInfo\":true}");
	serial = json_string_value(
	    json_object_get(json_object_get(service->reply, "cert"), "serialNumber"));
	/* 20 octets have 40 hexadecimal digits, but up to 49 decimal ones. */
	assert_true(strspn(serial, "0123456789") == strlen(serial) && strlen(serial) > 40);
}

static void
access_denied(void **state)
{
	set_keys(*state, "", "dialect = access-denied\nwithout = signatures/timestamp");
	post(*state, "v1/signatures/timestamp", "{}");
	assert_refused(*state, 501, "access_denied", "signatures/timestamp is not offered");
}

static void
another_specs_and_base(void **state)
{
	set_keys(*state, "", "specs = 1.0.4.0");
	ask(*state, "POST", "/csc/v0/info", NULL, JSON, "{}");
	assert_string_equal(text(*state, "specs"), "1.0.4.0");
	assert_string_equal(text(*state, "oauth2"), "https://127.0.0.1:1/csc/v0");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(numbers_as_strings),
	    TEST(strings_wanted),
	    TEST(null_members),
	    TEST(extra_members),
	    TEST(bare_errors),
	    TEST(plain_type),
	    TEST(authorise),
	    TEST(get),
	    TEST(send_otp_body),
	    TEST(oauth2_url),
	    TEST(issuer),
	    TEST(bearer_sad),
	    TEST(json_token_and_password_grant_of_a_public_client),
	    TEST(login_members),
	    TEST(ecdsa_raw),
	    TEST(plain_ecdsa_is_raw_in_every_dialect),
	    TEST(no_sign_algo),
	    TEST(whole_digestinfo),
	    TEST(sha1_under_another_oid),
	    TEST(multisign_true),
	    TEST(max_results),
	    TEST(chain_only),
	    TEST(no_cert_info),
	    TEST(a_kind_must_be_named_and_the_list_may_be_missing),
	    TEST(decimal_serial),
	    TEST(access_denied),
	    TEST(another_specs_and_base),
	};

	return cmocka_run_group_tests(tests, service_set_up, service_tear_down);
}
