#include "accounts.h"

#include "tools/simulator/settings.h"
#include "values.h"

#include <string.h>

#define FILE_NAME "accounts.conf"
#define USER_SECTION "user "
#define CREDENTIAL_SECTION "credential "

static const char first_file[] =
    "# Users and keys of the simulated signing service; csc-simulator(1) lists what can stand\n"
    "# here. Read again at each request.\n"
    "\n"
    "[user maria]\n"
    "password = segredo\n"
    "\n"
    "[credential maria-sign]\n"
    "user = maria\n"
    "key = rsa3072\n"
    "pin = 1234\n"
    "otp = online\n";

#define CREDENTIAL(member) offsetof(struct rssp_credential, member)
static const struct sim_key credential_keys[] = {
    {"user", rssp_parse_name, CREDENTIAL(user)},
    {"description", rssp_parse_short, CREDENTIAL(description)},
    {"kind", rssp_parse_name, CREDENTIAL(kind)},
    {"key", rssp_parse_key, CREDENTIAL(bits)},
    {"algorithms", rssp_parse_algorithms, CREDENTIAL(algorithms)},
    {"mode", rssp_parse_mode, CREDENTIAL(mode)},
    {"scal", sim_parse_number, CREDENTIAL(scal)},
    {"multisign", sim_parse_number, CREDENTIAL(multisign)},
    {"status", rssp_parse_status, CREDENTIAL(disabled)},
    {"certificate", rssp_parse_certificate, CREDENTIAL(certificate)},
    {"pin", rssp_parse_pin, CREDENTIAL(pin)},
    {"pin-presence", rssp_parse_presence, CREDENTIAL(pin_presence)},
    {"pin-tries", sim_parse_number, CREDENTIAL(pin_tries)},
    {"otp", rssp_parse_otp, CREDENTIAL(otp)},
    {"otp-presence", rssp_parse_presence, CREDENTIAL(otp_presence)},
    {"code", sim_parse_code, CREDENTIAL(code)},
    {"code-tries", sim_parse_number, CREDENTIAL(code_tries)},
    {"code-lifetime", sim_parse_number, CREDENTIAL(code_lifetime_s)},
    {"challenge", rssp_parse_short, CREDENTIAL(challenge)},
    {"confirm", rssp_parse_confirm, CREDENTIAL(confirm)},
    {"confirm-after", sim_parse_number, CREDENTIAL(confirm_ms)},
    {NULL, NULL, 0},
};

#define USER(member) offsetof(struct rssp_user, member)
static const struct sim_key user_keys[] = {
    {"password", rssp_parse_short, USER(password)},
    {"account", rssp_parse_short, USER(account)},
    {"given-names", rssp_parse_short, USER(given_names)},
    {"surname", rssp_parse_short, USER(surname)},
    {"serial-number", rssp_parse_short, USER(serial_number)},
    {NULL, NULL, 0},
};

#define SERVER(member) offsetof(struct rssp_server, member)
static const struct sim_key server_keys[] = {
    {"auth", rssp_parse_auth, SERVER(auth)},
    {"versions", rssp_parse_versions, SERVER(versions)},
    {"without", rssp_parse_methods, SERVER(without)},
    {"specs", rssp_parse_name, SERVER(specs)},
    {"redirect-uri", rssp_parse_url, SERVER(redirect_uri)},
    {"browser", rssp_parse_browser, SERVER(browser)},
    {"page-size", sim_parse_number, SERVER(page_size)},
    {"token-lifetime", sim_parse_number, SERVER(token_lifetime_s)},
    {"refresh-lifetime", sim_parse_number, SERVER(refresh_lifetime_s)},
    {"code-lifetime", sim_parse_number, SERVER(code_lifetime_s)},
    {"sad-lifetime", sim_parse_number, SERVER(sad_lifetime_s)},
    {"polls", sim_parse_number, SERVER(polls)},
    {"latency", sim_parse_number, SERVER(latency_ms)},
    {"clock", sim_parse_number, SERVER(clock_s)},
    {"trouble", rssp_parse_trouble, SERVER(trouble)},
    {"dialect", rssp_parse_dialect, SERVER(dialect)},
    {"on", rssp_parse_methods, SERVER(methods)},
    {NULL, NULL, 0},
};

static const struct rssp_server default_server = {
    .auth = RSSP_BASIC | RSSP_OAUTH2_CODE | RSSP_OAUTH2_CLIENT,
    .versions = RSSP_V1 | RSSP_V2,
    .browser = RSSP_ASKED,
    .token_lifetime_s = 3600,
    .refresh_lifetime_s = 30 * 24 * 3600,
    .code_lifetime_s = 60,
    .sad_lifetime_s = 300,
    .methods = (1u << RSSP_METHODS) - 1,
};

static const struct rssp_credential default_credential = {
    .bits = 3072,
    .scal = 2,
    .multisign = 10,
    .pin_presence = RSSP_REQUIRED,
    .otp_presence = RSSP_REQUIRED,
    .pin_tries = 3,
    .code_tries = 3,
    .code_lifetime_s = 120,
};

static const struct rssp_user default_user = {
    .given_names = "MARIA DA",
    .surname = "SILVA",
    .serial_number = "BI00000001",
};

struct loader {
	struct rssp_accounts *accounts;
	struct problem *error;
};

/* The user of this name, made if it is new; NULL with an error. */
static struct rssp_user *
user_of_section(const struct loader *loader, const struct ini_text_place *place, const char *name)
{
	struct rssp_accounts *accounts = loader->accounts;
	struct rssp_user *user = (struct rssp_user *)rssp_accounts_user(accounts, name);

	if (user != NULL)
		return user;
	if (!sim_is_name(name, RSSP_NAME_MAX) || accounts->users_count == RSSP_USERS_MAX) {
		(void)sim_settings_refuse(place, USER_SECTION,
					  "a name is a-z, 0-9 and -, at most 47; at most 16 users",
					  loader->error);
		return NULL;
	}
	user = &accounts->users[accounts->users_count++];
	*user = default_user;
	memcpy(user->name, name, strlen(name) + 1);
	return user;
}

