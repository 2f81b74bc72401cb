/*
 * A file to be signed: read once, and what is signed is what was read.
 */
#ifndef VICAR_TOOLS_VICAR_DOCUMENT_H
#define VICAR_TOOLS_VICAR_DOCUMENT_H

#include "cms_draft.h"
#include "signer.h"

#include <limits.h>

enum { DOCUMENT_CONTENT_MAX = 512 * 1024 * 1024 }; /* where the content is kept */

enum document_format { DOCUMENT_CMS, DOCUMENT_RAW, DOCUMENT_PADES, DOCUMENT_FORMATS };

struct document {
	const char *path;             /* borrowed */
	const char *name;             /* its last part */
	char output[PATH_MAX];        /* where the signature goes */
	uint8_t hash[DIGEST_LEN_MAX]; /* of the content, or of the parts of a PDF that are signed */
	size_t hash_len;
	struct bytes content; /* attached, or a PDF with room for its signature; owned */
	size_t gap;           /* where that room is, in hexadecimal digits */
	size_t gap_len;
	struct cms_draft draft;            /* not of DOCUMENT_RAW */
	struct bytes to_sign;              /* the hash that is signed: `hash`, or the draft's */
	uint8_t input[DIGESTINFO_LEN_MAX]; /* what the key gets */
	size_t input_len;
	bool done;
	bool stamped;
	struct problem error; /* when it is not done, or has no time stamp that was wanted */
};

/* OUTPUT/NAME.p7s and the like; `output` NULL: beside the file. A file when there is one document and it
 * is no directory. */
bool document_place(struct document *document, const char *path, enum document_format format,
		    const char *output, bool only, struct problem *error) MUST_USE;
/* Reads the file and makes `to_sign` and `input`. */
bool document_read(struct document *document, const struct signer *signer,
		   enum document_format format, bool attached, time_t now,
		   struct problem *error) MUST_USE;
/* The file still has the content that was read. */
bool document_unchanged(const struct document *document, const struct signer *signer) MUST_USE;
/* What is written to `output`, of a signature value as signer_signature() makes it; freed with
 * OPENSSL_free. */
bool document_result(struct document *document, enum document_format format, struct bytes signature,
		     uint8_t **result, size_t *len) MUST_USE;
void document_free(struct document *document);

#endif
