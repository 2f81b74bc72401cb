#include "keyuse.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>

#include <string.h>

enum {
	MODULUS_MAX = 1024,
	PKCS1_OVERHEAD = 11,
	HASH_MIN = 20, /* SHA-1, the shortest that any of our cards signs */
	FIELD_MAX = 66,
	ECDSA_DER_MAX = 2 * (FIELD_MAX + 5) + 4,
	POINT_UNCOMPRESSED = 0x04, /* SEC 1 section 2.3.3 */
};

/* Names as EVP_PKEY_get_group_name() gives them. */
static const char *const curves[] = {SN_X9_62_prime256v1, SN_secp384r1, SN_secp521r1,
				     SN_brainpoolP256r1, SN_brainpoolP384r1};

static bool
is_known_curve(const EVP_PKEY *key)
{
	char name[64];

	if (EVP_PKEY_get_group_name(key, name, sizeof(name), NULL) != 1)
		return false;
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (strcmp(curves[i], name) == 0)
			return true;
	return false;
}

/* Of each of our curves the order is as long as the field. */
static size_t
field_len(const EVP_PKEY *key)
{
	return ((size_t)EVP_PKEY_get_bits(key) + 7) / 8;
}

static bool
is_rsa_signature(enum keyfile_operation operation)
{
	return operation == KEYFILE_SIGN_PKCS1 || operation == KEYFILE_SIGN_RAW ||
	       operation == KEYFILE_SIGN_PSS;
}

static bool
rsa_fits(enum keyfile_operation operation, enum digest digest, size_t input, size_t modulus)
{
	if (operation == KEYFILE_SIGN_PKCS1)
		return input + PKCS1_OVERHEAD <= modulus;
	if (operation == KEYFILE_SIGN_PSS)
		return input == digest_len(digest);
	return input == modulus;
}

/* Padding with the hash function in it. */
static bool
set_hashed_padding(EVP_PKEY_CTX *context, enum keyfile_operation operation, enum digest digest)
{
	EVP_MD *md = EVP_MD_fetch(NULL, digest_name(digest), NULL);
	bool ok = md != NULL;

	if (operation == KEYFILE_SIGN_PSS)
		ok = ok && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
		     EVP_PKEY_CTX_set_signature_md(context, md) == 1 &&
		     EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
	else
		ok = ok && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
		     EVP_PKEY_CTX_set_rsa_oaep_md(context, md) == 1;
	ok = ok && EVP_PKEY_CTX_set_rsa_mgf1_md(context, md) == 1;
	EVP_MD_free(md);
	return ok;
}

static bool
set_pkcs1_padding(EVP_PKEY_CTX *context, enum keyfile_operation operation)
{
	if (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) != 1)
		return false;
	/* OpenSSL 3.2 and newer would answer wrong padding with a random message (implicit
	 * rejection); a card says that it is wrong. Older ones do not know the option. */
	if (operation == KEYFILE_DECIPHER_PKCS1)
		(void)EVP_PKEY_CTX_ctrl_str(context, "rsa_pkcs1_implicit_rejection", "0");
	return true;
}

static bool
rsa_prepare(EVP_PKEY_CTX *context, enum keyfile_operation operation, enum digest digest)
{
	int ready = is_rsa_signature(operation) ? EVP_PKEY_sign_init(context)
						: EVP_PKEY_decrypt_init(context);

	if (ready != 1)
		return false;
	switch (operation) {
	case KEYFILE_SIGN_PSS:
	case KEYFILE_DECIPHER_OAEP: return set_hashed_padding(context, operation, digest);
	case KEYFILE_SIGN_RAW:
	case KEYFILE_DECIPHER_RAW:
		return EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) == 1;
	case KEYFILE_SIGN_PKCS1:
	case KEYFILE_DECIPHER_PKCS1: return set_pkcs1_padding(context, operation);
	case KEYFILE_SIGN_ECDSA:
	case KEYFILE_DERIVE_ECDH:
	case KEYFILE_OPERATIONS: break;
	}
	return false;
}

static enum keyfile_result
use_rsa(EVP_PKEY *key, enum keyfile_operation operation, enum digest digest, struct bytes input,
	struct writer *output)
{
	uint8_t room[MODULUS_MAX];
	size_t len = sizeof(room);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	enum keyfile_result result = KEYFILE_BROKEN;
	int done;

