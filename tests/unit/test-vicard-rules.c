/* When a remote key is not asked: design.md, "Nothing leaves before the owner says yes". */
#include "tools/vicard/rules.h"
#include "tools/vicard/keys.h"

#include "iso7816/sw.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { PAUSE = 5000, WINDOW = 3000, NOW = 100000 };

static const uint8_t input[] = {0x30, 0x31}, other_input[] = {0x30, 0x32};

static struct key_request
request_of(const char *key, struct bytes bytes)
{
	return (struct key_request){
	    .operation = KEY_SIGN_PKCS1, .key = key, .remote = true, .input = bytes};
}

static struct rules
rules_after(uint16_t sw)
{
	const struct key_request request = request_of("sign", BYTES(input));
	struct rules rules;

	rules_init(&rules, PAUSE, WINDOW);
	rules_learn(&rules, NOW, &request, sw);
	return rules;
}

/* 0 when it is allowed, else the status word. */
static uint16_t
asked(const struct rules *rules, uint64_t now, const char *key, struct bytes bytes)
{
	const struct key_request request = request_of(key, bytes);
	const char *why;
	uint16_t sw;

	return rules_allow(rules, now, &request, false, &sw, &why) ? 0 : sw;
}

static void
the_first_use_is_allowed(void **state)
{
	struct rules rules;

	(void)state;
	rules_init(&rules, PAUSE, WINDOW);
	assert_int_equal(asked(&rules, 0, "sign", BYTES(input)), 0);
}

static void
after_a_cancel_nobody_is_asked_about_anything(void **state)
{
	const struct rules rules = rules_after(SW_PROMPT_CANCELLED);

	(void)state;
	assert_int_equal(asked(&rules, NOW + PAUSE - 1, "auth", BYTES(other_input)),
			 SW_PROMPT_CANCELLED);
}

static void
the_pause_after_a_cancel_ends(void **state)
{
	const struct rules rules = rules_after(SW_PROMPT_CANCELLED);

	(void)state;
	assert_int_equal(asked(&rules, NOW + PAUSE, "sign", BYTES(input)), 0);
}

static void
the_same_use_after_a_failure_fails_the_same_way(void **state)
{
	const struct rules rules = rules_after(SW_SERVICE_UNREACHABLE);

	(void)state;
	assert_int_equal(asked(&rules, NOW + WINDOW - 1, "sign", BYTES(input)),
			 SW_SERVICE_UNREACHABLE);
}

static void
the_window_after_a_failure_ends(void **state)
{
	const struct rules rules = rules_after(SW_SERVICE_UNREACHABLE);

	(void)state;
	assert_int_equal(asked(&rules, NOW + WINDOW, "sign", BYTES(input)), 0);
}

static void
another_input_after_a_failure_is_allowed(void **state)
{
	const struct rules rules = rules_after(SW_SERVICE_UNREACHABLE);

	(void)state;
	assert_int_equal(asked(&rules, NOW, "sign", BYTES(other_input)), 0);
}

static void
another_key_after_a_failure_is_allowed(void **state)
{
	const struct rules rules = rules_after(SW_SERVICE_UNREACHABLE);

	(void)state;
	assert_int_equal(asked(&rules, NOW, "auth", BYTES(input)), 0);
}

static void
the_same_use_after_a_success_is_allowed(void **state)
{
	const struct rules rules = rules_after(SW_OK);

	(void)state;
	assert_int_equal(asked(&rules, NOW, "sign", BYTES(input)), 0);
}

static void
a_success_ends_the_memory_of_a_failure(void **state)
{
	const struct key_request other = request_of("sign", BYTES(other_input));
	struct rules rules = rules_after(SW_FATE_UNKNOWN);

	(void)state;
	rules_learn(&rules, NOW + 1, &other, SW_OK);
	assert_int_equal(asked(&rules, NOW + 2, "sign", BYTES(input)), 0);
}

static void
another_pin_after_a_wrong_one_may_be_tried_at_once(void **state)
{
	const struct rules rules = rules_after(SW_AUTHENTICATION);

	(void)state;
	assert_int_equal(asked(&rules, NOW, "sign", BYTES(input)), 0);
}

static void
windows_of_no_length_forbid_nothing(void **state)
{
	const struct key_request request = request_of("sign", BYTES(input));
	struct rules rules;

	(void)state;
	rules_init(&rules, 0, 0);
	rules_learn(&rules, NOW, &request, SW_PROMPT_CANCELLED);
	assert_int_equal(asked(&rules, NOW, "sign", BYTES(input)), 0);
}

static void
an_expired_certificate_needs_no_call(void **state)
{
	const struct key_request request = request_of("sign", BYTES(input));
	struct rules rules;
	const char *why;
	uint16_t sw = 0;

	(void)state;
	rules_init(&rules, PAUSE, WINDOW);
	assert_false(rules_allow(&rules, NOW, &request, true, &sw, &why));
	assert_int_equal(sw, SW_CERTIFICATE_EXPIRED);
}

