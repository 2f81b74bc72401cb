#include "doctor.h"

#include "cards.h"
#include "command.h"

#include <stdio.h>
#include <stdlib.h>

#define READER_CONF_DIR "/etc/reader.conf.d" /* pkg-config --variable=serialconfdir libpcsclite */

/* In the order in which a command travels. */
static const struct check checks_of_system[] = {
    {"memory", check_memory},
    {"configuration", check_config},
    {"reader entry", check_reader_entry},
    {"handler", check_handler},
    {"pcscd", check_pcscd},
    {"reader", check_reader},
    {"socket directory", check_directory},
    {NULL, NULL},
};

static const struct check checks_of_card[] = {
    {"image", check_image},
    {"certificate", check_certificate},
    {"vicard", check_vicard},
    {"card in reader", check_card_in_reader},
    {"service", check_service},
    {"service answers", check_service_answers},
    {"OpenSC", check_opensc}, /* beside the way, with the same card */
    {NULL, NULL},
};

enum finding
finding_of(bool ok)
{
	return ok ? FINDING_OK : FINDING_BAD;
}

bool
doctor_run(struct doctor *doctor, const struct check *checks, const char *prefix)
{
	static const char *const marks[] = {
	    [FINDING_OK] = "ok  ", [FINDING_BAD] = "BAD ", [FINDING_SKIPPED] = "-   "};
	bool ok = true;

	for (; checks->name != NULL; checks++) {
		struct problem text = {0};
		const enum finding finding = checks->look(doctor, &text);

		printf("%s %s%s: %s\n", marks[finding], prefix, checks->name, text.text);
		fflush(stdout);
		ok = ok && finding == FINDING_OK;
	}
	return ok;
}

static void
end_card(struct doctor *doctor)
{
	card_free(doctor->card);
	if (doctor->loaded)
		image_free(&doctor->image);
	doctor->card = NULL;
	doctor->loaded = false;
	doctor->in = false;
}

void
doctor_end(struct doctor *doctor)
{
	end_card(doctor);
	if (doctor->configured)
		config_free(&doctor->config);
	doctor->configured = false;
}

static bool
examine(struct doctor *doctor, const char *name)
{
	char directory[PATH_MAX], prefix[IMAGE_NAME_MAX + 16];
	struct problem error;
	bool ok;

	if (!cards_find(name, directory, &error)) {
		say_error("%s", error.text);
		return false;
	}
	doctor->name = name;
	doctor->directory = directory;
	snprintf(prefix, sizeof(prefix), "card %s, ", name);
	ok = doctor_run(doctor, checks_of_card, prefix);
	end_card(doctor);
	return ok;
}

enum { OPTION_READER_CONF };

static const struct command_option options[] = {
    {"reader-conf", "DIR", "where pcscd's reader entries are, default " READER_CONF_DIR},
    {NULL, NULL, NULL},
};

static enum command_exit
run(const struct command_arguments *arguments)
{
	const char *name = arguments->operands_count > 0 ? arguments->operands[0] : NULL;
	const char *reader_conf = arguments->options[OPTION_READER_CONF];
	struct doctor *doctor = calloc(1, sizeof(*doctor));
	struct problem error;
	struct cards cards;
	bool ok;

	if (doctor == NULL || !cards_chosen(&cards, name, &error)) {
		say_error("%s", doctor == NULL ? "no memory; close some programs" : error.text);
		free(doctor);
		return COMMAND_FAILED;
	}
	doctor->reader_conf = reader_conf == NULL ? READER_CONF_DIR : reader_conf;
	ok = doctor_run(doctor, checks_of_system, "");
	for (size_t i = 0; i < cards.count; i++)
		ok = examine(doctor, cards.names[i]) && ok;
	doctor_end(doctor);
	cards_free(&cards);
	free(doctor);
	return ok ? COMMAND_OK : COMMAND_FAILED;
}

const struct command command_doctor = {
    .name = "doctor",
    .operands = "[NAME]",
    .operands_max = 1,
    .summary = "looks at everything between a program and the key, of card NAME or all",
    .text = "One line each: ok, or BAD with what is wrong and what to type. The exit status is 0 "
	    "only when all\n"
	    "is well. The service is asked whether it knows the account; that sends no message.",
    .options = options,
    .run = run,
};
