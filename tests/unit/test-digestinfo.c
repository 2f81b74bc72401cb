/*
 * DigestInfo: the prefixes of cmd.md section 6 (RFC 8017 section 9.2 note 1) and the vectors of
 * cmd-examples/vectors.txt, computed there from the texts "" and "abc".
 */
#include "iso7816/digestinfo.h"

#include <openssl/evp.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "hex.h"

static const struct {
	enum digest digest;
	const char *prefix; /* cmd.md section 6 */
	size_t total;
} forms[] = {
    {DIGEST_SHA256, "3031300d060960864801650304020105000420", 51},
    {DIGEST_SHA384, "3041300d060960864801650304020205000430", 67},
    {DIGEST_SHA512, "3051300d060960864801650304020305000440", 83},
    {DIGEST_SHA224, "302d300d06096086480165030402040500041c", 47},
    {DIGEST_SHA1, "3021300906052b0e03021a05000414", 35},
    {DIGEST_RIPEMD160, "3021300906052b2403020105000414", 35},
    {DIGEST_MD5, "3020300c06082a864886f70d020505000410", 34},
};

enum { FORMS = sizeof(forms) / sizeof(forms[0]) };

static const struct {
	const char *text;
	enum digest digest;
	const char *base64; /* vectors.txt, lines "digestinfo" */
} vectors[] = {
    {"", DIGEST_SHA256, "MDEwDQYJYIZIAWUDBAIBBQAEIOOwxEKY/BwUmvv0yJlvuSQnrkHkZJuTTKSVmRt4UrhV"},
    {"", DIGEST_SHA384,
     "MEEwDQYJYIZIAWUDBAICBQAEMDiwYKdRrJY4TNkyfrGx42oh/"
     "bcRFL4HQ0wMx79j9uHaJ07ev+dvZfvVGtLxSJi5Ww=="},
    {"", DIGEST_SHA512,
     "MFEwDQYJYIZIAWUDBAIDBQAEQM+D4TV+77i98VQoUNZtgAfWIOQFC1cV3IP0qSHTbOnOR9DRPF2F8rD/"
     "gxjSh37sL2O5Mb1HQXqBpTgyevkn2j4="},
    {"", DIGEST_SHA224, "MC0wDQYJYIZIAWUDBAIEBQAEHNFKAowqOivJR2ECuyiCNMQVorAfgo6mKsWz5C8="},
    {"", DIGEST_SHA1, "MCEwCQYFKw4DAhoFAAQU2jmj7l5rSw0yVb/vlWAYkK/YBwk="},
    {"", DIGEST_MD5, "MCAwDAYIKoZIhvcNAgUFAAQQ1B2M2Y8AsgTpgAmY7PhCfg=="},
    {"abc", DIGEST_SHA256, "MDEwDQYJYIZIAWUDBAIBBQAEILp4Fr+PAc/qQUFA3l2uIiOwA2Gjlhd6nLQQ/2HyABWt"},
    {"abc", DIGEST_SHA384,
     "MEEwDQYJYIZIAWUDBAICBQAEMMsAdT9Fo16LtaA9aZrGUAcnLDKrDt7RYxqLYFpD/"
     "1vtgIYHK6HnzCNYuuyhNMglpw=="},
    {"abc", DIGEST_SHA512,
     "MFEwDQYJYIZIAWUDBAIDBQAEQN2vNaGTYXq6zEFzSa4gQTES5vpOial+ogqe7uZLVdOaIZKZKidPwag2ujwjo/"
     "7rvUVNRCNkPOgOKprJT6VMpJ8="},
    {"abc", DIGEST_SHA224, "MC0wDQYJYIZIAWUDBAIEBQAEHCMJfSI0BdgihkKkd72iVbMqrbzkvaCz9+Nsnac="},
    {"abc", DIGEST_SHA1, "MCEwCQYFKw4DAhoFAAQUqZk+NkcGgWq6PiVxeFDCbJzQ2J0="},
    {"abc", DIGEST_MD5, "MCAwDAYIKoZIhvcNAgUFAAQQkAFQmDzST7DWlj99KOF/cg=="},
};

/* Digests are only names here: OpenSSL computes. */
static struct hex
digest_of(enum digest digest, const char *text)
{
	struct hex value;
	unsigned len = 0;
	EVP_MD *md = EVP_MD_fetch(NULL, digest_name(digest), NULL);

	assert_non_null(md);
	assert_int_equal(EVP_Digest(text, strlen(text), value.data, &len, md, NULL), 1);
	EVP_MD_free(md);
	value.len = len;
	return value;
}

static void
building_gives_the_published_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct hex value = digest_of(vectors[i].digest, vectors[i].text);
		uint8_t data[DIGESTINFO_LEN_MAX];
		char base64[128];
		struct writer writer = writer_to(data, sizeof(data));

		assert_true(digestinfo_build(vectors[i].digest, HEX(value), &writer));
		EVP_EncodeBlock((unsigned char *)base64, data, (int)writer.len);
		assert_string_equal(base64, vectors[i].base64);
	}
}

