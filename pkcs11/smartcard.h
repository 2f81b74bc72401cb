/*
 * A card with what is on it, above the drivers of the various cards: what the Cryptoki side of the
 * module works with. ISO/IEC 7816-15 objects, PINs with their counters, keys with what they can do.
 *
 * Who does what:
 *   here          file and key selection, command chaining, padding of PINs, DigestInfo taken apart
 *                 for cards that build it themselves, hashes fitted to what ECDSA on the card takes
 *   Cryptoki side hashing of data, DigestInfo (iso7816/digestinfo.h), PSS and OAEP padding over
 *                 `raw` where the card has no PSS or OAEP of its own, DER forms of ECDSA, key
 *                 derivation after ECDH, verifying a signature against the certificate, the rule
 *                 that a PIN the card refused is not offered again, transactions, locks
 *
 * One thread at a time. A function that sends commands expects to be inside a transaction; tell
 * smartcard_lost_place() when one has begun, since others may have moved the card meanwhile.
 * Nothing here survives SMARTCARD_REMOVED but smartcard_free(). After SMARTCARD_RESET the same call
 * may be made again; PINs are not verified then.
 */
#ifndef VICAR_PKCS11_SMARTCARD_H
#define VICAR_PKCS11_SMARTCARD_H

#include "channel.h"
#include "iso7816/digestinfo.h"
#include "iso7816/pkcs15.h"

#include <openssl/types.h>

enum smartcard_result {
	SMARTCARD_OK,
	SMARTCARD_UNKNOWN,      /* bind: no driver knows this card */
	SMARTCARD_REMOVED,      /* see channel.h */
	SMARTCARD_RESET,        /* see channel.h */
	SMARTCARD_CHANNEL,      /* the reader failed */
	SMARTCARD_PROTOCOL,     /* the card answered what no card may: sizes, endless parts, TLV */
	SMARTCARD_REFUSED,      /* a status word that says no: smartcard->sw */
	SMARTCARD_NOT_VERIFIED, /* the PIN of the key or file is not verified (6982) */
	SMARTCARD_PIN_WRONG,    /* smartcard->tries_left says how many are left */
	SMARTCARD_PIN_BLOCKED,  /* the card takes this PIN no more; also when this try blocked it */
	SMARTCARD_PIN_LENGTH,   /* too short or too long; nothing was tried */
	SMARTCARD_PIN_INVALID,  /* characters that this PIN cannot have; nothing was tried */
	SMARTCARD_PIN_UNCERTAIN, /* the counter cannot be read; no PIN was sent */
	SMARTCARD_CANCELLED,     /* PIN pad: the user cancelled */
	SMARTCARD_TIMEOUT,       /* PIN pad: nobody typed */
	SMARTCARD_UNSUPPORTED,   /* this card or key cannot; nothing was sent */
	SMARTCARD_BAD_INPUT,     /* input of a wrong length or form; nothing was sent */
	SMARTCARD_NO_MEMORY,
};

enum {
	SMARTCARD_TEXT_MAX = PKCS15_LABEL_MAX + 1,
	SMARTCARD_SERIAL_MAX = 64,   /* with NUL */
	SMARTCARD_OBJECTS_MAX = 64,  /* of one kind; what a card has beyond is not seen */
	SMARTCARD_FILE_MAX = 32768,  /* content of a file; READ BINARY reaches no further */
	SMARTCARD_OUTPUT_MAX = 1024, /* room that sign, decipher and derive need at most */
	SMARTCARD_CACHE_KEY_LEN = 32,
	SMARTCARD_NONE = -1, /* instead of an index */
};

/* A set of digests has the bit 1 << enum digest for each. */
typedef unsigned smartcard_digests;
#define SMARTCARD_DIGEST(digest) (1U << (digest))

/* One PIN or PUK. `object` has label, id and flags as on the card. */
struct smartcard_pin {
	struct pkcs15_pin object;
	uint8_t reference; /* P2 of VERIFY */
	size_t min, max;   /* of what the user types, bytes */
	size_t stored;     /* bytes sent to the card, filled up with `pad`; 0: as typed */
	uint8_t pad;
	bool digits_only;
	bool unblocking; /* a PUK: no slot of its own, cannot be logged in with */
	bool can_change, can_unblock;
	/* VERIFY of the PIN goes before CHANGE, of the PUK before RESET RETRY COUNTER, which then has the
	 * new PIN alone. */
	bool verified_first;
	/* The PUK that unblocks this PIN: index in smartcard->pins, or SMARTCARD_NONE where the card
	 * has no object for it. Then these are its lengths. */
	int puk;
	size_t puk_min, puk_max;
	unsigned tries_max; /* 0: not known */
};

