#include "image_card.h"

#include "iso7816/sw.h"
#include "tools/held_card.h"
#include "tools/local_operation.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct image_card {
	struct image image;
	struct journal journal;
	struct card *card;
	struct chip chip;
};

static void
complain(const char *text)
{
	fprintf(stderr, "ccid-simulator: %s\n", text);
}

static bool
save_counters(void *context, const struct image_counter *counters, size_t count)
{
	struct image_card *card = context;
	struct image_error error = {""};

	if (image_save_counters(&card->image, counters, count, &error))
		return true;
	complain(error.text);
	return false;
}

static bool
save_file(void *context, const char *path, struct bytes content)
{
	const struct image_card *card = context;
	struct image_error error = {""};

	if (image_save_file(&card->image, path, content, &error))
		return true;
	complain(error.text);
	return false;
}

/*
 * The chip.
 */
static struct bytes
chip_atr(void *context)
{
	const struct image_card *card = context;

	return card_atr(card->card);
}

static void
chip_reset(void *context)
{
	struct image_card *card = context;

	card_reset(card->card);
}

static void
chip_set_protocol(void *context, unsigned protocol)
{
	struct image_card *card = context;

	card_set_protocol(card->card, protocol);
}

static enum chip_result
chip_transmit(void *context, struct bytes command, struct writer *response)
{
	struct image_card *card = context;

	return card_transmit(card->card, command, response) == CARD_DONE ? CHIP_DONE : CHIP_WORKS;
}

static enum chip_result
chip_work(void *context, struct writer *response)
{
	struct image_card *card = context;
	const struct key_request *request = card_request(card->card);
	uint8_t room[KEY_OUTPUT_MAX];
	struct writer output = writer_to(room, sizeof(room));
	struct key_result result = {.sw = SW_UNKNOWN};
	char error[LOCAL_ERROR_MAX];
	enum card_result done;

	if (request == NULL) {
		writer_u16(response, SW_UNKNOWN);
		return CHIP_DONE;
	}
	result.sw =
	    local_fulfil(card->image.directory, &card->journal, NULL, request, &output, error);
	result.output = writer_bytes(&output);
	if (error[0] != '\0')
		complain(error);
	done = card_resume(card->card, &result, response);
	OPENSSL_cleanse(room, sizeof(room));
	return done == CARD_DONE ? CHIP_DONE : CHIP_WORKS;
}

/* Nobody sees what the card then answers. */
static void
chip_abandon(void *context)
{
	static const struct key_result given_up = {.sw = SW_UNKNOWN};
	struct image_card *card = context;

	while (card_request(card->card) != NULL) {
		uint8_t room[2];
		struct writer response = writer_to(room, sizeof(room));

		if (card_resume(card->card, &given_up, &response) == CARD_DONE)
			return;
	}
}

/*
 * Open and close.
 */
static bool
check_local(const struct image *image, struct problem *error)
{
	for (size_t i = 0; i < image->keys_count; i++) {
		if (strcmp(image->keys[i].service, IMAGE_SERVICE_FILE) == 0)
			continue;
		return problem(error,
			       "the card %s has a key at the service %s; ccid-simulator holds "
			       "cards with keys in files only. Put it into Vicar's reader: vicar "
			       "insert %s",
			       image->name, image->keys[i].service, image->name);
	}
	return true;
}

static bool
open_parts(struct image_card *card, const char *name, struct problem *error)
{
	const struct card_host host = {
	    .context = card, .save = save_counters, .save_file = save_file};
	struct journal_error reason = {""};

	if (!held_image(&card->image, name, error) || !check_local(&card->image, error))
		return false;
	if (!journal_open(&card->journal, card->image.directory, time(NULL), &reason))
		return problem(error, "%s", reason.text);
	card->card = held_card(&card->image, &host, error);
	return card->card != NULL;
}

struct image_card *
image_card_open(const char *name, struct problem *error)
{
	struct image_card *card = calloc(1, sizeof(*card));

	if (card == NULL) {
		(void)problem(error, "no memory for a card; end other programs");
		return NULL;
	}
	card->image.lock = -1;
	card->journal.fd = -1;
	card->chip = (struct chip){
	    .context = card,
	    .atr = chip_atr,
	    .reset = chip_reset,
	    .set_protocol = chip_set_protocol,
	    .transmit = chip_transmit,
	    .work = chip_work,
	    .abandon = chip_abandon,
	};
	if (open_parts(card, name, error))
		return card;
	image_card_close(card);
	return NULL;
}

void
image_card_close(struct image_card *card)
{
	if (card == NULL)
		return;
	card_free(card->card);
	journal_close(&card->journal);
	image_free(&card->image);
	free(card);
}

const char *
image_card_name(const struct image_card *card)
{
	return card->image.name;
}

const struct chip *
image_card_chip(const struct image_card *card)
{
	return &card->chip;
}
