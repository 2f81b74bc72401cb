#include "accounts.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <ini.h>
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

struct word {
	const char *name;
	unsigned value;
};

static const struct word key_words[] = {{"rsa2048", 2048}, {"rsa3072", 3072}, {NULL, 0}};

static const struct word yes_no_words[] = {{"no", 0}, {"yes", 1}, {NULL, 0}};

static const struct word state_words[] = {
    {"active", SIM_ACTIVE},
    {"inactive", SIM_INACTIVE},
    {"no-signature", SIM_NO_SIGNATURE},
    {"change-pin", SIM_CHANGE_PIN},
    {"change-signature-pin", SIM_CHANGE_SIGNATURE_PIN},
    {"blocked", SIM_BLOCKED},
    {NULL, 0},
};

static const struct word trouble_words[] = {
    {"hang", SIM_HANG},
    {"drop-before", SIM_DROP_BEFORE},
    {"http-401", SIM_HTTP_401},
    {"http-407", SIM_HTTP_407},
    {"http-500", SIM_HTTP_500},
    {"http-503", SIM_HTTP_503},
    {"fault", SIM_FAULT},
    {"garbage", SIM_GARBAGE},
    {"drop-after", SIM_DROP_AFTER},
    {"nil-result", SIM_NIL_RESULT},
    {"nil-process", SIM_NIL_PROCESS},
    {"nil-value", SIM_NIL_VALUE},
    {"wrong-signature", SIM_WRONG_SIGNATURE},
    {"reversed-chain", SIM_REVERSED_CHAIN},
    {"reversed-list", SIM_REVERSED_LIST},
    {NULL, 0},
};

enum { SERVER_TROUBLES = 8 }; /* how many of trouble_words [server] knows */

const char *
sim_trouble_name(unsigned trouble)
{
	for (const struct word *word = trouble_words; word->name != NULL; word++)
		if ((trouble & word->value) != 0)
			return word->name;
	return "";
}

/* What a parser of a value returns: NULL, or what is allowed. */
typedef const char *value_parser(const char *value, void *target);

static bool
is_digits(const char *text, size_t min, size_t max)
{
	size_t len = strlen(text);

	return len >= min && len <= max && strspn(text, "0123456789") == len;
}

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
	if (phone[0] != '+' || !is_digits(phone + 1, 5, 19))
		return "+ and 5 to 19 digits, blanks between them";
	memcpy(target, phone, len + 1);
	return NULL;
}

static const char *
parse_pin(const char *value, void *target)
{
	if (!is_digits(value, 4, 8))
		return "4 to 8 digits";
	memcpy(target, value, strlen(value) + 1);
	return NULL;
}

static const char *
parse_code(const char *value, void *target)
{
	if (!is_digits(value, 6, 6))
		return "6 digits";
	memcpy(target, value, strlen(value) + 1);
	return NULL;
}

static const char *
parse_text(const char *value, char *target, size_t room)
{
	size_t len = strlen(value);

	if (len == 0 || len >= room)
		return "a short text";
	memcpy(target, value, len + 1);
	return NULL;
}

static const char *
parse_holder(const char *value, void *target)
{
	return parse_text(value, target, SIM_HOLDER_MAX);
}

static const char *
parse_serial(const char *value, void *target)
{
	const char *allowed = "letters, digits and -, at most 31, such as BI00000001";

	if (strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != strlen(value))
		return allowed;
	return parse_text(value, target, SIM_SERIAL_MAX) == NULL ? NULL : allowed;
}

static const char *
parse_number(const char *value, void *target)
{
	char *end = NULL;
	unsigned long number;

	errno = 0;
	number = strtoul(value, &end, 10);
	if (!is_digits(value, 1, 9) || errno != 0 || *end != '\0')
		return "a number of at most nine digits";
	*(unsigned *)target = (unsigned)number;
	return NULL;
}

static const struct word *
find_word(const struct word *words, const char *name, size_t len)
{
	for (; words->name != NULL; words++)
		if (strlen(words->name) == len && strncmp(words->name, name, len) == 0)
			return words;
	return NULL;
}

