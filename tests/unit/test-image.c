/*
 * The card image on disk.
 */
#include "test-image.h"

#include <sys/file.h>

static void
what_was_created_is_loaded(void **state)
{
	struct scene *scene = *state;
	const struct image_key *key;

	create(scene);
	assert_true(load(scene));
	assert_string_equal(scene->image.name, "mine");
	assert_string_equal(scene->image.directory, scene->card);
	assert_string_equal(scene->image.personality, "cc-v1");
	assert_string_equal(scene->image.options, "user-consent pin-tries=2");
	assert_int_equal(scene->image.serial_len, 3);
	assert_memory_equal(scene->image.serial, "\x01\x23\xAB", 3);
	assert_int_equal(scene->image.keys_count, 2);
	assert_int_equal(scene->image.authorities_count, 1);
	assert_int_equal(scene->image.counters_count, 0);
	assert_int_equal(scene->image.lock, -1);
	key = image_key(&scene->image, "sign");
	assert_non_null(key);
	assert_string_equal(key->service, "cmd");
	assert_int_equal(key->certificate_len, scene->written.keys[0].certificate_len);
	assert_memory_equal(key->certificate, scene->written.keys[0].certificate,
			    key->certificate_len);
	assert_null(image_key(&scene->image, "none"));
}

static void
only_the_owner_may_read_an_image(void **state)
{
	struct scene *scene = *state;
	mode_t before = umask(0);

	create(scene);
	(void)umask(before);
	assert_int_equal(mode_of(scene, "."), 0700);
	assert_int_equal(mode_of(scene, "keys"), 0700);
	assert_int_equal(mode_of(scene, "certificates"), 0700);
	assert_int_equal(mode_of(scene, "card.conf"), 0600);
	assert_int_equal(mode_of(scene, "certificates/sign.der"), 0600);
	assert_int_equal(mode_of(scene, "certificates/authority1.der"), 0600);
}

static void
a_card_is_not_created_over_another(void **state)
{
	struct scene *scene = *state;

	create(scene);
	set_text(scene->written.personality, "fineid-v2");
	assert_false(image_create(&scene->written, &scene->error));
	assert_non_null(strstr(scene->error.text, "there is one already"));
	assert_true(load(scene));
	assert_string_equal(scene->image.personality, "cc-v1");
}

static void
a_card_that_cannot_be_created_leaves_nothing(void **state)
{
	struct scene *scene = *state;
	char command[160];

	set_text(scene->written.personality, "no good name");
	assert_false(image_create(&scene->written, &scene->error));
	assert_non_null(strstr(scene->error.text, "no good name"));
	/* rmdir succeeds on an empty directory only. */
	(void)snprintf(command, sizeof(command), "%s/cards", scene->root);
	assert_int_equal(rmdir(command), 0);
}

/* As key files are written. */
static bool
put_a_file(void *context, const struct image *there, struct image_error *error)
{
	const bool *may = context;
	char name[PATH_MAX + 16];
	FILE *file;

	(void)snprintf(name, sizeof(name), "%s/keys/sign.pin", there->directory);
	file = fopen(name, "we");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	(void)snprintf(error->text, sizeof(error->text), "the disk is full");
	return *may;
}

static void
a_card_has_its_other_files_from_its_first_moment(void **state)
{
	struct scene *scene = *state;
	bool may = true;

	assert_true(image_create_with(&scene->written, put_a_file, &may, &scene->error));
	assert_int_equal(access(path(scene, "keys/sign.pin"), F_OK), 0);
}

static void
a_card_whose_other_files_cannot_be_written_leaves_nothing(void **state)
{
	struct scene *scene = *state;
	char cards[160];
	bool may = false;

	assert_false(image_create_with(&scene->written, put_a_file, &may, &scene->error));
	assert_string_equal(scene->error.text, "the disk is full");
	(void)snprintf(cards, sizeof(cards), "%s/cards", scene->root);
	assert_int_equal(rmdir(cards), 0);
}

