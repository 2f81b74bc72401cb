/*
 * Logins, PINs and the keys they open; what a card that goes, is reset, or has its key at a service
 * makes of them. pkcs11.md sections 2 and 4; design.md, "Remote trouble".
 */
#include "p11-one-card.h"

#include "iso7816/sw.h"
#include "pkcs11/ifd.h"

#include <sys/syscall.h>
#include <time.h>

static time_t later; /* seconds that the clock is ahead */

/* In the place of the C library's. */
int
clock_gettime(clockid_t clock, struct timespec *now)
{
	long rv = syscall(SYS_clock_gettime, clock, now);

	now->tv_sec += later;
	return (int)rv;
}

/* A key that one login serves, so that resets are made good, over T=0, where answers are fetched. */
static int
setup_remote_without_consent(void **state)
{
	struct applet_card *applet =
	    applet_new("fineid-v2", "00112233445566778899", "user-consent=no");

	(void)state;
	applet_add_key(applet, "auth", "file", 2048, AUTH_PIN);
	applet_add_key(applet, "sign", "cmd", 2048, SIGN_PIN);
	applet_insert(applet);
	p11_begin_with("", applet);
	return 0;
}

static CK_FLAGS
token_flags(CK_SLOT_ID slot)
{
	CK_TOKEN_INFO info;

	assert_ok(C_GetTokenInfo(slot, &info));
	return info.flags;
}

static CK_STATE
session_state(CK_SESSION_HANDLE session)
{
	CK_SESSION_INFO info;

	assert_ok(C_GetSessionInfo(session, &info));
	return info.state;
}

/* Slot 0 is that of PIN1, slot 1 that of PIN2. */
static CK_SESSION_HANDLE
auth_session(void)
{
	return p11_logged_in(p11_slot(2, 0), AUTH_PIN);
}

static CK_SESSION_HANDLE
sign_session(void)
{
	return p11_logged_in(p11_slot(2, 1), SIGN_PIN);
}

/* A card that lies, or for which there was no memory. */
static void
no_pin_is_right_where_the_card_has_none(void **state)
{
	CK_SESSION_HANDLE session = p11_open(p11_slot(2, 0), 0);

	(void)state;
	module.ifds[0]->tokens[0].pin = SMARTCARD_NONE;
	assert_rv(p11_login(session, CKU_USER, AUTH_PIN), CKR_USER_PIN_NOT_INITIALIZED);
	assert_int_equal(session_state(session), CKS_RO_PUBLIC_SESSION);
}

static void
the_private_key_is_seen_after_login_only(void **state)
{
	CK_SESSION_HANDLE session = p11_open(p11_slot(2, 0), 0);
	CK_OBJECT_HANDLE found[2];

	(void)state;
	assert_int_equal(p11_find(session, CKO_PRIVATE_KEY, found, 2), 0);
	assert_int_equal(p11_find(session, CKO_PUBLIC_KEY, found, 2), 1);
	assert_ok(p11_login(session, CKU_USER, AUTH_PIN));
	assert_int_equal(p11_find(session, CKO_PRIVATE_KEY, found, 2), 1);
	assert_ok(C_Logout(session));
	assert_int_equal(p11_find(session, CKO_PRIVATE_KEY, found, 2), 0);
}

static void
all_sessions_of_a_slot_are_logged_in_together(void **state)
{
	CK_SLOT_ID slot = p11_slot(2, 0);
	CK_SESSION_HANDLE one = p11_open(slot, 0), two = p11_open(slot, CKF_RW_SESSION);

	(void)state;
	assert_int_equal(session_state(one), CKS_RO_PUBLIC_SESSION);
	assert_ok(p11_login(one, CKU_USER, AUTH_PIN));
	assert_int_equal(session_state(one), CKS_RO_USER_FUNCTIONS);
	assert_int_equal(session_state(two), CKS_RW_USER_FUNCTIONS);
	assert_rv(p11_login(two, CKU_USER, AUTH_PIN), CKR_USER_ALREADY_LOGGED_IN);
	assert_rv(p11_login(two, CKU_SO, THE_PUK), CKR_USER_ANOTHER_ALREADY_LOGGED_IN);
}

