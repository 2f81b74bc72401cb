/*
 * Error texts: they name the thing, the reason and the next step.
 */
#ifndef VICAR_EMULATOR_FAILURE_H
#define VICAR_EMULATOR_FAILURE_H

#include "image.h"

/* Writes the text, cut at IMAGE_ERROR_MAX, and returns false, to be returned by the caller. */
bool failure(struct image_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
