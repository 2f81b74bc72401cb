/*
 * The card side of pkcs11/ against cards that lie. Each card of ours goes through a whole round: it is
 * bound, read, logged in to and used; at each command in turn its answer is spoilt in each of many
 * ways. What counts is an end after few commands, and for the sanitizers, no memory that is not ours.
 */
#include "test-p11-card.h"

enum { COMMANDS_MAX = 1500, SEED = 20240229 };

/* From the spoilt command on, once or each time. */
enum spoil {
	EMPTY,
	ONE_BYTE,
	STATUS_ONLY,
	HALF,
	TWICE,
	ALL_FF,
	ALL_ZERO,
	LONG_LENGTHS, /* every length says more than there is */
	BIT_FLIPS,
	GARBAGE,
	TOO_LONG,
	MORE_FOREVER,
	MORE_FOREVER_WITH_DATA,
	LE_FOREVER,
	GARBAGE_FOREVER,
	ERROR_FOREVER,
	SPOILS,
};

struct liar {
	struct p11_card *p11;
	unsigned at, commands;
	unsigned failed; /* calls that were not SMARTCARD_OK */
	enum spoil spoil;
	uint32_t random;
};

static uint8_t
random_byte(struct liar *liar)
{
	liar->random = liar->random * 1103515245U + 12345U;
	return (uint8_t)(liar->random >> 16);
}

static void
put_random(struct liar *liar, size_t count, struct writer *response)
{
	for (size_t i = 0; i < count; i++)
		writer_u8(response, random_byte(liar));
}

static void
spoil_answer(struct liar *liar, struct bytes answer, struct writer *response)
{
	const size_t len = answer.len - 2;
	const struct bytes sw = {answer.data + len, 2}, data = {answer.data, len};

	switch (liar->spoil) {
	case EMPTY: break;
	case ONE_BYTE: writer_u8(response, 0x90); break;
	case STATUS_ONLY: writer_put(response, sw); break;
	case HALF:
		writer_put(response, (struct bytes){data.data, len / 2});
		writer_put(response, sw);
		break;
	case TWICE:
		writer_put(response, data);
		writer_put(response, data);
		writer_put(response, sw);
		break;
	case ALL_FF:
	case ALL_ZERO:
		writer_fill(response, liar->spoil == ALL_FF ? 0xFF : 0x00, len);
		writer_put(response, sw);
		break;
	case LONG_LENGTHS:
		for (size_t i = 0; i < len; i++)
			writer_u8(response, i % 4 == 1 ? 0x83 : data.data[i]);
		writer_put(response, sw);
		break;
	case BIT_FLIPS:
		for (size_t i = 0; i < len; i++)
			writer_u8(response,
				  random_byte(liar) < 16 ? random_byte(liar) : data.data[i]);
		writer_put(response, sw);
		break;
	case GARBAGE:
	case GARBAGE_FOREVER:
		put_random(liar, random_byte(liar), response);
		writer_u16(response, 0x9000);
		break;
	case TOO_LONG: writer_fill(response, 0x30, 300); break;
	case MORE_FOREVER: writer_u16(response, 0x6110); break;
	case MORE_FOREVER_WITH_DATA:
		put_random(liar, 16, response);
		writer_u16(response, 0x6110);
		break;
	case LE_FOREVER: writer_u16(response, 0x6C10); break;
	default: writer_u16(response, 0x6F00); break;
	}
}

static enum channel_result
lie(void *context, struct bytes command, struct writer *response)
{
	uint8_t data[CHANNEL_RESPONSE_MAX];
	struct writer answer = writer_to(data, sizeof(data));
	struct liar *liar = context;
	const unsigned at = liar->commands++;

	assert_true(liar->commands <= COMMANDS_MAX);
	assert_int_equal(p11_transmit(liar->p11, command, &answer), CHANNEL_OK);
	if (at == liar->at || (at > liar->at && liar->spoil >= MORE_FOREVER))
		spoil_answer(liar, writer_bytes(&answer), response);
	else
		writer_put(response, writer_bytes(&answer));
	return CHANNEL_OK;
}

static void
note(struct liar *liar, enum smartcard_result result)
{
	liar->failed += result != SMARTCARD_OK;
}

