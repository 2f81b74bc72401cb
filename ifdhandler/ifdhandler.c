/*
 * The border to pcscd: IFD handler API 3.0, ifdhandler.h of pcsc-lite. Windows types end here.
 *
 * Never answered: IFD_NO_SUCH_DEVICE, for which pcscd signals a hot-plug and sleeps a second, and
 * IFD_ICC_NOT_PRESENT from a transmit, after which the reader looks empty for ever.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <ifdhandler.h>
#include <reader.h>
#include <winscard.h>

#include "ifdhandler/features.h"
#include "ifdhandler/log.h"
#include "ifdhandler/reader.h"

#define EXPORTED __attribute__((visibility("default")))

enum {
	READERS_MAX = 255, /* pcscd's own limit is lower */
	/* PC/SC part 3, 3.1.1: data channel types from F0 on are the vendor's own. */
	CHANNEL_VENDOR = 0x00F0,
	ICC_ABSENT = 0,
	ICC_PRESENT = 2, /* in place; 1 is for readers that swallow the card */
};

static RESPONSECODE
answer(const void *bytes, size_t length, PUCHAR buffer, size_t room, PDWORD answered)
{
	*answered = 0;
	if (length > room)
		return IFD_ERROR_INSUFFICIENT_BUFFER;
	if (length > 0)
		memcpy(buffer, bytes, length);
	*answered = length;
	return IFD_SUCCESS;
}

EXPORTED RESPONSECODE
IFDHCreateChannelByName(DWORD Lun, LPSTR DeviceName)
{
	return reader_open(Lun, DeviceName) ? IFD_SUCCESS : IFD_COMMUNICATION_ERROR;
}

/* An entry of reader.conf without DEVICENAME. */
EXPORTED RESPONSECODE
IFDHCreateChannel(DWORD Lun, DWORD Channel)
{
	(void)Channel;
	return reader_open(Lun, DEVICENAME_SCHEME LINK_DIRECTORY) ? IFD_SUCCESS
								  : IFD_COMMUNICATION_ERROR;
}

EXPORTED RESPONSECODE
IFDHCloseChannel(DWORD Lun)
{
	return reader_close(Lun) ? IFD_SUCCESS : IFD_COMMUNICATION_ERROR;
}

/* TAG_IFD_POLLING_THREAD_WITH_TIMEOUT: anything but IFD_SUCCESS makes pcscd sleep 400 ms more. */
static RESPONSECODE
poll_slot(DWORD Lun, int timeout)
{
	struct slot *slot;
	struct reader *reader = reader_get(Lun, &slot);

	if (reader == NULL)
		return IFD_COMMUNICATION_ERROR;
	reader_poll(reader, slot, timeout);
	reader_put(reader);
	return IFD_SUCCESS;
}

/* TAG_IFD_STOP_POLLING_THREAD */
static RESPONSECODE
stop_polling(DWORD Lun)
{
	struct slot *slot;
	struct reader *reader = reader_get(Lun, &slot);

	if (reader == NULL)
		return IFD_COMMUNICATION_ERROR;
	slot_stop(slot);
	reader_put(reader);
	return IFD_SUCCESS;
}

/* 0xMMmmbbbb */
static uint32_t
version(void)
{
	const char *text = VICAR_VERSION;
	char *end;
	unsigned long major = strtoul(text, &end, 10);
	unsigned long minor = *end == '.' ? strtoul(end + 1, &end, 10) : 0;
	unsigned long build = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;

	return (uint32_t)((major & 0xFF) << 24 | (minor & 0xFF) << 16 | (build & 0xFFFF));
}

