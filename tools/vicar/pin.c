#include "pin.h"

#include "cards.h"
#include "cmdbridge/memory.h"
#include "command.h"
#include "issue.h"
#include "pins.h"
#include "tools/control.h"
#include "tools/held_card.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

enum { VALUES = 2, COUNTERS_TEXT_MAX = 256 };

/* Which PIN: the one that was given, or the only one. */
static bool
choose(const struct image *image, const struct card *card, const char *given,
       char counter[KEY_NAME_MAX], struct problem *error)
{
	char counters[COUNTERS_TEXT_MAX];
	size_t count = pin_renewal_counters(card, counters, sizeof(counters));

	if (given == NULL && count > 1)
		return problem(error, "card %s has more than one PIN, %s; say which with --pin",
			       image->name, counters);
	snprintf(counter, KEY_NAME_MAX, "%.*s", KEY_NAME_MAX - 1, given == NULL ? counters : given);
	return true;
}

static bool
get_values(const struct pin_task *task, const struct card *card, const struct card_pin *pin,
	   struct pins_value *values, struct problem *error)
{
	const bool change = task->kind == CARD_PIN_CHANGE;
	struct card_pin first = *pin;

	if (!change && !card_pin(card, pin->puk, &first))
		return problem(error, "card %s has no PUK; forget it and make it again",
			       task->name);
	values[0].key = change ? "old" : "puk";
	values[0].name = change ? "old PIN" : "PUK";
	values[0].min = first.length_min;
	values[0].max = first.length_max;
	values[1].key = "new";
	values[1].name = "PIN";
	values[1].min = pin->length_min;
	values[1].max = pin->length_max;
	values[1].is_new = true;
	return pins_get(task->pin_file, values, VALUES, error);
}

static struct bytes
bytes_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

/* Counters of a card that vicar holds itself. */
static bool
save_counters(void *context, const struct image_counter *counters, size_t count)
{
	struct image_error error = {""};

	if (image_save_counters(context, counters, count, &error))
		return true;
	say_error("%s", error.text);
	return false;
}

/* Nobody serves the card: the same through an engine of our own. */
static bool
renew_here(const char *name, const struct pin_renewal *renewal, struct problem *error)
{
	struct journal journal = {.fd = -1};
	struct journal_error no_journal = {""};
	struct image image = {.lock = -1};
	const struct card_host host = {.context = &image, .save = save_counters};
	struct card *card = NULL;
	bool ok = false;

	if (!held_image(&image, name, error))
		return false;
	if (!journal_open(&journal, image.directory, time(NULL), &no_journal)) {
		problem(error, "%s", no_journal.text);
		goto out;
	}
	card = held_card(&image, &host, error);
	ok = card != NULL && pin_renewal_do(&image, card, &journal, renewal, error);
out:
	card_free(card);
	journal_close(&journal);
	image_free(&image);
	return ok;
}

/* tools/control.h; `request` has room for CONTROL_REQUEST_MAX. */
static void
put_request(char *request, const struct pin_renewal *renewal)
{
	const char *word = renewal->kind == CARD_PIN_CHANGE ? "pin-change" : "pin-unblock";

	if (renewal->first.len == 0)
		snprintf(request, CONTROL_REQUEST_MAX, "%s %s", word, renewal->counter);
	else
		snprintf(request, CONTROL_REQUEST_MAX, "%s %s\n%.*s\n%.*s", word, renewal->counter,
			 (int)renewal->first.len, (const char *)renewal->first.data,
			 (int)renewal->new_value.len, (const char *)renewal->new_value.data);
}

static bool
renew(const char *name, const struct pin_renewal *renewal, struct problem *error)
{
	char *request = OPENSSL_secure_zalloc(CONTROL_REQUEST_MAX);
	char reply[CONTROL_REPLY_MAX];
	enum control_result result;

	if (request == NULL)
		return problem(error, "no memory for PINs; close some programs");
	put_request(request, renewal);
	result = control_call(name, request, reply);
	OPENSSL_secure_clear_free(request, CONTROL_REQUEST_MAX);
	if (result == CONTROL_NOBODY)
		return renew_here(name, renewal, error);
	return result == CONTROL_OK || problem(error, "%s", reply);
}

