/* What `vicar verify` must not call valid, or trusted, though OpenSSL has no objection. */
#include "tools/vicar/verdict.h"

#include "tools/x509.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/cms.h>
#include <openssl/evp.h>

#define CONTENT BYTES_TEXT("what is signed")
#define OTHER BYTES_TEXT("what is not")

static EVP_PKEY *key;

/* With these usages, "" for none, and signed by itself. */
static X509 *
certificate_for(const char *usage, const char *extended)
{
	X509 *certificate = X509_new();
	X509_NAME *name;

	assert_non_null(certificate);
	name = X509_get_subject_name(certificate);
	assert_int_equal(X509_set_version(certificate, 2), 1);
	assert_true(x509_set_serial(certificate));
	assert_true(x509_set_days(certificate, -1, 30));
	assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
						    (const unsigned char *)"Maria", -1, -1, 0),
			 1);
	assert_int_equal(X509_set_issuer_name(certificate, name), 1);
	assert_int_equal(X509_set_pubkey(certificate, key), 1);
	assert_true(usage[0] == '\0' ||
		    x509_add_extension(certificate, certificate, "keyUsage", usage));
	assert_true(extended[0] == '\0' ||
		    x509_add_extension(certificate, certificate, "extendedKeyUsage", extended));
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
	return certificate;
}

/* As any other program makes it; with what is put to the signer's attributes before it signs and after. */
static size_t
sign_with(X509 *certificate, struct bytes content, const EVP_MD *md, unsigned flags,
	  void (*before)(CMS_SignerInfo *), void (*after)(CMS_SignerInfo *), uint8_t **der)
{
	BIO *in = BIO_new_mem_buf(content.data, (int)content.len);
	CMS_SignerInfo *signer;
	CMS_ContentInfo *cms;
	int len;

	flags |= CMS_BINARY;
	cms = CMS_sign(NULL, NULL, NULL, NULL, flags | CMS_PARTIAL);
	assert_non_null(cms);
	signer = CMS_add1_signer(cms, certificate, key, md, flags);
	assert_non_null(signer);
	if (before != NULL)
		before(signer);
	assert_int_equal(CMS_final(cms, in, NULL, flags), 1);
	if (after != NULL)
		after(signer);
	*der = NULL;
	len = i2d_CMS_ContentInfo(cms, der);
	assert_true(len > 0);
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	return (size_t)len;
}

static size_t
sign(X509 *certificate, struct bytes content, const EVP_MD *md, unsigned flags, uint8_t **der)
{
	return sign_with(certificate, content, md, flags, NULL, NULL, der);
}

static bool
judge(X509 *certificate, struct bytes cms, struct bytes content, struct verdict *verdict,
      struct problem *error)
{
	X509_STORE *store = X509_STORE_new();
	const struct trusted trusted = {store, store};
	struct verdicts verdicts;
	bool judged;

	assert_int_equal(X509_STORE_add_cert(store, certificate), 1);
	judged = verdict_of_cms(cms, content, &trusted, &verdicts, error);
	*verdict = verdicts.each[0];
	verdicts_free(&verdicts);
	X509_STORE_free(store);
	return judged;
}

static void
a_content_that_is_brought_along_is_the_only_one(void **state)
{
	X509 *certificate = certificate_for("", "");
	struct problem error = {""};
	struct verdict verdict;
	uint8_t *der;
	size_t len = sign(certificate, CONTENT, EVP_sha256(), 0, &der);

	(void)state;
	assert_true(judge(certificate, (struct bytes){der, len}, BYTES_NONE, &verdict, &error));
	assert_true(verdict.sound);
	assert_true(judge(certificate, (struct bytes){der, len}, CONTENT, &verdict, &error));
	assert_true(verdict.sound);
	assert_false(judge(certificate, (struct bytes){der, len}, OTHER, &verdict, &error));
	assert_non_null(strstr(error.text, "of its own"));
	assert_false(
	    judge(certificate, (struct bytes){der, len}, BYTES_TEXT(""), &verdict, &error));
	OPENSSL_free(der);
	X509_free(certificate);
}

static void
a_content_that_is_nowhere_is_asked_for(void **state)
{
	X509 *certificate = certificate_for("", "");
	struct problem error = {""};
	struct verdict verdict;
	uint8_t *der;
	size_t len = sign(certificate, CONTENT, EVP_sha256(), CMS_DETACHED, &der);

	(void)state;
	assert_true(judge(certificate, (struct bytes){der, len}, CONTENT, &verdict, &error));
	assert_true(verdict.sound);
	assert_false(judge(certificate, (struct bytes){der, len}, BYTES_NONE, &verdict, &error));
	assert_non_null(strstr(error.text, "FILE SIGNATURE"));
	OPENSSL_free(der);
	X509_free(certificate);
}

