/*
 * For tests of pkcs11/'s card side: the channel of a card of applet-card.h, with T=0 or T=1 as its
 * ATR says, that counts commands and notes what of which file was read.
 */
#ifndef VICAR_TESTS_UNIT_TEST_P11_CARD_H
#define VICAR_TESTS_UNIT_TEST_P11_CARD_H

#include "applet-card.h"
#include "emulator/personality.h"
#include "iso7816/apdu.h"
#include "pkcs11/smartcard.h"

#include <openssl/rand.h>

enum { P11_READS_MAX = 256 };

#define PIN(text) ((struct bytes){(const uint8_t *)(text), strlen(text)})

struct p11_card {
	struct applet_card *applet;
	struct channel channel;
	struct smartcard *card;
	unsigned commands;
	unsigned selects;
	struct {
		const struct file *file;
		unsigned offset;
	} reads[P11_READS_MAX];
	unsigned reads_count;
	bool read_twice;
	uint8_t last_ins;         /* of the last command but GET RESPONSE */
	uint16_t refuse;          /* for the next command: this status word instead */
	enum channel_result fail; /* for the command after `fail_at` others, once */
	unsigned fail_at;
};

static inline void
p11_note_read(struct p11_card *p11, const struct capdu *command)
{
	const struct file *file = card_current_ef(p11->applet->card);
	const unsigned offset = (unsigned)(command->p1 << 8 | command->p2);

	for (unsigned i = 0; i < p11->reads_count; i++)
		if (p11->reads[i].file == file && p11->reads[i].offset == offset)
			p11->read_twice = true;
	if (p11->reads_count == P11_READS_MAX)
		return;
	p11->reads[p11->reads_count].file = file;
	p11->reads[p11->reads_count++].offset = offset;
}

static inline enum channel_result
p11_transmit(void *context, struct bytes command, struct writer *response)
{
	enum { INS_SELECT = 0xA4, INS_READ_BINARY = 0xB0 };
	static uint8_t data[RAPDU_LEN_MAX];
	struct p11_card *p11 = context;
	struct writer answer = writer_to(data, sizeof(data));
	struct capdu capdu;
	enum card_result result;

	if (p11->commands++ == p11->fail_at && p11->fail != CHANNEL_OK) {
		const enum channel_result fail = p11->fail;

		p11->fail = CHANNEL_OK;
		if (fail == CHANNEL_RESET)
			card_reset(p11->applet->card);
		return fail;
	}
	assert_true(capdu_parse(command, &capdu));
	result = card_transmit(p11->applet->card, command, &answer);
	while (result == CARD_PENDING) {
		struct key_result made = {0};

		made.sw = applet_fulfil(p11->applet, &made.output);
		result = card_resume(p11->applet->card, &made, &answer);
	}
	if (capdu.ins == INS_SELECT)
		p11->selects++;
	if (capdu.ins == INS_READ_BINARY)
		p11_note_read(p11, &capdu);
	writer_put(response, writer_bytes(&answer));
	return CHANNEL_OK;
}

/* A channel to the card, which is freed with it. */
static inline struct p11_card *
p11_over(struct applet_card *applet)
{
	struct p11_card *p11 = calloc(1, sizeof(*p11));
	struct atr atr;

	assert_non_null(p11);
	p11->applet = applet;
	assert_true(atr_parse(card_atr(applet->card), &atr));
	p11->channel = (struct channel){.context = p11,
					.transmit = p11_transmit,
					.atr = card_atr(applet->card),
					.t0 = atr.first_protocol == 0};
	return p11;
}

static inline struct p11_card *
p11_bound(struct applet_card *applet)
{
	struct p11_card *p11 = p11_over(applet);

	assert_int_equal(smartcard_bind(&p11->channel, NULL, &p11->card), SMARTCARD_OK);
	return p11;
}

static inline void
p11_free(struct p11_card *p11)
{
	smartcard_free(p11->card);
	applet_free(p11->applet);
	free(p11);
}

static inline void
p11_add_authority(struct applet_card *applet, EVP_PKEY *key, const char *subject, EVP_PKEY *signer,
		  const char *issuer)
{
	struct image_authority *authority =
	    &applet->image.authorities[applet->image.authorities_count++];

	authority->certificate =
	    applet_certificate(key, subject, signer, issuer, &authority->certificate_len);
}

/* The private key with this label. */
static inline size_t
p11_key(const struct p11_card *p11, const char *label)
{
	for (size_t i = 0; i < p11->card->private_keys_count; i++)
		if (strcmp(p11->card->private_keys[i].object.common.label, label) == 0)
			return i;
	fail_msg("the card has no key \"%s\"", label);
	return 0;
}

static inline size_t
p11_pin(const struct p11_card *p11, const char *label)
{
	for (size_t i = 0; i < p11->card->pins_count; i++)
		if (strcmp(p11->card->pins[i].object.common.label, label) == 0)
			return i;
	fail_msg("the card has no PIN \"%s\"", label);
	return 0;
}

