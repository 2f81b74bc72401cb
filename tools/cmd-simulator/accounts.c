#include "accounts.h"

#include "tools/simulator/settings.h"

#include <string.h>

#include <openssl/crypto.h>

#define FILE_NAME "accounts.conf"
#define ACCOUNT_SECTION "account "

static const char first_file[] = "# Accounts of the simulated CMD; cmd-simulator(1) lists the "
				 "keys. Read again at each request.\n"
				 "\n"
				 "[account maria]\n"
				 "phone = +351 912345678\n"
				 "pin = 1234\n"
				 "key = rsa3072\n";

static const struct sim_word key_words[] = {{"rsa2048", 2048}, {"rsa3072", 3072}, {NULL, 0}};

static const struct sim_word state_words[] = {
    {"active", SIM_ACTIVE},
    {"inactive", SIM_INACTIVE},
    {"no-signature", SIM_NO_SIGNATURE},
    {"change-pin", SIM_CHANGE_PIN},
    {"change-signature-pin", SIM_CHANGE_SIGNATURE_PIN},
    {"blocked", SIM_BLOCKED},
    {NULL, 0},
};

static const char *
parse_phone(const char *value, void *target)
{
	char phone[SIM_PHONE_MAX];
	size_t len = 0;

	for (const char *p = value; *p != '\0'; p++)
		if (*p != ' ') {
			if (len == sizeof(phone) - 1)
				return "+ and 5 to 19 digits, blanks between them";
			phone[len++] = *p;
		}
	phone[len] = '\0';
	if (phone[0] != '+' || !sim_is_digits(phone + 1, 5, 19))
		return "+ and 5 to 19 digits, blanks between them";
	memcpy(target, phone, len + 1);
	return NULL;
}

static const char *
parse_pin(const char *value, void *target)
{
	if (!sim_is_digits(value, 4, 8))
		return "4 to 8 digits";
	memcpy(target, value, strlen(value) + 1);
	return NULL;
}

static const char *
parse_holder(const char *value, void *target)
{
	return sim_parse_text(value, target, SIM_HOLDER_MAX);
}

static const char *
parse_serial(const char *value, void *target)
{
	const char *allowed = "letters, digits and -, at most 31, such as BI00000001";

	if (strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != strlen(value))
		return allowed;
	return sim_parse_text(value, target, SIM_SERIAL_MAX) == NULL ? NULL : allowed;
}

static const char *
parse_key(const char *value, void *target)
{
	const struct sim_word *word = sim_find_word(key_words, value, strlen(value));

	if (word == NULL)
		return "rsa2048 or rsa3072";
	*(unsigned *)target = word->value;
	return NULL;
}

static const char *
parse_state(const char *value, void *target)
{
	const struct sim_word *word = sim_find_word(state_words, value, strlen(value));

	if (word == NULL)
		return "active, inactive, no-signature, change-pin, change-signature-pin or "
		       "blocked";
	*(enum sim_state *)target = (enum sim_state)word->value;
	return NULL;
}

static const char *
parse_trouble(const char *value, void *target)
{
	return sim_troubles_parse(value, SIM_TROUBLES, target);
}

static const char *
parse_server_trouble(const char *value, void *target)
{
	return sim_troubles_parse(value, SIM_UNDOING, target);
}

static bool
add_operation(const char *name, size_t len, unsigned *bits)
{
	for (unsigned i = 0; i < SIM_OPERATIONS; i++)
		if (strlen(sim_operations[i].name) == len &&
		    strncmp(sim_operations[i].name, name, len) == 0) {
			*bits |= 1u << i;
			return true;
		}
	return false;
}

static const char *
parse_operations(const char *value, void *target)
{
	unsigned bits = 0;

	if (!sim_each_word(value, add_operation, &bits) || bits == 0)
		return "names of operations, such as SCMDSign, ValidateOtp";
	*(unsigned *)target = bits;
	return NULL;
}

#define ACCOUNT(member) offsetof(struct sim_account, member)
static const struct sim_key account_keys[] = {
    {"phone", parse_phone, ACCOUNT(phone)},
    {"pin", parse_pin, ACCOUNT(pin)},
    {"key", parse_key, ACCOUNT(bits)},
    {"given-names", parse_holder, ACCOUNT(given_names)},
    {"surname", parse_holder, ACCOUNT(surname)},
    {"serial-number", parse_serial, ACCOUNT(serial_number)},
    {"state", parse_state, ACCOUNT(state)},
    {"pin-tries", sim_parse_number, ACCOUNT(pin_tries)},
    {"code", sim_parse_code, ACCOUNT(code)},
    {"code-tries", sim_parse_number, ACCOUNT(code_tries)},
    {"code-lifetime", sim_parse_number, ACCOUNT(code_lifetime_s)},
    {"expired", sim_parse_yes_no, ACCOUNT(expired)},
    {"latency", sim_parse_number, ACCOUNT(latency_ms)},
    {"trouble", parse_trouble, ACCOUNT(trouble)},
    {"on", parse_operations, ACCOUNT(operations)},
    {NULL, NULL, 0},
};