/* What pcscd asks of the driver, whatever the reader. */
static RESPONSECODE
driver_capability(DWORD Tag, PUCHAR value, size_t room, PDWORD length)
{
	static RESPONSECODE (*const poll_function)(DWORD, int) = poll_slot;
	static RESPONSECODE (*const stop_function)(DWORD) = stop_polling;
	static const uint8_t yes = 1, readers = READERS_MAX;
	static const char vendor[] = "Vicar", type[] = "Vicar virtual reader";
	static const uint32_t none = 0, longest = LINK_CAPDU_MAX;
	const uint32_t ours = version();

	switch (Tag) {
	case TAG_IFD_SIMULTANEOUS_ACCESS:
		return answer(&readers, sizeof readers, value, room, length);
	case TAG_IFD_THREAD_SAFE:
	case TAG_IFD_SLOT_THREAD_SAFE: return answer(&yes, sizeof yes, value, room, length);
	case TAG_IFD_POLLING_THREAD_WITH_TIMEOUT:
		return answer(&poll_function, sizeof poll_function, value, room, length);
	case TAG_IFD_STOP_POLLING_THREAD:
		return answer(&stop_function, sizeof stop_function, value, room, length);
	case SCARD_ATTR_VENDOR_NAME: return answer(vendor, sizeof vendor, value, room, length);
	case SCARD_ATTR_VENDOR_IFD_TYPE: return answer(type, sizeof type, value, room, length);
	case SCARD_ATTR_VENDOR_IFD_VERSION: return answer(&ours, sizeof ours, value, room, length);
	case SCARD_ATTR_CHARACTERISTICS: return answer(&none, sizeof none, value, room, length);
	case SCARD_ATTR_MAXINPUT: return answer(&longest, sizeof longest, value, room, length);
	case SCARD_ATTR_DEVICE_FRIENDLY_NAME_A:
	case SCARD_ATTR_DEVICE_FRIENDLY_NAME_W:
	case SCARD_ATTR_DEVICE_SYSTEM_NAME_A:
	case SCARD_ATTR_DEVICE_SYSTEM_NAME_W:
		/* pcscd 1.9.9 answers these itself, and takes *length for its client's room. */
		return IFD_ERROR_TAG;
	default:
		log_line(LOG_DEBUG, "tag %lX is not answered", (unsigned long)Tag);
		*length = 0;
		return IFD_ERROR_TAG;
	}
}

static RESPONSECODE
slot_capability(DWORD Lun, const struct reader *reader, struct slot *slot, DWORD Tag, PUCHAR value,
		size_t room, PDWORD length)
{
	const struct devicename *device = reader_device(reader);
	const uint8_t slots = (uint8_t)device->slots;
	const uint32_t channel = (uint32_t)CHANNEL_VENDOR << 16 | (Lun >> 16 & 0xFFFF);
	struct slot_status status;
	uint32_t protocol;
	uint8_t byte;

	slot_status(slot, &status);
	switch (Tag) {
	case TAG_IFD_SLOTS_NUMBER: return answer(&slots, sizeof slots, value, room, length);
	case TAG_IFD_ATR:
	case SCARD_ATTR_ATR_STRING: return answer(status.atr, status.atr_len, value, room, length);
	case SCARD_ATTR_ICC_PRESENCE:
		byte = status.present ? ICC_PRESENT : ICC_ABSENT;
		return answer(&byte, sizeof byte, value, room, length);
	case SCARD_ATTR_ICC_INTERFACE_STATUS:
		byte = status.powered;
		return answer(&byte, sizeof byte, value, room, length);
	case SCARD_ATTR_CURRENT_PROTOCOL_TYPE:
		protocol = status.protocol == 0 ? SCARD_PROTOCOL_T0 : SCARD_PROTOCOL_T1;
		return answer(&protocol, sizeof protocol, value, room, length);
	case SCARD_ATTR_CHANNEL_ID: return answer(&channel, sizeof channel, value, room, length);
	case SCARD_ATTR_VENDOR_IFD_SERIAL_NO:
		return answer(device->text, strlen(device->text) + 1, value, room, length);
	default: return driver_capability(Tag, value, room, length);
	}
}

