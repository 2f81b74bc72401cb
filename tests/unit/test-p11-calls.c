/*
 * Every function of Cryptoki with everything wrong that can be: before C_Initialize, with handles that
 * are none, with NULL for each pointer, in the wrong order (PKCS#11 2.40 section 5).
 */
#include "p11-one-card.h"

/* name, its arguments after `s`, and what it answers in a session with nothing going on. */
#define CALLS_WITH_SESSION(F)                                                                     \
	F(C_InitPIN, (s, NULL, 0), CKR_ARGUMENTS_BAD)                                             \
	F(C_SetPIN, (s, NULL, 0, NULL, 0), CKR_ARGUMENTS_BAD)                                     \
	F(C_CloseSession, (s), CKR_OK)                                                            \
	F(C_GetSessionInfo, (s, NULL), CKR_ARGUMENTS_BAD)                                         \
	F(C_GetOperationState, (s, NULL, NULL), CKR_FUNCTION_NOT_SUPPORTED)                       \
	F(C_SetOperationState, (s, NULL, 0, 0, 0), CKR_FUNCTION_NOT_SUPPORTED)                    \
	F(C_Login, (s, CKU_USER, NULL, 0), CKR_ARGUMENTS_BAD)                                     \
	F(C_LoginUser, (s, CKU_USER, NULL, 0, NULL, 0), CKR_ARGUMENTS_BAD)                        \
	F(C_Logout, (s), CKR_USER_NOT_LOGGED_IN)                                                  \
	F(C_CreateObject, (s, NULL, 0, NULL), CKR_ARGUMENTS_BAD)                                  \
	F(C_CopyObject, (s, 0, NULL, 0, NULL), CKR_FUNCTION_NOT_SUPPORTED)                        \
	F(C_DestroyObject, (s, 0), CKR_OBJECT_HANDLE_INVALID)                                     \
	F(C_GetObjectSize, (s, 0, NULL), CKR_OBJECT_HANDLE_INVALID)                               \
	F(C_GetAttributeValue, (s, 0, NULL, 0), CKR_OBJECT_HANDLE_INVALID)                        \
	F(C_SetAttributeValue, (s, 0, NULL, 0), CKR_OBJECT_HANDLE_INVALID)                        \
	F(C_FindObjectsInit, (s, NULL, 1), CKR_ARGUMENTS_BAD)                                     \
	F(C_FindObjects, (s, NULL, 0, NULL), CKR_OPERATION_NOT_INITIALIZED)                       \
	F(C_FindObjectsFinal, (s), CKR_OPERATION_NOT_INITIALIZED)                                 \
	F(C_EncryptInit, (s, &unknown, 0), CKR_MECHANISM_INVALID)                                 \
	F(C_Encrypt, (s, NULL, 0, NULL, NULL), CKR_OPERATION_NOT_INITIALIZED)                     \
	F(C_EncryptUpdate, (s, NULL, 0, NULL, NULL), CKR_OPERATION_NOT_INITIALIZED)               \
	F(C_EncryptFinal, (s, NULL, NULL), CKR_OPERATION_NOT_INITIALIZED)                         \
	F(C_DecryptInit, (s, &unknown, 0), CKR_MECHANISM_INVALID)                                 \
	F(C_Decrypt, (s, NULL, 0, NULL, NULL), CKR_OPERATION_NOT_INITIALIZED)                     \
	F(C_DecryptUpdate, (s, NULL, 0, NULL, NULL), CKR_OPERATION_NOT_INITIALIZED)               \
	F(C_DecryptFinal, (s, NULL, NULL), CKR_OPERATION_NOT_INITIALIZED)                         \
	F(C_DigestInit, (s, &unknown), CKR_MECHANISM_INVALID)                                     \
	F(C_Digest, (s, NULL, 0, NULL, NULL), CKR_OPERATION_NOT_INITIALIZED)                      \
	F(C_DigestUpdate, (s, NULL, 0), CKR_OPERATION_NOT_INITIALIZED)                            \
	F(C_DigestKey, (s, 0), CKR_OPERATION_NOT_INITIALIZED)                                     \
	F(C_DigestFinal, (s, NULL, NULL), CKR_OPERATION_NOT_INITIALIZED)                          \
	F(C_SignInit, (s, &unknown, 0), CKR_MECHANISM_INVALID)                                    \
	F(C_Sign, (s, NULL, 0, NULL, NULL), CKR_OPERATION_NOT_INITIALIZED)                        \
	F(C_SignUpdate, (s, NULL, 0), CKR_OPERATION_NOT_INITIALIZED)                              \
	F(C_SignFinal, (s, NULL, NULL), CKR_OPERATION_NOT_INITIALIZED)                            \
	F(C_SignRecoverInit, (s, NULL, 0), CKR_FUNCTION_NOT_SUPPORTED)                            \
	F(C_SignRecover, (s, NULL, 0, NULL, NULL), CKR_FUNCTION_NOT_SUPPORTED)                    \
	F(C_VerifyInit, (s, &unknown, 0), CKR_MECHANISM_INVALID)                                  \
	F(C_Verify, (s, NULL, 0, NULL, 0), CKR_OPERATION_NOT_INITIALIZED)                         \
	F(C_VerifyUpdate, (s, NULL, 0), CKR_OPERATION_NOT_INITIALIZED)                            \
	F(C_VerifyFinal, (s, NULL, 0), CKR_OPERATION_NOT_INITIALIZED)                             \
	F(C_VerifyRecoverInit, (s, NULL, 0), CKR_FUNCTION_NOT_SUPPORTED)                          \
	F(C_VerifyRecover, (s, NULL, 0, NULL, NULL), CKR_FUNCTION_NOT_SUPPORTED)                  \
	F(C_DigestEncryptUpdate, (s, NULL, 0, NULL, NULL), CKR_FUNCTION_NOT_SUPPORTED)            \
	F(C_DecryptDigestUpdate, (s, NULL, 0, NULL, NULL), CKR_FUNCTION_NOT_SUPPORTED)            \
	F(C_SignEncryptUpdate, (s, NULL, 0, NULL, NULL), CKR_FUNCTION_NOT_SUPPORTED)              \
	F(C_DecryptVerifyUpdate, (s, NULL, 0, NULL, NULL), CKR_FUNCTION_NOT_SUPPORTED)            \
	F(C_GenerateKey, (s, NULL, NULL, 0, NULL), CKR_FUNCTION_NOT_SUPPORTED)                    \
	F(C_GenerateKeyPair, (s, NULL, NULL, 0, NULL, 0, NULL, NULL), CKR_FUNCTION_NOT_SUPPORTED) \
	F(C_WrapKey, (s, NULL, 0, 0, NULL, NULL), CKR_FUNCTION_NOT_SUPPORTED)                     \
	F(C_UnwrapKey, (s, NULL, 0, NULL, 0, NULL, 0, NULL), CKR_FUNCTION_NOT_SUPPORTED)          \
	F(C_DeriveKey, (s, NULL, 0, NULL, 0, NULL), CKR_ARGUMENTS_BAD)                            \
	F(C_SeedRandom, (s, NULL, 0), CKR_RANDOM_SEED_NOT_SUPPORTED)                              \
	F(C_GenerateRandom, (s, NULL, 1), CKR_ARGUMENTS_BAD)                                      \
	F(C_GetFunctionStatus, (s), CKR_FUNCTION_NOT_PARALLEL)                                    \
	F(C_CancelFunction, (s), CKR_FUNCTION_NOT_PARALLEL)                                       \
	F(C_SessionCancel, (s, CKF_SIGN), CKR_OK)                                                 \
	F(C_MessageEncryptInit, (s, NULL, 0), CKR_FUNCTION_NOT_SUPPORTED)                         \
	F(C_EncryptMessage, (s, NULL, 0, NULL, 0, NULL, 0, NULL, NULL),                           \
	  CKR_FUNCTION_NOT_SUPPORTED)                                                             \
	F(C_EncryptMessageBegin, (s, NULL, 0, NULL, 0), CKR_FUNCTION_NOT_SUPPORTED)               \
	F(C_EncryptMessageNext, (s, NULL, 0, NULL, 0, NULL, NULL, 0), CKR_FUNCTION_NOT_SUPPORTED) \
	F(C_MessageEncryptFinal, (s), CKR_FUNCTION_NOT_SUPPORTED)                                 \
	F(C_MessageDecryptInit, (s, NULL, 0), CKR_FUNCTION_NOT_SUPPORTED)                         \
	F(C_DecryptMessage, (s, NULL, 0, NULL, 0, NULL, 0, NULL, NULL),                           \
	  CKR_FUNCTION_NOT_SUPPORTED)                                                             \
	F(C_DecryptMessageBegin, (s, NULL, 0, NULL, 0), CKR_FUNCTION_NOT_SUPPORTED)               \
	F(C_DecryptMessageNext, (s, NULL, 0, NULL, 0, NULL, NULL, 0), CKR_FUNCTION_NOT_SUPPORTED) \
	F(C_MessageDecryptFinal, (s), CKR_FUNCTION_NOT_SUPPORTED)                                 \
	F(C_MessageSignInit, (s, NULL, 0), CKR_FUNCTION_NOT_SUPPORTED)                            \
	F(C_SignMessage, (s, NULL, 0, NULL, 0, NULL, NULL), CKR_FUNCTION_NOT_SUPPORTED)           \
	F(C_SignMessageBegin, (s, NULL, 0), CKR_FUNCTION_NOT_SUPPORTED)                           \
	F(C_SignMessageNext, (s, NULL, 0, NULL, 0, NULL, NULL), CKR_FUNCTION_NOT_SUPPORTED)       \
	F(C_MessageSignFinal, (s), CKR_FUNCTION_NOT_SUPPORTED)                                    \
	F(C_MessageVerifyInit, (s, NULL, 0), CKR_FUNCTION_NOT_SUPPORTED)                          \
	F(C_VerifyMessage, (s, NULL, 0, NULL, 0, NULL, 0), CKR_FUNCTION_NOT_SUPPORTED)            \
	F(C_VerifyMessageBegin, (s, NULL, 0), CKR_FUNCTION_NOT_SUPPORTED)                         \
	F(C_VerifyMessageNext, (s, NULL, 0, NULL, 0, NULL, 0), CKR_FUNCTION_NOT_SUPPORTED)        \
	F(C_MessageVerifyFinal, (s), CKR_FUNCTION_NOT_SUPPORTED)

