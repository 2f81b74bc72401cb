/*
 * The driver pkcs15 over a card of nothing but files, which each test writes as no card of ours is: an
 * application that EF.DIR gives a path, directories with more than the module looks at, keys of which
 * the card says much or nothing.
 */
#include "iso7816/apdu.h"
#include "iso7816/pkcs15.h"
#include "iso7816/sw.h"
#include "pkcs11/sdo.h"
#include "pkcs11/smartcard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "hex.h"

enum { FILES_MAX = 16, FILE_MAX = 4096, COMMANDS_MAX = 256 };

#define FILE_PATH(...)                                           \
	{                                                        \
		.kind = PKCS15_PATH_FILE, .file = {__VA_ARGS__}, \
		.file_len = sizeof((uint8_t[]){__VA_ARGS__})     \
	}
#define ID(...)                                                                \
	{                                                                      \
		.data = {__VA_ARGS__}, .len = sizeof((uint8_t[]){__VA_ARGS__}) \
	}

/* Historical bytes with and without the announcement of an EF.DIR, ISO/IEC 7816-4 clause 8.1.1.2.3;
 * one that is cut off, and one of a category that is not compact TLV. All T=1. */
static const uint8_t ATR_DIR[] = {0x3B, 0x83, 0x01, 0x80, 0x31, 0xA8, 0x9B};
static const uint8_t ATR_CUT[] = {0x3B, 0x82, 0x01, 0x80, 0x31, 0x32};
static const uint8_t ATR_NO_TLV[] = {0x3B, 0x83, 0x01, 0x10, 0x31, 0xA8, 0x0B};
#define APPLICATION 0x3F, 0x00, 0x50, 0x15
#define PKCS15_AID 0xA0, 0x00, 0x00, 0x00, 0x63, 'P', 'K', 'C', 'S', '-', '1', '5'

struct card_file {
	struct hex path;
	uint8_t data[FILE_MAX];
	struct writer content;
};

static struct card_file files[FILES_MAX];
static size_t files_count;
static struct hex df;                   /* the current one */
static struct card_file *ef;            /* the current one, or NULL */
static char commands[COMMANDS_MAX][16]; /* CLA INS P1 P2 of each */
static size_t commands_count;
static struct channel channel;
static struct smartcard *card;

/* The content is to be written by the test; a file without one is a DF. */
static struct writer *
add_file(const char *path)
{
	struct card_file *file = &files[files_count++];

	assert_true(files_count <= FILES_MAX);
	file->path = hex(path);
	file->content = writer_to(file->data, sizeof(file->data));
	return &file->content;
}

static struct writer *
file(const char *path)
{
	struct hex wanted = hex(path);

	for (size_t i = 0; i < files_count; i++)
		if (bytes_equal(HEX(files[i].path), HEX(wanted)))
			return &files[i].content;
	return add_file(path);
}

static bool
select_path(struct bytes path)
{
	for (size_t i = 0; i < files_count; i++) {
		if (!bytes_equal(HEX(files[i].path), path))
			continue;
		ef = files[i].content.len > 0 ? &files[i] : NULL;
		df = files[i].path;
		df.len -= ef != NULL ? 2 : 0;
		return true;
	}
	return false;
}

/* ISO/IEC 7816-4 clause 7.1.1, table 39. The application is the only one with a name. */
static uint16_t
answer_select(const struct capdu *command)
{
	enum { BY_ID = 0x00, CHILD = 0x02, BY_NAME = 0x04, FROM_MF = 0x08, FROM_DF = 0x09 };
	static const uint8_t mf[] = {0x3F, 0x00}, aid[] = {PKCS15_AID},
			     application[] = {APPLICATION};
	uint8_t data[64];
	struct writer path = writer_to(data, sizeof(data));

	switch (command->p1) {
	case BY_NAME:
		if (!bytes_equal(command->data, BYTES(aid)))
			return SW_FILE_NOT_FOUND;
		writer_put(&path, BYTES(application));
		break;
	case FROM_MF:
		writer_put(&path, BYTES(mf));
		writer_put(&path, command->data);
		break;
	case CHILD:
	case FROM_DF:
		writer_put(&path, HEX(df));
		writer_put(&path, command->data);
		break;
	default: writer_put(&path, command->data);
	}
	return select_path(writer_bytes(&path)) ? SW_OK : SW_FILE_NOT_FOUND;
}

