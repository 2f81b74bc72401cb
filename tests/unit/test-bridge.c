#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmdbridge/bridge.h"

static uint8_t room[BRIDGE_MESSAGE_MAX];

static struct bytes
text(const char *words)
{
	return (struct bytes){(const uint8_t *)words, strlen(words)};
}

static void
assert_bytes(struct bytes actual, struct bytes expected)
{
	assert_int_equal(actual.len, expected.len);
	if (expected.len > 0)
		assert_memory_equal(actual.data, expected.data, expected.len);
}

static struct bridge_request
a_signature(void)
{
	return (struct bridge_request){
	    .operation = BRIDGE_SIGN,
	    .service = text("cmd"),
	    .account = text("/home/maria/account"),
	    .card = text("maria"),
	    .key = text("sign"),
	    .document = text("contrato.pdf"),
	    .program = text("pkcs11-tool"),
	    .digestinfo = text("0123456789"),
	    .certificate = text("certificate"),
	    .pin = text("1234"),
	    .tries_left = 2,
	    .consent_given = true,
	};
}

static void
a_request_comes_out_as_it_went_in(void **state)
{
	struct bridge_request in = a_signature(), out;
	struct writer writer = writer_to(room, sizeof(room));

	(void)state;
	assert_true(bridge_request_encode(&in, &writer));
	assert_true(bridge_request_decode(writer_bytes(&writer), &out));
	assert_int_equal(out.operation, BRIDGE_SIGN);
	assert_bytes(out.service, in.service);
	assert_bytes(out.account, in.account);
	assert_bytes(out.card, in.card);
	assert_bytes(out.key, in.key);
	assert_bytes(out.document, in.document);
	assert_bytes(out.program, in.program);
	assert_bytes(out.digestinfo, in.digestinfo);
	assert_bytes(out.certificate, in.certificate);
	assert_bytes(out.pin, in.pin);
	assert_int_equal(out.tries_left, 2);
	assert_true(out.consent_given);
}

static void
what_a_request_does_not_have_is_empty(void **state)
{
	struct bridge_request in = {.operation = BRIDGE_CHECK, .service = text("cmd")}, out;
	struct writer writer = writer_to(room, sizeof(room));

	(void)state;
	assert_true(bridge_request_encode(&in, &writer));
	assert_true(bridge_request_decode(writer_bytes(&writer), &out));
	assert_int_equal(out.operation, BRIDGE_CHECK);
	assert_int_equal(out.pin.len, 0);
	assert_int_equal(out.document.len, 0);
	assert_false(out.consent_given);
}

static void
a_result_comes_out_as_it_went_in(void **state)
{
	struct bridge_result in = {
	    .sw = 0x6F17,
	    .code = text("801"),
	    .process_id = text("7f4d2a10-5c3b-4e8a-9d61-0b8c2f6e4a53"),
	    .text = text("what"),
	    .next = text("next"),
	    .signature = text("signature"),
	    .chain = text("chain"),
	};
	struct bridge_result out;
	struct writer writer = writer_to(room, sizeof(room));

	(void)state;
	assert_true(bridge_result_encode(&in, &writer));
	assert_true(bridge_result_decode(writer_bytes(&writer), &out));
	assert_int_equal(out.sw, 0x6F17);
	assert_bytes(out.code, in.code);
	assert_bytes(out.process_id, in.process_id);
	assert_bytes(out.text, in.text);
	assert_bytes(out.next, in.next);
	assert_bytes(out.signature, in.signature);
	assert_bytes(out.chain, in.chain);
}

static void
progress_comes_out_as_it_went_in(void **state)
{
	struct bridge_progress in = {.process_id = text("7f4d"), .text = text("waiting")}, out;
	struct writer writer = writer_to(room, sizeof(room));

	(void)state;
	assert_true(bridge_progress_encode(&in, &writer));
	assert_true(bridge_progress_decode(writer_bytes(&writer), &out));
	assert_bytes(out.process_id, in.process_id);
	assert_bytes(out.text, in.text);
}

