/*
 * PINs in the process: one page that is locked, left out of core dumps and empty in a child after
 * fork. A PIN is in no other memory of the module for longer than a call.
 */
#ifndef VICAR_PKCS11_PINSTORE_H
#define VICAR_PKCS11_PINSTORE_H

#include "iso7816/bytes.h"

enum { PINSTORE_PIN_MAX = 30 };

struct pinstore {
	void *page; /* NULL: memory cannot be locked, and nothing is kept */
	size_t size;
};

/* Index of an entry, or PINSTORE_NONE. */
typedef int pin_handle;
enum { PINSTORE_NONE = -1 };

void pinstore_open(struct pinstore *store);
void pinstore_close(struct pinstore *store); /* wipes */

/* PINSTORE_NONE: too long, no place, no page. Whoever gets an entry drops it. */
pin_handle pinstore_put(struct pinstore *store, struct bytes pin) MUST_USE;
/* Borrowed until the entry is dropped. Empty with data NULL: no such entry, or wiped by a fork. */
struct bytes pinstore_get(const struct pinstore *store, pin_handle handle);
void pinstore_drop(struct pinstore *store, pin_handle *handle); /* leaves PINSTORE_NONE */

#endif