static void
what_a_killed_creation_left_goes_and_what_another_is_writing_stays(void **state)
{
	struct scene *scene = *state;
	int another;

	create(scene);
	assert_int_equal(mkdir(path(scene, "../.mine.killed"), 0700), 0);
	assert_int_equal(mkdir(path(scene, "../.mine.killed/keys"), 0700), 0);
	put(scene, "../.mine.killed/keys/sign.pin", "a key");
	assert_int_equal(mkdir(path(scene, "../.mine.writes"), 0700), 0);
	another = open(path(scene, "../.mine.writes"), O_RDONLY | O_DIRECTORY);
	assert_int_equal(flock(another, LOCK_EX), 0);
	assert_int_equal(mkdir(path(scene, "../.mine2.others"), 0700), 0);
	assert_int_equal(rename(scene->card, path(scene, "../away")), 0);
	create(scene);
	assert_int_equal(access(path(scene, "../.mine.killed"), F_OK), -1);
	assert_int_equal(access(path(scene, "../.mine.writes"), F_OK), 0);
	assert_int_equal(access(path(scene, "../.mine2.others"), F_OK), 0);
	assert_int_equal(close(another), 0);
}

static void
a_card_with_impossible_values_is_not_created(void **state)
{
	struct scene *scene = *state;

	(void)strcpy(scene->written.options, "a;b");
	assert_false(image_create(&scene->written, &scene->error));
	memset(scene->written.options, 'x', 200);
	assert_false(image_create(&scene->written, &scene->error));
	scene->written.options[0] = '\0';
	scene->written.serial_len = 0;
	assert_false(image_create(&scene->written, &scene->error));
	scene->written.serial_len = IMAGE_SERIAL_MAX + 1;
	assert_false(image_create(&scene->written, &scene->error));
	scene->written.serial_len = 1;
	set_text(scene->written.keys[1].name, "sign");
	assert_false(image_create(&scene->written, &scene->error));
	set_text(scene->written.keys[1].name, "../auth");
	assert_false(image_create(&scene->written, &scene->error));
	set_text(scene->written.keys[1].name, "auth");
	assert_true(image_create(&scene->written, &scene->error));
}

static void
what_a_key_is_called_and_used_for_is_loaded(void **state)
{
	struct scene *scene = *state;
	struct image_key *key = &scene->written.keys[0];

	set_text(key->label, "Työ: allekirjoitus");
	set_text(key->certificate_label, "Työ 2026");
	key->usage = IMAGE_USAGE_DECRYPT | IMAGE_USAGE_NON_REPUDIATION;
	create(scene);
	assert_true(load(scene));
	key = &scene->image.keys[0];
	assert_string_equal(key->label, "Työ: allekirjoitus");
	assert_string_equal(key->certificate_label, "Työ 2026");
	assert_int_equal(key->usage, IMAGE_USAGE_DECRYPT | IMAGE_USAGE_NON_REPUDIATION);
	assert_string_equal(scene->image.keys[1].label, "");
	assert_int_equal(scene->image.keys[1].usage, 0);
}

static void
what_a_service_calls_a_key_and_does_with_it_is_loaded(void **state)
{
	static const char uri[] = "pkcs11:token=My%20HSM;id=%01%02;type=private";
	struct scene *scene = *state;
	struct image_key *key = &scene->written.keys[0];

	set_text(key->credential, uri);
	key->uses = 1 << KEY_SIGN_PSS | 1 << KEY_DERIVE_ECDH;
	create(scene);
	assert_true(load(scene));
	key = &scene->image.keys[0];
	assert_string_equal(key->credential, uri);
	assert_int_equal(key->uses, 1 << KEY_SIGN_PSS | 1 << KEY_DERIVE_ECDH);
	assert_int_equal(image_operations(key), key->uses);
	key->uses = 0;
	assert_int_equal(image_operations(key), 1 << KEY_SIGN_PKCS1);
	assert_string_equal(scene->image.keys[1].credential, "");
	assert_int_equal(image_operations(&scene->image.keys[1]), ~0U);
}

