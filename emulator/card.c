#include "engine.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

/* Transport and dispatch: from bytes to a command's handler, from its status word to bytes. */

enum {
	CLA_SECURE_MESSAGING = 0x0C, /* clause 5.4.1 (2013), first interindustry values */
	CLA_CHANNEL = 0x03,
	CHALLENGE_MAX = 256,
};

static const struct card_command commands[] = {
    {.ins = 0xA4, .handler = select_command},
    {.ins = 0xB0, .handler = read_binary_command},
    {.ins = 0xD6, .handler = update_binary_command},
    {.ins = 0x20, .handler = verify_command},
    {.ins = 0x24, .handler = change_reference_data_command},
    {.ins = 0x2C, .handler = reset_retry_counter_command},
    {.ins = 0x22, .handler = manage_security_environment_command},
    {.ins = 0x2A,
     .p1p2 = 0x9080,
     .p1p2_mask = 0xFFFF,
     .chaining = true,
     .handler = pso_hash_blocks_command},
    {.ins = 0x2A,
     .p1p2 = 0x90A0,
     .p1p2_mask = 0xFFFF,
     .chaining = true,
     .handler = pso_hash_command},
    {.ins = 0x2A,
     .p1p2 = 0x9E9A,
     .p1p2_mask = 0xFFFF,
     .chaining = true,
     .handler = pso_sign_command},
    {.ins = 0x2A,
     .p1p2 = 0x8086,
     .p1p2_mask = 0xFFFF,
     .chaining = true,
     .handler = pso_decipher_command},
    {.ins = 0x84, .p1p2_mask = 0xFFFF, .handler = card_get_challenge},
    {.ins = 0x70, .sw = SW_CHANNEL_NOT_SUPPORTED},
};

/* Of cards with card_take_program(). */
static const struct card_command put_program[] = {
    {.ins = 0xDA, .p1p2 = PROGRAM_TEXT_TAG, .p1p2_mask = 0xFFFF, .handler = put_program_command},
};

struct bytes
card_atr(const struct card *card)
{
	return (struct bytes){card->atr.bytes, card->atr.len};
}

void
card_reset(struct card *card)
{
	request_end(card);
	answer_drop(card);
	card->chain = capdu_chain_over(card->chain_data, sizeof(card->chain_data));
	OPENSSL_cleanse(card->chain_data, sizeof(card->chain_data));
	environments_clear(card);
	card->failed.key = NULL;
	card->program_len = 0;
	pins_drop(card, PINS_ALL_DROPPED);
	card->df = card->files[0];
	card->ef = NULL;
	card->t0 = card->atr.first_protocol == 0;
}

void
card_set_protocol(struct card *card, unsigned protocol)
{
	if (protocol <= 1 && !card->atr.specific && (card->atr.protocols & 1u << protocol) != 0)
		card->t0 = protocol == 0;
}

/* Clause 11.5.3 (2013). */
uint16_t
card_get_challenge(struct card *card, const struct capdu *command, struct writer *response)
{
	uint8_t challenge[CHALLENGE_MAX];
	size_t len = command->ne < CHALLENGE_MAX ? command->ne : CHALLENGE_MAX;

	(void)card;
	if (command->data.len != 0 || !command->has_le)
		return SW_WRONG_LENGTH;
	if (RAND_bytes(challenge, (int)len) != 1)
		return SW_UNKNOWN;
	writer_put(response, (struct bytes){challenge, len});
	return SW_OK;
}

static bool
cla_is_interindustry(uint8_t cla)
{
	return (cla & CLA_INTERINDUSTRY_OTHER) == 0;
}

/* How far the rows agree with a command: the best tells which status word refuses it. */
enum agreement { AGREE_NOTHING, AGREE_CLA, AGREE_INS, AGREE_ALL };

static enum agreement
row_agrees(const struct card_command *row, uint8_t cla_mask, uint8_t cla,
	   const struct capdu *command)
{
	uint16_t p1p2 = (uint16_t)(command->p1 << 8 | command->p2);

	if (((row->cla ^ cla) & cla_mask) != 0)
		return AGREE_NOTHING;
	if (row->ins != command->ins)
		return AGREE_CLA;
	return ((row->p1p2 ^ p1p2) & row->p1p2_mask) == 0 ? AGREE_ALL : AGREE_INS;
}

/* The rows that a card has from one place. */
struct rows {
	const struct card_command *rows;
	size_t count;
	bool own; /* the card's own: they have a mask for CLA */
};

static const struct card_command *
find_among(const struct rows *rows, uint8_t cla, const struct capdu *command, enum agreement *best)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct card_command *row = &rows->rows[i];
		enum agreement agreement =
		    row_agrees(row, rows->own ? row->cla_mask : 0xFF, cla, command);

		if (agreement > *best)
			*best = agreement;
		if (agreement == AGREE_ALL)
			return row;
	}
	return NULL;
}

#define ROWS(array)                                                \
	{                                                          \
		(array), sizeof(array) / sizeof((array)[0]), false \
	}

