#include "build.h"
#include "iso7816/key_kind.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 2, 3))) static void
fail(struct build *build, const char *format, ...)
{
	va_list arguments;

	if (!build->ok)
		return;
	build->ok = false;
	va_start(arguments, format);
	vsnprintf(build->error->text, sizeof(build->error->text), format, arguments);
	va_end(arguments);
}

/* NULL when it is no certificate from the first byte to the last. */
static X509 *
parse(const uint8_t *der, size_t len)
{
	const uint8_t *at = der;
	X509 *certificate;

	ERR_set_mark();
	certificate = len <= LONG_MAX ? d2i_X509(NULL, &at, (long)len) : NULL;
	ERR_pop_to_mark();
	if (certificate != NULL && at != der + len) {
		X509_free(certificate);
		certificate = NULL;
	}
	return certificate;
}

const struct key_kind *
build_kind(const struct image_key *key)
{
	X509 *certificate = parse(key->certificate, key->certificate_len);
	const EVP_PKEY *public_key = certificate != NULL ? X509_get0_pubkey(certificate) : NULL;
	const struct key_kind *kind = public_key != NULL ? key_kind_of(public_key) : NULL;

	X509_free(certificate);
	return kind;
}

static const struct role *
find_role(const struct roles *roles, const char *name)
{
	for (size_t i = 0; i < roles->count; i++) {
		if (strcmp(roles->role[i].key, name) == 0)
			return &roles->role[i];
	}
	return NULL;
}

static bool
takes_kind(const struct role *role, const struct key_kind *kind)
{
	for (const char *const *name = role->kinds; *name != NULL; name++) {
		if (strcmp(*name, kind->name) == 0)
			return true;
	}
	return false;
}

/* "a", "a or b", "a, b or c": a word is put before the next is known, `last` with the last. */
static void
list_word(struct writer *list, const char *word, bool first, bool last)
{
	const char *before = first ? "" : last ? " or " : ", ";

	writer_put(list, (struct bytes){(const uint8_t *)before, strlen(before)});
	writer_put(list, (struct bytes){(const uint8_t *)word, strlen(word)});
}

static void
check_serial(struct build *build, const struct roles *roles)
{
	const struct image *image = build->image;
	uint8_t text[64] = "";
	struct writer list = writer_to(text, sizeof(text) - 1);

	for (const size_t *len = roles->serial_lens; *len != 0; len++) {
		char word[24];

		if (*len == image->serial_len)
			return;
		snprintf(word, sizeof(word), "%zu", *len);
		list_word(&list, word, len == roles->serial_lens, len[1] == 0);
	}
	fail(build,
	     "card \"%s\": the serial number of a %s card has %s bytes, not %zu; correct `serial` "
	     "in "
	     "card.conf",
	     image->name, image->personality, (const char *)text, image->serial_len);
}

static void
refuse_name(struct build *build, const struct roles *roles, const struct image_key *key)
{
	uint8_t text[192] = "";
	struct writer list = writer_to(text, sizeof(text) - 1);

	for (size_t i = 0; i < roles->count; i++)
		list_word(&list, roles->role[i].key, i == 0, i + 1 == roles->count);
	fail(build,
	     "card \"%s\": a %s card has no key \"%s\"; a key of it is called %s: correct [key %s] "
	     "in card.conf",
	     build->image->name, build->image->personality, key->name, (const char *)text,
	     key->name);
}

static void
check_kind(struct build *build, const struct role *role, const struct image_key *key)
{
	const struct key_kind *kind = build_kind(key);
	uint8_t text[128] = "";
	struct writer list = writer_to(text, sizeof(text) - 1);

	if (kind != NULL && takes_kind(role, kind))
		return;
	for (size_t i = 0; role->kinds[i] != NULL; i++)
		list_word(&list, role->kinds[i], i == 0, role->kinds[i + 1] == NULL);
	if (kind == NULL)
		fail(build,
		     "card \"%s\": the certificate of key \"%s\" has no key that can be read and "
		     "that cards have; make the card again with %s",
		     build->image->name, key->name, (const char *)text);
	else
		fail(build,
		     "card \"%s\": key \"%s\" is of the kind %s, and that of a %s card is %s; "
		     "choose another personality, or another key",
		     build->image->name, key->name, kind->name, build->image->personality,
		     (const char *)text);
}

void
build_check(struct build *build, const struct roles *roles)
{
	const struct image *image = build->image;

	check_serial(build, roles);
	if (image->keys_count == 0)
		fail(build, "card \"%s\": it has no key; enrol it again with one", image->name);
	for (size_t i = 0; i < image->keys_count; i++) {
		const struct role *role = find_role(roles, image->keys[i].name);

		if (role == NULL)
			refuse_name(build, roles, &image->keys[i]);
		else
			check_kind(build, role, &image->keys[i]);
	}
}

