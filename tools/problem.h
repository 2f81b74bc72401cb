/*
 * Why something did not work, in words for the person at the terminal: the thing, the reason, the
 * next step.
 */
#ifndef VICAR_TOOLS_PROBLEM_H
#define VICAR_TOOLS_PROBLEM_H

#include <stdbool.h>

enum { PROBLEM_MAX = 1024 };

struct problem {
	char text[PROBLEM_MAX];
};

/* Always false, so that `return problem(...)` reads as what it is. A text that is too long is cut. */
bool problem(struct problem *problem, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
