/*
 * A card for tests of applets: an image in memory, RSA keys made for the run, and a host that
 * fulfils key requests as vicard does. PIN of "auth" 1234, of "sign" 123456, PUK 12345678.
 */
#ifndef VICAR_TESTS_UNIT_APPLET_CARD_H
#define VICAR_TESTS_UNIT_APPLET_CARD_H

#include "applets/registry.h"
#include "cmdbridge/keyuse.h"
#include "emulator/card.h"
#include "iso7816/program_text.h"
#include "tools/local_operation.h"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define AUTH_PIN "1234"
#define SIGN_PIN "123456"
#define THE_PUK "12345678"

struct applet_key {
	const char *name;
	EVP_PKEY *key;
	char pin[PIN_VALUE_MAX + 1];
	bool owned; /* freed with the card */
};

struct applet_card {
	struct image image;
	struct applet_key keys[IMAGE_KEYS_MAX];
	size_t keys_count;
	struct card *card;
	unsigned requests;                  /* for keys and PINs */
	unsigned starts;                    /* of a remote service */
	uint16_t service_sw;                /* what a remote service says; 0: it signs */
	char program[PROGRAM_TEXT_MAX + 1]; /* said to be, of the last request */
	uint8_t output[KEY_OUTPUT_MAX];
	char answer[2 * RAPDU_LEN_MAX + 1];
};

/* Made once for all tests: keys are slow. */
static inline EVP_PKEY *
applet_rsa(unsigned bits)
{
	static EVP_PKEY *made[2];
	EVP_PKEY **key = &made[bits == 3072];

	if (*key == NULL)
		*key = EVP_RSA_gen(bits);
	assert_non_null(*key);
	return *key;
}

static inline void
applet_name(X509_NAME *name, const char *type, const char *value)
{
	assert_int_equal(X509_NAME_add_entry_by_txt(name, type, MBSTRING_UTF8,
						    (const unsigned char *)value, -1, -1, 0),
			 1);
}

/* A certificate for `key` of `subject`, signed by `signer` of `issuer`; DER, to be freed. */
static inline uint8_t *
applet_certificate(EVP_PKEY *key, const char *subject, EVP_PKEY *signer, const char *issuer,
		   size_t *len)
{
	X509 *certificate = X509_new();
	uint8_t *der = NULL;
	int der_len;

	assert_non_null(certificate);
	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 86400L);
	applet_name(X509_get_subject_name(certificate), "C", "PT");
	applet_name(X509_get_subject_name(certificate), "SN", "SILVA");
	applet_name(X509_get_subject_name(certificate), "GN", "MARIA CONCEIÇÃO");
	applet_name(X509_get_subject_name(certificate), "serialNumber", "BI12345678");
	applet_name(X509_get_subject_name(certificate), "CN", subject);
	if (signer == key) {
		X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
	} else {
		applet_name(X509_get_issuer_name(certificate), "C", "PT");
		applet_name(X509_get_issuer_name(certificate), "SN", "SILVA");
		applet_name(X509_get_issuer_name(certificate), "GN", "MARIA CONCEIÇÃO");
		applet_name(X509_get_issuer_name(certificate), "serialNumber", "BI12345678");
		applet_name(X509_get_issuer_name(certificate), "CN", issuer);
	}
	X509_set_pubkey(certificate, key);
	assert_true(X509_sign(certificate, signer, EVP_sha256()) > 0);
	der_len = i2d_X509(certificate, &der);
	assert_true(der_len > 0);
	X509_free(certificate);
	*len = (size_t)der_len;
	return der;
}

static inline bool
applet_save(void *context, const struct image_counter *counters, size_t count)
{
	struct image *image = context;

	memcpy(image->counters, counters, count * sizeof(*counters));
	image->counters_count = count;
	return true;
}

/* An image without keys; add them, then applet_insert(). */
static inline struct applet_card *
applet_new(const char *personality, const char *serial, const char *options)
{
	struct applet_card *card = calloc(1, sizeof(*card));

	assert_non_null(card);
	snprintf(card->image.name, sizeof(card->image.name), "test");
	snprintf(card->image.personality, sizeof(card->image.personality), "%s", personality);
	snprintf(card->image.options, sizeof(card->image.options), "%s", options);
	assert_true(bytes_from_hex(serial, card->image.serial, sizeof(card->image.serial),
				   &card->image.serial_len));
	card->image.lock = -1;
	return card;
}

static inline void
applet_add_key(struct applet_card *card, const char *name, const char *service, unsigned bits,
	       const char *pin)
{
	struct image_key *key = &card->image.keys[card->image.keys_count++];
	struct applet_key *held = &card->keys[card->keys_count++];

	snprintf(key->name, sizeof(key->name), "%s", name);
	snprintf(key->service, sizeof(key->service), "%s", service);
	held->name = key->name;
	held->key = applet_rsa(bits);
	snprintf(held->pin, sizeof(held->pin), "%s", pin);
	key->certificate = applet_certificate(held->key, name, applet_rsa(2048),
					      bits == 2048 ? name : "ca", &key->certificate_len);
}

