/*
 * What a private key of the maker `file` does once it is open.
 */
#ifndef VICAR_CMDBRIDGE_KEYUSE_H
#define VICAR_CMDBRIDGE_KEYUSE_H

#include "keyfile.h"

/* `output` gets nothing unless KEYFILE_OK. KEYFILE_BROKEN: the key is of no kind that Vicar uses, or
 * OpenSSL cannot use it. */
enum keyfile_result keyuse(EVP_PKEY *key, enum keyfile_operation operation, enum digest digest,
			   struct bytes input, struct writer *output) MUST_USE;

#endif
