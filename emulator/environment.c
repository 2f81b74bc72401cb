#include "engine.h"
#include "iso7816/tlv.h"

#include <string.h>

/* MANAGE SECURITY ENVIRONMENT, ISO/IEC 7816-4:2013 clause 11.5.11. */
enum {
	P1_SET_COMPUTE = 0x41, /* computation, decipherment, internal authentication */
	CRDO_ALGORITHM = 0x80,
	CRDO_FILE = 0x81,
	CRDO_KEY = 0x84,
	CRDO_USAGE = 0x95,
	CRDOS_LEN_MAX = 0x30, /* fineid.md 4.8 */
};

struct environment *
environment_of(struct card *card, uint8_t se)
{
	switch (se) {
	case SE_AT: return &card->environments[ENVIRONMENT_AT];
	case SE_DST: return &card->environments[ENVIRONMENT_DST];
	case SE_CT: return &card->environments[ENVIRONMENT_CT];
	default: return NULL;
	}
}

void
environments_clear(struct card *card)
{
	memset(card->environments, 0, sizeof(card->environments));
	card->hash_template = NULL;
	hash_drop(card);
}

/* The control reference data objects of one MSE SET. */
struct crdos {
	bool has_algorithm, has_file, has_key;
	uint8_t algorithm, key;
	uint16_t file;
};

static bool
crdos_parse(struct bytes data, struct crdos *crdos)
{
	struct reader reader = reader_of(data);
	struct tlv tlv;

	memset(crdos, 0, sizeof(*crdos));
	while (reader.left > 0) {
		if (!tlv_read(&reader, &tlv))
			return false;
		if (tlv.tag == CRDO_ALGORITHM && tlv.value.len == 1) {
			crdos->has_algorithm = true;
			crdos->algorithm = tlv.value.data[0];
		} else if (tlv.tag == CRDO_KEY && tlv.value.len == 1) {
			crdos->has_key = true;
			crdos->key = tlv.value.data[0];
		} else if (tlv.tag == CRDO_FILE && tlv.value.len == 2) {
			crdos->has_file = true;
			crdos->file = (uint16_t)(tlv.value.data[0] << 8 | tlv.value.data[1]);
		} else if (tlv.tag != CRDO_USAGE || tlv.value.len != 1) {
			return false;
		}
	}
	return crdos->has_file || crdos->has_key;
}

static const struct key *
find_key(const struct card *card, const struct crdos *crdos)
{
	for (size_t i = 0; i < card->keys_count; i++) {
		const struct key_spec *spec = &card->keys[i].spec;

		if (crdos->has_file && (spec->fid == 0 || spec->fid != crdos->file))
			continue;
		if (crdos->has_key && (spec->reference == 0 || spec->reference != crdos->key))
			continue;
		return &card->keys[i];
	}
	return NULL;
}

static bool
is_of_ec(enum key_operation operation)
{
	return operation == KEY_SIGN_ECDSA || operation == KEY_DERIVE_ECDH;
}

/* card.conf's `usage`: image.h. */
static bool
is_allowed(unsigned usage, const struct algorithm *algorithm)
{
	unsigned wanted = IMAGE_USAGE_SIGN | IMAGE_USAGE_NON_REPUDIATION;

	if (algorithm->operation == KEY_DERIVE_ECDH)
		wanted = IMAGE_USAGE_DERIVE;
	else if (algorithm->se == SE_CT)
		wanted = IMAGE_USAGE_DECRYPT;
	else if (algorithm->se == SE_AT)
		wanted = IMAGE_USAGE_SIGN;
	return usage == 0 || (usage & wanted) != 0;
}

bool
key_can(const struct key *key, const struct algorithm *algorithm)
{
	return is_of_ec(algorithm->operation) == key->ec &&
	       (key->operations & 1U << algorithm->operation) != 0 &&
	       is_allowed(key->usage, algorithm);
}

static const struct algorithm *
find_algorithm(const struct key *key, uint8_t se, const struct crdos *crdos)
{
	for (size_t i = 0; i < key->spec.algorithms_count; i++) {
		const struct algorithm *algorithm = &key->spec.algorithms[i];

		if (algorithm->se != se || algorithm->unnamed == crdos->has_algorithm ||
		    !key_can(key, algorithm))
			continue;
		if (algorithm->unnamed || algorithm->reference == crdos->algorithm)
			return algorithm;
	}
	return NULL;
}

static uint16_t
mse_set(struct card *card, uint8_t se, struct bytes data)
{
	uint16_t sw_scheme = card->personality->rules.sw_scheme;
	struct environment *environment = environment_of(card, se);
	const struct algorithm *algorithm;
	const struct key *key;
	struct crdos crdos;

	if (se == SE_HT)
		return hash_template_set(card, data);
	if (environment == NULL)
		return SW_INCORRECT_P1P2;
	if (data.len == 0 || data.len > CRDOS_LEN_MAX)
		return SW_WRONG_LENGTH;
	if (!crdos_parse(data, &crdos))
		return SW_INCORRECT_DATA;
	key = find_key(card, &crdos);
	if (key == NULL)
		return SW_REFERENCE_NOT_FOUND;
	algorithm = find_algorithm(key, se, &crdos);
	if (algorithm == NULL)
		return sw_scheme != 0 ? sw_scheme : SW_INCORRECT_DATA;
	*environment = (struct environment){.algorithm = algorithm, .key = key};
	hash_drop(card);
	return SW_OK;
}

static uint16_t
mse_restore(struct card *card, const struct capdu *command)
{
	const uint16_t *restores = card->personality->rules.restores;
	uint16_t p1p2 = (uint16_t)(command->p1 << 8 | command->p2);
	uint16_t sw = SW_INCORRECT_P1P2;

	for (size_t i = 0; i < RULES_RESTORES_MAX && restores[i] != 0; i++) {
		if (restores[i] == p1p2) {
			if (command->data.len != 0)
				return SW_WRONG_LENGTH;
			environments_clear(card);
			return SW_OK;
		}
		if (restores[i] >> 8 == command->p1)
			sw = SW_REFERENCE_NOT_FOUND;
	}
	return sw;
}

uint16_t
manage_security_environment_command(struct card *card, const struct capdu *command,
				    struct writer *response)
{
	(void)response;
	if (command->p1 == P1_SET_COMPUTE)
		return mse_set(card, command->p2, command->data);
	return mse_restore(card, command);
}
