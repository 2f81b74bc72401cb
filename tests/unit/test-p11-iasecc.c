/*
 * The driver iasecc against personality iasecc and the cards of its five makers, some T=1, some T=0.
 */
#include "test-p11-card.h"

#include "hex.h"

#define SERIAL "990000000101000F"
#define PIN1 "User PIN"
#define PIN2 "Sign PIN"
#define PUK "PUK"
#define AUTH_KEY "Auth key"
#define SIGN_KEY "Sign key"

/* One key and its certificate. */
static struct applet_card *
one_key(void)
{
	struct applet_card *applet = applet_new("iasecc", SERIAL, "");

	applet_add_key(applet, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	applet_insert(applet);
	return applet;
}

static struct applet_card *
two_keys(const char *options)
{
	struct applet_card *applet = applet_new("iasecc", SERIAL, options);

	applet_add_key(applet, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	applet_add_key(applet, "sign", IMAGE_SERVICE_FILE, 3072, SIGN_PIN);
	p11_add_authority(applet, applet_rsa(2048), "ca", applet_rsa(3072), "root");
	p11_add_authority(applet, applet_rsa(3072), "root", applet_rsa(3072), "root");
	applet_insert(applet);
	return applet;
}

static int
setup(void **state)
{
	*state = p11_bound(two_keys(""));
	return 0;
}

static int
teardown(void **state)
{
	p11_free(*state);
	return 0;
}

static void
the_card_of_each_maker_is_bound_read_and_signs(void **state)
{
	static const char *const variants[] = {"amos", "gemalto", "oberthur", "sagem", "mi"};

	(void)state;
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		char option[32];
		struct p11_card *p11;

		snprintf(option, sizeof(option), "variant=%s", variants[i]);
		p11 = p11_bound(two_keys(option));
		assert_string_equal(smartcard_driver_name(p11->card), "iasecc");
		assert_string_equal(p11->card->label, "ECC eID");
		assert_string_equal(p11->card->serial, SERIAL);
		p11_assert_certificates(p11);
		p11_verify(p11, PIN2, SIGN_PIN);
		p11_assert_signs(p11, p11_key(p11, SIGN_KEY), SMARTCARD_SIGN_PKCS1, DIGEST_SHA256);
		p11_free(p11);
	}
}

static void
the_roots_of_the_card_are_trusted(void **state)
{
	struct p11_card *p11 = *state;
	unsigned trusted = 0;

	for (size_t i = 0; i < p11->card->certificates_count; i++)
		trusted += p11->card->certificates[i].trusted;
	assert_int_equal(trusted, 1);
}

/* SELECT and READ BINARY of EF.DODF, once. */
static void
data_objects_are_looked_for_when_they_are_wanted(void **state)
{
	struct p11_card *p11 = *state;
	const unsigned before = p11->commands;

	assert_int_equal(p11->card->data_directory.file_len, 2);
	assert_false(p11->card->data_found);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(smartcard_find_data(p11->card), SMARTCARD_OK);
		assert_int_equal(p11->commands, before + 2);
	}
}

static void
the_names_of_a_certificate_take_less_of_it_than_its_key(void **state)
{
	struct p11_card *p11 = *state;
	const struct smartcard_certificate *certificate = &p11->card->certificates[0];
	size_t len;

	assert_int_equal(smartcard_read_certificate_names(p11->card, 0), SMARTCARD_OK);
	assert_true(certificate->subject.len > 0 && certificate->issuer.len > 0);
	assert_int_equal(certificate->public_key.len, 0);
	len = certificate->der_len;
	assert_int_equal(smartcard_read_certificate_head(p11->card, 0), SMARTCARD_OK);
	assert_true(certificate->public_key.len > 0);
	assert_true(certificate->der_len > len);
	assert_false(p11->read_twice);
}

static void
keys_do_what_directory_and_rules_say(void **state)
{
	struct p11_card *p11 = *state;
	const struct smartcard_private_key *auth = p11_able(p11, AUTH_KEY);
	const struct smartcard_private_key *sign = p11_able(p11, SIGN_KEY);

	assert_true(auth->abilities.pkcs1_any && auth->abilities.decipher_pkcs1);
	assert_true(sign->abilities.pkcs1_any);
	assert_false(sign->abilities.decipher_pkcs1);
	assert_false(auth->abilities.sign_raw || auth->abilities.ecdsa);
	assert_int_equal(auth->pin, p11_pin(p11, PIN1));
	assert_int_equal(sign->pin, p11_pin(p11, PIN2));
	assert_int_equal(p11->card->pins[auth->pin].puk, p11_pin(p11, PUK));
}

