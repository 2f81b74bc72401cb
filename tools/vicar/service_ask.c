#include "service_ask.h"

#include "account.h"
#include "tools/paths.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct bytes
text_bytes(const char *text)
{
	return text == NULL ? BYTES_NONE : (struct bytes){(const uint8_t *)text, strlen(text)};
}

/* pinentry asks where GPG_TTY says. */
static void
show_terminal(void)
{
	const char *terminal = ttyname(STDIN_FILENO);

	if (terminal != NULL)
		(void)setenv("GPG_TTY", terminal, 0);
}

bool
service_ask(const struct service_question *question, struct bridge_answer *answer,
	    struct problem *error)
{
	const struct service_config *service = question->service;
	struct bridge_request request = {
	    .operation = question->operation,
	    .service = text_bytes(service->name),
	    .account = text_bytes(question->account_file),
	    .credential = text_bytes(question->credential),
	    .card = text_bytes(question->card),
	    .key = text_bytes(question->role),
	    .pin = text_bytes(question->pin),
	};
	const char *bridge = question->bridge;
	char path[PATH_MAX];
	int account = -1;
	bool ok;

	if (bridge == NULL && !paths_program("vicar-bridge", path, error))
		return false;
	/* The bridge reads the account from a file; there is none on disk before there is a card. */
	if (question->account != NULL) {
		account = account_in_memory(question->account, error);
		if (account < 0)
			return false;
		request.account = BYTES_TEXT(BRIDGE_CLIENT_ACCOUNT);
	}
	show_terminal();
	ok = bridge_client_ask(bridge == NULL ? path : bridge, &request, account,
			       bridge_client_timeout_ms(service), answer, error);
	if (account >= 0)
		close(account);
	return ok;
}
