/*
 * A line of the journal being made (tools/journal.h has the format). It is cut, never overrun; the
 * newline is its writer's.
 */
#ifndef VICAR_TOOLS_JOURNAL_LINE_H
#define VICAR_TOOLS_JOURNAL_LINE_H

#include "tools/journal.h"

enum { JOURNAL_LINE_MAX = 2048, JOURNAL_HASH_SIZE = 24 };

struct journal_line {
	char text[JOURNAL_LINE_MAX];
	size_t len;
};

/* "TIME KIND" */
struct journal_line journal_line(time_t now, const char *kind);
void journal_put(struct journal_line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* ` NAME="TEXT"`, nothing when the text is empty. */
void journal_put_quoted(struct journal_line *line, const char *name, struct bytes text);
/* USE; `card` may be empty. */
void journal_put_use(const char *card, struct journal_line *line, const struct journal_use *use);
/* H: how prompt, journal and log name what is signed, "5f1c03aa". */
void journal_name_input(enum key_operation operation, struct bytes input,
			char hash[JOURNAL_HASH_SIZE]);

#endif
