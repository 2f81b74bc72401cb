#include "engine.h"

#include <string.h>

/* PERFORM SECURITY OPERATION, ISO/IEC 7816-8, and what else uses a private key. */
enum {
	PADDING_NONE = 0x00,
	PADDING_PROPRIETARY = 0x81,
	PKCS1_OVERHEAD = 11, /* RFC 8017 section 9.2 */
};

uint16_t
input_length_sw(const struct environment *environment, size_t len)
{
	const struct algorithm *algorithm = environment->algorithm;
	size_t block_len = environment->key->block_len;
	bool ok = false;

	switch (algorithm->input) {
	case INPUT_DIGESTINFO: ok = len != 0 && len + PKCS1_OVERHEAD <= block_len; break;
	case INPUT_DIGEST:
	case INPUT_DIGEST_BARE: ok = len == digest_len(algorithm->digest); break;
	case INPUT_BLOCK: ok = len == block_len; break;
	case INPUT_CRYPTOGRAM: ok = len == block_len + 1; break;
	}
	return ok && len <= CARD_INPUT_MAX ? SW_OK : SW_WRONG_LENGTH;
}

/* Makes the request's input in the pending buffer. */
static uint16_t
make_input(struct card *card, const struct environment *environment, struct bytes data,
	   struct bytes *input)
{
	struct writer writer = writer_to(card->pending.input, sizeof(card->pending.input));
	const struct algorithm *algorithm = environment->algorithm;
	enum digest digest;
	struct bytes value;

	switch (algorithm->input) {
	case INPUT_DIGEST:
		if (!digestinfo_build(algorithm->digest, data, &writer))
			return SW_UNKNOWN;
		break;
	case INPUT_DIGESTINFO:
		if (environment->key->remote && !digestinfo_parse(data, &digest, &value))
			return SW_INCORRECT_DATA;
		writer_put(&writer, data);
		break;
	case INPUT_CRYPTOGRAM:
		if (data.data[0] != PADDING_NONE && data.data[0] != PADDING_PROPRIETARY)
			return SW_INCORRECT_DATA;
		writer_put(&writer, (struct bytes){data.data + 1, data.len - 1});
		break;
	default: writer_put(&writer, data); break;
	}
	*input = writer_bytes(&writer);
	return SW_OK;
}

/* The PIN is not verified: no use, but perhaps the repetition of one that failed. */
static uint16_t
unverified_sw(struct card *card, const struct environment *environment, struct bytes data)
{
	struct bytes input;
	uint16_t sw = 0;

	if (input_length_sw(environment, data.len) == SW_OK &&
	    make_input(card, environment, data, &input) == SW_OK)
		sw = request_failed_sw(card, environment->key, input);
	request_end(card);
	return sw != 0 ? sw : SW_SECURITY_STATUS;
}

static uint16_t
begin_use(struct card *card, uint8_t se, struct bytes data)
{
	struct environment used = *environment_of(card, se);
	const struct environment *environment = &used;
	bool loaded = used.algorithm != NULL && used.algorithm->source == SOURCE_HASH;
	struct bytes input;
	uint16_t sw;

	if (used.algorithm == NULL || (loaded && (card->hash_len == 0 || data.len != 0)))
		return SW_CONDITIONS;
	if (loaded) {
		data = (struct bytes){card->hash, card->hash_len};
		used.algorithm = used.hashed != NULL ? used.hashed : used.algorithm;
	}
	if (!environment->key->pin->verified)
		return unverified_sw(card, environment, data);
	if (environment->key->pin->tries_left == 0)
		return SW_BLOCKED;
	sw = input_length_sw(environment, data.len);
	if (sw == SW_OK)
		sw = make_input(card, environment, data, &input);
	if (sw != SW_OK)
		return sw;
	card->pending.consumes_hash = loaded;
	return request_key(card, used.key, used.algorithm, input);
}

/* Every use of a private key comes through here. What the program has said is for this one, also when it
 * is refused. */
static uint16_t
use_key(struct card *card, uint8_t se, struct bytes data)
{
	uint16_t sw = begin_use(card, se, data);

	card->program_len = 0;
	return sw;
}

uint16_t
pso_sign_command(struct card *card, const struct capdu *command, struct writer *response)
{
	(void)response;
	return use_key(card, SE_DST, command->data);
}

uint16_t
pso_decipher_command(struct card *card, const struct capdu *command, struct writer *response)
{
	(void)response;
	return use_key(card, SE_CT, command->data);
}

/* ISO/IEC 7816-4:2013 clause 11.5.2. */
uint16_t
card_internal_authenticate(struct card *card, const struct capdu *command, struct writer *response)
{
	(void)response;
	return use_key(card, SE_AT, command->data);
}
