/*
 * Section [pkcs11] of vicar.conf as the module reads it, and PINs in locked memory.
 */
#include "pkcs11/refusal.h"
#include "pkcs11/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[] = "/tmp/vicar-settings-XXXXXX";
static struct settings settings;
static char error[SETTINGS_ERROR_MAX];

static int
make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) != NULL ? 0 : 1;
}

static int
remove_directory(void **state)
{
	char command[sizeof(directory) + 16];

	(void)state;
	snprintf(command, sizeof(command), "%s/vicar.conf", directory);
	unlink(command);
	return rmdir(directory);
}

/* What the module makes of a file with this text. */
static bool
load(const char *text)
{
	char path[sizeof(directory) + 16];
	FILE *file;

	snprintf(path, sizeof(path), "%s/vicar.conf", directory);
	file = fopen(path, "w");
	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
		fail_msg("%s was not written", path);
	setenv("VICAR_CONF", path, 1);
	return settings_load(&settings, error);
}

static void
assert_error(const char *text, const char *expected)
{
	assert_false(load(text));
	assert_string_equal(error + strlen(directory) + strlen("/vicar.conf:"), expected);
}

static void
an_empty_file_gives_the_defaults(void **state)
{
	(void)state;
	assert_true(load(""));
	assert_true(settings.pin_cache);
	assert_true(settings.file_cache);
	assert_false(settings.drop_authentication);
	assert_int_equal(settings.pin_cache_lifetime_s, 0);
	assert_string_equal(settings.exclude_readers, "");
	assert_string_equal(settings.accept_labels, "*");
}

static void
each_key_is_taken(void **state)
{
	(void)state;
	assert_true(load("[pkcs11]\nexclude-readers = a, b\naccept-labels = c\nno-slots-for = d\n"
			 "no-signature-slot-for = e\nno-always-authenticate-for = f\n"
			 "pin-cache = no\npin-cache-lifetime-s = 30\ndrop-authentication = yes\n"
			 "file-cache = no\n"));
	assert_string_equal(settings.exclude_readers, "a, b");
	assert_string_equal(settings.accept_labels, "c");
	assert_string_equal(settings.no_slots_for, "d");
	assert_string_equal(settings.no_signature_slot_for, "e");
	assert_string_equal(settings.no_always_authenticate_for, "f");
	assert_false(settings.pin_cache);
	assert_int_equal(settings.pin_cache_lifetime_s, 30);
	assert_true(settings.drop_authentication);
	assert_false(settings.file_cache);
}

static void
other_sections_are_other_programs_business(void **state)
{
	(void)state;
	assert_true(load("[card]\npin-tries = 1\n[nonsense]\npin-cache = maybe\n"));
}

static void
what_is_wrong_is_told_with_its_line(void **state)
{
	(void)state;
	assert_error("[pkcs11]\npin-cache = maybe\n", "2: pin-cache = maybe: allowed is yes or no");
	assert_error("\n[pkcs11]\npin-cache-lifetime-s = -1\n",
		     "3: pin-cache-lifetime-s = -1: allowed is seconds, from 0 to 86400");
	assert_error("[pkcs11]\nnonsense = 1\n",
		     "2: nonsense is no key of [pkcs11]; there are exclude-readers, "
		     "accept-labels, no-slots-for, no-signature-slot-for, "
		     "no-always-authenticate-for, pin-cache, pin-cache-lifetime-s, "
		     "drop-authentication, file-cache");
	assert_error("[pkcs11]\npin-cache = no\npin-cache = no\n",
		     "3: pin-cache stands twice in [pkcs11]; keep one of them");
	assert_error("[pkcs11]\nno key\n",
		     "2: allowed is [section], key = value, or a comment after ;");
}

static void
a_line_that_is_too_long_is_refused(void **state)
{
	char text[400];

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "[pkcs11]\nno-slots-for = ", 24);
	text[sizeof(text) - 1] = '\0';
	assert_error(text, "2: the line is too long; at most 197 characters are allowed");
}

static void
a_file_that_vicar_conf_names_must_be_there(void **state)
{
	(void)state;
	setenv("VICAR_CONF", "/nonexistent/vicar.conf", 1);
	assert_false(settings_load(&settings, error));
	assert_non_null(strstr(error, "/nonexistent/vicar.conf"));
}

