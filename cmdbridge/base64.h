/*
 * Base64 as JSON services write it (RFC 4648 section 4), and base64url for queries and tokens (section
 * 5).
 */
#ifndef VICAR_CMDBRIDGE_BASE64_H
#define VICAR_CMDBRIDGE_BASE64_H

#include "iso7816/bytes.h"

enum base64_form {
	BASE64_PLAIN,
	BASE64_URL,        /* without padding, as RFC 7636 and RFC 7515 have it */
	BASE64_URL_PADDED, /* some services want the padding in a query too */
};

#define BASE64_ROOM(len) (((len) + 2) / 3 * 4 + 1)

/* `text` has room for BASE64_ROOM(bytes.len). */
void base64_encode(struct bytes bytes, enum base64_form form, char *text);
/* Plain or url, with or without padding, blanks and line ends between; false: something else is in it, or
 * there is no room. */
bool base64_decode(const char *text, uint8_t *data, size_t room, size_t *len) MUST_USE;

#endif
