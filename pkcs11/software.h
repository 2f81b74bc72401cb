/*
 * What needs no card: C_Digest*, C_Verify* and C_Encrypt* with public keys, C_GenerateRandom.
 */
#ifndef VICAR_PKCS11_SOFTWARE_H
#define VICAR_PKCS11_SOFTWARE_H

#include "pkcs11/session.h"

CK_RV digest_begin(CK_SESSION_HANDLE handle, const CK_MECHANISM *mechanism);
CK_RV digest_once(CK_SESSION_HANDLE handle, const CK_BYTE *data, CK_ULONG data_len, CK_BYTE *digest,
		  CK_ULONG *digest_len);
CK_RV digest_update(CK_SESSION_HANDLE handle, const CK_BYTE *data, CK_ULONG data_len);
CK_RV digest_key(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE key);
CK_RV digest_final(CK_SESSION_HANDLE handle, CK_BYTE *digest, CK_ULONG *digest_len);

CK_RV verify_begin(CK_SESSION_HANDLE handle, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
CK_RV verify_once(CK_SESSION_HANDLE handle, const CK_BYTE *data, CK_ULONG data_len,
		  const CK_BYTE *signature, CK_ULONG signature_len);
CK_RV verify_update(CK_SESSION_HANDLE handle, const CK_BYTE *data, CK_ULONG data_len);
CK_RV verify_final(CK_SESSION_HANDLE handle, const CK_BYTE *signature, CK_ULONG signature_len);

CK_RV encrypt_begin(CK_SESSION_HANDLE handle, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
CK_RV encrypt_once(CK_SESSION_HANDLE handle, const CK_BYTE *data, CK_ULONG data_len,
		   CK_BYTE *encrypted, CK_ULONG *encrypted_len);
CK_RV encrypt_update(CK_SESSION_HANDLE handle, const CK_BYTE *data, CK_ULONG data_len,
		     CK_BYTE *encrypted, CK_ULONG *encrypted_len);
CK_RV encrypt_final(CK_SESSION_HANDLE handle, CK_BYTE *encrypted, CK_ULONG *encrypted_len);

CK_RV random_seed(CK_SESSION_HANDLE handle, const CK_BYTE *seed, CK_ULONG seed_len);
CK_RV random_generate(CK_SESSION_HANDLE handle, CK_BYTE *data, CK_ULONG len);

/* For the Init of verify and encrypt: takes mechanism and public key into the operation. `use`:
 * CKF_VERIFY or CKF_ENCRYPT, by CKA_VERIFY or CKA_ENCRYPT of the key. */
CK_RV software_begin(CK_SESSION_HANDLE handle, enum operation_kind kind,
		     const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, CK_FLAGS use);
/* Update of an operation that collects. Ends it on failure. */
CK_RV software_update(CK_SESSION_HANDLE handle, enum operation_kind kind, const CK_BYTE *data,
		      CK_ULONG data_len);

#endif
