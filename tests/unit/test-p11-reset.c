/*
 * Other programs that reset the card, or take its power, while the module comes to it; pcsc-lite tells
 * of it before it does it (ifdhandler.md section 7).
 */
#include "p11-one-card.h"

enum { OFTEN = 1000 };

static struct fake_reader *const reader = &fake.readers[0];

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

/* A reset that was told of when the card was connected to, and that is made later. */
static void
a_late_reset_at_any_command_of_the_look_takes_nothing_of_the_card(void **state)
{
	CK_FLAGS flags;
	unsigned count;

	(void)state;
	assert_ok(look(&flags));
	count = reader->commands;
	assert_true(count > 5);
	reader->late_reset_is_silent = true;
	for (unsigned after = 1; after <= count; after++) {
		fake_put(0, NULL);
		fake_put(0, card);
		reader->resets_at_status = 1;
		reader->late_reset_after = after;
		assert_ok(look(&flags));
		assert_int_equal(reader->late_reset_after, 0);
		for (CK_ULONG slot = 0; slot < 2; slot++) {
			CK_SESSION_HANDLE session = p11_open(p11_slot(2, slot), 0);
			CK_OBJECT_HANDLE found[4];

			assert_int_equal(p11_find(session, CKO_PUBLIC_KEY, found, 4), 1);
			assert_int_equal(p11_find(session, CKO_CERTIFICATE, found, 4), 1);
		}
	}
}

