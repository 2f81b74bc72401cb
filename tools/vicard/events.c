#include "events.h"

#include "cmdbridge/words.h"
#include "log.h"
#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT_MAX = 16384, STEP_MS = 20, OWN_VARIABLES = 4, MS_PER_S = 1000 };

static const char *const names[EVENTS] = {"insert", "ready", "remove"};

/* Ours, and those that are for vicard alone. With VICAR_INSIDE the module shows no slots. */
static const char *const replaced[] = {"VICAR_CARD=",   "VICAR_EVENT=",  "VICAR_PERSONALITY=",
				       "VICAR_SOCKET=", "VICAR_INSIDE=", "NOTIFY_SOCKET="};

void
events_init(struct events *events, const struct config *config, const struct image *image,
	    const char *socket)
{
	*events = (struct events){
	    .commands = {config->on_insert, config->on_ready, config->on_remove},
	    .timeout_ms = (uint64_t)config->event_timeout_s * MS_PER_S,
	    .output = -1,
	};
	(void)snprintf(events->card, sizeof(events->card), "%s", image->name);
	(void)snprintf(events->personality, sizeof(events->personality), "%s", image->personality);
	(void)snprintf(events->socket, sizeof(events->socket), "%s", socket);
}

void
events_happened(struct events *events, enum event event)
{
	if (events->commands[event] != NULL)
		events->waiting |= 1U << event;
}

int
events_fd(const struct events *events)
{
	return events->output;
}

uint64_t
events_due(const struct events *events)
{
	return events->pid > 0 ? events->kill_at : UINT64_MAX;
}

static bool
is_replaced(const char *variable)
{
	for (size_t i = 0; i < sizeof(replaced) / sizeof(replaced[0]); i++)
		if (strncmp(variable, replaced[i], strlen(replaced[i])) == 0)
			return true;
	return false;
}

static void
free_own(char *own[OWN_VARIABLES])
{
	for (size_t i = 0; i < OWN_VARIABLES; i++)
		free(own[i]);
}

/* An array to be freed; its own variables are `own`. */
static char **
environment(const struct events *events, enum event event, char *own[OWN_VARIABLES])
{
	const char *const values[OWN_VARIABLES] = {events->card, names[event], events->personality,
						   events->socket};
	char **array;
	size_t count = 0;

	while (environ[count] != NULL)
		count++;
	array = calloc(count + OWN_VARIABLES + 1, sizeof(*array));
	if (array == NULL)
		return NULL;
	count = 0;
	for (size_t i = 0; i < OWN_VARIABLES; i++) {
		if (asprintf(&own[i], "%s%s", replaced[i], values[i]) < 0) {
			own[i] = NULL;
			free(array);
			return NULL;
		}
		array[count++] = own[i];
	}
	for (char **at = environ; *at != NULL; at++)
		if (!is_replaced(*at))
			array[count++] = *at;
	return array;
}

/* In a group of its own, so that all of it can be ended; with the signals as they were before vicard. */
static int
spawn(char *const argv[], char *const envp[], int output, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, defaults;
	int r;

	(void)sigemptyset(&none);
	(void)sigemptyset(&defaults);
	(void)sigaddset(&defaults, SIGPIPE);
	r = posix_spawn_file_actions_init(&actions);
	if (r != 0)
		return r;
	r = posix_spawnattr_init(&attributes);
	if (r != 0)
		goto out;
	r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
	if (r == 0)
		r = posix_spawnattr_setsigmask(&attributes, &none);
	if (r == 0)
		r = posix_spawnattr_setsigdefault(&attributes, &defaults);
	if (r == 0)
		r = posix_spawnattr_setpgroup(&attributes, 0);
	if (r == 0)
		r = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK |
							      POSIX_SPAWN_SETSIGDEF |
							      POSIX_SPAWN_SETPGROUP);
	if (r == 0)
		r = posix_spawn(pid, argv[0], &actions, &attributes, argv, envp);
	(void)posix_spawnattr_destroy(&attributes);
out:
	(void)posix_spawn_file_actions_destroy(&actions);
	return r;
}

