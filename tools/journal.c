/*
 * The journal of a card, tools/journal.h.
 */
#include "tools/journal_line.h"
#include "tools/journal_rotation.h"

#include "emulator/image.h"
#include "iso7816/sw.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Ends a line that a crash cut, and says that it does not count. No whole line ends so: its last
 * character is a quote, a digit or a letter. */
#define CUT_MARK " [cut]\n"

enum { OPEN_MAX = 64, CUT_MARK_LEN = sizeof(CUT_MARK) - 1 };

static struct bytes
bytes_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static bool
write_text(const struct journal *journal, const char *text, size_t len)
{
	size_t sent = 0;

	while (sent < len) {
		ssize_t n = write(journal->fd, text + sent, len - sent);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		sent += (size_t)n;
	}
	return true;
}

static bool
write_line(const struct journal *journal, struct journal_line *line)
{
	line->text[line->len++] = '\n';
	return write_text(journal, line->text, line->len);
}

/* What is not wholly on disk is taken back: the next line would stand behind its remains, and be lost
 * with them. When even that fails, journal_open() still marks what was cut. */
static bool
settle(struct journal *journal, off_t end, bool written)
{
	if (written && fsync(journal->fd) == 0) {
		journal->unsettled = false;
		return true;
	}
	if (end >= 0 && ftruncate(journal->fd, end) == 0)
		(void)fsync(journal->fd);
	return false;
}

static bool
append(struct journal *journal, struct journal_line *line)
{
	off_t end = lseek(journal->fd, 0, SEEK_END);

	return settle(journal, end, write_line(journal, line));
}

static void
append_unsettled(struct journal *journal, struct journal_line *line)
{
	off_t end = lseek(journal->fd, 0, SEEK_END);

	if (!write_line(journal, line)) {
		(void)settle(journal, end, false);
		return;
	}
	if (!journal->unsettled)
		journal->settled_end = end;
	journal->unsettled = true;
}

void
journal_settle(struct journal *journal)
{
	if (journal->unsettled)
		(void)settle(journal, journal->settled_end, true);
	journal->unsettled = false;
}

static void
remember(struct journal *journal, const char *text)
{
	(void)snprintf(journal->last, sizeof(journal->last), "%s", text);
}

/* Before the open line: a crash among them has announced nothing. */
static bool
write_items(const struct journal *journal, time_t now, const struct journal_use *use, uint64_t id)
{
	char hash[JOURNAL_HASH_SIZE];
	bool ok = true;

	for (size_t i = 0; ok && i < use->items_count; i++) {
		struct journal_line line = journal_line(now, "item");

		journal_name_input(use->operation, use->items[i].input, hash);
		journal_put(&line, " %" PRIu64 " number=%zu hash=%s", id, i + 1, hash);
		journal_put_quoted(&line, "document", use->items[i].name);
		ok = write_line(journal, &line);
	}
	return ok;
}

bool
journal_begin(struct journal *journal, time_t now, const struct journal_use *use, uint64_t *id)
{
	struct journal_line line = journal_line(now, "open");
	off_t end;

	journal_rotate(journal);
	*id = journal->next_id++;
	journal_put(&line, " %" PRIu64, *id);
	journal_put_use(journal->card, &line, use);
	end = lseek(journal->fd, 0, SEEK_END);
	if (!settle(journal, end,
		    write_items(journal, now, use, *id) && write_line(journal, &line)))
		return false;
	journal->uses_open++;
	return true;
}

void
journal_step(struct journal *journal, time_t now, uint64_t id, struct bytes process,
	     struct bytes text)
{
	struct journal_line line = journal_line(now, "step");

	journal_put(&line, " %" PRIu64, id);
	journal_put_quoted(&line, "process", process);
	journal_put_quoted(&line, "text", text);
	(void)append(journal, &line);
}

void
journal_done(struct journal *journal, time_t now, uint64_t id, uint16_t sw, const char *text)
{
	struct journal_line line = journal_line(now, "done");

	journal_put(&line, " %" PRIu64 " %04X", id, (unsigned)sw);
	journal_put_quoted(&line, "text", bytes_of(text));
	remember(journal, text);
	if (journal->settles_later)
		append_unsettled(journal, &line);
	else
		(void)append(journal, &line);
	if (journal->uses_open > 0)
		journal->uses_open--;
}

void
journal_none(struct journal *journal, time_t now, const struct journal_use *use, uint16_t sw,
	     const char *text)
{
	struct journal_line line = journal_line(now, "none");

	journal_rotate(journal);
	journal_put(&line, " %04X", (unsigned)sw);
	journal_put_use(journal->card, &line, use);
	journal_put_quoted(&line, "text", bytes_of(text));
	remember(journal, text);
	(void)append(journal, &line);
}

void
journal_note(struct journal *journal, time_t now, const char *text)
{
	struct journal_line line = journal_line(now, "note");

	journal_rotate(journal);
	journal_put_quoted(&line, "text", bytes_of(text));
	remember(journal, text);
	(void)append(journal, &line);
}

