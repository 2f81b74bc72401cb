#include "csclogin.h"
#include "cscoauth.h"
#include "cscoptions.h"
#include "csctoken.h"
#include "language.h"
#include "member.h"
#include "prompt.h"

#include <openssl/crypto.h>

#include <stdio.h>
#include <string.h>

enum { DESCRIPTION_MAX = 512 };

struct way {
	const char *word;      /* of vicar.conf */
	const char *auth_type; /* of info; NULL: it is not there */
	bool user_specific;
	bool (*possible)(const struct csc *csc);
	enum outcome (*login)(struct csc *csc, enum csc_manner manner);
};

static bool
has_client(const struct csc *csc)
{
	return csc->credentials->client_id[0] != '\0';
}

static bool
has_secret(const struct csc *csc)
{
	return has_client(csc) && csc->credentials->client_secret[0] != '\0';
}

static bool
has_certificate(const struct csc *csc)
{
	return csc->use->config->options[CSC_CLIENT_CERTIFICATE] != NULL;
}

static bool
always(const struct csc *csc)
{
	(void)csc;
	return true;
}

static enum outcome
no_means(struct csc *csc)
{
	csc->result->code[0] = '\0'; /* of a refresh token that has ended */
	return csc_explain(csc, OUTCOME_LOGIN_REFUSED, "there is no login yet, or it has ended");
}

/* The tokens are ours; what the next use can begin with is kept. */
static void
keep(struct csc *csc, struct oauth_grant *grant)
{
	if (grant->refresh_token)
		csc_token_save(csc->use->config, csc->account, grant->refresh_token);
	csc_secret_free(csc->access_token);
	csc->access_token = grant->access_token;
	grant->access_token = NULL;
	oauth_grant_free(grant);
}

/* False: there is no refresh token that the service still knows, `outcome` is OUTCOME_OK; or something
 * else is wrong. */
static bool
refresh(struct csc *csc, const struct oauth_endpoints *endpoints, enum outcome *outcome)
{
	char *token = csc_token_load(csc->use->config, csc->account);
	struct oauth_grant grant = {NULL, NULL};

	*outcome = OUTCOME_OK;
	if (!token)
		return false;
	*outcome = oauth_by_refresh(csc, endpoints, token, &grant);
	csc_secret_free(token);
	if (*outcome == OUTCOME_OK) {
		keep(csc, &grant);
		return true;
	}
	if (*outcome == OUTCOME_LOGIN_REFUSED) {
		csc_token_forget(csc->use->config, csc->account);
		*outcome = OUTCOME_OK;
	}
	return false;
}

static enum outcome
by_code(struct csc *csc, enum csc_manner manner)
{
	const struct oauth_scope service = {.credential = false};
	struct oauth_grant grant = {NULL, NULL};
	struct oauth_endpoints endpoints;
	enum outcome outcome = oauth_find(csc, &endpoints);

	if (outcome != OUTCOME_OK || refresh(csc, &endpoints, &outcome) || outcome != OUTCOME_OK)
		return outcome;
	if (manner == CSC_SILENTLY)
		return no_means(csc);
	outcome = oauth_by_code(csc, &endpoints, &service, &grant);
	if (outcome == OUTCOME_OK)
		keep(csc, &grant);
	return outcome;
}

static enum outcome
by_client(struct csc *csc, enum csc_manner manner)
{
	struct oauth_grant grant = {NULL, NULL};
	struct oauth_endpoints endpoints;
	enum outcome outcome = oauth_find(csc, &endpoints);

	(void)manner;
	if (outcome == OUTCOME_OK)
		outcome = oauth_by_client(csc, &endpoints, &grant);
	if (outcome == OUTCOME_OK) {
		/* The secret is there for the next time; a refresh token is of no use. */
		csc_secret_free(grant.refresh_token);
		grant.refresh_token = NULL;
		keep(csc, &grant);
	}
	return outcome;
}