static bool
renew_chosen(const struct pin_task *task, const struct image *image, const struct card *card,
	     char counter[KEY_NAME_MAX], struct problem *error)
{
	struct pin_renewal renewal = {.kind = task->kind, .counter = counter};
	struct pins_value *values;
	struct card_pin pin;
	bool ok;

	if (!choose(image, card, task->counter, counter, error) ||
	    !pin_renewal_possible(image, card, task->kind, counter, &pin, error))
		return false;
	if (pin.remote)
		return renew(task->name, &renewal, error);
	if ((values = pins_new(VALUES, error)) == NULL)
		return false;
	ok = get_values(task, card, &pin, values, error);
	if (ok) {
		renewal.first = bytes_of(values[0].value);
		renewal.new_value = bytes_of(values[1].value);
		ok = renew(task->name, &renewal, error);
	}
	pins_free(values, VALUES);
	return ok;
}

bool
pin_renew(const struct pin_task *task, char counter[KEY_NAME_MAX], struct problem *error)
{
	struct image_error image_error = {""};
	char directory[PATH_MAX];
	struct card *card;
	struct image image;
	bool ok;

	if (!cards_find(task->name, directory, error))
		return false;
	if (!image_load(&image, directory, &image_error))
		return problem(error, "%s", image_error.text);
	card = issue_trial(&image, error);
	ok = card != NULL && renew_chosen(task, &image, card, counter, error);
	card_free(card);
	image_free(&image);
	return ok;
}

enum { OPTION_PIN, OPTION_PIN_FILE };

static const struct command_option options[] = {
    {"pin", "COUNTER", "which, as `vicar status` names it; needed when there are several"},
    {"pin-file", "FILE", "lines `old = ` or `puk = `, and `new = `, mode 0600; else asked for"},
    {NULL, NULL, NULL},
};

static bool
kind_of(const char *word, enum card_renewal *kind)
{
	if (strcmp(word, "change") != 0 && strcmp(word, "unblock") != 0)
		return false;
	*kind = *word == 'c' ? CARD_PIN_CHANGE : CARD_PIN_UNBLOCK;
	return true;
}

static enum command_exit
run(const struct command_arguments *arguments)
{
	struct pin_task task = {
	    .name = arguments->operands[1],
	    .counter = arguments->options[OPTION_PIN],
	    .pin_file = arguments->options[OPTION_PIN_FILE],
	};
	char counter[KEY_NAME_MAX], protect[MEMORY_ERROR_MAX];
	struct problem error;

	if (!kind_of(arguments->operands[0], &task.kind)) {
		say_error("pin: there is no %s, only change and unblock; type: vicar pin --help",
			  arguments->operands[0]);
		return COMMAND_USAGE;
	}
	if (!memory_protect(protect)) {
		say_error("%s", protect);
		return COMMAND_FAILED;
	}
	if (!pin_renew(&task, counter, &error)) {
		say_error("%s", error.text);
		return COMMAND_FAILED;
	}
	printf(task.kind == CARD_PIN_CHANGE ? "%s of card %s is changed\n"
					    : "%s of card %s may be tried again\n",
	       counter, task.name);
	return COMMAND_OK;
}

const struct command command_pin = {
    .name = "pin",
    .operands = "change|unblock NAME",
    .operands_min = 2,
    .operands_max = 2,
    .summary = "changes a PIN of a local key, or unblocks a PIN that is blocked",
    .text =
	"The PIN of a local key is changed with its old value and unblocked with its PUK. The PIN\n"
	"of a remote key is changed at its service; unblocking lets it be tried again after the\n"
	"card blocked itself, before the service blocks the account: be sure of the PIN first.",
    .options = options,
    .run = run,
};
