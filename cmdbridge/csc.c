#include "csc.h"
#include "certificate.h"
#include "cscauthorize.h"
#include "cscbatch.h"
#include "csclogin.h"
#include "cscoptions.h"
#include "cscsign.h"
#include "csctoken.h"
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CHAIN_ROOM = 64 * 1024,
	BATCHES_MAX = 8, /* vicard ends a bridge that says more than its WORDS_MAX */
};

static struct bytes
text_bytes(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

/* What is to be signed, by each of the two who look at it. */
struct documents {
	struct consent list[BRIDGE_DOCUMENTS_MAX];
	size_t count;
};

/* What a program that signs with ECDSA has hashed with, it need not say; the length tells. */
static enum digest
digest_of_length(size_t len)
{
	static const enum digest digests[] = {DIGEST_SHA224, DIGEST_SHA256, DIGEST_SHA384,
					      DIGEST_SHA512};

	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++)
		if (digest_len(digests[i]) == len)
			return digests[i];
	return DIGEST_COUNT;
}

static enum outcome
read_documents(const struct bridge_request *request, struct documents *documents)
{
	documents->count = request->documents_count;
	for (size_t i = 0; i < documents->count; i++) {
		struct consent *document = &documents->list[i];

		if (!consent_of(request, i, document))
			return request->use == KEYFILE_SIGN_PKCS1 ? OUTCOME_NOT_A_DIGESTINFO
								  : OUTCOME_KEY_UNFIT;
		if (document->digest == DIGEST_COUNT)
			document->digest = digest_of_length(document->hash.len);
		document->code = CONSENT_CODE_UNKNOWN;
	}
	return documents->count > 0 ? OUTCOME_OK : OUTCOME_KEY_UNFIT;
}

/* What can be known to fail before anybody is asked. */
static enum outcome
check_input(struct csc *csc, struct documents *documents, X509 **leaf)
{
	char date[CERTIFICATE_DATE_SIZE];

	*leaf = certificate_parse(csc->use->request->certificate);
	if (!*leaf)
		return csc_explain(csc, OUTCOME_MISCONFIGURED,
				   "the card's certificate cannot be read");
	if (!certificate_is_current(*leaf)) {
		certificate_date(X509_get0_notAfter(*leaf), date);
		return csc_explain(csc, OUTCOME_CERTIFICATE_EXPIRED, "valid until %s", date);
	}
	return read_documents(csc->use->request, documents);
}

static enum outcome
get_consent(struct csc *csc, const struct consent *documents, size_t count)
{
	char error[PROMPT_ERROR_MAX];
	const enum outcome outcome = csc_progress(csc, "waiting for consent");

	if (outcome != OUTCOME_OK)
		return outcome;
	switch (consent_ask_many(csc->use, documents, count, error)) {
	case PROMPT_OK: return OUTCOME_OK;
	case PROMPT_CANCELLED: return OUTCOME_NO_CONSENT;
	case PROMPT_TIMED_OUT: return OUTCOME_NO_ANSWER;
	case PROMPT_IMPOSSIBLE: return csc_explain(csc, OUTCOME_NO_PROMPT, "%s", error);
	case PROMPT_GONE: break;
	}
	return OUTCOME_GONE;
}

/* The request's, or the only one that the account has. */
static enum outcome
find_key(struct csc *csc, struct csc_ids *ids)
{
	struct bytes wanted = csc->use->request->credential;
	enum outcome outcome;

	if (wanted.len > 0) {
		if (wanted.len >= CSC_ID_MAX)
			return csc_explain(csc, OUTCOME_KEY_UNKNOWN, "its name is too long");
		memcpy(ids->list[0], wanted.data, wanted.len);
		ids->list[0][wanted.len] = '\0';
		ids->count = 1;
		return OUTCOME_OK;
	}
	outcome = csc_list(csc, ids);
	if (outcome == OUTCOME_OK && ids->count == 0)
		return csc_explain(csc, OUTCOME_KEY_UNKNOWN, "it has none for %s",
				   csc->account->user);
	return outcome;
}

static enum outcome
check_certificate(struct csc *csc, const struct csc_key *key)
{
	uint8_t *room = malloc(CHAIN_ROOM);
	struct writer chain = writer_to(room, room ? CHAIN_ROOM : 0);
	struct bytes card = csc->use->request->certificate;
	enum outcome outcome = csc_key_chain(csc, key, &chain);

	if (outcome == OUTCOME_OK &&
	    (chain.len < card.len || memcmp(chain.data, card.data, card.len) != 0))
		outcome = csc_explain(csc, OUTCOME_KEY_CHANGED, "key %.64s", key->id);
	free(room);
	return outcome;
}

