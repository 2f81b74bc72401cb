/* Field encryption, certificates and chains, against the published certificate and vectors
 * (reference cmd.md 5, 11 and 20). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmdbridge/certificate.h"
#include "cmdbridge/cipher.h"
#include "test-issue.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <unistd.h>

#define FIXTURES "tests/fixtures/cmd/"
#define CIFRA "packaging/cmd-cifra-2026.cer"

enum { VECTOR_MAX = 1024, CHAIN_ROOM = 16384 };

static char error[CIPHER_ERROR_MAX];

/* The base64 value after `label` in vectors.txt. */
static size_t
vector(const char *label, uint8_t *value)
{
	char line[VECTOR_MAX], *text;
	FILE *stream = fopen(FIXTURES "vectors.txt", "r");
	int len = -1;

	assert_non_null(stream);
	while (len < 0 && fgets(line, sizeof(line), stream)) {
		if (strncmp(line, label, strlen(label)) != 0)
			continue;
		text = line + strlen(label);
		text[strcspn(text, "\r\n")] = '\0';
		len = EVP_DecodeBlock(value, (uint8_t *)text, (int)strlen(text));
		for (size_t end = strlen(text); end > 0 && text[end - 1] == '='; end--)
			len--;
	}
	fclose(stream);
	assert_true(len > 0);
	return (size_t)len;
}

static void
the_published_certificate_is_opened(void **state)
{
	struct cipher cipher;
	char date[CERTIFICATE_DATE_SIZE];

	(void)state;
	assert_int_equal(cipher_open(CIFRA, &cipher, error), CIPHER_OK);
	certificate_date(X509_get0_notAfter(cipher.certificate), date);
	assert_string_equal(date, "2029-03-23"); /* cmd.md 5 */
	cipher_close(&cipher);
}

static void
der_is_opened_like_pem(void **state)
{
	struct cipher pem, der;
	char path[] = "/tmp/vicar-cifra-XXXXXX";
	FILE *stream;

	(void)state;
	assert_int_equal(cipher_open(CIFRA, &pem, error), CIPHER_OK);
	stream = fdopen(mkstemp(path), "w");
	i2d_X509_fp(stream, pem.certificate);
	fclose(stream);
	assert_int_equal(cipher_open(path, &der, error), CIPHER_OK);
	assert_int_equal(X509_cmp(pem.certificate, der.certificate), 0);
	cipher_close(&pem);
	cipher_close(&der);
	unlink(path);
}

/* cmd.md 20: EM = 00 02 A5.. 00 text. With the padding given, only one cipher text is right: that
 * our key, its number order and our base64 are those of the service. */
static void
the_key_gives_the_vector_of_fixed_padding(void **state)
{
	uint8_t expected[VECTOR_MAX], block[256], out[256];
	size_t len = sizeof(out);
	struct cipher cipher;
	EVP_PKEY_CTX *context;

	(void)state;
	assert_int_equal(vector("rsa-fixedpad \"1234\" ", expected), sizeof(out));
	memset(block, 0xA5, sizeof(block));
	block[0] = 0x00;
	block[1] = 0x02;
	memcpy(block + sizeof(block) - 5, "\0001234", 5);
	assert_int_equal(cipher_open(CIFRA, &cipher, error), CIPHER_OK);
	context = EVP_PKEY_CTX_new(cipher.key, NULL);
	assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING), 1);
	assert_int_equal(EVP_PKEY_encrypt(context, out, &len, block, sizeof(block)), 1);
	assert_memory_equal(out, expected, sizeof(out));
	EVP_PKEY_CTX_free(context);
	cipher_close(&cipher);
}

/* RSA-2048: 256 bytes, 344 characters, no line breaks (cmd.md 5). */
static void
a_field_is_344_characters_of_base64(void **state)
{
	char first[CIPHER_TEXT_MAX], second[CIPHER_TEXT_MAX];
	struct cipher cipher;

	(void)state;
	assert_int_equal(cipher_open(CIFRA, &cipher, error), CIPHER_OK);
	assert_true(cipher_encrypt(&cipher, "+351 910000000", first));
	assert_true(cipher_encrypt(&cipher, "+351 910000000", second));
	assert_int_equal(strlen(first), 344);
	assert_null(strpbrk(first, "\r\n "));
	assert_string_not_equal(first, second); /* random padding */
	cipher_close(&cipher);
}

static void
the_holder_of_the_key_reads_the_text(void **state)
{
	struct issued issued = issue_self_signed(-1, 1, 2048);
	char path[] = "/tmp/vicar-cifra-XXXXXX", base64[CIPHER_TEXT_MAX];
	uint8_t block[CIPHER_TEXT_MAX], out[256];
	size_t len = sizeof(out);
	struct cipher cipher;
	EVP_PKEY_CTX *context;

	(void)state;
	issue_write(&issued, path);
	assert_int_equal(cipher_open(path, &cipher, error), CIPHER_OK);
	assert_true(cipher_encrypt(&cipher, "123456", base64));
	EVP_DecodeBlock(block, (uint8_t *)base64, (int)strlen(base64));
	context = EVP_PKEY_CTX_new(issued.key, NULL);
	assert_int_equal(EVP_PKEY_decrypt_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING), 1);
	assert_int_equal(EVP_PKEY_decrypt(context, out, &len, block, 256), 1);
	assert_int_equal(len, 6);
	assert_memory_equal(out, "123456", 6);
	EVP_PKEY_CTX_free(context);
	cipher_close(&cipher);
	unlink(path);
	issue_free(&issued);
}

