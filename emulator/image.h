/*
 * The card image on disk: $XDG_DATA_HOME/vicar/cards/NAME/ (0700).
 *
 *   card.conf      INI, format = 1; written at enrolment, hardly ever after
 *   certificates/  DER, one file for each certificate that card.conf names
 *   keys/          local keys (see cmdbridge/keyfile.h); empty for remote keys. Of the keys that one
 *                  PIN opens the first in card.conf leads: it is in NAME.pin and NAME.puk, and opens
 *                  the others, which are in NAME.key
 *   files/         files of the card that clients have changed, each under its path from the MF in
 *                  hexadecimal: 5F00EF07; absent while there is none
 *   account        0600, the remote account (phone number); not read here
 *   state          counters; replaced whenever one changes
 *   lock           flock'ed and holding the pid of the one vicard that serves the card
 *   journal        one line for each use of a key (tools/)
 *
 * card.conf:
 *   [card]
 *   format = 1
 *   personality = cc-v1
 *   serial = 0123456789ABCDEF        ; hex
 *   options = user-consent pin-tries=2    ; words of the personality, may be absent
 *   [key sign]                       ; one section for each key; the name is the key's role
 *   service = cmd                    ; a [service NAME] of vicar.conf, or `file` for a local key
 *   credential = cred-01             ; what the service calls the key; absent: it has one only
 *   uses = pkcs1 pss                 ; what the service does with the key: pkcs1, pss, ecdsa,
 *                                    ; decipher-pkcs1, decipher-raw, decipher-oaep, derive;
 *                                    ; absent: pkcs1
 *   certificate = sign.der
 *   label = Work                     ; of the key's objects, instead of the personality's
 *   certificate-label = Work 2026    ; of the certificate's object
 *   usage = sign decrypt             ; what it may be used for: sign, decrypt, derive,
 *                                    ; non-repudiation; absent: all that the role allows
 *   [authority 1]                    ; certificates of the chain, issuer of the leaf first
 *   certificate = ca1.der
 *   [certificate old]                ; further certificates, with any name
 *   certificate = certificate-old.der
 *   key = sign                       ; the key that it is for too; absent: for none of the card's
 *   label = Work 2021                ; absent: the subject's common name
 *
 * Every file is replaced atomically: written beside, fsync'ed, renamed, directory fsync'ed.
 * Unknown keys and a newer format are errors that name file, line, key and what is allowed.
 */
#ifndef VICAR_EMULATOR_IMAGE_H
#define VICAR_EMULATOR_IMAGE_H

#include "key.h"

#include <limits.h>

enum {
	IMAGE_FORMAT = 1,
	IMAGE_NAME_MAX = 64, /* letters, digits, - and _; first a letter or digit */
	IMAGE_KEYS_MAX = 4,
	IMAGE_AUTHORITIES_MAX = 6,
	IMAGE_CERTIFICATES_MAX = 8,
	IMAGE_LABEL_MAX = 64,       /* bytes of UTF-8, no control characters, no ; */
	IMAGE_CREDENTIAL_MAX = 184, /* printable characters of ASCII; what a line holds */
	IMAGE_COUNTERS_MAX = 8,
	IMAGE_FILES_MAX = 8,
	IMAGE_FILE_PATH_MAX = 16, /* hexadecimal digits: four file identifiers */
	IMAGE_OPTIONS_MAX = 256,
	IMAGE_SERIAL_MAX = 17, /* of a Finnish identity card: fineid.md 7.1 */
	IMAGE_ERROR_MAX = 512,
};

#define IMAGE_SERVICE_FILE "file"

/* What a key may be used for. */
enum image_usage {
	IMAGE_USAGE_SIGN = 1 << 0,
	IMAGE_USAGE_DECRYPT = 1 << 1,
	IMAGE_USAGE_DERIVE = 1 << 2,
	IMAGE_USAGE_NON_REPUDIATION = 1 << 3,
};

struct image_key {
	char name[KEY_NAME_MAX];
	char service[IMAGE_NAME_MAX];
	char credential[IMAGE_CREDENTIAL_MAX + 1]; /* "": the service has one key only */
	unsigned uses; /* 1 << enum key_operation; 0: not said, see image_operations() */
	char label[IMAGE_LABEL_MAX + 1]; /* "": the personality's */
	char certificate_label[IMAGE_LABEL_MAX + 1];
	unsigned usage;       /* enum image_usage; 0: all that the role allows */
	uint8_t *certificate; /* DER, owned by the image */
	size_t certificate_len;
};

struct image_authority {
	uint8_t *certificate; /* DER, owned by the image */
	size_t certificate_len;
};

/* A certificate beside those of keys and chain. */
struct image_certificate {
	char name[KEY_NAME_MAX];
	char key[KEY_NAME_MAX];          /* the key that it is for too; "": none of the card's */
	char label[IMAGE_LABEL_MAX + 1]; /* "": the subject's common name */
	uint8_t *certificate;            /* DER, owned by the image */
	size_t certificate_len;
};

