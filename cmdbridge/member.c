#include "member.h"

#include <stdlib.h>
#include <string.h>

enum { DIGITS_MAX = 9 };

json_t *
member_read(struct bytes text)
{
	json_t *read = text.len > 0 ? json_loadb((const char *)text.data, text.len,
						 JSON_REJECT_DUPLICATES, NULL)
				    : NULL;

	if (read && !json_is_object(read)) {
		json_decref(read);
		read = NULL;
	}
	return read;
}

const char *
member_text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

long
member_number(const json_t *object, const char *name, long otherwise)
{
	const json_t *member = json_object_get(object, name);
	const char *text = json_string_value(member);

	if (json_is_integer(member))
		return (long)json_integer_value(member);
	if (json_is_true(member))
		return 1;
	if (json_is_real(member) && json_real_value(member) >= 0 && json_real_value(member) < 1e9)
		return (long)json_real_value(member);
	if (!text || !*text || strlen(text) > DIGITS_MAX ||
	    text[strspn(text, "0123456789")] != '\0')
		return otherwise;
	return strtol(text, NULL, 10);
}

bool
member_is_true(const json_t *object, const char *name)
{
	const json_t *member = json_object_get(object, name);
	const char *text = json_string_value(member);

	return json_is_true(member) || (text && strcmp(text, "true") == 0);
}

const json_t *
member_object(const json_t *object, const char *name)
{
	const json_t *member = json_object_get(object, name);

	return json_is_object(member) ? member : NULL;
}

const json_t *
member_array(const json_t *object, const char *name)
{
	const json_t *member = json_object_get(object, name);

	return json_is_array(member) ? member : NULL;
}

bool
member_has(const json_t *array, const char *text)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *entry = json_string_value(json_array_get(array, i));

		if (entry && strcmp(entry, text) == 0)
			return true;
	}
	return false;
}
