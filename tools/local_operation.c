#include "local_operation.h"

#include "emulator/image.h"
#include "iso7816/sw.h"

#include <stdio.h>
#include <string.h>

static const struct {
	enum key_operation from;
	enum keyfile_operation to;
} uses[] = {
    {KEY_SIGN_PKCS1, KEYFILE_SIGN_PKCS1},
    {KEY_SIGN_RAW, KEYFILE_SIGN_RAW},
    {KEY_SIGN_PSS, KEYFILE_SIGN_PSS},
    {KEY_SIGN_ECDSA, KEYFILE_SIGN_ECDSA},
    {KEY_DECIPHER_PKCS1, KEYFILE_DECIPHER_PKCS1},
    {KEY_DECIPHER_RAW, KEYFILE_DECIPHER_RAW},
    {KEY_DECIPHER_OAEP, KEYFILE_DECIPHER_OAEP},
    {KEY_DERIVE_ECDH, KEYFILE_DERIVE_ECDH},
};
enum { USES_COUNT = sizeof(uses) / sizeof(uses[0]) };

unsigned
local_uses(unsigned abilities)
{
	unsigned words = 0;

	for (size_t i = 0; i < USES_COUNT; i++)
		if ((abilities & 1U << uses[i].to) != 0)
			words |= 1U << uses[i].from;
	return words;
}

bool
local_operation(enum key_operation from, enum keyfile_operation *to)
{
	for (size_t i = 0; i < USES_COUNT; i++) {
		if (uses[i].from != from)
			continue;
		*to = uses[i].to;
		return true;
	}
	return false;
}

bool
local_path(const char *directory, const char *key, const char *under, char path[PATH_MAX])
{
	int len = snprintf(path, PATH_MAX, "%s/keys/%s.%s", directory, key, under);

	return len > 0 && len < PATH_MAX;
}

uint16_t
local_sw(enum keyfile_result result)
{
	switch (result) {
	case KEYFILE_OK: return SW_OK;
	case KEYFILE_WRONG_PIN: return SW_AUTHENTICATION;
	case KEYFILE_BAD_INPUT: return SW_INCORRECT_DATA;
	case KEYFILE_BROKEN: break;
	}
	return SW_MEMORY_FAILURE;
}

uint16_t
local_pin(const char *directory, const struct key_request *request, char error[KEYFILE_ERROR_MAX])
{
	enum keyfile_result result = KEYFILE_BROKEN;
	char pin[PATH_MAX], puk[PATH_MAX];

	error[0] = '\0';
	if (!local_path(directory, request->pin_key, "pin", pin) ||
	    !local_path(directory, request->pin_key, "puk", puk))
		return SW_UNKNOWN;
	switch (request->operation) {
	case KEY_PIN_VERIFY: result = keyfile_check(pin, request->pin, error); break;
	case KEY_PUK_VERIFY: result = keyfile_check(puk, request->pin, error); break;
	case KEY_PIN_CHANGE:
		result = keyfile_rewrap(pin, request->pin, pin, request->new_pin, error);
		break;
	case KEY_PIN_UNBLOCK:
		result = keyfile_rewrap(puk, request->pin, pin, request->new_pin, error);
		break;
	case KEY_SIGN_PKCS1:
	case KEY_SIGN_RAW:
	case KEY_DECIPHER_PKCS1:
	case KEY_SIGN_PSS:
	case KEY_SIGN_ECDSA:
	case KEY_DECIPHER_RAW:
	case KEY_DECIPHER_OAEP:
	case KEY_DERIVE_ECDH: return SW_UNKNOWN;
	}
	if (result != KEYFILE_BROKEN)
		error[0] = '\0';
	return local_sw(result);
}

bool
local_asked(enum keyfile_operation from, enum key_operation *to)
{
	for (size_t i = 0; i < USES_COUNT; i++) {
		if (uses[i].to != from)
			continue;
		*to = uses[i].from;
		return true;
	}
	return false;
}

