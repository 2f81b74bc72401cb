/*
 * `vicar sign`: documents signed with a card's key, several with one PIN and one code.
 */
#include "command.h"
#include "output.h"
#include "sign_job.h"
#include "sign_report.h"
#include "terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	OPTION_CMS,
	OPTION_RAW,
	OPTION_PADES,
	OPTION_KEY,
	OPTION_CARD,
	OPTION_DIGEST,
	OPTION_DETACHED,
	OPTION_ATTACH,
	OPTION_OUTPUT,
	OPTION_FORCE,
	OPTION_TIMESTAMP,
	OPTION_TIMESTAMP_CA,
	OPTION_ONE_BY_ONE,
	OPTION_JSON,
};

static const struct command_option options[] = {
    {"cms", NULL, "CMS signatures (CAdES-BES), FILE.p7s; the usual"},
    {"raw", NULL, "bare signature values, FILE.sig, as `openssl dgst -verify` takes them"},
    {"pades", NULL, "signed PDFs (PAdES), FILE-signed.pdf"},
    {"key", "ROLE", "the key; else the one for signatures"},
    {"card", "NAME", "the card; else the one that is in"},
    {"digest", "NAME", "sha256 (the usual), sha384 or sha512"},
    {"detached", NULL, "the signature alone; the usual"},
    {"attach", NULL, "the content in its CMS signature"},
    {"output", "PLACE", "directory for what is written, or a file when there is one document"},
    {"force", NULL, "replace files that are there"},
    {"timestamp", "URL", "have each signature stamped by this authority (RFC 3161)"},
    {"timestamp-ca", "FILE", "who may have issued its certificate; else the system's store"},
    {"one-by-one", NULL,
     "a PIN and a code for each document, where the service knows no other way"},
    {"json", NULL, "tell what was done as JSON"},
    {NULL, NULL, NULL},
};

static enum command_exit
usage(const char *text)
{
	say_error("sign: %s; type: vicar sign --help", text);
	return COMMAND_USAGE;
}

static bool
take_digest(const char *name, enum digest *digest)
{
	static const struct {
		const char *name;
		enum digest digest;
	} digests[] = {
	    {"sha256", DIGEST_SHA256}, {"sha384", DIGEST_SHA384}, {"sha512", DIGEST_SHA512}};

	*digest = DIGEST_SHA256;
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
		if (name == NULL || strcmp(name, digests[i].name) != 0)
			continue;
		*digest = digests[i].digest;
		return true;
	}
	return name == NULL;
}

/* COMMAND_OK, or what is wrong with the options. */
static enum command_exit
take_options(const char *const *given, struct sign_job *job, enum digest *digest)
{
	if ((given[OPTION_CMS] != NULL) + (given[OPTION_RAW] != NULL) +
		(given[OPTION_PADES] != NULL) >
	    1)
		return usage("--cms, --raw and --pades exclude each other");
	if (given[OPTION_ATTACH] != NULL && given[OPTION_DETACHED] != NULL)
		return usage("--attach and --detached exclude each other");
	job->format = given[OPTION_RAW] != NULL     ? DOCUMENT_RAW
		      : given[OPTION_PADES] != NULL ? DOCUMENT_PADES
						    : DOCUMENT_CMS;
	job->attached = given[OPTION_ATTACH] != NULL;
	if (job->attached && job->format != DOCUMENT_CMS)
		return usage("--attach is for --cms");
	if (given[OPTION_TIMESTAMP] != NULL && job->format == DOCUMENT_RAW)
		return usage("--timestamp is for --cms and --pades");
	if (given[OPTION_TIMESTAMP_CA] != NULL && given[OPTION_TIMESTAMP] == NULL)
		return usage("--timestamp-ca is for --timestamp, which is missing");
	if (!take_digest(given[OPTION_DIGEST], digest))
		return usage("--digest takes sha256, sha384 or sha512");
	if (given[OPTION_OUTPUT] != NULL && *given[OPTION_OUTPUT] == '\0')
		return usage("--output takes a directory or a file");
	job->force = given[OPTION_FORCE] != NULL;
	job->timestamp.url = given[OPTION_TIMESTAMP];
	job->timestamp.ca_file = given[OPTION_TIMESTAMP_CA];
	return COMMAND_OK;
}

/* With --force a document is no place for a signature. A PDF has all of it in its signed form. */
static bool
spares_documents(const struct sign_job *job, struct problem *error)
{
	for (size_t i = 0; i < job->count; i++) {
		const struct document *document = &job->documents[i];

		for (size_t k = 0; k < job->count; k++)
			if ((i != k || job->format != DOCUMENT_PADES) &&
			    output_replaces(document->output, job->documents[k].path))
				return problem(error,
					       "the signature of %s would replace %s, which is to "
					       "be signed too; choose another place with --output",
					       document->path, job->documents[k].path);
	}
	return true;
}

