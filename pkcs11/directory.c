#include "card_driver.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* One more element at the end of an array, zeroed. NULL: no memory, or SMARTCARD_OBJECTS_MAX are
 * there. */
static void *
append(void **array, size_t *count, size_t size)
{
	uint8_t *grown;

	if (*count >= SMARTCARD_OBJECTS_MAX)
		return NULL;
	grown = reallocarray(*array, *count + 1, size);
	if (grown == NULL)
		return NULL;
	*array = grown;
	grown += *count * size;
	memset(grown, 0, size);
	(*count)++;
	return grown;
}

#define APPEND(array, count) append((void **)(array), (count), sizeof(**(array)))

struct smartcard_pin *
directory_add_pin(struct smartcard *card)
{
	struct smartcard_pin *pin = APPEND(&card->pins, &card->pins_count);

	if (pin != NULL)
		pin->puk = SMARTCARD_NONE;
	return pin;
}

struct smartcard_private_key *
directory_add_private_key(struct smartcard *card)
{
	struct smartcard_private_key *key = APPEND(&card->private_keys, &card->private_keys_count);

	if (key != NULL)
		key->pin = key->certificate = SMARTCARD_NONE;
	return key;
}

struct smartcard_certificate *
directory_add_certificate(struct smartcard *card)
{
	return APPEND(&card->certificates, &card->certificates_count);
}

/* What does not fit is not seen. */
static enum smartcard_result
not_added(size_t count)
{
	return count >= SMARTCARD_OBJECTS_MAX ? SMARTCARD_OK : SMARTCARD_NO_MEMORY;
}

static enum smartcard_result
add_pins(struct smartcard *card, struct bytes file)
{
	struct reader reader = reader_of(file);
	struct pkcs15_pin object;

	while (pkcs15_decode_pin(&reader, &object)) {
		struct smartcard_pin *pin = directory_add_pin(card);

		if (pin == NULL)
			return not_added(card->pins_count);
		pin->object = object;
		pin->reference = object.has_reference ? object.reference : object.auth_reference;
		pin->min = object.min_len;
		pin->max = object.has_max_len ? object.max_len : object.stored_len;
		pin->stored =
		    (object.flags & PKCS15_PIN_NEEDS_PADDING) != 0 ? object.stored_len : 0;
		pin->pad = object.pad;
		pin->digits_only = object.type != PKCS15_PIN_UTF8;
		pin->unblocking = (object.flags & PKCS15_PIN_UNBLOCKING) != 0;
		pin->can_change = (object.flags & PKCS15_PIN_CHANGE_DISABLED) == 0;
		pin->can_unblock = (object.flags & PKCS15_PIN_UNBLOCK_DISABLED) == 0;
	}
	return SMARTCARD_OK;
}

static enum smartcard_result
add_private_keys(struct smartcard *card, struct bytes file)
{
	struct reader reader = reader_of(file);
	struct pkcs15_key object;

	while (pkcs15_decode_key(&reader, &object)) {
		struct smartcard_private_key *key = directory_add_private_key(card);

		if (key == NULL)
			return not_added(card->private_keys_count);
		key->object = object;
		key->user_consent = object.common.user_consent > 0;
		key->bits = object.bits;
	}
	return SMARTCARD_OK;
}

static enum smartcard_result
add_public_keys(struct smartcard *card, struct bytes file)
{
	struct reader reader = reader_of(file);
	struct pkcs15_key object;

	while (pkcs15_decode_key(&reader, &object)) {
		struct smartcard_public_key *key =
		    APPEND(&card->public_keys, &card->public_keys_count);

		if (key == NULL)
			return not_added(card->public_keys_count);
		key->object = object;
		key->certificate = SMARTCARD_NONE;
	}
	return SMARTCARD_OK;
}

static enum smartcard_result
add_certificates(struct smartcard *card, struct bytes file, bool trusted)
{
	struct reader reader = reader_of(file);
	struct pkcs15_certificate object;

	while (pkcs15_decode_certificate(&reader, &object)) {
		struct smartcard_certificate *certificate;

		if (object.path.kind != PKCS15_PATH_FILE || object.path.file_len == 0)
			continue;
		certificate = directory_add_certificate(card);
		if (certificate == NULL)
			return not_added(card->certificates_count);
		certificate->object = object;
		certificate->trusted = trusted;
	}
	return SMARTCARD_OK;
}

