/*
 * A card's image and keys out of the fixtures' directory, for the in-process card:
 *
 *   ROLE-KIND.crt, ROLE-KIND.key   certificate and private key, PEM: sign-rsa2048.crt
 *   authority1.crt, authority2.crt the issuer of all of them, and its issuer
 *
 * The keys are for tests and secret to nobody; so are their PINs: 1234 opens `auth`, 123456 opens
 * `sign` and `sign2`, the PUK is 12345678. A PIN that is changed is changed until the block ends.
 */
#ifndef VICAR_TOOLS_APDU_REPLAY_FIXTURE_H
#define VICAR_TOOLS_APDU_REPLAY_FIXTURE_H

#include "emulator/image.h"
#include "subject.h"

#include <openssl/evp.h>

enum { FIXTURE_PIN_MAX = 64 };

struct fixture_pin {
	uint8_t value[FIXTURE_PIN_MAX];
	size_t len;
};

struct fixture_key {
	EVP_PKEY *key; /* owned */
	struct fixture_pin pin, puk;
};

struct fixture {
	struct image image;                      /* owned */
	struct fixture_key keys[IMAGE_KEYS_MAX]; /* as image.keys */
};

/* False with `error`; then there is nothing to free. */
bool fixture_load(struct fixture *fixture, const char *directory, const struct subject *subject,
		  struct problem *error) MUST_USE;
void fixture_free(struct fixture *fixture);

/* What a local key's owner answers: SW_OK with `output`, SW_AUTHENTICATION on a wrong PIN,
 * SW_INCORRECT_DATA on an input that the key cannot take. */
uint16_t fixture_fulfil(struct fixture *fixture, const struct key_request *request,
			struct writer *output) MUST_USE;
/* What a service's key makes of the request's input, whatever the PIN. */
uint16_t fixture_use(struct fixture *fixture, const struct key_request *request,
		     struct writer *output) MUST_USE;

#endif