/* Whatever the results: what failed is left, and the next thing is tried. */
static void
use_key(struct liar *liar, struct smartcard *card, size_t key)
{
	const struct smartcard_private_key *object = &card->private_keys[key];
	uint8_t info[DIGESTINFO_LEN_MAX], data[SMARTCARD_OUTPUT_MAX];
	struct writer input = writer_to(info, sizeof(info));
	struct writer output = writer_to(data, sizeof(data));
	const char *pin = object->user_consent ? SIGN_PIN : AUTH_PIN;

	assert_true(digestinfo_build(DIGEST_SHA256, p11_hash(32), &input));
	note(liar, smartcard_find_abilities(card, key));
	note(liar, smartcard_find_program(card));
	if (object->pin != SMARTCARD_NONE)
		note(liar, smartcard_verify(card, (size_t)object->pin, PIN(pin)));
	if (object->object.kind == PKCS15_KEY_EC)
		note(liar, smartcard_use_key(card, key, SMARTCARD_SIGN_ECDSA, DIGEST_SHA256,
					     p11_hash(32), &output));
	else
		note(liar, smartcard_use_key(card, key, SMARTCARD_SIGN_PKCS1, DIGEST_SHA256,
					     writer_bytes(&input), &output));
}

static void
whole_round(struct liar *liar, struct smartcard *card)
{
	struct smartcard_pin_state pin;

	for (size_t i = 0; i < card->certificates_count; i++) {
		note(liar, smartcard_read_certificate_head(card, i));
		note(liar, smartcard_read_certificate(card, i));
	}
	for (size_t i = 0; i < card->pins_count; i++)
		note(liar, smartcard_pin_state(card, i, &pin));
	for (size_t i = 0; i < card->private_keys_count; i++)
		use_key(liar, card, i);
	note(liar, smartcard_find_data(card));
	for (size_t i = 0; i < card->data_count; i++)
		note(liar, smartcard_read_data(card, i));
	if (smartcard_logout(card) != SMARTCARD_UNSUPPORTED)
		note(liar, smartcard_logout(card));
}

/* How many commands it was. */
static unsigned
run(struct p11_card *p11, unsigned at, enum spoil spoil)
{
	struct liar liar = {.p11 = p11, .at = at, .spoil = spoil, .random = SEED + at};
	struct channel channel = p11->channel;
	struct smartcard *card;

	channel.context = &liar;
	channel.transmit = lie;
	channel.program = "firefox";
	card_reset(p11->applet->card);
	p11->reads_count = 0;
	if (smartcard_bind(&channel, NULL, &card) == SMARTCARD_OK)
		whole_round(&liar, card);
	else
		liar.failed++;
	smartcard_free(card);
	assert_true(at != UINT32_MAX || liar.failed == 0);
	return liar.commands;
}

static void
assert_lies_end(struct applet_card *applet)
{
	struct p11_card *p11 = p11_over(applet);
	const unsigned honest = run(p11, UINT32_MAX, EMPTY);

	for (unsigned at = 0; at < honest; at++)
		for (enum spoil spoil = 0; spoil < SPOILS; spoil++)
			run(p11, at, spoil);
	p11_free(p11);
}

