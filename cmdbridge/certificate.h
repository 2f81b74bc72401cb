/*
 * Certificates that a service hands out, and signatures checked against them.
 */
#ifndef VICAR_CMDBRIDGE_CERTIFICATE_H
#define VICAR_CMDBRIDGE_CERTIFICATE_H

#include "iso7816/bytes.h"

#include <openssl/x509.h>

enum { CERTIFICATE_DATE_SIZE = 16, CERTIFICATES_MAX = 8 };

/* "2029-03-23", or "?" for a date that is none. */
void certificate_date(const ASN1_TIME *time, char date[CERTIFICATE_DATE_SIZE]);
bool certificate_is_current(const X509 *certificate);

/* NULL: not exactly one certificate in DER. Freed by the caller. */
X509 *certificate_parse(struct bytes der) MUST_USE;

/* RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2.2) over a DigestInfo as it stands. */
bool certificate_verifies(X509 *certificate, struct bytes digestinfo,
			  struct bytes signature) MUST_USE;

/*
 * A chain as CMD sends it: PEM blocks in any order, lines ended by LF, CR LF or nothing after BEGIN
 * and before END (reference: cmd.md 11). Written to `chain` as DER, leaf first, then its issuer, the
 * issuer's issuer and so on; certificates that issue nothing in it are left out. False: no
 * certificate, more than CERTIFICATES_MAX, an unreadable one, no single leaf, or no room.
 */
bool certificate_chain(struct bytes pem, struct writer *chain) MUST_USE;

#endif