EXPORTED RESPONSECODE
IFDHGetCapabilities(DWORD Lun, DWORD Tag, PDWORD Length, PUCHAR Value)
{
	const size_t room = *Length;
	struct slot *slot;
	struct reader *reader = reader_get(Lun, &slot);
	RESPONSECODE r;

	if (reader == NULL)
		return driver_capability(Tag, Value, room, Length);
	r = slot_capability(Lun, reader, slot, Tag, Value, room, Length);
	reader_put(reader);
	return r;
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
	struct slot *slot;
	struct reader *reader = reader_get(Lun, &slot);
	RESPONSECODE r = IFD_PROTOCOL_NOT_SUPPORTED;

	(void)Flags;
	(void)PTS1;
	(void)PTS2;
	(void)PTS3;
	if (reader == NULL)
		return IFD_COMMUNICATION_ERROR;
	if (Protocol == SCARD_PROTOCOL_T0 || Protocol == SCARD_PROTOCOL_T1) {
		slot_set_protocol(slot, Protocol == SCARD_PROTOCOL_T0 ? 0 : 1);
		r = IFD_SUCCESS;
	}
	reader_put(reader);
	return r;
}

EXPORTED RESPONSECODE
IFDHPowerICC(DWORD Lun, DWORD Action, PUCHAR Atr, PDWORD AtrLength)
{
	static const struct {
		DWORD action;
		enum link_kind kind;
	} actions[] = {
	    {IFD_POWER_UP, LINK_POWER_ON},
	    {IFD_POWER_DOWN, LINK_POWER_OFF},
	    {IFD_RESET, LINK_RESET},
	};
	struct slot *slot;
	struct reader *reader = reader_get(Lun, &slot);
	RESPONSECODE r = IFD_ERROR_POWER_ACTION;
	uint8_t atr[LINK_ATR_MAX];
	size_t atr_len, i = 0;

	*AtrLength = 0;
	while (i < sizeof actions / sizeof actions[0] && actions[i].action != Action)
		i++;
	if (reader == NULL || i == sizeof actions / sizeof actions[0])
		goto out;
	if (slot_power(slot, actions[i].kind, atr, &atr_len) != SLOT_OK) {
		r = Action == IFD_POWER_DOWN ? IFD_SUCCESS : IFD_ERROR_POWER_ACTION;
		goto out;
	}
	r = IFD_SUCCESS;
	/* For IFD_POWER_DOWN the buffers may be dummies. */
	if (Action != IFD_POWER_DOWN) {
		memcpy(Atr, atr, atr_len);
		*AtrLength = atr_len;
	}
out:
	if (reader != NULL)
		reader_put(reader);
	return r;
}

static RESPONSECODE
result_of(enum slot_result result)
{
	switch (result) {
	case SLOT_OK: return IFD_SUCCESS;
	case SLOT_NO_ROOM: return IFD_ERROR_INSUFFICIENT_BUFFER;
	default: return IFD_COMMUNICATION_ERROR;
	}
}

/* `sw` is the card's, or what the reader says of a structure that cannot be one. */
static RESPONSECODE
ask_for_pin(struct slot *slot, const struct feature *feature, const uint8_t *structure,
	    size_t length, uint8_t sw[LINK_PIN_ANSWER])
{
	if (features_structure_fits(feature->request, length))
		return result_of(slot_pin(slot, feature->request, structure, length, sw));
	sw[0] = FEATURES_SW_BAD_STRUCTURE >> 8;
	sw[1] = FEATURES_SW_BAD_STRUCTURE & 0xFF;
	return IFD_SUCCESS;
}

