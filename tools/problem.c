#include "tools/problem.h"

#include <stdarg.h>
#include <stdio.h>

bool
problem(struct problem *problem, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	/* cppcheck-suppress ctuuninitvar ; it is written here, not read */
	vsnprintf(problem->text, sizeof(problem->text), format, arguments);
	va_end(arguments);
	return false;
}
