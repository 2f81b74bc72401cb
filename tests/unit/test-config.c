/* vicar.conf: what is taken, and every way in which it is refused. */
#include "tools/config_service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct world {
	char directory[64];
	char path[128];
	struct config config;
	struct problem error;
};

static int
world_new(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	(void)snprintf(world->directory, sizeof(world->directory), "/tmp/vicar-config-XXXXXX");
	assert_non_null(mkdtemp(world->directory));
	(void)snprintf(world->path, sizeof(world->path), "%s/vicar.conf", world->directory);
	assert_int_equal(setenv("VICAR_CONF", world->path, 1), 0);
	assert_int_equal(setenv("HOME", "/home/maria", 1), 0);
	*state = world;
	return 0;
}

static int
world_free(void **state)
{
	struct world *world = *state;

	config_free(&world->config);
	(void)unlink(world->path);
	(void)rmdir(world->directory);
	free(world);
	return 0;
}

static void
write_conf(const struct world *world, const char *text, size_t len)
{
	FILE *file = fopen(world->path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	(void)fclose(file);
}

static const struct config *
load(struct world *world, const char *text)
{
	write_conf(world, text, strlen(text));
	world->error.text[0] = '\0';
	if (!config_load_services(&world->config, &world->error))
		fail_msg("%s", world->error.text);
	return &world->config;
}

/* The error is FILE:LINE: and `expected`. */
static void
expect_error_of(struct world *world, const char *text, size_t len, const char *expected)
{
	char whole[PROBLEM_MAX];

	write_conf(world, text, len);
	assert_false(config_load_services(&world->config, &world->error));
	(void)snprintf(whole, sizeof(whole), "%s:%s", world->path, expected);
	assert_string_equal(world->error.text, whole);
}

static void
expect_error(struct world *world, const char *text, const char *expected)
{
	expect_error_of(world, text, strlen(text), expected);
}

static void
an_empty_file_gives_the_defaults(void **state)
{
	const struct config *config = load(*state, "");

	assert_string_equal(config->socket_directory, "/run/vicar");
	assert_null(config->pcscd_user);
	assert_int_equal(config->pin_tries, 2);
	assert_string_equal(config->pinentry, "pinentry");
	assert_int_equal(config->prompt_timeout_s, 60);
	assert_int_equal(config->refusal_pause_ms, 5000);
	assert_int_equal(config->repeat_window_ms, 3000);
	assert_int_equal(config->services_count, 0);
	assert_int_equal(config->prompt_by, CONFIG_PROMPT_PINENTRY);
	assert_null(config->prompt_command);
	assert_null(config->language);
	assert_int_equal(config->notify, 1);
	assert_int_equal(config->drop_pin_on,
			 CONFIG_DROP_LOCK | CONFIG_DROP_SLEEP | CONFIG_DROP_INACTIVE);
}

static void
a_program_that_answers_is_a_path_with_arguments(void **state)
{
	const struct config *config =
	    load(*state, "[prompt]\nprompt = command\ncommand = ~/bin/answer --card x\n"
			 "notify = no\nlanguage = fi\n");

	assert_int_equal(config->prompt_by, CONFIG_PROMPT_COMMAND);
	assert_string_equal(config->prompt_command, "/home/maria/bin/answer --card x");
	assert_int_equal(config->notify, 0);
	assert_string_equal(config->language, "fi");
}

static void
a_program_that_answers_must_be_named_by_its_path(void **state)
{
	expect_error(*state, "[prompt]\nprompt = command\n",
		     " [prompt] has prompt = command but no command; add the program that answers");
	expect_error(
	    *state, "[prompt]\ncommand = answer\n",
	    "2: command = answer: allowed is a program's path that begins with / or ~/, and "
	    "its arguments");
}

static void
a_set_of_words_is_read_in_any_order(void **state)
{
	assert_int_equal(load(*state, "[card]\ndrop-pin-on = inactive ,lock\n")->drop_pin_on,
			 CONFIG_DROP_LOCK | CONFIG_DROP_INACTIVE);
	config_free(&((struct world *)*state)->config);
	assert_int_equal(load(*state, "[card]\ndrop-pin-on = none\n")->drop_pin_on, 0);
}

static void
a_set_with_another_word_is_refused(void **state)
{
	static const char allowed[] =
	    "allowed is none, or some of lock, sleep, inactive with commas "
	    "between";
	char expected[256];

	for (size_t i = 0; i < 4; i++) {
		static const char *const wrong[] = {"lock sleep", "lock,", "never", "none, lock"};
		char text[64];

		(void)snprintf(text, sizeof(text), "[card]\ndrop-pin-on = %s\n", wrong[i]);
		(void)snprintf(expected, sizeof(expected), "2: drop-pin-on = %s: %s", wrong[i],
			       allowed);
		expect_error(*state, text, expected);
	}
}

static void
a_service_is_read_whole(void **state)
{
	const struct service_config *service =
	    config_service(load(*state, "[service cmd]\n"
					"type = cmd\n"
					"profile = simulator\n"
					"endpoint = https://localhost:8443/SCMDService.svc\n"
					"ca-file = /etc/vicar/ca.pem\n"
					"encryption-certificate = /etc/vicar/cmd.pem\n"
					"credentials = ~/.config/vicar/cmd\n"
					"proxy = http://proxy:3128\n"
					"connect-timeout-ms = 10\n"
					"transfer-timeout-ms = 20\n"
					"code-lifetime-s = 30\n"),
			   "cmd");

	assert_non_null(service);
	assert_string_equal(service->type, "cmd");
	assert_int_equal(service->profile, SERVICE_SIMULATOR);
	assert_string_equal(service->endpoint, "https://localhost:8443/SCMDService.svc");
	assert_string_equal(service->ca_file, "/etc/vicar/ca.pem");
	assert_string_equal(service->encryption_certificate, "/etc/vicar/cmd.pem");
	assert_string_equal(service->credentials, "/home/maria/.config/vicar/cmd");
	assert_string_equal(service->proxy, "http://proxy:3128");
	assert_int_equal(service->connect_timeout_ms, 10);
	assert_int_equal(service->transfer_timeout_ms, 20);
	assert_int_equal(service->code_lifetime_s, 30);
}

static void
a_short_service_has_the_default_timeouts(void **state)
{
	const struct service_config *service = config_service(
	    load(*state, "[service cmd]\ntype = cmd\nendpoint = https://h\n"), "cmd");

	assert_non_null(service);
	assert_int_equal(service->profile, SERVICE_PRODUCTION);
	assert_int_equal(service->connect_timeout_ms, 5000);
	assert_int_equal(service->transfer_timeout_ms, 60000);
	assert_int_equal(service->code_lifetime_s, 120);
	assert_null(service->ca_file);
}

static void
an_unknown_service_is_not_found(void **state)
{
	assert_null(config_service(load(*state, ""), "cmd"));
}

static void
an_unknown_section_is_refused(void **state)
{
	expect_error(*state, "; hello\n[cart]\n",
		     "2: [cart] is no section; there are [card], [prompt], [pkcs11] and "
		     "[service NAME]");
}

static void
what_is_wrong_for_the_pkcs11_module_is_refused(void **state)
{
	expect_error(*state, "[pkcs11]\npin-cache = maybe\n",
		     "2: pin-cache = maybe: allowed is yes or no");
	expect_error(*state, "[pkcs11]\npin-cache-lifetime-s = 86401\n",
		     "2: pin-cache-lifetime-s = 86401: allowed is seconds, from 0 to 86400");
	expect_error(*state, "[pkcs11]\npin-cache = no\npin-cache = yes\n",
		     "3: pin-cache stands twice in [pkcs11]; keep one of them");
	expect_error(*state, "[pkcs11]\ncache = no\n",
		     "2: cache is no key of [pkcs11]; there are exclude-readers, accept-labels, "
		     "no-slots-for, no-signature-slot-for, no-always-authenticate-for, pin-cache, "
		     "pin-cache-lifetime-s, drop-authentication, file-cache");
}

static void
a_key_before_the_first_section_is_refused(void **state)
{
	expect_error(*state, "pin-tries = 2\n",
		     "1: a key stands before the first section; put it below [card], [prompt], "
		     "[pkcs11] or [service NAME]");
}

static void
an_unknown_key_is_refused_with_those_that_are_known(void **state)
{
	expect_error(
	    *state, "[card]\n\npin-tires = 2\n",
	    "3: pin-tires is no key of [card]; there are socket-directory, pcscd-user, "
	    "pin-tries, drop-pin-on, min-pin-length, digits-only, pin-complexity, "
	    "journal-size-kb, journal-keep, on-insert, on-ready, on-remove, event-timeout-s");
}

static void
a_key_of_another_section_is_refused(void **state)
{
	expect_error(*state, "[prompt]\npin-tries = 2\n",
		     "2: pin-tries is no key of [prompt]; there are pinentry, timeout-s, "
		     "refusal-pause-ms, repeat-window-ms, language, notify, prompt, command");
}

static void
a_number_out_of_range_is_refused(void **state)
{
	expect_error(*state, "[card]\npin-tries = 16\n",
		     "2: pin-tries = 16: allowed is a number from 1 to 15");
}

static void
a_number_with_a_tail_is_refused(void **state)
{
	expect_error(*state, "[prompt]\ntimeout-s = 60s\n",
		     "2: timeout-s = 60s: allowed is seconds, from 1 to 3600");
}

static void
a_number_that_would_overflow_is_refused(void **state)
{
	expect_error(*state, "[prompt]\ntimeout-s = 4294967356\n",
		     "2: timeout-s = 4294967356: allowed is seconds, from 1 to 3600");
}

static void
an_empty_value_is_refused(void **state)
{
	expect_error(*state, "[prompt]\npinentry =\n",
		     "2: pinentry = : allowed is a program's name or path");
}

static void
a_relative_path_is_refused(void **state)
{
	expect_error(*state, "[card]\nsocket-directory = run\n",
		     "2: socket-directory = run: allowed is a path that begins with / or ~/");
}

static void
an_endpoint_without_tls_is_refused(void **state)
{
	expect_error(*state, "[service cmd]\nendpoint = http://h\n",
		     "2: endpoint = http://h: allowed is a URL that begins with https://");
}

static void
a_proxy_of_an_unknown_kind_is_refused(void **state)
{
	expect_error(*state, "[service cmd]\nproxy = ftp://h\n",
		     "2: proxy = ftp://h: allowed is a URL that begins with http://, https:// or "
		     "socks5h://");
}

static void
a_type_without_a_maker_is_refused(void **state)
{
	expect_error(*state, "[service x]\ntype = csd\n",
		     "2: type = csd: allowed is cmd, csc, pkcs11");
}

static void
a_profile_that_there_is_not_is_refused(void **state)
{
	expect_error(*state, "[service x]\nprofile = pre\n",
		     "2: profile = pre: allowed is production, pre-production or simulator");
}

static void
a_key_that_stands_twice_is_refused(void **state)
{
	expect_error(*state, "[card]\npin-tries = 2\n[prompt]\n[card]\npin-tries = 3\n",
		     "5: pin-tries stands twice in [card]; keep one of them");
}

static void
a_service_without_type_is_refused_where_it_begins(void **state)
{
	expect_error(*state, "[card]\n[service cmd]\nendpoint = https://h\n",
		     "2: [service cmd] lacks type (allowed is cmd, csc, pkcs11); add it");
}

static void
a_simulator_without_endpoint_is_refused(void **state)
{
	expect_error(*state, "[service cmd]\ntype = cmd\nprofile = simulator\n",
		     "1: [service cmd] lacks endpoint (an https:// URL), which profile simulator "
		     "has no default for; add it");
}

/* cmd.md 1 and 5. */
static void
a_profile_has_its_own_endpoint_and_encryption_certificate(void **state)
{
	const struct config *config = load(*state, "[service a]\ntype = cmd\n"
						   "[service b]\ntype = cmd\n"
						   "profile = pre-production\n");
	const struct service_config *a = config_service(config, "a"),
				    *b = config_service(config, "b");

	assert_string_equal(
	    a->endpoint,
	    "https://cmd.autenticacao.gov.pt/Ama.Authentication.Frontend/SCMDService.svc");
	assert_string_equal(
	    b->endpoint,
	    "https://preprod.cmd.autenticacao.gov.pt/Ama.Authentication.Frontend/SCMDService.svc");
	assert_null(b->encryption_certificate);
}

static void
an_endpoint_of_another_profile_is_refused(void **state)
{
	static const struct {
		const char *profile, *endpoint, *other;
	} wrong[] = {
	    {"simulator", "https://cmd.autenticacao.gov.pt/x", "production"},
	    {"simulator", "https://CMD.Autenticacao.gov.pt:443/x", "production"},
	    {"simulator", "https://preprod.cmd.autenticacao.gov.pt/x", "pre-production"},
	    {"production", "https://preprod.cmd.autenticacao.gov.pt/x", "pre-production"},
	    {"production", "https://dev.cmd.autenticacao.gov.pt/x", "pre-production"},
	    {"pre-production", "https://cmd.autenticacao.gov.pt/x", "production"},
	    {"production", "https://localhost:8443/x", "simulator"},
	    {"production", "https://127.0.0.1/x", "simulator"},
	    {"production", "https://[::1]:1/x", "simulator"},
	};
	char text[512], expected[512];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(text, sizeof(text),
			 "[service cmd]\ntype = cmd\nprofile = %s\nendpoint = %s\n",
			 wrong[i].profile, wrong[i].endpoint);
		snprintf(expected, sizeof(expected),
			 "1: [service cmd] has profile = %s, and endpoint = %s is of profile %s; "
			 "correct one of them",
			 wrong[i].profile, wrong[i].endpoint, wrong[i].other);
		expect_error(*state, text, expected);
	}
}

