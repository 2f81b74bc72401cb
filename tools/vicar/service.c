/*
 * vicar service: what a [service NAME] of vicar.conf answers, without a card and without a signature.
 */
#include "account.h"
#include "bridge_client.h"
#include "cards.h"
#include "cmdbridge/certificate.h"
#include "cmdbridge/memory.h"
#include "cmdbridge/secrets.h"
#include "command.h"
#include "tools/config.h"
#include "tools/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { USES_ROOM = 128, KIND_ROOM = 64 };

enum { OPTION_ACCOUNT, OPTION_CARD };

static const struct command_option options[] = {
    {"account", "FILE", "the account: [account] phone = ..., or user = ..., mode 0600"},
    {"card", "CARD", "the account of this card"},
    {NULL, NULL, NULL},
};

/* The words of card.conf's `uses`. */
static void
put_uses(unsigned uses, char text[USES_ROOM])
{
	static const struct {
		unsigned use;
		const char *word;
	} words[] = {
	    {SERVICE_SIGN_PKCS1, "pkcs1"},          {SERVICE_SIGN_PSS, "pss"},
	    {SERVICE_SIGN_ECDSA, "ecdsa"},          {SERVICE_DECIPHER_PKCS1, "decipher-pkcs1"},
	    {SERVICE_DECIPHER_RAW, "decipher-raw"}, {SERVICE_DECIPHER_OAEP, "decipher-oaep"},
	    {SERVICE_DERIVE_ECDH, "derive"},        {SERVICE_SIGNS_MANY, "many"},
	};
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && len < USES_ROOM; i++)
		if ((uses & words[i].use) != 0)
			len += (size_t)snprintf(text + len, USES_ROOM - len, "%s%s",
						len > 0 ? " " : "", words[i].word);
}

/* "RSA 3072 bits, until 2029-01-01"; "-" without a certificate. */
static void
put_kind(struct bytes certificate, char text[KIND_ROOM])
{
	X509 *parsed = certificate_parse(certificate);
	EVP_PKEY *key = parsed == NULL ? NULL : X509_get0_pubkey(parsed);
	char date[CERTIFICATE_DATE_SIZE];

	snprintf(text, KIND_ROOM, "-");
	if (key != NULL) {
		certificate_date(X509_get0_notAfter(parsed), date);
		snprintf(text, KIND_ROOM, "%s %d bits, until %s", EVP_PKEY_get0_type_name(key),
			 EVP_PKEY_get_bits(key), date);
	}
	X509_free(parsed);
}

static void
print_credentials(const struct bridge_result *result)
{
	char uses[USES_ROOM], kind[KIND_ROOM];

	for (size_t i = 0; i < result->credentials_count; i++) {
		const struct bridge_credential *credential = &result->credentials[i];

		put_uses(credential->uses, uses);
		put_kind(credential->certificate, kind);
		printf("%.*s\t%s\t%s\t%.*s\n", (int)credential->id.len,
		       (const char *)credential->id.data, kind, uses, (int)credential->label.len,
		       (const char *)credential->label.data);
	}
}

static void
print_text(const struct bridge_result *result)
{
	printf("%.*s\n", (int)result->text.len, (const char *)result->text.data);
}

static const struct action {
	const char *name;
	enum bridge_operation operation;
	void (*print)(const struct bridge_result *result);
} actions[] = {
    {"check", BRIDGE_CHECK, print_text},
    {"credentials", BRIDGE_LIST, print_credentials},
};

static const struct action *
action_find(const char *name)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(actions[i].name, name) == 0)
			return &actions[i];
	return NULL;
}

/* Of a file, of a card, or as it is typed. */
static bool
get_account(const struct command_arguments *arguments, enum service_account_kind kind,
	    struct service_account *account, struct problem *error)
{
	const char *file = arguments->options[OPTION_ACCOUNT],
		   *card = arguments->options[OPTION_CARD];
	char directory[PATH_MAX], path[PATH_MAX + sizeof("/" ACCOUNT_FILE)],
	    text[SECRETS_ERROR_MAX];

	if (card != NULL) {
		if (!cards_find(card, directory, error))
			return false;
		snprintf(path, sizeof(path), "%s/" ACCOUNT_FILE, directory);
		file = path;
	}
	if (file == NULL)
		return account_ask(kind, account, error);
	return service_account_load(file, kind, account, text) ||
	       problem(error, "account file %s", text);
}

static bool
ask(const struct action *action, const struct service_config *service, int account,
    struct problem *error)
{
	struct bridge_answer *answer = calloc(1, sizeof(*answer));
	const struct bridge_request request = {
	    .operation = action->operation,
	    .service = {(const uint8_t *)service->name, strlen(service->name)},
	    .account = account < 0 ? BYTES_NONE : BYTES_TEXT(BRIDGE_CLIENT_ACCOUNT),
	};
	char bridge[PATH_MAX];
	bool ok;

	if (answer == NULL)
		return problem(error, "service %s: no memory; close some programs", service->name);
	ok = paths_program("vicar-bridge", bridge, error) &&
	     bridge_client_ask(bridge, &request, account, bridge_client_timeout_ms(service), answer,
			       error);
	if (ok)
		action->print(&answer->result);
	free(answer);
	return ok;
}

static bool
run_with(const struct command_arguments *arguments, const struct action *action,
	 const struct config *config, struct problem *error)
{
	const char *name = arguments->operands[1];
	const struct service_config *service = config_service(config, name);
	struct service_account account = {0};
	enum service_account_kind kind;
	bool ok;
	int fd;

	if (service == NULL)
		return problem(error,
			       "there is no [service %s] in vicar.conf; add it, see vicar.conf(5)",
			       name);
	kind = service_maker(service->type)->account;
	if (kind == SERVICE_ACCOUNT_NONE)
		return ask(action, service, -1, error);
	if (!get_account(arguments, kind, &account, error))
		return false;
	fd = account_in_memory(&account, error);
	service_account_wipe(&account);
	ok = fd >= 0 && ask(action, service, fd, error);
	if (fd >= 0)
		close(fd);
	return ok;
}

static enum command_exit
run(const struct command_arguments *arguments)
{
	const struct action *action = action_find(arguments->operands[0]);
	char protect[MEMORY_ERROR_MAX];
	struct config config;
	struct problem error;
	bool ok;

	if (action == NULL) {
		say_error("service: there is no %s, only check and credentials; type: vicar "
			  "service --help",
			  arguments->operands[0]);
		return COMMAND_USAGE;
	}
	if (arguments->options[OPTION_ACCOUNT] != NULL && arguments->options[OPTION_CARD] != NULL) {
		say_error("service: --account and --card exclude each other; give one");
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
	ok = run_with(arguments, action, &config, &error);
	if (!ok)
		say_error("%s", error.text);
	config_free(&config);
	return ok ? COMMAND_OK : COMMAND_FAILED;
}

const struct command command_service = {
    .name = "service",
    .operands = "check SERVICE | credentials SERVICE",
    .operands_min = 2,
    .operands_max = 2,
    .summary = "asks a service whether it answers, or which keys an account has",
    .text = "SERVICE is a [service SERVICE] of vicar.conf. No PIN is asked for, no message is sent "
	    "and\n"
	    "nothing is signed. A service may want a login, in a browser or with a password.",
    .options = options,
    .run = run,
};
