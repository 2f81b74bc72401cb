/* oauth2/authorize and oauth2/pushed_authorize. */
#include "oauth.h"
#include "token.h"

#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

/* What a person sends back from the page. */
struct form_answer {
	bool given, denied;
	const char *user, *password, *pin, *code;
};

/* Appends `&name=value` to the URL; NULL without memory. Takes `url`. */
static char *
with_parameter(char *url, const char *name, const char *value)
{
	char *escaped = curl_easy_escape(NULL, value, 0), *longer = NULL;

	if (url == NULL || escaped == NULL ||
	    asprintf(&longer, "%s%c%s=%s", url, strchr(url, '?') == NULL ? '?' : '&', name,
		     escaped) == -1)
		longer = NULL;
	curl_free(escaped);
	free(url);
	return longer;
}

/* 302, with a code or with what was refused. */
static bool
redirect(struct rssp_call *call, const struct rssp_authorization *wanted, const char *code)
{
	char *url = strdup(wanted->redirect_uri);

	if (code != NULL) {
		url = with_parameter(url, "code", code);
	} else {
		url = with_parameter(url, "error", call->error);
		url = with_parameter(url, "error_description", call->description);
	}
	if (wanted->state != NULL)
		url = with_parameter(url, "state", wanted->state);
	if (url == NULL)
		return rssp_failed(call, "out of memory for a redirect");
	sim_answer_add_header(call->answer, "Location", url);
	call->status = 302;
	free(url);
	return code != NULL;
}

static json_t *
optional(const char *text)
{
	return text != NULL ? json_string(text) : json_null();
}

static bool
give_code(struct rssp_call *call, const struct rssp_authorization *wanted,
	  const struct rssp_user *user)
{
	struct rssp *rssp = call->rssp;
	struct rssp_grant *code = rssp_grants_add(&rssp->grants, RSSP_CODE, rssp_now_ms(rssp),
						  rssp_server_of(call)->code_lifetime_s);

	if (code == NULL)
		return rssp_failed(call, "out of memory or random bytes for a code");
	call->user = user->name;
	(void)snprintf(code->user, sizeof(code->user), "%s", user->name);
	if (wanted->of_credential)
		(void)snprintf(code->credential, sizeof(code->credential), "%s",
			       call->credential->id);
	code->signatures = wanted->signatures;
	code->hashes = wanted->hashes;
	code->data = json_pack("{s:o, s:o, s:s, s:b}", "redirect_uri",
			       optional(rssp_parameter(call, "redirect_uri")), "challenge",
			       optional(wanted->challenge), "method", wanted->challenge_method,
			       "chosen", (int)wanted->chosen);
	return redirect(call, wanted, code->id);
}

/* Takes the parameters that were pushed, or kept for the page, in place of the request's. `pushed`
 * is NULL when there are none. */
static bool
take_pushed(struct rssp_call *call, struct rssp_grant **pushed)
{
	const char *uri = rssp_parameter(call, "request_uri"), *id;
	const size_t prefix = strlen(RSSP_REQUEST_URI);

	*pushed = NULL;
	if (uri == NULL)
		return true;
	if (strncmp(uri, RSSP_REQUEST_URI, prefix) == 0)
		*pushed = rssp_grants_find(&call->rssp->grants, RSSP_PUSHED, uri + prefix);
	if (*pushed == NULL || rssp_now_ms(call->rssp) >= (*pushed)->until_ms)
		return rssp_invalid(call, "Invalid parameter request_uri");
	id = json_string_value(json_object_get((*pushed)->data, "client_id"));
	if (rssp_parameter(call, "client_id") == NULL || id == NULL ||
	    strcmp(rssp_parameter(call, "client_id"), id) != 0)
		return rssp_invalid(call, "Invalid parameter client_id");
	json_decref(call->in);
	call->in = json_incref((*pushed)->data);
	return true;
}

static struct rssp_grant *
push(struct rssp_call *call, unsigned lifetime_s)
{
	struct rssp *rssp = call->rssp;
	struct rssp_grant *pushed =
	    rssp_grants_add(&rssp->grants, RSSP_PUSHED, rssp_now_ms(rssp), lifetime_s);

	if (pushed == NULL) {
		(void)rssp_failed(call, "out of memory or random bytes for a request_uri");
		return NULL;
	}
	pushed->data = json_incref(call->in);
	return pushed;
}

