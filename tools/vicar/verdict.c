#include "verdict.h"

#include "chain.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <string.h>

/* 112 bits, X509_VERIFY_PARAM_set_auth_level(3): no RSA below 2048 bits and no SHA-1 in the chain. */
enum { CHAIN_SECURITY_LEVEL = 2 };

/* Extended key usages of a person's certificate that are not OpenSSL's XKU bits: documentSigning (RFC
 * 9336), and those of Microsoft and Adobe that came before it. */
static const char *const document_usages[] = {"1.3.6.1.5.5.7.3.36", "1.3.6.1.4.1.311.10.3.12",
					      "1.2.840.113583.1.1.5"};

static bool
has_document_usage(const X509 *certificate)
{
	EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
	char oid[64];
	bool found = false;

	for (int i = 0; usages != NULL && i < sk_ASN1_OBJECT_num(usages); i++) {
		(void)OBJ_obj2txt(oid, sizeof(oid), sk_ASN1_OBJECT_value(usages, i), 1);
		for (size_t k = 0; k < sizeof(document_usages) / sizeof(document_usages[0]); k++)
			found = found || strcmp(oid, document_usages[k]) == 0;
	}
	sk_ASN1_OBJECT_pop_free(usages, ASN1_OBJECT_free);
	return found;
}

/* A web server's, a time-stamp authority's or an issuer's is nobody's hand. Servers have clientAuth too, so
 * that this says nothing beside serverAuth. */
static bool
is_for_signatures(X509 *certificate)
{
	const uint32_t all = X509_get_extended_key_usage(certificate);
	const bool server = (all & XKU_SSL_SERVER) != 0;

	/* Both are UINT32_MAX when the certificate does not say. */
	if ((X509_get_key_usage(certificate) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0)
		return false;
	return all == UINT32_MAX || (all & (XKU_SMIME | XKU_ANYEKU)) != 0 ||
	       ((all & XKU_SSL_CLIENT) != 0 && !server) || has_document_usage(certificate);
}

void
verdict_trust(struct verdict *verdict, STACK_OF(X509) * others, X509_STORE *store, time_t when)
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	STACK_OF(X509) * chain;
	int error = X509_V_ERR_UNSPECIFIED;

	if (!is_for_signatures(verdict->signer)) {
		(void)snprintf(
		    verdict->why, sizeof(verdict->why),
		    "its certificate is for something else than signatures of documents");
		goto out;
	}
	if (context != NULL && X509_STORE_CTX_init(context, store, verdict->signer, others) == 1) {
		X509_STORE_CTX_set_time(context, 0, when);
		X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(context),
						 CHAIN_SECURITY_LEVEL);
		verdict->trusted = X509_verify_cert(context) == 1;
		error = X509_STORE_CTX_get_error(context);
	}
	if (verdict->trusted) {
		chain = X509_STORE_CTX_get0_chain(context);
		chain_subject(sk_X509_value(chain, sk_X509_num(chain) - 1), verdict->anchor);
	} else {
		(void)snprintf(verdict->why, sizeof(verdict->why), "%s",
			       X509_verify_cert_error_string(error));
	}
out:
	X509_STORE_CTX_free(context);
	ERR_clear_error();
}

static bool
verifies(EVP_PKEY *key, const EVP_MD *md, int padding, struct bytes content, struct bytes signature)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *key_context = NULL;
	bool ok =
	    context != NULL && EVP_DigestVerifyInit(context, &key_context, md, NULL, key) == 1 &&
	    (padding == 0 || EVP_PKEY_CTX_set_rsa_padding(key_context, padding) == 1) &&
	    EVP_DigestVerify(context, signature.data, signature.len, content.data, content.len) ==
		1;

	EVP_MD_CTX_free(context);
	ERR_clear_error();
	return ok;
}

void
verdict_of_raw(struct bytes signature, struct bytes content, X509 *certificate, const EVP_MD *md,
	       const struct trusted *trusted, struct verdicts *verdicts)
{
	const EVP_MD *const digests[] = {EVP_sha256(), EVP_sha384(), EVP_sha512()};
	static const int paddings[] = {RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING};
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	const bool rsa = key != NULL && EVP_PKEY_is_a(key, "RSA");
	struct verdict *verdict = &verdicts->each[0];

	memset(verdicts, 0, sizeof(*verdicts));
	verdicts->count = 1;
	verdict->signer = X509_up_ref(certificate) == 1 ? certificate : NULL;
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]) && key != NULL; i++) {
		if (md != NULL && EVP_MD_get_type(md) != EVP_MD_get_type(digests[i]))
			continue;
		for (size_t k = 0; k < (rsa ? 2 : 1); k++)
			verdict->sound =
			    verdict->sound ||
			    verifies(key, digests[i], rsa ? paddings[k] : 0, content, signature);
	}
	if (verdict->sound && verdict->signer != NULL)
		verdict_trust(verdict, NULL, trusted->signers, time(NULL));
	else
		(void)snprintf(verdict->why, sizeof(verdict->why),
			       "it is not of this content, or not by the key of this certificate");
}

void
verdicts_free(struct verdicts *verdicts)
{
	for (size_t i = 0; i < verdicts->count; i++)
		X509_free(verdicts->each[i].signer);
	verdicts->count = 0;
}
