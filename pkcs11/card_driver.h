/*
 * Drivers of cards, and what they share: one struct card_driver for each kind of card, listed in
 * smartcard.c. Everybody else has smartcard.h.
 *
 * A driver's function may expect what its caller in smartcard.c or pin.c has seen to: objects and
 * indices are there, a PIN's length and characters are right, a key has the ability.
 */
#ifndef VICAR_PKCS11_CARD_DRIVER_H
#define VICAR_PKCS11_CARD_DRIVER_H

#include "iso7816/apdu.h"
#include "iso7816/atr.h"
#include "smartcard.h"
#include "transport.h"

struct card_driver {
	const char *name;
	bool (*match)(const struct atr *atr); /* not asked of driver_pkcs15, which is tried last */
	/* Finds the application and reads its directory files (directory_read()).
	 * SMARTCARD_UNKNOWN, _REFUSED and _NOT_VERIFIED: not this card after all. */
	enum smartcard_result (*bind)(struct smartcard *card);
	/* Selects the application again, after others may have used another one. May be NULL. */
	enum smartcard_result (*enter)(struct smartcard *card);
	/* Makes the file current. `path` as it stands in an object, absolute or relative. With `fcp`,
	 * wants the file control parameters (empty where the card gives none). Sets card->place. */
	enum smartcard_result (*select)(struct smartcard *card, struct bytes path,
					struct writer *fcp);
	/* What the directory files do not say right: lengths, padding, PUK. May be NULL. */
	void (*adapt_pin)(struct smartcard *card, struct smartcard_pin *pin);
	/* Fills in key->abilities, which are all false. */
	enum smartcard_result (*find_abilities)(struct smartcard *card,
						struct smartcard_private_key *key);
	/* Makes the PIN's DF current where that matters. May be NULL. */
	enum smartcard_result (*reach_pin)(struct smartcard *card, const struct smartcard_pin *pin);
	enum smartcard_result (*pin_state)(struct smartcard *card, const struct smartcard_pin *pin,
					   struct smartcard_pin_state *state);
	/* Before a PIN is first sent: what only the card itself can tell of it. May be NULL. */
	enum smartcard_result (*prepare_pin)(struct smartcard *card, struct smartcard_pin *pin);
	enum smartcard_result (*logout)(struct smartcard *card); /* NULL: it cannot */
	enum smartcard_result (*use_key)(struct smartcard *card,
					 const struct smartcard_private_key *key,
					 enum smartcard_scheme scheme, enum digest digest,
					 struct bytes input, struct writer *output);
	/* SubjectPublicKeyInfo; SMARTCARD_UNSUPPORTED where only the file has it. May be NULL. */
	enum smartcard_result (*read_public_key)(struct smartcard *card,
						 const struct smartcard_public_key *key,
						 struct writer *spki);
	uint8_t challenge_cla; /* of GET CHALLENGE */
	size_t challenge_len;  /* bytes in one GET CHALLENGE; 0: it has none */
};

/* Several may be of one card's ATR: they are asked in this order until one binds. The last takes a
 * card that no other's ATR is of. */
extern const struct card_driver driver_fineid, driver_cc_2024, driver_cc, driver_iasecc,
    driver_pkcs15;

/* place.c: the current file. */

enum { SELECT_NAME = 0x04, SELECT_PATH = 0x08 };

bool place_is(const struct smartcard *card, struct bytes path);
/* The path's DF is current, whatever EF is. */
bool place_is_in(const struct smartcard *card, struct bytes df);
void place_set(struct smartcard *card, struct bytes path, size_t df_len);

/* SELECT with this P1; P2 is 04 (`p2_fci`: 00) with `fcp`, else 0C. Does not set the place. 6A82,
 * 6A86 and 6A88 are SMARTCARD_REFUSED with the place kept; the place is lost with any other. */
enum smartcard_result place_select(struct smartcard *card, uint8_t p1, struct bytes data,
				   bool p2_fci, struct writer *fcp) MUST_USE;
