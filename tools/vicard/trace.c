#include "trace.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEADER_LEN = 4, GET_RESPONSE = 0xC0, P1_SIGNATURE = 0x9E };

static const uint8_t secret_commands[] = {0x20, 0x21, 0x24, 0x25, 0x2C,
					  0x2D, 0xC2, 0xC3, 0xDA, 0xDB};

/* Answers of a private key: `p1` is that of a signature, of which the first bytes are shown. */
static const struct {
	uint8_t ins;
	bool any_p1;
	uint8_t p1;
	size_t shown;
} answers[] = {
    {0x2A, false, P1_SIGNATURE, TRACE_SIGNATURE_SHOWN}, /* PSO COMPUTE DIGITAL SIGNATURE */
    {0x2A, true, 0, 0},                                 /* PSO DECIPHER and others */
    {0x82, true, 0, TRACE_SIGNATURE_SHOWN},             /* MUTUAL AUTHENTICATE */
    {0x86, true, 0, 0},                                 /* GENERAL AUTHENTICATE */
    {0x87, true, 0, 0},
    {0x88, true, 0, TRACE_SIGNATURE_SHOWN}, /* INTERNAL AUTHENTICATE */
};

void
trace_init(struct trace *trace)
{
	*trace = (struct trace){0};
	for (size_t i = 0; i < TRACE_WATCHERS_MAX; i++)
		trace->fds[i] = -1;
}

bool
trace_full(const struct trace *trace)
{
	for (size_t i = 0; i < TRACE_WATCHERS_MAX; i++)
		if (trace->fds[i] < 0)
			return false;
	return true;
}

void
trace_remove(struct trace *trace, size_t index)
{
	(void)close(trace->fds[index]);
	trace->fds[index] = -1;
}

static void
tell(struct trace *trace, size_t index, struct trace_message *message)
{
	uint8_t head[TRACE_HEAD_LEN];
	struct iovec parts[] = {
	    {.iov_base = head, .iov_len = sizeof(head)},
	    {.iov_base = (void *)message->shown.data, .iov_len = message->shown.len}};
	const struct msghdr datagram = {.msg_iov = parts, .msg_iovlen = 2};

	message->lost = trace->lost[index];
	trace_message_head(message, head);
	if (sendmsg(trace->fds[index], &datagram, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		trace->lost[index] = 0;
	else if (errno == EPIPE || errno == ECONNRESET)
		trace_remove(trace, index);
	else
		trace->lost[index]++;
}

static uint64_t
time_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool
trace_add(struct trace *trace, int fd)
{
	struct trace_message reset = {.kind = TRACE_RESET,
				      .time_ms = time_ms(),
				      .total = (uint32_t)trace->atr_len,
				      .shown = {trace->atr, trace->atr_len}};

	for (size_t i = 0; i < TRACE_WATCHERS_MAX; i++) {
		if (trace->fds[i] >= 0)
			continue;
		trace->fds[i] = fd;
		trace->lost[i] = 0;
		if (trace->atr_len > 0)
			tell(trace, i, &reset);
		return true;
	}
	return false;
}

static void
tell_all(struct trace *trace, struct trace_message *message)
{
	message->time_ms = time_ms();
	for (size_t i = 0; i < TRACE_WATCHERS_MAX; i++)
		if (trace->fds[i] >= 0)
			tell(trace, i, message);
}

void
trace_powered(struct trace *trace, struct bytes atr)
{
	struct trace_message message = {
	    .kind = TRACE_RESET, .total = (uint32_t)atr.len, .shown = atr};

	trace->ins = trace->flags = 0;
	trace->atr_len = atr.len <= sizeof(trace->atr) ? atr.len : 0;
	memcpy(trace->atr, atr.data, trace->atr_len);
	tell_all(trace, &message);
}

void
trace_off(struct trace *trace)
{
	struct trace_message message = {.kind = TRACE_OFF};

	trace->ins = trace->flags = 0;
	trace->atr_len = 0;
	tell_all(trace, &message);
}

static bool
is_secret(uint8_t ins)
{
	for (size_t i = 0; i < sizeof(secret_commands); i++)
		if (secret_commands[i] == ins)
			return true;
	return false;
}

/* VERIFY that asks for the state, alone or with Le 00. Any other byte may be of a value whose Lc was
 * forgotten. */
static bool
brings_nothing(struct bytes capdu)
{
	return capdu.len <= HEADER_LEN ||
	       (capdu.len == HEADER_LEN + 1 && capdu.data[HEADER_LEN] == 0x00);
}

static void
begin(struct trace *trace, struct bytes header)
{
	trace->ins = header.len < HEADER_LEN ? 0 : header.data[1];
	trace->p1 = header.len < HEADER_LEN ? 0 : header.data[2];
}

void
trace_command(struct trace *trace, struct bytes capdu)
{
	struct trace_message message = {
	    .kind = TRACE_COMMAND, .total = (uint32_t)capdu.len, .shown = capdu};
	const uint8_t ins = capdu.len < HEADER_LEN ? 0 : capdu.data[1];

	if (ins != GET_RESPONSE)
		begin(trace, capdu);
	if (is_secret(ins) && !brings_nothing(capdu)) {
		message.flags = TRACE_SECRET;
		message.total = 0;
		message.shown.len = HEADER_LEN;
	}
	trace->flags = 0;
	trace->atr_len = 0;
	tell_all(trace, &message);
}

void
trace_pad(struct trace *trace, struct bytes header)
{
	struct trace_message message = {
	    .kind = TRACE_COMMAND, .flags = TRACE_SECRET, .shown = header};

	begin(trace, header);
	trace->flags = 0;
	trace->atr_len = 0;
	tell_all(trace, &message);
}

void
trace_service(struct trace *trace, bool started)
{
	trace->flags = TRACE_SERVICE | (started ? TRACE_STARTED : 0);
}

static size_t
shown_of_answer(const struct trace *trace, size_t len)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (answers[i].ins == trace->ins &&
		    (answers[i].any_p1 || answers[i].p1 == trace->p1))
			return len < answers[i].shown ? len : answers[i].shown;
	return len;
}

void
trace_response(struct trace *trace, struct bytes rapdu)
{
	struct trace_message message = {.kind = TRACE_RESPONSE, .flags = trace->flags};
	struct rapdu parsed;

	trace->flags = 0;
	if (!rapdu_parse(rapdu, &parsed))
		return;
	message.total = (uint32_t)parsed.data.len;
	message.sw = parsed.sw;
	message.shown = (struct bytes){parsed.data.data, shown_of_answer(trace, parsed.data.len)};
	tell_all(trace, &message);
}

void
trace_close(struct trace *trace)
{
	for (size_t i = 0; i < TRACE_WATCHERS_MAX; i++)
		if (trace->fds[i] >= 0)
			trace_remove(trace, i);
}
