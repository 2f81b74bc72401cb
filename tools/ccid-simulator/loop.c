#include "loop.h"

#include "ifdhandler/clock.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define COMMANDS "insert [NAME], remove [NAME], slow N, quit"

enum { AT_PTY, AT_INPUT, AT_SIGNALS, PLACES };

static void
complain(const char *text)
{
	fprintf(stderr, "ccid-simulator: %s\n", text);
}

bool
ccid_loop_milliseconds(const char *text, int64_t *milliseconds)
{
	char *end;

	errno = 0;
	*milliseconds = strtoll(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 &&
	       *milliseconds <= CCID_LOOP_SLOW_MAX;
}

/*
 * Cards that come and go.
 */
static unsigned
slot_of(const struct ccid_loop *loop, const char *name)
{
	unsigned slot = 0;

	while (slot < loop->reader.model->slots &&
	       (loop->cards[slot] == NULL || strcmp(image_card_name(loop->cards[slot]), name) != 0))
		slot++;
	return slot;
}

bool
ccid_loop_insert(struct ccid_loop *loop, const char *name, struct problem *error)
{
	const unsigned slots = loop->reader.model->slots;
	unsigned slot = 0;

	if (slot_of(loop, name) < slots)
		return problem(error, "the card %s is in already; type: remove %s", name, name);
	while (slot < slots && loop->cards[slot] != NULL)
		slot++;
	if (slot == slots)
		return problem(error,
			       "there is no free slot for the card %s, a %s has %u; type `remove`, "
			       "or start with another --model",
			       name, loop->reader.model->name, slots);
	loop->cards[slot] = image_card_open(name, error);
	if (loop->cards[slot] == NULL)
		return false;
	ccid_reader_put(&loop->reader, slot, image_card_chip(loop->cards[slot]));
	printf("card %s is in slot %u\n", name, slot);
	return true;
}

static void
take_out(struct ccid_loop *loop, unsigned slot)
{
	(void)snprintf(loop->taken_out, sizeof(loop->taken_out), "%s",
		       image_card_name(loop->cards[slot]));
	ccid_reader_put(&loop->reader, slot, NULL);
	image_card_close(loop->cards[slot]);
	loop->cards[slot] = NULL;
	printf("card %s is out\n", loop->taken_out);
}

void
ccid_loop_end(struct ccid_loop *loop)
{
	for (unsigned slot = 0; slot < MODEL_SLOTS_MAX; slot++)
		if (loop->cards[slot] != NULL)
			take_out(loop, slot);
}

/*
 * Commands.
 */
static void
insert(struct ccid_loop *loop, const char *name)
{
	struct problem error;
	char last[IMAGE_NAME_MAX];

	(void)snprintf(last, sizeof(last), "%s", loop->taken_out);
	if (name == NULL && last[0] == '\0')
		complain("which card? type: insert NAME");
	else if (!ccid_loop_insert(loop, name != NULL ? name : last, &error))
		complain(error.text);
}

static void
remove_card(struct ccid_loop *loop, const char *name)
{
	unsigned slot = 0, in = 0;

	for (unsigned i = 0; i < loop->reader.model->slots; i++) {
		if (loop->cards[i] == NULL)
			continue;
		in++;
		slot = i;
	}
	if (name != NULL)
		slot = slot_of(loop, name);
	if (in == 0 || slot == loop->reader.model->slots)
		complain("no such card is in; type: insert NAME");
	else if (name == NULL && in > 1)
		complain("more than one card is in; type: remove NAME");
	else
		take_out(loop, slot);
}

static void
slow(struct ccid_loop *loop, const char *text)
{
	int64_t milliseconds;

	if (text == NULL || !ccid_loop_milliseconds(text, &milliseconds)) {
		complain("slow takes milliseconds, 0 to 3600000");
		return;
	}
	for (size_t i = 0; i < MODEL_SLOTS_MAX; i++)
		loop->reader.slots[i].slow_ms = milliseconds;
	printf("keys take %lld ms longer\n", (long long)milliseconds);
}

static void
command(struct ccid_loop *loop, char *line)
{
	char *rest = NULL;
	const char *verb = strtok_r(line, " \t", &rest), *name;

	if (verb == NULL)
		return;
	name = strtok_r(NULL, " \t", &rest);
	if (strcmp(verb, "insert") == 0)
		insert(loop, name);
	else if (strcmp(verb, "remove") == 0)
		remove_card(loop, name);
	else if (strcmp(verb, "slow") == 0)
		slow(loop, name);
	else if (strcmp(verb, "quit") == 0)
		loop->ending = true;
	else
		complain("commands are: " COMMANDS);
}

/* A program in the background has to leave the terminal to others. */
static bool
input_is_ours(void)
{
	const pid_t foreground = tcgetpgrp(STDIN_FILENO);

	return foreground < 0 || foreground == getpgrp();
}

static void
read_input(struct ccid_loop *loop)
{
	char *end;
	ssize_t count;

	if (!input_is_ours()) {
		loop->listening = false;
		return;
	}
	count =
	    read(STDIN_FILENO, loop->line + loop->line_len, sizeof(loop->line) - loop->line_len);
	if (count <= 0) {
		loop->listening = count < 0 && errno == EINTR;
		return;
	}
	loop->line_len += (size_t)count;
	while ((end = memchr(loop->line, '\n', loop->line_len)) != NULL) {
		const size_t len = (size_t)(end - loop->line) + 1;

		*end = '\0';
		command(loop, loop->line);
		loop->line_len -= len;
		memmove(loop->line, loop->line + len, loop->line_len);
	}
	if (loop->line_len == sizeof(loop->line)) {
		complain("that line is too long; commands are: " COMMANDS);
		loop->line_len = 0;
	}
}

/*
 * The terminal.
 */
static void
send_rest(struct ccid_loop *loop)
{
	const ssize_t count =
	    write(loop->pty.fd, loop->unsent + loop->unsent_at, loop->unsent_len - loop->unsent_at);

	if (count > 0)
		loop->unsent_at += (size_t)count;
	else if (errno != EAGAIN && errno != EINTR)
		loop->unsent_at = loop->unsent_len;
	if (loop->unsent_at < loop->unsent_len)
		return;
	OPENSSL_cleanse(loop->unsent, loop->unsent_len);
	loop->unsent_at = 0;
	loop->unsent_len = 0;
}

static void
read_pty(struct ccid_loop *loop)
{
	uint8_t room[FRAME_LEN_MAX];
	const size_t free = sizeof(loop->reader.received) - loop->reader.received_len;
	const ssize_t count = read(loop->pty.fd, room, free < sizeof(room) ? free : sizeof(room));

	if (count > 0)
		(void)ccid_reader_receive(&loop->reader, clock_ms(),
					  (struct bytes){room, (size_t)count});
	OPENSSL_cleanse(room, sizeof(room));
}

/* As long as the other end takes what is said. */
static void
work(struct ccid_loop *loop)
{
	bool more = true;

	while (more && loop->unsent_len == 0) {
		struct writer out = writer_to(loop->unsent, sizeof(loop->unsent));

		more = ccid_reader_step(&loop->reader, clock_ms(), &out);
		loop->unsent_len = out.len;
		if (out.len > 0)
			send_rest(loop);
	}
}

static void
turn(struct ccid_loop *loop)
{
	const bool full = loop->unsent_len > 0;
	struct pollfd places[PLACES] = {
	    [AT_PTY] = {.fd = loop->pty.fd, .events = full ? POLLOUT : POLLIN},
	    [AT_INPUT] = {.fd = loop->listening ? STDIN_FILENO : -1, .events = POLLIN},
	    [AT_SIGNALS] = {.fd = loop->signals, .events = POLLIN},
	};
	const int wait = full ? -1 : clock_wait(clock_ms(), ccid_reader_due(&loop->reader));

	if (poll(places, PLACES, wait) < 0)
		return;
	if (places[AT_SIGNALS].revents != 0)
		loop->ending = true;
	if (places[AT_INPUT].revents != 0)
		read_input(loop);
	if ((places[AT_PTY].revents & POLLOUT) != 0)
		send_rest(loop);
	if ((places[AT_PTY].revents & POLLIN) != 0)
		read_pty(loop);
	work(loop);
}

void
ccid_loop_run(struct ccid_loop *loop)
{
	while (!loop->ending)
		turn(loop);
}
