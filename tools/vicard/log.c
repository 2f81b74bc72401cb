/*
 * vicard's log, tools/vicard/log.h.
 */
#include "log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <syslog.h>
#include <unistd.h>

/* JOURNAL_STREAM is DEVICE:INODE of what standard error was when the service began. */
static bool
is_journal(const struct stat *is)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char own[64];

	if (stream == NULL)
		return false;
	(void)snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)is->st_dev, (uintmax_t)is->st_ino);
	return strcmp(stream, own) == 0;
}

__attribute__((format(printf, 2, 0))) static void
write_log(int priority, const char *format, va_list list)
{
	char text[1024];
	struct stat is;

	(void)vsnprintf(text, sizeof(text), format, list);
	for (char *c = text; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7F)
			*c = '?';
	}
	if (fstat(STDERR_FILENO, &is) != 0 ||
	    (S_ISCHR(is.st_mode) && is.st_rdev == makedev(1, 3))) {
		syslog(LOG_USER | priority, "%s", text);
		return;
	}
	if (is_journal(&is))
		(void)fprintf(stderr, "<%d>%s\n", priority, text);
	else if (priority < LOG_DEBUG || getenv("VICAR_DEBUG") != NULL)
		(void)fprintf(stderr, "vicard: %s\n", text);
}

void
log_error(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	write_log(LOG_ERR, format, list);
	va_end(list);
}

void
log_warning(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	write_log(LOG_WARNING, format, list);
	va_end(list);
}

void
log_info(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	write_log(LOG_INFO, format, list);
	va_end(list);
}

void
log_debug(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	write_log(LOG_DEBUG, format, list);
	va_end(list);
}
