/* Command chaining, ISO/IEC 7816-4 clause 5.3.3. */
#include "iso7816/apdu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "hex.h"

enum { CHAIN_ROOM = 8 };

struct chained {
	uint8_t buffer[CHAIN_ROOM + 1]; /* the last byte is a sentinel */
	struct capdu_chain chain;
	struct capdu whole;
};

enum { SENTINEL = 0xEE };

static void
chain_start(struct chained *chained)
{
	memset(chained->buffer, SENTINEL, sizeof(chained->buffer));
	chained->chain = capdu_chain_over(chained->buffer, CHAIN_ROOM);
	chained->whole = (struct capdu){.data = BYTES_NONE};
}

static enum capdu_chain_result
chain_add(struct chained *chained, const char *text)
{
	struct hex command = hex(text);
	struct capdu part;

	assert_true(capdu_parse(HEX(command), &part));
	return capdu_chain_add(&chained->chain, &part, &chained->whole);
}

static void
a_command_in_one_part_is_whole_at_once(void **state)
{
	struct chained chained;

	(void)state;
	chain_start(&chained);
	assert_int_equal(chain_add(&chained, "00200001 02 3132"), CAPDU_CHAIN_WHOLE);
	assert_int_equal(chained.whole.ins, 0x20);
	assert_bytes_hex(chained.whole.data, "3132");
	assert_ptr_equal(chained.whole.data.data, chained.buffer);
	assert_false(chained.chain.open);
}

static void
a_command_without_data_needs_no_room(void **state)
{
	struct capdu_chain chain = capdu_chain_over(NULL, 0);
	const struct capdu part = {.ins = 0x84, .has_le = true, .ne = 8};
	struct capdu whole;

	(void)state;
	assert_int_equal(capdu_chain_add(&chain, &part, &whole), CAPDU_CHAIN_WHOLE);
	assert_int_equal(whole.ne, 8);
	assert_int_equal(whole.data.len, 0);
}

static void
parts_are_put_together_and_the_last_one_brings_le(void **state)
{
	struct chained chained;

	(void)state;
	chain_start(&chained);
	assert_int_equal(chain_add(&chained, "102A8086 03 010203"), CAPDU_CHAIN_MORE);
	assert_true(chained.chain.open);
	assert_int_equal(chain_add(&chained, "102A8086 02 0405"), CAPDU_CHAIN_MORE);
	assert_int_equal(chain_add(&chained, "002A8086 01 06 00"), CAPDU_CHAIN_WHOLE);
	assert_int_equal(chained.whole.cla, 0x00);
	assert_bytes_hex(chained.whole.data, "010203040506");
	assert_true(chained.whole.has_le);
	assert_int_equal(chained.whole.ne, 256);
	assert_false(chained.chain.open);
}

static void
the_other_bits_of_cla_belong_to_the_header(void **state)
{
	struct chained chained;

	(void)state;
	chain_start(&chained);
	assert_int_equal(chain_add(&chained, "912A8086 01 01"), CAPDU_CHAIN_MORE);
	assert_int_equal(chain_add(&chained, "812A8086 01 02"), CAPDU_CHAIN_WHOLE);
	assert_int_equal(chained.whole.cla, 0x81);
}

static void
another_header_breaks_an_open_chain(void **state)
{
	static const char *const others[] = {"012A8086 01 02", "00228086 01 02", "002A9086 01 02",
					     "002A80A0 01 02", "102A9E9A 01 02"};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct chained chained;

		chain_start(&chained);
		assert_int_equal(chain_add(&chained, "102A8086 01 01"), CAPDU_CHAIN_MORE);
		assert_int_equal(chain_add(&chained, others[i]), CAPDU_CHAIN_BROKEN);
		assert_false(chained.chain.open);
	}
}

static void
after_a_broken_chain_nothing_of_it_is_left(void **state)
{
	struct chained chained;

	(void)state;
	chain_start(&chained);
	assert_int_equal(chain_add(&chained, "102A8086 03 AAAAAA"), CAPDU_CHAIN_MORE);
	assert_int_equal(chain_add(&chained, "00B00000 00"), CAPDU_CHAIN_BROKEN);
	assert_bytes_hex((struct bytes){chained.buffer, 3}, "000000");
	assert_int_equal(chain_add(&chained, "002A8086 01 BB"), CAPDU_CHAIN_WHOLE);
	assert_bytes_hex(chained.whole.data, "BB");
}

