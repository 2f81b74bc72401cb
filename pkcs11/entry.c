/*
 * The functions of Cryptoki: lists, interfaces, and for each call the check that we are initialised
 * and the line in the log. What they do is elsewhere.
 */
#include "pkcs11/decrypt.h"
#include "pkcs11/find.h"
#include "pkcs11/log.h"
#include "pkcs11/login.h"
#include "pkcs11/make.h"
#include "pkcs11/mechanism.h"
#include "pkcs11/module.h"
#include "pkcs11/newpin.h"
#include "pkcs11/session.h"
#include "pkcs11/sign.h"
#include "pkcs11/slots.h"
#include "pkcs11/software.h"

#include <string.h>

#define EXPORT __attribute__((visibility("default")))

/* `call` is made when we are initialised; the rest is the line in the log, as of printf. */
#define ENTRY(name, ...) ENTRY_OF(EXPORT, name, __VA_ARGS__)
#define ENTRY_OF(linkage, name, parameters, call, ...)        \
	linkage CK_RV name parameters                         \
	{                                                     \
		CK_RV rv = module_enter();                    \
                                                              \
		if (rv != CKR_OK)                             \
			return rv;                            \
		rv = call;                                    \
		log_call(module.log, #name, rv, __VA_ARGS__); \
		module_leave();                               \
		return rv;                                    \
	}

/* What a signing token has not: the other arguments are of no matter. */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#define WITHOUT(name, parameters) ENTRY(name, parameters, without(session), "session %lx", session)

/* A length after the call, or what stands for none. */
static CK_ULONG
at(const CK_ULONG *length)
{
	return length != NULL ? *length : CK_UNAVAILABLE_INFORMATION;
}

static CK_ULONG
type_of(const CK_MECHANISM *mechanism)
{
	return mechanism != NULL ? mechanism->mechanism : CK_UNAVAILABLE_INFORMATION;
}

static const char *
given(const void *pointer)
{
	return pointer != NULL ? "given" : "NULL";
}

static CK_RV
with_session(CK_SESSION_HANDLE handle, CK_RV rv)
{
	struct session *session;
	CK_RV bad = session_enter(handle, false, &session);

	if (bad != CKR_OK)
		return bad;
	session_leave(session);
	return rv;
}

static CK_RV
without(CK_SESSION_HANDLE handle)
{
	return with_session(handle, CKR_FUNCTION_NOT_SUPPORTED);
}

static CK_RV
without_init_token(CK_SLOT_ID slot)
{
	return ifd_of_slot(slot) != NULL ? CKR_FUNCTION_NOT_SUPPORTED : CKR_SLOT_ID_INVALID;
}

EXPORT CK_RV
C_Initialize(void *arguments)
{
	CK_RV rv = module_initialize(arguments);

	if (module_enter() == CKR_OK) {
		log_call(module.log, "C_Initialize", rv, "arguments %s", given(arguments));
		module_leave();
	}
	return rv;
}

EXPORT CK_RV
C_Finalize(void *reserved)
{
	return module_finalize(reserved);
}

ENTRY(C_GetInfo, (CK_INFO * info), module_info(info, (CK_VERSION){2, 40}), "info %s", given(info))

ENTRY(C_GetSlotList, (CK_BBOOL present, CK_SLOT_ID *list, CK_ULONG *count),
      slots_list(present, list, count), "present %d, list %s, count %ld", present, given(list),
      (long)at(count))
ENTRY(C_GetSlotInfo, (CK_SLOT_ID slot, CK_SLOT_INFO *info), slots_info(slot, info), "slot %lu",
      slot)
ENTRY(C_GetTokenInfo, (CK_SLOT_ID slot, CK_TOKEN_INFO *info), slots_token_info(slot, info),
      "slot %lu", slot)
ENTRY(C_WaitForSlotEvent, (CK_FLAGS flags, CK_SLOT_ID *slot, void *reserved),
      slots_wait(flags, slot, reserved), "flags %lx, slot %ld", flags, (long)at(slot))
ENTRY(C_GetMechanismList, (CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *count),
      mechanism_list(slot, list, count), "slot %lu, list %s, count %ld", slot, given(list),
      (long)at(count))
ENTRY(C_GetMechanismInfo, (CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info),
      mechanism_info(slot, type, info), "slot %lu, mechanism %lx", slot, type)
ENTRY(C_InitToken, (CK_SLOT_ID slot, CK_UTF8CHAR *pin, CK_ULONG pin_len, CK_UTF8CHAR *label),
      without_init_token(slot), "slot %lu, pin %s, %lu bytes, label %s", slot, given(pin), pin_len,
      given(label))
ENTRY(C_InitPIN, (CK_SESSION_HANDLE session, CK_UTF8CHAR *pin, CK_ULONG len),
      newpin_init(session, pin, len), "session %lx, pin %s", session, given(pin))
ENTRY(C_SetPIN,
      (CK_SESSION_HANDLE session, CK_UTF8CHAR *old_pin, CK_ULONG old_len, CK_UTF8CHAR *new_pin,
       CK_ULONG new_len),
      newpin_set(session, old_pin, old_len, new_pin, new_len),
      "session %lx, old pin %s, new pin %s", session, given(old_pin), given(new_pin))

ENTRY(C_OpenSession,
      (CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
       CK_SESSION_HANDLE *session),
      session_open(slot, flags, session),
      "slot %lu, flags %lx, application %s, notify %s, session %lx", slot, flags,
      given(application), notify != NULL ? "given" : "NULL", at(session))
ENTRY(C_CloseSession, (CK_SESSION_HANDLE session), session_close(session), "session %lx", session)
ENTRY(C_CloseAllSessions, (CK_SLOT_ID slot), session_close_all(slot), "slot %lu", slot)
ENTRY(C_GetSessionInfo, (CK_SESSION_HANDLE session, CK_SESSION_INFO *info),
      session_info(session, info), "session %lx", session)
ENTRY(C_SessionCancel, (CK_SESSION_HANDLE session, CK_FLAGS flags), session_cancel(session, flags),
      "session %lx, flags %lx", session, flags)
WITHOUT(C_GetOperationState, (CK_SESSION_HANDLE session, CK_BYTE *state, CK_ULONG *len))
WITHOUT(C_SetOperationState, (CK_SESSION_HANDLE session, CK_BYTE *state, CK_ULONG len,
			      CK_OBJECT_HANDLE encryption, CK_OBJECT_HANDLE authentication))
ENTRY(C_Login, (CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG len),
      login_user(session, user, pin, len), "session %lx, user %lu, pin %s", session, user,
      given(pin))
ENTRY(C_LoginUser,
      (CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG len,
       CK_UTF8CHAR *name, CK_ULONG name_len),
      login_named(session, user, pin, len, name, name_len),
      "session %lx, user %lu, pin %s, name %s", session, user, given(pin), given(name))
ENTRY(C_Logout, (CK_SESSION_HANDLE session), login_logout(session), "session %lx", session)

ENTRY(C_CreateObject,
      (CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *object),
      make_object(session, template, count, object), "session %lx, %lu attributes, object %lu",
      session, count, at(object))
WITHOUT(C_CopyObject, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template,
		       CK_ULONG count, CK_OBJECT_HANDLE *made))