/* A local EC key of its own, with a certificate signed by itself. */
static inline void
applet_add_ec_key(struct applet_card *card, const char *name, const char *curve, const char *pin)
{
	struct image_key *key = &card->image.keys[card->image.keys_count++];
	struct applet_key *held = &card->keys[card->keys_count++];

	snprintf(key->name, sizeof(key->name), "%s", name);
	snprintf(key->service, sizeof(key->service), "%s", IMAGE_SERVICE_FILE);
	held->name = key->name;
	held->key = EVP_EC_gen(curve);
	held->owned = true;
	assert_non_null(held->key);
	snprintf(held->pin, sizeof(held->pin), "%s", pin);
	key->certificate =
	    applet_certificate(held->key, name, held->key, name, &key->certificate_len);
}

static inline void
applet_insert(struct applet_card *card)
{
	const struct card_host host = {.context = &card->image, .save = applet_save};
	struct image_error error = {""};

	card->card = card_new(&card->image, registry_find(card->image.personality), &host, &error);
	if (card->card == NULL)
		fail_msg("%s", error.text);
}

static inline void
applet_free(struct applet_card *card)
{
	card_free(card->card);
	for (size_t i = 0; i < card->keys_count; i++)
		if (card->keys[i].owned)
			EVP_PKEY_free(card->keys[i].key);
	for (size_t i = 0; i < card->image.keys_count; i++)
		OPENSSL_free(card->image.keys[i].certificate);
	for (size_t i = 0; i < card->image.authorities_count; i++)
		OPENSSL_free(card->image.authorities[i].certificate);
	for (size_t i = 0; i < card->image.certificates_count; i++)
		OPENSSL_free(card->image.certificates[i].certificate);
	free(card);
}

static inline bool
applet_is(struct bytes value, const char *text)
{
	return bytes_equal(value, (struct bytes){(const uint8_t *)text, strlen(text)});
}

static inline uint16_t
applet_use_key(struct applet_card *card, EVP_PKEY *key, const struct key_request *request,
	       struct bytes *output)
{
	struct writer writer = writer_to(card->output, sizeof(card->output));
	enum keyfile_operation operation;

	assert_true(local_operation(request->operation, &operation));
	switch (keyuse(key, operation, request->digest, request->input, &writer)) {
	case KEYFILE_OK: *output = writer_bytes(&writer); return SW_OK;
	case KEYFILE_BAD_INPUT: return SW_INCORRECT_DATA;
	default: return SW_MEMORY_FAILURE;
	}
}

static inline uint16_t
applet_fulfil(struct applet_card *card, struct bytes *output)
{
	const struct key_request *request = card_request(card->card);
	struct applet_key *key = card->keys, *pin = card->keys;
	bool puk = request->operation == KEY_PUK_VERIFY || request->operation == KEY_PIN_UNBLOCK;

	while (strcmp(key->name, request->key) != 0)
		key++;
	while (strcmp(pin->name, request->pin_key) != 0)
		pin++;
	*output = BYTES_NONE;
	card->requests++;
	snprintf(card->program, sizeof(card->program), "%.*s", (int)request->program.len,
		 (const char *)request->program.data);
	if (request->remote) {
		assert_true(card_start(card->card));
		card->starts++;
		if (card->service_sw != 0)
			return card->service_sw;
	}
	if (!applet_is(request->pin, puk ? THE_PUK : pin->pin))
		return SW_AUTHENTICATION;
	if (request->operation == KEY_PIN_CHANGE || request->operation == KEY_PIN_UNBLOCK)
		snprintf(pin->pin, sizeof(pin->pin), "%.*s", (int)request->new_pin.len,
			 (const char *)request->new_pin.data);
	if (request->operation >= KEY_PIN_VERIFY)
		return SW_OK;
	return applet_use_key(card, key->key, request, output);
}

/* One command, its response as hexadecimal text; good until the next one. */
static inline const char *
applet_send_bytes(struct applet_card *card, struct bytes command)
{
	static uint8_t response[RAPDU_LEN_MAX];
	struct writer writer = writer_to(response, sizeof(response));
	enum card_result result = card_transmit(card->card, command, &writer);

	while (result == CARD_PENDING) {
		struct key_result answer = {0};

		answer.sw = applet_fulfil(card, &answer.output);
		result = card_resume(card->card, &answer, &writer);
	}
	bytes_to_hex(writer_bytes(&writer), card->answer);
	return card->answer;
}

static inline const char *
applet_send(struct applet_card *card, const char *command)
{
	static uint8_t bytes[CAPDU_LEN_MAX];
	size_t len;

	assert_true(bytes_from_hex(command, bytes, sizeof(bytes), &len));
	return applet_send_bytes(card, (struct bytes){bytes, len});
}

/* Both texts without spaces, in upper case. */
static inline void
applet_assert_hex(const char *got, const char *expected)
{
	static uint8_t bytes[RAPDU_LEN_MAX];
	static char text[2 * RAPDU_LEN_MAX + 1];
	size_t len;

	assert_true(bytes_from_hex(expected, bytes, sizeof(bytes), &len));
	bytes_to_hex((struct bytes){bytes, len}, text);
	assert_string_equal(got, text);
}

