/*
 * The files of 3.3 with the PKCS #15 objects of section 7.
 */
#include "emulator/card.h"
#include "emulator/failure.h"
#include "fineid_card.h"
#include "iso7816/tlv.h"

#include <openssl/objects.h>
#include <string.h>

enum {
	EF_DIR = 0x2F00,
	EF_ATR = 0x2F01,
	EF_CARD_ACCESS = 0x011C,
	EF_OD = 0x5031,
	EF_CIAINFO = 0x5032,
	EF_AOD = 0x4401,
	EF_PRKD = 0x4402,
	EF_CD = 0x4403,
	EF_CD_TRUSTED = 0x4405,
	EF_DOD = 0x4406,
	EF_ROOT_CERTIFICATE = 0x4334,
};

#define AID 0xA0, 0x00, 0x00, 0x00, 0x63, 'P', 'K', 'C', 'S', '-', '1', '5'
#define EF(...)                                                                  \
	{                                                                        \
		.path = {__VA_ARGS__}, .kind = FILE_EF, .read = ACCESS_IS_ALWAYS \
	}

static const uint8_t APPLICATION_ID[] = {AID};
static const uint8_t ESIGN_NAME[] = {'E', '.', 'S', 'I', 'G', 'N'}; /* 3.1, 3.5 */

static const struct pkcs15_directory DIRECTORIES[] = {
    {PKCS15_AUTHENTICATION_OBJECTS, FINEID_PATH(4, 0x44, 0x01)},
    {PKCS15_PRIVATE_KEYS, FINEID_PATH(4, 0x44, 0x02)},
    {PKCS15_CERTIFICATES, FINEID_PATH(4, 0x44, 0x03)},
    {PKCS15_TRUSTED_CERTIFICATES, FINEID_PATH(4, 0x44, 0x05)},
    {PKCS15_DATA_OBJECTS, FINEID_PATH(4, 0x44, 0x06)},
};

/* A card that is being made, and as what. */
struct making {
	struct build build;
	const struct fineid_profile *profile;
	const struct fineid_variant *variant;
	struct role role[FINEID_ROLES_MAX];
	struct roles roles;
};

static const struct fineid_variant *
variant_of(const struct image *image, const struct fineid_profile *profile)
{
	char name[IMAGE_NAME_MAX];

	if (!image_option(image, "variant", name, sizeof(name)))
		return &profile->variants[0];
	for (size_t i = 0; i < profile->variants_count; i++) {
		if (strcmp(profile->variants[i].name, name) == 0)
			return &profile->variants[i];
	}
	return NULL;
}

static void
build_tree(struct making *making)
{
	static const struct file_spec mf = {.kind = FILE_DF,
					    .name = {APPLICATION_ID, sizeof(APPLICATION_ID)}};
	static const struct file_spec esign = {
	    .path = {FINEID_ESIGN}, .kind = FILE_DF, .name = {ESIGN_NAME, sizeof(ESIGN_NAME)}};
	static const struct file_spec dir = EF(EF_DIR), atr = EF(EF_ATR);
	static const struct file_spec card_access = EF(EF_CARD_ACCESS);
	/* 7.3: without a path, so that OpenSC's driver of this card stays in charge. */
	struct pkcs15_application application = {.aid = {AID}, .aid_len = sizeof(APPLICATION_ID)};
	struct build *build = &making->build;
	uint8_t data[BUILD_DIRECTORY_MAX];
	struct writer content = writer_to(data, sizeof(data));

	memcpy(application.label, making->profile->label, strlen(making->profile->label) + 1);
	build_file(build, &mf, BYTES_NONE);
	build_encoded(build, &dir, pkcs15_encode_application(&application, &content), &content);
	build_file(build, &atr, making->variant->ef_atr);
	if (making->profile->card_access.len != 0)
		build_file(build, &card_access, making->profile->card_access);
	for (size_t i = 0; i < making->profile->files_count; i++)
		build_file(build, &making->profile->files[i], BYTES_NONE);
	build_file(build, &esign, BYTES_NONE);
}

/* 7.3: the header has four bytes. */
static void
build_cia_info(struct making *making)
{
	static const struct file_spec spec = EF(EF_CIAINFO);
	const struct image *image = making->build.image;
	struct pkcs15_token_info info = {
	    .version = 1,
	    .label = "HENKILOKORTTI",
	    .flags = PKCS15_CARD_AUTH_REQUIRED,
	    .language = "fi",
	};
	uint8_t data[BUILD_DIRECTORY_MAX];
	struct writer content = writer_to(data, sizeof(data));

	info.serial.len = image->serial_len;
	memcpy(info.serial.data, image->serial, info.serial.len);
	memcpy(info.manufacturer, making->variant->manufacturer,
	       strlen(making->variant->manufacturer) + 1);
	fineid_list_algorithms(&info, &making->roles, image);
	build_encoded(&making->build, &spec, pkcs15_encode_token_info(&info, true, &content),
		      &content);
}

static void
build_authentication_objects(struct making *making)
{
	static const struct file_spec spec = EF(EF_AOD);
	uint8_t data[BUILD_DIRECTORY_MAX];
	struct writer content = writer_to(data, sizeof(data));
	bool encoded = build_pin_objects(&making->build, &making->roles, &content);

	if (build_key_of_puk(making->build.image, &making->roles) != NULL)
		encoded = encoded && pkcs15_encode_pin(making->profile->puk, &content);
	build_encoded(&making->build, &spec, encoded, &content);
}