static void
the_last_session_takes_the_login_with_it(void **state)
{
	CK_SLOT_ID slot = p11_slot(2, 0);
	CK_SESSION_HANDLE session = p11_logged_in(slot, AUTH_PIN);

	(void)state;
	assert_ok(C_CloseSession(session));
	assert_int_equal(session_state(p11_open(slot, 0)), CKS_RO_PUBLIC_SESSION);
}

static void
a_key_found_before_logout_signs_no_more(void **state)
{
	CK_SESSION_HANDLE session = auth_session();
	CK_OBJECT_HANDLE key = p11_one(session, CKO_PRIVATE_KEY);

	(void)state;
	assert_ok(C_Logout(session));
	assert_rv(p11_sign_init(session, CKM_SHA256_RSA_PKCS, key), CKR_USER_NOT_LOGGED_IN);
}

static void
a_wrong_pin_is_told_with_its_flags(void **state)
{
	CK_SLOT_ID slot = p11_slot(2, 0);
	CK_SESSION_HANDLE session = p11_open(slot, 0);

	(void)state;
	assert_int_equal(token_flags(slot) & (CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY), 0);
	assert_rv(p11_login(session, CKU_USER, "9999"), CKR_PIN_INCORRECT);
	assert_true(token_flags(slot) & CKF_USER_PIN_COUNT_LOW);
	assert_rv(p11_login(session, CKU_USER, "12"), CKR_PIN_LEN_RANGE);
	assert_int_equal(session_state(session), CKS_RO_PUBLIC_SESSION);
}

static void
a_pin_that_the_card_refused_is_not_offered_again(void **state)
{
	CK_SESSION_HANDLE session = p11_open(p11_slot(2, 0), 0);

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_rv(p11_login(session, CKU_USER, "9999"), CKR_PIN_INCORRECT);
	assert_int_equal(fake.readers[0].verifies, 1);
	assert_ok(p11_login(session, CKU_USER, AUTH_PIN));
}

static void
another_programs_wrong_pin_makes_a_refused_one_no_better(void **state)
{
	/* VERIFY of PIN1 with 8888 */
	static const uint8_t verify[] = {0x00, 0x20, 0x00, 0x01, 0x08, 0x38, 0x38,
					 0x38, 0x38, 0x00, 0x00, 0x00, 0x00};
	CK_SESSION_HANDLE session = p11_open(p11_slot(2, 0), 0);
	uint8_t answer[RAPDU_LEN_MAX];
	struct writer response = writer_to(answer, sizeof(answer));

	(void)state;
	assert_rv(p11_login(session, CKU_USER, "9999"), CKR_PIN_INCORRECT);
	fake.readers[0].in_transaction = true;
	fake_send(&fake.readers[0], BYTES(verify), &response);
	fake.readers[0].in_transaction = false;
	assert_int_equal(answer[0], 0x63);
	assert_rv(p11_login(session, CKU_USER, "9999"), CKR_PIN_INCORRECT);
	/* the first, and the other program's */
	assert_int_equal(fake.readers[0].verifies, 2);
	assert_ok(p11_login(session, CKU_USER, AUTH_PIN));
}

