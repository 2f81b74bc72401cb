#include "engine.h"

#include <string.h>

/* What a program says of itself before it uses a key: iso7816/program_text.h. */

void
card_take_program(struct card *card)
{
	card->takes_program = true;
}

static bool
is_printable(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < 0x20 || text.data[i] > 0x7E)
			return false;
	}
	return true;
}

uint16_t
put_program_command(struct card *card, const struct capdu *command, struct writer *response)
{
	(void)response;
	card->program_len = 0;
	if (command->data.len == 0 || command->data.len > PROGRAM_TEXT_MAX)
		return SW_WRONG_LENGTH;
	if (!is_printable(command->data))
		return SW_INCORRECT_DATA;
	memcpy(card->program, command->data.data, command->data.len);
	card->program_len = command->data.len;
	return SW_OK;
}
