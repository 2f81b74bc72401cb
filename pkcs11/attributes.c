/*
 * Lists of attributes, pkcs11/attributes.h.
 */
#include "pkcs11/attributes.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 32 };

void
attributes_free(struct attributes *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].pValue != NULL)
			OPENSSL_cleanse(list->items[i].pValue, list->items[i].ulValueLen);
		free(list->items[i].pValue);
	}
	free(list->items);
	*list = (struct attributes){NULL, 0, 0, false};
}

static CK_ATTRIBUTE *
find(const struct attributes *list, CK_ATTRIBUTE_TYPE type)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].type == type)
			return &list->items[i];
	}
	return NULL;
}

static CK_ATTRIBUTE *
add(struct attributes *list, CK_ATTRIBUTE_TYPE type)
{
	if (list->count == list->room) {
		size_t room = list->room == 0 ? ROOM_FIRST : 2 * list->room;
		CK_ATTRIBUTE *items = reallocarray(list->items, room, sizeof(*items));

		if (items == NULL)
			return NULL;
		list->items = items;
		list->room = room;
	}
	list->items[list->count] = (CK_ATTRIBUTE){type, NULL, 0};
	return &list->items[list->count++];
}

void
attributes_put(struct attributes *list, CK_ATTRIBUTE_TYPE type, struct bytes value)
{
	CK_ATTRIBUTE *item = find(list, type);
	void *copy = NULL;

	if (value.len > 0) {
		copy = malloc(value.len);
		if (copy == NULL) {
			list->failed = true;
			return;
		}
		memcpy(copy, value.data, value.len);
	}
	if (item == NULL)
		item = add(list, type);
	if (item == NULL) {
		free(copy);
		list->failed = true;
		return;
	}
	free(item->pValue);
	item->pValue = copy;
	item->ulValueLen = value.len;
}

void
attributes_put_bool(struct attributes *list, CK_ATTRIBUTE_TYPE type, bool value)
{
	CK_BBOOL flag = value ? CK_TRUE : CK_FALSE;

	attributes_put(list, type, (struct bytes){&flag, sizeof(flag)});
}

void
attributes_put_ulong(struct attributes *list, CK_ATTRIBUTE_TYPE type, CK_ULONG value)
{
	attributes_put(list, type, (struct bytes){(const uint8_t *)&value, sizeof(value)});
}

void
attributes_put_text(struct attributes *list, CK_ATTRIBUTE_TYPE type, const char *text)
{
	attributes_put(list, type, (struct bytes){(const uint8_t *)text, strlen(text)});
}

const CK_ATTRIBUTE *
attributes_find(const struct attributes *list, CK_ATTRIBUTE_TYPE type)
{
	return find(list, type);
}

struct bytes
attributes_bytes(const struct attributes *list, CK_ATTRIBUTE_TYPE type)
{
	const CK_ATTRIBUTE *item = find(list, type);

	return item != NULL ? (struct bytes){item->pValue, item->ulValueLen} : BYTES_NONE;
}

bool
attributes_bool(const struct attributes *list, CK_ATTRIBUTE_TYPE type, bool otherwise)
{
	struct bytes value = attributes_bytes(list, type);

	return value.len == sizeof(CK_BBOOL) ? value.data[0] != CK_FALSE : otherwise;
}

CK_ULONG
attributes_ulong(const struct attributes *list, CK_ATTRIBUTE_TYPE type, CK_ULONG otherwise)
{
	struct bytes value = attributes_bytes(list, type);
	CK_ULONG number;

	if (value.len != sizeof(number))
		return otherwise;
	memcpy(&number, value.data, sizeof(number));
	return number;
}

CK_RV
attribute_answer(const CK_ATTRIBUTE *found, CK_ATTRIBUTE *asked)
{
	CK_ULONG room = asked->ulValueLen;

	if (found == NULL) {
		asked->ulValueLen = CK_UNAVAILABLE_INFORMATION;
		return CKR_ATTRIBUTE_TYPE_INVALID;
	}
	asked->ulValueLen = found->ulValueLen;
	if (asked->pValue == NULL)
		return CKR_OK;
	if (room < found->ulValueLen) {
		asked->ulValueLen = CK_UNAVAILABLE_INFORMATION;
		return CKR_BUFFER_TOO_SMALL;
	}
	if (found->ulValueLen > 0)
		memcpy(asked->pValue, found->pValue, found->ulValueLen);
	return CKR_OK;
}