static const struct card_command *
find_row(const struct card *card, uint8_t cla, const struct capdu *command, enum agreement *best)
{
	static const struct rows engine = ROWS(commands), program = ROWS(put_program);
	const struct rows own = {card->personality->commands, card->personality->commands_count,
				 true};
	const struct card_command *row;

	*best = AGREE_NOTHING;
	row = find_among(&own, cla, command, best);
	if (row == NULL)
		row = find_among(&engine, cla, command, best);
	if (row == NULL && card->takes_program)
		row = find_among(&program, cla, command, best);
	return row;
}

static uint16_t
refusal(uint8_t cla, enum agreement best)
{
	if (best == AGREE_INS)
		return SW_INCORRECT_P1P2;
	if (best == AGREE_CLA)
		return SW_INS_NOT_SUPPORTED;
	if (cla_is_interindustry(cla) && (cla & CLA_SECURE_MESSAGING) != 0)
		return SW_SM_NOT_SUPPORTED;
	if (cla_is_interindustry(cla) && (cla & CLA_CHANNEL) != 0)
		return SW_CHANNEL_NOT_SUPPORTED;
	return SW_CLA_NOT_SUPPORTED;
}

/* SW_OK and `complete`: `whole` is the command to run. */
static uint16_t
collect(struct card *card, const struct capdu *part, struct capdu *whole, bool *complete)
{
	*complete = false;
	if (!cla_is_interindustry(part->cla)) {
		capdu_chain_drop(&card->chain);
		return SW_LAST_COMMAND_EXPECTED;
	}
	switch (capdu_chain_add(&card->chain, part, whole)) {
	case CAPDU_CHAIN_WHOLE: *complete = true; return SW_OK;
	case CAPDU_CHAIN_MORE: return SW_OK;
	case CAPDU_CHAIN_BROKEN: return SW_LAST_COMMAND_EXPECTED;
	case CAPDU_CHAIN_FULL: return SW_WRONG_LENGTH;
	}
	return SW_UNKNOWN;
}

static uint16_t
run(struct card *card, const struct card_command *row, const struct capdu *command)
{
	struct writer data = writer_to(card->answer.data, sizeof(card->answer.data));
	uint16_t sw;

	if (row->handler == NULL)
		return row->sw;
	sw = row->handler(card, command, &data);
	card->answer.len = writer_bytes(&data).len;
	return sw;
}

static uint16_t
execute(struct card *card, const struct capdu *command)
{
	bool part = cla_is_interindustry(command->cla) && (command->cla & CLA_CHAINING) != 0;
	uint8_t cla = part ? command->cla & (uint8_t)~CLA_CHAINING : command->cla;
	const struct card_command *row;
	struct capdu whole = *command;
	enum agreement best;
	uint16_t sw;
	bool complete;

	row = find_row(card, cla, command, &best);
	if (!card->chain.open && row == NULL)
		return refusal(cla, best);
	if (!card->chain.open && part && !row->chaining)
		return SW_CHAINING_NOT_SUPPORTED;
	if (card->chain.open || part) {
		sw = collect(card, command, &whole, &complete);
		if (!complete)
			return sw;
	}
	sw = row != NULL ? run(card, row, &whole) : SW_INS_NOT_SUPPORTED;
	capdu_chain_drop(&card->chain);
	return sw;
}

/* ISO/IEC 7816-3 clause 12.2.1: on T=0 the Le of a case 4 command stays with the host, which fetches
 * what there is; a handler that looks at Le sees the most that a short one can say. */
static void
restore_le(const struct card *card, struct capdu *command)
{
	enum { NE_SHORT_MAX = 256 };

	if (!card->t0 || command->data.len == 0 || command->has_le)
		return;
	command->has_le = true;
	command->ne = NE_SHORT_MAX;
}

enum card_result
card_transmit(struct card *card, struct bytes bytes, struct writer *response)
{
	struct capdu command;
	uint16_t sw;

	if (card->pending.resume != NULL) {
		writer_u16(response, SW_CONDITIONS);
		return CARD_DONE;
	}
	if (!capdu_parse(bytes, &command) || (card->t0 && command.extended)) {
		writer_u16(response, SW_WRONG_LENGTH);
		return CARD_DONE;
	}
	if (!card->chain.open && answer_continue(card, &command, response))
		return CARD_DONE;
	card->answer.form = answer_form_of(&command);
	restore_le(card, &command);
	sw = execute(card, &command);
	if (sw == COMMAND_PENDING)
		return CARD_PENDING;
	answer_send(card, sw, response);
	return CARD_DONE;
}

enum card_result
card_resume(struct card *card, const struct key_result *result, struct writer *response)
{
	struct writer data = writer_to(card->answer.data, sizeof(card->answer.data));
	uint16_t sw;

	if (card->pending.resume == NULL) {
		writer_u16(response, SW_CONDITIONS);
		return CARD_DONE;
	}
	sw = card->pending.resume(card, result, &data);
	if (card->pending.by_owner) {
		request_end(card);
		writer_u16(response, sw);
		return CARD_DONE;
	}
	card->answer.len = writer_bytes(&data).len;
	request_end(card);
	answer_send(card, sw, response);
	return CARD_DONE;
}
