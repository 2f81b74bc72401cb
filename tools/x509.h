/*
 * What the certificates that vicar and cmd-simulator make have in common, RFC 5280 section 4.1.2, and
 * which hashes are good for signatures.
 */
#ifndef VICAR_TOOLS_X509_H
#define VICAR_TOOLS_X509_H

#include "iso7816/bytes.h"

#include <openssl/x509.h>

/* A random serial number, positive and of at most 20 octets (4.1.2.2). */
bool x509_set_serial(X509 *certificate) MUST_USE;
/* Valid from and to so many days after now, negative: before it. */
bool x509_set_days(X509 *certificate, int from, int to) MUST_USE;
/* `type` is OpenSSL's short name, `value` as in x509v3_config(5). `issuer` is `certificate` itself
 * when it is self-signed. */
bool x509_add_extension(X509 *certificate, X509 *issuer, const char *type,
			const char *value) MUST_USE;
/* Nobody can make two contents of the same hash: SHA-2 and SHA-3, not SHA-1 and MD5. NULL: no. */
bool x509_digest_is_strong(const X509_ALGOR *algorithm) MUST_USE;

#endif
