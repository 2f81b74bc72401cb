#include <string.h>

#include <reader.h>

#include "ifdhandler/features.h"

enum {
	CODE_GET_FEATURE_REQUEST = 0x42000000 + 3400,
	CODE_GET_FEATURE_REQUEST_MICROSOFT = 0x00313520, /* Windows and remote desktops */
	/* 2.3: the code of a feature is the reader's choice; these are libccid's. */
	CODE_FEATURE = 0x42330000,
	PSEUDO_HEADER = 4,
	LIST = 0, /* in the place of a tag: the list of the tags */
};

/* 2.2: tag, length, control code big-endian. Without a PIN pad the last alone. */
#define RECORD(tag) (tag), 4, 0x42, 0x33, 0x00, (tag)
static const uint8_t RECORDS[] = {
    RECORD(FEATURE_VERIFY_PIN_DIRECT),
    RECORD(FEATURE_MODIFY_PIN_DIRECT),
    RECORD(FEATURE_IFD_PIN_PROPERTIES),
    RECORD(FEATURE_GET_TLV_PROPERTIES),
};
enum { RECORD_LEN = 6 };

/* 2.6.9: wLcdLayout 0, no display that programs could write on; bEntryValidationCondition 02, the OK key;
 * bTimeOut2 0. */
static const uint8_t PIN_PROPERTIES[] = {0x00, 0x00, 0x02, 0x00};

/* 2.6.14: values little-endian. 65536: without it OpenSC keeps to short APDUs. */
#define LONGEST_APDU PCSCv2_PART10_PROPERTY_dwMaxAPDUDataSize, 4, 0x00, 0x00, 0x01, 0x00
static const uint8_t PROPERTIES[] = {LONGEST_APDU};
static const uint8_t PAD_PROPERTIES[] = {
    PCSCv2_PART10_PROPERTY_wLcdLayout,
    2,
    0x00,
    0x00,
    PCSCv2_PART10_PROPERTY_bEntryValidationCondition,
    1,
    0x02,
    PCSCv2_PART10_PROPERTY_bTimeOut2,
    1,
    0x00,
    PCSCv2_PART10_PROPERTY_bPPDUSupport,
    1,
    0x02, /* by SCardTransmit */
    LONGEST_APDU,
};

static const struct {
	uint8_t tag;
	struct feature feature;
} features[] = {
    {FEATURE_GET_TLV_PROPERTIES, {0, PAD_PROPERTIES, sizeof PAD_PROPERTIES}},
    {FEATURE_VERIFY_PIN_DIRECT, {LINK_PIN_VERIFY, NULL, 0}},
    {FEATURE_MODIFY_PIN_DIRECT, {LINK_PIN_MODIFY, NULL, 0}},
    {FEATURE_IFD_PIN_PROPERTIES, {0, PIN_PROPERTIES, sizeof PIN_PROPERTIES}},
};

static bool
find(unsigned long tag, struct feature *feature)
{
	for (size_t i = 0; i < sizeof features / sizeof features[0]; i++) {
		if (features[i].tag != tag)
			continue;
		*feature = features[i].feature;
		return true;
	}
	return false;
}

bool
features_by_code(bool pinpad, unsigned long code, struct feature *feature)
{
	if (code == CODE_GET_FEATURE_REQUEST || code == CODE_GET_FEATURE_REQUEST_MICROSOFT) {
		const size_t len = pinpad ? sizeof RECORDS : RECORD_LEN;

		*feature = (struct feature){0, RECORDS + sizeof RECORDS - len, len};
		return true;
	}
	if (!pinpad && code == CODE_FEATURE + FEATURE_GET_TLV_PROPERTIES) {
		*feature = (struct feature){0, PROPERTIES, sizeof PROPERTIES};
		return true;
	}
	return pinpad && code >= CODE_FEATURE && find(code - CODE_FEATURE, feature);
}

bool
features_is_pseudo(bool pinpad, const uint8_t *capdu, size_t capdu_len)
{
	static const uint8_t first[] = {0xFF, 0xC2, 0x01}; /* CLA, INS, P1 */

	return pinpad && capdu_len >= PSEUDO_HEADER && memcmp(capdu, first, sizeof first) == 0;
}

bool
features_pseudo_data(const uint8_t *capdu, size_t capdu_len, const uint8_t **data, size_t *data_len)
{
	const uint8_t *body = capdu + PSEUDO_HEADER;
	const size_t body_len = capdu_len - PSEUDO_HEADER;

	/* Nothing, or Le alone. */
	*data = body;
	*data_len = 0;
	if (body_len <= 1)
		return true;
	*data = body + 1;
	*data_len = body[0];
	return body[0] != 0 && (body_len == 1U + body[0] || body_len == 1U + body[0] + 1);
}

bool
features_by_pseudo(const uint8_t *capdu, struct feature *feature)
{
	static const uint8_t tags[] = {FEATURE_VERIFY_PIN_DIRECT, FEATURE_MODIFY_PIN_DIRECT,
				       FEATURE_IFD_PIN_PROPERTIES, FEATURE_GET_TLV_PROPERTIES};
	const uint8_t tag = capdu[PSEUDO_HEADER - 1];

	if (tag != LIST)
		return find(tag, feature);
	*feature = (struct feature){0, tags, sizeof tags};
	return true;
}

bool
features_structure_fits(enum link_kind request, size_t length)
{
	const size_t header =
	    request == LINK_PIN_VERIFY ? LINK_PIN_VERIFY_HEADER : LINK_PIN_MODIFY_HEADER;

	return length >= header + LINK_PIN_COMMAND_MIN && length <= header + LINK_PIN_COMMAND_MAX;
}
