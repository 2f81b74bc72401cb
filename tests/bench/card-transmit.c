/*
 * card_transmit() alone: SELECT of a file with its FCI, then READ BINARY of its first 256 bytes, over and
 * over, of each personality.
 *
 * usage: card-transmit FIXTURES MILLISECONDS
 *
 * Prints a line for each personality: its name and how many commands a second of the processor's
 * time were answered. Counted are the SELECTs and the READ BINARYs; the GET RESPONSE by which a card
 * of T=0 hands out its FCI is run and not counted. Every answer is looked at: its length and its
 * status word in each turn, its content in the first and the last.
 */
#include "applets/registry.h"
#include "emulator/card.h"
#include "tools/apdu-replay/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	TURNS_AT_ONCE = 1000,
	COUNTED_IN_A_TURN = 2,
	STEPS_MAX = 3,
	COMMAND_MAX = 32,
};

/* A certificate, or what is longest and free to read, by the SELECT that a middleware uses. */
static const struct way {
	const char *card;   /* the `card` line of a replay file */
	const char *enter;  /* once, before */
	const char *select; /* with FCI or FCP */
	bool t0;            /* whose FCI comes by GET RESPONSE */
} WAYS[] = {
    {"cc-v1 key=auth key=sign", "00A4040C07604632FF000002", "00A40800045F00EF0900", false},
    {"cc-v2 key=auth,p256 key=sign,p256", "00A4040C07604632FF000004", "00A40800045F00EF0200",
     false},
    {"fineid-v2 key=auth key=sign", "00A4000C023F00", "00A408000450154331", true},
    {"fineid-v3 key=auth key=sign", "00A4040C0CA000000063504B43532D3135", "00A40804024331", true},
    {"fineid-v4 key=auth,p384 key=sign,p384", "00A4040C0CA000000063504B43532D3135",
     "00A40804024331", true},
    {"fineid-org key=auth key=sign", "00A4040C0CA000000063504B43532D3135", "00A40804024331", true},
    {"iasecc key=auth key=sign", "00A404040EE828BD080FD2504543432D65494400", "00A4020402B00100",
     false},
};

struct step {
	uint8_t command[COMMAND_MAX];
	size_t len;
	uint8_t answer[RAPDU_LEN_MAX]; /* as it came the first time */
	size_t answer_len;
};

static void
die(const char *card, const char *what)
{
	fprintf(stderr, "card-transmit: %s: %s\n", card, what);
	exit(1);
}

static bool
save(void *context, const struct image_counter *counters, size_t count)
{
	(void)context;
	(void)counters;
	(void)count;
	return true;
}

static struct bytes
transmit(struct card *card, struct bytes command, uint8_t *answer)
{
	struct writer writer = writer_to(answer, RAPDU_LEN_MAX);

	if (card_transmit(card, command, &writer) != CARD_DONE)
		die("card", "waits for a key");
	return writer_bytes(&writer);
}

static bool
sw_is(struct bytes answer, uint8_t sw1)
{
	return answer.len >= 2 && answer.data[answer.len - 2] == sw1;
}

/* One turn; the first keeps what comes. */
static size_t
set_steps(const struct way *way, struct step steps[STEPS_MAX])
{
	static const char get_response[] = "00C0000000", read_binary[] = "00B0000000";
	const char *const commands[] = {way->select, way->t0 ? get_response : read_binary,
					way->t0 ? read_binary : NULL};
	size_t count = 0;

	for (; count < STEPS_MAX && commands[count] != NULL; count++)
		if (!bytes_from_hex(commands[count], steps[count].command, COMMAND_MAX,
				    &steps[count].len))
			die(way->card, "no command");
	return count;
}

static void
first_turn(const struct way *way, struct card *card, struct step *steps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct step *step = &steps[i];
		const bool more = way->t0 && i == 0;
		struct bytes answer =
		    transmit(card, (struct bytes){step->command, step->len}, step->answer);

		if (!sw_is(answer, more ? 0x61 : 0x90))
			die(way->card, "a command is refused");
		step->answer_len = answer.len;
	}
	if (steps[count - 1].answer_len != 256 + 2)
		die(way->card, "READ BINARY brings no 256 bytes");
}

static void
turn(const struct way *way, struct card *card, const struct step *steps, size_t count, bool whole)
{
	static uint8_t data[RAPDU_LEN_MAX];

	for (size_t i = 0; i < count; i++) {
		const struct step *step = &steps[i];
		struct bytes answer =
		    transmit(card, (struct bytes){step->command, step->len}, data);
		const size_t from = whole ? 0 : step->answer_len - 2;

		if (answer.len != step->answer_len ||
		    memcmp(answer.data + from, step->answer + from, answer.len - from) != 0)
			die(way->card, "another answer than the first time");
	}
}

static double
processor_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double
commands_a_second(const struct way *way, struct card *card, double seconds)
{
	static struct step steps[STEPS_MAX];
	const size_t count = set_steps(way, steps);
	size_t turns = 0;
	double start, spent;

	first_turn(way, card, steps, count);
	start = processor_s();
	do {
		for (size_t i = 0; i < TURNS_AT_ONCE; i++)
			turn(way, card, steps, count, false);
		turns += TURNS_AT_ONCE;
		spent = processor_s() - start;
	} while (spent < seconds);
	turn(way, card, steps, count, true);
	return (double)(turns * COUNTED_IN_A_TURN) / spent;
}

static void
measure(const struct way *way, const char *fixtures, double seconds)
{
	static const struct card_host host = {.save = save};
	struct image_error reason;
	struct problem problem;
	struct fixture fixture;
	struct subject subject;
	uint8_t command[COMMAND_MAX], answer[RAPDU_LEN_MAX];
	struct card *card;
	size_t len;

	if (!subject_parse(way->card, &subject, &problem) ||
	    !fixture_load(&fixture, fixtures, &subject, &problem))
		die(way->card, problem.text);
	card = card_new(&fixture.image, registry_find(subject.personality), &host, &reason);
	if (card == NULL)
		die(way->card, reason.text);
	if (!bytes_from_hex(way->enter, command, sizeof(command), &len) ||
	    !sw_is(transmit(card, (struct bytes){command, len}, answer), 0x90))
		die(way->card, "the application is not there");
	printf("%s %.0f\n", subject.personality, commands_a_second(way, card, seconds));
	card_free(card);
	fixture_free(&fixture);
}

int
main(int argc, char **argv)
{
	if (argc != 3 || strtol(argv[2], NULL, 10) <= 0) {
		fprintf(stderr, "usage: card-transmit FIXTURES MILLISECONDS\n");
		return 2;
	}
	for (size_t i = 0; i < sizeof(WAYS) / sizeof(WAYS[0]); i++)
		measure(&WAYS[i], argv[1], (double)strtol(argv[2], NULL, 10) / 1000);
	return 0;
}
