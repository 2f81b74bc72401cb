/*
 * The files of an IAS-ECC card: 2.2, 2.3, 3.5 and section 7, whose bytes they have.
 */
#include "iasecc_card.h"
#include "iso7816/tlv.h"

#include <openssl/objects.h>
#include <stdio.h>
#include <string.h>

enum {
	EF_DIR = 0x2F00,
	EF_ATR = 0x2F01,
	EF_GDO = 0x2F02,
	EF_SN = 0xD003,
	EF_OD = 0x5031,
	EF_TOKENINFO = 0x5032,
	EF_AODF = 0x7001,
	EF_PRKDF = 0x7002,
	EF_PUKDF = 0x7004,
	EF_CDF = 0x7005,
	EF_DODF = 0x7006,
	EF_TRUSTED_CDF = 0x7007,
	EF_CA_CERTIFICATE = 0xB003, /* more of the chain follow */
	SFI_SN = 0x1C,
	SFI_ATR = 0x1D,
	SFI_DIR = 0x1E,
	ID_ROOT_CA = 0x50, /* 7.7 */
	ID_SUB_CA = 0x51,
	DIR_LEN = 128, /* sizes of 2.2 and 3.2 */
	ATR_LEN = 100,
	OD_LEN = 96,
	TOKENINFO_LEN = 400,
	DIRECTORY_LEN = 256, /* the sheet has none for the others */
	CKM_RSA_PKCS = 0x01, /* PKCS #11 */
};

#define AID_ECC_EID 0xE8, 0x28, 0xBD, 0x08, 0x0F, 0xD2, 0x50, 'E', 'C', 'C', '-', 'e', 'I', 'D'

#define OID_IAS_ECC 0x2B, 0x81, 0x22, 0xF8, 0x78, 0x02 /* 1.3.162.15480.2 */

static const uint8_t APPLICATION_ID[] = {AID_ECC_EID};

#define EF(fid)                                                                      \
	{                                                                            \
		.path = {IASECC_ADF, (fid)}, .kind = FILE_EF, .size = DIRECTORY_LEN, \
		.read = ACCESS_IS_ALWAYS                                             \
	}
#define ROOT_EF(fid, len, short_id)                                                 \
	{                                                                           \
		.path = {(fid)}, .kind = FILE_EF, .size = (len), .sfi = (short_id), \
		.read = ACCESS_IS_ALWAYS                                            \
	}

/* A directory file is filled up to its usual size, and longer when the objects are. */
static void
build_directory(struct build *build, uint16_t fid, bool encoded, const struct writer *content)
{
	struct file_spec spec = EF(fid);

	if (content->len > DIRECTORY_LEN)
		spec.size = 0;
	build_encoded(build, &spec, encoded, content);
}

/* 7.1 */
static void
build_dir(struct build *build)
{
	static const struct pkcs15_application application = {
	    .aid = {AID_ECC_EID},
	    .aid_len = sizeof(APPLICATION_ID),
	    .label = "ECC eID",
	    .provider = {{OID_IAS_ECC}, 6},
	    .ddo_aid = {AID_ECC_EID},
	    .ddo_aid_len = sizeof(APPLICATION_ID),
	};
	static const struct file_spec spec = ROOT_EF(EF_DIR, DIR_LEN, SFI_DIR);
	uint8_t data[BUILD_DIRECTORY_MAX];
	struct writer content = writer_to(data, sizeof(data));

	build_encoded(build, &spec, pkcs15_encode_application(&application, &content), &content);
}

