/*
 * For tests of the Cryptoki side: cards in the readers of fake-pcsc.h, and the calls that every test
 * makes.
 */
#ifndef VICAR_TESTS_UNIT_TEST_P11_CRYPTOKI_H
#define VICAR_TESTS_UNIT_TEST_P11_CRYPTOKI_H

#include "fake-pcsc.h"
#include "pkcs11/cryptoki.h"
#include "pkcs11/log.h"

#include <fcntl.h>
#include <unistd.h>

#define DOCUMENT "a document that deserves a signature"

enum { SLOTS_PER_READER = 8 };

#define assert_rv(expression, expected)                                          \
	do {                                                                     \
		const CK_RV rv_is = (expression), rv_wanted = (expected);        \
		if (rv_is != rv_wanted)                                          \
			fail_msg("%s: %s, not %s", #expression, p11_name(rv_is), \
				 p11_name(rv_wanted));                           \
	} while (0)
#define assert_ok(expression) assert_rv(expression, CKR_OK)

static inline const char *
p11_name(CK_RV rv)
{
	static char other[2][32];
	static unsigned turn;
	const char *name = log_rv_name(rv);

	if (name != NULL)
		return name;
	turn = 1 - turn;
	snprintf(other[turn], sizeof(other[turn]), "0x%lx", rv);
	return other[turn];
}

/* What vicar.conf says: whole lines below [pkcs11]; "" is nothing. */
static inline void
p11_configure(const char *lines)
{
	static char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/tmp/vicar-test-%ld.conf", (long)getpid());
	file = fopen(path, "w");
	if (file == NULL)
		fail_msg("%s cannot be written", path);
	/* Cards of tests have one serial number and new keys each time. */
	else if (fprintf(file, "[pkcs11]\nfile-cache = no\n%s\n", lines) < 0 || fclose(file) != 0)
		fail_msg("%s was not written", path);
	setenv("VICAR_CONF", path, 1);
}

static inline void
p11_begin(const char *lines)
{
	fake_clear();
	p11_configure(lines);
	assert_ok(C_Initialize(NULL));
}

static inline void
p11_end(void)
{
	const char *path = getenv("VICAR_CONF");

	C_Finalize(NULL);
	if (path != NULL)
		unlink(path);
	assert_int_equal(fake.contexts, 0);
	for (size_t i = 0; i < FAKE_READERS; i++) {
		assert_int_equal(fake.readers[i].outside, 0);
		assert_false(fake.readers[i].in_transaction);
	}
}

static inline struct applet_card *
p11_fineid_v2(void)
{
	struct applet_card *applet = applet_new("fineid-v2", "00112233445566778899", "");

	applet_add_key(applet, "auth", "file", 2048, AUTH_PIN);
	applet_add_key(applet, "sign", "file", 2048, SIGN_PIN);
	applet_insert(applet);
	return applet;
}

static inline struct applet_card *
p11_fineid_v4(void)
{
	struct applet_card *applet = applet_new("fineid-v4", "313233343536373839303132", "");

	applet_add_ec_key(applet, "auth", "P-384", AUTH_PIN);
	applet_add_ec_key(applet, "sign", "P-384", SIGN_PIN);
	applet_insert(applet);
	return applet;
}

/* A card whose signature key is at a service. */
static inline struct applet_card *
p11_remote(void)
{
	struct applet_card *applet = applet_new("cc-v1", "0102030405060708", "");

	applet_add_key(applet, "auth", "file", 2048, AUTH_PIN);
	applet_add_key(applet, "sign", "cmd", 2048, SIGN_PIN);
	applet_insert(applet);
	return applet;
}

/* The slots with a token, of which there are `count`. */
static inline CK_SLOT_ID
p11_slot(CK_ULONG count, CK_ULONG which)
{
	CK_SLOT_ID slots[32];
	CK_ULONG found = 0;

	assert_ok(C_GetSlotList(CK_TRUE, NULL, &found));
	assert_int_equal(found, count);
	assert_ok(C_GetSlotList(CK_TRUE, slots, &found));
	return slots[which];
}

static inline CK_SESSION_HANDLE
p11_open(CK_SLOT_ID slot, CK_FLAGS flags)
{
	CK_SESSION_HANDLE session = 0;

	assert_ok(C_OpenSession(slot, CKF_SERIAL_SESSION | flags, NULL, NULL, &session));
	assert_int_not_equal(session, 0);
	return session;
}

static inline CK_RV
p11_login(CK_SESSION_HANDLE session, CK_USER_TYPE user, const char *pin)
{
	return C_Login(session, user, (CK_UTF8CHAR *)(uintptr_t)pin, strlen(pin));
}

/* The objects of a class; how many. */
static inline CK_ULONG
p11_find(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class, CK_OBJECT_HANDLE *list, CK_ULONG room)
{
	CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof(class)};
	CK_ULONG count = 0;

	assert_ok(C_FindObjectsInit(session, &template, 1));
	assert_ok(C_FindObjects(session, list, room, &count));
	assert_ok(C_FindObjectsFinal(session));
	return count;
}

static inline CK_OBJECT_HANDLE
p11_one(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class)
{
	CK_OBJECT_HANDLE object[2];

	assert_int_equal(p11_find(session, class, object, 2), 1);
	return object[0];
}

/* A session of the slot, with the user logged in. */
static inline CK_SESSION_HANDLE
p11_logged_in(CK_SLOT_ID slot, const char *pin)
{
	CK_SESSION_HANDLE session = p11_open(slot, 0);

	assert_ok(p11_login(session, CKU_USER, pin));
	return session;
}

static inline CK_RV
p11_sign_init(CK_SESSION_HANDLE session, CK_MECHANISM_TYPE type, CK_OBJECT_HANDLE key)
{
	CK_MECHANISM mechanism = {type, NULL, 0};

	return C_SignInit(session, &mechanism, key);
}

/* C_Sign of DOCUMENT. */
static inline CK_RV
p11_sign(CK_SESSION_HANDLE session, CK_BYTE *signature, CK_ULONG *len)
{
	return C_Sign(session, (CK_BYTE *)(uintptr_t)DOCUMENT, sizeof(DOCUMENT) - 1, signature,
		      len);
}

/* One signature of DOCUMENT, by the one private key of the slot. */
static inline CK_RV
p11_sign_once(CK_SESSION_HANDLE session, CK_MECHANISM_TYPE type)
{
	CK_BYTE signature[512];
	CK_ULONG len = sizeof(signature);
	CK_RV rv = p11_sign_init(session, type, p11_one(session, CKO_PRIVATE_KEY));

	return rv == CKR_OK ? p11_sign(session, signature, &len) : rv;
}

#endif