bool
build_option(struct build *build, const char *word, bool otherwise)
{
	char value[IMAGE_NAME_MAX];

	if (!image_option(build->image, word, value, sizeof(value)))
		return otherwise;
	if (value[0] == '\0' || strcmp(value, "yes") == 0)
		return true;
	if (strcmp(value, "no") != 0)
		fail(build,
		     "card \"%s\": the option %s=%s is not known; write %s=yes or %s=no in "
		     "card.conf",
		     build->image->name, word, value, word, word);
	return false;
}

void
build_file(struct build *build, const struct file_spec *spec, struct bytes content)
{
	if (build->ok)
		build->ok = card_add_file(build->card, spec, content, build->error);
}

void
build_encoded(struct build *build, const struct file_spec *spec, bool encoded,
	      const struct writer *content)
{
	if (!encoded || !writer_ok(content))
		fail(build,
		     "card \"%s\": file %04X%04X cannot be made of its image; make the card again",
		     build->image->name, spec->path[0], spec->path[1]);
	build_file(build, spec, writer_bytes(content));
}

void
build_directories(struct build *build, const struct file_spec *spec,
		  const struct pkcs15_directory *directories, size_t count)
{
	uint8_t data[BUILD_DIRECTORY_MAX];
	struct writer content = writer_to(data, sizeof(data));
	bool encoded = true;

	for (size_t i = 0; i < count; i++)
		encoded = encoded && pkcs15_encode_directory(&directories[i], &content);
	build_encoded(build, spec, encoded, &content);
}

void
build_token_info(struct build *build, const struct file_spec *spec,
		 const struct pkcs15_token_info *info)
{
	struct pkcs15_token_info own = *info;
	uint8_t data[BUILD_DIRECTORY_MAX];
	struct writer content = writer_to(data, sizeof(data));

	own.serial.len = build->image->serial_len;
	memcpy(own.serial.data, build->image->serial, own.serial.len);
	build_encoded(build, spec, pkcs15_encode_token_info(&own, false, &content), &content);
}

/* No role before this one that the image has uses the same counter. */
static bool
is_new_puk(const struct roles *roles, size_t role, const struct image *image)
{
	const char *counter = roles->role[role].puk.counter;

	for (size_t i = 0; i < role; i++) {
		const struct role *before = &roles->role[i];

		if (image_key(image, before->key) != NULL &&
		    strcmp(before->puk.counter, counter) == 0)
			return false;
	}
	return true;
}

static bool
is_new_pin(const struct roles *roles, size_t role, const struct image *image)
{
	const char *counter = roles->role[role].pin.counter;

	for (size_t i = 0; i < role; i++) {
		const struct role *before = &roles->role[i];

		if (image_key(image, before->key) != NULL &&
		    strcmp(before->pin.counter, counter) == 0)
			return false;
	}
	return true;
}

const char *
build_leading_key(const struct image *image, const struct roles *roles, const struct role *role)
{
	for (size_t i = 0; i < image->keys_count; i++) {
		const struct role *other = find_role(roles, image->keys[i].name);

		if (other != NULL && strcmp(other->pin.counter, role->pin.counter) == 0)
			return image->keys[i].name;
	}
	return NULL;
}

static void
build_pin(struct build *build, const struct roles *roles, size_t i)
{
	const struct role *role = &roles->role[i];
	struct pin_spec pin = role->pin;

	pin.key = build_leading_key(build->image, roles, role);
	if (build->ok && is_new_puk(roles, i, build->image))
		build->ok = card_add_pin(build->card, &role->puk, build->error);
	if (build->ok && is_new_pin(roles, i, build->image))
		build->ok = card_add_pin(build->card, &pin, build->error);
}

void
build_roles(struct build *build, const struct roles *roles)
{
	for (size_t i = 0; i < roles->count; i++) {
		const struct role *role = &roles->role[i];
		const struct image_key *key = image_key(build->image, role->key);
		struct file_spec spec = {.kind = FILE_EF, .read = ACCESS_IS_ALWAYS};

		if (key == NULL)
			continue;
		build_pin(build, roles, i);
		if (build->ok)
			build->ok =
			    card_add_key(build->card, &role->private_key_spec, build->error);
		memcpy(spec.path, role->certificate_path, sizeof(spec.path));
		build_file(build, &spec, (struct bytes){key->certificate, key->certificate_len});
	}
}

bool
build_pin_objects(struct build *build, const struct roles *roles, struct writer *content)
{
	bool encoded = true;

	for (size_t i = 0; i < roles->count; i++) {
		const struct role *role = &roles->role[i];

		if (image_key(build->image, role->key) != NULL &&
		    is_new_pin(roles, i, build->image))
			encoded = encoded && pkcs15_encode_pin(&role->pin_object, content);
	}
	return encoded;
}