static uint16_t
answer_read(const struct capdu *command, struct writer *response)
{
	const size_t offset = (size_t)(command->p1 << 8 | command->p2);
	const size_t left = ef != NULL && offset < ef->content.len ? ef->content.len - offset : 0;
	const size_t len = left < command->ne ? left : command->ne;

	if (ef == NULL)
		return SW_NO_CURRENT_EF;
	if (left == 0)
		return SW_WRONG_OFFSET;
	writer_put(response, (struct bytes){ef->content.data + offset, len});
	return len < command->ne ? SW_END_OF_FILE : SW_OK;
}

static enum channel_result
transmit(void *context, struct bytes bytes, struct writer *response)
{
	enum { INS_SELECT = 0xA4, INS_READ_BINARY = 0xB0 };
	struct capdu command;
	uint16_t sw = SW_OK;

	(void)context;
	assert_true(capdu_parse(bytes, &command));
	assert_true(commands_count < COMMANDS_MAX);
	snprintf(commands[commands_count++], sizeof(commands[0]), "%02X%02X%02X%02X", command.cla,
		 command.ins, command.p1, command.p2);
	if (command.ins == INS_SELECT)
		sw = answer_select(&command);
	else if (command.ins == INS_READ_BINARY)
		sw = answer_read(&command, response);
	writer_u16(response, sw);
	return CHANNEL_OK;
}

static bool
was_sent(const char *command)
{
	for (size_t i = 0; i < commands_count; i++)
		if (strncmp(commands[i], command, strlen(command)) == 0)
			return true;
	return false;
}

/* The application of EF.DIR behind one that is none of ours, its EF.OD and an EF.CIAInfo that names
 * RSA, ECDSA and ECDH. */
static int
make_card(void **state)
{
	static const struct pkcs15_application foreign = {.aid = {0xA0, 0, 0, 0, 3}, .aid_len = 5};
	static const struct pkcs15_application ours = {
	    .aid = {PKCS15_AID}, .aid_len = 12, .path = {APPLICATION}, .path_len = 4};
	static const struct pkcs15_token_info info = {
	    .version = 1,
	    .serial = ID(0x12, 0x34),
	    .label = "Card of files",
	    .flags = 0,
	    .algorithms = {{1, 0x0001, PKCS15_OPERATION_COMPUTE_SIGNATURE, {.len = 0}, true, 0x02},
			   {2, 0x1041, PKCS15_OPERATION_COMPUTE_SIGNATURE, {.len = 0}, true, 0x44},
			   {3, 0x1050, 0, {.len = 0}, true, 0x45}},
	    .algorithms_count = 3};

	(void)state;
	files_count = commands_count = 0;
	ef = NULL;
	df = hex("3F00");
	(void)add_file("3F00");
	(void)add_file("3F005015");
	assert_true(pkcs15_encode_application(&foreign, add_file("3F002F00")));
	assert_true(pkcs15_encode_application(&ours, file("3F002F00")));
	assert_true(pkcs15_encode_token_info(&info, false, add_file("3F0050155032")));
	channel = (struct channel){.transmit = transmit, .atr = BYTES(ATR_DIR)};
	card = NULL;
	return 0;
}

static int
free_card(void **state)
{
	(void)state;
	smartcard_free(card);
	return 0;
}

/* A directory of this class, in the file of the application with this last byte. */
static struct writer *
add_directory(enum pkcs15_class class, uint8_t number)
{
	const struct pkcs15_directory directory = {.class = class,
						   .path = FILE_PATH(APPLICATION, 0x44, number)};
	char path[16];

	snprintf(path, sizeof(path), "3F00501544%02X", number);
	assert_true(pkcs15_encode_directory(&directory, file("3F0050155031")));
	return add_file(path);
}

static void
bind_card(void)
{
	assert_int_equal(smartcard_bind(&channel, NULL, &card), SMARTCARD_OK);
	assert_string_equal(smartcard_driver_name(card), "pkcs15");
}

