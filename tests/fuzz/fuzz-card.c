/*
 * A whole card under a stream of commands, its state kept from one to the next: the first byte picks
 * the card, then each message is a command, or, when it is empty, a reset, or, when its class is FF, which
 * no command has, what else a driver does with a card (enum act). Keys answer with made-up blocks,
 * services as the command's last byte says.
 */
#include "fuzz.h"

#include "cards.h"

#include "emulator/pad.h"
#include "iso7816/sw.h"

#include <openssl/err.h>

static const char *const subjects[] = {
    "cc-v1 key=auth,rsa2048 key=sign,rsa2048",
    "cc-v1 key=sign,rsa3072,remote program-name",
    "cc-v2 key=auth,p256 key=sign,p256",
    "fineid-v2 key=auth key=sign",
    "fineid-v2 key=sign,remote",
    "fineid-v3 key=auth,rsa2048 key=sign,rsa2048 key=sign2,p256",
    "fineid-v3 key=auth,rsa2048 key=sign,rsa3072,remote",
    "fineid-v4 key=auth,p384 key=sign,p384",
    "fineid-v4 key=auth,rsa2048 key=sign,rsa3072",
    "fineid-org key=auth,rsa2048 key=sign,rsa2048",
    "fineid-org key=auth,p384 key=sign,p384",
    "iasecc key=auth,rsa2048 key=sign,rsa2048",
    "iasecc key=auth,rsa2048 key=sign,rsa2048 variant=gemalto",
    "iasecc key=auth,rsa2048 key=sign,rsa2048 variant=oberthur",
    "iasecc key=auth,rsa2048 key=sign,rsa2048 variant=sagem",
    "iasecc key=auth,rsa2048 key=sign,rsa2048 variant=mi",
    "iasecc key=sign,rsa3072,remote program-name",
};
enum { SUBJECTS = sizeof(subjects) / sizeof(subjects[0]) };

static struct made_card cards[SUBJECTS];

/* The first byte of a message is FF, the second one of these modulo their number. */
enum act { PROTOCOL, FORGET, VERIFY_AT_PAD, MODIFY_AT_PAD, RENEW, UNBLOCK, OWNER, ACTS };
enum { CLA_ACT = 0xFF };

/* Of a service; the place of one in the table is the input's to say. */
static const uint16_t words[] = {SW_OK, SW_OK, 0x63C0, 0x6401, 0x6400, 0x6F10, 0x6F17, SW_OK};

static uint16_t
fulfil(struct card *card, struct fixture *fixture, uint8_t service, struct writer *output)
{
	const struct key_request *request = card_request(card);
	uint8_t block[KEY_OUTPUT_MAX] = {0x5A};
	uint16_t sw = SW_OK;

	fuzz_must(request != NULL && request->input.len / 2 <= KEY_OUTPUT_MAX);
	for (size_t i = 0; i < request->program.len; i++)
		fuzz_must(i < PROGRAM_TEXT_MAX && request->program.data[i] >= 0x20 &&
			  request->program.data[i] <= 0x7E);
	if (request->remote) {
		if (service % 16 != 0 && !card_start(card))
			return SW_MEMORY_FAILURE;
		sw = words[service % 8];
	} else if (request->operation >= KEY_PIN_VERIFY) {
		return fixture_fulfil(fixture, request, output);
	}
	if (sw == SW_OK)
		writer_put(output, (struct bytes){block, 1 + service * (size_t)2});
	return sw;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	for (size_t i = 0; i < SUBJECTS; i++)
		made_card_make(&cards[i], subjects[i]);
	return 0;
}

static void
finish(struct card *card, struct fixture *fixture, uint8_t service, enum card_result result,
       struct writer *response)
{
	while (result == CARD_PENDING) {
		uint8_t out[KEY_OUTPUT_MAX];
		struct writer output = writer_to(out, sizeof(out));
		struct key_result made = {.sw = fulfil(card, fixture, service, &output)};

		made.output = writer_bytes(&output);
		result = card_resume(card, &made, response);
	}
	fuzz_must(writer_ok(response) && response->len >= 2);
}

/* What vicard does with a structure. Values that are typed are the shortest that may be, new ones the
 * longest. */
