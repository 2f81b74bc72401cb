/* Times that were measured, for the figures: a line "NAME NS NS NS ..." for each series. */
#ifndef VICAR_BENCH_SERIES_H
#define VICAR_BENCH_SERIES_H

#include <stddef.h>
#include <stdint.h>

struct series {
	const char *name;
	int64_t *ns; /* for the life of the program */
	size_t count, room;
};

int64_t series_now_ns(void); /* of the monotonic clock */

struct series series_new(const char *name, size_t room);
void series_add(struct series *series, int64_t ns);
void series_print(const struct series *series);

#endif