ENTRY(C_DestroyObject, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object),
      make_destroy(session, object), "session %lx, object %lu", session, object)
ENTRY(C_GetObjectSize, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ULONG *size),
      find_size(session, object, size), "session %lx, object %lu", session, object)
ENTRY(C_GetAttributeValue,
      (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template, CK_ULONG count),
      find_attributes(session, object, template, count),
      "session %lx, object %lu, %lu attributes, first %lx", session, object, count,
      template != NULL && count > 0 ? template->type : 0)
ENTRY(C_SetAttributeValue,
      (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template, CK_ULONG count),
      find_set_attributes(session, object, template, count),
      "session %lx, object %lu, %lu attributes", session, object, count)
ENTRY(C_FindObjectsInit, (CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count),
      find_begin(session, template, count), "session %lx, %lu attributes", session, count)
ENTRY(C_FindObjects,
      (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *list, CK_ULONG room, CK_ULONG *count),
      find_next(session, list, room, count), "session %lx, room %lu, count %ld", session, room,
      (long)at(count))
ENTRY(C_FindObjectsFinal, (CK_SESSION_HANDLE session), find_end(session), "session %lx", session)

ENTRY(C_EncryptInit, (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key),
      encrypt_begin(session, mechanism, key), "session %lx, mechanism %lx, key %lu", session,
      type_of(mechanism), key)
