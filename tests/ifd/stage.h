/* What the tests of the reader have in common: a directory of their own, one reader, some cards. */
#ifndef VICAR_TESTS_IFD_STAGE_H
#define VICAR_TESTS_IFD_STAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <cmocka.h>

#include "fake-card.h"
#include "host.h"

enum {
	STAGE_PATH = 64 + 256,
	SOON_MS = 3000, /* long enough for a machine with a sanitizer and much to do */
	/* A machine that forgets a thread for so long fails the tests of silence. */
	SILENCE_MS = 400,
};

struct stage {
	char directory[64];
	char device[128]; /* one slot, SILENCE_MS */
	char two_slots[128];
	struct host host, second;
};

/* cmocka's fixtures. */
int stage_up(void **state);
int stage_down(void **state);

/* A path in the stage's directory. */
const char *stage_path(struct stage *stage, const char *name, char path[STAGE_PATH]);

void start_card(struct fake_card *card, struct stage *stage, const char *name, int manners);
/* Opens and runs the host on one slot, or both on two. */
void start_reader(struct stage *stage);
void start_two_slots(struct stage *stage);
/* Opens one slot that nobody polls, with a card that has power. */
void open_powered(struct stage *stage);

#endif