static void
wrong_pins_lock_the_pin_and_the_puk_unlocks_it(void **state)
{
	CK_SLOT_ID slot = p11_slot(2, 0);
	CK_SESSION_HANDLE session = p11_open(slot, CKF_RW_SESSION);
	char pin[] = "9990";
	CK_RV rv = CKR_PIN_INCORRECT;

	(void)state;
	for (int i = 0; i < 10 && rv == CKR_PIN_INCORRECT; i++) {
		pin[3] = (char)('0' + i);
		rv = p11_login(session, CKU_USER, pin);
	}
	assert_rv(rv, CKR_PIN_LOCKED);
	assert_true(token_flags(slot) & CKF_USER_PIN_LOCKED);
	assert_rv(p11_login(session, CKU_USER, AUTH_PIN), CKR_PIN_LOCKED);
	assert_ok(p11_login(session, CKU_SO, THE_PUK));
	assert_int_equal(session_state(session), CKS_RW_SO_FUNCTIONS);
	assert_ok(C_InitPIN(session, (CK_UTF8CHAR *)(uintptr_t) "4321", 4));
	assert_ok(C_Logout(session));
	assert_false(token_flags(slot) & CKF_USER_PIN_LOCKED);
	assert_ok(p11_login(session, CKU_USER, "4321"));
}

static void
a_wrong_puk_logs_out(void **state)
{
	CK_SESSION_HANDLE session = p11_open(p11_slot(2, 0), CKF_RW_SESSION);

	(void)state;
	assert_ok(p11_login(session, CKU_SO, "87654321"));
	assert_rv(C_InitPIN(session, (CK_UTF8CHAR *)(uintptr_t) "4321", 4), CKR_PIN_INCORRECT);
	assert_int_equal(session_state(session), CKS_RW_PUBLIC_SESSION);
}

static void
the_security_officer_and_read_only_sessions_shut_each_other_out(void **state)
{
	CK_SLOT_ID slot = p11_slot(2, 0);
	CK_SESSION_HANDLE rw = p11_open(slot, CKF_RW_SESSION), ro = p11_open(slot, 0);

	(void)state;
	assert_rv(p11_login(rw, CKU_SO, THE_PUK), CKR_SESSION_READ_ONLY_EXISTS);
	assert_ok(C_CloseSession(ro));
	assert_ok(p11_login(rw, CKU_SO, THE_PUK));
	assert_rv(C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &ro),
		  CKR_SESSION_READ_WRITE_SO_EXISTS);
}

static void
a_pin_is_changed_in_a_read_write_session(void **state)
{
	CK_SLOT_ID slot = p11_slot(2, 0);
	CK_SESSION_HANDLE ro = p11_open(slot, 0), rw = p11_open(slot, CKF_RW_SESSION);
	CK_UTF8CHAR old_pin[] = AUTH_PIN, new_pin[] = "4321";

	(void)state;
	assert_rv(C_SetPIN(ro, old_pin, 4, new_pin, 4), CKR_SESSION_READ_ONLY);
	assert_rv(C_SetPIN(rw, new_pin, 4, old_pin, 4), CKR_PIN_INCORRECT);
	assert_ok(C_SetPIN(rw, old_pin, 4, new_pin, 4));
	assert_rv(p11_login(rw, CKU_USER, AUTH_PIN), CKR_PIN_INCORRECT);
	assert_ok(p11_login(rw, CKU_USER, "4321"));
	assert_ok(p11_sign_once(rw, CKM_SHA256_RSA_PKCS));
}

static void
the_authentication_key_signs_as_often_as_it_is_asked(void **state)
{
	CK_SESSION_HANDLE session = auth_session();

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_ok(p11_sign_once(session, CKM_SHA256_RSA_PKCS));
	assert_int_equal(fake.readers[0].verifies, 1);
}

static bool
always_authenticates(CK_SESSION_HANDLE session)
{
	CK_BBOOL answer = CK_FALSE;
	CK_ATTRIBUTE asked = {CKA_ALWAYS_AUTHENTICATE, &answer, sizeof(answer)};

	assert_ok(C_GetAttributeValue(session, p11_one(session, CKO_PRIVATE_KEY), &asked, 1));
	return answer == CK_TRUE;
}

static void
a_login_serves_the_first_signature_of_a_key_that_wants_one_each_time(void **state)
{
	CK_SESSION_HANDLE session = sign_session();

	(void)state;
	assert_true(always_authenticates(session));
	assert_ok(p11_sign_once(session, CKM_SHA256_RSA_PKCS));
	assert_rv(p11_sign_once(session, CKM_SHA256_RSA_PKCS), CKR_USER_NOT_LOGGED_IN);
}

