/* What the reader lets a card say. ifdhandler/link.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "ifdhandler/message.h"

static const uint8_t atr[] = {0x3B, 0x80, 0x81, 0x01};

static bool
fits(uint8_t kind, const void *body, size_t length)
{
	return message_well_formed(kind, body, length, length);
}

static void
a_hello_is_the_version_and_an_atr(void **state)
{
	uint8_t hello[64] = {LINK_VERSION, 0x3B};

	(void)state;
	assert_true(fits(LINK_HELLO, hello, 3));
	assert_true(fits(LINK_HELLO, hello, 34));
	assert_false(fits(LINK_HELLO, hello, 0));
	assert_false(fits(LINK_HELLO, hello, 2));
	assert_false(fits(LINK_HELLO, hello, 35));
}

static void
a_hello_of_another_version_is_refused(void **state)
{
	const uint8_t hello[] = {LINK_VERSION + 1, 0x3B, 0x00};

	(void)state;
	assert_false(fits(LINK_HELLO, hello, sizeof hello));
}

/* ISO/IEC 7816-3 8.1 */
static void
an_atr_begins_with_a_convention(void **state)
{
	const uint8_t inverse[] = {0x3F, 0x00}, wrong[] = {0x3C, 0x00};

	(void)state;
	assert_true(fits(LINK_POWERED, atr, sizeof atr));
	assert_true(fits(LINK_POWERED, inverse, sizeof inverse));
	assert_false(fits(LINK_POWERED, wrong, sizeof wrong));
	assert_false(fits(LINK_POWERED, atr, 1));
	assert_false(fits(LINK_POWERED, atr, 0));
}

static void
an_atr_has_at_most_33_bytes(void **state)
{
	const uint8_t long_atr[34] = {0x3B};

	(void)state;
	assert_true(fits(LINK_POWERED, long_atr, 33));
	assert_false(fits(LINK_POWERED, long_atr, 34));
}

static void
done_and_busy_have_no_body(void **state)
{
	(void)state;
	assert_true(fits(LINK_DONE, "", 0));
	assert_true(fits(LINK_BUSY, "", 0));
	assert_false(fits(LINK_DONE, "x", 1));
	assert_false(fits(LINK_BUSY, "x", 1));
}

/* A buffer may hold less than the message has. */
static void
a_response_has_a_status_word_and_at_most_65536_bytes_more(void **state)
{
	(void)state;
	assert_false(message_well_formed(LINK_RESPONSE, (const uint8_t *)"", 0, 1));
	assert_true(message_well_formed(LINK_RESPONSE, (const uint8_t *)"", 0, 2));
	assert_true(message_well_formed(LINK_RESPONSE, (const uint8_t *)"", 0, 65538));
	assert_false(message_well_formed(LINK_RESPONSE, (const uint8_t *)"", 0, 65539));
}

static void
no_other_kind_is_a_cards(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind <= 0xFF; kind++) {
		const uint8_t body[] = {LINK_VERSION, 0x3B, 0x00};
		bool fitting = false;

		for (size_t length = 0; length <= sizeof body; length++)
			fitting |= fits((uint8_t)kind, body, length) ||
				   fits((uint8_t)kind, body + 1, length < 2 ? length : 2);
		assert_int_equal(fitting, kind >= LINK_HELLO && kind <= LINK_BUSY);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_hello_is_the_version_and_an_atr),
	    cmocka_unit_test(a_hello_of_another_version_is_refused),
	    cmocka_unit_test(an_atr_begins_with_a_convention),
	    cmocka_unit_test(an_atr_has_at_most_33_bytes),
	    cmocka_unit_test(done_and_busy_have_no_body),
	    cmocka_unit_test(a_response_has_a_status_word_and_at_most_65536_bytes_more),
	    cmocka_unit_test(no_other_kind_is_a_cards),
	};

	return cmocka_run_group_tests_name("reader: messages", tests, NULL, NULL);
}