ENTRY(C_Encrypt,
      (CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len, CK_BYTE *encrypted,
       CK_ULONG *len),
      encrypt_once(session, data, data_len, encrypted, len),
      "session %lx, data %lu bytes, output %s %ld", session, data_len, given(encrypted),
      (long)at(len))
ENTRY(C_EncryptUpdate,
      (CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len, CK_BYTE *encrypted,
       CK_ULONG *len),
      encrypt_update(session, data, data_len, encrypted, len), "session %lx, data %lu bytes",
      session, data_len)
ENTRY(C_EncryptFinal, (CK_SESSION_HANDLE session, CK_BYTE *encrypted, CK_ULONG *len),
      encrypt_final(session, encrypted, len), "session %lx, output %s %ld", session,
      given(encrypted), (long)at(len))
ENTRY(C_DecryptInit, (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key),
      decrypt_begin(session, mechanism, key), "session %lx, mechanism %lx, key %lu", session,
      type_of(mechanism), key)
ENTRY(C_Decrypt,
      (CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len, CK_BYTE *message,
       CK_ULONG *len),
      decrypt_once(session, data, data_len, message, len),
      "session %lx, data %lu bytes, output %s %ld", session, data_len, given(message),
      (long)at(len))
ENTRY(C_DecryptUpdate,
      (CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len, CK_BYTE *message,
       CK_ULONG *len),
      decrypt_update(session, data, data_len, message, len), "session %lx, data %lu bytes", session,
      data_len)
ENTRY(C_DecryptFinal, (CK_SESSION_HANDLE session, CK_BYTE *message, CK_ULONG *len),
      decrypt_final(session, message, len), "session %lx, output %s %ld", session, given(message),
      (long)at(len))

ENTRY(C_DigestInit, (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism),
      digest_begin(session, mechanism), "session %lx, mechanism %lx", session, type_of(mechanism))
ENTRY(C_Digest,
      (CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len, CK_BYTE *digest, CK_ULONG *len),
      digest_once(session, data, data_len, digest, len),
      "session %lx, data %lu bytes, output %s %ld", session, data_len, given(digest), (long)at(len))
ENTRY(C_DigestUpdate, (CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len),
      digest_update(session, data, data_len), "session %lx, data %lu bytes", session, data_len)
ENTRY(C_DigestKey, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key), digest_key(session, key),
      "session %lx, key %lu", session, key)
ENTRY(C_DigestFinal, (CK_SESSION_HANDLE session, CK_BYTE *digest, CK_ULONG *len),
      digest_final(session, digest, len), "session %lx, output %s %ld", session, given(digest),
      (long)at(len))

ENTRY(C_SignInit, (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key),
      sign_begin(session, mechanism, key), "session %lx, mechanism %lx, key %lu", session,
      type_of(mechanism), key)
ENTRY(C_Sign,
      (CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len, CK_BYTE *signature,
       CK_ULONG *len),
      sign_once(session, data, data_len, signature, len),
      "session %lx, data %lu bytes, output %s %ld", session, data_len, given(signature),
      (long)at(len))
ENTRY(C_SignUpdate, (CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len),
      sign_update(session, data, data_len), "session %lx, data %lu bytes", session, data_len)
