/*
 * Names and values of a query, or of a body in application/x-www-form-urlencoded: every byte that is not
 * unreserved (RFC 3986 section 2.3) is written as %XX, which both of them take.
 */
#ifndef VICAR_CMDBRIDGE_FORM_H
#define VICAR_CMDBRIDGE_FORM_H

#include "iso7816/bytes.h"

/* Behind what is there, with an & between; nothing when `value` is NULL. */
void form_put(struct writer *form, const char *name, const char *value);
/* The value alone. */
void form_put_value(struct writer *form, const char *value);

#endif
