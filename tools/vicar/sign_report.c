#include "sign_report.h"

#include "chain.h"
#include "cmdbridge/consent.h"
#include "cmdbridge/text.h"
#include "command.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>

enum { PATH_SHOWN_MAX = 200, PATH_SHOWN_SIZE = PATH_SHOWN_MAX * 4 + 1 };
enum { HASH_TEXT_SIZE = DIGEST_LEN_MAX * 4, HASH_HEX_SIZE = 2 * DIGEST_LEN_MAX + 1 };

static const char *const formats[DOCUMENT_FORMATS] = {"cms", "raw", "pades"};

static const char *
shown(const char *path, char text[PATH_SHOWN_SIZE])
{
	(void)text_printable((struct bytes){(const uint8_t *)path, strlen(path)}, PATH_SHOWN_MAX,
			     text);
	return text;
}

/* Several have one hash over all in the prompt, which is too small for each. */
static void
list_all(FILE *out, const struct sign_job *job)
{
	struct consent consents[COMMAND_OPERANDS_MAX];
	uint8_t all[CONSENT_ALL_LEN];
	char text[HASH_TEXT_SIZE];

	for (size_t i = 0; i < job->count; i++)
		consents[i] = (struct consent){.hash = job->documents[i].to_sign};
	if (!consent_all(consents, job->count, all))
		return;
	text_hash(BYTES(all), text, sizeof(text));
	fprintf(out, "SHA-256 of all their hashes:\n%s\n", text);
}

void
sign_report_list(FILE *out, const struct sign_job *job)
{
	char path[PATH_SHOWN_SIZE], hash[HASH_TEXT_SIZE], holder[CHAIN_NAME_MAX];

	chain_subject(job->signer.certificate, holder);
	fprintf(out, "To sign with key %s of card %s (%s), %s:\n", job->signer.key->name,
		job->signer.image.name, holder, digest_name(job->signer.digest));
	for (size_t i = 0; i < job->count; i++) {
		const struct document *document = &job->documents[i];

		text_hash((struct bytes){document->to_sign.data, 4}, hash, sizeof(hash));
		fprintf(out, "  %s  %s\n", hash, shown(document->path, path));
	}
	if (job->count > 1 && job->signer.signs_many)
		list_all(out, job);
}

void
sign_report_text(FILE *out, const struct sign_job *job)
{
	char path[PATH_SHOWN_SIZE];

	for (size_t i = 0; i < job->count; i++) {
		const struct document *document = &job->documents[i];

		if (document->done)
			fprintf(out, "%s\n", shown(document->output, path));
		if (document->error.text[0] != '\0')
			say_error("%s", document->error.text);
	}
	if (job->error.text[0] != '\0')
		say_error("%s", job->error.text);
}

/* What is no UTF-8 would make no JSON. */
static json_t *
json_text(const char *text)
{
	char printable[PATH_SHOWN_SIZE];
	json_t *value = json_string(text);

	return value != NULL ? value : json_string(shown(text, printable));
}

static json_t *
json_document(const struct document *document)
{
	char hash[HASH_HEX_SIZE] = "";

	bytes_to_hex(document->to_sign, hash);
	for (char *c = hash; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	return json_pack("{s:o, s:o?, s:s, s:b, s:b, s:o?}", "file", json_text(document->path),
			 "signature", document->done ? json_text(document->output) : NULL, "hash",
			 hash, "signed", document->done, "stamped", document->stamped, "error",
			 document->error.text[0] != '\0' ? json_text(document->error.text) : NULL);
}

bool
sign_report_json(FILE *out, const struct sign_job *job)
{
	const bool open = job->signer.certificate != NULL;
	json_t *documents = json_array(), *report;
	char status[5] = "";
	bool ok;

	for (size_t i = 0; i < job->count; i++)
		(void)json_array_append_new(documents, json_document(&job->documents[i]));
	if (job->sw != 0)
		(void)snprintf(status, sizeof(status), "%04X", job->sw);
	report = json_pack("{s:s?, s:s?, s:s, s:s, s:s?, s:o, s:o?}", "card",
			   open ? job->signer.image.name : NULL, "key",
			   open ? job->signer.key->name : NULL, "format", formats[job->format],
			   "digest", digest_name(job->signer.digest), "status_word",
			   status[0] != '\0' ? status : NULL, "documents", documents, "error",
			   job->error.text[0] != '\0' ? json_text(job->error.text) : NULL);
	ok = report != NULL && json_dumpf(report, out, JSON_INDENT(2)) == 0;
	json_decref(report);
	if (ok)
		fputc('\n', out);
	else
		say_error("no memory is left for the report; close other programs");
	return ok;
}
