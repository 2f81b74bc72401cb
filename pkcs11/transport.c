#include "transport.h"
#include "iso7816/sw.h"

#include <openssl/crypto.h>

enum {
	NC_SHORT_MAX = 255,
	NE_SHORT_MAX = 256,
	SHORT_COMMAND_MAX = 5 + NC_SHORT_MAX + 1,
	INS_GENERAL_AUTHENTICATE = 0x86,
	INS_INTERNAL_AUTHENTICATE = 0x88,
	INS_PSO = 0x2A,
	INS_GET_RESPONSE = 0xC0,
};

static enum smartcard_result
result_of(enum channel_result result)
{
	switch (result) {
	case CHANNEL_OK: return SMARTCARD_OK;
	case CHANNEL_REMOVED: return SMARTCARD_REMOVED;
	case CHANNEL_RESET: return SMARTCARD_RESET;
	case CHANNEL_CANCELLED: return SMARTCARD_CANCELLED;
	case CHANNEL_TIMEOUT: return SMARTCARD_TIMEOUT;
	default: return SMARTCARD_CHANNEL;
	}
}

/* What a reset took, or a failure may have taken. */
static enum smartcard_result
failed(struct smartcard *card, enum channel_result result)
{
	if (result != CHANNEL_OK)
		smartcard_lost_place(card);
	return result_of(result);
}

static size_t
ne_of(uint16_t sw)
{
	return (sw & 0xFF) != 0 ? sw & 0xFF : NE_SHORT_MAX;
}

/* One APDU out, one back; its data is appended to `response`. */
static enum smartcard_result
exchange(struct smartcard *card, const struct capdu *command, struct writer *response)
{
	uint8_t out[SHORT_COMMAND_MAX], in[CHANNEL_RESPONSE_MAX];
	struct writer apdu = writer_to(out, sizeof(out)), answer = writer_to(in, sizeof(in));
	enum smartcard_result r = SMARTCARD_BAD_INPUT;
	struct rapdu rapdu;

	if (!capdu_encode(command, &apdu))
		goto out;
	card->commands++;
	r = failed(card,
		   card->channel.transmit(card->channel.context, writer_bytes(&apdu), &answer));
	if (r != SMARTCARD_OK)
		goto out;
	r = SMARTCARD_PROTOCOL;
	if (!writer_ok(&answer) || !rapdu_parse(writer_bytes(&answer), &rapdu))
		goto out;
	card->sw = rapdu.sw;
	if (rapdu.data.len > 0) {
		if (response == NULL)
			goto out;
		writer_put(response, rapdu.data);
		if (!writer_ok(response))
			goto out;
	}
	r = SMARTCARD_OK;
out:
	OPENSSL_cleanse(out, sizeof(out));
	OPENSSL_cleanse(in, sizeof(in));
	return r;
}

/* A part that may have to be asked for with another Le. */
static enum smartcard_result
exchange_le(struct smartcard *card, struct capdu command, struct writer *response)
{
	const size_t before = response != NULL ? response->len : 0;
	enum smartcard_result r = exchange(card, &command, response);

	if (r != SMARTCARD_OK || (card->sw & 0xFF00) != SW_WRONG_LE)
		return r;
	if (response != NULL && response->len != before)
		return SMARTCARD_PROTOCOL;
	command.has_le = true;
	command.ne = ne_of(card->sw);
	r = exchange(card, &command, response);
	if (r == SMARTCARD_OK && (card->sw & 0xFF00) == SW_WRONG_LE)
		return SMARTCARD_PROTOCOL;
	return r;
}

/* All but the last part of data that one command does not hold. True in `*go_on`: the last part
 * may follow. */
static enum smartcard_result
send_chain(struct smartcard *card, struct capdu *command, bool *go_on)
{
	struct capdu part = *command;

	part.cla |= CLA_CHAINING;
	part.has_le = false;
	part.ne = 0;
	part.data.len = NC_SHORT_MAX;
	*go_on = true;
	while (command->data.len > NC_SHORT_MAX) {
		enum smartcard_result r;

		part.data.data = command->data.data;
		command->data.data += NC_SHORT_MAX;
		command->data.len -= NC_SHORT_MAX;
		r = exchange(card, &part, NULL);
		*go_on = r == SMARTCARD_OK && card->sw == SW_OK;
		if (!*go_on)
			return r;
	}
	return SMARTCARD_OK;
}

static bool
uses_key(uint8_t ins)
{
	return ins == INS_PSO || ins == INS_INTERNAL_AUTHENTICATE ||
	       ins == INS_GENERAL_AUTHENTICATE;
}

enum smartcard_result
transport_send(struct smartcard *card, const struct capdu *command, struct writer *response)
{
	struct capdu last = *command;
	struct capdu get_response = {
	    .cla = command->cla & (uint8_t)~CLA_CHAINING, .ins = INS_GET_RESPONSE, .has_le = true};
	enum smartcard_result r;
	bool go_on;

	card->key_used = false;
	if (last.has_le && last.ne > NE_SHORT_MAX)
		last.ne = NE_SHORT_MAX;
	r = send_chain(card, &last, &go_on);
	if (!go_on)
		return r;
	if (card->channel.t0 && last.data.len > 0) {
		last.has_le = false;
		last.ne = 0;
	}
	r = exchange_le(card, last, response);
	for (unsigned round = 0; r == SMARTCARD_OK && (card->sw & 0xFF00) == SW_MORE_DATA;
	     round++) {
		const size_t before = response != NULL ? response->len : 0;

		if (response == NULL || round == TRANSPORT_ROUNDS_MAX)
			return SMARTCARD_PROTOCOL;
		card->key_used = uses_key(command->ins);
		get_response.ne = ne_of(card->sw);
		r = exchange_le(card, get_response, response);
		if (r == SMARTCARD_OK && (card->sw & 0xFF00) == SW_MORE_DATA &&
		    response->len == before)
			return SMARTCARD_PROTOCOL;
	}
	return r;
}

enum smartcard_result
transport_command(struct smartcard *card, const struct capdu *command, struct writer *response)
{
	enum smartcard_result r = transport_send(card, command, response);

	if (r != SMARTCARD_OK || card->sw == SW_OK)
		return r;
	return card->sw == SW_SECURITY_STATUS ? SMARTCARD_NOT_VERIFIED : SMARTCARD_REFUSED;
}

enum smartcard_result
transport_pin_pad(struct smartcard *card, const struct channel_pin *pin)
{
	uint8_t in[CHANNEL_RESPONSE_MAX];
	struct writer answer = writer_to(in, sizeof(in));
	enum smartcard_result r;
	struct rapdu rapdu;

	if (card->channel.pin_pad == NULL)
		return SMARTCARD_UNSUPPORTED;
	card->commands++;
	r = failed(card, card->channel.pin_pad(card->channel.context, pin, &answer));
	if (r != SMARTCARD_OK)
		return r;
	if (!writer_ok(&answer) || !rapdu_parse(writer_bytes(&answer), &rapdu))
		return SMARTCARD_PROTOCOL;
	card->sw = rapdu.sw;
	return SMARTCARD_OK;
}
