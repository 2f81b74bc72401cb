#include "browser.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS_MAX = 8 };

/* What to put before program and address; `when` must be in the environment. */
static const struct way {
	const char *when;
	const char *words[WORDS_MAX];
} ways[] = {
    {"INVOCATION_ID", {"systemd-run", "--user", "--quiet", "--collect", "--"}},
    {NULL, {NULL}},
};

enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

#define BY_DESKTOP "xdg-open"

/* What the desktop's way of opening things needs; somebody's own program may need nothing. */
static bool
has_display(void)
{
	return getenv("DISPLAY") || getenv("WAYLAND_DISPLAY") || getenv("BROWSER");
}

/* Ours, without the mark that keeps our module from coming back to us: a browser may use cards. */
static char **
environment(void)
{
	size_t count = 0, kept = 0;
	char **copy;

	while (environ[count])
		count++;
	copy = calloc(count + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < count; i++)
		if (strncmp(environ[i], "VICAR_INSIDE=", 13) != 0)
			copy[kept++] = environ[i];
	return copy;
}

static bool
start(struct browser *browser, const struct way *way)
{
	const char *words[WORDS_MAX + 3];
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	char **variables = environment();
	size_t count = 0;
	int failed = -1;

	while (count < WORDS_MAX && way->words[count]) {
		words[count] = way->words[count];
		count++;
	}
	words[count++] = browser->program;
	words[count++] = browser->url;
	words[count] = NULL;
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	if (!variables || posix_spawn_file_actions_init(&actions) != 0)
		goto out;
	if (posix_spawnattr_init(&attributes) == 0) {
		if (posix_spawnattr_setflags(&attributes,
					     POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID) == 0 &&
		    posix_spawnattr_setsigdefault(&attributes, &defaults) == 0 &&
		    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY,
						     0) == 0 &&
		    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY,
						     0) == 0 &&
		    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY,
						     0) == 0)
			failed = posix_spawnp(&browser->pid, words[0], &actions, &attributes,
					      (char *const *)(uintptr_t)words, variables);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
out:
	free(variables);
	if (failed)
		browser->pid = 0;
	return failed == 0;
}

static bool
start_next(struct browser *browser)
{
	while (browser->next < WAYS) {
		const struct way *way = &ways[browser->next++];

		if ((!way->when || getenv(way->when)) && start(browser, way))
			return true;
	}
	return false;
}

bool
browser_open(struct browser *browser, const char *program, const char *url)
{
	*browser = (struct browser){.program = program, .url = url};
	return (has_display() || strcmp(program, BY_DESKTOP) != 0) && start_next(browser);
}

bool
browser_tend(struct browser *browser)
{
	int status;

	if (browser->pid == 0 || waitpid(browser->pid, &status, WNOHANG) != browser->pid)
		return true;
	browser->pid = 0;
	return (WIFEXITED(status) && WEXITSTATUS(status) == 0) || start_next(browser);
}
