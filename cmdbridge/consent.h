/*
 * The two questions that stand around a start call: may it be made, and what is the code?
 */
#ifndef VICAR_CMDBRIDGE_CONSENT_H
#define VICAR_CMDBRIDGE_CONSENT_H

#include "iso7816/digestinfo.h"
#include "prompt.h"
#include "service.h"
#include "text.h"

#include <time.h>

/* What is signed, as the person sees it. */
struct consent {
	enum digest digest;
	struct bytes hash;
	char docname[DOCNAME_SIZE]; /* the same in the text message */
};

/* False: `digestinfo` is none of the known ones. `hash` is a view into it. */
bool consent_begin(struct bytes digestinfo, struct bytes document,
		   struct consent *consent) MUST_USE;

/* "Sign this?" */
enum prompt_result consent_ask(const struct service_use *use, const struct consent *consent,
			       char error[PROMPT_ERROR_MAX]) MUST_USE;

/* The code that went to `masked_phone`; `until` is when it ends, `problem` what was wrong with the
 * last one (NULL: nothing). Blanks are dropped from the answer. The caller wipes `code`. */
enum prompt_result consent_code(const struct service_use *use, const struct consent *consent,
				const char *masked_phone, time_t until, const char *problem,
				char code[PROMPT_SECRET_SIZE],
				char error[PROMPT_ERROR_MAX]) MUST_USE;

/* "Send a new code?" */
enum prompt_result consent_new_code(const struct service_use *use, const char *masked_phone,
				    char error[PROMPT_ERROR_MAX]) MUST_USE;

#endif
