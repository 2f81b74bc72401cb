/* The cards' sockets of one directory, in the order of their names, and when to try each. */
#ifndef VICAR_IFDHANDLER_CARDS_H
#define VICAR_IFDHANDLER_CARDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "ifdhandler/cardname.h"

/* More than the slots of any pcscd. Of more sockets than that some are left out: of the user who has most the last in
 * the order of names, and none that is in a slot. So nobody hides another's card. */
enum { CARDS_MAX = 64 };

enum card_state {
	CARD_WAITING, /* to be tried when `due` has come */
	CARD_TAKEN,   /* in one of our slots */
	CARD_FULL,    /* was told that there is no slot; waits until one is free */
	CARD_FOREIGN, /* not whose it says; left alone until the file is another one */
};

/* Which socket, whatever its name: another one that takes its place differs. */
struct card_file {
	dev_t dev;
	ino_t ino;
	struct timespec changed;
};

struct card {
	char name[CARDNAME_MAX + 1];
	uid_t owner;
	struct card_file file;
	enum card_state state;
	unsigned delay_ms; /* before the next try but one */
	int64_t due;
};

struct cards {
	struct card list[CARDS_MAX + 1]; /* the last is free between two calls */
	size_t count;
};

/* Reads the directory; what is known of a socket that is still the same one is kept. Only sockets
 * that belong to the user they are named after are listed. False, and the list stays as it was,
 * when pcscd has no descriptor or memory for it now. */
bool cards_read(struct cards *cards, const char *directory, int64_t now)
    __attribute__((warn_unused_result));

/* NULL when there is none of that name. */
struct card *cards_find(struct cards *cards, const char *name);

/* The card is tried again after a while that doubles from time to time, up to RETRY_LONGEST_MS. It
 * begins anew for a card that has stayed so long. */
void card_rest(struct card *card, int64_t now, int64_t stayed_ms);

/* A slot is free: those that were told there is none are tried again. */
void cards_invite(struct cards *cards, int64_t now);

/* When the next of them is to be tried. */
int64_t cards_due(const struct cards *cards);

#endif