/* The page; the first one of a credential with an online OTP sends the code. */
static bool
ask(struct rssp_call *call, const struct rssp_authorization *wanted, struct rssp_grant *pushed,
    const char *told)
{
	char uri[sizeof(RSSP_REQUEST_URI) + RSSP_GRANT_ID_MAX];
	bool first = told == NULL;

	if (pushed == NULL && (pushed = push(call, RSSP_PAGE_LIFETIME_S)) == NULL)
		return false;
	pushed->until_ms = rssp_now_ms(call->rssp) + RSSP_PAGE_LIFETIME_S * UINT64_C(1000);
	if (first && wanted->of_credential && call->credential->otp == RSSP_ONLINE &&
	    !rssp_factors_send(rssp_factors_of(call), call->credential, &call->rssp->records,
			       rssp_now_ms(call->rssp)))
		return rssp_failed(call, "cannot send a code: no space for messages?");
	(void)snprintf(uri, sizeof(uri), "%s%s", RSSP_REQUEST_URI, pushed->id);
	return rssp_give_page(call, wanted, uri, told);
}

/* Whom the answer of the page makes of the person; NULL: wrong. */
static const struct rssp_user *
user_of_answer(struct rssp_call *call, const struct rssp_authorization *wanted,
	       const struct form_answer *answer)
{
	const struct rssp_credential *credential = call->credential;
	const struct rssp_user *user;

	if (wanted->of_credential &&
	    (credential->pin_presence != RSSP_ABSENT || credential->otp_presence != RSSP_ABSENT))
		return rssp_factors_judge(rssp_factors_of(call), credential, answer->pin,
					  answer->code, rssp_now_ms(call->rssp)) == RSSP_RIGHT
			   ? rssp_accounts_user(&call->rssp->accounts, credential->user)
			   : NULL;
	user = rssp_user_with_password(call, answer->user, answer->password);
	if (user != NULL && wanted->of_credential && strcmp(user->name, credential->user) != 0)
		return NULL;
	return user != NULL && wanted->user != NULL && user != wanted->user ? NULL : user;
}

/* The person without a page, as accounts.conf has it. */
static const struct rssp_user *
usual_user(const struct rssp_call *call, const struct rssp_authorization *wanted)
{
	const struct rssp_accounts *accounts = &call->rssp->accounts;

	if (wanted->of_credential)
		return rssp_accounts_user(accounts, call->credential->user);
	if (wanted->user != NULL)
		return wanted->user;
	return accounts->users_count > 0 ? &accounts->users[0] : NULL;
}

static bool
decide(struct rssp_call *call, const struct rssp_authorization *wanted,
       const struct form_answer *answer, struct rssp_grant *pushed)
{
	enum rssp_person person = rssp_server_of(call)->browser;
	const struct rssp_user *user = usual_user(call, wanted);

	if (person == RSSP_ASKED && !answer->given)
		return ask(call, wanted, pushed, NULL);
	if (person == RSSP_ASKED && !answer->denied) {
		user = user_of_answer(call, wanted, answer);
		if (user == NULL)
			return ask(call, wanted, pushed, "That was not right.");
	}
	if (person == RSSP_REFUSES || answer->denied || user == NULL) {
		(void)rssp_refuse(call, 400, "access_denied", "The user refused");
		(void)redirect(call, wanted, NULL);
	} else if (!give_code(call, wanted, user)) {
		return false;
	}
	if (pushed != NULL)
		rssp_grants_remove(&call->rssp->grants, pushed);
	return true;
}

bool
rssp_run_oauth_authorize(struct rssp_call *call)
{
	json_t *form = json_incref(call->in);
	const struct form_answer answer = {
	    .given = rssp_parameter(call, "answer") != NULL,
	    .denied = rssp_parameter(call, "answer") != NULL &&
		      strcmp(rssp_parameter(call, "answer"), "deny") == 0,
	    .user = rssp_parameter(call, "username"),
	    .password = rssp_parameter(call, "password"),
	    .pin = rssp_parameter(call, "PIN"),
	    .code = rssp_parameter(call, "OTP"),
	};
	struct rssp_authorization wanted;
	struct rssp_grant *pushed;
	bool ok = false;

	if (!take_pushed(call, &pushed) || !rssp_need_redirect(call, &wanted))
		goto out;
	ok = rssp_need_authorization(call, &wanted) ? decide(call, &wanted, &answer, pushed)
						    : redirect(call, &wanted, NULL);
out:
	json_decref(form);
	return ok;
}

bool
rssp_run_oauth_push(struct rssp_call *call)
{
	char uri[sizeof(RSSP_REQUEST_URI) + RSSP_GRANT_ID_MAX];
	struct rssp_authorization wanted;
	struct rssp_grant *pushed;

	if (!rssp_need_client(call) || !rssp_need_redirect(call, &wanted) ||
	    !rssp_need_authorization(call, &wanted))
		return false;
	/* The secret is not a parameter of the request. */
	(void)json_object_del(call->in, "client_secret");
	pushed = push(call, RSSP_PUSHED_LIFETIME_S);
	if (pushed == NULL)
		return false;
	(void)snprintf(uri, sizeof(uri), "%s%s", RSSP_REQUEST_URI, pushed->id);
	call->status = 201;
	rssp_put_text(call, "request_uri", uri);
	rssp_put_number(call, "expires_in", RSSP_PUSHED_LIFETIME_S);
	return true;
}
