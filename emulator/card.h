/*
 * The card engine, for those who drive it: vicard, apdu-replay, tests, fuzzers.
 *
 * A card is a pure function of the commands it was given: card_transmit() takes one command APDU
 * and answers with one response APDU, or stops at a key request that the driver fulfils. There is
 * no I/O but the host's save() and save_file(), no clock, no thread. One card belongs to one thread.
 */
#ifndef VICAR_EMULATOR_CARD_H
#define VICAR_EMULATOR_CARD_H

#include "image.h"
#include "iso7816/apdu.h"
#include "iso7816/atr.h"
#include "key.h"

struct card;
struct personality; /* emulator/personality.h; the list of them is applets/registry.h */

/* What the engine needs from its driver. */
struct card_host {
	void *context;
	/* Writes the counters and returns true once they are on disk. False: the PIN is not tried and
	 * the command answers 6581. */
	bool (*save)(void *context, const struct image_counter *counters, size_t count);
	/* Writes the whole content of a file that UPDATE BINARY changes, and returns true once it is
	 * on disk; `path` is the file's from the MF without 3F00, in hexadecimal: "5F00EF07". False:
	 * the command answers 6581, the file stays as it was. NULL: nothing can be kept. */
	bool (*save_file)(void *context, const char *path, struct bytes content);
};

enum card_result {
	CARD_DONE,    /* the response is in the writer */
	CARD_PENDING, /* card_request() says what is wanted; answer with card_resume() */
};

/* The image is borrowed for the card's life. NULL and `error` when it cannot be this personality. */
struct card *card_new(const struct image *image, const struct personality *personality,
		      const struct card_host *host, struct image_error *error) MUST_USE;
void card_free(struct card *card); /* wipes; NULL is fine */

struct bytes card_atr(const struct card *card);

/* Power-on, warm reset and power-off are one thing to the engine: all volatile state ends, a
 * pending request with it. */
void card_reset(struct card *card);

/* No PIN is verified any more, and no value of one is kept but for a request that is pending; nothing else
 * changes. The owner has gone away. */
void card_forget_pins(struct card *card);

/* The protocol that the reader speaks from now on until the next reset, n of T=n. One that the ATR
 * does not offer is not taken; after a reset it is the ATR's first. */
void card_set_protocol(struct card *card, unsigned protocol);

/* `command` is any bytes at all. `response` has room for RAPDU_LEN_MAX bytes. Not to be called
 * while a request is pending. */
enum card_result card_transmit(struct card *card, struct bytes command,
			       struct writer *response) MUST_USE;

/* The request that card_transmit() or card_resume() stopped at; NULL when there is none. */
const struct key_request *card_request(const struct card *card);

/* A remote key only, before the service's start call leaves: counts the try, on disk, and consumes
 * the verified state, whatever comes of the call. False: it could not be written; do not call the
 * service, resume with SW_MEMORY_FAILURE. */
bool card_start(struct card *card) MUST_USE;

/*
 * Completes the pending command. For a remote key:
 *   SW_OK                    the counter returns to its maximum
 *   SW_AUTHENTICATION        the try stays counted, the refused PIN is remembered for the life of
 *                            the card as a keyed fingerprint: VERIFY with it answers 63Cx uncounted
 *   SW_FATE_UNKNOWN          the try stays counted
 *   any other after card_start()   the try is given back
 */
enum card_result card_resume(struct card *card, const struct key_result *result,
			     struct writer *response) MUST_USE;

/* The owner's way back for a remote PIN that blocked itself: counter to its maximum, refused PINs
 * forgotten. */
bool card_pin_unblock(struct card *card, const char *counter) MUST_USE;

/* A PIN or PUK, for the owner's own tools. */
struct card_pin {
	const char *key; /* of the image, which it opens; NULL for a PUK without a reference */
	const char *puk; /* counter of the PUK that unblocks it; NULL: none */
	bool is_puk;
	bool remote; /* a service's: changed there, and unblocked by card_pin_unblock() */
	bool digits_only;
	size_t length_min, length_max; /* bytes of the value */
	size_t length_stored;          /* in commands padded to so many; 0: never padded */
	uint8_t pad;
	unsigned tries_left;
	bool verified; /* by a command; of a PUK too */
};

/* What is borrowed lives as long as the card. False when nothing is counted under this name. */
bool card_pin(const struct card *card, const char *counter, struct card_pin *pin) MUST_USE;

