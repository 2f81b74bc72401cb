/* vicar import, vicar create --add and vicar cert add: what a card has afterwards, and what is refused. */
#include "test-vicar.h"

#include "cmdbridge/certificate.h"
#include "cmdbridge/keyfile.h"
#include "tools/vicar/addition.h"
#include "tools/vicar/cert_add.h"
#include "tools/vicar/import.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#define PINS "pin = 1234\npuk = 12345678\n"

/* ---- what is in the file ---- */

struct issued {
	X509 *root, *ca, *leaf;
};

static struct issued
issue(const char *key_usage)
{
	struct issued issued;

	issued.root =
	    test_certificate(&(struct test_certificate){.name = "Root", .authority = true});
	issued.ca = test_certificate(
	    &(struct test_certificate){.name = "CA", .authority = true, .issuer = issued.root});
	issued.leaf = test_certificate(&(struct test_certificate){
	    .name = "Maria", .issuer = issued.ca, .key_usage = key_usage});
	return issued;
}

static void
issued_free(struct issued *issued)
{
	X509_free(issued->root);
	X509_free(issued->ca);
	X509_free(issued->leaf);
}

/* Owned by p12_free(); the root first, so that the chain has to be sorted. */
static struct p12
a_p12(const char *key_usage)
{
	struct issued issued = issue(key_usage);
	struct p12 p12 = {.certificate = issued.leaf, .key = test_key(2048)};

	EVP_PKEY_up_ref(p12.key);
	p12.others = sk_X509_new_null();
	sk_X509_push(p12.others, issued.root);
	sk_X509_push(p12.others, issued.ca);
	return p12;
}

static const char *
write_p12(void **state, const char *passphrase, EVP_PKEY *key, X509 *certificate,
	  STACK_OF(X509) * others)
{
	PKCS12 *file = PKCS12_create(passphrase, "test", key, certificate, others, 0, 0, 0, 0, 0);
	const char *path = home_file(state, "file.p12");
	BIO *bio = BIO_new_file(path, "wb");

	assert_non_null(file);
	assert_int_equal(i2d_PKCS12_bio(bio, file), 1);
	BIO_free(bio);
	PKCS12_free(file);
	return path;
}

static void
assert_no_p12(const char *path, const char *passphrase, const char *reason)
{
	struct problem error = {""};
	struct p12 p12;

	assert_false(p12_read(path, passphrase, &p12, &error));
	if (strstr(error.text, reason) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error.text, reason);
	p12_free(&p12);
}

static void
a_file_gives_its_key_and_its_certificates(void **state)
{
	struct p12 from = a_p12("critical,nonRepudiation"), p12;
	const char *path = write_p12(state, "secret", from.key, from.certificate, from.others);
	struct problem error = {""};

	if (!p12_read(path, "secret", &p12, &error))
		fail_msg("%s", error.text);
	assert_int_equal(EVP_PKEY_eq(p12.key, from.key), 1);
	assert_int_equal(X509_cmp(p12.certificate, from.certificate), 0);
	assert_int_equal(sk_X509_num(p12.others), 2);
	p12_free(&p12);
	p12_free(&from);
}

static void
a_chain_is_sorted_by_who_issued_whom(void **state)
{
	struct p12 p12 = a_p12("critical,nonRepudiation");
	X509 *chain[4], *alone = test_certificate(&(struct test_certificate){.name = "Alone"});

	(void)state;
	sk_X509_unshift(p12.others, alone);
	assert_int_equal(p12_chain(&p12, chain, 4), 2);
	assert_ptr_equal(chain[0], sk_X509_value(p12.others, 2));
	assert_ptr_equal(chain[1], sk_X509_value(p12.others, 1));
	p12_free(&p12);
}

static void
a_wrong_passphrase_is_said(void **state)
{
	struct p12 from = a_p12(NULL);
	const char *path = write_p12(state, "secret", from.key, from.certificate, NULL);

	assert_no_p12(path, "geheim", "the passphrase is wrong");
	p12_free(&from);
}

