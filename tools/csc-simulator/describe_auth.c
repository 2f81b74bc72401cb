/* How a credential is authorised: authMode, PIN and OTP of v1, auth of v2 (csc.md 4 and 5). */
#include "credential.h"

#include <string.h>

static const char *const presences[] = {
    [RSSP_ABSENT] = "false", [RSSP_REQUIRED] = "true", [RSSP_OPTIONAL] = "optional"};

/* N: digits; A: letters and symbols too. */
static const char *
pin_format(const struct rssp_credential *credential)
{
	return strspn(credential->pin, "0123456789") == strlen(credential->pin) ? "N" : "A";
}

static json_t *
describe_pin(const struct rssp_credential *credential)
{
	if (credential->pin_presence == RSSP_ABSENT)
		return json_pack("{s:s}", "presence", presences[RSSP_ABSENT]);
	return json_pack("{s:s, s:s, s:s}", "presence", presences[credential->pin_presence],
			 "format", pin_format(credential), "label", "PIN");
}

static json_t *
describe_otp(const struct rssp_credential *credential)
{
	bool online = credential->otp == RSSP_ONLINE;

	if (credential->otp_presence == RSSP_ABSENT)
		return json_pack("{s:s}", "presence", presences[RSSP_ABSENT]);
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "presence",
			 presences[credential->otp_presence], "type", online ? "online" : "offline",
			 "ID", RSSP_OTP_ID, "format", "N", "label",
			 online ? "Code by text message" : "Code of the device");
}

static void
describe_v1(const struct rssp_credential *credential, bool details, json_t *object)
{
	static const char *const modes[] = {[RSSP_EXPLICIT] = "explicit",
					    [RSSP_IMPLICIT] = "implicit",
					    [RSSP_BY_OAUTH2_CODE] = "oauth2code"};

	(void)json_object_set_new(object, "authMode", json_string(modes[credential->mode]));
	if (!details || credential->mode != RSSP_EXPLICIT)
		return;
	(void)json_object_set_new(object, "PIN", describe_pin(credential));
	(void)json_object_set_new(object, "OTP", describe_otp(credential));
}

/* "PIN AND OTP": what is optional is in the objects only. */
static json_t *
expression(const struct rssp_credential *credential)
{
	bool pin = credential->pin_presence == RSSP_REQUIRED;
	bool otp = credential->otp_presence == RSSP_REQUIRED;

	if (credential->mode == RSSP_IMPLICIT)
		return json_string(RSSP_APP_ID);
	return json_string(pin && otp ? RSSP_PIN_ID " AND " RSSP_OTP_ID
			   : pin      ? RSSP_PIN_ID
			   : otp      ? RSSP_OTP_ID
				      : "");
}

static json_t *
objects(const struct rssp_credential *credential)
{
	json_t *list = json_array();

	if (credential->mode == RSSP_IMPLICIT) {
		(void)json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "type",
							    "ChallengeResponseOOB", "id",
							    RSSP_APP_ID, "label", "App"));
		return list;
	}
	if (credential->pin_presence != RSSP_ABSENT)
		(void)json_array_append_new(
		    list, json_pack("{s:s, s:s, s:s, s:s}", "type", "Password", "id", RSSP_PIN_ID,
				    "format", pin_format(credential), "label", "PIN"));
	if (credential->otp_presence != RSSP_ABSENT && credential->otp == RSSP_ONLINE)
		(void)json_array_append_new(
		    list, json_pack("{s:s, s:s, s:s, s:s}", "type", "ChallengeResponse", "id",
				    RSSP_OTP_ID, "format", "N", "label", "Code by text message"));
	if (credential->otp_presence != RSSP_ABSENT && credential->otp == RSSP_OFFLINE)
		(void)json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s}", "type",
							    "Password", "id", RSSP_OTP_ID, "format",
							    "N", "generator", "totp", "label",
							    "Code of the device"));
	return list;
}

static void
describe_v2(const struct rssp_credential *credential, bool details, json_t *object)
{
	bool by_code = credential->mode == RSSP_BY_OAUTH2_CODE;
	json_t *auth = json_pack("{s:s}", "mode", by_code ? "oauth2code" : "explicit");

	if (details && !by_code) {
		(void)json_object_set_new(auth, "expression", expression(credential));
		(void)json_object_set_new(auth, "objects", objects(credential));
	}
	(void)json_object_set_new(object, "auth", auth);
	(void)json_object_set_new(object, "signatureQualifier", json_string("eu_eidas_qes"));
}

void
rssp_describe_auth(const struct rssp_call *call, const struct rssp_credential *credential,
		   bool details, json_t *object)
{
	if (call->version == RSSP_V1)
		describe_v1(credential, details, object);
	else
		describe_v2(credential, details, object);
}
