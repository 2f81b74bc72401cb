/*
 * DIR/accounts.conf: who has an account, and what trouble they and the server are to give.
 *
 * The file is read again for every request, so a test switches a running simulator by replacing
 * it. Its syntax is in cmd-simulator(1). Errors name file, line, key and what is allowed.
 */
#ifndef VICAR_TOOLS_CMD_SIMULATOR_ACCOUNTS_H
#define VICAR_TOOLS_CMD_SIMULATOR_ACCOUNTS_H

#include "operation.h"
#include "tools/simulator/directory.h"
#include "tools/simulator/random.h"
#include "trouble.h"

enum {
	SIM_ACCOUNTS_MAX = 32,
	SIM_ACCOUNT_NAME_MAX = 32,
	SIM_PHONE_MAX = 24,
	SIM_PIN_MAX = 9, /* 4 to 8 digits, cmd.md 4 */
	SIM_HOLDER_MAX = 48,
	SIM_SERIAL_MAX = 32,
};

/* What the account answers to start calls; cmd.md 9 and 17. */
enum sim_state {
	SIM_ACTIVE,
	SIM_INACTIVE,             /* 817 */
	SIM_NO_SIGNATURE,         /* no certificate; 900 */
	SIM_CHANGE_PIN,           /* 901 */
	SIM_CHANGE_SIGNATURE_PIN, /* 902 */
	SIM_BLOCKED,              /* as after too many wrong PINs: 817 */
};

struct sim_account {
	char name[SIM_ACCOUNT_NAME_MAX];
	char phone[SIM_PHONE_MAX]; /* normalised: + and digits */
	char pin[SIM_PIN_MAX];
	char code[SIM_CODE_MAX]; /* fixed code, cmd.md 4; "" for a new one each time */
	char given_names[SIM_HOLDER_MAX], surname[SIM_HOLDER_MAX];
	char serial_number[SIM_SERIAL_MAX];
	unsigned bits; /* of the RSA key */
	enum sim_state state;
	unsigned pin_tries, code_tries;
	unsigned code_lifetime_s;
	unsigned latency_ms;
	sim_troubles trouble;
	unsigned operations; /* bits 1 << enum sim_operation: where latency and trouble apply */
	bool expired;        /* shows the certificate that is out of date */
};

struct sim_accounts {
	struct sim_account list[SIM_ACCOUNTS_MAX];
	size_t count;
	/* [server]: for every request, before anything is looked at */
	unsigned latency_ms;
	sim_troubles trouble; /* only such as leave requests undone */
	unsigned clock_s;     /* added to the simulator's clock */
};

/* Writes accounts.conf with one account when there is none. */
bool sim_accounts_prepare(const struct sim_directory *directory, struct problem *error) MUST_USE;
/* The caller wipes `accounts`. */
bool sim_accounts_load(const struct sim_directory *directory, struct sim_accounts *accounts,
		       struct problem *error) MUST_USE;
/* cmd.md 17, 8: blanks do not count. NULL when there is none. */
const struct sim_account *sim_accounts_by_phone(const struct sim_accounts *accounts,
						const char *phone);
const struct sim_account *sim_accounts_by_name(const struct sim_accounts *accounts,
					       const char *name);
#endif
