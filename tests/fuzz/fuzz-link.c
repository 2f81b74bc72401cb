/*
 * The link, both ends. To the card: the input is what a reader sends, message by message, to a card that
 * does what it is told. To the reader: each message is held against what link.h lists.
 */
#include "fuzz.h"

#include "cards.h"

#include "emulator/endpoint.h"
#include "ifdhandler/message.h"
#include "iso7816/sw.h"

#include <openssl/err.h>
#include <sys/socket.h>

static struct endpoint endpoint;
static struct made_card made;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	made_card_make(&made, "fineid-v3 key=auth,rsa2048 key=sign,rsa2048");
	return 0;
}

/* Keys do nothing, so that a command ends at once. */
static struct bytes
answer_of_card(const struct endpoint_request *request)
{
	static uint8_t room[RAPDU_LEN_MAX];
	struct writer response = writer_to(room, sizeof(room));
	enum card_result result;

	card_set_protocol(made.card, request->protocol);
	result = card_transmit(made.card, request->capdu, &response);
	while (result == CARD_PENDING) {
		const struct key_result refused = {.sw = SW_AUTHENTICATION};

		result = card_resume(made.card, &refused, &response);
	}
	fuzz_must(writer_ok(&response) && response.len >= 2);
	return writer_bytes(&response);
}

static void
to_card(struct reader input)
{
	static const uint8_t atr[] = {0x3B, 0x80, 0x01, 0x81}, answer[] = {0x90, 0x00};
	struct endpoint_request request;
	struct bytes message;
	const char *why;
	int ends[2];

	fuzz_must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends) == 0);
	endpoint_init(&endpoint, ends[0]);
	fuzz_must(endpoint_hello(&endpoint, BYTES(atr)));
	while (fuzz_message(&input, &message)) {
		(void)!send(ends[1], message.data, message.len, MSG_NOSIGNAL);
		switch (endpoint_receive(&endpoint, &request, &why)) {
		case ENDPOINT_REQUEST:
			if (request.kind == LINK_TRANSMIT) {
				fuzz_must(request.capdu.len <= LINK_CAPDU_MAX);
				(void)!endpoint_response(&endpoint, answer_of_card(&request));
			} else if (request.kind == LINK_PIN_VERIFY ||
				   request.kind == LINK_PIN_MODIFY) {
				fuzz_must(request.structure.len <=
					  LINK_PIN_MODIFY_HEADER + LINK_PIN_COMMAND_MAX);
				fuzz_must(!endpoint_response(&endpoint, BYTES(atr)));
				fuzz_must(endpoint_response(&endpoint, BYTES(answer)));
			} else if (request.kind == LINK_POWER_OFF) {
				fuzz_must(endpoint_done(&endpoint));
			} else {
				card_reset(made.card);
				fuzz_must(endpoint_powered(&endpoint, card_atr(made.card)));
			}
			break;
		case ENDPOINT_NOTHING: break;
		case ENDPOINT_FULL:
		case ENDPOINT_CLOSED:
		case ENDPOINT_BROKEN: goto out;
		}
		endpoint_wipe(&endpoint);
		while (recv(ends[1], (uint8_t[16]){0}, 16, MSG_DONTWAIT) > 0)
			;
	}
out:
	close(ends[0]);
	close(ends[1]);
}

static void
to_reader(struct reader input)
{
	static uint8_t answer[LINK_MESSAGE_MAX];
	uint8_t atr[LINK_ATR_MAX];
	size_t len;
	struct bytes message;
	int ends[2];

	fuzz_must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0);
	while (fuzz_message(&input, &message)) {
		const struct request request = {.kind = LINK_POWER_ON};
		const struct patience patience = {1, 1};

		(void)!send(ends[1], message.data, message.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (message.len % 2 == 0) {
			(void)message_hello(ends[0], atr, &len);
			continue;
		}
		if (message_exchange(ends[0], &request, &patience, answer, sizeof(answer), &len) ==
		    MESSAGE_OK)
			fuzz_must(len <= sizeof(answer));
		break;
	}
	close(ends[0]);
	close(ends[1]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct reader input = reader_of((struct bytes){data, size});

	to_card(input);
	made_card_restore(&made);
	to_reader(input);
	ERR_clear_error();
	return 0;
}
