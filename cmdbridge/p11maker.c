#include "p11maker.h"
#include "certificate.h"
#include "consent.h"
#include "p11operation.h"
#include "peer.h"

#include <openssl/crypto.h>

#include <stdio.h>
#include <stdlib.h>

/* One use, from the request to its outputs. */
struct work {
	const struct service_use *use;
	struct service_result *result;
	struct p11 p11;
	P11KitUri *uri; /* the request's credential; NULL: none */
	X509 *leaf;
};

static bool
is_of_ec(enum keyfile_operation use)
{
	return use == KEYFILE_SIGN_ECDSA || use == KEYFILE_DERIVE_ECDH;
}

static enum outcome
check_request(struct work *work)
{
	const struct bridge_request *request = work->use->request;

	if (request->credential.len > 0 && !(work->uri = p11uri_parse(request->credential))) {
		snprintf(work->result->detail, sizeof(work->result->detail),
			 "its credential is no PKCS#11 URI");
		return OUTCOME_TOKEN_KEY_UNKNOWN;
	}
	work->leaf = certificate_parse(request->certificate);
	if (!work->leaf || !X509_get0_pubkey(work->leaf)) {
		snprintf(work->result->detail, sizeof(work->result->detail),
			 "the card's certificate cannot be read");
		return OUTCOME_MISCONFIGURED;
	}
	return EVP_PKEY_is_a(X509_get0_pubkey(work->leaf), is_of_ec(request->use) ? "EC" : "RSA")
		   ? OUTCOME_OK
		   : OUTCOME_TOKEN_KEY_CANNOT;
}

static enum outcome
ask(struct work *work, const struct consent *documents)
{
	const struct bridge_progress waiting = {.text = BYTES_TEXT("waiting for consent")};
	struct bridge_request request = *work->use->request;
	struct service_use use = *work->use;
	char error[PROMPT_ERROR_MAX];

	/* The token knows it better than the card. */
	if ((work->p11.token.flags & CKF_USER_PIN_FINAL_TRY) != 0)
		request.tries_left = 1;
	use.request = &request;
	if (!peer_progress(use.peer, &waiting))
		return OUTCOME_GONE;
	switch (consent_ask_many(&use, documents, request.documents_count, error)) {
	case PROMPT_OK: return OUTCOME_OK;
	case PROMPT_CANCELLED: return OUTCOME_NO_CONSENT;
	case PROMPT_TIMED_OUT: return OUTCOME_NO_ANSWER;
	case PROMPT_IMPOSSIBLE: return p11_say(&work->p11, OUTCOME_NO_PROMPT, "%s", error);
	case PROMPT_GONE: break;
	}
	return OUTCOME_GONE;
}

static enum outcome
get_consent(struct work *work)
{
	const struct bridge_request *request = work->use->request;
	struct consent *documents = calloc(request->documents_count, sizeof(*documents));
	enum outcome outcome = OUTCOME_OK;

	if (!documents)
		return p11_say(&work->p11, OUTCOME_TOKEN_FAILED, "no memory is left");
	for (size_t i = 0; outcome == OUTCOME_OK && i < request->documents_count; i++) {
		if (!consent_of(request, i, &documents[i]))
			outcome = request->use == KEYFILE_SIGN_PKCS1 ? OUTCOME_NOT_A_DIGESTINFO
								     : OUTCOME_TOKEN_KEY_INPUT;
		documents[i].code = CONSENT_CODE_NONE;
	}
	if (outcome == OUTCOME_OK && !request->consent_given &&
	    !service_says(work->use->config, P11_OPTION_CONFIRM, "never"))
		outcome = ask(work, documents);
	free(documents);
	return outcome;
}

/* Once, and never again: each one costs a try when the PIN is wrong. */
static enum outcome
log_in(struct work *work)
{
	const struct bridge_progress working = {
	    .text = p11_has_pad(&work->p11) ? BYTES_TEXT("the token asks for its PIN")
					    : BYTES_TEXT("the token is at work")};

	if (!peer_start(work->use->peer) || !peer_progress(work->use->peer, &working))
		return OUTCOME_GONE;
	return p11_login(&work->p11, work->use->request->pin);
}

