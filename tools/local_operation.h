/*
 * What a key file (cmdbridge/) does for a key request of the engine (emulator/): neither room knows
 * the other.
 */
#ifndef VICAR_TOOLS_LOCAL_OPERATION_H
#define VICAR_TOOLS_LOCAL_OPERATION_H

#include "cmdbridge/keyfile.h"
#include "emulator/key.h"

/* False when the request is about a PIN, not a use of the key. */
bool local_operation(enum key_operation from, enum keyfile_operation *to) MUST_USE;

#endif
