/*
 * A request in hand: what it says, the reply that grows, and the checks that several methods need.
 *
 * A function that returns bool or a pointer has refused the call when it returns false or NULL,
 * unless it says otherwise: status, error and description of the reply are filled then.
 */
#ifndef VICAR_TOOLS_CSC_SIMULATOR_CALL_H
#define VICAR_TOOLS_CSC_SIMULATOR_CALL_H

#include "rssp.h"

enum { RSSP_DESCRIPTION_MAX = 256 };

struct rssp_call {
	struct rssp *rssp;
	const struct sim_http_request *http;
	const char *base; /* "/csc/v1/" */
	unsigned version; /* RSSP_V1 or RSSP_V2 */
	enum rssp_method method;
	json_t *in;               /* the body; of OAuth: query or form as strings. Owned */
	unsigned trouble;         /* bits of enum rssp_trouble that are for this call */
	struct rssp_grant *token; /* the service token; in v2 also a SAD. NULL without one */
	const char *user; /* whom the authorisation is specific to; NULL: nobody. Borrowed */
	const struct rssp_credential *credential;
	/* The reply */
	unsigned status;
	json_t *out; /* owned; NULL: no body */
	char error[RSSP_NAME_MAX], description[RSSP_DESCRIPTION_MAX];
	struct sim_answer *answer; /* for headers, latency, and replies that are not JSON */
	size_t hashes;             /* how many the request has; for the record */
};

/* Always false, so that `return rssp_refuse(...)` reads as what it is. */
bool rssp_refuse(struct rssp_call *call, unsigned status, const char *error, const char *format,
		 ...) __attribute__((format(printf, 4, 5)));
/* 400 invalid_request; always false. */
bool rssp_invalid(struct rssp_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* 500; prints the reason. Always false. */
bool rssp_failed(struct rssp_call *call, const char *reason);

bool rssp_speaks(const struct rssp_call *call, enum rssp_dialect dialect);
const struct rssp_server *rssp_server_of(const struct rssp_call *call);

/* Members of the request; null is as good as missing (csc.md 1). */
bool rssp_has(const struct rssp_call *call, const char *name);
const char *rssp_need_text(struct rssp_call *call, const char *name) MUST_USE;
/* `text` is NULL when it is missing. */
bool rssp_take_text(struct rssp_call *call, const char *name, const char **text) MUST_USE;
/* `value` stays as it is when it is missing. */
bool rssp_take_boolean(struct rssp_call *call, const char *name, bool *value) MUST_USE;
bool rssp_take_number(struct rssp_call *call, const char *name, unsigned *value) MUST_USE;

/* The credential of credentialID, which the caller may use. */
bool rssp_need_credential(struct rssp_call *call) MUST_USE;
struct rssp_factors *rssp_factors_of(struct rssp_call *call);
/* numSignatures from 1 to multisign. */
bool rssp_need_signatures(struct rssp_call *call, unsigned *count) MUST_USE;

/* The SAD of the call's credential, with signatures left in it: the member SAD, or in v2 the token. */
struct rssp_grant *rssp_need_sad(struct rssp_call *call) MUST_USE;

/* Members of the reply. */
void rssp_put(struct rssp_call *call, const char *name, json_t *value);
void rssp_put_text(struct rssp_call *call, const char *name, const char *text);
void rssp_put_number(struct rssp_call *call, const char *name, unsigned number);
/* The reply is 204. */
bool rssp_done(struct rssp_call *call);
/* A new SAD in the reply: of the call's credential, for so many signatures of these hashes. NULL
 * hashes: any. */
bool rssp_give_sad(struct rssp_call *call, unsigned signatures,
		   const struct rssp_hashes *hashes) MUST_USE;

/* The methods. */
typedef bool rssp_run(struct rssp_call *call);
rssp_run rssp_run_info, rssp_run_login, rssp_run_revoke, rssp_run_list, rssp_run_credential_info,
    rssp_run_authorize, rssp_run_authorize_check, rssp_run_send_otp, rssp_run_get_challenge,
    rssp_run_extend_transaction, rssp_run_sign_hash, rssp_run_sign_polling, rssp_run_timestamp,
    rssp_run_oauth_authorize, rssp_run_oauth_token, rssp_run_oauth_push, rssp_run_oauth_revoke;

#endif
