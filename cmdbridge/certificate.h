/*
 * Certificates that a service hands out, and signatures checked against them.
 */
#ifndef VICAR_CMDBRIDGE_CERTIFICATE_H
#define VICAR_CMDBRIDGE_CERTIFICATE_H

#include "iso7816/bytes.h"
#include "keyfile.h"

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

/* The same of any signature: input and output are those of the operation (keyfile.h), of ECDSA r || s.
 * `digest` is that of PSS. False also for an operation that is no signature. */
bool certificate_verifies_use(X509 *certificate, enum keyfile_operation operation,
			      enum digest digest, struct bytes input,
			      struct bytes signature) MUST_USE;

/* Certificates in any order, written to `chain` as DER, leaf first, then its issuer, the issuer's issuer
 * and so on; those that issue nothing in it are left out. False: none, more than CERTIFICATES_MAX, no
 * single leaf, or no room. */
bool certificate_sort(X509 *const *all, size_t count, struct writer *chain) MUST_USE;

/*
 * A chain as CMD sends it: PEM blocks in any order, lines ended by LF, CR LF or nothing after BEGIN
 * and before END (reference: cmd.md 11); written as by certificate_sort(). False also when one
 * cannot be read.
 */
bool certificate_chain(struct bytes pem, struct writer *chain) MUST_USE;

#endif
