/*
 * Questions to the person, through a pinentry program (Assuan protocol on its stdin and stdout), or to a
 * program that answers for the person.
 *
 * A pinentry lives for one question. It dies with the bridge, and at once when the parent hangs up;
 * if it has to be killed, the terminal gets back the state it had.
 */
#ifndef VICAR_CMDBRIDGE_PROMPT_H
#define VICAR_CMDBRIDGE_PROMPT_H

#include "peer.h"

/* A terminal that somebody has lent for prompts; strings are borrowed. */
struct prompt_terminal {
	const char *name; /* of its device */
	const char *type; /* TERM */
	int lease;        /* borrowed; when it is hung up the terminal is taken back */
};

/* [prompt] of vicar.conf; everything is borrowed. */
struct prompt_config {
	const char *pinentry; /* program, looked up in PATH when without a slash */
	unsigned timeout_s;   /* for each question */
	/* A program with its arguments, which answers in the person's place (vicar.conf(5)); NULL:
	 * pinentry asks */
	const char *command;
	const struct prompt_terminal *terminal; /* NULL: GPG_TTY, or our own */
	bool notify;                            /* tell the desktop what became of a use */
};

/* All text is UTF-8; foreign parts have gone through text_printable(). Labels mark their key with an
 * underscore. NULL leaves pinentry's own. */
struct prompt {
	const char
	    *name; /* for programs that answer: "consent", "code" ...; the same in every language */
	const char *title;
	const char *description;
	const char *prompt; /* before the field of prompt_secret() */
	const char *error;  /* a line that says what was wrong with the last answer */
	const char *ok;
	const char *cancel;
	unsigned timeout_s; /* 0: the configured one; the shorter of both counts */
};

enum prompt_result {
	PROMPT_OK,
	PROMPT_CANCELLED, /* or "no" */
	PROMPT_TIMED_OUT,
	PROMPT_IMPOSSIBLE, /* no such program, no terminal and no display, broken pinentry */
	PROMPT_GONE,       /* the parent hung up */
};

enum { PROMPT_SECRET_SIZE = 64, PROMPT_ERROR_MAX = 256 };

/* Yes or no. `error` is one phrase when PROMPT_IMPOSSIBLE. */
enum prompt_result prompt_confirm(const struct prompt_config *config, const struct peer *peer,
				  const struct prompt *prompt,
				  char error[PROMPT_ERROR_MAX]) MUST_USE;
/* Something that must be seen; ends when it was acknowledged, or after the time. */
enum prompt_result prompt_message(const struct prompt_config *config, const struct peer *peer,
				  const struct prompt *prompt,
				  char error[PROMPT_ERROR_MAX]) MUST_USE;
/* A secret of less than PROMPT_SECRET_SIZE bytes, possibly empty; the caller wipes it. */
enum prompt_result prompt_secret(const struct prompt_config *config, const struct peer *peer,
				 const struct prompt *prompt, char secret[PROMPT_SECRET_SIZE],
				 char error[PROMPT_ERROR_MAX]) MUST_USE;

#endif
