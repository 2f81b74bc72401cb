/*
 * The card engine with a personality that no card has: engine-card DIRECTORY NAME. Its READ BINARY gives as
 * many bytes as it is asked for, 65,536 at most: the files of real cards end at 32,768. The link is
 * emulator/endpoint.h, as in vicard.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/endpoint.h"
#include "emulator/personality.h"
#include "tests/bench/answers.h"
#include "tests/bench/link-listen.h"

static uint8_t content[APDU_NE_MAX];

static uint16_t
read_it(struct card *card, const struct capdu *command, struct writer *response)
{
	(void)card;
	writer_put(response, (struct bytes){content, command->ne});
	return SW_OK;
}

static bool
personalise(struct card *card, const struct image *image, struct image_error *error)
{
	(void)card;
	(void)image;
	(void)error;
	return true;
}

static const struct card_command COMMANDS[] = {{.ins = 0xB0, .cla_mask = 0xFF, .handler = read_it}};

static const char *const OPTIONS[] = {NULL};

static const struct personality PERSONALITY = {
    .name = "large",
    .atr = {ANSWERS_ATR, sizeof(ANSWERS_ATR)},
    .options = OPTIONS,
    .commands = COMMANDS,
    .commands_count = 1,
    .personalise = personalise,
};

static bool
answer(struct endpoint *endpoint, struct card *card, const struct endpoint_request *request)
{
	static uint8_t rapdu[RAPDU_LEN_MAX];
	struct writer response = writer_to(rapdu, sizeof(rapdu));

	switch (request->kind) {
	case LINK_POWER_ON:
	case LINK_RESET: card_reset(card); return endpoint_powered(endpoint, card_atr(card));
	case LINK_POWER_OFF: card_reset(card); return endpoint_done(endpoint);
	case LINK_TRANSMIT:
		card_set_protocol(card, request->protocol);
		if (card_transmit(card, request->capdu, &response) != CARD_DONE)
			return false;
		endpoint_wipe(endpoint);
		return endpoint_response(endpoint, writer_bytes(&response));
	default: return false;
	}
}

static void
serve(struct card *card, int link)
{
	static struct endpoint endpoint;
	struct endpoint_request request;
	const char *why;
	bool goes_on;

	endpoint_init(&endpoint, link);
	goes_on = endpoint_hello(&endpoint, card_atr(card));
	while (goes_on) {
		struct pollfd wait = {.fd = link, .events = POLLIN};

		(void)poll(&wait, 1, -1);
		switch (endpoint_receive(&endpoint, &request, &why)) {
		case ENDPOINT_NOTHING: break;
		case ENDPOINT_REQUEST: goes_on = answer(&endpoint, card, &request); break;
		default: goes_on = false; break;
		}
	}
	close(link);
}

int
main(int argc, char **argv)
{
	static struct image image = {.lock = -1};
	const struct card_host host = {.context = NULL};
	struct image_error error;
	struct card *card = card_new(&image, &PERSONALITY, &host, &error);
	int listener, link;

	if (argc != 3 || card == NULL) {
		fprintf(stderr, "usage: engine-card DIRECTORY NAME\n");
		return 2;
	}
	memset(content, 0xA5, sizeof(content));
	listener = link_listen(argv[1], argv[2]);
	while ((link = accept(listener, NULL, NULL)) >= 0)
		serve(card, link);
	card_free(card);
	return 1;
}
