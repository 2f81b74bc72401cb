#include "service.h"

#include "account.h"
#include "cards.h"
#include "cmdbridge/memory.h"
#include "command.h"
#include "service_ask.h"
#include "tools/config_service.h"
#include "tools/paths.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPTION_CARD, OPTION_ACCOUNT, OPTION_JSON };

static const struct command_option options[] = {
    {"card", "NAME", "check, credentials: with the account of this card"},
    {"account", "FILE", "check, credentials: with this account, as for vicar enrol"},
    {"json", NULL, "JSON instead of text"},
    {NULL, NULL, NULL},
};

enum { FILE_ROOM = PATH_MAX + sizeof("/" ACCOUNT_FILE) };

static bool
card_account(const char *name, char file[FILE_ROOM], struct problem *error)
{
	char directory[PATH_MAX];

	if (!cards_find(name, directory, error))
		return false;
	snprintf(file, FILE_ROOM, "%s/" ACCOUNT_FILE, directory);
	return access(file, R_OK) == 0 ||
	       problem(error, "card %s has no account; name one with --account", name);
}

static bool
card_has_service(const char *name, const char *service)
{
	struct image_error unread;
	struct problem unused;
	struct image image;
	char directory[PATH_MAX];
	bool has = false;

	if (!cards_find(name, directory, &unused) || !image_load(&image, directory, &unread))
		return false;
	for (size_t i = 0; i < image.keys_count; i++)
		has = has || strcmp(image.keys[i].service, service) == 0;
	image_free(&image);
	return has;
}

/* The first card with a key of this service; false when there is none. */
static bool
any_account(const char *service, char file[FILE_ROOM])
{
	struct problem unused;
	struct cards cards;
	bool found = false;

	if (!cards_list(&cards, &unused))
		return false;
	for (size_t i = 0; i < cards.count && !found; i++)
		found = card_has_service(cards.names[i], service) &&
			card_account(cards.names[i], file, &unused);
	cards_free(&cards);
	return found;
}

/* `file` gets the account's; "" when it was typed into `account`. */
static bool
find_account(const struct command_arguments *arguments, const struct service_config *service,
	     char file[FILE_ROOM], struct service_account *account, struct problem *error)
{
	const char *given = arguments->options[OPTION_ACCOUNT];

	file[0] = '\0';
	if (given != NULL)
		return (snprintf(file, FILE_ROOM, "%s", given) < FILE_ROOM &&
			access(file, F_OK) == 0) ||
		       problem(error, "account file %s is not there; name another", given);
	if (arguments->options[OPTION_CARD] != NULL)
		return card_account(arguments->options[OPTION_CARD], file, error);
	return any_account(service->name, file) ||
	       account_ask(service_kind(service->type)->account, account, error);
}

static bool
ask(const struct command_arguments *arguments, enum bridge_operation operation,
    const struct service_config *service, struct bridge_answer *answer, struct problem *error)
{
	struct service_account account = {0};
	char file[FILE_ROOM] = "";
	struct service_question question = {
	    .operation = operation,
	    .service = service,
	    .card = arguments->options[OPTION_CARD],
	};
	bool ok = service_kind(service->type)->account == SERVICE_ACCOUNT_NONE ||
		  find_account(arguments, service, file, &account, error);

	if (file[0] != '\0')
		question.account_file = file;
	else if (service_kind(service->type)->account != SERVICE_ACCOUNT_NONE)
		question.account = &account;
	ok = ok && service_ask(&question, answer, error);
	service_account_wipe(&account);
	return ok;
}

static const struct action {
	const char *name;
	enum bridge_operation operation;
	void (*show)(FILE *out, const struct service_state *state);
	bool (*print)(FILE *out, const struct service_state *state);
} actions[] = {
    {"check", BRIDGE_CHECK, service_show_check, service_print_check},
    {"credentials", BRIDGE_LIST, service_show_credentials, service_print_credentials},
};

static enum command_exit
cannot_print(void)
{
	say_error("the JSON cannot be written; see whether there is room");
	return COMMAND_FAILED;
}

