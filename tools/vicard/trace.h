/*
 * Those who watch what passes between the reader and the card: `vicar trace`. Secrets are taken out
 * here, before anything is sent; whoever reads too slowly misses messages and is told how many, the
 * card never waits.
 *
 *   VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER   the header alone, not how much came
 *   ENVELOPE, PUT DATA                                   the same: there may be such a command in them
 *   answer of PSO DECIPHER and the like                  nothing of it
 *   signature                                            its first bytes
 *
 * An answer that is fetched in parts is treated as that of the command it belongs to.
 */
#ifndef VICAR_TOOLS_VICARD_TRACE_H
#define VICAR_TOOLS_VICARD_TRACE_H

#include "iso7816/atr.h"
#include "tools/trace_message.h"

enum { TRACE_WATCHERS_MAX = 4, TRACE_SIGNATURE_SHOWN = 8 };

struct trace {
	int fds[TRACE_WATCHERS_MAX]; /* -1: none; owned */
	uint32_t lost[TRACE_WATCHERS_MAX];
	uint8_t ins, p1; /* of the last command but GET RESPONSE */
	uint8_t flags;   /* enum trace_flag of the response to come */
	uint8_t atr[ATR_LEN_MAX];
	size_t atr_len; /* 0: no power, or commands came since */
};

void trace_init(struct trace *trace);
bool trace_full(const struct trace *trace);
/* Takes the connection over; it is told of the reset when nothing has come since. False: it is
 * full, and the connection stays the caller's. */
bool trace_add(struct trace *trace, int fd) MUST_USE;
/* One that has something to say has gone: watchers never say anything. */
void trace_remove(struct trace *trace, size_t index);
void trace_powered(struct trace *trace, struct bytes atr);
void trace_off(struct trace *trace);
void trace_command(struct trace *trace, struct bytes capdu);
/* The command of a PIN pad, whose values the owner types. */
void trace_pad(struct trace *trace, struct bytes header);
/* A remote key is asked for, and whether the service's start call was made. */
void trace_service(struct trace *trace, bool started);
void trace_response(struct trace *trace, struct bytes rapdu);
void trace_close(struct trace *trace);

#endif
