#include "script.h"
#include "iso7816/apdu.h"

#include <stdlib.h>
#include <string.h>

struct parser {
	struct script *script;
	unsigned line;
	struct problem *error;
};

static bool
no_memory(struct parser *parser)
{
	return problem(parser->error, "no memory for this file; end other programs and try again");
}

static struct block *
last_block(const struct parser *parser)
{
	const struct script *script = parser->script;

	return script->blocks_count == 0 ? NULL : &script->blocks[script->blocks_count - 1];
}

static struct step *
last_step(const struct parser *parser)
{
	const struct block *block = last_block(parser);

	return block == NULL || block->steps_count == 0 ? NULL
							: &block->steps[block->steps_count - 1];
}

/* What must be true of a block before the next one, or the end of the file. */
static bool
end_block(struct parser *parser)
{
	const struct block *block = last_block(parser);
	const struct step *step = last_step(parser);

	if (block == NULL)
		return true;
	if (step != NULL && step->kind == STEP_COMMAND && step->expected_line == 0) {
		parser->line = step->line;
		return problem(parser->error,
			       "nothing says what comes back; write a `<` line next");
	}
	parser->line = block->line;
	if (block->source == NULL)
		return problem(parser->error,
			       "this block does not say where its answers come from; write a line "
			       "`source TEXT` at its beginning");
	if (!block->has_card)
		return problem(parser->error,
			       "this block does not say which card it is about; write a line `card "
			       "PERSONALITY` at its beginning");
	if (!block->expects)
		return problem(
		    parser->error,
		    "this block expects nothing; write `>` and `<` lines, or take it away");
	return true;
}

static bool
begin_block(struct parser *parser)
{
	struct script *script = parser->script;
	const unsigned line = parser->line;
	struct block *blocks;

	if (!end_block(parser))
		return false;
	parser->line = line;
	blocks = realloc(script->blocks, (script->blocks_count + 1) * sizeof(*blocks));
	if (blocks == NULL)
		return no_memory(parser);
	script->blocks = blocks;
	blocks[script->blocks_count++] = (struct block){.line = line};
	return true;
}

/* The step that this line is; NULL with an error. */
static struct step *
add_step(struct parser *parser, enum step_kind kind)
{
	struct block *block = last_block(parser);
	const struct step *before = last_step(parser);
	struct step *steps;

	if (block == NULL) {
		(void)problem(
		    parser->error,
		    "no block has begun; write `source TEXT` and `card PERSONALITY` first");
		return NULL;
	}
	if (before != NULL && before->kind == STEP_COMMAND && before->expected_line == 0) {
		(void)problem(parser->error,
			      "nothing says what comes back for line %u; write a `<` line before "
			      "this one",
			      before->line);
		return NULL;
	}
	steps = realloc(block->steps, (block->steps_count + 1) * sizeof(*steps));
	if (steps == NULL) {
		(void)no_memory(parser);
		return NULL;
	}
	block->steps = steps;
	steps[block->steps_count] = (struct step){.kind = kind, .line = parser->line};
	return &steps[block->steps_count++];
}

static bool
parse_source(struct parser *parser, const char *text)
{
	struct block *block = last_block(parser);

	if (*text == '\0')
		return problem(parser->error,
			       "`source` says nothing; name the sheet's section, the standard's "
			       "clause or the trace");
	if (block == NULL || block->source != NULL || block->steps_count > 0) {
		if (!begin_block(parser))
			return false;
		block = last_block(parser);
	}
	block->source = strdup(text);
	return block->source != NULL || no_memory(parser);
}

static bool
parse_card(struct parser *parser, const char *text)
{
	struct block *block = last_block(parser);

	if (block == NULL || block->has_card || block->steps_count > 0) {
		if (!begin_block(parser))
			return false;
		block = last_block(parser);
	}
	block->has_card = subject_parse(text, &block->card, parser->error);
	return block->has_card;
}

static bool
parse_expected(struct parser *parser, const char *text)
{
	struct step *step = last_step(parser);

	if (step == NULL || (step->kind != STEP_COMMAND && step->kind != STEP_RESET) ||
	    step->expected_line != 0)
		return problem(parser->error, "`<` answers nothing; it stands behind a `>` line or "
					      "behind `reset`, once");
	if (!pattern_parse(text, step->kind == STEP_RESET ? PATTERN_ATR : PATTERN_RESPONSE,
			   &step->expected, parser->error))
		return false;
	step->expected_line = parser->line;
	last_block(parser)->expects = true;
	return true;
}

static bool
parse_reset(struct parser *parser, const char *text)
{
	if (*text != '\0' && *text != '<')
		return problem(parser->error,
			       "behind `reset` only `< ATR` may stand, not `%s`; take it away",
			       text);
	if (add_step(parser, STEP_RESET) == NULL)
		return false;
	return *text == '\0' || parse_expected(parser, text + 1 + strspn(text + 1, " "));
}

