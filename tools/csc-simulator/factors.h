/*
 * PINs and codes of a credential: which code is in force, how often wrong ones were given in a row.
 */
#ifndef VICAR_TOOLS_CSC_SIMULATOR_FACTORS_H
#define VICAR_TOOLS_CSC_SIMULATOR_FACTORS_H

#include "accounts.h"
#include "tools/simulator/records.h"

/* Forgotten when what accounts.conf says of PIN or code changes. */
struct rssp_factors {
	struct rssp_credential as_seen;
	unsigned wrong_pins, wrong_codes;
	char code[SIM_CODE_MAX]; /* "": none is in force */
	uint64_t code_made_ms;
};

enum rssp_verdict {
	RSSP_RIGHT,
	RSSP_MISSING_PIN,
	RSSP_MISSING_OTP,
	RSSP_WRONG_PIN,
	RSSP_WRONG_OTP,
	RSSP_PIN_LOCKED,
	RSSP_OTP_LOCKED,
};

/* A new code, written to the messages; false when the machine fails. */
bool rssp_factors_send(struct rssp_factors *factors, const struct rssp_credential *credential,
		       const struct sim_records *records, uint64_t now_ms) MUST_USE;
/* NULL: not given. The PIN is judged first; a wrong one leaves the code as it is. A right code is
 * used up. */
enum rssp_verdict rssp_factors_judge(struct rssp_factors *factors,
				     const struct rssp_credential *credential, const char *pin,
				     const char *code, uint64_t now_ms) MUST_USE;

#endif
