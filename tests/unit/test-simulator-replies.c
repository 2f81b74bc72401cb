/*
 * cmd-simulator: the bytes of its replies, against the messages of cmd.md (cmd-examples) and the
 * published description.
 */
#include "tests/unit/test-simulator.h"

#include "tools/cmd-simulator/wsdl.h"

#include <libxml/parser.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define START "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>"
#define END "</s:Body></s:Envelope>"
#define STATUS_TYPES                                                                           \
	" xmlns:a=\"http://schemas.datacontract.org/2004/07/Ama.Structures.CCMovelSignature\"" \
	" xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\""
#define STATUS(code)                                                                       \
	"<a:Code>" code "</a:Code><a:Field i:nil=\"true\"/><a:FieldValue i:nil=\"true\"/>" \
	"<a:Message>*</a:Message><a:ProcessId>*</a:ProcessId>"
#define START_REPLY(operation, code)                                                            \
	START "<" operation "Response xmlns=\"http://Ama.Authentication.Service/\"><" operation \
	      "Result" STATUS_TYPES ">" STATUS(code) "</" operation "Result></" operation       \
						     "Response>" END
#define OTP_REPLY(list, signature, code, certificate)                              \
	START "<ValidateOtpResponse xmlns=\"http://Ama.Authentication.Service/\">" \
	      "<ValidateOtpResult" STATUS_TYPES ">" list signature                 \
	      "<a:Status>" STATUS(code) "</a:Status>" certificate                  \
					"</ValidateOtpResult></ValidateOtpResponse>" END
#define NIL(name) "<a:" name " i:nil=\"true\"/>"

/* The newest answer with `*` in place of what differs from one time to the next. */
static char *
shape(struct client *client)
{
	static const char *const names[] = {"<a:Message>",     "<a:ProcessId>",
					    "<a:Signature>",   "<a:Hash>",
					    "<a:certificate>", "<GetCertificateResult>"};
	const char *from = client->answer.body;
	char *text, *to;

	assert_non_null(from);
	text = to = test_malloc(2 * strlen(from) + 1);
	while (*from != '\0') {
		const char *name = NULL;

		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && name == NULL; i++)
			if (strncmp(from, names[i], strlen(names[i])) == 0)
				name = names[i];
		if (name == NULL) {
			*to++ = *from++;
			continue;
		}
		to = stpcpy(stpcpy(to, name), "*");
		from += strlen(name);
		from += strcspn(from, "<");
	}
	*to = '\0';
	return text;
}

static void
assert_shape(struct client *client, const char *expected)
{
	char *text = shape(client);

	assert_string_equal(text, expected);
	test_free(text);
}

static void
a_certificate_looks_like_example_01(void **state)
{
	(void)get_certificate(*state, PHONE);

	assert_shape(*state, START "<GetCertificateResponse "
				   "xmlns=\"http://Ama.Authentication.Service/\">"
				   "<GetCertificateResult>*</GetCertificateResult>"
				   "</GetCertificateResponse>" END);
}

static void
no_certificate_looks_like_example_02(void **state)
{
	const char *body = get_certificate(*state, "+351 910000000");

	assert_string_equal(body, START "<GetCertificateResponse "
					"xmlns=\"http://Ama.Authentication.Service/\">"
					"<GetCertificateResult i:nil=\"true\" "
					"xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\"/>"
					"</GetCertificateResponse>" END);
}

static void
an_enrolment_looks_like_example_03(void **state)
{
	(void)get_certificate_with_pin(*state, PHONE, "271828");

	assert_shape(*state, START_REPLY("GetCertificateWithPin", "200"));
}

static void
a_started_signature_looks_like_example_04(void **state)
{
	(void)scmd_sign(*state, PHONE, "271828", HASH);

	assert_shape(*state, START_REPLY("SCMDSign", "200"));
}

static void
a_wrong_pin_looks_like_example_05(void **state)
{
	(void)scmd_sign(*state, PHONE, "0000", HASH);

	assert_shape(*state, START_REPLY("SCMDSign", "801"));
}

static void
a_signature_looks_like_example_06(void **state)
{
	char process[2048], code[SIM_CODE_MAX];

	start_signature(*state, process, code);
	(void)validate_otp(*state, process, code);

	assert_shape(*state, OTP_REPLY(NIL("ArrayOfHashStructure"), A("Signature", "*"), "200",
				       NIL("certificate")));
}

static void
an_enrolled_certificate_looks_like_example_07(void **state)
{
	char process[2048], code[SIM_CODE_MAX];

	(void)get_certificate_with_pin(*state, PHONE, "271828");
	(void)member(*state, "ProcessId", process);
	read_code(*state, code);
	(void)validate_otp(*state, process, code);

	assert_shape(*state, OTP_REPLY(NIL("ArrayOfHashStructure"), NIL("Signature"), "200",
				       A("certificate", "*")));
}

