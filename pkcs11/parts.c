/*
 * Parts of certificates and public keys, pkcs11/parts.h.
 */
#include "pkcs11/parts.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { CHECK_VALUE_LEN = 3 };

static X509 *
parse(OSSL_LIB_CTX *crypto, struct bytes der)
{
	X509 *certificate = X509_new_ex(crypto, NULL);
	const uint8_t *at = der.data;

	if (certificate == NULL || der.len > INT32_MAX)
		goto bad;
	if (d2i_X509(&certificate, &at, (long)der.len) == NULL)
		return NULL;
	return certificate;
bad:
	X509_free(certificate);
	return NULL;
}

/* `der` is freed. */
static bool
put_der(struct attributes *list, CK_ATTRIBUTE_TYPE type, uint8_t *der, int len)
{
	bool ok = len > 0 && der != NULL;

	if (ok)
		attributes_put(list, type, (struct bytes){der, (size_t)len});
	OPENSSL_free(der);
	return ok;
}

static void
put_date(struct attributes *list, CK_ATTRIBUTE_TYPE type, const ASN1_TIME *time)
{
	struct tm parts;
	char text[32];

	if (ASN1_TIME_to_tm(time, &parts) != 1 || parts.tm_year < -1900 || parts.tm_year > 8099)
		return;
	(void)snprintf(text, sizeof(text), "%04d%02d%02d", parts.tm_year + 1900, parts.tm_mon + 1,
		       parts.tm_mday);
	attributes_put(list, type, (struct bytes){(const uint8_t *)text, sizeof(CK_DATE)});
}

void
parts_date(struct bytes time, CK_ATTRIBUTE_TYPE type, struct attributes *list)
{
	const uint8_t *at = time.data;
	ASN1_TIME *parsed =
	    time.len > 0 && time.len < INT32_MAX ? d2i_ASN1_TIME(NULL, &at, (long)time.len) : NULL;

	if (parsed != NULL)
		put_date(list, type, parsed);
	ASN1_TIME_free(parsed);
}

void
parts_check_value(OSSL_LIB_CTX *crypto, struct bytes der, struct attributes *list)
{
	uint8_t digest[SHA_DIGEST_LENGTH];

	if (EVP_Q_digest(crypto, "SHA1", NULL, der.data, der.len, digest, NULL) == 1)
		attributes_put(list, CKA_CHECK_VALUE, (struct bytes){digest, CHECK_VALUE_LEN});
}

bool
parts_of_certificate(OSSL_LIB_CTX *crypto, struct bytes der, struct attributes *list)
{
	X509 *certificate = parse(crypto, der);
	uint8_t *subject = NULL, *issuer = NULL, *serial = NULL, *spki = NULL;
	int len;
	bool ok = false;

	if (certificate == NULL)
		return false;
	attributes_put(list, CKA_VALUE, der);
	parts_check_value(crypto, der, list);
	len = i2d_X509_NAME(X509_get_subject_name(certificate), &subject);
	if (!put_der(list, CKA_SUBJECT, subject, len))
		goto out;
	len = i2d_X509_NAME(X509_get_issuer_name(certificate), &issuer);
	if (!put_der(list, CKA_ISSUER, issuer, len))
		goto out;
	len = i2d_ASN1_INTEGER(X509_get0_serialNumber(certificate), &serial);
	if (!put_der(list, CKA_SERIAL_NUMBER, serial, len))
		goto out;
	len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &spki);
	if (!put_der(list, CKA_PUBLIC_KEY_INFO, spki, len))
		goto out;
	put_date(list, CKA_START_DATE, X509_get0_notBefore(certificate));
	put_date(list, CKA_END_DATE, X509_get0_notAfter(certificate));
	ok = !list->failed;
out:
	X509_free(certificate);
	return ok;
}

static void
put_number(const EVP_PKEY *key, const char *name, CK_ATTRIBUTE_TYPE type, struct attributes *list)
{
	BIGNUM *number = NULL;
	uint8_t bytes[2048]; /* 16384 bits, the most OpenSSL takes */

	if (EVP_PKEY_get_bn_param(key, name, &number) == 1 &&
	    (size_t)BN_num_bytes(number) <= sizeof(bytes))
		attributes_put(list, type, (struct bytes){bytes, (size_t)BN_bn2bin(number, bytes)});
	BN_free(number);
}

static void
put_point(const EVP_PKEY *key, struct attributes *list)
{
	uint8_t point[256], *der = NULL;
	size_t len = 0;
	ASN1_OCTET_STRING *string = ASN1_OCTET_STRING_new();

	if (string != NULL &&
	    EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point),
					    &len) == 1 &&
	    ASN1_OCTET_STRING_set(string, point, (int)len) == 1) {
		int der_len = i2d_ASN1_OCTET_STRING(string, &der);

		(void)put_der(list, CKA_EC_POINT, der, der_len);
	}
	ASN1_OCTET_STRING_free(string);
}

