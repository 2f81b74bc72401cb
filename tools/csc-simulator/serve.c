/* From an HTTP request to a method and back: paths, bodies, tokens, the record. */
#include "oauth.h"
#include "reply.h"
#include "trouble.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#define JSON_TYPE "application/json"
#define FORM_TYPE "application/x-www-form-urlencoded"
#define BEARER "Bearer "
#define BRITISH "credentials/authorise"
/* RFC 6749 section 4.1.2.1, what invalid_request means. */
#define GENERIC                                                                              \
	"The request is missing a required parameter, includes an invalid parameter value, " \
	"includes a parameter more than once, or is otherwise malformed."

enum { RECORD_TEXT_MAX = 128 };

static const struct {
	const char *base;
	unsigned version;
} bases[] = {{"/csc/v1/", RSSP_V1}, {"/csc/v2/", RSSP_V2}, {"/csc/v0/", RSSP_V1}};

/* Reads accounts.conf again; false, with the reason on the terminal, when it is not right. */
static bool
reload(struct rssp *rssp)
{
	struct rssp_accounts fresh;
	struct problem error = {""};
	bool ok = rssp_accounts_load(&rssp->directory, &fresh, &error);

	if (ok)
		rssp->accounts = fresh;
	else
		fprintf(stderr, "csc-simulator: %s\n", error.text);
	OPENSSL_cleanse(&fresh, sizeof(fresh));
	return ok;
}

/* Version and method of a path; false when there is no such method. */
static bool
find_method(struct rssp_call *call)
{
	const struct rssp_server *server = rssp_server_of(call);
	const char *path = call->http->path, *name;
	size_t i = 0;

	call->method = RSSP_METHODS;
	while (i < sizeof(bases) / sizeof(bases[0]) &&
	       strncmp(path, bases[i].base, strlen(bases[i].base)) != 0)
		i++;
	if (i == sizeof(bases) / sizeof(bases[0]) || (server->versions & bases[i].version) == 0)
		return false;
	call->base = bases[i].base;
	call->version = bases[i].version;
	name = path + strlen(call->base);
	if (rssp_speaks(call, RSSP_AUTHORISE) && strcmp(name, BRITISH) == 0)
		call->method = RSSP_AUTHORIZE;
	else
		call->method = rssp_method_of_name(name, strlen(name));
	return call->method != RSSP_METHODS &&
	       (rssp_methods[call->method].versions & call->version) != 0 &&
	       (!rssp_speaks(call, RSSP_AUTHORISE) || call->method != RSSP_AUTHORIZE ||
		strcmp(name, BRITISH) == 0);
}

static bool
right_http_method(const struct rssp_call *call)
{
	bool get = strcmp(call->http->method, "GET") == 0;

	if (get && call->method == RSSP_OAUTH_AUTHORIZE)
		return true;
	if (get && (call->method == RSSP_INFO || call->method == RSSP_LOGIN))
		return rssp_speaks(call, RSSP_GET);
	return strcmp(call->http->method, "POST") == 0;
}

/* The head says already that it is refused. */
static bool
head_is_right(struct rssp_call *call)
{
	if (!find_method(call))
		return rssp_refuse(call, 404, "invalid_request", "There is no such method");
	if ((rssp_server_of(call)->without & 1u << call->method) != 0)
		return rssp_refuse(call, 501,
				   rssp_speaks(call, RSSP_ACCESS_DENIED) ? "access_denied"
									 : "invalid_request",
				   "%s is not offered", rssp_methods[call->method].name);
	if (!right_http_method(call))
		return rssp_refuse(call, 405, "invalid_request", "The HTTP method must be POST");
	return true;
}

