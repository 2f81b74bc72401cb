/*
 * Names of tokens and keys: PKCS#11 URIs (RFC 7512), by p11-kit.
 */
#ifndef VICAR_CMDBRIDGE_P11URI_H
#define VICAR_CMDBRIDGE_P11URI_H

#include "iso7816/bytes.h"

#include <p11-kit/pkcs11.h>
#include <p11-kit/uri.h>

/* Of a text; freed with p11_kit_uri_free(). NULL: it is none, or has parts that nobody knows. */
P11KitUri *p11uri_parse(struct bytes text);
/* Of a token by its label, or by a URI; NULL as above, or a label that is longer than 32 bytes. */
P11KitUri *p11uri_of_token(const char *label_or_uri);
/* The text for an object with this CKA_ID, or, without one, this CKA_LABEL, on this token; freed with
 * free(). NULL: it has neither, or there is no memory. */
char *p11uri_of_key(const CK_TOKEN_INFO *token, struct bytes id, struct bytes label);

#endif
