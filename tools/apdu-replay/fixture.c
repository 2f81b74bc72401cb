#include "fixture.h"
#include "cmdbridge/keyuse.h"
#include "iso7816/sw.h"
#include "tools/local_operation.h"
#include "tools/serial.h"

#include <openssl/pem.h>
#include <string.h>

#define PUK "12345678"
#define SERVICE_REMOTE "service"

static const struct {
	const char *role, *pin;
} PINS[] = {{"auth", "1234"}, {"sign", "123456"}, {"sign2", "123456"}};

enum { FILE_NAME_MAX_LEN = PATH_MAX };

static void
set_pin(struct fixture_pin *pin, struct bytes value)
{
	pin->len = value.len < sizeof(pin->value) ? value.len : sizeof(pin->value);
	if (pin->len > 0)
		memcpy(pin->value, value.data, pin->len);
}

static bool
opens(const struct fixture_pin *pin, struct bytes value)
{
	return bytes_equal((struct bytes){pin->value, pin->len}, value);
}

static bool
unreadable(struct problem *error, const char *path, const char *what)
{
	return problem(
	    error,
	    "%s: %s cannot be read from it; type: tests/fixtures/make-replay.sh, or name "
	    "the directory with --fixtures",
	    path, what);
}

/* DER in memory that image_free() frees. */
static bool
load_certificate(const char *path, uint8_t **der, size_t *der_len, struct problem *error)
{
	BIO *file = BIO_new_file(path, "r");
	X509 *certificate = file == NULL ? NULL : PEM_read_bio_X509(file, NULL, NULL, NULL);
	int len = certificate == NULL ? -1 : i2d_X509(certificate, NULL);
	unsigned char *at;
	bool ok = false;

	BIO_free(file);
	*der = len <= 0 ? NULL : malloc((size_t)len);
	if (*der != NULL) {
		at = *der;
		ok = i2d_X509(certificate, &at) == len;
		*der_len = (size_t)len;
	}
	X509_free(certificate);
	return ok || unreadable(error, path, "a certificate in PEM");
}

static bool
load_private_key(const char *path, EVP_PKEY **key, struct problem *error)
{
	BIO *file = BIO_new_file(path, "r");

	*key = file == NULL ? NULL : PEM_read_bio_PrivateKey(file, NULL, NULL, NULL);
	BIO_free(file);
	return *key != NULL || unreadable(error, path, "a private key in PEM");
}

static bool
path_of(char path[FILE_NAME_MAX_LEN], const char *directory, const char *name,
	struct problem *error)
{
	if ((size_t)snprintf(path, FILE_NAME_MAX_LEN, "%s/%s", directory, name) < FILE_NAME_MAX_LEN)
		return true;
	return problem(error, "the name of the fixtures' directory is too long; move it");
}

static bool
load_key(struct fixture *fixture, const char *directory, const struct subject_key *subject,
	 struct problem *error)
{
	const size_t index = fixture->image.keys_count;
	struct image_key *key = &fixture->image.keys[index];
	struct fixture_key *secret = &fixture->keys[index];
	char name[2 * KEY_NAME_MAX], path[FILE_NAME_MAX_LEN];

	fixture->image.keys_count++;
	memcpy(key->name, subject->role, sizeof(key->name));
	snprintf(key->service, sizeof(key->service), "%s",
		 subject->remote ? SERVICE_REMOTE : IMAGE_SERVICE_FILE);
	for (size_t i = 0; i < sizeof(PINS) / sizeof(PINS[0]); i++)
		if (strcmp(PINS[i].role, subject->role) == 0)
			set_pin(&secret->pin,
				(struct bytes){(const uint8_t *)PINS[i].pin, strlen(PINS[i].pin)});
	set_pin(&secret->puk, BYTES_TEXT(PUK));

	snprintf(name, sizeof(name), "%s-%s.crt", subject->role, subject->kind);
	if (!path_of(path, directory, name, error) ||
	    !load_certificate(path, &key->certificate, &key->certificate_len, error))
		return false;
	snprintf(name, sizeof(name), "%s-%s.key", subject->role, subject->kind);
	return path_of(path, directory, name, error) && load_private_key(path, &secret->key, error);
}

