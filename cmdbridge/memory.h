/*
 * What keeps secrets in this process: allocators that wipe, OpenSSL's locked heap, no core, no
 * debugger, and none of the environment's switches that make a library print what it carries.
 */
#ifndef VICAR_CMDBRIDGE_MEMORY_H
#define VICAR_CMDBRIDGE_MEMORY_H

#include "iso7816/bytes.h"

enum { MEMORY_SECURE_HEAP = 65536, MEMORY_ERROR_MAX = 256 };

/* To be called once, before any library has allocated anything. False: `error` says what is missing
 * and what to do; then no secret may be taken in. */
bool memory_protect(char error[MEMORY_ERROR_MAX]) MUST_USE;

/* malloc, realloc and free that wipe what they give back; NULL is fine where it is for those. */
void *memory_alloc(size_t size) MUST_USE;
void *memory_realloc(void *block, size_t size) MUST_USE;
void memory_free(void *block);
char *memory_strdup(const char *text) MUST_USE;

/* Keeps `data` out of swap if the limits allow it. */
void memory_lock(void *data, size_t size);

#endif
