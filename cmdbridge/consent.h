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

/* What the owner has to expect after the consent. */
enum consent_code {
	CONSENT_CODE_NAMES_IT, /* a code is sent, in a message that names the document */
	CONSENT_CODE_SENT,     /* a code is sent, and no more is known of the message */
	CONSENT_CODE_OWN,      /* the owner has it already: a generator, an app, a list */
	CONSENT_CODE_NONE,     /* nobody asks for a code */
	CONSENT_CODE_UNKNOWN,  /* the service says only when it is asked */
};

enum { CONSENT_ALL_LEN = 32 };

/* What is signed, as the person sees it. */
struct consent {
	enum digest digest;         /* DIGEST_COUNT: not known */
	struct bytes hash;          /* empty: what is deciphered or derived from has none */
	char docname[DOCNAME_SIZE]; /* the same in the text message */
	/* Zero after consent_begin(), for the service to set. */
	enum consent_code code;
	size_t others; /* documents that the same code signs, besides this one */
};

/* False: `digestinfo` is none of the known ones. `hash` is a view into it. */
bool consent_begin(struct bytes digestinfo, struct bytes document,
		   struct consent *consent) MUST_USE;
/* The same for the request's document at `index`, whatever is to be done with the key. False: no input
 * of the request's use. */
bool consent_of(const struct bridge_request *request, size_t index,
		struct consent *consent) MUST_USE;

/* And not deciphering or agreeing on a key. */
bool consent_is_signature(const struct bridge_request *request);

/* "Sign this?", or "Decrypt?" where the request's use is no signature. */
enum prompt_result consent_ask(const struct service_use *use, const struct consent *consent,
			       char error[PROMPT_ERROR_MAX]) MUST_USE;

/* "Sign these?" Two are shown with their whole hashes; of more the first ones by name, how many there
 * are besides, and consent_all() over them. The code's kind is that of the first. */
enum prompt_result consent_ask_many(const struct service_use *use, const struct consent *documents,
				    size_t count, char error[PROMPT_ERROR_MAX]) MUST_USE;

/* SHA-256 over the hashes of all documents, one behind the other in their order, so that whoever made
 * the list can show the same. False: OpenSSL failed. */
bool consent_all(const struct consent *documents, size_t count,
		 uint8_t all[CONSENT_ALL_LEN]) MUST_USE;

/* The code. `sent_to` is where it went, masked; NULL: not known. `until` is when it ends, 0: not known;
 * `problem` what was wrong with the last one, in the person's language (NULL: nothing). Blanks are
 * dropped from the answer. The caller wipes `code`. */
enum prompt_result consent_code(const struct service_use *use, const struct consent *consent,
				const char *sent_to, time_t until, const char *problem,
				char code[PROMPT_SECRET_SIZE],
				char error[PROMPT_ERROR_MAX]) MUST_USE;

/* The PIN of the key, for these documents and no others: an answer is the consent to them. None: for
 * whatever comes. The caller wipes `pin`. */
enum prompt_result consent_pin(const struct service_use *use, const struct consent *documents,
			       size_t count, const char *problem, char pin[PROMPT_SECRET_SIZE],
			       char error[PROMPT_ERROR_MAX]) MUST_USE;

/* "Send a new code?" */
enum prompt_result consent_new_code(const struct service_use *use, const char *sent_to,
				    char error[PROMPT_ERROR_MAX]) MUST_USE;

#endif
