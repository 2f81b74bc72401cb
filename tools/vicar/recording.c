#include "recording.h"

#include "cmdbridge/certificate.h"
#include "command.h"
#include "iso7816/key_kind.h"
#include "iso7816/sw.h"

#include <stdlib.h>
#include <string.h>

enum { HEADER_LEN = 4, VALUE_MAX = 64, RIGHT_FIRST = 1, AUTHORITIES_MAX = 2 };
enum {
	INS_VERIFY = 0x20,
	INS_CHANGE = 0x24,
	INS_PSO = 0x2A,
	INS_RESET_COUNTER = 0x2C,
	INS_INTERNAL_AUTHENTICATE = 0x88,
	INS_PUT_DATA = 0xDA,
};

/* Of apdu-replay(1). */
static const char *const kinds[] = {"rsa2048", "rsa3072", "p256", "p384"};
static const struct {
	const char *key, *pin;
} pins[] = {{"auth", "1234"}, {"sign", "123456"}, {"sign2", "123456"}};
static const char puk[] = "12345678";

static const char *
kind_of(const struct image_key *key)
{
	X509 *certificate =
	    certificate_parse((struct bytes){key->certificate, key->certificate_len});
	const struct key_kind *kind =
	    certificate == NULL ? NULL : key_kind_of(X509_get0_pubkey(certificate));

	X509_free(certificate);
	for (size_t i = 0; kind != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i], kind->name) == 0)
			return kinds[i];
	return NULL;
}

bool
recording_begin(struct recording *recording, FILE *file, const struct image *image,
		const struct card *card, struct problem *error)
{
	*recording = (struct recording){.file = file, .image = image, .card = card};
	for (size_t i = 0; i < image->keys_count; i++)
		if (kind_of(&image->keys[i]) == NULL)
			return problem(
			    error,
			    "key %s of card %s is of a kind that apdu-replay has none of, "
			    "so that nothing could play the file; trace it without --record",
			    image->keys[i].name, image->name);
	recording->command = malloc(CAPDU_LEN_MAX);
	if (recording->command == NULL)
		return problem(error, "no memory for the recording; close some programs");
	fprintf(file, "# Recorded by vicar trace " VICAR_VERSION
		      ". PINs are those of the tests; contents of files and answers of\n"
		      "# keys are left out. The card must have had all its tries.\n");
	return true;
}

static void
begin_block(struct recording *recording, struct bytes atr)
{
	const struct image *image = recording->image;
	char hex[2 * 64 + 1];

	memset(recording->right, RIGHT_FIRST, sizeof(recording->right));
	memset(recording->refused, 0, sizeof(recording->refused));
	fprintf(recording->file, "\nsource recorded by vicar trace\ncard %s", image->personality);
	for (size_t i = 0; i < image->keys_count; i++)
		fprintf(recording->file, " key=%s,%s%s", image->keys[i].name,
			kind_of(&image->keys[i]),
			strcmp(image->keys[i].service, IMAGE_SERVICE_FILE) == 0 ? "" : ",remote");
	fprintf(recording->file, " authorities=%zu",
		image->authorities_count < AUTHORITIES_MAX ? image->authorities_count
							   : (size_t)AUTHORITIES_MAX);
	if (image->options[0] != '\0')
		fprintf(recording->file, " %s", image->options);
	fprintf(recording->file, "\nreset\n");
	if (atr.len <= 64) {
		bytes_to_hex(atr, hex);
		fprintf(recording->file, "< %s\n", hex);
	}
	recording->open = true;
}

static void
stop(struct recording *recording, const char *why)
{
	if (recording->open)
		fprintf(recording->file, "# %s: the rest is left out up to the next reset\n", why);
	recording->open = false;
	recording->command_len = 0;
}

/* ---- PINs ---- */

static const char *
pin_of_key(const char *key)
{
	for (size_t i = 0; key != NULL && i < sizeof(pins) / sizeof(pins[0]); i++)
		if (strcmp(pins[i].key, key) == 0)
			return pins[i].pin;
	return puk;
}

/* Number `which` of the values that a PIN has in turn: 0 a wrong one, 1 that of the tests. */
static void
put_value(struct writer *writer, const char *base, unsigned which, size_t stored, uint8_t pad)
{
	const size_t begin = writer->len;

	for (const char *c = base; *c != '\0'; c++)
		writer_u8(writer,
			  (uint8_t)(which == 0 ? '0' : '0' + (*c - '0' + (int)which - 1) % 10));
	while (writer_ok(writer) && writer->len - begin < stored)
		writer_u8(writer, pad);
}

static bool
is_refusal(uint16_t sw)
{
	return sw_is_tries(sw, NULL) || sw == SW_BLOCKED;
}

