#include "values.h"

#include "accounts.h"
#include "tools/simulator/settings.h"

#include <string.h>

static const char *
parse_word(const struct sim_word *words, const char *value, void *target, const char *allowed)
{
	const struct sim_word *word = sim_find_word(words, value, strlen(value));

	if (word == NULL)
		return allowed;
	memcpy(target, &word->value, sizeof(word->value));
	return NULL;
}

const char *
rssp_parse_key(const char *value, void *target)
{
	static const struct sim_word words[] = {
	    {"rsa2048", 2048}, {"rsa3072", 3072}, {"rsa4096", 4096}, {"p256", 256},
	    {"p384", 384},     {"p521", 521},     {NULL, 0}};

	return parse_word(words, value, target, "rsa2048, rsa3072, rsa4096, p256, p384 or p521");
}

const char *
rssp_parse_mode(const char *value, void *target)
{
	static const struct sim_word words[] = {{"explicit", RSSP_EXPLICIT},
						{"implicit", RSSP_IMPLICIT},
						{"oauth2code", RSSP_BY_OAUTH2_CODE},
						{NULL, 0}};

	return parse_word(words, value, target, "explicit, implicit or oauth2code");
}

const char *
rssp_parse_presence(const char *value, void *target)
{
	static const struct sim_word words[] = {{"false", RSSP_ABSENT},
						{"true", RSSP_REQUIRED},
						{"optional", RSSP_OPTIONAL},
						{NULL, 0}};

	return parse_word(words, value, target, "true, false or optional");
}

const char *
rssp_parse_otp(const char *value, void *target)
{
	static const struct sim_word words[] = {
	    {"none", RSSP_NO_OTP}, {"online", RSSP_ONLINE}, {"offline", RSSP_OFFLINE}, {NULL, 0}};

	return parse_word(words, value, target, "none, online or offline");
}

const char *
rssp_parse_certificate(const char *value, void *target)
{
	static const struct sim_word words[] = {{"valid", RSSP_VALID},
						{"expired", RSSP_EXPIRED},
						{"revoked", RSSP_REVOKED},
						{"suspended", RSSP_SUSPENDED},
						{NULL, 0}};

	return parse_word(words, value, target, "valid, expired, revoked or suspended");
}

const char *
rssp_parse_confirm(const char *value, void *target)
{
	static const struct sim_word words[] = {
	    {"agrees", RSSP_AGREES}, {"refuses", RSSP_REFUSES}, {"waits", RSSP_WAITS}, {NULL, 0}};

	return parse_word(words, value, target, "agrees, refuses or waits");
}

const char *
rssp_parse_browser(const char *value, void *target)
{
	static const struct sim_word words[] = {
	    {"page", RSSP_ASKED}, {"agrees", RSSP_AGREES}, {"refuses", RSSP_REFUSES}, {NULL, 0}};

	return parse_word(words, value, target, "page, agrees or refuses");
}

const char *
rssp_parse_status(const char *value, void *target)
{
	static const struct sim_word words[] = {{"enabled", 0}, {"disabled", 1}, {NULL, 0}};
	const struct sim_word *word = sim_find_word(words, value, strlen(value));

	if (word == NULL)
		return "enabled or disabled";
	*(bool *)target = word->value != 0;
	return NULL;
}

static bool
add_auth(const char *name, size_t len, unsigned *bits)
{
	static const struct sim_word words[] = {{"external", RSSP_EXTERNAL},
						{"basic", RSSP_BASIC},
						{"oauth2code", RSSP_OAUTH2_CODE},
						{"oauth2client", RSSP_OAUTH2_CLIENT},
						{NULL, 0}};
	const struct sim_word *word = sim_find_word(words, name, len);

	if (word != NULL)
		*bits |= word->value;
	return word != NULL;
}

static bool
add_version(const char *name, size_t len, unsigned *bits)
{
	static const struct sim_word words[] = {{"v1", RSSP_V1}, {"v2", RSSP_V2}, {NULL, 0}};
	const struct sim_word *word = sim_find_word(words, name, len);

	if (word != NULL)
		*bits |= word->value;
	return word != NULL;
}

static bool
add_method(const char *name, size_t len, unsigned *bits)
{
	enum rssp_method method = rssp_method_of_name(name, len);

	if (method != RSSP_METHODS)
		*bits |= 1u << method;
	return method != RSSP_METHODS;
}

static bool
add_algorithm(const char *name, size_t len, unsigned *bits)
{
	for (unsigned i = 0; i < RSSP_ALGORITHMS; i++)
		if ((strlen(rssp_algorithms[i].word) == len &&
		     strncmp(rssp_algorithms[i].word, name, len) == 0) ||
		    (strlen(rssp_algorithms[i].oid) == len &&
		     strncmp(rssp_algorithms[i].oid, name, len) == 0)) {
			*bits |= 1u << i;
			return true;
		}
	return false;
}

static const char *
parse_bits(const char *value, bool (*add)(const char *, size_t, unsigned *), void *target,
	   const char *allowed)
{
	unsigned bits = 0;

	if (!sim_each_word(value, add, &bits) || bits == 0)
		return allowed;
	memcpy(target, &bits, sizeof(bits));
	return NULL;
}

const char *
rssp_parse_auth(const char *value, void *target)
{
	return parse_bits(value, add_auth, target, "external, basic, oauth2code, oauth2client");
}

const char *
rssp_parse_versions(const char *value, void *target)
{
	return parse_bits(value, add_version, target, "v1, v2");
}

const char *
rssp_parse_methods(const char *value, void *target)
{
	return parse_bits(value, add_method, target,
			  "names of methods, such as info, credentials/authorize, oauth2/token");
}

const char *
rssp_parse_algorithms(const char *value, void *target)
{
	return parse_bits(value, add_algorithm, target,
			  "OIDs, or " RSSP_RSA_DEFAULT " rsa-sha1 rsa-sha1-oiw, " RSSP_EC_DEFAULT
			  " ecdsa-plain-sha256");
}

const char *
rssp_parse_name(const char *value, void *target)
{
	return sim_parse_text(value, target, RSSP_NAME_MAX) == NULL ? NULL
								    : "at most 47 characters";
}

const char *
rssp_parse_short(const char *value, void *target)
{
	return sim_parse_text(value, target, RSSP_TEXT_MAX) == NULL ? NULL
								    : "at most 63 characters";
}

const char *
rssp_parse_url(const char *value, void *target)
{
	return sim_parse_text(value, target, RSSP_URL_MAX) == NULL ? NULL
								   : "at most 127 characters";
}

const char *
rssp_parse_pin(const char *value, void *target)
{
	for (const char *at = value; *at != '\0'; at++)
		if (*at < 0x21 || *at > 0x7E)
			return "4 to 32 printable characters of ASCII without blanks";
	if (strlen(value) < 4 || strlen(value) > 32)
		return "4 to 32 printable characters of ASCII without blanks";
	return rssp_parse_short(value, target);
}
