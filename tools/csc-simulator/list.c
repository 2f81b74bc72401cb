/* credentials/list: the IDs, in pages in v1, with all that credentials/info tells in v2. */
#include "credential.h"

#include <string.h>

enum { PAGE_LIFETIME_S = 600, MAX_RESULTS = 300 /* csc.md part B, itsme */ };

/* Whose credentials are asked for. */
static bool
need_user(struct rssp_call *call, const char **user)
{
	const char *id;

	if (!rssp_take_text(call, "userID", &id))
		return rssp_invalid(call, "Invalid parameter userID");
	if (call->user != NULL) {
		*user = call->user;
		return id == NULL || rssp_invalid(call, "userID parameter MUST be null");
	}
	if (id == NULL)
		return rssp_invalid(call, "Missing (or invalid type) string parameter userID");
	if (rssp_accounts_user(&call->rssp->accounts, id) == NULL)
		return rssp_invalid(call, "Invalid parameter userID");
	*user = id;
	return true;
}

/* The index of the first one of the page. */
static bool
need_page(struct rssp_call *call, size_t *at)
{
	const struct rssp_grant *page;
	const char *token;

	*at = 0;
	if (!rssp_take_text(call, "pageToken", &token))
		return rssp_invalid(call, "Invalid parameter pageToken");
	if (token == NULL)
		return true;
	page = rssp_grants_find(&call->rssp->grants, RSSP_PAGE, token);
	if (page == NULL)
		return rssp_invalid(call, "Invalid parameter pageToken");
	*at = (size_t)json_integer_value(page->data);
	return true;
}

static bool
need_size(struct rssp_call *call, size_t *size)
{
	unsigned wanted = 0, most = rssp_server_of(call)->page_size;

	if (rssp_speaks(call, RSSP_MAX_RESULTS) && !rssp_has(call, "maxResults"))
		return rssp_invalid(call, "Missing (or invalid type) integer parameter maxResults");
	if (!rssp_take_number(call, "maxResults", &wanted))
		return false;
	if (rssp_has(call, "maxResults") && (wanted == 0 || wanted > MAX_RESULTS))
		return rssp_invalid(call, "Invalid parameter maxResults");
	*size = SIZE_MAX;
	if (wanted != 0)
		*size = wanted;
	if (most != 0 && most < *size)
		*size = most;
	return true;
}

static bool
put_next_page(struct rssp_call *call, size_t at)
{
	struct rssp *rssp = call->rssp;
	struct rssp_grant *page =
	    rssp_grants_add(&rssp->grants, RSSP_PAGE, rssp_now_ms(rssp), PAGE_LIFETIME_S);

	if (page == NULL)
		return rssp_failed(call, "out of memory or random bytes for a page");
	page->data = json_integer((json_int_t)at);
	rssp_put_text(call, "nextPageToken", page->id);
	return true;
}

/* Dialect of clientData: a credential with a kind is listed for that kind only. */
static bool
is_listed(const struct rssp_credential *credential, const char *user, const char *kind,
	  bool only_valid)
{
	if (strcmp(credential->user, user) != 0 ||
	    (only_valid && (credential->disabled || credential->certificate != RSSP_VALID)))
		return false;
	return credential->kind[0] == '\0' || (kind != NULL && strcmp(credential->kind, kind) == 0);
}

bool
rssp_run_list(struct rssp_call *call)
{
	const struct rssp_accounts *accounts = &call->rssp->accounts;
	const char *user = "", *kind;
	size_t first = 0, size = SIZE_MAX, seen = 0;
	struct rssp_details details = {0};
	bool infos = false, only_valid = false;
	json_t *ids = json_array(), *objects = json_array();

	if (!need_user(call, &user) || !rssp_take_text(call, "clientData", &kind))
		goto fail;
	if (call->version == RSSP_V1) {
		if (!need_page(call, &first) || !need_size(call, &size))
			goto fail;
	} else if (!rssp_take_boolean(call, "credentialInfo", &infos) ||
		   !rssp_take_boolean(call, "onlyValid", &only_valid) ||
		   !rssp_need_details(call, &details)) {
		goto fail;
	}
	for (size_t i = 0; i < accounts->credentials_count; i++) {
		const struct rssp_credential *credential = &accounts->credentials[i];
		json_t *info;

		if (!is_listed(credential, user, kind, only_valid) || seen++ < first)
			continue;
		if (seen - first > size) {
			if (!put_next_page(call, seen - 1))
				goto fail;
			break;
		}
		(void)json_array_append_new(ids, json_string(credential->id));
		if (!infos)
			continue;
		info = rssp_describe(call, credential, &details);
		if (info == NULL)
			goto fail;
		(void)json_object_set_new(info, "credentialID", json_string(credential->id));
		(void)json_array_append_new(objects, info);
	}
	if (json_array_size(ids) > 0 || !rssp_speaks(call, RSSP_NO_EMPTY_LIST))
		rssp_put(call, "credentialIDs", json_incref(ids));
	if (infos)
		rssp_put(call, "credentialInfos", json_incref(objects));
	if (only_valid)
		rssp_put(call, "onlyValid", json_true());
	if (call->out == NULL)
		call->out = json_object();
	json_decref(ids);
	json_decref(objects);
	return true;
fail:
	json_decref(ids);
	json_decref(objects);
	return false;
}