/* The line of `calls`. */
static void
write_down(struct rssp_call *call)
{
	static const char *const versions[] = {"-", "v1", "v2"};
	char path[RECORD_TEXT_MAX], status[16] = "", hashes[24] = "", told[RECORD_TEXT_MAX] = "";
	const char *description = json_string_value(json_object_get(call->in, "description"));
	const char *columns[] = {
	    versions[call->version],
	    call->method != RSSP_METHODS ? rssp_methods[call->method].name : path,
	    call->user,
	    call->credential != NULL ? call->credential->id : NULL,
	    status,
	    call->error,
	    rssp_trouble_name(call->trouble),
	    hashes,
	    told,
	};

	sim_records_printable(call->http->path, path, sizeof(path));
	if (call->answer->http_status != 0)
		(void)snprintf(status, sizeof(status), "%u", call->answer->http_status);
	if (call->hashes > 0)
		(void)snprintf(hashes, sizeof(hashes), "%zu", call->hashes);
	if (description != NULL)
		sim_records_printable(description, told, sizeof(told));
	if (!sim_records_line(call->rssp->records.calls, columns,
			      sizeof(columns) / sizeof(columns[0])))
		fprintf(stderr, "csc-simulator: cannot write %s/calls; is there space?\n",
			call->rssp->directory.path);
}

bool
rssp_refuses(void *context, const struct sim_http_request *request, struct sim_answer *answer)
{
	struct rssp_call call = {.rssp = context,
				 .http = request,
				 .answer = answer,
				 .method = RSSP_METHODS,
				 .status = 200};
	const struct rssp_server *server = rssp_server_of(&call);

	if (!reload(call.rssp)) {
		(void)rssp_refuse(&call, 500, "server_error", "accounts.conf is not right");
	} else if (rssp_metadata(&call)) {
		write_down(&call);
		return true;
	} else if (head_is_right(&call)) {
		if ((server->methods & 1u << call.method) == 0)
			return false;
		answer->latency_ms = server->latency_ms;
		if (!rssp_trouble_before(server->trouble, answer))
			return false;
		call.trouble = server->trouble;
		write_down(&call);
		return true;
	}
	rssp_reply(&call);
	write_down(&call);
	return true;
}

static bool
type_is(const struct rssp_call *call, const char *wanted)
{
	const char *type = call->http->content_type;
	const size_t len = strlen(wanted);

	return type != NULL && strncasecmp(type, wanted, len) == 0 &&
	       (type[len] == '\0' || type[len] == ';' || type[len] == ' ');
}

static bool
take_json(struct rssp_call *call)
{
	const struct bytes body = call->http->body;

	call->in = json_loadb((const char *)body.data, body.len, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(call->in))
		return true;
	json_decref(call->in);
	call->in = NULL;
	return rssp_invalid(call, GENERIC);
}

/* Fields as members; each may be there once (RFC 6749 section 3.1). */
static bool
take_fields(struct rssp_call *call, const struct sim_form *form)
{
	call->in = json_object();
	for (size_t i = 0; i < form->count; i++) {
		if (json_object_get(call->in, form->fields[i].name) != NULL)
			return rssp_invalid(call, GENERIC);
		/* What is not UTF-8 is refused by jansson. */
		if (json_object_set_new(call->in, form->fields[i].name,
					json_string(form->fields[i].value)) == -1)
			return rssp_invalid(call, GENERIC);
	}
	return true;
}

static bool
take_form(struct rssp_call *call)
{
	struct sim_form form;
	bool ok;

	if (!sim_form_parse(call->http->body, &form))
		return rssp_invalid(call, GENERIC);
	ok = take_fields(call, &form);
	sim_form_free(&form);
	return ok;
}

static bool
take_body(struct rssp_call *call)
{
	bool oauth = rssp_methods[call->method].is_oauth;

	if (strcmp(call->http->method, "GET") == 0)
		return take_fields(call, &call->http->query);
	if (call->http->too_big)
		return rssp_refuse(call, 413, "invalid_request", "The request is too long");
	if (oauth && call->method == RSSP_OAUTH_TOKEN && rssp_speaks(call, RSSP_JSON_TOKEN))
		oauth = false;
	if (!type_is(call, oauth ? FORM_TYPE : JSON_TYPE))
		return rssp_refuse(call, 415, "invalid_request", "The Content-Type must be %s",
				   oauth ? FORM_TYPE : JSON_TYPE);
	return oauth ? take_form(call) : take_json(call);
}

