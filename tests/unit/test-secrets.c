/* The credentials file and the account file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmdbridge/secrets.h"

#include <sys/stat.h>
#include <unistd.h>

#define CREDENTIALS                                                                          \
	"# from AMA\n[credentials]\napplication-id = 0245588e-e217-5a2f-ae28-eae31dd8a56a\n" \
	"user = vicar\npassword = p%ss=word:#1\n"

static char path[] = "/tmp/vicar-secrets-XXXXXX";
static char error[SECRETS_ERROR_MAX];
static const struct service_kind kind = {
    .secrets = SERVICE_SECRET_APPLICATION_ID | SERVICE_SECRET_USER | SERVICE_SECRET_PASSWORD,
    .secrets_needed = SERVICE_SECRET_APPLICATION_ID | SERVICE_SECRET_USER | SERVICE_SECRET_PASSWORD,
};
static struct service_credentials credentials;
static struct service_account account;

static int
make_file(void **state)
{
	int fd;

	(void)state;
	strcpy(path, "/tmp/vicar-secrets-XXXXXX");
	fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int
remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void
write_text(const char *text)
{
	FILE *stream = fopen(path, "w");

	fputs(text, stream);
	fclose(stream);
}

static bool
load_credentials(const char *text)
{
	write_text(text);
	return service_credentials_load(path, &kind, &credentials, error);
}

static bool
load_account(const char *text)
{
	write_text(text);
	return service_account_load(path, SERVICE_ACCOUNT_PHONE, &account, error);
}

/* Refused for this reason, with the file's name, without the secret, and with nothing left. */
static void
assert_refused(bool loaded, const char *reason)
{
	static const struct service_credentials nothing;

	assert_false(loaded);
	assert_non_null(strstr(error, path));
	if (!strstr(error, reason))
		fail_msg("not the reason: %s", error);
	assert_null(strstr(error, "p%ss"));
	assert_memory_equal(&credentials, &nothing, sizeof(nothing));
}

static void
credentials_are_read(void **state)
{
	(void)state;
	assert_true(load_credentials(CREDENTIALS "proxy-user = p\nproxy-password = q\n"));
	assert_string_equal(credentials.application_id, "0245588e-e217-5a2f-ae28-eae31dd8a56a");
	assert_string_equal(credentials.user, "vicar");
	assert_string_equal(credentials.password, "p%ss=word:#1");
	assert_string_equal(credentials.proxy_user, "p");
	assert_string_equal(credentials.proxy_password, "q");
}

static void
a_proxy_is_optional(void **state)
{
	(void)state;
	assert_true(load_credentials(CREDENTIALS));
	assert_string_equal(credentials.proxy_user, "");
}

static void
a_file_that_others_may_read_is_refused(void **state)
{
	static const mode_t modes[] = {0640, 0604, 0644, 0660, 0620};

	(void)state;
	write_text(CREDENTIALS);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(path, modes[i]), 0);
		assert_refused(service_credentials_load(path, &kind, &credentials, error),
			       "chmod 600");
	}
}

static void
a_missing_file_is_named(void **state)
{
	(void)state;
	assert_false(service_credentials_load("/nonexistent/c", &kind, &credentials, error));
	assert_non_null(strstr(error, "/nonexistent/c: cannot be read"));
}

static void
a_directory_is_refused(void **state)
{
	(void)state;
	assert_false(service_credentials_load("/", &kind, &credentials, error));
	assert_non_null(strstr(error, "not a regular file"));
}

static void
a_missing_key_is_named(void **state)
{
	(void)state;
	assert_refused(load_credentials("[credentials]\napplication-id = x\nuser = y\n"),
		       "password is missing");
}

static void
an_unknown_key_is_refused_with_its_line(void **state)
{
	(void)state;
	assert_refused(load_credentials("[credentials]\npasswort = p%ss\n"),
		       "line 2: key passwort");
}

static void
an_unknown_section_is_refused(void **state)
{
	(void)state;
	assert_refused(load_credentials("[server]\nuser = x\n"), "section [server]");
}

static void
a_key_that_comes_twice_is_refused(void **state)
{
	(void)state;
	assert_refused(load_credentials(CREDENTIALS "user = other\n"), "user is there twice");
}