static struct pkcs15_key
key_of(enum pkcs15_key_kind kind, const char *label, uint8_t algorithm)
{
	struct pkcs15_key key = {
	    .kind = kind,
	    .id = ID(0x45),
	    .usage = PKCS15_USAGE_SIGN | PKCS15_USAGE_DERIVE,
	    .has_reference = true,
	    .reference = 1,
	    .path = {.kind = PKCS15_PATH_FILE},
	    .bits = kind == PKCS15_KEY_EC ? 256 : 2048,
	};

	snprintf(key.common.label, sizeof(key.common.label), "%s", label);
	key.algorithms[0] = algorithm;
	key.algorithms_count = algorithm != 0 ? 1 : 0;
	return key;
}

static void
add_key(struct writer *directory, enum pkcs15_key_kind kind, const char *label, uint8_t algorithm)
{
	const struct pkcs15_key key = key_of(kind, label, algorithm);

	assert_true(pkcs15_encode_key(&key, directory));
}

static void
the_application_of_ef_dir_is_entered_by_its_path(void **state)
{
	(void)state;
	add_key(add_directory(PKCS15_PRIVATE_KEYS, 2), PKCS15_KEY_RSA, "k", 0);
	bind_card();
	assert_string_equal(card->label, "Card of files");
	assert_string_equal(card->serial, "1234");
	assert_int_equal(card->private_keys_count, 1);
	assert_false(was_sent("00A404")); /* by name */
}

static void
historical_bytes_that_are_not_compact_tlv_announce_no_ef_dir(void **state)
{
	(void)state;
	channel.atr = BYTES(ATR_NO_TLV);
	add_key(add_directory(PKCS15_PRIVATE_KEYS, 2), PKCS15_KEY_RSA, "k", 0);
	bind_card();
	assert_true(was_sent("00A404"));
	assert_int_equal(card->private_keys_count, 1);
	assert_int_equal(strncmp(commands[0], "00A404", 6), 0);
}

static void
historical_bytes_that_are_cut_off_announce_no_ef_dir(void **state)
{
	(void)state;
	channel.atr = BYTES(ATR_CUT);
	add_key(add_directory(PKCS15_PRIVATE_KEYS, 2), PKCS15_KEY_RSA, "k", 0);
	bind_card();
	assert_int_equal(strncmp(commands[0], "00A404", 6), 0);
}

static void
a_card_without_the_ef_dir_that_it_announces_is_left_alone(void **state)
{
	(void)state;
	files[2].path = hex("3F002F01");
	assert_int_equal(smartcard_bind(&channel, NULL, &card), SMARTCARD_UNKNOWN);
	assert_null(card);
}

/* Without EF.DIR the application has a name and no path. */
static void
relative_paths_are_those_of_the_application_that_was_selected_by_name(void **state)
{
	struct pkcs15_data object = {
	    .common = {.label = "here"}, .application = "Test", .path = FILE_PATH(0x60, 0x01)};
	struct writer *directory = add_directory(PKCS15_DATA_OBJECTS, 6);

	(void)state;
	channel.atr = BYTES(ATR_CUT);
	assert_true(pkcs15_encode_data(&object, directory));
	object.path = (struct pkcs15_path)FILE_PATH(0x60, 0x02);
	assert_true(pkcs15_encode_data(&object, directory));
	object.path = (struct pkcs15_path)FILE_PATH(0x60, 0x01, 0x02);
	assert_true(pkcs15_encode_data(&object, directory));
	writer_put(add_file("3F0050156001"), BYTES_TEXT("remember"));
	bind_card();
	assert_int_equal(smartcard_find_data(card), SMARTCARD_OK);
	assert_int_equal(card->data_count, 3);
	assert_int_equal(smartcard_read_data(card, 0), SMARTCARD_OK);
	assert_int_equal(card->data[0].content_len, 8);
	assert_int_equal(smartcard_read_data(card, 1), SMARTCARD_REFUSED);  /* not there */
	assert_int_equal(smartcard_read_data(card, 2), SMARTCARD_PROTOCOL); /* half an identifier */
}