static void
a_key_at_a_service_does_not_decipher(void **state)
{
	struct applet_card *applet = applet_new("iasecc", SERIAL, "");
	struct p11_card *p11;

	(void)state;
	applet_add_key(applet, "auth", "cmd", 3072, AUTH_PIN);
	applet_insert(applet);
	p11 = p11_bound(applet);
	assert_int_equal(smartcard_find_abilities(p11->card, 0), SMARTCARD_OK);
	assert_true(p11->card->private_keys[0].abilities.pkcs1_any);
	assert_false(p11->card->private_keys[0].abilities.decipher_pkcs1);
	assert_false(p11->card->pins[0].can_unblock);
	p11_free(p11);
}

static void
the_key_signs_each_digest_and_what_is_none(void **state)
{
	static const enum digest digests[] = {DIGEST_MD5,    DIGEST_SHA1,   DIGEST_SHA224,
					      DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512};
	struct p11_card *p11 = *state;
	uint8_t data[SMARTCARD_OUTPUT_MAX];
	struct writer output = writer_to(data, sizeof(data));

	p11_verify(p11, PIN1, AUTH_PIN);
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++)
		p11_assert_signs(p11, p11_key(p11, AUTH_KEY), SMARTCARD_SIGN_PKCS1, digests[i]);
	assert_int_equal(smartcard_use_key(p11->card, p11_key(p11, AUTH_KEY), SMARTCARD_SIGN_PKCS1,
					   DIGEST_SHA1, BYTES_TEXT("any text at all"), &output),
			 SMARTCARD_OK);
	assert_int_equal(output.len, 256);
}

/* As on real cards whose keys do not all authenticate (4.4): the rule FB of a key's control parameters
 * with "never" for INTERNAL AUTHENTICATE, and TokenInfo's algorithms 3 to 6 for any key. */
static enum channel_result
without_authentication(void *context, struct bytes command, struct writer *response)
{
	static const uint8_t rule[] = {0x8C, 0x07, 0xFB};
	enum channel_result result = p11_transmit(context, command, response);

	for (size_t i = 0; i + sizeof(rule) + 2 < response->len; i++)
		if (memcmp(response->data + i, rule, sizeof(rule)) == 0)
			response->data[i + sizeof(rule) + 1] = 0xFF;
	return result;
}

static void
a_key_that_does_not_authenticate_signs_a_hash(void **state)
{
	struct p11_card *p11 = p11_over(two_keys(""));
	const struct smartcard_abilities *abilities;
	size_t key;

	(void)state;
	p11->channel.transmit = without_authentication;
	assert_int_equal(smartcard_bind(&p11->channel, NULL, &p11->card), SMARTCARD_OK);
	key = p11_key(p11, SIGN_KEY);
	p11->card->private_keys[key].object.algorithms_count = 0;
	abilities = &p11_able(p11, SIGN_KEY)->abilities;
	assert_false(abilities->pkcs1_any);
	assert_true((abilities->pkcs1 & SMARTCARD_DIGEST(DIGEST_SHA256)) != 0);
	assert_int_equal(abilities->pss, 0);
	p11_verify(p11, PIN2, SIGN_PIN);
	p11_assert_signs(p11, key, SMARTCARD_SIGN_PKCS1, DIGEST_SHA256);
	p11_assert_signs(p11, key, SMARTCARD_SIGN_PKCS1, DIGEST_SHA1);
	p11_free(p11);
}

