#include "scmd.h"
#include "text.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_SERVICE "http://Ama.Authentication.Service/"
#define NS_STRUCTURES "http://schemas.datacontract.org/2004/07/Ama.Structures.CCMovelSignature"
#define ACTION(name) "SOAPAction: \"" NS_SERVICE "SCMDService/" name "\""

enum {
	BASE64_MAX = 2048,
	BASE64_BYTES_MAX = (BASE64_MAX - 1) / 4 * 3,
	ID_MAX = 2, /* digits */
};

static const struct {
	const char *name;
	const char *action;
} operations[] = {
    [SCMD_GET_CERTIFICATE] = {"GetCertificate", ACTION("GetCertificate")},
    [SCMD_GET_CERTIFICATE_WITH_PIN] = {"GetCertificateWithPin", ACTION("GetCertificateWithPin")},
    [SCMD_SIGN] = {"SCMDSign", ACTION("SCMDSign")},
    [SCMD_MULTIPLE_SIGN] = {"SCMDMultipleSign", ACTION("SCMDMultipleSign")},
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

static void
add_choice(struct soap_request *soap, xmlNode *node, xmlNs *ns, const char *name,
	   enum scmd_choice choice)
{
	if (choice != SCMD_UNSAID)
		soap_request_add_ns(soap, node, ns, name, choice == SCMD_TRUE ? "true" : "false");
}

static void
add_hash(struct soap_request *soap, xmlNode *node, xmlNs *ns, struct bytes digestinfo)
{
	char hash[BASE64_MAX];

	if (encode_base64(digestinfo, hash))
		soap_request_add_ns(soap, node, ns, "Hash", hash);
	else
		soap->failed = true;
}

/* Structures have their members in ordinal order of the names (WSDL, xs:sequence); the service
 * skips one that stands elsewhere. DocName is always sent: newer servers require it. */
static void
add_sign_request(struct soap_request *soap, const struct scmd_request *request,
		 const char *application)
{
	const bool many = request->operation == SCMD_MULTIPLE_SIGN;
	xmlNode *node = soap_request_add(soap, NULL, "request", NULL);
	xmlNs *ns = soap_request_declare(soap, node, "a", NS_STRUCTURES);

	soap_request_add_ns(soap, node, ns, "ApplicationId", application);
	if (!many) {
		soap_request_add_ns(soap, node, ns, "DocName", request->documents[0].name);
		add_hash(soap, node, ns, request->documents[0].digestinfo);
	}
	add_choice(soap, node, ns, "IsBiometricValidationEnable", request->biometric);
	soap_request_add_ns(soap, node, ns, "Pin", request->cipher_pin);
	soap_request_add_ns(soap, node, ns, "UserId", request->cipher_user);
}

static void
add_documents(struct soap_request *soap, const struct scmd_request *request)
{
	xmlNode *list = soap_request_add(soap, NULL, "documents", NULL);
	xmlNs *ns = soap_request_declare(soap, list, "a", NS_STRUCTURES);

	for (size_t i = 0; i < request->documents_count; i++) {
		xmlNode *node = soap_request_add_ns(soap, list, ns, "HashStructure", NULL);
		char id[24];

		snprintf(id, sizeof(id), "%zu", i);
		add_hash(soap, node, ns, request->documents[i].digestinfo);
		soap_request_add_ns(soap, node, ns, "Name", request->documents[i].name);
		soap_request_add_ns(soap, node, ns, "id", id);
	}
}

static void
add_members(struct soap_request *soap, const struct scmd_request *request, const char *application)
{
	switch (request->operation) {
	case SCMD_GET_CERTIFICATE:
	case SCMD_GET_CERTIFICATE_WITH_PIN:
		soap_request_add(soap, NULL, "applicationId", application);
		soap_request_add(soap, NULL, "userId", request->cipher_user);
		if (request->operation == SCMD_GET_CERTIFICATE_WITH_PIN)
			soap_request_add(soap, NULL, "pin", request->cipher_pin);
		break;
	case SCMD_SIGN: add_sign_request(soap, request, application); break;
	case SCMD_MULTIPLE_SIGN:
		add_sign_request(soap, request, application);
		add_documents(soap, request);
		break;
	case SCMD_VALIDATE_OTP:
		soap_request_add(soap, NULL, "code", request->cipher_code);
		soap_request_add(soap, NULL, "processId", request->process_id);
		soap_request_add(soap, NULL, "applicationId", application);
		if (request->biometric != SCMD_UNSAID)
			soap_request_add(soap, NULL, "isBiometric",
					 request->biometric == SCMD_TRUE ? "true" : "false");
		break;
	case SCMD_FORCE_SMS:
		soap_request_add(soap, NULL, "processId", request->process_id);
		soap_request_add(soap, NULL, "citizenId", request->cipher_user);
		soap_request_add(soap, NULL, "applicationId", application);
		break;
	case SCMD_OPERATIONS: break;
	}
}

char *
scmd_request_text(const struct scmd_request *request, size_t *len)
{
	struct soap_request soap =
	    soap_request_new(operations[request->operation].name, NS_SERVICE);
	struct bytes id = {(const uint8_t *)request->application_id,
			   strlen(request->application_id)};
	char application[BASE64_MAX];

	if (encode_base64(id, application))
		add_members(&soap, request, application);
	else
		soap.failed = true;
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

/* base64Binary may hold blanks (XML Schema part 2, 3.2.16). Empty when it is nil, too long or not
 * base64. */
static void
read_signature(const xmlNode *parent, const char *name, struct scmd_signature *signature)
{
	const xmlNode *node = soap_child(parent, name, NS_STRUCTURES);
	EVP_ENCODE_CTX *context = EVP_ENCODE_CTX_new();
	uint8_t decoded[BASE64_MAX];
	char *text = node ? soap_text(node) : NULL;
	int len = 0, rest = 0;

	signature->len = 0;
	if (!text || !context || strlen(text) > BASE64_MAX)
		goto out;
	EVP_DecodeInit(context);
	if (EVP_DecodeUpdate(context, decoded, &len, (uint8_t *)text, (int)strlen(text)) < 0 ||
	    EVP_DecodeFinal(context, decoded + len, &rest) < 0 || len + rest > SCMD_SIGNATURE_MAX)
		goto out;
	signature->len = (size_t)len + (size_t)rest;
	memcpy(signature->data, decoded, signature->len);
out:
	EVP_ENCODE_CTX_free(context);
	xmlFree(text);
	ERR_clear_error();
}

/* Decimal digits without leading zeros, as they were sent. */
static bool
read_place(const xmlNode *entry, size_t *place)
{
	char id[ID_MAX + 1];
	size_t len;

	read_token(entry, "id", id, sizeof(id));
	len = strlen(id);
	if (len == 0 || strspn(id, "0123456789") != len || (len > 1 && id[0] == '0'))
		return false;
	*place = (size_t)strtoul(id, NULL, 10);
	return *place < SCMD_DOCUMENTS_MAX;
}

/* The manual calls the member Signature, on the wire it is Hash (WSDL). */
static void
read_list(const xmlNode *list, struct scmd_answer *answer)
{
	bool seen[SCMD_DOCUMENTS_MAX] = {false};

	if (!list)
		return;
	answer->list = calloc(SCMD_DOCUMENTS_MAX, sizeof(*answer->list));
	if (!answer->list)
		return;
	for (const xmlNode *entry = soap_child(list, "HashStructure", NS_STRUCTURES); entry;
	     entry = soap_next(entry)) {
		size_t place;

		if (!read_place(entry, &place) || seen[place]) {
			answer->list_broken = true;
			return;
		}
		seen[place] = true;
		read_signature(entry, "Hash", &answer->list[place]);
	}
}

static void
read_sign_response(const xmlNode *result, struct scmd_answer *answer)
{
	const xmlNode *certificate = soap_child(result, "certificate", NS_STRUCTURES);

	read_status(soap_child(result, "Status", NS_STRUCTURES), answer);
	read_signature(result, "Signature", &answer->signature);
	read_list(soap_child(result, "ArrayOfHashStructure", NS_STRUCTURES), answer);
	if (certificate)
		answer->chain = soap_text(certificate);
}

static void
read_result(enum scmd_operation operation, const xmlNode *result, struct scmd_answer *answer)
{
	switch (operation) {
	case SCMD_GET_CERTIFICATE: answer->chain = soap_text(result); break;
	case SCMD_GET_CERTIFICATE_WITH_PIN:
	case SCMD_SIGN:
	case SCMD_MULTIPLE_SIGN:
	case SCMD_FORCE_SMS: read_status(result, answer); break;
	case SCMD_VALIDATE_OTP: read_sign_response(result, answer); break;
	case SCMD_OPERATIONS: break;
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
	free(answer->list);
	answer->list = NULL;
}
