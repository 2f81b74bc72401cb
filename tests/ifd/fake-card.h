/*
 * A card's end of the link that does what it is told, good or bad. It speaks link.h with code of
 * its own, so that a misreading of that page in the reader or in the engine shows.
 *
 * A command of class 80 says what to do; P1 P2 is a number N:
 *
 *   80 10 N   answer N bytes (65536 for 0), then 9000
 *   80 11 N   answer the length of this command, four bytes, then 9000
 *   80 12 N   say BUSY for N ms, then 9000
 *   80 13 N   say nothing for N ms, then 9000
 *   80 14     hang up, and be there for the next connection at once
 *   80 15     answer with kind 7E
 *   80 16     answer with 65539 bytes
 *   80 17     answer with one byte
 *   80 18     answer as if it were a power-on
 *   80 19     answer 9000, and say it again unasked
 *   80 1A     answer with an empty message
 *   80 1B     end: hang up, and take the socket away
 *   80 1C     answer 9000 with a file descriptor
 *   80 1D     answer the protocol, the number of power-ons and of resets, then 9000
 *   80 1E N   answer with the status word N
 *   80 1F     end as 1B, and leave the slot to another card
 *
 * The command in the structure of a PIN request says it too.
 */
#ifndef VICAR_TESTS_IFD_FAKE_CARD_H
#define VICAR_TESTS_IFD_FAKE_CARD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/un.h>

enum fake_manners {
	FAKE_GOOD = 0,
	FAKE_MUTE = 1,          /* no hello */
	FAKE_WRONG_VERSION = 2, /* a hello of version 2 */
	FAKE_POWERLESS = 4,     /* no answer to a power-on or reset */
	FAKE_CHATTY = 8,        /* a message before it is asked, 20 ms after the hello */
};

/* Outlives a test that fails and leaves its thread: static, where it is a test's own. */
struct fake_card {
	struct sockaddr_un address;
	int manners;
	int listener;
	int stop[2]; /* a pipe; closing its end stops the card */
	uint8_t historical;
	pthread_t thread;
	unsigned power_ons, resets; /* of this connection */
	bool ended;
	atomic_uint connections, full, requests;
};

/* Binds DIRECTORY/UID-NAME.sock, UID being the caller's, without listening. 0 or an errno. */
int fake_card_bind(struct fake_card *card, const char *directory, const char *name, int manners);
/* Listens, and serves in a thread. */
int fake_card_listen(struct fake_card *card);
int fake_card_start(struct fake_card *card, const char *directory, const char *name, int manners);
/* Hangs up, takes the socket away and ends the thread. */
void fake_card_stop(struct fake_card *card);

/* Serves in the calling thread until `80 1B`. */
void fake_card_serve(struct fake_card *card);

#endif