/* A card with both applications of 3.1, "ECC eID" without keys and "ECC Generic PKI", which is ours. */
static enum channel_result
with_two_applications(void *context, struct bytes command, struct writer *response)
{
	static const uint8_t eid[] = {0x00, 0xA4, 0x04, 0x0C, 0x0E, 0xE8, 0x28, 0xBD, 0x08, 0x0F,
				      0xD2, 0x50, 'E',  'C',  'C',  '-',  'e',  'I',  'D'};
	static const uint8_t generic[] = {0x00, 0xA4, 0x04, 0x0C, 0x0E, 0xE8, 0x28,
					  0xBD, 0x08, 0x0F, 0xD2, 0x50, 'G',  'e',
					  'n',  'e',  'r',  'i',  'c'};
	static const uint8_t keys[] = {0x00, 0xA4, 0x02, 0x04, 0x02, 0x70, 0x02};
	static bool in_eid, in_keys;
	enum channel_result result;

	if (bytes_equal(command, BYTES(eid)))
		in_eid = true;
	if (bytes_equal(command, BYTES(generic))) {
		in_eid = false;
		command = BYTES(eid);
	}
	if (command.data[1] == 0xA4)
		in_keys =
		    command.len >= sizeof(keys) && memcmp(command.data, keys, sizeof(keys)) == 0;
	result = p11_transmit(context, command, response);
	if (in_eid && in_keys && command.data[1] == 0xB0)
		memset(response->data, 0, response->len - 2);
	return result;
}

static void
of_two_applications_that_with_the_keys_is_bound(void **state)
{
	struct p11_card *p11 = p11_over(two_keys(""));

	(void)state;
	p11->channel.transmit = with_two_applications;
	assert_int_equal(smartcard_bind(&p11->channel, NULL, &p11->card), SMARTCARD_OK);
	assert_int_equal(p11->card->private_keys_count, 2);
	assert_int_equal(p11->card->pins_count, 3);
	p11_verify(p11, PIN2, SIGN_PIN);
	p11_assert_signs(p11, p11_key(p11, SIGN_KEY), SMARTCARD_SIGN_PKCS1, DIGEST_SHA256);
	p11_free(p11);
}

/* The directory of data objects, 7006, opened by a PIN, or gone. */
static uint16_t says_of_7006;

static enum channel_result
without_7006(void *context, struct bytes command, struct writer *response)
{
	static const uint8_t select[] = {0x00, 0xA4, 0x02, 0x04, 0x02, 0x70, 0x06};
	static bool selected;
	const bool selects =
	    command.len >= sizeof(select) && memcmp(command.data, select, sizeof(select)) == 0;
	const bool reads = selected && command.data[1] == 0xB0;

	if (command.data[1] == 0xA4)
		selected = selects;
	if ((selects && says_of_7006 == 0x6A82) || (reads && says_of_7006 == 0x6982)) {
		writer_u16(response, says_of_7006);
		return CHANNEL_OK;
	}
	return p11_transmit(context, command, response);
}

static void
a_directory_that_cannot_be_read_is_left_out(void **state)
{
	static const uint16_t words[] = {0x6A82, 0x6982};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct p11_card *p11 = p11_over(two_keys(""));

		says_of_7006 = words[i];
		p11->channel.transmit = without_7006;
		assert_int_equal(smartcard_bind(&p11->channel, NULL, &p11->card), SMARTCARD_OK);
		assert_int_equal(p11->card->data_count, 0);
		p11_assert_certificates(p11);
		p11_free(p11);
	}
}

static void
the_key_deciphers(void **state)
{
	struct p11_card *p11 = *state;

	p11_verify(p11, PIN1, AUTH_PIN);
	p11_assert_deciphers(p11, p11_key(p11, AUTH_KEY), SMARTCARD_DECIPHER_PKCS1,
			     RSA_PKCS1_PADDING, DIGEST_SHA1);
}

static void
keys_of_both_pins_are_used_in_turn(void **state)
{
	struct p11_card *p11 = *state;

	p11_verify(p11, PIN1, AUTH_PIN);
	p11_verify(p11, PIN2, SIGN_PIN);
	p11_assert_signs(p11, p11_key(p11, AUTH_KEY), SMARTCARD_SIGN_PKCS1, DIGEST_SHA256);
	smartcard_lost_place(p11->card);
	p11_assert_signs(p11, p11_key(p11, SIGN_KEY), SMARTCARD_SIGN_PKCS1, DIGEST_SHA256);
}

static void
a_wrong_pin_is_counted_blocks_and_is_unblocked(void **state)
{
	p11_assert_pin_life(*state, PIN1, AUTH_PIN, 3);
}

