/*
 * PINs that are typed at the reader: what the card side of pkcs11/ hands to it, and what becomes of its
 * answers.
 */
#include "test-p11-card.h"

#include "hex.h"

#define TYPED ((struct bytes){NULL, 0})

/* A reader at which `typed` is typed; it puts it where the command has room for it. */
struct pad {
	struct p11_card *p11;
	const char *typed[2];
	enum channel_result result;
	struct channel_pin asked;
	uint8_t command[64];
	unsigned times;
};

static struct pad pad;

static enum channel_result
type(void *context, const struct channel_pin *pin, struct writer *response)
{
	static uint8_t whole[64];
	struct writer writer = writer_to(whole, sizeof(whole));
	struct capdu capdu;

	pad.asked = *pin;
	assert_true(pin->command.len <= sizeof(pad.command));
	memcpy(pad.command, pin->command.data, pin->command.len);
	pad.asked.command.data = pad.command;
	pad.times++;
	if (pad.result != CHANNEL_OK)
		return pad.result;
	assert_true(capdu_parse(pin->command, &capdu));
	if (pin->stored == 0) {
		writer_put(&writer, (struct bytes){pad.command, 4});
		writer_u8(&writer, (uint8_t)strlen(pad.typed[0]));
		writer_put(&writer, PIN(pad.typed[0]));
	} else {
		writer_put(&writer, pin->command);
		memcpy(whole + 5 + pin->old_offset, pad.typed[0], strlen(pad.typed[0]));
		if (pin->change)
			memcpy(whole + 5 + pin->new_offset, pad.typed[1], strlen(pad.typed[1]));
	}
	return p11_transmit(context, writer_bytes(&writer), response);
}

static struct p11_card *
with_pad(struct applet_card *applet, const char *first, const char *second)
{
	struct p11_card *p11 = p11_over(applet);

	p11->channel.pin_pad = type;
	pad = (struct pad){.p11 = p11, .typed = {first, second}};
	assert_int_equal(smartcard_bind(&p11->channel, NULL, &p11->card), SMARTCARD_OK);
	return p11;
}

static struct applet_card *
fineid(void)
{
	struct applet_card *applet = applet_new("fineid-v4", "313233343536373839303132", "");

	applet_add_ec_key(applet, "auth", "P-384", AUTH_PIN);
	applet_insert(applet);
	return applet;
}

static struct applet_card *
iasecc(void)
{
	struct applet_card *applet = applet_new("iasecc", "990000000101000F", "");

	applet_add_key(applet, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	applet_insert(applet);
	return applet;
}

static void
a_padded_pin_has_its_place_in_the_command(void **state)
{
	struct p11_card *p11 = with_pad(fineid(), AUTH_PIN, NULL);

	(void)state;
	assert_int_equal(smartcard_verify(p11->card, p11_pin(p11, "perustunnusluku"), TYPED),
			 SMARTCARD_OK);
	assert_bytes_hex(pad.asked.command, "002000110C 000000000000000000000000");
	assert_false(pad.asked.change);
	assert_int_equal(pad.asked.min, 4);
	assert_int_equal(pad.asked.max, 12);
	assert_int_equal(pad.asked.stored, 12);
	p11_free(p11);
}

static void
an_unpadded_pin_has_none(void **state)
{
	struct p11_card *p11 = with_pad(iasecc(), AUTH_PIN, NULL);

	(void)state;
	assert_int_equal(smartcard_verify(p11->card, p11_pin(p11, "User PIN"), TYPED),
			 SMARTCARD_OK);
	assert_bytes_hex(pad.asked.command, "00200001");
	assert_int_equal(pad.asked.stored, 0);
	p11_free(p11);
}

static void
a_change_asks_for_both(void **state)
{
	struct p11_card *p11 = with_pad(fineid(), AUTH_PIN, "765432");
	const size_t pin = p11_pin(p11, "perustunnusluku");

	(void)state;
	assert_int_equal(smartcard_change(p11->card, pin, TYPED, TYPED), SMARTCARD_OK);
	assert_bytes_hex(pad.asked.command, "0024001118 000000000000000000000000"
					    "000000000000000000000000");
	assert_true(pad.asked.change && pad.asked.ask_old && pad.asked.confirm);
	assert_int_equal(pad.asked.new_offset, 12);
	assert_int_equal(smartcard_verify(p11->card, pin, PIN("765432")), SMARTCARD_OK);
	p11_free(p11);
}

static void
a_new_pin_cannot_be_given_when_the_old_one_is_typed(void **state)
{
	struct p11_card *p11 = with_pad(fineid(), AUTH_PIN, NULL);

	(void)state;
	assert_int_equal(smartcard_change(p11->card, 0, TYPED, PIN("765432")),
			 SMARTCARD_UNSUPPORTED);
	assert_int_equal(pad.times, 0);
	p11_free(p11);
}

static void
what_is_typed_is_counted_like_any_pin(void **state)
{
	struct p11_card *p11 = with_pad(fineid(), "9999", NULL);

	(void)state;
	assert_int_equal(smartcard_verify(p11->card, p11_pin(p11, "perustunnusluku"), TYPED),
			 SMARTCARD_PIN_WRONG);
	assert_int_equal(p11->card->tries_left, 4);
	p11_free(p11);
}

static void
who_cancels_or_does_not_type_is_told_from_a_wrong_pin(void **state)
{
	struct p11_card *p11 = with_pad(fineid(), AUTH_PIN, NULL);
	const size_t pin = p11_pin(p11, "perustunnusluku");

	(void)state;
	pad.result = CHANNEL_CANCELLED;
	assert_int_equal(smartcard_verify(p11->card, pin, TYPED), SMARTCARD_CANCELLED);
	pad.result = CHANNEL_TIMEOUT;
	assert_int_equal(smartcard_verify(p11->card, pin, TYPED), SMARTCARD_TIMEOUT);
	p11_free(p11);
}

static void
without_a_pad_nothing_can_be_typed(void **state)
{
	struct p11_card *p11 = p11_bound(fineid());
	const unsigned before = p11->commands;

	(void)state;
	assert_int_equal(smartcard_verify(p11->card, 0, TYPED), SMARTCARD_UNSUPPORTED);
	assert_int_equal(p11->commands, before);
	p11_free(p11);
}

static void
a_blocked_pin_is_not_asked_for(void **state)
{
	struct p11_card *p11 = with_pad(fineid(), AUTH_PIN, NULL);
	const size_t pin = p11_pin(p11, "perustunnusluku");

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(smartcard_verify(p11->card, pin, PIN("999999")),
				 SMARTCARD_PIN_WRONG);
	assert_int_equal(smartcard_verify(p11->card, pin, PIN("999999")), SMARTCARD_PIN_BLOCKED);
	assert_int_equal(smartcard_verify(p11->card, pin, TYPED), SMARTCARD_PIN_BLOCKED);
	assert_int_equal(pad.times, 0);
	p11_free(p11);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_padded_pin_has_its_place_in_the_command),
	    cmocka_unit_test(an_unpadded_pin_has_none),
	    cmocka_unit_test(a_change_asks_for_both),
	    cmocka_unit_test(a_new_pin_cannot_be_given_when_the_old_one_is_typed),
	    cmocka_unit_test(what_is_typed_is_counted_like_any_pin),
	    cmocka_unit_test(who_cancels_or_does_not_type_is_told_from_a_wrong_pin),
	    cmocka_unit_test(without_a_pad_nothing_can_be_typed),
	    cmocka_unit_test(a_blocked_pin_is_not_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
