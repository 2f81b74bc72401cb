/*
 * Objects, pkcs11/object.h.
 */
#include "pkcs11/object.h"

#include "pkcs11/log.h"
#include "pkcs11/mechanism.h"
#include "pkcs11/parts.h"
#include "pkcs11/session.h"
#include "pkcs11/token.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	SPKI_MAX = 2400, /* of RSA 16384 */
	READ_TRIES = 3,  /* of a card that others reset meanwhile */
};

/* These take a command, and more: what stands in the certificate before the public key, before the
 * signature, or all of it. */
enum source { SOURCE_NAMES, SOURCE_HEAD, SOURCE_WHOLE, SOURCE_ABILITIES, SOURCES };

static const struct {
	CK_OBJECT_CLASS class;
	CK_ATTRIBUTE_TYPE type;
	enum source source;
} on_card[] = {
    {CKO_CERTIFICATE, CKA_VALUE, SOURCE_WHOLE},
    {CKO_CERTIFICATE, CKA_CHECK_VALUE, SOURCE_WHOLE},
    {CKO_CERTIFICATE, CKA_SUBJECT, SOURCE_NAMES},
    {CKO_CERTIFICATE, CKA_ISSUER, SOURCE_NAMES},
    {CKO_CERTIFICATE, CKA_SERIAL_NUMBER, SOURCE_NAMES},
    {CKO_CERTIFICATE, CKA_PUBLIC_KEY_INFO, SOURCE_HEAD},
    {CKO_CERTIFICATE, CKA_START_DATE, SOURCE_NAMES},
    {CKO_CERTIFICATE, CKA_END_DATE, SOURCE_NAMES},
    {CKO_PUBLIC_KEY, CKA_MODULUS, SOURCE_HEAD},
    {CKO_PUBLIC_KEY, CKA_MODULUS_BITS, SOURCE_HEAD},
    {CKO_PUBLIC_KEY, CKA_PUBLIC_EXPONENT, SOURCE_HEAD},
    {CKO_PUBLIC_KEY, CKA_EC_PARAMS, SOURCE_HEAD},
    {CKO_PUBLIC_KEY, CKA_EC_POINT, SOURCE_HEAD},
    {CKO_PUBLIC_KEY, CKA_PUBLIC_KEY_INFO, SOURCE_HEAD},
    {CKO_PUBLIC_KEY, CKA_SUBJECT, SOURCE_HEAD},
    {CKO_PRIVATE_KEY, CKA_MODULUS, SOURCE_HEAD},
    {CKO_PRIVATE_KEY, CKA_MODULUS_BITS, SOURCE_HEAD},
    {CKO_PRIVATE_KEY, CKA_PUBLIC_EXPONENT, SOURCE_HEAD},
    {CKO_PRIVATE_KEY, CKA_EC_PARAMS, SOURCE_HEAD},
    {CKO_PRIVATE_KEY, CKA_EC_POINT, SOURCE_HEAD},
    {CKO_PRIVATE_KEY, CKA_PUBLIC_KEY_INFO, SOURCE_HEAD},
    {CKO_PRIVATE_KEY, CKA_SUBJECT, SOURCE_HEAD},
    {CKO_PRIVATE_KEY, CKA_ALLOWED_MECHANISMS, SOURCE_ABILITIES},
};

void
object_free_all(struct object **list)
{
	while (*list != NULL) {
		struct object *object = *list;

		*list = object->next;
		attributes_free(&object->attributes);
		free(object);
	}
}

void
object_free_private(struct object **list)
{
	while (*list != NULL) {
		struct object *object = *list;

		if (!attributes_bool(&object->attributes, CKA_PRIVATE, false)) {
			list = &object->next;
			continue;
		}
		*list = object->next;
		object->next = NULL;
		object_free_all(&object);
	}
}

/* At the end of the list, so that they are found in the order of making. NULL: no memory. */
static struct object *
add(struct token *token, CK_OBJECT_CLASS class)
{
	struct object **at = &token->objects, *object = calloc(1, sizeof(*object));
	struct attributes *list;
	char unique[64];

	if (object == NULL)
		return NULL;
	while (*at != NULL)
		at = &(*at)->next;
	*at = object;
	object->handle = atomic_fetch_add(&module.last_object, 1) + 1;
	object->class = class;
	object->key = object->public_key = object->certificate = SMARTCARD_NONE;
	list = &object->attributes;
	attributes_put_ulong(list, CKA_CLASS, class);
	attributes_put_bool(list, CKA_TOKEN, true);
	attributes_put_bool(list, CKA_PRIVATE, false);
	attributes_put_bool(list, CKA_MODIFIABLE, false);
	attributes_put_bool(list, CKA_COPYABLE, false);
	attributes_put_bool(list, CKA_DESTROYABLE, false);
	(void)snprintf(unique, sizeof(unique), "%lu.%lu", token->slot, object->handle);
	attributes_put_text(list, CKA_UNIQUE_ID, unique);
	return object;
}

