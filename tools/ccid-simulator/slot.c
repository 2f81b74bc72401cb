#include "slot.h"

#include "ifdhandler/clock.h"
#include "iso7816/sw.h"

#include <openssl/crypto.h>
#include <string.h>

void
slot_init(struct slot *slot, int64_t slow_ms)
{
	memset(slot, 0, sizeof(*slot));
	slot->slow_ms = slow_ms;
	slot->at = CLOCK_NEVER;
}

static void
end_exchange(struct slot *slot)
{
	slot->state = SLOT_IDLE;
	slot->at = CLOCK_NEVER;
	OPENSSL_cleanse(slot->t0_data, sizeof(slot->t0_data));
}

void
slot_abandon(struct slot *slot)
{
	if (slot->state != SLOT_IDLE)
		slot->chip->abandon(slot->chip->context);
	end_exchange(slot);
}

void
slot_put(struct slot *slot, const struct chip *chip)
{
	slot_power_off(slot);
	slot->chip = chip;
}

void
slot_power_off(struct slot *slot)
{
	slot_abandon(slot);
	if (slot->chip != NULL)
		slot->chip->reset(slot->chip->context);
	t1_begin(&slot->t1, false, T1_DEFAULT_IFSD);
	slot->powered = false;
	slot->structure_len = 0;
}

static void
use_protocol(struct slot *slot, unsigned protocol)
{
	slot->protocol = protocol;
	slot->chip->set_protocol(slot->chip->context, protocol);
}

bool
slot_power_on(struct slot *slot, struct writer *answer)
{
	struct atr atr;

	slot_power_off(slot);
	if (slot->chip == NULL || !atr_parse(slot->chip->atr(slot->chip->context), &atr))
		return false;
	slot->transmission = transmission_of(&atr);
	slot->powered = true;
	slot->negotiable = !atr.specific;
	use_protocol(slot, atr.first_protocol);
	t1_begin(&slot->t1, slot->transmission.t1_crc, slot->transmission.t1_card_size);
	writer_put(answer, (struct bytes){atr.bytes, atr.len});
	return true;
}

/* Once the protocol is in use only a reset brings another (clause 6.3.1). A reader that negotiates by
 * itself does so here. */
bool
slot_set_protocol(struct slot *slot, unsigned protocol, struct bytes structure)
{
	if (!slot->powered || !transmission_offers(&slot->transmission, protocol) ||
	    !transmission_structure_valid(protocol, structure) ||
	    (protocol != slot->protocol && !slot->negotiable))
		return false;
	if (protocol != slot->protocol)
		use_protocol(slot, protocol);
	memcpy(slot->structure, structure.data, structure.len);
	slot->structure_len = structure.len;
	return true;
}

void
slot_structure(const struct slot *slot, struct writer *answer)
{
	if (slot->structure_len > 0)
		writer_put(answer, (struct bytes){slot->structure, slot->structure_len});
	else
		transmission_put(&slot->transmission, slot->protocol, answer);
}

static int64_t
waiting_time(const struct slot *slot)
{
	return slot->protocol == 0 ? transmission_wt_ms(&slot->transmission)
				   : transmission_bwt_ms(&slot->transmission);
}

/*
 * T=0: what the card says goes through the reader's end at once; only the response is the host's.
 */
static enum slot_result
t0_finish(struct slot *slot, struct bytes rapdu, struct writer *answer)
{
	uint8_t room[T0_SAID_MAX];
	struct writer said = writer_to(room, sizeof(room));
	struct t0_reader reader = t0_reader_begin(&slot->t0, answer);
	enum t0_step step = T0_GOES_ON;
	struct bytes sent = BYTES_NONE;

	if (slot->t0.data.len > 0)
		writer_u8(&said, slot->t0.header[1]);
	t0_card_say(&slot->t0, rapdu, &said);
	for (size_t i = 0; i < said.len && step != T0_BROKEN && step != T0_DONE; i++)
		step = t0_reader_take(&reader, room[i], &sent);
	OPENSSL_cleanse(room, sizeof(room));
	end_exchange(slot);
	return step == T0_DONE && writer_ok(answer) ? SLOT_ANSWERS : SLOT_BROKEN;
}

static enum slot_result
finish(struct slot *slot, const struct writer *response, struct writer *answer)
{
	const struct bytes rapdu = writer_bytes(response);
	enum slot_result result = SLOT_ANSWERS;

	slot->state = SLOT_IDLE;
	slot->at = CLOCK_NEVER;
	if (rapdu.len < 2)
		result = SLOT_BROKEN;
	else if (slot->protocol == 0)
		result = t0_finish(slot, rapdu, answer);
	else
		t1_respond(&slot->t1, rapdu, answer);
	OPENSSL_cleanse(slot->rapdu, rapdu.len);
	return result;
}

