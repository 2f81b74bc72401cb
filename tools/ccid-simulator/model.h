/*
 * The readers that libccidtwin.so knows by the word after the colon in DEVICENAME, as far as they are
 * simulated.
 */
#ifndef VICAR_TOOLS_CCID_SIMULATOR_MODEL_H
#define VICAR_TOOLS_CCID_SIMULATOR_MODEL_H

#include "iso7816/bytes.h"

enum { MODEL_SLOTS_MAX = 5 };

struct model {
	const char *name;
	unsigned slots;
	bool echo; /* each command is sent back before its answer */
};

/* In either case of letters; NULL: none. The first one is the default. */
const struct model *model_find(const char *name);
const struct model *model_default(void);

#endif
