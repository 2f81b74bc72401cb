/*
 * pcscd has let go of the card also when its answer does not come.
 */
#include "tests/faults/faults.h"

#include <winscard.h>

LONG fault_SCardDisconnect(SCARDHANDLE handle, DWORD disposition);
LONG fault_SCardEndTransaction(SCARDHANDLE handle, DWORD disposition);

static const struct fault_call disconnecting = {
    "SCardDisconnect", {(LONG)SCARD_F_COMM_ERROR, (LONG)SCARD_F_COMM_ERROR}, FAULT_PCSC, 0};

static const struct fault_call ending = {
    "SCardEndTransaction", {(LONG)SCARD_F_COMM_ERROR, (LONG)SCARD_F_COMM_ERROR}, FAULT_PCSC, 0};

LONG
fault_SCardDisconnect(SCARDHANDLE handle, DWORD disposition)
{
	const LONG result = SCardDisconnect(handle, disposition);
	const long *failed = fault_strikes(&disconnecting, __builtin_return_address(0));

	return failed ? *failed : result;
}

LONG
fault_SCardEndTransaction(SCARDHANDLE handle, DWORD disposition)
{
	const LONG result = SCardEndTransaction(handle, disposition);
	const long *failed = fault_strikes(&ending, __builtin_return_address(0));

	return failed ? *failed : result;
}
