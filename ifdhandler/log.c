#include <stdarg.h>
#include <stdio.h>

#include "ifdhandler/log.h"

/* Exported by the pcscd program, debuglog.h; weak, so that the library loads anywhere. */
extern void log_msg(const int priority, const char *format, ...)
    __attribute__((weak, format(printf, 2, 3)));

void
log_line(enum log_level level, const char *format, ...)
{
	char text[512];
	va_list arguments;

	if (log_msg == NULL)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	log_msg((int)level, "vicar: %s", text);
}
