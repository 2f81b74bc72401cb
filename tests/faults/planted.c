/*
 * Not a test of anything: mistakes for tests/faults/run to find, so that its "0 failed" means something.
 * Its calls are renamed as the product's are. The argument is the way to go; only the first is right.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TURNS = 10000 };

static int ends[2];

static bool
sound(void)
{
	char byte = 'x', *text = strdup("text");
	ssize_t sent = TEMP_FAILURE_RETRY(write(ends[1], &byte, 1));

	free(text);
	return sent != 1 || TEMP_FAILURE_RETRY(read(ends[0], &byte, 1)) == 1 || errno == EIO;
}

/* Memory that did not come is used. */
static bool
unchecked(void)
{
	char *volatile text = strdup("text");

	text[0] = 'T';
	free(text);
	return true;
}

/* The first is kept by nobody when there is no second. */
static bool
leaking(void)
{
	char *volatile first = strdup("first"), *volatile second = strdup("second");

	if (!second)
		/* cppcheck-suppress memleak ; that is the mistake */
		return true; /* NOLINT(clang-analyzer-unix.Malloc): the same */
	free(first);
	free(second);
	return true;
}

/* A call that was interrupted is taken for one that failed. */
static bool
interrupted(void)
{
	char byte = 'x';

	return write(ends[1], &byte, 1) == 1 && read(ends[0], &byte, 1) == 1;
}

static const struct {
	const char *name;
	bool (*turn)(void);
} ways[] = {
    {"sound", sound},
    {"unchecked", unchecked},
    {"leaking", leaking},
    {"interrupted", interrupted},
};

int
main(int argc, char **argv)
{
	bool ok = true;

	if (argc != 2 || pipe(ends) != 0)
		return 2;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		for (int turn = 0; strcmp(argv[1], ways[i].name) == 0 && ok && turn < TURNS; turn++)
			ok = ways[i].turn();
	return ok ? 0 : 1;
}