static void
the_longest_serial_number_is_loaded(void **state)
{
	struct scene *scene = *state;

	scene->written.serial_len = IMAGE_SERIAL_MAX;
	scene->written.serial[IMAGE_SERIAL_MAX - 1] = 0x77;
	create(scene);
	assert_true(load(scene));
	assert_int_equal(scene->image.serial_len, IMAGE_SERIAL_MAX);
	assert_int_equal(scene->image.serial[IMAGE_SERIAL_MAX - 1], 0x77);
}

/* A certificate of its own, freed with the scene's image. */
static struct image_certificate
another(const char *name, const char *key)
{
	struct image_certificate certificate = {0};

	set_text(certificate.name, name);
	set_text(certificate.key, key);
	fixture_certificate(fixture_rsa(), &certificate.certificate, &certificate.certificate_len);
	return certificate;
}

static void
add_certificate(struct scene *scene, const char *name, const char *key)
{
	struct image_certificate certificate = another(name, key);

	if (!image_add_certificate(&scene->image, &certificate, &scene->error))
		fail_msg("%s", scene->error.text);
	OPENSSL_free(certificate.certificate);
}

static void
a_further_certificate_is_added(void **state)
{
	struct scene *scene = *state;

	create(scene);
	assert_true(load(scene));
	add_certificate(scene, "old", "sign");
	add_certificate(scene, "friend", "");
	set_text(scene->image.certificates[1].label, "A friend");
	assert_true(image_update(&scene->image, &scene->error));
	assert_true(load(scene));
	assert_int_equal(scene->image.keys_count, 2);
	assert_int_equal(scene->image.certificates_count, 2);
	assert_string_equal(scene->image.certificates[0].name, "old");
	assert_string_equal(scene->image.certificates[0].key, "sign");
	assert_string_equal(scene->image.certificates[0].label, "");
	assert_string_equal(scene->image.certificates[1].key, "");
	assert_string_equal(scene->image.certificates[1].label, "A friend");
	assert_int_equal(mode_of(scene, "certificates/certificate-old.der"), 0600);
}

static void
a_key_and_an_authority_are_added(void **state)
{
	struct scene *scene = *state;
	struct image_key key = {0};

	create(scene);
	assert_true(load(scene));
	set_text(key.name, "sign2");
	set_text(key.service, "file");
	fixture_certificate(fixture_rsa(), &key.certificate, &key.certificate_len);
	assert_true(image_add_key(&scene->image, &key, &scene->error));
	assert_true(image_add_authority(&scene->image,
					(struct bytes){scene->image.authorities[0].certificate,
						       scene->image.authorities[0].certificate_len},
					&scene->error));
	assert_int_equal(scene->image.authorities_count, 1);
	assert_true(image_add_authority(&scene->image,
					(struct bytes){key.certificate, key.certificate_len - 1},
					&scene->error));
	assert_int_equal(scene->image.authorities_count, 2);
	scene->image.authorities[1].certificate_len++;
	scene->image.authorities[1].certificate[key.certificate_len - 1] =
	    key.certificate[key.certificate_len - 1];
	OPENSSL_free(key.certificate);
	assert_true(image_update(&scene->image, &scene->error));
	assert_true(load(scene));
	assert_string_equal(scene->image.keys[2].name, "sign2");
	assert_int_equal(scene->image.authorities_count, 2);
}

static void
what_is_there_or_has_no_room_is_not_added(void **state)
{
	struct scene *scene = *state;
	const struct image_key key = {.name = "sign", .service = "file"};
	struct image_certificate certificate;

	create(scene);
	assert_true(load(scene));
	assert_false(image_add_key(&scene->image, &key, &scene->error));
	assert_non_null(strstr(scene->error.text, "it has a key \"sign\" already"));
	for (int i = 0; i < IMAGE_CERTIFICATES_MAX; i++) {
		const char name[] = {(char)('a' + i), '\0'};

		add_certificate(scene, name, "");
	}
	certificate = another("i", "");
	assert_false(image_add_certificate(&scene->image, &certificate, &scene->error));
	assert_non_null(strstr(scene->error.text, "8 further certificates at most"));
	set_text(certificate.name, "a");
	assert_false(image_add_certificate(&scene->image, &certificate, &scene->error));
	assert_non_null(strstr(scene->error.text, "it has a certificate \"a\" already"));
	OPENSSL_free(certificate.certificate);
}

