#include "trace_text.h"

#include "iso7816/sw.h"
#include "iso7816/tlv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { INS_SELECT = 0xA4, HEX_SHOWN = 24, HEX_ROOM = 2 * HEX_SHOWN + 48 };

/* Files whose meaning is the same on all cards that have them, then those of one card. */
static const struct {
	const char *personality; /* the beginning of its name */
	uint16_t fid;
	const char *name;
} files[] = {
    {"", 0x3F00, "MF"},
    {"", 0x2F00, "EF.DIR, the applications"},
    {"", 0x2F01, "EF.ATR"},
    {"", 0x2F02, "EF.GDO, the serial number"},
    {"", 0x5015, "DF PKCS #15"},
    {"", 0x5031, "EF.OD, the object directories"},
    {"", 0x5032, "EF.CIAInfo, what card it is"},
    {"fineid", 0x4401, "EF.AOD, the PINs"},
    {"fineid", 0x4402, "EF.PrKD, the private keys"},
    {"fineid", 0x4403, "EF.CD, the certificates"},
    {"fineid", 0x4404, "EF.CD, useful certificates"},
    {"fineid", 0x4405, "EF.CD, trusted certificates"},
    {"fineid", 0x4406, "EF.DOD, the data objects"},
    {"fineid", 0x4331, "certificate for authentication"},
    {"fineid", 0x4332, "certificate for signatures"},
    {"fineid", 0x4333, "certificate of the issuer"},
    {"fineid", 0x4334, "certificate of the root"},
    {"fineid", 0x4335, "second certificate for signatures"},
    {"fineid-v2", 0x4B01, "key for authentication"},
    {"fineid-v2", 0x4B02, "key for signatures"},
    {"fineid", 0x011C, "EF.CardAccess"},
    {"fineid", 0x7F01, "DF of the travel document"},
    {"cc-v1", 0x0003, "EF.TRACE"},
    {"cc-v1", 0x4F00, "DF of the issuer"},
    {"cc", 0x5F00, "DF of the citizen"},
    {"cc-v1", 0x4401, "EF.AOD, the PINs"},
    {"cc-v1", 0xEF02, "identity"},
    {"cc-v1", 0xEF05, "address"},
    {"cc-v1", 0xEF06, "EF.SOD, the document's signature"},
    {"cc-v1", 0xEF07, "notes"},
    {"cc-v1", 0xEF08, "certificate for signatures"},
    {"cc-v1", 0xEF09, "certificate for authentication"},
    {"cc-v1", 0xEF0C, "EF.CD, the certificates"},
    {"cc-v1", 0xEF0D, "EF.PrKD, the private keys"},
    {"cc-v1", 0xEF0E, "EF.PuKD, the public keys"},
    {"cc-v1", 0xEF0F, "certificate of the signatures' issuer"},
    {"cc-v1", 0xEF10, "certificate of the authentication's issuer"},
    {"cc-v1", 0xEF11, "certificate of the root"},
    {"cc-v2", 0xEF02, "certificate for authentication"},
    {"cc-v2", 0xEF04, "certificate for signatures"},
    {"cc-v2", 0xDF05, "DF of the national data"},
    {"cc-v2", 0xDF06, "DF MULTIPASS"},
    {"cc-v2", 0x0101, "machine-readable zone"},
    {"cc-v2", 0x0102, "photo"},
    {"cc-v2", 0x010D, "identity"},
    {"cc-v2", 0x010E, "EF.Security"},
    {"cc-v2", 0x010F, "key of active authentication"},
    {"cc-v2", 0x011D, "EF.SOD, the document's signature"},
    {"iasecc", 0xD003, "EF.SN, the serial number"},
    {"iasecc", 0x7001, "EF.AOD, the PINs"},
    {"iasecc", 0x7002, "EF.PrKD, the private keys"},
    {"iasecc", 0x7004, "EF.PuKD, the public keys"},
    {"iasecc", 0x7005, "EF.CD, the certificates"},
    {"iasecc", 0x7006, "EF.DOD, the data objects"},
    {"iasecc", 0x7007, "EF.CD, trusted certificates"},
    {"iasecc", 0xB003, "certificate of the issuer"},
};

static const struct {
	const char *hex; /* the name's beginning */
	const char *name;
} applications[] = {
    {"A000000063504B43532D3135", "PKCS #15"},
    {"452E5349474E", "E.SIGN"},
    {"E828BD080FD250454343", "IAS-ECC"},
    {"604632FF000003", "citizen card"},
    {"A0000002471001", "travel document"},
    {"A000000308", "PIV, asked by many programs"},
    {"D27600012401", "OpenPGP, asked by many programs"},
    {"A0000000770308000070", "Belgian or similar eID, asked by many programs"},
};

static const char *
file_name(const char *personality, uint16_t fid)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (files[i].fid == fid &&
		    strncmp(personality, files[i].personality, strlen(files[i].personality)) == 0)
			return files[i].name;
	return "";
}

