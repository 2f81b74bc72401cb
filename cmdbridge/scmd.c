#include "scmd.h"
#include "text.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <ctype.h>
#include <string.h>

#define NS_SERVICE "http://Ama.Authentication.Service/"
#define NS_STRUCTURES "http://schemas.datacontract.org/2004/07/Ama.Structures.CCMovelSignature"
#define ACTION(name) "SOAPAction: \"" NS_SERVICE "SCMDService/" name "\""

enum { BASE64_MAX = 2048, BASE64_BYTES_MAX = (BASE64_MAX - 1) / 4 * 3 };

static const struct {
	const char *name;
	const char *action;
} operations[] = {
    [SCMD_GET_CERTIFICATE] = {"GetCertificate", ACTION("GetCertificate")},
    [SCMD_SIGN] = {"SCMDSign", ACTION("SCMDSign")},
    [SCMD_VALIDATE_OTP] = {"ValidateOtp", ACTION("ValidateOtp")},
    [SCMD_FORCE_SMS] = {"ForceSMS", ACTION("ForceSMS")},
};

const char *
scmd_action(enum scmd_operation operation)
{
	return operations[operation].action;
}

static bool
encode_base64(struct bytes bytes, char out[BASE64_MAX])
{
	if (bytes.len > BASE64_BYTES_MAX)
		return false;
	EVP_EncodeBlock((uint8_t *)out, bytes.data, (int)bytes.len);
	return true;
}

/* Structures have their members in ordinal order of the names (WSDL, xs:sequence); the service
 * skips one that stands elsewhere. DocName is always sent: newer servers require it. */
static void
add_sign_request(struct soap_request *soap, const struct scmd_request *request,
		 const char *application, const char *hash)
{
	xmlNode *node = soap_request_add(soap, NULL, "request", NULL);
	xmlNs *ns = soap_request_declare(soap, node, "a", NS_STRUCTURES);

	soap_request_add_ns(soap, node, ns, "ApplicationId", application);
	soap_request_add_ns(soap, node, ns, "DocName", request->document);
	soap_request_add_ns(soap, node, ns, "Hash", hash);
	soap_request_add_ns(soap, node, ns, "Pin", request->cipher_pin);
	soap_request_add_ns(soap, node, ns, "UserId", request->cipher_user);
}

char *
scmd_request_text(const struct scmd_request *request, size_t *len)
{
	struct soap_request soap =
	    soap_request_new(operations[request->operation].name, NS_SERVICE);
	struct bytes id = {(const uint8_t *)request->application_id,
			   strlen(request->application_id)};
	char application[BASE64_MAX], hash[BASE64_MAX];

	if (!encode_base64(id, application) || !encode_base64(request->digestinfo, hash))
		soap.failed = true;
	switch (request->operation) {
	case SCMD_GET_CERTIFICATE:
		soap_request_add(&soap, NULL, "applicationId", application);
		soap_request_add(&soap, NULL, "userId", request->cipher_user);
		break;
	case SCMD_SIGN: add_sign_request(&soap, request, application, hash); break;
	case SCMD_VALIDATE_OTP:
		soap_request_add(&soap, NULL, "code", request->cipher_code);
		soap_request_add(&soap, NULL, "processId", request->process_id);
		soap_request_add(&soap, NULL, "applicationId", application);
		break;
	case SCMD_FORCE_SMS:
		soap_request_add(&soap, NULL, "processId", request->process_id);
		soap_request_add(&soap, NULL, "citizenId", request->cipher_user);
		soap_request_add(&soap, NULL, "applicationId", application);
		break;
	}
	return soap_request_text(&soap, len);
}

/* Empty when absent, nil, or longer than it may be. */
static void
read_token(const xmlNode *status, const char *name, char *out, size_t room)
{
	const xmlNode *node = soap_child(status, name, NS_STRUCTURES);
	char *text = node ? soap_text(node) : NULL;
	const char *at = text;
	size_t len = 0;

	out[0] = '\0';
	if (!text)
		return;
	at += strspn(at, " \t\r\n");
	while (at[len] && isgraph((unsigned char)at[len]))
		len++;
	if (len < room && at[len + strspn(at + len, " \t\r\n")] == '\0') {
		memcpy(out, at, len);
		out[len] = '\0';
	}
	xmlFree(text);
}

/* The service's own: nobody knows what is in them. */
static void
copy_words(const char *words, struct scmd_answer *answer)
{
	(void)text_printable((struct bytes){(const uint8_t *)words, strlen(words)},
			     SCMD_MESSAGE_MAX, answer->message);
	text_hide_numbers(answer->message);
}

static void
read_status(const xmlNode *status, struct scmd_answer *answer)
{
	const xmlNode *node = soap_child(status, "Message", NS_STRUCTURES);
	char *message = node ? soap_text(node) : NULL;

	read_token(status, "Code", answer->code, sizeof(answer->code));
	read_token(status, "ProcessId", answer->process_id, sizeof(answer->process_id));
	if (message)
		copy_words(message, answer);
	xmlFree(message);
}

/* base64Binary may hold blanks (XML Schema part 2, 3.2.16). */
static void
read_signature(const xmlNode *result, struct scmd_answer *answer)
{
	const xmlNode *node = soap_child(result, "Signature", NS_STRUCTURES);
	EVP_ENCODE_CTX *context = EVP_ENCODE_CTX_new();
	uint8_t decoded[BASE64_MAX];
	char *text = node ? soap_text(node) : NULL;
	int len = 0, rest = 0;

	if (!text || !context || strlen(text) > BASE64_MAX)
		goto out;
	EVP_DecodeInit(context);
	if (EVP_DecodeUpdate(context, decoded, &len, (uint8_t *)text, (int)strlen(text)) < 0 ||
	    EVP_DecodeFinal(context, decoded + len, &rest) < 0 || len + rest > SCMD_SIGNATURE_MAX)
		goto out;
	answer->signature_len = (size_t)len + (size_t)rest;
	memcpy(answer->signature, decoded, answer->signature_len);
out:
	EVP_ENCODE_CTX_free(context);
	xmlFree(text);
	ERR_clear_error();
}

static void
read_result(enum scmd_operation operation, const xmlNode *result, struct scmd_answer *answer)
{
	switch (operation) {
	case SCMD_GET_CERTIFICATE: answer->chain = soap_text(result); break;
	case SCMD_SIGN:
	case SCMD_FORCE_SMS: read_status(result, answer); break;
	case SCMD_VALIDATE_OTP:
		read_status(soap_child(result, "Status", NS_STRUCTURES), answer);
		read_signature(result, answer);
		break;
	}
}

enum scmd_result
scmd_answer_read(enum scmd_operation operation, struct bytes body, struct scmd_answer *answer)
{
	enum scmd_result result = SCMD_GARBAGE;
	struct soap_answer soap;

	memset(answer, 0, sizeof(*answer));
	switch (soap_answer_read(body, operations[operation].name, NS_SERVICE, &soap)) {
	case SOAP_OK:
		read_result(operation, soap.result, answer);
		result = SCMD_ANSWERED;
		break;
	case SOAP_NIL:
		/* Only here nil has a meaning: no such account (manual, GetCertificate). */
		if (operation == SCMD_GET_CERTIFICATE)
			result = SCMD_ANSWERED;
		break;
	case SOAP_FAULT:
		copy_words(soap.fault, answer);
		result = SCMD_FAULT;
		break;
	case SOAP_GARBAGE: break;
	}
	soap_answer_free(&soap);
	return result;
}

void
scmd_answer_free(struct scmd_answer *answer)
{
	xmlFree(answer->chain);
	answer->chain = NULL;
}
