#include "iasecc_card.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

bool
iasecc_deciphers(const struct image_key *key)
{
	return build_has(key, KEY_DECIPHER_PKCS1) &&
	       (key->usage == 0 || (key->usage & IMAGE_USAGE_DECRYPT) != 0);
}

/* Big endian, without leading zeros. */
static bool
put_number(const EVP_PKEY *key, const char *name, uint8_t *bytes, size_t room, size_t *len)
{
	BIGNUM *number = NULL;
	bool ok =
	    EVP_PKEY_get_bn_param(key, name, &number) == 1 && (size_t)BN_num_bytes(number) <= room;

	if (ok)
		*len = (size_t)BN_bn2bin(number, bytes);
	BN_free(number);
	return ok;
}

bool
iasecc_public_of(const struct image_key *key, struct iasecc_public *public)
{
	const unsigned char *at = key->certificate;
	X509 *certificate = d2i_X509(NULL, &at, (long)key->certificate_len);
	const EVP_PKEY *public_key = certificate != NULL ? X509_get0_pubkey(certificate) : NULL;
	bool ok = public_key != NULL &&
		  put_number(public_key, OSSL_PKEY_PARAM_RSA_N, public->modulus,
			     sizeof(public->modulus), &public->modulus_len) &&
		  put_number(public_key, OSSL_PKEY_PARAM_RSA_E, public->exponent,
			     sizeof(public->exponent), &public->exponent_len);

	X509_free(certificate);
	return ok;
}
