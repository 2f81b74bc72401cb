#include "p11object.h"
#include "certificate.h"

#include <string.h>

enum { CERTIFICATE_LEN_MAX = 32768, TEMPLATE_MAX = 4 };

static enum outcome
find(struct p11 *p11, CK_ATTRIBUTE *template, CK_ULONG template_len, struct p11_objects *found)
{
	CK_RV rv = p11->calls->C_FindObjectsInit(p11->session, template, template_len);

	found->count = 0;
	if (rv != CKR_OK)
		return p11_fail(p11, "C_FindObjectsInit", rv);
	while (rv == CKR_OK && found->count < P11_OBJECTS_MAX) {
		const CK_ULONG room = P11_OBJECTS_MAX - found->count;
		CK_ULONG more = 0;

		rv = p11->calls->C_FindObjects(p11->session, found->handles + found->count, room,
					       &more);
		if (rv == CKR_OK && more > room)
			rv = CKR_GENERAL_ERROR;
		if (rv != CKR_OK || more == 0)
			break;
		found->count += more;
	}
	(void)p11->calls->C_FindObjectsFinal(p11->session);
	return rv == CKR_OK ? OUTCOME_OK : p11_fail(p11, "C_FindObjects", rv);
}

enum outcome
p11_find(struct p11 *p11, CK_OBJECT_CLASS class, P11KitUri *uri, struct p11_objects *found)
{
	static const CK_ATTRIBUTE_TYPE names[] = {CKA_ID, CKA_LABEL};
	CK_ATTRIBUTE template[TEMPLATE_MAX] = {{CKA_CLASS, &class, sizeof(class)}};
	CK_ULONG count = 1;

	for (size_t i = 0; uri && i < sizeof(names) / sizeof(names[0]); i++) {
		const CK_ATTRIBUTE *named = p11_kit_uri_get_attribute(uri, names[i]);

		if (named)
			template[count++] = *named;
	}
	return find(p11, template, count, found);
}

enum outcome
p11_find_by_id(struct p11 *p11, CK_OBJECT_CLASS class, struct bytes id, struct p11_objects *found)
{
	CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof(class)},
				   {CKA_ID, (void *)(uintptr_t)id.data, id.len}};

	return find(p11, template, 2, found);
}

bool
p11_attribute(struct p11 *p11, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, uint8_t *room,
	      size_t size, struct bytes *value)
{
	CK_ATTRIBUTE attribute = {type, room, size};

	*value = BYTES_NONE;
	if (p11->calls->C_GetAttributeValue(p11->session, object, &attribute, 1) != CKR_OK ||
	    attribute.ulValueLen > size)
		return false;
	*value = (struct bytes){room, attribute.ulValueLen};
	return true;
}

bool
p11_is(struct p11 *p11, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, bool otherwise)
{
	uint8_t flag;
	struct bytes value;

	if (!p11_attribute(p11, object, type, &flag, sizeof(flag), &value) || value.len != 1)
		return otherwise;
	return flag != CK_FALSE;
}

enum outcome
p11_find_key(struct p11 *p11, P11KitUri *uri, CK_OBJECT_HANDLE *key)
{
	struct p11_objects found;
	enum outcome outcome = p11_find(p11, CKO_PRIVATE_KEY, uri, &found);

	if (outcome != OUTCOME_OK)
		return outcome;
	if (found.count == 1) {
		*key = found.handles[0];
		return OUTCOME_OK;
	}
	if (uri)
		return p11_say(p11, OUTCOME_TOKEN_KEY_UNKNOWN, "%lu private keys have its name",
			       found.count);
	return p11_say(p11, OUTCOME_TOKEN_KEY_UNKNOWN,
		       "the token has %lu private keys, and no `credential` says which",
		       found.count);
}

X509 *
p11_certificate(struct p11 *p11, CK_OBJECT_HANDLE object)
{
	uint8_t room[CERTIFICATE_LEN_MAX];
	struct bytes value;

	return p11_attribute(p11, object, CKA_VALUE, room, sizeof(room), &value)
		   ? certificate_parse(value)
		   : NULL;
}

/* One row for each use: the mechanism with the flag that it must have on this token, and the attribute
 * that the private key, or else the public key, must not deny. */
static const struct use_row {
	unsigned ability;
	const char *type; /* of the key, as OpenSSL calls it */
	CK_MECHANISM_TYPE mechanism;
	CK_FLAGS flag;
	CK_ATTRIBUTE_TYPE private_attribute, public_attribute;
} uses[] = {
    {SERVICE_SIGN_PKCS1, "RSA", CKM_RSA_PKCS, CKF_SIGN, CKA_SIGN, CKA_VERIFY},
    {SERVICE_SIGN_PSS, "RSA", CKM_RSA_PKCS_PSS, CKF_SIGN, CKA_SIGN, CKA_VERIFY},
    {SERVICE_SIGN_ECDSA, "EC", CKM_ECDSA, CKF_SIGN, CKA_SIGN, CKA_VERIFY},
    {SERVICE_DECIPHER_PKCS1, "RSA", CKM_RSA_PKCS, CKF_DECRYPT, CKA_DECRYPT, CKA_ENCRYPT},
    {SERVICE_DECIPHER_OAEP, "RSA", CKM_RSA_PKCS_OAEP, CKF_DECRYPT, CKA_DECRYPT, CKA_ENCRYPT},
    {SERVICE_DERIVE_ECDH, "EC", CKM_ECDH1_DERIVE, CKF_DERIVE, CKA_DERIVE, CKA_DERIVE},
};

static bool
has_mechanism(struct p11 *p11, const struct use_row *row)
{
	CK_MECHANISM_INFO info;

	return p11->calls->C_GetMechanismInfo(p11->slot, row->mechanism, &info) == CKR_OK &&
	       (info.flags & row->flag) != 0;
}

static bool
is_denied(struct p11 *p11, const struct p11_objects *objects, CK_ATTRIBUTE_TYPE type)
{
	return objects->count > 0 && !p11_is(p11, objects->handles[0], type, true);
}

unsigned
p11_uses(struct p11 *p11, struct bytes id, EVP_PKEY *public_key)
{
	struct p11_objects private_keys = {.count = 0}, public_keys = {.count = 0};
	unsigned abilities = 0;

	if (id.len > 0 && (p11_find_by_id(p11, CKO_PRIVATE_KEY, id, &private_keys) != OUTCOME_OK ||
			   p11_find_by_id(p11, CKO_PUBLIC_KEY, id, &public_keys) != OUTCOME_OK))
		return 0;
	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
		const struct use_row *row = &uses[i];

		if (!EVP_PKEY_is_a(public_key, row->type) || !has_mechanism(p11, row) ||
		    is_denied(p11, &private_keys, row->private_attribute) ||
		    (private_keys.count == 0 &&
		     is_denied(p11, &public_keys, row->public_attribute)))
			continue;
		abilities |= row->ability;
	}
	return abilities;
}
