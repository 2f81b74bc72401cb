/* The messages of SCMDService: byte for byte as in tests/fixtures/cmd (reference cmd.md 7 and 20), and
 * what a hostile server may send instead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmdbridge/scmd.h"
#include "cmdbridge/soap.h"
#include "tools/cmd-simulator/wsdl.h"

#include <ftw.h>
#include <libxml/parser.h>
#include <openssl/evp.h>

#define FIXTURES "tests/fixtures/cmd/"
/* vectors.txt */
#define APPLICATION_ID "0245588e-e217-5a2f-ae28-eae31dd8a56a"
#define PROCESS_ID "7f4d2a10-5c3b-4e8a-9d61-0b8c2f6e4a53"
#define DIGESTINFO_EMPTY_SHA256 \
	"MDEwDQYJYIZIAWUDBAIBBQAEIOOwxEKY/BwUmvv0yJlvuSQnrkHkZJuTTKSVmRt4UrhV"
#define DIGESTINFO_ABC_SHA256 "MDEwDQYJYIZIAWUDBAIBBQAEILp4Fr+PAc/qQUFA3l2uIiOwA2Gjlhd6nLQQ/2HyABWt"
#define NS "http://Ama.Authentication.Service/"
#define NS_A "http://schemas.datacontract.org/2004/07/Ama.Structures.CCMovelSignature"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct file {
	char text[16384];
	size_t len;
};

static struct bytes
bytes_of(const struct file *file)
{
	return (struct bytes){(const uint8_t *)file->text, file->len};
}

static struct bytes
text(const char *words)
{
	return (struct bytes){(const uint8_t *)words, strlen(words)};
}

static struct file
read_example(const char *name)
{
	struct file file = {.len = 0};
	char path[128];
	FILE *stream;

	snprintf(path, sizeof(path), FIXTURES "%s", name);
	stream = fopen(path, "r");
	if (!stream)
		fail_msg("%s is missing", path);
	file.len = fread(file.text, 1, sizeof(file.text) - 1, stream);
	fclose(stream);
	while (file.len > 0 && strchr("\r\n", file.text[file.len - 1]))
		file.text[--file.len] = '\0';
	return file;
}

/* The cipher texts of the examples have random padding, so they are taken from there. */
static void
take_value(const struct file *file, const char *tag, char *value)
{
	char open[64];
	const char *from, *to;

	snprintf(open, sizeof(open), "<%s>", tag);
	from = strstr(file->text, open);
	assert_non_null(from);
	from += strlen(open);
	to = strchr(from, '<');
	memcpy(value, from, (size_t)(to - from));
	value[to - from] = '\0';
}

static void
assert_request(const struct scmd_request *request, const struct file *expected)
{
	size_t len;
	char *message = scmd_request_text(request, &len);

	assert_non_null(message);
	while (len > 0 && message[len - 1] == '\n')
		message[--len] = '\0';
	assert_string_equal(message, expected->text);
	xmlFree(message);
}

static void
get_certificate_is_the_published_message(void **state)
{
	struct file example = read_example("01-GetCertificate.req.xml");
	char user[512];

	(void)state;
	take_value(&example, "userId", user);
	assert_request(&(struct scmd_request){.operation = SCMD_GET_CERTIFICATE,
					      .application_id = APPLICATION_ID,
					      .cipher_user = user},
		       &example);
}

static void
scmd_sign_is_the_published_message(void **state)
{
	struct file example = read_example("04-SCMDSign.req.xml");
	uint8_t digestinfo[64];
	const struct scmd_document document = {"contrato.pdf", {digestinfo, 51}};
	char pin[512], user[512];

	(void)state;
	take_value(&example, "a:Pin", pin);
	take_value(&example, "a:UserId", user);
	assert_int_equal(EVP_DecodeBlock(digestinfo, (const uint8_t *)DIGESTINFO_EMPTY_SHA256,
					 (int)strlen(DIGESTINFO_EMPTY_SHA256)),
			 51);
	assert_request(&(struct scmd_request){.operation = SCMD_SIGN,
					      .application_id = APPLICATION_ID,
					      .cipher_user = user,
					      .cipher_pin = pin,
					      .documents = &document,
					      .documents_count = 1},
		       &example);
}

