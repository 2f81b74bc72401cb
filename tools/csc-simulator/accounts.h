/*
 * DIR/accounts.conf: who may log in, which credentials (keys) there are, how the server behaves.
 *
 * The file is read again for every request, so a test switches a running simulator by replacing
 * it. Its syntax is in csc-simulator(1). Errors name file, line, key and what is allowed.
 */
#ifndef VICAR_TOOLS_CSC_SIMULATOR_ACCOUNTS_H
#define VICAR_TOOLS_CSC_SIMULATOR_ACCOUNTS_H

#include "algorithm.h"
#include "method.h"
#include "switches.h"
#include "tools/simulator/directory.h"
#include "tools/simulator/random.h"

enum {
	RSSP_USERS_MAX = 16,
	RSSP_CREDENTIALS_MAX = 32,
	RSSP_NAME_MAX = 48,
	RSSP_TEXT_MAX = 64,
	RSSP_URL_MAX = 128,
};

/* authType of info (csc.md 2), as bits. */
enum rssp_auth {
	RSSP_EXTERNAL = 1u << 0,
	RSSP_BASIC = 1u << 1,
	RSSP_OAUTH2_CODE = 1u << 2,
	RSSP_OAUTH2_CLIENT = 1u << 3,
};

enum rssp_mode { RSSP_EXPLICIT, RSSP_IMPLICIT, RSSP_BY_OAUTH2_CODE };
enum rssp_presence { RSSP_ABSENT, RSSP_REQUIRED, RSSP_OPTIONAL };
enum rssp_otp { RSSP_NO_OTP, RSSP_ONLINE, RSSP_OFFLINE };
enum rssp_certificate_status { RSSP_VALID, RSSP_EXPIRED, RSSP_REVOKED, RSSP_SUSPENDED };

/* What the person does in an app or in a browser. */
enum rssp_person { RSSP_AGREES, RSSP_REFUSES, RSSP_WAITS, RSSP_ASKED };

struct rssp_user {
	char name[RSSP_NAME_MAX];
	char password[RSSP_TEXT_MAX];
	char account[RSSP_TEXT_MAX]; /* `sub` of an account_token */
	char given_names[RSSP_TEXT_MAX], surname[RSSP_TEXT_MAX], serial_number[RSSP_TEXT_MAX];
};

struct rssp_credential {
	char id[RSSP_NAME_MAX];
	char user[RSSP_NAME_MAX];
	char description[RSSP_TEXT_MAX];
	char kind[RSSP_NAME_MAX]; /* what clientData of credentials/list must say; "" anything */
	unsigned bits;            /* as for sim_key_make() */
	unsigned algorithms;      /* bits 1 << index into rssp_algorithms */
	enum rssp_mode mode;
	unsigned scal, multisign;
	bool disabled;
	enum rssp_certificate_status certificate;
	char pin[RSSP_TEXT_MAX]; /* "" without one */
	enum rssp_presence pin_presence, otp_presence;
	enum rssp_otp otp;
	char code[SIM_CODE_MAX];       /* fixed code; "" for a new one each time */
	char challenge[RSSP_TEXT_MAX]; /* what getChallenge answers; "" nothing */
	unsigned pin_tries, code_tries, code_lifetime_s;
	enum rssp_person confirm; /* of an app: agrees, refuses, waits */
	unsigned confirm_ms;      /* ... after so long */
};

struct rssp_server {
	unsigned auth;
	unsigned versions;
	unsigned without;          /* methods that are not offered, bits 1 << enum rssp_method */
	char specs[RSSP_NAME_MAX]; /* "" for the version's own */
	char redirect_uri[RSSP_URL_MAX]; /* the registered one; loopback ones are right too */
	enum rssp_person browser;        /* oauth2/authorize: a page, or redirects at once */
	unsigned page_size;              /* credentials/list gives at most so many; 0: all */
	unsigned token_lifetime_s, refresh_lifetime_s, code_lifetime_s, sad_lifetime_s;
	unsigned polls; /* signPolling is not ready for so many calls */
	unsigned latency_ms, clock_s, trouble, dialect;
	unsigned methods; /* where latency and trouble apply, bits 1 << enum rssp_method */
};

struct rssp_accounts {
	struct rssp_server server;
	struct rssp_user users[RSSP_USERS_MAX];
	size_t users_count;
	struct rssp_credential credentials[RSSP_CREDENTIALS_MAX];
	size_t credentials_count;
};

/* Writes accounts.conf with one user and one credential when there is none. */
bool rssp_accounts_prepare(const struct sim_directory *directory, struct problem *error) MUST_USE;
/* The caller wipes `accounts`. */
bool rssp_accounts_load(const struct sim_directory *directory, struct rssp_accounts *accounts,
			struct problem *error) MUST_USE;
/* NULL when there is none; `name` may be NULL. */
const struct rssp_user *rssp_accounts_user(const struct rssp_accounts *accounts, const char *name);
const struct rssp_credential *rssp_accounts_credential(const struct rssp_accounts *accounts,
						       const char *id);

#endif
