/*
 * `prompt = command` of vicar.conf(5): a program answers in the person's place. It is executed for each
 * question, without a shell. The question is on its standard input:
 *
 *   question: NAME          consent, pin, code, new-code, notice
 *   answer: yes|secret|none
 *   timeout-s: SECONDS
 *   title: TEXT
 *   error: TEXT             what was wrong with the last answer; only when something was
 *   (an empty line)
 *   DESCRIPTION             in the person's language, to the end
 *
 * To agree it writes `yes` to file descriptor 3; a secret goes to file descriptor 4. Only the one that is
 * wanted is open; one line feed at the end does not count. It counts when the program then ends with exit
 * code 0: everything else is a cancel.
 */
#ifndef VICAR_CMDBRIDGE_PROMPT_COMMAND_H
#define VICAR_CMDBRIDGE_PROMPT_COMMAND_H

#include "prompt.h"

enum prompt_answer { PROMPT_ANSWER_NONE, PROMPT_ANSWER_YES, PROMPT_ANSWER_SECRET };

/* `secret` (PROMPT_SECRET_SIZE) is for PROMPT_ANSWER_SECRET. */
enum prompt_result prompt_command(const struct prompt_config *config, const struct peer *peer,
				  const struct prompt *prompt, unsigned timeout_s,
				  enum prompt_answer answer, char *secret,
				  char error[PROMPT_ERROR_MAX]) MUST_USE;

#endif
