#include "enrol.h"

#include "account.h"
#include "applets/registry.h"
#include "bridge_client.h"
#include "cmdbridge/memory.h"
#include "cmdbridge/secrets.h"
#include "command.h"
#include "issue.h"
#include "tools/config.h"
#include "tools/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ROLE "sign"
#define USER_CONSENT "user-consent"

static bool
personality_knows(const struct personality *personality, const char *word)
{
	for (const char *const *at = personality->options; at != NULL && *at != NULL; at++)
		if (strcmp(*at, word) == 0)
			return true;
	return false;
}

/* The bridge reads the account from a file; there is none on disk before there is a card. */
static bool
ask_service(const struct enrolment *enrolment, struct bridge_answer *answer, struct problem *error)
{
	const struct service_config *service = enrolment->service;
	const struct bridge_request request = {
	    .operation = BRIDGE_ENROL,
	    .service = {(const uint8_t *)service->name, strlen(service->name)},
	    .account = BYTES_TEXT(BRIDGE_CLIENT_ACCOUNT),
	    .card = {(const uint8_t *)enrolment->name, strlen(enrolment->name)},
	    .key = BYTES_TEXT(ROLE),
	};
	const int account = account_in_memory(enrolment->account, error);
	bool ok;

	if (account < 0)
		return false;
	ok = bridge_client_ask(enrolment->bridge, &request, account,
			       bridge_client_timeout_ms(service), answer, error);
	close(account);
	return ok;
}

static bool
issue(const struct enrolment *enrolment, const char *directory, const struct chain *chain,
      struct problem *error)
{
	char options[IMAGE_OPTIONS_MAX], account_path[PATH_MAX + sizeof("/" ACCOUNT_FILE)];
	const char *consent = enrolment->user_consent ? USER_CONSENT " " : USER_CONSENT "=no ";
	const struct issue_key key = {
	    .role = ROLE,
	    .service = enrolment->service->name,
	    .certificate = chain->certificates[0],
	};
	const struct issue issue = {
	    .name = enrolment->name,
	    .personality = enrolment->personality,
	    .options = options,
	    .keys = &key,
	    .keys_count = 1,
	    .authorities = chain->certificates + 1,
	    .authorities_count = chain->count - 1,
	};
	struct problem undo;

	if (!personality_knows(registry_find(enrolment->personality), USER_CONSENT))
		consent = "";
	snprintf(options, sizeof(options), "%spin-tries=%u", consent, enrolment->pin_tries);
	snprintf(account_path, sizeof(account_path), "%s/" ACCOUNT_FILE, directory);
	if (!issue_card(&issue, error))
		return false;
	if (account_write(account_path, enrolment->account, error))
		return true;
	if (!issue_undo(directory, &undo))
		say_error("%s", undo.text);
	return false;
}

bool
enrol_card(const struct enrolment *enrolment, struct problem *error)
{
	char directory[PATH_MAX];
	struct bridge_answer *answer = NULL;
	struct chain chain = {0};
	bool ok = false;

	if (!issue_possible(enrolment->name, enrolment->personality, directory, error))
		return false;
	if ((answer = calloc(1, sizeof(*answer))) == NULL)
		return problem(error, "card %s: no memory; close some programs", enrolment->name);
	ok = ask_service(enrolment, answer, error) &&
	     chain_read(answer->result.chain, &chain, error) &&
	     chain_check(&chain, time(NULL), error) && issue(enrolment, directory, &chain, error);
	chain_free(&chain);
	free(answer);
	return ok;
}

enum { OPTION_SERVICE, OPTION_CARD, OPTION_ACCOUNT, OPTION_PHONE, OPTION_NO_CONSENT };

static const struct command_option options[] = {
    {"service", "SERVICE", "the [service SERVICE] of vicar.conf that has the key"},
    {"card", "CARD", "what card it is to be; vicar list --personalities names them"},
    {"account", "FILE", "the account: [account] phone = +351 9XXXXXXXX, mode 0600"},
    {"phone-from-prompt", NULL, "ask for the phone number at the terminal (the default)"},
    {"no-user-consent", NULL, "do not say that each signature needs the PIN anew"},
    {NULL, NULL, NULL},
};

static bool
get_account(const struct command_arguments *arguments, struct service_account *account,
	    struct problem *error)
{
	char text[SECRETS_ERROR_MAX];

	if (arguments->options[OPTION_ACCOUNT] == NULL)
		return account_ask(account, error);
	if (!service_account_load(arguments->options[OPTION_ACCOUNT], account, text))
		return problem(error, "account file %s", text);
	return true;
}

static bool
run_with(const struct command_arguments *arguments, const struct config *config,
	 struct problem *error)
{
	const char *card = arguments->options[OPTION_CARD];
	const char *service = arguments->options[OPTION_SERVICE];
	char bridge[PATH_MAX], directory[PATH_MAX];
	struct service_account account = {0};
	struct enrolment enrolment = {
	    .name = arguments->operands[0],
	    .personality = card == NULL ? registry_default()->name : card,
	    .service = config_service(config, service),
	    .account = &account,
	    .bridge = bridge,
	    .pin_tries = config->pin_tries,
	    .user_consent = arguments->options[OPTION_NO_CONSENT] == NULL,
	};
	bool ok;

	if (enrolment.service == NULL)
		return problem(error,
			       "there is no [service %s] in vicar.conf; add it, see vicar.conf(5)",
			       service);
	if (!issue_possible(enrolment.name, enrolment.personality, directory, error) ||
	    !paths_program("vicar-bridge", bridge, error))
		return false;
	ok = get_account(arguments, &account, error) && enrol_card(&enrolment, error);
	service_account_wipe(&account);
	return ok;
}

static enum command_exit
run(const struct command_arguments *arguments)
{
	char protect[MEMORY_ERROR_MAX];
	struct config config;
	struct problem error;
	bool ok;

	if (arguments->options[OPTION_SERVICE] == NULL) {
		say_error("enrol: --service is missing; type: vicar enrol --help");
		return COMMAND_USAGE;
	}
	if (arguments->options[OPTION_ACCOUNT] != NULL &&
	    arguments->options[OPTION_PHONE] != NULL) {
		say_error("enrol: --account and --phone-from-prompt exclude each other; give one");
		return COMMAND_USAGE;
	}
	if (!memory_protect(protect)) {
		say_error("%s", protect);
		return COMMAND_FAILED;
	}
	if (!config_load(&config, &error)) {
		say_error("%s", error.text);
		return COMMAND_FAILED;
	}
	if ((ok = run_with(arguments, &config, &error)))
		printf("card %s is there; type: vicar insert %s\n", arguments->operands[0],
		       arguments->operands[0]);
	else
		say_error("%s", error.text);
	config_free(&config);
	return ok ? COMMAND_OK : COMMAND_FAILED;
}

const struct command command_enrol = {
    .name = "enrol",
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "makes a card NAME of a key at a remote service",
    .text =
	"Asks the service for the certificates of the account and writes the card's image. The\n"
	"key stays with the service, no PIN is asked for and no message is sent.",
    .options = options,
    .run = run,
};
