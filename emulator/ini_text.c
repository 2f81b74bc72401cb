#include "ini_text.h"

#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct parse {
	struct reader text;
	struct ini_text_place place;
	ini_text_entry *entry;
	void *context;
	bool failed;
	char *error;
	size_t room;
};

__attribute__((format(printf, 2, 3))) static void
refuse(struct parse *parse, const char *format, ...)
{
	va_list arguments;
	int len;

	parse->failed = true;
	len = snprintf(parse->error, parse->room, "%s:%d: ", parse->place.path, parse->place.line);
	if (len < 0 || (size_t)len >= parse->room)
		return;
	va_start(arguments, format);
	(void)vsnprintf(parse->error + len, parse->room - (size_t)len, format, arguments);
	va_end(arguments);
}

/* The next line without its end and without the white space before it; NULL data at the end. */
static struct bytes
next_line(struct parse *parse)
{
	struct bytes rest = reader_rest(&parse->text), line = rest;
	const uint8_t *end;

	if (rest.len == 0)
		return BYTES_NONE;
	end = memchr(rest.data, '\n', rest.len);
	if (end != NULL)
		line.len = (size_t)(end - rest.data) + 1;
	if (!reader_take(&parse->text, line.len, &line))
		return BYTES_NONE;
	if (end != NULL)
		line.len--;
	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	while (line.len > 0 && (line.data[0] == ' ' || line.data[0] == '\t')) {
		line.data++;
		line.len--;
	}
	return line;
}

static bool
line_is_text(struct bytes line)
{
	for (size_t i = 0; i < line.len; i++)
		if ((line.data[i] < 0x20 && line.data[i] != '\t') || line.data[i] == 0x7F)
			return false;
	return true;
}

static bool
section_is_whole(struct bytes line)
{
	const uint8_t *end = memchr(line.data, ']', line.len);
	size_t name_len = end != NULL ? (size_t)(end - line.data) - 1 : 0;
	size_t i = name_len + 2;

	if (name_len == 0 || name_len > INI_TEXT_SECTION_MAX)
		return false;
	while (i < line.len && (line.data[i] == ' ' || line.data[i] == '\t'))
		i++;
	return i >= line.len || line.data[i] == ';' || line.data[i] == '#';
}

/* libinih's reader, as fgets(). */
static char *
read_line(char *buffer, int room, void *stream)
{
	struct parse *parse = stream;
	struct bytes line;

	if (parse->failed)
		return NULL;
	line = next_line(parse);
	if (line.data == NULL)
		return NULL;
	parse->place.line++;
	if (line.len > INI_TEXT_LINE_MAX || line.len + 2 > (size_t)room) {
		refuse(parse, "the line has %zu bytes; %d are allowed: shorten it", line.len,
		       INI_TEXT_LINE_MAX);
	} else if (!line_is_text(line)) {
		refuse(parse, "the line holds a control character; take it out");
	} else if (line.len > 0 && line.data[0] == '[' && !section_is_whole(line)) {
		refuse(parse,
		       "the section is not written as [NAME] with a name of 1 to %d bytes and "
		       "nothing behind it",
		       INI_TEXT_SECTION_MAX);
	} else {
		memcpy(buffer, line.data, line.len);
		memcpy(buffer + line.len, "\n", 2);
		return buffer;
	}
	return NULL;
}

static int
on_entry(void *context, const char *section, const char *key, const char *value)
{
	struct parse *parse = context;

	if (!parse->failed && !parse->entry(parse->context, &parse->place, section, key, value,
					    parse->error, parse->room))
		parse->failed = true;
	return 1;
}

bool
ini_text_parse(struct bytes text, const char *path, ini_text_entry *entry, void *context,
	       char *error, size_t room)
{
	struct parse parse = {
	    .text = reader_of(text),
	    .place = {.path = path, .line = 0},
	    .entry = entry,
	    .context = context,
	    .error = error,
	    .room = room,
	};
	int bad_line = ini_parse_stream(read_line, &parse, on_entry, &parse);

	if (!parse.failed && bad_line != 0) {
		parse.place.line = bad_line;
		refuse(&parse, "neither a [section] nor `key = value`; correct or delete the line");
	}
	return !parse.failed;
}