static inline void
p11_verify(struct p11_card *p11, const char *label, const char *pin)
{
	assert_int_equal(smartcard_verify(p11->card, p11_pin(p11, label), PIN(pin)), SMARTCARD_OK);
}

/* The public key of the certificate that belongs to the key. */
static inline EVP_PKEY *
p11_public_key(struct p11_card *p11, size_t key)
{
	const int index = p11->card->private_keys[key].certificate;
	struct bytes spki;
	const uint8_t *at;
	EVP_PKEY *public;

	assert_true(index >= 0);
	assert_int_equal(smartcard_read_certificate_head(p11->card, (size_t)index), SMARTCARD_OK);
	spki = p11->card->certificates[index].public_key;
	at = spki.data;
	public = d2i_PUBKEY(NULL, &at, (long)spki.len);
	assert_non_null(public);
	return public;
}

static inline const struct smartcard_private_key *
p11_able(struct p11_card *p11, const char *label)
{
	const size_t key = p11_key(p11, label);

	assert_int_equal(smartcard_find_abilities(p11->card, key), SMARTCARD_OK);
	return &p11->card->private_keys[key];
}

/* Some hash of this length. */
static inline struct bytes
p11_hash(size_t len)
{
	static uint8_t hash[DIGEST_LEN_MAX + 8];

	for (size_t i = 0; i < sizeof(hash); i++)
		hash[i] = (uint8_t)(0xC0 + i);
	assert_true(len <= sizeof(hash));
	return (struct bytes){hash, len};
}

/* Judged by OpenSSL: `padding` RSA_PKCS1_PADDING or RSA_PKCS1_PSS_PADDING, or 0 for ECDSA in r || s. */
static inline bool
p11_is_signature(EVP_PKEY *key, int padding, enum digest digest, struct bytes hash,
		 struct bytes signature)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	uint8_t *der = NULL;
	int der_len = 0;
	bool ok = context != NULL && EVP_PKEY_verify_init(context) == 1;

	if (padding != 0) {
		EVP_MD *md = EVP_MD_fetch(NULL, digest_name(digest), NULL);

		ok = ok && EVP_PKEY_CTX_set_rsa_padding(context, padding) == 1 &&
		     EVP_PKEY_CTX_set_signature_md(context, md) == 1;
		if (padding == RSA_PKCS1_PSS_PADDING)
			ok = ok &&
			     EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
		ok = ok && EVP_PKEY_verify(context, signature.data, signature.len, hash.data,
					   hash.len) == 1;
		EVP_MD_free(md);
	} else {
		const int half = (int)(signature.len / 2);
		ECDSA_SIG *sig = ECDSA_SIG_new();

		ECDSA_SIG_set0(sig, BN_bin2bn(signature.data, half, NULL),
			       BN_bin2bn(signature.data + half, half, NULL));
		der_len = i2d_ECDSA_SIG(sig, &der);
		ok = ok && der_len > 0 &&
		     EVP_PKEY_verify(context, der, (size_t)der_len, hash.data, hash.len) == 1;
		ECDSA_SIG_free(sig);
		OPENSSL_free(der);
	}
	EVP_PKEY_CTX_free(context);
	return ok;
}

/* One signature by the card over a hash of `digest`, judged by its certificate. */
static inline void
p11_assert_signs(struct p11_card *p11, size_t key, enum smartcard_scheme scheme, enum digest digest)
{
	const struct bytes hash = p11_hash(digest_len(digest));
	uint8_t info[DIGESTINFO_LEN_MAX], data[SMARTCARD_OUTPUT_MAX];
	struct writer writer = writer_to(info, sizeof(info));
	struct writer signature = writer_to(data, sizeof(data));
	EVP_PKEY *public = p11_public_key(p11, key);
	struct bytes input = hash;

	if (scheme == SMARTCARD_SIGN_PKCS1) {
		assert_true(digestinfo_build(digest, hash, &writer));
		input = writer_bytes(&writer);
	}
	assert_int_equal(smartcard_use_key(p11->card, key, scheme, digest, input, &signature),
			 SMARTCARD_OK);
	assert_true(p11_is_signature(public,
				     scheme == SMARTCARD_SIGN_PKCS1   ? RSA_PKCS1_PADDING
				     : scheme == SMARTCARD_SIGN_ECDSA ? 0
								      : RSA_PKCS1_PSS_PADDING,
				     digest, hash, writer_bytes(&signature)));
	EVP_PKEY_free(public);
}

/* "message" encrypted to the key with this padding. */
static inline struct bytes
p11_encrypt(EVP_PKEY *public, int padding, enum digest digest, const char *message)
{
	static uint8_t cryptogram[SMARTCARD_OUTPUT_MAX];
	size_t len = sizeof(cryptogram);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(public, NULL);
	EVP_MD *md = EVP_MD_fetch(NULL, digest_name(digest), NULL);

	assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, padding), 1);
	if (padding == RSA_PKCS1_OAEP_PADDING)
		assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md(context, md), 1);
	assert_int_equal(
	    EVP_PKEY_encrypt(context, cryptogram, &len, (const uint8_t *)message, strlen(message)),
	    1);
	EVP_MD_free(md);
	EVP_PKEY_CTX_free(context);
	return (struct bytes){cryptogram, len};
}

