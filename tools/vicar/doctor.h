/*
 * vicar doctor: everything that stands between a program and the key, looked at from the reader's
 * entry to the service, one line each.
 */
#ifndef VICAR_TOOLS_VICAR_DOCTOR_H
#define VICAR_TOOLS_VICAR_DOCTOR_H

#include "emulator/card.h"
#include "pcsc.h"
#include "reader_conf.h"
#include "tools/config.h"
#include "tools/problem.h"

#include <jansson.h>

enum finding {
	FINDING_OK,      /* the text says what was found */
	FINDING_WARNING, /* it works; the text says what may go wrong and what to type */
	FINDING_BAD,     /* the text says what is wrong and what to type */
	FINDING_SKIPPED, /* it needs something that was found bad before */
};

/* What the checks know; a later one uses what an earlier one found. */
struct doctor {
	const char *reader_conf; /* directory of the reader entries */
	const char *directory;   /* of the card's image */
	const char *bridge;      /* vicar-bridge; NULL: as paths_program() says */
	bool services;           /* they are asked, over the network */
	bool json;               /* an object for each check, instead of a line */
	json_t *report;          /* those objects; made after check_memory(), which changes what
				    jansson allocates with */

	struct config config;
	bool configured;
	struct reader_conf readers_conf;
	bool readers_conf_read;
	struct pcsc_reader readers[PCSC_READERS_MAX];
	size_t readers_count;
	bool pcscd;

	const char *name; /* of the card that is looked at */
	struct image image;
	bool loaded;
	struct card *card; /* NULL when its personality does not take the image */
	bool in;           /* a vicard serves it, and a reader has it */
};

/* The text is always set. */
typedef enum finding check_function(struct doctor *doctor, struct problem *text);

struct check {
	const char *name;
	check_function *look;
};

enum finding finding_of(bool ok); /* FINDING_OK or FINDING_BAD */

check_function check_memory, check_config, check_reader_entry, check_handler, check_pcscd,
    check_reader, check_directory, check_module, check_other_modules, check_alone;
check_function check_image, check_clock, check_tries, check_certificate, check_vicard,
    check_card_in_reader;
check_function check_service, check_service_answers, check_opensc;

/* Runs the checks of a list, which ends with a name that is NULL, and prints or reports each; true
 * when none is bad or was skipped. `prefix` stands before their names. */
bool doctor_run(struct doctor *doctor, const struct check *checks, const char *prefix);
/* Frees what the checks left. */
void doctor_end(struct doctor *doctor);

#endif
