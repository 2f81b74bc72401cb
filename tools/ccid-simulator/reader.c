#include "reader.h"

#include "ifdhandler/clock.h"
#include "trace.h"

#include <openssl/crypto.h>
#include <string.h>

enum {
	POWER_SELECT_MAX = 3,
	ESCAPE_FIRMWARE = 0x02,
	ESCAPE_FIRMWARE_SEC1210 = 0x06,
	/* An echo has to fit what the host expects as an answer; an Escape's is short. */
	ECHO_ESCAPE_MAX = 16,
};

static const uint8_t ESCAPE_MOVEMENT[] = {0x01, 0x01}; /* and 01: tell of movements at once */

void
ccid_reader_init(struct ccid_reader *reader, const struct model *model, int64_t slow_ms,
		 FILE *trace)
{
	memset(reader, 0, sizeof(*reader));
	reader->model = model;
	reader->trace = trace;
	for (size_t i = 0; i < MODEL_SLOTS_MAX; i++)
		slot_init(&reader->slots[i], slow_ms);
}

void
ccid_reader_put(struct ccid_reader *reader, unsigned slot, const struct chip *chip)
{
	reader->lost[slot] = reader->lost[slot] || slot_is_busy(&reader->slots[slot]);
	slot_put(&reader->slots[slot], chip);
	reader->moved[slot] = reader->notifies;
}

size_t
ccid_reader_receive(struct ccid_reader *reader, int64_t now, struct bytes bytes)
{
	size_t room, count;

	if (reader->received_len > 0 && now - reader->received_at > CCID_READER_GAP_MS)
		reader->received_len = 0;
	room = sizeof(reader->received) - reader->received_len;
	count = bytes.len < room ? bytes.len : room;
	if (count > 0)
		memcpy(reader->received + reader->received_len, bytes.data, count);
	reader->received_len += count;
	reader->received_at = now;
	return count;
}

static void
forget_received(struct ccid_reader *reader, size_t count)
{
	reader->received_len -= count;
	memmove(reader->received, reader->received + count, reader->received_len);
	OPENSSL_cleanse(reader->received + reader->received_len, count);
}

/*
 * Answers.
 */
static uint8_t
icc_status(const struct slot *slot)
{
	if (slot->chip == NULL)
		return CCID_ICC_ABSENT;
	return slot->powered ? CCID_ICC_ACTIVE : CCID_ICC_INACTIVE;
}

static void
put_movements(struct ccid_reader *reader, struct writer *out)
{
	for (size_t i = 0; i < reader->model->slots; i++) {
		if (reader->moved[i])
			frame_put_movement(reader->slots[i].chip != NULL, out);
		reader->moved[i] = false;
	}
}

static void
put_answer(struct ccid_reader *reader, const struct ccid_answer *answer, struct writer *out)
{
	uint8_t room[CCID_MESSAGE_MAX];
	struct writer message = writer_to(room, sizeof(room));

	ccid_answer_put(answer, &message);
	frame_put(writer_bytes(&message), out);
	OPENSSL_cleanse(room, sizeof(room));
	trace_message(reader->trace, true, answer->slot, answer->type, answer->status,
		      answer->error);
}

static struct ccid_answer
answer_to(const struct ccid_reader *reader, const struct ccid_command *command)
{
	return (struct ccid_answer){
	    .type = ccid_answer_type(command->type),
	    .slot = command->slot,
	    .seq = command->seq,
	    .status = command->slot < reader->model->slots
			  ? icc_status(&reader->slots[command->slot])
			  : CCID_ICC_ABSENT,
	};
}

static void
answer_failed(struct ccid_reader *reader, const struct ccid_command *command, uint8_t error,
	      struct writer *out)
{
	struct ccid_answer answer = answer_to(reader, command);

	answer.status |= CCID_FAILED;
	answer.error = error;
	put_answer(reader, &answer, out);
}

static void
answer_done(struct ccid_reader *reader, const struct ccid_command *command, struct bytes data,
	    struct writer *out)
{
	struct ccid_answer answer = answer_to(reader, command);

	if (answer.type == CCID_PARAMETERS)
		answer.last = (uint8_t)reader->slots[command->slot].protocol;
	answer.data = data;
	put_answer(reader, &answer, out);
}

/*
 * XfrBlock.
 */
static uint8_t
error_of(const struct slot *slot, enum slot_result result)
{
	if (result == SLOT_WRONG)
		return (uint8_t)(CCID_AT_DATA +
				 (slot->wrong_at < T0_HEADER_LEN ? slot->wrong_at : T0_HEADER_LEN));
	return result == SLOT_MUTE ? CCID_ICC_MUTE : CCID_HARDWARE_ERROR;
}