/* While others do not stop, nothing can be said of the card; when they have, it need not be taken out. */
static void
a_card_that_others_reset_each_time_is_looked_at_by_the_next_call(void **state)
{
	unsigned *const calls[] = {&reader->resets_at_status, &reader->resets_at_begin};
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

/* Others have it, and pcscd is told not to wait. */
static void
a_transaction_that_does_not_begin_says_nothing_of_the_card(void **state)
{
	CK_FLAGS flags;

	(void)state;
	assert_ok(look(&flags));
	fake_put(0, NULL);
	fake_put(0, card);
	reader->begin_error = SCARD_E_SHARING_VIOLATION;
	assert_rv(C_GetTokenInfo(0, &(CK_TOKEN_INFO){0}), CKR_DEVICE_ERROR);
	assert_known();
}

static void
a_new_connection_knows_the_protocol_after_a_late_reset(void **state)
{
	CK_FLAGS flags;

	(void)state;
	reader->no_protocol = true;
	assert_ok(look(&flags));
	assert_false(reader->no_protocol);
	assert_known();
}

/* And none of it is for ever. */
static void
a_command_that_a_reset_breaks_off_is_repeated_where_it_only_reads(void **state)
{
	CK_FLAGS flags;

	(void)state;
	reader->breaks = 2;
	assert_ok(look(&flags));
	assert_int_equal(reader->breaks, 0);
	fake_put(0, NULL);
	fake_put(0, card);
	reader->breaks = OFTEN;
	assert_rv(look(&flags), CKR_DEVICE_ERROR);
	reader->breaks = 0;
	assert_known();
}

static void
a_certificate_that_resets_keep_from_being_read_is_read_later(void **state)
{
	CK_SESSION_HANDLE session = p11_open(p11_slot(2, 0), 0);
	uint8_t value[4096];
	CK_ATTRIBUTE attribute = {CKA_VALUE, value, sizeof(value)};
	CK_OBJECT_HANDLE object;

	(void)state;
	assert_int_equal(p11_find(session, CKO_CERTIFICATE, &object, 1), 1);
	reader->breaks = OFTEN;
	assert_rv(C_GetAttributeValue(session, object, &attribute, 1), CKR_DEVICE_ERROR);
	reader->breaks = 0;
	attribute.ulValueLen = sizeof(value);
	assert_ok(C_GetAttributeValue(session, object, &attribute, 1));
	assert_true(attribute.ulValueLen > 500);
}

static void
power_that_is_taken_while_it_is_looked_at_takes_no_card(void **state)
{
	(void)state;
	reader->late_unpower_at = 2;
	assert_known();
	assert_int_equal(reader->late_unpower_at, 0);
	assert_false(reader->unpowered);
}

static void
power_that_is_taken_is_given_back_where_no_protocol_can_be_set_without(void **state)
{
	CK_SESSION_HANDLE session = p11_logged_in(p11_slot(2, 0), AUTH_PIN);

	(void)state;
	reader->mute = true;
	fake_unpower(0);
	assert_ok(p11_sign_once(session, CKM_SHA256_RSA_PKCS));
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

/* The pad is not asked again by the module: who has seen the login fail makes another one. */
static void
a_late_reset_lets_no_pin_of_a_pad_go_astray(void **state)
{
	CK_SESSION_HANDLE session;
	bool reached = true;
	CK_RV rv;

	(void)state;
	reader->pad_pin = AUTH_PIN;
	for (unsigned after = 1; reached; after++) {
		fake_put(0, NULL);
		fake_put(0, card);
		session = p11_open(p11_slot(2, 0), 0);
		reader->late_reset_after = after;
		rv = C_Login(session, CKU_USER, NULL, 0);
		reached = reader->late_reset_after == 0;
		reader->late_reset_after = 0;
		assert_rv(rv, reached ? CKR_DEVICE_ERROR : CKR_OK);
		assert_int_equal(reader->pad_used, reached ? 0 : 1);
		if (reached)
			assert_ok(C_Login(session, CKU_USER, NULL, 0));
		reader->pad_used = 0;
		assert_ok(C_CloseSession(session));
		assert_true(after < 20);
	}
}

/* Whether the card had the command is not known to pcscd: it is not sent again, but the next one is. */
static void
power_that_is_taken_too_late_costs_one_use_and_no_more(void **state)
{
	CK_SESSION_HANDLE session = p11_logged_in(p11_slot(2, 0), AUTH_PIN);
	bool reached = true;
	unsigned lost = 0;

	(void)state;
	for (unsigned at = 1; reached; at++) {
		CK_RV rv;

		fake_reset(0);
		reader->late_unpower_at = at;
		rv = p11_sign_once(session, CKM_SHA256_RSA_PKCS);
		reached = reader->late_unpower_at == 0;
		reader->late_unpower_at = 0;
		lost += rv == CKR_DEVICE_ERROR ? 1 : 0;
		assert_rv(rv, rv == CKR_DEVICE_ERROR ? rv : CKR_OK);
		assert_false(reader->unpowered);
		assert_ok(p11_sign_once(session, CKM_SHA256_RSA_PKCS));
		assert_true(at < 50);
	}
	assert_true(lost > 0);
}

/* pcsc-lite tells of the reset instead of ending the transaction. */
static void
a_reset_at_its_end_leaves_no_transaction_open(void **state)
{
	CK_SESSION_HANDLE session = p11_logged_in(p11_slot(2, 0), AUTH_PIN);

	(void)state;
	for (unsigned times = 1; times < 3; times++) {
		reader->resets_at_end = times;
		assert_ok(p11_sign_once(session, CKM_SHA256_RSA_PKCS));
		assert_int_equal(reader->resets_at_end, 0);
		assert_false(reader->in_transaction);
	}
	/* The second time it could not be ended: the connection is given up, and with it the session. */
	assert_rv(p11_sign_once(session, CKM_SHA256_RSA_PKCS), CKR_DEVICE_REMOVED);
	assert_known();
}

/* Another card that came unseen is not given the PIN of the one before. */
static void
another_stay_of_a_card_is_another_card(void **state)
{
	CK_SESSION_HANDLE session = p11_logged_in(p11_slot(2, 0), AUTH_PIN);
	unsigned verifies = reader->verifies;

	(void)state;
	reader->exchanged = true;
	assert_rv(p11_sign_once(session, CKM_SHA256_RSA_PKCS), CKR_DEVICE_REMOVED);
	assert_int_equal(reader->verifies, verifies);
	assert_false(reader->in_transaction);
	assert_known();
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, p11_setup, p11_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(a_reset_while_it_is_connected_to_takes_no_card),
	    TEST(a_reset_at_any_command_while_it_is_looked_at_takes_no_card),
	    TEST(a_late_reset_at_any_command_of_the_look_takes_nothing_of_the_card),
	    TEST(a_card_that_others_reset_each_time_is_looked_at_by_the_next_call),
	    TEST(a_card_without_an_atr_is_looked_at_by_the_next_call),
	    TEST(a_transaction_that_does_not_begin_says_nothing_of_the_card),
	    TEST(a_new_connection_knows_the_protocol_after_a_late_reset),
	    TEST(a_command_that_a_reset_breaks_off_is_repeated_where_it_only_reads),
	    TEST(a_certificate_that_resets_keep_from_being_read_is_read_later),
	    TEST(power_that_is_taken_while_it_is_looked_at_takes_no_card),
	    TEST(power_that_is_taken_is_given_back_where_no_protocol_can_be_set_without),
	    TEST(a_reset_that_was_told_of_too_early_is_made_good),
	    TEST(a_late_reset_lets_no_pin_of_a_pad_go_astray),
	    TEST(power_that_is_taken_too_late_costs_one_use_and_no_more),
	    TEST(a_reset_at_its_end_leaves_no_transaction_open),
	    TEST(another_stay_of_a_card_is_another_card),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
