/*
 * What a card's vicard says of it, and how long its certificates are good.
 */
#ifndef VICAR_TOOLS_VICAR_STATUS_H
#define VICAR_TOOLS_VICAR_STATUS_H

#include "emulator/image.h"

#include <stdio.h>
#include <time.h>

enum { STATUS_EXPIRY_DAYS = 30 };

/* A line for each certificate, "certificate: HOLDER, until DATE"; one that ends within
 * STATUS_EXPIRY_DAYS is warned of on standard error. */
void status_certificates(FILE *out, const struct image *image, time_t now);

#endif
