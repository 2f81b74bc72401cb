#include "tests/soak/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_LEN = 2000, WORDS_MAX = 6 };

static void
bad(const char *path, unsigned line)
{
	(void)fprintf(stderr, "%s line %u: not understood\n", path, line);
	exit(2);
}

static bool
unhex(const char *text, struct script_bytes *bytes)
{
	size_t len = strlen(text) / 2;

	if (strlen(text) % 2 != 0 || len > SCRIPT_BYTES)
		return false;
	for (size_t i = 0; i < len; i++) {
		char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};
		char *end;

		bytes->data[i] = (uint8_t)strtoul(pair, &end, 16);
		if (end != pair + 2)
			return false;
	}
	bytes->len = len;
	return true;
}

static bool
take_card(struct script *script, char **words)
{
	struct script_card *card;

	if (script->count == SCRIPT_CARDS || strlen(words[2]) >= sizeof(card->name))
		return false;
	card = &script->cards[script->count++];
	card->number = (unsigned)strtoul(words[1], NULL, 10);
	memcpy(card->name, words[2], strlen(words[2]) + 1);
	return card->number < SCRIPT_CARDS && unhex(words[3], &card->atr);
}

static bool
take_step(struct script_card *card, char **words)
{
	struct script_step *step;

	if (card->steps_count == SCRIPT_STEPS)
		return false;
	step = &card->steps[card->steps_count++];
	step->random = strcmp(words[0], "random") == 0;
	if (!unhex(words[1], &step->capdu))
		return false;
	if (!step->random)
		return unhex(words[2], &step->rapdu);
	step->rapdu.len = strtoul(words[2], NULL, 10) + 2;
	return step->rapdu.len <= SCRIPT_BYTES;
}

static bool
take(struct script *script, char **words, size_t count)
{
	struct script_card *card;

	if (count == 4 && strcmp(words[0], "card") == 0)
		return take_card(script, words);
	if (script->count == 0)
		return false;
	card = &script->cards[script->count - 1];
	if (count == 3 && strcmp(words[0], "pin") == 0) {
		card->others.max = (unsigned)strtoul(words[1], NULL, 10);
		return unhex(words[2], &card->others.probe);
	}
	if (count == 5 && strcmp(words[0], "own") == 0) {
		card->own.max = (unsigned)strtoul(words[1], NULL, 10);
		return unhex(words[2], &card->own.probe) && unhex(words[3], &card->own.right) &&
		       unhex(words[4], &card->own.wrong);
	}
	return count == 3 && take_step(card, words);
}

void
script_read(struct script *script, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[LINE_MAX_LEN];
	unsigned number = 0;

	memset(script, 0, sizeof(*script));
	if (file == NULL) {
		perror(path);
		exit(2);
	}
	while (fgets(line, sizeof(line), file) != NULL) {
		char *words[WORDS_MAX];
		char *rest = line, *word;
		size_t count = 0;

		number++;
		while ((word = strsep(&rest, " \n")) != NULL)
			if (word[0] != '\0' && count < WORDS_MAX)
				words[count++] = word;
		if (!take(script, words, count))
			bad(path, number);
	}
	(void)fclose(file);
}

const struct script_card *
script_card(const struct script *script, const uint8_t *atr, size_t len)
{
	for (size_t i = 0; i < script->count; i++) {
		const struct script_card *card = &script->cards[i];

		if (card->atr.len == len && memcmp(card->atr.data, atr, len) == 0)
			return card;
	}
	return NULL;
}
