/*
 * vicar doctor: each check against made-up directories. vicar-bridge is this program itself under
 * another name; FAKE_BRIDGE is the status word that it answers.
 */
#include "test-vicar-doctor.h"

#include "cmdbridge/bridge.h"
#include "tools/vicar/handler.h"

#include <dlfcn.h>
#include <openssl/pem.h>
#include <sys/socket.h>

/* ---- the fake ---- */

static int
fake_bridge(void)
{
	static uint8_t message[BRIDGE_MESSAGE_MAX];
	struct writer writer = writer_to(message, sizeof(message));
	const struct bridge_result result = {
	    .sw = (uint16_t)strtoul(part_of("FAKE_BRIDGE"), NULL, 16),
	    .text = BYTES_TEXT("The service cannot be reached."),
	    .next = BYTES_TEXT("See the network."),
	};
	struct bridge_request request;
	const ssize_t len = recv(BRIDGE_FD, message, sizeof(message), 0);

	if (len <= 0 || !bridge_request_decode((struct bytes){message, (size_t)len}, &request) ||
	    request.operation != BRIDGE_CHECK || !bridge_result_encode(&result, &writer))
		return 7;
	return send(BRIDGE_FD, message, writer.len, 0) == (ssize_t)writer.len ? 0 : 8;
}

/* ---- the handler ---- */

static void
without_an_entry_the_handler_is_not_looked_at(void **state)
{
	expect(a_doctor(state), check_handler, FINDING_SKIPPED, "no reader entry");
}

static void
a_handler_that_is_no_library_is_bad(void **state)
{
	struct doctor *doctor = a_doctor(state);

	write_entry(state, "vicar", a_library(state));
	expect(doctor, check_reader_entry, FINDING_OK, "");
	expect(doctor, check_handler, FINDING_BAD, "is no shared library");
}

/* Any library that exports other functions will do: libc. */
static void
a_library_that_exports_something_else_is_bad(void **state)
{
	struct problem error = {""};
	Dl_info libc;

	(void)state;
	assert_int_not_equal(dladdr(dlsym(RTLD_DEFAULT, "gnu_get_libc_version"), &libc), 0);
	assert_false(handler_check(libc.dli_fname, &error));
	assert_non_null(strstr(error.text, "none of the ten functions"));
}

/* The build's own; there when everything was built. */
static void
our_own_handler_is_ok(void **state)
{
	struct problem error = {""};
	char library[PATH_MAX + 32];

	(void)state;
	snprintf(library, sizeof(library), "%.*s/../../libifdvicar.so",
		 (int)(strrchr(own_path, '/') - own_path), own_path);
	if (access(library, F_OK) < 0)
		skip();
	if (!handler_check(library, &error))
		fail_msg("%s", error.text);
}

/* ---- the directory where cards and reader meet ---- */

static void
configure(void **state, struct doctor *doctor, const char *directory, mode_t mode)
{
	const struct home *home = *state;
	char text[256];

	mkdir(home_file(state, "meet"), 0700);
	chmod(home_file(state, "meet"), mode);
	snprintf(text, sizeof(text), "[card]\nsocket-directory = %s/%s\n", home->path, directory);
	setenv("VICAR_CONF", home_write(state, "vicar.conf", text, 0600), 1);
	expect(doctor, check_config, FINDING_OK, "vicar.conf is right");
}

static void
a_directory_of_ones_own_is_enough(void **state)
{
	struct doctor *doctor = a_doctor(state);

	configure(state, doctor, "meet", 0755);
	expect(doctor, check_directory, FINDING_OK, "may be used");
	doctor_end(doctor);
}

static void
a_directory_that_others_can_empty_is_bad(void **state)
{
	struct doctor *doctor = a_doctor(state);

	configure(state, doctor, "meet", 0777);
	expect(doctor, check_directory, FINDING_BAD, "chmod +t");
	doctor_end(doctor);
}

static void
a_directory_that_is_not_there_is_bad(void **state)
{
	struct doctor *doctor = a_doctor(state);

	configure(state, doctor, "nowhere", 0755);
	expect(doctor, check_directory, FINDING_BAD, "systemd-tmpfiles --create");
	doctor_end(doctor);
}

static void
a_wrong_configuration_is_bad_with_its_line(void **state)
{
	setenv("VICAR_CONF", home_write(state, "vicar.conf", "[card]\ncolour = red\n", 0600), 1);
	expect(a_doctor(state), check_config, FINDING_BAD, "colour");
}

