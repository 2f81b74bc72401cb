#include "prompt_command.h"
#include "asker.h"
#include "words.h"

#include <openssl/crypto.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	YES_FD = 3,
	SECRET_FD = 4,
	QUESTION_MAX = 4096, /* a pipe holds it: writing does not wait */
};

static bool
write_question(int fd, const struct prompt *prompt, unsigned timeout_s, enum prompt_answer answer)
{
	static const char *const answers[] = {
	    [PROMPT_ANSWER_NONE] = "none",
	    [PROMPT_ANSWER_YES] = "yes",
	    [PROMPT_ANSWER_SECRET] = "secret",
	};
	char text[QUESTION_MAX];
	int len = snprintf(text, sizeof(text),
			   "question: %s\nanswer: %s\ntimeout-s: %u\ntitle: %s\n%s%s%s\n%s\n",
			   prompt->name ? prompt->name : "other", answers[answer], timeout_s,
			   prompt->title ? prompt->title : "", prompt->error ? "error: " : "",
			   prompt->error ? prompt->error : "", prompt->error ? "\n" : "",
			   prompt->description ? prompt->description : "");

	if (len <= 0 || (size_t)len >= sizeof(text))
		return false;
	for (ssize_t sent = 0, n; sent < len; sent += n) {
		n = TEMP_FAILURE_RETRY(write(fd, text + sent, (size_t)(len - sent)));
		if (n <= 0)
			return false;
	}
	return true;
}

/* All it writes, without a line feed at the end. */
static enum prompt_result
read_answer(const struct asker *asker, int fd, char text[PROMPT_SECRET_SIZE],
	    char error[PROMPT_ERROR_MAX])
{
	char room[PROMPT_SECRET_SIZE + 1];
	enum prompt_result result;
	size_t used = 0;
	ssize_t n;

	for (;;) {
		result = asker_wait(asker, fd);
		if (result != PROMPT_OK)
			goto out;
		n = read(fd, room + used, sizeof(room) - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		used += (size_t)n;
		if (used == sizeof(room)) {
			snprintf(error, PROMPT_ERROR_MAX, "the answer is longer than %d characters",
				 PROMPT_SECRET_SIZE - 1);
			result = PROMPT_IMPOSSIBLE;
			goto out;
		}
	}
	if (used > 0 && room[used - 1] == '\n')
		used--;
	if (used == PROMPT_SECRET_SIZE || memchr(room, '\0', used)) {
		snprintf(error, PROMPT_ERROR_MAX, "the answer is no text of at most %d characters",
			 PROMPT_SECRET_SIZE - 1);
		result = PROMPT_IMPOSSIBLE;
		goto out;
	}
	memcpy(text, room, used);
	text[used] = '\0';
out:
	OPENSSL_cleanse(room, sizeof(room));
	return result;
}

/* What its end says of the answer. */
static enum prompt_result
judge(const char *program, int status, char error[PROMPT_ERROR_MAX])
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == ASKER_NOT_STARTED) {
		snprintf(error, PROMPT_ERROR_MAX, "%s cannot be started", program);
		return PROMPT_IMPOSSIBLE;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? PROMPT_OK : PROMPT_CANCELLED;
}

static enum prompt_result
run(struct asker *asker, char *const argv[], const struct prompt *prompt, unsigned timeout_s,
    enum prompt_answer answer, char text[PROMPT_SECRET_SIZE], char error[PROMPT_ERROR_MAX])
{
	int question[2] = {-1, -1}, answered[2] = {-1, -1}, status = 0;
	enum prompt_result result = PROMPT_IMPOSSIBLE;
	bool ended;

	if (pipe2(question, O_CLOEXEC) != 0 || pipe2(answered, O_CLOEXEC) != 0 ||
	    !write_question(question[1], prompt, timeout_s, answer)) {
		snprintf(error, PROMPT_ERROR_MAX, "%s cannot be asked: %s", argv[0],
			 strerror(errno));
		goto out;
	}
	const struct asker_fd fds[] = {
	    {question[0], STDIN_FILENO},
	    {answered[1], answer == PROMPT_ANSWER_YES ? YES_FD : SECRET_FD},
	};

	if (!asker_start(asker, argv, fds, answer == PROMPT_ANSWER_NONE ? 1 : 2)) {
		snprintf(error, PROMPT_ERROR_MAX, "%s cannot be started: %s", argv[0],
			 strerror(errno));
		(void)asker_end(asker, false, NULL);
		goto out;
	}
	close(answered[1]);
	close(question[1]);
	answered[1] = question[1] = -1;
	result = read_answer(asker, answered[0], text, error);
	if (result == PROMPT_OK)
		result = asker_wait(asker, asker->pidfd);
	ended = asker_end(asker, false, &status);
	if (result == PROMPT_OK)
		result = ended ? judge(argv[0], status, error) : PROMPT_CANCELLED;
out:
	for (int i = 0; i < 2; i++) {
		if (question[i] >= 0)
			close(question[i]);
		if (answered[i] >= 0)
			close(answered[i]);
	}
	return result;
}

enum prompt_result
prompt_command(const struct prompt_config *config, const struct peer *peer,
	       const struct prompt *prompt, unsigned timeout_s, enum prompt_answer answer,
	       char *secret, char error[PROMPT_ERROR_MAX])
{
	enum prompt_result result = PROMPT_IMPOSSIBLE;
	char text[PROMPT_SECRET_SIZE] = "";
	struct words words = {.text = NULL};
	struct asker asker;

	asker_init(&asker, config, peer, timeout_s);
	if (!words_split(config->command, &words)) {
		snprintf(error, PROMPT_ERROR_MAX, "[prompt] command has more than %d words",
			 WORDS_MAX);
		goto out;
	}
	result = run(&asker, words.argv, prompt, timeout_s, answer, text, error);
	if (result == PROMPT_OK && answer == PROMPT_ANSWER_YES && strcmp(text, "yes") != 0)
		result = PROMPT_CANCELLED;
	if (result == PROMPT_OK && answer == PROMPT_ANSWER_SECRET)
		memcpy(secret, text, sizeof(text));
out:
	OPENSSL_cleanse(text, sizeof(text));
	words_free(&words);
	return result;
}
