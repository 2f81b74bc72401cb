#include "enrol.h"

#include "account.h"
#include "addition.h"
#include "applets/registry.h"
#include "cards.h"
#include "cmdbridge/memory.h"
#include "cmdbridge/secrets.h"
#include "command.h"
#include "issue.h"
#include "pins.h"
#include "role.h"
#include "service_ask.h"
#include "tools/config_service.h"
#include "tools/local_operation.h"
#include "tools/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_ROLE "sign"
#define USER_CONSENT "user-consent"

static bool
personality_knows(const struct personality *personality, const char *word)
{
	for (const char *const *at = personality->options; at != NULL && *at != NULL; at++)
		if (strcmp(*at, word) == 0)
			return true;
	return false;
}

static bool
ask_service(const struct enrolment *enrolment, struct bridge_answer *answer, struct problem *error)
{
	const struct service_question question = {
	    .operation = BRIDGE_ENROL,
	    .service = enrolment->service,
	    .bridge = enrolment->bridge,
	    .account = enrolment->account,
	    .card = enrolment->name,
	    .role = enrolment->role,
	    .credential = enrolment->credential,
	    .pin = enrolment->pin,
	};

	return service_ask(&question, answer, error);
}

static bool
account_path(const char *name, char path[PATH_MAX], struct problem *error)
{
	char directory[PATH_MAX];
	int len;

	if (!paths_card(name, directory, error))
		return false;
	len = snprintf(path, PATH_MAX, "%s/" ACCOUNT_FILE, directory);
	return (len > 0 && len < PATH_MAX) ||
	       problem(error, "the path of card %s is too long; set a shorter XDG_DATA_HOME", name);
}

bool
enrol_has_account(const char *name, char path[PATH_MAX])
{
	struct problem unused;

	return account_path(name, path, &unused) && access(path, F_OK) == 0;
}

/* What was asked for comes first, and wins. */
static bool
put_options(const struct enrolment *enrolment, char options[IMAGE_OPTIONS_MAX],
	    struct problem *error)
{
	const char *consent = enrolment->user_consent ? USER_CONSENT " " : USER_CONSENT "=no ";
	const char *asked = enrolment->options == NULL ? "" : enrolment->options;
	int len;

	/* A card that is there says already how it is used. */
	if (enrolment->adds ||
	    !personality_knows(registry_find(enrolment->personality), USER_CONSENT))
		consent = "";
	len = snprintf(options, IMAGE_OPTIONS_MAX, "%s %spin-tries=%u", asked, consent,
		       enrolment->pin_tries);
	return (len > 0 && len < IMAGE_OPTIONS_MAX) ||
	       problem(error, "card %s: its options are too long; leave some out", enrolment->name);
}

/* The account comes before a key is added: there is no key without one. */
static bool
add_with_account(const struct enrolment *enrolment, const struct issue *issue, struct image *onto,
		 struct problem *error)
{
	char path[PATH_MAX];
	const bool has = enrol_has_account(enrolment->name, path);

	if (enrolment->account == NULL)
		return issue_onto(issue, onto, error);
	if (!account_path(enrolment->name, path, error) ||
	    (!has && !account_write(path, enrolment->account, error)))
		return false;
	if (issue_onto(issue, onto, error))
		return true;
	if (!has)
		(void)unlink(path);
	return false;
}

static bool
issue(const struct enrolment *enrolment, const struct bridge_result *result,
      const struct chain *chain, struct image *onto, struct problem *error)
{
	const struct bridge_credential *credential = &result->credentials[0];
	char options[IMAGE_OPTIONS_MAX];
	const struct issue_key key = {
	    .role = enrolment->role,
	    .service = enrolment->service->name,
	    .credential = credential->id,
	    .uses = local_uses(credential->uses),
	    .certificate = chain->certificates[0],
	    .label = enrolment->label,
	};
	const struct issue issue = {
	    .name = enrolment->name,
	    .personality = enrolment->personality,
	    .options = options,
	    .keys = &key,
	    .keys_count = 1,
	    .authorities = chain->certificates + 1,
	    .authorities_count = chain->count - 1,
	    .account = onto == NULL ? enrolment->account : NULL,
	};

	if (!put_options(enrolment, options, error))
		return false;
	return onto == NULL ? issue_card(&issue, error)
			    : add_with_account(enrolment, &issue, onto, error);
}

/* A service with several keys for the account gives no chain, and their names. */
static bool
one_taken(const struct enrolment *enrolment, const struct bridge_result *result,
	  struct problem *error)
{
	char names[PROBLEM_MAX / 2] = "";
	size_t len = 0;