static bool
is_signature(enum keyfile_operation use)
{
	return use == KEYFILE_SIGN_PKCS1 || use == KEYFILE_SIGN_PSS || use == KEYFILE_SIGN_ECDSA;
}

static enum outcome
make_output(struct work *work, const struct p11_operation *operation, struct bytes input)
{
	uint8_t room[P11_OUTPUT_MAX];
	struct writer output = writer_to(room, sizeof(room));
	enum outcome outcome = p11_operate(&work->p11, operation, input, &output);

	if (outcome == OUTCOME_OK && is_signature(operation->use) &&
	    !certificate_verifies_use(work->leaf, operation->use, operation->digest, input,
				      writer_bytes(&output)))
		outcome = OUTCOME_SIGNATURE_WRONG;
	if (outcome == OUTCOME_OK && !service_keep_output(work->result, writer_bytes(&output)))
		outcome = p11_say(&work->p11, OUTCOME_TOKEN_FAILED, "the outputs are too long");
	OPENSSL_cleanse(room, sizeof(room));
	return outcome;
}

static enum outcome
use_key(struct work *work)
{
	const struct bridge_request *request = work->use->request;
	EVP_PKEY *public_key = X509_get0_pubkey(work->leaf);
	struct p11_operation operation = {
	    .use = request->use,
	    .digest = request->digest,
	    .field_len = ((size_t)EVP_PKEY_get_bits(public_key) + 7) / 8,
	    .pin = request->pin,
	};
	enum outcome outcome = p11_find_key(&work->p11, work->uri, &operation.key);

	if (outcome != OUTCOME_OK)
		return outcome;
	operation.always_authenticate =
	    p11_is(&work->p11, operation.key, CKA_ALWAYS_AUTHENTICATE, false);
	for (size_t i = 0; outcome == OUTCOME_OK && i < request->documents_count; i++)
		outcome = make_output(work, &operation, request->documents[i].input);
	return outcome;
}

/* Without both nothing at all would stand between a program and the key. */
static enum outcome
check_guards(struct work *work)
{
	const struct service_config *config = work->use->config;
	const CK_FLAGS flags = work->p11.token.flags;

	if ((flags & CKF_USER_PIN_LOCKED) != 0)
		return OUTCOME_TOKEN_PIN_BLOCKED;
	if (service_says(config, P11_OPTION_CONFIRM, "never") &&
	    (service_says(config, P11_OPTION_LOGIN, "none") || (flags & CKF_LOGIN_REQUIRED) == 0))
		return p11_say(&work->p11, OUTCOME_MISCONFIGURED,
			       "confirm = never is for a token that is logged into");
	return OUTCOME_OK;
}

static enum outcome
perform(struct work *work)
{
	enum outcome outcome = check_request(work);

	if (outcome == OUTCOME_OK)
		outcome = p11_open(&work->p11, work->use->config, work->uri, work->result);
	if (outcome == OUTCOME_OK)
		outcome = check_guards(work);
	if (outcome == OUTCOME_OK)
		outcome = get_consent(work);
	if (outcome == OUTCOME_OK)
		outcome = p11_open_session(&work->p11);
	if (outcome == OUTCOME_OK)
		outcome = log_in(work);
	if (outcome == OUTCOME_OK)
		outcome = use_key(work);
	return outcome;
}

static void
sign(const struct service_use *use, struct service_result *result)
{
	struct work work = {.use = use, .result = result};

	result->outcome = perform(&work);
	p11_close(&work.p11);
	p11_kit_uri_free(work.uri);
	X509_free(work.leaf);
}

const struct service_maker p11_maker = {
    .kind = &p11_kind,
    .enrol = p11_enrol,
    .list = p11_list,
    .sign = sign,
    .check = p11_check,
};
