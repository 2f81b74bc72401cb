/*
 * The certificates a card is made of, and the serial number that follows from them.
 */
#include "test-vicar.h"

#include "tools/vicar/chain.h"
#include "tools/serial.h"

#include <time.h>

#define SIGNING "critical,nonRepudiation"

/* Root, issuing CA and leaf, as a service has them (reference: cmd.md 11). */
struct hierarchy {
	X509 *leaf, *ca, *root;
};

static struct hierarchy
hierarchy(void)
{
	struct hierarchy h;

	h.root = test_certificate(&(struct test_certificate){.name = "Root", .authority = true});
	h.ca = test_certificate(
	    &(struct test_certificate){.name = "CA", .authority = true, .issuer = h.root});
	h.leaf = test_certificate(&(struct test_certificate){
	    .name = "Maria", .key = test_key(3072), .issuer = h.ca, .key_usage = SIGNING});
	return h;
}

static void
free_hierarchy(struct hierarchy *h)
{
	X509_free(h->leaf);
	X509_free(h->ca);
	X509_free(h->root);
}

static bool
reads(X509 *const *certificates, size_t count, struct chain *chain, struct problem *error)
{
	uint8_t der[8192] = {0};

	return chain_read((struct bytes){der, test_der(certificates, count, der)}, chain, error);
}

static void
assert_leaf_refused(const struct test_certificate *spec, const char *reason)
{
	X509 *leaf = test_certificate(spec);
	const struct chain chain = {.certificates = {leaf}, .count = 1};
	struct problem error = {""};

	assert_false(chain_check(&chain, time(NULL), &error));
	assert_non_null(strstr(error.text, reason));
	X509_free(leaf);
}

static void
a_chain_of_three_is_read_and_links(void **state)
{
	struct hierarchy h = hierarchy();
	struct problem error = {"no error"};
	struct chain chain;

	(void)state;
	assert_true(reads((X509 *[]){h.leaf, h.ca, h.root}, 3, &chain, &error));
	assert_int_equal(chain.count, 3);
	assert_true(chain_check(&chain, time(NULL), &error));
	chain_free(&chain);
	free_hierarchy(&h);
}

static void
a_chain_without_its_root_is_enough(void **state)
{
	struct hierarchy h = hierarchy();
	struct problem error = {""};
	struct chain chain;

	(void)state;
	assert_true(reads((X509 *[]){h.leaf, h.ca}, 2, &chain, &error));
	assert_true(chain_check(&chain, time(NULL), &error));
	chain_free(&chain);
	free_hierarchy(&h);
}

static void
a_chain_in_another_order_is_refused(void **state)
{
	struct hierarchy h = hierarchy();
	struct problem error = {""};
	struct chain chain;

	(void)state;
	assert_true(reads((X509 *[]){h.leaf, h.root, h.ca}, 3, &chain, &error));
	assert_false(chain_check(&chain, time(NULL), &error));
	assert_non_null(strstr(error.text, "Maria was not issued by Root"));
	chain_free(&chain);
	free_hierarchy(&h);
}

static void
an_issuer_of_the_right_name_and_another_key_is_refused(void **state)
{
	struct hierarchy h = hierarchy();
	X509 *impostor = test_certificate(
	    &(struct test_certificate){.name = "CA", .authority = true, .key = test_key(3072)});
	const struct chain chain = {.certificates = {h.leaf, impostor}, .count = 2};
	struct problem error = {""};

	(void)state;
	assert_false(chain_check(&chain, time(NULL), &error));
	assert_non_null(strstr(error.text, "was not issued by CA"));
	X509_free(impostor);
	free_hierarchy(&h);
}

static void
no_certificate_at_all_is_refused(void **state)
{
	struct problem error = {""};
	struct chain chain;

	(void)state;
	assert_false(chain_read(BYTES_NONE, &chain, &error));
	assert_non_null(strstr(error.text, "account is active"));
}

static void
a_truncated_certificate_is_refused(void **state)
{
	struct hierarchy h = hierarchy();
	struct problem error = {""};
	struct chain chain;
	uint8_t der[8192] = {0};
	size_t len = test_der((X509 *[]){h.leaf, h.ca}, 2, der);

	(void)state;
	assert_false(chain_read((struct bytes){der, len - 1}, &chain, &error));
	assert_non_null(strstr(error.text, "certificate 2"));
	assert_int_equal(chain.count, 0);
	free_hierarchy(&h);
}

static void
more_certificates_than_an_image_holds_are_refused(void **state)
{
	struct hierarchy h = hierarchy();
	X509 *many[CHAIN_MAX + 1];
	struct problem error = {""};
	struct chain chain;
	static uint8_t der[32768];

	(void)state;
	for (size_t i = 0; i < CHAIN_MAX + 1; i++)
		many[i] = h.leaf;
	assert_false(
	    chain_read((struct bytes){der, test_der(many, CHAIN_MAX + 1, der)}, &chain, &error));
	assert_non_null(strstr(error.text, "a card holds no more"));
	free_hierarchy(&h);
}

static void
an_authority_is_no_card_holder(void **state)
{
	(void)state;
	assert_leaf_refused(&(struct test_certificate){.name = "CA", .authority = true},
			    "is an authority's");
}

static void
a_key_that_may_only_encrypt_is_refused(void **state)
{
	(void)state;
	assert_leaf_refused(
	    &(struct test_certificate){.name = "Maria", .key_usage = "critical,keyEncipherment"},
	    "may not sign");
}

static void
an_expired_leaf_is_refused_with_its_date(void **state)
{
	(void)state;
	assert_leaf_refused(
	    &(struct test_certificate){.name = "Maria", .from_days = -9, .to_days = -3},
	    "Maria expired on 2");
}