/* Everything about the key that can be known to fail before the owner's try is used up. */
static enum outcome
open_key(struct csc *csc, struct csc_key *key)
{
	struct csc_ids ids = {.count = 0};
	enum outcome outcome = find_key(csc, &ids);

	if (outcome != OUTCOME_OK)
		return outcome;
	if (ids.count > 1)
		return csc_explain(csc, OUTCOME_KEY_UNKNOWN,
				   "the account has %zu, and the card does not name one",
				   ids.count);
	outcome = csc_key_get(csc, ids.list[0], key);
	if (outcome == OUTCOME_OK)
		outcome = csc_key_usable(csc, key);
	if (outcome == OUTCOME_OK)
		outcome = check_certificate(csc, key);
	return outcome == OUTCOME_OK ? csc_authorize_check(csc, key) : outcome;
}

/* As many from `first` on as one authorisation can be for. */
static size_t
batch_len(const struct documents *documents, size_t first, long multisign)
{
	size_t len = 1;

	while (first + len < documents->count && len < (size_t)multisign &&
	       documents->list[first + len].digest == documents->list[first].digest)
		len++;
	return len;
}

/* Every digest is one that the key can sign, and nobody is asked for codes without end; before the first
 * authorisation. */
static enum outcome
check_batches(struct csc *csc, const struct csc_key *key, const struct documents *documents)
{
	struct csc_algorithm algorithm;
	size_t batches = 0;

	for (size_t i = 0; i < documents->count; i += batch_len(documents, i, key->multisign))
		batches++;
	if (batches > BATCHES_MAX)
		return csc_explain(csc, OUTCOME_KEY_UNFIT,
				   "it would take %zu authorisations, since the key signs at most "
				   "%ld documents with one; sign fewer at a time",
				   batches, key->multisign);
	for (size_t i = 0; i < documents->count; i++)
		if (!csc_algorithm_choose(csc_key_algorithms(key), csc->use->request->use,
					  documents->list[i].digest, &algorithm))
			return csc_explain(csc, OUTCOME_KEY_UNFIT,
					   "key %.64s lists no such algorithm", key->id);
	return OUTCOME_OK;
}

/* An authorisation costs the owner a code or an answer at the service. The first consent was to the first
 * one; whoever has more documents than one is good for is asked before each further one. */
static enum outcome
sign_batches(struct csc *csc, const struct csc_key *key, const struct documents *documents,
	     X509 *leaf)
{
	const struct bridge_request *request = csc->use->request;
	enum outcome outcome = check_batches(csc, key, documents);

	for (size_t first = 0, len; outcome == OUTCOME_OK && first < documents->count;
	     first += len) {
		struct csc_batch batch = {
		    .key = key,
		    .documents = documents->list + first,
		    .inputs = request->documents + first,
		    .leaf = leaf,
		};

		len = batch.count = batch_len(documents, first, key->multisign);
		if (first > 0)
			outcome = get_consent(csc, batch.documents, len);
		if (outcome == OUTCOME_OK &&
		    !csc_algorithm_choose(csc_key_algorithms(key), request->use,
					  batch.documents[0].digest, &batch.algorithm))
			outcome = OUTCOME_KEY_UNFIT;
		if (outcome == OUTCOME_OK)
			outcome = csc_sign_batch(csc, &batch);
		if (outcome != OUTCOME_OK && first > 0 && !csc->result->detail[0])
			csc_explain(csc, outcome, "%zu of %zu documents had been signed", first,
				    documents->count);
	}
	return outcome;
}

/* vicard takes a bridge that says nothing for one that hangs; several calls may be before us. */
static enum outcome
log_in(struct csc *csc)
{
	enum outcome outcome = csc_progress(csc, "logging in at the service");

	if (outcome == OUTCOME_OK)
		outcome = csc_login(csc, CSC_ASKING);
	return outcome == OUTCOME_OK ? csc_progress(csc, "asking the service for the key")
				     : outcome;
}

