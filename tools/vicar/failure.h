/*
 * Why something did not work, in words for the person at the terminal: the thing, the reason, the
 * next step.
 */
#ifndef VICAR_TOOLS_VICAR_FAILURE_H
#define VICAR_TOOLS_VICAR_FAILURE_H

#include <stdbool.h>

enum { FAILURE_MAX = 1024 };

struct failure {
	char text[FAILURE_MAX];
};

/* Always false, so that `return failure(...)` reads as what it is. A text that is too long is cut. */
bool failure(struct failure *failure, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
