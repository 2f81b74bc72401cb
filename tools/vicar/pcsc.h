/*
 * The border to PC/SC: what readers pcscd has, and what is in them. Windows types stay behind it.
 */
#ifndef VICAR_TOOLS_VICAR_PCSC_H
#define VICAR_TOOLS_VICAR_PCSC_H

#include "iso7816/atr.h"
#include "tools/problem.h"

enum { PCSC_READERS_MAX = 16, PCSC_NAME_MAX = 256 };

struct pcsc_reader {
	char name[PCSC_NAME_MAX];
	bool card;       /* one is in it */
	bool exclusive;  /* and a program has it for itself */
	bool driverless; /* pcscd names it, though its driver did not load */
	uint8_t atr[ATR_LEN_MAX];
	size_t atr_len;
};

/* Where pcscd listens: PCSCLITE_CSOCK_NAME, or its usual place. */
const char *pcsc_socket(void);
/* Fails when pcscd cannot be reached; no reader at all is no failure. */
bool pcsc_readers(struct pcsc_reader readers[PCSC_READERS_MAX], size_t *count,
		  struct problem *error) MUST_USE;

#endif