static void
a_local_pin_is_counted_blocks_and_is_unblocked(void **state)
{
	p11_assert_pin_life(*state, PIN2, SIGN_PIN, 3);
}

static void
the_pin_is_changed(void **state)
{
	p11_assert_pin_changes(*state, PIN1, AUTH_PIN);
}

static void
the_card_cannot_forget_its_pins(void **state)
{
	struct p11_card *p11 = *state;

	assert_int_equal(smartcard_logout(p11->card), SMARTCARD_UNSUPPORTED);
}

/* Of the object that GET DATA gives: that of a key without a certificate, which this card has not. */
static void
the_public_key_is_read_from_the_card(void **state)
{
	struct p11_card *p11 = *state;
	uint8_t data[1024];
	struct writer spki = writer_to(data, sizeof(data));
	const uint8_t *at = data;
	EVP_PKEY *public, *expected;

	p11->card->public_keys = calloc(1, sizeof(*p11->card->public_keys));
	p11->card->public_keys_count = 1;
	p11->card->public_keys[0].object.reference = 1;
	p11->card->public_keys[0].certificate = SMARTCARD_NONE;
	assert_int_equal(smartcard_read_public_key(p11->card, 0, &spki), SMARTCARD_OK);
	public = d2i_PUBKEY(NULL, &at, (long)spki.len);
	expected = p11_public_key(p11, 0);
	assert_int_equal(EVP_PKEY_eq(public, expected), 1);
	EVP_PKEY_free(public);
	EVP_PKEY_free(expected);
}

/* What the card says to commands that begin so, all in hexadecimal, instead of what it would; NULL: its
 * reader breaks then. */
static struct {
	const char *command, *answer;
} says[2];

static enum channel_result
as_it_says(void *context, struct bytes command, struct writer *response)
{
	for (size_t i = 0; i < sizeof(says) / sizeof(says[0]); i++) {
		const struct hex begin = hex(says[i].command == NULL ? "" : says[i].command);
		struct hex answer;

		if (says[i].command == NULL || command.len < begin.len ||
		    memcmp(command.data, begin.data, begin.len) != 0)
			continue;
		if (says[i].answer == NULL)
			return CHANNEL_FAILED;
		answer = hex(says[i].answer);
		writer_put(response, HEX(answer));
		return CHANNEL_OK;
	}
	return p11_transmit(context, command, response);
}

static int
setup_saying(void **state)
{
	struct p11_card *p11;

	setup(state);
	p11 = *state;
	p11->card->channel.transmit = as_it_says;
	memset(says, 0, sizeof(says));
	return 0;
}

/* The object of the PIN, the key or the public key, with this after its tag. */
static const char *
object_of(uint8_t class, unsigned reference, const char *content)
{
	static char answer[128];

	snprintf(answer, sizeof(answer), "BF%02X%02X%s9000", class, reference & 0x1F, content);
	return answer;
}

static void
the_object_of_a_pin_tells_what_verify_does_not(void **state)
{
	static const char *const labels[] = {PIN1, PIN2};
	struct p11_card *p11 = *state;
	struct smartcard_pin_state pin;

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		const size_t index = p11_pin(p11, labels[i]);

		says[0].command = NULL;
		assert_int_equal(smartcard_verify(p11->card, index, PIN("999999")),
				 SMARTCARD_PIN_WRONG);
		says[0].command = "0020";
		says[0].answer = "6700";
		assert_int_equal(smartcard_pin_state(p11->card, index, &pin), SMARTCARD_OK);
		assert_true(pin.known && !pin.blocked && !pin.verified);
		assert_int_equal(pin.tries_left, 2);
	}
}

