/*
 * The structures of a PIN pad, which any program on the machine writes: what a command is made of
 * them with values that were typed. It is the card's own, or there is none.
 */
#include "fuzz.h"

#include "emulator/pad.h"

#include <string.h>

static const struct card_pin pins[] = {
    {.length_min = 4, .length_max = 8, .length_stored = 8},
    {.length_min = 4, .length_max = 8, .length_stored = 8, .pad = 0xFF},
    {.length_min = 2, .length_max = 10},
};
static const uint8_t first[] = "123456789012", renewed[] = "abcdefghijkl";

/* The value, and after it the padding. */
static void
must_hold(struct reader *data, struct pad_value value)
{
	struct bytes taken;
	uint8_t byte;

	fuzz_must(reader_take(data, value.value.len, &taken) && bytes_equal(taken, value.value));
	for (size_t i = value.value.len; i < value.pin->length_stored; i++)
		fuzz_must(reader_u8(data, &byte) && byte == value.pin->pad);
}

static void
must_be_the_cards(const struct pad_request *request, struct pad_value old, struct pad_value new_pin,
		  struct bytes command)
{
	struct reader reader = reader_of(command);
	struct bytes header;
	uint8_t lc;

	fuzz_must(reader_take(&reader, 4, &header) && bytes_equal(header, request->header));
	fuzz_must(reader_u8(&reader, &lc) && lc == reader.left && lc > 0);
	if (!request->ask_old && old.pin != NULL)
		return;
	if (old.pin != NULL)
		must_hold(&reader, old);
	if (new_pin.pin != NULL)
		must_hold(&reader, new_pin);
	fuzz_must(reader.left == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader input = reader_of((struct bytes){data, size});
	struct pad_request request;
	uint8_t how;

	if (!reader_u8(&input, &how) || !pad_parse(reader_rest(&input), (how & 1) != 0, &request))
		return 0;
	fuzz_must(request.header.len == 4 && request.data.len <= 255);
	for (size_t i = 0; i < sizeof(pins) / sizeof(pins[0]); i++) {
		uint8_t room[PAD_COMMAND_MAX];
		struct writer command = writer_to(room, sizeof(room));
		struct pad_value old = {NULL, BYTES_NONE}, new_pin = {NULL, BYTES_NONE};
		unsigned min, max;

		if (!pad_lengths(&request, &pins[i], &min, &max))
			continue;
		fuzz_must(min <= max && max <= pins[i].length_max && min >= pins[i].length_min);
		if ((how & 2) == 0)
			old = (struct pad_value){&pins[i], {first, how & 8 ? min : max}};
		if ((how & 4) == 0)
			new_pin = (struct pad_value){&pins[i], {renewed, how & 16 ? min : max}};
		if (pad_fill(&request, old, new_pin, &command))
			must_be_the_cards(&request, old, new_pin, writer_bytes(&command));
	}
	return 0;
}
