/*
 * The owner's commands at events, on-insert, on-ready and on-remove of vicar.conf(5). They run one after the
 * other, as the owner, without a shell; the card does not wait for them. What they write is in the log.
 */
#ifndef VICAR_TOOLS_VICARD_EVENTS_H
#define VICAR_TOOLS_VICARD_EVENTS_H

#include "emulator/image.h"
#include "tools/config.h"

#include <limits.h>
#include <sys/types.h>

enum event {
	EVENT_INSERT, /* the card can be found by a reader */
	EVENT_READY,  /* one has it, and gave it power */
	EVENT_REMOVE, /* it is out */
	EVENTS
};

enum { EVENTS_LINE_MAX = 200 };

struct events {
	const char *commands[EVENTS]; /* borrowed; NULL: none */
	uint64_t timeout_ms;
	char card[IMAGE_NAME_MAX], personality[KEY_NAME_MAX], socket[PATH_MAX];
	unsigned waiting; /* a bit for each event whose command is to run */
	/* Of the one that runs. */
	pid_t pid; /* 0: none does */
	enum event event;
	int output; /* -1: closed */
	uint64_t kill_at;
	size_t output_left; /* that is logged; a command does not fill the log */
	size_t len;
	char line[EVENTS_LINE_MAX + 1];
};

/* `socket` is where the reader finds the card. */
void events_init(struct events *events, const struct config *config, const struct image *image,
		 const char *socket);
void events_happened(struct events *events, enum event event);
/* For poll(2): what a command writes; -1: nothing. */
int events_fd(const struct events *events);
/* When a command is late; UINT64_MAX: none runs. */
uint64_t events_due(const struct events *events);
/* Logs, reaps, ends what is late, starts what waits. Never blocks. */
void events_serve(struct events *events, uint64_t now_ms);
/* Until nothing runs and nothing waits. */
void events_finish(struct events *events);

#endif
