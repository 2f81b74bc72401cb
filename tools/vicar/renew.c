#include "addition.h"
#include "cmdbridge/certificate.h"
#include "cmdbridge/memory.h"
#include "command.h"
#include "renew_chain.h"
#include "service_ask.h"
#include "tools/config_service.h"

#include <stdlib.h>
#include <string.h>

enum { OPTION_KEY };

static const struct command_option options[] = {
    {"key", "ROLE", "only this key; default: every key of a service"},
    {NULL, NULL, NULL},
};

enum { FILE_ROOM = PATH_MAX + sizeof("/" ACCOUNT_FILE) };

static bool
fetch(const struct image *image, const struct image_key *key, const struct config *config,
      struct chain *chain, struct problem *error)
{
	struct bridge_answer *answer = calloc(1, sizeof(*answer));
	char file[FILE_ROOM];
	struct service_question question = {
	    .operation = BRIDGE_ENROL,
	    .service = config_service(config, key->service),
	    .account_file = file,
	    .card = image->name,
	    .role = key->name,
	    .credential = key->credential,
	};
	bool ok;

	if (answer == NULL)
		return problem(error, "card %s: no memory; close some programs", image->name);
	if (question.service == NULL) {
		free(answer);
		return problem(error,
			       "there is no [service %s] in vicar.conf, which key %s needs; add "
			       "it, see vicar.conf(5)",
			       key->service, key->name);
	}
	snprintf(file, sizeof(file), "%s/" ACCOUNT_FILE, image->directory);
	if (service_kind(question.service->type)->account == SERVICE_ACCOUNT_NONE)
		question.account_file = NULL;
	ok = service_ask(&question, answer, error) &&
	     chain_read(answer->result.chain, chain, error) &&
	     chain_check(chain, time(NULL), error);
	free(answer);
	return ok;
}

/* What the card has before it is replaced. */
static void
old_date(const struct image_key *key, char date[CERTIFICATE_DATE_SIZE])
{
	X509 *old = certificate_parse((struct bytes){key->certificate, key->certificate_len});

	certificate_date(old == NULL ? NULL : X509_get0_notAfter(old), date);
	X509_free(old);
}

static void
say_renewal(const char *role, enum renewal renewal, X509 *leaf, const char *before)
{
	char name[CHAIN_NAME_MAX], date[CERTIFICATE_DATE_SIZE];

	chain_subject(leaf, name);
	certificate_date(X509_get0_notAfter(leaf), date);
	if (renewal == RENEW_SAME)
		printf("key %s: the service has no newer certificate than the card, of %s, valid "
		       "until %s\n",
		       role, name, date);
	else
		printf("key %s: the certificate of %s, valid until %s, is in the place of the one "
		       "valid until %s%s\n",
		       role, name, date, before,
		       renewal == RENEW_KEY ? "; it is of another key, and the old one is gone"
					    : "");
}

/* What was renewed, to be told once it is on disk. */
struct renewed {
	struct chain chain;
	enum renewal renewal;
	char before[CERTIFICATE_DATE_SIZE];
};

static bool
renew_one(struct image *image, const struct image_key *key, const struct config *config,
	  struct renewed *renewed, struct problem *error)
{
	old_date(key, renewed->before);
	if (!fetch(image, key, config, &renewed->chain, error))
		return false;
	renewed->renewal = renew_key(image, key->name, &renewed->chain, error);
	return renewed->renewal != RENEW_FAILED;
}

static bool
is_wanted(const struct image_key *key, const char *role)
{
	return strcmp(key->service, IMAGE_SERVICE_FILE) != 0 &&
	       (role == NULL || strcmp(key->name, role) == 0);
}

static bool
nothing_to_do(const struct image *image, const char *role, struct problem *error)
{
	if (role == NULL)
		return problem(error,
			       "card %s has no key of a service; new certificates for its own keys "
			       "are added by vicar cert add",
			       image->name);
	return problem(error, "card %s has no key %s of a service; `vicar list` shows its keys",
		       image->name, role);
}

static bool
renew(struct image *image, const char *role, const struct config *config, struct problem *error)
{
	struct renewed renewed[IMAGE_KEYS_MAX] = {{.renewal = RENEW_FAILED}};
	bool ok = true, changed = false, found = false;

	for (size_t i = 0; ok && i < image->keys_count; i++) {
		if (!is_wanted(&image->keys[i], role))
			continue;
		found = true;
		ok = renew_one(image, &image->keys[i], config, &renewed[i], error);
		changed = changed || renewed[i].renewal > RENEW_SAME;
	}
	if (!found)
		ok = nothing_to_do(image, role, error);
	if (ok && changed)
		ok = issue_update(image, error);
	for (size_t i = 0; i < image->keys_count; i++) {
		if (ok && renewed[i].renewal != RENEW_FAILED)
			say_renewal(image->keys[i].name, renewed[i].renewal,
				    renewed[i].chain.certificates[0], renewed[i].before);
		chain_free(&renewed[i].chain);
	}
	return ok;
}

static enum command_exit
run(const struct command_arguments *arguments)
{
	char protect[MEMORY_ERROR_MAX];
	struct addition addition;
	struct config config;
	struct problem error;
	bool ok;

	if (!memory_protect(protect)) {
		say_error("%s", protect);
		return COMMAND_FAILED;
	}
	if (!config_load_services(&config, &error)) {
		say_error("%s", error.text);
		return COMMAND_FAILED;
	}
	ok = addition_begin(&addition, arguments->operands[0], NULL, &error) &&
	     renew(&addition.image, arguments->options[OPTION_KEY], &config, &error);
	addition_end(&addition);
	config_free(&config);
	if (!ok)
		say_error("%s", error.text);
	return ok ? COMMAND_OK : COMMAND_FAILED;
}

const struct command command_renew = {
    .name = "renew",
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "fetches the certificates of card NAME's keys from their services anew",
    .text = "The card is out while this is done. When the service has another certificate it takes "
	    "the\n"
	    "place of the card's, and the card gets another serial number, so that programs do not "
	    "use\n"
	    "what they remember of it. No PIN is asked for and no message is sent.",
    .options = options,
    .run = run,
};