/* The same for those with a slot, or with neither. */
#define CALLS_WITH_SLOT(F)                                                    \
	F(C_GetSlotInfo, (s, &slot_info), CKR_OK)                             \
	F(C_GetTokenInfo, (s, &token_info), CKR_OK)                           \
	F(C_GetMechanismList, (s, NULL, &count), CKR_OK)                      \
	F(C_GetMechanismInfo, (s, CKM_SHA256, &mechanism_info), CKR_OK)       \
	F(C_InitToken, (s, NULL, 0, NULL), CKR_FUNCTION_NOT_SUPPORTED)        \
	F(C_OpenSession, (s, CKF_SERIAL_SESSION, NULL, NULL, &count), CKR_OK) \
	F(C_CloseAllSessions, (s), CKR_OK)

#define CALLS_WITH_NULL(F)                                                             \
	F(C_GetInfo, (NULL), CKR_ARGUMENTS_BAD)                                        \
	F(C_GetSlotList, (CK_TRUE, NULL, NULL), CKR_ARGUMENTS_BAD)                     \
	F(C_GetSlotInfo, (s, NULL), CKR_ARGUMENTS_BAD)                                 \
	F(C_GetTokenInfo, (s, NULL), CKR_ARGUMENTS_BAD)                                \
	F(C_WaitForSlotEvent, (0, NULL, NULL), CKR_ARGUMENTS_BAD)                      \
	F(C_GetMechanismList, (s, NULL, NULL), CKR_ARGUMENTS_BAD)                      \
	F(C_GetMechanismInfo, (s, CKM_SHA256, NULL), CKR_ARGUMENTS_BAD)                \
	F(C_OpenSession, (s, CKF_SERIAL_SESSION, NULL, NULL, NULL), CKR_ARGUMENTS_BAD) \
	F(C_Finalize, (&unknown), CKR_ARGUMENTS_BAD)

