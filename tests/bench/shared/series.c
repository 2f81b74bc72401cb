#include "series.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int64_t
series_now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

struct series
series_new(const char *name, size_t room)
{
	struct series series = {.name = name, .ns = calloc(room, sizeof(int64_t)), .room = room};

	if (series.ns == NULL)
		abort();
	return series;
}

void
series_add(struct series *series, int64_t ns)
{
	if (series->count == series->room)
		abort();
	series->ns[series->count++] = ns;
}

void
series_print(const struct series *series)
{
	printf("%s", series->name);
	for (size_t i = 0; i < series->count; i++)
		printf(" %" PRId64, series->ns[i]);
	putchar('\n');
}
