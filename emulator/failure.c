#include "failure.h"

#include <stdarg.h>
#include <stdio.h>

bool
failure(struct image_error *error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	return false;
}
