#include "cmdcall.h"
#include "bridge.h"
#include "certificate.h"
#include "cmd.h"
#include "http.h"
#include "secrets.h"

#include <openssl/crypto.h>

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { HTTP_OK = 200, HTTP_INTERNAL_ERROR = 500 };

enum outcome
cmdcall_explain(struct cmdcall *call, enum outcome outcome, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(call->result->detail, sizeof(call->result->detail), format, arguments);
	va_end(arguments);
	return outcome;
}

static enum outcome
open_cipher(struct cmdcall *call)
{
	char error[CIPHER_ERROR_MAX];

	if (!call->use->config->encryption_certificate)
		return cmdcall_explain(call, OUTCOME_ENCRYPTION_UNUSABLE,
				       "encryption-certificate is not set for service %s",
				       call->use->config->name);
	switch (cipher_open(call->use->config->encryption_certificate, &call->cipher, error)) {
	case CIPHER_OK: return OUTCOME_OK;
	case CIPHER_EXPIRED: return cmdcall_explain(call, OUTCOME_ENCRYPTION_EXPIRED, "%s", error);
	case CIPHER_UNUSABLE: break;
	}
	return cmdcall_explain(call, OUTCOME_ENCRYPTION_UNUSABLE, "%s", error);
}

static enum outcome
open_account(struct cmdcall *call)
{
	struct bytes name = call->use->request->account;
	char error[SECRETS_ERROR_MAX], path[PATH_MAX];

	if (name.len == 0 || name.len >= sizeof(path))
		return cmdcall_explain(call, OUTCOME_ACCOUNT_FILE, "no account was named");
	memcpy(path, name.data, name.len);
	path[name.len] = '\0';
	if (!service_account_load(path, SERVICE_ACCOUNT_PHONE, call->account, error))
		return cmdcall_explain(call, OUTCOME_ACCOUNT_FILE, "%s", error);
	phone_mask(call->account->phone, call->masked_phone);
	return OUTCOME_OK;
}

enum outcome
cmdcall_open(struct cmdcall *call, const struct service_use *use, struct service_result *result)
{
	const struct service_config *config = use->config;
	char error[SECRETS_ERROR_MAX];
	enum outcome outcome;

	*call = (struct cmdcall){.use = use, .result = result};
	call->credentials = OPENSSL_secure_zalloc(sizeof(*call->credentials));
	call->account = OPENSSL_secure_zalloc(sizeof(*call->account));
	if (!call->credentials || !call->account)
		return cmdcall_explain(call, OUTCOME_MISCONFIGURED, "no locked memory left");
	if (!config->endpoint)
		return cmdcall_explain(call, OUTCOME_MISCONFIGURED,
				       "endpoint is not set for service %s", config->name);
	if (!config->credentials)
		return cmdcall_explain(call, OUTCOME_CREDENTIALS_FILE,
				       "credentials is not set for service %s", config->name);
	outcome = open_cipher(call);
	if (outcome != OUTCOME_OK)
		return outcome;
	if (!service_credentials_load(config->credentials, &cmd_kind, call->credentials, error) ||
	    !service_credentials_fit(config, call->credentials, error))
		return cmdcall_explain(call, OUTCOME_CREDENTIALS_FILE, "%s", error);
	outcome = open_account(call);
	if (outcome != OUTCOME_OK)
		return outcome;
	if (!cipher_encrypt(&call->cipher, call->account->phone, call->cipher_user))
		return cmdcall_explain(call, OUTCOME_ENCRYPTION_UNUSABLE,
				       "OpenSSL cannot encrypt with it");
	return OUTCOME_OK;
}

void
cmdcall_close(struct cmdcall *call)
{
	OPENSSL_secure_clear_free(call->credentials, sizeof(*call->credentials));
	OPENSSL_secure_clear_free(call->account, sizeof(*call->account));
	cipher_close(&call->cipher);
	OPENSSL_cleanse(call, sizeof(*call));
}

static enum outcome
read_answer(struct cmdcall *call, enum scmd_operation operation, const struct http_answer *http,
	    struct scmd_answer *answer)
{
	enum scmd_result read =
	    scmd_answer_read(operation, (struct bytes){http->body, http->len}, answer);

