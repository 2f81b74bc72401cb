/* CMS signatures made in two steps, each scheme and form judged by OpenSSL. */
#include "tools/vicar/cms_draft.h"

#include "cmdbridge/keyuse.h"
#include "tools/vicar/verdict.h"
#include "tools/x509.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NOW = 1795231325 };

#define CONTENT BYTES_TEXT("what is signed")

static EVP_PKEY *keys[2]; /* RSA, EC */

static X509 *
certificate_of(EVP_PKEY *key)
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
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
	return certificate;
}

static void
make_signer(struct signer *signer, enum keyfile_operation use, enum digest digest)
{
	memset(signer, 0, sizeof(*signer));
	signer->use = use;
	signer->digest = digest;
	signer->certificate = certificate_of(keys[use == KEYFILE_SIGN_ECDSA]);
	signer->issuers = sk_X509_new_null();
	assert_non_null(signer->issuers);
}

static void
free_signer(struct signer *signer)
{
	X509_free(signer->certificate);
	sk_X509_free(signer->issuers);
}

/* What card or service would do. */
static void
sign(const struct signer *signer, struct cms_draft *draft)
{
	const struct bytes hash = {draft->hash, draft->hash_len};
	uint8_t input_room[DIGESTINFO_LEN_MAX], output_room[KEY_OUTPUT_MAX], *signature;
	struct writer input = writer_to(input_room, sizeof(input_room));
	struct writer output = writer_to(output_room, sizeof(output_room));
	size_t len;

	assert_true(signer_input(signer, hash, &input));
	assert_int_equal(keyuse(keys[signer->use == KEYFILE_SIGN_ECDSA], signer->use,
				signer->digest, writer_bytes(&input), &output),
			 KEYFILE_OK);
	assert_true(signer_signature(signer, hash, writer_bytes(&output), &signature, &len));
	assert_true(cms_draft_finish(draft, (struct bytes){signature, len}));
	OPENSSL_free(signature);
	/* A signature of something else is none. */
	output_room[0] ^= 1;
	assert_false(signer_signature(signer, hash, writer_bytes(&output), &signature, &len));
}

static void
make(const struct signer *signer, enum cms_kind kind, uint8_t **der, size_t *len)
{
	uint8_t hash[DIGEST_LEN_MAX];
	unsigned hash_len = 0;
	struct cms_draft draft;

	assert_int_equal(
	    EVP_Digest(CONTENT.data, CONTENT.len, hash, &hash_len, signer_md(signer), NULL), 1);
	assert_true(
	    cms_draft_new(&draft, signer, kind, (struct bytes){hash, hash_len}, CONTENT, NOW));
	sign(signer, &draft);
	assert_true(cms_draft_der(&draft, der, len));
	cms_draft_free(&draft);
}

static void
judge(const struct signer *signer, struct bytes cms, struct bytes content,
      struct verdicts *verdicts)
{
	X509_STORE *store = X509_STORE_new();
	const struct trusted trusted = {store, store};
	struct problem error;

	assert_int_equal(X509_STORE_add_cert(store, signer->certificate), 1);
	assert_true(verdict_of_cms(cms, content, &trusted, verdicts, &error));
	assert_int_equal(verdicts->count, 1);
	X509_STORE_free(store);
}

static void
each_scheme_is_valid_in_each_form(void **state)
{
	static const struct {
		enum keyfile_operation use;
		enum digest digest;
	} schemes[] = {
	    {KEYFILE_SIGN_PKCS1, DIGEST_SHA256}, {KEYFILE_SIGN_PKCS1, DIGEST_SHA512},
	    {KEYFILE_SIGN_PSS, DIGEST_SHA256},   {KEYFILE_SIGN_PSS, DIGEST_SHA384},
	    {KEYFILE_SIGN_ECDSA, DIGEST_SHA256}, {KEYFILE_SIGN_ECDSA, DIGEST_SHA384},
	};
	struct verdicts verdicts;
	struct signer signer;
	uint8_t *der;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		make_signer(&signer, schemes[i].use, schemes[i].digest);
		for (int kind = CMS_DRAFT_DETACHED; kind <= CMS_DRAFT_PDF; kind++) {
			make(&signer, (enum cms_kind)kind, &der, &len);
			judge(&signer, (struct bytes){der, len},
			      kind == CMS_DRAFT_ATTACHED ? BYTES_NONE : CONTENT, &verdicts);
			assert_true(verdicts.each[0].sound);
			assert_true(verdicts.each[0].trusted);
			assert_string_equal(verdicts.each[0].anchor, "Maria");
			assert_int_equal(verdicts.each[0].has_claimed, kind != CMS_DRAFT_PDF);
			verdicts_free(&verdicts);
			OPENSSL_free(der);
		}
		free_signer(&signer);
	}
}