static void
a_context_login_serves_one_signature(void **state)
{
	CK_SESSION_HANDLE session = sign_session();
	CK_OBJECT_HANDLE key = p11_one(session, CKO_PRIVATE_KEY);
	CK_BYTE signature[512];
	CK_ULONG len;

	(void)state;
	assert_rv(p11_login(session, CKU_CONTEXT_SPECIFIC, SIGN_PIN),
		  CKR_OPERATION_NOT_INITIALIZED);
	for (int i = 0; i < 3; i++) {
		len = sizeof(signature);
		assert_ok(p11_sign_init(session, CKM_SHA256_RSA_PKCS, key));
		assert_ok(p11_login(session, CKU_CONTEXT_SPECIFIC, SIGN_PIN));
		assert_ok(p11_sign(session, signature, &len));
	}
	/* That of the first login was forgotten with the first of these. */
	assert_rv(p11_sign_once(session, CKM_SHA256_RSA_PKCS), CKR_USER_NOT_LOGGED_IN);
}

static void
a_wrong_context_login_leaves_the_operation_and_the_login(void **state)
{
	CK_SESSION_HANDLE session = sign_session();
	CK_BYTE signature[512];
	CK_ULONG len = sizeof(signature);

	(void)state;
	assert_ok(p11_sign_once(session, CKM_SHA256_RSA_PKCS));
	assert_ok(p11_sign_init(session, CKM_SHA256_RSA_PKCS, p11_one(session, CKO_PRIVATE_KEY)));
	assert_rv(p11_login(session, CKU_CONTEXT_SPECIFIC, "999999"), CKR_PIN_INCORRECT);
	assert_ok(p11_login(session, CKU_CONTEXT_SPECIFIC, SIGN_PIN));
	assert_ok(p11_sign(session, signature, &len));
}

static void
each_pin_opens_its_own_slot(void **state)
{
	CK_SESSION_HANDLE sign = p11_open(p11_slot(2, 1), 0);
	CK_OBJECT_HANDLE found[2];

	(void)state;
	assert_ok(p11_login(p11_open(p11_slot(2, 0), 0), CKU_USER, AUTH_PIN));
	assert_int_equal(session_state(sign), CKS_RO_PUBLIC_SESSION);
	assert_int_equal(p11_find(sign, CKO_PRIVATE_KEY, found, 2), 0);
}

static void
another_programs_reset_is_made_good_with_the_pin_that_is_kept(void **state)
{
	CK_SESSION_HANDLE session = auth_session();

	(void)state;
	assert_ok(p11_sign_once(session, CKM_SHA256_RSA_PKCS));
	fake_reset(0);
	assert_ok(p11_sign_once(session, CKM_SHA256_RSA_PKCS));
	assert_int_equal(fake.readers[0].verifies, 2);
}

static void
without_the_cache_a_reset_takes_the_login(void **state)
{
	(void)state;
	p11_end();
	p11_begin("pin-cache = no");
	fake_put(0, card);
	{
		CK_SESSION_HANDLE session = auth_session();

		assert_ok(p11_sign_once(session, CKM_SHA256_RSA_PKCS));
		fake_reset(0);
		assert_rv(p11_sign_once(session, CKM_SHA256_RSA_PKCS), CKR_USER_NOT_LOGGED_IN);
		assert_ok(p11_login(session, CKU_USER, AUTH_PIN));
	}
}

static void
with_drop_authentication_the_card_forgets_after_each_use(void **state)
{
	(void)state;
	p11_end();
	p11_begin("drop-authentication = yes");
	fake_put(0, card);
	{
		CK_SESSION_HANDLE session = auth_session();

		assert_ok(p11_sign_once(session, CKM_SHA256_RSA_PKCS));
		assert_ok(p11_sign_once(session, CKM_SHA256_RSA_PKCS));
		assert_int_equal(fake.readers[0].verifies, 2);
	}
}

