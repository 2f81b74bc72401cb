#include "cc_v1_chain.h"
#include "cc_card.h"

#include <stdio.h>

enum {
	EF_SIGN_CA = 0xEF0F,
	EF_AUTH_CA = 0xEF10,
	EF_ROOT_CA = 0xEF11,
	EF_OTHER_CA = 0xEF13, /* EF12 is the second certificate directory: not on our card */
	ID_ROOT_CA = 0x50,
	ID_SIGN_CA = 0x51,
	ID_AUTH_CA = 0x52,
	ID_OTHER_CA = 0x53,
};

/* Where a certificate of the chain goes. */
struct place {
	uint16_t fid;
	uint8_t id;
	const char *label;
};

static bool
issued_key(const struct image *image, const struct image_authority *authority, const char *key_name)
{
	const struct image_key *key = image_key(image, key_name);

	return key != NULL && build_issued(authority->certificate, authority->certificate_len,
					   key->certificate, key->certificate_len);
}

static struct place
place_of(const struct image *image, size_t index)
{
	const struct image_authority *authority = &image->authorities[index];

	if (issued_key(image, authority, "sign"))
		return (struct place){EF_SIGN_CA, ID_SIGN_CA, "SIGNATURE SUB CA"};
	if (issued_key(image, authority, "auth"))
		return (struct place){EF_AUTH_CA, ID_AUTH_CA, "AUTHENTICATION SUB CA"};
	if (build_issued(authority->certificate, authority->certificate_len, authority->certificate,
			 authority->certificate_len))
		return (struct place){EF_ROOT_CA, ID_ROOT_CA, "ROOT CA"};
	return (struct place){(uint16_t)(EF_OTHER_CA + index), (uint8_t)(ID_OTHER_CA + index),
			      "CA"};
}

/* False: this file has a certificate already, of an earlier one in the chain. */
static bool
is_free(const struct image *image, size_t index, const struct place *place)
{
	for (size_t i = 0; i < index; i++) {
		if (place_of(image, i).fid == place->fid)
			return false;
	}
	return true;
}

bool
cc_v1_build_chain(struct build *build, struct bytes fci, struct writer *content)
{
	const struct image *image = build->image;
	bool encoded = true;

	for (size_t i = 0; i < image->authorities_count; i++) {
		const struct place place = place_of(image, i);
		const struct file_spec file = {.path = {CC_DF_CITIZEN, place.fid},
					       .kind = FILE_EF,
					       .read = ACCESS_IS_ALWAYS,
					       .fci = fci};
		struct pkcs15_certificate object = {.id = {{place.id}, 1},
						    .authority = true,
						    .path = CC_V1_PATH((uint8_t)place.fid)};

		if (!is_free(image, i, &place))
			continue;
		snprintf(object.common.label, sizeof(object.common.label), "%s", place.label);
		encoded = encoded && pkcs15_encode_certificate(&object, content);
		build_file(build, &file,
			   (struct bytes){image->authorities[i].certificate,
					  image->authorities[i].certificate_len});
	}
	return encoded;
}
