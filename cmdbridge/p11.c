#include "p11.h"
#include "p11rv.h"
#include "text.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS_MAX = 1024 };

enum outcome
p11_say(struct p11 *p11, enum outcome outcome, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(p11->result->detail, sizeof(p11->result->detail), format, arguments);
	va_end(arguments);
	return outcome;
}

enum outcome
p11_fail(struct p11 *p11, const char *call, CK_RV rv)
{
	char name[P11RV_NAME_SIZE];

	return p11_say(p11, p11rv_outcome(rv), "%s: %s", call, p11rv_name(rv, name));
}

/* Padded with blanks (section 3.2), or, of careless modules, ended by a NUL. */
static size_t
padded_len(const uint8_t *text, size_t size)
{
	size_t len = strnlen((const char *)text, size);

	while (len > 0 && text[len - 1] == ' ')
		len--;
	return len;
}

const char *
p11_label(const CK_TOKEN_INFO *token, char text[P11_LABEL_SIZE])
{
	const size_t len = padded_len(token->label, sizeof(token->label));

	(void)text_printable((struct bytes){token->label, len}, sizeof(token->label), text);
	return text;
}

/*
 * The module.
 */
static enum outcome
load(struct p11 *p11, const char *path)
{
	CK_C_GetFunctionList get;
	CK_RV rv;

	p11->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!p11->library)
		return p11_say(p11, OUTCOME_MISCONFIGURED, "module = %s: %s", path, dlerror());
	*(void **)&get = dlsym(p11->library, "C_GetFunctionList");
	if (!get)
		return p11_say(p11, OUTCOME_MISCONFIGURED, "module = %s: it is no PKCS#11 module",
			       path);
	rv = get(&p11->calls);
	if (rv == CKR_OK && p11->calls && p11->calls->version.major >= 2)
		return OUTCOME_OK;
	p11->calls = NULL;
	return p11_fail(p11, "C_GetFunctionList", rv == CKR_OK ? CKR_GENERAL_ERROR : rv);
}

static enum outcome
initialise(struct p11 *p11)
{
	CK_C_INITIALIZE_ARGS arguments = {.flags = CKF_OS_LOCKING_OK};
	CK_RV rv = p11->calls->C_Initialize(&arguments);

	if (rv == CKR_OK)
		return OUTCOME_OK;
	p11->calls = NULL;
	return p11_fail(p11, "C_Initialize", rv);
}

/*
 * The token.
 */
static enum outcome
list_slots(struct p11 *p11, CK_SLOT_ID **slots, CK_ULONG *count)
{
	CK_RV rv = p11->calls->C_GetSlotList(CK_TRUE, NULL, count);
	CK_ULONG room;

	if (rv != CKR_OK)
		return p11_fail(p11, "C_GetSlotList", rv);
	if (*count > SLOTS_MAX)
		return p11_say(p11, OUTCOME_TOKEN_FAILED, "the module has %lu slots", *count);
	room = *count;
	*slots = calloc(room + 1, sizeof(**slots));
	if (!*slots)
		return p11_say(p11, OUTCOME_TOKEN_FAILED, "no memory is left");
	rv = p11->calls->C_GetSlotList(CK_TRUE, *slots, count);
	if (rv == CKR_OK && *count > room)
		rv = CKR_GENERAL_ERROR;
	return rv == CKR_OK ? OUTCOME_OK : p11_fail(p11, "C_GetSlotList", rv);
}

/* Tokens that were seen, for the text of an error. */
struct seen {
	char labels[192];
	size_t used, count, chosen;
};

static void
see(struct seen *seen, const CK_TOKEN_INFO *token)
{
	char label[P11_LABEL_SIZE];
	const size_t room = sizeof(seen->labels) - seen->used;
	const int len = snprintf(seen->labels + seen->used, room, "%s\"%s\"",
				 seen->count++ > 0 ? ", " : "", p11_label(token, label));

	seen->used += len < 0 ? 0 : (size_t)len < room ? (size_t)len : room - 1;
}

static bool
is_wanted(P11KitUri *const wanted[2], const CK_TOKEN_INFO *token)
{
	for (size_t i = 0; i < 2; i++)
		if (wanted[i] && !p11_kit_uri_match_token_info(wanted[i], token))
			return false;
	return true;
}

