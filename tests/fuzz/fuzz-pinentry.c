/*
 * A prompt through a pinentry that is hostile, or broken: what it says on its end of the socket, piece by
 * piece, comes from the input, whenever the prompt waits. The first byte chooses the question; each
 * message is a piece. When there are no more the pinentry hangs up, or, by the first byte, says nothing
 * until the time is over.
 *
 * The process and the waiting are replaced by the linker (--wrap); the socket and libassuan are real.
 */
#include "fuzz.h"

#include "cmdbridge/asker.h"
#include "cmdbridge/prompt.h"

#include <assuan.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

enum { WAITS_MAX = 1 << 17, NOT_THERE = 1000000 };

static struct {
	struct reader pieces;
	int end; /* the pinentry's; -1: it has hung up */
	bool silent;
	bool late; /* it has begun a line, and says no more */
	unsigned waits;
} pinentry;

/* What the linker calls for what they are named after. */
bool fuzz_asker_start(struct asker *asker, char *const argv[], const struct asker_fd *fds,
		      size_t count);
enum prompt_result fuzz_asker_wait(const struct asker *asker, int fd);
bool fuzz_asker_end(struct asker *asker, bool may_finish, int *status);
int fuzz_poll(struct pollfd *polled, nfds_t count, int milliseconds);

bool
fuzz_asker_start(struct asker *asker, char *const argv[], const struct asker_fd *fds, size_t count)
{
	fuzz_must(count == 2 && fds[0].from == fds[1].from && argv[0] != NULL && argv[1] == NULL);
	pinentry.end = dup(fds[0].from);
	fuzz_must(pinentry.end >= 0);
	asker->pid = NOT_THERE;
	return true;
}

/* What the prompt has said is thrown away; then the pinentry says its next piece. False: it has none. */
static bool
speak(void)
{
	uint8_t heard[1024];
	struct bytes piece;

	fuzz_must(++pinentry.waits < WAITS_MAX);
	if (pinentry.end < 0)
		return false;
	while (recv(pinentry.end, heard, sizeof(heard), MSG_DONTWAIT) > 0)
		;
	if (fuzz_message(&pinentry.pieces, &piece)) {
		(void)!send(pinentry.end, piece.data, piece.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		return true;
	}
	if (pinentry.silent)
		return false;
	close(pinentry.end);
	pinentry.end = -1;
	return true;
}

enum prompt_result
fuzz_asker_wait(const struct asker *asker, int fd)
{
	char ahead;

	(void)asker;
	if (pinentry.late)
		return PROMPT_TIMED_OUT;
	for (;;) {
		if (recv(fd, &ahead, 1, MSG_PEEK | MSG_DONTWAIT) >= 0)
			return PROMPT_OK;
		if (!speak())
			return PROMPT_TIMED_OUT;
	}
}

bool
fuzz_asker_end(struct asker *asker, bool may_finish, int *status)
{
	(void)may_finish;
	(void)status;
	asker->pid = -1;
	if (pinentry.end >= 0)
		close(pinentry.end);
	pinentry.end = -1;
	return true;
}

/* For the rest of a line, or for what comes unasked. */
int
fuzz_poll(struct pollfd *polled, nfds_t count, int milliseconds)
{
	(void)milliseconds;
	pinentry.late = !speak() && pinentry.end >= 0;
	return ppoll(polled, count, &(struct timespec){0, 0}, NULL);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	signal(SIGPIPE, SIG_IGN);
	unsetenv("GPG_TTY");
	setenv("DISPLAY", ":0", 1);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct prompt_config config = {.pinentry = "pinentry", .timeout_s = 60};
	const struct peer peer = {.fd = -1};
	const struct prompt prompt = {
	    .name = "pin",
	    .title = "Vicar",
	    .description = "Sign this 100 %?\nSHA-256 00 11 22",
	    .prompt = "PIN:",
	    .error = size > 0 && data[0] & 8 ? "That was wrong" : NULL,
	    .ok = "_OK",
	    .cancel = "_Cancel",
	};
	char secret[PROMPT_SECRET_SIZE], error[PROMPT_ERROR_MAX];
	enum prompt_result result;

	if (size == 0)
		return 0;
	pinentry.pieces = reader_of((struct bytes){data + 1, size - 1});
	pinentry.end = -1;
	pinentry.silent = (data[0] & 4) != 0;
	pinentry.late = false;
	pinentry.waits = 0;
	switch (data[0] % 3) {
	case 0:
		result = prompt_secret(&config, &peer, &prompt, secret, error);
		fuzz_must(memchr(secret, '\0', sizeof(secret)) != NULL);
		fuzz_must(result == PROMPT_OK || secret[0] == '\0');
		break;
	case 1: result = prompt_confirm(&config, &peer, &prompt, error); break;
	default: result = prompt_message(&config, &peer, &prompt, error); break;
	}
	fuzz_must(memchr(error, '\0', sizeof(error)) != NULL);
	if (result == PROMPT_IMPOSSIBLE)
		fuzz_must(error[0] != '\0');
	return 0;
}
