/*
 * Objects, pkcs11/object.h.
 */
#include "pkcs11/object.h"

#include "pkcs11/log.h"
#include "pkcs11/mechanism.h"
#include "pkcs11/parts.h"
#include "pkcs11/session.h"
#include "pkcs11/token.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

enum { SPKI_MAX = 2400 }; /* of RSA 16384 */

/* These stand in the certificate. */
static const struct {
	CK_OBJECT_CLASS class;
	CK_ATTRIBUTE_TYPE type;
} in_certificate[] = {
    {CKO_CERTIFICATE, CKA_VALUE},           {CKO_CERTIFICATE, CKA_SUBJECT},
    {CKO_CERTIFICATE, CKA_ISSUER},          {CKO_CERTIFICATE, CKA_SERIAL_NUMBER},
    {CKO_CERTIFICATE, CKA_PUBLIC_KEY_INFO}, {CKO_CERTIFICATE, CKA_START_DATE},
    {CKO_CERTIFICATE, CKA_END_DATE},        {CKO_CERTIFICATE, CKA_CHECK_VALUE},
    {CKO_PUBLIC_KEY, CKA_MODULUS},          {CKO_PUBLIC_KEY, CKA_PUBLIC_EXPONENT},
    {CKO_PUBLIC_KEY, CKA_EC_PARAMS},        {CKO_PUBLIC_KEY, CKA_EC_POINT},
    {CKO_PUBLIC_KEY, CKA_PUBLIC_KEY_INFO},  {CKO_PUBLIC_KEY, CKA_SUBJECT},
    {CKO_PRIVATE_KEY, CKA_MODULUS},         {CKO_PRIVATE_KEY, CKA_PUBLIC_EXPONENT},
    {CKO_PRIVATE_KEY, CKA_EC_PARAMS},       {CKO_PRIVATE_KEY, CKA_EC_POINT},
    {CKO_PRIVATE_KEY, CKA_PUBLIC_KEY_INFO}, {CKO_PRIVATE_KEY, CKA_SUBJECT},
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
	if (rsa)
		attributes_put_ulong(list, CKA_MODULUS_BITS, key->bits);
}

static void
put_private_key(struct attributes *list, const struct smartcard_private_key *key)
{
	CK_FLAGS uses = mechanism_uses(key);
	CK_MECHANISM_TYPE mechanisms[MECHANISMS_MAX];
	size_t count = mechanism_of_key(key, mechanisms);
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
	attributes_put(list, CKA_ALLOWED_MECHANISMS,
		       (struct bytes){(const uint8_t *)mechanisms, count * sizeof(mechanisms[0])});
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
stands_in_certificate(CK_OBJECT_CLASS class, CK_ATTRIBUTE_TYPE type)
{
	for (size_t i = 0; i < sizeof(in_certificate) / sizeof(in_certificate[0]); i++) {
		if (in_certificate[i].class == class && in_certificate[i].type == type)
			return true;
	}
	return false;
}

static void
take_certificate(struct object *object, struct bytes der)
{
	struct attributes *list = &object->attributes;
	uint8_t *spki = NULL;
	size_t spki_len = 0;
	bool ok;

	if (object->class == CKO_CERTIFICATE) {
		ok = parts_of_certificate(module.crypto, der, list);
	} else {
		ok = parts_public_key(module.crypto, der, &spki, &spki_len, list) &&
		     parts_of_spki(module.crypto, (struct bytes){spki, spki_len}, list);
		OPENSSL_free(spki);
	}
	if (!ok)
		log_note(module.log, "certificate %d of the card is none", object->certificate);
}

/* In a transaction. */
static enum smartcard_result
read_parts(struct smartcard *card, struct object *object)
{
	enum smartcard_result result;
	uint8_t spki[SPKI_MAX];
	struct writer writer = writer_to(spki, sizeof(spki));

	if (object->certificate != SMARTCARD_NONE) {
		size_t index = (size_t)object->certificate;

		result = smartcard_read_certificate(card, index);
		if (result == SMARTCARD_OK)
			take_certificate(object, (struct bytes){card->certificates[index].der,
								card->certificates[index].der_len});
		return result;
	}
	result = smartcard_read_public_key(card, (size_t)object->public_key, &writer);
	if (result == SMARTCARD_OK &&
	    !parts_of_spki(module.crypto, writer_bytes(&writer), &object->attributes))
		log_note(module.log, "public key %d of the card is none", object->public_key);
	return result;
}

CK_RV
object_attribute(struct token *token, struct object *object, CK_ATTRIBUTE_TYPE type,
		 const CK_ATTRIBUTE **found)
{
	struct ifd *ifd = token->ifd;
	CK_RV rv;

	*found = attributes_find(&object->attributes, type);
	if (object->owner != NULL || object->complete ||
	    !stands_in_certificate(object->class, type) ||
	    (object->certificate == SMARTCARD_NONE && object->public_key == SMARTCARD_NONE))
		return CKR_OK;
	rv = ifd_begin(ifd);
	if (rv != CKR_OK)
		return rv;
	rv = ifd_result(ifd, read_parts(ifd->card, object));
	ifd_end(ifd, false);
	if (rv == CKR_USER_NOT_LOGGED_IN) {
		*found = NULL;
		return CKR_OK;
	}
	if (rv != CKR_OK)
		return rv;
	object->complete = true;
	*found = attributes_find(&object->attributes, type);
	return object->attributes.failed ? CKR_HOST_MEMORY : CKR_OK;
}
