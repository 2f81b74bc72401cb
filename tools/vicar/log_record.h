/*
 * A line of the journal (tools/journal.h), cut up.
 */
#ifndef VICAR_TOOLS_VICAR_LOG_RECORD_H
#define VICAR_TOOLS_VICAR_LOG_RECORD_H

#include "tools/journal.h"

enum { LOG_VALUE_MAX = JOURNAL_TEXT_MAX, LOG_SHOWN_MAX = JOURNAL_TEXT_MAX * 4 + 1 };

enum log_kind { LOG_OPEN, LOG_ITEM, LOG_STEP, LOG_DONE, LOG_NONE, LOG_NOTE, LOG_KINDS };

/* "" for what a record of its kind does not have. */
struct log_record {
	enum log_kind kind;
	const char *when; /* 2026-11-21T03:22:05Z */
	const char *id;
	const char *sw;     /* 9000 */
	const char *fields; /* for log_field() */
};

/* `line` has no newline and is cut up on the way; the record points into it. False: of no known kind. */
bool log_record_parse(char *line, struct log_record *record) MUST_USE;
/* The value of `name=VALUE` or `name="VALUE"` among the fields, as may be shown; "" when there is none.
 * Returns `shown`. */
const char *log_field(const struct log_record *record, const char *name, char shown[LOG_SHOWN_MAX]);

#endif
