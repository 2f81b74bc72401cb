#include "form.h"

#include <string.h>

#include <microhttpd.h>
#include <openssl/crypto.h>

/* In place. A NUL that was written as %00 would cut the value. */
static bool
decode(char *text)
{
	for (char *at = text; *at != '\0'; at++)
		if (*at == '+')
			*at = ' ';
	return MHD_http_unescape(text) == strlen(text);
}

static bool
add(struct sim_form *form, char *field)
{
	char *value = strchr(field, '=');

	if (*field == '\0')
		return true;
	if (form->count == SIM_FORM_FIELDS_MAX)
		return false;
	if (value != NULL)
		*value++ = '\0';
	else
		value = field + strlen(field);
	form->fields[form->count].name = field;
	form->fields[form->count++].value = value;
	return decode(field) && (*value == '\0' || decode(value));
}

bool
sim_form_parse(struct bytes text, struct sim_form *form)
{
	char *field, *end;

	*form = (struct sim_form){.text = OPENSSL_zalloc(text.len + 1), .len = text.len};
	if (form->text == NULL || (text.len > 0 && memchr(text.data, '\0', text.len) != NULL))
		goto fail;
	if (text.len > 0)
		memcpy(form->text, text.data, text.len);
	for (field = form->text; field != NULL; field = end) {
		end = strchr(field, '&');
		if (end != NULL)
			*end++ = '\0';
		if (!add(form, field))
			goto fail;
	}
	return true;
fail:
	sim_form_free(form);
	return false;
}

const char *
sim_form_value(const struct sim_form *form, const char *name)
{
	for (size_t i = 0; i < form->count; i++)
		if (strcmp(form->fields[i].name, name) == 0)
			return form->fields[i].value;
	return NULL;
}

void
sim_form_free(struct sim_form *form)
{
	OPENSSL_clear_free(form->text, form->len + 1);
	*form = (struct sim_form){0};
}