/* 2.2 */
static void
build_atr(struct build *build, const struct iasecc_variant *variant)
{
	static const uint8_t service[] = {0xB8}, capabilities[] = {0x94, 0x01, 0x80};
	static const uint8_t buffers[] = {0x02, 0x02, 0x00, 0xFF, 0x02, 0x02, 0x00, 0xFF,
					  0x02, 0x02, 0x01, 0x00, 0x02, 0x02, 0x01, 0x00};
	static const uint8_t oid[] = {0x06, 0x06, OID_IAS_ECC}, status[] = {0x90, 0x00};
	static const struct file_spec spec = ROOT_EF(EF_ATR, ATR_LEN, SFI_ATR);
	uint8_t data[ATR_LEN];
	struct writer content = writer_to(data, sizeof(data));

	tlv_put(&content, 0x43, BYTES(service));
	tlv_put(&content, 0x46, variant->pre_issuing);
	tlv_put(&content, 0x47, BYTES(capabilities));
	tlv_put(&content, 0x4F, variant->root);
	tlv_put(&content, 0xE0, BYTES(buffers));
	tlv_put(&content, 0x78, BYTES(oid));
	tlv_put(&content, 0x82, BYTES(status));
	build_encoded(build, &spec, true, &content);
}

/* 2.3 */
static void
build_serial(struct build *build)
{
	static const struct file_spec spec = ROOT_EF(EF_SN, 0, SFI_SN);
	uint8_t data[2 + IASECC_SERIAL_LEN];
	struct writer content = writer_to(data, sizeof(data));

	tlv_put(&content, 0x5A, (struct bytes){build->image->serial, build->image->serial_len});
	build_encoded(build, &spec, true, &content);
}

/* 2.3: global data, ISO/IEC 7816-4: whose card it is. */
static void
build_gdo(struct build *build)
{
	enum { NAME_LEN_MAX = 26 };
	static const struct file_spec spec = ROOT_EF(EF_GDO, 0, 0);
	const struct image_key *key = &build->image->keys[0];
	uint8_t data[2 + IASECC_SERIAL_LEN + 3 + NAME_LEN_MAX];
	struct writer content = writer_to(data, sizeof(data));
	char name[NAME_LEN_MAX + 1];

	build_subject((struct bytes){key->certificate, key->certificate_len}, NID_commonName, name,
		      sizeof(name));
	tlv_put(&content, 0x5A, (struct bytes){build->image->serial, build->image->serial_len});
	tlv_put(&content, 0x5F20, (struct bytes){(const uint8_t *)name, strlen(name)});
	build_encoded(build, &spec, true, &content);
}

/* 7.2 */
static void
build_od(struct build *build)
{
	static const struct pkcs15_directory directories[] = {
	    {PKCS15_AUTHENTICATION_OBJECTS, IASECC_PATH(EF_AODF)},
	    {PKCS15_PRIVATE_KEYS, IASECC_PATH(EF_PRKDF)},
	    {PKCS15_PUBLIC_KEYS, IASECC_PATH(EF_PUKDF)},
	    {PKCS15_CERTIFICATES, IASECC_PATH(EF_CDF)},
	    {PKCS15_TRUSTED_CERTIFICATES, IASECC_PATH(EF_TRUSTED_CDF)},
	    {PKCS15_DATA_OBJECTS, IASECC_PATH(EF_DODF)},
	};
	struct file_spec spec = EF(EF_OD);
	uint8_t data[OD_LEN];
	struct writer content = writer_to(data, sizeof(data));
	bool encoded = true;

	spec.size = OD_LEN;
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
		encoded = encoded && pkcs15_encode_directory(&directories[i], &content);
	build_encoded(build, &spec, encoded, &content);
}

#define RSADSI 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01

/* 7.3; which of the algorithms the card has, see lists(). */
static const struct pkcs15_token_info TOKEN_INFO = {
    .version = 1,
    .manufacturer = "Test Manufacturer",
    .label = "ECC eID",
    .flags = PKCS15_CARD_AUTH_REQUIRED | 1 << 3, /* eidCompliant, CEN/TS 15480-2 */
    .algorithms =
	{
	    {1, 0x220, PKCS15_OPERATION_HASH, {{0x2B, 0x0E, 0x03, 0x02, 0x1A}, 5}, true, 0x10},
	    {2,
	     0x250,
	     PKCS15_OPERATION_HASH,
	     {{0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01}, 9},
	     true,
	     0x40},
	    {3, 0x06, PKCS15_OPERATION_COMPUTE_SIGNATURE, {{RSADSI, 0x05}, 9}, true, 0x12},
	    {4, 0x40, PKCS15_OPERATION_COMPUTE_SIGNATURE, {{RSADSI, 0x0B}, 9}, true, 0x42},
	    {5, CKM_RSA_PKCS, PKCS15_OPERATION_COMPUTE_SIGNATURE, {{RSADSI, 0x01}, 9}, true, 0x02},
	    {6, CKM_RSA_PKCS, PKCS15_OPERATION_DECIPHER, {{RSADSI, 0x01}, 9}, true, 0x1A},
	},
    .algorithms_count = 6,
    .last_update = "20240101000000Z",
    .profile = "IAS ECC Generic A05",
};