static void
more_keys_and_authorities_than_a_card_has_room_for_are_not_added(void **state)
{
	struct scene *scene = *state;
	uint8_t byte = 0;
	struct image_key key = {.service = "file", .certificate = &byte, .certificate_len = 1};

	create(scene);
	assert_true(load(scene));
	for (size_t i = scene->image.keys_count; i < IMAGE_KEYS_MAX; i++) {
		(void)snprintf(key.name, sizeof(key.name), "key%zu", i);
		assert_true(image_add_key(&scene->image, &key, &scene->error));
	}
	set_text(key.name, "last");
	assert_false(image_add_key(&scene->image, &key, &scene->error));
	assert_non_null(strstr(scene->error.text, "a card has 4 keys at most"));
	assert_int_equal(scene->image.keys_count, IMAGE_KEYS_MAX);
	while (scene->image.authorities_count < IMAGE_AUTHORITIES_MAX) {
		byte++;
		assert_true(
		    image_add_authority(&scene->image, (struct bytes){&byte, 1}, &scene->error));
	}
	assert_true(image_add_authority(&scene->image, (struct bytes){&byte, 1}, &scene->error));
	byte++;
	assert_false(image_add_authority(&scene->image, (struct bytes){&byte, 1}, &scene->error));
	assert_non_null(strstr(scene->error.text, "6 certificates of authorities at most"));
	assert_int_equal(scene->image.authorities_count, IMAGE_AUTHORITIES_MAX);
}

/* Files of other contents stand under each name that a certificate may have. */
static void
a_certificate_for_which_there_is_no_name_is_not_written(void **state)
{
	struct scene *scene = *state;
	struct image_certificate renewed;
	char name[64];

	create(scene);
	assert_true(load(scene));
	for (unsigned n = 2; n <= 100; n++) {
		(void)snprintf(name, sizeof(name), "certificates/sign-%u.der", n);
		put(scene, name, "another");
	}
	renewed = another("renewed", "");
	renewed.certificate[renewed.certificate_len - 1] ^= 1; /* of the signature */
	free(scene->image.keys[0].certificate);
	scene->image.keys[0].certificate = malloc(renewed.certificate_len);
	assert_non_null(scene->image.keys[0].certificate);
	memcpy(scene->image.keys[0].certificate, renewed.certificate, renewed.certificate_len);
	scene->image.keys[0].certificate_len = renewed.certificate_len;
	OPENSSL_free(renewed.certificate);
	assert_false(image_update(&scene->image, &scene->error));
	assert_non_null(strstr(scene->error.text, "there are too many certificates sign"));
	assert_true(load(scene));
	assert_memory_equal(scene->image.keys[0].certificate, scene->written.keys[0].certificate,
			    scene->written.keys[0].certificate_len);
}

/* Until card.conf is replaced the old card is whole. */
static void
a_renewed_certificate_does_not_overwrite_the_old_one(void **state)
{
	struct scene *scene = *state;
	struct image_certificate renewed;
	struct image old = {.lock = -1};
	char aside[128];

	create(scene);
	(void)snprintf(aside, sizeof(aside), "%s/aside", scene->root);
	assert_true(load(scene));
	renewed = another("renewed", "");
	renewed.certificate[renewed.certificate_len - 1] ^= 1; /* of the signature */
	free(scene->image.keys[0].certificate);
	scene->image.keys[0].certificate = malloc(renewed.certificate_len);
	memcpy(scene->image.keys[0].certificate, renewed.certificate, renewed.certificate_len);
	scene->image.keys[0].certificate_len = renewed.certificate_len;
	/* card.conf cannot be written: what follows did not happen. */
	assert_int_equal(rename(path(scene, "card.conf"), aside), 0);
	assert_int_equal(mkdir(path(scene, "card.conf"), 0700), 0);
	assert_false(image_update(&scene->image, &scene->error));
	assert_int_equal(rmdir(path(scene, "card.conf")), 0);
	assert_int_equal(rename(aside, path(scene, "card.conf")), 0);
	assert_true(image_load(&old, scene->card, &scene->error));
	assert_memory_equal(old.keys[0].certificate, scene->written.keys[0].certificate,
			    scene->written.keys[0].certificate_len);
	image_free(&old);
	assert_true(image_update(&scene->image, &scene->error));
	assert_true(load(scene));
	assert_memory_equal(scene->image.keys[0].certificate, renewed.certificate,
			    renewed.certificate_len);
	OPENSSL_free(renewed.certificate);
}

