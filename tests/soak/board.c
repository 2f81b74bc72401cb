#include "tests/soak/board.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct board *
board_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *memory = MAP_FAILED;

	if (fd >= 0) {
		memory =
		    mmap(NULL, sizeof(struct board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		(void)close(fd);
	}
	if (memory == MAP_FAILED) {
		perror(path);
		exit(2);
	}
	return memory;
}

struct board_view
board_view(const char *path, unsigned client)
{
	struct board *board = board_open(path);

	if (client >= BOARD_CLIENTS)
		exit(2);
	return (struct board_view){.board = board,
				   .own = &board->clients[client],
				   .calm = atomic_load(&board->disturbances)};
}

bool
board_stopped(const struct board_view *view)
{
	return atomic_load(&view->board->stop) != 0;
}

static void
say(const char *format, va_list arguments)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)fprintf(stderr, "%lld.%03ld ", (long long)now.tv_sec, now.tv_nsec / 1000000);
	(void)vfprintf(stderr, format, arguments);
	(void)fputc('\n', stderr);
}

void
board_say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
}

void
board_done(struct board_view *view)
{
	view->calm = atomic_load(&view->board->disturbances);
	atomic_fetch_add(&view->own->done, 1);
}

void
board_wrong(struct board_view *view, const char *format, ...)
{
	va_list arguments;

	atomic_fetch_add(&view->own->wrong, 1);
	(void)fputs("WRONG ", stderr);
	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
}

static void
count_error(struct board_client *own, uint32_t code)
{
	size_t i = 0;

	while (i < BOARD_ERRORS - 1 && own->errors[i].count != 0 && own->errors[i].code != code)
		i++;
	own->errors[i].code = code;
	own->errors[i].count++;
}

void
board_error(struct board_view *view, const char *call, uint32_t code, enum board_kind kind)
{
	uint32_t now = atomic_load(&view->board->disturbances);
	bool disturbed = now % 2 == 1 || now != view->calm;
	bool explained = kind == BOARD_INNOCENT || (kind == BOARD_DISTURBED && disturbed);

	count_error(view->own, code);
	if (!explained)
		atomic_fetch_add(&view->own->unexplained, 1);
	board_say("%s%s: %08x", explained ? "" : "UNEXPLAINED ", call, (unsigned)code);
}

uint64_t
board_resets(const struct board_view *view, bool *going_on)
{
	uint64_t begun = 0, done = 0;

	for (size_t i = 0; i < BOARD_CLIENTS; i++)
		done += atomic_load(&view->board->clients[i].resets[1]);
	for (size_t i = 0; i < BOARD_CLIENTS; i++)
		begun += atomic_load(&view->board->clients[i].resets[0]);
	*going_on = begun != done;
	return begun;
}

static uint32_t
pack(struct board_tries tries)
{
	return (tries.changes & 0xFFFF) << 16 | (tries.high & 0xFF) << 8 | (tries.low & 0xFF);
}

static struct board_tries
unpack(uint32_t word)
{
	return (struct board_tries){
	    .low = word & 0xFF, .high = word >> 8 & 0xFF, .changes = word >> 16};
}

struct board_tries
board_tries(const struct board_view *view, unsigned card, unsigned pin)
{
	return unpack(atomic_load(&view->board->pins[card][pin]));
}

struct board_tries
board_try(const struct board_view *view, unsigned card, unsigned pin, bool right, unsigned max)
{
	_Atomic uint32_t *word = &view->board->pins[card][pin];
	uint32_t before = atomic_load(word);
	struct board_tries now;

	do {
		now = unpack(before);
		now.low -= now.low > 0;
		now.high = right ? max : now.high;
		now.changes = (now.changes + 1) & 0xFFFF;
	} while (!atomic_compare_exchange_weak(word, &before, pack(now)));
	return now;
}

void
board_judge(const struct board_view *view, unsigned card, unsigned pin, struct board_tries then,
	    unsigned low, unsigned high)
{
	uint32_t before = pack(then);
	struct board_tries now = {.low = low, .high = high, .changes = then.changes + 1};

	(void)atomic_compare_exchange_strong(&view->board->pins[card][pin], &before, pack(now));
}

uint64_t
chance_next(struct chance *chance)
{
	/* splitmix64 */
	uint64_t z = chance->state += 0x9E3779B97F4A7C15;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
	z = (z ^ z >> 27) * 0x94D049BB133111EB;
	return z ^ z >> 31;
}

unsigned
chance_of(struct chance *chance, unsigned n)
{
	return (unsigned)(chance_next(chance) % n);
}

void
pause_ms(unsigned ms)
{
	struct timespec left = {ms / 1000, (long)(ms % 1000) * 1000000};

	while (nanosleep(&left, &left) != 0)
		;
}
