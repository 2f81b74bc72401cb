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

#define FINEID (&KINDS[1])
#define IASECC (&KINDS[4])
#define CC (&KINDS[5])

enum { KINDS_COUNT = sizeof(KINDS) / sizeof(KINDS[0]) };

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
	smartcard_lost_place(p11->card);
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
	for (const struct kind *kind = KINDS; kind < KINDS + KINDS_COUNT; kind++) {
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
	for (const struct kind *kind = KINDS; kind < KINDS + KINDS_COUNT; kind++) {
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

/* How many commands it takes to look, twice, when another program has had the card meanwhile. */
static unsigned
commands_to_look(const struct kind *kind)
{
	struct p11_card *p11 = card_of(kind, "", "firefox-esr");
	const unsigned before = p11->commands;
	unsigned commands;

	for (int i = 0; i < 2; i++) {
		smartcard_lost_place(p11->card);
		assert_int_equal(smartcard_find_program(p11->card), SMARTCARD_OK);
	}
	commands = p11->commands - before;
	p11_free(p11);
	return commands;
}

static void
a_card_is_looked_at_once(void **state)
{
	(void)state;
	assert_int_equal(commands_to_look(FINEID), 0); /* its EF.OD names no directory */
	assert_int_equal(commands_to_look(IASECC),
			 3);                       /* SELECT of the application, of EF.DOD; READ */
	assert_int_equal(commands_to_look(CC), 2); /* SELECT and READ of EF.OD */
}

/* The PINs that other programs have verified stay so: the application is not selected again for it. */
static void
a_directory_that_is_not_there_costs_nobody_a_pin(void **state)
{
	struct p11_card *p11 = card_of(FINEID, "", "firefox-esr");
	const size_t pin = (size_t)p11->card->private_keys[0].pin;
	bool verified;
	unsigned tries;

	(void)state;
	assert_int_equal(smartcard_verify(p11->card, pin, PIN(SIGN_PIN)), SMARTCARD_OK);
	p11->card->data_directory =
	    (struct pkcs15_path){PKCS15_PATH_FILE, {0x3F, 0x00, 0x44, 0x06}, 4, false, 0, 0};
	smartcard_lost_place(p11->card);
	assert_int_equal(smartcard_find_program(p11->card), SMARTCARD_OK);
	assert_true(p11->card->program_sought && !p11->card->takes_program);
	assert_true(
	    card_pin_state(p11->applet->card, p11->card->pins[pin].reference, &verified, &tries));
	assert_true(verified);
	p11_free(p11);
}

static void
a_directory_of_something_else_is_not_asked_for_more(void **state)
{
	struct p11_card *p11 = card_of(FINEID, "program-name", "firefox-esr");

	(void)state;
	p11->card->data_directory = p11->card->certificates[0].object.path;
	assert_int_equal(smartcard_find_program(p11->card), SMARTCARD_OK);
	assert_true(p11->card->program_sought && !p11->card->takes_program);
	p11_free(p11);
}

static void
what_cannot_be_said_is_made_so(void **state)
{
	struct p11_card *p11 = card_of(CC, "program-name", "caf\xC3\xA9\n");

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
	struct p11_card *p11 = card_of(IASECC, "program-name", "firefox-esr");

	(void)state;
	p11->fail = CHANNEL_RESET;
	p11->fail_at = p11->commands + 1;
	assert_int_equal(smartcard_find_program(p11->card), SMARTCARD_RESET);
	assert_false(p11->card->takes_program);
	assert_int_equal(smartcard_find_program(p11->card), SMARTCARD_OK);
	assert_true(p11->card->takes_program);
	p11_free(p11);
}

/* A reader that cannot do it is not to be asked for ever. */
static void
trouble_while_it_is_looked_for_is_told_once(void **state)
{
	struct p11_card *p11 = card_of(IASECC, "program-name", "firefox-esr");

	(void)state;
	p11->fail = CHANNEL_FAILED;
	p11->fail_at = p11->commands + 1;
	assert_int_equal(smartcard_find_program(p11->card), SMARTCARD_CHANNEL);
	assert_int_equal(smartcard_find_program(p11->card), SMARTCARD_OK);
	assert_false(p11->card->takes_program);
	p11_free(p11);
	p11 = card_of(IASECC, "program-name", "firefox-esr");
	p11->fail = CHANNEL_REMOVED;
	p11->fail_at = p11->commands;
	assert_int_equal(smartcard_find_program(p11->card), SMARTCARD_REMOVED);
	p11_free(p11);
}

/* It has the module believe that it asks, and then does not take it. */
static void
a_card_that_refuses_it_signs_all_the_same(void **state)
{
	struct p11_card *p11 = card_of(CC, "", "firefox-esr");
	unsigned commands;

	(void)state;
	(void)signs(p11);
	commands = signs(p11);
	p11->card->takes_program = true;
	assert_int_equal(signs(p11), commands + 1);
	assert_string_equal(p11->applet->program, "");
	p11_free(p11);
}

static void
a_reset_while_it_is_said_ends_the_use_before_the_key(void **state)
{
	struct p11_card *p11 = card_of(CC, "program-name", "firefox-esr");
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
	    cmocka_unit_test(a_directory_that_is_not_there_costs_nobody_a_pin),
	    cmocka_unit_test(a_directory_of_something_else_is_not_asked_for_more),
	    cmocka_unit_test(what_cannot_be_said_is_made_so),
	    cmocka_unit_test(a_reset_while_it_is_looked_for_is_told),
	    cmocka_unit_test(trouble_while_it_is_looked_for_is_told_once),
	    cmocka_unit_test(a_card_that_refuses_it_signs_all_the_same),
	    cmocka_unit_test(a_reset_while_it_is_said_ends_the_use_before_the_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
