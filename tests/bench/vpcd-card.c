/*
 * The least that a card behind vsmartcard's protocol can do: vpcd-card PORT ANSWERS calls the reader on this
 * machine, and answers at once, each message with one send, as answers.h says.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>

#include "tests/bench/answers.h"

enum { HEADER = 2, BODY_MAX = 65535, CONTROL_ATR = 4 };

/* A body of one byte is a control byte; only the one that asks for the ATR has an answer. */
static bool
reply(int link, const struct answers *answers, const uint8_t *body, size_t length)
{
	static uint8_t out[HEADER + ANSWER_MAX];
	size_t out_len = 0;

	if (length > 1) {
		out_len = answers_give(answers, body, length, out + HEADER);
	} else if (length == 1 && body[0] == CONTROL_ATR) {
		out_len = sizeof ANSWERS_ATR;
		memcpy(out + HEADER, ANSWERS_ATR, out_len);
	} else {
		return length == 1;
	}
	if (out_len > BODY_MAX)
		return false;
	out[0] = (uint8_t)(out_len >> 8);
	out[1] = (uint8_t)out_len;
	return send(link, out, HEADER + out_len, MSG_NOSIGNAL) == (ssize_t)(HEADER + out_len);
}

static void
serve(int link, const struct answers *answers)
{
	static uint8_t in[HEADER + BODY_MAX];
	size_t have = 0, whole;
	ssize_t got;

	while ((got = recv(link, in + have, sizeof in - have, 0)) > 0) {
		have += (size_t)got;
		while (have >= HEADER && have >= (whole = HEADER + ((size_t)in[0] << 8 | in[1]))) {
			if (!reply(link, answers, in + HEADER, whole - HEADER))
				return;
			have -= whole;
			memmove(in, in + whole, have);
		}
	}
}

int
main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	const int link = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
	struct answers answers;

	if (argc != 3 || !answers_parse(argv[2], &answers)) {
		fprintf(stderr, "usage: vpcd-card PORT INS=LENGTH:...\n");
		return 2;
	}
	address.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	if (connect(link, (struct sockaddr *)&address, sizeof address) != 0 ||
	    setsockopt(link, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) != 0) {
		perror(argv[1]);
		return 1;
	}
	serve(link, &answers);
	return 1;
}
