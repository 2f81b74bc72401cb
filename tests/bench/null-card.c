/*
 * The least that a card can do: null-card DIRECTORY NAME ANSWERS listens in a reader's directory, speaks
 * the link, and answers at once, as answers.h says.
 */
#include "tests/bench/answers.h"
#include "tests/bench/link-listen.h"

static size_t
reply(const struct answers *answers, const uint8_t *message, size_t length, uint8_t *out)
{
	switch (message[0]) {
	case LINK_POWER_ON:
	case LINK_RESET:
		out[0] = LINK_POWERED;
		memcpy(out + 1, ANSWERS_ATR, sizeof ANSWERS_ATR);
		return 1 + sizeof ANSWERS_ATR;
	case LINK_POWER_OFF: out[0] = LINK_DONE; return 1;
	case LINK_TRANSMIT:
		out[0] = LINK_RESPONSE;
		return 1 + answers_give(answers, message + 2, length - 2, out + 1);
	default: return 0;
	}
}

static void
serve(int link, const struct answers *answers)
{
	static uint8_t in[LINK_MESSAGE_MAX], out[LINK_MESSAGE_MAX];
	size_t length = 2 + sizeof ANSWERS_ATR;
	ssize_t got;

	out[0] = LINK_HELLO;
	out[1] = LINK_VERSION;
	memcpy(out + 2, ANSWERS_ATR, sizeof ANSWERS_ATR);
	while (length > 0 && send(link, out, length, MSG_NOSIGNAL) == (ssize_t)length &&
	       (got = recv(link, in, sizeof in, 0)) > 0)
		length = reply(answers, in, (size_t)got, out);
	close(link);
}

int
main(int argc, char **argv)
{
	struct answers answers;
	int listener, link;

	if (argc != 4 || !answers_parse(argv[3], &answers)) {
		fprintf(stderr, "usage: null-card DIRECTORY NAME INS=LENGTH:...\n");
		return 2;
	}
	listener = link_listen(argv[1], argv[2]);
	while ((link = accept(listener, NULL, NULL)) >= 0)
		serve(link, &answers);
	return 1;
}
