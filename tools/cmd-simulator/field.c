#include "field.h"

#include "tools/simulator/base64.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rsa.h>

enum { KEY_BYTES = 256 };

static bool
decrypt_block(EVP_PKEY *key, const uint8_t block[KEY_BYTES], uint8_t *plain, size_t *len)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	bool ok = context != NULL && EVP_PKEY_decrypt_init(context) == 1 &&
		  EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
		  EVP_PKEY_decrypt(context, plain, len, block, KEY_BYTES) == 1;

	EVP_PKEY_CTX_free(context);
	return ok;
}

static bool
is_printable(const uint8_t *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < 0x20 || text[i] > 0x7E)
			return false;
	return true;
}

void
sim_field_decrypt(EVP_PKEY *key, const char *base64, char plain[SIM_PLAIN_MAX])
{
	uint8_t block[KEY_BYTES] = {0}, text[KEY_BYTES];
	size_t block_len = 0, len = sizeof(text);
	bool formed, decrypted;

	formed = base64 != NULL && sim_base64_decode(base64, block, sizeof(block), &block_len) &&
		 block_len == KEY_BYTES;
	decrypted = decrypt_block(key, block, text, &len);
	memset(plain, 0, SIM_PLAIN_MAX);
	if (formed && decrypted && len < SIM_PLAIN_MAX && is_printable(text, len))
		memcpy(plain, text, len);
	OPENSSL_cleanse(text, sizeof(text));
}

bool
sim_field_sign(EVP_PKEY *key, struct bytes digestinfo, uint8_t signature[SIM_SIGNATURE_MAX],
	       size_t *len)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	bool ok;

	*len = SIM_SIGNATURE_MAX;
	ok = context != NULL && EVP_PKEY_sign_init(context) == 1 &&
	     EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
	     EVP_PKEY_sign(context, signature, len, digestinfo.data, digestinfo.len) == 1;
	EVP_PKEY_CTX_free(context);
	return ok;
}