/*
 * PIN pads: which values the owner has to type to make a command of CLA INS P1 P2 whole. SW_OK: they are
 * worth asking for. Else what the card would answer whatever is typed; SW_INS_NOT_SUPPORTED for what
 * is no command that takes values of PINs.
 */
struct card_asked {
	const char *first; /* counter of the PIN or PUK whose value comes first; NULL: none does */
	const char *renewed; /* counter of the PIN that gets a new value; NULL: none does */
	const char *pin;     /* counter of the PIN that P2 names */
	enum key_operation operation; /* what is done with the PIN */
};
uint16_t card_asked(struct card *card, struct bytes header, struct card_asked *asked) MUST_USE;

/* card_transmit() of a command whose values the owner has just typed into our own prompt. `now` is of any
 * clock and not 0: card_typed() and key_request.typed give it back until the PIN that was verified by
 * it is used or not verified any more. */
enum card_result card_transmit_typed(struct card *card, struct bytes command, uint64_t now,
				     struct writer *response) MUST_USE;
/* False: the PIN is not verified, or not like this, or it has been used since. */
bool card_typed(const struct card *card, const char *counter, uint64_t *when) MUST_USE;

/* How the value of a PIN stands in a command, for those who write commands down. */
struct card_pin_form {
	const char *key;      /* as in card_pin */
	bool is_puk, remote;  /* the same */
	size_t length_stored; /* padded on the right to this; 0: as it is */
	size_t puk_stored;    /* the same of its PUK */
	uint8_t pad, puk_pad;
};

/* By P2 of the command. What is borrowed lives as long as the card. False: no such PIN. */
bool card_pin_form(const struct card *card, uint16_t reference,
		   struct card_pin_form *form) MUST_USE;

enum card_renewal {
	CARD_PIN_CHANGE,  /* `first` is the old value of the PIN */
	CARD_PIN_UNBLOCK, /* `first` is the value of its PUK */
	CARD_PIN_CHECK,   /* `first` is the value of the PIN, which stays; no new value */
	CARD_PUK_CHECK,   /* the same with its PUK */
};

/*
 * The owner's way to a new value of a local PIN, or to the word whether a value is the right one,
 * beside the card's commands: counts the try on disk
 * and judges it as CHANGE REFERENCE DATA and RESET RETRY COUNTER do, and leaves what a program has
 * open otherwise alone. Values are without padding. CARD_PENDING: fulfil card_request() and
 * card_resume() as ever. CARD_DONE: the status word is in `response`, 6985 while a command is
 * pending and for what is no local PIN, 6A88 for a counter that is not there.
 */
enum card_result card_renew(struct card *card, enum card_renewal renewal, const char *counter,
			    struct bytes first, struct bytes new_value,
			    struct writer *response) MUST_USE;

/* A key, for the owner's own tools. */
struct card_key {
	const char *pin;     /* counter of the PIN that opens it */
	const char *pin_key; /* key that leads the PIN (key.h); itself when it is alone */
	bool remote;
	bool ec;    /* else RSA */
	bool signs; /* card.conf lets it sign */
};

/* What is borrowed lives as long as the card. False when there is no such key. */
bool card_key(const struct card *card, const char *name, struct card_key *key) MUST_USE;

/*
 * The owner's own use of a remote key, of any number of inputs with one start call, beside the card's
 * commands: what programs have open is left alone but for the verified state of the PIN, which the
 * start call consumes, and a reset does not end it. One at a time.
 *
 * begin   judges the PIN as far as that can be done without a call: SW_OK; 6983 blocked; 63Cx refused
 *         by the service before, uncounted; another for what cannot be a value; 6A88 no such key; 6985
 *         for a local key, and while a remote key is at work. With SW_OK an end must follow.
 * start   before the service's start call leaves: counts the try, on disk. False: it could not be
 *         written, or no try is left; do not call the service, end with SW_MEMORY_FAILURE.
 * end     as card_resume() says of a remote key; returns the status word with the count put in.
 */
uint16_t card_owner_begin(struct card *card, const char *key, struct bytes pin) MUST_USE;
bool card_owner_start(struct card *card) MUST_USE;
uint16_t card_owner_end(struct card *card, uint16_t sw, bool pin_doubtful);

/* For `vicar status`: the counters as they stand. Returns how many there are. */
size_t card_counters(const struct card *card, struct image_counter *counters, size_t room);

#endif
