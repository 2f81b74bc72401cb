#include "call.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void
set_error(struct rssp_call *call, unsigned status, const char *error, const char *format,
	  va_list arguments)
{
	call->status = status;
	(void)snprintf(call->error, sizeof(call->error), "%s", error);
	(void)vsnprintf(call->description, sizeof(call->description), format, arguments);
}

bool
rssp_refuse(struct rssp_call *call, unsigned status, const char *error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set_error(call, status, error, format, arguments);
	va_end(arguments);
	return false;
}

bool
rssp_invalid(struct rssp_call *call, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set_error(call, 400, "invalid_request", format, arguments);
	va_end(arguments);
	return false;
}

bool
rssp_failed(struct rssp_call *call, const char *reason)
{
	fprintf(stderr, "csc-simulator: %s\n", reason);
	return rssp_refuse(call, 500, "server_error", "The simulator failed: %s", reason);
}

bool
rssp_speaks(const struct rssp_call *call, enum rssp_dialect dialect)
{
	return (call->rssp->accounts.server.dialect & dialect) != 0;
}

const struct rssp_server *
rssp_server_of(const struct rssp_call *call)
{
	return &call->rssp->accounts.server;
}

/* NULL: missing, or null. */
static json_t *
member(const struct rssp_call *call, const char *name)
{
	json_t *value = json_object_get(call->in, name);

	return json_is_null(value) ? NULL : value;
}

bool
rssp_has(const struct rssp_call *call, const char *name)
{
	return member(call, name) != NULL;
}

const char *
rssp_need_text(struct rssp_call *call, const char *name)
{
	const json_t *value = member(call, name);

	if (!json_is_string(value) || *json_string_value(value) == '\0') {
		(void)rssp_invalid(call, "Missing (or invalid type) string parameter %s", name);
		return NULL;
	}
	return json_string_value(value);
}

bool
rssp_take_text(struct rssp_call *call, const char *name, const char **text)
{
	const json_t *value = member(call, name);

	*text = NULL;
	if (value == NULL)
		return true;
	if (!json_is_string(value))
		return rssp_invalid(call, "Invalid string parameter %s", name);
	*text = json_string_value(value);
	return true;
}

bool
rssp_take_boolean(struct rssp_call *call, const char *name, bool *value)
{
	const json_t *given = member(call, name);
	const char *text = json_string_value(given);
	bool wants_text = rssp_speaks(call, RSSP_STRINGS_WANTED);

	if (given == NULL)
		return true;
	if (wants_text && text != NULL && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0))
		*value = strcmp(text, "true") == 0;
	else if (!wants_text && json_is_boolean(given))
		*value = json_is_true(given);
	else
		return rssp_invalid(call, "Invalid boolean parameter %s", name);
	return true;
}

bool
rssp_take_number(struct rssp_call *call, const char *name, unsigned *value)
{
	const json_t *given = member(call, name);
	const char *text = json_string_value(given);
	long long number = json_integer_value(given);
	char *end = NULL;

	if (given == NULL)
		return true;
	/* The parameters of OAuth are always text. */
	if (rssp_speaks(call, RSSP_STRINGS_WANTED) || rssp_methods[call->method].is_oauth)
		number = text != NULL && *text != '\0' ? strtoll(text, &end, 10) : -1;
	else if (!json_is_integer(given))
		return rssp_invalid(call, "Missing (or invalid type) integer parameter %s", name);
	if ((end != NULL && *end != '\0') || number < 0 || number > INT32_MAX)
		return rssp_invalid(call, "Invalid value for parameter %s", name);
	*value = (unsigned)number;
	return true;
}

static bool
may_use(const struct rssp_call *call, const struct rssp_credential *credential)
{
	const struct rssp_grant *token = call->token;

	if (token != NULL && token->kind == RSSP_SAD)
		return strcmp(token->credential, credential->id) == 0;
	return call->user == NULL || strcmp(call->user, credential->user) == 0;
}

bool
rssp_need_credential(struct rssp_call *call)
{
	const char *id = rssp_need_text(call, "credentialID");
	const struct rssp_credential *credential;

	if (id == NULL)
		return false;
	credential = rssp_accounts_credential(&call->rssp->accounts, id);
	if (credential == NULL || !may_use(call, credential))
		return rssp_invalid(call, "Invalid parameter credentialID");
	call->credential = credential;
	return true;
}