static void
an_ef_dir_without_an_application_of_the_kind_leaves_the_card_alone(void **state)
{
	static const struct pkcs15_application foreign = {.aid = {0xA0, 0, 0, 0, 3}, .aid_len = 5};

	(void)state;
	file("3F002F00")->len = 0;
	assert_true(pkcs15_encode_application(&foreign, file("3F002F00")));
	assert_int_equal(smartcard_bind(&channel, NULL, &card), SMARTCARD_UNKNOWN);
	assert_null(card);
}

static void
a_card_info_that_is_none_is_an_error_of_the_card(void **state)
{
	(void)state;
	file("3F0050155032")->len = 0;
	writer_put(file("3F0050155032"), BYTES_TEXT("\x30\x03\x02\x01\x01"));
	assert_int_equal(smartcard_bind(&channel, NULL, &card), SMARTCARD_PROTOCOL);
	assert_null(card);
}

static struct smartcard_abilities
abilities(const char *label)
{
	for (size_t i = 0; i < card->private_keys_count; i++) {
		if (strcmp(card->private_keys[i].object.common.label, label) != 0)
			continue;
		assert_int_equal(smartcard_find_abilities(card, i), SMARTCARD_OK);
		return card->private_keys[i].abilities;
	}
	fail_msg("no key %s", label);
	return (struct smartcard_abilities){.ecdh = false};
}

static void
a_key_does_what_the_algorithms_that_it_lists_do(void **state)
{
	struct writer *keys = add_directory(PKCS15_PRIVATE_KEYS, 2);

	(void)state;
	add_key(keys, PKCS15_KEY_RSA, "rsa", 1);
	add_key(keys, PKCS15_KEY_RSA, "rsa without", 9);
	add_key(keys, PKCS15_KEY_EC, "signs", 2);
	add_key(keys, PKCS15_KEY_EC, "agrees", 3);
	add_key(keys, PKCS15_KEY_EC, "says nothing", 0);
	bind_card();
	assert_true(abilities("rsa").pkcs1_any);
	assert_false(abilities("rsa").decipher_pkcs1);
	assert_false(abilities("rsa without").pkcs1_any);
	assert_true(abilities("signs").ecdsa && !abilities("signs").ecdh);
	assert_true(abilities("agrees").ecdh && !abilities("agrees").ecdsa);
	assert_true(abilities("says nothing").ecdsa && abilities("says nothing").ecdh);
}

static void
what_no_algorithm_of_the_card_does_is_not_tried(void **state)
{
	uint8_t block[256] = {0}, data[256];
	struct writer output = writer_to(data, sizeof(data));

	(void)state;
	add_key(add_directory(PKCS15_PRIVATE_KEYS, 2), PKCS15_KEY_RSA, "rsa", 1);
	bind_card();
	commands_count = 0;
	assert_int_equal(smartcard_use_key(card, 0, SMARTCARD_DECIPHER_PKCS1, DIGEST_SHA256,
					   BYTES(block), &output),
			 SMARTCARD_UNSUPPORTED);
	assert_int_equal(
	    smartcard_use_key(card, 0, SMARTCARD_SIGN_RAW, DIGEST_SHA256, BYTES(block), &output),
	    SMARTCARD_UNSUPPORTED);
	assert_int_equal(commands_count, 0);
}

/* ISO/IEC 7816-4 clause 7.5.6: a reference with bit 8 is that of the current DF. */
static void
a_pin_of_a_df_is_verified_in_that_df(void **state)
{
	struct pkcs15_pin pin = {.common = {.label = "elsewhere"},
				 .id = ID(0x01),
				 .type = PKCS15_PIN_ASCII_NUMERIC,
				 .flags = PKCS15_PIN_LOCAL | PKCS15_PIN_INITIALIZED,
				 .min_len = 4,
				 .stored_len = 8,
				 .has_reference = true,
				 .reference = 0x81,
				 .path = FILE_PATH(0x3F, 0x00, 0x60, 0x00)};
	struct writer *pins = add_directory(PKCS15_AUTHENTICATION_OBJECTS, 1);

	(void)state;
	(void)add_file("3F006000");
	assert_true(pkcs15_encode_pin(&pin, pins));
	pin.path = (struct pkcs15_path){.kind = PKCS15_PATH_NONE};
	assert_true(pkcs15_encode_pin(&pin, pins));
	bind_card();
	assert_int_equal(card->pins_count, 2);
	assert_int_equal(smartcard_verify(card, 0, BYTES_TEXT("1234")), SMARTCARD_OK);
	assert_bytes_hex(HEX(df), "3F006000");
	assert_int_equal(strncmp(commands[commands_count - 1], "0020", 4), 0);
	commands_count = 0;
	assert_int_equal(smartcard_verify(card, 0, BYTES_TEXT("1234")), SMARTCARD_OK);
	assert_false(was_sent("00A4")); /* it is there already */
	assert_int_equal(smartcard_verify(card, 1, BYTES_TEXT("1234")), SMARTCARD_OK);
	assert_bytes_hex(HEX(df), "3F005015");
	commands_count = 0;
	assert_int_equal(smartcard_verify(card, 1, BYTES_TEXT("1234")), SMARTCARD_OK);
	assert_false(was_sent("00A4")); /* it is there already */
}

