/*
 * What a card personality (applets/) hands to the engine: tables of files, PINs, keys, algorithms
 * and rules, and the few commands that only this card has. The engine's own commands read the
 * tables; a new card is new tables, never a change of the engine.
 *
 * Clauses are those of ISO/IEC 7816-4:2013 unless another part is named.
 */
#ifndef VICAR_EMULATOR_PERSONALITY_H
#define VICAR_EMULATOR_PERSONALITY_H

#include "card.h"
#include "iso7816/digestinfo.h"
#include "iso7816/sw.h"

/*
 * Who may do it. All zero is "never".
 */
enum access_rule {
	ACCESS_NEVER,
	ACCESS_ALWAYS,
	ACCESS_ANY_PIN,  /* one of `pins` is verified */
	ACCESS_ALL_PINS, /* each of `pins` is verified */
};

enum { ACCESS_PINS_MAX = 4 };

struct access {
	enum access_rule rule;
	uint8_t pins[ACCESS_PINS_MAX]; /* PIN references */
	uint8_t pins_count;
};

#define ACCESS_IS_NEVER              \
	{                            \
		.rule = ACCESS_NEVER \
	}
#define ACCESS_IS_ALWAYS              \
	{                             \
		.rule = ACCESS_ALWAYS \
	}
#define ACCESS_IS_PIN(reference)                                               \
	{                                                                      \
		.rule = ACCESS_ANY_PIN, .pins = {(reference)}, .pins_count = 1 \
	}

/*
 * Files, clause 5.3 (2005; 7.3 in 2013).
 */
enum file_kind {
	FILE_DF,
	FILE_EF,  /* transparent working EF */
	FILE_KEY, /* internal EF: may be selected, never read; answers 6986 */
};

enum {
	FILE_MF = 0x3F00,
	FILE_DEPTH_MAX = 4, /* DFs and the EF below the MF */
	FILE_NAME_MAX = 16, /* DF name, clause 5.3.1.1 */
	FILE_SFI_MAX = 30,
	FILE_SIZE_MAX = 0x8000, /* what a 15-bit offset of READ BINARY reaches */
};

struct file_spec {
	/* From the MF without 3F00, ended by 0 when shorter; {0} is the MF. A parent is added
	 * before its children; the MF is there from the start and may be added once, first, to
	 * give it a name. */
	uint16_t path[FILE_DEPTH_MAX];
	enum file_kind kind;
	uint8_t sfi;       /* short EF identifier 1..30, 0: none */
	struct bytes name; /* DF name (AID) by which SELECT P1=04 finds it, exact match only;
			      borrowed for the card's life */
	size_t size;       /* EF: the content is filled with 00 up to this; 0: as long as it is */
	struct access read;
	struct access update; /* EF: UPDATE BINARY. What it wrote is in the image (image.h) and
				 takes the content's place while it has the file's size */
	struct bytes fci; /* for the personality's fci(): bytes that differ from file to file, as
			     access rules; the engine does not look; borrowed for the card's life */
};

/* A file as the fci() hook and command handlers see it. */
struct file {
	struct file_spec spec;
	uint16_t fid;
	const struct file *parent; /* NULL for the MF */
	struct bytes content;      /* EF only */
};

/*
 * PINs. A PIN belongs to one key of the image, whose service says what kind of PIN it is. More keys
 * of the same service may be under it; then this one leads: its file is what the PIN opens (image.h).
 *   service "file": local. The counter is on disk before the value is tried by opening the key.
 *   any other:      remote. VERIFY checks the form only; the service judges at the signature;
 *                   CHANGE and RESET answer 6985; `tries` is replaced by the image option
 *                   pin-tries=N, default PIN_REMOTE_TRIES.
 * A PUK is a PIN too, with its own counter, tried by KEY_PIN_UNBLOCK on the key of the PIN that is
 * unblocked.
 */
enum {
	PIN_NO_REFERENCE = 0x100, /* used inside RESET RETRY COUNTER only: VERIFY and CHANGE do not
				     find it */
	PIN_VALUE_MAX = 64,
	PIN_REMOTE_TRIES = 2,
	PIN_TRIES_MAX = 15, /* 63Cx has one digit */
};

struct pin_spec {
	const char *counter; /* its name in the image's state: "pin1", "puk" */
	uint16_t reference;  /* P2 of VERIFY; or PIN_NO_REFERENCE */
	const char *key;     /* name of the image's key that it opens, the leading one when it has
				several; of a PUK: the key on which a
				VERIFY of the PUK is tried, NULL without a reference */
	const char *puk;     /* counter name of the PUK that unblocks it; NULL: none, RESET RETRY
				COUNTER answers 6985. Added before this PIN. */
	bool is_puk;
	bool local;         /* dropped with its DF, see card_rules */
	bool one_shot;      /* not verified any more after one signature */
	bool digits_only;   /* ASCII 30..39; else rules.sw_pin_format, no try spent */
	uint8_t length_min; /* of the value without padding */
	uint8_t length_max;
	uint8_t length_stored; /* what is sent is padded on the right to this; 0: sent unpadded */
	uint8_t pad;
	unsigned tries; /* 1..15 */
};

