#include "csccredential.h"
#include "base64.h"
#include "certificate.h"
#include "cscoptions.h"
#include "member.h"
#include "text.h"

#include <openssl/crypto.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGES_MAX = 16, DER_MAX = 16384 };

static void
take_ids(const json_t *listed, struct csc_ids *ids)
{
	for (size_t i = 0; i < json_array_size(listed) && ids->count < BRIDGE_CREDENTIALS_MAX;
	     i++) {
		const char *id = json_string_value(json_array_get(listed, i));

		if (id && *id && strlen(id) < CSC_ID_MAX)
			memcpy(ids->list[ids->count++], id, strlen(id) + 1);
	}
}

static json_t *
list_body(const struct csc *csc, const char *page)
{
	json_t *body = json_object();
	const char *kind = csc->use->config->options[CSC_CLIENT_DATA];
	bool ok = body != NULL;

	if (!csc->user_specific)
		ok =
		    ok && json_object_set_new(body, "userID", json_string(csc->account->user)) == 0;
	if (kind)
		ok = ok && json_object_set_new(body, "clientData", json_string(kind)) == 0;
	if (page)
		ok = ok && json_object_set_new(body, "pageToken", json_string(page)) == 0;
	if (!csc->v2)
		ok = ok && csc_set_number(csc, body, "maxResults", BRIDGE_CREDENTIALS_MAX);
	if (ok)
		return body;
	json_decref(body);
	return NULL;
}

enum outcome
csc_list(struct csc *csc, struct csc_ids *ids)
{
	json_t *answered = NULL; /* holds the page's token */
	enum outcome outcome = OUTCOME_OK;
	const char *page = NULL;

	ids->count = 0;
	for (unsigned i = 0; i < PAGES_MAX && (i == 0 || page); i++) {
		const struct csc_request request = {
		    .method = "credentials/list",
		    .body = list_body(csc, page),
		};
		struct csc_answer answer;

		outcome = csc_call(csc, &request, &answer);
		json_decref(answered);
		answered = answer.body;
		if (outcome != OUTCOME_OK)
			break;
		if (!answered) {
			outcome = csc_explain(csc, OUTCOME_BAD_ANSWER,
					      "no JSON object to credentials/list");
			break;
		}
		take_ids(member_array(answered, "credentialIDs"), ids);
		page = member_text(answered, "nextPageToken");
		if (page && !*page)
			page = NULL;
	}
	json_decref(answered);
	return outcome;
}

static enum csc_mode
mode_of(const struct csc *csc, const json_t *info)
{
	static const char *const words[] = {[CSC_EXPLICIT] = "explicit",
					    [CSC_IMPLICIT] = "implicit",
					    [CSC_OAUTH2CODE] = "oauth2code"};
	const char *said = csc->v2 ? member_text(member_object(info, "auth"), "mode")
				   : member_text(info, "authMode");

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (service_says(csc->use->config, CSC_AUTHORIZATION, words[i]))
			return (enum csc_mode)i;
	for (size_t i = 0; said && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(said, words[i]) == 0)
			return (enum csc_mode)i;
	return CSC_EXPLICIT;
}

static void
read_key(const struct csc *csc, struct csc_key *key)
{
	const char *described = member_text(key->info, "description");

	if (described)
		(void)text_printable((struct bytes){(const uint8_t *)described, strlen(described)},
				     CSC_LABEL_CHARACTERS, key->label);
	key->mode = mode_of(csc, key->info);
	key->multisign =
	    member_number(key->info, "multisign", member_number(key->info, "multiSign", 1));
	if (key->multisign < 1)
		key->multisign = 1;
	csc_factors_read(key->info, csc->v2, &key->factors);
}

enum outcome
csc_key_get(struct csc *csc, const char *id, struct csc_key *key)
{
	struct csc_request request = {
	    .method = "credentials/info",
	    .body = json_pack("{s:s, s:s}", "credentialID", id, "certificates", "chain"),
	};
	struct csc_answer answer;
	enum outcome outcome;

	*key = (struct csc_key){.multisign = 1};
	snprintf(key->id, sizeof(key->id), "%s", id);
	if (!csc_set_true(csc, request.body, "authInfo")) {
		json_decref(request.body);
		return csc_explain(csc, OUTCOME_KEY_UNKNOWN, "its name is no UTF-8");
	}
	outcome = csc_call(csc, &request, &answer);
	if (outcome != OUTCOME_OK) {
		json_decref(answer.body);
		return outcome;
	}
	key->info = answer.body;
	if (!member_object(key->info, "key"))
		return csc_explain(csc, OUTCOME_BAD_ANSWER, "no key in its answer about %.64s", id);
	read_key(csc, key);
	return OUTCOME_OK;
}

void
csc_key_free(struct csc_key *key)
{
	json_decref(key->info);
	key->info = NULL;
}

enum outcome
csc_key_usable(struct csc *csc, const struct csc_key *key)
{
	const char *status = member_text(member_object(key->info, "key"), "status");
	const char *certificate = member_text(member_object(key->info, "cert"), "status");

	if (status && strcmp(status, "disabled") == 0)
		return csc_explain(csc, OUTCOME_KEY_DISABLED, "key %.64s is disabled", key->id);
	if (certificate &&
	    (strcmp(certificate, "revoked") == 0 || strcmp(certificate, "suspended") == 0))
		return csc_explain(csc, OUTCOME_KEY_DISABLED, "the certificate of key %.64s is %s",
				   key->id, certificate);
	return OUTCOME_OK;
}

const json_t *
csc_key_algorithms(const struct csc_key *key)
{
	return member_array(member_object(key->info, "key"), "algo");
}

static X509 *
read_certificate(const json_t *text)
{
	const char *base64 = json_string_value(text);
	uint8_t der[DER_MAX];
	size_t len;

	return base64 && base64_decode(base64, der, sizeof(der), &len)
		   ? certificate_parse((struct bytes){der, len})
		   : NULL;
}

enum outcome
csc_key_chain(struct csc *csc, const struct csc_key *key, struct writer *chain)
{
	const json_t *listed = member_array(member_object(key->info, "cert"), "certificates");
	X509 *all[CERTIFICATES_MAX] = {NULL};
	const size_t count = json_array_size(listed);
	bool ok = count > 0 && count <= CERTIFICATES_MAX;

	for (size_t i = 0; ok && i < count; i++) {
		all[i] = read_certificate(json_array_get(listed, i));
		ok = all[i] != NULL;
	}
	ok = ok && certificate_sort(all, count, chain);
	for (size_t i = 0; i < CERTIFICATES_MAX; i++)
		X509_free(all[i]);
	return ok ? OUTCOME_OK
		  : csc_explain(csc, OUTCOME_BAD_ANSWER,
				"key %.64s: no certificate chain with one leaf in it", key->id);
}