static void
a_wrong_code_looks_like_example_08(void **state)
{
	char process[2048], code[SIM_CODE_MAX];

	start_signature(*state, process, code);
	code[0] = (char)(code[0] == '9' ? '0' : code[0] + 1);
	(void)validate_otp(*state, process, code);

	assert_shape(*state, OTP_REPLY(NIL("ArrayOfHashStructure"), NIL("Signature"), "802",
				       NIL("certificate")));
}

#define DOCUMENT(hash, name, id) \
	"<a:HashStructure>" A("Hash", hash) A("Name", name) A("id", id) "</a:HashStructure>"
#define TWO_DOCUMENTS DOCUMENT(HASH, "contrato.pdf", "0") DOCUMENT(HASH_ABC, "anexo.pdf", "1")

static void
a_started_batch_looks_like_example_09(void **state)
{
	(void)scmd_multiple_sign(*state, TWO_DOCUMENTS);

	assert_shape(*state, START_REPLY("SCMDMultipleSign", "200"));
}

static void
a_batch_looks_like_example_10(void **state)
{
	char process[2048], code[SIM_CODE_MAX];

	(void)scmd_multiple_sign(*state, TWO_DOCUMENTS);
	(void)member(*state, "ProcessId", process);
	read_code(*state, code);
	(void)validate_otp(*state, process, code);

	assert_shape(*state,
		     OTP_REPLY("<a:ArrayOfHashStructure>" DOCUMENT("*", "contrato.pdf", "0")
				   DOCUMENT("*", "anexo.pdf", "1") "</a:ArrayOfHashStructure>",
			       NIL("Signature"), "200", NIL("certificate")));
}

static void
a_new_code_looks_like_example_11(void **state)
{
	char process[2048], code[SIM_CODE_MAX];

	start_signature(*state, process, code);
	(void)force_sms(*state, process, PHONE);

	assert_shape(*state, START_REPLY("ForceSMS", "200"));
}

static void
a_fault_looks_like_example_12(void **state)
{
	struct client *client = *state;

	(void)scmd_sign(client, PHONE, "271828", "not base64!");

	assert_string_equal(
	    client->answer.body,
	    START "<s:Fault><faultcode xmlns:a=\"http://schemas.microsoft.com/net/2005/12/"
		  "windowscommunicationfoundation/dispatcher\">a:DeserializationFailed</faultcode>"
		  "<faultstring xml:lang=\"pt-PT\">the member Hash is not of the type that it must "
		  "be</faultstring></s:Fault>" END);
	assert_int_equal(client->answer.http_status, 500);
}

static void
a_name_with_markup_is_escaped(void **state)
{
	struct client *client = *state;
	char process[2048], code[SIM_CODE_MAX];

	(void)scmd_multiple_sign(client, DOCUMENT(HASH, "a &lt;b&gt; &amp;.pdf&#xD;", "0"));
	(void)member(client, "ProcessId", process);
	read_code(client, code);
	(void)validate_otp(client, process, code);

	assert_member(client, "Name", "a &lt;b&gt; &amp;.pdf&#xD;");
}

