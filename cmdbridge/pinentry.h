/*
 * One pinentry process and the lines that go to and fro (Assuan, by libassuan), with a deadline and
 * an eye on the parent at every wait. SIGPIPE must be ignored.
 */
#ifndef VICAR_CMDBRIDGE_PINENTRY_H
#define VICAR_CMDBRIDGE_PINENTRY_H

#include "asker.h"

#include <assuan.h>
#include <termios.h>
#include <time.h>

struct pinentry {
	assuan_context_t assuan; /* owned; NULL until pinentry said hello */
	struct asker asker;
	int socket;      /* our end; libassuan's as soon as `assuan` is set */
	bool asking;     /* a command was given up before its answer came */
	const char *tty; /* borrowed: the configured one, or that of the environment; NULL: none */
	const char *tty_type; /* borrowed; TERM */
	struct termios modes; /* of the terminal, before */
};

/* Starts it and tells it where the terminal or display is. `seconds` from now is the deadline for
 * everything up to pinentry_close(), which is to be called whatever comes of this. */
enum prompt_result pinentry_open(struct pinentry *pinentry, const struct prompt_config *config,
				 const struct peer *peer, unsigned seconds,
				 char error[PROMPT_ERROR_MAX]) MUST_USE;

/* Sends a command and waits for OK or ERR. `argument` may be NULL; it is escaped, and cut where it
 * is too long for a line. `secret` (PROMPT_SECRET_SIZE) takes the data lines, unescaped; NULL: there
 * should be none. */
enum prompt_result pinentry_command(struct pinentry *pinentry, const char *command,
				    const char *argument, char *secret,
				    char error[PROMPT_ERROR_MAX]) MUST_USE;

/* To be asked before the question itself. False: it has said more than it was asked for. An answer too
 * many to what came before would be taken for the owner's consent. */
bool pinentry_is_quiet(const struct pinentry *pinentry) MUST_USE;

/* Ends the process, killing it when it does not go by itself. */
void pinentry_close(struct pinentry *pinentry);

#endif
