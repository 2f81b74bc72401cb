#include "log_record.h"

#include "cmdbridge/text.h"

#include <string.h>

/* By enum log_kind: which of ID and SW stand before the fields. */
static const struct {
	const char *word;
	bool has_id, has_sw;
} kinds[LOG_KINDS] = {
    [LOG_OPEN] = {"open", true, false}, [LOG_ITEM] = {"item", true, false},
    [LOG_STEP] = {"step", true, false}, [LOG_DONE] = {"done", true, true},
    [LOG_NONE] = {"none", false, true}, [LOG_NOTE] = {"note", false, false},
};

static const char *
word(char **at)
{
	char *taken = strsep(at, " ");

	return taken == NULL ? "" : taken;
}

bool
log_record_parse(char *line, struct log_record *record)
{
	const char *kind;
	char *at = line;

	*record = (struct log_record){.when = word(&at), .id = "", .sw = "", .fields = ""};
	kind = word(&at);
	while (record->kind < LOG_KINDS && strcmp(kinds[record->kind].word, kind) != 0)
		record->kind++;
	if (record->kind == LOG_KINDS)
		return false;
	if (kinds[record->kind].has_id)
		record->id = word(&at);
	if (kinds[record->kind].has_sw)
		record->sw = word(&at);
	record->fields = at == NULL ? "" : at;
	return true;
}

/* Quoted text holds no quotes, so that a name inside one cannot be taken for a field: what
 * stands in quotes is stepped over. */
const char *
log_field(const struct log_record *record, const char *name, char shown[LOG_SHOWN_MAX])
{
	const size_t name_len = strlen(name);
	const char *at = record->fields;

	shown[0] = '\0';
	while (*at != '\0') {
		const char *equals = at + strcspn(at, "= ");
		const bool quoted = equals[0] == '=' && equals[1] == '"';
		const char *value = equals + (quoted ? 2 : *equals == '=');
		const size_t len = strcspn(value, quoted ? "\"" : " ");

		if (*equals == '=' && (size_t)(equals - at) == name_len &&
		    strncmp(at, name, name_len) == 0) {
			text_printable((struct bytes){(const uint8_t *)value, len}, LOG_VALUE_MAX,
				       shown);
			break;
		}
		at = value + len;
		at += strcspn(at, " ");
		at += strspn(at, " ");
	}
	return shown;
}
