/*
 * What goes wrong on demand: the words of accounts.conf's `trouble` (cmd-simulator(1)), and what they
 * do to an answer.
 */
#ifndef VICAR_TOOLS_CMD_SIMULATOR_TROUBLE_H
#define VICAR_TOOLS_CMD_SIMULATOR_TROUBLE_H

#include "tools/simulator/answer.h"

/* Troubles that replace the answer and leave the request undone come first: [server] knows only them. The
 * others let it be done. */
enum sim_trouble {
	SIM_HANG,        /* no answer */
	SIM_DROP_BEFORE, /* connection closed */
	SIM_RESET,       /* the same by a TCP reset */
	SIM_HTTP_401,
	SIM_HTTP_403,
	SIM_HTTP_407,
	SIM_HTTP_413,
	SIM_HTTP_500,
	SIM_HTTP_503,
	SIM_STACK_TRACE, /* HTTP 500 with the platform's page of an exception */
	SIM_FAULT,       /* SOAP fault InternalServiceFault */
	SIM_GARBAGE,     /* HTTP 200, not XML */
	SIM_ENTITY_BOMB, /* HTTP 200, entities that grow to a gigabyte */
	SIM_UNDOING,     /* how many there are */

	SIM_DROP_AFTER = SIM_UNDOING, /* connection closed without an answer */
	SIM_RESET_AFTER,              /* the same by a TCP reset */
	SIM_CUT,                      /* closed half way through the answer */
	SIM_RESET_HALFWAY,
	SIM_STALL,     /* silence half way through the answer */
	SIM_TRUNCATED, /* half of the XML as if it were all */
	SIM_HUGE,      /* 20 MB */
	SIM_WRONG_NAMESPACES,
	SIM_OTHER_PREFIXES,
	SIM_REORDERED,         /* members of structures the other way round */
	SIM_NIL_RESULT,        /* <XResult i:nil="true"/> */
	SIM_NIL_EVERYWHERE,    /* each member */
	SIM_NIL_PROCESS,       /* ProcessId */
	SIM_NIL_VALUE,         /* ValidateOtp: 200 without signature or certificate */
	SIM_CODE_ZERO,         /* Code "0" */
	SIM_CODE_EMPTY,        /* Code "" */
	SIM_CODE_TEXT,         /* Code "abc" */
	SIM_WRONG_PROCESS,     /* ProcessId of another process */
	SIM_WRONG_SIGNATURE,   /* of another hash */
	SIM_FOREIGN_SIGNATURE, /* of another key */
	SIM_SHORT_SIGNATURE,   /* one byte is missing */
	SIM_REVERSED_CHAIN,
	SIM_NO_LEAF,   /* in the chain */
	SIM_ODD_LINES, /* chain without line breaks after BEGIN and before END, CR and LF mixed */
	SIM_REVERSED_LIST, /* ValidateOtp after SCMDMultipleSign */
	SIM_DOUBLE_ID,     /* there: the first document's id twice */
	SIM_TROUBLES,
};

/* A set of them, a bit each. */
typedef uint64_t sim_troubles;

static inline bool
sim_has(sim_troubles troubles, enum sim_trouble trouble)
{
	return (troubles >> trouble & 1) != 0;
}

/* Words between blanks or commas; `none` is one. `limit`: which there are, SIM_TROUBLES or SIM_UNDOING.
 * NULL, or what is allowed. */
const char *sim_troubles_parse(const char *value, enum sim_trouble limit, sim_troubles *troubles);
/* The word for the first of the set; "" when there is none. */
const char *sim_trouble_name(sim_troubles troubles);

/* The answer when the request is left undone; true when there is such trouble. */
bool sim_trouble_instead(sim_troubles troubles, struct sim_answer *answer);
/* What becomes of the answer to a request that was done, on its way. */
void sim_trouble_spoil(sim_troubles troubles, struct sim_answer *answer);

#endif