static void
get_certificate_with_pin_is_the_published_message(void **state)
{
	struct file example = read_example("03-GetCertificateWithPin.req.xml");
	char user[512], pin[512];

	(void)state;
	take_value(&example, "userId", user);
	take_value(&example, "pin", pin);
	assert_request(&(struct scmd_request){.operation = SCMD_GET_CERTIFICATE_WITH_PIN,
					      .application_id = APPLICATION_ID,
					      .cipher_user = user,
					      .cipher_pin = pin},
		       &example);
}

static void
scmd_multiple_sign_is_the_published_message(void **state)
{
	struct file example = read_example("09-SCMDMultipleSign.req.xml");
	uint8_t empty[64], abc[64];
	const struct scmd_document documents[] = {{"contrato.pdf", {empty, 51}},
						  {"anexo.pdf", {abc, 51}}};
	char pin[512], user[512];

	(void)state;
	take_value(&example, "a:Pin", pin);
	take_value(&example, "a:UserId", user);
	assert_int_equal(EVP_DecodeBlock(empty, (const uint8_t *)DIGESTINFO_EMPTY_SHA256,
					 (int)strlen(DIGESTINFO_EMPTY_SHA256)),
			 51);
	assert_int_equal(EVP_DecodeBlock(abc, (const uint8_t *)DIGESTINFO_ABC_SHA256,
					 (int)strlen(DIGESTINFO_ABC_SHA256)),
			 51);
	assert_request(&(struct scmd_request){.operation = SCMD_MULTIPLE_SIGN,
					      .application_id = APPLICATION_ID,
					      .cipher_user = user,
					      .cipher_pin = pin,
					      .documents = documents,
					      .documents_count = 2},
		       &example);
}

/* cmd.md 15: between Hash and Pin, and the fourth of ValidateOtp. */
static void
optional_members_stand_in_their_place(void **state)
{
	const struct scmd_document document = {"a", BYTES_NONE};
	struct scmd_request request = {
	    .application_id = APPLICATION_ID,
	    .cipher_user = "",
	    .cipher_pin = "",
	    .cipher_code = "",
	    .process_id = PROCESS_ID,
	    .documents = &document,
	    .documents_count = 1,
	    .biometric = SCMD_FALSE,
	};
	static const struct {
		enum scmd_operation operation;
		const char *text;
	} rows[] = {
	    {SCMD_SIGN, "<a:Hash></a:Hash><a:IsBiometricValidationEnable>false<"
			"/a:IsBiometricValidationEnable><a:Pin>"},
	    {SCMD_MULTIPLE_SIGN, "</a:ApplicationId><a:IsBiometricValidationEnable>false<"
				 "/a:IsBiometricValidationEnable><a:Pin>"},
	    {SCMD_VALIDATE_OTP, "</applicationId><isBiometric>false</isBiometric></ValidateOtp>"},
	};
	size_t len;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *message;

		request.operation = rows[i].operation;
		message = scmd_request_text(&request, &len);
		assert_non_null(message);
		if (!strstr(message, rows[i].text))
			fail_msg("%s", message);
		xmlFree(message);
	}
}

static void
validate_otp_is_the_published_message(void **state)
{
	struct file example = read_example("06-ValidateOtp.req.xml");
	char code[512];

	(void)state;
	take_value(&example, "code", code);
	assert_request(&(struct scmd_request){.operation = SCMD_VALIDATE_OTP,
					      .application_id = APPLICATION_ID,
					      .cipher_code = code,
					      .process_id = PROCESS_ID},
		       &example);
}