	if (result->chain.len > 0 || result->credentials_count == 0)
		return true;
	for (size_t i = 0; i < result->credentials_count && len < sizeof(names); i++)
		len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%.*s",
					i > 0 ? ", " : "", (int)result->credentials[i].id.len,
					(const char *)result->credentials[i].id.data);
	return problem(error,
		       "the account has several keys: %s; name one with --credential (`vicar "
		       "service credentials %s` says more of them)",
		       names, enrolment->service->name);
}

static bool
ask_and_issue(const struct enrolment *enrolment, struct image *onto, struct problem *error)
{
	struct bridge_answer *answer = calloc(1, sizeof(*answer));
	struct registry_key role;
	struct chain chain = {0};
	bool ok;

	if (answer == NULL)
		return problem(error, "card %s: no memory; close some programs", enrolment->name);
	ok = role_find(enrolment->personality, enrolment->role, &role, error) &&
	     ask_service(enrolment, answer, error) &&
	     one_taken(enrolment, &answer->result, error) &&
	     chain_read(answer->result.chain, &chain, error) &&
	     chain_check(&chain, time(NULL), error) &&
	     issue(enrolment, &answer->result, &chain, onto, error);
	chain_free(&chain);
	free(answer);
	return ok;
}

static bool
enrol_onto(const struct enrolment *wanted, struct problem *error)
{
	struct enrolment enrolment = *wanted;
	struct addition addition;
	bool ok = addition_begin(&addition, enrolment.name, enrolment.personality, error) &&
		  addition_free(&addition, enrolment.role, error);

	if (ok) {
		enrolment.personality = addition.image.personality;
		ok = ask_and_issue(&enrolment, &addition.image, error);
	}
	addition_end(&addition);
	return ok;
}

bool
enrol_card(const struct enrolment *wanted, struct problem *error)
{
	struct enrolment enrolment = *wanted;
	char directory[PATH_MAX];

	if (enrolment.adds)
		return enrol_onto(&enrolment, error);
	if (enrolment.personality == NULL)
		enrolment.personality = registry_default()->name;
	return issue_possible(enrolment.name, enrolment.personality, directory, error) &&
	       ask_and_issue(&enrolment, NULL, error);
}

enum {
	OPTION_SERVICE,
	OPTION_CARD,
	OPTION_ROLE,
	OPTION_LABEL,
	OPTION_CREDENTIAL,
	OPTION_ACCOUNT,
	OPTION_PHONE,
	OPTION_PROVE,
	OPTION_PIN_FILE,
	OPTION_NO_CONSENT,
	OPTION_OPTION,
	OPTION_ADD
};

static const struct command_option options[] = {
    {"service", "SERVICE", "the [service SERVICE] of vicar.conf that has the key"},
    {"card", "CARD", "what card it is to be; vicar list --personalities names them"},
    {"role", "ROLE", "which key of the card it is to be: auth, sign ...; default sign"},
    {"label", "LABEL", "of the key's objects; default: that of the kind of card"},
    {"credential", "ID", "which of the account's keys, when the service has several"},
    {"account", "FILE", "the account: [account] phone = ..., or user = ..., mode 0600"},
    {"phone-from-prompt", NULL, "ask for phone number or user at the terminal (the default)"},
    {"prove", NULL, "prove with PIN and code that the account is yours; costs one message"},
    {"pin-file", "FILE", "with --prove: the PIN, pin = ..., mode 0600, instead of asking"},
    {"no-user-consent", NULL, "do not say that each signature needs the PIN anew"},
    {"option", "WORDS", "of the kind of card, as program-name; more than one with blanks"},
    {"add", NULL, "put the key onto card NAME, which is there and out"},
    {NULL, NULL, NULL},
};

static bool
get_account(const struct command_arguments *arguments, enum service_account_kind kind,
	    struct service_account *account, struct problem *error)
{
	const char *given = arguments->options[OPTION_ACCOUNT], *name = arguments->operands[0];
	char text[SECRETS_ERROR_MAX], kept[PATH_MAX];

	if (arguments->options[OPTION_ADD] != NULL && enrol_has_account(name, kept)) {
		if (given != NULL)
			return problem(
			    error,
			    "card %s has an account already, %s, and can have one; leave "
			    "out --account, or make another card",
			    name, kept);
		given = kept;
	}
	if (given == NULL)
		return account_ask(kind, account, error);
	if (!service_account_load(given, kind, account, text))
		return problem(error, "account file %s", text);
	return true;
}