static void
an_expired_certificate_is_not_used(void **state)
{
	struct issued issued = issue_self_signed(-2, -1, 2048);
	char path[] = "/tmp/vicar-cifra-XXXXXX";
	struct cipher cipher;

	(void)state;
	issue_write(&issued, path);
	assert_int_equal(cipher_open(path, &cipher, error), CIPHER_EXPIRED);
	assert_null(cipher.certificate);
	assert_non_null(strstr(error, "valid until"));
	unlink(path);
	issue_free(&issued);
}

static void
a_short_key_is_not_used(void **state)
{
	struct issued issued = issue_self_signed(-1, 1, 1024);
	char path[] = "/tmp/vicar-cifra-XXXXXX";
	struct cipher cipher;

	(void)state;
	issue_write(&issued, path);
	assert_int_equal(cipher_open(path, &cipher, error), CIPHER_UNUSABLE);
	unlink(path);
	issue_free(&issued);
}

static void
a_missing_certificate_is_named(void **state)
{
	struct cipher cipher;

	(void)state;
	assert_int_equal(cipher_open("/nonexistent/cifra.pem", &cipher, error), CIPHER_UNUSABLE);
	assert_non_null(strstr(error, "/nonexistent/cifra.pem"));
}

static void
what_is_no_certificate_is_not_used(void **state)
{
	struct cipher cipher;

	(void)state;
	assert_int_equal(cipher_open(FIXTURES "vectors.txt", &cipher, error), CIPHER_UNUSABLE);
}

static struct bytes
read_chain(char *room, size_t size)
{
	FILE *stream = fopen(FIXTURES "chain-leaf-root-ca.pem", "r");
	size_t len;

	assert_non_null(stream);
	len = fread(room, 1, size, stream);
	fclose(stream);
	return (struct bytes){(uint8_t *)room, len};
}

static X509 *
take_certificate(const uint8_t **at, const uint8_t *end)
{
	return d2i_X509(NULL, at, end - *at);
}

static bool
is_named(X509 *certificate, const char *word)
{
	char name[512];

	X509_NAME_oneline(X509_get_subject_name(certificate), name, sizeof(name));
	return strstr(name, word) != NULL;
}

/* The file has leaf, root, CA (cmd.md 11). */
static void
a_chain_comes_out_leaf_then_issuers(void **state)
{
	char pem[CHAIN_ROOM];
	uint8_t der[CHAIN_ROOM];
	struct writer writer = writer_to(der, sizeof(der));
	const uint8_t *at = der;
	X509 *leaf, *ca, *root;

	(void)state;
	assert_true(certificate_chain(read_chain(pem, sizeof(pem)), &writer));
	leaf = take_certificate(&at, der + writer.len);
	ca = take_certificate(&at, der + writer.len);
	root = take_certificate(&at, der + writer.len);
	assert_ptr_equal(at, der + writer.len);
	assert_true(is_named(leaf, "MARIA"));
	assert_int_equal(X509_check_issued(ca, leaf), X509_V_OK);
	assert_int_equal(X509_check_issued(root, ca), X509_V_OK);
	assert_int_equal(X509_check_issued(root, root), X509_V_OK);
	X509_free(leaf);
	X509_free(ca);
	X509_free(root);
}

/* The official parser "tolerates a missing line break after BEGIN or before END" (cmd.md 11). */
static void
line_breaks_do_not_matter(void **state)
{
	char pem[CHAIN_ROOM];
	uint8_t with[CHAIN_ROOM], without[CHAIN_ROOM];
	struct writer expected = writer_to(with, sizeof(with));
	struct writer writer = writer_to(without, sizeof(without));
	struct bytes text = read_chain(pem, sizeof(pem));
	size_t kept = 0;

	(void)state;
	assert_true(certificate_chain(text, &expected));
	for (size_t i = 0; i < text.len; i++)
		if (pem[i] != '\r' && pem[i] != '\n')
			pem[kept++] = pem[i];
	assert_true(certificate_chain((struct bytes){(uint8_t *)pem, kept}, &writer));
	assert_int_equal(writer.len, expected.len);
	assert_memory_equal(without, with, writer.len);
}

static void
a_leaf_alone_is_a_chain(void **state)
{
	char pem[CHAIN_ROOM];
	uint8_t der[CHAIN_ROOM];
	struct writer writer = writer_to(der, sizeof(der));
	struct bytes text = read_chain(pem, sizeof(pem));

	(void)state;
	text.len = (size_t)(strstr(pem, "-----END CERTIFICATE-----") - pem) + 25;
	assert_true(certificate_chain(text, &writer));
	assert_int_equal(der[0], 0x30);
}

