/*
 * What the program is, said by the module to cards that ask: each personality that can, by its driver.
 */
#include "test-p11-card.h"

static const struct kind {
	const char *personality, *serial;
	unsigned bits;
} KINDS[] = {
    {"fineid-v2", "00112233445566778899", 2048},
    {"fineid-v3", "313233343536373839303132", 2048},
    {"fineid-v4", "313233343536373839303132", 3072},
    {"fineid-org", "313233343536373839303132", 2048},
    {"iasecc", "990000000101000F", 2048},
    {"cc-v1", "0123456789ABCDEF", 2048},
};

#define FOR_EACH_KIND(kind)                                                                    \
	for (const struct kind *kind = KINDS; kind < KINDS + sizeof(KINDS) / sizeof(KINDS[0]); \
	     kind++)

static struct p11_card *
card_of(const struct kind *kind, const char *options, const char *program)
{
	struct applet_card *applet = applet_new(kind->personality, kind->serial, options);
	struct p11_card *p11;

	applet_add_key(applet, "sign", "cmd", kind->bits, SIGN_PIN);
	applet_insert(applet);
	p11 = p11_over(applet);
	p11->channel.program = program;
	assert_int_equal(smartcard_bind(&p11->channel, NULL, &p11->card), SMARTCARD_OK);
	assert_int_equal(p11->card->private_keys_count, 1);
	return p11;
}

/* As C_Login and C_Sign do. How many commands the use itself took. */
static unsigned
signs(struct p11_card *p11)
{
	unsigned before;

	assert_int_equal(smartcard_find_abilities(p11->card, 0), SMARTCARD_OK);
	assert_int_equal(smartcard_find_program(p11->card), SMARTCARD_OK);
	assert_int_equal(
	    smartcard_verify(p11->card, (size_t)p11->card->private_keys[0].pin, PIN(SIGN_PIN)),
	    SMARTCARD_OK);
	before = p11->commands;
	p11_assert_signs(p11, 0, SMARTCARD_SIGN_PKCS1, DIGEST_SHA256);
	return p11->commands - before;
}

static void
a_card_that_asks_is_told_before_each_use(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct p11_card *p11 = card_of(kind, "program-name", "firefox-esr");

		for (int i = 0; i < 2; i++) {
			p11->applet->program[0] = '\0';
			(void)signs(p11);
			assert_string_equal(p11->applet->program, "firefox-esr");
		}
		assert_true(p11->card->takes_program);
		p11_free(p11);
	}
}

static void
a_card_that_does_not_ask_is_told_nothing(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct p11_card *p11 = card_of(kind, "", "firefox-esr");
		struct p11_card *asks = card_of(kind, "program-name", "firefox-esr");
		const unsigned commands = signs(p11);

		assert_false(p11->card->takes_program);
		assert_string_equal(p11->applet->program, "");
		assert_int_equal(signs(asks), commands + 1);
		p11_free(asks);
		p11_free(p11);
	}
}

/* SELECT and READ BINARY where EF.OD names the directory, as on plastic, or of EF.OD where the driver does not
 * read that; nothing where there is none. */
static void
a_card_is_looked_at_once(void **state)
{
	struct p11_card *iasecc = card_of(&KINDS[4], "", "firefox-esr");
	struct p11_card *cc = card_of(&KINDS[5], "", "firefox-esr");
	struct p11_card *fineid = card_of(&KINDS[1], "", "firefox-esr");
	const unsigned before = iasecc->commands, before_cc = cc->commands;
	const unsigned before_fineid = fineid->commands;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(smartcard_find_program(iasecc->card), SMARTCARD_OK);
		assert_int_equal(iasecc->commands, before + 2);
		assert_int_equal(smartcard_find_program(cc->card), SMARTCARD_OK);
		assert_int_equal(cc->commands, before_cc + 2);
		assert_int_equal(smartcard_find_program(fineid->card), SMARTCARD_OK);
		assert_int_equal(fineid->commands, before_fineid);
	}
	p11_free(fineid);
	p11_free(cc);
	p11_free(iasecc);
}

static void
what_cannot_be_said_is_made_so(void **state)
{
	struct p11_card *p11 = card_of(&KINDS[5], "program-name", "caf\xC3\xA9\n");

	(void)state;
	(void)signs(p11);
	assert_string_equal(p11->applet->program, "caf???");
	p11->card->channel.program =
	    "0123456789012345678901234567890123456789012345678901234567890123-and-more";
	(void)signs(p11);
	assert_string_equal(p11->applet->program,
			    "0123456789012345678901234567890123456789012345678901234567890123");
	p11->card->channel.program = "";
	(void)signs(p11);
	assert_string_equal(p11->applet->program, "");
	p11_free(p11);
}

/* Whether it is there is not known then, and is asked again. */
static void
a_reset_while_it_is_looked_for_is_told(void **state)
{
	struct p11_card *p11 = card_of(&KINDS[4], "program-name", "firefox-esr");

	(void)state;
	p11->fail = CHANNEL_RESET;
	p11->fail_at = p11->commands + 1;
	assert_int_equal(smartcard_find_program(p11->card), SMARTCARD_RESET);
	assert_false(p11->card->takes_program);
	assert_int_equal(smartcard_find_program(p11->card), SMARTCARD_OK);
	assert_true(p11->card->takes_program);
	p11_free(p11);
}

/* It has the module believe that it asks, and then does not take it. */
static void
a_card_that_refuses_it_signs_all_the_same(void **state)
{
	struct p11_card *p11 = card_of(&KINDS[5], "", "firefox-esr");

	(void)state;
	p11->card->program_sought = p11->card->takes_program = true;
	(void)signs(p11);
	assert_string_equal(p11->applet->program, "");
	p11_free(p11);
}

static void
a_reset_while_it_is_said_ends_the_use_before_the_key(void **state)
{
	struct p11_card *p11 = card_of(&KINDS[5], "program-name", "firefox-esr");
	uint8_t info[DIGESTINFO_LEN_MAX], data[SMARTCARD_OUTPUT_MAX];
	struct writer input = writer_to(info, sizeof(info)), output = writer_to(data, sizeof(data));

	(void)state;
	assert_true(digestinfo_build(DIGEST_SHA256, p11_hash(32), &input));
	(void)signs(p11);
	p11->applet->requests = 0;
	p11->fail = CHANNEL_RESET;
	p11->fail_at = p11->commands;
	assert_int_equal(smartcard_use_key(p11->card, 0, SMARTCARD_SIGN_PKCS1, DIGEST_SHA256,
					   writer_bytes(&input), &output),
			 SMARTCARD_RESET);
	assert_int_equal(p11->applet->requests, 0);
	p11_free(p11);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_card_that_asks_is_told_before_each_use),
	    cmocka_unit_test(a_card_that_does_not_ask_is_told_nothing),
	    cmocka_unit_test(a_card_is_looked_at_once),
	    cmocka_unit_test(what_cannot_be_said_is_made_so),
	    cmocka_unit_test(a_reset_while_it_is_looked_for_is_told),
	    cmocka_unit_test(a_card_that_refuses_it_signs_all_the_same),
	    cmocka_unit_test(a_reset_while_it_is_said_ends_the_use_before_the_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
