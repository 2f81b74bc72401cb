/*
 * What passes, for the person at the terminal: one line each, without the data of any command or
 * response, which may be a PIN. A NULL file writes nothing.
 */
#ifndef VICAR_TOOLS_CCID_SIMULATOR_TRACE_H
#define VICAR_TOOLS_CCID_SIMULATOR_TRACE_H

#include "iso7816/bytes.h"

#include <stdio.h>

/* A CCID message: `sent` by the reader, or received. */
void trace_message(FILE *file, bool sent, unsigned slot, uint8_t type, uint8_t status,
		   uint8_t error);
/* A block of T=1; of T=0 the header of a command, the status word of a response. */
void trace_tpdu(FILE *file, bool sent, unsigned slot, unsigned protocol, bool crc,
		struct bytes tpdu);

#endif
