/*
 * Key requests: what the card engine asks of whoever drives it when a command needs a private key
 * or the check of a PIN that only opening a key can give. The engine itself never waits, never
 * reads a key and never talks.
 */
#ifndef VICAR_EMULATOR_KEY_H
#define VICAR_EMULATOR_KEY_H

#include "iso7816/digestinfo.h"

enum { KEY_NAME_MAX = 32, KEY_OUTPUT_MAX = 1024 };

enum key_operation {
	KEY_SIGN_PKCS1, /* input: what EMSA-PKCS1-v1_5 pads, normally a DigestInfo (RFC 8017 9.2) */
	KEY_SIGN_RAW,   /* input: one block of the modulus' length (RSASP1, RFC 8017 5.2.1) */
	KEY_SIGN_PSS, /* input: a hash of `digest`; MGF1 with the same, salt of its length (8.1) */
	KEY_SIGN_ECDSA, /* input: a hash, of which the leftmost bits count (SEC 1 4.1.3); output:
			   r || s, each of the field's length */
	KEY_DECIPHER_PKCS1, /* input: cryptogram; output: message without type 2 padding */
	KEY_DECIPHER_RAW,   /* input: cryptogram; output: one block of the modulus' length */
	KEY_DECIPHER_OAEP,  /* input: cryptogram; output: message. `digest` also in MGF1, no label
			       (RFC 8017 7.1.2) */
	KEY_DERIVE_ECDH,    /* input: the other's point, uncompressed; output: X of the shared
			       point, of the field's length (SEC 1 3.3.1) */
	KEY_PIN_VERIFY,     /* does `pin` open the key? no input, no output */
	KEY_PIN_CHANGE,     /* `pin` opens the key; from now on `new_pin` does */
	KEY_PIN_UNBLOCK,    /* `pin` is the PUK; from now on `new_pin` opens the key */
	KEY_PUK_VERIFY,     /* `pin` is the PUK; is it the right one? no input, no output */
};

/* All pointers are borrowed from the card and good until card_resume() or card_reset(). */
struct key_request {
	enum key_operation operation;
	enum digest digest; /* of PSS and OAEP, and what the hash of ECDSA is of; of no meaning to
			       others */
	const char *key;    /* name of the key in the image, "sign" */
	/* Name of the key whose file `pin` opens: `key`, or the one that leads when several keys are
	 * under one PIN (image.h); then `key` is in a file of its own, which that key opens. */
	const char *pin_key;
	bool remote; /* a service's key: only a started call may judge the PIN */
	struct bytes input;
	struct bytes pin;     /* as typed: without the card's padding; secret */
	struct bytes new_pin; /* secret */
	unsigned tries_left;  /* of the PIN, before this use */
	uint64_t typed; /* into our own prompt, at that time, unused until now (card.h); 0: not */
	struct bytes
	    program; /* what the program says it is (iso7816/program_text.h); empty: it says
				 nothing */
};

/*
 * The answer. `sw` is SW_OK with `output`, or:
 *   SW_AUTHENTICATION (63C0)  the PIN is wrong; the engine puts in the count
 *   anything else             passed on as the command's status word
 * With `pin_doubtful` a failure may have been one of the PIN, and its try stays used.
 * `output` is the caller's and only read during card_resume().
 */
struct key_result {
	uint16_t sw;
	struct bytes output;
	bool pin_doubtful; /* of a started use of a remote key */
};

#endif
