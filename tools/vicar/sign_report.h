/*
 * What `vicar sign` tells.
 */
#ifndef VICAR_TOOLS_VICAR_SIGN_REPORT_H
#define VICAR_TOOLS_VICAR_SIGN_REPORT_H

#include "sign_job.h"

#include <stdio.h>

/* Before anything is signed: the documents, with the hashes that prompt and text message show. */
void sign_report_list(FILE *out, const struct sign_job *job);
/* Afterwards: a line for each signature that was written; errors on standard error. */
void sign_report_text(FILE *out, const struct sign_job *job);
/* The same as one JSON object. False: no memory. */
bool sign_report_json(FILE *out, const struct sign_job *job);

#endif