	if (EVP_PKEY_get_size(key) > MODULUS_MAX || context == NULL ||
	    !rsa_prepare(context, operation, digest))
		goto out;
	result = KEYFILE_BAD_INPUT;
	if (!rsa_fits(operation, digest, input.len, (size_t)EVP_PKEY_get_size(key)))
		goto out;
	done = is_rsa_signature(operation)
		   ? EVP_PKEY_sign(context, room, &len, input.data, input.len)
		   : EVP_PKEY_decrypt(context, room, &len, input.data, input.len);
	if (done != 1)
		goto out;
	writer_put(output, (struct bytes){room, len});
	result = KEYFILE_OK;
out:
	OPENSSL_cleanse(room, sizeof(room));
	EVP_PKEY_CTX_free(context);
	return result;
}

/* Plain r || s of a DER signature, as cards give it. */
static bool
put_plain(const uint8_t *der, size_t der_len, size_t field, struct writer *output)
{
	ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)der_len);
	uint8_t plain[2 * FIELD_MAX];
	bool ok =
	    signature != NULL &&
	    BN_bn2binpad(ECDSA_SIG_get0_r(signature), plain, (int)field) == (int)field &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(signature), plain + field, (int)field) == (int)field;

	if (ok)
		writer_put(output, (struct bytes){plain, 2 * field});
	ECDSA_SIG_free(signature);
	return ok;
}

static enum keyfile_result
sign_ecdsa(EVP_PKEY *key, struct bytes input, struct writer *output)
{
	enum keyfile_result result = KEYFILE_BROKEN;
	EVP_PKEY_CTX *context;
	uint8_t der[ECDSA_DER_MAX];
	size_t len = sizeof(der);

	if (input.len < HASH_MIN || input.len > DIGEST_LEN_MAX)
		return KEYFILE_BAD_INPUT;
	context = EVP_PKEY_CTX_new(key, NULL);
	if (context != NULL && EVP_PKEY_sign_init(context) == 1 &&
	    EVP_PKEY_sign(context, der, &len, input.data, input.len) == 1 &&
	    put_plain(der, len, field_len(key), output))
		result = KEYFILE_OK;
	EVP_PKEY_CTX_free(context);
	return result;
}

/* NULL: not an uncompressed point of the key's curve. */
static EVP_PKEY *
point_on_curve_of(const EVP_PKEY *key, struct bytes point)
{
	EVP_PKEY *other;

	if (point.len != 1 + 2 * field_len(key) || point.data[0] != POINT_UNCOMPRESSED)
		return NULL;
	other = EVP_PKEY_new();
	if (other != NULL && EVP_PKEY_copy_parameters(other, key) == 1 &&
	    EVP_PKEY_set1_encoded_public_key(other, point.data, point.len) == 1)
		return other;
	EVP_PKEY_free(other);
	return NULL;
}

static enum keyfile_result
derive_ecdh(EVP_PKEY *key, struct bytes input, struct writer *output)
{
	EVP_PKEY *other = point_on_curve_of(key, input);
	EVP_PKEY_CTX *context = NULL;
	enum keyfile_result result = KEYFILE_BAD_INPUT;
	uint8_t secret[FIELD_MAX];
	size_t len = sizeof(secret);

	if (other == NULL)
		goto out;
	result = KEYFILE_BROKEN;
	context = EVP_PKEY_CTX_new(key, NULL);
	/* set_peer checks the point once more: on the curve, and of the subgroup. */
	if (context == NULL || EVP_PKEY_derive_init(context) != 1 ||
	    EVP_PKEY_derive_set_peer(context, other) != 1 ||
	    EVP_PKEY_derive(context, secret, &len) != 1 || len != field_len(key))
		goto out;
	writer_put(output, (struct bytes){secret, len});
	result = KEYFILE_OK;
out:
	OPENSSL_cleanse(secret, sizeof(secret));
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(other);
	return result;
}

static bool
is_of_ec(enum keyfile_operation operation)
{
	return operation == KEYFILE_SIGN_ECDSA || operation == KEYFILE_DERIVE_ECDH;
}

enum keyfile_result
keyuse(EVP_PKEY *key, enum keyfile_operation operation, enum digest digest, struct bytes input,
       struct writer *output)
{
	bool rsa = EVP_PKEY_is_a(key, "RSA");
	enum keyfile_result result = KEYFILE_BROKEN;

	if (!rsa && !is_known_curve(key))
		goto out;
	result = KEYFILE_BAD_INPUT;
	if (rsa == is_of_ec(operation))
		goto out;
	if (rsa)
		result = use_rsa(key, operation, digest, input, output);
	else if (operation == KEYFILE_SIGN_ECDSA)
		result = sign_ecdsa(key, input, output);
	else
		result = derive_ecdh(key, input, output);
out:
	ERR_clear_error();
	return result;
}