/* Every card hashes. Signatures over the card's own hash are those of any key that signs, and the
 * others of keys that name them. */
static bool
lists(const struct build *build, const struct roles *roles, const struct pkcs15_algorithm *info)
{
	const bool is_named = info->mechanism == CKM_RSA_PKCS;

	if (info->operations == PKCS15_OPERATION_HASH)
		return true;
	for (size_t i = 0; i < roles->count; i++) {
		const struct role *role = &roles->role[i];
		const struct image_key *key = image_key(build->image, role->key);

		if (key == NULL)
			continue;
		if (!is_named && build_signs(role, key) && build_has(key, KEY_SIGN_PKCS1))
			return true;
		for (size_t j = 0; is_named && j < role->private_key.algorithms_count; j++) {
			if (role->private_key.algorithms[j] == info->reference)
				return true;
		}
	}
	return false;
}

static void
build_tokeninfo(struct build *build, const struct roles *roles)
{
	struct pkcs15_token_info info = TOKEN_INFO;
	struct file_spec spec = EF(EF_TOKENINFO);
	uint8_t data[TOKENINFO_LEN];
	struct writer content = writer_to(data, sizeof(data));

	spec.size = TOKENINFO_LEN;
	info.algorithms_count = 0;
	for (size_t i = 0; i < TOKEN_INFO.algorithms_count; i++) {
		if (lists(build, roles, &TOKEN_INFO.algorithms[i]))
			info.algorithms[info.algorithms_count++] = TOKEN_INFO.algorithms[i];
	}
	info.serial.len = build->image->serial_len;
	memcpy(info.serial.data, build->image->serial, info.serial.len);
	build_encoded(build, &spec, pkcs15_encode_token_info(&info, false, &content), &content);
}

/* 7.4: an unblocking PIN that OpenSC also takes for its security officer's */
static const struct pkcs15_pin PUK_OBJECT = {
    .common = {.label = "PUK", .flags = PKCS15_OBJECT_PRIVATE | PKCS15_OBJECT_MODIFIABLE},
    .id = {{IASECC_PIN_PUK}, 1},
    .flags =
	PKCS15_PIN_CASE_SENSITIVE | PKCS15_PIN_INITIALIZED | PKCS15_PIN_UNBLOCKING | PKCS15_PIN_SO,
    .type = PKCS15_PIN_ASCII_NUMERIC,
    .min_len = IASECC_PUK_LEN,
    .stored_len = IASECC_PUK_LEN,
    .has_max_len = true,
    .max_len = IASECC_PUK_LEN,
    .has_reference = true,
    .reference = IASECC_PIN_PUK,
    .has_pad = true,
    .pad = 0xFF,
};

/* Each PIN, and the PUK after the first that it unblocks. */
static void
build_aodf(struct build *build, const struct roles *roles)
{
	uint8_t data[BUILD_DIRECTORY_MAX];
	struct writer content = writer_to(data, sizeof(data));
	bool encoded = true, puk = false;

	for (size_t i = 0; i < roles->count; i++) {
		const struct image_key *key = image_key(build->image, roles->role[i].key);

		if (key == NULL)
			continue;
		encoded = encoded && pkcs15_encode_pin(&roles->role[i].pin_object, &content);
		if (!build_is_remote(key) && !puk) {
			encoded = encoded && pkcs15_encode_pin(&PUK_OBJECT, &content);
			puk = true;
		}
	}
	build_directory(build, EF_AODF, encoded, &content);
}

