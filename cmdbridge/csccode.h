/*
 * Codes that the owner types for an authorisation: sent by the service, or of a device of the owner's.
 */
#ifndef VICAR_CMDBRIDGE_CSCCODE_H
#define VICAR_CMDBRIDGE_CSCCODE_H

#include "cscbatch.h"

enum { CSC_CODES_MAX = 3 /* wrong ones for one use */, CSC_PROBLEM_MAX = 256 };

/* Secret: wiped by whoever has it. */
struct csc_codes {
	char list[CSC_FACTORS_MAX][PROMPT_SECRET_SIZE]; /* at the places of the key's factors */
	time_t until;                                   /* their end; 0: not known */
	bool sent_again;
	char challenge[CSC_PROBLEM_MAX]; /* what the service wants to be answered */
	unsigned wrong;
};

/* Has the codes sent that the service sends. */
enum outcome csc_codes_send(struct csc *csc, const struct csc_batch *batch,
			    struct csc_codes *codes) MUST_USE;
/* Asks for each; an empty answer offers a new one, once. */
enum outcome csc_codes_ask(struct csc *csc, const struct csc_batch *batch,
			   struct csc_codes *codes) MUST_USE;

#endif