static CK_MECHANISM unknown = {0x7FFFFFFF, NULL, 0};
static CK_SLOT_INFO slot_info;
static CK_TOKEN_INFO token_info;
static CK_MECHANISM_INFO mechanism_info;
static CK_ULONG count;

#define SESSION_CALL(name, arguments, expected)    \
	static CK_RV in_session_##name(CK_ULONG s) \
	{                                          \
		return name arguments;             \
	}
#define SLOT_CALL(name, arguments, expected)    \
	static CK_RV of_slot_##name(CK_ULONG s) \
	{                                       \
		return name arguments;          \
	}
#define NULL_CALL(name, arguments, expected)      \
	static CK_RV with_null_##name(CK_ULONG s) \
	{                                         \
		(void)s;                          \
		return name arguments;            \
	}

CALLS_WITH_SESSION(SESSION_CALL)
CALLS_WITH_SLOT(SLOT_CALL)
CALLS_WITH_NULL(NULL_CALL)

struct call {
	const char *name;
	CK_RV (*function)(CK_ULONG handle);
	CK_RV expected;
};

#define SESSION_ROW(name, arguments, expected) {#name, in_session_##name, expected},
#define SLOT_ROW(name, arguments, expected) {#name, of_slot_##name, expected},
#define NULL_ROW(name, arguments, expected) {#name, with_null_##name, expected},

