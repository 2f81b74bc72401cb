/*
 * The journal (tools/journal.h) in the words of a person.
 */
#ifndef VICAR_TOOLS_VICAR_LOG_H
#define VICAR_TOOLS_VICAR_LOG_H

#include <stdio.h>

/* One line of the journal, without its newline, which is cut up on the way. */
void log_line(FILE *out, char *line);

#endif
