#include "outcome.h"
#include "iso7816/sw.h"
#include "language.h"

#include <stdio.h>
#include <string.h>

struct row {
	uint16_t sw;
	const char *text;
	const char *next;
};

#define AGAIN tr_later("Try again later; `vicar doctor` says whether the service answers.")
#define DOCTOR tr_later("Type: vicar doctor")

static const struct row rows[OUTCOME_COUNT] = {
    [OUTCOME_OK] = {SW_OK, tr_later("Done."), ""},
    [OUTCOME_PIN_REFUSED] =
	{SW_AUTHENTICATION, tr_later("The service refused the signature PIN."),
	 tr_later("Check PIN, phone number and encryption certificate before the next"
		  " try; the service blocks an account after a few.")},
    [OUTCOME_NO_CONSENT] = {SW_PROMPT_CANCELLED,
			    tr_later("The signature was refused at the prompt; nothing was sent."),
			    tr_later("Sign again if this was not meant.")},
    [OUTCOME_CODE_CANCELLED] = {SW_PROMPT_CANCELLED,
				tr_later("The code was not entered: the prompt was cancelled."),
				tr_later("Sign again; a new code will be sent.")},
    [OUTCOME_NO_ANSWER] =
	{SW_PROMPT_TIMEOUT, tr_later("Nobody answered the prompt in time."),
	 tr_later("Sign again and answer the prompt; [prompt] timeout-s sets the time.")},
    [OUTCOME_NO_PROMPT] =
	{SW_PROMPT_TIMEOUT, tr_later("There is no way to ask: no prompt could be shown."),
	 tr_later("Install a pinentry program or set [prompt] pinentry; on a terminal type: vicar"
		  " prompt here")},
    [OUTCOME_CODE_EXPIRED] =
	{SW_PROMPT_TIMEOUT,
	 tr_later("The code is no longer valid: its time is over or the service does not"
		  " know the process any more."),
	 tr_later("Sign again; a new code will be sent.")},
    [OUTCOME_CODE_WRONG] = {SW_CODE_WRONG, tr_later("The code was wrong three times."),
			    tr_later("Sign again; a new code will be sent.")},
    [OUTCOME_NO_NAME] =
	{SW_SERVICE_UNREACHABLE,
	 tr_later("The service's name was not found in DNS; the request was not sent."),
	 tr_later("Check the network, and the endpoint and the proxy in vicar.conf.")},
    [OUTCOME_NO_TLS] =
	{SW_SERVICE_UNREACHABLE,
	 tr_later("The service took the connection but not TLS; the request was not sent."),
	 tr_later("Check whether endpoint and proxy in vicar.conf are the service's; a firewall may"
		  " be in between.")},
    [OUTCOME_UNREACHABLE] = {SW_SERVICE_UNREACHABLE,
			     tr_later(
				 "The service could not be reached; the request was not sent."),
			     tr_later(
				 "Check the network, the proxy and the endpoint in vicar.conf; "
				 "`vicar doctor` walks through them.")},
    [OUTCOME_SILENT] = {SW_SERVICE_UNREACHABLE, tr_later("The service did not answer."), AGAIN},
    [OUTCOME_SERVER_ERROR] = {SW_SERVICE_UNREACHABLE,
			      tr_later("The service answered with an error of its"
				       " own."),
			      AGAIN},
    [OUTCOME_UNTRUSTED] =
	{SW_SERVICE_UNTRUSTED,
	 tr_later(
	     "The service's TLS certificate or version is not trusted; the request was not sent."),
	 tr_later("Check the endpoint and ca-file in vicar.conf and the computer's clock.")},
    [OUTCOME_CREDENTIALS] =
	{SW_SERVICE_CREDENTIALS,
	 tr_later("The service refused the application's credentials (HTTP 401)."),
	 tr_later("Check user and password in the credentials file of the service.")},
    [OUTCOME_FORBIDDEN] =
	{SW_SERVICE_CREDENTIALS,
	 tr_later("The service forbids this to the application (HTTP 403)."),
	 tr_later("Ask whoever gave you the credentials what they are good for; check profile and"
		  " endpoint in vicar.conf.")},
    [OUTCOME_PROXY_CREDENTIALS] =
	{SW_SERVICE_CREDENTIALS, tr_later("The proxy wants other credentials (HTTP 407)."),
	 tr_later("Set proxy-user and proxy-password in the credentials file.")},
    [OUTCOME_CREDENTIALS_FILE] = {SW_SERVICE_CREDENTIALS,
				  tr_later(
				      "The credentials file cannot be used; nothing was sent."),
				  tr_later("Correct the file, see vicar.conf(5).")},
    [OUTCOME_FACTORS_REFUSED] =
	{SW_CODE_WRONG, tr_later("The service refused PIN or code; it does not say which."),
	 tr_later("Sign again with the right PIN and code; the service locks a key after a few.")},
    [OUTCOME_REFUSED_THERE] = {SW_PROMPT_CANCELLED,
			       tr_later("The signature was refused at the service."),
			       tr_later("Sign again if this was not meant.")},
    [OUTCOME_NOT_CONFIRMED] =
	{SW_PROMPT_TIMEOUT, tr_later("Nobody confirmed at the service in time."),
	 tr_later("Sign again and confirm in the service's app or page; code-lifetime-s in"
		  " vicar.conf sets the time.")},
    [OUTCOME_LOGIN_REFUSED] =
	{SW_SERVICE_CREDENTIALS, tr_later("The service refused the login."),
	 tr_later("Check user and password, then log in anew: vicar service credentials SERVICE")},
    [OUTCOME_CLIENT_REFUSED] = {SW_SERVICE_CREDENTIALS,
				tr_later("The service refused client-id or client-secret."),
				tr_later("Check both in the credentials file of the service.")},
    [OUTCOME_KEY_PIN_REFUSED] =
	{SW_AUTHENTICATION, tr_later("The service refused the key's PIN."),
	 tr_later("Check the PIN before the next try; the service locks the key after a few.")},
    [OUTCOME_KEY_PIN_FORM] = {SW_INCORRECT_DATA,
			      tr_later("That cannot be the key's PIN; it was not tried."),
			      tr_later("Enter the PIN that the key has at the service.")},
    [OUTCOME_KEY_LOCKED] = {SW_SERVICE_INACTIVE, tr_later("The service has locked this key."),
			    tr_later("Unlock it at the service.")},
    [OUTCOME_KEY_DISABLED] = {SW_SERVICE_INACTIVE,
			      tr_later("The service does not let this key be used."),
			      tr_later("See at the service what is wrong with the key.")},
    [OUTCOME_KEY_UNKNOWN] =
	{SW_SERVICE_ACCOUNT_UNKNOWN, tr_later("The service has no such key for this account."),
	 tr_later("`vicar service credentials SERVICE` lists those it has; enrol the card with"
		  " one of them.")},
    [OUTCOME_KEY_CHANGED] = {SW_SIGNATURE_WRONG,
			     tr_later("The service has another certificate for this key than the"
				      " card; nothing was signed."),
			     tr_later("Enrol the card again.")},
    [OUTCOME_KEY_UNFIT] = {SW_CONDITIONS,
			   tr_later("The key cannot sign in this way; nothing was signed."),
			   tr_later("Choose another mechanism or hash.")},
    [OUTCOME_INACTIVE] = {SW_SERVICE_INACTIVE,
			  tr_later("The signature service of this account is not active (817)."),
			  tr_later("Activate it at www.autenticacao.gov.pt.")},
    /* The manual of the service demands these two sentences word for word. */
    [OUTCOME_ALL_PINS_MUST_CHANGE] =
	{SW_SERVICE_PIN_MUST_CHANGE,
	 "Para continuar a usar a assinatura da CMD, tem de alterar o seu PIN de assinatura. Para o"
	 " alterar, basta iniciar sessão com CMD em www.autenticacao.gov.pt.",
	 tr_later("Change the PINs at www.autenticacao.gov.pt, then sign again.")},
    [OUTCOME_SIGNATURE_PIN_MUST_CHANGE] =
	{SW_SERVICE_PIN_MUST_CHANGE,
	 "Para continuar a usar a assinatura da CMD, tem de alterar o seu PIN de assinatura em"
	 " www.autenticacao.gov.pt. Inicie sessão e aceda a \"Área Reservada -> A Minha Chave Móvel"
	 " Digital\" e escolha editar em “Assinatura Digital.",
	 tr_later("Change the signature PIN at www.autenticacao.gov.pt, then sign again.")},
    [OUTCOME_ACCOUNT_UNKNOWN] = {SW_SERVICE_ACCOUNT_UNKNOWN,
				 tr_later(
				     "The service has no active signature for this phone number."),
				 tr_later("Check the number; activate the signature at"
					  " www.autenticacao.gov.pt.")},
    [OUTCOME_ACCOUNT_FILE] = {SW_SERVICE_ACCOUNT_UNKNOWN,
			      tr_later("The card's account file cannot be used; nothing was sent."),
			      tr_later("Correct the file, or enrol the card again.")},
    [OUTCOME_SIGNATURE_WRONG] =
	{SW_SIGNATURE_WRONG,
	 tr_later("The signature does not verify against the card's certificate."),
	 tr_later("If the account has a new certificate, enrol the card again.")},
    [OUTCOME_FATE_UNKNOWN] =
	{SW_FATE_UNKNOWN,
	 tr_later("The connection was lost after the request had left: nobody knows"
		  " whether the service acted on it."),
	 tr_later("Wait for a text message before signing again; nothing is repeated by"
		  " itself.")},
    [OUTCOME_CERTIFICATE_EXPIRED] =
	{SW_CERTIFICATE_EXPIRED,
	 tr_later("The card's certificate is not valid now; nothing was sent."),
	 tr_later("Renew it at the service and enrol the card again; check the"
		  " computer's clock.")},
    [OUTCOME_ENCRYPTION_EXPIRED] =
	{SW_ENCRYPTION_CERTIFICATE_EXPIRED,
	 tr_later("The service's encryption certificate is not valid now; nothing"
		  " was sent."),
	 tr_later("Get the new one from the service and set encryption-certificate"
		  " in vicar.conf; check the computer's clock.")},
    [OUTCOME_ENCRYPTION_UNUSABLE] =
	{SW_ENCRYPTION_CERTIFICATE_EXPIRED,
	 tr_later("The service's encryption certificate cannot be used; nothing"
		  " was sent."),
	 tr_later("Set encryption-certificate in vicar.conf to the service's"
		  " certificate, PEM or DER.")},
    [OUTCOME_NOT_A_DIGESTINFO] =
	{SW_INCORRECT_DATA,
	 tr_later("The service signs a DigestInfo of a known hash only; this is none."
		  " Nothing was sent."),
	 tr_later("Use a PKCS#1 v1.5 signature over a SHA-2 hash.")},
    [OUTCOME_NOT_A_PIN] = {SW_INCORRECT_DATA,
			   tr_later(
			       "The signature PIN is not four to eight digits; nothing was sent."),
			   tr_later("Enter the signature PIN of the account.")},
    [OUTCOME_MISCONFIGURED] =
	{SW_SERVICE_OTHER,
	 tr_later("The service is not configured as it must be; nothing was sent."),
	 tr_later("Correct vicar.conf; `vicar doctor` checks it.")},
    [OUTCOME_BAD_ANSWER] = {SW_SERVICE_OTHER,
			    tr_later(
				"The service answered with something that is not its protocol."),
			    DOCTOR},
    [OUTCOME_BAD_REQUEST] =
	{SW_SERVICE_OTHER, tr_later("The service refused the request itself."),
	 tr_later("Check endpoint and credentials in vicar.conf; `vicar service check` asks the"
		  " service.")},
    [OUTCOME_TOKEN_PIN_REFUSED] =
	{SW_AUTHENTICATION, tr_later("The token refused the PIN."),
	 tr_later("Check the PIN before the next try; the token blocks it after a few.")},
    [OUTCOME_TOKEN_PIN_BLOCKED] = {SW_BLOCKED, tr_later("The token has blocked the PIN."),
				   tr_later("Unblock it with the token's own tools.")},
    [OUTCOME_TOKEN_PIN_UNSET] =
	{SW_SERVICE_PIN_MUST_CHANGE,
	 tr_later("The token's PIN must be set, or changed, before the key can be used."),
	 tr_later("Do so with the token's own tools.")},
    [OUTCOME_TOKEN_ABSENT] = {SW_SERVICE_UNREACHABLE,
			      tr_later("The token is not there; nothing was asked of it."),
			      tr_later("Put it in, and check `module` and `token` in vicar.conf.")},
    [OUTCOME_TOKEN_FAILED] = {SW_SERVICE_OTHER, tr_later("The token's module failed."),
			      tr_later("See the manual of the module, and what it logs.")},
    [OUTCOME_TOKEN_KEY_UNKNOWN] =
	{SW_SERVICE_ACCOUNT_UNKNOWN, tr_later("The token has no such key."),
	 tr_later("Check `credential` in card.conf, or enrol the card again.")},
    [OUTCOME_TOKEN_KEY_CANNOT] =
	{SW_CONDITIONS, tr_later("The key cannot do this."),
	 tr_later("Choose another mechanism; `uses` in card.conf says what the card"
		  " offers.")},
    [OUTCOME_TOKEN_KEY_INPUT] = {SW_INCORRECT_DATA,
				 tr_later("What the program sent does not fit the key."),
				 tr_later("Check that it was made for this certificate.")},
    [OUTCOME_GONE] = {SW_UNKNOWN, tr_later("The card was taken away."), ""},
    [OUTCOME_OTHER_CODE] = {SW_SERVICE_OTHER, tr_later("The service refused."), AGAIN},
};