static void
credentials_are_not_shared_between_profiles(void **state)
{
	expect_error(*state,
		     "[service a]\ntype = cmd\ncredentials = /c\n"
		     "[service b]\ntype = cmd\nprofile = pre-production\ncredentials = /c\n",
		     "4: [service b] has profile = pre-production and the credentials of [service "
		     "a], whose profile is production; give each its own");
	config_free(&((struct world *)*state)->config);
	(void)load(*state, "[service a]\ntype = cmd\ncredentials = /c\n"
			   "[service b]\ntype = cmd\ncredentials = /c\n");
}

static void
a_service_without_any_key_is_refused(void **state)
{
	expect_error(*state, "[service cmd]\n",
		     "1: [service cmd] lacks type (allowed is cmd, csc, pkcs11); add it");
}

static void
a_service_named_as_the_keys_in_files_is_refused(void **state)
{
	expect_error(*state, "[service file]\n",
		     "1: [service file]: keys in files need no section; choose another name for "
		     "this service");
}

static void
a_service_with_a_foreign_name_is_refused(void **state)
{
	expect_error(*state, "[service a/b]\n",
		     "1: [service a/b]: a service's name is at most 41 letters, digits, - and _, "
		     "and begins with a letter or digit");
}

static void
more_services_than_there_is_room_for_are_refused(void **state)
{
	char text[1024] = "", expected[128];
	size_t len = 0;

	for (unsigned i = 0; i <= CONFIG_SERVICES_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "[service s%u]\n", i);
	(void)snprintf(expected, sizeof(expected),
		       "%d: [service s%d]: there are more than %d services; remove some",
		       CONFIG_SERVICES_MAX + 1, CONFIG_SERVICES_MAX, CONFIG_SERVICES_MAX);
	expect_error(*state, text, expected);
}