static const char *
parse_key(const char *value, void *target)
{
	const struct word *word = find_word(key_words, value, strlen(value));

	if (word == NULL)
		return "rsa2048 or rsa3072";
	*(unsigned *)target = word->value;
	return NULL;
}

static const char *
parse_yes_no(const char *value, void *target)
{
	const struct word *word = find_word(yes_no_words, value, strlen(value));

	if (word == NULL)
		return "yes or no";
	*(bool *)target = word->value != 0;
	return NULL;
}

static const char *
parse_state(const char *value, void *target)
{
	const struct word *word = find_word(state_words, value, strlen(value));

	if (word == NULL)
		return "active, inactive, no-signature, change-pin, change-signature-pin or "
		       "blocked";
	*(enum sim_state *)target = (enum sim_state)word->value;
	return NULL;
}

/* Calls `add` for each word between blanks and commas; false as soon as it is. */
static bool
each_word(const char *value, bool (*add)(const char *word, size_t len, unsigned *bits),
	  unsigned *bits)
{
	const char *between = " ,";

	for (value += strspn(value, between); *value != '\0'; value += strspn(value, between)) {
		size_t len = strcspn(value, between);

		if (!add(value, len, bits))
			return false;
		value += len;
	}
	return true;
}

static bool
add_trouble(const char *name, size_t len, unsigned *bits)
{
	const struct word *word = find_word(trouble_words, name, len);

	if (word != NULL)
		*bits |= word->value;
	return word != NULL || (len == 4 && strncmp(name, "none", len) == 0);
}

static const char *
parse_trouble(const char *value, void *target)
{
	unsigned bits = 0;

	if (!each_word(value, add_trouble, &bits))
		return "none, or hang, drop-before, http-401, http-407, http-500, http-503, fault, "
		       "garbage, drop-after, nil-result, nil-process, nil-value, wrong-signature, "
		       "reversed-chain, reversed-list";
	*(unsigned *)target = bits;
	return NULL;
}

static const char *
parse_server_trouble(const char *value, void *target)
{
	unsigned bits = 0;

	if (!each_word(value, add_trouble, &bits) || bits >= 1u << SERVER_TROUBLES)
		return "none, or hang, drop-before, http-401, http-407, http-500, http-503, fault, "
		       "garbage";
	*(unsigned *)target = bits;
	return NULL;
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

	if (!each_word(value, add_operation, &bits) || bits == 0)
		return "names of operations, such as SCMDSign, ValidateOtp";
	*(unsigned *)target = bits;
	return NULL;
}

struct key {
	const char *name;
	value_parser *parse;
	size_t offset;
};

#define ACCOUNT(member) offsetof(struct sim_account, member)
static const struct key account_keys[] = {
    {"phone", parse_phone, ACCOUNT(phone)},
    {"pin", parse_pin, ACCOUNT(pin)},
    {"key", parse_key, ACCOUNT(bits)},
    {"given-names", parse_holder, ACCOUNT(given_names)},
    {"surname", parse_holder, ACCOUNT(surname)},
    {"serial-number", parse_serial, ACCOUNT(serial_number)},
    {"state", parse_state, ACCOUNT(state)},
    {"pin-tries", parse_number, ACCOUNT(pin_tries)},
    {"code", parse_code, ACCOUNT(code)},
    {"code-tries", parse_number, ACCOUNT(code_tries)},
    {"code-lifetime", parse_number, ACCOUNT(code_lifetime_s)},
    {"expired", parse_yes_no, ACCOUNT(expired)},
    {"latency", parse_number, ACCOUNT(latency_ms)},
    {"trouble", parse_trouble, ACCOUNT(trouble)},
    {"on", parse_operations, ACCOUNT(operations)},
    {NULL, NULL, 0},
};

#define SERVER(member) offsetof(struct sim_accounts, member)
static const struct key server_keys[] = {
    {"latency", parse_number, SERVER(latency_ms)},
    {"trouble", parse_server_trouble, SERVER(trouble)},
    {"clock", parse_number, SERVER(clock_s)},
    {NULL, NULL, 0},
};

struct parsing {
	const struct sim_directory *directory;
	struct sim_accounts *accounts;
	struct problem *error;
	const char *left; /* of the file's text */
	unsigned line;
	bool failed;
};

