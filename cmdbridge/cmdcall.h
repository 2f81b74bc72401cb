/*
 * Calls to the CMD service: what they need (credentials, account, encryption certificate), and what
 * became of each of them.
 */
#ifndef VICAR_CMDBRIDGE_CMDCALL_H
#define VICAR_CMDBRIDGE_CMDCALL_H

#include "cipher.h"
#include "consent.h"
#include "phone.h"
#include "scmd.h"
#include "service.h"

/* One use of the service. Holds secrets: to be closed in any case. */
struct cmdcall {
	const struct service_use *use;
	struct service_result *result;           /* detail, code and process id are noted here */
	struct service_credentials *credentials; /* in the locked heap */
	struct service_account *account;         /* in the locked heap */
	struct cipher cipher;
	char cipher_user[CIPHER_TEXT_MAX];
	char masked_phone[PHONE_SIZE];
};

/* Reads the files and encrypts the phone number; nothing leaves. */
enum outcome cmdcall_open(struct cmdcall *call, const struct service_use *use,
			  struct service_result *result) MUST_USE;
void cmdcall_close(struct cmdcall *call);

/* Sends `request`, whose application_id and cipher_user are filled in here. OUTCOME_OK: the service
 * answered, with whatever code. `answer` needs scmd_answer_free() in any case. */
enum outcome cmdcall_make(struct cmdcall *call, struct scmd_request *request,
			  struct scmd_answer *answer) MUST_USE;

/* What the answer's code means; notes code, message and process in the result. An answer for another
 * process than the first one is OUTCOME_BAD_ANSWER. */
enum outcome cmdcall_judge(struct cmdcall *call, const struct scmd_answer *answer) MUST_USE;

/* What vicar.conf wants of an optional member (enum cmd_option). */
enum scmd_choice cmdcall_choice(const struct cmdcall *call, size_t option);

/* Puts the detail into the result and gives `outcome` back. */
enum outcome cmdcall_explain(struct cmdcall *call, enum outcome outcome, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts into the detail of what went well that the encryption certificate ends soon (cipher.h). False:
 * it does not. */
bool cmdcall_warn(struct cmdcall *call);

#endif
