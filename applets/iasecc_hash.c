/*
 * Hashing on the card: 4.8, 4.9 and 6.2.
 */
#include "iasecc_card.h"
#include "iso7816/tlv.h"
#include "partial_hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

enum {
	DO_ALGORITHM = 0x80, /* of MSE SET */
	DO_HASH = 0x90,      /* of PSO HASH: a whole hash, or state and count of bits */
	DO_LAST_BLOCK = 0x80,
	COUNT_LEN = 8,
};

/* The digests of 6.2, the ones with a state first. */
static const struct {
	uint8_t reference;
	enum digest digest;
} DIGESTS[] = {
    {0x40, DIGEST_SHA256}, {0x10, DIGEST_SHA1},   {0x30, DIGEST_SHA224},
    {0x50, DIGEST_SHA384}, {0x60, DIGEST_SHA512},
};
enum { DIGESTS_COUNT = sizeof(DIGESTS) / sizeof(DIGESTS[0]) };

/* The reference is checked and that is all: which hash is computed follows from the algorithm of
 * the signature, whose high nibble names the same one. */
uint16_t
iasecc_set_hash(struct card *card, const struct capdu *command, struct writer *response)
{
	struct reader reader = reader_of(command->data);
	struct tlv algorithm;

	(void)card;
	(void)response;
	if (command->data.len == 0)
		return SW_WRONG_LENGTH;
	if (!tlv_read(&reader, &algorithm) || algorithm.tag != DO_ALGORITHM ||
	    algorithm.value.len != 1 || reader.left != 0)
		return SW_INCORRECT_DATA;
	for (size_t i = 0; i < DIGESTS_COUNT; i++) {
		if (DIGESTS[i].reference == algorithm.value.data[0])
			return SW_OK;
	}
	return SW_INCORRECT_DATA;
}

static bool
hash_whole(enum digest digest, struct bytes message, uint8_t *value)
{
	EVP_MD *md = EVP_MD_fetch(NULL, digest_name(digest), NULL);
	bool ok = md != NULL && EVP_Digest(message.data, message.len, value, NULL, md, NULL) == 1;

	EVP_MD_free(md);
	return ok;
}

/* `begun` is the state and the count, or empty when the whole message is in `rest`. */
static bool
hash_rest(enum digest digest, struct bytes begun, struct bytes rest, uint8_t *value)
{
	struct reader reader = reader_of(begun);
	uint32_t high, low;
	struct bytes state;

	if (begun.len == 0)
		return hash_whole(digest, rest, value);
	return reader_take(&reader, partial_hash_state_len(digest), &state) &&
	       reader.left == COUNT_LEN && reader_u32(&reader, &high) &&
	       reader_u32(&reader, &low) &&
	       partial_hash_finish(digest, state, (uint64_t)high << 32 | low, rest, value);
}

/* The template for signatures takes the hash of its own algorithm and refuses the others by their
 * length. */
static uint16_t
load_rest(struct card *card, struct bytes begun, struct bytes rest)
{
	uint8_t value[DIGEST_LEN_MAX];
	uint16_t sw = SW_INCORRECT_DATA;

	for (size_t i = 0; i < DIGESTS_COUNT && sw == SW_INCORRECT_DATA; i++) {
		const enum digest digest = DIGESTS[i].digest;

		if (hash_rest(digest, begun, rest, value))
			sw = card_load_hash(card, (struct bytes){value, digest_len(digest)});
	}
	OPENSSL_cleanse(value, sizeof(value));
	return sw;
}

uint16_t
iasecc_pso_hash(struct card *card, const struct capdu *command, struct writer *response)
{
	struct reader reader = reader_of(command->data);
	struct tlv begun, rest;

	(void)response;
	if (command->data.len == 0)
		return SW_WRONG_LENGTH;
	if (!tlv_read(&reader, &begun) || begun.tag != DO_HASH)
		return SW_INCORRECT_DATA;
	if (reader.left == 0)
		return card_load_hash(card, begun.value);
	if (!tlv_read(&reader, &rest) || rest.tag != DO_LAST_BLOCK || reader.left != 0)
		return SW_INCORRECT_DATA;
	return load_rest(card, begun.value, rest.value);
}
