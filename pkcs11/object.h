/*
 * Objects: what is on the card, and what the application made for the time of a session.
 */
#ifndef VICAR_PKCS11_OBJECT_H
#define VICAR_PKCS11_OBJECT_H

#include "pkcs11/attributes.h"

struct token;
struct session;

struct object {
	struct object *next;
	CK_OBJECT_HANDLE handle;
	CK_OBJECT_CLASS class;
	struct attributes attributes;
	/* Of the card, each SMARTCARD_NONE where it has none: */
	int key;                     /* in private_keys */
	int public_key;              /* in public_keys */
	int certificate;             /* in certificates; of a key, its own */
	unsigned read;               /* bit of each source on the card that was read */
	const struct session *owner; /* of a session object; NULL: of the card */
};

/* The objects of the token, made when they are first wanted; no command is sent. */
CK_RV object_list(struct token *token);
void object_free_all(struct object **list);
/* Those with CKA_PRIVATE. */
void object_free_private(struct object **list);

/* NULL: there is none, or it is private and nobody is logged in and `all` is not set. */
struct object *object_find(struct token *token, const struct session *session,
			   CK_OBJECT_HANDLE handle, bool all);
bool object_visible(const struct token *token, const struct object *object);

/* The attribute, with the certificate read if it takes that. `*found` is NULL where there is none.
 * CKR_OK or what the card's trouble is. */
CK_RV object_attribute(struct token *token, struct object *object, CK_ATTRIBUTE_TYPE type,
		       const CK_ATTRIBUTE **found);

#endif
