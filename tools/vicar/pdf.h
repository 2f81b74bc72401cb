/*
 * Signatures in PDF files: ISO 32000-1 section 12.8, as PAdES wants them (ETSI EN 319 142-1): a new
 * signature field whose value has SubFilter ETSI.CAdES.detached, appended to the file as an incremental
 * update, so that what was there before stays byte for byte.
 */
#ifndef VICAR_TOOLS_VICAR_PDF_H
#define VICAR_TOOLS_VICAR_PDF_H

#include "iso7816/digestinfo.h"
#include "tools/problem.h"

#include <openssl/x509.h>
#include <time.h>

/* A PDF whose signature is still missing: `gap_len` hexadecimal digits 0 at `gap`, between < and >. All
 * but these and the two brackets is what is signed. */
struct pdf_draft {
	struct bytes content; /* the caller's, from malloc() */
	size_t gap, gap_len;
};

bool pdf_prepare(const char *path, struct bytes content, X509 *certificate, time_t now,
		 struct pdf_draft *draft, struct problem *error) MUST_USE;
bool pdf_hash(const struct pdf_draft *draft, const EVP_MD *md, uint8_t hash[DIGEST_LEN_MAX],
	      size_t *len) MUST_USE;
/* Puts the signature into the gap. False: it is too long. */
bool pdf_fill(uint8_t *gap, size_t gap_len, struct bytes signature) MUST_USE;

/* The last signature of a PDF, for who verifies it. */
struct pdf_signature {
	size_t range[4];     /* ByteRange */
	size_t gap, gap_len; /* the digits of Contents */
	size_t earlier;      /* signatures before it */
	bool whole;          /* it covers all of the file but the gap */
};

/* False: there is none, or it is not where it should be. */
bool pdf_find_signature(struct bytes content, struct pdf_signature *signature,
			struct problem *error) MUST_USE;

#endif