/* libinih 55 cuts after 199 bytes and reads the rest as a line of its own. */
static void
a_line_that_is_too_long_is_refused(void **state)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "[card]\n; %0250d\n[card]\n", 0);
	expect_error(*state, text, "2: the line is too long; at most 197 characters are allowed");
}

static void
the_longest_line_is_taken(void **state)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "[card]\nsocket-directory = /%0177d\r\n", 0);
	assert_int_equal(strcspn(text + 7, "\r"), 197);
	assert_int_equal(strlen(load(*state, text)->socket_directory), 178);
}

static void
a_section_name_that_would_be_cut_is_refused(void **state)
{
	expect_error(*state, "[service aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\n",
		     "1: [service aaaaaaaaaaa...]: a section's name has at most 49 characters");
}

/* libinih takes it for more of the value above. */
static void
a_line_that_begins_with_white_space_is_refused(void **state)
{
	expect_error(*state, "[prompt]\npinentry = a\n  timeout-s = 5\n",
		     "3: the line begins with white space; move it to the left margin");
}

static void
an_indented_comment_is_fine(void **state)
{
	assert_int_equal(load(*state, "[card]\npin-tries = 3\n  ; three\n")->pin_tries, 3);
}

static void
a_line_that_is_nothing_is_refused(void **state)
{
	expect_error(*state, "[card]\npin-tries\n",
		     "2: allowed is [section], key = value, or a comment after ;");
}

