#include "engine.h"

#include <string.h>

/* READ BINARY and UPDATE BINARY. */

enum {
	P1_SFI = 0x80,
	P1_SFI_RESERVED = 0x60,
	P1_SFI_MASK = 0x1F,
};

static const struct file *
find_sfi(const struct card *card, uint8_t sfi)
{
	for (size_t i = 0; i < card->files_count; i++) {
		const struct file *file = card->files[i];

		if (file->parent == card->df && file->spec.kind != FILE_DF && file->spec.sfi == sfi)
			return file;
	}
	return NULL;
}

/* Clause 11.2.2 (2013): the EF and the offset that P1 and P2 name. */
static uint16_t
locate(const struct card *card, const struct capdu *command, const struct file **ef, size_t *offset)
{
	uint8_t sfi = command->p1 & P1_SFI_MASK;

	if ((command->p1 & P1_SFI) == 0) {
		*ef = card->ef;
		*offset = (size_t)command->p1 << 8 | command->p2;
		return *ef != NULL ? SW_OK : SW_NO_CURRENT_EF;
	}
	if ((command->p1 & P1_SFI_RESERVED) != 0 || sfi == 0 || sfi > FILE_SFI_MAX)
		return SW_INCORRECT_P1P2;
	*ef = find_sfi(card, sfi);
	*offset = command->p2;
	return *ef != NULL ? SW_OK : SW_FILE_NOT_FOUND;
}

static bool
asks_for_all(const struct capdu *command)
{
	return !command->has_le || command->ne == (command->extended ? APDU_NE_MAX : 256);
}

uint16_t
read_binary_command(struct card *card, const struct capdu *command, struct writer *response)
{
	uint16_t sw_short = card->personality->rules.sw_read_short;
	size_t ne = command->has_le ? command->ne : 256;
	const struct file *ef;
	size_t offset, left;
	uint16_t sw;

	if (command->data.len != 0 || (!command->has_le && !card->t0))
		return SW_WRONG_LENGTH;
	sw = locate(card, command, &ef, &offset);
	if (sw != SW_OK)
		return sw;
	if (ef->spec.kind != FILE_EF)
		return SW_NO_CURRENT_EF;
	if (!card_may(card, &ef->spec.read))
		return SW_SECURITY_STATUS;
	card->ef = ef;
	if (offset != 0 && offset >= ef->content.len)
		return SW_WRONG_OFFSET;
	left = ef->content.len - offset;
	if (ne <= left) {
		writer_put(response, (struct bytes){ef->content.data + offset, ne});
		return SW_OK;
	}
	if (left != 0)
		writer_put(response, (struct bytes){ef->content.data + offset, left});
	if (asks_for_all(command))
		return SW_OK;
	return sw_short != 0 ? sw_short : SW_END_OF_FILE;
}

/*
 * Clause 11.2.5 (2013): bytes of the EF are replaced by the command's, its size stays. Beyond its end
 * nothing is written: 6B00 when the offset is there already, 6A84 when the data would reach it.
 */
uint16_t
update_binary_command(struct card *card, const struct capdu *command, struct writer *response)
{
	uint8_t content[FILE_SIZE_MAX];
	const struct file *ef;
	size_t offset;
	uint16_t sw = locate(card, command, &ef, &offset);

	(void)response;
	if (sw != SW_OK)
		return sw;
	if (ef->spec.kind != FILE_EF)
		return SW_NO_CURRENT_EF;
	if (!card_may(card, &ef->spec.update))
		return SW_SECURITY_STATUS;
	card->ef = ef;
	if (command->data.len == 0)
		return SW_WRONG_LENGTH;
	if (offset >= ef->content.len)
		return SW_WRONG_OFFSET;
	if (command->data.len > ef->content.len - offset)
		return SW_NOT_ENOUGH_MEMORY;
	memcpy(content, ef->content.data, ef->content.len);
	memcpy(content + offset, command->data.data, command->data.len);
	return file_replace(card, ef, (struct bytes){content, ef->content.len}) ? SW_OK
										: SW_MEMORY_FAILURE;
}