/* Readers that echo tell the host by a single byte: it reads one frame only after the echo. */
static void
ask_host(struct ccid_reader *reader, uint8_t slot, struct writer *out)
{
	const struct ccid_answer answer = {
	    .type = CCID_DATA_BLOCK,
	    .slot = slot,
	    .seq = reader->open_seq[slot],
	    .status = CCID_TIME_EXTENSION | icc_status(&reader->slots[slot]),
	    .error = reader->slots[slot].multiplier,
	};

	if (!reader->model->echo) {
		put_answer(reader, &answer, out);
		return;
	}
	frame_put_time_request(out);
	if (reader->trace != NULL)
		fprintf(reader->trace, "slot %u < time request\n", slot);
}

static void
take_result(struct ccid_reader *reader, uint8_t slot_number, enum slot_result result,
	    struct bytes tpdu, struct writer *out)
{
	const struct slot *slot = &reader->slots[slot_number];
	const struct ccid_command command = {
	    .type = CCID_XFR_BLOCK, .slot = slot_number, .seq = reader->open_seq[slot_number]};

	switch (result) {
	case SLOT_WAITS: return;
	case SLOT_ASKS: ask_host(reader, slot_number, out); return;
	case SLOT_ANSWERS:
		answer_done(reader, &command, tpdu, out);
		trace_tpdu(reader->trace, true, slot_number, slot->protocol,
			   slot->transmission.t1_crc, tpdu);
		return;
	case SLOT_MUTE:
	case SLOT_WRONG:
	case SLOT_BROKEN: break;
	}
	answer_failed(reader, &command, error_of(slot, result), out);
}

static void
xfr_block(struct ccid_reader *reader, int64_t now, const struct ccid_command *command,
	  struct writer *out)
{
	struct slot *slot = &reader->slots[command->slot];
	uint8_t room[SLOT_TPDU_MAX];
	struct writer tpdu = writer_to(room, sizeof(room));
	enum slot_result result;

	if (command->specific[1] != 0 || command->specific[2] != 0) {
		answer_failed(reader, command, CCID_AT_LEVEL, out);
		return;
	}
	if (!slot->powered) {
		answer_failed(reader, command, CCID_ICC_MUTE, out);
		return;
	}
	trace_tpdu(reader->trace, false, command->slot, slot->protocol, slot->transmission.t1_crc,
		   command->data);
	reader->open_seq[command->slot] = command->seq;
	result = slot_exchange(slot, now, command->data, &tpdu);
	take_result(reader, command->slot, result, writer_bytes(&tpdu), out);
	OPENSSL_cleanse(room, sizeof(room));
}

/*
 * The other commands.
 */
static void
icc_power_on(struct ccid_reader *reader, const struct ccid_command *command, struct writer *out)
{
	uint8_t room[ATR_LEN_MAX];
	struct writer atr = writer_to(room, sizeof(room));

	if (command->specific[0] > POWER_SELECT_MAX)
		answer_failed(reader, command, CCID_AT_SPECIFIC, out);
	else if (slot_power_on(&reader->slots[command->slot], &atr))
		answer_done(reader, command, writer_bytes(&atr), out);
	else
		answer_failed(reader, command, CCID_ICC_MUTE, out);
}

static void
parameters(struct ccid_reader *reader, const struct ccid_command *command, struct writer *out)
{
	struct slot *slot = &reader->slots[command->slot];
	uint8_t room[PROTOCOLS_LEN_MAX];
	struct writer structure = writer_to(room, sizeof(room));

	if (!slot->powered) {
		answer_failed(reader, command, CCID_ICC_MUTE, out);
		return;
	}
	if (command->type == CCID_RESET_PARAMETERS)
		slot->structure_len = 0;
	if (command->type == CCID_SET_PARAMETERS &&
	    !slot_set_protocol(slot, command->specific[0], command->data)) {
		answer_failed(reader, command, CCID_AT_SPECIFIC, out);
		return;
	}
	slot_structure(slot, &structure);
	answer_done(reader, command, writer_bytes(&structure), out);
}

static void
escape(struct ccid_reader *reader, const struct ccid_command *command, struct writer *out)
{
	const struct bytes data = command->data;
	const size_t len = sizeof(ESCAPE_MOVEMENT);

	if (data.len == 1 &&
	    (data.data[0] == ESCAPE_FIRMWARE || data.data[0] == ESCAPE_FIRMWARE_SEC1210)) {
		answer_done(reader, command, BYTES_TEXT("Vicar " VICAR_VERSION), out);
	} else if (data.len == len + 1 &&
		   bytes_equal((struct bytes){data.data, len}, BYTES(ESCAPE_MOVEMENT))) {
		reader->notifies = data.data[len] != 0;
		answer_done(reader, command, BYTES_NONE, out);
	} else {
		answer_failed(reader, command, CCID_NOT_SUPPORTED, out);
	}
}

