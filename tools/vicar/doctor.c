#include "doctor.h"

#include "cards.h"
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    {"alone with the card", check_alone},
    {"module", check_module},
    {"other modules", check_other_modules},
    {NULL, NULL},
};

static const struct check checks_of_card[] = {
    {"image", check_image},
    {"clock", check_clock},
    {"tries", check_tries},
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

static const struct {
	const char *mark, *word;
} findings[] = {
    [FINDING_OK] = {"ok  ", "ok"},
    [FINDING_WARNING] = {"warn", "warning"},
    [FINDING_BAD] = {"BAD ", "bad"},
    [FINDING_SKIPPED] = {"-   ", "skipped"},
};

/* Texts end with what to type, behind these words. */
static void
report(struct doctor *doctor, enum finding finding, const char *name, const char *text)
{
	static const char type[] = "type: ";
	const char *found = strstr(text, type);
	json_t *entry =
	    json_pack("{s:s, s:s?, s:s, s:s, s:s?}", "check", name, "card", doctor->name, "state",
		      findings[finding].word, "reason", text, "command",
		      finding == FINDING_OK || found == NULL ? NULL : found + strlen(type));

	if (entry == NULL)
		entry = json_pack("{s:s, s:s, s:s}", "check", name, "state", "skipped", "reason",
				  "what was found is no UTF-8; see it without --json");
	if (doctor->report == NULL)
		doctor->report = json_array();
	json_array_append_new(doctor->report, entry);
}

bool
doctor_run(struct doctor *doctor, const struct check *checks, const char *prefix)
{
	bool ok = true;

	for (; checks->name != NULL; checks++) {
		struct problem text = {0};
		const enum finding finding = checks->look(doctor, &text);

		if (doctor->json)
			report(doctor, finding, checks->name, text.text);
		else
			printf("%s %s%s: %s\n", findings[finding].mark, prefix, checks->name,
			       text.text);
		fflush(stdout);
		ok = ok && (finding == FINDING_OK || finding == FINDING_WARNING);
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
	doctor->name = NULL;
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

enum { OPTION_READER_CONF, OPTION_SERVICES, OPTION_JSON };

static const struct command_option options[] = {
    {"reader-conf", "DIR", "where pcscd's reader entries are, default " READER_CONF_DIR},
    {"services", NULL, "ask the services whether they know the accounts; sends no message"},
    {"json", NULL, "an array of objects: check, card, state, reason, command"},
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
	doctor->services = arguments->options[OPTION_SERVICES] != NULL;
	doctor->json = arguments->options[OPTION_JSON] != NULL;
	doctor->reader_conf = reader_conf == NULL ? READER_CONF_DIR : reader_conf;
	ok = doctor_run(doctor, checks_of_system, "");
	for (size_t i = 0; i < cards.count; i++)
		ok = examine(doctor, cards.names[i]) && ok;
	if (doctor->json && json_dumpf(doctor->report, stdout, JSON_INDENT(2)) == 0)
		putchar('\n');
	json_decref(doctor->report);
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
    .text =
	"One line each: ok, warn for what may go wrong, BAD for what is wrong, with what to "
	"type, or - for\n"
	"what could not be looked at. The exit status is 0 when nothing is BAD or -. Nothing is "
	"sent anywhere\n"
	"without --services.",
    .options = options,
    .run = run,
};