/* Directory files say what they like; a command has room for 64 bytes of a PIN. */
static void
lengths_of_a_pin_that_contradict_each_other_are_made_to_fit(void **state)
{
	static const struct {
		uint32_t flags, min, stored, max; /* in the directory file; `max` 0: not there */
		size_t is_min, is_stored, is_max;
	} pins[] = {
	    {0, 4, 8, 12, 4, 0, 12},
	    {0, 90, 8, 100, 64, 0, 64},
	    {0, 4, 0, 0, 4, 0, 64},
	    {PKCS15_PIN_NEEDS_PADDING, 4, 8, 8, 4, 8, 8},
	    {PKCS15_PIN_NEEDS_PADDING, 10, 8, 12, 8, 8, 8},
	    {PKCS15_PIN_NEEDS_PADDING, 4, 0xFFFFFFFF, 0, 4, 64, 64},
	};
	struct writer *directory = add_directory(PKCS15_AUTHENTICATION_OBJECTS, 1);

	(void)state;
	for (size_t i = 0; i < sizeof(pins) / sizeof(pins[0]); i++) {
		const struct pkcs15_pin pin = {.common = {.label = "PIN"},
					       .id = ID(0x01),
					       .type = PKCS15_PIN_ASCII_NUMERIC,
					       .flags = pins[i].flags,
					       .min_len = pins[i].min,
					       .stored_len = pins[i].stored,
					       .has_max_len = pins[i].max != 0,
					       .max_len = pins[i].max,
					       .has_reference = true,
					       .reference = 0x01};

		assert_true(pkcs15_encode_pin(&pin, directory));
	}
	bind_card();
	assert_int_equal(card->pins_count, sizeof(pins) / sizeof(pins[0]));
	for (size_t i = 0; i < card->pins_count; i++) {
		assert_int_equal(card->pins[i].min, pins[i].is_min);
		assert_int_equal(card->pins[i].stored, pins[i].is_stored);
		assert_int_equal(card->pins[i].max, pins[i].is_max);
	}
}

static void
data_objects_are_found_and_read_when_they_are_asked_for(void **state)
{
	static const struct pkcs15_data object = {.common = {.label = "notes"},
						  .application = "Test",
						  .path = FILE_PATH(APPLICATION, 0x60, 0x01)};
	static const struct pkcs15_data nowhere = {
	    .common = {.label = "nowhere"}, .application = "Test", .path = FILE_PATH(0x3F)};

	(void)state;
	assert_true(pkcs15_encode_data(&object, add_directory(PKCS15_DATA_OBJECTS, 6)));
	assert_true(pkcs15_encode_data(&nowhere, file("3F0050154406")));
	writer_put(add_file("3F0050156001"), BYTES_TEXT("remember"));
	bind_card();
	assert_int_equal(card->data_count, 0);
	assert_int_equal(smartcard_find_data(card), SMARTCARD_OK);
	assert_int_equal(card->data_count, 2);
	assert_string_equal(card->data[0].object.common.label, "notes");
	assert_int_equal(smartcard_read_data(card, 0), SMARTCARD_OK);
	assert_true(bytes_equal((struct bytes){card->data[0].content, card->data[0].content_len},
				BYTES_TEXT("remember")));
	assert_int_equal(smartcard_read_data(card, 1), SMARTCARD_PROTOCOL);
	assert_int_equal(smartcard_read_data(card, 2), SMARTCARD_BAD_INPUT);
}

