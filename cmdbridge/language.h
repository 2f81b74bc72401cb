/*
 * The language of what a person is shown: gettext's messages of the domain `vicar` (po/). What stands
 * in journal and log is English, and is not looked up.
 */
#ifndef VICAR_CMDBRIDGE_LANGUAGE_H
#define VICAR_CMDBRIDGE_LANGUAGE_H

#include <libintl.h>

#define LANGUAGE_DOMAIN "vicar"

/* Marks a text in a table, which tr() looks up when it is shown. */
#define tr_later(text) text

__attribute__((format_arg(1))) static inline const char *
tr(const char *text)
{
	/* The translation of nothing is the catalogue's heading. */
	return text[0] != '\0' ? dgettext(LANGUAGE_DOMAIN, text) : text;
}

__attribute__((format_arg(1), format_arg(2))) static inline const char *
tr_count(const char *one, const char *many, unsigned long count)
{
	return dngettext(LANGUAGE_DOMAIN, one, many, count);
}

/* Once, before the first thread: `language` is "pt", "fi" ...; NULL: as LANGUAGE, LC_ALL, LC_MESSAGES or
 * LANG say. Works without that locale's being installed. `directory` holds LANGUAGE/LC_MESSAGES/vicar.mo;
 * NULL: there is none, and all is English. */
void language_set(const char *language, const char *directory);

#endif