static void
a_key_without_its_certificate_is_refused(void **state)
{
	STACK_OF(X509) *others = sk_X509_new_null();
	const char *path;

	sk_X509_push(others, test_certificate(&(struct test_certificate){.name = "Somebody else",
									 .key = test_key(3072)}));
	path = write_p12(state, "secret", test_key(2048), NULL, others);
	assert_no_p12(path, "secret", "no certificate for it");
	sk_X509_pop_free(others, X509_free);
}

static void
what_is_no_pkcs12_file_is_refused(void **state)
{
	assert_no_p12(home_write(state, "file.p12", "hello", 0600), "", "is no PKCS #12 file");
	assert_no_p12(home_file(state, "none.p12"), "", "none.p12 cannot be read");
}

/* PKCS12_create() makes one key only: a second bag beside it. */
static void
a_file_with_two_keys_is_refused(void **state)
{
	STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
	STACK_OF(PKCS7) *safes = NULL;
	const char *path = home_file(state, "two.p12");
	BIO *bio = BIO_new_file(path, "wb");
	PKCS12 *file;

	assert_non_null(PKCS12_add_key(&bags, test_key(2048), 0, 0, -1, NULL));
	assert_non_null(PKCS12_add_key(&bags, test_key(3072), 0, 0, -1, NULL));
	assert_int_equal(PKCS12_add_safe(&safes, bags, -1, 0, NULL), 1);
	file = PKCS12_add_safes(safes, 0);
	assert_non_null(file);
	assert_int_equal(PKCS12_set_mac(file, "secret", -1, NULL, 0, 0, NULL), 1);
	assert_int_equal(i2d_PKCS12_bio(bio, file), 1);
	BIO_free(bio);
	PKCS12_free(file);
	sk_PKCS7_pop_free(safes, PKCS7_free);
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	assert_no_p12(path, "secret", "holds 2 keys");
}

static void
a_passphrase_is_the_first_line_of_its_file(void **state)
{
	const char *path = home_write(state, "passphrase", "a secret \nsecond\n", 0600);
	char passphrase[P12_PASSPHRASE_MAX + 1];
	struct problem error = {""};

	assert_true(p12_passphrase(path, "file.p12", passphrase, &error));
	assert_string_equal(passphrase, "a secret ");
}

static void
a_passphrase_that_others_may_read_is_refused(void **state)
{
	const char *path = home_write(state, "passphrase", "secret\n", 0644);
	char passphrase[P12_PASSPHRASE_MAX + 1];
	struct problem error = {""};

	assert_false(p12_passphrase(path, "file.p12", passphrase, &error));
	assert_non_null(strstr(error.text, "chmod 600"));
}

/* ---- cards of it ---- */

static struct import
an_import(void **state)
{
	static char pins[HOME_FILE_MAX];

	snprintf(pins, sizeof(pins), "%s", home_write(state, "pins", PINS, 0600));
	return (struct import){.name = "cc",
			       .personality = "fineid-v2",
			       .file = "file.p12",
			       .options = "",
			       .pin_file = pins};
}

static void
imported(const struct import *import, struct p12 p12)
{
	struct problem error = {""};

	if (!import_p12(import, &p12, &error))
		fail_msg("%s", error.text);
	p12_free(&p12);
}

static void
assert_import_refused(const struct import *import, struct p12 p12, const char *reason)
{
	struct problem error = {""};

	assert_false(import_p12(import, &p12, &error));
	if (strstr(error.text, reason) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error.text, reason);
	p12_free(&p12);
}

static void
assert_opens(void **state, const char *file, struct bytes secret)
{
	char error[KEYFILE_ERROR_MAX];

	assert_int_equal(keyfile_check(home_file(state, file), secret, error), KEYFILE_OK);
}