static void
force_sms_is_the_published_message(void **state)
{
	struct file example = read_example("11-ForceSMS.req.xml");
	char user[512];

	(void)state;
	take_value(&example, "citizenId", user);
	assert_request(&(struct scmd_request){.operation = SCMD_FORCE_SMS,
					      .application_id = APPLICATION_ID,
					      .cipher_user = user,
					      .process_id = PROCESS_ID},
		       &example);
}

static void
the_soap_action_is_quoted(void **state)
{
	(void)state;
	assert_string_equal(
	    scmd_action(SCMD_SIGN),
	    "SOAPAction: \"http://Ama.Authentication.Service/SCMDService/SCMDSign\"");
	assert_string_equal(
	    scmd_action(SCMD_FORCE_SMS),
	    "SOAPAction: \"http://Ama.Authentication.Service/SCMDService/ForceSMS\"");
}

static int
remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static bool
is_valid(xmlSchema *schema, const struct scmd_request *request)
{
	size_t len;
	char *message = scmd_request_text(request, &len);
	xmlDoc *doc = xmlReadMemory(message, (int)len, NULL, NULL, XML_PARSE_NONET);
	xmlNode *body = xmlFirstElementChild(xmlDocGetRootElement(doc));
	bool valid = sim_wsdl_valid(schema, xmlFirstElementChild(body));

	xmlFreeDoc(doc);
	xmlFree(message);
	return valid;
}