/* The same directory twice, as XDG_CONFIG_HOME and as ~/.config; the machine's own file is none of this. */
static void
the_users_own_file_is_found_as_the_xdg_directories_say(void **state)
{
	char config[sizeof(directory) + 16], vicar[sizeof(directory) + 32],
	    path[sizeof(directory) + 48];
	FILE *file;

	(void)state;
	unsetenv("VICAR_CONF");
	snprintf(config, sizeof(config), "%s/.config", directory);
	snprintf(vicar, sizeof(vicar), "%s/vicar", config);
	snprintf(path, sizeof(path), "%s/vicar.conf", vicar);
	assert_int_equal(mkdir(config, 0700), 0);
	assert_int_equal(mkdir(vicar, 0700), 0);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs("[pkcs11]\nno-slots-for = only-here\n", file) >= 0);
	assert_int_equal(fclose(file), 0);
	setenv("HOME", directory, 1);
	unsetenv("XDG_CONFIG_HOME");
	assert_true(settings_load(&settings, error));
	assert_string_equal(settings.no_slots_for, "only-here");
	setenv("XDG_CONFIG_HOME", directory, 1);
	assert_true(settings_load(&settings, error));
	assert_string_not_equal(settings.no_slots_for, "only-here");
	setenv("XDG_CONFIG_HOME", config, 1);
	assert_true(settings_load(&settings, error));
	assert_string_equal(settings.no_slots_for, "only-here");
	/* A relative one is none: XDG base directory specification. */
	setenv("XDG_CONFIG_HOME", "relative", 1);
	setenv("HOME", "relative", 1);
	assert_true(settings_load(&settings, error));
	assert_string_not_equal(settings.no_slots_for, "only-here");
	unlink(path);
	rmdir(vicar);
	rmdir(config);
}

static void
a_list_that_has_no_room_is_refused(void **state)
{
	char value[SETTINGS_TEXT_MAX + 1];
	const char *allowed;

	(void)state;
	settings_default(&settings);
	memset(value, 'a', sizeof(value));
	value[SETTINGS_TEXT_MAX] = '\0';
	assert_false(settings_put(&settings, "exclude-readers", value, &allowed));
	assert_string_equal(settings.exclude_readers, "");
	assert_non_null(allowed);
	value[SETTINGS_TEXT_MAX - 1] = '\0';
	assert_true(settings_put(&settings, "exclude-readers", value, &allowed));
	assert_string_equal(settings.exclude_readers, value);
}

/* libinih goes on after an error; the first one is what is told. */
static void
the_first_error_of_a_file_is_the_one_told(void **state)
{
	(void)state;
	assert_error("[pkcs11]\npin-cache = maybe\nnonsense = 1\n",
		     "2: pin-cache = maybe: allowed is yes or no");
}

static void
a_path_that_leaves_no_room_for_the_reason_is_an_error_all_the_same(void **state)
{
	char path[SETTINGS_ERROR_MAX + 8];

	(void)state;
	memset(path, '/', sizeof(path));
	path[sizeof(path) - 2] = 'x';
	path[sizeof(path) - 1] = '\0';
	setenv("VICAR_CONF", path, 1);
	assert_false(settings_load(&settings, error));
	assert_int_equal(strlen(error), SETTINGS_ERROR_MAX - 1);
}

static void
names_are_matched_whole_and_without_case(void **state)
{
	(void)state;
	assert_true(settings_match("curl, Fire*", "firefox-esr"));
	assert_true(settings_match("  curl  ,", "CURL"));
	assert_false(settings_match("curl", "curlew"));
	assert_false(settings_match("", "curl"));
	assert_false(settings_match(", ,", ""));
	assert_true(settings_match("*", "anything"));
}

static void
by_default_the_signature_slot_is_kept_from_programs_that_do_tls_or_ssh(void **state)
{
	static const char *const kept[] = {
	    "firefox-esr",       "firefox", "chromium", "chrome", "ssh",        "ssh-agent",
	    "ssh-pkcs11-helper", "sshd",    "curl",     "wget",   "gnutls-cli", "git-remote-https"};
	static const char *const not_kept[] = {"pkcs11-tool", "p11tool",    "openssl",
					       "java",        "pdfsig",     "soffice.bin",
					       "okular",      "thunderbird"};

	(void)state;
	settings_default(&settings);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		assert_true(settings_match(settings.no_signature_slot_for, kept[i]));
	for (size_t i = 0; i < sizeof(not_kept) / sizeof(not_kept[0]); i++)
		assert_false(settings_match(settings.no_signature_slot_for, not_kept[i]));
}

