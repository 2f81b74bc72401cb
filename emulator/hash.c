#include "engine.h"
#include "iso7816/tlv.h"

#include <openssl/crypto.h>
#include <string.h>

/*
 * PERFORM SECURITY OPERATION: HASH, ISO/IEC 7816-8, in the forms of the fact sheets fineid.md 4.9
 * and iasecc.md 4.9. What all of them leave behind is the loaded hash, which the next PSO COMPUTE
 * DIGITAL SIGNATURE signs. A refused command keeps it and ends what the card was hashing.
 */
enum {
	DO_HASH = 0x90,       /* a hash, or state and count of bits */
	DO_LAST_BLOCK = 0x80, /* its padding is put by the card */
	CRDO_ALGORITHM = 0x80,
};

static void
running_drop(struct card *card)
{
	OPENSSL_cleanse(&card->running, sizeof(card->running));
	card->is_hashing = false;
}

void
hash_drop(struct card *card)
{
	OPENSSL_cleanse(card->hash, sizeof(card->hash));
	card->hash_len = 0;
	card->environments[ENVIRONMENT_DST].hashed = NULL;
	running_drop(card);
}

/* MSE SET of the hash template AA. */
uint16_t
hash_template_set(struct card *card, struct bytes data)
{
	const struct card_rules *rules = &card->personality->rules;
	struct reader reader = reader_of(data);
	struct tlv algorithm;

	if (rules->hash_algorithms_count == 0)
		return SW_INCORRECT_P1P2;
	if (data.len == 0)
		return SW_WRONG_LENGTH;
	if (!tlv_read(&reader, &algorithm) || algorithm.tag != CRDO_ALGORITHM ||
	    algorithm.value.len != 1 || reader.left != 0)
		return SW_INCORRECT_DATA;
	for (size_t i = 0; i < rules->hash_algorithms_count; i++) {
		const struct hash_algorithm *row = &rules->hash_algorithms[i];

		if (((algorithm.value.data[0] ^ row->reference) & row->mask) != 0)
			continue;
		card->hash_template = row;
		hash_drop(card);
		return SW_OK;
	}
	return SW_INCORRECT_DATA;
}

/* Which hash the card computes: the hash template's, else that of the signature's algorithm. */
static bool
find_digest(const struct card *card, enum digest *digest)
{
	const struct algorithm *algorithm = card->environments[ENVIRONMENT_DST].algorithm;

	if (card->hash_template != NULL)
		*digest = card->hash_template->digest;
	else if (algorithm != NULL &&
		 (algorithm->input == INPUT_DIGEST || algorithm->input == INPUT_DIGEST_BARE))
		*digest = algorithm->digest;
	else
		return false;
	return true;
}

/* Among the rows of the same template and reference that the key can do, the one that takes a hash of
 * this length. */
static const struct algorithm *
choose_by_length(const struct environment *environment, size_t len)
{
	const struct algorithm *set = environment->algorithm;
	const struct key_spec *spec = &environment->key->spec;

	for (size_t i = 0; i < spec->algorithms_count; i++) {
		const struct algorithm *row = &spec->algorithms[i];
		const struct environment chosen = {.algorithm = row, .key = environment->key};

		if (row->se != set->se || row->unnamed != set->unnamed ||
		    row->reference != set->reference || !key_can(environment->key, row) ||
		    input_length_sw(&chosen, len) != SW_OK)
			continue;
		return row;
	}
	return NULL;
}

static uint16_t
load(struct card *card, struct bytes hash)
{
	struct environment *environment = &card->environments[ENVIRONMENT_DST];
	const struct algorithm *chosen;

	if (environment->algorithm == NULL || environment->algorithm->source != SOURCE_HASH)
		return SW_CONDITIONS;
	chosen = choose_by_length(environment, hash.len);
	if (chosen == NULL)
		return SW_INCORRECT_DATA;
	environment->hashed = chosen;
	memcpy(card->hash, hash.data, hash.len);
	card->hash_len = hash.len;
	return SW_OK;
}

/* Ends card->running. */
static uint16_t
load_last_block(struct card *card, struct bytes block)
{
	const enum digest digest = card->running.digest;
	uint8_t value[DIGEST_LEN_MAX];
	uint16_t sw;

	if (block.len > partial_hash_block_len(digest))
		return SW_INCORRECT_DATA;
	if (!partial_hash_add(&card->running, block) || !partial_hash_finish(&card->running, value))
		return SW_UNKNOWN;
	sw = load(card, (struct bytes){value, digest_len(digest)});
	OPENSSL_cleanse(value, sizeof(value));
	return sw;
}

/* `90 L {state || count} 80 L {last block}` */
static uint16_t
load_continued(struct card *card, struct bytes begun, struct bytes block)
{
	enum digest digest;

	if (!find_digest(card, &digest))
		return SW_CONDITIONS;
	if (!partial_hash_continue(&card->running, digest, begun))
		return SW_INCORRECT_DATA;
	return load_last_block(card, block);
}

static uint16_t
load_object(struct card *card, struct bytes data)
{
	const unsigned forms = card->personality->rules.hash;
	struct reader reader = reader_of(data);
	struct tlv first, last;

	if (data.len == 0)
		return SW_WRONG_LENGTH;
	if (!tlv_read(&reader, &first))
		return SW_INCORRECT_DATA;
	if (reader.left == 0 && first.tag == DO_HASH && (forms & HASH_WHOLE) != 0)
		return load(card, first.value);
	if (reader.left == 0 && first.tag == DO_LAST_BLOCK && (forms & HASH_BLOCKS) != 0) {
		if (card->hash_template == NULL)
			return SW_CONDITIONS;
		if (!card->is_hashing &&
		    !partial_hash_begin(&card->running, card->hash_template->digest))
			return SW_UNKNOWN;
		return load_last_block(card, first.value);
	}
	if (first.tag == DO_HASH && tlv_read(&reader, &last) && last.tag == DO_LAST_BLOCK &&
	    reader.left == 0 && (forms & HASH_CONTINUED) != 0)
		return load_continued(card, first.value, last.value);
	return SW_INCORRECT_DATA;
}

/* P2=A0 */
uint16_t
pso_hash_command(struct card *card, const struct capdu *command, struct writer *response)
{
	uint16_t sw;

	(void)response;
	if (card->personality->rules.hash == 0)
		return SW_INCORRECT_P1P2;
	sw = load_object(card, command->data);
	running_drop(card);
	return sw;
}

static uint16_t
add_blocks(struct card *card, struct bytes blocks)
{
	const struct hash_algorithm *algorithm = card->hash_template;

	if (algorithm == NULL)
		return SW_CONDITIONS;
	if (blocks.len == 0)
		return SW_WRONG_LENGTH;
	if (blocks.len % partial_hash_block_len(algorithm->digest) != 0)
		return SW_INCORRECT_DATA;
	if (!card->is_hashing && !partial_hash_begin(&card->running, algorithm->digest))
		return SW_UNKNOWN;
	card->is_hashing = true;
	return partial_hash_add(&card->running, blocks) ? SW_OK : SW_UNKNOWN;
}

/* P2=80: whole blocks of the message, raw. */
uint16_t
pso_hash_blocks_command(struct card *card, const struct capdu *command, struct writer *response)
{
	uint16_t sw;

	(void)response;
	if ((card->personality->rules.hash & HASH_BLOCKS) == 0)
		return SW_INCORRECT_P1P2;
	sw = add_blocks(card, command->data);
	if (sw != SW_OK)
		running_drop(card);
	return sw;
}