void
build_pins(struct build *build, const struct roles *roles, const struct file_spec *spec)
{
	uint8_t data[BUILD_DIRECTORY_MAX];
	struct writer content = writer_to(data, sizeof(data));

	build_encoded(build, spec, build_pin_objects(build, roles, &content), &content);
}

/* What only one kind of key does. */
enum {
	USAGE_OF_RSA = PKCS15_USAGE_ENCRYPT | PKCS15_USAGE_DECRYPT | PKCS15_USAGE_WRAP |
		       PKCS15_USAGE_UNWRAP | PKCS15_USAGE_SIGN_RECOVER |
		       PKCS15_USAGE_VERIFY_RECOVER,
	USAGE_OF_EC = PKCS15_USAGE_DERIVE,
};

static bool
put_key(const struct image_key *image_key, const struct pkcs15_key *template, bool user_consent,
	struct writer *content)
{
	const struct key_kind *kind = build_kind(image_key);
	struct pkcs15_key key = *template;

	if (kind == NULL)
		return false;
	key.kind = kind->curve == NULL ? PKCS15_KEY_RSA : PKCS15_KEY_EC;
	key.usage &= ~(uint32_t)(kind->curve == NULL ? USAGE_OF_EC : USAGE_OF_RSA);
	key.bits = kind->bits;
	if (!user_consent)
		key.common.user_consent = 0;
	return pkcs15_encode_key(&key, content);
}

void
build_private_keys(struct build *build, const struct roles *roles, const struct file_spec *spec,
		   bool user_consent)
{
	uint8_t data[BUILD_DIRECTORY_MAX];
	struct writer content = writer_to(data, sizeof(data));
	bool encoded = true;

	for (size_t i = 0; i < roles->count; i++) {
		const struct role *role = &roles->role[i];
		const struct image_key *key = image_key(build->image, role->key);

		if (key != NULL)
			encoded =
			    encoded && put_key(key, &role->private_key, user_consent, &content);
	}
	build_encoded(build, spec, encoded, &content);
}

void
build_public_keys(struct build *build, const struct roles *roles, const struct file_spec *spec)
{
	uint8_t data[BUILD_DIRECTORY_MAX];
	struct writer content = writer_to(data, sizeof(data));
	bool encoded = true;

	for (size_t i = 0; i < roles->count; i++) {
		const struct role *role = &roles->role[i];
		const struct image_key *key = image_key(build->image, role->key);

		if (key != NULL && role->public_key.id.len != 0)
			encoded = encoded && put_key(key, &role->public_key, true, &content);
	}
	build_encoded(build, spec, encoded, &content);
}

bool
build_certificates(struct build *build, const struct roles *roles, struct writer *content)
{
	bool encoded = true;

	for (size_t i = 0; i < roles->count; i++) {
		const struct role *role = &roles->role[i];

		if (image_key(build->image, role->key) != NULL)
			encoded = encoded && pkcs15_encode_certificate(&role->certificate, content);
	}
	return encoded;
}

bool
build_issued(const uint8_t *issuer, size_t issuer_len, const uint8_t *subject, size_t subject_len)
{
	X509 *a = parse(issuer, issuer_len), *b = parse(subject, subject_len);
	bool issued;

	ERR_set_mark();
	issued = a != NULL && b != NULL && X509_check_issued(a, b) == X509_V_OK;
	ERR_pop_to_mark();
	X509_free(a);
	X509_free(b);
	return issued;
}

/* How much of `text` fits `room` without cutting a character: RFC 3629 section 3. */
static size_t
whole_characters(const unsigned char *text, size_t len, size_t room)
{
	if (len <= room)
		return len;
	len = room;
	while (len > 0 && (text[len] & 0xC0) == 0x80)
		len--;
	return len;
}

void
build_subject(struct bytes certificate, int nid, char *text, size_t room)
{
	X509 *parsed = parse(certificate.data, certificate.len);
	X509_NAME *name = parsed != NULL ? X509_get_subject_name(parsed) : NULL;
	int at = name != NULL ? X509_NAME_get_index_by_NID(name, nid, -1) : -1;
	unsigned char *utf8 = NULL;
	int len = -1;

	text[0] = '\0';
	if (at >= 0)
		len = ASN1_STRING_to_UTF8(&utf8,
					  X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	if (len > 0) {
		size_t fits = whole_characters(utf8, (size_t)len, room - 1);

		memcpy(text, utf8, fits);
		text[fits] = '\0';
	}
	OPENSSL_free(utf8);
	X509_free(parsed);
}
