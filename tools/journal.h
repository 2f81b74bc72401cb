/*
 * The journal of a card: what became of each use of its keys. A file `journal` (0600) in the image,
 * only ever appended to, one record a line, fields separated by one space:
 *
 *   TIME item ID number=N hash=H [document="..."]   one of the several that `open ID` below is about
 *   TIME open ID USE                           a key is about to be used
 *   TIME step ID [process=P] text="..."        what is being waited for
 *   TIME done ID SW text="..."                 closes `open ID`
 *   TIME none SW USE text="..."                no call was made
 *   TIME note text="..."                       anything else worth keeping
 *
 * USE is key=K operation=O hash=H, or documents=N in the place of hash=H when there are several, or neither
 * when a PIN alone was asked for (pin-verify and the like, tools/vicard/pad.h), then
 * [card=C] [service=S] [program="..."] [document="..."].
 *
 * TIME is UTC as 2026-11-21T03:22:05Z, ID a number that grows, SW four hexadecimal digits, H the
 * first eight hexadecimal digits of the hash that is signed, or sha256: and eight of the input's
 * SHA-256 when the input is no hash. Quoted text has neither quotes nor control characters.
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
#include <sys/types.h>
#include <time.h>

#define JOURNAL_FILE "journal"

enum { JOURNAL_TEXT_MAX = 512, JOURNAL_ERROR_MAX = 512, JOURNAL_CARD_MAX = 64 };

struct journal_error {
	char text[JOURNAL_ERROR_MAX];
};

struct journal {
	int fd;
	char path[PATH_MAX];
	char card[JOURNAL_CARD_MAX]; /* "": not known */
	size_t bytes_max;            /* journal_limit() */
	unsigned old_files;
	unsigned uses_open; /* by this process */
	bool settles_later; /* set by who calls journal_settle() */
	bool unsettled;
	off_t settled_end;
	uint64_t next_id;
	size_t unknown;              /* uses that journal_open() closed as fate unknown */
	char last[JOURNAL_TEXT_MAX]; /* the text of the last done, none or note; "" when none */
};

struct journal_item {
	struct bytes name; /* foreign text, may be empty */
	struct bytes input;
};

struct journal_use {
	const char *key;
	enum key_operation operation;
	struct bytes input;
	struct bytes program, document; /* foreign text, may be empty */
	const char *service;            /* NULL: not known */
	/* Several inputs of one use, in the place of `input` and `document`; 0: those. */
	const struct journal_item *items;
	size_t items_count;
};

/* Opens or creates DIRECTORY/journal, closes what a dead process left open. */
bool journal_open(struct journal *journal, const char *directory, time_t now,
		  struct journal_error *error) MUST_USE;
void journal_close(struct journal *journal);
/* From now on a file of so many bytes is put aside as journal.1 before the next use, the one before as
 * journal.2, and so on; of these `old_files` are kept, at least 1. 0 bytes: never, as at first. */
void journal_limit(struct journal *journal, size_t bytes, unsigned old_files);

/* Writes `open` and gives its ID; true once it is on disk. */
bool journal_begin(struct journal *journal, time_t now, const struct journal_use *use,
		   uint64_t *id) MUST_USE;
/* These are written as well as can be: what they tell has already happened. */
void journal_step(struct journal *journal, time_t now, uint64_t id, struct bytes process,
		  struct bytes text);
void journal_done(struct journal *journal, time_t now, uint64_t id, uint16_t sw, const char *text);
/* What journal_done() has written goes to the disk when `settles_later` is set only now: whoever waits for
 * what a key has made need not wait for that too. A machine that falls meanwhile has an `open` without
 * `done`, as if the key were still at work. */
void journal_settle(struct journal *journal);
void journal_none(struct journal *journal, time_t now, const struct journal_use *use, uint16_t sw,
		  const char *text);
void journal_note(struct journal *journal, time_t now, const char *text);

#endif