static void
an_object_of_a_pin_that_tells_nothing_leaves_it_unknown(void **state)
{
	static const struct {
		const char *content;
		bool known;
	} objects[] = {
	    {"00", false},           {"037F4100", false},       {"02A000", false},
	    {"05A0039A0103", false}, {"06A0049B020003", false}, {"04A0029B00", false},
	    {"05A0039B0100", true},
	};
	struct p11_card *p11 = *state;
	const size_t index = p11_pin(p11, PIN2);
	const unsigned reference = p11->card->pins[index].reference;
	struct smartcard_pin_state pin;

	says[0].command = "0020";
	says[0].answer = "6700";
	says[1].command = "00CB3FFF";
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		says[1].answer = object_of(0x81, reference, objects[i].content);
		assert_int_equal(smartcard_pin_state(p11->card, index, &pin), SMARTCARD_OK);
		assert_int_equal(pin.known, objects[i].known);
		assert_int_equal(pin.blocked, objects[i].known);
	}
	says[1].answer = "6A88";
	assert_int_equal(smartcard_pin_state(p11->card, index, &pin), SMARTCARD_OK);
	assert_false(pin.known);
	says[1].answer = object_of(0x81, reference + 1, "05A0039B0100");
	assert_int_equal(smartcard_pin_state(p11->card, index, &pin), SMARTCARD_PROTOCOL);
	assert_false(pin.known);
	says[1].answer = NULL;
	assert_int_equal(smartcard_pin_state(p11->card, index, &pin), SMARTCARD_CHANNEL);
	assert_false(pin.known);
}

/* A data object at this path, which is not in the directory. */
static struct smartcard_data *
data_at(struct p11_card *p11, const char *path)
{
	const struct hex bytes = hex(path);

	if (p11->card->data == NULL) {
		p11->card->data = calloc(1, sizeof(*p11->card->data));
		p11->card->data_count = 1;
	}
	p11->card->data->object.path.kind = PKCS15_PATH_FILE;
	assert_true(bytes.len <= sizeof(p11->card->data->object.path.file));
	memcpy(p11->card->data->object.path.file, bytes.data, bytes.len);
	p11->card->data->object.path.file_len = bytes.len;
	free(p11->card->data->content);
	p11->card->data->content = NULL;
	p11->card->data->read = false;
	return p11->card->data;
}

/* EF.ATR, 2F01, is in the root; the directory of private keys in the application. */
static void
files_are_selected_from_the_root_and_in_the_application(void **state)
{
	struct p11_card *p11 = *state;
	struct smartcard_data *data = data_at(p11, "3F002F01");

	assert_int_equal(smartcard_read_data(p11->card, 0), SMARTCARD_OK);
	assert_true(data->content_len > 0);
	data_at(p11, "7002");
	assert_int_equal(smartcard_read_data(p11->card, 0), SMARTCARD_OK);
	assert_true(data->content_len > 0);
	data_at(p11, "3F002F");
	assert_int_equal(smartcard_read_data(p11->card, 0), SMARTCARD_PROTOCOL);
	data_at(p11, "3F007F7F");
	assert_int_equal(smartcard_read_data(p11->card, 0), SMARTCARD_REFUSED);
	data_at(p11, "3F00");
	assert_int_equal(smartcard_read_data(p11->card, 0), SMARTCARD_REFUSED);
	assert_false(data->read);
	assert_null(data->content);
}

/* Not every maker's card takes P1=02 of SELECT. */
static void
a_card_that_selects_by_path_only_is_read(void **state)
{
	struct p11_card *p11 = p11_over(two_keys(""));

	(void)state;
	memset(says, 0, sizeof(says));
	says[0].command = "00A402";
	says[0].answer = "6A86";
	p11->channel.transmit = as_it_says;
	assert_int_equal(smartcard_bind(&p11->channel, NULL, &p11->card), SMARTCARD_OK);
	p11_assert_certificates(p11);
	p11_free(p11);
}

