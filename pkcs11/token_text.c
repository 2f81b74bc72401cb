/*
 * What a token is called, in the fields of fixed length that Cryptoki has for it.
 */
#include "smartcard.h"

#include <stdio.h>
#include <string.h>

size_t
smartcard_cut(const char *text, size_t room)
{
	size_t len = strlen(text);

	if (len <= room)
		return len;
	len = room;
	/* not within a character: its later bytes are 10xxxxxx */
	while (len > 0 && ((uint8_t)text[len] & 0xC0) == 0x80)
		len--;
	return len;
}

void
smartcard_token_label(const struct smartcard *card, int pin, char *label)
{
	const char *name = pin != SMARTCARD_NONE ? card->pins[pin].object.common.label : "";
	const char *first = card->label;
	char second[SMARTCARD_TEXT_MAX + 4] = "";
	size_t room = SMARTCARD_LABEL_LEN, len;

	if (name[0] != '\0')
		(void)snprintf(second, sizeof(second), " (%s)", name);
	if (strlen(second) >= room) {
		first = name;
		second[0] = '\0';
	}
	room -= strlen(second);
	len = smartcard_cut(first, room);
	while (len > 0 && first[len - 1] == ' ')
		len--;
	memcpy(label, first, len);
	memcpy(label + len, second, strlen(second) + 1);
}

const char *
smartcard_token_serial(const struct smartcard *card)
{
	const size_t len = strlen(card->serial);

	return len > SMARTCARD_SERIAL_LEN ? card->serial + len - SMARTCARD_SERIAL_LEN
					  : card->serial;
}
