/*
 * What a simulator answers to an HTTP request, and how it is to leave.
 */
#ifndef VICAR_TOOLS_SIMULATOR_ANSWER_H
#define VICAR_TOOLS_SIMULATOR_ANSWER_H

#include "iso7816/bytes.h"

enum { SIM_HEADERS_MAX = 4 };

struct sim_answer {
	enum sim_answer_how {
		SIM_ANSWER,
		SIM_ANSWER_NEVER,         /* silence, then the connection is closed */
		SIM_ANSWER_DROP,          /* the connection is closed */
		SIM_ANSWER_RESET,         /* the same by a TCP reset */
		SIM_ANSWER_CUT,           /* half of the body, then the connection is closed */
		SIM_ANSWER_RESET_HALFWAY, /* the same by a TCP reset */
		SIM_ANSWER_STALL,         /* half of the body, then silence */
	} how;
	unsigned latency_ms;
	unsigned http_status;
	const char *content_type; /* NULL: none is said */
	char *body;               /* malloc()ed; NULL: empty */
	struct {
		const char *name;
		char *value; /* malloc()ed */
	} headers[SIM_HEADERS_MAX];
	size_t headers_count;
};

/* One that does not fit or has no memory is left out. */
void sim_answer_add_header(struct sim_answer *answer, const char *name, const char *value);
/* Frees what it holds and makes it empty. */
void sim_answer_clear(struct sim_answer *answer);

#endif