/* A file of the card that a client has changed. */
struct image_file {
	char path[IMAGE_FILE_PATH_MAX + 1]; /* "5F00EF07" */
	uint8_t *content;                   /* owned by the image */
	size_t len;
};

/* One retry counter, named by the personality: "pin1", "puk". A counter that the state file does
 * not have yet stands at the personality's maximum. */
struct image_counter {
	char name[KEY_NAME_MAX];
	unsigned tries_left;
};

struct image {
	char name[IMAGE_NAME_MAX];
	char directory[PATH_MAX];
	char personality[KEY_NAME_MAX];
	char options[IMAGE_OPTIONS_MAX];
	uint8_t serial[IMAGE_SERIAL_MAX];
	size_t serial_len;
	struct image_key keys[IMAGE_KEYS_MAX];
	size_t keys_count;
	struct image_authority authorities[IMAGE_AUTHORITIES_MAX];
	size_t authorities_count;
	struct image_certificate certificates[IMAGE_CERTIFICATES_MAX];
	size_t certificates_count;
	struct image_counter counters[IMAGE_COUNTERS_MAX];
	size_t counters_count;
	struct image_file files[IMAGE_FILES_MAX];
	size_t files_count;
	int lock; /* file descriptor, -1 when not locked */
};

struct image_error {
	char text[IMAGE_ERROR_MAX]; /* names the thing, the reason and the next step */
};

bool image_name_valid(const char *name);
/* 1 to IMAGE_LABEL_MAX bytes of UTF-8 without control characters, ; and blanks at the ends. */
bool image_label_valid(const char *label);
/* 1 to IMAGE_CREDENTIAL_MAX printable characters of ASCII without blanks at the ends, and without a ;
 * at the beginning or after a blank. */
bool image_credential_valid(const char *credential);

/* Reads everything. On failure `image` needs no image_free(). */
bool image_load(struct image *image, const char *directory, struct image_error *error) MUST_USE;
/* Creates the directory, and those above it, with all its files; fails, leaving nothing behind, if
 * it exists. `name`, `directory` (absolute, ending with the name), `personality`, `serial`, options,
 * keys, authorities and certificates are written, each certificate into a file of its own. What a
 * creation of this name left that was killed is removed. */
bool image_create(const struct image *image, struct image_error *error) MUST_USE;
/* Puts the files of local keys (cmdbridge/keyfile.h) and others that are not the engine's into the image
 * `there`, a copy whose `directory` is where it is while it is made. */
typedef bool image_fill(void *context, const struct image *there, struct image_error *error);
/* image_create(), with files that are in the image before it is in its place: a card that is there has
 * its keys, whatever ends this. */
bool image_create_with(const struct image *image, image_fill *fill, void *context,
		       struct image_error *error) MUST_USE;

/* Add to an image that was loaded, in memory, a copy of what is given; the certificates are DER.
 * Fail when there is one of that name, or no room for more; what is not certificate or not allowed
 * is refused by image_update(). An authority that is there is not added again. */
bool image_add_key(struct image *image, const struct image_key *key,
		   struct image_error *error) MUST_USE;
bool image_add_authority(struct image *image, struct bytes certificate,
			 struct image_error *error) MUST_USE;
bool image_add_certificate(struct image *image, const struct image_certificate *certificate,
			   struct image_error *error) MUST_USE;
/* Puts the image in the place of what is on disk: certificates that are new first, then card.conf,
 * so that whatever ends it in between leaves the old card. The caller holds image_lock() and has
 * written the files of new local keys (cmdbridge/keyfile.h) before; a key file that no [key] names is
 * what an interrupted one has left, and may be removed. */
bool image_update(const struct image *image, struct image_error *error) MUST_USE;
/* Takes the lock until image_free() or the end of the process; on failure `holder` gets the pid of
 * the one that has it, 0 when that is not the reason. */
bool image_lock(struct image *image, int *holder, struct image_error *error) MUST_USE;
/* Replaces `state`; true when the counters are on disk. */
bool image_save_counters(struct image *image, const struct image_counter *counters, size_t count,
			 struct image_error *error) MUST_USE;
/* Replaces one of files/; true when the content is on disk. The image in memory stays as it was. */
bool image_save_file(const struct image *image, const char *path, struct bytes content,
		     struct image_error *error) MUST_USE;
const struct image_file *image_file(const struct image *image, const char *path); /* NULL: none */
const struct image_key *image_key(const struct image *image, const char *name);
/* What can be done with the key where it is, 1 << enum key_operation: with a file everything, at a
 * service what card.conf says. */
unsigned image_operations(const struct image_key *key);
/* "word" or "word=value" among the options; `value` gets the text after = or "", cut to `room`. */
bool image_option(const struct image *image, const char *word, char *value, size_t room);
void image_free(struct image *image);

#endif