/* The answer to a pseudo-APDU: data and 9000, or a status word alone. */
static RESPONSECODE
serve_pseudo(struct slot *slot, const uint8_t *capdu, size_t capdu_len, PUCHAR rapdu, size_t room,
	     PDWORD rapdu_len)
{
	static const uint8_t wrong_length[] = {0x67, 0x00}, not_offered[] = {0x6A, 0x81},
			     done[] = {0x90, 0x00};
	uint8_t sw[LINK_PIN_ANSWER];
	const uint8_t *data;
	struct feature feature;
	RESPONSECODE r;
	size_t data_len;

	if (!features_pseudo_data(capdu, capdu_len, &data, &data_len))
		return answer(wrong_length, sizeof wrong_length, rapdu, room, rapdu_len);
	if (!features_by_pseudo(capdu, &feature))
		return answer(not_offered, sizeof not_offered, rapdu, room, rapdu_len);
	if (feature.request != 0) {
		r = ask_for_pin(slot, &feature, data, data_len, sw);
		return r == IFD_SUCCESS ? answer(sw, sizeof sw, rapdu, room, rapdu_len) : r;
	}
	if (room < feature.answer_len + sizeof done)
		return IFD_ERROR_INSUFFICIENT_BUFFER;
	memcpy(rapdu, feature.answer, feature.answer_len);
	memcpy(rapdu + feature.answer_len, done, sizeof done);
	*rapdu_len = feature.answer_len + sizeof done;
	return IFD_SUCCESS;
}

EXPORTED RESPONSECODE
IFDHTransmitToICC(DWORD Lun, SCARD_IO_HEADER SendPci, PUCHAR TxBuffer, DWORD TxLength,
		  PUCHAR RxBuffer, PDWORD RxLength, PSCARD_IO_HEADER RecvPci)
{
	struct slot *slot;
	struct reader *reader = reader_get(Lun, &slot);
	RESPONSECODE r = IFD_COMMUNICATION_ERROR;
	size_t length = *RxLength;

	*RxLength = 0;
	if (RecvPci != NULL)
		RecvPci->Protocol = SendPci.Protocol;
	if (reader == NULL)
		return r;
	if (features_is_pseudo(reader_device(reader)->pinpad, TxBuffer, TxLength)) {
		r = serve_pseudo(slot, TxBuffer, TxLength, RxBuffer, length, RxLength);
	} else {
		r = result_of(slot_transmit(slot, SendPci.Protocol == 0 ? 0 : 1, TxBuffer, TxLength,
					    RxBuffer, &length));
		*RxLength = length;
	}
	reader_put(reader);
	return r;
}

EXPORTED RESPONSECODE
IFDHControl(DWORD Lun, DWORD dwControlCode, PUCHAR TxBuffer, DWORD TxLength, PUCHAR RxBuffer,
	    DWORD RxLength, LPDWORD pdwBytesReturned)
{
	struct slot *slot;
	struct reader *reader = reader_get(Lun, &slot);
	const bool pinpad = reader != NULL && reader_device(reader)->pinpad;
	uint8_t sw[LINK_PIN_ANSWER];
	struct feature feature;
	RESPONSECODE r = IFD_ERROR_NOT_SUPPORTED;

	*pdwBytesReturned = 0;
	if (!features_by_code(pinpad, dwControlCode, &feature))
		goto out;
	if (feature.request == 0) {
		r = answer(feature.answer, feature.answer_len, RxBuffer, RxLength,
			   pdwBytesReturned);
		goto out;
	}
	r = IFD_ERROR_INSUFFICIENT_BUFFER;
	if (RxLength < sizeof sw) /* before anybody is asked */
		goto out;
	r = ask_for_pin(slot, &feature, TxBuffer, TxLength, sw);
	if (r == IFD_SUCCESS)
		r = answer(sw, sizeof sw, RxBuffer, RxLength, pdwBytesReturned);
out:
	if (reader != NULL)
		reader_put(reader);
	return r;
}

/* Never anything else: any other answer breaks the clients' handles. */
EXPORTED RESPONSECODE
IFDHICCPresence(DWORD Lun)
{
	struct slot *slot;
	struct reader *reader = reader_get(Lun, &slot);
	bool present = reader != NULL && slot_presence(slot);

	if (reader != NULL)
		reader_put(reader);
	return present ? IFD_ICC_PRESENT : IFD_ICC_NOT_PRESENT;
}
