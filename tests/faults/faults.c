/*
 * Which calls fail, and the calls whose failing takes more than a result.
 */
#include "faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FAULT_DEFAULT = FAULT_HARMLESS - 1,
};

static const struct {
	const char *name;
	int kind;
} kinds[] = {
    {"alloc", FAULT_ALLOC},   {"io", FAULT_IO},
    {"net", FAULT_NET},       {"process", FAULT_PROCESS},
    {"crypto", FAULT_CRYPTO}, {"library", FAULT_LIBRARY},
    {"pcsc", FAULT_PCSC},     {"harmless", FAULT_HARMLESS},
    {"inner", FAULT_INNER},
};

static struct plan {
	uint64_t seed;
	uint64_t one_in; /* 0: none */
	uint64_t at;     /* 0: by one_in */
	int kinds;
	char log[256];
} plan;

static atomic_uint_fast64_t calls;

static void
say(const char *format, ...)
{
	char line[512];
	va_list arguments;
	int len, fd = STDERR_FILENO;

	va_start(arguments, format);
	len = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (len <= 0)
		return;
	if (plan.log[0])
		fd = open(plan.log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (fd >= 0)
		(void)!write(fd, line, (size_t)len < sizeof(line) ? (size_t)len : sizeof(line) - 1);
	if (plan.log[0] && fd >= 0)
		close(fd);
}

static bool
lists(const char *list, const char *name)
{
	const size_t len = strlen(name);

	for (;; list++) {
		if (strncmp(list, name, len) == 0 && (list[len] == ',' || list[len] == '\0'))
			return true;
		list = strchr(list, ',');
		if (!list)
			return false;
	}
}

static _Noreturn void
refuse(const char *word)
{
	fprintf(stderr, "VICAR_FAULTS: not understood: %s\n", word);
	abort();
}

static void
take_number(const char *word, uint64_t *number)
{
	char *end;

	*number = strtoull(strchr(word, '=') + 1, &end, 10);
	if (*end != '\0')
		refuse(word);
}

static void
take_word(const char *word, bool *here)
{
	const char *value = strchr(word, '=');

	if (!value)
		refuse(word);
	value++;
	if (strncmp(word, "seed=", 5) == 0)
		take_number(word, &plan.seed);
	else if (strncmp(word, "one-in=", 7) == 0)
		take_number(word, &plan.one_in);
	else if (strncmp(word, "at=", 3) == 0)
		take_number(word, &plan.at);
	else if (strncmp(word, "in=", 3) == 0)
		*here = lists(value, program_invocation_short_name);
	else if (strncmp(word, "log=", 4) == 0)
		snprintf(plan.log, sizeof(plan.log), "%s", value);
	else if (strncmp(word, "kinds=", 6) == 0) {
		plan.kinds = 0;
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
			plan.kinds |= lists(value, kinds[i].name) ? kinds[i].kind : 0;
	} else
		refuse(word);
}

void
fault_plan(const char *words)
{
	char copy[1024], *rest = NULL;
	bool here = true;

	plan = (struct plan){.kinds = FAULT_DEFAULT};
	atomic_store(&calls, 0);
	snprintf(copy, sizeof(copy), "%s", words ? words : "");
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		take_word(word, &here);
	if (!here)
		plan.one_in = plan.at = 0;
}

__attribute__((constructor)) static void
read_environment(void)
{
	fault_plan(getenv("VICAR_FAULTS"));
}

__attribute__((destructor)) static void
say_calls(void)
{
	if (plan.one_in || plan.at)
		say("%s[%d] %llu calls\n", program_invocation_short_name, (int)getpid(),
		    (unsigned long long)atomic_load(&calls));
}

/* splitmix64 */
static uint64_t
mix(uint64_t x)
{
	x += 0x9E3779B97F4A7C15;
	x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
	x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
	return x ^ (x >> 31);
}

/* A number that decides about the call, 0: it is made. */
static uint64_t
strikes(const struct fault_call *call, const void *caller)
{
	const int error = errno;
	uint64_t number, chance;
	Dl_info info = {0};

	if (!(call->kind & plan.kinds) || !(plan.one_in || plan.at))
		return 0;
	number = atomic_fetch_add(&calls, 1) + 1;
	chance = mix(plan.seed ^ mix(number));
	if (plan.at ? number != plan.at : chance % plan.one_in != 0)
		return 0;
	(void)dladdr(caller, &info);
	say("%s[%d] %llu %s %s+0x%tx\n", program_invocation_short_name, (int)getpid(),
	    (unsigned long long)number, call->symbol, info.dli_fname ? info.dli_fname : "?",
	    (const char *)caller - (const char *)info.dli_fbase - 1);
	errno = error;
	return chance | (UINT64_C(1) << 63);
}

const long *
fault_strikes(const struct fault_call *call, const void *caller)
{
	const uint64_t chance = strikes(call, caller);

	if (!chance)
		return NULL;
	if (call->error)
		errno = call->error;
	return &call->results[(chance >> 40) & 1];
}
