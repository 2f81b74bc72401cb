/*
 * What a card refused, pkcs11/refusal.h.
 */
#include "pkcs11/refusal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

enum { KEY_LEN = PINSTORE_PIN_MAX };

static bool
make_print(OSSL_LIB_CTX *crypto, struct bytes key, struct bytes pin,
	   uint8_t print[REFUSAL_PRINT_LEN])
{
	size_t len = 0;

	return EVP_Q_mac(crypto, "HMAC", NULL, "SHA256", NULL, key.data, key.len, pin.data, pin.len,
			 print, REFUSAL_PRINT_LEN, &len) != NULL &&
	       len == REFUSAL_PRINT_LEN;
}

void
refusal_keep(struct refusal *refusal, struct pinstore *store, OSSL_LIB_CTX *crypto,
	     struct bytes pin)
{
	uint8_t key[KEY_LEN];

	refusal_drop(refusal, store);
	if (RAND_priv_bytes_ex(crypto, key, sizeof(key), 0) == 1 &&
	    make_print(crypto, BYTES(key), pin, refusal->print))
		refusal->key = pinstore_put(store, BYTES(key));
	OPENSSL_cleanse(key, sizeof(key));
}

bool
refusal_is(const struct refusal *refusal, const struct pinstore *store, OSSL_LIB_CTX *crypto,
	   struct bytes pin)
{
	struct bytes key = pinstore_get(store, refusal->key);
	uint8_t print[REFUSAL_PRINT_LEN];

	return key.data != NULL && make_print(crypto, key, pin, print) &&
	       CRYPTO_memcmp(print, refusal->print, sizeof(print)) == 0;
}

void
refusal_drop(struct refusal *refusal, struct pinstore *store)
{
	pinstore_drop(store, &refusal->key);
}
