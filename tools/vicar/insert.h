/*
 * Putting a card in: its vicard is started, and it is seen to it that a reader takes the card.
 */
#ifndef VICAR_TOOLS_VICAR_INSERT_H
#define VICAR_TOOLS_VICAR_INSERT_H

#include "iso7816/bytes.h"
#include "tools/problem.h"

#include <limits.h>

struct insertion {
	const char *name;
	const char *vicard; /* its path; NULL: through systemd's user manager */
	unsigned start_ms;  /* how long vicard may take until it answers */
	unsigned reader_ms; /* how long a reader may take until it has the card */
};

enum insert_result {
	INSERT_CONNECTED, /* a reader has it */
	INSERT_WAITING,   /* vicard is ready, no reader came; normal while pcscd does not run */
	INSERT_FAILED,    /* `error` says why, and no vicard is left behind */
};

/* How an existing card NAME is put in: by systemd, or by the vicard whose path goes to `vicard`. The reader may
 * take as long as `vicar insert` waits when it is told nothing. */
bool insertion_of(struct insertion *insertion, const char *name, char vicard[PATH_MAX],
		  struct problem *error) MUST_USE;
enum insert_result insert_card(const struct insertion *insertion, struct problem *error) MUST_USE;

/* Says what came of it but for INSERT_FAILED. */
void insert_tell(const char *name, enum insert_result result);

#endif
