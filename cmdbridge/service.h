/*
 * Makers of signatures: what a remote service must be able to do.
 *
 * A service is configured by [service NAME] of vicar.conf (vicar.conf(5)); its `type` picks the
 * maker. Adding a service is one `struct service_kind`, what it is, with a line in service_kind.c, and one
 * `struct service_maker`, what it does, with a line in service.c.
 */
#ifndef VICAR_CMDBRIDGE_SERVICE_H
#define VICAR_CMDBRIDGE_SERVICE_H

#include "bridge.h"
#include "outcome.h"

struct peer;
struct prompt_config;

/* What the service is to whoever relies on its signatures; said in prompts unless production. In the
 * order of the words in vicar.conf. */
enum service_profile { SERVICE_PRODUCTION, SERVICE_PRE_PRODUCTION, SERVICE_SIMULATOR };

enum { SERVICE_OPTIONS_MAX = 32 };

/* A key of [service NAME] that only one type has. */
enum service_option_kind {
	SERVICE_OPTION_TEXT,   /* not empty */
	SERVICE_OPTION_PATH,   /* begins with / or ~/; expanded */
	SERVICE_OPTION_NUMBER, /* from `least` to `most` */
	SERVICE_OPTION_WORD,   /* one of `words` */
	SERVICE_OPTION_WORDS,  /* several of `words`, with blanks between */
};

struct service_option {
	const char *name; /* NULL: the end of the list */
	enum service_option_kind kind;
	const char *fallback; /* value when it is not given; NULL: none */
	const char *words;    /* of the two kinds: "pin otp both"; SERVICE_OPTION_TEXT and
				    SERVICE_OPTION_PATH: what is allowed, in words */
	unsigned least, most;
	bool required;
};

/* [service NAME], read by tools/config.c. All strings are owned by whoever read the configuration;
 * NULL means not given. */
struct service_config {
	char *name;
	char *place;                        /* where it begins, "FILE:LINE" */
	char *type;                         /* "cmd" */
	unsigned profile;                   /* enum service_profile */
	char *endpoint;                     /* https URL */
	char *ca_file;                      /* PEM; NULL: the system's store */
	char *encryption_certificate;       /* path, PEM or DER: who may read phone, PIN and code */
	char *credentials;                  /* path of a 0600 file, see below */
	char *proxy;                        /* URL; NULL: the environment's */
	unsigned connect_timeout_ms;        /* default 5000 */
	unsigned transfer_timeout_ms;       /* default 60000 */
	unsigned code_lifetime_s;           /* default 120 */
	char *options[SERVICE_OPTIONS_MAX]; /* of the maker, at the place that its table gives each;
					       well formed */
};

/* As in vicar.conf: "pre-production". */
const char *service_profile_name(unsigned profile);
/* The value of an option that is SERVICE_OPTION_NUMBER. */
unsigned service_number(const struct service_config *config, size_t option);
/* An option that is SERVICE_OPTION_WORD or SERVICE_OPTION_WORDS has this word. */
bool service_says(const struct service_config *config, size_t option, const char *word);

/* The credentials file: [credentials] with what the maker's `secrets` say, [profile, proxy-user,
 * proxy-password].
 * Refused when group or others may read it. Secret: wiped with service_credentials_wipe(). */
struct service_credentials {
	char profile[16]; /* what they are for, as in vicar.conf; "": not said */
	char application_id[64];
	char user[128];
	char password[128];
	char client_id[128];
	char client_secret[128];
	char proxy_user[128];
	char proxy_password[128];
};

/* Keys of the credentials file. */
enum service_secret {
	SERVICE_SECRET_APPLICATION_ID = 1 << 0,
	SERVICE_SECRET_USER = 1 << 1,
	SERVICE_SECRET_PASSWORD = 1 << 2,
	SERVICE_SECRET_CLIENT_ID = 1 << 3,
	SERVICE_SECRET_CLIENT_SECRET = 1 << 4,
};

/* The card's `account` file: [account] phone = +351 9XXXXXXXX, or user = NAME. Same rules. */
struct service_account {
	char phone[32];
	char user[128];
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
	SERVICE_ROOM = 120 * 1024, /* with the texts it fits a BRIDGE_RESULT */
};

struct service_result {
	enum outcome outcome;
	char detail[SERVICE_DETAIL_MAX]; /* what in particular; no secrets */
	char code[SERVICE_CODE_MAX];     /* the service's own */
	char process_id[SERVICE_PROCESS_MAX];
	struct bytes outputs[BRIDGE_DOCUMENTS_MAX]; /* signing: one for each document */
	size_t outputs_count;
	struct bytes chain; /* enrolling: DER, leaf first */
	struct bridge_credential credentials[BRIDGE_CREDENTIALS_MAX]; /* enrolling: the one taken */
	size_t credentials_count;
	struct bytes pin;
	bool pin_doubtful;          /* bridge.h; of a failure */
	uint8_t room[SERVICE_ROOM]; /* what the views above look at, put there by service_keep() */
	size_t room_used;
};