static void
a_heading_without_end_is_refused(void **state)
{
	expect_error(*state, "[card\n",
		     "1: allowed is [section], key = value, or a comment after ;");
}

static void
a_nul_byte_is_refused(void **state)
{
	static const char text[] = "[card]\npin-tries = 2\0 5\n";

	expect_error_of(*state, text, sizeof(text) - 1,
			"2: the line holds a NUL byte; write plain text");
}

static void
the_first_error_is_told(void **state)
{
	expect_error(*state, "[card]\nnothing\n[prompt]\nworse = 1\n",
		     "2: allowed is [section], key = value, or a comment after ;");
}

static void
a_file_that_vicar_conf_names_must_be_there(void **state)
{
	struct world *world = *state;

	assert_false(config_load_services(&world->config, &world->error));
	assert_non_null(strstr(world->error.text, "/vicar.conf: cannot be read: No such file"));
}

static void
a_directory_is_no_configuration(void **state)
{
	struct world *world = *state;

	assert_int_equal(setenv("VICAR_CONF", world->directory, 1), 0);
	assert_false(config_load_services(&world->config, &world->error));
	assert_non_null(strstr(world->error.text, "cannot be read: Is a directory"));
}

static void
without_vicar_conf_the_users_file_is_read(void **state)
{
	struct world *world = *state;
	char path[128];

	assert_int_equal(unsetenv("VICAR_CONF"), 0);
	assert_int_equal(setenv("XDG_CONFIG_HOME", world->directory, 1), 0);
	(void)snprintf(path, sizeof(path), "%s/vicar", world->directory);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(world->path, sizeof(world->path), "%s/vicar/vicar.conf", world->directory);
	assert_int_equal(load(world, "[card]\npin-tries = 7\n")->pin_tries, 7);
	(void)unlink(world->path);
	(void)rmdir(path);
	(void)unsetenv("XDG_CONFIG_HOME");
}