static void
fail(struct parsing *parsing, const char *thing, const char *reason)
{
	if (!parsing->failed)
		(void)problem(parsing->error, "%s/%s, line %u: %s: %s", parsing->directory->path,
			      FILE_NAME, parsing->line, thing, reason);
	parsing->failed = true;
}

/* libinih 55 cuts lines at its limit without a word, so such a line is refused here. */
static char *
next_line(char *line, int room, void *user)
{
	struct parsing *parsing = user;
	size_t len = strcspn(parsing->left, "\n");
	size_t whole = len + (parsing->left[len] == '\n' ? 1 : 0);

	if (whole == 0 || parsing->failed)
		return NULL;
	parsing->line++;
	if (room < 2 || whole >= (size_t)room - 1) {
		fail(parsing, "the line is too long", "make it shorter");
		return NULL;
	}
	memcpy(line, parsing->left, whole);
	line[whole] = '\0';
	parsing->left += whole;
	return line;
}

static bool
is_account_name(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < SIM_ACCOUNT_NAME_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static struct sim_account *
account_of_section(struct parsing *parsing, const char *name)
{
	struct sim_accounts *accounts = parsing->accounts;
	struct sim_account *account;

	for (size_t i = 0; i < accounts->count; i++)
		if (strcmp(accounts->list[i].name, name) == 0)
			return &accounts->list[i];
	if (!is_account_name(name)) {
		fail(parsing, "account", "a name is a-z, 0-9 and -, at most 31");
		return NULL;
	}
	if (accounts->count == SIM_ACCOUNTS_MAX) {
		fail(parsing, "account", "there are more than 32; leave some out");
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

static int
handle(void *user, const char *section, const char *name, const char *value)
{
	struct parsing *parsing = user;
	const struct key *keys = server_keys;
	void *target = parsing->accounts;
	const char *allowed;

	if (parsing->failed)
		return 0;
	if (strncmp(section, ACCOUNT_SECTION, strlen(ACCOUNT_SECTION)) == 0) {
		keys = account_keys;
		target = account_of_section(parsing, section + strlen(ACCOUNT_SECTION));
		if (target == NULL)
			return 0;
	} else if (strcmp(section, "server") != 0) {
		fail(parsing, section, "a section is [account NAME] or [server]");
		return 0;
	}
	while (keys->name != NULL && strcmp(keys->name, name) != 0)
		keys++;
	if (keys->name == NULL) {
		fail(parsing, name, "no such key; cmd-simulator(1) lists them");
		return 0;
	}
	allowed = keys->parse(value, (char *)target + keys->offset);
	if (allowed != NULL)
		fail(parsing, name, allowed);
	return allowed == NULL;
}

static bool
check_accounts(struct parsing *parsing)
{
	const struct sim_accounts *accounts = parsing->accounts;

	for (size_t i = 0; i < accounts->count; i++) {
		const struct sim_account *account = &accounts->list[i];

		if (account->phone[0] == '\0' || account->pin[0] == '\0')
			fail(parsing, account->name, "an account needs phone and pin; add them");
		else if (sim_accounts_by_phone(accounts, account->phone) != account)
			fail(parsing, account->name, "another account has this phone; change it");
		else if (account->pin_tries == 0 || account->code_tries == 0)
			fail(parsing, account->name, "pin-tries and code-tries start at 1");
	}
	return !parsing->failed;
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
	struct parsing parsing = {.directory = directory, .accounts = accounts, .error = error};
	char *text = NULL;
	size_t len = 0;
	int line;

	*accounts = (struct sim_accounts){0};
	if (!sim_directory_read(directory, FILE_NAME, &text, &len, error))
		return false;
	parsing.left = text;
	line = ini_parse_stream(next_line, &parsing, handle, &parsing);
	if (line != 0 && !parsing.failed) {
		parsing.line = (unsigned)line;
		fail(&parsing, "syntax", "a line is [section], key = value, or a # comment");
	}
	OPENSSL_clear_free(text, len + 1);
	return !parsing.failed && check_accounts(&parsing);
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