/* What the place has no room for is not believed to be selected. */
static void
a_path_that_is_too_long_to_remember_is_selected_each_time(void **state)
{
	struct p11_card *p11 = *state;
	struct smartcard_data *data;
	char path[2 * PKCS15_PATH_MAX + 1];

	memset(path, '7', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	data = data_at(p11, path);
	says[0].command = "00A409";
	says[0].answer = "9000";
	says[1].command = "00B0";
	says[1].answer = "AABB6282";
	assert_int_equal(smartcard_read_data(p11->card, 0), SMARTCARD_OK);
	assert_int_equal(data->content_len, 2);
	assert_false(p11->card->place.known);
}

static void
data_is_read_once_and_what_is_private_is_forgotten_at_the_logout(void **state)
{
	struct p11_card *p11 = *state;
	struct smartcard_data *data = data_at(p11, "7002");
	unsigned before;

	assert_int_equal(smartcard_read_data(p11->card, 0), SMARTCARD_OK);
	before = p11->commands;
	assert_int_equal(smartcard_read_data(p11->card, 0), SMARTCARD_OK);
	assert_int_equal(p11->commands, before);
	assert_int_equal(smartcard_logout(p11->card), SMARTCARD_UNSUPPORTED);
	assert_true(data->read && data->content != NULL);
	data->object.common.flags = PKCS15_OBJECT_PRIVATE;
	assert_int_equal(smartcard_logout(p11->card), SMARTCARD_UNSUPPORTED);
	assert_false(data->read);
	assert_null(data->content);
	assert_int_equal(data->content_len, 0);
	assert_int_equal(smartcard_logout(p11->card), SMARTCARD_UNSUPPORTED);
	data->object.path.kind = PKCS15_PATH_NONE;
	assert_int_equal(smartcard_read_data(p11->card, 0), SMARTCARD_UNSUPPORTED);
}

static void
a_key_of_which_the_card_says_nothing_does_nothing(void **state)
{
	static const char *const contents[] = {"00", "02A000", "05A003800100", "04A0028C00"};
	struct p11_card *p11 = *state;
	const size_t index = p11_key(p11, AUTH_KEY);
	struct smartcard_private_key *key = &p11->card->private_keys[index];
	const struct smartcard_abilities none = {.ecdh = false};
	unsigned before;

	says[0].command = "00CB3FFF";
	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		says[0].answer = object_of(0x90, key->object.reference, contents[i]);
		key->abilities_found = false;
		assert_int_equal(smartcard_find_abilities(p11->card, index), SMARTCARD_OK);
		assert_memory_equal(&key->abilities, &none, sizeof(none));
	}
	key->object.kind = PKCS15_KEY_EC;
	key->abilities_found = false;
	before = p11->commands;
	assert_int_equal(smartcard_find_abilities(p11->card, index), SMARTCARD_OK);
	assert_memory_equal(&key->abilities, &none, sizeof(none));
	assert_int_equal(p11->commands, before);
}

static void
a_key_without_a_certificate_has_the_size_that_the_card_says(void **state)
{
	struct p11_card *p11 = *state;
	const size_t index = p11_key(p11, SIGN_KEY);
	struct smartcard_private_key *key = &p11->card->private_keys[index];

	key->bits = 0;
	key->certificate = SMARTCARD_NONE;
	assert_int_equal(smartcard_find_abilities(p11->card, index), SMARTCARD_OK);
	assert_int_equal(key->bits, 3072);
}

/* 6.2: SHA-256 with PSS is 45. */
static void
the_algorithm_is_set_and_what_the_card_says_to_it_told(void **state)
{
	struct p11_card *p11 = *state;
	const size_t index = p11_key(p11, AUTH_KEY);
	uint8_t block[256] = {0}, data[SMARTCARD_OUTPUT_MAX];
	struct writer output = writer_to(data, sizeof(data));
	struct smartcard_abilities *can = &p11->card->private_keys[index].abilities;
	char command[64];
	unsigned before;

	p11_able(p11, AUTH_KEY);
	can->pss = SMARTCARD_DIGEST(DIGEST_SHA256);
	can->sign_raw = true;
	says[0].command = command;
	says[0].answer = "6F42";
	snprintf(command, sizeof(command), "002241B60684 01 %02X 80 01 45",
		 p11->card->private_keys[index].object.reference | 0x80);
	assert_int_equal(smartcard_use_key(p11->card, index, SMARTCARD_SIGN_PSS, DIGEST_SHA256,
					   p11_hash(32), &output),
			 SMARTCARD_REFUSED);
	assert_int_equal(p11->card->sw, 0x6F42);
	says[0].command = "002241B8";
	says[0].answer = "6F43";
	assert_int_equal(smartcard_use_key(p11->card, index, SMARTCARD_DECIPHER_PKCS1, DIGEST_SHA1,
					   BYTES(block), &output),
			 SMARTCARD_REFUSED);
	assert_int_equal(p11->card->sw, 0x6F43);
	before = p11->commands;
	assert_int_equal(smartcard_use_key(p11->card, index, SMARTCARD_SIGN_RAW, DIGEST_SHA1,
					   BYTES(block), &output),
			 SMARTCARD_UNSUPPORTED);
	assert_int_equal(p11->commands, before);
	assert_int_equal(output.len, 0);
}

