#include "cplc.h"

uint16_t
cplc_get(struct card *card, const struct capdu *command, struct writer *response)
{
	enum { CPLC_LEN = 0x2A, BEFORE_SERIAL = 10 };
	const struct image *image = card_image(card);

	(void)command;
	writer_u16(response, 0x9F7F);
	writer_u8(response, CPLC_LEN);
	writer_fill(response, 0x00, BEFORE_SERIAL);
	writer_put(response, (struct bytes){image->serial, image->serial_len});
	writer_fill(response, 0x00, CPLC_LEN - BEFORE_SERIAL - image->serial_len);
	return SW_OK;
}
