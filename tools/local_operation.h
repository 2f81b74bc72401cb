/*
 * What a key file or a service (cmdbridge/) does for a key request of the engine (emulator/): neither
 * room knows the other.
 */
#ifndef VICAR_TOOLS_LOCAL_OPERATION_H
#define VICAR_TOOLS_LOCAL_OPERATION_H

#include "cmdbridge/keyfile.h"
#include "tools/journal.h"
#include "tools/open_keys.h"

enum { LOCAL_ERROR_MAX = PATH_MAX + KEYFILE_ERROR_MAX };

/* False when the request is about a PIN, not a use of the key. */
bool local_operation(enum key_operation from, enum keyfile_operation *to) MUST_USE;
/* The other way round; false when the engine asks for no such thing. */
bool local_asked(enum keyfile_operation from, enum key_operation *to) MUST_USE;
/* `uses` of card.conf (emulator/image.h) for what a service can do with a key (enum service_ability). */
unsigned local_uses(unsigned abilities);
/* The key's file in a card's directory: `under` is "pin" or "puk". */
bool local_path(const char *directory, const char *key, const char *under,
		char path[PATH_MAX]) MUST_USE;
/* The key `name` of the card in `directory`, by the PIN of `pin_key` (emulator/key.h); the caller frees
 * it. */
enum keyfile_result local_open(const char *directory, const char *name, const char *pin_key,
			       struct bytes pin, EVP_PKEY **key,
			       char error[KEYFILE_ERROR_MAX]) MUST_USE;
uint16_t local_sw(enum keyfile_result result);
/* Does a request about a PIN with the files of the card in `directory`. The status word for
 * card_resume(); `error` is "" unless a file could not be used. */
uint16_t local_pin(const char *directory, const struct key_request *request,
		   char error[KEYFILE_ERROR_MAX]);
/* Does any request with the files of the card in `directory`: a use of a key stands in the journal
 * before it is made. A key that was opened by a verification or a use goes to `keys`, where the next use
 * finds it; NULL: each use opens it anew. The status word for card_resume(), with SW_OK what it gives in
 * `output`, which has room for KEY_OUTPUT_MAX bytes and is empty otherwise; `error` is "" unless a file
 * could not be used. */
uint16_t local_fulfil(const char *directory, struct journal *journal, struct open_keys *keys,
		      const struct key_request *request, struct writer *output,
		      char error[LOCAL_ERROR_MAX]);

#endif
