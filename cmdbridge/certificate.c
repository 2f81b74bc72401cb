#include "certificate.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DER_MAX = 16384 };

static const char begin[] = "-----BEGIN CERTIFICATE-----";
static const char end[] = "-----END CERTIFICATE-----";

void
certificate_date(const ASN1_TIME *time, char date[CERTIFICATE_DATE_SIZE])
{
	struct tm tm;

	if (!time || ASN1_TIME_to_tm(time, &tm) != 1 ||
	    strftime(date, CERTIFICATE_DATE_SIZE, "%Y-%m-%d", &tm) == 0)
		snprintf(date, CERTIFICATE_DATE_SIZE, "?");
}

bool
certificate_is_current(const X509 *certificate)
{
	return X509_cmp_time(X509_get0_notBefore(certificate), NULL) < 0 &&
	       X509_cmp_time(X509_get0_notAfter(certificate), NULL) > 0;
}

X509 *
certificate_parse(struct bytes der)
{
	const uint8_t *at = der.data;
	X509 *certificate = der.len <= LONG_MAX ? d2i_X509(NULL, &at, (long)der.len) : NULL;

	if (certificate && at != der.data + der.len) {
		X509_free(certificate);
		certificate = NULL;
	}
	ERR_clear_error();
	return certificate;
}

bool
certificate_verifies(X509 *certificate, struct bytes digestinfo, struct bytes signature)
{
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	EVP_PKEY_CTX *context = NULL;
	bool ok = false;

	if (!key || !EVP_PKEY_is_a(key, "RSA") || signature.len == 0 ||
	    signature.len != (size_t)EVP_PKEY_get_size(key))
		goto out;
	context = EVP_PKEY_CTX_new(key, NULL);
	ok = context && EVP_PKEY_verify_init(context) == 1 &&
	     EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
	     EVP_PKEY_verify(context, signature.data, signature.len, digestinfo.data,
			     digestinfo.len) == 1;
out:
	EVP_PKEY_CTX_free(context);
	ERR_clear_error();
	return ok;
}

static bool
verifies_pss(EVP_PKEY *key, enum digest digest, struct bytes hash, struct bytes signature)
{
	EVP_PKEY_CTX *context = EVP_PKEY_is_a(key, "RSA") ? EVP_PKEY_CTX_new(key, NULL) : NULL;
	EVP_MD *md = digest < DIGEST_COUNT ? EVP_MD_fetch(NULL, digest_name(digest), NULL) : NULL;
	const bool ok =
	    context && md && EVP_PKEY_verify_init(context) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(context, md) == 1 &&
	    EVP_PKEY_CTX_set_rsa_mgf1_md(context, md) == 1 &&
	    EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1 &&
	    EVP_PKEY_verify(context, signature.data, signature.len, hash.data, hash.len) == 1;

	EVP_MD_free(md);
	EVP_PKEY_CTX_free(context);
	return ok;
}

/* The DER of plain r || s; NULL when the lengths do not fit. */
static uint8_t *
ecdsa_der(struct bytes plain, size_t field, int *len)
{
	ECDSA_SIG *signature = ECDSA_SIG_new();
	uint8_t *der = NULL;
	BIGNUM *r = NULL, *s = NULL;

	if (!signature || plain.len != 2 * field)
		goto out;
	r = BN_bin2bn(plain.data, (int)field, NULL);
	s = BN_bin2bn(plain.data + field, (int)field, NULL);
	if (!r || !s || ECDSA_SIG_set0(signature, r, s) != 1)
		goto out;
	r = s = NULL;
	*len = i2d_ECDSA_SIG(signature, &der);
out:
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(signature);
	return der;
}

static bool
verifies_ecdsa(EVP_PKEY *key, struct bytes hash, struct bytes signature)
{
	const size_t field = ((size_t)EVP_PKEY_get_bits(key) + 7) / 8;
	EVP_PKEY_CTX *context = EVP_PKEY_is_a(key, "EC") ? EVP_PKEY_CTX_new(key, NULL) : NULL;
	int len = 0;
	uint8_t *der = ecdsa_der(signature, field, &len);
	const bool ok = context && der && len > 0 && EVP_PKEY_verify_init(context) == 1 &&
			EVP_PKEY_verify(context, der, (size_t)len, hash.data, hash.len) == 1;

	OPENSSL_free(der);
	EVP_PKEY_CTX_free(context);
	return ok;
}

