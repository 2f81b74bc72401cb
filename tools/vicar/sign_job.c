#include "sign_job.h"

#include "iso7816/sw.h"
#include "output.h"
#include "tools/control.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct bytes
bytes_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

/* At most CONTROL_NAME_MAX bytes, of which the last say what kind of file it is. Not inside a character
 * of UTF-8. */
static struct bytes
shown_name(const char *name)
{
	const size_t len = strlen(name);
	const char *from = name;

	if (len > CONTROL_NAME_MAX)
		from = name + len - CONTROL_NAME_MAX;
	while (((unsigned char)*from & 0xC0) == 0x80)
		from++;
	return bytes_of(from);
}

static void
put_request(const struct sign_job *job, size_t first, size_t count, struct bridge_request *request)
{
	*request = (struct bridge_request){
	    .operation = BRIDGE_SIGN,
	    .use = job->signer.use,
	    .digest = job->signer.digest,
	    .key = bytes_of(job->signer.key->name),
	    .program = BYTES_TEXT("vicar sign"),
	    .documents_count = count,
	};
	for (size_t i = 0; i < count; i++) {
		const struct document *document = &job->documents[first + i];

		request->documents[i].name = shown_name(document->name);
		request->documents[i].input = (struct bytes){document->input, document->input_len};
	}
}

static bool
ask(struct sign_job *job, size_t first, size_t count, uint8_t *room, struct bridge_result *result)
{
	struct bridge_request request;
	const struct control_signing signing = {.name = job->signer.image.name,
						.request = &request,
						.progress = job->progress,
						.context = job->context};
	char reply[CONTROL_REPLY_MAX];

	put_request(job, first, count, &request);
	if (control_sign(&signing, room, result, reply) != CONTROL_OK)
		return problem(&job->error, "%s", reply);
	job->sw = result->sw;
	if (result->sw != SW_OK)
		return problem(&job->error, "%.*s", (int)result->text.len,
			       (const char *)result->text.data);
	return result->outputs_count == count ||
	       problem(&job->error,
		       "vicard gave another number of signatures; vicar and vicard must "
		       "be of one version");
}

static void
tell(const struct sign_job *job, const char *text)
{
	if (job->progress != NULL)
		job->progress(job->context, text);
}

/* A signature without the time stamp that was wanted is written all the same: it was paid for. */
static void
stamp(struct sign_job *job, struct document *document, struct bytes signature)
{
	uint8_t *token = NULL;
	struct problem why = {""};
	size_t len = 0;

	if (job->timestamp.url == NULL)
		return;
	tell(job, "waiting for the time stamp");
	document->stamped = timestamp_get(&job->timestamp, signature, signer_md(&job->signer),
					  &token, &len, &why) &&
			    cms_draft_add_timestamp(&document->draft, (struct bytes){token, len});
	if (!document->stamped && token != NULL)
		problem(&why, "OpenSSL cannot add the time stamp");
	if (!document->stamped)
		problem(&document->error,
			"%s; %s is signed without one: keep that, or try again later, or another "
			"authority",
			why.text, document->path);
	OPENSSL_free(token);
}

static void
write_result(const struct sign_job *job, struct document *document, struct bytes result)
{
	char kept[PATH_MAX];
	struct problem why;

	document->done = output_write(document->output, result, job->force, &why);
	if (document->done)
		return;
	if (output_keep(document->output, result, kept))
		problem(&document->error, "%s; the signature is kept in %s", why.text, kept);
	else
		problem(&document->error,
			"%s; nor could it be kept elsewhere, so the signature is "
			"lost",
			why.text);
}

static void
finish(struct sign_job *job, struct document *document, struct bytes output)
{
	uint8_t *signature = NULL, *result = NULL;
	size_t signature_len = 0, result_len = 0;

	if (!signer_signature(&job->signer, document->to_sign, output, &signature,
			      &signature_len)) {
		problem(&document->error,
			"the signature of %s does not verify against the card's "
			"certificate; if the account has a new one, renew the card",
			document->path);
		goto out;
	}
	if (job->format != DOCUMENT_RAW) {
		if (!cms_draft_finish(&document->draft, (struct bytes){signature, signature_len})) {
			problem(&document->error, "OpenSSL cannot finish the signature of %s",
				document->path);
			goto out;
		}
		stamp(job, document, (struct bytes){signature, signature_len});
	}
	if (!document_result(document, job->format, (struct bytes){signature, signature_len},
			     &result, &result_len)) {
		problem(&document->error, "the signature of %s is too long for its place",
			document->path);
		goto out;
	}
	write_result(job, document, (struct bytes){result, result_len});
	if (document->done && !document_unchanged(document, &job->signer))
		problem(&document->error,
			"%s was changed while it was being signed; %s is of what it "
			"was before",
			document->path, document->output);
out:
	OPENSSL_free(signature);
	OPENSSL_free(result);
}

bool
sign_job_run(struct sign_job *job, size_t first, size_t count)
{
	uint8_t *room = malloc(CONTROL_SIGN_MAX);
	struct bridge_result result;
	bool ok = room != NULL || problem(&job->error, "no memory is left; close other programs");

	ok = ok && ask(job, first, count, room, &result);
	if (!ok)
		goto out;
	for (size_t i = 0; i < count; i++) {
		finish(job, &job->documents[first + i], result.outputs[i]);
		ok = ok && job->documents[first + i].error.text[0] == '\0';
	}
out:
	free(room);
	return ok;
}