static void
sign(const struct service_use *use, struct service_result *result)
{
	struct documents *documents = calloc(1, sizeof(*documents));
	struct csc_key key = {.info = NULL};
	X509 *leaf = NULL;
	struct csc csc;

	result->outcome = csc_open(&csc, use, result);
	if (result->outcome == OUTCOME_OK)
		result->outcome =
		    documents ? check_input(&csc, documents, &leaf) : OUTCOME_MISCONFIGURED;
	if (result->outcome == OUTCOME_OK && !use->request->consent_given)
		result->outcome = get_consent(&csc, documents->list, documents->count);
	if (result->outcome == OUTCOME_OK)
		result->outcome = log_in(&csc);
	if (result->outcome == OUTCOME_OK)
		result->outcome = open_key(&csc, &key);
	if (result->outcome == OUTCOME_OK)
		result->outcome = sign_batches(&csc, &key, documents, leaf);
	csc_logout(&csc);
	csc_key_free(&key);
	X509_free(leaf);
	free(documents);
	csc_close(&csc);
}

static unsigned
uses_of(const struct csc_key *key)
{
	return csc_algorithm_uses(csc_key_algorithms(key)) |
	       (key->multisign > 1 ? SERVICE_SIGNS_MANY : 0);
}

/* The leaf at the front of a chain. */
static struct bytes
leaf_of(struct bytes chain)
{
	const uint8_t *at = chain.data;
	X509 *leaf = chain.len > 0 ? d2i_X509(NULL, &at, (long)chain.len) : NULL;

	X509_free(leaf);
	return leaf ? (struct bytes){chain.data, (size_t)(at - chain.data)} : BYTES_NONE;
}

/* One of the account's keys as the result has it; `whole`: with its chain. */
static enum outcome
keep_key(struct csc *csc, const char *id, bool whole)
{
	struct service_result *result = csc->result;
	uint8_t *room = malloc(CHAIN_ROOM);
	struct writer chain = writer_to(room, room ? CHAIN_ROOM : 0);
	struct bridge_credential credential;
	struct csc_key key;
	enum outcome outcome = csc_key_get(csc, id, &key);

	if (outcome == OUTCOME_OK)
		outcome = csc_key_chain(csc, &key, &chain);
	if (outcome != OUTCOME_OK)
		goto out;
	credential = (struct bridge_credential){
	    .id = text_bytes(key.id),
	    .label = text_bytes(key.label),
	    .certificate = leaf_of(writer_bytes(&chain)),
	    .uses = uses_of(&key),
	};
	if (!service_keep_credential(result, &credential) ||
	    (whole && !service_keep(result, writer_bytes(&chain), &result->chain)))
		outcome = csc_explain(csc, OUTCOME_BAD_ANSWER, "its certificates are too long");
out:
	csc_key_free(&key);
	free(room);
	return outcome;
}

static enum outcome
keep_keys(struct csc *csc, bool all)
{
	struct csc_ids ids = {.count = 0};
	enum outcome outcome = all ? csc_list(csc, &ids) : find_key(csc, &ids);

	for (size_t i = 0; i < ids.count && outcome == OUTCOME_OK; i++)
		outcome = keep_key(csc, ids.list[i], !all && ids.count == 1);
	return outcome;
}

static void
ask_for_keys(const struct service_use *use, struct service_result *result, bool all)
{
	struct csc csc;

	result->outcome = csc_open(&csc, use, result);
	if (result->outcome == OUTCOME_OK)
		result->outcome = csc_login(&csc, CSC_ASKING);
	if (result->outcome == OUTCOME_OK)
		result->outcome = keep_keys(&csc, all);
	csc_logout(&csc);
	csc_close(&csc);
}

/* Several keys and none named: their names, and no chain. */
static void
enrol(const struct service_use *use, struct service_result *result)
{
	ask_for_keys(use, result, false);
}

static void
list(const struct service_use *use, struct service_result *result)
{
	ask_for_keys(use, result, true);
}

/* Without a password or a page: a service that wants one is told to answer, and no more. */
static void
check(const struct service_use *use, struct service_result *result)
{
	struct csc csc;

	result->outcome = csc_open(&csc, use, result);
	if (result->outcome == OUTCOME_OK)
		result->outcome = csc_greet(&csc);
	if (result->outcome != OUTCOME_OK)
		goto out;
	result->outcome = csc_login(&csc, CSC_SILENTLY);
	if (result->outcome == OUTCOME_OK)
		csc_explain(&csc, OUTCOME_OK, "the service answers and knows the account");
	else if (result->outcome == OUTCOME_LOGIN_REFUSED && !result->code[0])
		result->outcome = csc_explain(&csc, OUTCOME_OK,
					      "the service answers; the next use asks for a login");
out:
	csc_logout(&csc);
	csc_close(&csc);
}

const struct service_maker csc_maker = {
    .kind = &csc_kind,
    .statuses = csc_statuses,
    .enrol = enrol,
    .list = list,
    .sign = sign,
    .check = check,
    .forget = csc_token_forget,
};
