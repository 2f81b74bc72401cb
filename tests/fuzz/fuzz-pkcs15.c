/*
 * PKCS #15 structures of foreign cards: the first byte says which; what was read can be written, and
 * reads the same again.
 */
#include "fuzz.h"

#include "iso7816/pkcs15.h"

static uint8_t room[1 << 17];

#define AGAIN(type, name)                                                              \
	do {                                                                           \
		struct pkcs15_##type object;                                           \
		while (reader.left > 0 && pkcs15_decode_##name(&reader, &object)) {    \
			struct writer writer = writer_to(room, sizeof(room));          \
			if (pkcs15_encode_##name(&object, &writer)) {                  \
				struct reader back = reader_of(writer_bytes(&writer)); \
				fuzz_must(pkcs15_decode_##name(&back, &object));       \
			}                                                              \
		}                                                                      \
	} while (0)

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader reader = reader_of((struct bytes){data, size});
	struct pkcs15_token_info info;
	uint8_t which;

	if (!reader_u8(&reader, &which))
		return 0;
	switch (which % 7) {
	case 0: AGAIN(application, application); break;
	case 1: AGAIN(directory, directory); break;
	case 2:
		if (!pkcs15_decode_token_info((struct bytes){data + 1, size - 1}, &info))
			info.algorithms_count = 0;
		break;
	case 3: AGAIN(pin, pin); break;
	case 4: AGAIN(key, key); break;
	case 5: AGAIN(certificate, certificate); break;
	default: AGAIN(data, data); break;
	}
	return 0;
}