static void
build_end_entity_certificates(struct making *making)
{
	static const struct file_spec spec = EF(EF_CD);
	uint8_t data[BUILD_DIRECTORY_MAX];
	struct writer content = writer_to(data, sizeof(data));

	build_encoded(&making->build, &spec,
		      build_certificates(&making->build, &making->roles, &content), &content);
}

/* The chain, issuer of the leaf first; only what signed itself is a root: 3.3. */
static void
build_authorities(struct making *making)
{
	static const struct file_spec spec = EF(EF_CD_TRUSTED);
	const struct image *image = making->build.image;
	uint16_t next = making->profile->issuer_certificate;
	uint8_t data[BUILD_DIRECTORY_MAX];
	struct writer content = writer_to(data, sizeof(data));
	bool encoded = true;

	for (size_t i = 0; i < image->authorities_count; i++) {
		const struct image_authority *authority = &image->authorities[i];
		struct bytes der = {authority->certificate, authority->certificate_len};
		bool root = i + 1 == image->authorities_count &&
			    build_issued(der.data, der.len, der.data, der.len);
		const uint16_t fid = root ? EF_ROOT_CERTIFICATE : next++;
		const struct file_spec file = EF(fid);
		struct pkcs15_certificate object = {
		    .id = {{root ? FINEID_ID_ROOT : (uint8_t)(FINEID_ID_ISSUER + i)}, 1},
		    .authority = true,
		    .path = FINEID_PATH(4, (uint8_t)(fid >> 8), (uint8_t)fid)};

		if (next == EF_ROOT_CERTIFICATE)
			next = EF_ROOT_CERTIFICATE + 1;
		build_subject(der, NID_commonName, object.common.label,
			      sizeof(object.common.label));
		encoded = encoded && pkcs15_encode_certificate(&object, &content);
		build_file(&making->build, &file, der);
	}
	build_encoded(&making->build, &spec, encoded, &content);
}

/* 7.3 */
static bool
serial_fits(const struct image *image)
{
	for (size_t i = 0; i < image->serial_len; i++) {
		const uint8_t c = image->serial[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z'))
			return false;
	}
	return true;
}

static bool
refuse_variant(const struct image *image, const struct fineid_profile *profile,
	       struct image_error *error)
{
	char names[128];
	struct writer list = writer_to((uint8_t *)names, sizeof(names) - 1);

	for (size_t i = 0; i < profile->variants_count; i++) {
		const char *name = profile->variants[i].name;

		if (i > 0)
			writer_put(&list, BYTES_TEXT(" or "));
		writer_put(&list, BYTES_TEXT("variant="));
		writer_put(&list, (struct bytes){(const uint8_t *)name, strlen(name)});
	}
	names[list.len] = '\0';
	return failure(error, "card \"%s\": the option variant is not known; write %s in card.conf",
		       image->name, names);
}

bool
fineid_personalise(struct card *card, const struct image *image,
		   const struct fineid_profile *profile, struct image_error *error)
{
	static const struct file_spec od = EF(EF_OD), prkd = EF(EF_PRKD), dod = EF(EF_DOD);
	struct making making = {.build = {.card = card, .image = image, .error = error, .ok = true},
				.profile = profile,
				.variant = variant_of(image, profile),
				.roles = *profile->roles};
	bool user_consent = build_option(&making.build, "user-consent", true);

	build_check(&making.build, profile->roles);
	if (!making.build.ok)
		return false;
	if (making.variant == NULL)
		return refuse_variant(image, profile, error);
	if (!serial_fits(image))
		return failure(error,
			       "card \"%s\": the serial number of a %s card is letters and digits "
			       "in ASCII; correct `serial` in card.conf",
			       image->name, image->personality);
	if (!card_set_atr(card, making.variant->atr, error))
		return false;
	fineid_adapt(making.role, profile, image);
	making.roles.role = making.role;
	build_tree(&making);
	build_directories(&making.build, &od, DIRECTORIES,
			  sizeof(DIRECTORIES) / sizeof(DIRECTORIES[0]));
	build_cia_info(&making);
	build_authentication_objects(&making);
	build_private_keys(&making.build, &making.roles, &prkd, user_consent);
	build_end_entity_certificates(&making);
	build_authorities(&making);
	/* 3.3 has no such file. */
	if (build_takes_program(&making.build))
		build_data_objects(&making.build, &dod);
	build_roles(&making.build, &making.roles);
	return making.build.ok;
}

/* The order of the objects is that of the examples in 3.5. */
void
fineid_fci(const struct file *file, uint8_t p2, struct writer *writer)
{
	enum { P2_FCP = 0x04, TAG_FCP = 0x62, TAG_FCI = 0x6F };
	enum { TRANSPARENT = 0x01, DF = 0x38, ACTIVATED = 0x05 };
	static const uint8_t always_read[] = {0x03, 0xFF, 0x00};
	bool ef = file->spec.kind == FILE_EF;
	size_t mark = tlv_begin(writer, p2 == P2_FCP ? TAG_FCP : TAG_FCI);

	if (ef)
		tlv_put_u16(writer, 0x81, (uint16_t)file->content.len);
	tlv_put_u8(writer, 0x82, ef ? TRANSPARENT : DF);
	tlv_put_u16(writer, 0x83, file->fid);
	if (file->spec.name.len != 0)
		tlv_put(writer, 0x84, file->spec.name);
	tlv_put_u8(writer, 0x8A, ACTIVATED);
	if (ef && p2 != P2_FCP && file->spec.read.rule == ACCESS_ALWAYS) {
		tlv_put(writer, 0x8C, BYTES(always_read));
		tlv_put(writer, 0x9C, BYTES(always_read));
	}
	tlv_end(writer, mark);
}
