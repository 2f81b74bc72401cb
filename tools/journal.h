/*
 * The journal of a card: what became of each use of its keys. A file `journal` (0600) in the image,
 * only ever appended to, one record a line, fields separated by one space:
 *
 *   TIME open ID key=K operation=O hash=H [program="..."] [document="..."]
 *   TIME step ID [process=P] text="..."        what is being waited for
 *   TIME done ID SW text="..."                 closes `open ID`
 *   TIME none SW key=K operation=O hash=H text="..."   no call was made
 *   TIME note text="..."                       anything else worth keeping
 *
 * TIME is UTC as 2026-11-21T03:22:05Z, ID a number that grows, SW four hexadecimal digits, H the
 * first eight hexadecimal digits of the hash that is signed, or sha256: and eight of the input's
 * SHA-256 when the input is no DigestInfo. Quoted text has neither quotes nor control characters.
 *
 * `open` is on disk before anything leaves. An `open` without `done` belongs to a process that
 * ended in between: journal_open() closes it as 6F17, fate unknown. A last line that was cut by a
 * crash gets ` [cut]` at its end and counts as not written: what it announced has not happened, or
 * its end is not known.
 *
 * No PIN, code, phone number or credential is ever handed to these functions.
 */
#ifndef VICAR_TOOLS_JOURNAL_H
#define VICAR_TOOLS_JOURNAL_H

#include "emulator/key.h"

#include <limits.h>
#include <time.h>

#define JOURNAL_FILE "journal"

enum { JOURNAL_TEXT_MAX = 512, JOURNAL_ERROR_MAX = 512 };

struct journal_error {
	char text[JOURNAL_ERROR_MAX];
};

struct journal {
	int fd;
	char path[PATH_MAX];
	uint64_t next_id;
	size_t unknown;              /* uses that journal_open() closed as fate unknown */
	char last[JOURNAL_TEXT_MAX]; /* the text of the last done, none or note; "" when none */
};

struct journal_use {
	const char *key;
	enum key_operation operation;
	struct bytes input;
	struct bytes program, document; /* foreign text, may be empty */
};

/* Opens or creates DIRECTORY/journal, closes what a dead process left open. */
bool journal_open(struct journal *journal, const char *directory, time_t now,
		  struct journal_error *error) MUST_USE;
void journal_close(struct journal *journal);

/* Writes `open` and gives its ID; true once it is on disk. */
bool journal_begin(struct journal *journal, time_t now, const struct journal_use *use,
		   uint64_t *id) MUST_USE;
/* These are written as well as can be: what they tell has already happened. */
void journal_step(struct journal *journal, time_t now, uint64_t id, struct bytes process,
		  struct bytes text);
void journal_done(struct journal *journal, time_t now, uint64_t id, uint16_t sw, const char *text);
void journal_none(struct journal *journal, time_t now, const struct journal_use *use, uint16_t sw,
		  const char *text);
void journal_note(struct journal *journal, time_t now, const char *text);

#endif
