#include "records.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { TIME_MAX = 64, LINE_MAX_BYTES = 4096 };

bool
sim_records_open(const struct sim_directory *directory, const char *program, FILE *terminal,
		 struct sim_records *records, struct problem *error)
{
	*records = (struct sim_records){.calls = -1, .messages = -1, .terminal = terminal};
	records->calls = sim_directory_append(directory, "calls", 0644, error);
	if (records->calls == -1)
		goto fail;
	if (flock(records->calls, LOCK_EX | LOCK_NB) == -1) {
		(void)problem(error,
			      "another %s uses %s (%s); end it or give another "
			      "--directory",
			      program, directory->path, strerror(errno));
		goto fail;
	}
	records->messages = sim_directory_append(directory, "messages", 0600, error);
	if (records->messages == -1)
		goto fail;
	return true;
fail:
	sim_records_close(records);
	return false;
}

void
sim_records_close(struct sim_records *records)
{
	if (records->calls != -1)
		(void)close(records->calls);
	if (records->messages != -1)
		(void)close(records->messages);
	records->calls = records->messages = -1;
}

static const char *
now_text(char text[TIME_MAX])
{
	struct timespec now;
	struct tm utc;
	size_t len;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &utc);
	len = strftime(text, TIME_MAX, "%Y-%m-%dT%H:%M:%S", &utc);
	(void)snprintf(text + len, TIME_MAX - len, ".%03ldZ", now.tv_nsec / 1000000);
	return text;
}

const char *
sim_records_or_dash(const char *text)
{
	return text != NULL && text[0] != '\0' ? text : "-";
}

/* One write(), so that a reader of the file sees whole lines. */
bool
sim_records_line(int file, const char *const *columns, size_t count)
{
	char line[LINE_MAX_BYTES], at[TIME_MAX];
	size_t len = (size_t)snprintf(line, sizeof(line), "%s", now_text(at));

	for (size_t i = 0; i < count && len < sizeof(line); i++)
		len += (size_t)snprintf(line + len, sizeof(line) - len, "\t%s",
					sim_records_or_dash(columns[i]));
	return len < sizeof(line) && dprintf(file, "%s\n", line) > 0;
}

void
sim_records_show(const struct sim_records *records, const char *format, ...)
{
	va_list arguments;

	if (records->terminal == NULL)
		return;
	va_start(arguments, format);
	(void)vfprintf(records->terminal, format, arguments);
	va_end(arguments);
	(void)fflush(records->terminal);
}

void
sim_records_printable(const char *text, char *printable, size_t room)
{
	size_t len = strlen(text);

	if (len >= room) {
		len = room - 1;
		while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80)
			len--;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		printable[i] = text[i];
		if (c < 0x20 || c == 0x7F)
			printable[i] = '?';
	}
	printable[len] = '\0';
}
