#include "locked.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	/* A message of the bridge, what is made of it and the next one, with room to spare. */
	STACK = 512 * 1024,
	LINE = 4096,
	NEVER = -1,
};

/* One heap for all threads and all but huge blocks. It never shrinks: what came in the place of pages that
 * were given back would not be locked. */
static void
grow_heap(size_t heap)
{
	if (mallopt(M_ARENA_MAX, 1) == 1 && mallopt(M_MMAP_THRESHOLD, (int)(2 * heap)) == 1 &&
	    mallopt(M_TRIM_THRESHOLD, NEVER) == 1) {
		void *volatile block = malloc(heap);

		free(block);
	}
}

static void __attribute__((noinline)) grow_stack(void)
{
	char room[STACK];

	OPENSSL_cleanse(room, sizeof(room));
}

/* Pages that have not been used are locked when they are. The lowest of a stack stays as it is, since
 * a locked one that meets the limit as it grows would end the process. */
static void
lock_mapping(const char *line)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *rest;
	size_t start = strtoul(line, &rest, 16), end = 0;

	if (*rest == '-')
		end = strtoul(rest + 1, NULL, 16);
	if (strstr(line, "[stack]") != NULL)
		start += page;
	else if (strstr(line, "[heap]") == NULL)
		return;
	if (start < end)
		(void)mlock2((void *)start, end - start, MLOCK_ONFAULT);
}

void
locked_process(size_t heap)
{
	char line[LINE];
	FILE *maps;

	grow_heap(heap);
	grow_stack();
	maps = fopen("/proc/self/maps", "re");
	if (maps == NULL)
		return;
	while (fgets(line, sizeof(line), maps) != NULL)
		lock_mapping(line);
	(void)fclose(maps);
}
