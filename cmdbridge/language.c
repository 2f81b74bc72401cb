#include "language.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Always there, and one in which gettext looks for translations. */
#define PLAIN_LOCALE "C.UTF-8"

static const char *
of_environment(void)
{
	static const char *const names[] = {"LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value != NULL && value[0] != '\0')
			return value;
	}
	return "C";
}

/* pt_PT.UTF-8@euro is pt_PT to gettext's LANGUAGE, which may be a list with colons. */
static void
choose(const char *from)
{
	char language[64];

	(void)snprintf(language, sizeof(language), "%.*s", (int)strcspn(from, ".@"), from);
	if (strcmp(language, "C") == 0 || strcmp(language, "POSIX") == 0)
		(void)unsetenv("LANGUAGE");
	else
		(void)setenv("LANGUAGE", language, 1);
}

void
language_set(const char *language, const char *directory)
{
	choose(language != NULL ? language : of_environment());
	/* pinentry and whatever else is started from here takes the environment's, too. */
	if (setlocale(LC_ALL, "") == NULL ||
	    (getenv("LANGUAGE") != NULL && strcmp(setlocale(LC_CTYPE, NULL), "C") == 0)) {
		(void)setenv("LC_ALL", PLAIN_LOCALE, 1);
		(void)setlocale(LC_ALL, "");
	}
	if (strcmp(setlocale(LC_MESSAGES, NULL), "C") == 0)
		(void)setlocale(LC_MESSAGES, PLAIN_LOCALE);
	/* Numbers in protocols stay as they are. */
	(void)setlocale(LC_NUMERIC, "C");
	if (directory != NULL) {
		(void)bindtextdomain(LANGUAGE_DOMAIN, directory);
		(void)bind_textdomain_codeset(LANGUAGE_DOMAIN, "UTF-8");
	}
}
