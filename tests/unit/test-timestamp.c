/* Which time stamps count, and who is believed: RFC 3161 tokens made by OpenSSL. */
#include "tools/vicar/timestamp.h"

#include "tools/x509.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ts.h>

#define SIGNATURE BYTES_TEXT("a signature value")

static EVP_PKEY *key;

static X509 *
authority(int from, int to)
{
	X509 *certificate = X509_new();
	X509_NAME *name;

	assert_non_null(certificate);
	name = X509_get_subject_name(certificate);
	assert_int_equal(X509_set_version(certificate, 2), 1);
	assert_true(x509_set_serial(certificate));
	assert_true(x509_set_days(certificate, from, to));
	assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
						    (const unsigned char *)"Time", -1, -1, 0),
			 1);
	assert_int_equal(X509_set_issuer_name(certificate, name), 1);
	assert_int_equal(X509_set_pubkey(certificate, key), 1);
	assert_true(x509_add_extension(certificate, certificate, "extendedKeyUsage",
				       "critical,timeStamping"));
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
	return certificate;
}

static ASN1_INTEGER *
next_serial(TS_RESP_CTX *context, void *unused)
{
	ASN1_INTEGER *serial = ASN1_INTEGER_new();

	(void)context;
	(void)unused;
	assert_int_equal(ASN1_INTEGER_set(serial, 1), 1);
	return serial;
}

/* A query for the hash of SIGNATURE. */
static BIO *
query(const EVP_MD *md)
{
	TS_REQ *request = TS_REQ_new();
	TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
	X509_ALGOR *algorithm = X509_ALGOR_new();
	BIO *bio = BIO_new(BIO_s_mem());
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	assert_int_equal(EVP_Digest(SIGNATURE.data, SIGNATURE.len, hash, &len, md, NULL), 1);
	X509_ALGOR_set_md(algorithm, md);
	assert_int_equal(TS_MSG_IMPRINT_set_algo(imprint, algorithm), 1);
	assert_int_equal(TS_MSG_IMPRINT_set_msg(imprint, hash, (int)len), 1);
	assert_int_equal(TS_REQ_set_version(request, 1), 1);
	assert_int_equal(TS_REQ_set_msg_imprint(request, imprint), 1);
	assert_int_equal(TS_REQ_set_cert_req(request, 1), 1);
	assert_int_equal(i2d_TS_REQ_bio(bio, request), 1);
	X509_ALGOR_free(algorithm);
	TS_MSG_IMPRINT_free(imprint);
	TS_REQ_free(request);
	return bio;
}

/* The token over SIGNATURE; its hash by `md`, its own signature's by `own`. */
static size_t
stamp(X509 *by, const EVP_MD *md, const EVP_MD *own, uint8_t **token)
{
	ASN1_OBJECT *policy = OBJ_txt2obj("1.3.6.1.4.1.99999.1", 1);
	TS_RESP_CTX *context = TS_RESP_CTX_new();
	TS_RESP *response;
	BIO *bio = query(md);
	int len;

	assert_int_equal(TS_RESP_CTX_set_signer_cert(context, by), 1);
	assert_int_equal(TS_RESP_CTX_set_signer_key(context, key), 1);
	assert_int_equal(TS_RESP_CTX_set_signer_digest(context, own), 1);
	assert_int_equal(TS_RESP_CTX_set_ess_cert_id_digest(context, EVP_sha256()), 1);
	assert_int_equal(TS_RESP_CTX_set_def_policy(context, policy), 1);
	assert_int_equal(TS_RESP_CTX_add_md(context, md), 1);
	TS_RESP_CTX_set_serial_cb(context, next_serial, NULL);
	response = TS_RESP_create_response(context, bio);
	assert_non_null(response);
	assert_non_null(TS_RESP_get_token(response));
	*token = NULL;
	len = i2d_PKCS7(TS_RESP_get_token(response), token);
	assert_true(len > 0);
	TS_RESP_free(response);
	TS_RESP_CTX_free(context);
	ASN1_OBJECT_free(policy);
	BIO_free(bio);
	return (size_t)len;
}

/* False: no stamp at all. */
static bool
check(X509 *by, const EVP_MD *md, const EVP_MD *own, struct bytes data, bool *trusted,
      struct problem *error)
{
	X509_STORE *store = X509_STORE_new();
	struct timestamp found;
	uint8_t *token;
	size_t len = stamp(by, md, own, &token);
	bool ok;

	assert_int_equal(X509_STORE_add_cert(store, by), 1);
	ok = timestamp_check((struct bytes){token, len}, data, store, &found, error);
	*trusted = ok && found.trusted;
	if (ok)
		timestamp_free(&found);
	OPENSSL_free(token);
	X509_STORE_free(store);
	return ok;
}

static void
a_stamp_of_this_signature_counts(void **state)
{
	X509 *by = authority(-1, 30);
	struct problem error = {""};
	bool trusted;

	(void)state;
	assert_true(check(by, EVP_sha256(), EVP_sha256(), SIGNATURE, &trusted, &error));
	assert_true(trusted);
	assert_false(
	    check(by, EVP_sha256(), EVP_sha256(), BYTES_TEXT("another"), &trusted, &error));
	assert_non_null(strstr(error.text, "not of this signature"));
	X509_free(by);
}

static void
weak_hashes_do_not_count(void **state)
{
	X509 *by = authority(-1, 30);
	struct problem error = {""};
	bool trusted;

	(void)state;
	assert_false(check(by, EVP_sha1(), EVP_sha256(), SIGNATURE, &trusted, &error));
	assert_non_null(strstr(error.text, "too weak"));
	error.text[0] = '\0';
	assert_false(check(by, EVP_sha256(), EVP_sha1(), SIGNATURE, &trusted, &error));
	assert_non_null(strstr(error.text, "too weak"));
	X509_free(by);
}

static void
an_authority_that_has_ended_is_not_trusted(void **state)
{
	X509 *by = authority(-30, -1);
	struct problem error = {""};
	bool trusted;

	(void)state;
	assert_true(check(by, EVP_sha256(), EVP_sha256(), SIGNATURE, &trusted, &error));
	assert_false(trusted);
	X509_free(by);
}

static int
make_key(void **state)
{
	(void)state;
	key = EVP_RSA_gen(2048);
	return key != NULL ? 0 : -1;
}

static int
free_key(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_stamp_of_this_signature_counts),
	    cmocka_unit_test(weak_hashes_do_not_count),
	    cmocka_unit_test(an_authority_that_has_ended_is_not_trusted),
	};

	return cmocka_run_group_tests(tests, make_key, free_key);
}
