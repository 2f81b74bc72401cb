#include "doctor.h"

#include "account.h"
#include "applets/registry.h"
#include "bridge_client.h"
#include "cmdbridge/certificate.h"
#include "cmdbridge/cipher.h"
#include "cmdbridge/secrets.h"
#include "tools/paths.h"

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
check_credentials(const struct service_config *service, struct problem *text)
{
	struct service_credentials credentials;
	char error[SECRETS_ERROR_MAX];
	const bool ok = service->credentials == NULL ||
			service_credentials_load(service->credentials, service_maker(service->type),
						 &credentials, error);

	if (!ok)
		return problem(text, "credentials file %s", error);
	service_credentials_wipe(&credentials);
	return true;
}

/* `until` gets the date; "" when the service has no such certificate. */
static bool
check_encryption(const struct service_config *service, char until[CERTIFICATE_DATE_SIZE],
		 struct problem *text)
{
	char error[CIPHER_ERROR_MAX];
	struct cipher cipher;

	until[0] = '\0';
	if (service->encryption_certificate == NULL)
		return true;
	if (cipher_open(service->encryption_certificate, &cipher, error) != CIPHER_OK)
		return problem(text, "%s", error);
	certificate_date(X509_get0_notAfter(cipher.certificate), until);
	cipher_close(&cipher);
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
check_remote(const struct doctor *doctor, const struct image_key *key,
	     char until[CERTIFICATE_DATE_SIZE], struct problem *text)
{
	const struct service_config *service = config_service(&doctor->config, key->service);

	if (service == NULL)
		return problem(
		    text,
		    "there is no [service %s] in vicar.conf, which key %s needs; add it, see "
		    "vicar.conf(5)",
		    key->service, key->name);
	return check_credentials(service, text) && check_encryption(service, until, text) &&
	       check_account(doctor, service_maker(service->type)->account, text);
}

enum finding
check_service(struct doctor *doctor, struct problem *text)
{
	char until[CERTIFICATE_DATE_SIZE] = "";

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
		if (!check_remote(doctor, key, until, text))
			return FINDING_BAD;
		problem(text, "%s is configured%s%s", key->service,
			until[0] == '\0' ? "" : ", its encryption certificate is valid until ",
			until);
	}
	return FINDING_OK;
}

static bool
ask(const struct doctor *doctor, const struct image_key *key, struct bridge_answer *answer,
    struct problem *text)
{
	const struct service_config *service = config_service(&doctor->config, key->service);
	char account[PATH_LEN], bridge[PATH_MAX];
	const struct bridge_request request = {
	    .operation = BRIDGE_CHECK,
	    .service = {(const uint8_t *)key->service, strlen(key->service)},
	    .account = {(const uint8_t *)account,
			(size_t)snprintf(account, sizeof(account), "%s/" ACCOUNT_FILE,
					 doctor->directory)},
	    .card = {(const uint8_t *)doctor->name, strlen(doctor->name)},
	    .key = {(const uint8_t *)key->name, strlen(key->name)},
	};

	if (doctor->bridge == NULL && !paths_program("vicar-bridge", bridge, text))
		return false;
	return bridge_client_ask(doctor->bridge == NULL ? bridge : doctor->bridge, &request, -1,
				 bridge_client_timeout_ms(service), answer, text);
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