/*
 * Algorithms: what MSE SET may ask of a key, ISO/IEC 7816-8 and 7816-4 clause 7.5.11. One list may
 * serve RSA and EC keys: an algorithm of the other kind of key is not there for a key, so that two
 * entries may have one reference. What the service of a remote key does not do (image_operations())
 * is not there either: MSE SET answers rules.sw_scheme.
 */
enum se_template {
	SE_AT = 0xA4,  /* authentication: INTERNAL AUTHENTICATE */
	SE_HT = 0xAA,  /* hash: PSO HASH that the card computes; see card_rules */
	SE_DST = 0xB6, /* digital signature: PSO COMPUTE DIGITAL SIGNATURE */
	SE_CT = 0xB8,  /* confidentiality: PSO DECIPHER */
};

/* How the request's input is made of what the command brought. */
enum algorithm_input {
	INPUT_DIGESTINFO,  /* as it came, 1..modulus - 11 bytes; must be a DigestInfo if remote */
	INPUT_DIGEST,      /* of the digest's length; the card puts the DigestInfo around it */
	INPUT_DIGEST_BARE, /* of the digest's length; handed on as it is (ECDSA, PSS) */
	INPUT_BLOCK,       /* exactly the key's block, as it came */
	INPUT_CRYPTOGRAM,  /* one padding indicator byte (00 or 81), then the key's block, which is
			      handed on: the modulus' length, or an uncompressed EC point */
};

enum algorithm_source {
	SOURCE_COMMAND, /* the data field of the command itself */
	SOURCE_HASH,    /* what PSO HASH loaded; data in the command answers 6985 */
};

/* Rows of one template and reference that take a loaded hash are one algorithm: the length of the
 * hash chooses among those that the key can do. */
struct algorithm {
	uint8_t se;        /* enum se_template */
	uint8_t reference; /* tag 80 of MSE SET */
	bool unnamed;      /* chosen when MSE SET has no tag 80 */
	enum key_operation operation;
	enum algorithm_input input;
	enum algorithm_source source;
	enum digest digest; /* INPUT_DIGEST and INPUT_DIGEST_BARE; of PSS and OAEP */
};

/* What MSE SET may put in the hash template. */
struct hash_algorithm {
	uint8_t reference, mask; /* the bits of tag 80 that must agree */
	enum digest digest;      /* one of FIPS 180-4 */
};

struct key_spec {
	const char *name;  /* in the image: "sign". Several entries may share one key. */
	uint8_t reference; /* tag 84 of MSE SET; 0: none */
	uint16_t fid;      /* tag 81 of MSE SET; 0: none */
	uint8_t pin; /* reference of the PIN that allows its use; added before the key. Several
			      keys may have one PIN */
	const struct algorithm *algorithms; /* borrowed for the card's life */
	size_t algorithms_count;
	unsigned usage; /* enum image_usage, what is left of the image's; 0: all of that */
};

/*
 * Commands that only this card has. The first row that matches is taken, before the engine's own;
 * a row may also name an engine handler for another class byte, or refuse.
 */
enum { COMMAND_PENDING = 0 }; /* a handler's "status word" when it stopped at a key request */

/* Puts response data in `response`, returns the status word. `command` is complete: chained parts
 * are put together, CLA is without the chaining bit. The engine cuts the answer for Le, T=0 and
 * T=1. A status word of 62xx, 63xx or 9000 keeps the data, any other drops it. */
typedef uint16_t command_handler(struct card *card, const struct capdu *command,
				 struct writer *response);

struct card_command {
	uint8_t cla, ins;
	uint8_t cla_mask;         /* bits of CLA that must agree; FF for exact */
	uint16_t p1p2, p1p2_mask; /* mask 0: any */
	bool chaining;            /* may come in parts; else 6884 */
	command_handler *handler; /* NULL: answer `sw` */
	uint16_t sw;
};

/* Engine handlers that are in no card by themselves. */
command_handler card_get_challenge;         /* engine: 00 84; cc-v1 adds 80 84 */
command_handler card_internal_authenticate; /* 00 88, environment SE_AT */

/*
 * Rules in which cards differ.
 */
enum select_form {
	SELECT_FID = 1 << 0,      /* P1=00: FID among the children of the current DF, itself, its
				   parent, its siblings, the MF; no data: the MF, no FCI */
	SELECT_CHILD_DF = 1 << 1, /* P1=01 */
	SELECT_CHILD_EF = 1 << 2, /* P1=02 */
	SELECT_PARENT = 1 << 3,   /* P1=03 */
	SELECT_NAME = 1 << 4,     /* P1=04 */
	SELECT_PATH_MF = 1 << 5,  /* P1=08: path from the MF */
	SELECT_PATH_DF = 1 << 6,  /* P1=09: path from the current DF */
	SELECT_FID_ANYWHERE = 1 << 8, /* P1=00 then looks through the whole tree */
	SELECT_CHILD_ANY = 1 << 7,    /* P1=01 finds EFs too; P1=01 and 02 the MF as 3F00 */
	SELECT_PATH_3F00 = 1 << 9,    /* paths may begin with 3F00; P1=09 then starts at the MF */
	SELECT_FCI = 1 << 16,         /* P2=00 */
	SELECT_FCP = 1 << 17,         /* P2=04 */
	SELECT_NO_DATA = 1 << 18,     /* P2=0C */
};

