/*
 * credentials/authorize and what belongs to it: authorizeCheck, sendOTP, getChallenge,
 * extendTransaction.
 */
#include "credential.h"
#include "hashes.h"

#include <string.h>

static bool
is_enabled(struct rssp_call *call)
{
	return !call->credential->disabled ||
	       rssp_invalid(call, "The credential identified by credentialID is disabled");
}

static bool
agrees(struct rssp_call *call, enum rssp_verdict verdict)
{
	bool v1 = call->version == RSSP_V1;

	switch (verdict) {
	case RSSP_RIGHT: return true;
	case RSSP_MISSING_PIN:
		return rssp_invalid(call, "Missing (or invalid type) %s",
				    v1 ? "string parameter PIN" : "array parameter authData");
	case RSSP_MISSING_OTP:
		return rssp_invalid(call, "Missing (or invalid type) %s",
				    v1 ? "string parameter OTP" : "array parameter authData");
	case RSSP_WRONG_PIN:
		return v1 ? rssp_refuse(call, 400, "invalid_pin", "The PIN is invalid")
			  : rssp_refuse(call, 400, "invalid_authentication_data",
					"The authentication data is invalid");
	case RSSP_WRONG_OTP:
		return v1 ? rssp_refuse(call, 400, "invalid_otp", "The OTP is invalid")
			  : rssp_refuse(call, 400, "invalid_authentication_data",
					"The authentication data is invalid");
	case RSSP_PIN_LOCKED: return rssp_invalid(call, v1 ? "PIN locked" : "Credential locked");
	default: return rssp_invalid(call, v1 ? "OTP locked" : "Credential locked");
	}
}

/* The values of authData by their ids; `pin` and `code` stay NULL when they are not there. */
static bool
take_auth_data(struct rssp_call *call, const char **pin, const char **code)
{
	const json_t *list = json_object_get(call->in, "authData"), *entry;
	size_t i;

	if (list == NULL || json_is_null(list))
		return true;
	if (!json_is_array(list))
		return rssp_invalid(call, "Missing (or invalid type) array parameter authData");
	json_array_foreach(list, i, entry)
	{
		const char *id = json_string_value(json_object_get(entry, "id"));
		const char *value = json_string_value(json_object_get(entry, "value"));

		if (id != NULL && strcmp(id, RSSP_PIN_ID) == 0)
			*pin = value;
		else if (id != NULL && strcmp(id, RSSP_OTP_ID) == 0)
			*code = value;
		else if (id == NULL || strcmp(id, RSSP_APP_ID) != 0)
			return rssp_invalid(call, "Invalid parameter authData");
	}
	return true;
}

static bool
check_factors(struct rssp_call *call)
{
	const char *pin = NULL, *code = NULL;

	if (call->version == RSSP_V1
		? !rssp_take_text(call, "PIN", &pin) || !rssp_take_text(call, "OTP", &code)
		: !take_auth_data(call, &pin, &code))
		return false;
	return agrees(call, rssp_factors_judge(rssp_factors_of(call), call->credential, pin, code,
					       rssp_now_ms(call->rssp)));
}

/* A handle in the reply: 202. */
static bool
give_handle(struct rssp_call *call, unsigned signatures, const struct rssp_hashes *hashes,
	    uint64_t made_ms)
{
	struct rssp *rssp = call->rssp;
	struct rssp_grant *handle = rssp_grants_add(&rssp->grants, RSSP_HANDLE, rssp_now_ms(rssp),
						    rssp_server_of(call)->sad_lifetime_s);

	if (handle == NULL)
		return rssp_failed(call, "out of memory or random bytes for a handle");
	(void)snprintf(handle->credential, sizeof(handle->credential), "%s", call->credential->id);
	handle->made_ms = made_ms;
	handle->signatures = signatures;
	handle->hashes = *hashes;
	call->status = 202;
	rssp_put_text(call, "handle", handle->id);
	return true;
}

static bool
person_refused(struct rssp_call *call)
{
	return rssp_refuse(call, 400, "access_denied", "The user refused");
}

/* The person is asked in an app. In v1 the answer waits for them (csc.md 2), in v2 a handle does. */
static bool
ask_person(struct rssp_call *call, unsigned signatures, const struct rssp_hashes *hashes)
{
	const struct rssp_credential *credential = call->credential;

	if (call->version == RSSP_V2 &&
	    (credential->confirm != RSSP_AGREES || credential->confirm_ms > 0))
		return give_handle(call, signatures, hashes, rssp_now_ms(call->rssp));
	if (credential->confirm == RSSP_WAITS) {
		call->answer->how = SIM_ANSWER_NEVER;
		return true;
	}
	call->answer->latency_ms += credential->confirm_ms;
	if (credential->confirm == RSSP_REFUSES)
		return person_refused(call);
	return rssp_give_sad(call, signatures, hashes);
}