/* For `select` of cards with paths from the MF: P1=08 without 3F00. A relative path begins at
 * `base`, which is such a path too. Nothing is sent when the file is current and no `fcp` is wanted. */
enum smartcard_result place_select_path(struct smartcard *card, struct bytes base,
					struct bytes path, struct writer *fcp) MUST_USE;
/* The same for a DF, absolute. */
enum smartcard_result place_select_df(struct smartcard *card, struct bytes path) MUST_USE;

/* content.c: reading files. `content` has SMARTCARD_FILE_MAX bytes where it is not malloc()ed. */

enum read_how {
	READ_WHOLE,  /* to the end of the file */
	READ_OBJECT, /* one DER object and nothing after it; nothing in a file that is empty */
};

/* The file's content, from the cache unless it is to be `fresh`, else from the card and into the
 * cache. `content` is malloc()ed. SMARTCARD_REFUSED with 6A82: there is no such file. */
enum smartcard_result content_read(struct smartcard *card, const struct pkcs15_path *path,
				   enum read_how how, bool fresh, uint8_t **content,
				   size_t *len) MUST_USE;
/* The first `count` bytes of the file, at most 256, or as many as it has; from the card. Where another
 * application is selected the file is not found: this one is not selected for it, since that may take from
 * other programs the PINs that they have verified. */
enum smartcard_result content_begin(struct smartcard *card, const struct pkcs15_path *path,
				    size_t count, struct writer *content) MUST_USE;
/* A file's one DER object, or its beginning. */
struct object_part {
	uint8_t *content; /* SMARTCARD_FILE_MAX bytes of room */
	size_t len;       /* that are there */
	size_t whole;     /* of the object; 0 before it is known and in an empty file */
	size_t file_size; /* that the card says the file has; 0: it did not */
	bool cached;      /* what is there is from the cache, and the card was not asked since */
};

/* From the card only, from `len` on until there are `end` bytes or all of it. What is there from the
 * cache is SMARTCARD_PROTOCOL when the card says another file size now. */
enum smartcard_result content_read_object(struct smartcard *card, const struct pkcs15_path *path,
					  size_t end, struct object_part *part) MUST_USE;

/*
 * The cache's file for a path has the file's size on the card before its content, where SELECT told it
 * with nothing more to send: on T=1, of files that are not a range of one. It is compared whenever the
 * card is asked about a file of which the cache has something; a file that the cache has whole is not
 * asked about, so that its size is that of the range in its path or is not known. A size that
 * contradicts the content is not believed, nor is the content.
 */

/* False: the cache has not got it. Sets all but `whole`. */
bool content_cached(struct smartcard *card, const struct pkcs15_path *path,
		    struct object_part *part) MUST_USE;
void content_to_cache(struct smartcard *card, const struct pkcs15_path *path, struct bytes content,
		      size_t file_size);
void content_drop(struct smartcard *card, const struct pkcs15_path *path);

/* The length of the DER object that `head` begins, tag and length included. False: that is none, or
 * not even its length is there, which is in the first four bytes. */
bool object_size(struct bytes head, size_t *size) MUST_USE;

/* directory.c: ISO/IEC 7816-15. */

/* Where the application is; paths as `select` takes them. `od_content`: what EF.OD holds, of a card on
 * which that is fixed but for data objects; it is not read then. */
struct pkcs15_places {
	struct bytes od, cia_info, od_content;
};

/* One more object at the end of the card's array, zeroed. NULL: no memory, or no more room. */
struct smartcard_pin *directory_add_pin(struct smartcard *card);
struct smartcard_private_key *directory_add_private_key(struct smartcard *card);
struct smartcard_certificate *directory_add_certificate(struct smartcard *card);

/* Reads EF.CIAInfo, EF.OD and what that names into the card's arrays. */
enum smartcard_result directory_read(struct smartcard *card,
				     const struct pkcs15_places *places) MUST_USE;