static void
a_pin_is_kept_until_it_is_dropped(void **state)
{
	struct pinstore store;
	pin_handle one, two;

	(void)state;
	pinstore_open(&store);
	assert_non_null(store.page);
	one = pinstore_put(&store, BYTES_TEXT("1234"));
	two = pinstore_put(&store, BYTES_TEXT("56789"));
	assert_true(bytes_equal(pinstore_get(&store, one), BYTES_TEXT("1234")));
	assert_true(bytes_equal(pinstore_get(&store, two), BYTES_TEXT("56789")));
	pinstore_drop(&store, &one);
	assert_int_equal(one, PINSTORE_NONE);
	assert_null(pinstore_get(&store, one).data);
	assert_null(memmem(store.page, store.size, "1234", 4));
	assert_non_null(memmem(store.page, store.size, "56789", 5));
	pinstore_close(&store);
	assert_int_equal(pinstore_put(&store, BYTES_TEXT("1234")), PINSTORE_NONE);
}

static void
a_store_that_is_full_takes_no_more(void **state)
{
	struct pinstore store;
	size_t count = 0;

	(void)state;
	pinstore_open(&store);
	while (pinstore_put(&store, BYTES_TEXT("1234")) != PINSTORE_NONE)
		count++;
	assert_int_equal(count, store.size / (PINSTORE_PIN_MAX + 2));
	pinstore_close(&store);
}

static void
a_child_has_no_pins(void **state)
{
	struct pinstore store;
	pin_handle handle;
	int status = -1;
	pid_t pid;

	(void)state;
	pinstore_open(&store);
	handle = pinstore_put(&store, BYTES_TEXT("1234"));
	pid = fork();
	if (pid == 0)
		_exit(pinstore_get(&store, handle).data == NULL &&
			      memmem(store.page, store.size, "1234", 4) == NULL
			  ? 0
			  : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_non_null(pinstore_get(&store, handle).data);
	pinstore_close(&store);
}

static void
a_refused_pin_is_known_again_and_stands_nowhere(void **state)
{
	struct refusal refusal = {.key = PINSTORE_NONE};
	struct pinstore store;

	(void)state;
	pinstore_open(&store);
	assert_false(refusal_is(&refusal, &store, NULL, BYTES_TEXT("1234")));
	refusal_keep(&refusal, &store, NULL, BYTES_TEXT("1234"));
	assert_true(refusal_is(&refusal, &store, NULL, BYTES_TEXT("1234")));
	assert_false(refusal_is(&refusal, &store, NULL, BYTES_TEXT("1235")));
	assert_false(refusal_is(&refusal, &store, NULL, BYTES_TEXT("12345")));
	assert_null(memmem(store.page, store.size, "1234", 4));
	assert_null(memmem(&refusal, sizeof(refusal), "1234", 4));
	refusal_keep(&refusal, &store, NULL, BYTES_TEXT("5678"));
	assert_false(refusal_is(&refusal, &store, NULL, BYTES_TEXT("1234")));
	refusal_drop(&refusal, &store);
	assert_false(refusal_is(&refusal, &store, NULL, BYTES_TEXT("5678")));
	pinstore_close(&store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_file_gives_the_defaults),
	    cmocka_unit_test(each_key_is_taken),
	    cmocka_unit_test(other_sections_are_other_programs_business),
	    cmocka_unit_test(what_is_wrong_is_told_with_its_line),
	    cmocka_unit_test(a_line_that_is_too_long_is_refused),
	    cmocka_unit_test(a_file_that_vicar_conf_names_must_be_there),
	    cmocka_unit_test(the_users_own_file_is_found_as_the_xdg_directories_say),
	    cmocka_unit_test(a_list_that_has_no_room_is_refused),
	    cmocka_unit_test(the_first_error_of_a_file_is_the_one_told),
	    cmocka_unit_test(a_path_that_leaves_no_room_for_the_reason_is_an_error_all_the_same),
	    cmocka_unit_test(names_are_matched_whole_and_without_case),
	    cmocka_unit_test(
		by_default_the_signature_slot_is_kept_from_programs_that_do_tls_or_ssh),
	    cmocka_unit_test(a_pin_is_kept_until_it_is_dropped),
	    cmocka_unit_test(a_store_that_is_full_takes_no_more),
	    cmocka_unit_test(a_child_has_no_pins),
	    cmocka_unit_test(a_refused_pin_is_known_again_and_stands_nowhere),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