static void
type_at_pad(struct card *card, struct fixture *fixture, struct bytes structure, bool modify,
	    struct writer *response)
{
	static const uint8_t typed[] =
	    "1234567890123456789012345678901234567890123456789012345678901234";
	uint8_t room[PAD_COMMAND_MAX];
	struct writer command = writer_to(room, sizeof(room));
	struct pad_request request;
	struct pad_value first = {NULL, BYTES_NONE}, renewed = {NULL, BYTES_NONE};
	struct card_pin first_pin, new_pin;
	struct card_asked asked;
	unsigned min, max;

	if (!pad_parse(structure, modify, &request) ||
	    card_asked(card, request.header, &asked) != SW_OK)
		return;
	if (asked.first != NULL) {
		fuzz_must(card_pin(card, asked.first, &first_pin));
		if (!pad_lengths(&request, &first_pin, &min, &max))
			return;
		fuzz_must(max < sizeof(typed));
		first = (struct pad_value){&first_pin, {typed, min < 4 ? 4 : min}};
	}
	if (asked.renewed != NULL) {
		fuzz_must(card_pin(card, asked.renewed, &new_pin));
		if (!pad_lengths(&request, &new_pin, &min, &max))
			return;
		renewed = (struct pad_value){&new_pin, {typed, max}};
	}
	if (!pad_fill(&request, first, renewed, &command))
		return;
	finish(card, fixture, structure.data[structure.len - 1],
	       card_transmit_typed(card, writer_bytes(&command), 1, response), response);
}

static void
renew(struct card *card, struct fixture *fixture, struct reader *input, struct writer *response)
{
	uint8_t which, pin, first_len;
	struct bytes first;

	if (!reader_u8(input, &which) || !reader_u8(input, &pin) || !reader_u8(input, &first_len) ||
	    !reader_take(input, first_len, &first))
		return;
	finish(card, fixture, first_len,
	       card_renew(card, (enum card_renewal)(which % (CARD_PUK_CHECK + 1)),
			  card->pins[pin % card->pins_count].spec.counter, first,
			  reader_rest(input), response),
	       response);
}

static void
use_by_owner(struct card *card, const struct fixture *fixture, struct reader *input)
{
	uint8_t key, sw;

	if (!reader_u8(input, &key) || !reader_u8(input, &sw) ||
	    card_owner_begin(card, fixture->image.keys[key % fixture->image.keys_count].name,
			     reader_rest(input)) != SW_OK)
		return;
	(void)card_owner_end(card, card_owner_start(card) ? words[sw % 8] : SW_MEMORY_FAILURE,
			     (sw & 8) != 0);
}

static void
do_act(struct card *card, struct fixture *fixture, struct bytes message, struct writer *response)
{
	struct reader input = reader_of((struct bytes){message.data + 1, message.len - 1});
	uint8_t act;

	if (!reader_u8(&input, &act))
		return;
	switch ((enum act)(act % ACTS)) {
	case PROTOCOL: card_set_protocol(card, (unsigned)input.left); return;
	case FORGET: card_forget_pins(card); return;
	case VERIFY_AT_PAD:
	case MODIFY_AT_PAD:
		if (input.left > 0)
			type_at_pad(card, fixture, reader_rest(&input), act % ACTS == MODIFY_AT_PAD,
				    response);
		return;
	case RENEW: renew(card, fixture, &input, response); return;
	case UNBLOCK:
		(void)!card_pin_unblock(card,
					card->pins[input.left % card->pins_count].spec.counter);
		return;
	case OWNER: use_by_owner(card, fixture, &input); return;
	case ACTS: return;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[RAPDU_LEN_MAX];
	struct reader input = reader_of((struct bytes){data, size});
	struct bytes command;
	struct made_card *made;
	struct card *card;
	uint8_t which;

	if (!reader_u8(&input, &which))
		return 0;
	made = &cards[which % SUBJECTS];
	card = made->card;
	while (fuzz_message(&input, &command)) {
		struct writer response = writer_to(room, sizeof(room));

		if (command.len == 0)
			card_reset(card);
		else if (command.data[0] == CLA_ACT)
			do_act(card, &made->fixture, command, &response);
		else
			finish(card, &made->fixture, command.data[command.len - 1],
			       card_transmit(card, command, &response), &response);
	}
	made_card_restore(made);
	ERR_clear_error();
	return 0;
}
