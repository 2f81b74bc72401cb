#include "credentials.h"

#include "emulator/ini_text.h"
#include "process.h"

#include <limits.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#define CREDENTIALS "credentials"
#define FORM                                                                              \
	"it needs [credentials] with application-id, user and password, each at most %d " \
	"characters; remove the file to have a new one"

enum { PASSWORD_BYTES = 12, TEXT_MAX = 512 };

struct credentials_key {
	const char *name;
	size_t offset;
};

static const struct credentials_key credentials_keys[] = {
    {"application-id", offsetof(struct sim_credentials, application_id)},
    {"user", offsetof(struct sim_credentials, user)},
    {"password", offsetof(struct sim_credentials, password)},
    {NULL, 0},
};

static bool
take_credential(void *context, const struct ini_text_place *place, const char *section,
		const char *name, const char *value, char *error, size_t room)
{
	const struct credentials_key *key = credentials_keys;
	const size_t len = strlen(value);

	while (key->name != NULL && strcmp(key->name, name) != 0)
		key++;
	if (strcmp(section, "credentials") == 0 && key->name != NULL && len > 0 &&
	    len < SIM_CREDENTIAL_MAX) {
		memcpy((char *)context + key->offset, value, len + 1);
		return true;
	}
	(void)snprintf(error, room, "%s:%d: " FORM, place->path, place->line,
		       SIM_CREDENTIAL_MAX - 1);
	return false;
}

static bool
make_credentials(const struct sim_directory *directory, struct problem *error)
{
	char id[SIM_PROCESS_ID_MAX], password[2 * PASSWORD_BYTES + 1], text[TEXT_MAX];
	uint8_t random[PASSWORD_BYTES];
	int len;
	bool ok;

	if (!sim_process_make_id(id) || RAND_bytes(random, sizeof(random)) != 1)
		return problem(error, "OpenSSL has no random bytes; check the system");
	bytes_to_hex(BYTES(random), password);
	len = snprintf(text, sizeof(text),
		       "[credentials]\napplication-id = %s\nuser = simulated-user\npassword = %s\n",
		       id, password);
	ok = sim_directory_write(directory, CREDENTIALS, 0600,
				 (struct bytes){(const uint8_t *)text, (size_t)len}, error);
	OPENSSL_cleanse(password, sizeof(password));
	OPENSSL_cleanse(text, sizeof(text));
	return ok;
}

bool
sim_credentials_open(const struct sim_directory *directory, struct sim_credentials *credentials,
		     struct problem *error)
{
	char path[PATH_MAX], *text = NULL;
	size_t len = 0;
	bool ok;

	if (!sim_directory_has(directory, CREDENTIALS) && !make_credentials(directory, error))
		return false;
	if (!sim_directory_read(directory, CREDENTIALS, &text, &len, error))
		return false;
	(void)snprintf(path, sizeof(path), "%s/%s", directory->path, CREDENTIALS);
	ok = ini_text_parse((struct bytes){(const uint8_t *)text, len}, path, take_credential,
			    credentials, error->text, sizeof(error->text));
	OPENSSL_clear_free(text, len + 1);
	if (ok && (credentials->application_id[0] == '\0' || credentials->user[0] == '\0' ||
		   credentials->password[0] == '\0'))
		ok = problem(error, "%s: " FORM, path, SIM_CREDENTIAL_MAX - 1);
	return ok;
}
