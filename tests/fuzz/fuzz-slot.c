/*
 * A slot of the reader, between a pcscd and a card that both do as the input says. The first byte is how
 * the card speaks, link.h or vsmartcard's protocol; then each message is an act of one of them, by its
 * first byte. While the slot waits for the card's answer, the messages that follow are what the card
 * says, as they are; when there are no more it says nothing.
 */
#include "fuzz.h"

#include "ifdhandler/clock.h"
#include "ifdhandler/log.h"
#include "ifdhandler/slot.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum act { SAYS, GOES, COMES, ASKED, POWERED, TRANSMITTED, PIN, PROTOCOL, POLLED, ACTS };

static struct {
	struct reader input;
	int card; /* its end; -1: there is none */
	bool stream;
	struct slot slot;
} world;

/* What the linker calls for poll(). */
int fuzz_poll(struct pollfd *polled, nfds_t count, int milliseconds);

void
log_line(enum log_level level, const char *format, ...)
{
	(void)level;
	fuzz_must(format != NULL);
}

static void
say(struct bytes words)
{
	uint8_t heard[4096];

	if (world.card < 0)
		return;
	while (recv(world.card, heard, sizeof(heard), MSG_DONTWAIT) > 0)
		;
	(void)!send(world.card, words.data, words.len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int
fuzz_poll(struct pollfd *polled, nfds_t count, int milliseconds)
{
	struct bytes words;

	if (milliseconds != 0 && fuzz_message(&world.input, &words))
		say(words);
	return ppoll(polled, count, &(struct timespec){0, 0}, NULL);
}

static void
come(void)
{
	int ends[2];

	if (slot_attend(&world.slot, 0) != SLOT_EMPTY)
		return;
	if (world.card >= 0)
		close(world.card);
	fuzz_must(socketpair(AF_UNIX, (world.stream ? SOCK_STREAM : SOCK_SEQPACKET) | SOCK_NONBLOCK,
			     0, ends) == 0);
	world.card = ends[1];
	slot_greet(&world.slot, ends[0], world.stream ? &vpcd_wire : &message_wire, CLOCK_NEVER);
}

static void
transmit(uint8_t how, struct bytes capdu)
{
	static const size_t rooms[] = {0, 1, 2, 3, 64, 258, 264, LINK_RAPDU_MAX};
	const size_t room = rooms[how % 8];
	size_t len = room;
	/* So that AddressSanitizer sees the byte behind it. */
	uint8_t *rapdu = malloc(room + (room == 0));
	const enum slot_result r =
	    slot_transmit(&world.slot, how >> 3 & 1, capdu.data, capdu.len, rapdu, &len);

	fuzz_must(r == SLOT_OK ? len >= 2 && len <= room : len == 0);
	free(rapdu);
}

static void
use_pin_pad(uint8_t how, struct bytes structure)
{
	const bool modify = (how & 1) != 0;
	const size_t header = modify ? LINK_PIN_MODIFY_HEADER : LINK_PIN_VERIFY_HEADER;
	uint8_t sw[LINK_PIN_ANSWER];

	/* The slot's callers have looked at this. */
	if (structure.len < header + LINK_PIN_COMMAND_MIN ||
	    structure.len > header + LINK_PIN_COMMAND_MAX)
		return;
	(void)!slot_pin(&world.slot, modify ? LINK_PIN_MODIFY : LINK_PIN_VERIFY, structure.data,
			structure.len, sw);
}

static void
ask(void)
{
	struct slot_status status;
	struct pollfd wait;

	(void)slot_presence(&world.slot);
	(void)slot_news(&world.slot);
	(void)slot_wait(&world.slot, &wait);
	slot_status(&world.slot, &status);
	fuzz_must(status.atr_len <= sizeof(status.atr) && (!status.powered || status.present));
}

static void
power(uint8_t how)
{
	static const enum link_kind kinds[] = {LINK_POWER_ON, LINK_RESET, LINK_POWER_OFF};
	uint8_t atr[LINK_ATR_MAX];
	size_t len;
	const enum slot_result r = slot_power(&world.slot, kinds[how % 3], atr, &len);

	fuzz_must(r == SLOT_OK ? len <= sizeof(atr) : len == 0);
}

static void
act(struct bytes message)
{
	struct reader rest = reader_of(message);
	uint8_t what, how = 0;

	if (!reader_u8(&rest, &what))
		return;
	switch ((enum act)(what % ACTS)) {
	case SAYS: say(reader_rest(&rest)); break;
	case GOES:
		if (world.card >= 0)
			close(world.card);
		world.card = -1;
		break;
	case COMES: come(); break;
	case ASKED: ask(); break;
	case POWERED:
		(void)!reader_u8(&rest, &how);
		power(how);
		break;
	case TRANSMITTED:
		(void)!reader_u8(&rest, &how);
		transmit(how, reader_rest(&rest));
		break;
	case PIN:
		(void)!reader_u8(&rest, &how);
		use_pin_pad(how, reader_rest(&rest));
		break;
	case PROTOCOL: slot_set_protocol(&world.slot, rest.left & 1); break;
	case POLLED: slot_poller(&world.slot); break;
	case ACTS: break;
	}
	(void)slot_attend(&world.slot, 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes message;
	uint8_t how;

	world.input = reader_of((struct bytes){data, size});
	if (!reader_u8(&world.input, &how))
		return 0;
	world.stream = (how & 1) != 0;
	world.card = -1;
	fuzz_must(slot_init(&world.slot, 1000));
	come();
	while (fuzz_message(&world.input, &message))
		act(message);
	slot_done(&world.slot);
	if (world.card >= 0)
		close(world.card);
	return 0;
}
