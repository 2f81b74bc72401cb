/* The journal as JSON: one object a use, also of journals that older versions wrote. */
#include "tools/vicar/log_json.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OPENED_BY_VICAR                                                                     \
	("2026-11-21T03:22:05Z open 7 key=sign operation=sign-pkcs1 documents=2 card=work " \
	 "service=cmd program=\"vicar sign\"")
#define EXPIRED                                                                        \
	("2026-11-21T03:22:05Z none 6F18 key=sign operation=sign-pkcs1 hash=5f1c03aa " \
	 "text=\"expired\"")

/* What is made of these lines; json_decref() is the caller's. */
static json_t *
json_of(const char *const *lines)
{
	struct log_json *json = log_json_new("work");
	char line[1024], *text = NULL;
	json_t *array;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(json);
	for (; *lines != NULL; lines++) {
		(void)snprintf(line, sizeof(line), "%s", *lines);
		log_json_line(json, line);
	}
	assert_true(log_json_end(json, out));
	(void)fclose(out);
	array = json_loads(text, 0, NULL);
	assert_non_null(array);
	free(text);
	return array;
}

static void
assert_text(const json_t *object, const char *name, const char *expected)
{
	const json_t *value = json_object_get(object, name);

	if (expected == NULL)
		assert_true(json_is_null(value));
	else
		assert_string_equal(json_string_value(value), expected);
}

static void
a_use_of_many_documents_is_one_object(void **state)
{
	static const char *const lines[] = {
	    "2026-11-21T03:22:05Z item 7 number=1 hash=5f1c03aa document=\"a.pdf\"",
	    "2026-11-21T03:22:05Z item 7 number=2 hash=00c0ffee document=\"b.pdf\"",
	    OPENED_BY_VICAR,
	    "2026-11-21T03:22:06Z step 7 process=\"7f4d2a10\" text=\"waiting for the code\"",
	    "2026-11-21T03:22:07Z step 7 text=\"the code is checked\"",
	    "2026-11-21T03:22:08Z done 7 9000 text=\"signed\"",
	    NULL};
	json_t *array = json_of(lines), *use = json_array_get(array, 0), *documents;

	(void)state;
	assert_int_equal(json_array_size(array), 1);
	assert_text(use, "time", "2026-11-21T03:22:05Z");
	assert_text(use, "ended", "2026-11-21T03:22:08Z");
	assert_text(use, "card", "work");
	assert_int_equal(json_integer_value(json_object_get(use, "number")), 7);
	assert_text(use, "key", "sign");
	assert_text(use, "operation", "sign-pkcs1");
	assert_text(use, "service", "cmd");
	assert_text(use, "program", "vicar sign");
	assert_text(use, "process", "7f4d2a10");
	assert_true(json_is_true(json_object_get(use, "called")));
	assert_text(use, "status_word", "9000");
	assert_text(use, "text", "signed");
	documents = json_object_get(use, "documents");
	assert_int_equal(json_array_size(documents), 2);
	assert_text(json_array_get(documents, 1), "name", "b.pdf");
	assert_text(json_array_get(documents, 1), "hash", "00c0ffee");
	json_decref(array);
}

static void
an_older_journal_has_less_to_tell(void **state)
{
	static const char *const lines[] = {
	    "2026-11-21T03:22:05Z open 1 key=sign operation=sign-pkcs1 hash=5f1c03aa",
	    "2026-11-21T03:22:08Z done 1 63C1 text=\"refused\"", NULL};
	json_t *array = json_of(lines), *use = json_array_get(array, 0);

	(void)state;
	assert_text(use, "service", NULL);
	assert_text(use, "program", NULL);
	assert_text(use, "process", NULL);
	assert_text(use, "status_word", "63C1");
	assert_text(json_array_get(json_object_get(use, "documents"), 0), "hash", "5f1c03aa");
	json_decref(array);
}

static void
what_was_not_called_and_what_is_open_say_so(void **state)
{
	static const char *const lines[] = {
	    EXPIRED, "2026-11-21T03:22:06Z open 2 key=sign operation=sign-pkcs1 hash=5f1c03aa",
	    "2026-11-21T03:22:07Z note text=\"pin1 was changed by its owner\"",
	    "a line of a newer version", NULL};
	json_t *array = json_of(lines);

	(void)state;
	assert_int_equal(json_array_size(array), 3);
	assert_true(json_is_false(json_object_get(json_array_get(array, 0), "called")));
	assert_text(json_array_get(array, 0), "status_word", "6F18");
	assert_true(json_is_true(json_object_get(json_array_get(array, 1), "called")));
	assert_text(json_array_get(array, 1), "status_word", NULL);
	assert_text(json_array_get(array, 2), "note", "pin1 was changed by its owner");
	json_decref(array);
}

static void
numbers_that_begin_again_are_other_uses(void **state)
{
	static const char *const lines[] = {
	    "2026-11-21T03:22:05Z open 1 key=sign operation=sign-pkcs1 hash=5f1c03aa",
	    "2026-11-21T03:22:06Z done 1 9000 text=\"first\"",
	    "2026-11-21T03:22:07Z open 1 key=sign operation=sign-pkcs1 hash=5f1c03aa",
	    "2026-11-21T03:22:08Z done 1 9000 text=\"second\"", NULL};
	json_t *array = json_of(lines);

	(void)state;
	assert_text(json_array_get(array, 0), "text", "first");
	assert_text(json_array_get(array, 1), "text", "second");
	json_decref(array);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_use_of_many_documents_is_one_object),
	    cmocka_unit_test(an_older_journal_has_less_to_tell),
	    cmocka_unit_test(what_was_not_called_and_what_is_open_say_so),
	    cmocka_unit_test(numbers_that_begin_again_are_other_uses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
