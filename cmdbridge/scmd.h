/*
 * The messages of the Portuguese signature service SCMDService (WSDL and manual "CMD - Especificacao
 * dos servicos de Assinatura" V1.12): its six operations, as SOAP text.
 *
 * Fields named cipher_* hold base64 of RSAES-PKCS1-v1_5 blocks (cipher.h).
 */
#ifndef VICAR_CMDBRIDGE_SCMD_H
#define VICAR_CMDBRIDGE_SCMD_H

#include "soap.h"

enum scmd_operation {
	SCMD_GET_CERTIFICATE,
	SCMD_GET_CERTIFICATE_WITH_PIN,
	SCMD_SIGN,
	SCMD_MULTIPLE_SIGN,
	SCMD_VALIDATE_OTP,
	SCMD_FORCE_SMS,
	SCMD_OPERATIONS,
};

enum {
	SCMD_CODE_MAX = 15,
	SCMD_MESSAGE_MAX = 128,
	SCMD_PROCESS_MAX = 63,
	SCMD_SIGNATURE_MAX = 1024,
	SCMD_DOCUMENTS_MAX = 100, /* manual, V1.11.1 */
};

#define SCMD_CODE_OK "200"

/* Optional members of newer servers: IsBiometricValidationEnable of the requests to sign, isBiometric
 * of ValidateOtp. */
enum scmd_choice { SCMD_UNSAID, SCMD_TRUE, SCMD_FALSE };

struct scmd_document {
	const char *name;
	struct bytes digestinfo;
};

/* What an operation needs; the others are NULL or empty. In a list of documents the id of each is its
 * place, "0" being the first. */
struct scmd_request {
	enum scmd_operation operation;
	const char *application_id;            /* text of a GUID */
	const char *cipher_user;               /* all but VALIDATE_OTP */
	const char *cipher_pin;                /* GET_CERTIFICATE_WITH_PIN, SIGN, MULTIPLE_SIGN */
	const char *cipher_code;               /* VALIDATE_OTP */
	const struct scmd_document *documents; /* SIGN: one; MULTIPLE_SIGN */
	size_t documents_count;
	const char *process_id;     /* VALIDATE_OTP, FORCE_SMS */
	enum scmd_choice biometric; /* SIGN, MULTIPLE_SIGN, VALIDATE_OTP */
};

/* The line of the header SOAPAction. */
const char *scmd_action(enum scmd_operation operation);
/* The envelope, freed with xmlFree(); NULL without memory. */
char *scmd_request_text(const struct scmd_request *request, size_t *len) MUST_USE;

struct scmd_signature {
	uint8_t data[SCMD_SIGNATURE_MAX];
	size_t len; /* 0: there is none */
};

/* What came back. Absent and nil members are empty. */
struct scmd_answer {
	char code[SCMD_CODE_MAX + 1];
	char process_id[SCMD_PROCESS_MAX + 1];
	char message[SCMD_MESSAGE_MAX * 4 + 1]; /* the service's, or the fault's; printable, without
						   long numbers */
	struct scmd_signature signature;        /* VALIDATE_OTP of one document */
	struct scmd_signature
	    *list;        /* VALIDATE_OTP of many, SCMD_DOCUMENTS_MAX of them, in the places
					that their ids say; owned, NULL when nil */
	bool list_broken; /* an id that is there twice, or that is no place */
	char *chain; /* GET_CERTIFICATE; VALIDATE_OTP of GET_CERTIFICATE_WITH_PIN: PEM; owned, NULL
			when nil */
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