/* S(WTX request) at T=1, the procedure byte 60 at T=0, which is the reader's to tell the host. */
static enum slot_result
ask_time(struct slot *slot, int64_t now, uint8_t multiplier, struct writer *answer)
{
	slot->multiplier = multiplier;
	if (slot->protocol != 0) {
		slot->state = SLOT_GRANTING;
		slot->at = CLOCK_NEVER;
		t1_ask_time(&slot->t1, multiplier, answer);
		return SLOT_ANSWERS;
	}
	slot->state = multiplier == SLOT_WORK_MULTIPLIER ? SLOT_WORKING : SLOT_DELAYED;
	slot->at = slot->state == SLOT_WORKING
		       ? now
		       : clock_earlier(now + waiting_time(slot) / 2, slot->due);
	return SLOT_ASKS;
}

/* A key is needed. */
static enum slot_result
begin_work(struct slot *slot, int64_t now, struct writer *answer)
{
	slot->due = now + slot->slow_ms;
	if (slot->slow_ms == 0)
		return ask_time(slot, now, SLOT_WORK_MULTIPLIER, answer);
	slot->state = SLOT_DELAYED;
	slot->at = clock_earlier(now + waiting_time(slot) / 2, slot->due);
	return SLOT_WAITS;
}

static enum slot_result
transmit(struct slot *slot, int64_t now, struct bytes command, struct writer *answer)
{
	struct writer response = writer_to(slot->rapdu, sizeof(slot->rapdu));

	if (slot->chip->transmit(slot->chip->context, command, &response) == CHIP_WORKS)
		return begin_work(slot, now, answer);
	return finish(slot, &response, answer);
}

static enum slot_result
work(struct slot *slot, int64_t now, struct writer *answer)
{
	struct writer response = writer_to(slot->rapdu, sizeof(slot->rapdu));

	if (slot->chip->work(slot->chip->context, &response) == CHIP_WORKS)
		return begin_work(slot, now, answer);
	return finish(slot, &response, answer);
}

static enum slot_result
exchange_t1(struct slot *slot, int64_t now, struct bytes tpdu, struct writer *answer)
{
	switch (t1_receive(&slot->t1, tpdu, answer)) {
	case T1_ANSWERS: return SLOT_ANSWERS;
	case T1_DROPPED: slot_abandon(slot); return SLOT_ANSWERS;
	case T1_GRANTED:
		if (slot->multiplier == SLOT_WORK_MULTIPLIER) {
			slot->state = SLOT_WORKING;
			slot->at = now;
		} else {
			slot->state = SLOT_DELAYED;
			slot->at = clock_earlier(now + waiting_time(slot) / 2, slot->due);
		}
		return SLOT_WAITS;
	case T1_COMMAND: break;
	}
	return transmit(slot, now, t1_command(&slot->t1), answer);
}

static enum slot_result
exchange_t0(struct slot *slot, int64_t now, struct bytes tpdu, struct writer *answer)
{
	uint8_t capdu[T0_HEADER_LEN + T0_DATA_MAX];
	struct writer command = writer_to(capdu, sizeof(capdu));
	enum slot_result result;

	if (!t0_command_parse(tpdu, &slot->t0, &slot->wrong_at))
		return SLOT_WRONG;
	/* Kept for the time that the card needs; an Le after the data is not part of it. */
	if (slot->t0.data.len > 0) {
		memcpy(slot->t0_data, slot->t0.data.data, slot->t0.data.len);
		slot->t0.data.data = slot->t0_data;
	}
	writer_put(&command, BYTES(slot->t0.header));
	writer_put(&command, slot->t0.data);
	result = transmit(slot, now, writer_bytes(&command), answer);
	OPENSSL_cleanse(capdu, sizeof(capdu));
	return result;
}

static enum slot_result
negotiate(struct slot *slot, struct bytes tpdu, struct writer *answer)
{
	unsigned protocol;

	if (!transmission_pps(&slot->transmission, tpdu, &protocol, answer))
		return SLOT_MUTE;
	slot->negotiable = false;
	use_protocol(slot, protocol);
	return SLOT_ANSWERS;
}

enum slot_result
slot_exchange(struct slot *slot, int64_t now, struct bytes tpdu, struct writer *answer)
{
	slot->wrong_at = 0;
	if (tpdu.len == 0)
		return SLOT_WRONG;
	if (slot->negotiable && tpdu.data[0] == PPS_START)
		return negotiate(slot, tpdu, answer);
	slot->negotiable = false;
	return slot->protocol == 0 ? exchange_t0(slot, now, tpdu, answer)
				   : exchange_t1(slot, now, tpdu, answer);
}

enum slot_result
slot_tick(struct slot *slot, int64_t now, struct writer *answer)
{
	if (slot->state == SLOT_WORKING)
		return work(slot, now, answer);
	if (slot->state != SLOT_DELAYED)
		return SLOT_WAITS;
	return ask_time(slot, now, now >= slot->due ? SLOT_WORK_MULTIPLIER : 1, answer);
}

int64_t
slot_due(const struct slot *slot)
{
	return slot->at;
}

bool
slot_is_busy(const struct slot *slot)
{
	return slot->state == SLOT_DELAYED || slot->state == SLOT_WORKING;
}