ENTRY(C_SignFinal, (CK_SESSION_HANDLE session, CK_BYTE *signature, CK_ULONG *len),
      sign_final(session, signature, len), "session %lx, output %s %ld", session, given(signature),
      (long)at(len))
WITHOUT(C_SignRecoverInit,
	(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key))
WITHOUT(C_SignRecover, (CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len,
			CK_BYTE *signature, CK_ULONG *len))
ENTRY(C_VerifyInit, (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key),
      verify_begin(session, mechanism, key), "session %lx, mechanism %lx, key %lu", session,
      type_of(mechanism), key)
ENTRY(C_Verify,
      (CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len, CK_BYTE *signature,
       CK_ULONG len),
      verify_once(session, data, data_len, signature, len),
      "session %lx, data %lu bytes, signature %lu bytes", session, data_len, len)
ENTRY(C_VerifyUpdate, (CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len),
      verify_update(session, data, data_len), "session %lx, data %lu bytes", session, data_len)
ENTRY(C_VerifyFinal, (CK_SESSION_HANDLE session, CK_BYTE *signature, CK_ULONG len),
      verify_final(session, signature, len), "session %lx, signature %lu bytes", session, len)
WITHOUT(C_VerifyRecoverInit,
	(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key))
WITHOUT(C_VerifyRecover, (CK_SESSION_HANDLE session, CK_BYTE *signature, CK_ULONG signature_len,
			  CK_BYTE *data, CK_ULONG *len))
WITHOUT(C_DigestEncryptUpdate,
	(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len))
WITHOUT(C_DecryptDigestUpdate,
	(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len))
WITHOUT(C_SignEncryptUpdate,
	(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len))
WITHOUT(C_DecryptVerifyUpdate,
	(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len))

WITHOUT(C_GenerateKey, (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *template,
			CK_ULONG count, CK_OBJECT_HANDLE *key))
WITHOUT(C_GenerateKeyPair,
	(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public_template,
	 CK_ULONG public_count, CK_ATTRIBUTE *private_template, CK_ULONG private_count,
	 CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key))
WITHOUT(C_WrapKey, (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE wrapping,
		    CK_OBJECT_HANDLE key, CK_BYTE *wrapped, CK_ULONG *len))
WITHOUT(C_UnwrapKey, (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
		      CK_OBJECT_HANDLE unwrapping, CK_BYTE *wrapped, CK_ULONG len,
		      CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key))
ENTRY(C_DeriveKey,
      (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base,
       CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key),
      derive_key(session, mechanism, base, template, count, key),
      "session %lx, mechanism %lx, key %lu", session, type_of(mechanism), base)
ENTRY(C_SeedRandom, (CK_SESSION_HANDLE session, CK_BYTE *seed, CK_ULONG len),
      random_seed(session, seed, len), "session %lx, %lu bytes", session, len)
ENTRY(C_GenerateRandom, (CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG len),
      random_generate(session, data, len), "session %lx, %lu bytes", session, len)
ENTRY(C_GetFunctionStatus, (CK_SESSION_HANDLE session),
      with_session(session, CKR_FUNCTION_NOT_PARALLEL), "session %lx", session)
ENTRY(C_CancelFunction, (CK_SESSION_HANDLE session),
      with_session(session, CKR_FUNCTION_NOT_PARALLEL), "session %lx", session)

WITHOUT(C_MessageEncryptInit,
	(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key))
WITHOUT(C_EncryptMessage,
	(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_len, CK_BYTE *with,
	 CK_ULONG with_len, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len))
WITHOUT(C_EncryptMessageBegin, (CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_len,
				CK_BYTE *with, CK_ULONG with_len))
WITHOUT(C_EncryptMessageNext,
	(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_len, CK_BYTE *in,
	 CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len, CK_FLAGS flags))
WITHOUT(C_MessageEncryptFinal, (CK_SESSION_HANDLE session))
WITHOUT(C_MessageDecryptInit,
	(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key))
