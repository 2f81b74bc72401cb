#include "verdict.h"

#include "chain.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

void
verdict_trust(struct verdict *verdict, STACK_OF(X509) * others, X509_STORE *store, time_t when)
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	STACK_OF(X509) * chain;
	int error = X509_V_ERR_UNSPECIFIED;

	if (context != NULL && X509_STORE_CTX_init(context, store, verdict->signer, others) == 1) {
		X509_STORE_CTX_set_time(context, 0, when);
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
