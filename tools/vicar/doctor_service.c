#include "doctor.h"

#include "account.h"
#include "applets/registry.h"
#include "cmdbridge/secrets.h"
#include "service_ask.h"
#include "service_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_LEN = PATH_MAX + KEY_NAME_MAX + 16 };

static bool
is_local(const struct image_key *key)
{
	return strcmp(key->service, IMAGE_SERVICE_FILE) == 0;
}

static bool
check_key_file(const struct doctor *doctor, const struct image_key *key, struct problem *text)
{
	const char *pin_key = registry_pin_key(&doctor->image, key->name);
	const bool leads = pin_key == NULL || strcmp(pin_key, key->name) == 0;
	char path[PATH_LEN];

	snprintf(path, sizeof(path), "%s/keys/%s.%s", doctor->directory, key->name,
		 leads ? "pin" : "key");
	if (access(path, R_OK) < 0)
		return problem(text, "the file of key %s, %s: %s; make the card again", key->name,
			       path, strerror(errno));
	return true;
}

static bool
check_account(const struct doctor *doctor, enum service_account_kind kind, struct problem *text)
{
	char path[PATH_LEN], error[SECRETS_ERROR_MAX];
	struct service_account account;

	if (kind == SERVICE_ACCOUNT_NONE)
		return true;
	snprintf(path, sizeof(path), "%s/" ACCOUNT_FILE, doctor->directory);
	if (!service_account_load(path, kind, &account, error))
		return problem(text, "account file %s", error);
	service_account_wipe(&account);
	return true;
}

static bool
check_remote(const struct doctor *doctor, const struct image_key *key, bool *soon,
	     struct problem *text)
{
	const struct service_config *service = config_service(&doctor->config, key->service);
	struct service_files files;

	if (service == NULL)
		return problem(
		    text,
		    "there is no [service %s] in vicar.conf, which key %s needs; add it, see "
		    "vicar.conf(5)",
		    key->service, key->name);
	if (!service_files_check(service, &files, text) ||
	    !check_account(doctor, service_kind(service->type)->account, text))
		return false;
	if (!files.encryption_ends_soon)
		problem(text, "%s is configured%s%s", key->service,
			files.encryption_until[0] == '\0'
			    ? ""
			    : ", its encryption certificate is valid until ",
			files.encryption_until);
	else
		problem(text,
			"the encryption certificate of %s ends on %s: get the next one soon, see "
			"encryption-certificate in vicar.conf(5), and type: vicar doctor %s",
			key->service, files.encryption_until, doctor->name);
	*soon = *soon || files.encryption_ends_soon;
	return true;
}

enum finding
check_service(struct doctor *doctor, struct problem *text)
{
	bool soon = false;

	if (!doctor->loaded || !doctor->configured) {
		problem(text, "not looked at: it needs vicar.conf and the card");
		return FINDING_SKIPPED;
	}
	for (size_t i = 0; i < doctor->image.keys_count; i++) {
		const struct image_key *key = &doctor->image.keys[i];

		if (is_local(key)) {
			if (!check_key_file(doctor, key, text))
				return FINDING_BAD;
			problem(text, "key %s is in a file of the card", key->name);
			continue;
		}
		if (!check_remote(doctor, key, &soon, text))
			return FINDING_BAD;
		if (soon)
			return FINDING_WARNING;
	}
	return FINDING_OK;
}

static bool
ask(const struct doctor *doctor, const struct image_key *key, struct bridge_answer *answer,
    struct problem *text)
{
	char account[PATH_LEN];
	const struct service_question question = {
	    .operation = BRIDGE_CHECK,
	    .service = config_service(&doctor->config, key->service),
	    .bridge = doctor->bridge,
	    .account_file = account,
	    .card = doctor->name,
	    .role = key->name,
	    .credential = key->credential,
	};

	snprintf(account, sizeof(account), "%s/" ACCOUNT_FILE, doctor->directory);
	return service_ask(&question, answer, text);
}

enum finding
check_service_answers(struct doctor *doctor, struct problem *text)
{
	struct bridge_answer *answer;
	bool ok = true;

	if (!doctor->loaded || !doctor->configured) {
		problem(text, "not asked: it needs vicar.conf and the card");
		return FINDING_SKIPPED;
	}
	if ((answer = calloc(1, sizeof(*answer))) == NULL)
		return finding_of(problem(text, "no memory to ask; close some programs"));
	problem(text, "no key of the card is remote");
	for (size_t i = 0; ok && i < doctor->image.keys_count; i++) {
		const struct image_key *key = &doctor->image.keys[i];

		if (is_local(key))
			continue;
		if (!doctor->services) {
			problem(text,
				"%s was not asked; `vicar doctor --services` asks whether it "
				"knows the account, which sends no message",
				key->service);
			break;
		}
		if (config_service(&doctor->config, key->service) == NULL) {
			free(answer);
			problem(text, "not asked: there is no [service %s]", key->service);
			return FINDING_SKIPPED;
		}
		if ((ok = ask(doctor, key, answer, text)))
			problem(text, "%s answers and knows the account", key->service);
	}
	free(answer);
	return finding_of(ok);
}
