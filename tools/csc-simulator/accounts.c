#include "accounts.h"

#include "tools/simulator/settings.h"

#include <string.h>

#define FILE_NAME "accounts.conf"
#define USER_SECTION "user "
#define CREDENTIAL_SECTION "credential "
#define RSA_DEFAULT "rsa-sha256 rsa-sha384 rsa-sha512 rsa rsa-pss"
#define EC_DEFAULT "ecdsa-sha256 ecdsa-sha384 ecdsa-sha512"

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

static const char *
parse_word(const struct sim_word *words, const char *value, void *target, const char *allowed)
{
	const struct sim_word *word = sim_find_word(words, value, strlen(value));

	if (word == NULL)
		return allowed;
	memcpy(target, &word->value, sizeof(word->value));
	return NULL;
}

static const char *
parse_key(const char *value, void *target)
{
	static const struct sim_word words[] = {
	    {"rsa2048", 2048}, {"rsa3072", 3072}, {"rsa4096", 4096}, {"p256", 256},
	    {"p384", 384},     {"p521", 521},     {NULL, 0}};

	return parse_word(words, value, target, "rsa2048, rsa3072, rsa4096, p256, p384 or p521");
}

static const char *
parse_mode(const char *value, void *target)
{
	static const struct sim_word words[] = {{"explicit", RSSP_EXPLICIT},
						{"implicit", RSSP_IMPLICIT},
						{"oauth2code", RSSP_BY_OAUTH2_CODE},
						{NULL, 0}};

	return parse_word(words, value, target, "explicit, implicit or oauth2code");
}

static const char *
parse_presence(const char *value, void *target)
{
	static const struct sim_word words[] = {{"false", RSSP_ABSENT},
						{"true", RSSP_REQUIRED},
						{"optional", RSSP_OPTIONAL},
						{NULL, 0}};

	return parse_word(words, value, target, "true, false or optional");
}

static const char *
parse_otp(const char *value, void *target)
{
	static const struct sim_word words[] = {
	    {"none", RSSP_NO_OTP}, {"online", RSSP_ONLINE}, {"offline", RSSP_OFFLINE}, {NULL, 0}};

	return parse_word(words, value, target, "none, online or offline");
}

static const char *
parse_certificate(const char *value, void *target)
{
	static const struct sim_word words[] = {{"valid", RSSP_VALID},
						{"expired", RSSP_EXPIRED},
						{"revoked", RSSP_REVOKED},
						{"suspended", RSSP_SUSPENDED},
						{NULL, 0}};

	return parse_word(words, value, target, "valid, expired, revoked or suspended");
}

static const char *
parse_confirm(const char *value, void *target)
{
	static const struct sim_word words[] = {
	    {"agrees", RSSP_AGREES}, {"refuses", RSSP_REFUSES}, {"waits", RSSP_WAITS}, {NULL, 0}};

	return parse_word(words, value, target, "agrees, refuses or waits");
}

static const char *
parse_browser(const char *value, void *target)
{
	static const struct sim_word words[] = {
	    {"page", RSSP_ASKED}, {"agrees", RSSP_AGREES}, {"refuses", RSSP_REFUSES}, {NULL, 0}};

	return parse_word(words, value, target, "page, agrees or refuses");
}

static const char *
parse_status(const char *value, void *target)
{
	static const struct sim_word words[] = {{"enabled", 0}, {"disabled", 1}, {NULL, 0}};
	const struct sim_word *word = sim_find_word(words, value, strlen(value));

	if (word == NULL)
		return "enabled or disabled";
	*(bool *)target = word->value != 0;
	return NULL;
}

static bool
add_auth(const char *name, size_t len, unsigned *bits)
{
	static const struct sim_word words[] = {{"external", RSSP_EXTERNAL},
						{"basic", RSSP_BASIC},
						{"oauth2code", RSSP_OAUTH2_CODE},
						{"oauth2client", RSSP_OAUTH2_CLIENT},
						{NULL, 0}};
	const struct sim_word *word = sim_find_word(words, name, len);

	if (word != NULL)
		*bits |= word->value;
	return word != NULL;
}

static bool
add_version(const char *name, size_t len, unsigned *bits)
{
	static const struct sim_word words[] = {{"v1", RSSP_V1}, {"v2", RSSP_V2}, {NULL, 0}};
	const struct sim_word *word = sim_find_word(words, name, len);

	if (word != NULL)
		*bits |= word->value;
	return word != NULL;
}

static bool
add_method(const char *name, size_t len, unsigned *bits)
{
	enum rssp_method method = rssp_method_of_name(name, len);

	if (method != RSSP_METHODS)
		*bits |= 1u << method;
	return method != RSSP_METHODS;
}