static void
a_certificate_that_is_in_no_file_is_left_out(void **state)
{
	struct pkcs15_certificate certificate = {
	    .common = {.label = "nowhere"}, .id = ID(0x45), .path = {.kind = PKCS15_PATH_NULL}};
	struct writer *directory = add_directory(PKCS15_CERTIFICATES, 4);

	(void)state;
	assert_true(pkcs15_encode_certificate(&certificate, directory));
	certificate = (struct pkcs15_certificate){.common = {.label = "here"},
						  .id = ID(0x46),
						  .path = FILE_PATH(APPLICATION, 0x43, 0x31)};
	assert_true(pkcs15_encode_certificate(&certificate, directory));
	bind_card();
	assert_int_equal(card->certificates_count, 1);
	assert_string_equal(card->certificates[0].object.common.label, "here");
}

static void
directories_of_other_kinds_and_missing_ones_are_passed_over(void **state)
{
	(void)state;
	writer_put(add_directory(PKCS15_SECRET_KEYS, 7), BYTES_TEXT("\x30\x00"));
	(void)add_directory(PKCS15_AUTHENTICATION_OBJECTS, 1);
	files_count--; /* that file is not there */
	add_key(add_directory(PKCS15_PRIVATE_KEYS, 2), PKCS15_KEY_RSA, "k", 0);
	bind_card();
	assert_int_equal(card->pins_count, 0);
	assert_int_equal(card->private_keys_count, 1);
}

static void
of_more_objects_than_a_card_can_have_the_first_are_seen(void **state)
{
	struct writer *keys = add_directory(PKCS15_PRIVATE_KEYS, 2);
	struct writer *public = add_directory(PKCS15_PUBLIC_KEYS, 3);

	(void)state;
	for (unsigned i = 0; i < SMARTCARD_OBJECTS_MAX + 1; i++) {
		add_key(keys, PKCS15_KEY_EC, "k", 0);
		add_key(public, PKCS15_KEY_EC, "k", 0);
	}
	bind_card();
	assert_int_equal(card->private_keys_count, SMARTCARD_OBJECTS_MAX);
	assert_int_equal(card->public_keys_count, SMARTCARD_OBJECTS_MAX);
}

static void
a_card_with_directories_without_end_is_refused(void **state)
{
	static const struct pkcs15_directory directory = {.class = PKCS15_PRIVATE_KEYS,
							  .path = FILE_PATH(APPLICATION, 0x44, 2)};

	(void)state;
	for (unsigned i = 0; i < SMARTCARD_OBJECTS_MAX + 1; i++)
		assert_true(pkcs15_encode_directory(&directory, file("3F0050155031")));
	assert_int_equal(smartcard_bind(&channel, NULL, &card), SMARTCARD_PROTOCOL);
	assert_null(card);
}

/*
 * Public keys in files: RFC 8017 RSAPublicKey, or SubjectPublicKeyInfo.
 */
static enum smartcard_result
read_public(struct bytes content, struct writer *spki)
{
	struct pkcs15_key key = key_of(PKCS15_KEY_EC, "public", 0);

	key.path = (struct pkcs15_path)FILE_PATH(APPLICATION, 0x45, 0x01);
	add_key(add_directory(PKCS15_PRIVATE_KEYS, 2), PKCS15_KEY_EC, "private", 0);
	assert_true(pkcs15_encode_key(&key, add_directory(PKCS15_PUBLIC_KEYS, 3)));
	writer_put(add_file("3F0050154501"), content);
	bind_card();
	assert_int_equal(card->public_keys_count, 1);
	return smartcard_read_public_key(card, 0, spki);
}

static void
a_public_key_may_be_a_subject_public_key_info(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key, &der);
	uint8_t data[512];
	struct writer spki = writer_to(data, sizeof(data));
	const struct bytes content = {der, (size_t)len};

	(void)state;
	assert_true(len > 0);
	assert_int_equal(read_public(content, &spki), SMARTCARD_OK);
	assert_true(bytes_equal(writer_bytes(&spki), content));
	OPENSSL_free(der);
	EVP_PKEY_free(key);
}