static enum smartcard_result
add_data(struct smartcard *card, struct bytes file)
{
	struct reader reader = reader_of(file);
	struct pkcs15_data object;

	while (pkcs15_decode_data(&reader, &object)) {
		struct smartcard_data *data;

		if (object.path.kind != PKCS15_PATH_FILE || object.path.file_len == 0)
			continue;
		data = APPEND(&card->data, &card->data_count);
		if (data == NULL)
			return not_added(card->data_count);
		data->object = object;
	}
	return SMARTCARD_OK;
}

static enum smartcard_result
add_objects(struct smartcard *card, enum pkcs15_class class, struct bytes file)
{
	switch (class) {
	case PKCS15_AUTHENTICATION_OBJECTS: return add_pins(card, file);
	case PKCS15_PRIVATE_KEYS: return add_private_keys(card, file);
	case PKCS15_PUBLIC_KEYS: return add_public_keys(card, file);
	case PKCS15_CERTIFICATES:
	case PKCS15_USEFUL_CERTIFICATES: return add_certificates(card, file, false);
	case PKCS15_TRUSTED_CERTIFICATES: return add_certificates(card, file, true);
	case PKCS15_DATA_OBJECTS: return add_data(card, file);
	default: return SMARTCARD_OK;
	}
}

static bool is_certificates(enum pkcs15_class class)
{
	return class == PKCS15_CERTIFICATES || class == PKCS15_TRUSTED_CERTIFICATES ||
	       class == PKCS15_USEFUL_CERTIFICATES;
}

/* The cache's key, from now on also of what `more` says of the card's state. */
static enum smartcard_result
extend_cache_key(struct smartcard *card, struct bytes more)
{
	EVP_MD *md = EVP_MD_fetch(card->channel.crypto, "SHA256", NULL);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = md != NULL && context != NULL && EVP_DigestInit_ex(context, md, NULL) == 1 &&
		  EVP_DigestUpdate(context, card->cache_key, sizeof(card->cache_key)) == 1 &&
		  EVP_DigestUpdate(context, more.data, more.len) == 1 &&
		  EVP_DigestFinal_ex(context, card->cache_key, NULL) == 1;

	EVP_MD_CTX_free(context);
	EVP_MD_free(md);
	return ok ? SMARTCARD_OK : SMARTCARD_NO_MEMORY;
}

/* A directory file's objects. A file that EF.OD names and that is not there has none, and one that a
 * PIN opens is not read. */
static enum smartcard_result
read_objects(struct smartcard *card, const struct pkcs15_directory *directory)
{
	const bool fresh = is_certificates(directory->class);
	uint8_t *content;
	size_t len;
	enum smartcard_result r =
	    content_read(card, &directory->path, READ_WHOLE, fresh, &content, &len);

	if (r == SMARTCARD_REFUSED || r == SMARTCARD_NOT_VERIFIED)
		return SMARTCARD_OK;
	if (r != SMARTCARD_OK)
		return r;
	r = add_objects(card, directory->class, (struct bytes){content, len});
	if (r == SMARTCARD_OK && fresh)
		r = extend_cache_key(card, (struct bytes){content, len});
	free(content);
	return r;
}

static bool
has_certificate(const struct smartcard *card, const struct pkcs15_id *id)
{
	for (size_t i = 0; i < card->certificates_count; i++) {
		const struct pkcs15_id *other = &card->certificates[i].object.id;

		if (other->len == id->len && memcmp(other->data, id->data, id->len) == 0)
			return true;
	}
	return false;
}

static bool
has_all_certificates(const struct smartcard *card)
{
	for (size_t i = 0; i < card->private_keys_count; i++)
		if (!has_certificate(card, &card->private_keys[i].object.id))
			return false;
	return card->private_keys_count > 0;
}

enum pass { PASS_CERTIFICATES, PASS_OTHERS, PASS_PUBLIC_KEYS, PASSES };

static enum pass pass_of(enum pkcs15_class class)
{
	if (is_certificates(class))
		return PASS_CERTIFICATES;
	return class == PKCS15_PUBLIC_KEYS ? PASS_PUBLIC_KEYS : PASS_OTHERS;
}

/* Directories of certificates first: the cache's key for all other files has them in it. Public keys
 * last, when they are needed. */