/* ECParameters as the AlgorithmIdentifier has them: of a named curve its OID. */
static void
put_parameters(X509_PUBKEY *public, struct attributes *list)
{
	X509_ALGOR *algorithm = NULL;
	const ASN1_OBJECT *oid = NULL;
	const void *parameters = NULL;
	uint8_t *der = NULL;
	int type = V_ASN1_UNDEF, len = 0;

	if (X509_PUBKEY_get0_param(NULL, NULL, NULL, &algorithm, public) != 1)
		return;
	X509_ALGOR_get0(&oid, &type, &parameters, algorithm);
	if (type == V_ASN1_OBJECT)
		len = i2d_ASN1_OBJECT(parameters, &der);
	else if (type == V_ASN1_SEQUENCE) {
		const ASN1_STRING *sequence = parameters;

		attributes_put(list, CKA_EC_PARAMS,
			       (struct bytes){ASN1_STRING_get0_data(sequence),
					      (size_t)ASN1_STRING_length(sequence)});
	}
	if (len > 0)
		(void)put_der(list, CKA_EC_PARAMS, der, len);
}

bool
parts_of_spki(OSSL_LIB_CTX *crypto, struct bytes spki, struct attributes *list)
{
	X509_PUBKEY *public = X509_PUBKEY_new_ex(crypto, NULL);
	const uint8_t *at = spki.data;
	const EVP_PKEY *key;
	bool ok = false;

	if (public == NULL || spki.len > INT32_MAX)
		goto out;
	if (d2i_X509_PUBKEY(&public, &at, (long)spki.len) == NULL) {
		public = NULL;
		goto out;
	}
	key = X509_PUBKEY_get0(public);
	if (key == NULL)
		goto out;
	if (EVP_PKEY_is_a(key, "RSA")) {
		put_number(key, OSSL_PKEY_PARAM_RSA_N, CKA_MODULUS, list);
		put_number(key, OSSL_PKEY_PARAM_RSA_E, CKA_PUBLIC_EXPONENT, list);
		attributes_put_ulong(list, CKA_MODULUS_BITS, (CK_ULONG)EVP_PKEY_get_bits(key));
	} else if (EVP_PKEY_is_a(key, "EC")) {
		put_parameters(public, list);
		put_point(key, list);
	}
	attributes_put(list, CKA_PUBLIC_KEY_INFO, spki);
	ok = !list->failed;
out:
	X509_PUBKEY_free(public);
	return ok;
}

static EVP_PKEY *
build(OSSL_LIB_CTX *crypto, const char *type, OSSL_PARAM_BLD *builder)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(crypto, type, NULL);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
	EVP_PKEY *key = NULL;

	if (context != NULL && params != NULL && EVP_PKEY_fromdata_init(context) == 1)
		(void)EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params);
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(context);
	return key;
}

static EVP_PKEY *
rsa_key(OSSL_LIB_CTX *crypto, struct bytes modulus, struct bytes exponent)
{
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	BIGNUM *n = BN_bin2bn(modulus.data, (int)modulus.len, NULL);
	BIGNUM *e = BN_bin2bn(exponent.data, (int)exponent.len, NULL);
	EVP_PKEY *key = NULL;

	if (builder != NULL && n != NULL && e != NULL &&
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1)
		key = build(crypto, "RSA", builder);
	BN_free(n);
	BN_free(e);
	OSSL_PARAM_BLD_free(builder);
	return key;
}

static EVP_PKEY *
ec_key_at(OSSL_LIB_CTX *crypto, const char *curve, struct bytes point)
{
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	EVP_PKEY *key = NULL;

	if (builder != NULL &&
	    OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, curve, 0) == 1 &&
	    OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.data,
					     point.len) == 1)
		key = build(crypto, "EC", builder);
	OSSL_PARAM_BLD_free(builder);
	return key;
}

/* The point in an OCTET STRING (PKCS#11 v2.40, section 2.3.3), or as it is. An uncompressed point begins
 * with the tag of an OCTET STRING, and one in 256 goes on with a length that fits. */
static EVP_PKEY *
ec_key(OSSL_LIB_CTX *crypto, struct bytes parameters, struct bytes given)
{
	const uint8_t *at = parameters.data, *point_at = given.data;
	ASN1_OBJECT *oid = d2i_ASN1_OBJECT(NULL, &at, (long)parameters.len);
	ASN1_OCTET_STRING *string = d2i_ASN1_OCTET_STRING(NULL, &point_at, (long)given.len);
	const char *curve = oid != NULL ? OBJ_nid2sn(OBJ_obj2nid(oid)) : NULL;
	EVP_PKEY *key = NULL;

	if (curve != NULL && string != NULL && point_at == given.data + given.len)
		key = ec_key_at(crypto, curve,
				(struct bytes){ASN1_STRING_get0_data(string),
					       (size_t)ASN1_STRING_length(string)});
	if (curve != NULL && key == NULL)
		key = ec_key_at(crypto, curve, given);
	ASN1_OBJECT_free(oid);
	ASN1_OCTET_STRING_free(string);
	return key;
}

EVP_PKEY *
parts_to_key(OSSL_LIB_CTX *crypto, const struct attributes *list)
{
	struct bytes modulus = attributes_bytes(list, CKA_MODULUS);
	struct bytes exponent = attributes_bytes(list, CKA_PUBLIC_EXPONENT);
	struct bytes parameters = attributes_bytes(list, CKA_EC_PARAMS);
	struct bytes point = attributes_bytes(list, CKA_EC_POINT);
	const size_t most = 4096;

	if (modulus.len > 0 && exponent.len > 0 && modulus.len <= most && exponent.len <= most)
		return rsa_key(crypto, modulus, exponent);
	if (parameters.len > 0 && point.len > 0 && parameters.len <= most && point.len <= most)
		return ec_key(crypto, parameters, point);
	return NULL;
}
