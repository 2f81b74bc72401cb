#include "log_json.h"

#include "command.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct log_json {
	char card[JOURNAL_CARD_MAX];
	json_t *records;
	json_t *open;  /* by number: those of `records` that have no end yet */
	json_t *items; /* by number: documents of a use that is to come */
};

struct log_json *
log_json_new(const char *card)
{
	struct log_json *json = calloc(1, sizeof(*json));

	if (json == NULL)
		return NULL;
	snprintf(json->card, sizeof(json->card), "%s", card);
	json->records = json_array();
	json->open = json_object();
	json->items = json_object();
	return json;
}

/* null when there is none. */
static void
put_field(json_t *object, const char *name, const struct log_record *record, const char *field)
{
	char shown[LOG_SHOWN_MAX];

	log_field(record, field, shown);
	(void)json_object_set_new(object, name,
				  shown[0] == '\0' ? json_null() : json_string(shown));
}

static json_t *
document_of(const struct log_record *record)
{
	json_t *document = json_object();

	put_field(document, "name", record, "document");
	put_field(document, "hash", record, "hash");
	return document;
}

/* Those of the item lines, or the one that stands in the use itself. */
static json_t *
documents_of(const struct log_json *json, const struct log_record *record)
{
	json_t *items = json_object_get(json->items, record->id), *documents;

	if (items != NULL)
		return json_incref(items);
	documents = json_array();
	(void)json_array_append_new(documents, document_of(record));
	return documents;
}

static json_t *
use_of(const struct log_json *json, const struct log_record *record)
{
	json_t *use = json_pack("{s:s, s:n, s:s, s:n}", "time", record->when, "ended", "card",
				json->card, "number");

	put_field(use, "key", record, "key");
	put_field(use, "operation", record, "operation");
	put_field(use, "service", record, "service");
	put_field(use, "program", record, "program");
	(void)json_object_set_new(use, "documents", documents_of(json, record));
	(void)json_object_set_new(use, "process", json_null());
	(void)json_object_set_new(use, "called", json_boolean(record->kind == LOG_OPEN));
	(void)json_object_set_new(use, "status_word", json_null());
	(void)json_object_set_new(use, "text", json_null());
	return use;
}

static void
take_open(struct log_json *json, const struct log_record *record)
{
	json_t *use = use_of(json, record);

	(void)json_object_set_new(use, "number", json_integer(strtoll(record->id, NULL, 10)));
	(void)json_object_set(json->open, record->id, use);
	(void)json_object_del(json->items, record->id);
	(void)json_array_append_new(json->records, use);
}

static void
take_item(struct log_json *json, const struct log_record *record)
{
	if (json_object_get(json->items, record->id) == NULL)
		(void)json_object_set_new(json->items, record->id, json_array());
	(void)json_array_append_new(json_object_get(json->items, record->id), document_of(record));
}

static void
take_step(struct log_json *json, const struct log_record *record)
{
	json_t *use = json_object_get(json->open, record->id);
	char shown[LOG_SHOWN_MAX];

	if (use != NULL && *log_field(record, "process", shown) != '\0')
		put_field(use, "process", record, "process");
}

static void
put_end(json_t *use, const struct log_record *record)
{
	(void)json_object_set_new(use, "ended", json_string(record->when));
	(void)json_object_set_new(use, "status_word", json_string(record->sw));
	put_field(use, "text", record, "text");
}

static void
take_done(struct log_json *json, const struct log_record *record)
{
	json_t *use = json_object_get(json->open, record->id);

	if (use == NULL)
		return;
	put_end(use, record);
	(void)json_object_del(json->open, record->id);
}

static void
take_none(struct log_json *json, const struct log_record *record)
{
	json_t *use = use_of(json, record);

	put_end(use, record);
	(void)json_array_append_new(json->records, use);
}

static void
take_note(struct log_json *json, const struct log_record *record)
{
	json_t *note = json_pack("{s:s, s:s}", "time", record->when, "card", json->card);

	put_field(note, "note", record, "text");
	(void)json_array_append_new(json->records, note);
}

void
log_json_line(struct log_json *json, char *line)
{
	static void (*const takers[LOG_KINDS])(struct log_json *, const struct log_record *) = {
	    [LOG_OPEN] = take_open, [LOG_ITEM] = take_item, [LOG_STEP] = take_step,
	    [LOG_DONE] = take_done, [LOG_NONE] = take_none, [LOG_NOTE] = take_note,
	};
	struct log_record record;

	if (log_record_parse(line, &record))
		takers[record.kind](json, &record);
}

bool
log_json_end(struct log_json *json, FILE *out)
{
	const bool ok = json->records != NULL &&
			json_dumpf(json->records, out, JSON_INDENT(2)) == 0 &&
			fputc('\n', out) != EOF;

	if (!ok)
		say_error(
		    "the journal cannot be written as JSON; see where the output goes, and close "
		    "other programs");
	json_decref(json->items);
	json_decref(json->open);
	json_decref(json->records);
	free(json);
	return ok;
}