static bool
is_the_same(const struct rssp_credential *a, const struct rssp_credential *b)
{
	return strcmp(a->pin, b->pin) == 0 && strcmp(a->code, b->code) == 0 &&
	       a->pin_tries == b->pin_tries && a->code_tries == b->code_tries && a->otp == b->otp;
}

struct rssp_factors *
rssp_factors_of(struct rssp_call *call)
{
	struct rssp *rssp = call->rssp;
	struct rssp_factors *factors = NULL;

	for (size_t i = 0; i < rssp->factors_count && factors == NULL; i++)
		if (strcmp(rssp->factors[i].as_seen.id, call->credential->id) == 0)
			factors = &rssp->factors[i];
	if (factors == NULL)
		/* Credentials come and go with accounts.conf: the last place is used again. */
		factors = &rssp->factors[rssp->factors_count < RSSP_CREDENTIALS_MAX
					     ? rssp->factors_count++
					     : RSSP_CREDENTIALS_MAX - 1];
	if (strcmp(factors->as_seen.id, call->credential->id) != 0 ||
	    !is_the_same(&factors->as_seen, call->credential))
		*factors = (struct rssp_factors){.as_seen = *call->credential};
	return factors;
}

bool
rssp_need_signatures(struct rssp_call *call, unsigned *count)
{
	*count = 0;
	if (!rssp_has(call, "numSignatures"))
		return rssp_invalid(call,
				    "Missing (or invalid type) integer parameter numSignatures");
	if (!rssp_take_number(call, "numSignatures", count))
		return false;
	if (*count < 1)
		return rssp_invalid(call, "Invalid value for parameter numSignatures");
	if (*count > call->credential->multisign)
		return rssp_invalid(call, "Numbers of signatures is too high");
	return true;
}

struct rssp_grant *
rssp_need_sad(struct rssp_call *call)
{
	struct rssp *rssp = call->rssp;
	struct rssp_grant *sad;

	if (call->token != NULL && call->token->kind == RSSP_SAD && !rssp_has(call, "SAD")) {
		sad = call->token;
	} else {
		const char *text = rssp_need_text(call, "SAD");

		if (text == NULL)
			return NULL;
		sad = rssp_grants_find(&rssp->grants, RSSP_SAD, text);
	}
	if (sad == NULL || strcmp(sad->credential, call->credential->id) != 0 ||
	    sad->signatures == 0) {
		(void)rssp_invalid(call, "Invalid parameter SAD");
		return NULL;
	}
	if (rssp_now_ms(rssp) >= sad->until_ms) {
		(void)rssp_invalid(call, "SAD expired");
		return NULL;
	}
	return sad;
}

void
rssp_put(struct rssp_call *call, const char *name, json_t *value)
{
	if (call->out == NULL)
		call->out = json_object();
	/* Without memory the member is missing. */
	(void)json_object_set_new(call->out, name, value);
}

void
rssp_put_text(struct rssp_call *call, const char *name, const char *text)
{
	rssp_put(call, name, json_string(text));
}

void
rssp_put_number(struct rssp_call *call, const char *name, unsigned number)
{
	rssp_put(call, name, json_integer(number));
}

bool
rssp_done(struct rssp_call *call)
{
	call->status = 204;
	return true;
}

bool
rssp_give_sad(struct rssp_call *call, unsigned signatures, const struct rssp_hashes *hashes)
{
	struct rssp *rssp = call->rssp;
	unsigned lifetime = rssp_server_of(call)->sad_lifetime_s;
	struct rssp_grant *sad =
	    rssp_grants_add(&rssp->grants, RSSP_SAD, rssp_now_ms(rssp), lifetime);

	if (sad == NULL)
		return rssp_failed(call, "out of memory or random bytes for a SAD");
	(void)snprintf(sad->user, sizeof(sad->user), "%s", call->credential->user);
	(void)snprintf(sad->credential, sizeof(sad->credential), "%s", call->credential->id);
	sad->signatures = signatures;
	if (hashes != NULL)
		sad->hashes = *hashes;
	rssp_put_text(call, "SAD", sad->id);
	rssp_put_number(call, "expiresIn", lifetime);
	return true;
}
