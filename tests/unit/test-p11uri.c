/* Names of tokens and keys: PKCS#11 URIs, RFC 7512. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmdbridge/p11uri.h"

static bool
parses(struct bytes text)
{
	P11KitUri *uri = p11uri_parse(text);
	bool is = uri != NULL;

	p11_kit_uri_free(uri);
	return is;
}

static void
only_a_whole_uri_of_known_parts_is_one(void **state)
{
	(void)state;
	assert_true(parses(BYTES_TEXT("pkcs11:token=Vault;id=%01")));
	assert_false(parses(BYTES_TEXT("pkcs11:token=Vault;nonsense=%01")));
	assert_false(parses(BYTES_TEXT("pkcs11:token=%0")));
	assert_false(parses(BYTES_TEXT("Vault")));
	assert_false(parses(BYTES_TEXT("")));
}

/* What stands behind the NUL would be unseen by whoever reads the text. */
static void
a_uri_with_a_nul_in_it_is_none(void **state)
{
	static const char text[] = "pkcs11:token=Vault\0;id=%01";

	(void)state;
	assert_false(parses((struct bytes){(const uint8_t *)text, sizeof(text) - 1}));
}

static void
a_label_names_the_token_that_has_it_padded_with_blanks(void **state)
{
	P11KitUri *uri = p11uri_of_token("Vault");
	CK_TOKEN_INFO token = {.label = "Vault                           "};

	(void)state;
	assert_non_null(uri);
	assert_true(p11_kit_uri_match_token_info(uri, &token));
	token.label[5] = '2';
	assert_false(p11_kit_uri_match_token_info(uri, &token));
	p11_kit_uri_free(uri);
}

static void
a_uri_names_a_token_too_and_a_label_that_no_token_can_have_names_none(void **state)
{
	P11KitUri *uri = p11uri_of_token("pkcs11:token=Vault");
	CK_TOKEN_INFO token = {.label = "Vault                           "};

	(void)state;
	assert_non_null(uri);
	assert_true(p11_kit_uri_match_token_info(uri, &token));
	p11_kit_uri_free(uri);
	uri = p11uri_of_token("12345678901234567890123456789012"); /* 32 bytes */
	assert_non_null(uri);
	p11_kit_uri_free(uri);
	assert_null(p11uri_of_token("123456789012345678901234567890123"));
	assert_null(p11uri_of_token("pkcs11:nonsense=1"));
}

static void
assert_key_named(struct bytes id, struct bytes label, const char *wanted)
{
	CK_TOKEN_INFO token = {.label = "Vault                           ",
			       .serialNumber = "0042            "};
	char *text = p11uri_of_key(&token, id, label);

	assert_non_null(text);
	assert_non_null(strstr(text, "token=Vault"));
	assert_non_null(strstr(text, "serial=0042"));
	assert_non_null(strstr(text, wanted));
	free(text);
}

static void
a_key_is_named_by_its_id_or_else_its_label_and_its_token(void **state)
{
	static const uint8_t id[] = {0x01, 0xFF};
	const CK_TOKEN_INFO token = {.label = "Vault"};

	(void)state;
	assert_key_named(BYTES(id), BYTES_TEXT("mine"), "id=%01%FF");
	assert_key_named(BYTES_NONE, BYTES_TEXT("mine"), "object=mine");
	assert_null(p11uri_of_key(&token, BYTES_NONE, BYTES_NONE));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_a_whole_uri_of_known_parts_is_one),
	    cmocka_unit_test(a_uri_with_a_nul_in_it_is_none),
	    cmocka_unit_test(a_label_names_the_token_that_has_it_padded_with_blanks),
	    cmocka_unit_test(a_uri_names_a_token_too_and_a_label_that_no_token_can_have_names_none),
	    cmocka_unit_test(a_key_is_named_by_its_id_or_else_its_label_and_its_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