static void
an_imported_card_has_the_key_and_the_chain(void **state)
{
	const struct import import = an_import(state);
	char name[CHAIN_NAME_MAX];
	struct image image;
	X509 *authority;

	imported(&import, a_p12("critical,nonRepudiation"));
	image = load_card(state);
	assert_int_equal(image.keys_count, 1);
	assert_int_equal(image.authorities_count, 2);
	authority = certificate_parse(
	    (struct bytes){image.authorities[0].certificate, image.authorities[0].certificate_len});
	chain_subject(authority, name);
	assert_string_equal(name, "CA");
	X509_free(authority);
	image_free(&image);
	assert_opens(state, CARD "/keys/sign.pin", BYTES_TEXT("1234"));
	assert_opens(state, CARD "/keys/sign.puk", BYTES_TEXT("12345678"));
}

static void
the_role_follows_from_the_key_usage(void **state)
{
	const struct import import = an_import(state);
	struct image image;

	imported(&import, a_p12("critical,digitalSignature,nonRepudiation"));
	image = load_card(state);
	assert_string_equal(image.keys[0].name, "auth");
	image_free(&image);
}

static void
without_a_key_usage_the_role_must_be_said(void **state)
{
	struct import import = an_import(state);
	struct image image;

	assert_import_refused(&import, a_p12(NULL), "say it with --role");
	import.role = "sign";
	imported(&import, a_p12(NULL));
	image = load_card(state);
	assert_string_equal(image.keys[0].name, "sign");
	image_free(&image);
}

static void
a_key_that_the_card_cannot_have_makes_no_card(void **state)
{
	const struct import import = an_import(state);
	struct p12 p12 = {.key = test_key(3072)};

	EVP_PKEY_up_ref(p12.key);
	p12.certificate = test_certificate(&(struct test_certificate){
	    .name = "Maria", .key = p12.key, .key_usage = "nonRepudiation"});
	assert_import_refused(&import, p12, "cannot be rsa3072; use one of: rsa2048");
	assert_false(home_has(state, CARD));
}

static void
a_file_without_a_key_makes_no_card(void **state)
{
	const struct import import = an_import(state);
	struct p12 p12 = {.others = sk_X509_new_null()};

	sk_X509_push(p12.others, test_certificate(&(struct test_certificate){.name = "Maria"}));
	assert_import_refused(&import, p12, "holds no key");
	assert_false(home_has(state, CARD));
}

static void
an_imported_key_may_have_a_label_and_a_usage(void **state)
{
	struct import import = an_import(state);
	struct image image;

	import.label = "Work";
	import.usage = IMAGE_USAGE_NON_REPUDIATION;
	imported(&import, a_p12("critical,nonRepudiation"));
	image = load_card(state);
	assert_string_equal(image.keys[0].label, "Work");
	assert_string_equal(image.keys[0].certificate_label, "Work");
	assert_int_equal(image.keys[0].usage, IMAGE_USAGE_NON_REPUDIATION);
	image_free(&image);
}

/* ---- additions ---- */

/* The card has a local key auth, PIN 1234, PUK 12345678. */
static struct import
an_addition(void **state)
{
	struct import import = an_import(state);

	create_named("cc", "fineid-v2", "auth");
	import.personality = NULL;
	import.adds = true;
	return import;
}

static void
assert_keys(void **state, size_t count)
{
	struct image image = load_card(state);

	assert_int_equal(image.keys_count, count);
	image_free(&image);
}

static void
a_key_is_added_to_a_card_and_gives_it_a_new_serial(void **state)
{
	const struct import import = an_addition(state);
	struct image before = load_card(state), after;

	imported(&import, a_p12("critical,nonRepudiation"));
	after = load_card(state);
	assert_int_equal(after.keys_count, 2);
	assert_string_equal(after.keys[1].name, "sign");
	assert_memory_not_equal(before.serial, after.serial, after.serial_len);
	image_free(&before);
	image_free(&after);
	assert_opens(state, CARD "/keys/auth.pin", BYTES_TEXT("1234"));
	assert_opens(state, CARD "/keys/sign.pin", BYTES_TEXT("1234"));
}