WITHOUT(C_DecryptMessage,
	(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_len, CK_BYTE *with,
	 CK_ULONG with_len, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len))
WITHOUT(C_DecryptMessageBegin, (CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_len,
				CK_BYTE *with, CK_ULONG with_len))
WITHOUT(C_DecryptMessageNext,
	(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_len, CK_BYTE *in,
	 CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len, CK_FLAGS flags))
WITHOUT(C_MessageDecryptFinal, (CK_SESSION_HANDLE session))
WITHOUT(C_MessageSignInit,
	(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key))
WITHOUT(C_SignMessage, (CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_len,
			CK_BYTE *data, CK_ULONG data_len, CK_BYTE *signature, CK_ULONG *len))
WITHOUT(C_SignMessageBegin, (CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_len))
WITHOUT(C_SignMessageNext, (CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_len,
			    CK_BYTE *data, CK_ULONG data_len, CK_BYTE *signature, CK_ULONG *len))
WITHOUT(C_MessageSignFinal, (CK_SESSION_HANDLE session))
WITHOUT(C_MessageVerifyInit,
	(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key))
WITHOUT(C_VerifyMessage, (CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_len,
			  CK_BYTE *data, CK_ULONG data_len, CK_BYTE *signature, CK_ULONG len))
WITHOUT(C_VerifyMessageBegin, (CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_len))
WITHOUT(C_VerifyMessageNext, (CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_len,
			      CK_BYTE *data, CK_ULONG data_len, CK_BYTE *signature, CK_ULONG len))
WITHOUT(C_MessageVerifyFinal, (CK_SESSION_HANDLE session))

/* The same of 3.0, for who came by its list. */
ENTRY_OF(static, info_3_0, (CK_INFO * info), module_info(info, (CK_VERSION){3, 0}), "info %s",
	 given(info))

#define FUNCTIONS_2_40(info)                                                                    \
	.C_GetInfo = (info), .C_Initialize = C_Initialize, .C_Finalize = C_Finalize,            \
	.C_GetFunctionList = C_GetFunctionList, .C_GetSlotList = C_GetSlotList,                 \
	.C_GetSlotInfo = C_GetSlotInfo, .C_GetTokenInfo = C_GetTokenInfo,                       \
	.C_GetMechanismList = C_GetMechanismList, .C_GetMechanismInfo = C_GetMechanismInfo,     \
	.C_InitToken = C_InitToken, .C_InitPIN = C_InitPIN, .C_SetPIN = C_SetPIN,               \
	.C_OpenSession = C_OpenSession, .C_CloseSession = C_CloseSession,                       \
	.C_CloseAllSessions = C_CloseAllSessions, .C_GetSessionInfo = C_GetSessionInfo,         \
	.C_GetOperationState = C_GetOperationState, .C_SetOperationState = C_SetOperationState, \
	.C_Login = C_Login, .C_Logout = C_Logout, .C_CreateObject = C_CreateObject,             \
	.C_CopyObject = C_CopyObject, .C_DestroyObject = C_DestroyObject,                       \
	.C_GetObjectSize = C_GetObjectSize, .C_GetAttributeValue = C_GetAttributeValue,         \
	.C_SetAttributeValue = C_SetAttributeValue, .C_FindObjectsInit = C_FindObjectsInit,     \
	.C_FindObjects = C_FindObjects, .C_FindObjectsFinal = C_FindObjectsFinal,               \
	.C_EncryptInit = C_EncryptInit, .C_Encrypt = C_Encrypt,                                 \
	.C_EncryptUpdate = C_EncryptUpdate, .C_EncryptFinal = C_EncryptFinal,                   \
	.C_DecryptInit = C_DecryptInit, .C_Decrypt = C_Decrypt,                                 \
	.C_DecryptUpdate = C_DecryptUpdate, .C_DecryptFinal = C_DecryptFinal,                   \
	.C_DigestInit = C_DigestInit, .C_Digest = C_Digest, .C_DigestUpdate = C_DigestUpdate,   \
	.C_DigestKey = C_DigestKey, .C_DigestFinal = C_DigestFinal, .C_SignInit = C_SignInit,   \
	.C_Sign = C_Sign, .C_SignUpdate = C_SignUpdate, .C_SignFinal = C_SignFinal,             \
	.C_SignRecoverInit = C_SignRecoverInit, .C_SignRecover = C_SignRecover,                 \
	.C_VerifyInit = C_VerifyInit, .C_Verify = C_Verify, .C_VerifyUpdate = C_VerifyUpdate,   \
	.C_VerifyFinal = C_VerifyFinal, .C_VerifyRecoverInit = C_VerifyRecoverInit,             \
	.C_VerifyRecover = C_VerifyRecover, .C_DigestEncryptUpdate = C_DigestEncryptUpdate,     \
	.C_DecryptDigestUpdate = C_DecryptDigestUpdate,                                         \
	.C_SignEncryptUpdate = C_SignEncryptUpdate,                                             \
	.C_DecryptVerifyUpdate = C_DecryptVerifyUpdate, .C_GenerateKey = C_GenerateKey,         \
	.C_GenerateKeyPair = C_GenerateKeyPair, .C_WrapKey = C_WrapKey,                         \
	.C_UnwrapKey = C_UnwrapKey, .C_DeriveKey = C_DeriveKey, .C_SeedRandom = C_SeedRandom,   \
	.C_GenerateRandom = C_GenerateRandom, .C_GetFunctionStatus = C_GetFunctionStatus,       \
	.C_CancelFunction = C_CancelFunction, .C_WaitForSlotEvent = C_WaitForSlotEvent