static void
what_is_not_there_or_has_no_room_is_bad_input(void **state)
{
	struct p11_card *p11 = *state;
	const size_t index = p11_key(p11, AUTH_KEY), keys = p11->card->private_keys_count;
	uint8_t block[256] = {0}, data[SMARTCARD_OUTPUT_MAX];
	struct writer output = writer_to(data, sizeof(data));
	unsigned before;

	p11_able(p11, AUTH_KEY);
	before = p11->commands;
	assert_int_equal(smartcard_find_abilities(p11->card, keys), SMARTCARD_BAD_INPUT);
	assert_int_equal(smartcard_use_key(p11->card, keys, SMARTCARD_SIGN_PKCS1, DIGEST_SHA1,
					   BYTES(block), &output),
			 SMARTCARD_BAD_INPUT);
	assert_int_equal(smartcard_use_key(p11->card, index, SMARTCARD_SIGN_PKCS1, DIGEST_SHA1,
					   BYTES_NONE, &output),
			 SMARTCARD_BAD_INPUT);
	assert_int_equal(smartcard_use_key(p11->card, index, SMARTCARD_SIGN_PKCS1, DIGEST_SHA1,
					   (struct bytes){block, sizeof(block) - 10}, &output),
			 SMARTCARD_BAD_INPUT);
	assert_int_equal(smartcard_read_public_key(p11->card, 0, &output), SMARTCARD_BAD_INPUT);
	assert_int_equal(p11->commands, before);
	assert_int_equal(output.len, 0);
}

static void
a_challenge_of_another_length_is_not_random(void **state)
{
	struct p11_card *p11 = *state;
	uint8_t data[20];
	struct writer random = writer_to(data, sizeof(data)), small = writer_to(data, 10);

	assert_int_equal(smartcard_random(p11->card, sizeof(data), &random), SMARTCARD_OK);
	assert_int_equal(random.len, sizeof(data));
	assert_int_equal(smartcard_random(p11->card, sizeof(data), &small), SMARTCARD_BAD_INPUT);
	random = writer_to(data, sizeof(data));
	says[0].command = "0084";
	says[0].answer = "01029000";
	assert_int_equal(smartcard_random(p11->card, sizeof(data), &random), SMARTCARD_PROTOCOL);
	assert_int_equal(random.len, 0);
}

static struct smartcard_public_key *
add_public_key(struct p11_card *p11, int certificate)
{
	p11->card->public_keys = calloc(1, sizeof(*p11->card->public_keys));
	p11->card->public_keys_count = 1;
	p11->card->public_keys[0].object.reference = 1;
	p11->card->public_keys[0].certificate = certificate;
	return p11->card->public_keys;
}

static void
a_public_key_with_a_certificate_is_that_of_the_certificate(void **state)
{
	struct p11_card *p11 = *state;
	const size_t key = p11_key(p11, AUTH_KEY);
	uint8_t data[1024];
	struct writer spki = writer_to(data, sizeof(data)), small = writer_to(data, 16);
	const uint8_t *at = data;
	EVP_PKEY *public, *expected;

	add_public_key(p11, p11->card->private_keys[key].certificate);
	assert_int_equal(smartcard_read_public_key(p11->card, 0, &spki), SMARTCARD_OK);
	public = d2i_PUBKEY(NULL, &at, (long)spki.len);
	expected = p11_public_key(p11, key);
	assert_int_equal(EVP_PKEY_eq(public, expected), 1);
	assert_int_equal(smartcard_read_public_key(p11->card, 0, &small), SMARTCARD_BAD_INPUT);
	EVP_PKEY_free(public);
	EVP_PKEY_free(expected);
}