/* What journal_open() learns from the lines that are there. */
struct scan {
	uint64_t open[OPEN_MAX];
	size_t open_count;
	bool cut; /* the last line has no end */
};

/* The number after `word `, or false. */
static bool
id_after(const char *record, const char *word, uint64_t *id)
{
	size_t len = strlen(word);
	char *end;

	if (strncmp(record, word, len) != 0 || record[len] < '0' || record[len] > '9')
		return false;
	errno = 0;
	*id = strtoull(record + len, &end, 10);
	return errno == 0 && *end == ' ' && *id < UINT64_MAX;
}

static void
scan_text(struct journal *journal, const char *record)
{
	const char *text = strstr(record, " text=\"");
	size_t len;

	if (text == NULL)
		return;
	text += strlen(" text=\"");
	len = strcspn(text, "\"");
	(void)snprintf(journal->last, sizeof(journal->last), "%.*s", (int)len, text);
}

static void
scan_line(struct journal *journal, struct scan *scan, const char *text)
{
	const char *record = strchr(text, ' ');
	uint64_t id;

	if (record == NULL || strstr(text, CUT_MARK) != NULL)
		return;
	record++;
	if ((id_after(record, "item ", &id) || id_after(record, "open ", &id)) &&
	    id >= journal->next_id)
		journal->next_id = id + 1;
	if (id_after(record, "open ", &id)) {
		if (scan->open_count < OPEN_MAX)
			scan->open[scan->open_count++] = id;
		return;
	}
	if (id_after(record, "done ", &id)) {
		for (size_t i = 0; i < scan->open_count; i++) {
			if (scan->open[i] == id)
				scan->open[i] = scan->open[--scan->open_count];
		}
	}
	if (strncmp(record, "done ", 5) == 0 || strncmp(record, "none ", 5) == 0 ||
	    strncmp(record, "note ", 5) == 0)
		scan_text(journal, record);
}

static bool
scan_file(struct journal *journal, const char *path, struct scan *scan)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t room = 0;
	ssize_t len;
	bool ok;

	if (file == NULL)
		return false;
	while ((len = getline(&text, &room, file)) > 0) {
		scan->cut = text[len - 1] != '\n';
		if (!scan->cut)
			scan_line(journal, scan, text);
	}
	ok = ferror(file) == 0;
	free(text);
	(void)fclose(file);
	return ok;
}

/* Numbers grow on from the file before; what is open there was closed before it was put aside. */
static void
scan_before(struct journal *journal)
{
	struct scan unused = {.open_count = 0};
	char path[PATH_MAX];

	if (journal_old_path(journal->path, 1, path))
		(void)scan_file(journal, path, &unused);
}

/* The directory's name is the card's. */
static void
name_card(struct journal *journal, const char *directory)
{
	const char *slash = strrchr(directory, '/');
	const char *name = slash == NULL ? directory : slash + 1;

	if (image_name_valid(name))
		(void)snprintf(journal->card, sizeof(journal->card), "%s", name);
}

void
journal_limit(struct journal *journal, size_t bytes, unsigned old_files)
{
	journal->bytes_max = bytes;
	journal->old_files = old_files;
}

bool
journal_open(struct journal *journal, const char *directory, time_t now,
	     struct journal_error *error)
{
	struct scan scan = {.open_count = 0};
	int len;

	memset(journal, 0, sizeof(*journal));
	journal->next_id = 1;
	len = snprintf(journal->path, sizeof(journal->path), "%s/" JOURNAL_FILE, directory);
	journal->fd = -1;
	errno = ENAMETOOLONG;
	if (len < 0 || (size_t)len >= sizeof(journal->path))
		goto bad;
	journal->fd = open(journal->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			   S_IRUSR | S_IWUSR);
	if (journal->fd < 0)
		goto bad;
	scan_before(journal);
	if (!scan_file(journal, journal->path, &scan) || !journal_sync_directory(directory))
		goto bad;
	name_card(journal, directory);
	if (scan.cut && (!write_text(journal, CUT_MARK, CUT_MARK_LEN) || fsync(journal->fd) != 0))
		goto bad;
	for (size_t i = 0; i < scan.open_count; i++)
		journal_done(journal, now, scan.open[i], SW_FATE_UNKNOWN,
			     "fate unknown: the card's process ended while the service was asked; "
			     "look in the account's history whether a signature was made");
	journal->unknown = scan.open_count;
	return true;
bad:
	(void)snprintf(error->text, sizeof(error->text),
		       "the journal %.300s cannot be kept: %s; see that the directory is there, is "
		       "yours, and that the disk is not full",
		       journal->path, strerror(errno));
	journal_close(journal);
	return false;
}

void
journal_close(struct journal *journal)
{
	journal_settle(journal);
	if (journal->fd >= 0)
		(void)close(journal->fd);
	journal->fd = -1;
}