static enum outcome
choose(struct p11 *p11, P11KitUri *const wanted[2], struct seen *seen)
{
	CK_SLOT_ID *slots = NULL;
	CK_ULONG count = 0;
	enum outcome outcome = list_slots(p11, &slots, &count);

	for (CK_ULONG i = 0; slots && outcome == OUTCOME_OK && i < count; i++) {
		CK_TOKEN_INFO token;

		/* One that is gone, or that is not ready, is none. */
		if (p11->calls->C_GetTokenInfo(slots[i], &token) != CKR_OK ||
		    (token.flags & CKF_TOKEN_INITIALIZED) == 0)
			continue;
		see(seen, &token);
		if (!is_wanted(wanted, &token))
			continue;
		seen->chosen++;
		p11->slot = slots[i];
		p11->token = token;
	}
	free(slots);
	return outcome;
}

static enum outcome
find_token(struct p11 *p11, P11KitUri *key)
{
	const char *name = p11->config->options[P11_OPTION_TOKEN];
	P11KitUri *const wanted[2] = {name ? p11uri_of_token(name) : NULL, key};
	struct seen seen = {"", 0, 0, 0};
	enum outcome outcome;

	if (name && !wanted[0])
		return p11_say(p11, OUTCOME_MISCONFIGURED,
			       "token = %s: allowed is a label of up to 32 bytes, or a PKCS#11 URI",
			       name);
	outcome = choose(p11, wanted, &seen);
	p11_kit_uri_free(wanted[0]);
	if (outcome != OUTCOME_OK || seen.chosen == 1)
		return outcome;
	if (seen.count == 0)
		return p11_say(p11, OUTCOME_TOKEN_ABSENT, "the module shows no token");
	if (seen.chosen == 0)
		return p11_say(p11, OUTCOME_TOKEN_ABSENT, "the module shows others: %s",
			       seen.labels);
	return p11_say(p11, OUTCOME_MISCONFIGURED, "`token` must choose one of: %s", seen.labels);
}

enum outcome
p11_open(struct p11 *p11, const struct service_config *config, P11KitUri *key,
	 struct service_result *result)
{
	enum outcome outcome;

	*p11 = (struct p11){.config = config, .result = result};
	outcome = load(p11, config->options[P11_OPTION_MODULE]);
	if (outcome == OUTCOME_OK)
		outcome = initialise(p11);
	if (outcome == OUTCOME_OK)
		outcome = find_token(p11, key);
	return outcome;
}

enum outcome
p11_open_session(struct p11 *p11)
{
	const CK_RV rv =
	    p11->calls->C_OpenSession(p11->slot, CKF_SERIAL_SESSION, NULL, NULL, &p11->session);

	p11->has_session = rv == CKR_OK;
	return rv == CKR_OK ? OUTCOME_OK : p11_fail(p11, "C_OpenSession", rv);
}

/*
 * The login.
 */
bool
p11_has_pad(const struct p11 *p11)
{
	return service_says(p11->config, P11_OPTION_LOGIN, "pin-pad") ||
	       (p11->token.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;
}

static enum outcome
login(struct p11 *p11, CK_USER_TYPE user, struct bytes pin)
{
	const bool pad = p11_has_pad(p11);
	CK_RV rv = p11->calls->C_Login(
	    p11->session, user, pad ? NULL : (CK_UTF8CHAR *)(uintptr_t)pin.data, pad ? 0 : pin.len);

	return rv == CKR_OK ? OUTCOME_OK : p11_fail(p11, "C_Login", rv);
}

enum outcome
p11_login(struct p11 *p11, struct bytes pin)
{
	enum outcome outcome;

	if (service_says(p11->config, P11_OPTION_LOGIN, "none"))
		return OUTCOME_OK;
	outcome = login(p11, CKU_USER, pin);
	p11->logged_in = outcome == OUTCOME_OK;
	return outcome;
}

enum outcome
p11_login_again(struct p11 *p11, struct bytes pin)
{
	return login(p11, CKU_CONTEXT_SPECIFIC, pin);
}

void
p11_close(struct p11 *p11)
{
	if (p11->logged_in)
		(void)p11->calls->C_Logout(p11->session);
	if (p11->has_session)
		(void)p11->calls->C_CloseSession(p11->session);
	if (p11->calls)
		(void)p11->calls->C_Finalize(NULL);
	/* Not unloaded: threads and handlers that it may have left would run into nothing. */
	*p11 = (struct p11){.calls = NULL};
}