bool
certificate_verifies_use(X509 *certificate, enum keyfile_operation operation, enum digest digest,
			 struct bytes input, struct bytes signature)
{
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	bool ok = false;

	if (!key || signature.len == 0)
		return false;
	if (operation == KEYFILE_SIGN_PKCS1)
		ok = certificate_verifies(certificate, input, signature);
	else if (operation == KEYFILE_SIGN_PSS)
		ok = verifies_pss(key, digest, input, signature);
	else if (operation == KEYFILE_SIGN_ECDSA)
		ok = verifies_ecdsa(key, input, signature);
	ERR_clear_error();
	return ok;
}

static const uint8_t *
find(struct bytes text, const char *word)
{
	return text.len ? memmem(text.data, text.len, word, strlen(word)) : NULL;
}

static X509 *
decode_block(struct bytes base64)
{
	EVP_ENCODE_CTX *context = EVP_ENCODE_CTX_new();
	X509 *certificate = NULL;
	uint8_t *der = NULL;
	int len = 0, rest = 0;

	if (!context || base64.len > DER_MAX)
		goto out;
	der = OPENSSL_malloc(base64.len + 64);
	if (!der)
		goto out;
	EVP_DecodeInit(context);
	if (EVP_DecodeUpdate(context, der, &len, base64.data, (int)base64.len) < 0 ||
	    EVP_DecodeFinal(context, der + len, &rest) < 0)
		goto out;
	certificate = certificate_parse((struct bytes){der, (size_t)len + (size_t)rest});
out:
	OPENSSL_free(der);
	EVP_ENCODE_CTX_free(context);
	ERR_clear_error();
	return certificate;
}

/* All of them, in the order of the text; false when one cannot be read or there are too many. */
static bool
split(struct bytes pem, X509 *found[CERTIFICATES_MAX], size_t *count)
{
	struct reader reader = reader_of(pem);
	struct bytes skipped, block;
	const uint8_t *at;

	*count = 0;
	while ((at = find(reader_rest(&reader), begin))) {
		if (*count == CERTIFICATES_MAX ||
		    !reader_take(&reader, (size_t)(at - reader.at) + strlen(begin), &skipped) ||
		    !(at = find(reader_rest(&reader), end)) ||
		    !reader_take(&reader, (size_t)(at - reader.at), &block) ||
		    !(found[*count] = decode_block(block)))
			return false;
		++*count;
	}
	return *count > 0;
}

static bool
issues(X509 *issuer, X509 *subject)
{
	return X509_check_issued(issuer, subject) == X509_V_OK;
}

/* The one that issued none of the others and is no authority's; a self-issued one alone is its own leaf. */
static X509 *
find_leaf(X509 *const *all, size_t count)
{
	X509 *leaf = NULL;

	for (size_t i = 0; i < count; i++) {
		bool is_issuer =
		    X509_check_ca(all[i]) == 1 || (count > 1 && issues(all[i], all[i]));

		for (size_t j = 0; j < count && !is_issuer; j++)
			is_issuer = j != i && issues(all[i], all[j]);
		if (is_issuer)
			continue;
		if (leaf)
			return NULL;
		leaf = all[i];
	}
	return leaf;
}

static bool
put_certificate(struct writer *writer, X509 *certificate)
{
	uint8_t *der = NULL;
	int len = i2d_X509(certificate, &der);

	if (len <= 0)
		return false;
	writer_put(writer, (struct bytes){der, (size_t)len});
	OPENSSL_free(der);
	return writer_ok(writer);
}

bool
certificate_sort(X509 *const *all, size_t count, struct writer *chain)
{
	X509 *current = count > 0 && count <= CERTIFICATES_MAX ? find_leaf(all, count) : NULL;
	bool ok = false;

	for (size_t written = 0; current && written < count; written++) {
		X509 *next = NULL;

		ok = put_certificate(chain, current);
		if (!ok)
			break;
		for (size_t i = 0; i < count && !next; i++)
			if (all[i] != current && issues(all[i], current) &&
			    !issues(current, current))
				next = all[i];
		current = next;
	}
	ERR_clear_error();
	return ok;
}

bool
certificate_chain(struct bytes pem, struct writer *chain)
{
	X509 *all[CERTIFICATES_MAX] = {NULL};
	size_t count = 0;
	const bool ok = split(pem, all, &count) && certificate_sort(all, count, chain);

	for (size_t i = 0; i < CERTIFICATES_MAX; i++)
		X509_free(all[i]);
	ERR_clear_error();
	return ok;
}
