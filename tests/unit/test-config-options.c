/* vicar.conf: the keys that only a service of one type has, and every way in which they are refused. */
#include "cmdbridge/cscoptions.h"
#include "tools/config_options.h"
#include "tools/config_service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SERVICE "[service c]\ntype = csc\nendpoint = https://one.example/csc/v1\n"

static char directory[] = "/tmp/vicar-options-XXXXXX";
static char path[sizeof(directory) + 16];
static struct config config;
static struct problem error;

static int
make_directory(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/vicar.conf", directory);
	return setenv("VICAR_CONF", path, 1) | setenv("HOME", "/home/maria", 1);
}

static int
remove_directory(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(directory);
}

static int
forget(void **state)
{
	(void)state;
	config_free(&config);
	return 0;
}

static bool
load(const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	error.text[0] = '\0';
	return config_load_services(&config, &error);
}

static const char *
option(enum csc_option number)
{
	return config.services[0].options[number];
}

/* `line` is the fourth of the file; the error is FILE:4: and `expected`. */
static void
assert_refused(const char *line, const char *expected)
{
	char text[512], whole[PROBLEM_MAX];

	(void)snprintf(text, sizeof(text), SERVICE "%s\n", line);
	assert_false(load(text));
	config_free(&config);
	(void)snprintf(whole, sizeof(whole), "%s:4: %s", path, expected);
	assert_string_equal(error.text, whole);
}

static void
what_is_not_given_is_as_the_manual_says(void **state)
{
	(void)state;
	assert_true(load(SERVICE));
	assert_string_equal(option(CSC_API), "auto");
	assert_string_equal(option(CSC_REDIRECT_URI), "http://127.0.0.1/callback");
	assert_string_equal(option(CSC_POLL_MS), "2000");
	assert_null(option(CSC_CLIENT_DATA));
	assert_null(option(CSC_DIALECT));
}

static void
each_kind_of_value_is_taken(void **state)
{
	(void)state;
	assert_true(load("[service c]\napi = v2\npoll-ms = 50\nclient-certificate = ~/c.pem\n"
			 "client-data = a b\ndialect = " CSC_GET "   " CSC_AUTHORISE "\n"
			 "type = csc\nendpoint = https://one.example/csc/v1\n"));
	assert_string_equal(option(CSC_API), "v2");
	assert_string_equal(option(CSC_POLL_MS), "50");
	assert_string_equal(option(CSC_CLIENT_CERTIFICATE), "/home/maria/c.pem");
	assert_string_equal(option(CSC_CLIENT_DATA), "a b");
	assert_true(csc_speaks(&config.services[0], CSC_GET));
	assert_true(csc_speaks(&config.services[0], CSC_AUTHORISE));
	assert_false(csc_speaks(&config.services[0], CSC_STRINGS));
}

static void
a_number_beyond_its_limits_or_none_is_refused(void **state)
{
	static const char *const wrong[] = {"49", "60001", "2000ms", "-1", "4294967346", ""};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char line[64], expected[128];

		(void)snprintf(line, sizeof(line), "poll-ms = %s", wrong[i]);
		(void)snprintf(expected, sizeof(expected),
			       "poll-ms = %s: allowed is a number from 50 to 60000", wrong[i]);
		assert_refused(line, expected);
	}
}

static void
a_word_that_is_none_of_the_allowed_is_refused(void **state)
{
	(void)state;
	assert_refused("api = v3", "api = v3: allowed is one of: auto v1 v2");
	assert_refused("api = v", "api = v: allowed is one of: auto v1 v2");
	assert_refused("api = v1 v2", "api = v1 v2: allowed is one of: auto v1 v2");
}

static void
words_of_which_one_is_not_allowed_are_refused(void **state)
{
	(void)state;
	assert_refused("dialect = " CSC_GET " nonsense",
		       "dialect = " CSC_GET " nonsense: allowed is several of: " CSC_DIALECTS);
	assert_refused("dialect =", "dialect = : allowed is several of: " CSC_DIALECTS);
}

static void
a_path_that_depends_on_where_a_program_stands_is_refused(void **state)
{
	(void)state;
	assert_refused("client-key = key.pem",
		       "client-key = key.pem: allowed is a path that begins with / or ~/");
}

static void
an_empty_text_is_refused(void **state)
{
	(void)state;
	assert_refused("client-data =", "client-data = : allowed is a value that is not empty");
}

static void
a_key_of_another_type_is_refused_and_those_of_this_one_are_told(void **state)
{
	(void)state;
	assert_false(load(SERVICE "module = /usr/lib/module.so\n"));
	assert_non_null(strstr(error.text, ":4: module is no key of [service c]; there are type"));
	assert_non_null(strstr(error.text, ", api, login, authorization, "));
}

static void
a_key_that_a_type_needs_is_missed(void **state)
{
	(void)state;
	assert_false(load("[service h]\ntype = pkcs11\n"));
	assert_non_null(strstr(error.text, "[service h] lacks module; add it"));
}

static void
a_key_that_stands_twice_in_a_file_is_refused(void **state)
{
	(void)state;
	assert_false(load(SERVICE "api = v1\napi = v1\n"));
	assert_non_null(
	    strstr(error.text, ":5: api stands twice in [service c]; keep one of them"));
}

/* /etc/vicar/vicar.conf, then the user's: the later file replaces what the earlier one said. */
static void
a_later_file_replaces_a_value_and_leaves_the_others(void **state)
{
	struct config_options options = {NULL, 0};
	char name[] = "api", first[] = "v1", second[] = "v2", here[] = "a:1", there[] = "b:7";
	struct config_option given = {
	    .place = here, .name = name, .value = first, .service = 0, .file = 0};

	(void)state;
	assert_int_equal(config_options_keep(&options, &given), CONFIG_OPTIONS_OK);
	given.value = second;
	assert_int_equal(config_options_keep(&options, &given), CONFIG_OPTIONS_TWICE);
	given.service = 1;
	assert_int_equal(config_options_keep(&options, &given), CONFIG_OPTIONS_OK);
	given.service = 0;
	given.file = 1;
	given.place = there;
	assert_int_equal(config_options_keep(&options, &given), CONFIG_OPTIONS_OK);
	assert_int_equal(options.count, 2);
	assert_string_equal(options.list[0].value, "v2");
	assert_string_equal(options.list[0].place, "b:7");
	assert_string_equal(options.list[1].value, "v2");
	assert_string_equal(options.list[1].place, "a:1");
	config_options_free(&options);
}

#define TEST(name) cmocka_unit_test_teardown(name, forget)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_not_given_is_as_the_manual_says),
	    TEST(each_kind_of_value_is_taken),
	    TEST(a_number_beyond_its_limits_or_none_is_refused),
	    TEST(a_word_that_is_none_of_the_allowed_is_refused),
	    TEST(words_of_which_one_is_not_allowed_are_refused),
	    TEST(a_path_that_depends_on_where_a_program_stands_is_refused),
	    TEST(an_empty_text_is_refused),
	    TEST(a_key_of_another_type_is_refused_and_those_of_this_one_are_told),
	    TEST(a_key_that_a_type_needs_is_missed),
	    TEST(a_key_that_stands_twice_in_a_file_is_refused),
	    TEST(a_later_file_replaces_a_value_and_leaves_the_others),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
