#include "reply.h"

#include "trouble.h"

#include <string.h>

enum { OPTIONAL_MAX = 6 };

/* Members that may be missing; dialect null-members makes them null instead. */
static const char *const optional[RSSP_METHODS][OPTIONAL_MAX] = {
    [RSSP_INFO] = {"oauth2", "validationInfo"},
    [RSSP_LOGIN] = {"refresh_token", "expires_in"},
    [RSSP_LIST] = {"nextPageToken"},
    [RSSP_CREDENTIAL_INFO] = {"description", "PIN", "OTP", "signatureQualifier"},
    [RSSP_AUTHORIZE] = {"expiresIn"},
    [RSSP_EXTEND_TRANSACTION] = {"expiresIn"},
    [RSSP_OAUTH_TOKEN] = {"refresh_token", "credentialID"},
};

static void
add_nulls(struct rssp_call *call, json_t *reply)
{
	for (size_t i = 0; i < OPTIONAL_MAX && optional[call->method][i] != NULL; i++)
		if (json_object_get(reply, optional[call->method][i]) == NULL)
			(void)json_object_set_new(reply, optional[call->method][i], json_null());
}

/* At every depth of the reply, which is a small one. */
static void
numbers_to_strings(json_t *object)
{
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(object, next, name, value)
	{
		char text[24];

		if (json_is_object(value))
			numbers_to_strings(value);
		if (!json_is_integer(value))
			continue;
		(void)snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value));
		(void)json_object_set_new(object, name, json_string(text));
	}
}

static void
speak(struct rssp_call *call, json_t *reply)
{
	if (rssp_speaks(call, RSSP_NULL_MEMBERS))
		add_nulls(call, reply);
	if (rssp_speaks(call, RSSP_NUMBERS_AS_STRINGS))
		numbers_to_strings(reply);
	if (rssp_speaks(call, RSSP_EXTRA_MEMBERS)) {
		(void)json_object_set_new(reply, "transactionID", json_string("tx-1"));
		(void)json_object_set_new(
		    reply, "extension",
		    json_pack("{s:[i,i], s:{s:b}}", "list", 1, 2, "object", "flag", 1));
	}
	if (rssp_speaks(call, RSSP_ERROR_ZERO)) {
		(void)json_object_set_new(reply, "error", json_integer(0));
		(void)json_object_set_new(reply, "errorDescription", json_string("Success"));
	}
}

static void
put_json(struct rssp_call *call, const json_t *object)
{
	struct sim_answer *answer = call->answer;

	answer->content_type = rssp_speaks(call, RSSP_PLAIN_TYPE)
				   ? "application/json"
				   : "application/json;charset=UTF-8";
	answer->body = json_dumps(object, JSON_COMPACT);
	if (answer->body == NULL)
		answer->http_status = 500;
}

static void
put_error(struct rssp_call *call)
{
	json_t *error = json_pack("{s:s}", "error", call->error);

	if (call->description[0] != '\0')
		(void)json_object_set_new(error, "error_description",
					  json_string(call->description));
	if (!rssp_speaks(call, RSSP_BARE_ERRORS))
		put_json(call, error);
	json_decref(error);
}

/* RFC 6750 section 3 for service tokens; clients of the token endpoint use Basic (RFC 6749 5.2). */
static void
add_headers(struct rssp_call *call)
{
	if (call->status == 401) {
		bool basic = rssp_methods[call->method].is_oauth || call->method == RSSP_LOGIN;

		sim_answer_add_header(call->answer, "WWW-Authenticate",
				      basic ? "Basic realm=\"csc-simulator\""
					    : "Bearer realm=\"csc-simulator\"");
	}
	sim_answer_add_header(call->answer, "Cache-Control", "no-store");
}

void
rssp_reply(struct rssp_call *call)
{
	struct sim_answer *answer = call->answer;

	if (answer->how != SIM_ANSWER)
		return;
	add_headers(call);
	answer->http_status = call->status;
	if (call->error[0] != '\0' && call->status != 302)
		put_error(call);
	else if (call->out != NULL) {
		speak(call, call->out);
		rssp_trouble_members(call->trouble, call->out);
		put_json(call, call->out);
	}
	rssp_trouble_after(call->trouble, answer);
}
