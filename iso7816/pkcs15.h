/*
 * Cryptographic information applications: ISO/IEC 7816-15:2004, the successor of PKCS #15 v1.1.
 *
 * Plain structs for the objects of EF.DIR, EF.OD, EF.CIAInfo and the object directory files, and
 * their DER form both ways. Values only: nothing here points to memory, so a struct may be copied
 * and compared by its fields, and nothing is to be freed.
 *
 * Bit strings are numbers in which bit n of the standard is 1 << n (the way OpenSC prints them).
 * An optional element that is empty, or zero where no has_... stands beside it, is absent.
 *
 * Decoding is for bytes of foreign cards. Zeros and FF between and after the objects of a file are
 * skipped; an object that is well-formed but not of a form known here (a direct value, a biometric
 * authentication object, a DSA key) is left out. What is left out on decode is not encoded again.
 */
#ifndef VICAR_ISO7816_PKCS15_H
#define VICAR_ISO7816_PKCS15_H

#include "bytes.h"

enum {
	PKCS15_LABEL_MAX = 255, /* annex A: cia-ub-label; bytes of UTF-8, without the NUL */
	PKCS15_ID_MAX = 255,    /* cia-ub-identifier */
	PKCS15_PATH_MAX = 32,   /* more than any path of file identifiers, or an AID */
	PKCS15_AID_MAX = 16,
	PKCS15_OID_MAX = 32,
	PKCS15_ALGORITHMS_MAX = 32,
	PKCS15_LANGUAGE_MAX = 15,
	PKCS15_TIME_MAX = 31,
	PKCS15_RULES_MAX = 4,
};

/* Every encoder appends to `writer`. False: a value that has no encoding, no memory, or no room;
 * what the writer then holds is not to be used. */

struct pkcs15_id {
	uint8_t data[PKCS15_ID_MAX];
	size_t len;
};

struct pkcs15_oid {
	uint8_t data[PKCS15_OID_MAX]; /* content octets of the OBJECT IDENTIFIER */
	size_t len;
};

/* Clause 8.2.5, Path. */
enum pkcs15_path_kind {
	PKCS15_PATH_NONE, /* there is no Path */
	PKCS15_PATH_NULL, /* a Path without efidOrPath, 30 00: the object is not in a file */
	PKCS15_PATH_FILE, /* `file`, absolute or relative, or empty */
};

struct pkcs15_path {
	enum pkcs15_path_kind kind;
	uint8_t file[PKCS15_PATH_MAX];
	size_t file_len;
	bool has_range; /* only `length` bytes from offset `index` of the file */
	uint32_t index, length;
};

/* EF.DIR, clause 7.2 and ISO/IEC 7816-4 clause 8.2.1.1: one application template, BER-TLV 61. */
struct pkcs15_application {
	uint8_t aid[PKCS15_AID_MAX];
	size_t aid_len;
	char label[PKCS15_LABEL_MAX + 1];
	uint8_t path[PKCS15_PATH_MAX]; /* tag 51 */
	size_t path_len;
	struct pkcs15_oid provider;      /* in the discretionary data 73: tag 06 */
	uint8_t ddo_aid[PKCS15_AID_MAX]; /* in the discretionary data 73: tag 4F */
	size_t ddo_aid_len;
	struct pkcs15_path od; /* in the discretionary data 73: tag 30, where EF.OD is */
};

bool pkcs15_encode_application(const struct pkcs15_application *application,
			       struct writer *writer) MUST_USE;
/* Takes the next application from a transparent EF.DIR, or from a record of one. False: no more. */
bool pkcs15_decode_application(struct reader *reader,
			       struct pkcs15_application *application) MUST_USE;

/* EF.OD, clause 8.3: which kind of object the file at `path` holds. The numbers are the tags. */
enum pkcs15_class {
	PKCS15_PRIVATE_KEYS = 0,
	PKCS15_PUBLIC_KEYS = 1,
	PKCS15_TRUSTED_PUBLIC_KEYS = 2,
	PKCS15_SECRET_KEYS = 3,
	PKCS15_CERTIFICATES = 4,
	PKCS15_TRUSTED_CERTIFICATES = 5,
	PKCS15_USEFUL_CERTIFICATES = 6,
	PKCS15_DATA_OBJECTS = 7,
	PKCS15_AUTHENTICATION_OBJECTS = 8,
	PKCS15_CLASS_COUNT,
};