enum pins_dropped { PINS_KEPT, PINS_LOCAL_DROPPED, PINS_ALL_DROPPED };

enum pin_form {
	VERIFY_LOGOUT = 1 << 0,  /* VERIFY P1=FF without data drops the verified state */
	CHANGE_OLD_NEW = 1 << 1, /* CHANGE P1=00: old || new */
	CHANGE_NEW = 1 << 2,     /* CHANGE P1=01: new, after a VERIFY */
	RESET_PUK_NEW = 1 << 3,  /* RESET P1=00: PUK || new */
	RESET_PUK = 1 << 4,      /* RESET P1=01: PUK; the PIN stays as it was */
	RESET_NEW = 1 << 5,      /* RESET P1=02: new, after a VERIFY of the PUK */
	RESET_COUNTER = 1 << 6,  /* RESET P1=03: the counter, after a VERIFY of the PUK */
};

enum hash_form {
	HASH_WHOLE = 1 << 0,     /* PSO HASH 90 A0: `90 L hash` */
	HASH_CONTINUED = 1 << 1, /* 90 A0: `90 L state || count of bits, 80 L last block` */
	HASH_BLOCKS = 1 << 2,    /* 90 80: whole blocks; 90 A0: `80 L last block` */
};

enum { RULES_RESTORES_MAX = 4 };

struct card_rules {
	unsigned select;                       /* enum select_form */
	enum pins_dropped name_select;         /* by a SELECT P1=04 that succeeds */
	enum pins_dropped df_change;           /* by selecting another DF in any way */
	bool df_change_clears_se;              /* the security environment ends with the DF */
	unsigned pin;                          /* enum pin_form */
	uint16_t restores[RULES_RESTORES_MAX]; /* P1P2 of MSE RESTORE that clears the environment:
						  F300; others answer 6A88 (known P1) or 6A86 */
	unsigned hash;                         /* enum hash_form; 0: no PSO HASH */
	const struct hash_algorithm *hash_algorithms; /* none: no hash template in MSE SET */
	size_t hash_algorithms_count;
	uint16_t sw_read_short; /* READ BINARY with an Le beyond the end: 6282, or 9000 (then T=0
				   answers 6Cxx); 0: 6282 */
	uint16_t sw_not_found;  /* SELECT; 0: 6A82 */
	uint16_t sw_pin_format; /* a byte that cannot be in a PIN; 0: 6A80 */
	uint16_t sw_scheme;     /* MSE SET: algorithm that this key cannot do; 0: 6A80 */
};

/* What the bytes of a card's serial number are. */
enum serial_form {
	SERIAL_BYTES,  /* anything */
	SERIAL_BCD,    /* two decimal digits in each */
	SERIAL_DIGITS, /* a digit in ASCII in each */
};

struct roles; /* applets/build.h */

struct personality {
	const char *name;        /* "fineid-v2" */
	const char *description; /* one line for `vicar list --personalities` */
	struct bytes atr;        /* its first protocol is the card's; see card_set_atr() */
	size_t
	    serial_len; /* of the serial number that a new card gets, 1 to IMAGE_SERIAL_MAX bytes */
	enum serial_form serial_form;
	/* Words that the image's options may use, ended by NULL; "pin-tries" is the engine's. */
	const char *const *options;
	/* What keys it takes: for registry_key() of applets/registry.h; the engine does not look. */
	const struct roles *roles;
	struct card_rules rules;
	const struct card_command *commands;
	size_t commands_count;
	/* Calls card_add_...() for what this image holds. False with `error`. */
	bool (*personalise)(struct card *card, const struct image *image,
			    struct image_error *error);
	/* The response of SELECT with P2 00 or 04. */
	void (*fci)(const struct file *file, uint8_t p2, struct writer *writer);
};

/* For personalise() only. Specs are copied, contents too; what a spec points to is borrowed for
 * the card's life. False with `error`: no memory, or a spec that contradicts what is there. */
bool card_add_file(struct card *card, const struct file_spec *spec, struct bytes content,
		   struct image_error *error) MUST_USE;
bool card_add_pin(struct card *card, const struct pin_spec *spec,
		  struct image_error *error) MUST_USE;
bool card_add_key(struct card *card, const struct key_spec *spec,
		  struct image_error *error) MUST_USE;
bool card_set_atr(struct card *card, struct bytes atr, struct image_error *error) MUST_USE;
/* The card takes what iso7816/program_text.h says; its EF.DOD has to list that. */
void card_take_program(struct card *card);

/* For handlers. */
const struct image *card_image(const struct card *card);
const struct file *card_current_df(const struct card *card);
const struct file *card_current_ef(const struct card *card); /* NULL: none */
/* False when there is no such PIN. */
bool card_pin_state(const struct card *card, uint16_t reference, bool *verified,
		    unsigned *tries_left);
bool card_may(const struct card *card, const struct access *access);

#endif
