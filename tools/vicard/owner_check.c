#include "owner_check.h"

#include "iso7816/digestinfo.h"
#include "tools/control.h"
#include "tools/local_operation.h"

#include <string.h>

static bool
is_idle(const struct keys *keys, struct problem *error)
{
	if (!keys->use.waiting && !keys->by_owner && !keys->at_pad)
		return true;
	return problem(error,
		       "card %s is at work; wait until that has ended (`vicar status %s` says what "
		       "it waits for), then start again",
		       keys->image->name, keys->image->name);
}

static bool
fits_key(const struct keys *keys, const struct bridge_request *request, const char *name,
	 const struct card_key *key, struct problem *error)
{
	const struct image_key *entry = image_key(keys->image, name);
	const bool ecdsa = request->use == KEYFILE_SIGN_ECDSA;
	enum key_operation operation;

	if (entry == NULL || !key->signs)
		return problem(error,
			       "key %s of card %s is not for signatures; choose another with --key",
			       name, keys->image->name);
	if (key->ec != ecdsa ||
	    (!ecdsa && request->use != KEYFILE_SIGN_PKCS1 && request->use != KEYFILE_SIGN_PSS) ||
	    !local_asked(request->use, &operation) ||
	    (image_operations(entry) & 1U << operation) == 0)
		return problem(error,
			       "key %s of card %s cannot sign in this way; choose another key, or "
			       "another scheme",
			       name, keys->image->name);
	return true;
}

static bool
document_sound(const struct bridge_request *request, const struct bridge_document *document)
{
	enum digest digest;
	struct bytes hash;

	if (document->name.len > CONTROL_NAME_MAX)
		return false;
	if (request->use == KEYFILE_SIGN_PKCS1)
		return digestinfo_parse(document->input, &digest, &hash);
	return document->input.len == digest_len(request->digest);
}

static bool
documents_sound(const struct bridge_request *request, struct problem *error)
{
	bool ok = request->operation == BRIDGE_SIGN && request->documents_count > 0;

	for (size_t i = 0; ok && i < request->documents_count; i++)
		ok = document_sound(request, &request->documents[i]);
	return ok ||
	       problem(error, "the request is not understood; vicar and vicard must be of one "
			      "version");
}

/* A remote key: its service, and its certificate. */
static bool
service_ready(const struct keys *keys, const struct bridge_request *request, const char *name,
	      struct problem *error)
{
	const struct image_key *key = image_key(keys->image, name);
	const struct service_config *service = config_service(keys->config, key->service);
	const struct service_kind *kind = service == NULL ? NULL : service_kind(service->type);

	if (kind == NULL)
		return problem(error, "vicar.conf has no [service %s], where key %s is; add it",
			       key->service, name);
	if (request->documents_count > 1 && (kind->abilities & SERVICE_SIGNS_MANY) == 0)
		return problem(error,
			       "the service %s signs one document at a time; sign them one by one, "
			       "each with its own PIN and code",
			       key->service);
	if (rules_certificate_expired((struct bytes){key->certificate, key->certificate_len},
				      time(NULL)))
		return problem(error,
			       "the certificate of key %s has expired, so the service was not "
			       "asked; renew it, and the card",
			       name);
	return true;
}

static bool
has_tries(const struct keys *keys, const struct card_key *key, struct problem *error)
{
	struct card_pin pin;

	if (!card_pin(keys->card, key->pin, &pin) || pin.tries_left > 0)
		return true;
	return problem(error, "%s of card %s is blocked; type: vicar pin unblock %s --pin %s",
		       key->pin, keys->image->name, keys->image->name, key->pin);
}

bool
owner_check(const struct keys *keys, const struct bridge_request *request, const char *name,
	    struct card_key *key, struct problem *error)
{
	if (!documents_sound(request, error))
		return false;
	if (!card_key(keys->card, name, key))
		return problem(error, "card %s has no key %s; type: vicar list", keys->image->name,
			       name);
	return fits_key(keys, request, name, key, error) &&
	       (!key->remote || service_ready(keys, request, name, error)) &&
	       has_tries(keys, key, error) && is_idle(keys, error);
}