static void
an_image_with_impossible_values_is_not_written(void **state)
{
	struct scene *scene = *state;

	create(scene);
	assert_true(load(scene));
	add_certificate(scene, "../../out", "");
	assert_false(image_update(&scene->image, &scene->error));
	assert_non_null(strstr(scene->error.text, "the certificate's name"));
	assert_int_equal(access(path(scene, "../out.der"), F_OK), -1);
	assert_true(load(scene));
	add_certificate(scene, "lost", "encrypt");
	assert_false(image_update(&scene->image, &scene->error));
	assert_true(load(scene));
	assert_int_equal(scene->image.certificates_count, 0);
}

/* Else the rest of the label would be a line of card.conf. */
static void
a_label_of_two_lines_is_not_written(void **state)
{
	struct scene *scene = *state;

	set_text(scene->written.keys[0].label, "Work\nusage = decrypt");
	assert_false(image_create(&scene->written, &scene->error));
	assert_non_null(strstr(scene->error.text,
			       "a label or the credential of key \"sign\" cannot be written"));
	set_text(scene->written.keys[0].label, "");
	create(scene);
	assert_true(load(scene));
	add_certificate(scene, "old", "");
	set_text(scene->image.certificates[0].label, "Old\nkey = sign");
	assert_false(image_update(&scene->image, &scene->error));
	assert_non_null(strstr(scene->error.text, "the label of certificate \"old\""));
}

static void
options_of_two_lines_are_not_written(void **state)
{
	struct scene *scene = *state;

	set_text(scene->written.options, "user-consent\n[key other]");
	assert_false(image_create(&scene->written, &scene->error));
	assert_non_null(strstr(scene->error.text, "its options cannot be written"));
}

static void
a_path_must_be_absolute_and_end_with_the_name(void **state)
{
	struct scene *scene = *state;

	set_text(scene->written.name, "other");
	assert_false(image_create(&scene->written, &scene->error));
	assert_non_null(strstr(scene->error.text, "must be absolute"));
	set_text(scene->written.name, "../mine");
	assert_false(image_create(&scene->written, &scene->error));
	set_text(scene->written.name, "mine");
	set_text(scene->written.directory, "mine");
	assert_false(image_create(&scene->written, &scene->error));
	set_text(scene->written.directory, "/proc/none/mine");
	assert_false(image_create(&scene->written, &scene->error));
	set_text(scene->written.directory, "/dev/null/mine");
	assert_false(image_create(&scene->written, &scene->error));
}

static void
names_are_letters_digits_dash_and_underscore(void **state)
{
	char name[IMAGE_NAME_MAX + 1];

	(void)state;
	assert_true(image_name_valid("a"));
	assert_true(image_name_valid("9-card_B"));
	assert_false(image_name_valid(""));
	assert_false(image_name_valid("-a"));
	assert_false(image_name_valid("_a"));
	assert_false(image_name_valid("a.b"));
	assert_false(image_name_valid("a/b"));
	assert_false(image_name_valid("\xC3\xA4"));
	memset(name, 'a', sizeof(name));
	name[IMAGE_NAME_MAX] = '\0';
	assert_false(image_name_valid(name));
	name[IMAGE_NAME_MAX - 1] = '\0';
	assert_true(image_name_valid(name));
}

static void
a_directory_with_an_impossible_name_is_not_loaded(void **state)
{
	struct scene *scene = *state;

	assert_false(image_load(&scene->image, "/tmp/.hidden", &scene->error));
	assert_non_null(strstr(scene->error.text, ".hidden"));
	assert_false(image_load(&scene->image, "/tmp/", &scene->error));
	assert_false(image_load(&scene->image, "none", &scene->error));
}

