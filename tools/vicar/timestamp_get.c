/*
 * A time stamp fetched from its authority, tools/vicar/timestamp.h. The answer is signed and has our nonce
 * in it, so that plain http, which most authorities offer, takes nothing from its worth.
 */
#include "timestamp.h"

#include "trust.h"

#include <curl/curl.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ts.h>
#include <stdlib.h>
#include <string.h>

enum {
	NONCE_LEN = 16,
	ANSWER_MAX = 256 * 1024,
	CONNECT_TIMEOUT_S = 10,
	WHOLE_TIMEOUT_S = 30,
	STATUS_OK = 200,
	STATUS_TEXT_MAX = 128,
};

struct answer {
	uint8_t *body; /* ANSWER_MAX */
	size_t len;
};

static size_t
take_body(char *data, size_t size, size_t count, void *context)
{
	struct answer *answer = context;
	const size_t len = size * count;

	if (len > ANSWER_MAX - answer->len)
		return 0;
	memcpy(answer->body + answer->len, data, len);
	answer->len += len;
	return len;
}

static bool
put_nonce(TS_REQ *request)
{
	uint8_t random[NONCE_LEN];
	BIGNUM *number = NULL;
	ASN1_INTEGER *nonce = NULL;
	bool ok = RAND_bytes(random, sizeof(random)) == 1;

	number = ok ? BN_bin2bn(random, sizeof(random), NULL) : NULL;
	nonce = number == NULL ? NULL : BN_to_ASN1_INTEGER(number, NULL);
	ok = nonce != NULL && TS_REQ_set_nonce(request, nonce) == 1;
	ASN1_INTEGER_free(nonce);
	BN_free(number);
	return ok;
}

static bool
put_imprint(TS_REQ *request, struct bytes data, const EVP_MD *md)
{
	TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
	X509_ALGOR *algorithm = X509_ALGOR_new();
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	bool ok =
	    imprint != NULL && algorithm != NULL &&
	    EVP_Digest(data.data, data.len, hash, &len, md, NULL) == 1 &&
	    X509_ALGOR_set0(algorithm, OBJ_nid2obj(EVP_MD_get_type(md)), V_ASN1_NULL, NULL) == 1 &&
	    TS_MSG_IMPRINT_set_algo(imprint, algorithm) == 1 &&
	    TS_MSG_IMPRINT_set_msg(imprint, hash, (int)len) == 1 &&
	    TS_REQ_set_msg_imprint(request, imprint) == 1;

	X509_ALGOR_free(algorithm);
	TS_MSG_IMPRINT_free(imprint);
	return ok;
}

/* RFC 3161 section 2.4.1, with the authority's certificate wanted. */
static TS_REQ *
make_request(struct bytes data, const EVP_MD *md)
{
	TS_REQ *request = TS_REQ_new();

	if (request != NULL && TS_REQ_set_version(request, 1) == 1 &&
	    put_imprint(request, data, md) && put_nonce(request) &&
	    TS_REQ_set_cert_req(request, 1) == 1)
		return request;
	TS_REQ_free(request);
	return NULL;
}

static bool
set_up(CURL *curl, const struct timestamp_source *source, struct curl_slist *headers,
       struct bytes body, struct answer *answer)
{
	return curl_easy_setopt(curl, CURLOPT_URL, source->url) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_USERAGENT, "vicar/" VICAR_VERSION) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len) ==
		   CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S) ==
		   CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)WHOLE_TIMEOUT_S) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer) == CURLE_OK;
}

static bool
send_request(const struct timestamp_source *source, struct bytes body, struct answer *answer,
	     struct problem *error)
{
	struct curl_slist *headers =
	    curl_slist_append(NULL, "Content-Type: application/timestamp-query");
	CURL *curl = curl_easy_init();
	CURLcode code = CURLE_FAILED_INIT;
	long status = 0;
	bool ok = false;

	if (curl != NULL && headers != NULL && set_up(curl, source, headers, body, answer))
		code = curl_easy_perform(curl);
	if (code == CURLE_OK)
		(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (code != CURLE_OK)
		problem(error, "no time stamp from %s: %s", source->url, curl_easy_strerror(code));
	else if (status != STATUS_OK)
		problem(error, "no time stamp from %s: HTTP %ld", source->url, status);
	else
		ok = true;
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	return ok;
}

/* Nonce, hash, version, and the signature up to an authority of the store. */
static bool
check_answer(TS_REQ *request, TS_RESP *answer, X509_STORE *store)
{
	TS_VERIFY_CTX *context = TS_REQ_to_TS_VERIFY_CTX(request, NULL);
	bool ok = context != NULL && X509_STORE_up_ref(store) == 1;

	if (ok) {
		TS_VERIFY_CTX_add_flags(context, TS_VFY_SIGNATURE);
		TS_VERIFY_CTX_set_store(context, store);
		ok = TS_RESP_verify_response(context, answer) == 1;
	}
	TS_VERIFY_CTX_free(context);
	return ok;
}

static bool
take_answer(const struct timestamp_source *source, TS_REQ *request, const struct answer *body,
	    uint8_t **token, size_t *len, struct problem *error)
{
	const unsigned char *at = body->body;
	TS_RESP *answer = d2i_TS_RESP(NULL, &at, (long)body->len);
	X509_STORE *store = trust_store(source->ca_file, false, error);
	const char *reason;
	int made = -1;
	bool ok = false;

	if (store == NULL)
		goto out;
	if (answer == NULL || !check_answer(request, answer, store)) {
		reason = ERR_reason_error_string(ERR_peek_last_error());
		problem(error,
			"the time stamp from %s is not accepted: %s; --timestamp-ca names who "
			"may have issued its certificate",
			source->url, reason != NULL ? reason : "it is none");
		goto out;
	}
	made = i2d_PKCS7(TS_RESP_get_token(answer), token);
	*len = made > 0 ? (size_t)made : 0;
	ok = made > 0 || problem(error, "the time stamp from %s cannot be written", source->url);
out:
	ERR_clear_error();
	X509_STORE_free(store);
	TS_RESP_free(answer);
	return ok;
}

bool
timestamp_get(const struct timestamp_source *source, struct bytes data, const EVP_MD *md,
	      uint8_t **token, size_t *len, struct problem *error)
{
	struct answer answer = {.body = malloc(ANSWER_MAX)};
	TS_REQ *request = make_request(data, md);
	uint8_t *body = NULL;
	int made = -1;
	bool ok = false;

	*token = NULL;
	if (request != NULL)
		made = i2d_TS_REQ(request, &body);
	if (answer.body == NULL || made <= 0)
		problem(error, "OpenSSL cannot ask for a time stamp");
	else
		ok = send_request(source, (struct bytes){body, (size_t)made}, &answer, error) &&
		     take_answer(source, request, &answer, token, len, error);
	OPENSSL_free(body);
	TS_REQ_free(request);
	free(answer.body);
	return ok;
}