/* All objects go, as if nothing had been read. */
void directory_forget(struct smartcard *card);

/* ability.c */

/*
 * Of what the driver can do on such a card (`can`) that which the key may: its usage, and where the
 * token names algorithms for signing, deciphering or deriving, those of them that the key refers to.
 * A key that refers to none has all of the token's.
 */
struct smartcard_abilities abilities_of_objects(const struct smartcard *card,
						const struct smartcard_private_key *key,
						const struct smartcard_abilities *can);
bool abilities_have(const struct smartcard_abilities *abilities, enum smartcard_scheme scheme,
		    enum digest digest);

/* operation.c: what the drivers' use_key() is made of. */

/* The algorithm byte of FINEID and IAS-ECC (fineid.md 6.2, 6.3; iasecc.md 6.2): high nibble hash. */
uint8_t algorithm_nibble(enum digest digest);

/* MSE SET for computation: `crdos` is the data field. */
enum smartcard_result operation_set(struct smartcard *card, uint8_t template,
				    struct bytes crdos) MUST_USE;
/* PSO COMPUTE DIGITAL SIGNATURE; input BYTES_NONE: what PSO HASH has loaded. The answer has exactly
 * `output_len` bytes, or SMARTCARD_PROTOCOL. */
enum smartcard_result operation_sign(struct smartcard *card, struct bytes input, size_t output_len,
				     struct writer *output) MUST_USE;
/* PSO HASH with `90 L hash`. */
enum smartcard_result operation_load_hash(struct smartcard *card, struct bytes hash) MUST_USE;
/* PSO DECIPHER with this padding indicator byte; at most `output_max` bytes. */
enum smartcard_result operation_decipher(struct smartcard *card, uint8_t indicator,
					 struct bytes cryptogram, size_t output_max,
					 struct writer *output) MUST_USE;
/* Fits an input of ECDSA to the length of the longest digest that the field holds, such that the
 * signature is the same (FIPS 186-5 section 6.4.1: the leftmost bits of the hash as a number). That
 * form is the one OpenSC uses with real cards (fineid.md 8.2.2). `room` has DIGEST_LEN_MAX bytes. */
bool operation_fit_hash(struct bytes input, uint32_t field_bits, enum digest *digest, uint8_t *room,
			struct bytes *fitted) MUST_USE;
/* Bytes of a signature by this key, or of a shared X. */
size_t operation_block(const struct smartcard_private_key *key);

/* program.c: says what the program is to a card that asks. */
enum smartcard_result program_say(struct smartcard *card) MUST_USE;

/* spki.c: SubjectPublicKeyInfo, RFC 5280 section 4.1. */

/* Of modulus or field; 0: not a key that OpenSSL knows. */
uint32_t spki_bits(const struct smartcard *card, struct bytes spki);
enum smartcard_result spki_put_rsa(const struct smartcard *card, struct bytes modulus,
				   struct bytes exponent, struct writer *spki) MUST_USE;
/* What the file of a public key holds: an RSAPublicKey of PKCS #1 or a whole SubjectPublicKeyInfo. A
 * bare EC point has no curve with it. */
enum smartcard_result spki_put_file(const struct smartcard *card, struct bytes file,
				    struct writer *spki) MUST_USE;

/* pin.c */

/* VERIFY with P1=FF: the card forgets that the PIN was verified; all of its PINs. */
enum smartcard_result pin_unverify(struct smartcard *card,
				   const struct smartcard_pin *pin) MUST_USE;
enum smartcard_result pin_unverify_all(struct smartcard *card) MUST_USE;
/* An empty VERIFY, ISO/IEC 7816-4 clause 11.5.6. */
enum smartcard_result pin_state_by_verify(struct smartcard *card, const struct smartcard_pin *pin,
					  struct smartcard_pin_state *state) MUST_USE;

#endif
