#include "credentials.h"

#include "process.h"

#include <string.h>

#include <ini.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#define CREDENTIALS "credentials"

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

static int
handle_credential(void *user, const char *section, const char *name, const char *value)
{
	const struct credentials_key *key = credentials_keys;
	size_t len = strlen(value);

	while (key->name != NULL && strcmp(key->name, name) != 0)
		key++;
	if (strcmp(section, "credentials") != 0 || key->name == NULL || len == 0 ||
	    len >= SIM_CREDENTIAL_MAX)
		return 0;
	memcpy((char *)user + key->offset, value, len + 1);
	return 1;
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
	char *text = NULL;
	size_t len = 0;
	int line;

	if (!sim_directory_has(directory, CREDENTIALS) && !make_credentials(directory, error))
		return false;
	if (!sim_directory_read(directory, CREDENTIALS, &text, &len, error))
		return false;
	line = ini_parse_string(text, handle_credential, credentials);
	OPENSSL_clear_free(text, len + 1);
	if (line != 0 || credentials->application_id[0] == '\0' || credentials->user[0] == '\0' ||
	    credentials->password[0] == '\0')
		return problem(error,
			       "%s/%s, line %d: it needs [credentials] with application-id, "
			       "user and password, each at most %d characters; remove the "
			       "file to have a new one",
			       directory->path, CREDENTIALS, line, SIM_CREDENTIAL_MAX - 1);
	return true;
}
