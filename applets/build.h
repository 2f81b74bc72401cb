/*
 * Making a card out of an image: what the personalities share.
 *
 * Each step does nothing once one has failed, so it is enough to look at `ok` at the end; the
 * first failure's text is in `error`.
 */
#ifndef VICAR_APPLETS_BUILD_H
#define VICAR_APPLETS_BUILD_H

#include "emulator/personality.h"
#include "iso7816/pkcs15.h"

enum { BUILD_DIRECTORY_MAX = 4096 }; /* room for one directory file */

struct build {
	struct card *card;
	const struct image *image;
	struct image_error *error;
	bool ok;
};

/*
 * What a key of the image becomes on the card. One table of these is most of a personality.
 * Filled in from the image: private_key.bits, public_key.bits, common.user_consent.
 */
struct role {
	const char *key; /* name in the image */
	struct pin_spec puk;
	struct pin_spec pin;
	struct key_spec private_key_spec;
	struct pkcs15_pin pin_object;
	struct pkcs15_key private_key;
	struct pkcs15_key public_key; /* id.len 0: the card has no such object */
	struct pkcs15_certificate certificate;
	uint16_t certificate_path[FILE_DEPTH_MAX]; /* where its file is */
};

struct roles {
	const struct role *role;
	size_t count;
	const unsigned *bits; /* of moduli or fields that the card can have, ended by 0 */
};

/* The image's serial number has `len` bytes, and each of its keys is a role with a modulus that
 * the card can have. */
void build_check(struct build *build, const struct roles *roles, size_t serial_len);
/* "word", "word=yes" or "word=no"; `otherwise` when it is absent. */
bool build_option(struct build *build, const char *word, bool otherwise);

void build_file(struct build *build, const struct file_spec *spec, struct bytes content);
/* A file with what a writer holds; `encoded`: the encoder's result. */
void build_encoded(struct build *build, const struct file_spec *spec, bool encoded,
		   const struct writer *content);
/* EF.OD. */
void build_directories(struct build *build, const struct file_spec *spec,
		       const struct pkcs15_directory *directories, size_t count);
/* EF.CIAInfo (EF.TokenInfo): `info` with the image's serial number. */
void build_token_info(struct build *build, const struct file_spec *spec,
		      const struct pkcs15_token_info *info);
/* The roles that the image has, in the table's order: PINs and keys of the engine, and the
 * certificates' files. */
void build_roles(struct build *build, const struct roles *roles);

/* Their PKCS #15 objects, one directory file each. */
void build_pins(struct build *build, const struct roles *roles, const struct file_spec *spec);
void build_private_keys(struct build *build, const struct roles *roles,
			const struct file_spec *spec, bool user_consent);
void build_public_keys(struct build *build, const struct roles *roles,
		       const struct file_spec *spec);
/* Objects of the roles' certificates are appended to `content`. */
bool build_certificates(struct build *build, const struct roles *roles, struct writer *content);

/* Subject and issuer of certificates of the image, by name and key identifier. */
bool build_issued(const uint8_t *issuer, size_t issuer_len, const uint8_t *subject,
		  size_t subject_len);
/* An attribute (NID_...) of the certificate's subject as UTF-8, at most `room` - 1 bytes of whole
 * characters; "" when there is none. */
void build_subject(struct bytes certificate, int nid, char *text, size_t room);

#endif
