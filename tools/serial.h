/*
 * Serial numbers of cards, in the form of the personality.
 *
 * OpenSC keeps the files of a card it has seen under its serial number, so that two cards with
 * different files must never have the same one. It is taken from the SHA-256 of what they are made
 * of.
 */
#ifndef VICAR_TOOLS_SERIAL_H
#define VICAR_TOOLS_SERIAL_H

#include "emulator/image.h"

enum { SERIAL_LEN_UNKNOWN = 8 };

/* False: OpenSSL failed. A personality that there is not gets SERIAL_LEN_UNKNOWN plain bytes. */
bool serial_derive(const char *personality, struct bytes what, uint8_t serial[IMAGE_SERIAL_MAX],
		   size_t *len) MUST_USE;

#endif
