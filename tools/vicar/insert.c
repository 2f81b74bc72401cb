#include "insert.h"

#include "cards.h"
#include "command.h"
#include "emulator/image.h"
#include "program.h"
#include "tools/control.h"
#include "tools/paths.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PREFIX "vicard: "

enum {
	STEP_MS = 20,
	START_MS = 10000,
	READER_S = 3,
	READER_S_MAX = 600,
	MS_PER_S = 1000,
	WORD_MAX = 32
};

static void
pause_a_step(void)
{
	const struct timespec pause = {.tv_nsec = STEP_MS * 1000L * 1000L};

	nanosleep(&pause, NULL);
}

/* Where a vicard that was not started by systemd writes. */
static bool
log_path(const char *name, char path[PATH_MAX], struct problem *error)
{
	char runtime[PATH_MAX];

	if (!paths_runtime(runtime, error) || !paths_make(runtime, error))
		return false;
	if (snprintf(path, PATH_MAX, "%s/%s.log", runtime, name) >= PATH_MAX)
		return problem(
		    error, "the path of %s's log is too long; set a shorter XDG_RUNTIME_DIR", name);
	return true;
}

/* vicard said itself why it ended: that is the text. */
static bool
ended_early(const char *name, const char *log, struct problem *error)
{
	char said[PROBLEM_MAX / 2] = "";
	const int fd = open(log, O_RDONLY | O_CLOEXEC);
	const ssize_t n = fd < 0 ? -1 : read(fd, said, sizeof(said) - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return problem(error, "vicard ended at once and did not say why; type: vicard %s",
			       name);
	said[n] = '\0';
	while (*said != '\0' && said[strlen(said) - 1] == '\n')
		said[strlen(said) - 1] = '\0';
	return problem(error, "%s",
		       said + (strncmp(said, PREFIX, strlen(PREFIX)) == 0 ? strlen(PREFIX) : 0));
}

/* A vicard that ends well has gone into the background; one that does not has said why. */
static bool
wait_ready(const struct insertion *insertion, pid_t *pid, const char *log,
	   char reply[CONTROL_REPLY_MAX], struct problem *error)
{
	int status;

	for (unsigned waited = 0; waited <= insertion->start_ms; waited += STEP_MS) {
		const enum control_result r = control_call(insertion->name, "status", reply);

		if (r == CONTROL_OK)
			return true;
		if (r == CONTROL_REFUSED)
			return problem(error, "%s", reply);
		if (*pid > 0 && waitpid(*pid, &status, WNOHANG) == *pid) {
			*pid = -1;
			if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
				return ended_early(insertion->name, log, error);
		}
		pause_a_step();
	}
	return problem(error, "vicard for %s did not answer within %u s; type: vicar status %s",
		       insertion->name, insertion->start_ms / 1000, insertion->name);
}

static enum insert_result
wait_reader(const struct insertion *insertion, char reply[CONTROL_REPLY_MAX], struct problem *error)
{
	char reader[WORD_MAX] = "";

	for (unsigned waited = 0;; waited += STEP_MS) {
		if (control_value(reply, "reader", reader, sizeof(reader))) {
			if (strcmp(reader, "connected") == 0)
				return INSERT_CONNECTED;
			if (strcmp(reader, "no-free-slot") == 0)
				break;
		}
		if (waited >= insertion->reader_ms)
			return INSERT_WAITING;
		pause_a_step();
		if (control_call(insertion->name, "status", reply) != CONTROL_OK) {
			problem(error, "%s", reply);
			return INSERT_FAILED;
		}
	}
	problem(error,
		"card %s found no free slot in the reader; take another card out with `vicar "
		"remove` or `vicar swap`, or raise the number in DEVICENAME, reader.conf(5); pcscd "
		"takes 16 slots of all readers together",
		insertion->name);
	if (control_call(insertion->name, "remove", reply) != CONTROL_OK)
		say_error("%s", reply);
	return INSERT_FAILED;
}

enum insert_result
insert_card(const struct insertion *insertion, struct problem *error)
{
	const char *const argv[] = {"vicard", insertion->name, NULL};
	char reply[CONTROL_REPLY_MAX], pid_text[WORD_MAX] = "?", log[PATH_MAX] = "";
	pid_t pid = -1;

	if (control_call(insertion->name, "status", reply) == CONTROL_OK) {
		control_value(reply, "pid", pid_text, sizeof(pid_text));
		problem(
		    error,
		    "card %s is already in (vicard, pid %s); to take it out type: vicar remove %s",
		    insertion->name, pid_text, insertion->name);
		return INSERT_FAILED;
	}
	if (insertion->vicard == NULL) {
		if (!unit_start(insertion->name, error))
			return INSERT_FAILED;
	} else if (!log_path(insertion->name, log, error) ||
		   !program_start(insertion->vicard, argv, log, &pid, error)) {
		return INSERT_FAILED;
	}
	if (wait_ready(insertion, &pid, log, reply, error))
		return wait_reader(insertion, reply, error);
	if (pid > 0)
		kill(pid, SIGTERM);
	return INSERT_FAILED;
}

static bool
is_enrolled(const char *name, struct problem *error)
{
	struct image_error image_error = {0};
	struct image image;
	char directory[PATH_MAX];

	if (!cards_find(name, directory, error))
		return false;
	if (!image_load(&image, directory, &image_error))
		return problem(error, "%s", image_error.text);
	image_free(&image);
	return true;
}

bool
insertion_of(struct insertion *insertion, const char *name, char vicard[PATH_MAX],
	     struct problem *error)
{
	*insertion = (struct insertion){
	    .name = name, .start_ms = START_MS, .reader_ms = READER_S * MS_PER_S};
	if (!is_enrolled(name, error))
		return false;
	if (unit_is_usable(name))
		return true;
	insertion->vicard = vicard;
	return paths_program("vicard", vicard, error);
}

void
insert_tell(const char *name, enum insert_result result)
{
	if (result == INSERT_CONNECTED)
		printf("card %s is in\n", name);
	else if (result == INSERT_WAITING)
		printf("card %s is ready, no reader has taken it yet. That is normal while pcscd "
		       "does not run: it\n"
		       "starts with the next program that looks for cards. If it stays so, type: "
		       "vicar doctor %s\n",
		       name, name);
}

enum { OPTION_WAIT };

static const struct command_option options[] = {
    {"wait", "SECONDS", "how long to wait for a reader to take it, default 3"},
    {NULL, NULL, NULL},
};

static bool
read_seconds(const char *text, unsigned *seconds)
{
	char *end;
	unsigned long value;

	if (text == NULL) {
		*seconds = READER_S;
		return true;
	}
	errno = 0;
	value = strtoul(text, &end, 10);
	*seconds = (unsigned)value;
	return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && value <= READER_S_MAX;
}

static enum command_exit
run(const struct command_arguments *arguments)
{
	const char *name = arguments->operands[0];
	enum insert_result result = INSERT_FAILED;
	struct insertion insertion;
	char vicard[PATH_MAX];
	struct problem error;
	unsigned seconds;

	if (!read_seconds(arguments->options[OPTION_WAIT], &seconds)) {
		say_error("insert: --wait %s is no number of seconds from 0 to %d; correct it",
			  arguments->options[OPTION_WAIT], (int)READER_S_MAX);
		return COMMAND_USAGE;
	}
	if (insertion_of(&insertion, name, vicard, &error)) {
		insertion.reader_ms = seconds * MS_PER_S;
		result = insert_card(&insertion, &error);
	}
	if (result == INSERT_FAILED) {
		say_error("%s", error.text);
		return COMMAND_FAILED;
	}
	insert_tell(name, result);
	return COMMAND_OK;
}

const struct command command_insert = {
    .name = "insert",
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "puts card NAME into the reader",
    .text = "Starts vicard for the card, through systemd's user manager if it has a unit "
	    "vicard@.service.",
    .options = options,
    .run = run,
};
