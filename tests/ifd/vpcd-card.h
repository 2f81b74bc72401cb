/*
 * A card of vsmartcard's protocol that does what it is told, good or bad, with code of its own.
 *
 * A command of class 80 says what to do; P1 P2 is a number N:
 *
 *   80 10 N   answer N bytes A5, then 9000
 *   80 11     answer the length of this command, four bytes, then 9000
 *   80 13     say nothing more
 *   80 14     hang up
 *   80 15     announce 65535 bytes, and send two
 *   80 17     answer with one byte
 *   80 19     answer 9000, and say it again unasked
 *   80 1A     answer with an empty message
 *   80 1D     answer the number of power-ons, of resets and of power-offs, then 9000
 *   80 1E     announce 1000 bytes, and send one every 20 ms
 */
#ifndef VICAR_TESTS_IFD_VPCD_CARD_H
#define VICAR_TESTS_IFD_VPCD_CARD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vpcd_card {
	int link;
	uint8_t historical;
	uint8_t power_ons, resets, power_offs;
	bool in_pieces; /* a message came in more than one */
	pthread_t thread;
};

/* A port of 127.0.0.1 on which nobody listens, and neither on the one after it. */
unsigned vpcd_free_port(void);
/* A connection to HOST:PORT; -1 when it is refused. */
int vpcd_call(const char *host, unsigned port);
/* Calls, says what is no ATR and goes, without waiting for anything. */
void vpcd_annoy(unsigned port);
/* Sends it all; false when it is refused. */
bool vpcd_say(int link, const void *bytes, size_t length);
/* True when the other end hangs up before the time is over. */
bool vpcd_hung_up(int link, int ms);

/* Calls, and serves in a thread until told to hang up. */
bool vpcd_card_start(struct vpcd_card *card, unsigned port, uint8_t historical);
/* Hangs up and ends the thread. */
void vpcd_card_stop(struct vpcd_card *card);

#endif
