#include "sw.h"

#include <stddef.h>

enum { TRIES_MAX = 15 };

/* Phrases of ISO/IEC 7816-4 clause 5.6, tables 5 to 7, in plain words; for 61xx, 63Cx and 6Cxx the
 * second column is the word without its number. */
static const struct {
	uint16_t sw;
	uint16_t mask;
	const char *text;
} texts[] = {
    {SW_OK, 0xFFFF, "done"},
    {SW_MORE_DATA, 0xFF00, "more data to be fetched"},
    {SW_END_OF_FILE, 0xFFFF, "end of file before Le bytes"},
    {SW_AUTHENTICATION, 0xFFFF, "wrong PIN, no tries left"},
    {SW_AUTHENTICATION | 1, 0xFFFF, "wrong PIN, one try left"},
    {SW_AUTHENTICATION, 0xFFF0, "wrong PIN, or PIN not verified yet"},
    {SW_PROMPT_TIMEOUT, 0xFFFF, "nobody answered in time, or no prompt was possible"},
    {SW_PROMPT_CANCELLED, 0xFFFF, "cancelled by the user"},
    {SW_MEMORY_FAILURE, 0xFFFF, "memory failure"},
    {SW_WRONG_LENGTH, 0xFFFF, "wrong length"},
    {SW_CHANNEL_NOT_SUPPORTED, 0xFFFF, "logical channel not supported"},
    {SW_SM_NOT_SUPPORTED, 0xFFFF, "secure messaging not supported"},
    {SW_LAST_COMMAND_EXPECTED, 0xFFFF, "last command of the chain expected"},
    {SW_CHAINING_NOT_SUPPORTED, 0xFFFF, "command chaining not supported"},
    {SW_SECURITY_STATUS, 0xFFFF, "security status not satisfied"},
    {SW_BLOCKED, 0xFFFF, "PIN blocked"},
    {SW_REFERENCE_DATA_UNUSABLE, 0xFFFF, "reference data not usable"},
    {SW_CONDITIONS, 0xFFFF, "conditions of use not satisfied"},
    {SW_NO_CURRENT_EF, 0xFFFF, "command not allowed, no current EF"},
    {SW_INCORRECT_DATA, 0xFFFF, "incorrect parameters in the data field"},
    {SW_FUNCTION_NOT_SUPPORTED, 0xFFFF, "function not supported"},
    {SW_FILE_NOT_FOUND, 0xFFFF, "file or application not found"},
    {SW_RECORD_NOT_FOUND, 0xFFFF, "record not found"},
    {SW_INCORRECT_P1P2, 0xFFFF, "incorrect parameters P1-P2"},
    {SW_REFERENCE_NOT_FOUND, 0xFFFF, "referenced data not found"},
    {SW_WRONG_OFFSET, 0xFFFF, "offset outside the file"},
    {SW_WRONG_LE, 0xFF00, "wrong Le, the right one is in SW2"},
    {SW_INS_NOT_SUPPORTED, 0xFFFF, "instruction not supported"},
    {SW_CLA_NOT_SUPPORTED, 0xFFFF, "class not supported"},
    {SW_UNKNOWN, 0xFFFF, "failure without further diagnosis"},
    {SW_SERVICE_UNREACHABLE, 0xFFFF, "signing service not reached"},
    {SW_SERVICE_UNTRUSTED, 0xFFFF, "TLS certificate of the signing service not trusted"},
    {SW_SERVICE_CREDENTIALS, 0xFFFF, "application credentials refused by the signing service"},
    {SW_SERVICE_INACTIVE, 0xFFFF, "service not active for this account"},
    {SW_SERVICE_PIN_MUST_CHANGE, 0xFFFF, "PIN must be changed at the signing service"},
    {SW_SERVICE_ACCOUNT_UNKNOWN, 0xFFFF, "account unknown to the signing service"},
    {SW_SIGNATURE_WRONG, 0xFFFF, "signature does not verify against the certificate"},
    {SW_FATE_UNKNOWN, 0xFFFF, "connection lost, fate of the signature unknown"},
    {SW_CERTIFICATE_EXPIRED, 0xFFFF, "certificate of the card expired"},
    {SW_ENCRYPTION_CERTIFICATE_EXPIRED, 0xFFFF, "encryption certificate of the service expired"},
    {SW_CODE_WRONG, 0xFFFF, "code wrong too often"},
    {SW_SERVICE_OTHER, 0xFFFF, "signing service refused for another reason"},
};

uint16_t
sw_tries(unsigned tries_left)
{
	return (uint16_t)(SW_AUTHENTICATION | (tries_left > TRIES_MAX ? TRIES_MAX : tries_left));
}

bool
sw_is_tries(uint16_t sw, unsigned *tries_left)
{
	if ((sw & 0xFFF0) != SW_AUTHENTICATION)
		return false;
	if (tries_left != NULL)
		*tries_left = sw & 0x000Fu;
	return true;
}

const char *
sw_text(uint16_t sw)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if ((sw & texts[i].mask) == texts[i].sw)
			return texts[i].text;
	return "unknown status word";
}