/* 7.6: the key as PKCS #1 has it, for those who read the file and not the security data object. */
static void
build_public_key_file(struct build *build, const struct image_key *key, uint16_t fid)
{
	struct file_spec spec = EF(fid);
	struct iasecc_public public;
	uint8_t data[sizeof(public.modulus) + 64];
	struct writer content = writer_to(data, sizeof(data));
	bool ok = iasecc_public_of(key, &public);
	size_t sequence, modulus;

	spec.size = 0;
	if (ok) {
		sequence = tlv_begin(&content, 0x30);
		modulus = tlv_begin(&content, 0x02);
		writer_u8(&content, 0x00); /* the modulus' first bit is set */
		writer_put(&content, (struct bytes){public.modulus, public.modulus_len});
		tlv_end(&content, modulus);
		tlv_put(&content, 0x02, (struct bytes){public.exponent, public.exponent_len});
		tlv_end(&content, sequence);
	}
	build_encoded(build, &spec, ok, &content);
}

static void
build_public_key_files(struct build *build)
{
	const struct image_key *auth = image_key(build->image, "auth");
	const struct image_key *sign = image_key(build->image, "sign");

	if (auth != NULL)
		build_public_key_file(build, auth, IASECC_AUTH_PUBLIC_KEY);
	if (sign != NULL)
		build_public_key_file(build, sign, IASECC_SIGN_PUBLIC_KEY);
}

static bool
is_self_signed(const struct image_authority *authority)
{
	return build_issued(authority->certificate, authority->certificate_len,
			    authority->certificate, authority->certificate_len);
}

static bool
put_authority(struct build *build, size_t index, bool root, struct writer *content)
{
	const struct image_authority *authority = &build->image->authorities[index];
	const uint16_t fid = (uint16_t)(EF_CA_CERTIFICATE + index);
	struct file_spec spec = EF(fid);
	struct pkcs15_certificate object = {
	    .id = {{root ? ID_ROOT_CA : (uint8_t)(ID_SUB_CA + index)}, 1},
	    .authority = true,
	    .path = IASECC_PATH(fid)};

	spec.size = 0;
	snprintf(object.common.label, sizeof(object.common.label), "%s",
		 root ? "Root CA" : "Sub CA");
	build_file(build, &spec,
		   (struct bytes){authority->certificate, authority->certificate_len});
	return pkcs15_encode_certificate(&object, content);
}

/* 7.7: roots are what the card's issuer trusts, other authorities stand beside the keys'
 * certificates. */
static void
build_cdfs(struct build *build, const struct roles *roles)
{
	uint8_t data[BUILD_DIRECTORY_MAX], trusted_data[BUILD_DIRECTORY_MAX];
	struct writer content = writer_to(data, sizeof(data));
	struct writer trusted = writer_to(trusted_data, sizeof(trusted_data));
	bool encoded = build_certificates(build, roles, &content);

	for (size_t i = 0; i < build->image->authorities_count; i++) {
		const bool root = is_self_signed(&build->image->authorities[i]);

		encoded = put_authority(build, i, root, root ? &trusted : &content) && encoded;
	}
	build_directory(build, EF_CDF, encoded, &content);
	build_directory(build, EF_TRUSTED_CDF, encoded, &trusted);
}

void
iasecc_build_files(struct build *build, const struct roles *roles,
		   const struct iasecc_variant *variant)
{
	const struct file_spec mf = {.kind = FILE_DF, .name = variant->root};
	static const struct file_spec adf = {.path = {IASECC_ADF},
					     .kind = FILE_DF,
					     .name = {APPLICATION_ID, sizeof(APPLICATION_ID)}};
	static const struct file_spec prkdf = EF(EF_PRKDF), pukdf = EF(EF_PUKDF);
	static const struct file_spec dodf = EF(EF_DODF);

	build_file(build, &mf, BYTES_NONE);
	build_dir(build);
	build_atr(build, variant);
	build_serial(build);
	build_gdo(build);
	build_file(build, &adf, BYTES_NONE);
	build_od(build);
	build_tokeninfo(build, roles);
	build_aodf(build, roles);
	build_private_keys(build, roles, &prkdf, false);
	build_public_keys(build, roles, &pukdf);
	build_cdfs(build, roles);
	build_data_objects(build, &dodf);
	build_public_key_files(build);
}
