/*
 * Keys of key files that stay open while their PIN is verified, so that scrypt is paid for once a login
 * and not once a use.
 *
 * A key's numbers lie in OpenSSL's secure heap, what OpenSSL computes of them for later uses in the
 * heap; all is wiped with the key.
 */
#ifndef VICAR_TOOLS_OPEN_KEYS_H
#define VICAR_TOOLS_OPEN_KEYS_H

#include "emulator/key.h"

#include <openssl/evp.h>
#include <sys/stat.h>

/* An RSA key of 8192 bits takes 4 KiB of the secure heap. */
enum { OPEN_KEYS_MAX = 3 };

/* Files are replaced, never written to: one that was replaced is another. */
struct open_key_file {
	bool there;
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
};

struct open_key {
	char name[KEY_NAME_MAX]; /* "": none */
	EVP_PKEY *key;
	/* Of the PIN, and of a key that shares it, from before they were read. */
	struct open_key_file files[2];
};

struct open_keys {
	struct open_key keys[OPEN_KEYS_MAX];
	size_t next; /* that makes room for a new one */
};

/* The files of the card in `directory` from which the key `name` is opened, which `pin_key` leads. To be
 * asked before they are read. */
void open_key_files(const char *directory, const char *name, const char *pin_key,
		    struct open_key_file files[2]);

/* Keeps `key` beside its owner, in the place of what it had of this name. */
void open_keys_put(struct open_keys *keys, const char *name, EVP_PKEY *key,
		   const struct open_key_file files[2]);
/* The caller frees it. NULL: it is not kept, or `files` are others than when it was opened. */
EVP_PKEY *open_keys_get(struct open_keys *keys, const char *name,
			const struct open_key_file files[2]);
void open_key_drop(struct open_key *key); /* wipes */

#endif
