#include "atr.h"

#include "applets/registry.h"
#include "atr_table.h"
#include "command.h"

#include <string.h>

enum {
	TEXT_MAX = 4 * ATR_LEN_MAX + 1, /* hexadecimal, with as much again between the bytes */
	PROTOCOLS_COUNT = 15,
};

/* One more word of hexadecimal text; a colon counts as a space. False: no room. */
static bool
append(char text[TEXT_MAX], const char *word)
{
	const size_t at = strlen(text), len = strlen(word);

	if (len + 2 > TEXT_MAX - at)
		return false;
	text[at] = ' ';
	for (size_t i = 0; i < len; i++)
		text[at + 1 + i] = word[i];
	for (char *colon = text; (colon = strchr(colon, ':')) != NULL;)
		*colon = ' ';
	return true;
}

bool
atr_from_words(const char *const *words, size_t count, struct atr *atr, struct problem *error)
{
	uint8_t bytes[TEXT_MAX];
	char text[TEXT_MAX] = "";
	size_t len;

	for (size_t i = 0; i < count; i++)
		if (!append(text, words[i]))
			return problem(error,
				       "that is too long for an ATR, which has at most %d bytes; "
				       "give one ATR",
				       (int)ATR_LEN_MAX);
	if (!bytes_from_hex(text, bytes, sizeof(bytes), &len))
		return problem(error,
			       "%s is not hexadecimal, two digits for each byte; give the ATR as "
			       "pcsc_scan or opensc-tool -a show it",
			       text + strspn(text, " "));
	if (!atr_parse((struct bytes){bytes, len}, atr))
		return problem(error,
			       "%s is no ATR (ISO/IEC 7816-3 clause 8): bytes are missing or too "
			       "many, or one is wrong; give it as pcsc_scan or opensc-tool -a show "
			       "it",
			       text + strspn(text, " "));
	return true;
}

static void
print_bytes(FILE *out, const char *key, struct bytes bytes)
{
	fprintf(out, "%s:%s", key, bytes.len == 0 ? " none" : "");
	for (size_t i = 0; i < bytes.len; i++)
		fprintf(out, " %02X", bytes.data[i]);
	fputc('\n', out);
}

static void
print_protocols(FILE *out, const struct atr *atr)
{
	const char *before = "protocols: ";

	for (unsigned i = 0; i < PROTOCOLS_COUNT; i++) {
		if ((atr->protocols & 1u << i) == 0)
			continue;
		fprintf(out, "%sT=%u", before, i);
		before = ", ";
	}
	fputc('\n', out);
}

/* Its own ATR is this one, or one of the same kind of card; NULL: of no kind that is known. */
static bool
answers_like(const struct personality *personality, const struct atr *atr, const char *kind)
{
	const struct atr_card *own;
	struct atr parsed;

	if (bytes_equal(personality->atr, (struct bytes){atr->bytes, atr->len}))
		return true;
	if (kind == NULL || !atr_parse(personality->atr, &parsed))
		return false;
	own = atr_card_find(&parsed);
	return own != NULL && strcmp(own->name, kind) == 0;
}

/* What a personality with this very ATR says of itself; NULL: there is none. */
static const char *
description_of(const struct atr *atr)
{
	for (const struct personality *const *at = registry_all(); *at != NULL; at++) {
		if (answers_like(*at, atr, NULL))
			return (*at)->description;
	}
	return NULL;
}

bool
atr_describe(FILE *out, const struct atr *atr)
{
	const struct atr_card *card = atr_card_find(atr);
	const char *kind = card == NULL ? NULL : card->name;
	const char *name = kind == NULL ? description_of(atr) : kind;

	fprintf(out, "card: %s\n", name == NULL ? "not known" : name);
	for (const struct personality *const *at = registry_all(); *at != NULL; at++) {
		if (answers_like(*at, atr, kind))
			fprintf(out, "personality: %s\n", (*at)->name);
	}
	print_bytes(out, "atr", (struct bytes){atr->bytes, atr->len});
	fprintf(out, "interface: %s\n", atr_is_contactless(atr) ? "contactless" : "contacts");
	print_protocols(out, atr);
	print_bytes(out, "historical bytes", atr->historical);
	return name != NULL;
}

void
atr_describe_readers(FILE *out, const struct pcsc_reader *readers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct atr atr;

		fprintf(out, "%sreader: %s\n", i > 0 ? "\n" : "", readers[i].name);
		if (!readers[i].card)
			fputs("card: none\n", out);
		else if (!atr_parse((struct bytes){readers[i].atr, readers[i].atr_len}, &atr))
			fputs("card: does not answer with an ATR; take it out and put it in "
			      "again\n",
			      out);
		else
			atr_describe(out, &atr);
	}
}

static enum command_exit
run_readers(void)
{
	struct pcsc_reader readers[PCSC_READERS_MAX];
	struct problem error;
	size_t count;

	if (!pcsc_readers(readers, &count, &error)) {
		say_error("%s", error.text);
		return COMMAND_FAILED;
	}
	if (count == 0) {
		say_error("atr: pcscd has no reader; plug one in, or type: vicar doctor");
		return COMMAND_FAILED;
	}
	atr_describe_readers(stdout, readers, count);
	return COMMAND_OK;
}

static enum command_exit
run(const struct command_arguments *arguments)
{
	struct problem error;
	struct atr atr = {0};

	if (arguments->operands_count == 0)
		return run_readers();
	if (!atr_from_words(arguments->operands, arguments->operands_count, &atr, &error)) {
		say_error("atr: %s", error.text);
		return COMMAND_USAGE;
	}
	return atr_describe(stdout, &atr) ? COMMAND_OK : COMMAND_FAILED;
}

const struct command command_atr = {
    .name = "atr",
    .operands = "[HEX]...",
    .operands_max = ATR_LEN_MAX,
    .summary = "what card answers to reset with HEX; without it, what cards are in the readers",
    .text = "With HEX the exit status is 1 when the card is not known.",
    .run = run,
};
