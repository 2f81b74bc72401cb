#include "field.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rsa.h>

enum { KEY_BYTES = 256, BASE64_GROUP = 4 };

static int
base64_digit(char c)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

bool
sim_field_from_base64(const char *text, uint8_t *data, size_t room, size_t *len)
{
	struct writer writer = writer_to(data, room);
	uint32_t group = 0;
	unsigned digits = 0, padding = 0;

	for (; *text != '\0'; text++) {
		int digit = base64_digit(*text);

		if (strchr(" \t\r\n", *text) != NULL)
			continue;
		if (*text == '=' && digits >= 2)
			padding++;
		else if (digit < 0 || padding > 0)
			return false;
		group = group << 6 | (digit < 0 ? 0 : (uint32_t)digit);
		if (++digits < BASE64_GROUP)
			continue;
		for (unsigned i = 0; i < 3 - padding; i++)
			writer_u8(&writer, (uint8_t)(group >> (16 - 8 * i)));
		/* Padding ends the text: nothing but `=` and blanks may follow. */
		digits = 0;
		group = 0;
		if (padding > 0 && text[1 + strspn(text + 1, " \t\r\n")] != '\0')
			return false;
	}
	*len = writer.len;
	return digits == 0 && writer_ok(&writer);
}

size_t
sim_field_base64_len(size_t len)
{
	return (len + 2) / 3 * BASE64_GROUP;
}

void
sim_field_to_base64(struct bytes data, char *text)
{
	(void)EVP_EncodeBlock((unsigned char *)text, data.data, (int)data.len);
}

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

	formed = base64 != NULL &&
		 sim_field_from_base64(base64, block, sizeof(block), &block_len) &&
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
