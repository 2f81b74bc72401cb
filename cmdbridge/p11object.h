/*
 * Objects of a token: keys, and the certificates that stand beside them. A key and its certificates
 * have one CKA_ID (PKCS#11 2.40 section 4.6.3).
 */
#ifndef VICAR_CMDBRIDGE_P11OBJECT_H
#define VICAR_CMDBRIDGE_P11OBJECT_H

#include "p11.h"

#include <openssl/x509.h>

enum { P11_OBJECTS_MAX = 128, P11_ID_MAX = 128 };

struct p11_objects {
	CK_OBJECT_HANDLE handles[P11_OBJECTS_MAX];
	CK_ULONG count;
};

/* Those of a class that have the id and the label which the URI names (NULL: any); the first ones, when
 * there are too many. */
enum outcome p11_find(struct p11 *p11, CK_OBJECT_CLASS class, P11KitUri *uri,
		      struct p11_objects *found) MUST_USE;
/* The same by CKA_ID. */
enum outcome p11_find_by_id(struct p11 *p11, CK_OBJECT_CLASS class, struct bytes id,
			    struct p11_objects *found) MUST_USE;
/* False: the object has no such attribute, or it does not fit. `value` is a view into `room`. */
bool p11_attribute(struct p11 *p11, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, uint8_t *room,
		   size_t size, struct bytes *value);
/* `otherwise` when the object does not say. */
bool p11_is(struct p11 *p11, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, bool otherwise);

/* The private key of the request; after the login. */
enum outcome p11_find_key(struct p11 *p11, P11KitUri *uri, CK_OBJECT_HANDLE *key) MUST_USE;
/* A certificate object's value; NULL: there is none that can be read. */
X509 *p11_certificate(struct p11 *p11, CK_OBJECT_HANDLE object);
/* What can be done with the key of this CKA_ID and public key, by the token's mechanisms and by what
 * the objects of the key say that can be seen now (enum service_ability). */
unsigned p11_uses(struct p11 *p11, struct bytes id, EVP_PKEY *public_key);

#endif
