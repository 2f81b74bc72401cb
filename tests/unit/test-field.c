/* The members of a bridge message: what is written is read, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmdbridge/field.h"
#include "hex.h"

/* A message of a text, a number of one byte and one of two. */
struct message {
	struct bytes name;
	unsigned kind, count;
};

enum { FIELDS = 3 };

static void
describe(struct message *message, struct field fields[FIELDS])
{
	fields[0] = (struct field){.tag = 0x81, .bytes = &message->name};
	fields[1] = (struct field){.tag = 0x82, .number = &message->kind, .number_len = 1};
	fields[2] = (struct field){.tag = 0x83, .number = &message->count, .number_len = 2};
}

static bool
take(const char *text, struct message *message)
{
	/* The bytes that are taken are those of the message itself. */
	static struct hex bytes;
	struct field fields[FIELDS];

	bytes = hex(text);
	*message = (struct message){.name = BYTES_NONE};
	describe(message, fields);
	return field_take(HEX(bytes), fields, FIELDS);
}

static void
assert_refused(const char *text)
{
	struct message message;

	if (take(text, &message))
		fail_msg("%s", text);
}

static void
what_is_written_is_read(void **state)
{
	struct message message = {BYTES_TEXT("abc"), 7, 0x1234};
	struct field fields[FIELDS];
	uint8_t data[64];
	struct writer writer = writer_to(data, sizeof(data));

	(void)state;
	describe(&message, fields);
	field_put(fields, FIELDS, &writer);
	assert_bytes_hex(writer_bytes(&writer), "8103616263 820107 83021234");
	assert_true(take("8103616263 820107 83021234", &message));
	assert_true(bytes_equal(message.name, BYTES_TEXT("abc")));
	assert_int_equal(message.kind, 7);
	assert_int_equal(message.count, 0x1234);
}

static void
members_come_in_any_order_and_empty_bytes_may_be_absent(void **state)
{
	struct message message;

	(void)state;
	assert_true(take("83020001 8201FF", &message));
	assert_int_equal(message.name.len, 0);
	assert_int_equal(message.kind, 0xFF);
	assert_int_equal(message.count, 1);
}

static void
a_number_of_another_length_is_refused(void **state)
{
	(void)state;
	assert_refused("8200 83020001");
	assert_refused("82020001 83020001");
	assert_refused("820101 830101");
	assert_refused("820101 8303000001");
}

static void
a_number_that_is_missing_is_refused(void **state)
{
	(void)state;
	assert_refused("820101");
	assert_refused("83020001");
	assert_refused("");
}

static void
a_member_that_is_unknown_or_there_twice_is_refused(void **state)
{
	(void)state;
	assert_refused("820101 83020001 840100");
	assert_refused("820101 83020001 820101");
	assert_refused("810161 820101 83020001 810161");
}

static void
a_member_that_is_cut_off_is_refused(void **state)
{
	(void)state;
	assert_refused("820101 83020001 81");
	assert_refused("820101 83020001 8103 6162");
	assert_refused("820101 830200");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_written_is_read),
	    cmocka_unit_test(members_come_in_any_order_and_empty_bytes_may_be_absent),
	    cmocka_unit_test(a_number_of_another_length_is_refused),
	    cmocka_unit_test(a_number_that_is_missing_is_refused),
	    cmocka_unit_test(a_member_that_is_unknown_or_there_twice_is_refused),
	    cmocka_unit_test(a_member_that_is_cut_off_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
