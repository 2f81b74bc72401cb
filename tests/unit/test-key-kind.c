/*
 * Kinds of keys by name.
 */
#include "iso7816/key_kind.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
each_ec_kind_is_that_of_a_key_on_its_curve(void **state)
{
	(void)state;
	for (const struct key_kind *kind = key_kind_all(); kind->name != NULL; kind++) {
		EVP_PKEY *key;

		assert_ptr_equal(key_kind_find(kind->name), kind);
		if (kind->curve == NULL)
			continue;
		key = EVP_EC_gen(kind->curve);
		assert_non_null(key);
		assert_ptr_equal(key_kind_of(key), kind);
		assert_int_equal((unsigned)EVP_PKEY_get_bits(key), kind->bits);
		EVP_PKEY_free(key);
	}
}

static void
an_rsa_kind_is_known_by_its_modulus(void **state)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);

	(void)state;
	assert_string_equal(key_kind_of(key)->name, "rsa2048");
	EVP_PKEY_free(key);
}

static void
keys_that_cards_do_not_have_have_no_kind(void **state)
{
	EVP_PKEY *small = EVP_RSA_gen(1024), *koblitz = EVP_EC_gen("secp256k1");

	(void)state;
	assert_null(key_kind_of(small));
	assert_null(key_kind_of(koblitz));
	assert_null(key_kind_find("rsa1024"));
	EVP_PKEY_free(small);
	EVP_PKEY_free(koblitz);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_ec_kind_is_that_of_a_key_on_its_curve),
	    cmocka_unit_test(an_rsa_kind_is_known_by_its_modulus),
	    cmocka_unit_test(keys_that_cards_do_not_have_have_no_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
