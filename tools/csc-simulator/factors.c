#include "factors.h"

#include "tools/simulator/basic.h"

#include <string.h>

bool
rssp_factors_send(struct rssp_factors *factors, const struct rssp_credential *credential,
		  const struct sim_records *records, uint64_t now_ms)
{
	const char *const columns[] = {credential->user, credential->id, factors->code};

	if (credential->code[0] != '\0')
		memcpy(factors->code, credential->code, sizeof(factors->code));
	else if (!sim_random_code(factors->code))
		return false;
	factors->code_made_ms = now_ms;
	if (!sim_records_line(records->messages, columns, sizeof(columns) / sizeof(columns[0])))
		return false;
	sim_records_show(records, "text message to %s: the code for %s is %s\n", credential->user,
			 credential->id, factors->code);
	return true;
}

static enum rssp_verdict
judge_pin(struct rssp_factors *factors, const struct rssp_credential *credential, const char *pin)
{
	if (factors->wrong_pins >= credential->pin_tries)
		return RSSP_PIN_LOCKED;
	if (pin == NULL)
		return credential->pin_presence == RSSP_REQUIRED ? RSSP_MISSING_PIN : RSSP_RIGHT;
	if (credential->pin_presence == RSSP_ABSENT)
		return RSSP_RIGHT;
	if (!sim_texts_are_equal(pin, credential->pin)) {
		factors->wrong_pins++;
		return RSSP_WRONG_PIN;
	}
	factors->wrong_pins = 0;
	return RSSP_RIGHT;
}

/* One that is too old is as wrong as another, but nobody has guessed. */
static bool
code_is_in_force(const struct rssp_factors *factors, const struct rssp_credential *credential,
		 uint64_t now_ms)
{
	/* The clock of accounts.conf may have gone back. */
	return factors->code[0] != '\0' &&
	       (now_ms < factors->code_made_ms ||
		now_ms - factors->code_made_ms <= credential->code_lifetime_s * UINT64_C(1000));
}

static enum rssp_verdict
judge_code(struct rssp_factors *factors, const struct rssp_credential *credential, const char *code,
	   uint64_t now_ms)
{
	bool offline = credential->otp == RSSP_OFFLINE;

	if (factors->wrong_codes >= credential->code_tries)
		return RSSP_OTP_LOCKED;
	if (code == NULL)
		return credential->otp_presence == RSSP_REQUIRED ? RSSP_MISSING_OTP : RSSP_RIGHT;
	if (credential->otp_presence == RSSP_ABSENT)
		return RSSP_RIGHT;
	if (!offline && !code_is_in_force(factors, credential, now_ms)) {
		factors->code[0] = '\0';
		return RSSP_WRONG_OTP;
	}
	if (!sim_texts_are_equal(code, offline ? credential->code : factors->code)) {
		factors->wrong_codes++;
		return RSSP_WRONG_OTP;
	}
	factors->wrong_codes = 0;
	factors->code[0] = '\0';
	return RSSP_RIGHT;
}

enum rssp_verdict
rssp_factors_judge(struct rssp_factors *factors, const struct rssp_credential *credential,
		   const char *pin, const char *code, uint64_t now_ms)
{
	enum rssp_verdict verdict;

	if (factors->wrong_codes >= credential->code_tries)
		return RSSP_OTP_LOCKED;
	verdict = judge_pin(factors, credential, pin);
	return verdict == RSSP_RIGHT ? judge_code(factors, credential, code, now_ms) : verdict;
}