/* libinih 55 would cut the line at 199 characters and go on. */
static void
a_line_that_is_too_long_is_refused(void **state)
{
	char text[600] = "[credentials]\npassword = p%ss";

	(void)state;
	memset(text + strlen(text), 'x', 300);
	assert_refused(load_credentials(text), "line 2 is longer");
}

static void
a_value_that_is_too_long_is_refused(void **state)
{
	char text[300] = "[credentials]\napplication-id = ";

	(void)state;
	memset(text + strlen(text), 'x', 80);
	assert_refused(load_credentials(text), "longer than 63");
}

/* libinih would take the rest of the password for a comment. */
static void
a_password_that_would_be_cut_is_refused(void **state)
{
	(void)state;
	assert_refused(load_credentials("[credentials]\npassword = p%ss ;word\n"), "\" ;\"");
}

static void
a_user_name_with_a_colon_is_refused(void **state)
{
	(void)state;
	assert_refused(load_credentials("[credentials]\napplication-id = x\nuser = a:b\n"
					"password = p%ss\n"),
		       "colon");
}

static void
a_line_that_is_no_key_is_refused(void **state)
{
	(void)state;
	assert_refused(load_credentials("[credentials]\nhello\n"), "line 2");
}

static void
what_is_no_text_or_too_much_of_it_is_refused(void **state)
{
	static const char zero[] = "[credentials]\nuser = a\0b\n";
	char text[4200] = "[credentials]\n";
	FILE *stream;

	(void)state;
	memset(text + strlen(text), '#', 4100);
	assert_refused(load_credentials(text), "no text file of at most 4096 bytes");
	stream = fopen(path, "w");
	assert_non_null(stream);
	assert_int_equal(fwrite(zero, 1, sizeof(zero) - 1, stream), sizeof(zero) - 1);
	fclose(stream);
	assert_refused(service_credentials_load(path, &kind, &credentials, error),
		       "no text file of at most 4096 bytes");
}

static void
a_file_of_another_user_is_refused(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		print_message("SKIP: only root can give a file away\n");
		skip();
	}
	write_text(CREDENTIALS);
	assert_int_equal(chown(path, 65534, 65534), 0);
	assert_refused(service_credentials_load(path, &kind, &credentials, error),
		       "belongs to another user (uid 65534)");
}

static void
credentials_for_another_profile_are_not_used(void **state)
{
	static char name[] = "ama";
	const struct service_config config = {.name = name, .credentials = path};

	(void)state;
	assert_true(load_credentials(CREDENTIALS "profile = production\n"));
	assert_true(service_credentials_fit(&config, &credentials, error));
	assert_true(load_credentials(CREDENTIALS "profile = simulator\n"));
	assert_false(service_credentials_fit(&config, &credentials, error));
	assert_non_null(strstr(error, "is for profile simulator, and service ama has profile "
				      "production"));
	assert_null(strstr(error, "p%ss"));
}

static void
an_account_is_read_and_normalised(void **state)
{
	(void)state;
	assert_true(load_account("[account]\nphone = +351912345678\n"));
	assert_string_equal(account.phone, "+351 912345678");
}

static void
a_wrong_number_is_refused_without_showing_it(void **state)
{
	(void)state;
	assert_false(load_account("[account]\nphone = 91234\n"));
	assert_non_null(strstr(error, "+351 9XXXXXXXX"));
	assert_null(strstr(error, "91234"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_file, remove_file)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(credentials_are_read),
	    TEST(a_proxy_is_optional),
	    TEST(a_file_that_others_may_read_is_refused),
	    TEST(a_missing_file_is_named),
	    TEST(a_directory_is_refused),
	    TEST(a_missing_key_is_named),
	    TEST(an_unknown_key_is_refused_with_its_line),
	    TEST(an_unknown_section_is_refused),
	    TEST(a_key_that_comes_twice_is_refused),
	    TEST(a_line_that_is_too_long_is_refused),
	    TEST(a_value_that_is_too_long_is_refused),
	    TEST(a_password_that_would_be_cut_is_refused),
	    TEST(a_user_name_with_a_colon_is_refused),
	    TEST(a_line_that_is_no_key_is_refused),
	    TEST(what_is_no_text_or_too_much_of_it_is_refused),
	    TEST(a_file_of_another_user_is_refused),
	    TEST(credentials_for_another_profile_are_not_used),
	    TEST(an_account_is_read_and_normalised),
	    TEST(a_wrong_number_is_refused_without_showing_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