/* A self-signed certificate whose notAfter is `end`; the caller frees. */
static struct bytes
certificate_until(time_t end)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	X509 *x509 = X509_new();
	unsigned char *der = NULL;
	int len;

	assert_non_null(key);
	assert_non_null(x509);
	assert_non_null(ASN1_TIME_set(X509_getm_notBefore(x509), 0));
	assert_non_null(ASN1_TIME_set(X509_getm_notAfter(x509), end));
	assert_int_equal(X509_set_pubkey(x509, key), 1);
	assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
	len = i2d_X509(x509, &der);
	assert_true(len > 0);
	X509_free(x509);
	EVP_PKEY_free(key);
	return (struct bytes){der, (size_t)len};
}

static void
a_certificate_expires_after_its_last_second(void **state)
{
	const time_t end = 1800000000;
	const struct bytes certificate = certificate_until(end);

	(void)state;
	assert_false(rules_certificate_expired(certificate, end - 1));
	assert_true(rules_certificate_expired(certificate, end + 1));
	OPENSSL_free((void *)(uintptr_t)certificate.data);
}

static void
an_unreadable_certificate_is_left_to_the_service(void **state)
{
	(void)state;
	assert_false(rules_certificate_expired(BYTES(input), NOW));
}

static void
a_refusal_is_told_once_however_often_it_is_provoked(void **state)
{
	struct rules rules;
	unsigned told = 0;

	(void)state;
	rules_init(&rules, PAUSE, WINDOW);
	for (uint64_t now = NOW; now < NOW + RULES_TELL_MS; now++)
		told += rules_tell(&rules, now, SW_CERTIFICATE_EXPIRED);
	assert_int_equal(told, 1);
	assert_true(rules_tell(&rules, NOW + RULES_TELL_MS, SW_CERTIFICATE_EXPIRED));
}

static void
another_refusal_is_told(void **state)
{
	struct rules rules;

	(void)state;
	rules_init(&rules, PAUSE, WINDOW);
	assert_true(rules_tell(&rules, NOW, SW_CERTIFICATE_EXPIRED));
	assert_true(rules_tell(&rules, NOW, SW_PROMPT_CANCELLED));
}

static void
a_cancel_of_any_prompt_begins_the_pause(void **state)
{
	struct rules rules;
	const char *why;
	uint16_t sw = 0;

	(void)state;
	rules_init(&rules, PAUSE, WINDOW);
	assert_true(rules_may_ask(&rules, NOW, &sw, &why));
	rules_cancelled(&rules, NOW);
	assert_false(rules_may_ask(&rules, NOW + PAUSE - 1, &sw, &why));
	assert_int_equal(sw, SW_PROMPT_CANCELLED);
	assert_int_equal(asked(&rules, NOW + PAUSE - 1, "sign", BYTES(input)), SW_PROMPT_CANCELLED);
	assert_true(rules_may_ask(&rules, NOW + PAUSE, &sw, &why));
}

/* So the consent at the PIN pad is for what follows, not for the day. */
static void
what_was_typed_is_fresh_for_30_seconds(void **state)
{
	(void)state;
	assert_true(keys_fresh(NOW, NOW));
	assert_true(keys_fresh(NOW, NOW + 30000));
	assert_false(keys_fresh(NOW, NOW + 30001));
	assert_false(keys_fresh(0, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_use_is_allowed),
	    cmocka_unit_test(after_a_cancel_nobody_is_asked_about_anything),
	    cmocka_unit_test(the_pause_after_a_cancel_ends),
	    cmocka_unit_test(what_was_typed_is_fresh_for_30_seconds),
	    cmocka_unit_test(a_cancel_of_any_prompt_begins_the_pause),
	    cmocka_unit_test(the_same_use_after_a_failure_fails_the_same_way),
	    cmocka_unit_test(the_window_after_a_failure_ends),
	    cmocka_unit_test(another_input_after_a_failure_is_allowed),
	    cmocka_unit_test(another_key_after_a_failure_is_allowed),
	    cmocka_unit_test(the_same_use_after_a_success_is_allowed),
	    cmocka_unit_test(a_success_ends_the_memory_of_a_failure),
	    cmocka_unit_test(another_pin_after_a_wrong_one_may_be_tried_at_once),
	    cmocka_unit_test(windows_of_no_length_forbid_nothing),
	    cmocka_unit_test(a_refusal_is_told_once_however_often_it_is_provoked),
	    cmocka_unit_test(another_refusal_is_told),
	    cmocka_unit_test(an_expired_certificate_needs_no_call),
	    cmocka_unit_test(a_certificate_expires_after_its_last_second),
	    cmocka_unit_test(an_unreadable_certificate_is_left_to_the_service),
	};

	return cmocka_run_group_tests_name("vicard-rules", tests, NULL, NULL);
}
