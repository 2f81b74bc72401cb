/*
 * Making a card out of an image: what the personalities share.
 *
 * Each step does nothing once one has failed, so it is enough to look at `ok` at the end; the
 * first failure's text is in `error`.
 */
#ifndef VICAR_APPLETS_BUILD_H
#define VICAR_APPLETS_BUILD_H

#include "emulator/personality.h"
#include "iso7816/key_kind.h"
#include "iso7816/pkcs15.h"

enum { BUILD_DIRECTORY_MAX = 4096 }; /* room for one directory file */

struct build {
	struct card *card;
	const struct image *image;
	struct image_error *error;
	bool ok;
};

enum { ROLE_KINDS_MAX = 8 };

/*
 * What a key of the image becomes on the card. One table of these is most of a personality.
 *
 * Filled in from the image: kind, bits and user_consent of the objects, pin.key. Of `usage`
 * only what the certificate's kind of key can do goes into the objects, so that one role may say
 * what an RSA key does and what an EC key does; the engine takes of the algorithms those of the
 * key's kind. card.conf may name other labels, and allow less than `usage`. Of a service's key there is
 * only what the role has an algorithm for that the service has.
 *
 * Roles may have one PUK, and one PIN: those with the same counter. The PIN's own key, the one that
 * leads (emulator/image.h), is the first of them in card.conf.
 */
struct role {
	const char *key;                   /* name in the image */
	const char *purpose;               /* "authentication and decipherment" */
	const char *kinds[ROLE_KINDS_MAX]; /* of iso7816/key_kind.h that it takes, the usual
						    one first; ended by NULL */
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
	const size_t *serial_lens;    /* that the card's serial number can have, ended by 0 */
	struct bytes certificate_fci; /* file_spec.fci of the certificates' files */
	/*
	 * The image's further certificates: the file of the first, its path in objects, of which the
	 * last two bytes are the FID, and its id in objects when it is for no key. The next ones
	 * have the numbers after these. Path 0: the card has no room for any.
	 */
	uint16_t further_path[FILE_DEPTH_MAX];
	struct pkcs15_path further_object;
	uint8_t further_id;
};

/* Nothing after it is done; the first text is kept. It names card, reason and next step. */
__attribute__((format(printf, 2, 3))) void build_fail(struct build *build, const char *format, ...);

/* The image's serial number has a length of the roles' list; each of its keys is a role, of a kind
 * that the role takes, and has a usage that the role has too, and that its service has, if it is at
 * one; each further certificate has room, and is for the key that it names. */
void build_check(struct build *build, const struct roles *roles);
/* "word", "word=yes" or "word=no"; `otherwise` when it is absent. */
bool build_option(struct build *build, const char *word, bool otherwise);
/* A word for the options of personalities with PKCS #15 files. */
#define BUILD_PROGRAM_NAME "program-name"

void build_file(struct build *build, const struct file_spec *spec, struct bytes content);
/* A file with what a writer holds; `encoded`: the encoder's result. */
void build_encoded(struct build *build, const struct file_spec *spec, bool encoded,
		   const struct writer *content);
/* EF.OD. A directory of data objects is named only when there is one: build_takes_program(). */
void build_directories(struct build *build, const struct file_spec *spec,
		       const struct pkcs15_directory *directories, size_t count);
/* The option program-name: EF.DOD lists what iso7816/program_text.h says, and the card takes it. */
bool build_takes_program(struct build *build);
/* EF.DOD: that object, or none. */
void build_data_objects(struct build *build, const struct file_spec *spec);
/* EF.CIAInfo (EF.TokenInfo): `info` with the image's serial number. */
void build_token_info(struct build *build, const struct file_spec *spec,
		      const struct pkcs15_token_info *info);
/* The roles that the image has, in the table's order: PINs and keys of the engine, and the
 * certificates' files, also those of the further ones. */
void build_roles(struct build *build, const struct roles *roles);

/* Of the key in its certificate; NULL when it is of no kind that cards have. */
const struct key_kind *build_kind(const struct image_key *key);
/* A service has it. */
bool build_is_remote(const struct image_key *key);
/* This can be done with it where it is. */
bool build_has(const struct image_key *key, enum key_operation operation);
/* The role's keys sign, or decipher, card.conf allows it, and so does where the key is. */
bool build_signs(const struct role *role, const struct image_key *key);
bool build_deciphers(const struct role *role, const struct image_key *key);
/* Name of the key in the image on which the PUK of all roles is tried: the leading one of the first
 * that is local; NULL: no PUK has anything to unblock. */
const char *build_key_of_puk(const struct image *image, const struct roles *roles);

/* Name of the key in the image that leads the PIN of `role`; NULL when none is under it. */
const char *build_leading_key(const struct image *image, const struct roles *roles,
			      const struct role *role);

/* Objects of the roles' PINs are appended to `content`, one for each PIN. */
bool build_pin_objects(struct build *build, const struct roles *roles, struct writer *content);
/* The PKCS #15 objects, one directory file each. */
void build_pins(struct build *build, const struct roles *roles, const struct file_spec *spec);
void build_private_keys(struct build *build, const struct roles *roles,
			const struct file_spec *spec, bool user_consent);
void build_public_keys(struct build *build, const struct roles *roles,
		       const struct file_spec *spec);
/* Objects of the roles' certificates, then of the further ones, are appended to `content`. */
bool build_certificates(struct build *build, const struct roles *roles, struct writer *content);

/* Subject and issuer of certificates of the image, by name and key identifier. */
bool build_issued(const uint8_t *issuer, size_t issuer_len, const uint8_t *subject,
		  size_t subject_len);
/* An attribute (NID_...) of the certificate's subject as UTF-8, at most `room` - 1 bytes of whole
 * characters; "" when there is none. */
void build_subject(struct bytes certificate, int nid, char *text, size_t room);

#endif