static void
a_hash_that_is_weak_is_not_valid(void **state)
{
	X509 *certificate = certificate_for("", "");
	struct problem error = {""};
	struct verdict verdict;
	uint8_t *der;
	size_t len = sign(certificate, CONTENT, EVP_sha1(), CMS_DETACHED, &der);

	(void)state;
	assert_true(judge(certificate, (struct bytes){der, len}, CONTENT, &verdict, &error));
	assert_false(verdict.sound);
	assert_false(verdict.trusted);
	assert_non_null(strstr(verdict.why, "sha1, is too weak"));
	OPENSSL_free(der);
	X509_free(certificate);
}

static void
a_certificate_for_something_else_is_not_trusted(void **state)
{
	static const struct {
		const char *usage, *extended;
		bool trusted;
	} certificates[] = {
	    {"", "", true},
	    {"digitalSignature", "", true},
	    {"nonRepudiation", "", true},
	    {"nonRepudiation", "emailProtection", true},
	    {"nonRepudiation", "1.3.6.1.5.5.7.3.36", true},
	    {"digitalSignature", "clientAuth", true},
	    {"keyEncipherment", "", false},
	    {"keyCertSign,cRLSign", "", false},
	    {"digitalSignature", "serverAuth", false},
	    {"digitalSignature", "serverAuth,clientAuth", false},
	    {"digitalSignature", "critical,timeStamping", false},
	    {"digitalSignature", "codeSigning", false},
	};
	struct problem error = {""};
	struct verdict verdict;

	(void)state;
	for (size_t i = 0; i < sizeof(certificates) / sizeof(certificates[0]); i++) {
		X509 *certificate =
		    certificate_for(certificates[i].usage, certificates[i].extended);
		uint8_t *der;
		const size_t len = sign(certificate, CONTENT, EVP_sha256(), CMS_DETACHED, &der);

		assert_true(
		    judge(certificate, (struct bytes){der, len}, CONTENT, &verdict, &error));
		assert_true(verdict.sound);
		assert_int_equal(verdict.trusted, certificates[i].trusted);
		OPENSSL_free(der);
		X509_free(certificate);
	}
}

static void
a_message_without_a_signature_is_none(void **state)
{
	X509 *certificate = certificate_for("", "");
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, CMS_PARTIAL);
	struct problem error = {""};
	struct verdict verdict;
	uint8_t *der = NULL;
	int len;

	(void)state;
	assert_int_equal(CMS_final(cms, NULL, NULL, CMS_BINARY), 0);
	len = i2d_CMS_ContentInfo(cms, &der);
	assert_true(len > 0);
	assert_false(
	    judge(certificate, (struct bytes){der, (size_t)len}, BYTES_NONE, &verdict, &error));
	assert_non_null(strstr(error.text, "without a signature"));
	OPENSSL_free(der);
	CMS_ContentInfo_free(cms);
	X509_free(certificate);
}

static void
what_is_no_cms_signature_is_none(void **state)
{
	static const struct bytes files[] = {
	    {NULL, 0},
	    {(const uint8_t *)"\x30", 1},
	    {(const uint8_t *)"\x30\x84\xFF\xFF\xFF\xFF", 6},
	    {(const uint8_t *)"-----BEGIN CMS-----\nMAA=\n-----END CMS-----\n", 46},
	};
	X509 *certificate = certificate_for("", "");
	struct verdict verdict;

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct problem error = {""};

		assert_false(judge(certificate, files[i], CONTENT, &verdict, &error));
		assert_string_equal(error.text, "it is no CMS signature");
		assert_null(verdict.signer);
	}
	X509_free(certificate);
}

static void
a_signature_without_its_certificate_is_not_judged(void **state)
{
	X509 *certificate = certificate_for("", "");
	struct problem error = {""};
	struct verdict verdict;
	uint8_t *der;
	size_t len = sign(certificate, CONTENT, EVP_sha256(), CMS_DETACHED | CMS_NOCERTS, &der);

	(void)state;
	assert_false(judge(certificate, (struct bytes){der, len}, CONTENT, &verdict, &error));
	assert_non_null(strstr(error.text, "the certificate of its signer"));
	OPENSSL_free(der);
	X509_free(certificate);
}

static void
a_byte_behind_a_signature_is_too_much(void **state)
{
	X509 *certificate = certificate_for("", "");
	struct problem error = {""};
	struct verdict verdict;
	uint8_t *der, longer[4096] = {0};
	size_t len = sign(certificate, CONTENT, EVP_sha256(), CMS_DETACHED, &der);

	(void)state;
	assert_true(len < sizeof(longer));
	memcpy(longer, der, len);
	assert_false(
	    judge(certificate, (struct bytes){longer, len + 1}, CONTENT, &verdict, &error));
	assert_non_null(strstr(error.text, "something stands behind"));
	OPENSSL_free(der);
	X509_free(certificate);
}

