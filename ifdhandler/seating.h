/* Sees to it that the cards of a reader's directory get its slots. Any thread. */
#ifndef VICAR_IFDHANDLER_SEATING_H
#define VICAR_IFDHANDLER_SEATING_H

#include <stdint.h>

struct reader;
struct slot;

/* All that can be done without waiting; returns when it has to be done again. `self` is the caller's own slot,
 * which needs no waking; NULL when it has none. */
int64_t seating_run(struct reader *reader, const struct slot *self);
/* Connects to what is there and waits at most LINK_HELLO_MS for the hellos. */
void seating_welcome(struct reader *reader);

#endif