static void
a_pin_whose_time_is_over_ends_the_login(void **state)
{
	CK_SESSION_HANDLE session;

	(void)state;
	p11_end();
	p11_begin("pin-cache-lifetime-s = 60");
	fake_put(0, card);
	session = auth_session();
	later = 50;
	assert_ok(p11_sign_once(session, CKM_SHA256_RSA_PKCS));
	later = 61;
	assert_int_equal(session_state(session), CKS_RO_PUBLIC_SESSION);
	assert_ok(p11_login(session, CKU_USER, AUTH_PIN));
	assert_ok(p11_sign_once(session, CKM_SHA256_RSA_PKCS));
	later = 0;
}

static void
a_program_may_be_kept_from_hearing_of_always_authenticate(void **state)
{
	(void)state;
	p11_end();
	p11_begin("no-always-authenticate-for = test-p11-*");
	fake_put(0, card);
	assert_false(always_authenticates(sign_session()));
}

static void
a_card_that_is_taken_out_takes_its_sessions(void **state)
{
	CK_SLOT_ID slot = p11_slot(2, 0);
	CK_SESSION_HANDLE session = p11_logged_in(slot, AUTH_PIN);
	CK_SLOT_INFO info;

	(void)state;
	fake_put(0, NULL);
	assert_rv(p11_sign_init(session, CKM_SHA256_RSA_PKCS, 1), CKR_DEVICE_REMOVED);
	assert_rv(p11_sign_init(session, CKM_SHA256_RSA_PKCS, 1), CKR_SESSION_HANDLE_INVALID);
	assert_ok(C_GetSlotInfo(slot, &info));
	assert_false(info.flags & CKF_TOKEN_PRESENT);
	fake_put(0, card);
	card_reset(card->card);
	assert_ok(p11_sign_once(p11_logged_in(slot, AUTH_PIN), CKM_SHA256_RSA_PKCS));
}

static void
a_card_that_came_back_at_once_is_another_stay(void **state)
{
	CK_SESSION_HANDLE session = auth_session();
	CK_SESSION_INFO info;

	(void)state;
	fake_put(0, NULL);
	fake_put(0, card);
	assert_rv(C_GetSessionInfo(session, &info), CKR_DEVICE_REMOVED);
	assert_rv(C_GetSessionInfo(session, &info), CKR_SESSION_HANDLE_INVALID);
}

/* What pcsc-lite says of the command, and how often it then says that the card is there. */
static void
go_at_any_command_of_a_signature(LONG error, unsigned unseen)
{
	bool went = true;

	for (unsigned at = 1; went; at++) {
		CK_SESSION_HANDLE session = auth_session();
		CK_OBJECT_HANDLE key = p11_one(session, CKO_PRIVATE_KEY);
		CK_BYTE signature[512];
		CK_ULONG len = sizeof(signature);
		CK_RV rv;

		fake.readers[0].remove_at = at;
		fake.readers[0].remove_error = error;
		fake.readers[0].unseen = unseen;
		rv = p11_sign_init(session, CKM_SHA256_RSA_PKCS, key);
		if (rv == CKR_OK)
			rv = p11_sign(session, signature, &len);
		went = fake.readers[0].applet == NULL;
		assert_rv(rv, went ? CKR_DEVICE_REMOVED : CKR_OK);
		fake.readers[0].remove_at = 0;
		if (went) {
			assert_rv(C_CloseSession(session), CKR_SESSION_HANDLE_INVALID);
			fake_put(0, card);
			card_reset(card->card);
		} else {
			assert_ok(C_CloseSession(session));
		}
		assert_true(at < 50);
	}
}

static void
a_card_may_go_at_any_command_of_a_signature(void **state)
{
	(void)state;
	go_at_any_command_of_a_signature(SCARD_W_REMOVED_CARD, 0);
}