static void
two_leaves_are_no_chain(void **state)
{
	struct issued one = issue_self_signed(-1, 1, 2048), two = issue_self_signed(-1, 1, 2048);
	BIO *bio = BIO_new(BIO_s_mem());
	uint8_t der[CHAIN_ROOM];
	struct writer writer = writer_to(der, sizeof(der));
	char *text;
	long len;

	(void)state;
	PEM_write_bio_X509(bio, one.certificate);
	PEM_write_bio_X509(bio, two.certificate);
	len = BIO_get_mem_data(bio, &text);
	assert_false(certificate_chain((struct bytes){(uint8_t *)text, (size_t)len}, &writer));
	BIO_free(bio);
	issue_free(&one);
	issue_free(&two);
}

static void
a_chain_without_room_for_its_issuers_is_none(void **state)
{
	char pem[CHAIN_ROOM];
	uint8_t der[CHAIN_ROOM];
	struct writer whole = writer_to(der, sizeof(der)), writer;
	struct bytes text = read_chain(pem, sizeof(pem));

	(void)state;
	assert_true(certificate_chain(text, &whole));
	writer = writer_to(der, whole.len - 1);
	assert_false(certificate_chain(text, &writer));
}

static void
a_broken_block_breaks_the_chain(void **state)
{
	char pem[CHAIN_ROOM];
	uint8_t der[CHAIN_ROOM];
	struct writer writer = writer_to(der, sizeof(der));
	struct bytes text = read_chain(pem, sizeof(pem));

	(void)state;
	memset(pem + 200, '!', 4);
	assert_false(certificate_chain(text, &writer));
	assert_false(certificate_chain(BYTES_TEXT("no certificate"), &writer));
	assert_false(certificate_chain(BYTES_TEXT("-----BEGIN CERTIFICATE-----"), &writer));
	assert_false(certificate_chain(BYTES_NONE, &writer));
}

static X509 *
read_leaf(void)
{
	FILE *stream = fopen(FIXTURES "chain-leaf-root-ca.pem", "r");
	X509 *leaf = PEM_read_X509(stream, NULL, NULL, NULL);

	fclose(stream);
	assert_non_null(leaf);
	return leaf;
}

static void
a_published_signature_verifies(void **state)
{
	uint8_t digestinfo[VECTOR_MAX], signature[VECTOR_MAX];
	struct bytes info = {digestinfo, vector("digestinfo \"abc\" sha256 ", digestinfo)};
	struct bytes signed_by = {signature, vector("signature \"abc\" sha256 ", signature)};
	X509 *leaf = read_leaf();

	(void)state;
	assert_true(certificate_verifies(leaf, info, signed_by));
	X509_free(leaf);
}

static void
a_signature_of_something_else_does_not_verify(void **state)
{
	uint8_t digestinfo[VECTOR_MAX], signature[VECTOR_MAX];
	struct bytes info = {digestinfo, vector("digestinfo \"abc\" sha256 ", digestinfo)};
	struct bytes signed_by = {signature, vector("signature \"\" sha256 ", signature)};
	X509 *leaf = read_leaf();

	(void)state;
	assert_false(certificate_verifies(leaf, info, signed_by));
	assert_false(certificate_verifies(leaf, info, BYTES_NONE));
	signed_by.len--;
	assert_false(certificate_verifies(leaf, info, signed_by));
	X509_free(leaf);
}

static void
bytes_behind_a_certificate_are_refused(void **state)
{
	X509 *leaf = read_leaf();
	uint8_t der[4096], *end = der;
	int len = i2d_X509(leaf, &end);
	X509 *again;

	(void)state;
	again = certificate_parse((struct bytes){der, (size_t)len});
	assert_non_null(again);
	der[len] = 0;
	assert_null(certificate_parse((struct bytes){der, (size_t)len + 1}));
	X509_free(again);
	X509_free(leaf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_published_certificate_is_opened),
	    cmocka_unit_test(der_is_opened_like_pem),
	    cmocka_unit_test(the_key_gives_the_vector_of_fixed_padding),
	    cmocka_unit_test(a_field_is_344_characters_of_base64),
	    cmocka_unit_test(the_holder_of_the_key_reads_the_text),
	    cmocka_unit_test(an_expired_certificate_is_not_used),
	    cmocka_unit_test(a_short_key_is_not_used),
	    cmocka_unit_test(a_missing_certificate_is_named),
	    cmocka_unit_test(what_is_no_certificate_is_not_used),
	    cmocka_unit_test(a_chain_comes_out_leaf_then_issuers),
	    cmocka_unit_test(line_breaks_do_not_matter),
	    cmocka_unit_test(a_leaf_alone_is_a_chain),
	    cmocka_unit_test(two_leaves_are_no_chain),
	    cmocka_unit_test(a_chain_without_room_for_its_issuers_is_none),
	    cmocka_unit_test(a_broken_block_breaks_the_chain),
	    cmocka_unit_test(a_published_signature_verifies),
	    cmocka_unit_test(a_signature_of_something_else_does_not_verify),
	    cmocka_unit_test(bytes_behind_a_certificate_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
