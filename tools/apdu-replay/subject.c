#include "subject.h"

#include <stdlib.h>
#include <string.h>

static const char *const KINDS[] = {"rsa2048", "rsa3072", "p256", "p384"};
static const char *const ROLES[] = {"auth", "sign", "sign2"};

enum {
	KINDS_COUNT = sizeof(KINDS) / sizeof(KINDS[0]),
	ROLES_COUNT = sizeof(ROLES) / sizeof(ROLES[0])
};

/* The entry of `list` that is `word`; NULL when there is none. */
static const char *
find(const char *const *list, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i], word) == 0)
			return list[i];
	return NULL;
}

static bool
set_key(struct subject_key *key, char *words, struct problem *error)
{
	const char *role = "sign", *found;
	char *next;

	key->kind = KINDS[0];
	for (char *word = strtok_r(words, ",", &next); word != NULL;
	     word = strtok_r(NULL, ",", &next)) {
		if (strcmp(word, "remote") == 0)
			key->remote = true;
		else if ((found = find(KINDS, KINDS_COUNT, word)) != NULL)
			key->kind = found;
		else if ((found = find(ROLES, ROLES_COUNT, word)) != NULL)
			role = found;
		else
			return problem(
			    error,
			    "`%s` is nothing that key= knows; write a role (auth, "
			    "sign, sign2), a kind (rsa2048, rsa3072, p256, p384) or remote, with "
			    "commas",
			    word);
	}
	memcpy(key->role, role, strlen(role) + 1);
	return true;
}

static bool
add_key(struct subject *subject, char *words, struct problem *error)
{
	struct subject_key *key = &subject->keys[subject->keys_count];

	if (subject->keys_count == IMAGE_KEYS_MAX)
		return problem(error, "a card has at most %d keys; take a key= away",
			       IMAGE_KEYS_MAX);
	if (!set_key(key, words, error))
		return false;
	for (size_t i = 0; i < subject->keys_count; i++)
		if (strcmp(subject->keys[i].role, key->role) == 0)
			return problem(error,
				       "there are two keys with the role %s; name another role in "
				       "one key=, as key=auth",
				       key->role);
	subject->keys_count++;
	return true;
}

static bool
set_serial(struct subject *subject, const char *hex, struct problem *error)
{
	if (!bytes_from_hex(hex, subject->serial, sizeof(subject->serial), &subject->serial_len) ||
	    subject->serial_len == 0)
		return problem(error, "`serial=%s` is no serial number; write 1 to %d bytes in hex",
			       hex, IMAGE_SERIAL_MAX);
	return true;
}

static bool
set_authorities(struct subject *subject, const char *digit, struct problem *error)
{
	if (digit[0] < '0' || digit[0] > '0' + SUBJECT_AUTHORITIES_MAX || digit[1] != '\0')
		return problem(error, "`authorities=%s` cannot be; write a number from 0 to %d",
			       digit, SUBJECT_AUTHORITIES_MAX);
	subject->authorities = (unsigned)(digit[0] - '0');
	return true;
}

static bool
add_option(struct subject *subject, const char *word, struct problem *error)
{
	const size_t before = strlen(subject->options);
	const size_t len = strlen(word);

	if (before + len + 2 > sizeof(subject->options))
		return problem(error, "the options are longer than %zu characters; take some away",
			       sizeof(subject->options) - 1);
	if (before > 0)
		subject->options[before] = ' ';
	memcpy(subject->options + before + (before > 0), word, len + 1);
	return true;
}

static bool
set_word(struct subject *subject, char *word, struct problem *error)
{
	static const char key[] = "key=", serial[] = "serial=", authorities[] = "authorities=";

	if (strncmp(word, key, sizeof(key) - 1) == 0)
		return add_key(subject, word + sizeof(key) - 1, error);
	if (strncmp(word, serial, sizeof(serial) - 1) == 0)
		return set_serial(subject, word + sizeof(serial) - 1, error);
	if (strncmp(word, authorities, sizeof(authorities) - 1) == 0)
		return set_authorities(subject, word + sizeof(authorities) - 1, error);
	return add_option(subject, word, error);
}

bool
subject_parse(const char *text, struct subject *subject, struct problem *error)
{
	char *words = strdup(text), *next = NULL, *word;
	char defaults[] = "";
	bool ok = false;

	*subject = (struct subject){.authorities = SUBJECT_AUTHORITIES_MAX};
	if (words == NULL)
		return problem(error, "no memory for this line; end other programs and try again");
	word = strtok_r(words, " ", &next);
	if (word == NULL || strlen(word) >= sizeof(subject->personality)) {
		(void)problem(
		    error, "`card` names no personality; write one that vicar list --personalities "
			   "names");
		goto out;
	}
	memcpy(subject->personality, word, strlen(word) + 1);
	while ((word = strtok_r(NULL, " ", &next)) != NULL)
		if (!set_word(subject, word, error))
			goto out;
	ok = subject->keys_count > 0 || add_key(subject, defaults, error);
out:
	free(words);
	return ok;
}
