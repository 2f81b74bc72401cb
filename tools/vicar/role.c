#include "role.h"

#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

enum { NAMES_MAX = 160 };

static size_t
put_name(char names[NAMES_MAX], size_t len, const char *name)
{
	if (len >= NAMES_MAX)
		return len;
	return len +
	       (size_t)snprintf(names + len, NAMES_MAX - len, "%s%s", len > 0 ? ", " : "", name);
}

bool
role_find(const char *personality, const char *role, struct registry_key *key,
	  struct problem *error)
{
	const struct personality *kind = registry_find(personality);
	char names[NAMES_MAX] = "";
	size_t len = 0;

	if (kind == NULL)
		return problem(error,
			       "there is no card %s in this version of Vicar; install a newer one",
			       personality);
	for (size_t i = 0; registry_key(kind, i, key); i++) {
		if (strcmp(key->name, role) == 0)
			return true;
		len = put_name(names, len, key->name);
	}
	return problem(error, "a %s card has no key %s; choose with --role one of: %s", personality,
		       role, names);
}

bool
role_takes(const char *personality, const struct registry_key *key, struct bytes kind,
	   struct problem *error)
{
	char names[NAMES_MAX] = "";
	size_t len = 0;

	for (size_t i = 0; key->kinds[i] != NULL; i++) {
		if (strlen(key->kinds[i]) == kind.len &&
		    memcmp(key->kinds[i], kind.data, kind.len) == 0)
			return true;
		len = put_name(names, len, key->kinds[i]);
	}
	return problem(error, "the key %s of a %s card cannot be %.*s; use one of: %s", key->name,
		       personality, (int)kind.len, (const char *)kind.data, names);
}

const char *
role_of(X509 *certificate)
{
	const uint32_t usage = X509_get_key_usage(certificate);

	if (usage == UINT32_MAX)
		return NULL;
	return usage == KU_NON_REPUDIATION ? "sign" : "auth";
}

bool
role_usage(const char *words, unsigned *usage, struct problem *error)
{
	static const struct {
		const char *word;
		enum image_usage bit;
	} known[] = {
	    {"sign", IMAGE_USAGE_SIGN},
	    {"decrypt", IMAGE_USAGE_DECRYPT},
	    {"derive", IMAGE_USAGE_DERIVE},
	    {"non-repudiation", IMAGE_USAGE_NON_REPUDIATION},
	};

	*usage = 0;
	for (const char *at = words; at != NULL && *at != '\0'; at += strspn(at, ", ")) {
		const size_t len = strcspn(at, ", ");
		unsigned bit = 0;

		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			if (strlen(known[i].word) == len && strncmp(known[i].word, at, len) == 0)
				bit = known[i].bit;
		if (bit == 0)
			return problem(
			    error,
			    "--usage %s is not known; write one or more of sign, decrypt, "
			    "derive and non-repudiation, with commas",
			    words);
		*usage |= bit;
		at += len;
	}
	return words == NULL || *usage != 0 ||
	       problem(error, "--usage is empty; write what the key may be used for, or leave it "
			      "out");
}