static void
without_a_configuration_the_directory_is_not_looked_at(void **state)
{
	expect(a_doctor(state), check_directory, FINDING_SKIPPED, "vicar.conf");
}

/* ---- pcscd ---- */

static void
a_pcscd_without_a_socket_is_bad(void **state)
{
	setenv("PCSCLITE_CSOCK_NAME", home_file(state, "pcscd.comm"), 1);
	expect(a_doctor(state), check_pcscd, FINDING_BAD, "systemctl enable --now pcscd.socket");
	unsetenv("PCSCLITE_CSOCK_NAME");
}

static void
a_reader_that_pcscd_does_not_list_is_bad(void **state)
{
	struct doctor *doctor = a_doctor(state);

	write_entry(state, "vicar", a_library(state));
	expect(doctor, check_reader_entry, FINDING_OK, "");
	doctor->pcscd = true;
	snprintf(doctor->readers[0].name, PCSC_NAME_MAX, "Gemalto 00 00");
	doctor->readers_count = 1;
	expect(doctor, check_reader, FINDING_BAD, "systemctl restart pcscd");
}

static void
a_reader_that_pcscd_lists_is_ok(void **state)
{
	struct doctor *doctor = a_doctor(state);

	write_entry(state, "vicar", a_library(state));
	expect(doctor, check_reader_entry, FINDING_OK, "");
	doctor->pcscd = true;
	snprintf(doctor->readers[0].name, PCSC_NAME_MAX, "Vicar 00 00");
	doctor->readers_count = 1;
	expect(doctor, check_reader, FINDING_OK, "Vicar 00 00");
}

/* ---- a card ---- */

static void
a_card_that_can_be_read_is_ok(void **state)
{
	struct doctor *doctor = a_doctor(state);

	create_me();
	expect(doctor, check_image, FINDING_OK, "fineid-v2");
	expect(doctor, check_certificate, FINDING_OK, "MATTI, until 20");
	doctor_end(doctor);
}

static void
a_card_of_a_newer_format_is_bad(void **state)
{
	struct doctor *doctor = a_doctor(state);

	create_me();
	home_write(state, ".local/share/vicar/cards/me/card.conf", "[card]\nformat = 99\n", 0600);
	expect(doctor, check_image, FINDING_BAD, "format");
	expect(doctor, check_certificate, FINDING_SKIPPED, "cannot be read");
}

static void
a_card_that_is_not_in_is_bad(void **state)
{
	expect(a_doctor(state), check_vicard, FINDING_BAD, "vicar insert me");
}

static void
a_reader_with_another_card_is_bad(void **state)
{
	struct doctor *doctor = a_doctor(state);

	create_me();
	expect(doctor, check_image, FINDING_OK, "");
	doctor->pcscd = doctor->in = true;
	doctor->readers[0] = (struct pcsc_reader){
	    .name = "Vicar 00 00", .card = true, .atr = {0x3B, 0x00}, .atr_len = 2};
	doctor->readers_count = 1;
	expect(doctor, check_card_in_reader, FINDING_BAD, "no reader of pcscd");
	doctor_end(doctor);
}

/* ATR A3 of reference: fineid.md 2.1. */
static void
a_reader_with_our_card_is_ok(void **state)
{
	struct doctor *doctor = a_doctor(state);

	create_me();
	expect(doctor, check_image, FINDING_OK, "");
	doctor->pcscd = doctor->in = true;
	doctor->readers[0] =
	    (struct pcsc_reader){.name = "Vicar 00 00",
				 .card = true,
				 .atr = {0x3B, 0x7B, 0x94, 0x00, 0x00, 0x80, 0x62, 0x12, 0x51, 0x56,
					 0x46, 0x69, 0x6E, 0x45, 0x49, 0x44},
				 .atr_len = 16};
	doctor->readers_count = 1;
	expect(doctor, check_card_in_reader, FINDING_OK, "Vicar 00 00");
	doctor_end(doctor);
}

static void
a_key_file_that_is_gone_is_bad(void **state)
{
	struct doctor *doctor = a_doctor(state);

	create_me();
	configure(state, doctor, "meet", 0755);
	expect(doctor, check_image, FINDING_OK, "");
	expect(doctor, check_service, FINDING_OK, "in a file");
	unlink(home_file(state, ".local/share/vicar/cards/me/keys/auth.pin"));
	expect(doctor, check_service, FINDING_BAD, "keys/auth.pin");
	doctor_end(doctor);
}

