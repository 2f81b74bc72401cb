/*
 * The journal of a card, tools/journal.h.
 */
#include "tools/journal.h"

#include "iso7816/digestinfo.h"
#include "iso7816/sw.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/sha.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Ends a line that a crash cut, and says that it does not count. No whole line ends so: its last
 * character is a quote, a digit or a letter. */
#define CUT_MARK " [cut]\n"

enum {
	LINE_MAX_LEN = 2048,
	OPEN_MAX = 64,
	TIME_LEN = 21,
	HASH_MAX = 24,
	CUT_MARK_LEN = sizeof(CUT_MARK) - 1
};

/* A line being made; it is cut, never overrun. */
struct line {
	char text[LINE_MAX_LEN];
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void
put(struct line *line, const char *format, ...)
{
	size_t room = sizeof(line->text) - 1 - line->len; /* one for the newline */
	va_list list;
	int len;

	va_start(list, format);
	len = vsnprintf(line->text + line->len, room, format, list);
	va_end(list);
	if (len > 0)
		line->len += (size_t)len < room ? (size_t)len : room - 1;
}

static struct line
begin(time_t now, const char *kind)
{
	struct line line = {.len = 0};
	char stamp[TIME_LEN] = "";
	struct tm tm;

	if (gmtime_r(&now, &tm) != NULL)
		(void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &tm);
	put(&line, "%s %s", stamp, kind);
	return line;
}

static void
put_quoted(struct line *line, const char *name, struct bytes text)
{
	if (text.len == 0)
		return;
	put(line, " %s=\"", name);
	for (size_t i = 0; i < text.len && i < JOURNAL_TEXT_MAX - 1; i++) {
		uint8_t c = text.data[i];

		put(line, "%c", c < 0x20 || c == 0x7F || c == '"' ? '?' : c);
	}
	put(line, "\"");
}

static struct bytes
bytes_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

/* "5f1c03aa": how prompt, journal and log name what is signed. */
static void
name_input(struct bytes input, char hash[HASH_MAX])
{
	static const char prefix[] = "sha256:";
	uint8_t own[SHA256_DIGEST_LENGTH];
	enum digest digest;
	struct bytes value;

	if (digestinfo_parse(input, &digest, &value)) {
		bytes_to_hex((struct bytes){value.data, 4}, hash);
	} else {
		SHA256(input.data, input.len, own);
		memcpy(hash, prefix, sizeof(prefix));
		bytes_to_hex((struct bytes){own, 4}, hash + sizeof(prefix) - 1);
	}
	for (char *c = hash; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
}

static void
put_use(struct line *line, const struct journal_use *use)
{
	static const char *const operations[] = {
	    [KEY_SIGN_PKCS1] = "sign-pkcs1",
	    [KEY_SIGN_RAW] = "sign-raw",
	    [KEY_SIGN_PSS] = "sign-pss",
	    [KEY_SIGN_ECDSA] = "sign-ecdsa",
	    [KEY_DECIPHER_PKCS1] = "decipher-pkcs1",
	    [KEY_DECIPHER_RAW] = "decipher-raw",
	    [KEY_DECIPHER_OAEP] = "decipher-oaep",
	    [KEY_DERIVE_ECDH] = "derive-ecdh",
	    [KEY_PIN_VERIFY] = "pin-verify",
	    [KEY_PIN_CHANGE] = "pin-change",
	    [KEY_PIN_UNBLOCK] = "pin-unblock",
	    [KEY_PUK_VERIFY] = "puk-verify",
	};
	char hash[HASH_MAX];

	name_input(use->input, hash);
	put(line, " key=%s operation=%s hash=%s", use->key, operations[use->operation], hash);
	put_quoted(line, "program", use->program);
	put_quoted(line, "document", use->document);
}

static bool
write_line(const struct journal *journal, const struct line *line)
{
	size_t sent = 0;

	while (sent < line->len) {
		ssize_t n = write(journal->fd, line->text + sent, line->len - sent);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		sent += (size_t)n;
	}
	return fsync(journal->fd) == 0;
}

/* A line that is not wholly on disk is taken back: the next one would stand behind its remains, and
 * be lost with them. */
static bool
append(struct journal *journal, struct line *line)
{
	off_t end = lseek(journal->fd, 0, SEEK_END);

	line->text[line->len++] = '\n';
	if (write_line(journal, line))
		return true;
	/* When even that fails, journal_open() still marks what was cut. */
	if (end >= 0 && ftruncate(journal->fd, end) == 0)
		(void)fsync(journal->fd);
	return false;
}

static void
remember(struct journal *journal, const char *text)
{
	(void)snprintf(journal->last, sizeof(journal->last), "%s", text);
}

bool
journal_begin(struct journal *journal, time_t now, const struct journal_use *use, uint64_t *id)
{
	struct line line = begin(now, "open");

	*id = journal->next_id++;
	put(&line, " %" PRIu64, *id);
	put_use(&line, use);
	return append(journal, &line);
}

void
journal_step(struct journal *journal, time_t now, uint64_t id, struct bytes process,
	     struct bytes text)
{
	struct line line = begin(now, "step");

	put(&line, " %" PRIu64, id);
	put_quoted(&line, "process", process);
	put_quoted(&line, "text", text);
	(void)append(journal, &line);
}

void
journal_done(struct journal *journal, time_t now, uint64_t id, uint16_t sw, const char *text)
{
	struct line line = begin(now, "done");

	put(&line, " %" PRIu64 " %04X", id, (unsigned)sw);
	put_quoted(&line, "text", bytes_of(text));
	remember(journal, text);
	(void)append(journal, &line);
}

void
journal_none(struct journal *journal, time_t now, const struct journal_use *use, uint16_t sw,
	     const char *text)
{
	struct line line = begin(now, "none");

	put(&line, " %04X", (unsigned)sw);
	put_use(&line, use);
	put_quoted(&line, "text", bytes_of(text));
	remember(journal, text);
	(void)append(journal, &line);
}

void
journal_note(struct journal *journal, time_t now, const char *text)
{
	struct line line = begin(now, "note");

	put_quoted(&line, "text", bytes_of(text));
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
	if (id_after(record, "open ", &id)) {
		if (id >= journal->next_id)
			journal->next_id = id + 1;
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
scan_file(struct journal *journal, struct scan *scan)
{
	FILE *file = fopen(journal->path, "re");
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

/* A new file's name must be on disk too. */
static bool
sync_directory(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		(void)close(fd);
	return ok;
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
	if (journal->fd < 0 || !scan_file(journal, &scan) || !sync_directory(directory))
		goto bad;
	if (scan.cut &&
	    (write(journal->fd, CUT_MARK, CUT_MARK_LEN) != CUT_MARK_LEN || fsync(journal->fd) != 0))
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
	if (journal->fd >= 0)
		(void)close(journal->fd);
	journal->fd = -1;
}
