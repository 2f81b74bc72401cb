/*
 * The Cryptoki vocabulary: p11-kit's pkcs11.h, and what PKCS#11 3.0 has beside it. The header of
 * p11-kit 0.24 and 0.25 before 0.25.4 knows 2.40 only; names that a newer one brings are left to it.
 *
 * CK_ types are spoken in the files that include this header, and nowhere below smartcard.h.
 */
#ifndef VICAR_PKCS11_CRYPTOKI_H
#define VICAR_PKCS11_CRYPTOKI_H

#include <p11-kit/pkcs11.h>

#ifndef CKO_PROFILE
#define CKO_PROFILE 9UL
#endif
#ifndef CKA_UNIQUE_ID
#define CKA_UNIQUE_ID 4UL
#endif
#ifndef CKA_PROFILE_ID
#define CKA_PROFILE_ID 0x601UL
#endif
#ifndef CKP_PUBLIC_CERTIFICATES_TOKEN
#define CKP_PUBLIC_CERTIFICATES_TOKEN 4UL
#endif
#ifndef CKR_OPERATION_CANCEL_FAILED
#define CKR_OPERATION_CANCEL_FAILED 0x202UL
#endif
#ifndef CKF_INTERFACE_FORK_SAFE
#define CKF_INTERFACE_FORK_SAFE 1UL
#endif
#ifndef CKF_FIND_OBJECTS
#define CKF_FIND_OBJECTS (1UL << 6)
#endif
#ifndef CK_CERTIFICATE_CATEGORY_UNSPECIFIED
#define CK_CERTIFICATE_CATEGORY_UNSPECIFIED 0UL
#define CK_CERTIFICATE_CATEGORY_TOKEN_USER 1UL
#define CK_CERTIFICATE_CATEGORY_AUTHORITY 2UL
#endif

#ifndef CRYPTOKI_LEGACY_VERSION_MAJOR /* a header that has 3.0 has this too */

typedef struct {
	CK_UTF8CHAR *pInterfaceName;
	void *pFunctionList;
	CK_FLAGS flags;
} CK_INTERFACE;

#define ARGS_SESSION (CK_SESSION_HANDLE)
#define ARGS_INIT (CK_SESSION_HANDLE, CK_MECHANISM *, CK_OBJECT_HANDLE)
/* parameter; associated data; text in; text out */
#define ARGS_CRYPT_MESSAGE                                                                         \
	(CK_SESSION_HANDLE, void *, CK_ULONG, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG, CK_BYTE *, \
	 CK_ULONG *)
#define ARGS_CRYPT_BEGIN (CK_SESSION_HANDLE, void *, CK_ULONG, CK_BYTE *, CK_ULONG)
#define ARGS_CRYPT_NEXT \
	(CK_SESSION_HANDLE, void *, CK_ULONG, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *, CK_FLAGS)
#define ARGS_BEGIN (CK_SESSION_HANDLE, void *, CK_ULONG)
#define ARGS_SIGN_MESSAGE \
	(CK_SESSION_HANDLE, void *, CK_ULONG, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *)
#define ARGS_VERIFY_MESSAGE \
	(CK_SESSION_HANDLE, void *, CK_ULONG, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG)

/* name, arguments, in the order of CK_FUNCTION_LIST_3_0 after those of 2.40. */
#define CRYPTOKI_3_0(F)                                                                        \
	F(C_GetInterfaceList, (CK_INTERFACE *, CK_ULONG *))                                    \
	F(C_GetInterface, (CK_UTF8CHAR *, CK_VERSION *, CK_INTERFACE **, CK_FLAGS))            \
	F(C_LoginUser,                                                                         \
	  (CK_SESSION_HANDLE, CK_USER_TYPE, CK_UTF8CHAR *, CK_ULONG, CK_UTF8CHAR *, CK_ULONG)) \
	F(C_SessionCancel, (CK_SESSION_HANDLE, CK_FLAGS))                                      \
	F(C_MessageEncryptInit, ARGS_INIT)                                                     \
	F(C_EncryptMessage, ARGS_CRYPT_MESSAGE)                                                \
	F(C_EncryptMessageBegin, ARGS_CRYPT_BEGIN)                                             \
	F(C_EncryptMessageNext, ARGS_CRYPT_NEXT)                                               \
	F(C_MessageEncryptFinal, ARGS_SESSION)                                                 \
	F(C_MessageDecryptInit, ARGS_INIT)                                                     \
	F(C_DecryptMessage, ARGS_CRYPT_MESSAGE)                                                \
	F(C_DecryptMessageBegin, ARGS_CRYPT_BEGIN)                                             \
	F(C_DecryptMessageNext, ARGS_CRYPT_NEXT)                                               \
	F(C_MessageDecryptFinal, ARGS_SESSION)                                                 \
	F(C_MessageSignInit, ARGS_INIT)                                                        \
	F(C_SignMessage, ARGS_SIGN_MESSAGE)                                                    \
	F(C_SignMessageBegin, ARGS_BEGIN)                                                      \
	F(C_SignMessageNext, ARGS_SIGN_MESSAGE)                                                \
	F(C_MessageSignFinal, ARGS_SESSION)                                                    \
	F(C_MessageVerifyInit, ARGS_INIT)                                                      \
	F(C_VerifyMessage, ARGS_VERIFY_MESSAGE)                                                \
	F(C_VerifyMessageBegin, ARGS_BEGIN)                                                    \
	F(C_VerifyMessageNext, ARGS_VERIFY_MESSAGE)                                            \
	F(C_MessageVerifyFinal, ARGS_SESSION)

#define CRYPTOKI_POINTER(name, arguments) CK_RV(*name) arguments;
#define CRYPTOKI_DECLARE(name, arguments) CK_RV name arguments;

/* The 2.40 list stands first, as a whole: version, then its 68 functions. */
typedef struct {
	CK_FUNCTION_LIST base;
	CRYPTOKI_3_0(CRYPTOKI_POINTER)
} CK_FUNCTION_LIST_3_0;

CRYPTOKI_3_0(CRYPTOKI_DECLARE)

#endif
#endif
