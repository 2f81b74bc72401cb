/*
 * Cards that were told that there is no slot. Closing at once would take the news from a card that
 * has yet to say its hello: it would fail to send, or be reset, and never read it.
 */
#ifndef VICAR_IFDHANDLER_FAREWELL_H
#define VICAR_IFDHANDLER_FAREWELL_H

#include <stdint.h>

enum { FAREWELLS_MAX = 16, FAREWELL_MS = 1000 };

struct farewell {
	int link; /* -1 when there is none */
	int64_t due;
};

struct farewells {
	struct farewell list[FAREWELLS_MAX];
};

void farewells_init(struct farewells *farewells);
void farewells_done(struct farewells *farewells);

/* Sends LINK_FULL; `link` is closed when the card has hung up, or when its time is over. */
void farewells_add(struct farewells *farewells, int link, int64_t now);

/* Returns when to look again. */
int64_t farewells_look(struct farewells *farewells, int64_t now);

#endif
