#include "timestamp.h"

#include "tools/x509.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/ts.h>
#include <openssl/x509_vfy.h>
#include <string.h>

enum { OPENSSL_TEXT_MAX = 160 };

static const char *
openssl_reason(char text[OPENSSL_TEXT_MAX])
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	(void)snprintf(text, OPENSSL_TEXT_MAX, "%s", reason != NULL ? reason : "OpenSSL failed");
	ERR_clear_error();
	return text;
}

/* Imprint and version; with `store` the signature and who may have made it. */
static bool
verify(PKCS7 *token, struct bytes data, unsigned flags, X509_STORE *store)
{
	TS_VERIFY_CTX *context = TS_VERIFY_CTX_new();
	BIO *bio = BIO_new_mem_buf(data.data, (int)data.len);
	bool ok = context != NULL && bio != NULL;

	if (ok) {
		TS_VERIFY_CTX_set_flags(context, (int)flags);
		TS_VERIFY_CTX_set_data(context, bio);
		if (store != NULL && X509_STORE_up_ref(store) == 1)
			TS_VERIFY_CTX_set_store(context, store);
		bio = NULL;
		ok = TS_RESP_verify_token(context, token) == 1;
	}
	BIO_free(bio);
	TS_VERIFY_CTX_free(context);
	return ok;
}

/* Without a store, only that the signature is its signer's: a store that trusts that very one. */
static bool
signature_sound(PKCS7 *token, struct bytes data)
{
	STACK_OF(X509) *signers = PKCS7_get0_signers(token, NULL, 0);
	X509_STORE *store = X509_STORE_new();
	bool ok = signers != NULL && sk_X509_num(signers) == 1 && store != NULL &&
		  X509_STORE_add_cert(store, sk_X509_value(signers, 0)) == 1 &&
		  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN |
						  X509_V_FLAG_NO_CHECK_TIME) == 1 &&
		  verify(token, data, TS_VFY_VERSION | TS_VFY_SIGNATURE | TS_VFY_DATA, store);

	X509_STORE_free(store);
	sk_X509_free(signers);
	return ok;
}

/* Both hashes: of what is stamped, and of the stamp. */
static bool
hashes_strong(PKCS7 *token)
{
	TS_TST_INFO *info = PKCS7_to_TS_TST_INFO(token);
	STACK_OF(PKCS7_SIGNER_INFO) *signers = PKCS7_get_signer_info(token);
	X509_ALGOR *digest = NULL;
	bool ok = info != NULL && signers != NULL && sk_PKCS7_SIGNER_INFO_num(signers) == 1 &&
		  x509_digest_is_strong(TS_MSG_IMPRINT_get_algo(TS_TST_INFO_get_msg_imprint(info)));

	if (ok) {
		PKCS7_SIGNER_INFO_get0_algs(sk_PKCS7_SIGNER_INFO_value(signers, 0), NULL, &digest,
					    NULL);
		ok = x509_digest_is_strong(digest);
	}
	TS_TST_INFO_free(info);
	return ok;
}

static bool
time_of(PKCS7 *token, time_t *when)
{
	TS_TST_INFO *info = PKCS7_to_TS_TST_INFO(token);
	struct tm tm;
	bool ok = info != NULL && ASN1_TIME_to_tm(TS_TST_INFO_get_time(info), &tm) == 1;

	if (ok)
		*when = timegm(&tm);
	TS_TST_INFO_free(info);
	return ok;
}

/* Now: an authority whose certificate has ended may have lost its key since, and the time it says then is
 * anybody's. */
static bool
is_trusted(PKCS7 *token, struct bytes data, X509_STORE *store)
{
	return store != NULL &&
	       verify(token, data, TS_VFY_VERSION | TS_VFY_SIGNATURE | TS_VFY_DATA, store);
}

bool
timestamp_check(struct bytes token, struct bytes data, X509_STORE *store, struct timestamp *stamp,
		struct problem *error)
{
	const unsigned char *at = token.data;
	char reason[OPENSSL_TEXT_MAX];
	STACK_OF(X509) *signers = NULL;
	PKCS7 *pkcs7 = NULL;
	bool ok = false;

	*stamp = (struct timestamp){.when = 0};
	if (token.len <= INT_MAX && data.len <= INT_MAX)
		pkcs7 = d2i_PKCS7(NULL, &at, (long)token.len);
	if (pkcs7 == NULL || !time_of(pkcs7, &stamp->when)) {
		problem(error, "the time stamp cannot be read: %s", openssl_reason(reason));
		goto out;
	}
	if (!signature_sound(pkcs7, data)) {
		problem(error,
			"the time stamp is not of this signature, or its own signature is "
			"wrong: %s",
			openssl_reason(reason));
		goto out;
	}
	if (!hashes_strong(pkcs7)) {
		problem(error, "the time stamp has a hash that is too weak, as SHA-1 is");
		goto out;
	}
	signers = PKCS7_get0_signers(pkcs7, NULL, 0);
	stamp->authority = signers == NULL ? NULL : sk_X509_value(signers, 0);
	if (stamp->authority != NULL && X509_up_ref(stamp->authority) != 1)
		stamp->authority = NULL;
	stamp->trusted = is_trusted(pkcs7, data, store);
	ok = true;
out:
	ERR_clear_error();
	sk_X509_free(signers);
	PKCS7_free(pkcs7);
	return ok;
}

void
timestamp_free(struct timestamp *stamp)
{
	X509_free(stamp->authority);
	stamp->authority = NULL;
}