/* What is installed: every key with its default, as a comment. */
static const char packaged[] = "packaging/vicar.conf";

static size_t
read_packaged(char *text, size_t room)
{
	FILE *file = fopen(packaged, "re");
	size_t len;

	assert_non_null(file);
	len = fread(text, 1, room - 1, file);
	text[len] = '\0';
	(void)fclose(file);
	return len;
}

static void
the_installed_file_changes_nothing(void **state)
{
	struct world *world = *state;
	char text[8192];

	(void)read_packaged(text, sizeof(text));
	assert_int_equal(load(world, text)->services_count, 0);
}

static void
the_installed_file_shows_every_key_with_its_default(void **state)
{
	static const char *const defaults[] = {
	    ";socket-directory = /run/vicar\n",
	    ";pin-tries = 2\n",
	    ";pinentry = pinentry\n",
	    ";timeout-s = 60\n",
	    ";refusal-pause-ms = 5000\n",
	    ";repeat-window-ms = 3000\n",
	    ";drop-pin-on = lock, sleep, inactive\n",
	    ";min-pin-length = 4\n",
	    ";digits-only = no\n",
	    ";pin-complexity = same\n",
	    ";journal-size-kb = 1024\n",
	    ";journal-keep = 9\n",
	    ";on-insert = ",
	    ";on-ready = ",
	    ";on-remove = ",
	    ";event-timeout-s = 10\n",
	    ";language = ",
	    ";notify = yes\n",
	    ";prompt = pinentry\n",
	    ";command = ",
	    ";connect-timeout-ms = 5000\n",
	    ";transfer-timeout-ms = 60000\n",
	    ";code-lifetime-s = 120\n",
	    ";pcscd-user = ",
	    ";type = cmd\n",
	    ";profile = production\n",
	    ";endpoint = ",
	    ";ca-file = ",
	    ";encryption-certificate = ",
	    ";credentials = ",
	    ";proxy = ",
	    ";exclude-readers = \n",
	    ";accept-labels = *\n",
	    ";no-slots-for = \n",
	    ";no-signature-slot-for = firefox*, ",
	    ";no-always-authenticate-for = \n",
	    ";pin-cache = yes\n",
	    ";pin-cache-lifetime-s = 0\n",
	    ";drop-authentication = no\n",
	    ";file-cache = yes\n",
	};
	char text[8192];

	(void)state;
	(void)read_packaged(text, sizeof(text));
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		if (strstr(text, defaults[i]) == NULL)
			fail_msg("%s lacks %s", packaged, defaults[i]);
	}
}

