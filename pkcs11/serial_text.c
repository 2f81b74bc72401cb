#include "smartcard.h"

#include <string.h>

static bool
is_printable(struct bytes serial)
{
	for (size_t i = 0; i < serial.len; i++)
		if (serial.data[i] < 0x20 || serial.data[i] > 0x7E)
			return false;
	return serial.len > 0;
}

void
smartcard_serial_text(struct bytes serial, char *text)
{
	text[0] = '\0';
	if (is_printable(serial) && serial.len < SMARTCARD_SERIAL_MAX) {
		memcpy(text, serial.data, serial.len);
		text[serial.len] = '\0';
	} else if (serial.len < SMARTCARD_SERIAL_MAX / 2) {
		bytes_to_hex(serial, text);
	}
}
