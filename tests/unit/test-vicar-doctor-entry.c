/* vicar doctor on the reader's entry: what pcscd would do with the files in reader.conf.d. */
#include "test-vicar-doctor.h"

static void
our_entry_is_found(void **state)
{
	struct doctor *doctor = a_doctor(state);

	write_entry(state, "vicar", a_library(state));
	expect(doctor, check_reader_entry, FINDING_OK, "reader \"Vicar\" with a PIN pad");
}

static void
a_directory_without_our_entry_is_bad(void **state)
{
	expect(a_doctor(state), check_reader_entry, FINDING_BAD, "install Vicar");
}

static void
a_directory_that_is_missing_is_bad(void **state)
{
	struct doctor *doctor = a_doctor(state);

	doctor->reader_conf = "/nonexistent/reader.conf.d";
	expect(doctor, check_reader_entry, FINDING_BAD, "--reader-conf");
}

static void
an_entry_whose_library_is_gone_stops_every_reader(void **state)
{
	struct doctor *doctor = a_doctor(state);

	write_entry(state, "vicar", a_library(state));
	write_entry(state, "other", "/nonexistent/libifdother.so");
	expect(doctor, check_reader_entry, FINDING_BAD,
	       "other: LIBPATH /nonexistent/libifdother.so");
}

static void
an_editor_backup_is_read_by_pcscd_too(void **state)
{
	struct doctor *doctor = a_doctor(state);

	write_entry(state, "vicar", a_library(state));
	write_entry(state, "vicar~", a_library(state));
	expect(doctor, check_reader_entry, FINDING_BAD, "vicar~ is a leftover");
}

static void
what_dpkg_leaves_is_read_by_pcscd_too(void **state)
{
	struct doctor *doctor = a_doctor(state);

	write_entry(state, "libccidtwin.dpkg-old", a_library(state));
	expect(doctor, check_reader_entry, FINDING_BAD, "rm ");
}

static void
a_hidden_file_is_not_read_by_pcscd(void **state)
{
	struct doctor *doctor = a_doctor(state);

	write_entry(state, "vicar", a_library(state));
	write_entry(state, ".vicar.swp", "/nonexistent/libifdother.so");
	expect(doctor, check_reader_entry, FINDING_OK, "Vicar");
}

static void
a_symbolic_link_is_passed_over_by_pcscd(void **state)
{
	struct doctor *doctor = a_doctor(state);

	assert_int_equal(symlink("/etc/hostname", home_file(state, "reader.conf.d/vicar")), 0);
	expect(doctor, check_reader_entry, FINDING_BAD, "symbolic link");
}

static void
an_unknown_key_keeps_pcscd_from_starting(void **state)
{
	struct doctor *doctor = a_doctor(state);

	home_write(state, "reader.conf.d/vicar", "FRIENDLYNAME \"Vicar\"\nDRIVER x\n", 0644);
	expect(doctor, check_reader_entry, FINDING_BAD, "line 2: DRIVER");
}

/* reference: ifdhandler.md 10.1: no + , ~ % or blanks in unquoted values */
static void
a_character_that_pcscd_cannot_read_is_bad(void **state)
{
	struct doctor *doctor = a_doctor(state);

	home_write(state, "reader.conf.d/vicar", "DEVICENAME vicar:/run/v+r:2\n", 0644);
	expect(doctor, check_reader_entry, FINDING_BAD, "line 1: DEVICENAME has a value");
}

static void
a_device_without_a_colon_must_exist(void **state)
{
	struct doctor *doctor = a_doctor(state);
	char text[PATH_MAX + 128];

	snprintf(text, sizeof(text),
		 "FRIENDLYNAME \"X\"\nDEVICENAME /nonexistent/tty\nLIBPATH %s\n", a_library(state));
	home_write(state, "reader.conf.d/vicar", text, 0644);
	expect(doctor, check_reader_entry, FINDING_BAD,
	       "DEVICENAME /nonexistent/tty does not exist");
}

static void
the_same_device_twice_is_bad(void **state)
{
	struct doctor *doctor = a_doctor(state);

	write_entry(state, "vicar", a_library(state));
	write_entry(state, "vicar2", a_library(state));
	expect(doctor, check_reader_entry, FINDING_BAD, "more than one entry");
}

static void
an_entry_for_cards_that_are_not_ours_is_not_the_one(void **state)
{
	struct doctor *doctor = a_doctor(state);
	char text[PATH_MAX + 128];

	snprintf(text, sizeof(text), "FRIENDLYNAME \"Tests\"\nDEVICENAME vpcd:35963\nLIBPATH %s\n",
		 a_library(state));
	home_write(state, "reader.conf.d/a-first", text, 0644);
	write_entry(state, "vicar", a_library(state));
	expect(doctor, check_reader_entry, FINDING_OK, "reader \"Vicar\"");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, home_set_up, home_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(our_entry_is_found),
	    TEST(a_directory_without_our_entry_is_bad),
	    TEST(a_directory_that_is_missing_is_bad),
	    TEST(an_entry_whose_library_is_gone_stops_every_reader),
	    TEST(an_editor_backup_is_read_by_pcscd_too),
	    TEST(what_dpkg_leaves_is_read_by_pcscd_too),
	    TEST(a_hidden_file_is_not_read_by_pcscd),
	    TEST(a_symbolic_link_is_passed_over_by_pcscd),
	    TEST(an_unknown_key_keeps_pcscd_from_starting),
	    TEST(a_character_that_pcscd_cannot_read_is_bad),
	    TEST(a_device_without_a_colon_must_exist),
	    TEST(the_same_device_twice_is_bad),
	    TEST(an_entry_for_cards_that_are_not_ours_is_not_the_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