static void
a_leaf_of_the_future_is_refused(void **state)
{
	(void)state;
	assert_leaf_refused(
	    &(struct test_certificate){.name = "Maria", .from_days = 2, .to_days = 9},
	    "not valid yet");
}

static void
a_key_that_no_card_has_is_refused(void **state)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	(void)state;
	assert_leaf_refused(
	    &(struct test_certificate){.name = "Maria", .key = key, .key_usage = SIGNING},
	    "is of no kind that cards have");
	EVP_PKEY_free(key);
}

static void
the_days_left_are_whole_days(void **state)
{
	X509 *leaf = test_certificate(
	    &(struct test_certificate){.name = "Maria", .from_days = -1, .to_days = 10});
	long days = 0;

	(void)state;
	assert_true(chain_days_left(leaf, time(NULL), &days));
	assert_int_equal(days, 10);
	X509_free(leaf);
}

static void
a_certificate_that_ended_an_hour_ago_has_negative_days_left(void **state)
{
	X509 *leaf = test_certificate(
	    &(struct test_certificate){.name = "Maria", .from_days = -9, .to_days = -1});
	long days = 0;

	(void)state;
	assert_true(chain_days_left(leaf, time(NULL) - 22L * 3600, &days));
	assert_true(days < 0);
	X509_free(leaf);
}

static void
a_subject_cannot_send_commands_to_the_terminal(void **state)
{
	X509 *leaf = test_certificate(&(struct test_certificate){.name = "M\033[2Jaria"});
	char name[CHAIN_NAME_MAX];

	(void)state;
	chain_subject(leaf, name);
	assert_string_equal(name, "M?[2Jaria");
	X509_free(leaf);
}

/* SHA-256 of "abc", FIPS 180-4: BA7816BF 8F01CFEA 414140DE 5DAE2223 ... */
static void
a_cc_serial_is_eight_bytes_of_the_hash(void **state)
{
	static const uint8_t expected[] = {0xBA, 0x78, 0x16, 0xBF, 0x8F, 0x01, 0xCF, 0xEA};
	uint8_t serial[IMAGE_SERIAL_MAX];
	size_t len = 0;

	(void)state;
	assert_true(serial_derive("cc-v1", BYTES_TEXT("abc"), serial, &len));
	assert_int_equal(len, sizeof(expected));
	assert_memory_equal(serial, expected, sizeof(expected));
}

/* The same hash, each byte's last two decimal digits: 186, 120, 22, 191, 143, 1, 207, 234, 65, 65. */
static void
a_fineid_serial_is_twenty_decimal_digits(void **state)
{
	static const uint8_t expected[] = {0x86, 0x20, 0x22, 0x91, 0x43,
					   0x01, 0x07, 0x34, 0x65, 0x65};
	uint8_t serial[IMAGE_SERIAL_MAX];
	size_t len = 0;

	(void)state;
	assert_true(serial_derive("fineid-v2", BYTES_TEXT("abc"), serial, &len));
	assert_int_equal(len, sizeof(expected));
	assert_memory_equal(serial, expected, sizeof(expected));
}

/* The same hash, each byte's last decimal digit. */
static void
a_serial_of_digits_in_ascii_is_a_digit_for_each_byte(void **state)
{
	uint8_t serial[IMAGE_SERIAL_MAX];
	size_t len = 0;

	(void)state;
	assert_true(serial_derive("fineid-v4", BYTES_TEXT("abc"), serial, &len));
	assert_int_equal(len, 12);
	assert_memory_equal(serial, "6021317455", 10);
}

static void
two_certificates_have_two_serials(void **state)
{
	uint8_t one[IMAGE_SERIAL_MAX] = {0}, other[IMAGE_SERIAL_MAX] = {0};
	size_t len = 0;

	(void)state;
	assert_true(serial_derive("fineid-v2", BYTES_TEXT("abc"), one, &len));
	assert_true(serial_derive("fineid-v2", BYTES_TEXT("abd"), other, &len));
	assert_memory_not_equal(one, other, len);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_chain_of_three_is_read_and_links),
	    cmocka_unit_test(a_chain_without_its_root_is_enough),
	    cmocka_unit_test(a_chain_in_another_order_is_refused),
	    cmocka_unit_test(an_issuer_of_the_right_name_and_another_key_is_refused),
	    cmocka_unit_test(no_certificate_at_all_is_refused),
	    cmocka_unit_test(a_truncated_certificate_is_refused),
	    cmocka_unit_test(more_certificates_than_an_image_holds_are_refused),
	    cmocka_unit_test(an_authority_is_no_card_holder),
	    cmocka_unit_test(a_key_that_may_only_encrypt_is_refused),
	    cmocka_unit_test(an_expired_leaf_is_refused_with_its_date),
	    cmocka_unit_test(a_leaf_of_the_future_is_refused),
	    cmocka_unit_test(a_key_that_no_card_has_is_refused),
	    cmocka_unit_test(the_days_left_are_whole_days),
	    cmocka_unit_test(a_certificate_that_ended_an_hour_ago_has_negative_days_left),
	    cmocka_unit_test(a_subject_cannot_send_commands_to_the_terminal),
	    cmocka_unit_test(a_cc_serial_is_eight_bytes_of_the_hash),
	    cmocka_unit_test(a_fineid_serial_is_twenty_decimal_digits),
	    cmocka_unit_test(a_serial_of_digits_in_ascii_is_a_digit_for_each_byte),
	    cmocka_unit_test(two_certificates_have_two_serials),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