static void
a_card_that_goes_while_it_is_asked_has_gone_whatever_the_error(void **state)
{
	(void)state;
	go_at_any_command_of_a_signature(SCARD_E_NOT_TRANSACTED, 2);
	go_at_any_command_of_a_signature(SCARD_F_COMM_ERROR, 0);
	go_at_any_command_of_a_signature(SCARD_E_PROTO_MISMATCH, 0);
}

static void
a_card_whose_power_another_program_took_is_powered_again(void **state)
{
	CK_SESSION_HANDLE session = auth_session();

	(void)state;
	fake_unpower(0);
	assert_ok(p11_sign_once(session, CKM_SHA256_RSA_PKCS));
	assert_ok(C_CloseSession(session));
}

static void
a_pcscd_that_ends_while_a_card_is_connected_to_took_the_card(void **state)
{
	CK_SESSION_HANDLE session;

	(void)state;
	fake_put(0, NULL);
	fake_put(0, card);
	fake.readers[0].connect_error = SCARD_F_COMM_ERROR;
	assert_rv(C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &session),
		  CKR_TOKEN_NOT_PRESENT);
	assert_ok(C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &session));
}

static void
a_reset_at_any_command_of_a_signature_is_made_good(void **state)
{
	unsigned lost = 0;

	(void)state;
	for (unsigned at = 1; at < 8; at++) {
		CK_SESSION_HANDLE session = auth_session();
		CK_RV rv;

		fake.readers[0].reset_at = at;
		rv = p11_sign_once(session, CKM_SHA256_RSA_PKCS);
		fake.readers[0].reset_at = 0;
		/* The card signed, and only the answer is lost: who wants another one asks for it. */
		lost += rv == CKR_DEVICE_ERROR ? 1 : 0;
		assert_ok(rv == CKR_DEVICE_ERROR ? p11_sign_once(session, CKM_SHA256_RSA_PKCS)
						 : rv);
		assert_ok(C_CloseSession(session));
	}
	assert_int_equal(lost, 1);
}

static void
a_pcscd_that_starts_anew_takes_the_sessions(void **state)
{
	CK_SLOT_ID slot = p11_slot(2, 0);
	CK_SESSION_HANDLE session = p11_logged_in(slot, AUTH_PIN);
	CK_OBJECT_HANDLE key = p11_one(session, CKO_PRIVATE_KEY);
	CK_BYTE signature[512];
	CK_ULONG len = sizeof(signature);
	CK_RV rv;

	(void)state;
	fake_restart();
	rv = p11_sign_init(session, CKM_SHA256_RSA_PKCS, key);
	if (rv == CKR_OK)
		rv = p11_sign(session, signature, &len);
	assert_rv(rv, CKR_DEVICE_REMOVED);
	assert_rv(C_CloseSession(session), CKR_SESSION_HANDLE_INVALID);
	assert_ok(p11_sign_once(p11_logged_in(slot, AUTH_PIN), CKM_SHA256_RSA_PKCS));
}

static void
one_signature_of_a_remote_key_is_one_start(void **state)
{
	CK_SESSION_HANDLE session = sign_session();
	CK_OBJECT_HANDLE key = p11_one(session, CKO_PRIVATE_KEY);
	CK_BYTE signature[512];
	CK_ULONG len = 0;

	(void)state;
	assert_ok(p11_sign_init(session, CKM_SHA256_RSA_PKCS, key));
	assert_ok(p11_sign(session, NULL, &len));
	assert_int_equal(card->starts, 0);
	len = 10;
	assert_rv(p11_sign(session, signature, &len), CKR_BUFFER_TOO_SMALL);
	assert_int_equal(len, 256);
	assert_int_equal(card->starts, 0);
	assert_ok(p11_sign(session, signature, &len));
	assert_int_equal(card->starts, 1);
}