static struct bytes
id_of(const struct pkcs15_id *id)
{
	return (struct bytes){id->data, id->len};
}

static void
put_key(struct attributes *list, const struct smartcard_private_key *key)
{
	bool rsa = key->object.kind == PKCS15_KEY_RSA;

	attributes_put_ulong(list, CKA_KEY_TYPE, rsa ? CKK_RSA : CKK_EC);
	attributes_put_text(list, CKA_LABEL, key->object.common.label);
	attributes_put(list, CKA_ID, id_of(&key->object.id));
	attributes_put_bool(list, CKA_LOCAL, (key->object.access & PKCS15_KEY_LOCAL) != 0);
	attributes_put_ulong(list, CKA_KEY_GEN_MECHANISM, CK_UNAVAILABLE_INFORMATION);
	attributes_put(list, CKA_START_DATE, BYTES_NONE);
	attributes_put(list, CKA_END_DATE, BYTES_NONE);
	if (rsa && key->bits != 0)
		attributes_put_ulong(list, CKA_MODULUS_BITS, key->bits);
}

static void
put_private_key(struct attributes *list, const struct smartcard_private_key *key)
{
	CK_FLAGS uses = mechanism_uses(key);
	bool asks = key->user_consent &&
		    !settings_match(module.settings.no_always_authenticate_for, module.program);

	put_key(list, key);
	attributes_put_bool(list, CKA_PRIVATE, true);
	attributes_put_bool(list, CKA_SENSITIVE, true);
	attributes_put_bool(list, CKA_ALWAYS_SENSITIVE, true);
	attributes_put_bool(list, CKA_EXTRACTABLE, false);
	attributes_put_bool(list, CKA_NEVER_EXTRACTABLE, true);
	attributes_put_bool(list, CKA_SIGN, (uses & CKF_SIGN) != 0);
	attributes_put_bool(list, CKA_SIGN_RECOVER, false);
	attributes_put_bool(list, CKA_DECRYPT, (uses & CKF_DECRYPT) != 0);
	attributes_put_bool(list, CKA_UNWRAP, false);
	attributes_put_bool(list, CKA_DERIVE, (uses & CKF_DERIVE) != 0);
	attributes_put_bool(list, CKA_WRAP_WITH_TRUSTED, false);
	attributes_put_bool(list, CKA_ALWAYS_AUTHENTICATE, asks);
}

static void
put_public_key(struct attributes *list, const struct smartcard_private_key *key)
{
	CK_FLAGS uses = mechanism_uses(key);

	put_key(list, key);
	attributes_put_bool(list, CKA_VERIFY, (uses & CKF_SIGN) != 0);
	attributes_put_bool(list, CKA_VERIFY_RECOVER, false);
	attributes_put_bool(list, CKA_ENCRYPT, (uses & CKF_DECRYPT) != 0);
	attributes_put_bool(list, CKA_WRAP, false);
	attributes_put_bool(list, CKA_DERIVE, false);
	attributes_put_bool(list, CKA_TRUSTED, false);
}

/* The card's object of the key's public half, where it has one. */
static int
find_public_key(const struct smartcard *card, const struct smartcard_private_key *key)
{
	for (size_t i = 0; i < card->public_keys_count; i++) {
		if (bytes_equal(id_of(&card->public_keys[i].object.id), id_of(&key->object.id)))
			return (int)i;
	}
	return SMARTCARD_NONE;
}

static bool
list_key(struct token *token, size_t index)
{
	const struct smartcard_private_key *key = &token->ifd->card->private_keys[index];
	int public_key = find_public_key(token->ifd->card, key);
	struct object *object = add(token, CKO_PRIVATE_KEY);

	if (object == NULL)
		return false;
	object->key = (int)index;
	object->public_key = public_key;
	object->certificate = key->certificate;
	put_private_key(&object->attributes, key);
	if (object->attributes.failed)
		return false;
	if (public_key == SMARTCARD_NONE && key->certificate == SMARTCARD_NONE)
		return true;
	object = add(token, CKO_PUBLIC_KEY);
	if (object == NULL)
		return false;
	object->key = (int)index;
	object->public_key = public_key;
	object->certificate = key->certificate;
	put_public_key(&object->attributes, key);
	return !object->attributes.failed;
}

