/*
 * card.conf and state of a card image: what is read can be written and reads the same again. The first
 * byte says which of the two.
 */
#include "fuzz.h"

#include "emulator/image_conf.h"

#include <string.h>

static struct image image, again;

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[4 * IMAGE_CONF_MAX];
	struct writer text = writer_to(room, sizeof(room));
	struct image_certificates certificates;
	struct image_error error;

	if (size == 0)
		return 0;
	memset(&image, 0, sizeof(image));
	memset(&again, 0, sizeof(again));
	if (data[0] % 2 == 0) {
		if (!image_state_parse(&image, (struct bytes){data + 1, size - 1}, "state", &error))
			return 0;
		image_state_print(image.counters, image.counters_count, &text);
		fuzz_must(image_state_parse(&again, writer_bytes(&text), "state", &error));
		return 0;
	}
	if (!image_conf_parse(&image, &certificates, (struct bytes){data + 1, size - 1},
			      "card.conf", &error))
		return 0;
	if (image_conf_print(&image, &certificates, &text, &error))
		fuzz_must(image_conf_parse(&again, &certificates, writer_bytes(&text), "card.conf",
					   &error));
	return 0;
}
