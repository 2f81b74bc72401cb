#include "log.h"

#include "cards.h"
#include "cmdbridge/text.h"
#include "command.h"
#include "iso7816/sw.h"
#include "tools/journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_MAX = JOURNAL_TEXT_MAX, SHOWN_MAX = JOURNAL_TEXT_MAX * 4 + 1 };

/* The value of `name=VALUE` or `name="VALUE"` among the fields, as may be shown; "" when there is
 * none. Quoted text holds no quotes, so that a name inside one cannot be taken for a field: what
 * stands in quotes is stepped over. */
static const char *
field(const char *fields, const char *name, char shown[SHOWN_MAX])
{
	const size_t name_len = strlen(name);
	const char *at = fields;

	shown[0] = '\0';
	while (*at != '\0') {
		const char *equals = at + strcspn(at, "= ");
		const bool quoted = equals[0] == '=' && equals[1] == '"';
		const char *value = equals + (quoted ? 2 : *equals == '=');
		const size_t len = strcspn(value, quoted ? "\"" : " ");

		if (*equals == '=' && (size_t)(equals - at) == name_len &&
		    strncmp(at, name, name_len) == 0) {
			text_printable((struct bytes){(const uint8_t *)value, len}, VALUE_MAX,
				       shown);
			break;
		}
		at = value + len;
		at += strcspn(at, " ");
		at += strspn(at, " ");
	}
	return shown;
}

static void
print_field(FILE *out, const char *fields, const char *name, const char *before, const char *after)
{
	char shown[SHOWN_MAX];

	if (*field(fields, name, shown) != '\0')
		fprintf(out, "%s%s%s", before, shown, after);
}

static void
print_use(FILE *out, const char *fields)
{
	print_field(out, fields, "operation", "", "");
	print_field(out, fields, "key", " with key ", "");
	print_field(out, fields, "hash", ", hash ", "");
	print_field(out, fields, "document", ", document \"", "\"");
	print_field(out, fields, "program", ", program \"", "\"");
}

static void
print_result(FILE *out, const char *sw, const char *fields)
{
	char shown[SHOWN_MAX];

	if (*field(fields, "text", shown) == '\0')
		snprintf(shown, sizeof(shown), "%s", sw_text((uint16_t)strtoul(sw, NULL, 16)));
	fprintf(out, "%s (%.4s)", shown, sw);
}

static void
print_open(FILE *out, const char *id, const char *sw, const char *fields)
{
	(void)sw;
	fprintf(out, "#%s ", id);
	print_use(out, fields);
}

static void
print_step(FILE *out, const char *id, const char *sw, const char *fields)
{
	(void)sw;
	fprintf(out, "#%s   ", id);
	print_field(out, fields, "text", "", "");
	print_field(out, fields, "process", " (process ", ")");
}

static void
print_done(FILE *out, const char *id, const char *sw, const char *fields)
{
	fprintf(out, "#%s   ", id);
	print_result(out, sw, fields);
}

static void
print_none(FILE *out, const char *id, const char *sw, const char *fields)
{
	(void)id;
	print_use(out, fields);
	fprintf(out, ", no call was made: ");
	print_result(out, sw, fields);
}

static void
print_note(FILE *out, const char *id, const char *sw, const char *fields)
{
	(void)id;
	(void)sw;
	print_field(out, fields, "text", "", "");
}

/* The kinds of records, and which of ID and SW stand before their fields. */
static const struct record {
	const char *kind;
	bool has_id, has_sw;
	void (*print)(FILE *out, const char *id, const char *sw, const char *fields);
} records[] = {
    {"open", true, false, print_open},  {"step", true, false, print_step},
    {"done", true, true, print_done},   {"none", false, true, print_none},
    {"note", false, false, print_note},
};

static const struct record *
record_of(const char *kind)
{
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++)
		if (strcmp(records[i].kind, kind) == 0)
			return &records[i];
	return NULL;
}

static const char *
word(char **at)
{
	char *taken = strsep(at, " ");

	return taken == NULL ? "" : taken;
}

void
log_line(FILE *out, char *line)
{
	char shown[SHOWN_MAX];
	const struct record *record;
	const char *when, *kind, *id, *sw;
	char *at = line;

	text_printable((struct bytes){(uint8_t *)line, strlen(line)}, VALUE_MAX, shown);
	when = word(&at);
	kind = word(&at);
	if ((record = record_of(kind)) == NULL) {
		fprintf(out, "%s\n", shown);
		return;
	}
	id = record->has_id ? word(&at) : "";
	sw = record->has_sw ? word(&at) : "";
	fprintf(out, "%.10s %.8s  ", when, strlen(when) > 11 ? when + 11 : "");
	record->print(out, id, sw, at == NULL ? "" : at);
	fputc('\n', out);
}

static enum command_exit
run(const struct command_arguments *arguments)
{
	char directory[PATH_MAX], path[PATH_MAX + sizeof("/" JOURNAL_FILE)], *line = NULL;
	struct problem error;
	size_t room = 0;
	ssize_t len;
	FILE *journal;

	if (!cards_find(arguments->operands[0], directory, &error)) {
		say_error("%s", error.text);
		return COMMAND_FAILED;
	}
	snprintf(path, sizeof(path), "%s/" JOURNAL_FILE, directory);
	if ((journal = fopen(path, "re")) == NULL) {
		if (errno == ENOENT)
			return COMMAND_OK;
		say_error("journal %s cannot be read: %s; see its permissions", path,
			  strerror(errno));
		return COMMAND_FAILED;
	}
	while ((len = getline(&line, &room, journal)) > 0) {
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		log_line(stdout, line);
	}
	free(line);
	fclose(journal);
	return COMMAND_OK;
}

const struct command command_log = {
    .name = "log",
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "every use of card NAME's keys and what became of it; times are UTC",
    .run = run,
};