/* The private key whose certificate this is, or NULL: one of an authority, or of nobody here. */
static const struct smartcard_private_key *
key_of_certificate(const struct smartcard *card, size_t index)
{
	for (size_t i = 0; i < card->private_keys_count; i++) {
		if (card->private_keys[i].certificate == (int)index)
			return &card->private_keys[i];
	}
	return NULL;
}

static bool
list_certificate(struct token *token, size_t index)
{
	const struct smartcard *card = token->ifd->card;
	const struct pkcs15_certificate *certificate = &card->certificates[index].object;
	const struct smartcard_private_key *key = key_of_certificate(card, index);
	const char *label = certificate->common.label;
	struct attributes *list;
	struct object *object;

	/* Those of authorities are in each slot: a program looks for the chain where the key is. */
	if (key != NULL && !token_has_key(token, key))
		return true;
	object = add(token, CKO_CERTIFICATE);
	if (object == NULL)
		return false;
	object->certificate = (int)index;
	list = &object->attributes;
	attributes_put_ulong(list, CKA_CERTIFICATE_TYPE, CKC_X_509);
	attributes_put_ulong(list, CKA_CERTIFICATE_CATEGORY,
			     key != NULL              ? CK_CERTIFICATE_CATEGORY_TOKEN_USER
			     : certificate->authority ? CK_CERTIFICATE_CATEGORY_AUTHORITY
						      : CK_CERTIFICATE_CATEGORY_UNSPECIFIED);
	attributes_put_bool(list, CKA_TRUSTED, false);
	attributes_put_text(list, CKA_LABEL,
			    label[0] == '\0' && key != NULL ? key->object.common.label : label);
	attributes_put(list, CKA_ID, id_of(&certificate->id));
	attributes_put(list, CKA_URL, BYTES_NONE);
	if ((certificate->common.flags & PKCS15_OBJECT_PRIVATE) != 0)
		attributes_put_bool(list, CKA_PRIVATE, true);
	return !list->failed;
}

/* Tells NSS to read certificates without a login (PKCS#11 3.0 profiles, section 3.4). */
static bool
list_profile(struct token *token)
{
	struct object *object = add(token, CKO_PROFILE);

	if (object == NULL)
		return false;
	attributes_put_ulong(&object->attributes, CKA_PROFILE_ID, CKP_PUBLIC_CERTIFICATES_TOKEN);
	return !object->attributes.failed;
}

CK_RV
object_list(struct token *token)
{
	const struct smartcard *card = token->ifd->card;
	bool ok;

	if (token->objects_made)
		return CKR_OK;
	ok = list_profile(token);
	for (size_t i = 0; ok && i < card->private_keys_count; i++) {
		if (token_has_key(token, &card->private_keys[i]))
			ok = list_key(token, i);
	}
	for (size_t i = 0; ok && i < card->certificates_count; i++)
		ok = list_certificate(token, i);
	if (!ok) {
		object_free_all(&token->objects);
		return CKR_HOST_MEMORY;
	}
	token->objects_made = true;
	return CKR_OK;
}

bool
object_visible(const struct token *token, const struct object *object)
{
	return token->user == TOKEN_USER ||
	       !attributes_bool(&object->attributes, CKA_PRIVATE, false);
}

struct object *
object_find(struct token *token, const struct session *session, CK_OBJECT_HANDLE handle, bool all)
{
	struct object *object;

	for (object = token->objects; object != NULL; object = object->next) {
		if (object->handle == handle)
			return all || object_visible(token, object) ? object : NULL;
	}
	/* An object of one session is seen by all of this application's, on this token. */
	for (const struct session *of = token->ifd->sessions; of != NULL; of = of->next) {
		if (of->token != session->token)
			continue;
		for (object = of->objects; object != NULL; object = object->next) {
			if (object->handle == handle)
				return all || object_visible(token, object) ? object : NULL;
		}
	}
	return NULL;
}

static bool
is_on_card(CK_OBJECT_CLASS class, CK_ATTRIBUTE_TYPE type, enum source *source)
{
	for (size_t i = 0; i < sizeof(on_card) / sizeof(on_card[0]); i++) {
		if (on_card[i].class == class && on_card[i].type == type) {
			*source = on_card[i].source;
			return true;
		}
	}
	return false;
}

/* In a transaction, like the two below. */
static enum smartcard_result
read_whole(struct smartcard *card, struct object *object)
{
	const size_t index = (size_t)object->certificate;
	enum smartcard_result result = smartcard_read_certificate(card, index);
	struct bytes der;

	if (result != SMARTCARD_OK)
		return result;
	der = smartcard_certificate_der(&card->certificates[index]);
	attributes_put(&object->attributes, CKA_VALUE, der);
	parts_check_value(module.crypto, der, &object->attributes);
	return SMARTCARD_OK;
}

