/*
 * Commands and answers of a card in words: the command, the file or object that it is about, and what
 * the status word says (ISO/IEC 7816-4 and 7816-8). It remembers which file is selected.
 */
#ifndef VICAR_TOOLS_VICAR_TRACE_TEXT_H
#define VICAR_TOOLS_VICAR_TRACE_TEXT_H

#include "tools/trace_message.h"

enum { TRACE_TEXT_MAX = 256, TRACE_FILE_MAX = 80 };

struct trace_text {
	const char *personality; /* "cc-v1", whose files have names; borrowed */
	char selected[TRACE_FILE_MAX], pending[TRACE_FILE_MAX];
	uint8_t ins;
};

/* From a reset on, nothing is selected. */
void trace_text_reset(struct trace_text *state);
/* A line without its end, cut to `text`. */
void trace_text_command(struct trace_text *state, const struct trace_message *message,
			char text[TRACE_TEXT_MAX]);
void trace_text_response(struct trace_text *state, const struct trace_message *message,
			 char text[TRACE_TEXT_MAX]);

#endif
