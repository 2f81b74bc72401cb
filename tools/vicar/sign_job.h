/*
 * What `vicar sign` does once it knows what to do: vicard is asked (tools/control.h), and every signature
 * that comes back is written, whatever becomes of the others.
 */
#ifndef VICAR_TOOLS_VICAR_SIGN_JOB_H
#define VICAR_TOOLS_VICAR_SIGN_JOB_H

#include "cmdbridge/bridge.h"
#include "document.h"
#include "timestamp.h"

struct sign_job {
	struct signer signer;
	enum document_format format;
	bool attached, force;
	struct timestamp_source timestamp; /* url NULL: none is wanted */
	struct document *documents;        /* BRIDGE_DOCUMENTS_MAX */
	size_t count;
	void (*progress)(void *context, const char *text); /* NULL: not told */
	void *context;
	/* What came of it. */
	uint16_t sw; /* the card's last word, 0: it was not asked */
	struct problem error;
};

/* Documents from `first`, `count` of them, with one PIN. False: not all were done; `job->error` and the
 * documents' own errors say why. */
bool sign_job_run(struct sign_job *job, size_t first, size_t count) MUST_USE;

#endif
