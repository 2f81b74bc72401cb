#include "notify.h"
#include "consent.h"
#include "language.h"
#include "prompt.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAME_CHARACTERS_MAX = 64, NAME_SIZE = NAME_CHARACTERS_MAX * 4 + 1, DOCUMENTS_SHOWN = 3 };

struct text {
	char text[2048];
	size_t used;
};

static bool
has_desktop(void)
{
	const char *address = getenv("DBUS_SESSION_BUS_ADDRESS");
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char path[4096];

	if (address && address[0])
		return true;
	return runtime && snprintf(path, sizeof(path), "%s/bus", runtime) < (int)sizeof(path) &&
	       access(path, F_OK) == 0;
}

/* What the desktop takes for markup, and notify-send for an escape, is made harmless. */
static void
put_escaped(struct text *to, const char *from)
{
	static const struct {
		char character;
		const char *escaped;
	} escapes[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'\\', "\\\\"}};
	char one[2] = "";

	for (; *from; from++) {
		const char *piece = one;
		size_t len;

		one[0] = *from;
		for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++)
			if (escapes[i].character == *from)
				piece = escapes[i].escaped;
		len = strlen(piece);
		if (to->used + len >= sizeof(to->text))
			return;
		memcpy(to->text + to->used, piece, len + 1);
		to->used += len;
	}
}

__attribute__((format(printf, 2, 3))) static void
say(struct text *to, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	put_escaped(to, text);
}

static void
say_documents(struct text *body, const struct bridge_request *request)
{
	char key[NAME_SIZE];
	struct consent consent;

	(void)text_printable(request->key, NAME_CHARACTERS_MAX, key);
	say(body, tr("Key: %s"), key);
	for (size_t i = 0; i < request->documents_count && i < DOCUMENTS_SHOWN; i++) {
		if (!consent_of(request, i, &consent) || !consent.docname[0])
			continue;
		say(body, "\n");
		say(body, tr("Document: %s"), consent.docname);
	}
	if (request->documents_count > DOCUMENTS_SHOWN) {
		const size_t more = request->documents_count - DOCUMENTS_SHOWN;

		say(body, "\n");
		say(body, tr_count("and %zu more document", "and %zu more documents", more), more);
	}
}

static void
say_trouble(struct text *body, const struct service_result *result)
{
	char text[OUTCOME_TEXT_MAX];

	outcome_text_shown(result->outcome, result->detail, text);
	say(body, "%s\n%s", text, outcome_next_shown(result->outcome));
}

/* With nothing of ours but the text. */
static void
run(const char *summary, const char *body)
{
	char *const argv[] = {(char[]){"notify-send"}, (char[]){"--app-name=Vicar"},
			      (char[]){"--"},          (char *)(uintptr_t)summary,
			      (char *)(uintptr_t)body, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	pid_t pid;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return;
	if (posix_spawnattr_init(&attributes) != 0)
		goto out;
	(void)sigemptyset(&defaults);
	(void)sigaddset(&defaults, SIGPIPE);
	if (posix_spawnattr_setsigdefault(&attributes, &defaults) == 0 &&
	    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF) == 0 &&
	    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDWR, 0) == 0 &&
	    posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDOUT_FILENO) == 0 &&
	    posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDERR_FILENO) == 0 &&
	    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1) == 0)
		(void)posix_spawnp(&pid, argv[0], &actions, &attributes, argv, environ);
	(void)posix_spawnattr_destroy(&attributes);
out:
	(void)posix_spawn_file_actions_destroy(&actions);
}

static void
summarise(struct text *summary, const struct bridge_request *request, bool done)
{
	char card[NAME_SIZE];

	(void)text_printable(request->card, NAME_CHARACTERS_MAX, card);
	if (consent_is_signature(request) && done)
		say(summary, tr("Signed with the card %s"), card);
	else if (consent_is_signature(request))
		say(summary, tr("The card %s did not sign"), card);
	else if (done)
		say(summary, tr("Decrypted with the card %s"), card);
	else
		say(summary, tr("The card %s did not decrypt"), card);
}

void
notify_result(const struct service_use *use, const struct service_result *result)
{
	const struct bridge_request *request = use->request;
	struct text summary = {.used = 0}, body = {.used = 0};

	if (!use->prompt->notify || request->operation != BRIDGE_SIGN ||
	    result->outcome == OUTCOME_NO_CONSENT || result->outcome == OUTCOME_CODE_CANCELLED ||
	    outcome_must_be_shown(result->outcome) || !has_desktop())
		return;
	summarise(&summary, request, result->outcome == OUTCOME_OK);
	if (result->outcome == OUTCOME_OK)
		say_documents(&body, request);
	else
		say_trouble(&body, result);
	run(summary.text, body.text);
}