static bool
add_algorithm(const char *name, size_t len, unsigned *bits)
{
	for (unsigned i = 0; i < RSSP_ALGORITHMS; i++)
		if ((strlen(rssp_algorithms[i].word) == len &&
		     strncmp(rssp_algorithms[i].word, name, len) == 0) ||
		    (strlen(rssp_algorithms[i].oid) == len &&
		     strncmp(rssp_algorithms[i].oid, name, len) == 0)) {
			*bits |= 1u << i;
			return true;
		}
	return false;
}

static const char *
parse_bits(const char *value, bool (*add)(const char *, size_t, unsigned *), void *target,
	   const char *allowed)
{
	unsigned bits = 0;

	if (!sim_each_word(value, add, &bits) || bits == 0)
		return allowed;
	memcpy(target, &bits, sizeof(bits));
	return NULL;
}

static const char *
parse_auth(const char *value, void *target)
{
	return parse_bits(value, add_auth, target, "external, basic, oauth2code, oauth2client");
}

static const char *
parse_versions(const char *value, void *target)
{
	return parse_bits(value, add_version, target, "v1, v2");
}

static const char *
parse_methods(const char *value, void *target)
{
	return parse_bits(value, add_method, target,
			  "names of methods, such as info, credentials/authorize, oauth2/token");
}

static const char *
parse_algorithms(const char *value, void *target)
{
	return parse_bits(value, add_algorithm, target,
			  "OIDs, or " RSA_DEFAULT " rsa-sha1, " EC_DEFAULT " ecdsa-plain-sha256");
}

static const char *
parse_name(const char *value, void *target)
{
	return sim_parse_text(value, target, RSSP_NAME_MAX) == NULL ? NULL
								    : "at most 47 characters";
}

static const char *
parse_short(const char *value, void *target)
{
	return sim_parse_text(value, target, RSSP_TEXT_MAX) == NULL ? NULL
								    : "at most 63 characters";
}

static const char *
parse_url(const char *value, void *target)
{
	return sim_parse_text(value, target, RSSP_URL_MAX) == NULL ? NULL
								   : "at most 127 characters";
}

static const char *
parse_pin(const char *value, void *target)
{
	for (const char *at = value; *at != '\0'; at++)
		if (*at < 0x21 || *at > 0x7E)
			return "4 to 32 printable characters of ASCII without blanks";
	if (strlen(value) < 4 || strlen(value) > 32)
		return "4 to 32 printable characters of ASCII without blanks";
	return parse_short(value, target);
}

#define CREDENTIAL(member) offsetof(struct rssp_credential, member)
static const struct sim_key credential_keys[] = {
    {"user", parse_name, CREDENTIAL(user)},
    {"description", parse_short, CREDENTIAL(description)},
    {"kind", parse_name, CREDENTIAL(kind)},
    {"key", parse_key, CREDENTIAL(bits)},
    {"algorithms", parse_algorithms, CREDENTIAL(algorithms)},
    {"mode", parse_mode, CREDENTIAL(mode)},
    {"scal", sim_parse_number, CREDENTIAL(scal)},
    {"multisign", sim_parse_number, CREDENTIAL(multisign)},
    {"status", parse_status, CREDENTIAL(disabled)},
    {"certificate", parse_certificate, CREDENTIAL(certificate)},
    {"pin", parse_pin, CREDENTIAL(pin)},
    {"pin-presence", parse_presence, CREDENTIAL(pin_presence)},
    {"pin-tries", sim_parse_number, CREDENTIAL(pin_tries)},
    {"otp", parse_otp, CREDENTIAL(otp)},
    {"otp-presence", parse_presence, CREDENTIAL(otp_presence)},
    {"code", sim_parse_code, CREDENTIAL(code)},
    {"code-tries", sim_parse_number, CREDENTIAL(code_tries)},
    {"code-lifetime", sim_parse_number, CREDENTIAL(code_lifetime_s)},
    {"challenge", parse_short, CREDENTIAL(challenge)},
    {"confirm", parse_confirm, CREDENTIAL(confirm)},
    {"confirm-after", sim_parse_number, CREDENTIAL(confirm_ms)},
    {NULL, NULL, 0},
};

#define USER(member) offsetof(struct rssp_user, member)
static const struct sim_key user_keys[] = {
    {"password", parse_short, USER(password)},           {"account", parse_short, USER(account)},
    {"given-names", parse_short, USER(given_names)},     {"surname", parse_short, USER(surname)},
    {"serial-number", parse_short, USER(serial_number)}, {NULL, NULL, 0},
};

#define SERVER(member) offsetof(struct rssp_server, member)
static const struct sim_key server_keys[] = {
    {"auth", parse_auth, SERVER(auth)},
    {"versions", parse_versions, SERVER(versions)},
    {"without", parse_methods, SERVER(without)},
    {"specs", parse_name, SERVER(specs)},
    {"redirect-uri", parse_url, SERVER(redirect_uri)},
    {"browser", parse_browser, SERVER(browser)},
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
    {"on", parse_methods, SERVER(methods)},
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
		(void)parse_algorithms(rsa ? RSA_DEFAULT : EC_DEFAULT, &credential->algorithms);
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
