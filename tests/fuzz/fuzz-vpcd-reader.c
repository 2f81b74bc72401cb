/*
 * The reader's end of vsmartcard's protocol. The frames alone, in pieces of any length, into a body of any
 * room; then a greeting and an exchange with a card that says the input.
 */
#include "fuzz.h"

#include "ifdhandler/vpcd.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void
frames(struct reader input)
{
	struct vpcd_frame frame = {.have = 0};
	struct bytes piece;
	uint8_t room, *at;
	size_t wanted;

	if (!reader_u8(&input, &room))
		return;
	/* So small that AddressSanitizer sees the byte behind it. */
	frame.room = room;
	frame.body = malloc(frame.room);
	while (fuzz_message(&input, &piece)) {
		while (piece.len > 0 && vpcd_step(&frame, &at, &wanted) == VPCD_MORE) {
			const size_t n = piece.len < wanted ? piece.len : wanted;

			fuzz_must(wanted > 0);
			memcpy(at, piece.data, n);
			frame.have += n;
			piece = (struct bytes){piece.data + n, piece.len - n};
		}
		if (vpcd_step(&frame, &at, &wanted) != VPCD_MORE) {
			fuzz_must(vpcd_length(&frame) > frame.room ||
				  frame.have == VPCD_PREFIX + vpcd_length(&frame));
			frame.have = 0;
		}
	}
	free(frame.body);
}

static void
card(struct reader input)
{
	const struct request requests[] = {
	    {.kind = LINK_POWER_ON},
	    {.kind = LINK_TRANSMIT, .body = (const uint8_t *)"\x00\xA4\x00", .body_len = 4},
	    {.kind = LINK_RESET},
	};
	const struct patience patience = {1, 1};
	uint8_t atr[LINK_ATR_MAX], which;
	struct greeting greeting;
	struct bytes said;
	uint8_t *answer;
	size_t len, room;
	int ends[2];

	if (!reader_u8(&input, &which) || !fuzz_message(&input, &said))
		return;
	room = which % 3 == 1 ? 64 : LINK_ATR_MAX;
	answer = malloc(room);
	fuzz_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
	fuzz_must(vpcd_wire.begin(ends[0], &greeting));
	(void)!send(ends[1], said.data, said.len, MSG_NOSIGNAL);
	if (vpcd_wire.hello(ends[0], &greeting, atr, &len) == MESSAGE_OK)
		fuzz_must(len >= 2 && len <= sizeof(atr));
	if (fuzz_message(&input, &said))
		(void)!send(ends[1], said.data, said.len, MSG_NOSIGNAL);
	if (vpcd_wire.exchange(ends[0], &requests[which % 3], &patience, answer, room, &len) ==
	    MESSAGE_OK)
		fuzz_must(len >= 2 && len <= room);
	close(ends[0]);
	close(ends[1]);
	free(answer);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct reader input = reader_of((struct bytes){data, size});

	frames(input);
	card(input);
	return 0;
}