struct pkcs15_directory {
	enum pkcs15_class class;
	struct pkcs15_path path;
};

bool pkcs15_encode_directory(const struct pkcs15_directory *directory,
			     struct writer *writer) MUST_USE;
/* This and the decoders of objects below take the next object that they understand from a file's
 * content. False: there is no more. Call them until then. */
bool pkcs15_decode_directory(struct reader *reader, struct pkcs15_directory *directory) MUST_USE;

/* EF.CIAInfo (EF.TokenInfo), clause 8.10. */
enum {
	PKCS15_CARD_READ_ONLY = 1 << 0,
	PKCS15_CARD_AUTH_REQUIRED = 1 << 1, /* loginRequired */
	PKCS15_CARD_PRN_GENERATION = 1 << 2,
};

enum {
	PKCS15_OPERATION_COMPUTE_SIGNATURE = 1 << 1,
	PKCS15_OPERATION_ENCIPHER = 1 << 4,
	PKCS15_OPERATION_DECIPHER = 1 << 5,
	PKCS15_OPERATION_HASH = 1 << 6,
};

/* AlgorithmInfo. Its parameters are written as NULL; on decode they may be anything (cards of 2017
 * and later carry a SEQUENCE, at which OpenSC stops). */
struct pkcs15_algorithm {
	uint32_t reference; /* what the algReference of a key points to */
	uint32_t mechanism; /* CKM_... of PKCS #11 */
	uint32_t operations;
	struct pkcs15_oid oid;
	bool has_card_reference;
	uint32_t card_reference; /* algRef: the value for MSE SET */
};

struct pkcs15_token_info {
	uint32_t version;
	struct pkcs15_id serial;
	char manufacturer[PKCS15_LABEL_MAX + 1];
	char label[PKCS15_LABEL_MAX + 1];
	uint32_t flags;
	struct pkcs15_algorithm algorithms[PKCS15_ALGORITHMS_MAX];
	size_t algorithms_count;
	char last_update[PKCS15_TIME_MAX + 1]; /* GeneralizedTime, "20240101000000Z" */
	char language[PKCS15_LANGUAGE_MAX + 1];
	char profile[PKCS15_LABEL_MAX + 1]; /* the first profileName */
};

/* `four_byte_header`: begin 30 82 hh ll however short the content is. OpenSC's esteid2025 driver
 * skips exactly four bytes. */
bool pkcs15_encode_token_info(const struct pkcs15_token_info *info, bool four_byte_header,
			      struct writer *writer) MUST_USE;
bool pkcs15_decode_token_info(struct bytes file, struct pkcs15_token_info *info) MUST_USE;

/* CommonObjectAttributes, clause 8.2.8. */
enum {
	PKCS15_OBJECT_PRIVATE = 1 << 0,
	PKCS15_OBJECT_MODIFIABLE = 1 << 1,
	PKCS15_OBJECT_INTERNAL = 1 << 2,
};

enum {
	PKCS15_ACCESS_READ = 1 << 0,
	PKCS15_ACCESS_UPDATE = 1 << 1,
	PKCS15_ACCESS_EXECUTE = 1 << 2,
};

/* AccessControlRule with the condition "always" (empty `auth_id`) or one authentication object;
 * rules with other conditions are left out on decode. */
struct pkcs15_rule {
	uint32_t access;
	struct pkcs15_id auth_id;
};

struct pkcs15_common {
	char label[PKCS15_LABEL_MAX + 1];
	uint32_t flags;
	struct pkcs15_id auth_id; /* of the PIN that opens the object; of a PIN: its PUK */
	uint32_t user_consent;
	struct pkcs15_rule rules[PKCS15_RULES_MAX];
	size_t rules_count;
};

/* A password object of EF.AOD, clause 8.9.2. */
enum {
	PKCS15_PIN_CASE_SENSITIVE = 1 << 0,
	PKCS15_PIN_LOCAL = 1 << 1,
	PKCS15_PIN_CHANGE_DISABLED = 1 << 2,
	PKCS15_PIN_UNBLOCK_DISABLED = 1 << 3,
	PKCS15_PIN_INITIALIZED = 1 << 4,
	PKCS15_PIN_NEEDS_PADDING = 1 << 5,
	PKCS15_PIN_UNBLOCKING = 1 << 6,
	PKCS15_PIN_SO = 1 << 7,
};