bool
rssp_run_authorize(struct rssp_call *call)
{
	struct rssp_hashes hashes;
	unsigned signatures;
	const char *text;

	if (!rssp_need_credential(call) || !is_enabled(call) ||
	    !rssp_take_text(call, "description", &text) ||
	    !rssp_need_signatures(call, &signatures) || !rssp_authorised_hashes(call, &hashes))
		return false;
	if (hashes.count > signatures)
		return rssp_invalid(call, "Invalid value for parameter numSignatures");
	switch (call->credential->mode) {
	case RSSP_IMPLICIT: return ask_person(call, signatures, &hashes);
	case RSSP_BY_OAUTH2_CODE:
		return rssp_refuse(call, 400, "access_denied",
				   "The credential is authorized with oauth2/authorize");
	default: return check_factors(call) && rssp_give_sad(call, signatures, &hashes);
	}
}

bool
rssp_run_authorize_check(struct rssp_call *call)
{
	struct rssp *rssp = call->rssp;
	const char *id = rssp_need_text(call, "handle");
	struct rssp_grant *handle = rssp_grants_find(&rssp->grants, RSSP_HANDLE, id);
	uint64_t now = rssp_now_ms(rssp);
	struct rssp_grant known;

	if (id == NULL)
		return false;
	if (handle == NULL || now >= handle->until_ms ||
	    (call->credential = rssp_accounts_credential(&rssp->accounts, handle->credential)) ==
		NULL ||
	    (call->user != NULL && strcmp(call->user, call->credential->user) != 0))
		return rssp_invalid(call, "Invalid parameter handle");
	known = *handle;
	rssp_grants_remove(&rssp->grants, handle);
	if (call->credential->confirm == RSSP_WAITS ||
	    now < known.made_ms + call->credential->confirm_ms)
		return give_handle(call, known.signatures, &known.hashes, known.made_ms);
	if (call->credential->confirm == RSSP_REFUSES)
		return person_refused(call);
	return rssp_give_sad(call, known.signatures, &known.hashes);
}

static bool
send_code(struct rssp_call *call)
{
	return rssp_factors_send(rssp_factors_of(call), call->credential, &call->rssp->records,
				 rssp_now_ms(call->rssp)) ||
	       rssp_failed(call, "cannot send a code: no random bytes, or no space for messages");
}

bool
rssp_run_send_otp(struct rssp_call *call)
{
	if (!rssp_need_credential(call) || !is_enabled(call))
		return false;
	if (call->credential->otp != RSSP_ONLINE || call->credential->mode != RSSP_EXPLICIT)
		return rssp_invalid(call, "The credential has no online OTP");
	if (!send_code(call))
		return false;
	if (!rssp_speaks(call, RSSP_SEND_OTP_BODY))
		return rssp_done(call);
	rssp_put_text(call, "message", "The OTP was sent");
	return true;
}

bool
rssp_run_get_challenge(struct rssp_call *call)
{
	const char *id;

	if (!rssp_need_credential(call) || !is_enabled(call))
		return false;
	id = rssp_need_text(call, "authObjectID");
	if (id == NULL)
		return false;
	if (strcmp(id, RSSP_OTP_ID) != 0 || call->credential->otp != RSSP_ONLINE ||
	    call->credential->mode != RSSP_EXPLICIT)
		return rssp_invalid(call, "Invalid parameter authObjectID");
	if (!send_code(call))
		return false;
	if (call->credential->challenge[0] == '\0')
		return rssp_done(call);
	rssp_put_text(call, "challenge", call->credential->challenge);
	return true;
}

bool
rssp_run_extend_transaction(struct rssp_call *call)
{
	struct rssp_hashes hashes;
	struct rssp_grant *sad;
	unsigned left;

	if (!rssp_need_credential(call) || !is_enabled(call))
		return false;
	sad = rssp_need_sad(call);
	if (sad == NULL || !rssp_authorised_hashes(call, &hashes))
		return false;
	left = sad->signatures;
	if (hashes.count > left)
		return rssp_invalid(call, "Numbers of signatures is too high");
	rssp_grants_remove(&call->rssp->grants, sad);
	call->token = call->token == sad ? NULL : call->token;
	return rssp_give_sad(call, left, &hashes);
}
