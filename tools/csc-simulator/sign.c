/* signatures/signHash, and signPolling for those that are made later (csc.md 4, 5 and 7). */
#include "hashes.h"

#include "tools/simulator/base64.h"

#include <stdlib.h>
#include <string.h>

#define MD5_AND_SHA1 "1.3.6.1.4.1.2706.2.4.1.1" /* csc.md part B, Trans Sped */

enum { RESPONSE_LIFETIME_S = 3600 };

static json_t *
base64_value(struct bytes data)
{
	char *text = malloc(sim_base64_len(data.len) + 1);
	json_t *value = NULL;

	if (text == NULL)
		return NULL;
	sim_base64_encode(data, text);
	value = json_string(text);
	free(text);
	return value;
}

/* The digest that the request names; NULL in `digest` when it names none. */
static bool
take_digest(struct rssp_call *call, const EVP_MD **digest)
{
	const char *oid;

	*digest = NULL;
	if (!rssp_take_text(call, rssp_hash_algo_name(call), &oid))
		return rssp_invalid(call, "Invalid parameter %s", rssp_hash_algo_name(call));
	if (oid == NULL ||
	    (strcmp(oid, MD5_AND_SHA1) == 0 && rssp_speaks(call, RSSP_WHOLE_DIGESTINFO)))
		return true;
	*digest = rssp_digest_of_oid(oid);
	return *digest != NULL ||
	       rssp_invalid(call, "Invalid parameter %s", rssp_hash_algo_name(call));
}

/* Dialect: neither signAlgo nor hashAlgo (csc.md part B, A-Trust). */
static bool
guess(struct rssp_call *call, const struct rssp_hashes *hashes, struct rssp_signing *signing)
{
	signing->scheme = call->credential->bits > 1024 ? RSSP_PKCS1 : RSSP_ECDSA;
	signing->digest = rssp_digest_of_length(hashes->list[0].len);
	return signing->digest != NULL || rssp_invalid(call, "Invalid digest value length");
}

/* PSS parameters tell all; without them it is the digest's own length and mask. */
static bool
need_pss(struct rssp_call *call, struct rssp_signing *signing)
{
	const EVP_MD *named = signing->digest;
	const char *params;

	if (!rssp_take_text(call, "signAlgoParams", &params) ||
	    (params != NULL && *params != '\0' && !rssp_algorithm_pss(params, signing)) ||
	    (named != NULL && signing->digest != named))
		return rssp_invalid(call, "Invalid parameter signAlgoParams");
	if (params != NULL && *params != '\0')
		return true;
	signing->mask = named;
	signing->salt_len = named != NULL ? EVP_MD_get_size(named) : 0;
	return true;
}

/* How the request wants to have it signed. */
static bool
need_signing(struct rssp_call *call, const struct rssp_hashes *hashes, struct rssp_signing *signing)
{
	const struct rssp_algorithm *algorithm;
	const char *oid;
	size_t index;

	*signing = (struct rssp_signing){0};
	if (!rssp_has(call, "signAlgo") && rssp_speaks(call, RSSP_NO_SIGN_ALGO))
		return guess(call, hashes, signing);
	oid = rssp_need_text(call, "signAlgo");
	if (oid == NULL)
		return false;
	index = rssp_algorithm_of_oid(oid);
	if (index == RSSP_ALGORITHMS || (call->credential->algorithms & 1u << index) == 0)
		return rssp_invalid(call, "Invalid parameter signAlgo");
	algorithm = &rssp_algorithms[index];
	signing->scheme = algorithm->scheme;
	/* A digest that signAlgo implies already is ignored when it is named too. */
	if (algorithm->digest != NULL)
		signing->digest = EVP_get_digestbyname(algorithm->digest);
	else if (!take_digest(call, &signing->digest))
		return false;
	if (signing->scheme == RSSP_PSS && !need_pss(call, signing))
		return false;
	if (signing->digest == NULL &&
	    (signing->scheme != RSSP_PKCS1 || !rssp_speaks(call, RSSP_WHOLE_DIGESTINFO)))
		return rssp_invalid(call, "Missing (or invalid type) string parameter %s",
				    rssp_hash_algo_name(call));
	if (signing->scheme == RSSP_ECDSA && rssp_speaks(call, RSSP_ECDSA_RAW))
		signing->scheme = RSSP_ECDSA_PLAIN;
	return true;
}

static bool
hashes_are_right(struct rssp_call *call, const struct rssp_hashes *hashes,
		 const struct rssp_signing *signing, const struct rssp_grant *sad)
{
	for (size_t i = 0; i < hashes->count; i++)
		if (signing->digest != NULL &&
		    hashes->list[i].len != (size_t)EVP_MD_get_size(signing->digest))
			return rssp_invalid(call, "Invalid digest value length");
	for (size_t i = 0; i < hashes->count; i++)
		if (sad->hashes.count > 0 && !rssp_hashes_has(&sad->hashes, &hashes->list[i]))
			return rssp_invalid(call, "Hash is not authorized by the SAD.");
	return hashes->count <= sad->signatures ||
	       rssp_invalid(call, "Numbers of signatures is too high");
}

static bool
certificate_is_in_date(struct rssp_call *call)
{
	const struct rssp_user *user =
	    rssp_accounts_user(&call->rssp->accounts, call->credential->user);

	if (call->credential->certificate == RSSP_EXPIRED)
		return rssp_invalid(call,
				    "Signing certificate 'O=Vicar csc-simulator, for tests "
				    "only,CN=%s %s' is expired.",
				    user->given_names, user->surname);
	return call->credential->certificate == RSSP_VALID ||
	       rssp_invalid(call, "Invalid certificate status");
}

