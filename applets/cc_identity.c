#include "cc_identity.h"
#include "build.h"

#include <openssl/objects.h>
#include <openssl/sha.h>
#include <string.h>

enum {
	FIELD_MAX = 128,
	CACHE_KEY_LEN = 16, /* 9.3, item 3 */
};

/* 9.4, the field table of EF02: UTF-8, filled with zeros */
static const struct field {
	int nid;
	size_t offset, len;
	const char *prefix; /* of the attribute, not part of the field */
} FIELDS[] = {
    {NID_countryName, 40, 80, ""},
    {NID_surname, 330, 120, ""},
    {NID_givenName, 450, 120, ""},
    {NID_serialNumber, 606, 18, "BI"}, /* civil identification number */
};

static void
put_field(uint8_t *identity, const struct field *field, struct bytes certificate)
{
	const size_t prefix_len = strlen(field->prefix);
	char text[FIELD_MAX];

	build_subject(certificate, field->nid, text, field->len + prefix_len + 1);
	if (strncmp(text, field->prefix, prefix_len) == 0)
		memcpy(identity + field->offset, text + prefix_len, strlen(text + prefix_len));
}

void
cc_identity(struct bytes certificate, uint8_t identity[CC_IDENTITY_LEN])
{
	memset(identity, 0, CC_IDENTITY_LEN);
	for (size_t i = 0; i < sizeof(FIELDS) / sizeof(FIELDS[0]); i++)
		put_field(identity, &FIELDS[i], certificate);
}

void
cc_sod(const struct image *image, size_t offset, uint8_t sod[CC_SOD_LEN])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	uint8_t input[IMAGE_KEYS_MAX * SHA256_DIGEST_LENGTH + IMAGE_SERIAL_MAX];
	struct writer writer = writer_to(input, sizeof(input));

	for (size_t i = 0; i < image->keys_count; i++) {
		SHA256(image->keys[i].certificate, image->keys[i].certificate_len, digest);
		writer_put(&writer, BYTES(digest));
	}
	writer_put(&writer, (struct bytes){image->serial, image->serial_len});
	SHA256(input, writer.len, digest);
	memset(sod, 0, CC_SOD_LEN);
	memcpy(sod + offset, digest, CACHE_KEY_LEN);
}