/* The certificates of the newest answer, as the service orders them. */
static size_t
read_chain(struct client *client, X509 *chain[4])
{
	xmlDoc *document = xmlReadDoc((const xmlChar *)client->answer.body, NULL, NULL, 0);
	xmlChar *text = xmlNodeGetContent(xmlDocGetRootElement(document));
	BIO *bio = BIO_new_mem_buf(text, -1);
	size_t count = 0;

	while (count < 4 && (chain[count] = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
		count++;
	BIO_free(bio);
	xmlFree(text);
	xmlFreeDoc(document);
	return count;
}

static void
free_chain(X509 *const *chain, size_t count)
{
	for (size_t i = 0; i < count; i++)
		X509_free(chain[i]);
}

static void
the_chain_is_leaf_then_root_then_authority(void **state)
{
	X509 *chain[4] = {NULL};
	size_t count;

	(void)get_certificate(*state, PHONE);
	count = read_chain(*state, chain);

	assert_int_equal(count, 3);
	assert_int_equal(X509_check_issued(chain[2], chain[0]), X509_V_OK);
	assert_int_equal(X509_check_issued(chain[1], chain[2]), X509_V_OK);
	assert_int_equal(X509_check_issued(chain[1], chain[1]), X509_V_OK);
	free_chain(chain, count);
}

static void
a_reversed_chain_begins_with_the_authority(void **state)
{
	X509 *chain[4] = {NULL};
	size_t count;

	set_knobs(*state, "trouble = reversed-chain");
	(void)get_certificate(*state, PHONE);
	count = read_chain(*state, chain);

	assert_int_equal(count, 3);
	assert_int_equal(X509_check_issued(chain[0], chain[2]), X509_V_OK);
	free_chain(chain, count);
}

static void
the_chain_can_be_verified_up_to_its_root(void **state)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	STACK_OF(X509) *others = sk_X509_new_null();
	X509 *chain[4] = {NULL};
	size_t count;

	(void)get_certificate(*state, PHONE);
	count = read_chain(*state, chain);
	assert_int_equal(X509_STORE_add_cert(store, chain[1]), 1);
	assert_true(sk_X509_push(others, chain[2]) > 0);
	assert_int_equal(X509_STORE_CTX_init(context, store, chain[0], others), 1);

	assert_int_equal(X509_verify_cert(context), 1);
	X509_STORE_CTX_free(context);
	sk_X509_free(others);
	X509_STORE_free(store);
	free_chain(chain, count);
}

static void
each_line_of_the_chain_ends_with_cr_as_a_reference(void **state)
{
	const char *body = get_certificate(*state, PHONE);
	size_t lines = 0, with_cr = 0;

	for (const char *at = body; (at = strchr(at, '\n')) != NULL; at++) {
		lines++;
		with_cr += at - body >= 5 && memcmp(at - 5, "&#xD;", 5) == 0;
	}
	assert_true(lines > 60);
	assert_int_equal(with_cr, lines);
	assert_null(strchr(body, '\r'));
}

/* cmd.md 11 */
static void
the_leaf_is_for_non_repudiation_under_the_policy_of_cmd(void **state)
{
	X509 *chain[4] = {NULL};
	CERTIFICATEPOLICIES *policies;
	char policy[64];
	size_t count;

	(void)get_certificate(*state, PHONE);
	count = read_chain(*state, chain);
	policies = X509_get_ext_d2i(chain[0], NID_certificate_policies, NULL, NULL);
	assert_non_null(policies);
	(void)OBJ_obj2txt(policy, sizeof(policy), sk_POLICYINFO_value(policies, 0)->policyid, 1);

	assert_int_equal(X509_get_key_usage(chain[0]), KU_NON_REPUDIATION);
	assert_string_equal(policy, "2.16.620.2.1.2.2.1");
	CERTIFICATEPOLICIES_free(policies);
	free_chain(chain, count);
}

static void
the_authority_has_a_name_longer_than_64_characters(void **state)
{
	X509 *chain[4] = {NULL};
	char name[256];
	size_t count;

	(void)get_certificate(*state, PHONE);
	count = read_chain(*state, chain);
	(void)X509_NAME_get_text_by_NID(X509_get_subject_name(chain[2]), NID_commonName, name,
					sizeof(name));

	assert_string_equal(name, "(TESTE) EC de Chave Móvel Digital de Assinatura Digital "
				  "Qualificada do Cartão de Cidadão 0007");
	free_chain(chain, count);
}

/* cmd.md 6: prefix and length of the digest; the digest itself is any bytes. */
static const struct digestinfo_row {
	const char *name, *prefix;
	size_t digest_len;
} rows[] = {
    {"SHA-256", "3031300d060960864801650304020105000420", 32},
    {"SHA-384", "3041300d060960864801650304020205000430", 48},
    {"SHA-512", "3051300d060960864801650304020305000440", 64},
    {"SHA-224", "302d300d06096086480165030402040500041c", 28},
    {"SHA-1", "3021300906052b0e03021a05000414", 20},
    {"RIPEMD-160", "3021300906052b2403020105000414", 20},
    {"MD5", "3020300c06082a864886f70d020505000410", 16},
};

static void
each_digestinfo_is_signed_as_it_is(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t input[128], output[512];
		char hash[256], process[2048], code[SIM_CODE_MAX];
		size_t len = 0;

		assert_true(bytes_from_hex(rows[i].prefix, input, sizeof(input), &len));
		memset(input + len, 0x5A, rows[i].digest_len);
		len += rows[i].digest_len;
		sim_base64_encode((struct bytes){input, len}, hash);
		(void)scmd_sign(*state, PHONE, "271828", hash);
		(void)member(*state, "ProcessId", process);
		read_code(*state, code);
		(void)validate_otp(*state, process, code);

		if (recover(*state, "maria", output) != len || memcmp(input, output, len) != 0)
			fail_msg("%s is not what was signed", rows[i].name);
	}
}

