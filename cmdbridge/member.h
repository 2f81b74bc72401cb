/*
 * Members of a JSON object, read as services in the field write them (csc.md 11, point 8): numbers as
 * strings and strings as numbers, null as absent.
 */
#ifndef VICAR_CMDBRIDGE_MEMBER_H
#define VICAR_CMDBRIDGE_MEMBER_H

#include "iso7816/bytes.h"

#include <jansson.h>

/* An object, and nothing behind it; NULL otherwise. The caller gives it up with json_decref(). */
json_t *member_read(struct bytes text) MUST_USE;

/* In each of them `object` may be NULL, which has no members. */

/* NULL: absent, null, or no string. */
const char *member_text(const json_t *object, const char *name);
/* A number, a string of digits, or true (which is 1); else `otherwise`. */
long member_number(const json_t *object, const char *name, long otherwise);
/* true, or the string. */
bool member_is_true(const json_t *object, const char *name);
/* An object or an array; NULL when absent or of another kind. */
const json_t *member_object(const json_t *object, const char *name);
const json_t *member_array(const json_t *object, const char *name);
/* An array holds this string. */
bool member_has(const json_t *array, const char *text);

#endif
