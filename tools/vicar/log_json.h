/*
 * The journal as JSON: an array with one object for each use of a key, and for each note.
 *
 *   {"time", "ended", "card", "number", "key", "operation", "service", "program",
 *    "documents": [{"name", "hash"}], "process", "called", "status_word", "text"}
 *   {"time", "card", "note"}
 *
 * What is not known is null. "called" says whether the service was asked, or the key used; a use that is
 * still open has no status word. Journals of older versions have fewer of these.
 */
#ifndef VICAR_TOOLS_VICAR_LOG_JSON_H
#define VICAR_TOOLS_VICAR_LOG_JSON_H

#include "log_record.h"

#include <stdio.h>

struct log_json;

struct log_json *log_json_new(const char *card);
/* As log_line(). */
void log_json_line(struct log_json *json, char *line);
/* Writes it all, and frees. False: no memory was left, or it cannot be written; it was said. */
bool log_json_end(struct log_json *json, FILE *out) MUST_USE;

#endif