/* With the semicolons in front of keys and headings taken away it is all understood. */
static void
the_installed_file_is_understood_when_its_keys_are_set(void **state)
{
	struct world *world = *state;
	char text[8192], set[8192];
	size_t len = 0, read = read_packaged(text, sizeof(text));

	for (size_t i = 0; i < read; i++) {
		bool first = i == 0 || text[i - 1] == '\n';

		if (!first || text[i] != ';' || text[i + 1] == ' ')
			set[len++] = text[i];
	}
	set[len] = '\0';
	assert_int_equal(load(world, set)->services_count, 3);
	assert_string_equal(world->config.pcscd_user, "pcscd");
	assert_int_equal(world->config.services[0].code_lifetime_s, 120);
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, world_new, world_free)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WORLD_TEST(an_empty_file_gives_the_defaults),
	    WORLD_TEST(a_program_that_answers_is_a_path_with_arguments),
	    WORLD_TEST(a_program_that_answers_must_be_named_by_its_path),
	    WORLD_TEST(a_set_of_words_is_read_in_any_order),
	    WORLD_TEST(a_set_with_another_word_is_refused),
	    WORLD_TEST(a_service_is_read_whole),
	    WORLD_TEST(a_short_service_has_the_default_timeouts),
	    WORLD_TEST(an_unknown_service_is_not_found),
	    WORLD_TEST(an_unknown_section_is_refused),
	    WORLD_TEST(what_is_wrong_for_the_pkcs11_module_is_refused),
	    WORLD_TEST(a_key_before_the_first_section_is_refused),
	    WORLD_TEST(an_unknown_key_is_refused_with_those_that_are_known),
	    WORLD_TEST(a_key_of_another_section_is_refused),
	    WORLD_TEST(a_number_out_of_range_is_refused),
	    WORLD_TEST(a_number_with_a_tail_is_refused),
	    WORLD_TEST(a_number_that_would_overflow_is_refused),
	    WORLD_TEST(an_empty_value_is_refused),
	    WORLD_TEST(a_relative_path_is_refused),
	    WORLD_TEST(an_endpoint_without_tls_is_refused),
	    WORLD_TEST(a_proxy_of_an_unknown_kind_is_refused),
	    WORLD_TEST(a_type_without_a_maker_is_refused),
	    WORLD_TEST(a_profile_that_there_is_not_is_refused),
	    WORLD_TEST(a_key_that_stands_twice_is_refused),
	    WORLD_TEST(a_service_without_type_is_refused_where_it_begins),
	    WORLD_TEST(a_simulator_without_endpoint_is_refused),
	    WORLD_TEST(a_profile_has_its_own_endpoint_and_encryption_certificate),
	    WORLD_TEST(an_endpoint_of_another_profile_is_refused),
	    WORLD_TEST(credentials_are_not_shared_between_profiles),
	    WORLD_TEST(a_service_without_any_key_is_refused),
	    WORLD_TEST(a_service_named_as_the_keys_in_files_is_refused),
	    WORLD_TEST(a_service_with_a_foreign_name_is_refused),
	    WORLD_TEST(more_services_than_there_is_room_for_are_refused),
	    WORLD_TEST(a_line_that_is_too_long_is_refused),
	    WORLD_TEST(the_longest_line_is_taken),
	    WORLD_TEST(a_section_name_that_would_be_cut_is_refused),
	    WORLD_TEST(a_line_that_begins_with_white_space_is_refused),
	    WORLD_TEST(an_indented_comment_is_fine),
	    WORLD_TEST(a_line_that_is_nothing_is_refused),
	    WORLD_TEST(a_heading_without_end_is_refused),
	    WORLD_TEST(a_nul_byte_is_refused),
	    WORLD_TEST(the_first_error_is_told),
	    WORLD_TEST(a_file_that_vicar_conf_names_must_be_there),
	    WORLD_TEST(a_directory_is_no_configuration),
	    WORLD_TEST(the_installed_file_changes_nothing),
	    WORLD_TEST(the_installed_file_shows_every_key_with_its_default),
	    WORLD_TEST(the_installed_file_is_understood_when_its_keys_are_set),
	    WORLD_TEST(without_vicar_conf_the_users_file_is_read),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