static const char *
application_name(const char *hex)
{
	for (size_t i = 0; i < sizeof(applications) / sizeof(applications[0]); i++)
		if (strncmp(hex, applications[i].hex, strlen(applications[i].hex)) == 0)
			return applications[i].name;
	return "";
}

/* "A0B1C2... (256 bytes)" */
static void
hex_of(struct bytes bytes, char text[HEX_ROOM])
{
	const struct bytes shown = {bytes.data, bytes.len < HEX_SHOWN ? bytes.len : HEX_SHOWN};

	bytes_to_hex(shown, text);
	if (shown.len < bytes.len)
		snprintf(text + 2 * shown.len, HEX_ROOM - 2 * HEX_SHOWN, "... (%zu bytes)",
			 bytes.len);
}

struct words {
	char *text;
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void
put(struct words *words, const char *format, ...)
{
	va_list list;
	int len;

	va_start(list, format);
	len = vsnprintf(words->text + words->len, TRACE_TEXT_MAX - words->len, format, list);
	va_end(list);
	if (len > 0)
		words->len += (size_t)len;
	if (words->len >= TRACE_TEXT_MAX)
		words->len = TRACE_TEXT_MAX - 1;
}

static void
put_name(struct words *words, const char *name)
{
	if (*name != '\0')
		put(words, " (%s)", name);
}

static void
describe_select(struct trace_text *state, const struct capdu *command, struct words *words)
{
	static const struct {
		uint8_t p1;
		const char *how;
	} ways[] = {{0x00, "file"},         {0x01, "DF"},      {0x02, "EF"},
		    {0x03, "the DF above"}, {0x04, "by name"}, {0x08, "path from the MF"},
		    {0x09, "path"}};
	const struct bytes data = command->data;
	char hex[HEX_ROOM];
	const char *name = "";

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (ways[i].p1 == command->p1)
			put(words, " %s", ways[i].how);
	hex_of(data, hex);
	if (command->p1 == 0x04)
		name = application_name(hex);
	else if (data.len >= 2)
		name = file_name(state->personality, (uint16_t)(data.data[data.len - 2] << 8 |
								data.data[data.len - 1]));
	if (data.len > 0)
		put(words, " %s", hex);
	else if (command->p1 == 0x00)
		name = "MF";
	put_name(words, name);
	snprintf(state->pending, sizeof(state->pending), "%.40s", *name != '\0' ? name : hex);
}

static void
describe_read(struct trace_text *state, const struct capdu *command, struct words *words)
{
	if ((command->p1 & 0x80) != 0)
		put(words, " short file %u from %u", command->p1 & 0x1Fu, command->p2);
	else
		put(words, " of %s from %u",
		    *state->selected != '\0' ? state->selected : "the selected file",
		    (unsigned)command->p1 << 8 | command->p2);
	if (command->has_le)
		put(words, ", up to %zu bytes", command->ne);
}

static void
describe_pin(struct trace_text *state, const struct capdu *command, struct words *words)
{
	(void)state;
	put(words, " PIN %02X", command->p2);
	if (command->ins == 0x20 && command->p1 == 0xFF)
		put(words, ": forget that it was verified");
	else if (command->ins == 0x20 && command->data.len == 0)
		put(words, ": is it verified, how many tries are left?");
}

/* The control reference template, ISO/IEC 7816-4 clause 10.3.1 (2013). */
static void
put_template(struct bytes data, struct words *words)
{
	static const struct {
		uint32_t tag;
		const char *name;
	} tags[] = {{0x80, "algorithm"}, {0x81, "file"}, {0x83, "key"}, {0x84, "key"}};
	struct reader reader = reader_of(data);
	struct tlv tlv;

	while (reader.left > 0 && tlv_read(&reader, &tlv)) {
		char hex[HEX_ROOM];

		hex_of(tlv.value, hex);
		for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
			if (tags[i].tag == tlv.tag)
				put(words, ", %s %s", tags[i].name, hex);
	}
}

static void
describe_mse(struct trace_text *state, const struct capdu *command, struct words *words)
{
	static const struct {
		uint8_t p2;
		const char *name;
	} templates[] = {{0xA4, "authentication"},
			 {0xAA, "hashing"},
			 {0xB6, "signatures"},
			 {0xB8, "decipherment"}};

	(void)state;
	if (command->p1 == 0xF3) {
		put(words, " RESTORE %02X", command->p2);
		return;
	}
	put(words, " SET");
	for (size_t i = 0; i < sizeof(templates) / sizeof(templates[0]); i++)
		if (templates[i].p2 == command->p2)
			put(words, " for %s", templates[i].name);
	put_template(command->data, words);
}

static void
describe_pso(struct trace_text *state, const struct capdu *command, struct words *words)
{
	static const struct {
		uint16_t p1p2;
		const char *name;
	} operations[] = {{0x9E9A, "COMPUTE DIGITAL SIGNATURE"},
			  {0x90A0, "HASH"},
			  {0x9080, "HASH"},
			  {0x8086, "DECIPHER"},
			  {0x8680, "ENCIPHER"}};
	const unsigned p1p2 = (unsigned)command->p1 << 8 | command->p2;
	char hex[HEX_ROOM];

	(void)state;
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (operations[i].p1p2 == p1p2)
			put(words, ": %s", operations[i].name);
	if (command->data.len == 0)
		return;
	hex_of(command->data, hex);
	put(words, " of %s", hex);
}

static void
describe_data(struct trace_text *state, const struct capdu *command, struct words *words)
{
	static const struct {
		uint16_t tag;
		const char *name;
	} objects[] = {{0xDF7E, "number of the last failure, Vicar's own"},
		       {0xDF7F, "what the program says it is, Vicar's own"},
		       {0x0101, "serial number"},
		       {0x9F7F, "production data"}};
	const unsigned tag = (unsigned)command->p1 << 8 | command->p2;

	(void)state;
	put(words, " %04X", tag);
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
		if (objects[i].tag == tag)
			put_name(words, objects[i].name);
}

static void
describe_le(struct trace_text *state, const struct capdu *command, struct words *words)
{
	(void)state;
	if (command->has_le)
		put(words, " of %zu bytes", command->ne);
}

static void
describe_other(struct trace_text *state, const struct capdu *command, struct words *words)
{
	(void)state;
	put(words, " %02X %02X", command->p1, command->p2);
}

static const struct {
	uint8_t ins;
	const char *name;
	void (*describe)(struct trace_text *state, const struct capdu *command,
			 struct words *words);
} commands[] = {
    {0x20, "VERIFY", describe_pin},
    {0x21, "VERIFY", describe_pin},
    {0x22, "MANAGE SECURITY ENVIRONMENT", describe_mse},
    {0x24, "CHANGE REFERENCE DATA", describe_pin},
    {0x2A, "PERFORM SECURITY OPERATION", describe_pso},
    {0x2C, "RESET RETRY COUNTER", describe_pin},
    {0x46, "GENERATE ASYMMETRIC KEY PAIR", describe_other},
    {0x70, "MANAGE CHANNEL", describe_other},
    {0x82, "EXTERNAL AUTHENTICATE", describe_other},
    {0x84, "GET CHALLENGE", describe_le},
    {0x86, "GENERAL AUTHENTICATE", describe_other},
    {0x87, "GENERAL AUTHENTICATE", describe_other},
    {0x88, "INTERNAL AUTHENTICATE", describe_other},
    {INS_SELECT, "SELECT", describe_select},
    {0xB0, "READ BINARY", describe_read},
    {0xB1, "READ BINARY", describe_other},
    {0xB2, "READ RECORD", describe_other},
    {0xC0, "GET RESPONSE", describe_le},
    {0xC2, "ENVELOPE", describe_other},
    {0xCA, "GET DATA", describe_data},
    {0xCB, "GET DATA", describe_data},
    {0xD6, "UPDATE BINARY", describe_read},
    {0xDA, "PUT DATA", describe_data},
    {0xDB, "PUT DATA", describe_data},
};

void
trace_text_reset(struct trace_text *state)
{
	state->selected[0] = state->pending[0] = '\0';
	state->ins = 0;
}

/* With TRACE_SECRET the header alone is there: it is parsed as one without data. */
void
trace_text_command(struct trace_text *state, const struct trace_message *message,
		   char text[TRACE_TEXT_MAX])
{
	struct words words = {.text = text};
	struct capdu command;

	text[0] = '\0';
	if (!capdu_parse(message->shown, &command)) {
		put(&words, "no command: its lengths do not add up");
		return;
	}
	state->ins = command.ins;
	state->pending[0] = '\0';
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (commands[i].ins != command.ins)
			continue;
		put(&words, "%s", commands[i].name);
		if ((message->flags & TRACE_SECRET) != 0) {
			put(&words, " %02X %02X, what it brings is hidden", command.p1, command.p2);
			break;
		}
		commands[i].describe(state, &command, &words);
		break;
	}
	if (words.len == 0)
		put(&words, "instruction %02X, which is not known", command.ins);
	if ((command.cla & CLA_CHAINING) != 0)
		put(&words, ", more to come");
}

void
trace_text_response(struct trace_text *state, const struct trace_message *message,
		    char text[TRACE_TEXT_MAX])
{
	struct words words = {.text = text};
	unsigned tries;

	text[0] = '\0';
	if (state->ins == INS_SELECT &&
	    (message->sw == SW_OK || (message->sw & 0xFF00) == SW_MORE_DATA))
		memcpy(state->selected, state->pending, sizeof(state->selected));
	put(&words, "%s", sw_text(message->sw));
	if (sw_is_tries(message->sw, &tries) && tries > 1)
		put(&words, ", %u tries left", tries);
	if (message->total > 0)
		put(&words, "; %u byte%s", message->total, message->total == 1 ? "" : "s");
	if (message->shown.len < message->total)
		put(&words, ", %s hidden", message->shown.len > 0 ? "the rest" : "all");
	if ((message->flags & TRACE_SERVICE) != 0)
		put(&words, "; the service %s",
		    (message->flags & TRACE_STARTED) != 0 ? "was asked" : "was not asked");
}