static inline void
p11_assert_deciphers(struct p11_card *p11, size_t key, enum smartcard_scheme scheme, int padding,
		     enum digest digest)
{
	EVP_PKEY *public = p11_public_key(p11, key);
	const struct bytes cryptogram = p11_encrypt(public, padding, digest, "a short message");
	uint8_t data[SMARTCARD_OUTPUT_MAX];
	struct writer message = writer_to(data, sizeof(data));

	assert_int_equal(smartcard_use_key(p11->card, key, scheme, digest, cryptogram, &message),
			 SMARTCARD_OK);
	assert_true(bytes_equal(writer_bytes(&message), BYTES_TEXT("a short message")));
	EVP_PKEY_free(public);
}

/* Every certificate comes as it is in the image, whatever the order. */
static inline void
p11_assert_certificates(struct p11_card *p11)
{
	const struct image *image = &p11->applet->image;
	size_t found = 0;

	assert_int_equal(p11->card->certificates_count,
			 image->keys_count + image->authorities_count);
	for (size_t i = 0; i < p11->card->certificates_count; i++) {
		const struct smartcard_certificate *certificate = &p11->card->certificates[i];
		struct bytes der;

		assert_int_equal(smartcard_read_certificate(p11->card, i), SMARTCARD_OK);
		der = smartcard_certificate_der(certificate);
		for (size_t n = 0; n < image->keys_count; n++)
			found += bytes_equal(der, (struct bytes){image->keys[n].certificate,
								 image->keys[n].certificate_len});
		for (size_t n = 0; n < image->authorities_count; n++)
			found +=
			    bytes_equal(der, (struct bytes){image->authorities[n].certificate,
							    image->authorities[n].certificate_len});
	}
	assert_int_equal(found, p11->card->certificates_count);
	assert_false(p11->read_twice);
}

/* Its list of objects: the fields that programs show, and the public keys. */
static inline void
p11_list(struct p11_card *p11)
{
	for (size_t i = 0; i < p11->card->certificates_count; i++)
		assert_int_equal(smartcard_read_certificate_head(p11->card, i), SMARTCARD_OK);
	assert_false(p11->read_twice);
}

/* READ BINARY commands for the whole certificate. */
static inline unsigned
p11_reads(const struct image_key *key)
{
	return (unsigned)(key->certificate_len + 255) / 256;
}

/* What holds for each card: wrong PINs are counted, the last blocks, the PUK unblocks. */
static inline void
p11_assert_pin_life(struct p11_card *p11, const char *label, const char *pin, unsigned tries)
{
	const size_t index = p11_pin(p11, label);
	struct smartcard_pin_state state;
	unsigned before;

	assert_int_equal(smartcard_pin_state(p11->card, index, &state), SMARTCARD_OK);
	assert_true(state.known && !state.blocked);
	assert_int_equal(state.tries_left, tries);
	for (unsigned left = tries - 1; left > 0; left--) {
		assert_int_equal(smartcard_verify(p11->card, index, PIN("999999")),
				 SMARTCARD_PIN_WRONG);
		assert_int_equal(p11->card->tries_left, left);
	}
	assert_int_equal(smartcard_verify(p11->card, index, PIN("999999")), SMARTCARD_PIN_BLOCKED);
	assert_int_equal(smartcard_pin_state(p11->card, index, &state), SMARTCARD_OK);
	assert_true(state.known && state.blocked);
	before = p11->applet->requests;
	assert_int_equal(smartcard_verify(p11->card, index, PIN(pin)), SMARTCARD_PIN_BLOCKED);
	assert_int_equal(p11->applet->requests, before);
	assert_int_equal(smartcard_unblock(p11->card, index, PIN("87654321"), PIN("765432")),
			 SMARTCARD_PIN_WRONG);
	assert_int_equal(smartcard_unblock(p11->card, index, PIN(THE_PUK), PIN("765432")),
			 SMARTCARD_OK);
	assert_int_equal(smartcard_verify(p11->card, index, PIN("765432")), SMARTCARD_OK);
}

static inline void
p11_assert_pin_changes(struct p11_card *p11, const char *label, const char *pin)
{
	const size_t index = p11_pin(p11, label);

	assert_int_equal(smartcard_change(p11->card, index, PIN("999999"), PIN("765432")),
			 SMARTCARD_PIN_WRONG);
	assert_int_equal(smartcard_change(p11->card, index, PIN(pin), PIN("765432")), SMARTCARD_OK);
	assert_int_equal(smartcard_verify(p11->card, index, PIN(pin)), SMARTCARD_PIN_WRONG);
	assert_int_equal(smartcard_verify(p11->card, index, PIN("765432")), SMARTCARD_OK);
}

#endif