/* From the credentials file, or from the owner. The caller wipes it. */
static enum outcome
get_password(struct csc *csc, enum csc_manner manner, char password[PROMPT_SECRET_SIZE])
{
	const struct service_use *use = csc->use;
	char text[DESCRIPTION_MAX], error[PROMPT_ERROR_MAX];
	const struct prompt prompt = {
	    .name = "password",
	    .title = tr("Vicar: log in"),
	    .description = text,
	    .prompt = tr("Password:"),
	    .ok = tr("_OK"),
	    .cancel = tr("_Cancel"),
	};

	if (csc->credentials->password[0]) {
		if (strlen(csc->credentials->password) >= PROMPT_SECRET_SIZE)
			return csc_explain(csc, OUTCOME_CREDENTIALS_FILE,
					   "password has more than %d characters",
					   PROMPT_SECRET_SIZE - 1);
		memcpy(password, csc->credentials->password,
		       strlen(csc->credentials->password) + 1);
		return OUTCOME_OK;
	}
	if (manner == CSC_SILENTLY)
		return no_means(csc);
	snprintf(text, sizeof(text), tr("Password of %s at the service %s:"), csc->account->user,
		 use->config->name);
	switch (prompt_secret(use->prompt, use->peer, &prompt, password, error)) {
	case PROMPT_OK: return OUTCOME_OK;
	case PROMPT_CANCELLED: return OUTCOME_NO_CONSENT;
	case PROMPT_TIMED_OUT: return OUTCOME_NO_ANSWER;
	case PROMPT_IMPOSSIBLE: return csc_explain(csc, OUTCOME_NO_PROMPT, "%s", error);
	case PROMPT_GONE: break;
	}
	return OUTCOME_GONE;
}

static enum outcome
by_password(struct csc *csc, enum csc_manner manner)
{
	char password[PROMPT_SECRET_SIZE] = "";
	struct oauth_grant grant = {NULL, NULL};
	struct oauth_endpoints endpoints;
	enum outcome outcome = oauth_find(csc, &endpoints);

	if (outcome != OUTCOME_OK || refresh(csc, &endpoints, &outcome) || outcome != OUTCOME_OK)
		return outcome;
	outcome = get_password(csc, manner, password);
	if (outcome == OUTCOME_OK)
		outcome = oauth_by_password(csc, &endpoints, password, &grant);
	if (outcome == OUTCOME_OK)
		keep(csc, &grant);
	OPENSSL_cleanse(password, sizeof(password));
	return outcome;
}

/* auth/login; `body` is given away. */
static enum outcome
call_login(struct csc *csc, json_t *body, const char *password)
{
	const bool members = csc_speaks(csc->use->config, CSC_LOGIN_MEMBERS);
	struct csc_answer answer;
	struct oauth_grant grant = {NULL, NULL};
	const struct csc_request request = {
	    .cost = CSC_ONCE,
	    .method = "auth/login",
	    .body = body,
	    .user = password && !members ? csc->account->user : NULL,
	    .password = password && !members ? password : NULL,
	    .by_get = password && csc_speaks(csc->use->config, CSC_GET),
	};
	enum outcome outcome = csc_call(csc, &request, &answer);

	if (outcome == OUTCOME_OK) {
		grant.access_token = csc_secret(member_text(answer.body, "access_token"));
		grant.refresh_token = csc_secret(member_text(answer.body, "refresh_token"));
		if (!grant.access_token)
			outcome =
			    csc_explain(csc, OUTCOME_BAD_ANSWER, "no access_token to auth/login");
		else
			keep(csc, &grant);
	}
	json_decref(answer.body);
	return outcome;
}

static json_t *
login_members(const struct csc *csc)
{
	const char *profile = csc->use->config->options[CSC_PROFILE_ID];
	const struct service_credentials *credentials = csc->credentials;

	if (!csc_speaks(csc->use->config, CSC_LOGIN_MEMBERS))
		return json_object();
	return json_pack("{s:s, s:s, s:s, s:s*}", "client_id", credentials->client_id,
			 "client_secret", credentials->client_secret, "user_id", csc->account->user,
			 "profile_id", profile);
}

