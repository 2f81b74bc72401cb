#include "certificate.h"
#include "p11maker.h"
#include "p11object.h"
#include "peer.h"

#include <openssl/x509v3.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The certificates of a token, and which of them are for keys of it. */
struct directory {
	struct p11 p11;
	struct service_result *result;
	size_t count;
	struct entry {
		X509 *certificate;
		uint8_t id[P11_ID_MAX];
		size_t id_len;
	} entries[P11_OBJECTS_MAX];
};

static enum outcome
open_directory(struct directory *directory, const struct service_use *use, P11KitUri *uri,
	       struct service_result *result)
{
	enum outcome outcome;

	*directory = (struct directory){.result = result};
	outcome = p11_open(&directory->p11, use->config, uri, result);
	return outcome == OUTCOME_OK ? p11_open_session(&directory->p11) : outcome;
}

static void
close_directory(struct directory *directory)
{
	for (size_t i = 0; i < directory->count; i++)
		X509_free(directory->entries[i].certificate);
	p11_close(&directory->p11);
}

/* All that can be seen without a login. */
static enum outcome
read_certificates(struct directory *directory)
{
	struct p11 *p11 = &directory->p11;
	struct p11_objects found;
	enum outcome outcome = p11_find(p11, CKO_CERTIFICATE, NULL, &found);

	for (CK_ULONG i = 0; outcome == OUTCOME_OK && i < found.count; i++) {
		struct entry *entry = &directory->entries[directory->count];
		struct bytes id;

		entry->certificate = p11_certificate(p11, found.handles[i]);
		if (!entry->certificate)
			continue;
		(void)p11_attribute(p11, found.handles[i], CKA_ID, entry->id, sizeof(entry->id),
				    &id);
		entry->id_len = id.len;
		directory->count++;
	}
	return outcome;
}

static struct bytes
id_of(const struct entry *entry)
{
	return (struct bytes){entry->id, entry->id_len};
}

/* Of certificates that were renewed for the same key. */
static bool
is_latest(const struct directory *directory, const struct entry *entry)
{
	for (size_t i = 0; i < directory->count; i++) {
		const struct entry *other = &directory->entries[i];
		int days = 0, seconds = 0;

		if (other != entry && bytes_equal(id_of(other), id_of(entry)) &&
		    ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(entry->certificate),
				   X509_get0_notBefore(other->certificate)) == 1 &&
		    (days > 0 || seconds > 0 || (days == 0 && seconds == 0 && other < entry)))
			return false;
	}
	return true;
}

static bool
names_one(P11KitUri *uri)
{
	return uri && (p11_kit_uri_get_attribute(uri, CKA_ID) ||
		       p11_kit_uri_get_attribute(uri, CKA_LABEL));
}

/* Private keys are seen after a login only. Before it a certificate is taken to be for one, but for an
 * authority's that nobody has named. */
static bool
is_for_a_key(struct directory *directory, P11KitUri *uri, const struct entry *entry)
{
	struct p11_objects keys;

	if (entry->id_len == 0 || !X509_get0_pubkey(entry->certificate) ||
	    !is_latest(directory, entry))
		return false;
	if (!directory->p11.logged_in && (names_one(uri) || X509_check_ca(entry->certificate) == 0))
		return true;
	return p11_find_by_id(&directory->p11, CKO_PRIVATE_KEY, id_of(entry), &keys) ==
		   OUTCOME_OK &&
	       keys.count > 0;
}

/* The URI names this certificate's key: by id, by nothing at all, or by a label that the certificate or
 * a key of the same id has. */
