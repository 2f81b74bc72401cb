/*
 * What the tests of vicar doctor share: a doctor who looks at made-up directories.
 */
#ifndef VICAR_TESTS_UNIT_TEST_VICAR_DOCTOR_H
#define VICAR_TESTS_UNIT_TEST_VICAR_DOCTOR_H

#include "test-vicar.h"

#include "tools/vicar/doctor.h"

static char own_path[PATH_MAX]; /* of this program, which plays vicar-bridge too */

static inline struct doctor *
a_doctor(void **state)
{
	static struct doctor doctor;
	static char reader_conf[HOME_FILE_MAX], directory[HOME_FILE_MAX];

	snprintf(reader_conf, sizeof(reader_conf), "%s", home_file(state, "reader.conf.d"));
	snprintf(directory, sizeof(directory), "%s",
		 home_file(state, ".local/share/vicar/cards/me"));
	mkdir(reader_conf, 0755);
	doctor = (struct doctor){.reader_conf = reader_conf,
				 .directory = directory,
				 .bridge = own_path,
				 .services = true,
				 .name = "me"};
	return &doctor;
}

static inline void
expect(struct doctor *doctor, check_function *check, enum finding expected, const char *words)
{
	struct problem text = {""};
	const enum finding found = check(doctor, &text);

	if (found != expected || strstr(text.text, words) == NULL)
		fail_msg("finding %d, expected %d; \"%s\" does not say \"%s\"", (int)found,
			 (int)expected, text.text, words);
}

/* An entry as packaging/reader.conf.in has it, for a library that exists. */
static inline void
write_entry(void **state, const char *name, const char *library)
{
	char text[PATH_MAX], path[64];

	snprintf(text, sizeof(text),
		 "# our reader\nFRIENDLYNAME \"Vicar\"\nDEVICENAME   vicar:/run/vicar:2:pinpad\n"
		 "LIBPATH      %s\n",
		 library);
	snprintf(path, sizeof(path), "reader.conf.d/%s", name);
	home_write(state, path, text, 0644);
}

static inline const char *
a_library(void **state)
{
	static char library[HOME_FILE_MAX];

	snprintf(library, sizeof(library), "%s",
		 home_write(state, "libifdvicar.so", "no library", 0644));
	return library;
}

#endif
