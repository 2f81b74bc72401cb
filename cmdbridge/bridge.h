/*
 * The bridge protocol: between the process that wants something of a service (vicard for
 * signatures, vicar for enrolment and checks) and vicar-bridge, one process for one use.
 *
 * Both hold one end of a SOCK_SEQPACKET socketpair; in vicar-bridge it is file descriptor 3. One
 * message is one datagram: a kind byte, then BER-TLV data objects in any order, each at most once;
 * an unknown one, or a message out of order, ends the bridge.
 *
 *   parent -> bridge   REQUEST
 *   bridge -> parent   START      (SIGN, and ENROL with a PIN) the owner agreed and the start call is about to
 *                                 leave: count the try, write the journal, consume the PIN
 *   parent -> bridge   GO         it is written; without GO no call is made
 *   parent -> bridge   CANCEL     at any time, once: whatever is asked of the person is cancelled, now
 *                                 and later; calls that are under way are not touched
 *   bridge -> parent   PROGRESS   process id and what is being waited for, any number of times
 *   bridge -> parent   RESULT     exactly one; the bridge exits after it
 *
 * A closed socket ends the bridge at once: prompt gone, nothing more sent.
 */
#ifndef VICAR_CMDBRIDGE_BRIDGE_H
#define VICAR_CMDBRIDGE_BRIDGE_H

#include "iso7816/bytes.h"
#include "iso7816/digestinfo.h"
#include "keyfile.h"

enum {
	BRIDGE_FD = 3,
	BRIDGE_MESSAGE_MAX = 128 * 1024, /* a hundred RSA-8192 signatures, or a hundred documents */
	BRIDGE_DOCUMENTS_MAX = 100,
	BRIDGE_CREDENTIALS_MAX = 32,
};

enum bridge_kind {
	BRIDGE_REQUEST = 0x01,
	BRIDGE_GO = 0x02,
	BRIDGE_CANCEL = 0x03,
	BRIDGE_START = 0x81,
	BRIDGE_PROGRESS = 0x82,
	BRIDGE_RESULT = 0x83,
};

enum bridge_operation {
	BRIDGE_SIGN, /* a use of the key: consent, start call, code, and one output for each document,
			 in their order; signatures are verified */
	BRIDGE_ENROL, /* the certificate chain of `credential`; with a PIN the service is asked for
			 proof that it is the owner's, which counts as a start call */
	BRIDGE_CHECK, /* as ENROL, but only says whether the service answers */
	BRIDGE_LIST,  /* the account's keys */
	BRIDGE_ASK,   /* no service is asked: the owner types a value of the PIN of `key`, for these
			 documents, or for whatever comes when there is none */
	BRIDGE_OPERATIONS,
};

/* ASK: which value is typed. */
enum bridge_purpose {
	BRIDGE_PIN,     /* the one that is in force; with documents it is the consent to them */
	BRIDGE_PIN_OLD, /* the one that a new one is to replace */
	BRIDGE_PIN_NEW, /* the new one */
	BRIDGE_PIN_NEW_AGAIN, /* the new one a second time, against mistyping */
	BRIDGE_PUK,           /* that of the PIN's PUK */
	BRIDGE_PURPOSES,
};

/* One thing to be signed, deciphered or derived from. */
struct bridge_document {
	struct bytes name;  /* UTF-8, if the caller gave one */
	struct bytes input; /* as `use` says; of a PKCS #1 signature a DigestInfo */
};

/* Views into the datagram; empty when absent. */
struct bridge_request {
	enum bridge_operation operation;
	enum keyfile_operation use; /* SIGN: keyfile.h says what goes in and comes out */
	enum digest digest;         /* SIGN: of PSS and OAEP, and of ECDSA where it is known */
	struct bytes service;       /* name of the [service NAME]; ASK: empty for a local key */
	struct bytes account;       /* path of the account file */
	struct bytes credential;    /* what the service calls the key; empty: it has one only */
	struct bytes card;          /* name of the card, for prompts */
	struct bytes key;           /* name of the key, for prompts */
	struct bytes program;       /* what the program says it is; not to be trusted */
	struct bytes certificate;   /* SIGN: leaf, DER; signatures must verify against it */
	struct bytes pin;           /* SIGN, ENROL; secret */
	struct bridge_document documents[BRIDGE_DOCUMENTS_MAX]; /* SIGN: at least one */
	size_t documents_count;
	unsigned tries_left;         /* SIGN, ASK: of the value, before this use; 0: not known */
	enum bridge_purpose purpose; /* ASK */
	struct bytes title;          /* ASK: what the value is called, "PIN 2"; empty: PIN, PUK */
	unsigned length_min, length_max; /* ASK: in bytes; 0: not known */
	bool digits_only;                /* ASK */
	bool
	    consent_given; /* the PIN was typed into our own prompt, for these documents or, at the PIN
			       pad, for what comes next */
};

struct bridge_progress {
	struct bytes process_id; /* the service's, for the journal */
	struct bytes text;       /* "waiting for the code" */
};

/* A key that the service has for the account. */
struct bridge_credential {
	struct bytes id;          /* what the service calls it */
	struct bytes label;       /* for people */
	struct bytes certificate; /* leaf, DER; empty when the service does not say */
	unsigned uses;            /* enum service_ability */
};

/* `text` names what happened and why, `next` what the person may do; one sentence each, in words
 * that may stand in the journal: no PIN, no code, no phone number but masked. */
struct bridge_result {
	uint16_t sw;       /* SW_OK or a row of design.md's table */
	struct bytes code; /* the service's own code, "801", if there was one */
	struct bytes process_id;
	struct bytes text, next;
	struct bytes
	    outputs[BRIDGE_DOCUMENTS_MAX]; /* SIGN: one for each document, in their order */
	size_t outputs_count;
	struct bytes
	    chain; /* ENROL: DER certificates one after the other, leaf first, then issuers */
	struct bridge_credential
	    credentials[BRIDGE_CREDENTIALS_MAX]; /* LIST; ENROL: the one taken */
	size_t credentials_count;
	struct bytes pin; /* ASK; secret */
	bool
	    pin_doubtful; /* SIGN: the service was given the PIN, and its refusal may be one of that */
};

/* Encoding fails only without room; decoding fails on anything that is not listed above. The
 * caller wipes a buffer that held a REQUEST, or the RESULT of ASK. */
bool bridge_request_encode(const struct bridge_request *request, struct writer *writer) MUST_USE;
bool bridge_request_decode(struct bytes message, struct bridge_request *request) MUST_USE;
bool bridge_progress_encode(const struct bridge_progress *progress, struct writer *writer) MUST_USE;
bool bridge_progress_decode(struct bytes message, struct bridge_progress *progress) MUST_USE;
bool bridge_result_encode(const struct bridge_result *result, struct writer *writer) MUST_USE;
bool bridge_result_decode(struct bytes message, struct bridge_result *result) MUST_USE;
/* The kind of a message; false when it is empty or of no known kind. */
bool bridge_kind(struct bytes message, enum bridge_kind *kind) MUST_USE;

#endif
