/*
 * C_GetSlotList, C_GetSlotInfo, C_GetTokenInfo, C_WaitForSlotEvent: answered from what is known, so
 * that a slow card keeps nobody waiting.
 */
#ifndef VICAR_PKCS11_SLOTS_H
#define VICAR_PKCS11_SLOTS_H

#include "pkcs11/cryptoki.h"

CK_RV slots_list(CK_BBOOL present, CK_SLOT_ID *list, CK_ULONG *count);
CK_RV slots_info(CK_SLOT_ID slot, CK_SLOT_INFO *info);
CK_RV slots_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info);
CK_RV slots_wait(CK_FLAGS flags, CK_SLOT_ID *slot, void *reserved);

#endif
