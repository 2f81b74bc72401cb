/*
 * A whole card under a stream of commands, its state kept from one to the next: the first byte picks
 * the card, then each message is a command, or, when it is empty, a reset. Keys answer with made-up
 * blocks, services as the command's last byte says.
 */
#include "fuzz.h"

#include "applets/registry.h"
#include "emulator/card.h"
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

static struct fixture fixtures[SUBJECTS];
static struct fixture_key keys[SUBJECTS][IMAGE_KEYS_MAX]; /* with the PINs of the beginning */
static const struct personality *personalities[SUBJECTS];
/* A card is made anew only when an input left a trace that a reset does not remove: making one reads
 * certificates, which takes far longer than commands. */
static struct card *cards[SUBJECTS];
static bool traces;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	for (size_t i = 0; i < SUBJECTS; i++) {
		struct subject subject;
		struct problem error;

		if (!subject_parse(subjects[i], &subject, &error) ||
		    !fixture_load(&fixtures[i], FIXTURES, &subject, &error)) {
			fprintf(stderr, "%s\n", error.text);
			exit(1);
		}
		memcpy(keys[i], fixtures[i].keys, sizeof(keys[i]));
		personalities[i] = registry_find(subject.personality);
	}
	return 0;
}

static bool
save(void *context, const struct image_counter *counters, size_t count)
{
	(void)context;
	traces = true;
	fuzz_must(counters != NULL && count <= IMAGE_COUNTERS_MAX);
	return true;
}

static bool
save_file(void *context, const char *path, struct bytes content)
{
	(void)context;
	traces = true;
	fuzz_must(strlen(path) <= IMAGE_FILE_PATH_MAX && content.len <= UINT16_MAX);
	return true;
}

static uint16_t
fulfil(struct card *card, struct fixture *fixture, uint8_t service, struct writer *output)
{
	static const uint16_t words[] = {SW_OK,  SW_OK,  0x63C0, 0x6401,
					 0x6400, 0x6F10, 0x6F17, SW_OK};
	const struct key_request *request = card_request(card);
	uint8_t block[KEY_OUTPUT_MAX] = {0x5A};
	uint16_t sw = SW_OK;

	fuzz_must(request != NULL && request->input.len <= 2 * KEY_OUTPUT_MAX);
	if (request->remote) {
		traces = true;
		if (service % 16 != 0 && !card_start(card))
			return SW_MEMORY_FAILURE;
		sw = words[service % 8];
	} else if (request->operation >= KEY_PIN_VERIFY) {
		traces = true;
		return fixture_fulfil(fixture, request, output);
	}
	if (sw == SW_OK)
		writer_put(output, (struct bytes){block, 1 + service * (size_t)2});
	return sw;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[RAPDU_LEN_MAX];
	const struct card_host host = {.save = save, .save_file = save_file};
	struct reader input = reader_of((struct bytes){data, size});
	struct image_error error;
	struct bytes command;
	struct card *card;
	uint8_t which;

	if (!reader_u8(&input, &which))
		return 0;
	which %= SUBJECTS;
	if (cards[which] == NULL)
		cards[which] =
		    card_new(&fixtures[which].image, personalities[which], &host, &error);
	card = cards[which];
	fuzz_must(card != NULL);
	traces = false;
	while (fuzz_message(&input, &command)) {
		struct writer response = writer_to(room, sizeof(room));
		enum card_result result;

		if (command.len == 0) {
			card_reset(card);
			continue;
		}
		result = card_transmit(card, command, &response);
		while (result == CARD_PENDING) {
			uint8_t out[KEY_OUTPUT_MAX];
			struct writer output = writer_to(out, sizeof(out));
			struct key_result made = {.sw = fulfil(card, &fixtures[which],
							       command.data[command.len - 1],
							       &output)};

			made.output = writer_bytes(&output);
			result = card_resume(card, &made, &response);
		}
		fuzz_must(writer_ok(&response) && response.len >= 2);
	}
	card_reset(card);
	if (traces) {
		card_free(card);
		cards[which] = NULL;
		memcpy(fixtures[which].keys, keys[which], sizeof(keys[which]));
	}
	ERR_clear_error();
	return 0;
}
