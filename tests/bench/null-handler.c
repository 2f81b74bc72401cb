/*
 * The least that a reader can do, as a driver for pcscd: one card that is always in and that answers at
 * once, inside pcscd. DEVICENAME is "null:" and its answers, see answers.h.
 */
#include <ifdhandler.h>
#include <pthread.h>
#include <reader.h>
#include <winscard.h>

#include "tests/bench/answers.h"

#define EXPORTED __attribute__((visibility("default")))

#define SCHEME "null:"

static struct answers answers;

/* pcscd's polling thread waits here for ever: nothing changes. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t stopped = PTHREAD_COND_INITIALIZER;
static bool stop;

static RESPONSECODE
wait_for_stop(DWORD Lun, int timeout)
{
	(void)Lun;
	(void)timeout;
	pthread_mutex_lock(&lock);
	while (!stop)
		pthread_cond_wait(&stopped, &lock);
	stop = false;
	pthread_mutex_unlock(&lock);
	return IFD_SUCCESS;
}

static RESPONSECODE
stop_waiting(DWORD Lun)
{
	(void)Lun;
	pthread_mutex_lock(&lock);
	stop = true;
	pthread_cond_signal(&stopped);
	pthread_mutex_unlock(&lock);
	return IFD_SUCCESS;
}

EXPORTED RESPONSECODE
IFDHCreateChannelByName(DWORD Lun, LPSTR DeviceName)
{
	(void)Lun;
	/* pcscd takes a name without a colon for a file that must be there. */
	if (strncmp(DeviceName, SCHEME, strlen(SCHEME)) != 0 ||
	    !answers_parse(DeviceName + strlen(SCHEME), &answers))
		return IFD_COMMUNICATION_ERROR;
	return IFD_SUCCESS;
}

EXPORTED RESPONSECODE
IFDHCreateChannel(DWORD Lun, DWORD Channel)
{
	(void)Lun;
	(void)Channel;
	return IFD_COMMUNICATION_ERROR;
}

EXPORTED RESPONSECODE
IFDHCloseChannel(DWORD Lun)
{
	(void)Lun;
	return IFD_SUCCESS;
}

EXPORTED RESPONSECODE
IFDHGetCapabilities(DWORD Lun, DWORD Tag, PDWORD Length, PUCHAR Value)
{
	static RESPONSECODE (*const poll)(DWORD, int) = wait_for_stop;
	static RESPONSECODE (*const end)(DWORD) = stop_waiting;

	(void)Lun;
	switch (Tag) {
	case TAG_IFD_POLLING_THREAD_WITH_TIMEOUT:
		memcpy(Value, &poll, sizeof poll);
		*Length = sizeof poll;
		return IFD_SUCCESS;
	case TAG_IFD_STOP_POLLING_THREAD:
		memcpy(Value, &end, sizeof end);
		*Length = sizeof end;
		return IFD_SUCCESS;
	default: *Length = 0; return IFD_ERROR_TAG;
	}
}

EXPORTED RESPONSECODE
IFDHSetCapabilities(DWORD Lun, DWORD Tag, DWORD Length, PUCHAR Value)
{
	(void)Lun;
	(void)Tag;
	(void)Length;
	(void)Value;
	return IFD_ERROR_TAG;
}

EXPORTED RESPONSECODE
IFDHSetProtocolParameters(DWORD Lun, DWORD Protocol, UCHAR Flags, UCHAR PTS1, UCHAR PTS2,
			  UCHAR PTS3)
{
	(void)Lun;
	(void)Protocol;
	(void)Flags;
	(void)PTS1;
	(void)PTS2;
	(void)PTS3;
	return IFD_SUCCESS;
}

EXPORTED RESPONSECODE
IFDHPowerICC(DWORD Lun, DWORD Action, PUCHAR Atr, PDWORD AtrLength)
{
	(void)Lun;
	*AtrLength = 0;
	if (Action != IFD_POWER_DOWN) {
		memcpy(Atr, ANSWERS_ATR, sizeof ANSWERS_ATR);
		*AtrLength = sizeof ANSWERS_ATR;
	}
	return IFD_SUCCESS;
}

EXPORTED RESPONSECODE
IFDHTransmitToICC(DWORD Lun, SCARD_IO_HEADER SendPci, PUCHAR TxBuffer, DWORD TxLength,
		  PUCHAR RxBuffer, PDWORD RxLength, PSCARD_IO_HEADER RecvPci)
{
	(void)Lun;
	if (RecvPci != NULL)
		RecvPci->Protocol = SendPci.Protocol;
	*RxLength = answers_give(&answers, TxBuffer, TxLength, RxBuffer);
	return IFD_SUCCESS;
}

EXPORTED RESPONSECODE
IFDHControl(DWORD Lun, DWORD dwControlCode, PUCHAR TxBuffer, DWORD TxLength, PUCHAR RxBuffer,
	    DWORD RxLength, LPDWORD pdwBytesReturned)
{
	(void)Lun;
	(void)dwControlCode;
	(void)TxBuffer;
	(void)TxLength;
	(void)RxBuffer;
	(void)RxLength;
	*pdwBytesReturned = 0;
	return IFD_ERROR_NOT_SUPPORTED;
}

EXPORTED RESPONSECODE
IFDHICCPresence(DWORD Lun)
{
	(void)Lun;
	return IFD_ICC_PRESENT;
}