static void
every_request_is_valid_by_the_wsdl(void **state)
{
	char path[] = "/tmp/vicar-wsdl-XXXXXX";
	const struct scmd_document documents[] = {{"Acordo & <anexo>.pdf", text("digest")},
						  {"b", text("other")}};
	struct sim_directory directory;
	struct problem error = {""};
	xmlSchema *schema;

	(void)state;
	assert_non_null(mkdtemp(path));
	assert_true(sim_directory_open(&directory, path, &error));
	schema = sim_wsdl_schema(&directory, &error);
	assert_non_null(schema);
	for (unsigned operation = 0; operation < SCMD_OPERATIONS; operation++)
		assert_true(is_valid(
		    schema, &(struct scmd_request){.operation = (enum scmd_operation)operation,
						   .application_id = APPLICATION_ID,
						   .cipher_user = "dXNlcg==",
						   .cipher_pin = "cGlu",
						   .cipher_code = "Y29kZQ==",
						   .process_id = PROCESS_ID,
						   .documents = documents,
						   .documents_count = COUNT(documents)}));
	xmlSchemaFree(schema);
	sim_directory_close(&directory);
	nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* What could not be added stays missing: half a request is never sent. */
static void
a_request_that_once_failed_has_no_text(void **state)
{
	struct soap_request request = soap_request_new("Get", NS);
	size_t len = 1;

	(void)state;
	assert_false(request.failed);
	assert_null(soap_request_declare(&request, NULL, "a", NS_A));
	assert_null(soap_request_add(&request, NULL, "more", "text"));
	assert_null(soap_request_add_ns(&request, request.operation, NULL, "more", "text"));
	assert_null(soap_request_text(&request, &len));
	assert_int_equal(len, 0);
}

static void
a_child_of_nothing_makes_the_request_fail(void **state)
{
	struct soap_request request = soap_request_new("Get", NS);
	size_t len;

	(void)state;
	assert_null(soap_request_add_ns(&request, NULL, NULL, "more", "text"));
	assert_true(request.failed);
	assert_null(soap_request_text(&request, &len));
}

static void
markup_in_a_name_is_escaped(void **state)
{
	const struct scmd_document document = {"a</a:DocName><a:Hash>&b", BYTES_NONE};
	size_t len;
	char *message = scmd_request_text(&(struct scmd_request){.operation = SCMD_SIGN,
								 .application_id = APPLICATION_ID,
								 .cipher_user = "",
								 .cipher_pin = "",
								 .documents = &document,
								 .documents_count = 1},
					  &len);

	(void)state;
	assert_non_null(message);
	assert_non_null(strstr(message, "<a:DocName>a&lt;/a:DocName&gt;&lt;a:Hash&gt;&amp;b<"));
	xmlFree(message);
}

static struct scmd_answer
read_as(enum scmd_operation operation, const char *example, enum scmd_result expected)
{
	struct file file = read_example(example);
	struct scmd_answer answer;

	assert_int_equal(scmd_answer_read(operation, bytes_of(&file), &answer), expected);
	return answer;
}

static void
a_started_process_has_code_and_id(void **state)
{
	struct scmd_answer answer = read_as(SCMD_SIGN, "04-SCMDSign.rsp.xml", SCMD_ANSWERED);

	(void)state;
	assert_string_equal(answer.code, "200");
	assert_string_equal(answer.process_id, PROCESS_ID);
	assert_string_equal(answer.message, "OK");
}

static void
a_wrong_pin_is_read_as_801(void **state)
{
	struct scmd_answer answer =
	    read_as(SCMD_SIGN, "05-SCMDSign-wrong-pin.rsp.xml", SCMD_ANSWERED);

	(void)state;
	assert_string_equal(answer.code, "801");
}

static void
a_signature_is_read_with_its_status(void **state)
{
	struct scmd_answer answer =
	    read_as(SCMD_VALIDATE_OTP, "06-ValidateOtp-single.rsp.xml", SCMD_ANSWERED);

	(void)state;
	assert_string_equal(answer.code, "200");
	assert_int_equal(answer.signature.len, 384);
	assert_int_equal(answer.signature.data[0], 0x24); /* JE9h... in base64 */
	assert_int_equal(answer.signature.data[1], 0x4F);
}

static void
signatures_of_many_are_in_the_places_of_their_ids(void **state)
{
	struct scmd_answer answer =
	    read_as(SCMD_VALIDATE_OTP, "10-ValidateOtp-multiple.rsp.xml", SCMD_ANSWERED);

	(void)state;
	assert_string_equal(answer.code, "200");
	assert_int_equal(answer.signature.len, 0);
	assert_non_null(answer.list);
	assert_false(answer.list_broken);
	assert_int_equal(answer.list[0].len, 384);
	assert_int_equal(answer.list[0].data[0], 0x24); /* JE9h... in base64 */
	assert_int_equal(answer.list[1].len, 384);
	assert_int_equal(answer.list[1].data[0], 0x83); /* g5Z2... in base64 */
	assert_int_equal(answer.list[2].len, 0);
	scmd_answer_free(&answer);
}

/* Entries of a list: what is between the tags of `id`. */
static void
assert_list_broken(const char *first, const char *second, bool broken)
{
	static const char form[] =
	    "<s:Envelope xmlns:s=\"" SOAP_NS_ENVELOPE "\"><s:Body>"
	    "<ValidateOtpResponse xmlns=\"http://Ama.Authentication.Service/\"><ValidateOtpResult "
	    "xmlns:a=\"http://schemas.datacontract.org/2004/07/Ama.Structures.CCMovelSignature\">"
	    "<a:ArrayOfHashStructure>"
	    "<a:HashStructure><a:Hash>YQ==</a:Hash><a:id>%s</a:id></a:HashStructure>"
	    "<a:HashStructure><a:Hash>Yg==</a:Hash><a:id>%s</a:id></a:HashStructure>"
	    "</a:ArrayOfHashStructure></ValidateOtpResult></ValidateOtpResponse></s:Body>"
	    "</s:Envelope>";
	struct scmd_answer answer;
	char body[2048];

	snprintf(body, sizeof(body), form, first, second);
	assert_int_equal(scmd_answer_read(SCMD_VALIDATE_OTP, text(body), &answer), SCMD_ANSWERED);
	if (answer.list_broken != broken)
		fail_msg("ids %s and %s", first, second);
	scmd_answer_free(&answer);
}

static void
a_list_with_an_id_twice_or_a_strange_one_is_broken(void **state)
{
	static const char *const strange[] = {"",    "00",  "01", "-1",
					      "100", "0x1", "a",  "99999999999"};

	(void)state;
	assert_list_broken("1", "0", false);
	assert_list_broken("99", "0", false);
	assert_list_broken("0", "0", true);
	for (size_t i = 0; i < COUNT(strange); i++)
		assert_list_broken("0", strange[i], true);
}

static void
a_chain_comes_with_the_code_of_a_proof(void **state)
{
	struct scmd_answer answer =
	    read_as(SCMD_VALIDATE_OTP, "07-ValidateOtp-certificate.rsp.xml", SCMD_ANSWERED);

	(void)state;
	assert_string_equal(answer.code, "200");
	assert_non_null(answer.chain);
	assert_non_null(strstr(answer.chain, "-----BEGIN CERTIFICATE-----"));
	assert_null(answer.list);
	scmd_answer_free(&answer);
}

static void
a_wrong_code_is_read_as_802_without_a_signature(void **state)
{
	struct scmd_answer answer =
	    read_as(SCMD_VALIDATE_OTP, "08-ValidateOtp-wrong-otp.rsp.xml", SCMD_ANSWERED);

	(void)state;
	assert_string_equal(answer.code, "802");
	assert_int_equal(answer.signature.len, 0);
}

static void
a_chain_keeps_its_carriage_returns(void **state)
{
	struct scmd_answer answer =
	    read_as(SCMD_GET_CERTIFICATE, "01-GetCertificate.rsp.xml", SCMD_ANSWERED);

	(void)state;
	assert_non_null(answer.chain);
	assert_int_equal(strncmp(answer.chain, "-----BEGIN CERTIFICATE-----\r\n", 29), 0);
	scmd_answer_free(&answer);
}

static void
an_unknown_account_is_an_answer_without_a_chain(void **state)
{
	struct scmd_answer answer =
	    read_as(SCMD_GET_CERTIFICATE, "02-GetCertificate-unknown.rsp.xml", SCMD_ANSWERED);

	(void)state;
	assert_null(answer.chain);
}

static void
a_fault_keeps_its_words(void **state)
{
	struct scmd_answer answer = read_as(SCMD_SIGN, "12-fault-malformed.rsp.xml", SCMD_FAULT);

	(void)state;
	assert_non_null(strstr(answer.message, "parameter that could not be read"));
}

static void
a_new_code_is_read_as_200(void **state)
{
	struct scmd_answer answer = read_as(SCMD_FORCE_SMS, "11-ForceSMS.rsp.xml", SCMD_ANSWERED);

	(void)state;
	assert_string_equal(answer.code, "200");
}

static void
the_answer_to_another_operation_is_garbage(void **state)
{
	(void)state;
	(void)read_as(SCMD_SIGN, "11-ForceSMS.rsp.xml", SCMD_GARBAGE);
}

static enum scmd_result
read_text(const char *body, struct scmd_answer *answer)
{
	return scmd_answer_read(SCMD_SIGN, text(body), answer);
}

#define ENVELOPE(content)                                                                  \
	"<x:Envelope xmlns:x='http://schemas.xmlsoap.org/soap/envelope/'><x:Body>" content \
	"</x:Body></x:Envelope>"
#define RESULT(content)                                                                  \
	ENVELOPE("<q:SCMDSignResponse xmlns:q='" NS "'><q:SCMDSignResult xmlns:w='" NS_A \
		 "'>" content "</q:SCMDSignResult></q:SCMDSignResponse>")

static void
prefixes_do_not_matter(void **state)
{
	struct scmd_answer answer;

	(void)state;
	assert_int_equal(read_text(RESULT("<w:Code> 817 </w:Code>"), &answer), SCMD_ANSWERED);
	assert_string_equal(answer.code, "817");
}

static void
the_right_name_in_another_namespace_is_not_read(void **state)
{
	struct scmd_answer answer;

	(void)state;
	assert_int_equal(read_text(RESULT("<q:Code>200</q:Code><Code>200</Code>"), &answer),
			 SCMD_ANSWERED);
	assert_string_equal(answer.code, "");
}

static void
a_nil_code_is_no_code(void **state)
{
	struct scmd_answer answer;

	(void)state;
	assert_int_equal(
	    read_text(RESULT("<w:Code xmlns:i='http://www.w3.org/2001/XMLSchema-instance'"
			     " i:nil='true'>200</w:Code>"),
		      &answer),
	    SCMD_ANSWERED);
	assert_string_equal(answer.code, "");
}

static void
a_code_with_markup_in_it_is_no_code(void **state)
{
	struct scmd_answer answer;

	(void)state;
	assert_int_equal(read_text(RESULT("<w:Code>2<b/>00</w:Code>"), &answer), SCMD_ANSWERED);
	assert_string_equal(answer.code, "");
}

static void
an_id_that_is_too_long_is_no_id(void **state)
{
	struct scmd_answer answer;

	(void)state;
	assert_int_equal(
	    read_text(RESULT("<w:Code>200</w:Code><w:ProcessId>"
			     "0123456789012345678901234567890123456789012345678901234567890123"
			     "</w:ProcessId>"),
		      &answer),
	    SCMD_ANSWERED);
	assert_string_equal(answer.process_id, "");
}

/* They go into log and journal, where no phone number and no code may be. */
static void
long_numbers_in_a_message_are_hidden(void **state)
{
	struct scmd_answer answer;

	(void)state;
	assert_int_equal(read_text(RESULT("<w:Message>500: +351 912345678, 912-345-678, code "
					  "654321; line 12345</w:Message>"),
				   &answer),
			 SCMD_ANSWERED);
	assert_string_equal(answer.message,
			    "500: +*** *********, ***-***-***, code ******; line 12345");
	assert_int_equal(
	    read_text(ENVELOPE("<x:Fault><faultstring>user 912 34 56 78</faultstring></x:Fault>"),
		      &answer),
	    SCMD_FAULT);
	assert_string_equal(answer.message, "user *** ** ** **");
}

static void
controls_in_a_message_are_not_passed_on(void **state)
{
	struct scmd_answer answer;

	(void)state;
	assert_int_equal(read_text(RESULT("<w:Message>a&#10;b&#x202E;c</w:Message>"), &answer),
			 SCMD_ANSWERED);
	assert_string_equal(answer.message, "a?b?c");
}

static void
a_document_type_ends_the_reading(void **state)
{
	struct scmd_answer answer;

	(void)state;
	assert_int_equal(read_text("<!DOCTYPE x>" RESULT("<w:Code>200</w:Code>"), &answer),
			 SCMD_GARBAGE);
}

static void
entities_are_not_expanded(void **state)
{
	struct scmd_answer answer;

	(void)state;
	assert_int_equal(
	    read_text("<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;'>"
		      "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;'>]>" RESULT("<w:Code>&c;</w:Code>"),
		      &answer),
	    SCMD_GARBAGE);
}

static void
an_external_entity_is_not_fetched(void **state)
{
	struct scmd_answer answer;

	(void)state;
	assert_int_equal(
	    read_text("<!DOCTYPE x [<!ENTITY f SYSTEM 'file:///etc/hostname'>]>" RESULT(
			  "<w:Message>&f;</w:Message>"),
		      &answer),
	    SCMD_GARBAGE);
	assert_string_equal(answer.message, "");
}

static void
nesting_beyond_reason_is_garbage(void **state)
{
	enum { DEPTH = 5000 };
	const size_t size = (size_t)DEPTH * 3;
	char *deep = test_malloc(size + 1);
	struct scmd_answer answer;

	(void)state;
	for (size_t i = 0; i < size; i += 3)
		memcpy(deep + i, "<a>", 3);
	deep[size] = '\0';
	assert_int_equal(read_text(deep, &answer), SCMD_GARBAGE);
	test_free(deep);
}

static void
html_and_nothing_are_garbage(void **state)
{
	struct scmd_answer answer;

	(void)state;
	assert_int_equal(read_text("<html><p>Service<br></html>", &answer), SCMD_GARBAGE);
	assert_int_equal(read_text("", &answer), SCMD_GARBAGE);
	assert_int_equal(read_text("200", &answer), SCMD_GARBAGE);
	assert_int_equal(read_text(ENVELOPE(""), &answer), SCMD_GARBAGE);
}

static void
every_shortened_answer_is_garbage(void **state)
{
	struct file file = read_example("04-SCMDSign.rsp.xml");
	struct scmd_answer answer;

	(void)state;
	for (size_t len = 0; len < file.len; len++)
		assert_int_equal(
		    scmd_answer_read(SCMD_SIGN, (struct bytes){(uint8_t *)file.text, len}, &answer),
		    SCMD_GARBAGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(get_certificate_is_the_published_message),
	    cmocka_unit_test(scmd_sign_is_the_published_message),
	    cmocka_unit_test(get_certificate_with_pin_is_the_published_message),
	    cmocka_unit_test(scmd_multiple_sign_is_the_published_message),
	    cmocka_unit_test(optional_members_stand_in_their_place),
	    cmocka_unit_test(signatures_of_many_are_in_the_places_of_their_ids),
	    cmocka_unit_test(a_list_with_an_id_twice_or_a_strange_one_is_broken),
	    cmocka_unit_test(a_chain_comes_with_the_code_of_a_proof),
	    cmocka_unit_test(validate_otp_is_the_published_message),
	    cmocka_unit_test(force_sms_is_the_published_message),
	    cmocka_unit_test(the_soap_action_is_quoted),
	    cmocka_unit_test(every_request_is_valid_by_the_wsdl),
	    cmocka_unit_test(markup_in_a_name_is_escaped),
	    cmocka_unit_test(a_request_that_once_failed_has_no_text),
	    cmocka_unit_test(a_child_of_nothing_makes_the_request_fail),
	    cmocka_unit_test(a_started_process_has_code_and_id),
	    cmocka_unit_test(a_wrong_pin_is_read_as_801),
	    cmocka_unit_test(a_signature_is_read_with_its_status),
	    cmocka_unit_test(a_wrong_code_is_read_as_802_without_a_signature),
	    cmocka_unit_test(a_chain_keeps_its_carriage_returns),
	    cmocka_unit_test(an_unknown_account_is_an_answer_without_a_chain),
	    cmocka_unit_test(a_fault_keeps_its_words),
	    cmocka_unit_test(a_new_code_is_read_as_200),
	    cmocka_unit_test(the_answer_to_another_operation_is_garbage),
	    cmocka_unit_test(prefixes_do_not_matter),
	    cmocka_unit_test(the_right_name_in_another_namespace_is_not_read),
	    cmocka_unit_test(a_nil_code_is_no_code),
	    cmocka_unit_test(a_code_with_markup_in_it_is_no_code),
	    cmocka_unit_test(an_id_that_is_too_long_is_no_id),
	    cmocka_unit_test(long_numbers_in_a_message_are_hidden),
	    cmocka_unit_test(controls_in_a_message_are_not_passed_on),
	    cmocka_unit_test(a_document_type_ends_the_reading),
	    cmocka_unit_test(entities_are_not_expanded),
	    cmocka_unit_test(an_external_entity_is_not_fetched),
	    cmocka_unit_test(nesting_beyond_reason_is_garbage),
	    cmocka_unit_test(html_and_nothing_are_garbage),
	    cmocka_unit_test(every_shortened_answer_is_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
