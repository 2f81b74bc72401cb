/*
 * The cache of public files: one file for each of a card's, in $XDG_CACHE_HOME/vicar (~/.cache/vicar).
 *
 * A file is HMAC-SHA-256 of its name and its content, and then the content. The key is in
 * $XDG_DATA_HOME/vicar/cache.key (~/.local/share/vicar/cache.key), 0600, made when it is first needed.
 * That stops damage, files that were moved to another card's name, and other users; not the user's own
 * programs, which may sign with the card itself.
 *
 * The name has serial number, hashes and path (struct smartcard_file). The size that the file has on the
 * card is in the content: a list of what is here costs no command to ask for it, so that it is compared
 * only when the rest of a file is read whose beginning is here, from a card that tells sizes with
 * SELECT (T=1); what is longer than the range in its path is not believed on any card.
 *
 * Nothing stays open and nothing is remembered, so that any thread may call at any time. Whatever goes
 * wrong, the card is read instead.
 */
#ifndef VICAR_PKCS11_FILECACHE_H
#define VICAR_PKCS11_FILECACHE_H

#include "smartcard.h"

/* `crypto` is borrowed for as long as the functions are used. */
struct smartcard_cache filecache(struct ossl_lib_ctx_st *crypto);

/* Removes what is there of the card with this serial number, the bytes that EF.CIAInfo has. */
void filecache_forget(struct bytes serial);

#endif