struct smartcard_pin_state {
	bool known;    /* false: the card does not tell; the rest is meaningless */
	bool verified; /* as far as the card tells this apart */
	bool blocked;
	bool to_be_changed;  /* still the value it was delivered with */
	unsigned tries_left; /* of a verified PIN tries_max, which may be 0 */
};

/* What a private key can do on the card. All false: nothing. */
struct smartcard_abilities {
	bool pkcs1_any;          /* SIGN_PKCS1 of any input up to the modulus' length - 11 */
	smartcard_digests pkcs1; /* SIGN_PKCS1 of a DigestInfo of these; also set with pkcs1_any */
	smartcard_digests pss;   /* SIGN_PSS by the card itself */
	bool sign_raw;           /* SIGN_RAW */
	bool ecdsa;              /* SIGN_ECDSA */
	bool decipher_pkcs1, decipher_raw;
	smartcard_digests oaep;
	bool ecdh;
};

enum smartcard_scheme {
	SMARTCARD_SIGN_PKCS1, /* input: what EMSA-PKCS1-v1_5 pads (RFC 8017 9.2), a DigestInfo unless
				 pkcs1_any */
	SMARTCARD_SIGN_PSS,   /* input: hash of `digest`; MGF1 with the same, salt of its length */
	SMARTCARD_SIGN_RAW,   /* input: one block of the modulus' length */
	SMARTCARD_SIGN_ECDSA, /* input: hash, 1..64 bytes, of any digest; output: r || s, each of the
				 field's length */
	SMARTCARD_DECIPHER_PKCS1, /* input: cryptogram; output: message */
	SMARTCARD_DECIPHER_OAEP,  /* the same; `digest` also in MGF1, no label */
	SMARTCARD_DECIPHER_RAW,   /* output: one block of the modulus' length */
	SMARTCARD_DERIVE_ECDH, /* input: the other's point, 04 X Y; output: X of the shared point */
};

struct smartcard_private_key {
	struct pkcs15_key object;
	int pin; /* index in smartcard->pins of the PIN that opens it, or SMARTCARD_NONE */
	bool user_consent; /* one VERIFY for each use: CKA_ALWAYS_AUTHENTICATE */
	uint32_t bits;     /* of modulus or field; 0: the card does not say, the certificate does */
	int certificate;   /* index of the certificate with the same id, or SMARTCARD_NONE */
	/* Ask smartcard_find_abilities(): finding out may take a command. */
	bool abilities_found;
	struct smartcard_abilities abilities;
};

/* An object of EF.PuKD. That file is read only when some private key has no certificate: what it
 * says of the others, their certificates say too. */
struct smartcard_public_key {
	struct pkcs15_key object;
	int certificate; /* as above */
};

/*
 * A certificate is read in three steps, so that a list of objects costs less: what stands before the
 * public key, what stands before the signature, and the whole. Each byte is read once. All views are
 * DER and point into `der`; they are empty before.
 */
struct smartcard_certificate {
	struct pkcs15_certificate object;
	bool trusted; /* listed among the trusted ones */
	uint8_t *der; /* malloc()ed; `der_len` bytes of it have been read */
	size_t der_len;
	size_t whole_len; /* of the certificate; 0: not known yet */
	size_t file_size; /* of its file, as the card says; 0: it did not */
	bool from_cache;  /* `der` is, and the card has not been asked about it */
	/* After smartcard_read_certificate_names(); INTEGER, Name, Name. */
	struct bytes serial, issuer, subject;
	/* UTCTime or GeneralizedTime. */
	struct bytes not_before, not_after;
	/* After smartcard_read_certificate_head(); SubjectPublicKeyInfo. */
	struct bytes public_key;
	/* `public_key`, for check.h; NULL: not wanted yet, or none that can be read */
	EVP_PKEY *key;
};