enum pkcs15_pin_type {
	PKCS15_PIN_BCD = 0,
	PKCS15_PIN_ASCII_NUMERIC = 1,
	PKCS15_PIN_UTF8 = 2,
	PKCS15_PIN_HALF_NIBBLE_BCD = 3,
	PKCS15_PIN_ISO_9564_1 = 4,
};

struct pkcs15_pin {
	struct pkcs15_common common;
	struct pkcs15_id id; /* what others name as their auth_id */
	bool has_auth_reference;
	uint8_t auth_reference; /* authReference: a second place for the reference */
	uint32_t flags;
	enum pkcs15_pin_type type;
	uint32_t min_len, stored_len;
	bool has_max_len;
	uint32_t max_len;
	bool has_reference;
	uint8_t reference; /* a negative one-byte reference, 80 01 85, reads as 85 */
	bool has_pad;
	uint8_t pad;
	struct pkcs15_path path;
};

bool pkcs15_encode_pin(const struct pkcs15_pin *pin, struct writer *writer) MUST_USE;
bool pkcs15_decode_pin(struct reader *reader, struct pkcs15_pin *pin) MUST_USE;

/* A key of EF.PrKD or EF.PuKD, clauses 8.4 and 8.5. */
enum {
	PKCS15_USAGE_ENCRYPT = 1 << 0,
	PKCS15_USAGE_DECRYPT = 1 << 1,
	PKCS15_USAGE_SIGN = 1 << 2,
	PKCS15_USAGE_SIGN_RECOVER = 1 << 3,
	PKCS15_USAGE_WRAP = 1 << 4,
	PKCS15_USAGE_UNWRAP = 1 << 5,
	PKCS15_USAGE_VERIFY = 1 << 6,
	PKCS15_USAGE_VERIFY_RECOVER = 1 << 7,
	PKCS15_USAGE_DERIVE = 1 << 8,
	PKCS15_USAGE_NON_REPUDIATION = 1 << 9,
};

enum {
	PKCS15_KEY_SENSITIVE = 1 << 0,
	PKCS15_KEY_EXTRACTABLE = 1 << 1,
	PKCS15_KEY_ALWAYS_SENSITIVE = 1 << 2,
	PKCS15_KEY_NEVER_EXTRACTABLE = 1 << 3,
	PKCS15_KEY_LOCAL = 1 << 4,
};

enum pkcs15_key_kind {
	PKCS15_KEY_RSA, /* SEQUENCE */
	PKCS15_KEY_EC,  /* A0 */
};

struct pkcs15_key {
	enum pkcs15_key_kind kind;
	struct pkcs15_common common;
	struct pkcs15_id id;
	uint32_t usage;
	bool not_native; /* native is TRUE by default */
	uint32_t access;
	bool has_reference;
	uint8_t reference;                          /* of the key in MSE SET */
	uint32_t algorithms[PKCS15_ALGORITHMS_MAX]; /* algReference */
	size_t algorithms_count;
	struct pkcs15_path path;
	uint32_t bits; /* modulusLength; of an EC key the size of the field, 0 = absent */
};

bool pkcs15_encode_key(const struct pkcs15_key *key, struct writer *writer) MUST_USE;
bool pkcs15_decode_key(struct reader *reader, struct pkcs15_key *key) MUST_USE;

/* An X.509 certificate of EF.CD, clause 8.7. */
struct pkcs15_certificate {
	struct pkcs15_common common;
	struct pkcs15_id id; /* of the key, if there is one */
	bool authority;
	struct pkcs15_path path;
};

bool pkcs15_encode_certificate(const struct pkcs15_certificate *certificate,
			       struct writer *writer) MUST_USE;
bool pkcs15_decode_certificate(struct reader *reader,
			       struct pkcs15_certificate *certificate) MUST_USE;

/* An opaque data container of EF.DCOD (EF.DOD), clause 8.8. */
struct pkcs15_data {
	struct pkcs15_common common;
	char application[PKCS15_LABEL_MAX + 1];
	struct pkcs15_oid application_oid;
	struct pkcs15_path path;
};

bool pkcs15_encode_data(const struct pkcs15_data *data, struct writer *writer) MUST_USE;
bool pkcs15_decode_data(struct reader *reader, struct pkcs15_data *data) MUST_USE;

#endif