static void
assert_puk_tries(void **state, unsigned left)
{
	struct image image = load_card(state);
	bool seen = false;

	for (size_t i = 0; i < image.counters_count; i++) {
		if (strcmp(image.counters[i].name, "puk") != 0)
			continue;
		assert_int_equal(image.counters[i].tries_left, left);
		seen = true;
	}
	assert_true(seen);
	image_free(&image);
}

static void
an_addition_with_another_puk_is_counted_and_adds_nothing(void **state)
{
	const struct import import = an_addition(state);

	home_write(state, "pins", "pin = 1234\npuk = 87654321\n", 0600);
	assert_import_refused(&import, a_p12("critical,nonRepudiation"),
			      "the PUK for pin1 of card cc is wrong, tries left: 4");
	assert_puk_tries(state, 4);
	assert_keys(state, 1);
	assert_false(home_has(state, CARD "/keys/sign.pin"));
}

static void
a_key_that_the_card_has_is_not_replaced(void **state)
{
	struct import import = an_addition(state);

	import.role = "auth";
	assert_import_refused(&import, a_p12(NULL), "has a key auth already");
	assert_keys(state, 1);
}

static void
another_card_than_it_is_is_refused(void **state)
{
	struct import import = an_addition(state);

	import.personality = "cc-v1";
	assert_import_refused(&import, a_p12("nonRepudiation"), "is a fineid-v2, not a cc-v1");
}

static void
a_card_that_is_held_is_not_added_to(void **state)
{
	const struct import import = an_addition(state);
	struct image image = load_card(state);
	struct image_error error;
	int holder;

	assert_true(image_lock(&image, &holder, &error));
	assert_import_refused(&import, a_p12("nonRepudiation"), "is served by process");
	image_free(&image);
	assert_keys(state, 1);
}

static void
what_an_interrupted_addition_left_is_no_hindrance(void **state)
{
	const struct import import = an_addition(state);

	home_write(state, CARD "/keys/sign.pin", "half", 0600);
	imported(&import, a_p12("critical,nonRepudiation"));
	assert_opens(state, CARD "/keys/sign.pin", BYTES_TEXT("1234"));
}

static void
a_file_without_a_key_adds_its_certificates(void **state)
{
	const struct import import = an_addition(state);
	struct p12 p12 = a_p12("nonRepudiation");
	struct image image;

	sk_X509_push(p12.others, p12.certificate);
	p12.certificate = NULL;
	EVP_PKEY_free(p12.key);
	p12.key = NULL;
	imported(&import, p12);
	image = load_card(state);
	assert_int_equal(image.keys_count, 1);
	assert_int_equal(image.authorities_count, 2);
	assert_int_equal(image.certificates_count, 1);
	image_free(&image);
}

/* fineid-v3 has two keys under PIN 2. */
static void
a_key_under_a_pin_that_is_there_is_opened_by_the_one_that_leads(void **state)
{
	struct creation creation = {
	    .name = "cc", .personality = "fineid-v3", .subject = "MATTI", .options = ""};
	char error[KEYFILE_ERROR_MAX];
	struct pin_plan plan;
	struct problem text = {""};
	struct addition addition;
	uint8_t room[KEY_OUTPUT_MAX], digest[32] = {0};
	struct writer output = writer_to(room, sizeof(room));
	char shared[HOME_FILE_MAX];
	EVP_PKEY *key = NULL;

	create_named("cc", "fineid-v3", "sign");
	assert_true(addition_begin(&addition, "cc", NULL, &text));
	assert_true(create_choose(&creation, "sign2", NULL, &text));
	assert_true(pin_plan_make(&plan, &creation.keys[0].role, 1, &addition.image, &text));
	assert_false(plan.values[0].is_new);
	fill_plan(&plan);
	creation.pins = &plan;
	if (!addition_check(&addition, &plan, &text) ||
	    !create_card(&creation, &addition.image, &text))
		fail_msg("%s", text.text);
	pin_plan_free(&plan);
	addition_end(&addition);
	snprintf(shared, sizeof(shared), "%s", home_file(state, CARD "/keys/sign2.key"));
	assert_int_equal(keyfile_open_shared(shared, "sign2",
					     home_file(state, CARD "/keys/sign.pin"),
					     BYTES_TEXT("123456"), &key, error),
			 KEYFILE_OK);
	assert_int_equal(keyfile_use(shared, key, KEYFILE_SIGN_ECDSA, DIGEST_SHA256, BYTES(digest),
				     &output, error),
			 KEYFILE_OK);
	EVP_PKEY_free(key);
}

