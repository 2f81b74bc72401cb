#include "t1.h"

#include <openssl/crypto.h>
#include <string.h>

static void
drop_command(struct t1 *t1)
{
	OPENSSL_cleanse(t1->command, t1->command_len);
	t1->command_len = 0;
	t1->too_long = false;
	t1->chaining = false;
	t1->asking = false;
	t1->busy = false;
}

static void
drop_response(struct t1 *t1)
{
	OPENSSL_cleanse(t1->response, t1->response_len);
	t1->response_len = 0;
	t1->response_at = 0;
}

void
t1_begin(struct t1 *t1, bool crc, uint8_t ifsc)
{
	drop_command(t1);
	drop_response(t1);
	t1->crc = crc;
	t1->ifsc = ifsc;
	t1->ifsd = T1_DEFAULT_IFSD;
	t1->sending = false;
	t1->expecting = false;
	t1->nad = 0;
	OPENSSL_cleanse(t1->last, sizeof(t1->last));
	t1->last_len = 0;
}

static void
send(struct t1 *t1, uint8_t pcb, struct bytes inf, struct writer *out)
{
	struct writer last = writer_to(t1->last, sizeof(t1->last));

	t1_block_put(t1->nad, pcb, inf, t1->crc, &last);
	t1->last_len = last.len;
	writer_put(out, writer_bytes(&last));
}

/* The first part of the response, or the next. */
static void
send_part(struct t1 *t1, struct writer *out)
{
	const size_t left = t1->response_len - t1->response_at;
	const size_t count = left < t1->ifsd ? left : t1->ifsd;

	send(t1, t1_i_pcb(t1->sending, count < left),
	     (struct bytes){t1->response + t1->response_at, count}, out);
	t1->part_at = t1->response_at;
	t1->response_at += count;
	t1->sending = !t1->sending;
}

static void
send_again(struct t1 *t1, struct writer *out)
{
	writer_put(out, (struct bytes){t1->last, t1->last_len});
}

/* Rules 7.1 and 7.3 of clause 11.6.3.2: a request of ours is made again, all else is complained of. */
static enum t1_event
complain(struct t1 *t1, enum t1_error error, struct writer *out)
{
	if (t1->asking)
		send_again(t1, out);
	else
		send(t1, t1_r_pcb(t1->expecting, error), BYTES_NONE, out);
	return T1_ANSWERS;
}

static void
collect(struct t1 *t1, struct bytes inf)
{
	if (inf.len > sizeof(t1->command) - t1->command_len) {
		t1->too_long = true;
		return;
	}
	if (inf.len > 0)
		memcpy(t1->command + t1->command_len, inf.data, inf.len);
	t1->command_len += inf.len;
}

/* Rules 1, 2.2 and 5. */
static enum t1_event
receive_i(struct t1 *t1, const struct t1_block *block, struct writer *out)
{
	if (t1->asking || block->number != t1->expecting || block->inf.len > t1->ifsc)
		return complain(t1, T1_ERROR_OTHER, out);
	drop_response(t1);
	if (!t1->chaining)
		drop_command(t1);
	t1->expecting = !t1->expecting;
	t1->chaining = block->more;
	collect(t1, block->inf);
	if (block->more) {
		send(t1, t1_r_pcb(t1->expecting, T1_NO_ERROR), BYTES_NONE, out);
		return T1_ANSWERS;
	}
	t1->busy = true;
	return T1_COMMAND;
}

/* N(R) is the number of the I-block that the reader expects: of one that it has had already, the part
 * of the response is sent again (rule 7), of the next one the next part (rule 5). With no part left it
 * has not understood a block of another kind. */
static enum t1_event
receive_r(struct t1 *t1, const struct t1_block *block, struct writer *out)
{
	const bool again = block->number != t1->sending;

	if (t1->asking || t1->last_len == 0 || (again && t1->response_len == 0))
		return complain(t1, T1_ERROR_OTHER, out);
	if (again) {
		t1->response_at = t1->part_at;
		t1->sending = !t1->sending;
	}
	if (t1->response_at < t1->response_len)
		send_part(t1, out);
	else
		send_again(t1, out);
	return T1_ANSWERS;
}

static enum t1_event
forget(struct t1 *t1, uint8_t pcb, struct writer *out)
{
	const enum t1_event event = t1->busy ? T1_DROPPED : T1_ANSWERS;

	drop_command(t1);
	drop_response(t1);
	send(t1, pcb | T1_S_RESPONSE, BYTES_NONE, out);
	return event;
}

/* Rules 3, 4, 6 and 9. */
static enum t1_event
receive_s(struct t1 *t1, const struct t1_block *block, struct writer *out)
{
	switch (block->pcb) {
	case T1_S_RESYNCH:
		t1->sending = false;
		t1->expecting = false;
		t1->ifsd = T1_DEFAULT_IFSD;
		return forget(t1, block->pcb, out);
	case T1_S_ABORT: return forget(t1, block->pcb, out);
	case T1_S_IFS:
		if (t1->asking || block->inf.data[0] == 0 || block->inf.data[0] > T1_INF_MAX)
			return complain(t1, T1_ERROR_OTHER, out);
		t1->ifsd = block->inf.data[0];
		send(t1, T1_S_IFS | T1_S_RESPONSE, block->inf, out);
		return T1_ANSWERS;
	case T1_S_WTX | T1_S_RESPONSE:
		if (!t1->asking || block->inf.data[0] != t1->multiplier)
			return complain(t1, T1_ERROR_OTHER, out);
		t1->asking = false;
		return T1_GRANTED;
	default: return complain(t1, T1_ERROR_OTHER, out);
	}
}

enum t1_event
t1_receive(struct t1 *t1, struct bytes bytes, struct writer *out)
{
	struct t1_block block;

	switch (t1_block_parse(bytes, t1->crc, &block)) {
	case T1_BAD_EDC: return complain(t1, T1_ERROR_EDC, out);
	case T1_BAD_BLOCK: return complain(t1, T1_ERROR_OTHER, out);
	case T1_GOOD: break;
	}
	/* Source and destination change places, clause 11.3.2.1. */
	t1->nad = (uint8_t)((block.nad & 0x07) << 4 | (block.nad >> 4 & 0x07));
	switch (block.kind) {
	case T1_I_BLOCK: return receive_i(t1, &block, out);
	case T1_R_BLOCK: return receive_r(t1, &block, out);
	case T1_S_BLOCK: break;
	}
	return receive_s(t1, &block, out);
}

struct bytes
t1_command(const struct t1 *t1)
{
	return (struct bytes){t1->command, t1->too_long ? 0 : t1->command_len};
}

void
t1_respond(struct t1 *t1, struct bytes rapdu, struct writer *out)
{
	drop_command(t1);
	memcpy(t1->response, rapdu.data, rapdu.len);
	t1->response_len = rapdu.len;
	t1->response_at = 0;
	send_part(t1, out);
}

void
t1_ask_time(struct t1 *t1, uint8_t multiplier, struct writer *out)
{
	t1->asking = true;
	t1->multiplier = multiplier;
	send(t1, T1_S_WTX, (struct bytes){&multiplier, 1}, out);
}
