#include "log.h"

#include "cards.h"
#include "cmdbridge/text.h"
#include "command.h"
#include "iso7816/sw.h"
#include "log_json.h"
#include "tools/journal_rotation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { OLD_FILES_MAX = 99 }; /* journal-keep, vicar.conf(5) */

enum { OPTION_JSON };

static const struct command_option options[] = {
    {"json", NULL, "as JSON: one object for each use"},
    {NULL, NULL, NULL},
};

static void
print_field(FILE *out, const struct log_record *record, const char *name, const char *before,
	    const char *after)
{
	char shown[LOG_SHOWN_MAX];

	if (*log_field(record, name, shown) != '\0')
		fprintf(out, "%s%s%s", before, shown, after);
}

static void
print_use(FILE *out, const struct log_record *record)
{
	print_field(out, record, "operation", "", "");
	print_field(out, record, "key", " with key ", "");
	print_field(out, record, "service", " (", ")");
	print_field(out, record, "hash", ", hash ", "");
	print_field(out, record, "documents", ", ", " documents");
	print_field(out, record, "document", ", document \"", "\"");
	print_field(out, record, "program", ", program \"", "\"");
}

static void
print_result(FILE *out, const struct log_record *record)
{
	char shown[LOG_SHOWN_MAX];

	if (*log_field(record, "text", shown) == '\0')
		snprintf(shown, sizeof(shown), "%s",
			 sw_text((uint16_t)strtoul(record->sw, NULL, 16)));
	fprintf(out, "%s (%.4s)", shown, record->sw);
}

static void
print_open(FILE *out, const struct log_record *record)
{
	fprintf(out, "#%s ", record->id);
	print_use(out, record);
}

static void
print_item(FILE *out, const struct log_record *record)
{
	fprintf(out, "#%s   document", record->id);
	print_field(out, record, "number", " ", "");
	print_field(out, record, "document", ": \"", "\"");
	print_field(out, record, "hash", ", hash ", "");
}

static void
print_step(FILE *out, const struct log_record *record)
{
	fprintf(out, "#%s   ", record->id);
	print_field(out, record, "text", "", "");
	print_field(out, record, "process", " (process ", ")");
}

static void
print_done(FILE *out, const struct log_record *record)
{
	fprintf(out, "#%s   ", record->id);
	print_result(out, record);
}

static void
print_none(FILE *out, const struct log_record *record)
{
	print_use(out, record);
	fprintf(out, ", no call was made: ");
	print_result(out, record);
}

static void
print_note(FILE *out, const struct log_record *record)
{
	print_field(out, record, "text", "", "");
}

void
log_line(FILE *out, char *line)
{
	static void (*const printers[LOG_KINDS])(FILE *, const struct log_record *) = {
	    [LOG_OPEN] = print_open, [LOG_ITEM] = print_item, [LOG_STEP] = print_step,
	    [LOG_DONE] = print_done, [LOG_NONE] = print_none, [LOG_NOTE] = print_note,
	};
	char shown[LOG_SHOWN_MAX];
	struct log_record record;

	text_printable((struct bytes){(uint8_t *)line, strlen(line)}, LOG_VALUE_MAX, shown);
	if (!log_record_parse(line, &record)) {
		fprintf(out, "%s\n", shown);
		return;
	}
	fprintf(out, "%.10s %.8s  ", record.when, strlen(record.when) > 11 ? record.when + 11 : "");
	printers[record.kind](out, &record);
	fputc('\n', out);
}

/* One file, for people, or into `json`. One that is not there has nothing to tell. */
static bool
tell_file(const char *path, struct log_json *json)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	FILE *journal = fopen(path, "re");

	if (journal == NULL) {
		if (errno == ENOENT)
			return true;
		say_error("journal %s cannot be read: %s; see its permissions", path,
			  strerror(errno));
		return false;
	}
	while ((len = getline(&line, &room, journal)) > 0) {
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		if (json != NULL)
			log_json_line(json, line);
		else
			log_line(stdout, line);
	}
	free(line);
	fclose(journal);
	return true;
}

/* The oldest first. */
static bool
tell_files(const char *path, struct log_json *json)
{
	char old[PATH_MAX];
	bool ok = true;

	for (unsigned i = OLD_FILES_MAX; ok && i > 0; i--)
		ok = journal_old_path(path, i, old) && tell_file(old, json);
	return ok && tell_file(path, json);
}

static enum command_exit
run(const struct command_arguments *arguments)
{
	char directory[PATH_MAX], path[PATH_MAX + sizeof("/" JOURNAL_FILE)];
	struct log_json *json = NULL;
	struct problem error;
	bool ok;

	if (!cards_find(arguments->operands[0], directory, &error)) {
		say_error("%s", error.text);
		return COMMAND_FAILED;
	}
	snprintf(path, sizeof(path), "%s/" JOURNAL_FILE, directory);
	if (arguments->options[OPTION_JSON] != NULL &&
	    (json = log_json_new(arguments->operands[0])) == NULL) {
		say_error("no memory is left; close other programs");
		return COMMAND_FAILED;
	}
	ok = tell_files(path, json);
	if (json != NULL)
		ok = log_json_end(json, stdout) && ok;
	return ok ? COMMAND_OK : COMMAND_FAILED;
}

const struct command command_log = {
    .name = "log",
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "every use of card NAME's keys and what became of it; times are UTC",
    .options = options,
    .run = run,
};