static void
a_shared_pin_that_is_wrong_adds_nothing(void **state)
{
	struct creation creation = {
	    .name = "cc", .personality = "fineid-v3", .subject = "MATTI", .options = ""};
	struct pin_plan plan;
	struct problem text = {""};
	struct addition addition;

	(void)state;
	create_named("cc", "fineid-v3", "sign");
	assert_true(addition_begin(&addition, "cc", NULL, &text));
	assert_true(create_choose(&creation, "sign2", NULL, &text));
	assert_true(pin_plan_make(&plan, &creation.keys[0].role, 1, &addition.image, &text));
	fill_plan(&plan);
	snprintf(plan.values[0].value, sizeof(plan.values[0].value), "999999");
	assert_false(addition_check(&addition, &plan, &text));
	assert_non_null(strstr(text.text, "the value of pin2 of card cc is wrong, tries left: 4"));
	pin_plan_free(&plan);
	addition_end(&addition);
}

/* ---- usages ---- */

static void
usages_are_words(void **state)
{
	struct problem error = {""};
	unsigned usage = 1;

	(void)state;
	assert_true(role_usage(NULL, &usage, &error));
	assert_int_equal(usage, 0);
	assert_true(role_usage("sign,decrypt", &usage, &error));
	assert_int_equal(usage, IMAGE_USAGE_SIGN | IMAGE_USAGE_DECRYPT);
	assert_true(role_usage("non-repudiation derive", &usage, &error));
	assert_int_equal(usage, IMAGE_USAGE_NON_REPUDIATION | IMAGE_USAGE_DERIVE);
	assert_false(role_usage("sign,dance", &usage, &error));
	assert_non_null(strstr(error.text, "--usage sign,dance is not known"));
	assert_false(role_usage("", &usage, &error));
}

/* ---- vicar cert add ---- */

static const char *
write_pem(void **state, X509 *first, X509 *second)
{
	const char *path = home_file(state, "certificate.pem");
	FILE *file = fopen(path, "we");

	assert_int_equal(PEM_write_X509(file, first), 1);
	if (second != NULL)
		assert_int_equal(PEM_write_X509(file, second), 1);
	fclose(file);
	return path;
}

static bool
add(const struct cert_addition *wanted, struct problem *error)
{
	struct addition addition;
	bool ok = addition_begin(&addition, "cc", NULL, error) &&
		  cert_add(wanted, &addition.image, error);

	addition_end(&addition);
	return ok;
}

static void
assert_not_added(const struct cert_addition *wanted, const char *reason)
{
	struct problem error = {""};

	assert_false(add(wanted, &error));
	if (strstr(error.text, reason) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error.text, reason);
}

static void
a_certificate_is_added_with_a_label(void **state)
{
	X509 *maria = test_certificate(&(struct test_certificate){.name = "Maria"});
	const struct cert_addition wanted = {.file = write_pem(state, maria, NULL),
					     .label = "Hers"};
	struct problem error = {""};
	struct image image;

	create_named("cc", "fineid-v2", "auth");
	if (!add(&wanted, &error))
		fail_msg("%s", error.text);
	image = load_card(state);
	assert_int_equal(image.certificates_count, 1);
	assert_string_equal(image.certificates[0].name, "certificate1");
	assert_string_equal(image.certificates[0].key, "");
	assert_string_equal(image.certificates[0].label, "Hers");
	image_free(&image);
	X509_free(maria);
}