#define FUNCTION_3_0(name, arguments) .name = (name),

static CK_FUNCTION_LIST list_2_40 = {.version = {2, 40}, FUNCTIONS_2_40(C_GetInfo)};
static CK_FUNCTION_LIST_3_0 list_3_0 = {.base = {.version = {3, 0}, FUNCTIONS_2_40(info_3_0)},
					CRYPTOKI_3_0(FUNCTION_3_0)};

static CK_UTF8CHAR interface_name[] = "PKCS 11";

/* The first is the one for who does not ask for a version. */
static CK_INTERFACE interfaces[] = {
    {interface_name, &list_3_0, CKF_INTERFACE_FORK_SAFE},
    {interface_name, &list_2_40, CKF_INTERFACE_FORK_SAFE},
};

enum { INTERFACES = sizeof(interfaces) / sizeof(interfaces[0]) };

EXPORT CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	if (list == NULL)
		return CKR_ARGUMENTS_BAD;
	*list = &list_2_40;
	return CKR_OK;
}

EXPORT CK_RV
C_GetInterfaceList(CK_INTERFACE *list, CK_ULONG *count)
{
	CK_RV rv;

	if (count == NULL)
		return CKR_ARGUMENTS_BAD;
	if (operation_asks(list, count, INTERFACES, &rv))
		return rv;
	memcpy(list, interfaces, sizeof(interfaces));
	*count = INTERFACES;
	return CKR_OK;
}

/* NSS asks for its own vendor interfaces too, and goes on without them. */
EXPORT CK_RV
C_GetInterface(CK_UTF8CHAR *name, CK_VERSION *version, CK_INTERFACE **interface, CK_FLAGS flags)
{
	if (interface == NULL)
		return CKR_ARGUMENTS_BAD;
	for (size_t i = 0; i < INTERFACES; i++) {
		const CK_VERSION *has = interfaces[i].pFunctionList;

		if (name != NULL && strcmp((const char *)name, (const char *)interface_name) != 0)
			continue;
		if (version != NULL &&
		    (version->major != has->major || version->minor != has->minor))
			continue;
		if ((interfaces[i].flags & flags) != flags)
			continue;
		*interface = &interfaces[i];
		return CKR_OK;
	}
	return CKR_ARGUMENTS_BAD;
}
