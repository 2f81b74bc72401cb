/*
 * A whole card under a stream of commands, its state kept from one to the next: the first byte picks
 * the card, then each message is a command, or, when it is empty, a reset, or, when its class is FF, which
 * no command has, what else a driver does with a card (enum act). Keys answer with made-up blocks,
 * services as the command's last byte says.
 *
 * Each card is made once, since that reads certificates; what an input left in it is undone from a copy.
 */
#include "fuzz.h"

#include "applets/registry.h"
#include "emulator/engine.h"
#include "emulator/pad.h"
#include "iso7816/sw.h"
#include "tools/apdu-replay/fixture.h"

#include <openssl/err.h>
#include <string.h>

#define FIXTURES "tests/fixtures/replay"

static const char *const subjects[] = {
    "cc-v1 key=auth,rsa2048 key=sign,rsa2048",
    "cc-v1 key=sign,rsa3072,remote",
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
    "iasecc key=sign,rsa3072,remote",
};
enum { SUBJECTS = sizeof(subjects) / sizeof(subjects[0]) };

/* A card as it was made. */
struct copy {
	struct card card;
	struct card_secrets secrets;
	uint8_t *contents[CARD_FILES_MAX];
};

static struct fixture fixtures[SUBJECTS];
static struct fixture_key keys[SUBJECTS][IMAGE_KEYS_MAX]; /* with the PINs of the beginning */
static struct card *cards[SUBJECTS];
static struct copy copies[SUBJECTS];

/* The first byte of a message is FF, the second one of these modulo their number. */
enum act { PROTOCOL, FORGET, VERIFY_AT_PAD, MODIFY_AT_PAD, RENEW, UNBLOCK, OWNER, ACTS };
enum { CLA_ACT = 0xFF };

static bool
save(void *context, const struct image_counter *counters, size_t count)
{
	(void)context;
	fuzz_must(counters != NULL && count <= IMAGE_COUNTERS_MAX);
	return true;
}

static bool
save_file(void *context, const char *path, struct bytes content)
{
	(void)context;
	fuzz_must(strlen(path) <= IMAGE_FILE_PATH_MAX && content.len <= UINT16_MAX);
	return true;
}

/* Of a service; the place of one in the table is the input's to say. */
static const uint16_t words[] = {SW_OK, SW_OK, 0x63C0, 0x6401, 0x6400, 0x6F10, 0x6F17, SW_OK};

static uint16_t
fulfil(struct card *card, struct fixture *fixture, uint8_t service, struct writer *output)
{
	const struct key_request *request = card_request(card);
	uint8_t block[KEY_OUTPUT_MAX] = {0x5A};
	uint16_t sw = SW_OK;

	fuzz_must(request != NULL && request->input.len <= 2 * KEY_OUTPUT_MAX);
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

static void
take_copy(const struct card *card, struct copy *copy)
{
	copy->card = *card;
	copy->secrets = *card->secrets;
	for (size_t i = 0; i < card->files_count; i++) {
		const struct bytes content = card->files[i]->content;

		if (content.len == 0)
			continue;
		copy->contents[i] = malloc(content.len);
		fuzz_must(copy->contents[i] != NULL);
		memcpy(copy->contents[i], content.data, content.len);
	}
}

/* All but the answer's bytes, of which there are many and none count until they are written. */
static void
restore(struct card *card, const struct copy *copy)
{
	memcpy(card, &copy->card, offsetof(struct card, answer));
	card->answer.len = copy->card.answer.len;
	card->answer.at = copy->card.answer.at;
	card->answer.state = copy->card.answer.state;
	*card->secrets = copy->secrets;
	for (size_t i = 0; i < card->files_count; i++)
		if (copy->contents[i] != NULL && card->files[i]->spec.update.rule != ACCESS_NEVER)
			memcpy((uint8_t *)(uintptr_t)card->files[i]->content.data,
			       copy->contents[i], card->files[i]->content.len);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct card_host host = {.save = save, .save_file = save_file};

	(void)argc;
	(void)argv;
	for (size_t i = 0; i < SUBJECTS; i++) {
		struct subject subject;
		struct problem error;
		struct image_error reason = {""};

		if (!subject_parse(subjects[i], &subject, &error) ||
		    !fixture_load(&fixtures[i], FIXTURES, &subject, &error)) {
			fprintf(stderr, "%s\n", error.text);
			exit(1);
		}
		memcpy(keys[i], fixtures[i].keys, sizeof(keys[i]));
		cards[i] = card_new(&fixtures[i].image, registry_find(subject.personality), &host,
				    &reason);
		if (cards[i] == NULL) {
			fprintf(stderr, "%s\n", reason.text);
			exit(1);
		}
		take_copy(cards[i], &copies[i]);
	}
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
	struct card *card;
	uint8_t which;

	if (!reader_u8(&input, &which))
		return 0;
	which %= SUBJECTS;
	card = cards[which];
	while (fuzz_message(&input, &command)) {
		struct writer response = writer_to(room, sizeof(room));

		if (command.len == 0)
			card_reset(card);
		else if (command.data[0] == CLA_ACT)
			do_act(card, &fixtures[which], command, &response);
		else
			finish(card, &fixtures[which], command.data[command.len - 1],
			       card_transmit(card, command, &response), &response);
	}
	card_reset(card);
	restore(card, &copies[which]);
	memcpy(fixtures[which].keys, keys[which], sizeof(keys[which]));
	ERR_clear_error();
	return 0;
}
