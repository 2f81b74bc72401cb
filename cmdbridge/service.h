/*
 * Makers of signatures: what a remote service, or a key file, must be able to do.
 *
 * A service is configured by [service NAME] of vicar.conf (vicar.conf(5)); its `type` picks the
 * maker. Adding a service is one file with one `struct service_maker`, and a line in service.c.
 */
#ifndef VICAR_CMDBRIDGE_SERVICE_H
#define VICAR_CMDBRIDGE_SERVICE_H

#include "iso7816/bytes.h"
#include "outcome.h"

struct bridge_request;
struct peer;
struct prompt_config;

/* What the service is to whoever relies on its signatures; said in prompts unless production. In the
 * order of the words in vicar.conf. */
enum service_profile { SERVICE_PRODUCTION, SERVICE_PRE_PRODUCTION, SERVICE_SIMULATOR };

/* [service NAME], read by tools/config.c. All strings are owned by whoever read the configuration;
 * NULL means not given. */
struct service_config {
	char *name;
	char *type;                   /* "cmd" */
	unsigned profile;             /* enum service_profile */
	char *endpoint;               /* https URL */
	char *ca_file;                /* PEM; NULL: the system's store */
	char *encryption_certificate; /* path, PEM or DER: who may read phone, PIN and code */
	char *credentials;            /* path of a 0600 file, see below */
	char *proxy;                  /* URL; NULL: the environment's */
	unsigned connect_timeout_ms;  /* default 5000 */
	unsigned transfer_timeout_ms; /* default 60000 */
	unsigned code_lifetime_s;     /* default 120 */
};

/* The credentials file: [credentials] application-id, user, password, [proxy-user, proxy-password].
 * Refused when group or others may read it. Secret: wiped with service_credentials_wipe(). */
struct service_credentials {
	char application_id[64];
	char user[128];
	char password[128];
	char proxy_user[128];
	char proxy_password[128];
};

/* The card's `account` file: [account] phone = +351 9XXXXXXXX. Same rules. */
struct service_account {
	char phone[32];
};

/* One use of a service. Everything is borrowed. */
struct service_use {
	const struct service_config *config;
	const struct prompt_config *prompt;
	const struct peer *peer; /* who asked; its hanging up ends the use */
	const struct bridge_request *request;
};

enum {
	SERVICE_DETAIL_MAX = 384,
	SERVICE_CODE_MAX = 16,
	SERVICE_PROCESS_MAX = 64,
	SERVICE_SIGNATURE_MAX = 1024,
	SERVICE_CHAIN_MAX = 24576, /* with the texts it fits a BRIDGE_RESULT */
};

struct service_result {
	enum outcome outcome;
	char detail[SERVICE_DETAIL_MAX]; /* what in particular; no secrets */
	char code[SERVICE_CODE_MAX];     /* the service's own */
	char process_id[SERVICE_PROCESS_MAX];
	uint8_t signature[SERVICE_SIGNATURE_MAX];
	size_t signature_len;
	uint8_t chain[SERVICE_CHAIN_MAX]; /* DER, leaf first */
	size_t chain_len;
};

/* A kind of service. Each function fills in `result`, which it gets zeroed (OUTCOME_OK). */
struct service_maker {
	const char *type;
	/* The account's certificates; costs the owner nothing. */
	void (*enrol)(const struct service_use *use, struct service_result *result);
	/* Consent, BRIDGE_START and GO, one start call, code, verified signature. */
	void (*sign)(const struct service_use *use, struct service_result *result);
	/* Whether the service answers and knows the account; costs the owner nothing. */
	void (*check)(const struct service_use *use, struct service_result *result);
};

/* NULL: no such type. `service_types` is for error texts: "cmd". */
const struct service_maker *service_maker(const char *type);
extern const char service_types[];

/* Does what the request asks, shows the user what must be shown, and writes the BRIDGE_RESULT.
 * False: the parent is gone, or there is no room; nothing is to be sent. */
bool service_run(const struct service_use *use, struct writer *message) MUST_USE;
/* A BRIDGE_RESULT for what failed before there was a service. */
bool service_refuse(enum outcome outcome, const char *detail, struct writer *message) MUST_USE;

#endif