/* BER-TLV as bridge.h says: kind, then objects in any order. Bytes by hand: 82 SW, 80 code. */
static void
objects_may_come_in_any_order(void **state)
{
	static const uint8_t message[] = {BRIDGE_RESULT, 0x81, 3, '8',  '0',
					  '1',           0x80, 2, 0x63, 0xC0};
	struct bridge_result result;

	(void)state;
	assert_true(bridge_result_decode(BYTES(message), &result));
	assert_int_equal(result.sw, 0x63C0);
	assert_bytes(result.code, text("801"));
}

static void
an_unknown_object_is_refused(void **state)
{
	static const uint8_t message[] = {BRIDGE_RESULT, 0x80, 2, 0x90, 0x00, 0x9E, 1, 0};
	struct bridge_result result;

	(void)state;
	assert_false(bridge_result_decode(BYTES(message), &result));
}

static void
an_object_that_comes_twice_is_refused(void **state)
{
	static const uint8_t message[] = {BRIDGE_RESULT, 0x80, 2, 0x90, 0x00, 0x80, 2, 0x6F, 0x00};
	struct bridge_result result;

	(void)state;
	assert_false(bridge_result_decode(BYTES(message), &result));
}

static void
a_result_without_a_status_word_is_refused(void **state)
{
	static const uint8_t message[] = {BRIDGE_RESULT, 0x81, 1, '2'};
	struct bridge_result result;

	(void)state;
	assert_false(bridge_result_decode(BYTES(message), &result));
}

static void
an_operation_that_is_not_listed_is_refused(void **state)
{
	struct bridge_request in = a_signature(), out;
	struct writer writer = writer_to(room, sizeof(room));

	(void)state;
	in.operation = (enum bridge_operation)(BRIDGE_CHECK + 1);
	assert_true(bridge_request_encode(&in, &writer));
	assert_false(bridge_request_decode(writer_bytes(&writer), &out));
}

static void
every_shortened_request_is_refused_or_complete(void **state)
{
	struct bridge_request in = a_signature(), out;
	struct writer writer = writer_to(room, sizeof(room));
	struct bytes whole;

	(void)state;
	assert_true(bridge_request_encode(&in, &writer));
	whole = writer_bytes(&writer);
	/* The last object is consent_given: without it the request is not complete. */
	for (size_t len = 0; len < whole.len; len++)
		assert_false(bridge_request_decode((struct bytes){whole.data, len}, &out));
}

static void
a_message_of_another_kind_is_refused(void **state)
{
	struct bridge_request in = a_signature(), out;
	struct writer writer = writer_to(room, sizeof(room));

	(void)state;
	assert_true(bridge_request_encode(&in, &writer));
	room[0] = BRIDGE_RESULT;
	assert_false(bridge_request_decode(writer_bytes(&writer), &out));
}

static void
what_does_not_fit_a_message_is_refused(void **state)
{
	static uint8_t large[BRIDGE_MESSAGE_MAX];
	struct bridge_result in = {.sw = 0x9000, .chain = {large, sizeof(large)}};
	struct writer writer = writer_to(room, sizeof(room));

	(void)state;
	assert_false(bridge_result_encode(&in, &writer));
}

static void
only_listed_kinds_are_kinds(void **state)
{
	enum bridge_kind kind;
	unsigned known = 0;

	(void)state;
	for (unsigned first = 0; first <= UINT8_MAX; first++)
		known += bridge_kind((struct bytes){(uint8_t[]){(uint8_t)first}, 1}, &kind);
	assert_int_equal(known, 5);
	assert_false(bridge_kind(BYTES_NONE, &kind));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_request_comes_out_as_it_went_in),
	    cmocka_unit_test(what_a_request_does_not_have_is_empty),
	    cmocka_unit_test(a_result_comes_out_as_it_went_in),
	    cmocka_unit_test(progress_comes_out_as_it_went_in),
	    cmocka_unit_test(objects_may_come_in_any_order),
	    cmocka_unit_test(an_unknown_object_is_refused),
	    cmocka_unit_test(an_object_that_comes_twice_is_refused),
	    cmocka_unit_test(a_result_without_a_status_word_is_refused),
	    cmocka_unit_test(an_operation_that_is_not_listed_is_refused),
	    cmocka_unit_test(every_shortened_request_is_refused_or_complete),
	    cmocka_unit_test(a_message_of_another_kind_is_refused),
	    cmocka_unit_test(what_does_not_fit_a_message_is_refused),
	    cmocka_unit_test(only_listed_kinds_are_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