	if (http->status == HTTP_OK && read == SCMD_ANSWERED)
		return OUTCOME_OK;
	if (read == SCMD_FAULT && (http->status == HTTP_OK || http->status == HTTP_INTERNAL_ERROR))
		return cmdcall_explain(call, OUTCOME_SERVER_ERROR, "%s",
				       answer->message[0] ? answer->message
							  : "SOAP fault without a text");
	if (http->status == HTTP_OK)
		return cmdcall_explain(call, OUTCOME_BAD_ANSWER,
				       "no answer to this operation in it");
	return cmdcall_explain(call, outcome_of_status(http->status), "HTTP status %ld",
			       http->status);
}

enum outcome
cmdcall_make(struct cmdcall *call, struct scmd_request *request, struct scmd_answer *answer)
{
	const struct service_credentials *credentials = call->credentials;
	const char *headers[] = {scmd_action(request->operation), NULL};
	struct http_request post = {
	    .url = call->use->config->endpoint,
	    .content_type = "text/xml; charset=utf-8",
	    .headers = headers,
	    .user = credentials->user,
	    .password = credentials->password,
	    .proxy_user = credentials->proxy_user,
	    .proxy_password = credentials->proxy_password,
	};
	struct http_answer http = {0};
	enum http_result sent;
	enum outcome outcome;
	char *text;

	memset(answer, 0, sizeof(*answer));
	request->application_id = credentials->application_id;
	request->cipher_user = call->cipher_user;
	text = scmd_request_text(request, &post.body.len);
	if (!text)
		return cmdcall_explain(call, OUTCOME_MISCONFIGURED,
				       "no memory left for the request");
	post.body.data = (const uint8_t *)text;
	sent = http_send(call->use->config, call->use->peer, &post, &http);
	if (sent == HTTP_ANSWERED)
		outcome = read_answer(call, request->operation, &http, answer);
	else
		outcome = cmdcall_explain(
		    call, http_outcome(sent, request->operation == SCMD_GET_CERTIFICATE), "%s",
		    http.error);
	http_answer_free(&http);
	xmlFree(text);
	return outcome;
}

enum outcome
cmdcall_judge(struct cmdcall *call, const struct scmd_answer *answer)
{
	enum outcome outcome = service_outcome(&cmd_maker, answer->code);
	struct service_result *result = call->result;
	char date[CERTIFICATE_DATE_SIZE];
	unsigned left = call->use->request->tries_left;

	result->detail[0] = '\0';
	snprintf(result->code, sizeof(result->code), "%s", answer->code);
	if (!result->process_id[0])
		snprintf(result->process_id, sizeof(result->process_id), "%s", answer->process_id);
	else if (answer->process_id[0] && strcasecmp(result->process_id, answer->process_id) != 0)
		return cmdcall_explain(call, OUTCOME_BAD_ANSWER, "it is about another process");
	switch (outcome) {
	case OUTCOME_PIN_REFUSED:
		certificate_date(X509_get0_notAfter(call->cipher.certificate), date);
		return cmdcall_explain(
		    call, outcome,
		    "number %s, encryption certificate valid until %s, tries left here: %u",
		    call->masked_phone, date, left > 0 ? left - 1 : 0);
	case OUTCOME_SERVER_ERROR:
	case OUTCOME_BAD_REQUEST:
	case OUTCOME_OTHER_CODE:
		return cmdcall_explain(call, outcome, "code %s, its words: %s",
				       answer->code[0] ? answer->code : "missing",
				       answer->message[0] ? answer->message : "none");
	default: return outcome; /* the demanded words stay without an addition */
	}
}

enum scmd_choice
cmdcall_choice(const struct cmdcall *call, size_t option)
{
	if (!call->use->config->options[option])
		return SCMD_UNSAID;
	return service_says(call->use->config, option, "yes") ? SCMD_TRUE : SCMD_FALSE;
}

bool
cmdcall_warn(struct cmdcall *call)
{
	char date[CERTIFICATE_DATE_SIZE];

	if (!cipher_ends_soon(&call->cipher))
		return false;
	certificate_date(X509_get0_notAfter(call->cipher.certificate), date);
	(void)cmdcall_explain(call, OUTCOME_OK,
			      "the encryption certificate of service %s ends on %s; get the next "
			      "one, see vicar.conf(5)",
			      call->use->config->name, date);
	return true;
}
