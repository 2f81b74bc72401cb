#include "credentials.h"

#include "random.h"
#include "settings.h"

#include <string.h>

#include <openssl/crypto.h>

#define CREDENTIALS "credentials"

enum { PASSWORD_BYTES = 12, TEXT_MAX = 1024 };

struct loader {
	const struct sim_credential *keys;
	size_t count;
	void *credentials;
};

static char *
value_of(const struct loader *loader, size_t i)
{
	return (char *)loader->credentials + loader->keys[i].offset;
}

/* What the file must hold, behind `where`. */
static void
tell_form(const struct loader *loader, const char *where, char *text, size_t room)
{
	size_t len = (size_t)snprintf(text, room, "%s: it needs [credentials] with ", where);

	for (size_t i = 0; i < loader->count && len < room; i++)
		len += (size_t)snprintf(text + len, room - len, "%s%s",
					i == 0                   ? ""
					: i + 1 == loader->count ? " and "
								 : ", ",
					loader->keys[i].name);
	if (len < room)
		(void)snprintf(text + len, room - len,
			       ", each at most %d characters; remove the file to have a new one",
			       SIM_CREDENTIAL_MAX - 1);
}

/* ini_text_entry */
static bool
take_credential(void *context, const struct ini_text_place *place, const char *section,
		const char *name, const char *value, char *error, size_t room)
{
	const struct loader *loader = context;
	const size_t len = strlen(value);
	char where[PATH_MAX];
	size_t i = 0;

	while (i < loader->count && strcmp(loader->keys[i].name, name) != 0)
		i++;
	if (strcmp(section, "credentials") == 0 && i < loader->count && len > 0 &&
	    len < SIM_CREDENTIAL_MAX) {
		memcpy(value_of(loader, i), value, len + 1);
		return true;
	}
	(void)snprintf(where, sizeof(where), "%s:%d", place->path, place->line);
	tell_form(loader, where, error, room);
	return false;
}

static bool
first_value(const struct sim_credential *key, char value[SIM_CREDENTIAL_MAX])
{
	switch (key->first) {
	case SIM_CREDENTIAL_GUID: return sim_random_guid(value);
	case SIM_CREDENTIAL_PASSWORD: return sim_random_token(PASSWORD_BYTES, value);
	default: return snprintf(value, SIM_CREDENTIAL_MAX, "%s", key->fixed) > 0;
	}
}

static bool
make_credentials(const struct sim_directory *directory, const struct loader *loader,
		 struct problem *error)
{
	char text[TEXT_MAX] = "[credentials]\n";
	size_t len = strlen(text);
	bool ok = true;

	for (size_t i = 0; i < loader->count && ok; i++) {
		char value[SIM_CREDENTIAL_MAX];

		ok = first_value(&loader->keys[i], value) ||
		     problem(error, "OpenSSL has no random bytes; check the system");
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s = %s\n",
					loader->keys[i].name, value);
		OPENSSL_cleanse(value, sizeof(value));
	}
	ok = ok && sim_directory_write(directory, CREDENTIALS, 0600,
				       (struct bytes){(const uint8_t *)text, len}, error);
	OPENSSL_cleanse(text, sizeof(text));
	return ok;
}

bool
sim_credentials_open(const struct sim_directory *directory, const struct sim_credential *keys,
		     size_t count, void *credentials, struct problem *error)
{
	struct loader loader = {keys, count, credentials};
	char path[PATH_MAX];

	if (!sim_directory_has(directory, CREDENTIALS) &&
	    !make_credentials(directory, &loader, error))
		return false;
	if (!sim_settings_load(directory, CREDENTIALS, take_credential, &loader, path, error))
		return false;
	for (size_t i = 0; i < count; i++)
		if (value_of(&loader, i)[0] == '\0') {
			tell_form(&loader, path, error->text, sizeof(error->text));
			return false;
		}
	return true;
}