/* The command again with the tests' values, and what is expected of it. */
static bool
write_pin_command(struct recording *recording, uint16_t sw)
{
	const uint8_t *header = recording->command;
	const uint8_t reference = header[3];
	uint8_t data[4 * VALUE_MAX], whole[5 + 4 * VALUE_MAX];
	struct writer values = writer_to(data, sizeof(data)),
		      command = writer_to(whole, sizeof(whole));
	uint8_t *right = &recording->right[reference];
	const uint8_t wrong = recording->refused[reference];
	struct card_pin_form form;
	char hex[2 * sizeof(whole) + 1];
	const char *base;
	bool ok = sw == SW_OK;

	if ((header[0] & CLA_CHAINING) != 0 || !card_pin_form(recording->card, reference, &form))
		return false;
	base = form.is_puk ? puk : pin_of_key(form.key);
	switch (header[1]) {
	case INS_VERIFY:
		put_value(&values, base, ok ? *right : wrong, form.length_stored, form.pad);
		break;
	case INS_CHANGE:
		if (header[2] == 0x00)
			put_value(&values, base, ok ? *right : wrong, form.length_stored, form.pad);
		put_value(&values, base, *right + 1u, form.length_stored, form.pad);
		break;
	case INS_RESET_COUNTER:
		if (header[2] == 0x00 || header[2] == 0x01)
			put_value(&values, puk, ok ? RIGHT_FIRST : 0, form.puk_stored,
				  form.puk_pad);
		if (header[2] == 0x00 || header[2] == 0x02)
			put_value(&values, base, *right + 1u, form.length_stored, form.pad);
		break;
	default: return false;
	}
	if (ok && header[1] != INS_VERIFY && !(header[1] == INS_RESET_COUNTER && header[2] == 0x01))
		++*right;
	recording->pin = reference;
	writer_put(&command, (struct bytes){header, HEADER_LEN});
	writer_u8(&command, (uint8_t)values.len);
	writer_put(&command, writer_bytes(&values));
	if (!writer_ok(&command))
		return false;
	bytes_to_hex(writer_bytes(&command), hex);
	fprintf(recording->file, "> %s\n", hex);
	if (ok || (!is_refusal(sw) && (sw & 0xFF00) != 0x6700 && sw != SW_INCORRECT_DATA))
		fprintf(recording->file, "< %04X\n", sw);
	else
		fprintf(recording->file, "< %s\n", sw_is_tries(sw, NULL) ? "63.." : "....");
	return true;
}

/* The service refused the PIN of the last VERIFY: the card remembers it, and takes another. */
static void
remember_refused(struct recording *recording)
{
	recording->refused[recording->pin] = recording->right[recording->pin]++;
}

/* ---- other commands ---- */

/* What depends on how long the files are, and on which key it is. */
static bool
is_of_length(uint16_t sw)
{
	const unsigned sw1 = sw & 0xFF00;

	return sw == SW_OK || sw == SW_END_OF_FILE || sw == SW_WRONG_OFFSET || sw1 == SW_WRONG_LE ||
	       sw1 == SW_MORE_DATA;
}

static bool
reads(uint8_t ins, uint8_t p1)
{
	static const uint8_t readers[] = {0xB0, 0xB1, 0xB2, 0xC0, 0xCA, 0xCB};

	for (size_t i = 0; i < sizeof(readers); i++)
		if (readers[i] == ins)
			return true;
	return ins == INS_PSO && p1 == 0x80;
}

static void
write_answer(struct recording *recording, const struct trace_message *message)
{
	const uint8_t *header = recording->command;
	const unsigned sw1 = message->sw & 0xFF00;

	if (recording->command_len >= HEADER_LEN && reads(header[1], header[2]) &&
	    is_of_length(message->sw))
		fprintf(recording->file, "< *....\n");
	else if (sw1 == SW_MORE_DATA || sw1 == SW_WRONG_LE)
		fprintf(recording->file, "< %s%02X..\n", message->total > 0 ? "*" : "", sw1 >> 8);
	else
		fprintf(recording->file, "< %s%04X\n", message->total > 0 ? "*" : "", message->sw);
}

/* PC/SC part 10: no value came to the card. */
static bool
ended_at_the_pad(uint16_t sw)
{
	return (sw >= SW_PROMPT_TIMEOUT && sw <= SW_PROMPT_TIMEOUT + 3) || sw == 0x6B80;
}

static bool
write_exchange(struct recording *recording, const struct trace_message *message)
{
	if ((message->flags & TRACE_SERVICE) != 0) {
		fprintf(recording->file, "service %04X%s\n",
			sw_is_tries(message->sw, NULL)           ? SW_AUTHENTICATION
			: (message->sw & 0xFF00) == SW_MORE_DATA ? SW_OK
								 : message->sw,
			(message->flags & TRACE_STARTED) != 0 ? "" : " unstarted");
		if (sw_is_tries(message->sw, NULL))
			remember_refused(recording);
	}
	if (recording->secret && ended_at_the_pad(message->sw))
		return true;
	if (recording->secret)
		return write_pin_command(recording, message->sw);
	fprintf(recording->file, "> ");
	for (size_t i = 0; i < recording->command_len; i++)
		fprintf(recording->file, "%02X", recording->command[i]);
	fprintf(recording->file, "\n");
	write_answer(recording, message);
	return true;
}

static void
warn_of_a_use_before(struct recording *recording)
{
	if (!recording->open && !recording->warned)
		say_warning("the card is in use, and what came before is not known: the recording "
			    "begins when it is reset; end the programs that use it");
	recording->warned = true;
}

void
recording_take(struct recording *recording, const struct trace_message *message)
{
	if (message->lost > 0)
		stop(recording, "messages were missed");
	switch ((enum trace_kind)message->kind) {
	case TRACE_RESET: begin_block(recording, message->shown); break;
	case TRACE_OFF: recording->open = false; break;
	case TRACE_COMMAND:
		recording->secret = (message->flags & TRACE_SECRET) != 0;
		recording->command_len = message->shown.len;
		memcpy(recording->command, message->shown.data, message->shown.len);
		warn_of_a_use_before(recording);
		break;
	case TRACE_RESPONSE:
		if (!recording->open || recording->command_len == 0)
			break;
		if (!write_exchange(recording, message))
			stop(recording, "a command with hidden data came that the tests have no "
					"values for");
		recording->command_len = 0;
		break;
	}
	fflush(recording->file);
}

void
recording_end(struct recording *recording)
{
	free(recording->command);
	recording->command = NULL;
}