/* The whole certificate; empty before smartcard_read_certificate(). */
struct bytes smartcard_certificate_der(const struct smartcard_certificate *certificate);

struct smartcard_data {
	struct pkcs15_data object;
	uint8_t *content; /* once read; NULL before, also for an empty file */
	size_t content_len;
	bool read;
};

/* A public file of a card in a certain state. `key` has SMARTCARD_CACHE_KEY_LEN bytes: SHA-256 of
 * EF.CIAInfo, in which the serial number is, and, for all files but EF.OD, of the certificate
 * directories, all as read now. `path` is the file's on the card, with the range of it where one is
 * meant. The size of the file is no part of this, since it is not known before the card is asked: it is
 * in the content, and compared when the card is asked (card_driver.h). */
struct smartcard_file {
	const char *serial;
	struct bytes key, path;
};

/* A store of such files outside the card, or {NULL}. */
struct smartcard_cache {
	void *context;
	/* False: not there. */
	bool (*get)(void *context, const struct smartcard_file *file, struct writer *content);
	void (*put)(void *context, const struct smartcard_file *file, struct bytes content);
	void (*drop)(void *context, const struct smartcard_file *file);
};

struct card_driver;

/* The current DF and EF, as far as they are known. A path is what the driver makes of one: the file
 * identifiers from the MF, or an AID and a file identifier. */
struct smartcard_place {
	bool known;
	uint8_t path[PKCS15_PATH_MAX];
	size_t len;
	size_t df_len; /* so much of the path is the DF's; len: no EF is current */
};

struct smartcard {
	const struct card_driver *driver;
	void *state; /* the driver's, of malloc() or NULL */
	struct channel channel;
	struct smartcard_cache cache;
	uint8_t cache_key[SMARTCARD_CACHE_KEY_LEN];
	bool has_cache_key;
	struct smartcard_place place;
	uint16_t sw;         /* the last status word of the card */
	unsigned tries_left; /* with SMARTCARD_PIN_WRONG */
	bool key_used; /* the last command used a key, and what it made is still to be fetched */
	unsigned commands; /* APDUs sent so far, GET RESPONSE and repetitions included */

	char label[SMARTCARD_TEXT_MAX];
	char manufacturer[SMARTCARD_TEXT_MAX];
	char serial[SMARTCARD_SERIAL_MAX]; /* printable, of EF.CIAInfo: letters or hexadecimal */
	struct pkcs15_token_info info;
	struct smartcard_pin *pins;
	size_t pins_count;
	struct smartcard_private_key *private_keys;
	size_t private_keys_count;
	struct smartcard_public_key *public_keys;
	size_t public_keys_count;
	struct smartcard_certificate *certificates;
	size_t certificates_count;
	/* Ask smartcard_find_data(). EF.DODF, empty where the card has none. */
	struct pkcs15_path data_directory;
	/* EF.OD where only the data objects in it are not known beforehand; else empty. */
	struct pkcs15_path unread_od;
	bool data_found;
	bool program_sought, takes_program; /* ask smartcard_find_program() */
	struct smartcard_data *data;
	size_t data_count;
};

/* Finds the driver and reads the directory files but that of data objects; no certificate.
 * `channel` and `cache` (NULL: none) are copied; what they point to outlives the card. `*card` is
 * NULL unless SMARTCARD_OK. */
enum smartcard_result smartcard_bind(const struct channel *channel,
				     const struct smartcard_cache *cache,
				     struct smartcard **card) MUST_USE;
void smartcard_free(struct smartcard *card); /* sends nothing; wipes; NULL is fine */
const char *smartcard_driver_name(const struct smartcard *card);
/* A serial number as text: as it is when it is one, else its bytes in hexadecimal; "" when it is
 * empty or too long. `text` has SMARTCARD_SERIAL_MAX characters. */
void smartcard_serial_text(struct bytes serial, char *text);

/* Fields of CK_TOKEN_INFO. */
#define SMARTCARD_MODEL "PKCS#15"
enum { SMARTCARD_LABEL_LEN = 32, SMARTCARD_SERIAL_LEN = 16 };

/* So many bytes of UTF-8 text go into `room`, no character cut in two. */
size_t smartcard_cut(const char *text, size_t room) MUST_USE;
/* Of the token of this PIN, or of SMARTCARD_NONE: the card's name may be cut, the PIN's not. `label`
 * has SMARTCARD_LABEL_LEN + 1 characters. */