static void
a_reset_at_any_command_makes_no_second_start(void **state)
{
	(void)state;
	for (unsigned at = 1; at < 12; at++) {
		CK_SESSION_HANDLE session = sign_session();
		const unsigned before = card->starts;
		CK_RV rv;

		fake.readers[0].reset_at = at;
		rv = p11_sign_once(session, CKM_SHA256_RSA_PKCS);
		fake.readers[0].reset_at = 0;
		assert_true(card->starts - before <= 1);
		assert_true(rv != CKR_OK || card->starts - before == 1);
		assert_ok(C_CloseSession(session));
	}
}

static void
what_a_service_answers_has_its_return_value(void **state)
{
	static const struct {
		uint16_t sw;
		CK_RV rv;
	} rows[] = {
	    {SW_PROMPT_CANCELLED, CKR_FUNCTION_REJECTED},
	    {SW_PROMPT_TIMEOUT, CKR_FUNCTION_CANCELED},
	    {SW_CODE_WRONG, CKR_FUNCTION_REJECTED},
	    {SW_SERVICE_UNREACHABLE, CKR_DEVICE_ERROR},
	    {SW_SERVICE_UNTRUSTED, CKR_DEVICE_ERROR},
	    {SW_SERVICE_CREDENTIALS, CKR_DEVICE_ERROR},
	    {SW_SERVICE_INACTIVE, CKR_FUNCTION_REJECTED},
	    {SW_SERVICE_PIN_MUST_CHANGE, CKR_FUNCTION_REJECTED},
	    {SW_SERVICE_ACCOUNT_UNKNOWN, CKR_FUNCTION_REJECTED},
	    {SW_SIGNATURE_WRONG, CKR_DEVICE_ERROR},
	    {SW_FATE_UNKNOWN, CKR_DEVICE_ERROR},
	    {SW_CERTIFICATE_EXPIRED, CKR_FUNCTION_REJECTED},
	    {SW_ENCRYPTION_CERTIFICATE_EXPIRED, CKR_FUNCTION_REJECTED},
	    {SW_SERVICE_OTHER, CKR_DEVICE_ERROR},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CK_SESSION_HANDLE session = sign_session();

		fake.readers[0].sw_at_pso = rows[i].sw;
		if (p11_sign_once(session, CKM_SHA256_RSA_PKCS) != rows[i].rv)
			fail_msg("%04X is not %s", rows[i].sw, p11_name(rows[i].rv));
		fake.readers[0].sw_at_pso = 0;
		assert_ok(C_CloseSession(session));
	}
	assert_int_equal(card->starts, 0);
}

static void
a_pin_that_the_service_refuses_logs_out_and_is_not_offered_again(void **state)
{
	CK_SLOT_ID slot = p11_slot(2, 1);
	CK_SESSION_HANDLE session = p11_logged_in(slot, "999999");

	(void)state;
	assert_rv(p11_sign_once(session, CKM_SHA256_RSA_PKCS), CKR_PIN_INCORRECT);
	assert_int_equal(card->starts, 1);
	assert_int_equal(session_state(session), CKS_RO_PUBLIC_SESSION);
	assert_rv(p11_login(session, CKU_USER, "999999"), CKR_PIN_INCORRECT);
	assert_ok(p11_login(session, CKU_USER, SIGN_PIN));
	assert_ok(p11_sign_once(session, CKM_SHA256_RSA_PKCS));
	assert_int_equal(card->starts, 2);
}

static void
a_pin_pad_is_used_for_a_pin_that_is_not_given(void **state)
{
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE session;

	(void)state;
	fake.readers[0].pad_pin = AUTH_PIN;
	slot = p11_slot(2, 0);
	assert_true(token_flags(slot) & CKF_PROTECTED_AUTHENTICATION_PATH);
	session = p11_open(slot, 0);
	fake.readers[0].pad_sw = SW_PROMPT_CANCELLED;
	assert_rv(C_Login(session, CKU_USER, NULL, 0), CKR_FUNCTION_CANCELED);
	fake.readers[0].pad_sw = 0;
	assert_ok(C_Login(session, CKU_USER, NULL, 0));
	assert_ok(p11_sign_once(session, CKM_SHA256_RSA_PKCS));
	assert_int_equal(fake.readers[0].pad_used, 2);
	assert_ok(C_Logout(session));
	assert_ok(p11_login(session, CKU_USER, AUTH_PIN));
	assert_int_equal(fake.readers[0].pad_used, 2);
}

