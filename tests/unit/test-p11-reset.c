/*
 * Other programs that reset the card, or take its power, while the module comes to it; pcsc-lite tells
 * of it before it does it (ifdhandler.md section 7).
 */
#include "test-p11-cryptoki.h"

enum { OFTEN = 1000 };

static struct applet_card *card;
static struct fake_reader *const reader = &fake.readers[0];

static int
setup(void **state)
{
	(void)state;
	p11_begin("");
	card = p11_fineid_v2();
	fake_put(0, card);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	p11_end();
	applet_free(card);
	return 0;
}

static CK_RV
look(CK_FLAGS *flags)
{
	CK_SLOT_ID slots[SLOTS_PER_READER];
	CK_ULONG count = SLOTS_PER_READER;
	CK_TOKEN_INFO info = {0};
	CK_RV rv;

	assert_ok(C_GetSlotList(CK_FALSE, slots, &count));
	rv = C_GetTokenInfo(slots[0], &info);
	*flags = info.flags;
	return rv;
}

static void
assert_known(void)
{
	CK_FLAGS flags;

	assert_ok(look(&flags));
	assert_ok(p11_sign_once(p11_logged_in(p11_slot(2, 0), AUTH_PIN), CKM_SHA256_RSA_PKCS));
}

static void
a_reset_while_it_is_connected_to_takes_no_card(void **state)
{
	(void)state;
	reader->resets_at_status = 1;
	assert_known();
	assert_int_equal(reader->resets_at_status, 0);
}

static void
a_reset_while_it_is_connected_to_takes_no_pin_pad(void **state)
{
	CK_FLAGS flags;

	(void)state;
	reader->pad_pin = AUTH_PIN;
	reader->resets_at_control = 1;
	assert_ok(look(&flags));
	assert_int_equal(reader->resets_at_control, 0);
	assert_true((flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0);
}

static void
a_reset_at_any_command_while_it_is_looked_at_takes_no_card(void **state)
{
	bool reached = true;

	(void)state;
	for (unsigned at = 1; reached; at++) {
		CK_FLAGS flags;

		fake_put(0, NULL);
		fake_put(0, card);
		reader->reset_at = at;
		assert_ok(look(&flags));
		reached = reader->reset_at == 0;
		reader->reset_at = 0;
		assert_true(at < 100);
	}
}

/* While others do not stop, nothing can be said of the card; when they have, it need not be taken out. */
static void
a_card_that_others_reset_each_time_is_looked_at_by_the_next_call(void **state)
{
	unsigned *const calls[] = {&reader->resets_at_status, &reader->resets_at_control,
				   &reader->resets_at_begin};
	CK_FLAGS flags;

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		fake_put(0, NULL);
		fake_put(0, card);
		*calls[i] = OFTEN;
		assert_rv(look(&flags), CKR_DEVICE_ERROR);
		assert_true(*calls[i] > OFTEN - 100);
		*calls[i] = 0;
		assert_known();
	}
}

static void
a_card_without_an_atr_is_looked_at_by_the_next_call(void **state)
{
	CK_FLAGS flags;

	(void)state;
	reader->no_atr = 2; /* C_GetSlotList looks, too */
	assert_rv(look(&flags), CKR_DEVICE_ERROR);
	assert_int_equal(reader->no_atr, 0);
	assert_known();
}

static void
power_that_is_taken_while_it_is_looked_at_takes_no_card(void **state)
{
	(void)state;
	reader->late_unpower = true;
	assert_known();
	assert_false(reader->late_unpower);
	assert_false(reader->unpowered);
}

static void
a_reset_that_was_told_of_too_early_is_made_good(void **state)
{
	CK_SESSION_HANDLE session = p11_logged_in(p11_slot(2, 0), AUTH_PIN);

	(void)state;
	fake_reset(0);
	reader->late_reset = true;
	assert_ok(p11_sign_once(session, CKM_SHA256_RSA_PKCS));
	assert_false(reader->late_reset);
}

/* Whether the card had the command is not known to pcscd: it is not sent again, but the next one is. */
static void
power_that_is_taken_too_late_costs_one_use_and_no_more(void **state)
{
	CK_SESSION_HANDLE session = p11_logged_in(p11_slot(2, 0), AUTH_PIN);
	CK_RV rv;

	(void)state;
	fake_reset(0);
	reader->late_unpower = true;
	rv = p11_sign_once(session, CKM_SHA256_RSA_PKCS);
	assert_rv(rv, CKR_DEVICE_ERROR);
	assert_false(reader->unpowered);
	assert_ok(p11_sign_once(session, CKM_SHA256_RSA_PKCS));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(a_reset_while_it_is_connected_to_takes_no_card),
	    TEST(a_reset_while_it_is_connected_to_takes_no_pin_pad),
	    TEST(a_reset_at_any_command_while_it_is_looked_at_takes_no_card),
	    TEST(a_card_that_others_reset_each_time_is_looked_at_by_the_next_call),
	    TEST(a_card_without_an_atr_is_looked_at_by_the_next_call),
	    TEST(power_that_is_taken_while_it_is_looked_at_takes_no_card),
	    TEST(a_reset_that_was_told_of_too_early_is_made_good),
	    TEST(power_that_is_taken_too_late_costs_one_use_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
