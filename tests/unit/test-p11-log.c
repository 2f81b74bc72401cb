/*
 * What VICAR_PKCS11_LOG tells of the calls that bring PINs: that they were made, and no PIN. The PINs
 * are too long for a number of the log's own to be one of them by chance.
 */
#include "p11-one-card.h"

#define FIRST_PIN "97531864"
#define SECOND_PIN "86429753"
#define THIRD_PIN "75318642"

static char path[64], text[65536];

static int
setup(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "/tmp/vicar-test-log-XXXXXX");
	close(mkstemp(path));
	setenv("VICAR_PKCS11_LOG", path, 1);
	p11_begin_with("", p11_fineid_v2());
	unsetenv("VICAR_PKCS11_LOG");
	return 0;
}

static int
teardown(void **state)
{
	(void)p11_teardown(state);
	return unlink(path);
}

static CK_UTF8CHAR *
utf8(const char *pin)
{
	return (CK_UTF8CHAR *)(uintptr_t)pin;
}

static CK_RV
set_pin(CK_SESSION_HANDLE session, const char *old_pin, const char *new_pin)
{
	return C_SetPIN(session, utf8(old_pin), strlen(old_pin), utf8(new_pin), strlen(new_pin));
}

/* Of the lines that tell of the function, none has the PIN, as text or in hexadecimal. */
static void
assert_told_without(const char *function, const char *pin)
{
	FILE *file = fopen(path, "r");
	char hex[2 * PIN_VALUE_MAX + 1];
	size_t len;

	assert_non_null(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	assert_non_null(strstr(text, function));
	assert_null(strstr(text, pin));
	bytes_to_hex((struct bytes){(const uint8_t *)pin, strlen(pin)}, hex);
	assert_null(strcasestr(text, hex));
}

static void
the_pins_of_a_change_are_not_logged(void **state)
{
	CK_SESSION_HANDLE session = p11_open(p11_slot(2, 0), CKF_RW_SESSION);

	(void)state;
	assert_ok(set_pin(session, AUTH_PIN, FIRST_PIN));
	assert_ok(set_pin(session, FIRST_PIN, SECOND_PIN));
	assert_rv(set_pin(session, FIRST_PIN, THIRD_PIN), CKR_PIN_INCORRECT);
	assert_told_without("C_SetPIN(session", FIRST_PIN);
	assert_told_without("C_SetPIN(session", SECOND_PIN);
	assert_told_without("C_SetPIN(session", THIRD_PIN);
}

static void
puk_and_new_pin_of_an_unblocking_are_not_logged(void **state)
{
	CK_SESSION_HANDLE session = p11_open(p11_slot(2, 0), CKF_RW_SESSION);

	(void)state;
	assert_ok(p11_login(session, CKU_SO, THE_PUK));
	assert_ok(C_InitPIN(session, utf8(FIRST_PIN), strlen(FIRST_PIN)));
	assert_told_without("C_Login(session", THE_PUK);
	assert_told_without("C_InitPIN(session", FIRST_PIN);
}

static void
the_pin_of_a_named_login_is_not_logged(void **state)
{
	CK_SESSION_HANDLE session = p11_open(p11_slot(2, 0), CKF_RW_SESSION);

	(void)state;
	assert_ok(set_pin(session, AUTH_PIN, FIRST_PIN));
	assert_rv(C_LoginUser(session, CKU_USER, utf8(SECOND_PIN), strlen(SECOND_PIN), NULL, 0),
		  CKR_PIN_INCORRECT);
	assert_ok(C_LoginUser(session, CKU_USER, utf8(FIRST_PIN), strlen(FIRST_PIN), NULL, 0));
	assert_told_without("C_LoginUser(session", FIRST_PIN);
	assert_told_without("C_LoginUser(session", SECOND_PIN);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(the_pins_of_a_change_are_not_logged),
	    TEST(puk_and_new_pin_of_an_unblocking_are_not_logged),
	    TEST(the_pin_of_a_named_login_is_not_logged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