static void
a_signature_is_as_long_as_the_key(void **state)
{
	static const struct {
		const char *key;
		size_t len;
	} keys[] = {{"rsa2048", 256}, {"rsa3072", 384}};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		char accounts[256], process[2048], code[SIM_CODE_MAX], text[2048];
		uint8_t signature[512];
		size_t len = 0;

		(void)snprintf(accounts, sizeof(accounts),
			       "[account joana]\nphone = %s\npin = 271828\nkey = %s\n", PHONE,
			       keys[i].key);
		write_accounts(*state, accounts);
		start_signature(*state, process, code);
		(void)validate_otp(*state, process, code);
		(void)member(*state, "Signature", text);

		assert_true(sim_base64_decode(text, signature, sizeof(signature), &len));
		assert_int_equal(len, keys[i].len);
	}
}

static void
assert_described(struct client *client)
{
	xmlDoc *document = xmlReadDoc((const xmlChar *)client->answer.body, NULL, NULL, 0);
	xmlNode *body = xmlFirstElementChild(xmlDocGetRootElement(document));

	if (!sim_wsdl_valid(client->simulator.schema, xmlFirstElementChild(body)))
		fail_msg("not valid: %s", client->answer.body);
	xmlFreeDoc(document);
}

static void
each_reply_is_valid_by_the_description(void **state)
{
	char process[2048], code[SIM_CODE_MAX];

	(void)get_certificate(*state, PHONE);
	assert_described(*state);
	(void)get_certificate(*state, "+351 910000000");
	assert_described(*state);
	start_signature(*state, process, code);
	assert_described(*state);
	(void)force_sms(*state, process, PHONE);
	assert_described(*state);
	(void)validate_otp(*state, process, "000000");
	assert_described(*state);
	read_code(*state, code);
	(void)validate_otp(*state, process, code);
	assert_described(*state);
	(void)scmd_multiple_sign(*state, TWO_DOCUMENTS);
	assert_described(*state);
	(void)member(*state, "ProcessId", process);
	read_code(*state, code);
	(void)validate_otp(*state, process, code);
	assert_described(*state);
	(void)get_certificate_with_pin(*state, PHONE, "271828");
	assert_described(*state);
	(void)member(*state, "ProcessId", process);
	read_code(*state, code);
	(void)validate_otp(*state, process, code);
	assert_described(*state);
	(void)scmd_sign(*state, PHONE, "0000", HASH);
	assert_described(*state);
}

static void
what_is_not_described_is_not_valid(void **state)
{
	struct client *client = *state;
	static const char wrong[] =
	    "<ValidateOtp xmlns=\"" SIM_NS_SERVICE "\"><processId/><code/></ValidateOtp>";
	xmlDoc *document = xmlReadDoc((const xmlChar *)wrong, NULL, NULL, 0);

	assert_false(sim_wsdl_valid(client->simulator.schema, xmlDocGetRootElement(document)));
	xmlFreeDoc(document);
}

/* cmd.md 20: SHA-256 of the published file. */
static void
the_description_is_the_published_one(void **state)
{
	struct bytes text = sim_wsdl_text();
	uint8_t digest[EVP_MAX_MD_SIZE];
	char hex[2 * EVP_MAX_MD_SIZE + 1];
	unsigned len = 0;

	(void)state;
	assert_int_equal(EVP_Digest(text.data, text.len, digest, &len, EVP_sha256(), NULL), 1);
	bytes_to_hex((struct bytes){digest, len}, hex);
	assert_string_equal(hex,
			    "65C39104EA0879B75AA4931C87566B775B0BCA0F047CCB5F5229B129EB80E401");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_certificate_looks_like_example_01),
	    TEST(no_certificate_looks_like_example_02),
	    TEST(an_enrolment_looks_like_example_03),
	    TEST(a_started_signature_looks_like_example_04),
	    TEST(a_wrong_pin_looks_like_example_05),
	    TEST(a_signature_looks_like_example_06),
	    TEST(an_enrolled_certificate_looks_like_example_07),
	    TEST(a_wrong_code_looks_like_example_08),
	    TEST(a_started_batch_looks_like_example_09),
	    TEST(a_batch_looks_like_example_10),
	    TEST(a_new_code_looks_like_example_11),
	    TEST(a_fault_looks_like_example_12),
	    TEST(a_name_with_markup_is_escaped),
	    TEST(the_chain_is_leaf_then_root_then_authority),
	    TEST(a_reversed_chain_begins_with_the_authority),
	    TEST(the_chain_can_be_verified_up_to_its_root),
	    TEST(each_line_of_the_chain_ends_with_cr_as_a_reference),
	    TEST(the_leaf_is_for_non_repudiation_under_the_policy_of_cmd),
	    TEST(the_authority_has_a_name_longer_than_64_characters),
	    TEST(each_digestinfo_is_signed_as_it_is),
	    TEST(a_signature_is_as_long_as_the_key),
	    TEST(each_reply_is_valid_by_the_description),
	    TEST(what_is_not_described_is_not_valid),
	    TEST(the_description_is_the_published_one),
	};

	return cmocka_run_group_tests(tests, client_set_up, client_tear_down);
}