/* A password that the owner had to type is not asked again as long as the service remembers. */
static enum outcome
by_basic(struct csc *csc, enum csc_manner manner)
{
	const bool members = csc_speaks(csc->use->config, CSC_LOGIN_MEMBERS);
	const bool remember = !members && !csc->credentials->password[0];
	char password[PROMPT_SECRET_SIZE] = "";
	char *token = remember ? csc_token_load(csc->use->config, csc->account) : NULL;
	enum outcome outcome = OUTCOME_LOGIN_REFUSED;
	json_t *body;

	if (token)
		outcome = call_login(csc, json_pack("{s:s}", "refresh_token", token), NULL);
	csc_secret_free(token);
	if (outcome != OUTCOME_LOGIN_REFUSED)
		return outcome;
	if (token)
		csc_token_forget(csc->use->config, csc->account);
	outcome = members ? OUTCOME_OK : get_password(csc, manner, password);
	if (outcome != OUTCOME_OK)
		goto out;
	body = login_members(csc);
	if (remember && !csc_set_true(csc, body, "rememberMe"))
		outcome = csc_explain(csc, OUTCOME_MISCONFIGURED, "no memory left for the request");
	else
		outcome = call_login(csc, body, password);
out:
	OPENSSL_cleanse(password, sizeof(password));
	return outcome;
}

static enum outcome
by_nothing(struct csc *csc, enum csc_manner manner)
{
	(void)csc;
	(void)manner;
	return OUTCOME_OK;
}

/* In the order in which they are preferred. */
static const struct way ways[] = {
    {"oauth2code", "oauth2code", true, has_client, by_code},
    {"oauth2client", "oauth2client", false, has_secret, by_client},
    {"basic", "basic", true, always, by_basic},
    {"password", NULL, true, has_client, by_password},
    {"tls", "TLS", false, has_certificate, by_nothing},
    {"external", "external", false, always, by_nothing},
};

static const struct way *
choose(const struct csc *csc)
{
	const struct service_config *config = csc->use->config;
	const json_t *offered = member_array(csc->info, "authType");

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (service_says(config, CSC_LOGIN, ways[i].word))
			return &ways[i];
		if (service_says(config, CSC_LOGIN, "auto") && ways[i].auth_type &&
		    member_has(offered, ways[i].auth_type) && ways[i].possible(csc))
			return &ways[i];
	}
	return NULL;
}

enum outcome
csc_login(struct csc *csc, enum csc_manner manner)
{
	const enum outcome greeted = csc_greet(csc);
	const struct way *way = choose(csc);

	if (greeted != OUTCOME_OK)
		return greeted;
	if (!way)
		return csc_explain(csc, OUTCOME_MISCONFIGURED,
				   "the service offers no login that the credentials file of %s is "
				   "enough for",
				   csc->use->config->name);
	csc->user_specific = way->user_specific;
	return way->login(csc, manner);
}

void
csc_logout(struct csc *csc)
{
	char detail[SERVICE_DETAIL_MAX], code[SERVICE_CODE_MAX];
	struct csc_answer answer = {.body = NULL};
	const struct csc_request request = {
	    .cost = CSC_ONCE,
	    .method = "auth/revoke",
	    .body = csc->access_token ? json_pack("{s:s}", "token", csc->access_token) : NULL,
	};

	if (!request.body || !csc_offers(csc, "auth/revoke")) {
		json_decref(request.body);
		return;
	}
	/* What became of the use is not to be overwritten. */
	memcpy(detail, csc->result->detail, sizeof(detail));
	memcpy(code, csc->result->code, sizeof(code));
	(void)!csc_call(csc, &request, &answer);
	json_decref(answer.body);
	memcpy(csc->result->detail, detail, sizeof(detail));
	memcpy(csc->result->code, code, sizeof(code));
}