static void
a_public_key_that_is_none_is_an_error(void **state)
{
	static const char *const contents[] = {"00", "037F4900", "077F490481020102",
					       "077F490482020102"};
	static const struct {
		const char *answer;
		enum smartcard_result result;
	} others[] = {{"6A88", SMARTCARD_UNSUPPORTED},
		      {"6982", SMARTCARD_NOT_VERIFIED},
		      {"9000", SMARTCARD_PROTOCOL},
		      {NULL, SMARTCARD_CHANNEL}};
	static const struct pkcs15_path nowhere = {
	    .kind = PKCS15_PATH_FILE, .file = {0x7F, 0x7F}, .file_len = 2};
	struct p11_card *p11 = *state;
	struct smartcard_public_key *key = add_public_key(p11, SMARTCARD_NONE);
	uint8_t data[1024];
	struct writer spki = writer_to(data, sizeof(data));

	says[0].command = "00CB3FFF";
	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		says[0].answer = object_of(0xA0, 1, contents[i]);
		assert_int_equal(smartcard_read_public_key(p11->card, 0, &spki),
				 SMARTCARD_PROTOCOL);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		says[0].answer = others[i].answer;
		assert_int_equal(smartcard_read_public_key(p11->card, 0, &spki), others[i].result);
	}
	says[0].answer = "6A88";
	key->object.path = nowhere;
	assert_int_equal(smartcard_read_public_key(p11->card, 0, &spki), SMARTCARD_REFUSED);
	assert_int_equal(spki.len, 0);
}

/* One command for the application, two for a file, one more where it is longer than 256 bytes:
 * TokenInfo (260), EF.OD, six directories but the public keys', and the certificate's head. */
static void
listing_everything_takes_two_commands_for_a_file(void **state)
{
	struct p11_card *p11 = p11_bound(one_key());

	(void)state;
	p11_list(p11);
	assert_true(p11->commands <= 1 + (2 + 1) + 6 * 2 + 1 + 3);
	assert_int_equal(p11->commands, p11->card->commands);
	p11_free(p11);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define SAYING(name) cmocka_unit_test_setup_teardown(name, setup_saying, teardown)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_card_of_each_maker_is_bound_read_and_signs),
	    TEST(the_roots_of_the_card_are_trusted),
	    TEST(data_objects_are_looked_for_when_they_are_wanted),
	    TEST(the_names_of_a_certificate_take_less_of_it_than_its_key),
	    TEST(keys_do_what_directory_and_rules_say),
	    cmocka_unit_test(a_key_at_a_service_does_not_decipher),
	    TEST(the_key_signs_each_digest_and_what_is_none),
	    cmocka_unit_test(a_key_that_does_not_authenticate_signs_a_hash),
	    cmocka_unit_test(of_two_applications_that_with_the_keys_is_bound),
	    cmocka_unit_test(a_directory_that_cannot_be_read_is_left_out),
	    TEST(the_key_deciphers),
	    TEST(keys_of_both_pins_are_used_in_turn),
	    TEST(a_wrong_pin_is_counted_blocks_and_is_unblocked),
	    TEST(a_local_pin_is_counted_blocks_and_is_unblocked),
	    TEST(the_pin_is_changed),
	    TEST(the_card_cannot_forget_its_pins),
	    TEST(the_public_key_is_read_from_the_card),
	    cmocka_unit_test(listing_everything_takes_two_commands_for_a_file),
	    SAYING(the_object_of_a_pin_tells_what_verify_does_not),
	    SAYING(an_object_of_a_pin_that_tells_nothing_leaves_it_unknown),
	    SAYING(files_are_selected_from_the_root_and_in_the_application),
	    cmocka_unit_test(a_card_that_selects_by_path_only_is_read),
	    SAYING(a_path_that_is_too_long_to_remember_is_selected_each_time),
	    SAYING(data_is_read_once_and_what_is_private_is_forgotten_at_the_logout),
	    SAYING(a_key_of_which_the_card_says_nothing_does_nothing),
	    SAYING(a_key_without_a_certificate_has_the_size_that_the_card_says),
	    SAYING(the_algorithm_is_set_and_what_the_card_says_to_it_told),
	    SAYING(what_is_not_there_or_has_no_room_is_bad_input),
	    SAYING(a_challenge_of_another_length_is_not_random),
	    SAYING(a_public_key_with_a_certificate_is_that_of_the_certificate),
	    SAYING(a_public_key_that_is_none_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
