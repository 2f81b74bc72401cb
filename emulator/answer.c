#include "engine.h"

#include <openssl/crypto.h>
#include <string.h>

enum {
	INS_GET_RESPONSE = 0xC0,
	NE_SHORT_MAX = 256, /* Le 00: as much as there is */
};

struct answer_form
answer_form_of(const struct capdu *command)
{
	return (struct answer_form){
	    .cla = command->cla,
	    .ins = command->ins,
	    .p1 = command->p1,
	    .p2 = command->p2,
	    .has_data = command->data.len != 0,
	    .has_le = command->has_le,
	    .ne = command->ne,
	};
}

void
answer_drop(struct card *card)
{
	OPENSSL_cleanse(card->answer.data, card->answer.len);
	card->answer.len = 0;
	card->answer.at = 0;
	card->answer.state = ANSWER_NONE;
}

/* The next `count` bytes at most; 61xx when some are left, else the command's status word. */
static void
answer_give(struct card *card, size_t count, struct writer *response)
{
	struct answer *answer = &card->answer;
	size_t left = answer->len - answer->at;

	if (count > left)
		count = left;
	writer_put(response, (struct bytes){answer->data + answer->at, count});
	answer->at += count;
	left -= count;
	if (left != 0) {
		answer->state = ANSWER_CONTINUED;
		writer_u16(response, (uint16_t)(SW_MORE_DATA | (left > 0xFF ? 0 : left)));
		return;
	}
	writer_u16(response, answer->sw);
	answer_drop(card);
}

/* ISO/IEC 7816-3 clause 12.2.1: on T=0 a case 4 command is answered by GET RESPONSE, an Le that is
 * too large by 6Cxx. On T=1 the Le that came is obeyed. */
static void
answer_cut(struct card *card, struct writer *response)
{
	struct answer *answer = &card->answer;
	const struct answer_form *form = &answer->form;
	size_t ne = form->has_le ? form->ne : 0;

	if (card->t0 && !form->has_data) {
		if (!form->has_le)
			ne = NE_SHORT_MAX; /* case 1 reaches a T=0 card with P3 = 00 */
		if (answer->len < ne && ne != NE_SHORT_MAX && answer->sw == SW_OK) {
			answer->state = ANSWER_REPEATED;
			writer_u16(response, (uint16_t)(SW_WRONG_LE | answer->len));
			return;
		}
	} else if (card->t0) {
		ne = 0;
	}
	answer_give(card, ne, response);
}

static bool
sw_keeps_data(uint16_t sw)
{
	unsigned sw1 = sw >> 8;

	return sw1 == 0x62 || sw1 == 0x63 || sw1 == 0x90;
}

void
answer_send(struct card *card, uint16_t sw, struct writer *response)
{
	card->answer.sw = sw;
	card->answer.at = 0;
	if (card->answer.len == 0 || !sw_keeps_data(sw)) {
		answer_drop(card);
		writer_u16(response, sw);
		return;
	}
	answer_cut(card, response);
}

static bool
answer_is_repetition(const struct answer *answer, const struct capdu *command)
{
	return answer->state == ANSWER_REPEATED && answer->form.cla == command->cla &&
	       answer->form.ins == command->ins && answer->form.p1 == command->p1 &&
	       answer->form.p2 == command->p2 && command->data.len == 0;
}

static void
get_response(struct card *card, const struct capdu *command, struct writer *response)
{
	struct answer *answer = &card->answer;
	size_t ne = command->has_le ? command->ne : NE_SHORT_MAX;
	size_t left = answer->len - answer->at;

	if (command->p1 != 0 || command->p2 != 0) {
		writer_u16(response, SW_INCORRECT_P1P2);
	} else if (command->data.len != 0) {
		writer_u16(response, SW_WRONG_LENGTH);
	} else if (answer->state != ANSWER_CONTINUED) {
		writer_u16(response, SW_CONDITIONS);
	} else if (ne < NE_SHORT_MAX && ne > left) {
		writer_u16(response, (uint16_t)(SW_WRONG_LE | left));
	} else {
		answer_give(card, ne, response);
	}
}

bool
answer_continue(struct card *card, const struct capdu *command, struct writer *response)
{
	if (command->cla == 0 && command->ins == INS_GET_RESPONSE) {
		get_response(card, command, response);
		return true;
	}
	if (answer_is_repetition(&card->answer, command)) {
		card->answer.form = answer_form_of(command);
		answer_cut(card, response);
		return true;
	}
	answer_drop(card);
	return false;
}