static bool
load_authority(struct fixture *fixture, const char *directory, unsigned number,
	       struct problem *error)
{
	struct image_authority *authority =
	    &fixture->image.authorities[fixture->image.authorities_count];
	char name[KEY_NAME_MAX], path[FILE_NAME_MAX_LEN];

	fixture->image.authorities_count++;
	snprintf(name, sizeof(name), "authority%u.crt", number);
	return path_of(path, directory, name, error) &&
	       load_certificate(path, &authority->certificate, &authority->certificate_len, error);
}

static bool
set_serial(struct image *image, const struct subject *subject, struct problem *error)
{
	const struct image_key *key = &image->keys[0];

	memcpy(image->serial, subject->serial, sizeof(image->serial));
	image->serial_len = subject->serial_len;
	if (subject->serial_len > 0 ||
	    serial_derive(image->personality,
			  (struct bytes){key->certificate, key->certificate_len}, image->serial,
			  &image->serial_len))
		return true;
	return problem(error, "OpenSSL computes no SHA-256; write serial=HEX on the `card` line");
}

bool
fixture_load(struct fixture *fixture, const char *directory, const struct subject *subject,
	     struct problem *error)
{
	struct image *image = &fixture->image;

	memset(fixture, 0, sizeof(*fixture));
	image->lock = -1;
	snprintf(image->name, sizeof(image->name), "replay");
	snprintf(image->directory, sizeof(image->directory), "%s", directory);
	memcpy(image->personality, subject->personality, sizeof(image->personality));
	memcpy(image->options, subject->options, sizeof(image->options));
	for (size_t i = 0; i < subject->keys_count; i++)
		if (!load_key(fixture, directory, &subject->keys[i], error))
			goto fail;
	for (unsigned i = 1; i <= subject->authorities; i++)
		if (!load_authority(fixture, directory, i, error))
			goto fail;
	if (set_serial(image, subject, error))
		return true;
fail:
	fixture_free(fixture);
	return false;
}

void
fixture_free(struct fixture *fixture)
{
	for (size_t i = 0; i < IMAGE_KEYS_MAX; i++)
		EVP_PKEY_free(fixture->keys[i].key);
	memset(fixture->keys, 0, sizeof(fixture->keys));
	image_free(&fixture->image);
}

static struct fixture_key *
key_of(struct fixture *fixture, const char *name)
{
	for (size_t i = 0; i < fixture->image.keys_count; i++)
		if (strcmp(fixture->image.keys[i].name, name) == 0)
			return &fixture->keys[i];
	return NULL;
}

uint16_t
fixture_use(struct fixture *fixture, const struct key_request *request, struct writer *output)
{
	const struct fixture_key *key = key_of(fixture, request->key);
	enum keyfile_operation operation;

	if (key == NULL)
		return SW_UNKNOWN;
	if (!local_operation(request->operation, &operation))
		return SW_UNKNOWN;
	switch (keyuse(key->key, operation, request->digest, request->input, output)) {
	case KEYFILE_OK: return SW_OK;
	case KEYFILE_BAD_INPUT: return SW_INCORRECT_DATA;
	default: return SW_MEMORY_FAILURE;
	}
}

uint16_t
fixture_fulfil(struct fixture *fixture, const struct key_request *request, struct writer *output)
{
	struct fixture_key *key = key_of(fixture, request->pin_key);
	const bool by_puk =
	    request->operation == KEY_PUK_VERIFY || request->operation == KEY_PIN_UNBLOCK;

	if (key == NULL)
		return SW_UNKNOWN;
	if (!opens(by_puk ? &key->puk : &key->pin, request->pin))
		return SW_AUTHENTICATION;
	switch (request->operation) {
	case KEY_PIN_VERIFY:
	case KEY_PUK_VERIFY: return SW_OK;
	case KEY_PIN_CHANGE:
	case KEY_PIN_UNBLOCK: set_pin(&key->pin, request->new_pin); return SW_OK;
	default: return fixture_use(fixture, request, output);
	}
}