void smartcard_token_label(const struct smartcard *card, int pin, char *label);
/* The last digits tell cards apart. */
const char *smartcard_token_serial(const struct smartcard *card) MUST_USE;

/* A transaction has begun: which file is current is not known any more. */
void smartcard_lost_place(struct smartcard *card);

/* What the key can do: private_keys[key].abilities is right after SMARTCARD_OK. */
enum smartcard_result smartcard_find_abilities(struct smartcard *card, size_t key) MUST_USE;

/* The fields before the public key, and up to it; SMARTCARD_PROTOCOL when the file holds no
 * certificate. */
enum smartcard_result smartcard_read_certificate_names(struct smartcard *card,
						       size_t index) MUST_USE;
enum smartcard_result smartcard_read_certificate_head(struct smartcard *card,
						      size_t index) MUST_USE;
/* The fields and the whole. */
enum smartcard_result smartcard_read_certificate(struct smartcard *card, size_t index) MUST_USE;
/* It did not fit the key: forgotten, in the cache too, so that the next read asks the card. */
void smartcard_drop_certificate(struct smartcard *card, size_t index);
/* Reads EF.DODF, which a list of keys and certificates does without: `data` is there after
 * SMARTCARD_OK. */
enum smartcard_result smartcard_find_data(struct smartcard *card) MUST_USE;
/* Whether the card asks what the program is: takes_program is right after SMARTCARD_OK, and
 * smartcard_use_key() then says it. It may read files, so a PIN is verified after it. */
enum smartcard_result smartcard_find_program(struct smartcard *card) MUST_USE;
/* data[index].content; SMARTCARD_NOT_VERIFIED when a PIN must come first. */
enum smartcard_result smartcard_read_data(struct smartcard *card, size_t index) MUST_USE;
/* SubjectPublicKeyInfo, DER: from the card's object or else its certificate. */
enum smartcard_result smartcard_read_public_key(struct smartcard *card, size_t index,
						struct writer *spki) MUST_USE;

/* Asks the card. Costs one command, of some cards more. */
enum smartcard_result smartcard_pin_state(struct smartcard *card, size_t pin,
					  struct smartcard_pin_state *state) MUST_USE;

/*
 * PINs are as typed, without padding. `value` with data NULL: typed at the reader's PIN pad
 * (SMARTCARD_UNSUPPORTED when there is none). Each of these asks for the counter first and sends
 * nothing to a PIN that is blocked or whose counter is not known. (The counter of a PUK that is no
 * object of the card cannot be asked for.)
 * After change and unblock the PIN is not verified on some cards: call verify where it matters.
 */
enum smartcard_result smartcard_verify(struct smartcard *card, size_t pin,
				       struct bytes value) MUST_USE;
enum smartcard_result smartcard_change(struct smartcard *card, size_t pin, struct bytes old_value,
				       struct bytes new_value) MUST_USE;
/* A wrong PUK is SMARTCARD_PIN_WRONG, and the count is that of the PUK. */
enum smartcard_result smartcard_unblock(struct smartcard *card, size_t pin, struct bytes puk,
					struct bytes new_value) MUST_USE;
/* The card forgets all verified PINs, and what was read of private data is wiped. SMARTCARD_UNSUPPORTED:
 * the card cannot, the caller resets it. */
enum smartcard_result smartcard_logout(struct smartcard *card) MUST_USE;

/* SMARTCARD_UNSUPPORTED unless the key's abilities have it. `digest` counts for PSS and OAEP only.
 * SMARTCARD_REFUSED has the status word of design.md's table in card->sw; of 63Cx and 6983 (a
 * remote key's PIN) SMARTCARD_PIN_WRONG and SMARTCARD_PIN_BLOCKED are made. */
enum smartcard_result smartcard_use_key(struct smartcard *card, size_t key,
					enum smartcard_scheme scheme, enum digest digest,
					struct bytes input, struct writer *output) MUST_USE;

bool smartcard_has_random(const struct smartcard *card);
/* Random bytes of the card; SMARTCARD_UNSUPPORTED when it has none. */
enum smartcard_result smartcard_random(struct smartcard *card, size_t count,
				       struct writer *output) MUST_USE;

#endif
