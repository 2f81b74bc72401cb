/* signatures/timestamp: a token of RFC 3161, made by OpenSSL (csc.md 4). */
#include "call.h"

#include "tools/simulator/base64.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/ts.h>

#define POLICY "1.3.6.1.4.1.99999.1" /* nobody's */

enum { NONCE_DIGITS_MAX = 64, SERIAL_BITS = 64 };

/* What is asked of the authority. */
struct stamp {
	const EVP_MD *digest;
	uint8_t hash[RSSP_HASH_MAX];
	size_t len;
	ASN1_INTEGER *nonce; /* owned; NULL: none */
};

static bool
take_nonce(struct rssp_call *call, ASN1_INTEGER **nonce)
{
	const char *text;
	BIGNUM *number = NULL;

	if (!rssp_take_text(call, "nonce", &text))
		return rssp_invalid(call, "Invalid parameter nonce");
	if (text == NULL)
		return true;
	if (*text == '\0' || strlen(text) > NONCE_DIGITS_MAX ||
	    strspn(text, "0123456789abcdefABCDEF") != strlen(text) || BN_hex2bn(&number, text) == 0)
		return rssp_invalid(call, "Invalid parameter nonce");
	*nonce = BN_to_ASN1_INTEGER(number, NULL);
	BN_free(number);
	return *nonce != NULL || rssp_failed(call, "out of memory for a nonce");
}

static bool
need_stamp(struct rssp_call *call, struct stamp *stamp)
{
	const char *hash = rssp_need_text(call, "hash"), *oid;

	if (hash == NULL)
		return false;
	if (!sim_base64_decode(hash, stamp->hash, sizeof(stamp->hash), &stamp->len))
		return rssp_invalid(call, "Invalid Base64 hash string parameter");
	oid = rssp_need_text(call, "hashAlgo");
	if (oid == NULL)
		return false;
	stamp->digest = rssp_digest_of_oid(oid);
	if (stamp->digest == NULL)
		return rssp_invalid(call, "Invalid parameter hashAlgo");
	if (stamp->len != (size_t)EVP_MD_get_size(stamp->digest))
		return rssp_invalid(call, "Invalid digest value length");
	call->hashes = 1;
	return take_nonce(call, &stamp->nonce);
}

/* The TimeStampReq of RFC 3161 section 2.4.1; NULL on failure. */
static BIO *
make_request(const struct stamp *stamp)
{
	TS_REQ *request = TS_REQ_new();
	TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
	X509_ALGOR *algorithm = X509_ALGOR_new();
	BIO *bio = BIO_new(BIO_s_mem());

	if (request == NULL || imprint == NULL || algorithm == NULL || bio == NULL)
		goto fail;
	X509_ALGOR_set_md(algorithm, stamp->digest);
	if (TS_MSG_IMPRINT_set_algo(imprint, algorithm) != 1 ||
	    TS_MSG_IMPRINT_set_msg(imprint, (unsigned char *)(uintptr_t)stamp->hash,
				   (int)stamp->len) != 1 ||
	    TS_REQ_set_version(request, 1) != 1 || TS_REQ_set_msg_imprint(request, imprint) != 1 ||
	    (stamp->nonce != NULL && TS_REQ_set_nonce(request, stamp->nonce) != 1) ||
	    TS_REQ_set_cert_req(request, 1) != 1 || i2d_TS_REQ_bio(bio, request) != 1)
		goto fail;
	goto out;
fail:
	BIO_free(bio);
	bio = NULL;
out:
	X509_ALGOR_free(algorithm);
	TS_MSG_IMPRINT_free(imprint);
	TS_REQ_free(request);
	return bio;
}

static ASN1_INTEGER *
random_serial(struct TS_resp_ctx *context, void *user)
{
	BIGNUM *number = BN_new();
	ASN1_INTEGER *serial = NULL;

	(void)context;
	(void)user;
	if (number != NULL &&
	    BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1)
		serial = BN_to_ASN1_INTEGER(number, NULL);
	BN_free(number);
	return serial;
}

/* The authority with its certificates; NULL on failure. */
static TS_RESP_CTX *
make_authority(const struct rssp_hierarchy *hierarchy, const EVP_MD *digest)
{
	TS_RESP_CTX *context = TS_RESP_CTX_new();
	STACK_OF(X509) *above = sk_X509_new_null();
	ASN1_OBJECT *policy = OBJ_txt2obj(POLICY, 1);
	bool ok = context != NULL && above != NULL && policy != NULL &&
		  sk_X509_push(above, hierarchy->ca.certificate) > 0 &&
		  TS_RESP_CTX_set_signer_cert(context, hierarchy->tsa.certificate) == 1 &&
		  TS_RESP_CTX_set_signer_key(context, hierarchy->tsa.key) == 1 &&
		  TS_RESP_CTX_set_signer_digest(context, EVP_sha256()) == 1 &&
		  TS_RESP_CTX_set_certs(context, above) == 1 &&
		  TS_RESP_CTX_set_def_policy(context, policy) == 1 &&
		  TS_RESP_CTX_add_md(context, digest) == 1;

	ASN1_OBJECT_free(policy);
	sk_X509_free(above);
	if (ok) {
		TS_RESP_CTX_set_serial_cb(context, random_serial, NULL);
		return context;
	}
	TS_RESP_CTX_free(context);
	return NULL;
}

/* DER of the token, the caller's to OPENSSL_free(); 0 on failure. */
static int
make_token(const struct rssp_call *call, const struct stamp *stamp, unsigned char **der)
{
	TS_RESP_CTX *authority = make_authority(&call->rssp->hierarchy, stamp->digest);
	BIO *request = make_request(stamp);
	TS_RESP *response = NULL;
	int len = 0;

	if (authority != NULL && request != NULL)
		response = TS_RESP_create_response(authority, request);
	if (response != NULL && TS_RESP_get_token(response) != NULL)
		len = i2d_PKCS7(TS_RESP_get_token(response), der);
	TS_RESP_free(response);
	BIO_free(request);
	TS_RESP_CTX_free(authority);
	return len;
}

bool
rssp_run_timestamp(struct rssp_call *call)
{
	struct stamp stamp = {0};
	unsigned char *der = NULL;
	char *text = NULL;
	bool ok = false;
	int len;

	if (!need_stamp(call, &stamp))
		goto out;
	len = make_token(call, &stamp, &der);
	if (len > 0)
		text = malloc(sim_base64_len((size_t)len) + 1);
	if (text == NULL) {
		(void)rssp_failed(call, "OpenSSL cannot make a time stamp");
		goto out;
	}
	sim_base64_encode((struct bytes){der, (size_t)len}, text);
	rssp_put_text(call, "timestamp", text);
	ok = true;
out:
	free(text);
	OPENSSL_free(der);
	ASN1_INTEGER_free(stamp.nonce);
	return ok;
}