static void
start(struct events *events, enum event event, uint64_t now_ms)
{
	char *own[OWN_VARIABLES] = {NULL}, **envp = NULL;
	struct words words = {.text = NULL};
	int output[2] = {-1, -1}, r = ENOMEM;

	if (!words_split(events->commands[event], &words)) {
		log_error("on-%s in vicar.conf has more than %d words, or none; put them into a "
			  "script and name that",
			  names[event], WORDS_MAX);
		goto out;
	}
	envp = environment(events, event, own);
	if (envp != NULL)
		r = pipe2(output, O_CLOEXEC | O_NONBLOCK) == 0 ? 0 : errno;
	/* The command's end blocks, as programs expect. */
	if (r == 0 && fcntl(output[1], F_SETFL, 0) != 0)
		r = errno;
	if (r == 0)
		r = spawn(words.argv, envp, output[1], &events->pid);
	if (r != 0) {
		events->pid = 0;
		log_error("on-%s: %s cannot be started: %s; correct it in vicar.conf", names[event],
			  words.argv[0], strerror(r));
		goto out;
	}
	events->event = event;
	events->output = output[0];
	output[0] = -1;
	events->output_left = OUTPUT_MAX;
	events->len = 0;
	events->kill_at = now_ms + events->timeout_ms;
out:
	for (int i = 0; i < 2; i++)
		if (output[i] >= 0)
			(void)close(output[i]);
	free(envp);
	free_own(own);
	words_free(&words);
}

static void
log_output(struct events *events)
{
	events->line[events->len] = '\0';
	if (events->len > 0)
		log_info("on-%s: %s", names[events->event], events->line);
	events->len = 0;
}

/* What is there now. */
static void
take_output(struct events *events)
{
	char room[1024];
	ssize_t got;

	if (events->output < 0)
		return;
	got = read(events->output, room, sizeof(room));
	for (ssize_t i = 0; i < got && events->output_left > 0; i++, events->output_left--) {
		if (room[i] == '\n' || events->len == EVENTS_LINE_MAX)
			log_output(events);
		if (room[i] != '\n')
			events->line[events->len++] = room[i];
	}
	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
		(void)close(events->output);
		events->output = -1;
	}
}

/* What it said last may still be in the pipe; what it left running there is not waited for. */
static void
end(struct events *events, int status)
{
	for (size_t before = 0; before != events->output_left && events->output >= 0;) {
		before = events->output_left;
		take_output(events);
	}
	log_output(events);
	if (events->output >= 0)
		(void)close(events->output);
	events->output = -1;
	events->pid = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		log_debug("on-%s: done", names[events->event]);
	else if (WIFEXITED(status))
		log_warning("on-%s ended with exit status %d", names[events->event],
			    WEXITSTATUS(status));
	else
		log_warning("on-%s was ended by signal %d", names[events->event], WTERMSIG(status));
}

void
events_serve(struct events *events, uint64_t now_ms)
{
	int status;

	take_output(events);
	if (events->pid > 0 && now_ms >= events->kill_at) {
		log_warning("on-%s takes longer than %llu s and is ended; raise event-timeout-s in "
			    "vicar.conf",
			    names[events->event],
			    (unsigned long long)(events->timeout_ms / MS_PER_S));
		(void)kill(-events->pid, SIGKILL);
		events->kill_at = UINT64_MAX;
	}
	if (events->pid > 0 && waitpid(events->pid, &status, WNOHANG) == events->pid)
		end(events, status);
	for (unsigned event = 0; event < EVENTS && events->pid == 0; event++) {
		if ((events->waiting & 1U << event) == 0)
			continue;
		events->waiting &= ~(1U << event);
		start(events, (enum event)event, now_ms);
	}
}

void
events_finish(struct events *events)
{
	while (events->waiting != 0 || events->pid > 0) {
		struct pollfd output = {.fd = events->output, .events = POLLIN};

		events_serve(events, loop_now_ms());
		if (events->pid > 0)
			(void)poll(&output, 1, STEP_MS);
	}
}