static enum smartcard_result
read_directories(struct smartcard *card, struct bytes od)
{
	enum smartcard_result r = SMARTCARD_OK;

	for (enum pass pass = 0; pass < PASSES && r == SMARTCARD_OK; pass++) {
		struct reader reader = reader_of(od);
		struct pkcs15_directory directory;
		unsigned count = 0;

		while (r == SMARTCARD_OK && pkcs15_decode_directory(&reader, &directory)) {
			if (++count > SMARTCARD_OBJECTS_MAX)
				return SMARTCARD_PROTOCOL;
			if (pass_of(directory.class) != pass ||
			    (pass == PASS_PUBLIC_KEYS && has_all_certificates(card)))
				continue;
			if (directory.class == PKCS15_DATA_OBJECTS) {
				card->data_directory = directory.path;
				continue;
			}
			r = read_objects(card, &directory);
		}
	}
	return r;
}

enum smartcard_result
smartcard_find_data(struct smartcard *card)
{
	const struct pkcs15_directory directory = {.class = PKCS15_DATA_OBJECTS,
						   .path = card->data_directory};
	enum smartcard_result r = SMARTCARD_OK;

	if (card->data_found)
		return SMARTCARD_OK;
	if (directory.path.file_len > 0)
		r = read_objects(card, &directory);
	card->data_found = r == SMARTCARD_OK;
	return r;
}

static void
name_card(struct smartcard *card)
{
	const struct pkcs15_id *serial = &card->info.serial;

	memcpy(card->label, card->info.label, sizeof(card->label));
	memcpy(card->manufacturer, card->info.manufacturer, sizeof(card->manufacturer));
	smartcard_serial_text((struct bytes){serial->data, serial->len}, card->serial);
}

static enum smartcard_result
read_cia_info(struct smartcard *card, const struct pkcs15_path *path)
{
	uint8_t *content;
	size_t len;
	enum smartcard_result r = content_read(card, path, READ_OBJECT, true, &content, &len);

	if (r != SMARTCARD_OK)
		return r;
	if (!pkcs15_decode_token_info((struct bytes){content, len}, &card->info)) {
		r = SMARTCARD_PROTOCOL;
		goto out;
	}
	name_card(card);
	r = extend_cache_key(card, (struct bytes){content, len});
	card->has_cache_key = r == SMARTCARD_OK && card->serial[0] != '\0';
out:
	free(content);
	return r;
}

static bool
path_of(struct bytes file, struct pkcs15_path *path)
{
	if (file.len > sizeof(path->file))
		return false;
	*path = (struct pkcs15_path){.kind = PKCS15_PATH_FILE, .file_len = file.len};
	if (file.len > 0)
		memcpy(path->file, file.data, file.len);
	return true;
}

enum smartcard_result
directory_read(struct smartcard *card, const struct pkcs15_places *places)
{
	struct pkcs15_path cia_info, od;
	uint8_t *content;
	size_t len;
	enum smartcard_result r;

	if (!path_of(places->cia_info, &cia_info) || !path_of(places->od, &od))
		return SMARTCARD_PROTOCOL;
	r = read_cia_info(card, &cia_info);
	if (r != SMARTCARD_OK)
		return r;
	if (places->od_content.len > 0) {
		card->unread_od = od;
		return read_directories(card, places->od_content);
	}
	r = content_read(card, &od, READ_WHOLE, false, &content, &len);
	if (r != SMARTCARD_OK)
		return r;
	r = read_directories(card, (struct bytes){content, len});
	free(content);
	return r;
}

void
directory_forget(struct smartcard *card)
{
	for (size_t i = 0; i < card->certificates_count; i++) {
		free(card->certificates[i].der);
		EVP_PKEY_free(card->certificates[i].key);
	}
	for (size_t i = 0; i < card->data_count; i++) {
		if (card->data[i].content != NULL)
			OPENSSL_cleanse(card->data[i].content, card->data[i].content_len);
		free(card->data[i].content);
	}
	free(card->pins);
	free(card->private_keys);
	free(card->public_keys);
	free(card->certificates);
	free(card->data);
	card->pins = NULL;
	card->private_keys = NULL;
	card->public_keys = NULL;
	card->certificates = NULL;
	card->data = NULL;
	card->pins_count = card->private_keys_count = card->public_keys_count = 0;
	card->certificates_count = card->data_count = 0;
	memset(card->cache_key, 0, sizeof(card->cache_key));
	card->has_cache_key = false;
	card->data_directory = card->unread_od = (struct pkcs15_path){.kind = PKCS15_PATH_NONE};
	card->data_found = card->program_sought = card->takes_program = false;
}
