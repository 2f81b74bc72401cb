/*
 * What opens a key with explicit authorisation: PIN and codes, as v1 (PIN, OTP) or v2 (auth.objects,
 * auth.expression) tell it (csc.md 4 and 5).
 */
#ifndef VICAR_CMDBRIDGE_CSCFACTOR_H
#define VICAR_CMDBRIDGE_CSCFACTOR_H

#include "iso7816/bytes.h"

#include <jansson.h>

enum { CSC_FACTORS_MAX = 8, CSC_FACTOR_ID_MAX = 64 };

enum csc_factor_kind {
	CSC_FACTOR_PIN,
	CSC_FACTOR_OWN_CODE,   /* of a device */
	CSC_FACTOR_SENT_CODE,  /* that the service sends, or the answer to its challenge */
	CSC_FACTOR_OUT_OF_BAND /* given to the service some other way */
};

struct csc_factor {
	enum csc_factor_kind kind;
	char id[CSC_FACTOR_ID_MAX]; /* v2, and in the messages */
	bool digits_only;
};

struct csc_factors {
	struct csc_factor list[CSC_FACTORS_MAX];
	size_t count;
};

/* Of an answer to credentials/info. Where the service leaves a choice, the first one; what is optional is
 * left out, but a PIN is given. */
void csc_factors_read(const json_t *info, bool v2, struct csc_factors *factors);
/* NULL: none of this kind. */
const struct csc_factor *csc_factors_find(const struct csc_factors *factors,
					  enum csc_factor_kind kind);
/* Of the two kinds that the owner types a code for. */
bool csc_factor_is_code(const struct csc_factor *factor);

#endif
