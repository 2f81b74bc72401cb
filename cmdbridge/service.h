/*
 * Makers of signatures: what a remote service, or a key file, must be able to do.
 *
 * A service is configured by [service NAME] of vicar.conf (vicar.conf(5)); its `type` picks the
 * maker. Adding a service is one file with one `struct service_maker`.
 */
#ifndef VICAR_CMDBRIDGE_SERVICE_H
#define VICAR_CMDBRIDGE_SERVICE_H

#include "iso7816/bytes.h"

/* [service NAME], read by tools/config.c. All strings are owned by whoever read the configuration;
 * NULL means not given. */
struct service_config {
	char *name;
	char *type;                   /* "cmd" */
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

#endif
