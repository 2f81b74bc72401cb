/*
 * What can become of one use of a remote service: the rows of design.md, "Remote trouble". One table
 * gives each its status word, its sentence and the next step; nobody else makes up words for them.
 */
#ifndef VICAR_CMDBRIDGE_OUTCOME_H
#define VICAR_CMDBRIDGE_OUTCOME_H

#include "iso7816/bytes.h"

enum outcome {
	OUTCOME_OK,
	OUTCOME_PIN_REFUSED,
	OUTCOME_FACTORS_REFUSED, /* PIN or code, and the service does not say which */
	OUTCOME_NO_CONSENT,
	OUTCOME_REFUSED_THERE, /* the owner said no at the service: in an app, on its page */
	OUTCOME_NOT_CONFIRMED, /* the owner said nothing there */
	OUTCOME_CODE_CANCELLED,
	OUTCOME_NO_ANSWER,
	OUTCOME_NO_PROMPT,
	OUTCOME_CODE_EXPIRED,
	OUTCOME_CODE_WRONG,
	OUTCOME_NO_NAME,     /* of the service or the proxy, in DNS */
	OUTCOME_UNREACHABLE, /* no connection */
	OUTCOME_NO_TLS,      /* cut off in the handshake */
	OUTCOME_SILENT,      /* sent, no answer, and nothing can have come of it */
	OUTCOME_SERVER_ERROR,
	OUTCOME_UNTRUSTED,
	OUTCOME_CREDENTIALS,
	OUTCOME_LOGIN_REFUSED,  /* of the owner, not of the application */
	OUTCOME_CLIENT_REFUSED, /* what OAuth knows an application by */
	OUTCOME_FORBIDDEN,      /* known credentials, but not for this */
	OUTCOME_PROXY_CREDENTIALS,
	OUTCOME_CREDENTIALS_FILE,
	OUTCOME_INACTIVE,
	OUTCOME_KEY_PIN_REFUSED,
	OUTCOME_KEY_PIN_FORM, /* it cannot be the key's */
	OUTCOME_KEY_LOCKED,   /* by the service, after wrong PINs or codes */
	OUTCOME_KEY_DISABLED, /* by the service, for other reasons */
	OUTCOME_KEY_UNKNOWN,
	OUTCOME_KEY_CHANGED, /* it has another certificate than the card */
	OUTCOME_KEY_UNFIT,   /* it cannot do that */
	OUTCOME_ALL_PINS_MUST_CHANGE,
	OUTCOME_SIGNATURE_PIN_MUST_CHANGE,
	OUTCOME_ACCOUNT_UNKNOWN,
	OUTCOME_ACCOUNT_FILE,
	OUTCOME_SIGNATURE_WRONG,
	OUTCOME_FATE_UNKNOWN,
	OUTCOME_CERTIFICATE_EXPIRED,
	OUTCOME_ENCRYPTION_EXPIRED,
	OUTCOME_ENCRYPTION_UNUSABLE,
	OUTCOME_NOT_A_DIGESTINFO,
	OUTCOME_NOT_A_PIN,
	OUTCOME_MISCONFIGURED,
	OUTCOME_BAD_ANSWER,
	OUTCOME_BAD_REQUEST, /* what was sent is not accepted: HTTP 4xx of another kind, a code */
	OUTCOME_OTHER_CODE,
	OUTCOME_TOKEN_PIN_REFUSED,
	OUTCOME_TOKEN_PIN_BLOCKED,
	OUTCOME_TOKEN_PIN_UNSET, /* none yet, or one that must be changed first */
	OUTCOME_TOKEN_ABSENT,
	OUTCOME_TOKEN_FAILED, /* its module, in a way that says no more */
	OUTCOME_TOKEN_KEY_UNKNOWN,
	OUTCOME_TOKEN_KEY_CANNOT, /* what was asked of it */
	OUTCOME_TOKEN_KEY_INPUT,  /* what was to be done with it does not fit it */
	OUTCOME_GONE,             /* the parent hung up: nobody is there to be told */
	OUTCOME_COUNT,
};

enum { OUTCOME_TEXT_MAX = 768 };

uint16_t outcome_sw(enum outcome outcome);
/* The sentence; `detail`, when not empty, is put behind it in brackets. */
void outcome_text(enum outcome outcome, const char *detail, char text[OUTCOME_TEXT_MAX]);
const char *outcome_next(enum outcome outcome);
/* The same two in the person's language, but for what must be shown word for word. */
void outcome_text_shown(enum outcome outcome, const char *detail, char text[OUTCOME_TEXT_MAX]);
const char *outcome_next_shown(enum outcome outcome);
/* The text must be shown to the user word for word (manual of the service, codes 901 and 902). */
bool outcome_must_be_shown(enum outcome outcome);

/* Trouble that may be over soon, and that cannot have cost anything where the request was harmless. */
bool outcome_may_pass(enum outcome outcome);

/* An HTTP status other than 200. */
enum outcome outcome_of_status(long status);

#endif