static void
assert_no_public_key(const char *content)
{
	struct hex bytes = hex(content);
	uint8_t data[512];
	struct writer spki = writer_to(data, sizeof(data));

	assert_int_equal(read_public(HEX(bytes), &spki), SMARTCARD_PROTOCOL);
	assert_int_equal(spki.len, 0);
}

static void
a_public_key_that_is_no_sequence_of_two_numbers_is_an_error(void **state)
{
	(void)state;
	assert_no_public_key("30060201030401FF");
}

static void
a_public_key_that_is_no_sequence_is_an_error(void **state)
{
	(void)state;
	assert_no_public_key("0401FF");
}

/*
 * Rules of security data objects, iasecc.md 3.4 and 4.4.
 */
static void
a_rule_of_an_object_stands_in_its_parameters_or_in_a1(void **state)
{
	struct hex alone = hex("A006 8C02 40FF 9000"), inside = hex("A006 A104 8C02 2000"),
		   none = hex("A002 9000"), empty = hex("A002 8C00"), outside = hex("8C0240FF");
	struct bytes docp, rule;

	(void)state;
	assert_true(sdo_rule(HEX(alone), &docp, &rule));
	assert_bytes_hex(docp, "8C0240FF9000");
	assert_bytes_hex(rule, "40FF");
	assert_true(sdo_rule(HEX(inside), &docp, &rule));
	assert_bytes_hex(rule, "2000");
	assert_false(sdo_rule(HEX(none), &docp, &rule));
	assert_false(sdo_rule(HEX(empty), &docp, &rule));
	assert_false(sdo_rule(HEX(outside), &docp, &rule));
}

static void
a_rule_has_a_condition_for_each_bit_of_its_first_byte(void **state)
{
	struct hex rule = hex("52 FF 00 13"), cut = hex("52 FF"), nothing = hex("");

	(void)state;
	assert_false(sdo_rule_allows(HEX(rule), 0x40)); /* never */
	assert_true(sdo_rule_allows(HEX(rule), 0x10));
	assert_true(sdo_rule_allows(HEX(rule), 0x02));
	assert_false(sdo_rule_allows(HEX(rule), 0x20)); /* not in it */
	assert_false(sdo_rule_allows(HEX(rule), 0x01));
	assert_false(sdo_rule_allows(HEX(cut), 0x10));
	assert_false(sdo_rule_allows(HEX(nothing), 0x40));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_card, free_card)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_application_of_ef_dir_is_entered_by_its_path),
	    TEST(historical_bytes_that_are_not_compact_tlv_announce_no_ef_dir),
	    TEST(historical_bytes_that_are_cut_off_announce_no_ef_dir),
	    TEST(a_card_without_the_ef_dir_that_it_announces_is_left_alone),
	    TEST(relative_paths_are_those_of_the_application_that_was_selected_by_name),
	    TEST(an_ef_dir_without_an_application_of_the_kind_leaves_the_card_alone),
	    TEST(a_card_info_that_is_none_is_an_error_of_the_card),
	    TEST(a_key_does_what_the_algorithms_that_it_lists_do),
	    TEST(what_no_algorithm_of_the_card_does_is_not_tried),
	    TEST(a_pin_of_a_df_is_verified_in_that_df),
	    TEST(lengths_of_a_pin_that_contradict_each_other_are_made_to_fit),
	    TEST(data_objects_are_found_and_read_when_they_are_asked_for),
	    TEST(a_certificate_that_is_in_no_file_is_left_out),
	    TEST(directories_of_other_kinds_and_missing_ones_are_passed_over),
	    TEST(of_more_objects_than_a_card_can_have_the_first_are_seen),
	    TEST(a_card_with_directories_without_end_is_refused),
	    TEST(a_public_key_may_be_a_subject_public_key_info),
	    TEST(a_public_key_that_is_no_sequence_of_two_numbers_is_an_error),
	    TEST(a_public_key_that_is_no_sequence_is_an_error),
	    cmocka_unit_test(a_rule_of_an_object_stands_in_its_parameters_or_in_a1),
	    cmocka_unit_test(a_rule_has_a_condition_for_each_bit_of_its_first_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