/* Copies bytes into the result's room, for a view there. False: there is no more room. */
bool service_keep(struct service_result *result, struct bytes bytes, struct bytes *kept) MUST_USE;
/* The same as the next of `outputs`, or of `credentials`. */
bool service_keep_output(struct service_result *result, struct bytes output) MUST_USE;
bool service_keep_credential(struct service_result *result,
			     const struct bridge_credential *credential) MUST_USE;

/* What keys of a maker, or one of its keys, can do: 1 << a keyfile_operation, and: */
enum service_ability {
	SERVICE_SIGN_PKCS1 = 1 << KEYFILE_SIGN_PKCS1,
	SERVICE_SIGN_PSS = 1 << KEYFILE_SIGN_PSS,
	SERVICE_SIGN_ECDSA = 1 << KEYFILE_SIGN_ECDSA,
	SERVICE_DECIPHER_PKCS1 = 1 << KEYFILE_DECIPHER_PKCS1,
	SERVICE_DECIPHER_RAW = 1 << KEYFILE_DECIPHER_RAW,
	SERVICE_DECIPHER_OAEP = 1 << KEYFILE_DECIPHER_OAEP,
	SERVICE_DERIVE_ECDH = 1 << KEYFILE_DERIVE_ECDH,
	SERVICE_SIGNS_MANY = 1 << KEYFILE_OPERATIONS, /* documents with one PIN and one code */
};

/* What is in the card's account file. */
enum service_account_kind { SERVICE_ACCOUNT_NONE, SERVICE_ACCOUNT_PHONE, SERVICE_ACCOUNT_USER };

/* A code of the service's own, and what became of the use when it is given. Exact codes come before
 * patterns. */
struct service_status {
	const char *code; /* a ? stands for any digit: "5??" */
	enum outcome outcome;
};

/* What is known of a kind of service without any of its code: vicard, which holds neither HTTP nor XML,
 * has the list of these alone. */
struct service_kind {
	const char *type;
	unsigned abilities; /* enum service_ability: the most that one of its keys can do */
	enum service_account_kind account;
	unsigned secrets;        /* enum service_secret: what may stand in the credentials file */
	unsigned secrets_needed; /* ... and must */
	bool proves;             /* enrols with a PIN, as proof */
	bool needs_endpoint;     /* `endpoint` of vicar.conf must be given */
	const struct service_option *options; /* NULL: no keys of its own in vicar.conf */
};

/* NULL: no such type. `service_types` is for error texts: "cmd". */
const struct service_kind *service_kind(const char *type);
extern const char service_types[];

/* What a kind of service does. Each function fills in `result`, which it gets zeroed (OUTCOME_OK);
 * NULL: it cannot do that. */
struct service_maker {
	const struct service_kind *kind;
	const struct service_status *statuses; /* ends with a NULL code; NULL: none */
	/* Fills in what is not given and has a default, and refuses what does not go together: then
	 * `error` says what is wrong with the service and what to do. `share` is the directory of what
	 * is installed with Vicar, or NULL. NULL: there is nothing to do. */
	bool (*settle)(struct service_config *config, const char *share,
		       char error[SERVICE_DETAIL_MAX]);
	/* The certificates of the request's credential, and what it can do; with a PIN the service's
	 * proof that it is the owner's: BRIDGE_START and GO come before that call. */
	void (*enrol)(const struct service_use *use, struct service_result *result);
	/* The account's keys. */
	void (*list)(const struct service_use *use, struct service_result *result);
	/* Consent, BRIDGE_START and GO, one start call, code, one verified output for each document. */
	void (*sign)(const struct service_use *use, struct service_result *result);
	/* Whether the service answers and knows the account; costs the owner nothing. */
	void (*check)(const struct service_use *use, struct service_result *result);
	/* Removes what this computer keeps of an account besides its card; no service is asked. NULL:
	 * nothing is kept. */
	void (*forget)(const struct service_config *config, const struct service_account *account);
};

/* What the service's code means; OUTCOME_OTHER_CODE for one that is not in the table. */
enum outcome service_outcome(const struct service_maker *maker, const char *code);

const struct service_maker *service_maker(const char *type); /* NULL: no such type */

/* Does what the request asks, shows the user what must be shown, and writes the BRIDGE_RESULT.
 * False: the parent is gone, or there is no room; nothing is to be sent. */
bool service_run(const struct service_use *use, struct writer *message) MUST_USE;
/* A BRIDGE_RESULT for what failed before there was a service. */
bool service_refuse(enum outcome outcome, const char *detail, struct writer *message) MUST_USE;

#endif
