/*
 * What the program is, for cards that ask: iso7816/program_text.h.
 */
#include "iso7816/program_text.h"
#include "card_driver.h"

#include <string.h>

enum {
	OD_MAX = 256,
	LISTED_MAX = 64, /* the one object is the first of its directory, and shorter than this */
};

static bool
lists_program(struct bytes directory)
{
	struct reader reader = reader_of(directory);
	struct pkcs15_data object;

	return pkcs15_decode_data(&reader, &object) &&
	       strcmp(object.application, PROGRAM_TEXT_APPLICATION) == 0 &&
	       object.path.kind == PKCS15_PATH_NULL;
}

static struct pkcs15_path
named_by(struct bytes od)
{
	struct reader reader = reader_of(od);
	struct pkcs15_directory directory;

	while (pkcs15_decode_directory(&reader, &directory)) {
		if (directory.class == PKCS15_DATA_OBJECTS)
			return directory.path;
	}
	return (struct pkcs15_path){.kind = PKCS15_PATH_NONE};
}

static enum smartcard_result
find_directory(struct smartcard *card)
{
	uint8_t data[OD_MAX];
	struct writer od = writer_to(data, sizeof(data));
	enum smartcard_result r;

	if (card->data_directory.file_len > 0 || card->unread_od.file_len == 0)
		return SMARTCARD_OK;
	r = content_begin(card, &card->unread_od, sizeof(data), &od);
	if (r == SMARTCARD_OK)
		card->data_directory = named_by(writer_bytes(&od));
	return r;
}

static enum smartcard_result
read_directory(struct smartcard *card)
{
	uint8_t data[LISTED_MAX];
	struct writer directory = writer_to(data, sizeof(data));
	enum smartcard_result r;

	if (card->data_directory.file_len == 0)
		return SMARTCARD_OK;
	r = content_begin(card, &card->data_directory, sizeof(data), &directory);
	if (r == SMARTCARD_OK)
		card->takes_program = lists_program(writer_bytes(&directory));
	return r;
}

/* The card itself is asked, not the cache: its owner may change what it lists, and the cache's key would be
 * the same. A card that is not understood keeps nobody from using a key, and is not asked again. */
enum smartcard_result
smartcard_find_program(struct smartcard *card)
{
	enum smartcard_result r;

	if (card->program_sought || card->channel.program == NULL)
		return SMARTCARD_OK;
	r = find_directory(card);
	if (r == SMARTCARD_OK)
		r = read_directory(card);
	card->program_sought = r != SMARTCARD_RESET;
	if (r == SMARTCARD_REFUSED || r == SMARTCARD_NOT_VERIFIED || r == SMARTCARD_PROTOCOL)
		r = SMARTCARD_OK;
	return r;
}

/* A card that refuses it goes without. */
enum smartcard_result
program_say(struct smartcard *card)
{
	enum { INS_PUT_DATA = 0xDA };
	uint8_t text[PROGRAM_TEXT_MAX];
	struct capdu command = {.ins = INS_PUT_DATA,
				.p1 = PROGRAM_TEXT_TAG >> 8,
				.p2 = PROGRAM_TEXT_TAG & 0xFF,
				.data = {text, 0}};
	const char *program = card->channel.program;
	enum smartcard_result r;

	if (!card->takes_program)
		return SMARTCARD_OK;
	for (; *program != '\0' && command.data.len < sizeof(text); program++)
		text[command.data.len++] =
		    *program < 0x20 || *program > 0x7E ? '?' : (uint8_t)*program;
	if (command.data.len == 0)
		return SMARTCARD_OK;
	r = transport_command(card, &command, NULL);
	return r == SMARTCARD_REFUSED || r == SMARTCARD_NOT_VERIFIED ? SMARTCARD_OK : r;
}