#define SERVER(member) offsetof(struct sim_accounts, member)
static const struct sim_key server_keys[] = {
    {"latency", sim_parse_number, SERVER(latency_ms)},
    {"trouble", parse_server_trouble, SERVER(trouble)},
    {"clock", sim_parse_number, SERVER(clock_s)},
    {NULL, NULL, 0},
};

/* The account of this name, made if it is new; NULL with `error`. */
static struct sim_account *
account_of_section(struct sim_accounts *accounts, const struct ini_text_place *place,
		   const char *name, struct problem *error)
{
	struct sim_account *account;

	for (size_t i = 0; i < accounts->count; i++)
		if (strcmp(accounts->list[i].name, name) == 0)
			return &accounts->list[i];
	if (!sim_is_name(name, SIM_ACCOUNT_NAME_MAX)) {
		(void)sim_settings_refuse(place, "account", "a name is a-z, 0-9 and -, at most 31",
					  error);
		return NULL;
	}
	if (accounts->count == SIM_ACCOUNTS_MAX) {
		(void)sim_settings_refuse(place, "account",
					  "there are more than 32; leave some out", error);
		return NULL;
	}
	account = &accounts->list[accounts->count++];
	*account = (struct sim_account){
	    .bits = 3072,
	    .given_names = "MARIA DA",
	    .surname = "SILVA",
	    .serial_number = "BI00000001",
	    .pin_tries = 3,
	    .code_tries = 3,
	    .code_lifetime_s = 120,
	    .operations = (1u << SIM_OPERATIONS) - 1,
	};
	memcpy(account->name, name, strlen(name) + 1);
	return account;
}

struct loader {
	struct sim_accounts *accounts;
	struct problem *error;
};

/* ini_text_entry; `error` is the text of the loader's error. */
static bool
take_key(void *context, const struct ini_text_place *place, const char *section, const char *name,
	 const char *value, char *error, size_t room)
{
	const struct loader *loader = context;
	const struct sim_key *keys = server_keys;
	void *target = loader->accounts;

	(void)error;
	(void)room;
	if (strncmp(section, ACCOUNT_SECTION, strlen(ACCOUNT_SECTION)) == 0) {
		keys = account_keys;
		target = account_of_section(loader->accounts, place,
					    section + strlen(ACCOUNT_SECTION), loader->error);
		if (target == NULL)
			return false;
	} else if (strcmp(section, "server") != 0) {
		return sim_settings_refuse(
		    place, section, "a section is [account NAME] or [server]", loader->error);
	}
	return sim_settings_take(keys, target, "cmd-simulator", place, name, value, loader->error);
}

static bool
check_accounts(const struct sim_accounts *accounts, const char *path, struct problem *error)
{
	for (size_t i = 0; i < accounts->count; i++) {
		const struct sim_account *account = &accounts->list[i];
		const char *wrong = NULL;

		if (account->phone[0] == '\0' || account->pin[0] == '\0')
			wrong = "an account needs phone and pin; add them";
		else if (sim_accounts_by_phone(accounts, account->phone) != account)
			wrong = "another account has this phone; change it";
		else if (account->pin_tries == 0 || account->code_tries == 0)
			wrong = "pin-tries and code-tries start at 1";
		if (wrong != NULL)
			return problem(error, "%s: %s: %s", path, account->name, wrong);
	}
	return true;
}

bool
sim_accounts_prepare(const struct sim_directory *directory, struct problem *error)
{
	if (sim_directory_has(directory, FILE_NAME))
		return true;
	return sim_directory_write(directory, FILE_NAME, 0600, BYTES_TEXT(first_file), error);
}

bool
sim_accounts_load(const struct sim_directory *directory, struct sim_accounts *accounts,
		  struct problem *error)
{
	struct loader loader = {.accounts = accounts, .error = error};
	char path[PATH_MAX];

	*accounts = (struct sim_accounts){0};
	return sim_settings_load(directory, FILE_NAME, take_key, &loader, path, error) &&
	       check_accounts(accounts, path, error);
}

const struct sim_account *
sim_accounts_by_phone(const struct sim_accounts *accounts, const char *phone)
{
	char normal[SIM_PHONE_MAX];
	const struct sim_account *found = NULL;

	if (parse_phone(phone, normal) != NULL)
		return NULL;
	for (size_t i = 0; i < accounts->count && found == NULL; i++)
		if (strcmp(accounts->list[i].phone, normal) == 0)
			found = &accounts->list[i];
	OPENSSL_cleanse(normal, sizeof(normal));
	return found;
}

const struct sim_account *
sim_accounts_by_name(const struct sim_accounts *accounts, const char *name)
{
	for (size_t i = 0; i < accounts->count; i++)
		if (strcmp(accounts->list[i].name, name) == 0)
			return &accounts->list[i];
	return NULL;
}
