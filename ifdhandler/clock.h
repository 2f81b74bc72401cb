/* Milliseconds that only go forward. */
#ifndef VICAR_IFDHANDLER_CLOCK_H
#define VICAR_IFDHANDLER_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_NEVER INT64_MAX

static inline int64_t
clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What poll() is to wait until `due`: rounded up, so that a wait is never cut short into a spin. */
static inline int
clock_wait(int64_t now, int64_t due)
{
	if (due <= now)
		return 0;
	if (due - now > INT32_MAX - 1)
		return due == CLOCK_NEVER ? -1 : INT32_MAX;
	return (int)(due - now) + 1;
}

static inline int64_t
clock_earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static inline int64_t
clock_later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

#endif