static enum smartcard_result
read_names(struct smartcard *card, struct object *object)
{
	const size_t index = (size_t)object->certificate;
	const struct smartcard_certificate *certificate = &card->certificates[index];
	enum smartcard_result result = smartcard_read_certificate_names(card, index);
	struct attributes *list = &object->attributes;

	if (result != SMARTCARD_OK)
		return result;
	attributes_put(list, CKA_SUBJECT, certificate->subject);
	attributes_put(list, CKA_ISSUER, certificate->issuer);
	attributes_put(list, CKA_SERIAL_NUMBER, certificate->serial);
	parts_date(certificate->not_before, CKA_START_DATE, list);
	parts_date(certificate->not_after, CKA_END_DATE, list);
	return SMARTCARD_OK;
}

static enum smartcard_result
read_certificate_head(struct smartcard *card, struct object *object)
{
	const size_t index = (size_t)object->certificate;
	const struct smartcard_certificate *certificate = &card->certificates[index];
	enum smartcard_result result = smartcard_read_certificate_head(card, index);
	struct attributes *list = &object->attributes;

	if (result != SMARTCARD_OK)
		return result;
	if (object->class == CKO_CERTIFICATE) {
		attributes_put(list, CKA_PUBLIC_KEY_INFO, certificate->public_key);
		return SMARTCARD_OK;
	}
	attributes_put(list, CKA_SUBJECT, certificate->subject);
	if (!parts_of_spki(module.crypto, certificate->public_key, list))
		log_note(module.log, "certificate %zu holds no key that we know", index);
	return SMARTCARD_OK;
}

static enum smartcard_result
read_head(struct smartcard *card, struct object *object)
{
	enum smartcard_result result;
	uint8_t spki[SPKI_MAX];
	struct writer writer = writer_to(spki, sizeof(spki));

	if (object->certificate != SMARTCARD_NONE)
		return read_certificate_head(card, object);
	if (object->public_key == SMARTCARD_NONE)
		return SMARTCARD_OK;
	result = smartcard_read_public_key(card, (size_t)object->public_key, &writer);
	if (result == SMARTCARD_OK &&
	    !parts_of_spki(module.crypto, writer_bytes(&writer), &object->attributes))
		log_note(module.log, "public key %d is none that we know", object->public_key);
	return result;
}

static enum smartcard_result
read_abilities(struct smartcard *card, struct object *object)
{
	CK_MECHANISM_TYPE mechanisms[MECHANISMS_MAX];
	enum smartcard_result result = smartcard_find_abilities(card, (size_t)object->key);
	size_t count;

	if (result != SMARTCARD_OK)
		return result;
	count = mechanism_of_key(&card->private_keys[object->key], mechanisms);
	attributes_put(&object->attributes, CKA_ALLOWED_MECHANISMS,
		       (struct bytes){(const uint8_t *)mechanisms, count * sizeof(mechanisms[0])});
	return SMARTCARD_OK;
}

CK_RV
object_attribute(struct token *token, struct object *object, CK_ATTRIBUTE_TYPE type,
		 const CK_ATTRIBUTE **found)
{
	static enum smartcard_result (*const read[])(struct smartcard *, struct object *) = {
	    [SOURCE_NAMES] = read_names,
	    [SOURCE_HEAD] = read_head,
	    [SOURCE_WHOLE] = read_whole,
	    [SOURCE_ABILITIES] = read_abilities,
	};
	struct ifd *ifd = token->ifd;
	bool again = true;
	enum source source;
	CK_RV rv;

	*found = attributes_find(&object->attributes, type);
	if (*found != NULL || object->owner != NULL || !is_on_card(object->class, type, &source) ||
	    (object->read & 1U << source) != 0)
		return CKR_OK;
	rv = ifd_begin(ifd);
	if (rv != CKR_OK)
		return rv;
	for (int tries = 0; tries < READ_TRIES && again; tries++) {
		enum smartcard_result result = read[source](ifd->card, object);

		again = ifd_was_disturbed(ifd, result);
		rv = ifd_result(ifd, result);
	}
	ifd_end(ifd, false);
	if (rv == CKR_USER_NOT_LOGGED_IN)
		return CKR_OK;
	if (rv == CKR_DEVICE_REMOVED || again)
		return rv;
	/* Asked once, also when the card has none: the others of its objects are good. */
	object->read |= 1U << source;
	if (rv != CKR_OK)
		log_note(module.log, "object %lu: %s", object->handle, log_rv_name(rv));
	*found = attributes_find(&object->attributes, type);
	return object->attributes.failed ? CKR_HOST_MEMORY : CKR_OK;
}