/* As a form, its value 00 01 02 ... */
static struct hex
form(size_t i)
{
	struct hex bytes = hex(forms[i].prefix);

	for (uint8_t value = 0; bytes.len < forms[i].total; value++)
		bytes.data[bytes.len++] = value;
	return bytes;
}

static void
each_of_the_seven_forms_is_built(void **state)
{
	(void)state;
	assert_int_equal(FORMS, DIGEST_COUNT);
	for (size_t i = 0; i < FORMS; i++) {
		struct hex expected = form(i);
		const size_t len = digest_len(forms[i].digest);
		const struct bytes value = {expected.data + expected.len - len, len};
		uint8_t data[DIGESTINFO_LEN_MAX];
		struct writer writer = writer_to(data, sizeof(data));

		assert_true(digestinfo_build(forms[i].digest, value, &writer));
		assert_true(bytes_equal(writer_bytes(&writer), HEX(expected)));
	}
}

static void
each_of_the_seven_forms_is_recognised(void **state)
{
	(void)state;
	for (size_t i = 0; i < FORMS; i++) {
		struct hex bytes = form(i);
		const size_t len = digest_len(forms[i].digest);
		enum digest digest;
		struct bytes value;

		assert_true(digestinfo_parse(HEX(bytes), &digest, &value));
		assert_int_equal(digest, forms[i].digest);
		assert_int_equal(value.len, len);
		assert_ptr_equal(value.data, bytes.data + bytes.len - len);
	}
}

static void
a_changed_prefix_byte_is_not_recognised(void **state)
{
	(void)state;
	for (size_t i = 0; i < FORMS; i++) {
		const size_t prefix_len = forms[i].total - digest_len(forms[i].digest);

		for (size_t at = 0; at < prefix_len; at++) {
			struct hex bytes = form(i);
			enum digest digest;
			struct bytes value;

			bytes.data[at] ^= 0x80;
			assert_false(digestinfo_parse(HEX(bytes), &digest, &value));
		}
	}
}

static void
a_value_that_is_cut_or_followed_by_more_is_not_recognised(void **state)
{
	(void)state;
	for (size_t i = 0; i < FORMS; i++) {
		struct hex bytes = form(i);
		enum digest digest;
		struct bytes value;

		assert_false(
		    digestinfo_parse((struct bytes){bytes.data, bytes.len - 1}, &digest, &value));
		bytes.data[bytes.len] = 0;
		assert_false(
		    digestinfo_parse((struct bytes){bytes.data, bytes.len + 1}, &digest, &value));
	}
}

/* The form without NULL parameters is equivalent by RFC 8017 appendix B.1, but no card or service
 * takes it. */
static void
a_form_without_the_null_is_not_recognised(void **state)
{
	struct hex bytes = hex("301F 3007 06052B0E03021A 0414 "
			       "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709");
	enum digest digest;
	struct bytes value;

	(void)state;
	assert_false(digestinfo_parse(HEX(bytes), &digest, &value));
}

static void
a_bare_hash_and_nothing_at_all_are_not_recognised(void **state)
{
	struct hex bytes = hex("E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855");
	enum digest digest;
	struct bytes value;

	(void)state;
	assert_false(digestinfo_parse(HEX(bytes), &digest, &value));
	assert_false(digestinfo_parse(BYTES_NONE, &digest, &value));
}

static void
a_value_of_another_length_is_not_built(void **state)
{
	uint8_t data[DIGESTINFO_LEN_MAX], value[33] = {0};
	struct writer writer = writer_to(data, sizeof(data));

	(void)state;
	assert_false(digestinfo_build(DIGEST_SHA256, (struct bytes){value, 31}, &writer));
	assert_false(digestinfo_build(DIGEST_SHA256, (struct bytes){value, 33}, &writer));
	assert_int_equal(writer.len, 0);
}

static void
without_room_nothing_is_built(void **state)
{
	uint8_t data[DIGESTINFO_LEN_MAX], value[32] = {0};
	struct writer writer = writer_to(data, 50);

	(void)state;
	assert_false(digestinfo_build(DIGEST_SHA256, BYTES(value), &writer));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(building_gives_the_published_vectors),
	    cmocka_unit_test(each_of_the_seven_forms_is_built),
	    cmocka_unit_test(each_of_the_seven_forms_is_recognised),
	    cmocka_unit_test(a_changed_prefix_byte_is_not_recognised),
	    cmocka_unit_test(a_value_that_is_cut_or_followed_by_more_is_not_recognised),
	    cmocka_unit_test(a_form_without_the_null_is_not_recognised),
	    cmocka_unit_test(a_bare_hash_and_nothing_at_all_are_not_recognised),
	    cmocka_unit_test(a_value_of_another_length_is_not_built),
	    cmocka_unit_test(without_room_nothing_is_built),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