#define assert_answer(card, command, expected) \
	applet_assert_hex(applet_send((card), (command)), (expected))

/* What a T=0 host does: 61xx is fetched, the parts put together; the last status word stays. */
static inline const char *
applet_fetch(struct applet_card *card, const char *command)
{
	static char whole[2 * RAPDU_LEN_MAX + 1];
	size_t len = 0;

	applet_send(card, command);
	for (;;) {
		size_t part = strlen(card->answer) - 4;
		char sw[5], get_response[11];

		memcpy(whole + len, card->answer, part);
		memcpy(sw, card->answer + part, sizeof(sw));
		len += part;
		if (strncmp(sw, "61", 2) != 0) {
			memcpy(whole + len, sw, sizeof(sw));
			return whole;
		}
		snprintf(get_response, sizeof(get_response), "00C00000%s", sw + 2);
		applet_send(card, get_response);
	}
}

/* The current EF from offset 0 as hexadecimal text without the status word. */
static inline const char *
applet_read(struct applet_card *card)
{
	static char whole[2 * 0x8000 + 600];
	size_t len = 0;

	for (unsigned offset = 0;; offset += 256) {
		char command[11];
		size_t part;

		snprintf(command, sizeof(command), "00B0%04X00", offset);
		applet_send(card, command);
		part = strlen(card->answer) - 4;
		if (strcmp(card->answer, "6B00") == 0)
			return whole;
		assert_string_equal(card->answer + part, "9000");
		memcpy(whole + len, card->answer, part);
		len += part;
		whole[len] = '\0';
		if (part < 512)
			return whole;
	}
}

/* `signature` (hexadecimal text with 9000 behind it) is EMSA-PKCS1-v1_5 of `input`. */
static inline void
applet_assert_signature(EVP_PKEY *key, const char *signature, const char *input)
{
	uint8_t block[KEY_OUTPUT_MAX], recovered[KEY_OUTPUT_MAX];
	char text[2 * KEY_OUTPUT_MAX + 1];
	size_t len, recovered_len = sizeof(recovered);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);

	assert_true(bytes_from_hex(signature, block, sizeof(block), &len));
	assert_int_equal(len, (size_t)EVP_PKEY_get_size(key) + 2);
	assert_int_equal(EVP_PKEY_verify_recover_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING), 1);
	assert_int_equal(
	    EVP_PKEY_verify_recover(context, recovered, &recovered_len, block, len - 2), 1);
	EVP_PKEY_CTX_free(context);
	bytes_to_hex((struct bytes){recovered, recovered_len}, text);
	applet_assert_hex(text, input);
}

/* `signature` (hexadecimal text with 9000 behind it) is RSASSA-PSS of `hash`, by `digest`, whose
 * length the salt has too. */
static inline void
applet_assert_pss(EVP_PKEY *key, const char *signature, const char *digest, const char *hash)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	uint8_t block[KEY_OUTPUT_MAX], value[EVP_MAX_MD_SIZE];
	EVP_MD *md = EVP_MD_fetch(NULL, digest, NULL);
	size_t len, value_len;

	assert_true(bytes_from_hex(signature, block, sizeof(block), &len));
	assert_int_equal(len, (size_t)EVP_PKEY_get_size(key) + 2);
	assert_true(bytes_from_hex(hash, value, sizeof(value), &value_len));
	assert_int_equal(EVP_PKEY_verify_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING), 1);
	assert_int_equal(EVP_PKEY_CTX_set_signature_md(context, md), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST), 1);
	assert_int_equal(EVP_PKEY_verify(context, block, len - 2, value, value_len), 1);
	EVP_PKEY_CTX_free(context);
	EVP_MD_free(md);
}

/* `signature` (hexadecimal text with 9000 behind it) is ECDSA of `hash`: r || s, each as long as the
 * field. */
static inline void
applet_assert_ecdsa(EVP_PKEY *key, const char *signature, const char *hash)
{
	const size_t field_len = ((size_t)EVP_PKEY_get_bits(key) + 7) / 8;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	uint8_t plain[KEY_OUTPUT_MAX], value[EVP_MAX_MD_SIZE], *der = NULL;
	ECDSA_SIG *numbers = ECDSA_SIG_new();
	size_t len, value_len;
	int der_len;

	assert_true(bytes_from_hex(signature, plain, sizeof(plain), &len));
	assert_int_equal(len, 2 * field_len + 2);
	assert_true(bytes_from_hex(hash, value, sizeof(value), &value_len));
	assert_int_equal(ECDSA_SIG_set0(numbers, BN_bin2bn(plain, (int)field_len, NULL),
					BN_bin2bn(plain + field_len, (int)field_len, NULL)),
			 1);
	der_len = i2d_ECDSA_SIG(numbers, &der);
	assert_int_equal(EVP_PKEY_verify_init(context), 1);
	assert_int_equal(EVP_PKEY_verify(context, der, (size_t)der_len, value, value_len), 1);
	OPENSSL_free(der);
	ECDSA_SIG_free(numbers);
	EVP_PKEY_CTX_free(context);
}

#endif