static void
a_second_certificate_of_a_key_must_be_for_that_key(void **state)
{
	const struct import import = an_import(state);
	X509 *same = test_certificate(&(struct test_certificate){.name = "Maria 2"});
	X509 *other =
	    test_certificate(&(struct test_certificate){.name = "Maria 3", .key = test_key(3072)});
	struct problem error = {""};
	struct image image;

	imported(&import, a_p12("critical,nonRepudiation"));
	assert_not_added(
	    &(struct cert_addition){.file = write_pem(state, other, NULL), .role = "sign"},
	    "the public keys differ");
	assert_not_added(
	    &(struct cert_addition){.file = write_pem(state, same, NULL), .role = "auth"},
	    "has no key auth");
	if (!add(&(struct cert_addition){.file = write_pem(state, same, NULL), .role = "sign"},
		 &error))
		fail_msg("%s", error.text);
	image = load_card(state);
	assert_string_equal(image.certificates[0].key, "sign");
	image_free(&image);
	X509_free(same);
	X509_free(other);
}

static void
an_authority_goes_into_the_chain(void **state)
{
	struct issued issued = issue(NULL);
	struct problem error = {""};
	struct image image;

	create_named("cc", "fineid-v2", "auth");
	assert_not_added(
	    &(struct cert_addition){.file = write_pem(state, issued.leaf, NULL), .authority = true},
	    "is no authority's");
	if (!add(&(struct cert_addition){.file = write_pem(state, issued.ca, NULL),
					 .authority = true},
		 &error))
		fail_msg("%s", error.text);
	image = load_card(state);
	assert_int_equal(image.authorities_count, 1);
	assert_int_equal(image.certificates_count, 0);
	image_free(&image);
	issued_free(&issued);
}

static void
a_file_with_two_certificates_or_none_is_refused(void **state)
{
	struct issued issued = issue(NULL);

	create_named("cc", "fineid-v2", "auth");
	assert_not_added(&(struct cert_addition){.file = write_pem(state, issued.ca, issued.root)},
			 "more than one certificate");
	assert_not_added(&(struct cert_addition){.file = home_write(state, "text", "hello", 0600)},
			 "holds no certificate");
	issued_free(&issued);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, home_set_up, home_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_file_gives_its_key_and_its_certificates),
	    TEST(a_chain_is_sorted_by_who_issued_whom),
	    TEST(a_wrong_passphrase_is_said),
	    TEST(a_key_without_its_certificate_is_refused),
	    TEST(what_is_no_pkcs12_file_is_refused),
	    TEST(a_file_with_two_keys_is_refused),
	    TEST(a_passphrase_is_the_first_line_of_its_file),
	    TEST(a_passphrase_that_others_may_read_is_refused),
	    TEST(an_imported_card_has_the_key_and_the_chain),
	    TEST(the_role_follows_from_the_key_usage),
	    TEST(without_a_key_usage_the_role_must_be_said),
	    TEST(a_key_that_the_card_cannot_have_makes_no_card),
	    TEST(a_file_without_a_key_makes_no_card),
	    TEST(an_imported_key_may_have_a_label_and_a_usage),
	    TEST(a_key_is_added_to_a_card_and_gives_it_a_new_serial),
	    TEST(an_addition_with_another_puk_is_counted_and_adds_nothing),
	    TEST(a_key_that_the_card_has_is_not_replaced),
	    TEST(another_card_than_it_is_is_refused),
	    TEST(a_card_that_is_held_is_not_added_to),
	    TEST(what_an_interrupted_addition_left_is_no_hindrance),
	    TEST(a_file_without_a_key_adds_its_certificates),
	    TEST(a_key_under_a_pin_that_is_there_is_opened_by_the_one_that_leads),
	    TEST(a_shared_pin_that_is_wrong_adds_nothing),
	    cmocka_unit_test(usages_are_words),
	    TEST(a_certificate_is_added_with_a_label),
	    TEST(a_second_certificate_of_a_key_must_be_for_that_key),
	    TEST(an_authority_goes_into_the_chain),
	    TEST(a_file_with_two_certificates_or_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
