#include "build.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
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

/* Each of a card's EC keys is on the NIST curve of its bits. */
static bool
is_kind(const EVP_PKEY *key, enum pkcs15_key_kind kind)
{
	static const char *const curves[] = {SN_X9_62_prime256v1, SN_secp384r1, SN_secp521r1};
	char name[64];

	if (kind == PKCS15_KEY_RSA)
		return EVP_PKEY_is_a(key, "RSA");
	if (EVP_PKEY_get_group_name(key, name, sizeof(name), NULL) != 1)
		return false;
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		if (strcmp(curves[i], name) == 0)
			return true;
	}
	return false;
}

/* Bits of the modulus or the field; 0 when the key is of another kind. */
static unsigned
key_bits(const struct image_key *key, enum pkcs15_key_kind kind)
{
	X509 *certificate = parse(key->certificate, key->certificate_len);
	EVP_PKEY *public_key = certificate != NULL ? X509_get0_pubkey(certificate) : NULL;
	unsigned bits = 0;

	if (public_key != NULL && is_kind(public_key, kind))
		bits = (unsigned)EVP_PKEY_get_bits(public_key);
	X509_free(certificate);
	return bits;
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
is_size(const struct roles *roles, unsigned bits)
{
	for (const unsigned *size = roles->bits; *size != 0; size++) {
		if (*size == bits)
			return true;
	}
	return false;
}

void
build_check(struct build *build, const struct roles *roles, size_t serial_len)
{
	const struct image *image = build->image;

	if (image->serial_len != serial_len)
		fail(build,
		     "card \"%s\": the serial number of a %s card has %zu bytes, not %zu; "
		     "correct `serial` in card.conf",
		     image->name, image->personality, serial_len, image->serial_len);
	if (image->keys_count == 0)
		fail(build, "card \"%s\": it has no key; enrol it again with one", image->name);
	for (size_t i = 0; i < image->keys_count; i++) {
		const struct image_key *key = &image->keys[i];
		const struct role *role = find_role(roles, key->name);
		enum pkcs15_key_kind kind = role != NULL ? role->private_key.kind : PKCS15_KEY_RSA;
		const char *kind_name = kind == PKCS15_KEY_RSA ? "RSA" : "EC";
		unsigned bits = key_bits(key, kind);

		if (role == NULL)
			fail(build,
			     "card \"%s\": a %s card has no key \"%s\"; its keys are \"auth\" and "
			     "\"sign\"",
			     image->name, image->personality, key->name);
		if (bits == 0)
			fail(build,
			     "card \"%s\": the certificate of key \"%s\" has no %s key that "
			     "can be read; make the card again with one",
			     image->name, key->name, kind_name);
		if (!is_size(roles, bits))
			fail(build,
			     "card \"%s\": the certificate of key \"%s\" is for an %s key of "
			     "%u bits, which a %s card cannot have; choose another personality",
			     image->name, key->name, kind_name, bits, image->personality);
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

/* PINs of several roles may share one PUK: it is added once. */
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

void
build_roles(struct build *build, const struct roles *roles)
{
	for (size_t i = 0; i < roles->count; i++) {
		const struct role *role = &roles->role[i];
		const struct image_key *key = image_key(build->image, role->key);
		struct file_spec spec = {.kind = FILE_EF, .read = ACCESS_IS_ALWAYS};

		if (key == NULL)
			continue;
		if (build->ok && is_new_puk(roles, i, build->image))
			build->ok = card_add_pin(build->card, &role->puk, build->error);
		if (build->ok)
			build->ok = card_add_pin(build->card, &role->pin, build->error);
		if (build->ok)
			build->ok =
			    card_add_key(build->card, &role->private_key_spec, build->error);
		memcpy(spec.path, role->certificate_path, sizeof(spec.path));
		build_file(build, &spec, (struct bytes){key->certificate, key->certificate_len});
	}
}

void
build_pins(struct build *build, const struct roles *roles, const struct file_spec *spec)
{
	uint8_t data[BUILD_DIRECTORY_MAX];
	struct writer content = writer_to(data, sizeof(data));
	bool encoded = true;

	for (size_t i = 0; i < roles->count; i++) {
		if (image_key(build->image, roles->role[i].key) != NULL)
			encoded =
			    encoded && pkcs15_encode_pin(&roles->role[i].pin_object, &content);
	}
	build_encoded(build, spec, encoded, &content);
}

static bool
put_key(const struct image_key *image_key, const struct pkcs15_key *template, bool user_consent,
	struct writer *content)
{
	struct pkcs15_key key = *template;

	key.bits = key_bits(image_key, key.kind);
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
