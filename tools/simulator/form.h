/*
 * Names and values of a query or of a body in application/x-www-form-urlencoded (WHATWG URL
 * Standard, section 5.1).
 */
#ifndef VICAR_TOOLS_SIMULATOR_FORM_H
#define VICAR_TOOLS_SIMULATOR_FORM_H

#include "iso7816/bytes.h"

enum { SIM_FORM_FIELDS_MAX = 64 };

struct sim_form {
	char *text; /* decoded, with NULs between the parts; owned */
	size_t len;
	struct {
		const char *name, *value;
	} fields[SIM_FORM_FIELDS_MAX];
	size_t count;
};

/* False without memory, when there are too many fields, or with a NUL in one. */
bool sim_form_parse(struct bytes text, struct sim_form *form) MUST_USE;
/* The first value of the name; NULL when there is none. */
const char *sim_form_value(const struct sim_form *form, const char *name);
/* Wipes it too. */
void sim_form_free(struct sim_form *form);

#endif
