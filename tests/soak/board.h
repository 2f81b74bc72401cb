/*
 * What the clients of the soak test and the program that disturbs them tell each other: one page of
 * shared memory, so that nothing is lost when one of them is killed. soak_board.py has the same
 * structures.
 *
 * It holds the model of the cards' PIN counters: the interval in which each must be. A try is taken off
 * the lower end before it is sent, so that the model is right whenever a process is killed: a try may
 * be counted that was not answered, never the reverse.
 */
#ifndef VICAR_TESTS_SOAK_BOARD_H
#define VICAR_TESTS_SOAK_BOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	BOARD_CARDS = 8,
	BOARD_PINS = 2, /* PIN 0 belongs to who signs, PIN 1 to who sends APDUs */
	BOARD_CLIENTS = 5,
	BOARD_ERRORS = 32,
};

struct board_error {
	_Atomic uint32_t code; /* of PC/SC or Cryptoki */
	_Atomic uint32_t count;
};

struct board_client {
	_Atomic uint64_t done;        /* answers that were right: APDUs, or signatures */
	_Atomic uint64_t wrong;       /* answers that were not; the client's log has them */
	_Atomic uint64_t unexplained; /* errors that no disturbance explains */
	_Atomic uint64_t wrong_pins;  /* sent and refused */
	_Atomic uint64_t probes;      /* counters asked for and compared with the model */
	_Atomic uint64_t resets[2];   /* of the card, by a disconnection: begun, and done */
	struct board_error errors[BOARD_ERRORS];
};

struct board {
	_Atomic uint32_t stop;
	_Atomic uint32_t disturbances; /* odd: one is going on */
	_Atomic uint32_t rest[2];      /* those who send APDUs, those who sign: enough for now */
	_Atomic uint32_t pins[BOARD_CARDS][BOARD_PINS];
	struct board_client clients[BOARD_CLIENTS];
};

/* The file of the board; ends the program when it cannot be had. */
struct board *board_open(const char *path);

/* A client's view. */
struct board_view {
	struct board *board;
	struct board_client *own;
	uint32_t calm; /* disturbances when the last answer came */
};

struct board_view board_view(const char *path, unsigned client);
bool board_stopped(const struct board_view *view);
/* One right answer. */
void board_done(struct board_view *view);
/* One wrong answer; a line in the log. */
void board_wrong(struct board_view *view, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Whether an error of a call may come: never, while something is disturbed, or at any time. */
enum board_kind { BOARD_NEVER, BOARD_DISTURBED, BOARD_INNOCENT };

void board_error(struct board_view *view, const char *call, uint32_t code, enum board_kind kind);
/* Resets by all clients, and whether one is going on: the signature that one hits is lost. */
uint64_t board_resets(const struct board_view *view, bool *going_on);
/* Another line in the log. */
void board_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A PIN's interval, and how often it was changed. */
struct board_tries {
	unsigned low, high, changes;
};

struct board_tries board_tries(const struct board_view *view, unsigned card, unsigned pin);
/* A value is about to be sent: the interval from now on. A right one may fill the counter to `max`. */
struct board_tries board_try(const struct board_view *view, unsigned card, unsigned pin, bool right,
			     unsigned max);
/* What the counter is known to be, unless the model was changed since `then`. */
void board_judge(const struct board_view *view, unsigned card, unsigned pin,
		 struct board_tries then, unsigned low, unsigned high);

/* Chance that the seed repeats. */
struct chance {
	uint64_t state;
};

uint64_t chance_next(struct chance *chance);
/* One of `n`. */
unsigned chance_of(struct chance *chance, unsigned n);

void pause_ms(unsigned ms);

#endif