static bool
is_named(struct directory *directory, P11KitUri *uri, const struct entry *entry)
{
	static const CK_OBJECT_CLASS classes[] = {CKO_CERTIFICATE, CKO_PUBLIC_KEY, CKO_PRIVATE_KEY};
	const CK_ATTRIBUTE *id = uri ? p11_kit_uri_get_attribute(uri, CKA_ID) : NULL;
	struct p11_objects found;

	if (id)
		return bytes_equal(id_of(entry), (struct bytes){id->pValue, id->ulValueLen});
	if (!uri || !p11_kit_uri_get_attribute(uri, CKA_LABEL))
		return true;
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (p11_find(&directory->p11, classes[i], uri, &found) != OUTCOME_OK)
			return false;
		for (CK_ULONG j = 0; j < found.count; j++) {
			uint8_t room[P11_ID_MAX];
			struct bytes value;

			if (p11_attribute(&directory->p11, found.handles[j], CKA_ID, room,
					  sizeof(room), &value) &&
			    bytes_equal(value, id_of(entry)))
				return true;
		}
	}
	return false;
}

static struct bytes
text_bytes(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static bool
keep(struct directory *directory, const struct entry *entry)
{
	struct p11 *p11 = &directory->p11;
	char *uri = p11uri_of_key(&p11->token, id_of(entry), BYTES_NONE);
	char label[P11_LABEL_SIZE + 256] = "";
	uint8_t *der = NULL;
	const int len = i2d_X509(entry->certificate, &der);
	bool ok = uri && len > 0;

	(void)X509_NAME_get_text_by_NID(X509_get_subject_name(entry->certificate), NID_commonName,
					label, (int)sizeof(label));
	if (ok) {
		const struct bridge_credential credential = {
		    .id = text_bytes(uri),
		    .label = text_bytes(label),
		    .certificate = {der, (size_t)len},
		    .uses = p11_uses(p11, id_of(entry), X509_get0_pubkey(entry->certificate)),
		};

		ok = service_keep_credential(directory->result, &credential);
	}
	OPENSSL_free(der);
	free(uri);
	return ok;
}

/* The leaf's issuers, as far as the token has them. */
static bool
keep_chain(struct directory *directory, X509 *leaf)
{
	struct service_result *result = directory->result;
	struct writer chain =
	    writer_to(result->room + result->room_used, sizeof(result->room) - result->room_used);
	X509 *current = leaf, *next;

	for (size_t written = 0; current && written < CERTIFICATES_MAX; written++) {
		uint8_t *der = NULL;
		const int len = i2d_X509(current, &der);

		writer_put(&chain, (struct bytes){der, len > 0 ? (size_t)len : 0});
		OPENSSL_free(der);
		next = NULL;
		for (size_t i = 0; i < directory->count && !next; i++)
			if (X509_cmp(directory->entries[i].certificate, current) != 0 &&
			    X509_check_issued(directory->entries[i].certificate, current) ==
				X509_V_OK &&
			    X509_check_issued(current, current) != X509_V_OK)
				next = directory->entries[i].certificate;
		current = next;
	}
	result->room_used += chain.len;
	result->chain = writer_bytes(&chain);
	return writer_ok(&chain);
}

/* Keeps each key that the URI names; `last` is the last one. */
static enum outcome
keep_named(struct directory *directory, P11KitUri *uri, X509 **last)
{
	for (size_t i = 0; i < directory->count; i++) {
		const struct entry *entry = &directory->entries[i];

		if (!is_for_a_key(directory, uri, entry) || !is_named(directory, uri, entry))
			continue;
		if (directory->result->credentials_count == BRIDGE_CREDENTIALS_MAX)
			break;
		if (!keep(directory, entry))
			return p11_say(&directory->p11, OUTCOME_TOKEN_FAILED,
				       "a key of it cannot be described");
		*last = entry->certificate;
	}
	return OUTCOME_OK;
}

static enum outcome
refuse_none(struct directory *directory)
{
	return p11_say(&directory->p11, OUTCOME_TOKEN_KEY_UNKNOWN,
		       "no certificate with the CKA_ID of a key is in the token; put it there: "
		       "pkcs11-tool --module %s --login --write-object FILE --type cert --id ID",
		       directory->p11.config->options[P11_OPTION_MODULE]);
}

static enum outcome
refuse_several(struct directory *directory)
{
	const struct service_result *result = directory->result;
	char list[SERVICE_DETAIL_MAX] = "";
	size_t used = 0;

	for (size_t i = 0; i < result->credentials_count && used < sizeof(list); i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%.*s",
					 i > 0 ? ", " : "", (int)result->credentials[i].id.len,
					 (const char *)result->credentials[i].id.data);
	return p11_say(&directory->p11, OUTCOME_MISCONFIGURED, "choose one by --credential: %s",
		       list);
}

static enum outcome
read_directory(struct directory *directory, const struct service_use *use, P11KitUri *uri,
	       struct service_result *result, X509 **last)
{
	enum outcome outcome = open_directory(directory, use, uri, result);

	if (outcome == OUTCOME_OK && use->request->pin.len > 0)
		outcome = peer_start(use->peer) ? p11_login(&directory->p11, use->request->pin)
						: OUTCOME_GONE;
	if (outcome == OUTCOME_OK)
		outcome = read_certificates(directory);
	if (outcome == OUTCOME_OK)
		outcome = keep_named(directory, uri, last);
	if (outcome == OUTCOME_OK && result->credentials_count == 0)
		outcome = refuse_none(directory);
	return outcome;
}

static void
take(const struct service_use *use, bool one, struct service_result *result)
{
	const struct bytes credential = use->request->credential;
	struct directory *directory = calloc(1, sizeof(*directory));
	P11KitUri *uri = credential.len > 0 ? p11uri_parse(credential) : NULL;
	X509 *leaf = NULL;

	result->outcome = OUTCOME_TOKEN_FAILED;
	if (!directory)
		goto out;
	result->outcome = OUTCOME_TOKEN_KEY_UNKNOWN;
	if (credential.len > 0 && !uri) {
		snprintf(result->detail, sizeof(result->detail), "%.*s is no PKCS#11 URI",
			 (int)credential.len, (const char *)credential.data);
		goto out;
	}
	result->outcome = read_directory(directory, use, uri, result, &leaf);
	if (result->outcome == OUTCOME_OK && one && result->credentials_count > 1)
		result->outcome = refuse_several(directory);
	if (result->outcome == OUTCOME_OK && one && !keep_chain(directory, leaf))
		result->outcome =
		    p11_say(&directory->p11, OUTCOME_TOKEN_FAILED, "its certificates are too long");
	close_directory(directory);
out:
	p11_kit_uri_free(uri);
	free(directory);
}

void
p11_enrol(const struct service_use *use, struct service_result *result)
{
	take(use, true, result);
}

void
p11_list(const struct service_use *use, struct service_result *result)
{
	take(use, false, result);
}

static const char *
pin_state(CK_FLAGS flags)
{
	static const struct {
		CK_FLAGS flag;
		const char *text;
	} states[] = {
	    {CKF_USER_PIN_LOCKED, "its PIN is blocked"},
	    {CKF_USER_PIN_FINAL_TRY, "its PIN has one try left"},
	    {CKF_USER_PIN_TO_BE_CHANGED, "its PIN must be changed"},
	    {CKF_USER_PIN_COUNT_LOW, "a wrong PIN was tried"},
	    {CKF_USER_PIN_INITIALIZED, "its PIN is set"},
	};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if ((flags & states[i].flag) != 0)
			return states[i].text;
	return "it has no PIN yet";
}

void
p11_check(const struct service_use *use, struct service_result *result)
{
	const struct bytes credential = use->request->credential;
	P11KitUri *uri = credential.len > 0 ? p11uri_parse(credential) : NULL;
	char label[P11_LABEL_SIZE];
	struct p11 p11;

	result->outcome = p11_open(&p11, use->config, uri, result);
	if (result->outcome == OUTCOME_OK)
		(void)p11_say(&p11, OUTCOME_OK, "the token \"%s\" is there, %s",
			      p11_label(&p11.token, label), pin_state(p11.token.flags));
	p11_close(&p11);
	p11_kit_uri_free(uri);
}