static void
the_signing_time_is_what_was_said(void **state)
{
	struct verdicts verdicts;
	struct signer signer;
	uint8_t *der;
	size_t len;

	(void)state;
	make_signer(&signer, KEYFILE_SIGN_ECDSA, DIGEST_SHA256);
	make(&signer, CMS_DRAFT_DETACHED, &der, &len);
	judge(&signer, (struct bytes){der, len}, CONTENT, &verdicts);
	assert_int_equal(verdicts.each[0].claimed, NOW);
	verdicts_free(&verdicts);
	OPENSSL_free(der);
	free_signer(&signer);
}

static void
another_content_is_not_what_was_signed(void **state)
{
	struct verdicts verdicts;
	struct signer signer;
	uint8_t *der;
	size_t len;

	(void)state;
	make_signer(&signer, KEYFILE_SIGN_ECDSA, DIGEST_SHA256);
	make(&signer, CMS_DRAFT_DETACHED, &der, &len);
	judge(&signer, (struct bytes){der, len}, BYTES_TEXT("what is Signed"), &verdicts);
	assert_false(verdicts.each[0].sound);
	assert_false(verdicts.each[0].trusted);
	assert_int_not_equal(verdicts.each[0].why[0], '\0');
	verdicts_free(&verdicts);
	OPENSSL_free(der);
	free_signer(&signer);
}

static void
what_is_no_signature_is_said_to_be_none(void **state)
{
	const struct trusted trusted = {X509_STORE_new(), NULL};
	struct verdicts verdicts;
	struct problem error = {""};

	(void)state;
	assert_false(verdict_of_cms(CONTENT, CONTENT, &trusted, &verdicts, &error));
	assert_int_not_equal(error.text[0], '\0');
	assert_false(verdict_of_cms(BYTES_NONE, CONTENT, &trusted, &verdicts, &error));
	X509_STORE_free(trusted.signers);
}

static void
only_zeros_may_stand_behind_a_padded_signature(void **state)
{
	struct trusted trusted = {X509_STORE_new(), NULL};
	struct verdicts verdicts;
	struct signer signer;
	uint8_t *der, *padded;
	struct problem error;
	size_t len;

	(void)state;
	make_signer(&signer, KEYFILE_SIGN_ECDSA, DIGEST_SHA256);
	make(&signer, CMS_DRAFT_PDF, &der, &len);
	padded = calloc(1, len + 10);
	assert_non_null(padded);
	memcpy(padded, der, len);
	assert_true(verdict_of_padded((struct bytes){padded, len + 10}, CONTENT, &trusted,
				      &verdicts, &error));
	assert_true(verdicts.each[0].sound);
	verdicts_free(&verdicts);
	padded[len + 5] = 1;
	assert_false(verdict_of_padded((struct bytes){padded, len + 10}, CONTENT, &trusted,
				       &verdicts, &error));
	assert_false(
	    verdict_of_cms((struct bytes){padded, len + 10}, CONTENT, &trusted, &verdicts, &error));
	X509_STORE_free(trusted.signers);
	free(padded);
	OPENSSL_free(der);
	free_signer(&signer);
}

static int
make_keys(void **state)
{
	(void)state;
	keys[0] = EVP_RSA_gen(2048);
	keys[1] = EVP_EC_gen("P-256");
	return keys[0] != NULL && keys[1] != NULL ? 0 : -1;
}

static int
free_keys(void **state)
{
	(void)state;
	EVP_PKEY_free(keys[0]);
	EVP_PKEY_free(keys[1]);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_scheme_is_valid_in_each_form),
	    cmocka_unit_test(the_signing_time_is_what_was_said),
	    cmocka_unit_test(another_content_is_not_what_was_signed),
	    cmocka_unit_test(what_is_no_signature_is_said_to_be_none),
	    cmocka_unit_test(only_zeros_may_stand_behind_a_padded_signature),
	};

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
