/*
 * vicar trace: what passes between the reader and a card, as it passes.
 */
#include "cards.h"
#include "command.h"
#include "issue.h"
#include "recording.h"
#include "tools/control.h"
#include "trace_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SHOWN_BYTES = 32, TIME_LEN = 16 };

struct watching {
	const char *name;
	struct image image;
	struct card *card; /* what the image makes, to know its files and PINs; never used */
	struct trace_text text;
	struct recording recording;
	FILE *record; /* NULL: nothing is recorded */
	uint8_t message[TRACE_MESSAGE_MAX];
};

enum { OPTION_RECORD };

static const struct command_option options[] = {
    {"record", "FILE", "write what apdu-replay(1) plays, without anything secret, to a new file"},
    {NULL, NULL, NULL},
};

static void
print_time(uint64_t time_ms)
{
	const time_t seconds = (time_t)(time_ms / 1000);
	char text[TIME_LEN];
	struct tm local;

	if (localtime_r(&seconds, &local) == NULL ||
	    strftime(text, sizeof(text), "%H:%M:%S", &local) == 0)
		text[0] = '\0';
	printf("%s.%03u ", text, (unsigned)(time_ms % 1000));
}

static void
print_bytes(const struct trace_message *message)
{
	const size_t len = message->shown.len < SHOWN_BYTES ? message->shown.len : SHOWN_BYTES;

	for (size_t i = 0; i < len; i++)
		printf("%02X", message->shown.data[i]);
	if (len < message->total || (message->flags & TRACE_SECRET) != 0)
		printf("..");
}

static void
print_message(struct watching *watching, const struct trace_message *message)
{
	char text[TRACE_TEXT_MAX];

	if (message->lost > 0)
		printf("-- %u messages were missed, this terminal was too slow for them --\n",
		       message->lost);
	print_time(message->time_ms);
	switch ((enum trace_kind)message->kind) {
	case TRACE_RESET:
		trace_text_reset(&watching->text);
		printf("reset, ATR ");
		print_bytes(message);
		printf("\n");
		break;
	case TRACE_OFF:
		trace_text_reset(&watching->text);
		printf("no power\n");
		break;
	case TRACE_COMMAND:
		trace_text_command(&watching->text, message, text);
		printf("> %s\n             > ", text);
		print_bytes(message);
		printf("\n");
		break;
	case TRACE_RESPONSE:
		trace_text_response(&watching->text, message, text);
		printf("< %04X %s\n", message->sw, text);
		if (message->shown.len > 0) {
			printf("             < ");
			print_bytes(message);
			printf("\n");
		}
		break;
	}
	fflush(stdout);
}

/* Until the card is taken out. */
static enum command_exit
watch(struct watching *watching, int fd)
{
	struct trace_message message;
	ssize_t got;

	for (;;) {
		do
			got = recv(fd, watching->message, sizeof(watching->message), MSG_TRUNC);
		while (got < 0 && errno == EINTR);
		if (got <= 0)
			break;
		if ((size_t)got > sizeof(watching->message) ||
		    !trace_message_decode((struct bytes){watching->message, (size_t)got},
					  &message)) {
			say_error("the vicard of card %s says what this vicar does not know; type: "
				  "vicar remove %s; vicar insert %s",
				  watching->name, watching->name, watching->name);
			return COMMAND_FAILED;
		}
		print_message(watching, &message);
		if (watching->record != NULL)
			recording_take(&watching->recording, &message);
	}
	printf("card %s was taken out\n", watching->name);
	return COMMAND_OK;
}

/* Everybody may read it: nothing secret is in it. One that is there is left as it is. */
static bool
open_record(struct watching *watching, const char *path, struct problem *error)
{
	watching->record = fopen(path, "wxe");
	if (watching->record == NULL)
		return problem(error, "%s cannot be made: %s; name a file that is not there yet",
			       path, strerror(errno));
	return recording_begin(&watching->recording, watching->record, &watching->image,
			       watching->card, error);
}

static enum command_exit
trace(struct watching *watching, const char *record)
{
	enum command_exit result = COMMAND_FAILED;
	char directory[PATH_MAX], reply[CONTROL_REPLY_MAX];
	struct image_error image_error = {""};
	struct problem error = {""};
	int fd = -1;

	if (!cards_find(watching->name, directory, &error)) {
		say_error("%s", error.text);
		return COMMAND_FAILED;
	}
	if (!image_load(&watching->image, directory, &image_error)) {
		say_error("%s", image_error.text);
		return COMMAND_FAILED;
	}
	watching->card = issue_trial(&watching->image, &error);
	watching->text.personality = watching->image.personality;
	if (watching->card == NULL) {
		say_error("%s", error.text);
		goto out;
	}
	if ((fd = control_trace(watching->name, reply)) < 0) {
		say_error("%s", reply);
		goto out;
	}
	if (record != NULL && !open_record(watching, record, &error)) {
		say_error("%s", error.text);
		goto out;
	}
	printf("watching card %s, a %s; end with Ctrl-C\n", watching->name,
	       watching->image.personality);
	fflush(stdout);
	result = watch(watching, fd);
out:
	recording_end(&watching->recording);
	if (watching->record != NULL && fclose(watching->record) != 0 && result == COMMAND_OK) {
		say_error("%s is not whole: %s; make room and record again", record,
			  strerror(errno));
		result = COMMAND_FAILED;
	}
	if (fd >= 0)
		(void)close(fd);
	card_free(watching->card);
	image_free(&watching->image);
	return result;
}

static enum command_exit
run(const struct command_arguments *arguments)
{
	struct watching *watching = calloc(1, sizeof(*watching));
	enum command_exit result;

	if (watching == NULL) {
		say_error("no memory; close some programs");
		return COMMAND_FAILED;
	}
	watching->name = arguments->operands[0];
	result = trace(watching, arguments->options[OPTION_RECORD]);
	free(watching);
	return result;
}

const struct command command_trace = {
    .name = "trace",
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "shows what programs say to card NAME and what it answers, in words, as it happens",
    .text = "PINs, what is deciphered and most of each signature are hidden before they leave the "
	    "card's\n"
	    "process. It ends when the card is taken out. A terminal that is too slow misses some; "
	    "the card never waits.",
    .options = options,
    .run = run,
};
