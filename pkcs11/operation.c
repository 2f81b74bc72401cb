#include "card_driver.h"
#include "iso7816/tlv.h"

#include <openssl/crypto.h>
#include <string.h>

enum {
	INS_MSE = 0x22,
	INS_PSO = 0x2A,
	P1_SET_COMPUTE = 0x41,
	PSO_SIGN_P1 = 0x9E,
	PSO_SIGN_P2 = 0x9A,
	PSO_HASH_P1 = 0x90,
	PSO_HASH_P2 = 0xA0,
	PSO_DECIPHER_P1 = 0x80,
	PSO_DECIPHER_P2 = 0x86,
	TAG_HASH = 0x90,
	NE_MAX = 256,
};

uint8_t
algorithm_nibble(enum digest digest)
{
	switch (digest) {
	case DIGEST_SHA1: return 0x10;
	case DIGEST_SHA224: return 0x30;
	case DIGEST_SHA256: return 0x40;
	case DIGEST_SHA384: return 0x50;
	case DIGEST_SHA512: return 0x60;
	default: return 0x00;
	}
}

size_t
operation_block(const struct smartcard_private_key *key)
{
	return (key->bits + 7) / 8;
}

enum smartcard_result
operation_set(struct smartcard *card, uint8_t template, struct bytes crdos)
{
	const struct capdu set = {
	    .ins = INS_MSE, .p1 = P1_SET_COMPUTE, .p2 = template, .data = crdos};

	return transport_command(card, &set, NULL);
}

enum smartcard_result
operation_sign(struct smartcard *card, struct bytes input, size_t output_len, struct writer *output)
{
	const struct capdu sign = {.ins = INS_PSO,
				   .p1 = PSO_SIGN_P1,
				   .p2 = PSO_SIGN_P2,
				   .data = input,
				   .has_le = true,
				   .ne = output_len < NE_MAX ? output_len : NE_MAX};
	const size_t before = output->len;
	enum smartcard_result r;

	if (output_len == 0)
		return SMARTCARD_UNSUPPORTED;
	r = transport_command(card, &sign, output);
	if (r == SMARTCARD_OK && output->len - before != output_len)
		return SMARTCARD_PROTOCOL;
	return r;
}

enum smartcard_result
operation_load_hash(struct smartcard *card, struct bytes hash)
{
	uint8_t data[DIGEST_LEN_MAX + 2];
	struct writer writer = writer_to(data, sizeof(data));
	const struct capdu command = {.ins = INS_PSO, .p1 = PSO_HASH_P1, .p2 = PSO_HASH_P2};
	struct capdu load = command;

	tlv_put(&writer, TAG_HASH, hash);
	if (!writer_ok(&writer))
		return SMARTCARD_BAD_INPUT;
	load.data = writer_bytes(&writer);
	return transport_command(card, &load, NULL);
}

enum smartcard_result
operation_decipher(struct smartcard *card, uint8_t indicator, struct bytes cryptogram,
		   size_t output_max, struct writer *output)
{
	uint8_t data[1 + SMARTCARD_OUTPUT_MAX];
	struct writer writer = writer_to(data, sizeof(data));
	struct capdu decipher = {.ins = INS_PSO,
				 .p1 = PSO_DECIPHER_P1,
				 .p2 = PSO_DECIPHER_P2,
				 .has_le = true,
				 .ne = NE_MAX};
	const size_t before = output->len;
	enum smartcard_result r;

	writer_u8(&writer, indicator);
	writer_put(&writer, cryptogram);
	if (!writer_ok(&writer))
		return SMARTCARD_BAD_INPUT;
	decipher.data = writer_bytes(&writer);
	r = transport_command(card, &decipher, output);
	if (r == SMARTCARD_OK && output->len - before > output_max)
		return SMARTCARD_PROTOCOL;
	return r;
}

bool
operation_fit_hash(struct bytes input, uint32_t field_bits, enum digest *digest, uint8_t *room,
		   struct bytes *fitted)
{
	static const enum digest by_length[] = {DIGEST_SHA512, DIGEST_SHA384, DIGEST_SHA256,
						DIGEST_SHA224, DIGEST_SHA1};
	const size_t field = (field_bits + 7) / 8;
	size_t i = 0, len;

	while (i < sizeof(by_length) / sizeof(by_length[0]) && digest_len(by_length[i]) > field)
		i++;
	if (i == sizeof(by_length) / sizeof(by_length[0]) || input.len == 0)
		return false;
	*digest = by_length[i];
	len = digest_len(*digest);
	/* The bits beyond the order's do not count; zeros in front do not change the number. */
	if (input.len > field)
		input.len = field;
	if (input.len > len)
		return false;
	memset(room, 0, len - input.len);
	memcpy(room + len - input.len, input.data, input.len);
	*fitted = (struct bytes){room, len};
	return true;
}
