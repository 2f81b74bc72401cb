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
	    .use = KEYFILE_SIGN_PSS,
	    .digest = DIGEST_SHA384,
	    .credential = text("key-1"),
	    .program = text("pkcs11-tool"),
	    .certificate = text("certificate"),
	    .pin = text("1234"),
	    .documents = {{text("contrato.pdf"), text("0123456789")}, {BYTES_NONE, text("98")}},
	    .documents_count = 2,
	    .tries_left = 2,
	    .consent_given = true,
	    .purpose = BRIDGE_PIN_NEW,
	    .title = text("PIN 2"),
	    .length_min = 6,
	    .length_max = 12,
	    .digits_only = true,
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
	assert_int_equal(out.use, KEYFILE_SIGN_PSS);
	assert_int_equal(out.digest, DIGEST_SHA384);
	assert_bytes(out.credential, in.credential);
	assert_bytes(out.program, in.program);
	assert_int_equal(out.documents_count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_bytes(out.documents[i].name, in.documents[i].name);
		assert_bytes(out.documents[i].input, in.documents[i].input);
	}
	assert_bytes(out.certificate, in.certificate);
	assert_bytes(out.pin, in.pin);
	assert_int_equal(out.tries_left, 2);
	assert_true(out.consent_given);
	assert_int_equal(out.purpose, BRIDGE_PIN_NEW);
	assert_bytes(out.title, in.title);
	assert_int_equal(out.length_min, 6);
	assert_int_equal(out.length_max, 12);
	assert_true(out.digits_only);
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
	assert_int_equal(out.documents_count, 0);
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
	    .outputs = {text("signature"), text("another")},
	    .outputs_count = 2,
	    .chain = text("chain"),
	    .credentials = {{text("1"), text("Work"), text("leaf"), 0x1ff}, {text("2"), .uses = 1}},
	    .credentials_count = 2,
	    .pin = text("1234"),
	    .pin_doubtful = true,
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
	assert_int_equal(out.outputs_count, 2);
	assert_int_equal(out.credentials_count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_bytes(out.outputs[i], in.outputs[i]);
		assert_bytes(out.credentials[i].id, in.credentials[i].id);
		assert_bytes(out.credentials[i].label, in.credentials[i].label);
		assert_bytes(out.credentials[i].certificate, in.credentials[i].certificate);
		assert_int_equal(out.credentials[i].uses, in.credentials[i].uses);
	}
	assert_bytes(out.chain, in.chain);
	assert_bytes(out.pin, in.pin);
	assert_true(out.pin_doubtful);
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
	in.operation = (enum bridge_operation)BRIDGE_OPERATIONS;
	assert_true(bridge_request_encode(&in, &writer));
	assert_false(bridge_request_decode(writer_bytes(&writer), &out));
	in = a_signature();
	in.purpose = (enum bridge_purpose)BRIDGE_PURPOSES;
	writer = writer_to(room, sizeof(room));
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
	/* The last object is the list of documents, and every number is before it. */
	for (size_t len = 0; len < whole.len; len++)
		if (bridge_request_decode((struct bytes){whole.data, len}, &out))
			assert_int_equal(out.documents_count, 0);
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
a_request_takes_a_hundred_documents_and_no_more(void **state)
{
	struct bridge_request in = a_signature(), out;
	struct writer writer = writer_to(room, sizeof(room));
	struct bytes whole;
	uint8_t *list;

	(void)state;
	in.documents_count = BRIDGE_DOCUMENTS_MAX;
	for (size_t i = 0; i < BRIDGE_DOCUMENTS_MAX; i++)
		in.documents[i] = (struct bridge_document){BYTES_NONE, text("12345")};
	assert_true(bridge_request_encode(&in, &writer));
	whole = writer_bytes(&writer);
	assert_true(bridge_request_decode(whole, &out));
	assert_int_equal(out.documents_count, BRIDGE_DOCUMENTS_MAX);
	/* One more, by hand: A0 07 81 05 ..., in the list AE 82 LL LL. */
	list = room + (whole.len - (size_t)9 * BRIDGE_DOCUMENTS_MAX - 4);
	assert_int_equal(list[0], 0xAE);
	assert_int_equal(list[2] << 8 | list[3], 9 * BRIDGE_DOCUMENTS_MAX);
	memcpy(room + whole.len, room + whole.len - 9, 9);
	list[2] = 9 * (BRIDGE_DOCUMENTS_MAX + 1) >> 8;
	list[3] = (9 * (BRIDGE_DOCUMENTS_MAX + 1)) & 0xFF;
	assert_false(bridge_request_decode((struct bytes){room, whole.len + 9}, &out));
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
	assert_int_equal(known, 6);
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
	    cmocka_unit_test(a_request_takes_a_hundred_documents_and_no_more),
	    cmocka_unit_test(what_does_not_fit_a_message_is_refused),
	    cmocka_unit_test(only_listed_kinds_are_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
