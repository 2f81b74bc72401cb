#include "forget.h"

#include "cards.h"
#include "cmdbridge/secrets.h"
#include "command.h"
#include "issue.h"
#include "pkcs11/filecache.h"
#include "terminal.h"
#include "tools/config_service.h"
#include "tools/control.h"
#include "tools/paths.h"
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { QUESTION_MAX = 160 };

static bool
is_out(const char *name, struct problem *error)
{
	char reply[CONTROL_REPLY_MAX];

	if (control_call(name, "status", reply) != CONTROL_OK)
		return true;
	return problem(error, "card %s is in; first type: vicar remove %s", name, name);
}

/* A vicard that cannot be asked still holds the lock. A card whose image is broken has nobody who
 * could. */
static bool
take_lock(const char *directory, struct image *image, bool *loaded, struct problem *error)
{
	struct image_error image_error = {0};
	int holder = 0;

	*loaded = image_load(image, directory, &image_error);
	if (!*loaded || image_lock(image, &holder, &image_error))
		return true;
	return problem(error, "%s", image_error.text);
}

/* Where vicar insert let vicard write; not there when systemd started it. */
static void
remove_log(const char *name)
{
	struct problem unused;
	char runtime[PATH_MAX], log[PATH_MAX + IMAGE_NAME_MAX + sizeof("/.log")];

	if (!paths_runtime(runtime, &unused))
		return;
	snprintf(log, sizeof(log), "%s/%s.log", runtime, name);
	unlink(log);
}

/* A login that a service lets last. It is kept for the account: another card of it will ask for a login
 * again. */
static void
forget_logins(const struct image *image)
{
	char path[PATH_MAX + sizeof("/" ACCOUNT_FILE)], unused_text[SECRETS_ERROR_MAX];
	struct service_account account;
	struct problem unused;
	struct config config;

	if (!config_load_services(&config, &unused))
		return;
	snprintf(path, sizeof(path), "%s/" ACCOUNT_FILE, image->directory);
	for (size_t i = 0; i < image->keys_count; i++) {
		const struct service_config *service =
		    config_service(&config, image->keys[i].service);
		const struct service_maker *maker =
		    service == NULL ? NULL : service_maker(service->type);

		if (maker == NULL || maker->forget == NULL ||
		    !service_account_load(path, maker->kind->account, &account, unused_text))
			continue;
		maker->forget(service, &account);
		service_account_wipe(&account);
	}
	config_free(&config);
}

bool
forget_card(const char *name, struct problem *error)
{
	char directory[PATH_MAX], cards[PATH_MAX], away[PATH_MAX + IMAGE_NAME_MAX];
	struct image image;
	bool loaded = false, ok = false;

	if (!cards_find(name, directory, error) || !is_out(name, error) ||
	    !paths_cards(cards, error))
		return false;
	snprintf(away, sizeof(away), "%s/.forgotten-%d", cards, (int)getpid());
	if (!take_lock(directory, &image, &loaded, error))
		goto out;
	if (loaded)
		forget_logins(&image);
	if (rename(directory, away) < 0) {
		problem(error, "card %s in %s cannot be removed: %s; see who may write there", name,
			directory, strerror(errno));
		goto out;
	}
	unit_forget(name);
	remove_log(name);
	if (loaded)
		filecache_forget((struct bytes){image.serial, image.serial_len});
	ok = issue_undo(away, error);
out:
	if (loaded)
		image_free(&image);
	return ok;
}

static bool
confirmed(const char *name, struct problem *error)
{
	char question[QUESTION_MAX];
	struct terminal terminal;
	bool yes;

	if (!terminal_open(&terminal))
		return problem(
		    error,
		    "nobody can be asked whether to forget card %s: no terminal; if you are "
		    "sure, give --yes",
		    name);
	snprintf(question, sizeof(question),
		 "Forget card %s with its local keys and its journal? (yes/no) ", name);
	yes = terminal_confirm(&terminal, question);
	terminal_close(&terminal);
	return yes || problem(error, "card %s was kept; to forget it answer yes", name);
}

enum { OPTION_YES };

static const struct command_option options[] = {
    {"yes", NULL, "do not ask"},
    {NULL, NULL, NULL},
};

static enum command_exit
run(const struct command_arguments *arguments)
{
	const char *name = arguments->operands[0];
	char directory[PATH_MAX];
	struct problem error;

	if (cards_find(name, directory, &error) && is_out(name, &error) &&
	    (arguments->options[OPTION_YES] != NULL || confirmed(name, &error)) &&
	    forget_card(name, &error)) {
		printf("card %s is gone\n", name);
		return COMMAND_OK;
	}
	say_error("%s", error.text);
	return COMMAND_FAILED;
}

const struct command command_forget = {
    .name = "forget",
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "removes card NAME for good, with its local keys and its journal",
    .text =
	"A key at a remote service stays there; the service's credentials stay where they are.\n"
	"A login at the service that lasts ends here.",
    .options = options,
    .run = run,
};