static bool
malformed(struct rssp_call *call)
{
	bool v1 = call->version == RSSP_V1 && call->method != RSSP_SEND_OTP;

	return rssp_invalid(call, "%s", v1 ? GENERIC : "Malformed authorization header.");
}

/* A token of credential scope covers these methods in v2 (csc.md 3.4). */
static bool
sad_will_do(const struct rssp_call *call)
{
	return call->version == RSSP_V2 &&
	       (call->method == RSSP_CREDENTIAL_INFO || call->method == RSSP_SIGN_HASH);
}

static bool
take_token(struct rssp_call *call)
{
	const char *header = call->http->authorization, *text;
	struct rssp_grants *grants = &call->rssp->grants;
	const struct rssp_user *user;

	if (header == NULL && (rssp_server_of(call)->auth & RSSP_EXTERNAL) != 0)
		return true;
	if (header == NULL || strncasecmp(header, BEARER, strlen(BEARER)) != 0)
		return malformed(call);
	text = header + strlen(BEARER);
	if (*text == '\0' || strpbrk(text, " \t") != NULL)
		return malformed(call);
	call->token = rssp_grants_find(grants, RSSP_ACCESS_TOKEN, text);
	if (call->token == NULL && sad_will_do(call))
		call->token = rssp_grants_find(grants, RSSP_SAD, text);
	if (call->token == NULL)
		return rssp_refuse(call, 401, "invalid_token", "Invalid access_token");
	if (rssp_now_ms(call->rssp) >= call->token->until_ms)
		return rssp_refuse(call, 401, "expired_token", "Access token has expired");
	if (call->token->user[0] == '\0')
		return true;
	user = rssp_accounts_user(&call->rssp->accounts, call->token->user);
	if (user == NULL)
		return rssp_refuse(call, 401, "invalid_token", "Invalid access_token");
	call->user = user->name;
	return true;
}

void
rssp_serve(void *context, const struct sim_http_request *request, struct sim_answer *answer)
{
	static rssp_run *const runs[RSSP_METHODS] = {
	    [RSSP_INFO] = rssp_run_info,
	    [RSSP_LOGIN] = rssp_run_login,
	    [RSSP_REVOKE] = rssp_run_revoke,
	    [RSSP_LIST] = rssp_run_list,
	    [RSSP_CREDENTIAL_INFO] = rssp_run_credential_info,
	    [RSSP_AUTHORIZE] = rssp_run_authorize,
	    [RSSP_AUTHORIZE_CHECK] = rssp_run_authorize_check,
	    [RSSP_SEND_OTP] = rssp_run_send_otp,
	    [RSSP_GET_CHALLENGE] = rssp_run_get_challenge,
	    [RSSP_EXTEND_TRANSACTION] = rssp_run_extend_transaction,
	    [RSSP_SIGN_HASH] = rssp_run_sign_hash,
	    [RSSP_SIGN_POLLING] = rssp_run_sign_polling,
	    [RSSP_TIMESTAMP] = rssp_run_timestamp,
	    [RSSP_OAUTH_AUTHORIZE] = rssp_run_oauth_authorize,
	    [RSSP_OAUTH_TOKEN] = rssp_run_oauth_token,
	    [RSSP_OAUTH_PUSH] = rssp_run_oauth_push,
	    [RSSP_OAUTH_REVOKE] = rssp_run_oauth_revoke,
	};
	struct rssp_call call = {.rssp = context, .http = request, .answer = answer, .status = 200};
	const struct rssp_server *server = rssp_server_of(&call);

	/* The head was right when rssp_refuses() saw it; accounts.conf is as it was then. */
	if (!find_method(&call))
		return;
	if ((server->methods & 1u << call.method) != 0)
		call.trouble = server->trouble;
	if (take_body(&call) && (!rssp_methods[call.method].needs_token || take_token(&call)))
		(void)runs[call.method](&call);
	rssp_reply(&call);
	write_down(&call);
	json_decref(call.out);
	json_decref(call.in);
}