static void
a_chain_may_fill_the_buffer_exactly(void **state)
{
	struct chained chained;

	(void)state;
	chain_start(&chained);
	assert_int_equal(chain_add(&chained, "102A8086 04 01020304"), CAPDU_CHAIN_MORE);
	assert_int_equal(chain_add(&chained, "002A8086 04 05060708"), CAPDU_CHAIN_WHOLE);
	assert_bytes_hex(chained.whole.data, "0102030405060708");
}

static void
more_than_the_buffer_holds_drops_and_wipes_the_chain(void **state)
{
	struct chained chained;

	(void)state;
	chain_start(&chained);
	assert_int_equal(chain_add(&chained, "102A8086 05 AAAAAAAAAA"), CAPDU_CHAIN_MORE);
	assert_int_equal(chain_add(&chained, "102A8086 04 BBBBBBBB"), CAPDU_CHAIN_FULL);
	assert_false(chained.chain.open);
	assert_bytes_hex(BYTES(chained.buffer), "0000000000 EEEEEE EE");
}

static void
one_part_that_is_too_long_is_refused(void **state)
{
	struct chained chained;

	(void)state;
	chain_start(&chained);
	assert_int_equal(chain_add(&chained, "00D60000 09 010203040506070809"), CAPDU_CHAIN_FULL);
	assert_int_equal(chained.buffer[CHAIN_ROOM], SENTINEL);
}

static void
a_new_command_wipes_what_the_last_one_left(void **state)
{
	struct chained chained;

	(void)state;
	chain_start(&chained);
	assert_int_equal(chain_add(&chained, "00200001 04 31323334"), CAPDU_CHAIN_WHOLE);
	assert_int_equal(chain_add(&chained, "00B00000 00"), CAPDU_CHAIN_WHOLE);
	assert_bytes_hex((struct bytes){chained.buffer, 4}, "00000000");
	assert_int_equal(chained.whole.data.len, 0);
}

static void
dropping_wipes_a_command_that_was_whole(void **state)
{
	struct chained chained;

	(void)state;
	chain_start(&chained);
	assert_int_equal(chain_add(&chained, "00200001 04 31323334"), CAPDU_CHAIN_WHOLE);
	capdu_chain_drop(&chained.chain);
	assert_bytes_hex((struct bytes){chained.buffer, 4}, "00000000");
}

static void
dropping_an_open_chain_lets_another_command_in(void **state)
{
	struct chained chained;

	(void)state;
	chain_start(&chained);
	assert_int_equal(chain_add(&chained, "102A8086 01 01"), CAPDU_CHAIN_MORE);
	capdu_chain_drop(&chained.chain);
	assert_int_equal(chain_add(&chained, "00B00000 00"), CAPDU_CHAIN_WHOLE);
	assert_int_equal(chained.whole.ins, 0xB0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_command_in_one_part_is_whole_at_once),
	    cmocka_unit_test(a_command_without_data_needs_no_room),
	    cmocka_unit_test(parts_are_put_together_and_the_last_one_brings_le),
	    cmocka_unit_test(the_other_bits_of_cla_belong_to_the_header),
	    cmocka_unit_test(another_header_breaks_an_open_chain),
	    cmocka_unit_test(after_a_broken_chain_nothing_of_it_is_left),
	    cmocka_unit_test(a_chain_may_fill_the_buffer_exactly),
	    cmocka_unit_test(more_than_the_buffer_holds_drops_and_wipes_the_chain),
	    cmocka_unit_test(one_part_that_is_too_long_is_refused),
	    cmocka_unit_test(a_new_command_wipes_what_the_last_one_left),
	    cmocka_unit_test(dropping_wipes_a_command_that_was_whole),
	    cmocka_unit_test(dropping_an_open_chain_lets_another_command_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