static void
options_are_words_with_or_without_a_value(void **state)
{
	struct scene *scene = *state;
	struct image *image = &scene->written;
	char value[8];

	set_text(image->options, " pin-tries=5  loud empty= ");
	assert_true(image_option(image, "pin-tries", value, sizeof(value)));
	assert_string_equal(value, "5");
	assert_true(image_option(image, "loud", value, sizeof(value)));
	assert_string_equal(value, "");
	assert_true(image_option(image, "empty", value, sizeof(value)));
	assert_string_equal(value, "");
	assert_false(image_option(image, "pin", value, sizeof(value)));
	assert_false(image_option(image, "tries", value, sizeof(value)));
	assert_true(image_option(image, "loud", NULL, 0));
	set_text(image->options, "a=0123456789");
	assert_true(image_option(image, "a", value, sizeof(value)));
	assert_string_equal(value, "0123456");
}

static void
a_missing_card_names_its_directory(void **state)
{
	struct scene *scene = *state;

	assert_not_loaded(scene, scene->card);
}

static void
a_missing_certificate_is_named(void **state)
{
	struct scene *scene = *state;

	create(scene);
	assert_int_equal(unlink(path(scene, "certificates/sign.der")), 0);
	assert_not_loaded(scene, "certificates/sign.der: cannot be read: No such file");
}

static void
a_certificate_must_be_one_and_whole(void **state)
{
	struct scene *scene = *state;
	FILE *file;

	create(scene);
	file = fopen(path(scene, "certificates/sign.der"), "a");
	assert_non_null(file);
	assert_int_equal(fputc(0, file), 0);
	assert_int_equal(fclose(file), 0);
	assert_not_loaded(scene, "not one certificate in DER");
	put(scene, "certificates/sign.der", "");
	assert_not_loaded(scene, "not one certificate in DER");
}

static void
a_symbolic_link_is_not_followed(void **state)
{
	struct scene *scene = *state;

	create(scene);
	assert_int_equal(unlink(path(scene, "certificates/sign.der")), 0);
	assert_int_equal(symlink("auth.der", path(scene, "certificates/sign.der")), 0);
	assert_not_loaded(scene, "certificates/sign.der: cannot be read");
}

static void
a_fifo_in_the_place_of_a_file_does_not_hold(void **state)
{
	struct scene *scene = *state;

	create(scene);
	assert_int_equal(unlink(path(scene, "card.conf")), 0);
	assert_int_equal(mkfifo(path(scene, "card.conf"), 0600), 0);
	assert_not_loaded(scene, "card.conf: not a regular file");
}

static void
a_file_has_a_largest_size(void **state)
{
	struct scene *scene = *state;

	create(scene);
	assert_int_equal(truncate(path(scene, "certificates/sign.der"), 32769), 0);
	assert_not_loaded(scene, "larger than 32768 bytes");
}

static void
counters_are_saved_and_loaded(void **state)
{
	struct scene *scene = *state;
	const struct image_counter counters[] = {{"pin1", 2}, {"puk", 10}};

	create(scene);
	assert_true(load(scene));
	assert_true(image_save_counters(&scene->image, counters, 2, &scene->error));
	assert_int_equal(scene->image.counters_count, 2);
	assert_int_equal(mode_of(scene, "state"), 0600);
	assert_int_equal(access(path(scene, "state.new"), F_OK), -1);
	assert_true(load(scene));
	assert_int_equal(scene->image.counters_count, 2);
	assert_string_equal(scene->image.counters[1].name, "puk");
	assert_int_equal(scene->image.counters[1].tries_left, 10);
}

