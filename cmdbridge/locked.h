/*
 * Memory that does not go to swap: the heap and the stack of this process, where secrets pass through
 * libraries and functions on their way from one locked place to the next. What is kept for longer
 * stands in OpenSSL's secure heap, which must be there; this is done as far as `ulimit -l` allows.
 */
#ifndef VICAR_CMDBRIDGE_LOCKED_H
#define VICAR_CMDBRIDGE_LOCKED_H

#include <stddef.h>

/* Once, before there is a secret or a thread. The heap begins with `heap` bytes, of which none is used
 * yet: what grows beyond is not locked. */
void locked_process(size_t heap);

#endif