static const struct call with_session[] = {CALLS_WITH_SESSION(SESSION_ROW)};
static const struct call with_slot[] = {CALLS_WITH_SLOT(SLOT_ROW)};
static const struct call with_null[] = {CALLS_WITH_NULL(NULL_ROW)};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
walk(const struct call *calls, size_t calls_count, CK_ULONG handle, CK_RV expected)
{
	for (size_t i = 0; i < calls_count; i++) {
		CK_RV rv = calls[i].function(handle);

		if (rv != expected)
			fail_msg("%s: %s, not %s", calls[i].name, p11_name(rv), p11_name(expected));
	}
}

static void
all_functions_but_the_lists_are_in_the_tables(void **state)
{
	(void)state;
	/* 92, without C_Initialize, C_GetFunctionList, C_GetInterfaceList and C_GetInterface; five
	 * of the slots' stand in two tables. */
	assert_int_equal(COUNT(with_session) + COUNT(with_slot) + COUNT(with_null), 92 - 4 + 5);
}

static void
before_initialize_nothing_is_done(void **state)
{
	(void)state;
	assert_ok(C_Finalize(NULL));
	walk(with_session, COUNT(with_session), 1, CKR_CRYPTOKI_NOT_INITIALIZED);
	walk(with_slot, COUNT(with_slot), 0, CKR_CRYPTOKI_NOT_INITIALIZED);
	walk(with_null, COUNT(with_null) - 1, 0, CKR_CRYPTOKI_NOT_INITIALIZED);
	assert_rv(C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
}

static void
a_handle_that_is_no_session_is_said_to_be_none(void **state)
{
	static const CK_SESSION_HANDLE handles[] = {0, 1, 0x100, 0xFFFF,
						    CK_UNAVAILABLE_INFORMATION};

	(void)state;
	(void)p11_slot(2, 0);
	for (size_t i = 0; i < COUNT(handles); i++) {
		for (size_t j = 0; j < COUNT(with_session); j++) {
			CK_RV rv = with_session[j].function(handles[i]);

			/* These look at their pointers first. */
			if (rv == CKR_ARGUMENTS_BAD &&
			    strcmp(with_session[j].name, "C_GetSessionInfo") == 0)
				continue;
			if (rv != CKR_SESSION_HANDLE_INVALID)
				fail_msg("%s(%lx): %s", with_session[j].name, handles[i],
					 p11_name(rv));
		}
	}
}

static void
in_a_session_each_function_names_what_is_wrong(void **state)
{
	CK_SLOT_ID slot = p11_slot(2, 0);

	(void)state;
	for (size_t i = 0; i < COUNT(with_session); i++) {
		CK_SESSION_HANDLE session = p11_open(slot, 0);

		walk(&with_session[i], 1, session, with_session[i].expected);
		(void)C_CloseSession(session);
	}
}

static void
a_session_that_was_closed_is_none(void **state)
{
	CK_SESSION_HANDLE session = p11_open(p11_slot(2, 0), 0);

	(void)state;
	assert_ok(C_CloseSession(session));
	assert_rv(C_CloseSession(session), CKR_SESSION_HANDLE_INVALID);
	assert_rv(C_FindObjectsInit(session, NULL, 0), CKR_SESSION_HANDLE_INVALID);
}

static void
a_number_that_is_no_slot_is_said_to_be_none(void **state)
{
	static const CK_SLOT_ID slots[] = {7, 8UL * SLOTS_PER_READER, CK_UNAVAILABLE_INFORMATION};

	(void)state;
	(void)p11_slot(2, 0);
	for (size_t i = 0; i < COUNT(slots); i++)
		walk(with_slot, COUNT(with_slot), slots[i], CKR_SLOT_ID_INVALID);
}

static void
of_a_slot_each_function_does_its_work(void **state)
{
	CK_SLOT_ID slot = p11_slot(2, 0);

	(void)state;
	for (size_t i = 0; i < COUNT(with_slot); i++)
		walk(&with_slot[i], 1, slot, with_slot[i].expected);
}

static void
a_pointer_that_must_be_there_is_missed(void **state)
{
	CK_SLOT_ID slot = p11_slot(2, 0);

	(void)state;
	for (size_t i = 0; i < COUNT(with_null); i++)
		walk(&with_null[i], 1, slot, with_null[i].expected);
}

static void
an_empty_slot_has_no_token(void **state)
{
	CK_SLOT_ID empty = SLOTS_PER_READER;
	CK_SESSION_HANDLE session;

	(void)state;
	(void)p11_slot(2, 0);
	assert_ok(C_GetSlotInfo(empty, &slot_info));
	assert_false(slot_info.flags & CKF_TOKEN_PRESENT);
	assert_rv(C_GetTokenInfo(empty, &token_info), CKR_TOKEN_NOT_PRESENT);
	assert_rv(C_OpenSession(empty, CKF_SERIAL_SESSION, NULL, NULL, &session),
		  CKR_TOKEN_NOT_PRESENT);
	assert_rv(C_GetMechanismList(empty, NULL, &count), CKR_TOKEN_NOT_PRESENT);
}

static void
a_session_must_be_serial(void **state)
{
	CK_SESSION_HANDLE session;

	(void)state;
	assert_rv(C_OpenSession(p11_slot(2, 0), CKF_RW_SESSION, NULL, NULL, &session),
		  CKR_SESSION_PARALLEL_NOT_SUPPORTED);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, p11_setup, p11_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(all_functions_but_the_lists_are_in_the_tables),
	    TEST(before_initialize_nothing_is_done),
	    TEST(a_handle_that_is_no_session_is_said_to_be_none),
	    TEST(in_a_session_each_function_names_what_is_wrong),
	    TEST(a_session_that_was_closed_is_none),
	    TEST(a_number_that_is_no_slot_is_said_to_be_none),
	    TEST(of_a_slot_each_function_does_its_work),
	    TEST(a_pointer_that_must_be_there_is_missed),
	    TEST(an_empty_slot_has_no_token),
	    TEST(a_session_must_be_serial),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