/* The same of credentials. */
static struct rssp_credential *
credential_of_section(const struct loader *loader, const struct ini_text_place *place,
		      const char *id)
{
	struct rssp_accounts *accounts = loader->accounts;
	struct rssp_credential *credential =
	    (struct rssp_credential *)rssp_accounts_credential(accounts, id);

	if (credential != NULL)
		return credential;
	if (!sim_is_name(id, RSSP_NAME_MAX) ||
	    accounts->credentials_count == RSSP_CREDENTIALS_MAX) {
		(void)sim_settings_refuse(
		    place, CREDENTIAL_SECTION,
		    "an ID is a-z, 0-9 and -, at most 47; at most 32 credentials", loader->error);
		return NULL;
	}
	credential = &accounts->credentials[accounts->credentials_count++];
	*credential = default_credential;
	memcpy(credential->id, id, strlen(id) + 1);
	return credential;
}

/* ini_text_entry; `error` is the text of the loader's error. */
static bool
take_key(void *context, const struct ini_text_place *place, const char *section, const char *name,
	 const char *value, char *error, size_t room)
{
	const struct loader *loader = context;
	const struct sim_key *keys = server_keys;
	void *target = &loader->accounts->server;

	(void)error;
	(void)room;
	if (strncmp(section, USER_SECTION, strlen(USER_SECTION)) == 0) {
		keys = user_keys;
		target = user_of_section(loader, place, section + strlen(USER_SECTION));
	} else if (strncmp(section, CREDENTIAL_SECTION, strlen(CREDENTIAL_SECTION)) == 0) {
		keys = credential_keys;
		target = credential_of_section(loader, place, section + strlen(CREDENTIAL_SECTION));
	} else if (strcmp(section, "server") != 0) {
		return sim_settings_refuse(place, section,
					   "a section is [server], [user NAME] or [credential ID]",
					   loader->error);
	}
	return target != NULL &&
	       sim_settings_take(keys, target, "csc-simulator", place, name, value, loader->error);
}

/* NULL, or what is wrong; fills in what depends on several keys. */
static const char *
complete(const struct rssp_accounts *accounts, struct rssp_credential *credential)
{
	bool rsa = credential->bits > 1024;
	size_t i = 0;

	if (rssp_accounts_user(accounts, credential->user) == NULL)
		return "its `user` must be the name of a [user NAME]; add one";
	if (credential->scal < 1 || credential->scal > 2 || credential->multisign == 0)
		return "scal is 1 or 2, multisign starts at 1";
	if (credential->pin_tries == 0 || credential->code_tries == 0)
		return "pin-tries and code-tries start at 1";
	if (credential->otp == RSSP_OFFLINE && credential->code[0] == '\0')
		return "an offline otp needs a `code`; add one";
	if (credential->algorithms == 0)
		(void)rssp_parse_algorithms(rsa ? RSSP_RSA_DEFAULT : RSSP_EC_DEFAULT,
					    &credential->algorithms);
	while (i < RSSP_ALGORITHMS &&
	       ((credential->algorithms & 1u << i) == 0 || rssp_algorithm_is_rsa(i) == rsa))
		i++;
	if (i < RSSP_ALGORITHMS)
		return "the key cannot do all its algorithms; leave some out";
	if (credential->pin[0] == '\0')
		credential->pin_presence = RSSP_ABSENT;
	if (credential->otp == RSSP_NO_OTP)
		credential->otp_presence = RSSP_ABSENT;
	return NULL;
}

static bool
check(struct rssp_accounts *accounts, const char *path, struct problem *error)
{
	for (size_t i = 0; i < accounts->users_count; i++)
		if (accounts->users[i].password[0] == '\0')
			return problem(error, "%s: %s: a user needs a password; add one", path,
				       accounts->users[i].name);
	for (size_t i = 0; i < accounts->credentials_count; i++) {
		const char *wrong = complete(accounts, &accounts->credentials[i]);

		if (wrong != NULL)
			return problem(error, "%s: %s: %s", path, accounts->credentials[i].id,
				       wrong);
	}
	return true;
}

bool
rssp_accounts_prepare(const struct sim_directory *directory, struct problem *error)
{
	if (sim_directory_has(directory, FILE_NAME))
		return true;
	return sim_directory_write(directory, FILE_NAME, 0600, BYTES_TEXT(first_file), error);
}

bool
rssp_accounts_load(const struct sim_directory *directory, struct rssp_accounts *accounts,
		   struct problem *error)
{
	struct loader loader = {.accounts = accounts, .error = error};
	char path[PATH_MAX];

	*accounts = (struct rssp_accounts){.server = default_server};
	return sim_settings_load(directory, FILE_NAME, take_key, &loader, path, error) &&
	       check(accounts, path, error);
}

const struct rssp_user *
rssp_accounts_user(const struct rssp_accounts *accounts, const char *name)
{
	for (size_t i = 0; i < accounts->users_count && name != NULL; i++)
		if (strcmp(accounts->users[i].name, name) == 0)
			return &accounts->users[i];
	return NULL;
}

const struct rssp_credential *
rssp_accounts_credential(const struct rssp_accounts *accounts, const char *id)
{
	for (size_t i = 0; i < accounts->credentials_count && id != NULL; i++)
		if (strcmp(accounts->credentials[i].id, id) == 0)
			return &accounts->credentials[i];
	return NULL;
}
