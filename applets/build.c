#include "build_key.h"
#include "iso7816/program_text.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
build_fail(struct build *build, const char *format, ...)
{
	va_list arguments;

	if (!build->ok)
		return;
	build->ok = false;
	va_start(arguments, format);
	vsnprintf(build->error->text, sizeof(build->error->text), format, arguments);
	va_end(arguments);
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
		build_fail(build,
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
		build_fail(
		    build,
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

	for (size_t i = 0; i < count; i++) {
		if (directories[i].class == PKCS15_DATA_OBJECTS && !build_takes_program(build))
			continue;
		encoded = encoded && pkcs15_encode_directory(&directories[i], &content);
	}
	build_encoded(build, spec, encoded, &content);
}

bool
build_takes_program(struct build *build)
{
	return build_option(build, BUILD_PROGRAM_NAME, false);
}

void
build_data_objects(struct build *build, const struct file_spec *spec)
{
	static const struct pkcs15_data program = {.common = {.label = "Program name"},
						   .application = PROGRAM_TEXT_APPLICATION,
						   .path = {.kind = PKCS15_PATH_NULL}};
	uint8_t data[BUILD_DIRECTORY_MAX];
	struct writer content = writer_to(data, sizeof(data));
	bool encoded = true;

	if (build_takes_program(build)) {
		encoded = pkcs15_encode_data(&program, &content);
		card_take_program(build->card);
	}
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
		const struct role *other = build_role(roles, image->keys[i].name);

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

static size_t
depth_of(const uint16_t path[FILE_DEPTH_MAX])
{
	size_t depth = 0;

	while (depth < FILE_DEPTH_MAX && path[depth] != 0)
		depth++;
	return depth;
}

static void
build_further_files(struct build *build, const struct roles *roles)
{
	const struct image *image = build->image;
	const size_t depth = depth_of(roles->further_path);

	for (size_t i = 0; i < image->certificates_count && depth > 0; i++) {
		struct file_spec spec = {
		    .kind = FILE_EF, .read = ACCESS_IS_ALWAYS, .fci = roles->certificate_fci};

		memcpy(spec.path, roles->further_path, sizeof(spec.path));
		spec.path[depth - 1] = (uint16_t)(spec.path[depth - 1] + i);
		build_file(build, &spec,
			   (struct bytes){image->certificates[i].certificate,
					  image->certificates[i].certificate_len});
	}
}

void
build_roles(struct build *build, const struct roles *roles)
{
	for (size_t i = 0; i < roles->count; i++) {
		const struct role *role = &roles->role[i];
		const struct image_key *key = image_key(build->image, role->key);
		struct key_spec private_key;
		struct file_spec spec = {
		    .kind = FILE_EF, .read = ACCESS_IS_ALWAYS, .fci = roles->certificate_fci};

		if (key == NULL)
			continue;
		build_pin(build, roles, i);
		private_key = role->private_key_spec;
		private_key.usage = build_words(role, key);
		if (build->ok)
			build->ok = card_add_key(build->card, &private_key, build->error);
		memcpy(spec.path, role->certificate_path, sizeof(spec.path));
		build_file(build, &spec, (struct bytes){key->certificate, key->certificate_len});
	}
	build_further_files(build, roles);
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

static void
set_label(struct pkcs15_common *common, const char *label)
{
	snprintf(common->label, sizeof(common->label), "%s", label);
}

static bool
put_key(const struct role *role, const struct image_key *image_key,
	const struct pkcs15_key *template, bool user_consent, struct writer *content)
{
	const struct key_kind *kind = build_kind(image_key);
	struct pkcs15_key key = *template;

	if (kind == NULL)
		return false;
	key.kind = kind->curve == NULL ? PKCS15_KEY_RSA : PKCS15_KEY_EC;
	key.usage = build_usage(role, image_key, kind, key.usage);
	if (image_key->label[0] != '\0')
		set_label(&key.common, image_key->label);
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
			encoded = encoded &&
				  put_key(role, key, &role->private_key, user_consent, &content);
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
			encoded = encoded && put_key(role, key, &role->public_key, true, &content);
	}
	build_encoded(build, spec, encoded, &content);
}

static bool
put_certificate(const struct image_key *key, const struct pkcs15_certificate *template,
		struct writer *content)
{
	struct pkcs15_certificate certificate = *template;

	if (key->certificate_label[0] != '\0')
		set_label(&certificate.common, key->certificate_label);
	return pkcs15_encode_certificate(&certificate, content);
}

static bool
put_further(struct build *build, const struct roles *roles, size_t index, struct writer *content)
{
	const struct image_certificate *certificate = &build->image->certificates[index];
	const struct role *role = build_role(roles, certificate->key);
	struct pkcs15_certificate object = {.path = roles->further_object};
	const size_t len = object.path.file_len;
	uint16_t fid;

	if (len < 2)
		return false;
	fid = (uint16_t)((object.path.file[len - 2] << 8 | object.path.file[len - 1]) + (int)index);
	object.path.file[len - 2] = (uint8_t)(fid >> 8);
	object.path.file[len - 1] = (uint8_t)fid;
	object.id = (struct pkcs15_id){{(uint8_t)(roles->further_id + index)}, 1};
	if (role != NULL)
		object.id = role->certificate.id;
	build_subject((struct bytes){certificate->certificate, certificate->certificate_len},
		      NID_commonName, object.common.label, sizeof(object.common.label));
	if (certificate->label[0] != '\0')
		set_label(&object.common, certificate->label);
	else if (object.common.label[0] == '\0')
		set_label(&object.common, certificate->name);
	return pkcs15_encode_certificate(&object, content);
}

bool
build_certificates(struct build *build, const struct roles *roles, struct writer *content)
{
	bool encoded = true;

	for (size_t i = 0; i < roles->count; i++) {
		const struct role *role = &roles->role[i];
		const struct image_key *key = image_key(build->image, role->key);

		if (key != NULL)
			encoded = encoded && put_certificate(key, &role->certificate, content);
	}
	for (size_t i = 0; i < build->image->certificates_count; i++)
		encoded = encoded && put_further(build, roles, i, content);
	return encoded;
}

bool
build_issued(const uint8_t *issuer, size_t issuer_len, const uint8_t *subject, size_t subject_len)
{
	X509 *a = build_certificate(issuer, issuer_len),
	     *b = build_certificate(subject, subject_len);
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
	X509 *parsed = build_certificate(certificate.data, certificate.len);
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
