/*
 * The bridge protocol: between the process that wants something of a service (vicard for
 * signatures, vicar for enrolment and checks) and vicar-bridge, one process for one use.
 *
 * Both hold one end of a SOCK_SEQPACKET socketpair; in vicar-bridge it is file descriptor 3. One
 * message is one datagram: a kind byte, then BER-TLV data objects in any order, each at most once;
 * an unknown one, or a message out of order, ends the bridge.
 *
 *   parent -> bridge   REQUEST
 *   bridge -> parent   START      (signing only) the owner agreed and the start call is about to
 *                                 leave: count the try, write the journal, consume the PIN
 *   parent -> bridge   GO         it is written; without GO no call is made
 *   bridge -> parent   PROGRESS   process id and what is being waited for, any number of times
 *   bridge -> parent   RESULT     exactly one; the bridge exits after it
 *
 * A closed socket ends the bridge at once: prompt gone, nothing more sent.
 */
#ifndef VICAR_CMDBRIDGE_BRIDGE_H
#define VICAR_CMDBRIDGE_BRIDGE_H

#include "iso7816/bytes.h"

enum { BRIDGE_FD = 3, BRIDGE_MESSAGE_MAX = 32768 };

enum bridge_kind {
	BRIDGE_REQUEST = 0x01,
	BRIDGE_GO = 0x02,
	BRIDGE_START = 0x81,
	BRIDGE_PROGRESS = 0x82,
	BRIDGE_RESULT = 0x83,
};

enum bridge_operation {
	BRIDGE_SIGN,  /* consent, start call, code, verified signature */
	BRIDGE_ENROL, /* the account's certificate chain */
	BRIDGE_CHECK, /* as ENROL, but only says whether the service answers */
};

/* Views into the datagram; empty when absent. */
struct bridge_request {
	enum bridge_operation operation;
	struct bytes service;     /* name of the [service NAME] */
	struct bytes account;     /* path of the account file */
	struct bytes card;        /* name of the card, for prompts */
	struct bytes key;         /* name of the key, for prompts */
	struct bytes document;    /* name of the document, UTF-8, if the caller gave one */
	struct bytes program;     /* what the program says it is; not to be trusted */
	struct bytes digestinfo;  /* SIGN */
	struct bytes certificate; /* SIGN: leaf, DER; the signature must verify against it */
	struct bytes pin;         /* SIGN; secret */
	unsigned tries_left;      /* SIGN: of the PIN, before this use */
	bool consent_given; /* the PIN was typed into our own prompt for this very signature */
};

struct bridge_progress {
	struct bytes process_id; /* the service's, for the journal */
	struct bytes text;       /* "waiting for the code" */
};

/* `text` names what happened and why, `next` what the person may do; one sentence each, in words
 * that may stand in the journal: no PIN, no code, no phone number but masked. */
struct bridge_result {
	uint16_t sw;       /* SW_OK or a row of design.md's table */
	struct bytes code; /* the service's own code, "801", if there was one */
	struct bytes process_id;
	struct bytes text, next;
	struct bytes signature; /* SIGN */
	struct bytes
	    chain; /* ENROL: DER certificates one after the other, leaf first, then issuers */
};

/* Encoding fails only without room; decoding fails on anything that is not listed above. The
 * caller wipes a buffer that held a REQUEST. */
bool bridge_request_encode(const struct bridge_request *request, struct writer *writer) MUST_USE;
bool bridge_request_decode(struct bytes message, struct bridge_request *request) MUST_USE;
bool bridge_progress_encode(const struct bridge_progress *progress, struct writer *writer) MUST_USE;
bool bridge_progress_decode(struct bytes message, struct bridge_progress *progress) MUST_USE;
bool bridge_result_encode(const struct bridge_result *result, struct writer *writer) MUST_USE;
bool bridge_result_decode(struct bytes message, struct bridge_result *result) MUST_USE;
/* The kind of a message; false when it is empty or of no known kind. */
bool bridge_kind(struct bytes message, enum bridge_kind *kind) MUST_USE;

#endif