static void
with_a_pin_pad_the_second_signature_asks_at_the_pad(void **state)
{
	CK_SESSION_HANDLE session;

	(void)state;
	fake.readers[0].pad_pin = SIGN_PIN;
	session = p11_open(p11_slot(2, 1), 0);
	assert_ok(C_Login(session, CKU_USER, NULL, 0));
	assert_ok(p11_sign_once(session, CKM_SHA256_RSA_PKCS));
	assert_int_equal(fake.readers[0].pad_used, 1);
	assert_ok(p11_sign_once(session, CKM_SHA256_RSA_PKCS));
	assert_int_equal(fake.readers[0].pad_used, 2);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, p11_setup, p11_teardown)
#define REMOTE(name) cmocka_unit_test_setup_teardown(name, p11_setup_remote, p11_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(no_pin_is_right_where_the_card_has_none),
	    TEST(the_private_key_is_seen_after_login_only),
	    TEST(all_sessions_of_a_slot_are_logged_in_together),
	    TEST(the_last_session_takes_the_login_with_it),
	    TEST(a_key_found_before_logout_signs_no_more),
	    TEST(a_wrong_pin_is_told_with_its_flags),
	    TEST(a_pin_that_the_card_refused_is_not_offered_again),
	    TEST(another_programs_wrong_pin_makes_a_refused_one_no_better),
	    TEST(wrong_pins_lock_the_pin_and_the_puk_unlocks_it),
	    TEST(a_wrong_puk_logs_out),
	    TEST(the_security_officer_and_read_only_sessions_shut_each_other_out),
	    TEST(a_pin_is_changed_in_a_read_write_session),
	    TEST(the_authentication_key_signs_as_often_as_it_is_asked),
	    TEST(a_login_serves_the_first_signature_of_a_key_that_wants_one_each_time),
	    TEST(a_context_login_serves_one_signature),
	    TEST(a_wrong_context_login_leaves_the_operation_and_the_login),
	    TEST(each_pin_opens_its_own_slot),
	    TEST(another_programs_reset_is_made_good_with_the_pin_that_is_kept),
	    TEST(without_the_cache_a_reset_takes_the_login),
	    TEST(with_drop_authentication_the_card_forgets_after_each_use),
	    TEST(a_pin_whose_time_is_over_ends_the_login),
	    TEST(a_program_may_be_kept_from_hearing_of_always_authenticate),
	    TEST(a_card_that_is_taken_out_takes_its_sessions),
	    TEST(a_card_that_came_back_at_once_is_another_stay),
	    TEST(a_card_may_go_at_any_command_of_a_signature),
	    TEST(a_card_that_goes_while_it_is_asked_has_gone_whatever_the_error),
	    TEST(a_card_whose_power_another_program_took_is_powered_again),
	    TEST(a_pcscd_that_ends_while_a_card_is_connected_to_took_the_card),
	    TEST(a_reset_at_any_command_of_a_signature_is_made_good),
	    TEST(a_pcscd_that_starts_anew_takes_the_sessions),
	    REMOTE(one_signature_of_a_remote_key_is_one_start),
	    REMOTE(a_reset_at_any_command_makes_no_second_start),
	    cmocka_unit_test_setup_teardown(a_reset_at_any_command_makes_no_second_start,
					    setup_remote_without_consent, p11_teardown),
	    REMOTE(what_a_service_answers_has_its_return_value),
	    REMOTE(a_pin_that_the_service_refuses_logs_out_and_is_not_offered_again),
	    TEST(a_pin_pad_is_used_for_a_pin_that_is_not_given),
	    TEST(with_a_pin_pad_the_second_signature_asks_at_the_pad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