/* ---- the service ---- */

/* A service as vicar.conf(5) wants it, an account, and a card whose key is there. */
static struct doctor *
a_remote_card(void **state, mode_t credentials_mode, long certificate_days)
{
	struct doctor *doctor = a_doctor(state);
	X509 *certificate = test_certificate(&(struct test_certificate){
	    .name = "CMD.assinatura", .from_days = -900, .to_days = certificate_days});
	FILE *file = fopen(home_file(state, "cifra.pem"), "we");
	const struct home *home = *state;
	char text[1024];

	PEM_write_X509(file, certificate);
	fclose(file);
	X509_free(certificate);
	home_write(
	    state, "credentials",
	    "[credentials]\napplication-id = 0245588e-e217-5a2f-ae28-eae31dd8a56a\nuser = u\n"
	    "password = p\n",
	    credentials_mode);
	snprintf(text, sizeof(text),
		 "[service cmd]\ntype = cmd\nprofile = simulator\nendpoint = "
		 "https://localhost/\nencryption-certificate = "
		 "%s/cifra.pem\ncredentials = %s/credentials\n",
		 home->path, home->path);
	setenv("VICAR_CONF", home_write(state, "vicar.conf", text, 0600), 1);
	create_me();
	home_write(state, ".local/share/vicar/cards/me/account", "[account]\nphone = 912345678\n",
		   0600);
	expect(doctor, check_config, FINDING_OK, "1 service");
	expect(doctor, check_image, FINDING_OK, "");
	snprintf(doctor->image.keys[0].service, IMAGE_NAME_MAX, "cmd");
	return doctor;
}

static void
a_service_that_is_configured_is_ok(void **state)
{
	struct doctor *doctor = a_remote_card(state, 0600, 100);

	expect(doctor, check_service, FINDING_OK, "encryption certificate is valid until 20");
	doctor_end(doctor);
}

static void
credentials_that_others_may_read_are_bad(void **state)
{
	struct doctor *doctor = a_remote_card(state, 0644, 100);

	expect(doctor, check_service, FINDING_BAD, "chmod 600");
	doctor_end(doctor);
}

static void
an_encryption_certificate_that_ended_is_bad(void **state)
{
	struct doctor *doctor = a_remote_card(state, 0600, -10);

	expect(doctor, check_service, FINDING_BAD, "cifra.pem");
	doctor_end(doctor);
}

static void
an_account_that_is_missing_is_bad(void **state)
{
	struct doctor *doctor = a_remote_card(state, 0600, 100);

	unlink(home_file(state, ".local/share/vicar/cards/me/account"));
	expect(doctor, check_service, FINDING_BAD, "account file");
	doctor_end(doctor);
}

static void
a_service_that_is_not_configured_is_bad(void **state)
{
	struct doctor *doctor = a_remote_card(state, 0600, 100);

	snprintf(doctor->image.keys[0].service, IMAGE_NAME_MAX, "other");
	expect(doctor, check_service, FINDING_BAD, "[service other]");
	doctor_end(doctor);
}

static void
a_service_that_answers_is_ok(void **state)
{
	struct doctor *doctor = a_remote_card(state, 0600, 100);

	setenv("FAKE_BRIDGE", "9000", 1);
	expect(doctor, check_service_answers, FINDING_OK, "cmd answers");
	doctor_end(doctor);
}

static void
a_service_that_does_not_answer_is_bad(void **state)
{
	struct doctor *doctor = a_remote_card(state, 0600, 100);

	setenv("FAKE_BRIDGE", "6F10", 1);
	expect(doctor, check_service_answers, FINDING_BAD, "cannot be reached. See the network.");
	doctor_end(doctor);
}

static void
a_card_with_local_keys_needs_no_service(void **state)
{
	struct doctor *doctor = a_doctor(state);

	create_me();
	configure(state, doctor, "meet", 0755);
	expect(doctor, check_image, FINDING_OK, "");
	expect(doctor, check_service_answers, FINDING_OK, "no key of the card is remote");
	doctor_end(doctor);
}

/* ---- the list ---- */

/* ---- OpenSC's module ---- */

