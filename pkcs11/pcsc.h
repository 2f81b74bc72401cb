/*
 * PC/SC: readers, connections, transactions, and a channel to a card. The only file of the module
 * that knows libpcsclite; its types stay in pcsc.c.
 *
 * libpcsclite holds a lock of the whole process while two threads use one context, so each of a
 * survey, a waiting thread and a reader's connection has a context of its own. None of the types
 * here is to be used by two threads at once, but for pcsc_wait_cancel().
 */
#ifndef VICAR_PKCS11_PCSC_H
#define VICAR_PKCS11_PCSC_H

#include "pkcs11/channel.h"

enum { PCSC_NAME_MAX = 129, PCSC_READERS_MAX = 16 }; /* a name with its NUL; readers of one pcscd */

struct pcsc_reader {
	char name[PCSC_NAME_MAX];
	bool present;    /* a card, also one that another program has for itself */
	unsigned events; /* insertions and removals since pcscd started: another number is another
			    stay of a card */
};

/* A context that is opened when it is needed and again when pcscd was restarted. Zero is a fine
 * beginning. */
struct pcsc_context {
	_Atomic bool open; /* these two are read by pcsc_wait_cancel() while others use them */
	_Atomic long handle;
};

void pcsc_context_close(struct pcsc_context *context);
/* Lets go without a word to pcscd: after fork() the connection is the parent's. */
void pcsc_context_forget(struct pcsc_context *context);

/* All readers and whether they hold a card, without waiting and without a word to a card. No pcscd is
 * no reader. `readers` has room for PCSC_READERS_MAX. */
size_t pcsc_survey(struct pcsc_context *context, struct pcsc_reader *readers);

enum pcsc_waited { PCSC_CHANGED, PCSC_CANCELLED };

/* Waits until the readers are no more what the survey said, or for some seconds: make another survey
 * then. */
enum pcsc_waited pcsc_wait(struct pcsc_context *context, const struct pcsc_reader *readers,
			   size_t count) MUST_USE;
/* Ends a wait of another thread that has begun; call it again until that thread says so. */
void pcsc_wait_cancel(struct pcsc_context *context);

struct pcsc_card;

/* Connects, shared. CHANNEL_REMOVED: no card, no reader or no pcscd; CHANNEL_FAILED: mute, or held by a
 * program for itself; CHANNEL_RESET: others reset it each time. */
enum channel_result pcsc_connect(const char *reader, struct pcsc_card **card) MUST_USE;
void pcsc_disconnect(struct pcsc_card *card); /* leaves the card as it is; NULL is fine */
const struct channel *pcsc_channel(const struct pcsc_card *card);

/* Nobody else has the card until the end. Waits for others. CHANNEL_OK with `*reset`: somebody reset
 * the card since the last transaction. CHANNEL_RESET: others reset it each time. */
enum channel_result pcsc_begin(struct pcsc_card *card, bool *reset) MUST_USE;
/* `reset`: the card is reset, so that it forgets who has verified what. A transaction that cannot be
 * ended costs the connection: all that follows is CHANNEL_REMOVED. */
void pcsc_end(struct pcsc_card *card, bool reset);

/* The last command was CHANNEL_FAILED as another program reset the card or took its power; now it answers
 * again. */
bool pcsc_disturbed(const struct pcsc_card *card);

#endif
