#include "verify_report.h"

#include "chain.h"
#include "cmdbridge/text.h"

#include <jansson.h>
#include <string.h>

enum { TIME_SIZE = 24, PATH_SHOWN_MAX = 200, PATH_SHOWN_SIZE = PATH_SHOWN_MAX * 4 + 1 };

enum command_exit
verify_report_exit(const struct verification *verification)
{
	const struct verdicts *verdicts = &verification->verdicts;
	bool sound = verdicts->count > 0 && verification->whole, trusted = true;

	for (size_t i = 0; i < verdicts->count; i++) {
		sound = sound && verdicts->each[i].sound && verdicts->each[i].stamp_why[0] == '\0';
		trusted = trusted && verdicts->each[i].trusted;
	}
	if (!sound)
		return COMMAND_FAILED;
	return trusted ? COMMAND_OK : COMMAND_NOT_TRUSTED;
}

static const char *
utc(time_t when, char text[TIME_SIZE])
{
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL ||
	    strftime(text, TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		(void)snprintf(text, TIME_SIZE, "?");
	return text;
}

static const char *
shown(const char *path, char text[PATH_SHOWN_SIZE])
{
	(void)text_printable((struct bytes){(const uint8_t *)path, strlen(path)}, PATH_SHOWN_MAX,
			     text);
	return text;
}

static void
subject(const struct verdict *verdict, char name[CHAIN_NAME_MAX])
{
	name[0] = '\0';
	if (verdict->signer != NULL)
		chain_subject(verdict->signer, name);
}

static void
print_times(FILE *out, const struct verdict *verdict)
{
	char text[TIME_SIZE];

	if (verdict->stamped)
		fprintf(out, "  time stamp: %s, by %s%s\n", utc(verdict->stamp, text),
			verdict->stamp_by[0] != '\0' ? verdict->stamp_by : "an unnamed authority",
			verdict->stamp_trusted ? "" : ", who is not trusted");
	if (verdict->stamp_why[0] != '\0')
		fprintf(out, "  time stamp: NOT VALID: %s\n", verdict->stamp_why);
	if (verdict->has_claimed)
		fprintf(out, "  signed: %s, as the signer says\n", utc(verdict->claimed, text));
}

static void
print_verdict(FILE *out, const struct verdict *verdict)
{
	char name[CHAIN_NAME_MAX];

	subject(verdict, name);
	if (!verdict->sound) {
		fprintf(out, "  NOT VALID: %s\n", verdict->why);
		return;
	}
	fprintf(out, "  valid signature by %s\n", name);
	print_times(out, verdict);
	if (verdict->trusted)
		fprintf(out, "  trusted: up to %s\n", verdict->anchor);
	else
		fprintf(out, "  NOT TRUSTED: %s; --ca-file names authorities\n", verdict->why);
	fprintf(out, "  whether the certificate was revoked was not asked\n");
}

void
verify_report_text(FILE *out, const struct verification *verification)
{
	char path[PATH_SHOWN_SIZE];

	fprintf(out, "%s:\n", shown(verification->file, path));
	if (verification->problem.text[0] != '\0')
		fprintf(out, "  NOT VALID: %s\n", verification->problem.text);
	for (size_t i = 0; i < verification->verdicts.count; i++)
		print_verdict(out, &verification->verdicts.each[i]);
	if (verification->verdicts.count > 0 && !verification->whole)
		fprintf(out, "  NOT VALID: the file was changed after it was signed\n");
	if (verification->earlier > 0)
		fprintf(out, "  %zu earlier signature(s) in it were not judged\n",
			verification->earlier);
}

static json_t *
json_text(const char *text)
{
	return text[0] == '\0' ? json_null() : json_string(text);
}

static json_t *
json_time(bool known, time_t when)
{
	char text[TIME_SIZE];

	return known ? json_string(utc(when, text)) : json_null();
}

static json_t *
json_verdict(const struct verdict *verdict)
{
	char name[CHAIN_NAME_MAX];

	subject(verdict, name);
	return json_pack("{s:o, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:b, s:o}", "signer",
			 json_text(name), "valid", verdict->sound, "trusted", verdict->trusted,
			 "anchor", json_text(verdict->anchor), "reason", json_text(verdict->why),
			 "signing_time", json_time(verdict->has_claimed, verdict->claimed),
			 "time_stamp", json_time(verdict->stamped, verdict->stamp),
			 "time_stamp_authority", json_text(verdict->stamp_by), "time_stamp_trusted",
			 verdict->stamp_trusted, "time_stamp_problem",
			 json_text(verdict->stamp_why));
}

bool
verify_report_json(FILE *out, const struct verification *verification)
{
	char file[PATH_SHOWN_SIZE], signature[PATH_SHOWN_SIZE] = "";
	json_t *signatures = json_array(), *report;
	bool ok;

	for (size_t i = 0; i < verification->verdicts.count; i++)
		(void)json_array_append_new(signatures,
					    json_verdict(&verification->verdicts.each[i]));
	if (verification->signature != NULL)
		(void)shown(verification->signature, signature);
	report = json_pack(
	    "{s:s, s:o, s:s, s:b, s:b, s:b, s:I, s:o, s:o}", "file",
	    shown(verification->file, file), "signature", json_text(signature), "format",
	    verification->format, "valid", verify_report_exit(verification) != COMMAND_FAILED,
	    "trusted", verify_report_exit(verification) == COMMAND_OK, "whole", verification->whole,
	    "earlier", (json_int_t)verification->earlier, "signatures", signatures, "problem",
	    json_text(verification->problem.text));
	ok = report != NULL && json_dumpf(report, out, JSON_INDENT(2)) == 0;
	json_decref(report);
	if (ok)
		fputc('\n', out);
	return ok;
}
