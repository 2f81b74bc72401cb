#include "card_driver.h"
#include "iso7816/tlv.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

static EVP_PKEY *
parse(const struct smartcard *card, struct bytes spki)
{
	const unsigned char *at = spki.data;

	return d2i_PUBKEY_ex(NULL, &at, (long)spki.len, card->channel.crypto, NULL);
}

uint32_t
spki_bits(const struct smartcard *card, struct bytes spki)
{
	EVP_PKEY *key = parse(card, spki);
	const int bits = key != NULL ? EVP_PKEY_get_bits(key) : 0;

	EVP_PKEY_free(key);
	return bits > 0 ? (uint32_t)bits : 0;
}

static enum smartcard_result
put_key(EVP_PKEY *key, struct writer *spki)
{
	unsigned char *der = NULL;
	const int len = key != NULL ? i2d_PUBKEY(key, &der) : -1;

	if (len > 0)
		writer_put(spki, (struct bytes){der, (size_t)len});
	OPENSSL_free(der);
	return len > 0 && writer_ok(spki) ? SMARTCARD_OK : SMARTCARD_PROTOCOL;
}

enum smartcard_result
spki_put_rsa(const struct smartcard *card, struct bytes modulus, struct bytes exponent,
	     struct writer *spki)
{
	BIGNUM *n = BN_bin2bn(modulus.data, (int)modulus.len, NULL);
	BIGNUM *e = BN_bin2bn(exponent.data, (int)exponent.len, NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(card->channel.crypto, "RSA", NULL);
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;
	enum smartcard_result r = SMARTCARD_PROTOCOL;

	if (n == NULL || e == NULL || build == NULL || context == NULL ||
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) != 1)
		goto out;
	params = OSSL_PARAM_BLD_to_param(build);
	if (params == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		goto out;
	r = put_key(key, spki);
out:
	EVP_PKEY_free(key);
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(context);
	OSSL_PARAM_BLD_free(build);
	BN_free(e);
	BN_free(n);
	return r;
}

/* RFC 8017 appendix A.1.1. */
static bool
parse_rsa(struct bytes file, struct bytes *modulus, struct bytes *exponent)
{
	enum { TAG_SEQUENCE = 0x30, TAG_INTEGER = 0x02 };
	struct reader reader = reader_of(file), inner;
	struct tlv sequence, n, e;

	if (!tlv_read(&reader, &sequence) || sequence.tag != TAG_SEQUENCE)
		return false;
	inner = reader_of(sequence.value);
	if (!tlv_read(&inner, &n) || n.tag != TAG_INTEGER || !tlv_read(&inner, &e) ||
	    e.tag != TAG_INTEGER)
		return false;
	*modulus = n.value;
	*exponent = e.value;
	return true;
}

enum smartcard_result
spki_put_file(const struct smartcard *card, struct bytes file, struct writer *spki)
{
	struct bytes modulus, exponent;
	enum smartcard_result r;
	EVP_PKEY *key;

	if (parse_rsa(file, &modulus, &exponent))
		return spki_put_rsa(card, modulus, exponent, spki);
	key = parse(card, file);
	r = put_key(key, spki);
	EVP_PKEY_free(key);
	return r;
}