uint16_t
outcome_sw(enum outcome outcome)
{
	return rows[outcome].sw;
}

static void
join(const char *sentence, const char *detail, char text[OUTCOME_TEXT_MAX])
{
	if (detail && detail[0])
		snprintf(text, OUTCOME_TEXT_MAX, "%s (%s)", sentence, detail);
	else
		snprintf(text, OUTCOME_TEXT_MAX, "%s", sentence);
}

void
outcome_text(enum outcome outcome, const char *detail, char text[OUTCOME_TEXT_MAX])
{
	join(rows[outcome].text, detail, text);
}

const char *
outcome_next(enum outcome outcome)
{
	return rows[outcome].next;
}

void
outcome_text_shown(enum outcome outcome, const char *detail, char text[OUTCOME_TEXT_MAX])
{
	join(tr(rows[outcome].text), detail, text);
}

const char *
outcome_next_shown(enum outcome outcome)
{
	return tr(rows[outcome].next);
}

bool
outcome_must_be_shown(enum outcome outcome)
{
	return outcome == OUTCOME_ALL_PINS_MUST_CHANGE ||
	       outcome == OUTCOME_SIGNATURE_PIN_MUST_CHANGE;
}

bool
outcome_may_pass(enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_NO_NAME:
	case OUTCOME_UNREACHABLE:
	case OUTCOME_NO_TLS:
	case OUTCOME_SILENT:
	case OUTCOME_SERVER_ERROR: return true;
	default: return false;
	}
}

enum outcome
outcome_of_status(long status)
{
	switch (status) {
	case 401: return OUTCOME_CREDENTIALS;
	case 403: return OUTCOME_FORBIDDEN;
	case 407: return OUTCOME_PROXY_CREDENTIALS;
	}
	if (status >= 500 && status <= 599)
		return OUTCOME_SERVER_ERROR;
	return status >= 400 && status <= 499 ? OUTCOME_BAD_REQUEST : OUTCOME_BAD_ANSWER;
}
