/*
 * What a CSC service says when it does not do what it was asked (csc.md 8): its code and its words, and
 * what they mean for the owner.
 */
#ifndef VICAR_CMDBRIDGE_CSCERROR_H
#define VICAR_CMDBRIDGE_CSCERROR_H

#include "service.h"

#include <jansson.h>

enum {
	CSC_CODE_CHARACTERS = 47,
	CSC_ERROR_MAX = CSC_CODE_CHARACTERS * 4 + 1,
	CSC_WORDS_CHARACTERS = 160,
	CSC_WORDS_SIZE = CSC_WORDS_CHARACTERS * 4 + 1
};

struct csc_error {
	char code[CSC_ERROR_MAX];   /* "invalid_otp"; "" when there is none */
	char words[CSC_WORDS_SIZE]; /* printable, without long numbers */
};

/* Every code of the standard that means something in particular. */
extern const struct service_status csc_statuses[];

/* `body` may be NULL. */
void csc_error_read(const json_t *body, struct csc_error *error);
/* Of an answer with an HTTP status of 400 or more. */
enum outcome csc_error_outcome(long status, const struct csc_error *error);

#endif
