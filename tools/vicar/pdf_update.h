/*
 * The one call into PoDoFo, which is C++: a signature field appended to a PDF.
 */
#ifndef VICAR_TOOLS_VICAR_PDF_UPDATE_H
#define VICAR_TOOLS_VICAR_PDF_UPDATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { PDF_UPDATE_ERROR_MAX = 256 };

/* `signer` is the Name of the signature, UTF-8. `room` bytes are kept for it, all 0; ByteRange is in
 * place. `*updated` is the caller's, from malloc(). False: the reason, one phrase. */
bool pdf_update(const uint8_t *content, size_t len, const char *signer, time_t now, size_t room,
		uint8_t **updated, size_t *updated_len, char error[PDF_UPDATE_ERROR_MAX]);

#ifdef __cplusplus
}
#endif

#endif