static void
a_changed_file_is_saved_and_loaded(void **state)
{
	struct scene *scene = *state;
	static const uint8_t first[] = {1, 2, 3}, second[] = {4, 5, 6};
	const struct image_file *file;

	create(scene);
	assert_true(image_save_file(&scene->written, "5F00EF07", BYTES(first), &scene->error));
	assert_true(image_save_file(&scene->written, "5F00EF07", BYTES(second), &scene->error));
	put(scene, "files/5F00EF07.new", "what an interrupted writer left");
	assert_int_equal(mode_of(scene, "files"), 0700);
	assert_int_equal(mode_of(scene, "files/5F00EF07"), 0600);
	assert_true(load(scene));
	assert_int_equal(scene->image.files_count, 1);
	file = image_file(&scene->image, "5F00EF07");
	assert_non_null(file);
	assert_true(bytes_equal((struct bytes){file->content, file->len}, BYTES(second)));
	assert_null(image_file(&scene->image, "5F00EF02"));
}

static void
a_changed_file_that_cannot_be_saved_is_an_error(void **state)
{
	struct scene *scene = *state;
	static const uint8_t content[] = {1};

	create(scene);
	assert_false(image_save_file(&scene->written, "../state", BYTES(content), &scene->error));
	assert_false(image_save_file(&scene->written, "", BYTES(content), &scene->error));
	put(scene, "files", "no directory");
	assert_false(image_save_file(&scene->written, "5F00EF07", BYTES(content), &scene->error));
	assert_non_null(strstr(scene->error.text, "/files"));
	assert_not_loaded(scene, "/files");
}

static void
what_is_no_file_of_a_card_is_named(void **state)
{
	struct scene *scene = *state;
	static const uint8_t content[] = {1};

	create(scene);
	assert_true(image_save_file(&scene->written, "5F00EF07", BYTES(content), &scene->error));
	put(scene, "files/notes.txt", "x");
	assert_not_loaded(scene, "files/notes.txt: not the name of a file of a card");
}

static void
saving_again_replaces_the_state(void **state)
{
	struct scene *scene = *state;
	struct image_counter counter = {"pin1", 2};

	create(scene);
	assert_true(load(scene));
	put(scene, "state.new", "what an interrupted writer left");
	assert_true(image_save_counters(&scene->image, &counter, 1, &scene->error));
	counter.tries_left = 1;
	assert_true(image_save_counters(&scene->image, &counter, 1, &scene->error));
	assert_true(load(scene));
	assert_int_equal(scene->image.counters[0].tries_left, 1);
}

static void
counters_that_cannot_be_saved_are_an_error(void **state)
{
	struct scene *scene = *state;
	const struct image_counter counters[IMAGE_COUNTERS_MAX + 1] = {{"pin1", 2}};

	create(scene);
	assert_true(load(scene));
	assert_false(
	    image_save_counters(&scene->image, counters, IMAGE_COUNTERS_MAX + 1, &scene->error));
	/* A directory in its place: rename() cannot replace it, for root neither. */
	assert_int_equal(mkdir(path(scene, "state"), 0700), 0);
	assert_false(image_save_counters(&scene->image, counters, 1, &scene->error));
	assert_non_null(strstr(scene->error.text, "state: cannot be written"));
	assert_int_equal(access(path(scene, "state.new"), F_OK), -1);
	assert_int_equal(scene->image.counters_count, 0);
	assert_not_loaded(scene, "state: not a regular file");
}

static void
a_broken_state_is_refused(void **state)
{
	struct scene *scene = *state;

	create(scene);
	put(scene, "state", "");
	assert_not_loaded(scene, "is empty or has no format");
	put(scene, "state", "[counters]\npin1 = 3\n");
	assert_not_loaded(scene, "state:2: ");
	put(scene, "state", "[state]\nformat = 2\n");
	assert_not_loaded(scene, "install a newer Vicar");
	put(scene, "state", "[state]\nformat = 1\n[counters]\npin1 = x\n");
	assert_not_loaded(scene, "number of tries left");
	put(scene, "state", "[state]\nformat = 1\n[counters]\npin1 = 1\npin1 = 3\n");
	assert_not_loaded(scene, "given twice");
	put(scene, "state",
	    "[state]\nformat=1\n[counters]\na=1\nb=1\nc=1\nd=1\ne=1\nf=1\ng=1\nh=1\ni=1\n");
	assert_not_loaded(scene, "8 counters");
}