/* The value of the signature is at the end. */
static void
a_signature_that_is_damaged_or_of_something_else_is_not_sound(void **state)
{
	X509 *certificate = certificate_for("", "");
	struct problem error = {""};
	struct verdict verdict;
	uint8_t *der;
	size_t len = sign(certificate, CONTENT, EVP_sha256(), CMS_DETACHED, &der);

	(void)state;
	assert_true(judge(certificate, (struct bytes){der, len}, OTHER, &verdict, &error));
	assert_false(verdict.sound || verdict.trusted);
	assert_non_null(strstr(verdict.why, "not of this content"));
	der[len - 1] ^= 1;
	assert_true(judge(certificate, (struct bytes){der, len}, CONTENT, &verdict, &error));
	assert_false(verdict.sound || verdict.trusted);
	OPENSSL_free(der);
	X509_free(certificate);
}

static void
put_no_time(CMS_SignerInfo *signer)
{
	assert_int_equal(CMS_signed_add1_attr_by_NID(signer, NID_pkcs9_signingTime, V_ASN1_UTCTIME,
						     "no time", 7),
			 1);
}

static void
put_no_stamp(CMS_SignerInfo *signer)
{
	assert_int_equal(CMS_unsigned_add1_attr_by_NID(signer, NID_id_smime_aa_timeStampToken,
						       V_ASN1_OCTET_STRING, "stamp", 5),
			 1);
}

static void
put_empty_stamp(CMS_SignerInfo *signer)
{
	assert_int_equal(CMS_unsigned_add1_attr_by_NID(signer, NID_id_smime_aa_timeStampToken,
						       V_ASN1_SEQUENCE, "\x30", 2),
			 1);
}

/* The signature itself is sound. */
static void
times_that_are_none_are_not_said(void **state)
{
	static const struct {
		void (*before)(CMS_SignerInfo *), (*after)(CMS_SignerInfo *);
		unsigned flags;
		bool claimed;
		const char *why;
	} signatures[] = {
	    {NULL, NULL, 0, true, ""},
	    {NULL, NULL, CMS_NOATTR, false, ""},
	    {put_no_time, NULL, 0, false, ""},
	    {NULL, put_no_stamp, 0, true, "the time stamp cannot be read"},
	    {NULL, put_empty_stamp, 0, true, "the time stamp cannot be read"},
	};
	X509 *certificate = certificate_for("", "");
	struct problem error = {""};
	struct verdict verdict;

	(void)state;
	for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
		uint8_t *der;
		char *reason;
		size_t len = sign_with(certificate, CONTENT, EVP_sha256(),
				       CMS_DETACHED | signatures[i].flags, signatures[i].before,
				       signatures[i].after, &der);

		assert_true(
		    judge(certificate, (struct bytes){der, len}, CONTENT, &verdict, &error));
		assert_true(verdict.sound && verdict.trusted);
		assert_int_equal(verdict.has_claimed, signatures[i].claimed);
		assert_false(verdict.stamped || verdict.stamp_trusted);
		reason = strchr(verdict.stamp_why, ':');
		assert_int_equal(reason != NULL, signatures[i].after == put_empty_stamp);
		if (reason != NULL)
			*reason = '\0'; /* OpenSSL's words */
		assert_string_equal(verdict.stamp_why, signatures[i].why);
		OPENSSL_free(der);
	}
	X509_free(certificate);
}

static int
make_key(void **state)
{
	(void)state;
	key = EVP_EC_gen("P-256");
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
	    cmocka_unit_test(a_content_that_is_brought_along_is_the_only_one),
	    cmocka_unit_test(a_content_that_is_nowhere_is_asked_for),
	    cmocka_unit_test(a_hash_that_is_weak_is_not_valid),
	    cmocka_unit_test(a_certificate_for_something_else_is_not_trusted),
	    cmocka_unit_test(a_message_without_a_signature_is_none),
	    cmocka_unit_test(what_is_no_cms_signature_is_none),
	    cmocka_unit_test(a_signature_without_its_certificate_is_not_judged),
	    cmocka_unit_test(a_byte_behind_a_signature_is_too_much),
	    cmocka_unit_test(a_signature_that_is_damaged_or_of_something_else_is_not_sound),
	    cmocka_unit_test(times_that_are_none_are_not_said),
	};

	return cmocka_run_group_tests(tests, make_key, free_key);
}
