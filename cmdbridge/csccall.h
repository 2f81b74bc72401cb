/*
 * Calls to a CSC service: what one use of it needs (credentials, account, tokens), and what became of each
 * call.
 */
#ifndef VICAR_CMDBRIDGE_CSCCALL_H
#define VICAR_CMDBRIDGE_CSCCALL_H

#include "cscerror.h"
#include "http.h"
#include "service.h"

#include <jansson.h>

/* One use of the service. Holds secrets: to be closed in any case. */
struct csc {
	const struct service_use *use;
	struct service_result *result;           /* detail and code are noted here */
	struct service_credentials *credentials; /* in the locked heap */
	struct service_account *account;         /* in the locked heap */
	json_t *info;       /* what the service says of itself, after csc_greet() */
	char *access_token; /* service scope; in the locked heap; NULL: none */
	bool v2;            /* of the API */
	bool user_specific; /* the login is a person's: then no userID is sent (csc.md 2) */
	bool started;       /* BRIDGE_START and GO are behind us */
};

enum csc_cost {
	CSC_FREE,   /* may be tried again, once */
	CSC_ONCE,   /* may not, but nothing is lost with it: a token, an answer to a question */
	CSC_COSTLY, /* sends a message, uses up a try, or signs */
};

struct csc_request {
	enum csc_cost cost;
	const char *method;          /* "credentials/list" */
	json_t *body;                /* given away; NULL: {} */
	const char *bearer;          /* instead of the access token */
	const char *user, *password; /* Basic, instead of a token */
	bool by_get;                 /* body and all */
	unsigned timeout_ms;         /* 0: that of vicar.conf */
};

/* Frees nothing but `body`, which needs json_decref() in any case. */
struct csc_answer {
	long status;
	json_t *body; /* NULL: no JSON object came */
	struct csc_error error;
};

__attribute__((format(printf, 3, 4))) enum outcome
csc_explain(struct csc *csc, enum outcome outcome, const char *format, ...);

/* Reads the files; nothing leaves. */
enum outcome csc_open(struct csc *csc, const struct service_use *use,
		      struct service_result *result) MUST_USE;
void csc_close(struct csc *csc);
/* Asks the service what it is, the first time. */
enum outcome csc_greet(struct csc *csc) MUST_USE;

/* OUTCOME_OK: the status was 2xx. Otherwise result's detail and code say what was wrong. */
enum outcome csc_call(struct csc *csc, const struct csc_request *request,
		      struct csc_answer *answer) MUST_USE;
/* A POST of a form or JSON to one of the OAuth endpoints; the same. */
enum outcome csc_post(struct csc *csc, const struct http_request *request, enum csc_cost cost,
		      struct csc_answer *answer) MUST_USE;

/* `info` lists the method. */
bool csc_offers(const struct csc *csc, const char *method);
/* BRIDGE_START and GO, the first time: from here on the use counts. */
enum outcome csc_start(struct csc *csc) MUST_USE;
/* False: the parent hung up, which ends waiting. */
bool csc_pause(const struct csc *csc, unsigned milliseconds) MUST_USE;
/* Says what is waited for. */
enum outcome csc_progress(const struct csc *csc, const char *text) MUST_USE;

/* Sets a member to a number, or to a string of it where the service wants that. */
bool csc_set_number(const struct csc *csc, json_t *body, const char *name, long number) MUST_USE;

bool csc_set_true(const struct csc *csc, json_t *body, const char *name) MUST_USE;

/* A copy in the locked heap; NULL without room there, or of NULL. */
char *csc_secret(const char *text) MUST_USE;
void csc_secret_free(char *secret);

#endif
