#include "form.h"

#include <string.h>

static const char unreserved[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

void
form_put_value(struct writer *form, const char *value)
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *value; value++) {
		const uint8_t byte = (uint8_t)*value;

		if (strchr(unreserved, *value)) {
			writer_u8(form, byte);
			continue;
		}
		writer_u8(form, '%');
		writer_u8(form, (uint8_t)digits[byte >> 4]);
		writer_u8(form, (uint8_t)digits[byte & 0x0F]);
	}
}

void
form_put(struct writer *form, const char *name, const char *value)
{
	if (!value)
		return;
	if (form->len > 0)
		writer_u8(form, '&');
	form_put_value(form, name);
	writer_u8(form, '=');
	form_put_value(form, value);
}
