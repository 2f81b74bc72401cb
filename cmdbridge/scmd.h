/*
 * The messages of the Portuguese signature service SCMDService (WSDL and manual "CMD - Especificacao
 * dos servicos de Assinatura" V1.12): four of its six operations, as SOAP text.
 *
 * Fields named cipher_* hold base64 of RSAES-PKCS1-v1_5 blocks (cipher.h).
 */
#ifndef VICAR_CMDBRIDGE_SCMD_H
#define VICAR_CMDBRIDGE_SCMD_H

#include "soap.h"

enum scmd_operation {
	SCMD_GET_CERTIFICATE,
	SCMD_SIGN,
	SCMD_VALIDATE_OTP,
	SCMD_FORCE_SMS,
};

enum {
	SCMD_CODE_MAX = 15,
	SCMD_MESSAGE_MAX = 128,
	SCMD_PROCESS_MAX = 63,
	SCMD_SIGNATURE_MAX = 1024,
};

#define SCMD_CODE_OK "200"

/* What an operation needs; the others are NULL or empty. */
struct scmd_request {
	enum scmd_operation operation;
	const char *application_id; /* text of a GUID */
	const char *cipher_user;    /* GET_CERTIFICATE, SIGN, FORCE_SMS */
	const char *cipher_pin;     /* SIGN */
	const char *cipher_code;    /* VALIDATE_OTP */
	const char *document;       /* SIGN: DocName */
	struct bytes digestinfo;    /* SIGN: Hash */
	const char *process_id;     /* VALIDATE_OTP, FORCE_SMS */
};

/* The line of the header SOAPAction. */
const char *scmd_action(enum scmd_operation operation);
/* The envelope, freed with xmlFree(); NULL without memory. */
char *scmd_request_text(const struct scmd_request *request, size_t *len) MUST_USE;

/* What came back. Absent and nil members are empty. */
struct scmd_answer {
	char code[SCMD_CODE_MAX + 1];
	char process_id[SCMD_PROCESS_MAX + 1];
	char message[SCMD_MESSAGE_MAX * 4 + 1]; /* the service's, or the fault's; printable, without
						   long numbers */
	uint8_t signature[SCMD_SIGNATURE_MAX];  /* VALIDATE_OTP */
	size_t signature_len;
	char *chain; /* GET_CERTIFICATE: PEM; owned, NULL when nil */
};

enum scmd_result {
	SCMD_ANSWERED, /* look at `code`, or at `chain` */
	SCMD_FAULT,    /* `message` says what the service says */
	SCMD_GARBAGE,
};

/* `answer` needs scmd_answer_free() in any case. */
enum scmd_result scmd_answer_read(enum scmd_operation operation, struct bytes body,
				  struct scmd_answer *answer) MUST_USE;
void scmd_answer_free(struct scmd_answer *answer);

#endif