/* The PIN of a proof is used once and kept nowhere. */
static bool
prove_and_enrol(const char *pin_file, struct enrolment *enrolment, struct problem *error)
{
	struct pins_value *pin = pins_new(1, error);
	bool ok;

	if (pin == NULL)
		return false;
	*pin = (struct pins_value){
	    .key = "pin", .name = "Signature PIN", .min = PINS_PIN_MIN, .max = PINS_PIN_MAX};
	ok = pins_get(pin_file, pin, 1, error);
	enrolment->pin = pin->value;
	ok = ok && enrol_card(enrolment, error);
	enrolment->pin = NULL;
	pins_free(pin, 1);
	return ok;
}

/* Before a person is asked for anything. */
static bool
possible(const struct enrolment *enrolment, struct problem *error)
{
	char directory[PATH_MAX];

	if (enrolment->adds)
		return cards_find(enrolment->name, directory, error);
	return issue_possible(enrolment->name,
			      enrolment->personality == NULL ? registry_default()->name
							     : enrolment->personality,
			      directory, error);
}

static bool
run_with(const struct command_arguments *arguments, const struct config *config,
	 struct problem *error)
{
	const char *const *given = arguments->options;
	char bridge[PATH_MAX];
	struct service_account account = {0};
	enum service_account_kind kind;
	struct enrolment enrolment = {
	    .name = arguments->operands[0],
	    .personality = given[OPTION_CARD],
	    .role = given[OPTION_ROLE] == NULL ? DEFAULT_ROLE : given[OPTION_ROLE],
	    .label = given[OPTION_LABEL],
	    .service = config_service(config, given[OPTION_SERVICE]),
	    .credential = given[OPTION_CREDENTIAL],
	    .bridge = bridge,
	    .pin_tries = config->pin_tries,
	    .adds = given[OPTION_ADD] != NULL,
	    .user_consent = given[OPTION_NO_CONSENT] == NULL,
	    .options = given[OPTION_OPTION],
	};
	bool ok;

	if (enrolment.service == NULL)
		return problem(error,
			       "there is no [service %s] in vicar.conf; add it, see vicar.conf(5)",
			       given[OPTION_SERVICE]);
	if (!possible(&enrolment, error) || !paths_program("vicar-bridge", bridge, error))
		return false;
	if (given[OPTION_PROVE] != NULL && !service_kind(enrolment.service->type)->proves)
		return problem(error,
			       "services of type %s have no proof at enrolment; leave out --prove",
			       enrolment.service->type);
	kind = service_kind(enrolment.service->type)->account;
	if (kind != SERVICE_ACCOUNT_NONE)
		enrolment.account = &account;
	ok = (kind == SERVICE_ACCOUNT_NONE || get_account(arguments, kind, &account, error)) &&
	     (given[OPTION_PROVE] != NULL
		  ? prove_and_enrol(given[OPTION_PIN_FILE], &enrolment, error)
		  : enrol_card(&enrolment, error));
	service_account_wipe(&account);
	return ok;
}

/* NULL when the options go together. */
static const char *
wrong_options(const struct command_arguments *arguments)
{
	const char *const *given = arguments->options;

	if (given[OPTION_SERVICE] == NULL)
		return "--service is missing; type: vicar enrol --help";
	if (given[OPTION_ACCOUNT] != NULL && given[OPTION_PHONE] != NULL)
		return "--account and --phone-from-prompt exclude each other; give one";
	if (given[OPTION_PIN_FILE] != NULL && given[OPTION_PROVE] == NULL)
		return "--pin-file is the PIN for --prove; give both";
	if (given[OPTION_ADD] != NULL && given[OPTION_NO_CONSENT] != NULL)
		return "--no-user-consent is of a new card, and --add leaves that as it is; give "
		       "one";
	if (given[OPTION_ADD] != NULL && given[OPTION_OPTION] != NULL)
		return "--option is of a new card, and --add leaves that as it is; give one";
	return NULL;
}

static enum command_exit
run(const struct command_arguments *arguments)
{
	const char *wrong = wrong_options(arguments);
	char protect[MEMORY_ERROR_MAX];
	struct config config;
	struct problem error;
	bool ok;

	if (wrong != NULL) {
		say_error("enrol: %s", wrong);
		return COMMAND_USAGE;
	}
	if (!memory_protect(protect)) {
		say_error("%s", protect);
		return COMMAND_FAILED;
	}
	if (!config_load_services(&config, &error)) {
		say_error("%s", error.text);
		return COMMAND_FAILED;
	}
	if ((ok = run_with(arguments, &config, &error)))
		printf("card %s %s; type: vicar insert %s\n", arguments->operands[0],
		       arguments->options[OPTION_ADD] == NULL ? "is there" : "has the key now",
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
	"key stays with the service. Without --prove no PIN is asked for and no message is sent.",
    .options = options,
    .run = run,
};