static void
the_lock_is_held_once_and_names_its_holder(void **state)
{
	struct scene *scene = *state;
	struct image second;
	int holder = 1;

	create(scene);
	assert_true(load(scene));
	assert_true(image_lock(&scene->image, &holder, &scene->error));
	assert_int_equal(holder, 0);
	assert_true(image_load(&second, scene->card, &scene->error));
	assert_false(image_lock(&second, &holder, &scene->error));
	assert_int_equal(holder, getpid());
	assert_non_null(strstr(scene->error.text, "vicar remove mine"));
	image_free(&scene->image);
	assert_true(image_lock(&second, &holder, &scene->error));
	image_free(&second);
}

static void
the_lock_outlives_a_saved_counter(void **state)
{
	struct scene *scene = *state;
	const struct image_counter counter = {"pin1", 2};
	struct image second;
	int holder;

	create(scene);
	assert_true(load(scene));
	assert_true(image_lock(&scene->image, &holder, &scene->error));
	assert_true(image_save_counters(&scene->image, &counter, 1, &scene->error));
	assert_true(image_load(&second, scene->card, &scene->error));
	assert_false(image_lock(&second, &holder, &scene->error));
	image_free(&second);
}

static void
a_lock_that_cannot_be_opened_is_an_error(void **state)
{
	struct scene *scene = *state;
	int holder;

	create(scene);
	assert_true(load(scene));
	assert_int_equal(symlink("card.conf", path(scene, "lock")), 0);
	assert_false(image_lock(&scene->image, &holder, &scene->error));
	assert_non_null(strstr(scene->error.text, "lock: cannot be opened"));
	assert_int_equal(holder, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    image_test(what_was_created_is_loaded),
	    image_test(only_the_owner_may_read_an_image),
	    image_test(a_card_is_not_created_over_another),
	    image_test(a_card_that_cannot_be_created_leaves_nothing),
	    image_test(a_card_has_its_other_files_from_its_first_moment),
	    image_test(a_card_whose_other_files_cannot_be_written_leaves_nothing),
	    image_test(what_a_killed_creation_left_goes_and_what_another_is_writing_stays),
	    image_test(a_card_with_impossible_values_is_not_created),
	    image_test(what_a_key_is_called_and_used_for_is_loaded),
	    image_test(what_a_service_calls_a_key_and_does_with_it_is_loaded),
	    image_test(the_longest_serial_number_is_loaded),
	    image_test(a_further_certificate_is_added),
	    image_test(a_key_and_an_authority_are_added),
	    image_test(what_is_there_or_has_no_room_is_not_added),
	    image_test(more_keys_and_authorities_than_a_card_has_room_for_are_not_added),
	    image_test(a_certificate_for_which_there_is_no_name_is_not_written),
	    image_test(a_renewed_certificate_does_not_overwrite_the_old_one),
	    image_test(an_image_with_impossible_values_is_not_written),
	    image_test(a_label_of_two_lines_is_not_written),
	    image_test(options_of_two_lines_are_not_written),
	    image_test(a_path_must_be_absolute_and_end_with_the_name),
	    image_test(names_are_letters_digits_dash_and_underscore),
	    image_test(a_directory_with_an_impossible_name_is_not_loaded),
	    image_test(options_are_words_with_or_without_a_value),
	    image_test(a_missing_card_names_its_directory),
	    image_test(a_missing_certificate_is_named),
	    image_test(a_certificate_must_be_one_and_whole),
	    image_test(a_symbolic_link_is_not_followed),
	    image_test(a_fifo_in_the_place_of_a_file_does_not_hold),
	    image_test(a_file_has_a_largest_size),
	    image_test(counters_are_saved_and_loaded),
	    image_test(a_changed_file_is_saved_and_loaded),
	    image_test(a_changed_file_that_cannot_be_saved_is_an_error),
	    image_test(what_is_no_file_of_a_card_is_named),
	    image_test(saving_again_replaces_the_state),
	    image_test(counters_that_cannot_be_saved_are_an_error),
	    image_test(a_broken_state_is_refused),
	    image_test(the_lock_is_held_once_and_names_its_holder),
	    image_test(the_lock_outlives_a_saved_counter),
	    image_test(a_lock_that_cannot_be_opened_is_an_error),
	};

	return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