enum keyfile_result
local_open(const char *directory, const char *name, const char *pin_key, struct bytes pin,
	   EVP_PKEY **key, char error[KEYFILE_ERROR_MAX])
{
	char path[PATH_MAX], shared[PATH_MAX];

	if (!local_path(directory, pin_key, "pin", path) ||
	    !local_path(directory, name, "key", shared)) {
		(void)snprintf(error, KEYFILE_ERROR_MAX,
			       "the path of key %s is too long; move the card", name);
		return KEYFILE_BROKEN;
	}
	if (strcmp(name, pin_key) == 0)
		return keyfile_open(path, pin, key, error);
	return keyfile_open_shared(shared, name, path, pin, key, error);
}

/* The key of the request, by its PIN unless it is open already. */
static enum keyfile_result
open_key(const char *directory, struct open_keys *keys, const struct key_request *request,
	 EVP_PKEY **key, char error[KEYFILE_ERROR_MAX])
{
	struct open_key_file files[2];
	enum keyfile_result result;

	if (keys == NULL)
		return local_open(directory, request->key, request->pin_key, request->pin, key,
				  error);
	open_key_files(directory, request->key, request->pin_key, files);
	*key = open_keys_get(keys, request->key, files);
	if (*key != NULL)
		return KEYFILE_OK;
	result = local_open(directory, request->key, request->pin_key, request->pin, key, error);
	if (result == KEYFILE_OK)
		open_keys_put(keys, request->key, *key, files);
	return result;
}

/* The value is judged by the file, whatever is open. */
static uint16_t
verify(const char *directory, struct open_keys *keys, const struct key_request *request,
       char error[KEYFILE_ERROR_MAX])
{
	const char *name = request->pin_key;
	struct open_key_file files[2];
	enum keyfile_result result;
	EVP_PKEY *key = NULL;

	open_key_files(directory, name, name, files);
	result = local_open(directory, name, name, request->pin, &key, error);
	if (result == KEYFILE_OK)
		open_keys_put(keys, name, key, files);
	if (result != KEYFILE_BROKEN)
		error[0] = '\0';
	EVP_PKEY_free(key);
	return local_sw(result);
}

static enum keyfile_result
use_key(const char *directory, struct open_keys *keys, const struct key_request *request,
	enum keyfile_operation operation, struct writer *output, char error[KEYFILE_ERROR_MAX])
{
	const char *under = strcmp(request->key, request->pin_key) == 0 ? "pin" : "key";
	EVP_PKEY *key = NULL;
	enum keyfile_result result = open_key(directory, keys, request, &key, error);
	char path[PATH_MAX];

	if (result == KEYFILE_OK && !local_path(directory, request->key, under, path))
		result = KEYFILE_BROKEN;
	if (result == KEYFILE_OK)
		result = keyfile_use(path, key, operation, request->digest, request->input, output,
				     error);
	EVP_PKEY_free(key);
	return result;
}

static uint16_t
local_use(const char *directory, struct journal *journal, struct open_keys *keys,
	  const struct key_request *request, enum keyfile_operation operation,
	  struct writer *output, char error[LOCAL_ERROR_MAX])
{
	const struct journal_use use = {.key = request->key,
					.operation = request->operation,
					.input = request->input,
					.program = request->program,
					.service = IMAGE_SERVICE_FILE};
	uint16_t sw;
	uint64_t id;

	if (!journal_begin(journal, time(NULL), &use, &id)) {
		(void)snprintf(error, LOCAL_ERROR_MAX,
			       "the journal %s cannot be written, so the key was not used; make "
			       "room on the disk",
			       journal->path);
		return SW_MEMORY_FAILURE;
	}
	sw = local_sw(use_key(directory, keys, request, operation, output, error));
	if (sw != SW_MEMORY_FAILURE)
		error[0] = '\0';
	journal_done(journal, time(NULL), id, sw,
		     sw == SW_OK ? "done with a key of this card" : sw_text(sw));
	return sw;
}

uint16_t
local_fulfil(const char *directory, struct journal *journal, struct open_keys *keys,
	     const struct key_request *request, struct writer *output, char error[LOCAL_ERROR_MAX])
{
	enum keyfile_operation operation;
	uint16_t sw;

	error[0] = '\0';
	if (local_operation(request->operation, &operation))
		sw = local_use(directory, journal, keys, request, operation, output, error);
	else if (keys != NULL && request->operation == KEY_PIN_VERIFY)
		sw = verify(directory, keys, request, error);
	else
		sw = local_pin(directory, request, error);
	if (sw != SW_OK)
		output->len = 0;
	return sw;
}