static void
serve(struct ccid_reader *reader, int64_t now, const struct ccid_command *command,
      struct writer *out)
{
	struct slot *slot = &reader->slots[command->slot];

	switch (command->type) {
	case CCID_ICC_POWER_ON: icc_power_on(reader, command, out); return;
	case CCID_ICC_POWER_OFF:
		slot_power_off(slot);
		answer_done(reader, command, BYTES_NONE, out);
		return;
	case CCID_ABORT:
		slot_abandon(slot);
		answer_done(reader, command, BYTES_NONE, out);
		return;
	case CCID_GET_SLOT_STATUS: answer_done(reader, command, BYTES_NONE, out); return;
	case CCID_SET_PARAMETERS:
	case CCID_GET_PARAMETERS:
	case CCID_RESET_PARAMETERS: parameters(reader, command, out); return;
	case CCID_XFR_BLOCK: xfr_block(reader, now, command, out); return;
	case CCID_ESCAPE: escape(reader, command, out); return;
	default: answer_failed(reader, command, CCID_NOT_SUPPORTED, out); return;
	}
}

/* While a card works its slot has no time for anything but what ends that. */
static bool
ends_work(uint8_t type)
{
	return type == CCID_ICC_POWER_ON || type == CCID_ICC_POWER_OFF || type == CCID_ABORT;
}

static void
put_echo(const struct ccid_command *command, struct bytes message, struct writer *out)
{
	struct ccid_answer header = {
	    .type = command->type, .slot = command->slot, .seq = command->seq};
	uint8_t room[CCID_HEADER_LEN];
	struct writer writer = writer_to(room, sizeof(room));

	if (command->type != CCID_ESCAPE || command->data.len <= ECHO_ESCAPE_MAX) {
		frame_put(message, out);
		return;
	}
	ccid_answer_put(&header, &writer);
	frame_put(writer_bytes(&writer), out);
}

static void
take_message(struct ccid_reader *reader, int64_t now, struct bytes message, struct writer *out)
{
	struct ccid_command command;

	if (!ccid_command_parse(message, &command)) {
		frame_put_nak(out);
		return;
	}
	put_movements(reader, out);
	if (reader->model->echo)
		put_echo(&command, message, out);
	trace_message(reader->trace, false, command.slot, command.type, 0, 0);
	if (command.slot >= reader->model->slots)
		answer_failed(reader, &command, CCID_AT_SLOT, out);
	else if (slot_is_busy(&reader->slots[command.slot]) && !ends_work(command.type))
		answer_failed(reader, &command, CCID_SLOT_BUSY, out);
	else
		serve(reader, now, &command, out);
}

static bool
take_frame(struct ccid_reader *reader, int64_t now, struct writer *out)
{
	struct bytes message = BYTES_NONE;
	size_t used;

	switch (
	    frame_parse((struct bytes){reader->received, reader->received_len}, &used, &message)) {
	case FRAME_PART: return false;
	case FRAME_NOISE: break;
	case FRAME_DAMAGED: frame_put_nak(out); break;
	case FRAME_WHOLE: take_message(reader, now, message, out); break;
	}
	forget_received(reader, used);
	return true;
}

static bool
tick(struct ccid_reader *reader, int64_t now, struct writer *out)
{
	for (uint8_t i = 0; i < reader->model->slots; i++) {
		uint8_t room[SLOT_TPDU_MAX];
		struct writer tpdu = writer_to(room, sizeof(room));
		enum slot_result result;

		if (reader->lost[i]) {
			reader->lost[i] = false;
			take_result(reader, i, SLOT_MUTE, BYTES_NONE, out);
			return true;
		}
		if (slot_due(&reader->slots[i]) > now)
			continue;
		result = slot_tick(&reader->slots[i], now, &tpdu);
		take_result(reader, i, result, writer_bytes(&tpdu), out);
		OPENSSL_cleanse(room, sizeof(room));
		return true;
	}
	return false;
}

bool
ccid_reader_step(struct ccid_reader *reader, int64_t now, struct writer *out)
{
	return tick(reader, now, out) || take_frame(reader, now, out);
}

int64_t
ccid_reader_due(const struct ccid_reader *reader)
{
	int64_t due = CLOCK_NEVER;

	for (size_t i = 0; i < reader->model->slots; i++)
		due = clock_earlier(due, slot_due(&reader->slots[i]));
	return due;
}