static enum command_exit
list(const struct config *config, bool json)
{
	struct service_state states[CONFIG_SERVICES_MAX];
	struct problem problems[CONFIG_SERVICES_MAX];
	bool ok = true;

	for (size_t i = 0; i < config->services_count; i++) {
		states[i] = (struct service_state){.config = &config->services[i]};
		if (!service_files_check(&config->services[i], &states[i].files, &problems[i]))
			states[i].problem = problems[i].text;
		ok = ok && states[i].problem == NULL;
	}
	if (json && !service_print_list(stdout, states, config->services_count))
		return cannot_print();
	if (!json && config->services_count > 0)
		service_show_heading(stdout);
	for (size_t i = 0; !json && i < config->services_count; i++) {
		service_show_line(stdout, &states[i]);
		if (states[i].problem != NULL)
			say_error("%s: %s", config->services[i].name, states[i].problem);
		else if (states[i].files.encryption_ends_soon)
			say_warning("%s: the encryption certificate ends on %s; get the next one, "
				    "see vicar.conf(5)",
				    config->services[i].name, states[i].files.encryption_until);
	}
	return ok ? COMMAND_OK : COMMAND_FAILED;
}

static enum command_exit
act(const struct action *action, const struct command_arguments *arguments,
    const struct service_config *service)
{
	const bool json = arguments->options[OPTION_JSON] != NULL;
	struct bridge_answer *answer = calloc(1, sizeof(*answer));
	struct service_state state = {.config = service};
	struct problem error;
	bool printed = true;

	if (answer == NULL) {
		say_error("no memory for the answer; close some programs");
		return COMMAND_FAILED;
	}
	if (!service_files_check(service, &state.files, &error) ||
	    !ask(arguments, action->operation, service, answer, &error))
		state.problem = error.text;
	state.result = &answer->result;
	if (json)
		printed = action->print(stdout, &state);
	else if (state.problem == NULL)
		action->show(stdout, &state);
	else
		say_error("%s: %s", service->name, state.problem);
	free(answer);
	if (!printed)
		return cannot_print();
	return state.problem == NULL ? COMMAND_OK : COMMAND_FAILED;
}

static enum command_exit
usage(const char *reason)
{
	say_error("service: %s; type: vicar service --help", reason);
	return COMMAND_USAGE;
}

static enum command_exit
run_with(const struct command_arguments *arguments, const struct config *config)
{
	const char *const *operands = arguments->operands;
	const struct service_config *service;
	size_t i = 0;

	if (strcmp(operands[0], "list") == 0)
		return list(config, arguments->options[OPTION_JSON] != NULL);
	while (i < sizeof(actions) / sizeof(actions[0]) &&
	       strcmp(operands[0], actions[i].name) != 0)
		i++;
	service = config_service(config, operands[1]);
	if (service == NULL) {
		say_error(
		    "there is no [service %s] in vicar.conf; `vicar service list` names those "
		    "there are",
		    operands[1]);
		return COMMAND_FAILED;
	}
	return act(&actions[i], arguments, service);
}

/* NULL when the words go together. */
static const char *
wrong_words(const struct command_arguments *arguments)
{
	const char *const *given = arguments->options;
	const char *word = arguments->operands[0];

	if (strcmp(word, "list") == 0) {
		if (arguments->operands_count > 1)
			return "list takes no name";
		if (given[OPTION_CARD] != NULL || given[OPTION_ACCOUNT] != NULL)
			return "list asks no service, so it takes neither --card nor --account";
		return NULL;
	}
	if (strcmp(word, "check") != 0 && strcmp(word, "credentials") != 0)
		return "it takes list, check or credentials";
	if (arguments->operands_count < 2)
		return "the name of the service is missing";
	if (given[OPTION_CARD] != NULL && given[OPTION_ACCOUNT] != NULL)
		return "--card and --account exclude each other; give one";
	return NULL;
}

static enum command_exit
run(const struct command_arguments *arguments)
{
	const char *wrong = wrong_words(arguments);
	char protect[MEMORY_ERROR_MAX];
	struct config config;
	struct problem error;
	enum command_exit code;

	if (wrong != NULL)
		return usage(wrong);
	if (!memory_protect(protect)) {
		say_error("%s", protect);
		return COMMAND_FAILED;
	}
	if (!config_load_services(&config, &error)) {
		say_error("%s", error.text);
		return COMMAND_FAILED;
	}
	code = run_with(arguments, &config);
	config_free(&config);
	return code;
}

const struct command command_service = {
    .name = "service",
    .operands = "list | check SERVICE | credentials SERVICE",
    .operands_min = 1,
    .operands_max = 2,
    .summary = "lists the services of vicar.conf, or asks one of them",
    .text =
	"check asks whether the service answers and knows the account, and credentials which keys\n"
	"the account has. Nothing is signed; no PIN is used. The account is that of --card or\n"
	"--account, else of a card that has a key there, else it is asked for.",
    .options = options,
    .run = run,
};