/* One signature; troubles: of another hash, by another key, too short. */
static json_t *
sign_one(const struct rssp_call *call, EVP_PKEY *key, const struct rssp_signing *signing,
	 const struct rssp_hash *hash)
{
	uint8_t input[RSSP_HASH_MAX], signature[RSSP_SIGNATURE_MAX];
	size_t len = 0;

	memcpy(input, hash->data, hash->len);
	if ((call->trouble & RSSP_WRONG_SIGNATURE) != 0)
		input[hash->len - 1] ^= 1;
	if (!rssp_algorithm_sign(key, signing, (struct bytes){input, hash->len}, signature, &len))
		return NULL;
	if ((call->trouble & RSSP_SHORT_SIGNATURE) != 0)
		len--;
	return base64_value((struct bytes){signature, len});
}

/* The list of signatures; NULL when the machine fails. */
static json_t *
sign_all(struct rssp_call *call, const struct rssp_signing *signing,
	 const struct rssp_hashes *hashes)
{
	const struct rssp_user *user =
	    rssp_accounts_user(&call->rssp->accounts, call->credential->user);
	size_t count = hashes->count - ((call->trouble & RSSP_FEWER_SIGNATURES) != 0 ? 1 : 0);
	bool reversed = (call->trouble & RSSP_REVERSED_SIGNATURES) != 0;
	EVP_PKEY *other = NULL;
	struct problem error = {""};
	struct sim_identity leaf;
	json_t *list;

	if (!rssp_hierarchy_leaf(&call->rssp->directory, &call->rssp->hierarchy, user,
				 call->credential, &leaf, &error)) {
		(void)rssp_failed(call, error.text);
		return NULL;
	}
	if ((call->trouble & RSSP_OTHER_KEY) != 0)
		other = sim_key_make(call->credential->bits);
	list = json_array();
	for (size_t i = 0; i < count; i++) {
		const struct rssp_hash *hash = &hashes->list[reversed ? count - 1 - i : i];

		/* Appending NULL fails. */
		if (json_array_append_new(list, sign_one(call, other != NULL ? other : leaf.key,
							 signing, hash)) == -1) {
			(void)rssp_failed(call, "OpenSSL cannot sign");
			json_decref(list);
			list = NULL;
			break;
		}
	}
	EVP_PKEY_free(other);
	sim_identity_free(&leaf);
	return list;
}

/* v2 only: operationMode A puts the signatures aside. */
static bool
take_mode(struct rssp_call *call, bool *later)
{
	const char *mode = NULL;

	*later = false;
	if (call->version == RSSP_V1)
		return true;
	if (!rssp_take_text(call, "operationMode", &mode))
		return rssp_invalid(call, "Invalid parameter operationMode");
	*later = mode != NULL && strcmp(mode, "A") == 0;
	return mode == NULL || *later || strcmp(mode, "S") == 0 ||
	       rssp_invalid(call, "Invalid parameter operationMode");
}

static bool
put_aside(struct rssp_call *call, json_t *signatures)
{
	struct rssp *rssp = call->rssp;
	struct rssp_grant *response =
	    rssp_grants_add(&rssp->grants, RSSP_RESPONSE, rssp_now_ms(rssp), RESPONSE_LIFETIME_S);

	if (response == NULL) {
		json_decref(signatures);
		return rssp_failed(call, "out of memory or random bytes for a response");
	}
	(void)snprintf(response->user, sizeof(response->user), "%s", call->credential->user);
	response->data = signatures;
	rssp_put_text(call, "responseID", response->id);
	return true;
}

bool
rssp_run_sign_hash(struct rssp_call *call)
{
	struct rssp_hashes hashes;
	struct rssp_signing signing;
	struct rssp_grant *sad;
	json_t *signatures;
	bool later;

	if (!rssp_need_credential(call))
		return false;
	if (call->credential->disabled)
		return rssp_invalid(call, "The credential identified by credentialID is disabled");
	sad = rssp_need_sad(call);
	if (sad == NULL || !rssp_need_hashes(call, &hashes) ||
	    !need_signing(call, &hashes, &signing) ||
	    !hashes_are_right(call, &hashes, &signing, sad) || !take_mode(call, &later) ||
	    !certificate_is_in_date(call))
		return false;
	signatures = sign_all(call, &signing, &hashes);
	if (signatures == NULL)
		return false;
	sad->signatures -= (unsigned)hashes.count;
	if (later)
		return put_aside(call, signatures);
	rssp_put(call, "signatures", signatures);
	return true;
}

bool
rssp_run_sign_polling(struct rssp_call *call)
{
	struct rssp *rssp = call->rssp;
	const char *id = rssp_need_text(call, "requestID");
	struct rssp_grant *response = rssp_grants_find(&rssp->grants, RSSP_RESPONSE, id);

	if (id == NULL)
		return false;
	if (response == NULL || rssp_now_ms(rssp) >= response->until_ms ||
	    (call->user != NULL && strcmp(call->user, response->user) != 0))
		return rssp_invalid(call, "Invalid parameter requestID");
	if (response->polled++ < rssp_server_of(call)->polls)
		return rssp_refuse(call, 202, "accepted_request",
				   "The request was accepted but is not completed");
	rssp_put(call, "signatures", json_incref(response->data));
	rssp_grants_remove(&rssp->grants, response);
	return true;
}