static bool
parse_command(struct parser *parser, const char *text)
{
	struct step *step = add_step(parser, STEP_COMMAND);
	const size_t room = strlen(text) / 2 + 1;

	if (step == NULL)
		return false;
	step->command = malloc(room);
	if (step->command == NULL)
		return no_memory(parser);
	if (!bytes_from_hex(text, step->command, room, &step->command_len) ||
	    step->command_len == 0)
		return problem(parser->error,
			       "`>` needs a command in hex, two digits for each byte; correct it");
	if (step->command_len > CAPDU_LEN_MAX)
		return problem(
		    parser->error,
		    "the command has %zu bytes, a command APDU has at most %d; shorten it",
		    step->command_len, CAPDU_LEN_MAX);
	return true;
}

static bool
parse_service(struct parser *parser, const char *text)
{
	struct step *step = add_step(parser, STEP_SERVICE);
	char word[] = "0000";
	uint8_t sw[2];
	size_t len;

	if (step == NULL)
		return false;
	memcpy(word, text, strnlen(text, sizeof(word) - 1));
	step->unstarted = strlen(text) > 4 && strcmp(text + 4, " unstarted") == 0;
	if (strlen(text) < 4 || (text[4] != '\0' && !step->unstarted) ||
	    strchr(word, ' ') != NULL || !bytes_from_hex(word, sw, sizeof(sw), &len))
		return problem(parser->error,
			       "`service %s` is no status word; write four hex digits, as `service "
			       "9000` or `service 6401 unstarted`",
			       text);
	step->sw = (uint16_t)(sw[0] << 8 | sw[1]);
	return true;
}

static bool
parse_requests(struct parser *parser, const char *text)
{
	struct step *step = add_step(parser, STEP_REQUESTS);
	size_t digits = strspn(text, "0123456789");

	if (step == NULL)
		return false;
	if (digits == 0 || digits > 4 || text[digits] != '\0')
		return problem(parser->error,
			       "`requests %s` is no count; write a number from 0 to 9999", text);
	step->requests = (unsigned)strtoul(text, NULL, 10);
	return true;
}

static const struct {
	const char *word;
	bool (*parse)(struct parser *parser, const char *text);
} lines[] = {
    {">", parse_command},         {"<", parse_expected},  {"source", parse_source},
    {"card", parse_card},         {"reset", parse_reset}, {"service", parse_service},
    {"requests", parse_requests},
};

/* A line without comment and outer blanks, its tabs made blanks. */
static bool
parse_line(struct parser *parser, const char *line)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const size_t len = strlen(lines[i].word);
		const bool sign = lines[i].word[0] == '>' || lines[i].word[0] == '<';

		if (strncmp(line, lines[i].word, len) == 0 &&
		    (sign || line[len] == ' ' || line[len] == '\0' || line[len] == '<'))
			return lines[i].parse(parser, line + len + strspn(line + len, " "));
	}
	return problem(
	    parser->error,
	    "`%.32s` is none of source, card, reset, >, <, service and requests; correct "
	    "it or put a # in front",
	    line);
}

/* Makes of a piece of text what parse_line() takes, in place. */
static char *
tidy(char *line)
{
	char *end = line + strcspn(line, "#");

	*end = '\0';
	for (char *at = line; *at != '\0'; at++)
		if (*at == '\t')
			*at = ' ';
	line += strspn(line, " ");
	while (end > line && (end[-1] == ' ' || end[-1] == '\r'))
		*--end = '\0';
	return line;
}

static bool
parse_lines(struct parser *parser, char *text)
{
	char *next;

	for (char *at = text; at != NULL && *at != '\0'; at = next) {
		next = strchr(at, '\n');
		if (next != NULL)
			*next++ = '\0';
		parser->line++;
		at = tidy(at);
		if (*at != '\0' && !parse_line(parser, at))
			return false;
	}
	if (parser->script->blocks_count == 0)
		return problem(
		    parser->error,
		    "there is no block in this file; write one, or do not name the file");
	return end_block(parser);
}

bool
script_parse(struct bytes text, struct script *script, unsigned *line, struct problem *error)
{
	struct parser parser = {.script = script, .error = error};
	char *copy = NULL;
	bool ok = false;

	*script = (struct script){0};
	if (text.len > 0 && memchr(text.data, '\0', text.len) != NULL) {
		(void)problem(error, "a zero byte is in it; this is no text file");
		goto out;
	}
	copy = text.len == 0 ? strdup("") : strndup((const char *)text.data, text.len);
	ok = copy == NULL ? no_memory(&parser) : parse_lines(&parser, copy);
out:
	*line = parser.line;
	free(copy);
	if (!ok)
		script_free(script);
	return ok;
}

void
script_free(struct script *script)
{
	for (size_t i = 0; i < script->blocks_count; i++) {
		struct block *block = &script->blocks[i];

		for (size_t j = 0; j < block->steps_count; j++) {
			free(block->steps[j].command);
			pattern_free(&block->steps[j].expected);
		}
		free(block->steps);
		free(block->source);
	}
	free(script->blocks);
	*script = (struct script){0};
}
