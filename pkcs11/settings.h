/*
 * Section [pkcs11] of vicar.conf(5): which slots a program sees, and how long a PIN is kept.
 * /etc/vicar/vicar.conf, then $XDG_CONFIG_HOME/vicar/vicar.conf; VICAR_CONF replaces both. Other
 * sections are their readers' business; tools/config.c judges them and asks settings_put() about
 * this one.
 */
#ifndef VICAR_PKCS11_SETTINGS_H
#define VICAR_PKCS11_SETTINGS_H

#include "iso7816/bytes.h"

enum { SETTINGS_TEXT_MAX = 600, SETTINGS_ERROR_MAX = 512 };

/* Lists are globs, fnmatch(3), separated by commas; upper and lower case are the same. */
struct settings {
	char exclude_readers[SETTINGS_TEXT_MAX];
	char accept_labels[SETTINGS_TEXT_MAX];
	/* Programs, by the name of their executable: */
	char no_slots_for[SETTINGS_TEXT_MAX];
	char no_signature_slot_for[SETTINGS_TEXT_MAX];
	char no_always_authenticate_for[SETTINGS_TEXT_MAX];
	bool pin_cache;
	unsigned pin_cache_lifetime_s; /* 0: until the card goes or the program logs out */
	bool drop_authentication;
	bool file_cache;
};

/* Each key has a number below SETTINGS_KEYS. */
enum { SETTINGS_KEYS = 16, SETTINGS_NO_KEY = -1 };
int settings_key(const char *name);

void settings_default(struct settings *settings);
/* Sets one key. False: `*allowed` says what may be there, NULL for an unknown key. */
bool settings_put(struct settings *settings, const char *key, const char *value,
		  const char **allowed) MUST_USE;
/* The keys, for an error text: "exclude-readers, accept-labels, ...". */
void settings_keys(char *text, size_t room);

/* False: `error` says file, line and reason; the settings are not to be used. */
bool settings_load(struct settings *settings, char error[SETTINGS_ERROR_MAX]) MUST_USE;

bool settings_match(const char *globs, const char *text);

#endif
