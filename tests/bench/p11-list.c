/*
 * How long a program takes that lists what is on all tokens: from C_Initialize to the last attribute
 * that pkcs11-tool would show of an object, also of those that it says more about.
 *
 * usage: p11-list MODULE
 *
 * The series `list` has the time; a line `certificates NUMBER` says how many there were.
 */
#include "tests/bench/shared/module.h"
#include "tests/bench/shared/series.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { SLOTS_MAX = 64, OBJECTS_MAX = 256, VALUE_MAX = 16384 };

static const CK_ATTRIBUTE_TYPE OF_ALL[] = {CKA_LABEL, CKA_PRIVATE};
static const CK_ATTRIBUTE_TYPE OF_CERTIFICATES[] = {CKA_CERTIFICATE_TYPE, CKA_ID, CKA_SUBJECT,
						    CKA_SERIAL_NUMBER};
static const CK_ATTRIBUTE_TYPE OF_PUBLIC_KEYS[] = {CKA_KEY_TYPE, CKA_ID,     CKA_MODULUS,
						   CKA_ENCRYPT,  CKA_VERIFY, CKA_WRAP};
static const CK_ATTRIBUTE_TYPE OF_PRIVATE_KEYS[] = {CKA_KEY_TYPE, CKA_ID, CKA_DECRYPT, CKA_SIGN,
						    CKA_ALWAYS_AUTHENTICATE};
static const CK_ATTRIBUTE_TYPE OF_DATA[] = {CKA_APPLICATION, CKA_OBJECT_ID};

static const struct {
	CK_OBJECT_CLASS class;
	const CK_ATTRIBUTE_TYPE *types;
	size_t count;
} SHOWN[] = {
    {CKO_CERTIFICATE, OF_CERTIFICATES, sizeof(OF_CERTIFICATES) / sizeof(OF_CERTIFICATES[0])},
    {CKO_PUBLIC_KEY, OF_PUBLIC_KEYS, sizeof(OF_PUBLIC_KEYS) / sizeof(OF_PUBLIC_KEYS[0])},
    {CKO_PRIVATE_KEY, OF_PRIVATE_KEYS, sizeof(OF_PRIVATE_KEYS) / sizeof(OF_PRIVATE_KEYS[0])},
    {CKO_DATA, OF_DATA, sizeof(OF_DATA) / sizeof(OF_DATA[0])},
};

static size_t certificates;

/* What an object has not is no error. */
static void
ask(CK_FUNCTION_LIST *p11, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
    const CK_ATTRIBUTE_TYPE *types, size_t count)
{
	static uint8_t value[VALUE_MAX];

	for (size_t i = 0; i < count; i++) {
		CK_ATTRIBUTE attribute = {types[i], value, sizeof(value)};
		CK_RV rv = p11->C_GetAttributeValue(session, object, &attribute, 1);

		if (rv != CKR_ATTRIBUTE_TYPE_INVALID && rv != CKR_ATTRIBUTE_SENSITIVE)
			module_must(rv, "C_GetAttributeValue");
	}
}

static void
show(CK_FUNCTION_LIST *p11, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
	CK_OBJECT_CLASS class = 0;
	CK_ATTRIBUTE wanted = {CKA_CLASS, &class, sizeof(class)};

	module_must(p11->C_GetAttributeValue(session, object, &wanted, 1), "C_GetAttributeValue");
	certificates += class == CKO_CERTIFICATE;
	ask(p11, session, object, OF_ALL, sizeof(OF_ALL) / sizeof(OF_ALL[0]));
	for (size_t i = 0; i < sizeof(SHOWN) / sizeof(SHOWN[0]); i++)
		if (SHOWN[i].class == class)
			ask(p11, session, object, SHOWN[i].types, SHOWN[i].count);
}

static void
list_token(CK_FUNCTION_LIST *p11, CK_SLOT_ID slot)
{
	CK_OBJECT_HANDLE objects[OBJECTS_MAX];
	CK_SESSION_HANDLE session = 0;
	CK_TOKEN_INFO info;
	CK_ULONG count = 0;

	module_must(p11->C_GetTokenInfo(slot, &info), "C_GetTokenInfo");
	module_must(p11->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &session),
		    "C_OpenSession");
	module_must(p11->C_FindObjectsInit(session, NULL, 0), "C_FindObjectsInit");
	module_must(p11->C_FindObjects(session, objects, OBJECTS_MAX, &count), "C_FindObjects");
	module_must(p11->C_FindObjectsFinal(session), "C_FindObjectsFinal");
	for (size_t i = 0; i < count; i++)
		show(p11, session, objects[i]);
	module_must(p11->C_CloseSession(session), "C_CloseSession");
}

int
main(int argc, char **argv)
{
	struct series list = series_new("list", 1);
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG count = SLOTS_MAX;
	CK_FUNCTION_LIST *p11;
	int64_t start;

	if (argc != 2) {
		fprintf(stderr, "usage: p11-list MODULE\n");
		return 2;
	}
	p11 = module_load(argv[1]);
	start = series_now_ns();
	module_must(p11->C_Initialize(NULL), "C_Initialize");
	module_must(p11->C_GetSlotList(CK_TRUE, slots, &count), "C_GetSlotList");
	for (size_t i = 0; i < count; i++)
		list_token(p11, slots[i]);
	series_add(&list, series_now_ns() - start);
	series_print(&list);
	printf("certificates %zu\n", certificates);
	module_must(p11->C_Finalize(NULL), "C_Finalize");
	return 0;
}