static bool
place_documents(struct sign_job *job, const struct command_arguments *arguments,
		struct problem *error)
{
	const char *output = arguments->options[OPTION_OUTPUT];

	job->count = arguments->operands_count;
	for (size_t i = 0; i < job->count; i++) {
		struct document *document = &job->documents[i];

		if (!document_place(document, arguments->operands[i], job->format, output,
				    job->count == 1, error) ||
		    !output_possible(document->output, job->force, error))
			return false;
		for (size_t k = 0; k < i; k++)
			if (output_same_place(job->documents[k].output, document->output))
				return problem(error,
					       "%s and %s would both be written to %s; sign "
					       "them apart",
					       job->documents[k].path, document->path,
					       document->output);
	}
	return spares_documents(job, error);
}

static bool
read_documents(struct sign_job *job, struct problem *error)
{
	const time_t now = time(NULL);

	for (size_t i = 0; i < job->count; i++)
		if (!document_read(&job->documents[i], &job->signer, job->format, job->attached,
				   now, error))
			return false;
	return true;
}

/* One at a time needs the person's word: each costs a PIN and a code. */
static bool
may_go_one_by_one(const struct sign_job *job, bool told, struct problem *error)
{
	struct terminal terminal;
	char question[256];
	bool yes;

	if (told || job->count == 1)
		return true;
	(void)snprintf(
	    question, sizeof(question),
	    "The service %s signs one document at a time: %zu PINs and %zu codes. Go on? "
	    "(yes/no) ",
	    job->signer.key->service, job->count, job->count);
	if (!terminal_open(&terminal))
		return problem(
		    error,
		    "the service %s signs one document at a time; with --one-by-one there "
		    "is a PIN and a code for each of the %zu",
		    job->signer.key->service, job->count);
	yes = terminal_confirm(&terminal, question);
	terminal_close(&terminal);
	return yes || problem(error, "nothing was signed, as you said");
}

static bool
sign(struct sign_job *job)
{
	bool ok = true;

	if (job->signer.signs_many)
		return sign_job_run(job, 0, job->count);
	for (size_t i = 0; i < job->count; i++) {
		ok = sign_job_run(job, i, 1) && ok;
		/* Whoever said no to one is not asked about the others; and no code is paid for a
		 * signature that may find no place either. */
		if (job->error.text[0] != '\0' || !job->documents[i].done)
			return false;
	}
	return ok;
}

static void
show_progress(void *context, const char *text)
{
	(void)context;
	(void)fprintf(stderr, "vicar: %s\n", text);
}

static enum command_exit
run_job(struct sign_job *job, const struct command_arguments *arguments, enum digest digest)
{
	const char *const *given = arguments->options;
	bool done =
	    signer_open(&job->signer, given[OPTION_CARD], given[OPTION_KEY], digest, &job->error);

	if (!done)
		return COMMAND_FAILED;
	if (given[OPTION_ONE_BY_ONE] != NULL)
		job->signer.signs_many = false;
	done = place_documents(job, arguments, &job->error) && read_documents(job, &job->error) &&
	       (job->signer.signs_many ||
		may_go_one_by_one(job, given[OPTION_ONE_BY_ONE] != NULL, &job->error));
	if (done) {
		sign_report_list(stderr, job);
		done = sign(job);
	}
	return done ? COMMAND_OK : COMMAND_FAILED;
}

static enum command_exit
run(const struct command_arguments *arguments)
{
	struct sign_job job = {.progress = isatty(STDERR_FILENO) == 1 ? show_progress : NULL};
	enum digest digest;
	enum command_exit r = take_options(arguments->options, &job, &digest);

	if (r != COMMAND_OK)
		return r;
	job.documents = calloc(arguments->operands_count, sizeof(*job.documents));
	if (job.documents == NULL) {
		say_error("no memory is left; close other programs");
		return COMMAND_FAILED;
	}
	r = run_job(&job, arguments, digest);
	if (arguments->options[OPTION_JSON] != NULL)
		r = sign_report_json(stdout, &job) ? r : COMMAND_FAILED;
	else
		sign_report_text(stdout, &job);
	for (size_t i = 0; i < job.count; i++)
		document_free(&job.documents[i]);
	free(job.documents);
	if (job.signer.certificate != NULL)
		signer_close(&job.signer);
	return r;
}

const struct command command_sign = {
    .name = "sign",
    .operands = "FILE...",
    .operands_min = 1,
    .operands_max = COMMAND_OPERANDS_MAX,
    .summary = "signs FILEs with a card's key: up to 100 with one PIN and one code",
    .text = "The PIN is typed into Vicar's own prompt, which shows the documents.",
    .options = options,
    .run = run,
};
