#include "cscerror.h"
#include "member.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

enum { HTTP_TOO_MANY = 429, HTTP_SERVER_ERRORS = 500 };

const struct service_status csc_statuses[] = {
    {"invalid_pin", OUTCOME_KEY_PIN_REFUSED},
    {"invalid_otp", OUTCOME_CODE_WRONG},
    {"invalid_authentication_data", OUTCOME_FACTORS_REFUSED},
    {"authentication_error", OUTCOME_LOGIN_REFUSED},
    {"invalid_grant", OUTCOME_LOGIN_REFUSED},
    {"invalid_token", OUTCOME_LOGIN_REFUSED},
    {"expired_token", OUTCOME_LOGIN_REFUSED},
    {"invalid_client", OUTCOME_CLIENT_REFUSED},
    {"unauthorized_client", OUTCOME_CLIENT_REFUSED},
    {"access_denied", OUTCOME_REFUSED_THERE},
    {"server_error", OUTCOME_SERVER_ERROR},
    {"temporarily_unavailable", OUTCOME_SERVER_ERROR},
    {NULL, OUTCOME_OK},
};

/* The standard has one code, invalid_request, for all of these, and only recommends the words; a service
 * with others is told as what it is: a service that refused. */
static const struct {
	const char *words;
	enum outcome outcome;
} recommended[] = {
    {"locked", OUTCOME_KEY_LOCKED},
    {"disabled", OUTCOME_KEY_DISABLED},
    {"SAD expired", OUTCOME_CODE_EXPIRED},
    {"parameter credentialID", OUTCOME_KEY_UNKNOWN},
    {"Signing certificate", OUTCOME_KEY_DISABLED},
    {"certificate status", OUTCOME_KEY_DISABLED},
    {"Invalid refresh_token", OUTCOME_LOGIN_REFUSED},
    {"parameter refresh_token", OUTCOME_LOGIN_REFUSED},
    {"parameter client_", OUTCOME_CLIENT_REFUSED},
    {"Client authorization required", OUTCOME_CLIENT_REFUSED},
};

void
csc_error_read(const json_t *body, struct csc_error *error)
{
	const char *code = member_text(body, "error");
	const char *words = member_text(body, "error_description");

	*error = (struct csc_error){.code = ""};
	if (code)
		(void)text_printable((struct bytes){(const uint8_t *)code, strlen(code)},
				     CSC_CODE_CHARACTERS, error->code);
	if (words)
		(void)text_printable((struct bytes){(const uint8_t *)words, strlen(words)},
				     CSC_WORDS_CHARACTERS, error->words);
	text_hide_numbers(error->code);
	text_hide_numbers(error->words);
}

enum outcome
csc_error_outcome(long status, const struct csc_error *error)
{
	for (const struct service_status *row = csc_statuses; row->code; row++)
		if (strcmp(row->code, error->code) == 0)
			return row->outcome;
	if (strcmp(error->code, "invalid_request") == 0)
		for (size_t i = 0; i < sizeof(recommended) / sizeof(recommended[0]); i++)
			if (strstr(error->words, recommended[i].words))
				return recommended[i].outcome;
	if (status == HTTP_TOO_MANY)
		return OUTCOME_SERVER_ERROR;
	if (error->code[0] && status < HTTP_SERVER_ERRORS)
		return OUTCOME_OTHER_CODE;
	return outcome_of_status(status);
}
