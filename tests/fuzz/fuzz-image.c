/*
 * A card image whose certificates, names and options are not what they should be: a personality makes a
 * card of it or says why not, and the card answers. The first byte picks card and image; then come a
 * message of options, one for each label, and one for each certificate, which are fuzz_spoil()'s.
 */
#include "fuzz.h"

#include "applets/registry.h"
#include "emulator/card.h"
#include "tools/apdu-replay/fixture.h"

#include <openssl/err.h>
#include <string.h>

#define FIXTURES "tests/fixtures/replay"

static const char *const subjects[] = {
    "cc-v1 key=auth,rsa2048 key=sign,rsa2048 authorities=2",
    "cc-v2 key=auth,p256 key=sign,p256 authorities=2",
    "fineid-v2 key=auth key=sign authorities=2",
    "fineid-v3 key=auth,rsa2048 key=sign,rsa2048 key=sign2,p256",
    "fineid-v4 key=auth,p384 key=sign,p384 authorities=2",
    "fineid-org key=auth,rsa2048 key=sign,rsa2048 authorities=1",
    "iasecc key=auth,rsa2048 key=sign,rsa2048 authorities=2",
    "iasecc key=auth,rsa2048 key=sign,rsa2048 variant=oberthur",
};
enum { SUBJECTS = sizeof(subjects) / sizeof(subjects[0]), ROOM = 65536 + 4096 };

static struct fixture fixtures[SUBJECTS];
static struct image image; /* the spoilt one */

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
			fprintf(stderr, "%s: %s\n", subjects[i], error.text);
			exit(1);
		}
	}
	return 0;
}

static void
take_text(struct reader *input, char *text, size_t room)
{
	struct bytes message;

	if (!fuzz_message(input, &message) || message.len == 0)
		return;
	if (message.len > room - 1)
		message.len = room - 1;
	memcpy(text, message.data, message.len);
	text[message.len] = '\0';
}

/* In memory of its own length, so that AddressSanitizer sees the byte behind it. */
static void
spoil(struct reader *input, uint8_t **der, size_t *len)
{
	static uint8_t room[ROOM];
	struct writer writer = writer_to(room, sizeof(room));
	struct bytes lie = BYTES_NONE;

	(void)!fuzz_message(input, &lie);
	fuzz_spoil((struct bytes){*der, *len}, lie, &writer);
	*der = malloc(writer.len + (writer.len == 0));
	fuzz_must(writer_ok(&writer) && *der != NULL);
	memcpy(*der, room, writer.len);
	*len = writer.len;
}

static bool
save(void *context, const struct image_counter *counters, size_t count)
{
	(void)context;
	(void)counters;
	(void)count;
	return true;
}

/* SELECT and READ BINARY of whatever can be: the files are made of the certificates. */
static void
read_files(struct card *card)
{
	static const uint8_t commands[][7] = {{0x00, 0xA4, 0x00, 0x0C, 0x02, 0x3F, 0x00},
					      {0x00, 0xA4, 0x00, 0x0C, 0x02, 0x2F, 0x00},
					      {0x00, 0xB0, 0x00, 0x00, 0x00, 0x00, 0x00},
					      {0x00, 0xCA, 0x01, 0x82, 0x00}};
	static uint8_t room[RAPDU_LEN_MAX];

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		struct writer response = writer_to(room, sizeof(room));

		fuzz_must(card_transmit(card, BYTES(commands[i]), &response) == CARD_DONE);
		fuzz_must(response.len >= 2);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct card_host host = {.save = save};
	struct reader input = reader_of((struct bytes){data, size});
	struct image_error error = {""};
	const struct fixture *fixture;
	struct card *card;
	uint8_t which;

	if (!reader_u8(&input, &which))
		return 0;
	fixture = &fixtures[which % SUBJECTS];
	image = fixture->image;
	take_text(&input, image.options, sizeof(image.options));
	for (size_t i = 0; i < image.keys_count; i++) {
		take_text(&input, image.keys[i].label, sizeof(image.keys[i].label));
		spoil(&input, &image.keys[i].certificate, &image.keys[i].certificate_len);
	}
	for (size_t i = 0; i < image.authorities_count; i++)
		spoil(&input, &image.authorities[i].certificate,
		      &image.authorities[i].certificate_len);
	card = card_new(&image, registry_find(image.personality), &host, &error);
	if (card != NULL)
		read_files(card);
	else
		fuzz_must(error.text[0] != '\0');
	card_free(card);
	for (size_t i = 0; i < image.keys_count; i++)
		free(image.keys[i].certificate);
	for (size_t i = 0; i < image.authorities_count; i++)
		free(image.authorities[i].certificate);
	ERR_clear_error();
	return 0;
}
