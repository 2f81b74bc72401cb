/*
 * A list of attributes: what an object is. Values are owned copies.
 */
#ifndef VICAR_PKCS11_ATTRIBUTES_H
#define VICAR_PKCS11_ATTRIBUTES_H

#include "iso7816/bytes.h"
#include "pkcs11/cryptoki.h"

/* Zero is an empty list. After a failed put `failed` stays set: ask once at the end. */
struct attributes {
	CK_ATTRIBUTE *items;
	size_t count, room;
	bool failed;
};

void attributes_free(struct attributes *list);
/* Replaces what was there. */
void attributes_put(struct attributes *list, CK_ATTRIBUTE_TYPE type, struct bytes value);
void attributes_put_bool(struct attributes *list, CK_ATTRIBUTE_TYPE type, bool value);
void attributes_put_ulong(struct attributes *list, CK_ATTRIBUTE_TYPE type, CK_ULONG value);
void attributes_put_text(struct attributes *list, CK_ATTRIBUTE_TYPE type, const char *text);

const CK_ATTRIBUTE *attributes_find(const struct attributes *list, CK_ATTRIBUTE_TYPE type);
struct bytes attributes_bytes(const struct attributes *list, CK_ATTRIBUTE_TYPE type);
/* The default when it is not there or of another size. */
bool attributes_bool(const struct attributes *list, CK_ATTRIBUTE_TYPE type, bool otherwise);
CK_ULONG attributes_ulong(const struct attributes *list, CK_ATTRIBUTE_TYPE type,
			  CK_ULONG otherwise);

/* One attribute of C_GetAttributeValue; `found` NULL: there is none. Sets ulValueLen as PKCS#11 2.40
 * section 5.7.5 says. */
CK_RV attribute_answer(const CK_ATTRIBUTE *found, CK_ATTRIBUTE *asked);

#endif