/* With this opensc.conf. */
static void
expect_of_opensc(void **state, struct doctor *doctor, const char *conf, enum finding finding,
		 const char *words)
{
	setenv("OPENSC_CONF", home_write(state, "opensc.conf", conf, 0644), 1);
	expect(doctor, check_opensc, finding, words);
	unsetenv("OPENSC_CONF");
	doctor_end(doctor);
}

static void
opensc_that_shows_a_remote_key_is_told_with_the_line_against_it(void **state)
{
	expect_of_opensc(state, a_remote_card(state, 0600, 100),
			 "app default {\n\t# ignored_readers = \"Vicar\";\n}\n", FINDING_WARNING,
			 "put this line into");
}

static void
opensc_that_ignores_our_reader_is_ok(void **state)
{
	expect_of_opensc(state, a_remote_card(state, 0600, 100),
			 "app opensc-pkcs11 {\n\tignored_readers = \"Other\", \"Vicar\";\n}\n",
			 FINDING_OK, "leaves the reader Vicar alone");
}

static void
without_a_remote_key_opensc_may_show_the_card(void **state)
{
	struct doctor *doctor = a_remote_card(state, 0600, 100);

	snprintf(doctor->image.keys[0].service, IMAGE_NAME_MAX, IMAGE_SERVICE_FILE);
	expect_of_opensc(state, doctor, "app default {\n}\n", FINDING_OK, "no remote key");
}

static enum finding
always_ok(struct doctor *doctor, struct problem *text)
{
	(void)doctor;
	(void)text;
	return FINDING_OK;
}

static enum finding
always_skipped(struct doctor *doctor, struct problem *text)
{
	(void)doctor;
	(void)text;
	return FINDING_SKIPPED;
}

static void
a_check_that_was_not_made_is_not_well(void **state)
{
	const struct check checks[] = {{"one", always_ok}, {"two", always_skipped}, {NULL, NULL}};

	assert_false(doctor_run(a_doctor(state), checks, ""));
}

static void
all_checks_ok_is_well(void **state)
{
	const struct check checks[] = {{"one", always_ok}, {"two", always_ok}, {NULL, NULL}};

	assert_true(doctor_run(a_doctor(state), checks, ""));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, home_set_up, home_tear_down)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    TEST(without_an_entry_the_handler_is_not_looked_at),
	    TEST(a_handler_that_is_no_library_is_bad),
	    TEST(a_library_that_exports_something_else_is_bad),
	    TEST(our_own_handler_is_ok),
	    TEST(a_directory_of_ones_own_is_enough),
	    TEST(a_directory_that_others_can_empty_is_bad),
	    TEST(a_directory_that_is_not_there_is_bad),
	    TEST(a_wrong_configuration_is_bad_with_its_line),
	    TEST(without_a_configuration_the_directory_is_not_looked_at),
	    TEST(a_pcscd_without_a_socket_is_bad),
	    TEST(a_reader_that_pcscd_does_not_list_is_bad),
	    TEST(a_reader_that_pcscd_lists_is_ok),
	    TEST(a_card_that_can_be_read_is_ok),
	    TEST(a_card_of_a_newer_format_is_bad),
	    TEST(a_card_that_is_not_in_is_bad),
	    TEST(a_reader_with_another_card_is_bad),
	    TEST(a_reader_with_our_card_is_ok),
	    TEST(a_key_file_that_is_gone_is_bad),
	    TEST(a_service_that_is_configured_is_ok),
	    TEST(credentials_that_others_may_read_are_bad),
	    TEST(an_encryption_certificate_that_ended_is_bad),
	    TEST(an_account_that_is_missing_is_bad),
	    TEST(a_service_that_is_not_configured_is_bad),
	    TEST(a_service_that_answers_is_ok),
	    TEST(a_service_that_does_not_answer_is_bad),
	    TEST(a_card_with_local_keys_needs_no_service),
	    TEST(opensc_that_shows_a_remote_key_is_told_with_the_line_against_it),
	    TEST(opensc_that_ignores_our_reader_is_ok),
	    TEST(without_a_remote_key_opensc_may_show_the_card),
	    TEST(a_check_that_was_not_made_is_not_well),
	    TEST(all_checks_ok_is_well),
	};

	(void)argc;
	if (strcmp(argv[0], "vicar-bridge") == 0)
		return fake_bridge();
	if (readlink("/proc/self/exe", own_path, sizeof(own_path) - 1) <= 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
