#include "algorithm.h"

#include "tools/simulator/base64.h"

#include <string.h>

#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

const struct rssp_algorithm rssp_algorithms[RSSP_ALGORITHMS] = {
    {"rsa-sha256", "1.2.840.113549.1.1.11", "SHA256", RSSP_PKCS1},
    {"rsa-sha384", "1.2.840.113549.1.1.12", "SHA384", RSSP_PKCS1},
    {"rsa-sha512", "1.2.840.113549.1.1.13", "SHA512", RSSP_PKCS1},
    {"rsa", "1.2.840.113549.1.1.1", NULL, RSSP_PKCS1},
    {"rsa-pss", "1.2.840.113549.1.1.10", NULL, RSSP_PSS},
    {"rsa-sha1", "1.2.840.113549.1.1.5", "SHA1", RSSP_PKCS1},
    {"rsa-sha1-oiw", "1.3.14.3.2.29", "SHA1", RSSP_PKCS1},
    {"ecdsa-sha256", "1.2.840.10045.4.3.2", "SHA256", RSSP_ECDSA},
    {"ecdsa-sha384", "1.2.840.10045.4.3.3", "SHA384", RSSP_ECDSA},
    {"ecdsa-sha512", "1.2.840.10045.4.3.4", "SHA512", RSSP_ECDSA},
    {"ecdsa-plain-sha256", "0.4.0.127.0.7.1.1.4.1.3", "SHA256", RSSP_ECDSA_PLAIN},
};

/* SHA-256 or stronger (csc.md 4, signHash). */
static const struct {
	const char *oid;
	const EVP_MD *(*digest)(void);
} digests[] = {
    {"2.16.840.1.101.3.4.2.1", EVP_sha256},   {"2.16.840.1.101.3.4.2.2", EVP_sha384},
    {"2.16.840.1.101.3.4.2.3", EVP_sha512},   {"2.16.840.1.101.3.4.2.8", EVP_sha3_256},
    {"2.16.840.1.101.3.4.2.9", EVP_sha3_384}, {"2.16.840.1.101.3.4.2.10", EVP_sha3_512},
};

size_t
rssp_algorithm_of_oid(const char *oid)
{
	size_t i = 0;

	while (i < RSSP_ALGORITHMS && strcmp(rssp_algorithms[i].oid, oid) != 0)
		i++;
	return i;
}

bool
rssp_algorithm_is_rsa(size_t index)
{
	return rssp_algorithms[index].scheme == RSSP_PKCS1 ||
	       rssp_algorithms[index].scheme == RSSP_PSS;
}

const EVP_MD *
rssp_digest_of_oid(const char *oid)
{
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++)
		if (strcmp(digests[i].oid, oid) == 0)
			return digests[i].digest();
	return NULL;
}

const EVP_MD *
rssp_digest_of_length(size_t len)
{
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++)
		if ((size_t)EVP_MD_get_size(digests[i].digest()) == len)
			return digests[i].digest();
	return NULL;
}

/* An absent digest is SHA-1 by default (RFC 8017 A.2.3), which is not served. */
static const EVP_MD *
digest_of(const X509_ALGOR *algorithm)
{
	const ASN1_OBJECT *object = NULL;
	char oid[64];

	if (algorithm == NULL)
		return NULL;
	X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	return OBJ_obj2txt(oid, sizeof(oid), object, 1) > 0 ? rssp_digest_of_oid(oid) : NULL;
}

static const EVP_MD *
mask_digest_of(const X509_ALGOR *mask)
{
	const ASN1_OBJECT *object = NULL;
	const void *parameter = NULL;
	const EVP_MD *digest;
	X509_ALGOR *inner;
	int type = 0;

	if (mask == NULL)
		return NULL;
	X509_ALGOR_get0(&object, &type, &parameter, mask);
	if (OBJ_obj2nid(object) != NID_mgf1 || type != V_ASN1_SEQUENCE)
		return NULL;
	inner = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(X509_ALGOR), mask->parameter);
	digest = digest_of(inner);
	X509_ALGOR_free(inner);
	return digest;
}

bool
rssp_algorithm_pss(const char *base64, struct rssp_signing *signing)
{
	uint8_t der[256];
	const unsigned char *at = der;
	RSA_PSS_PARAMS *params = NULL;
	size_t len = 0;
	bool ok = false;

	if (sim_base64_decode(base64, der, sizeof(der), &len))
		params = d2i_RSA_PSS_PARAMS(NULL, &at, (long)len);
	if (params == NULL || at != der + len)
		goto out;
	signing->digest = digest_of(params->hashAlgorithm);
	signing->mask = mask_digest_of(params->maskGenAlgorithm);
	/* The default of RFC 8017 A.2.3. */
	signing->salt_len =
	    params->saltLength != NULL ? (int)ASN1_INTEGER_get(params->saltLength) : 20;
	ok = signing->digest != NULL && signing->mask != NULL && signing->salt_len >= 0 &&
	     (params->trailerField == NULL || ASN1_INTEGER_get(params->trailerField) == 1);
out:
	RSA_PSS_PARAMS_free(params);
	return ok;
}

static bool
set_rsa(EVP_PKEY_CTX *context, const struct rssp_signing *signing)
{
	if (signing->digest != NULL && EVP_PKEY_CTX_set_signature_md(context, signing->digest) != 1)
		return false;
	if (signing->scheme != RSSP_PSS)
		return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
	return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md(context, signing->mask) == 1 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(context, signing->salt_len) == 1;
}

/* DER to r and s, in place. */
static bool
make_plain(const EVP_PKEY *key, uint8_t signature[RSSP_SIGNATURE_MAX], size_t *len)
{
	const unsigned char *at = signature;
	int field = (EVP_PKEY_get_bits(key) + 7) / 8;
	ECDSA_SIG *parts = d2i_ECDSA_SIG(NULL, &at, (long)*len);
	bool ok = parts != NULL &&
		  BN_bn2binpad(ECDSA_SIG_get0_r(parts), signature, field) == field &&
		  BN_bn2binpad(ECDSA_SIG_get0_s(parts), signature + field, field) == field;

	ECDSA_SIG_free(parts);
	*len = 2 * (size_t)field;
	return ok;
}

bool
rssp_algorithm_sign(EVP_PKEY *key, const struct rssp_signing *signing, struct bytes hash,
		    uint8_t signature[RSSP_SIGNATURE_MAX], size_t *len)
{
	bool rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	bool ok;

	*len = RSSP_SIGNATURE_MAX;
	ok = context != NULL && EVP_PKEY_sign_init(context) == 1 &&
	     (!rsa || set_rsa(context, signing)) &&
	     EVP_PKEY_sign(context, signature, len, hash.data, hash.len) == 1;
	EVP_PKEY_CTX_free(context);
	return ok && (signing->scheme != RSSP_ECDSA_PLAIN || make_plain(key, signature, len));
}
