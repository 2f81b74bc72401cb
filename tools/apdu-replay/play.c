#include "play.h"
#include "iso7816/apdu.h"
#include "iso7816/atr.h"
#include "iso7816/sw.h"

#include <stdlib.h>

struct player {
	const char *name;
	const struct target *target;
	const struct play_output *output;
	struct key_talk talk;
	unsigned service_line;
	uint8_t *response; /* RAPDU_LEN_MAX bytes */
	char *hex;         /* of the longest command or response */
};

enum { HEX_MAX = 2 * RAPDU_LEN_MAX + 1 };

static bool
fail(const struct player *player, unsigned line, const char *expected, const char *came)
{
	fprintf(player->output->errors, "%s:%u: expected %s, came %s\n", player->name, line,
		expected, came);
	return false;
}

static bool
fail_problem(const struct player *player, unsigned line, const struct problem *problem)
{
	fprintf(player->output->errors, "%s:%u: %s\n", player->name, line, problem->text);
	return false;
}

/* VERIFY, CHANGE REFERENCE DATA and RESET RETRY COUNTER bring PINs, which may be somebody's. */
static bool
brings_pin(struct bytes command)
{
	return command.len > 5 && (command.data[1] == 0x20 || command.data[1] == 0x21 ||
				   command.data[1] == 0x24 || command.data[1] == 0x2C);
}

static void
log_command(struct player *player, unsigned line, struct bytes command)
{
	const bool hidden = brings_pin(command);

	if (player->output->log == NULL)
		return;
	if (hidden)
		command.len = 5;
	bytes_to_hex(command, player->hex);
	fprintf(player->output->log, "%s:%u: > %s%s\n", player->name, line, player->hex,
		hidden ? " and a PIN" : "");
}

/* As hexadecimal text in the player's buffer. */
static const char *
hex_of(struct player *player, struct bytes bytes)
{
	bytes_to_hex(bytes, player->hex);
	return player->hex;
}

static bool
play_reset(struct player *player, const struct step *step)
{
	uint8_t atr[ATR_LEN_MAX];
	struct writer writer = writer_to(atr, sizeof(atr));
	struct problem error;

	if (player->output->log != NULL)
		fprintf(player->output->log, "%s:%u: reset\n", player->name, step->line);
	if (!player->target->reset(player->target->context, &writer, &error))
		return fail_problem(player, step->line, &error);
	hex_of(player, writer_bytes(&writer));
	if (player->output->log != NULL)
		fprintf(player->output->log, "%s:%u: < %s\n", player->name, step->line,
			player->hex);
	if (step->expected_line != 0 && !pattern_matches(&step->expected, writer_bytes(&writer)))
		return fail(player, step->expected_line, step->expected.text, player->hex);
	return true;
}

static bool
play_command(struct player *player, const struct step *step)
{
	const struct target *target = player->target;
	struct bytes command = {step->command, step->command_len};
	struct writer writer = writer_to(player->response, RAPDU_LEN_MAX);
	struct problem error;
	struct rapdu rapdu;
	struct bytes came;

	log_command(player, step->line, command);
	if (!target->transmit(target->context, command, &player->talk, &writer, player->output->log,
			      &error))
		return fail_problem(player, step->line, &error);
	came = writer_bytes(&writer);
	hex_of(player, came);
	if (!rapdu_parse(came, &rapdu))
		return fail(player, step->expected_line, step->expected.text,
			    came.len == 0 ? "nothing" : player->hex);
	if (player->output->log != NULL)
		fprintf(player->output->log, "%s:%u: < %s (%s)\n", player->name,
			step->expected_line, player->hex, sw_text(rapdu.sw));
	if (!pattern_matches(&step->expected, came)) {
		fprintf(player->output->errors, "%s:%u: expected %s, came %s (%s)\n", player->name,
			step->expected_line, step->expected.text, player->hex, sw_text(rapdu.sw));
		return false;
	}
	return true;
}

/* A word of the service that nobody asked for would make the next block of lines mean something
 * else than it says. */
static bool
check_service_used(const struct player *player)
{
	if (!player->talk.service_waits)
		return true;
	return fail(player, player->service_line, "a key request for this `service` line", "none");
}

static bool
play_service(struct player *player, const struct step *step)
{
	if (!check_service_used(player))
		return false;
	player->service_line = step->line;
	player->talk.service_waits = true;
	player->talk.service_sw = step->sw;
	player->talk.service_unstarted = step->unstarted;
	return true;
}

static bool
play_requests(struct player *player, const struct step *step)
{
	const unsigned made = player->talk.requests;
	char expected[48], came[16];

	player->talk.requests = 0;
	if (made == step->requests)
		return true;
	snprintf(expected, sizeof(expected), "%u key requests", step->requests);
	snprintf(came, sizeof(came), "%u", made);
	return fail(player, step->line, expected, came);
}

static bool
play_step(struct player *player, const struct step *step)
{
	switch (step->kind) {
	case STEP_RESET: return play_reset(player, step);
	case STEP_COMMAND: return play_command(player, step);
	case STEP_SERVICE: return play_service(player, step);
	case STEP_REQUESTS: return play_requests(player, step);
	}
	return false;
}

static bool
play_block(struct player *player, const struct block *block)
{
	const struct target *target = player->target;
	struct problem error;

	if (player->output->log != NULL)
		fprintf(player->output->log, "%s:%u: card %s, source %s\n", player->name,
			block->line, block->card.personality, block->source);
	player->talk = (struct key_talk){0};
	if (!target->begin(target->context, &block->card, &error))
		return fail_problem(player, block->line, &error);
	for (size_t i = 0; i < block->steps_count; i++)
		if (!play_step(player, &block->steps[i]))
			return false;
	return check_service_used(player);
}

/* Whether what the block says can be had only where the keys are ours. */
static bool
needs_keys(const struct block *block)
{
	for (size_t i = 0; i < block->steps_count; i++)
		if (block->steps[i].kind == STEP_SERVICE || block->steps[i].kind == STEP_REQUESTS)
			return true;
	return false;
}

void
play(const char *name, const struct script *script, const struct target *target,
     const struct play_output *output, struct play_counts *counts)
{
	struct player player = {.name = name,
				.target = target,
				.output = output,
				.response = malloc(RAPDU_LEN_MAX),
				.hex = malloc(HEX_MAX)};

	for (size_t i = 0; i < script->blocks_count; i++) {
		const struct block *block = &script->blocks[i];

		if (player.response == NULL || player.hex == NULL) {
			fprintf(output->errors, "%s: no memory for a response\n", name);
			counts->failed++;
		} else if (!target->fulfils_keys && needs_keys(block)) {
			fprintf(
			    output->errors,
			    "%s:%u: SKIPPED: `service` and `requests` need the in-process card\n",
			    name, block->line);
			counts->skipped++;
		} else if (play_block(&player, block)) {
			counts->passed++;
		} else {
			counts->failed++;
		}
	}
	free(player.response);
	free(player.hex);
}
