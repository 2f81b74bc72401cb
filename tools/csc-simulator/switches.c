#include "switches.h"

#include "tools/simulator/settings.h"

#include <string.h>

static const struct sim_word trouble_words[] = {
    {"hang", RSSP_HANG},
    {"drop-before", RSSP_DROP_BEFORE},
    {"reset-before", RSSP_RESET_BEFORE},
    {"http-401", RSSP_HTTP_401},
    {"http-403", RSSP_HTTP_403},
    {"http-404", RSSP_HTTP_404},
    {"http-407", RSSP_HTTP_407},
    {"http-413", RSSP_HTTP_413},
    {"http-429", RSSP_HTTP_429},
    {"http-500", RSSP_HTTP_500},
    {"http-503", RSSP_HTTP_503},
    {"http-504", RSSP_HTTP_504},
    {"redirect", RSSP_REDIRECT},
    {"garbage", RSSP_GARBAGE},
    {"empty", RSSP_EMPTY},
    {"array", RSSP_ARRAY},
    {"nested", RSSP_NESTED},
    {"drop-after", RSSP_DROP_AFTER},
    {"reset-after", RSSP_RESET_AFTER},
    {"cut", RSSP_CUT},
    {"huge", RSSP_HUGE},
    {"nulls", RSSP_NULLS},
    {"no-members", RSSP_NO_MEMBERS},
    {"wrong-signature", RSSP_WRONG_SIGNATURE},
    {"other-key", RSSP_OTHER_KEY},
    {"short-signature", RSSP_SHORT_SIGNATURE},
    {"fewer-signatures", RSSP_FEWER_SIGNATURES},
    {"reversed-signatures", RSSP_REVERSED_SIGNATURES},
    {"reversed-chain", RSSP_REVERSED_CHAIN},
    {"no-leaf", RSSP_NO_LEAF},
    {NULL, 0},
};

static const struct sim_word dialect_words[] = {
    {"numbers-as-strings", RSSP_NUMBERS_AS_STRINGS},
    {"strings-wanted", RSSP_STRINGS_WANTED},
    {"null-members", RSSP_NULL_MEMBERS},
    {"extra-members", RSSP_EXTRA_MEMBERS},
    {"error-zero", RSSP_ERROR_ZERO},
    {"bare-errors", RSSP_BARE_ERRORS},
    {"plain-type", RSSP_PLAIN_TYPE},
    {"authorise", RSSP_AUTHORISE},
    {"get", RSSP_GET},
    {"send-otp-body", RSSP_SEND_OTP_BODY},
    {"oauth2-url", RSSP_OAUTH2_URL},
    {"bearer-sad", RSSP_BEARER_SAD},
    {"json-token", RSSP_JSON_TOKEN},
    {"password-grant", RSSP_PASSWORD_GRANT},
    {"public-client", RSSP_PUBLIC_CLIENT},
    {"account-token", RSSP_ACCOUNT_TOKEN},
    {"login-members", RSSP_LOGIN_MEMBERS},
    {"ecdsa-raw", RSSP_ECDSA_RAW},
    {"no-sign-algo", RSSP_NO_SIGN_ALGO},
    {"whole-digestinfo", RSSP_WHOLE_DIGESTINFO},
    {"multisign-true", RSSP_MULTISIGN_TRUE},
    {"max-results", RSSP_MAX_RESULTS},
    {"chain-only", RSSP_CHAIN_ONLY},
    {"no-cert-info", RSSP_NO_CERT_INFO},
    {"no-empty-list", RSSP_NO_EMPTY_LIST},
    {"decimal-serial", RSSP_DECIMAL_SERIAL},
    {"access-denied", RSSP_ACCESS_DENIED},
    {"issuer", RSSP_ISSUER},
    {NULL, 0},
};

static bool
add_word(const struct sim_word *words, const char *name, size_t len, unsigned *bits)
{
	const struct sim_word *word = sim_find_word(words, name, len);

	if (word != NULL)
		*bits |= word->value;
	return word != NULL || (len == 4 && strncmp(name, "none", len) == 0);
}

static bool
add_trouble(const char *name, size_t len, unsigned *bits)
{
	return add_word(trouble_words, name, len, bits);
}

static bool
add_dialect(const char *name, size_t len, unsigned *bits)
{
	return add_word(dialect_words, name, len, bits);
}

const char *
rssp_parse_trouble(const char *value, void *target)
{
	unsigned bits = 0;

	if (!sim_each_word(value, add_trouble, &bits))
		return "none, or words that csc-simulator(1) lists under TROUBLE, such as hang, "
		       "drop-after, http-500, garbage, cut, wrong-signature";
	*(unsigned *)target = bits;
	return NULL;
}

const char *
rssp_parse_dialect(const char *value, void *target)
{
	unsigned bits = 0;

	if (!sim_each_word(value, add_dialect, &bits))
		return "none, or words that csc-simulator(1) lists under DIALECTS, such as "
		       "numbers-as-strings, ecdsa-raw, send-otp-body";
	*(unsigned *)target = bits;
	return NULL;
}

const char *
rssp_trouble_name(unsigned trouble)
{
	for (const struct sim_word *word = trouble_words; word->name != NULL; word++)
		if ((trouble & word->value) != 0)
			return word->name;
	return "";
}