static struct applet_card *
rsa_card(const char *personality, const char *serial)
{
	struct applet_card *applet = applet_new(personality, serial, "program-name");

	applet_add_key(applet, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	applet_insert(applet);
	return applet;
}

static struct applet_card *
ec_card(const char *personality, const char *serial, const char *curve)
{
	struct applet_card *applet = applet_new(personality, serial, "");

	applet_add_ec_key(applet, "sign", curve, SIGN_PIN);
	applet_insert(applet);
	return applet;
}

static void
lies_of_fineid_v2_end(void **state)
{
	(void)state;
	assert_lies_end(rsa_card("fineid-v2", "98765432101234567890"));
}

static void
lies_of_fineid_v4_end(void **state)
{
	(void)state;
	assert_lies_end(ec_card("fineid-v4", "313233343536373839303132", "P-384"));
}

static void
lies_of_fineid_org_end(void **state)
{
	(void)state;
	assert_lies_end(ec_card("fineid-org", "313233343536373839303132", "P-384"));
}

static void
lies_of_iasecc_end(void **state)
{
	(void)state;
	assert_lies_end(rsa_card("iasecc", "990000000101000F"));
}

static void
lies_of_cc_v1_end(void **state)
{
	(void)state;
	assert_lies_end(rsa_card("cc-v1", "990000000101000F"));
}

static void
lies_of_cc_v2_end(void **state)
{
	(void)state;
	assert_lies_end(ec_card("cc-v2", "990000000101000F", "P-256"));
}

/* EF.AOD of iasecc.md 7.4 with lengths that no command has room for. */
static enum channel_result
boast(void *context, struct bytes command, struct writer *response)
{
	static const uint8_t lengths[] = {0x0A, 0x01, 0x01, 0x02, 0x01, 0x04,
					  0x02, 0x01, 0x08, 0x02, 0x01, 0x08};
	enum channel_result result = p11_transmit(context, command, response);

	for (size_t i = 0; i + sizeof(lengths) < response->len; i++)
		if (memcmp(response->data + i, lengths, sizeof(lengths)) == 0)
			response->data[i + 8] = response->data[i + 11] = 0x7F;
	return result;
}

static void
a_pin_is_no_longer_than_its_place_in_a_command(void **state)
{
	struct p11_card *p11 = p11_over(rsa_card("iasecc", "990000000101000F"));
	const char *pin = "1234567890123456789012345678901234567890123456789012345678901234567";

	(void)state;
	p11->channel.transmit = boast;
	assert_int_equal(smartcard_bind(&p11->channel, NULL, &p11->card), SMARTCARD_OK);
	assert_int_equal(p11->card->pins[0].object.max_len, 0x7F);
	assert_int_equal(p11->card->pins[0].max, 64);
	assert_int_equal(smartcard_verify(p11->card, 0, PIN(pin)), SMARTCARD_PIN_LENGTH);
	p11_free(p11);
}

/* At each command in turn; the second time it goes through. */
static void
a_reset_by_somebody_is_told_and_the_card_is_bound_after_it(void **state)
{
	struct p11_card *p11 = p11_over(rsa_card("iasecc", "990000000101000F"));
	unsigned honest;

	(void)state;
	assert_int_equal(smartcard_bind(&p11->channel, NULL, &p11->card), SMARTCARD_OK);
	honest = p11->commands;
	for (unsigned at = 0; at < honest; at++) {
		smartcard_free(p11->card);
		p11->commands = 0;
		p11->fail = CHANNEL_RESET;
		p11->fail_at = at;
		assert_int_equal(smartcard_bind(&p11->channel, NULL, &p11->card), SMARTCARD_RESET);
		assert_null(p11->card);
		assert_int_equal(smartcard_bind(&p11->channel, NULL, &p11->card), SMARTCARD_OK);
		p11->reads_count = 0;
	}
	p11_free(p11);
}

static void
a_removal_is_told_at_each_command(void **state)
{
	struct p11_card *p11 = p11_over(rsa_card("fineid-v2", "98765432101234567890"));
	unsigned honest;

	(void)state;
	assert_int_equal(smartcard_bind(&p11->channel, NULL, &p11->card), SMARTCARD_OK);
	honest = p11->commands;
	for (unsigned at = 0; at < honest; at++) {
		smartcard_free(p11->card);
		p11->commands = 0;
		p11->fail = CHANNEL_REMOVED;
		p11->fail_at = at;
		p11->reads_count = 0;
		assert_int_equal(smartcard_bind(&p11->channel, NULL, &p11->card),
				 SMARTCARD_REMOVED);
		assert_int_equal(p11->commands, at + 1);
	}
	p11_free(p11);
}

static void
an_atr_that_is_none_is_left_alone(void **state)
{
	struct p11_card *p11 = p11_over(rsa_card("iasecc", "990000000101000F"));
	static const uint8_t atr[] = {0x3B, 0xFF};

	(void)state;
	p11->channel.atr = BYTES(atr);
	assert_int_equal(smartcard_bind(&p11->channel, NULL, &p11->card), SMARTCARD_UNKNOWN);
	assert_int_equal(p11->commands, 0);
	p11_free(p11);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lies_of_fineid_v2_end),
	    cmocka_unit_test(lies_of_fineid_v4_end),
	    cmocka_unit_test(lies_of_fineid_org_end),
	    cmocka_unit_test(lies_of_iasecc_end),
	    cmocka_unit_test(lies_of_cc_v1_end),
	    cmocka_unit_test(lies_of_cc_v2_end),
	    cmocka_unit_test(a_reset_by_somebody_is_told_and_the_card_is_bound_after_it),
	    cmocka_unit_test(a_removal_is_told_at_each_command),
	    cmocka_unit_test(a_pin_is_no_longer_than_its_place_in_a_command),
	    cmocka_unit_test(an_atr_that_is_none_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
