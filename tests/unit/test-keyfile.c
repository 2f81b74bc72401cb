#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmdbridge/keyfile.h"
#include "iso7816/digestinfo.h"

#include <dirent.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MODULUS = 256 };

#define PIN BYTES_TEXT("1234")
#define PUK BYTES_TEXT("12345678")

struct fixture {
	char directory[64];
	char path[96];
	char other[96];
	EVP_PKEY *key;
	char error[KEYFILE_ERROR_MAX];
	uint8_t room[MODULUS];
	struct writer output;
};

static struct fixture f;

static int
make_key(void **state)
{
	(void)state;
	strcpy(f.directory, "/tmp/vicar-keyfile-XXXXXX");
	if (!mkdtemp(f.directory) || !(f.key = EVP_RSA_gen(MODULUS * 8)))
		return -1;
	snprintf(f.path, sizeof(f.path), "%s/sign.pin", f.directory);
	snprintf(f.other, sizeof(f.other), "%s/sign.puk", f.directory);
	return 0;
}

static int
remove_key(void **state)
{
	(void)state;
	EVP_PKEY_free(f.key);
	return rmdir(f.directory);
}

static int
wrap(void **state)
{
	(void)state;
	f.output = writer_to(f.room, sizeof(f.room));
	return keyfile_create(f.path, f.key, PIN, f.error) == KEYFILE_OK ? 0 : -1;
}

static int
unwrap(void **state)
{
	(void)state;
	unlink(f.other);
	return unlink(f.path);
}

static enum keyfile_result
open_and_use(const char *path, struct bytes secret, enum keyfile_operation operation,
	     enum digest digest, struct bytes input)
{
	EVP_PKEY *key = NULL;
	enum keyfile_result result = keyfile_open(path, secret, &key, f.error);

	if (result == KEYFILE_OK)
		result = keyfile_use(path, key, operation, digest, input, &f.output, f.error);
	EVP_PKEY_free(key);
	return result;
}

static enum keyfile_result
use(enum keyfile_operation operation, struct bytes input)
{
	return open_and_use(f.path, PIN, operation, DIGEST_SHA256, input);
}

/* The public key's view of `block`, by OpenSSL. */
static size_t public(int padding, bool encrypt, struct bytes in, uint8_t *out)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(f.key, NULL);
	size_t len = MODULUS;

	if (encrypt) {
		assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, padding), 1);
		assert_int_equal(EVP_PKEY_encrypt(context, out, &len, in.data, in.len), 1);
	} else {
		assert_int_equal(EVP_PKEY_verify_recover_init(context), 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, padding), 1);
		assert_int_equal(EVP_PKEY_verify_recover(context, out, &len, in.data, in.len), 1);
	}
	EVP_PKEY_CTX_free(context);
	return len;
}

static void
the_pin_opens_the_key(void **state)
{
	(void)state;
	assert_int_equal(keyfile_check(f.path, PIN, f.error), KEYFILE_OK);
}

static void
another_pin_does_not(void **state)
{
	(void)state;
	assert_int_equal(keyfile_check(f.path, BYTES_TEXT("1235"), f.error), KEYFILE_WRONG_PIN);
	assert_non_null(strstr(f.error, f.path));
}

static void
an_empty_pin_does_not(void **state)
{
	(void)state;
	assert_int_equal(keyfile_check(f.path, BYTES_NONE, f.error), KEYFILE_WRONG_PIN);
}

static void
a_key_without_a_secret_is_not_written(void **state)
{
	(void)state;
	assert_int_equal(keyfile_create(f.other, f.key, BYTES_NONE, f.error), KEYFILE_BROKEN);
	assert_int_equal(access(f.other, F_OK), -1);
}

static void
only_the_owner_may_read_the_file(void **state)
{
	struct stat about;

	(void)state;
	assert_int_equal(stat(f.path, &about), 0);
	assert_int_equal(about.st_mode & 07777, 0600);
}

static void
nothing_is_left_beside_the_file(void **state)
{
	DIR *directory = opendir(f.directory);
	unsigned files = 0;

	(void)state;
	for (const struct dirent *entry; (entry = readdir(directory));)
		files += entry->d_name[0] != '.';
	closedir(directory);
	assert_int_equal(files, 1);
}

/* By a process that was killed in a change. */
static void
what_was_left_beside_the_file_goes_with_the_next_change(void **state)
{
	char beside[sizeof(f.path) + sizeof(".new")];
	FILE *left;

	snprintf(beside, sizeof(beside), "%s.new", f.path);
	left = fopen(beside, "w");
	assert_non_null(left);
	fclose(left);
	assert_int_equal(keyfile_rewrap(f.path, PIN, f.path, PUK, f.error), KEYFILE_OK);
	assert_int_equal(keyfile_check(f.path, PUK, f.error), KEYFILE_OK);
	nothing_is_left_beside_the_file(state);
}

static void
a_file_that_is_there_is_not_overwritten(void **state)
{
	EVP_PKEY *another = EVP_RSA_gen(MODULUS * 8);

	(void)state;
	assert_int_equal(keyfile_create(f.path, another, PUK, f.error), KEYFILE_BROKEN);
	assert_int_equal(keyfile_check(f.path, PIN, f.error), KEYFILE_OK);
	EVP_PKEY_free(another);
}

/* DER of PBES2 (1.2.840.113549.1.5.13, RFC 8018 A.4), id-scrypt (1.3.6.1.4.1.11591.4.11, RFC 7914 7)
 * and N = 16384, r = 8, p = 1. */
static void
the_file_is_pkcs8_with_scrypt(void **state)
{
	static const uint8_t pbes2[] = {0x06, 0x09, 0x2A, 0x86, 0x48, 0x86,
					0xF7, 0x0D, 0x01, 0x05, 0x0D};
	static const uint8_t scrypt[] = {0x06, 0x09, 0x2B, 0x06, 0x01, 0x04,
					 0x01, 0xDA, 0x47, 0x04, 0x0B};
	static const uint8_t costs[] = {0x02, 0x02, 0x40, 0x00, 0x02, 0x01, 0x08, 0x02, 0x01, 0x01};
	uint8_t file[4096];
	int fd = open(f.path, O_RDONLY);
	size_t len = (size_t)read(fd, file, sizeof(file));

	(void)state;
	close(fd);
	assert_int_equal(file[0], 0x30);
	assert_non_null(memmem(file, len, pbes2, sizeof(pbes2)));
	assert_non_null(memmem(file, len, scrypt, sizeof(scrypt)));
	assert_non_null(memmem(file, len, costs, sizeof(costs)));
}

static void
a_file_written_by_openssl_as_pem_is_read(void **state)
{
	char command[512];

	(void)state;
	snprintf(command, sizeof(command),
		 "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 2>/dev/null |"
		 " openssl pkcs8 -topk8 -scrypt -passout pass:1234 -out %s",
		 f.other);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a fixed command */
	assert_int_equal(keyfile_check(f.other, PIN, f.error), KEYFILE_OK);
	assert_int_equal(keyfile_check(f.other, PUK, f.error), KEYFILE_WRONG_PIN);
}

static void
a_file_with_a_cheap_kdf_is_refused(void **state)
{
	FILE *file = fopen(f.other, "w");

	(void)state;
	assert_int_equal(
	    PEM_write_PKCS8PrivateKey(file, f.key, EVP_aes_256_cbc(), "1234", 4, NULL, NULL), 1);
	fclose(file);
	assert_int_equal(keyfile_check(f.other, PIN, f.error), KEYFILE_BROKEN);
	assert_non_null(strstr(f.error, "scrypt"));
}

static void
a_missing_file_is_broken_and_says_so(void **state)
{
	(void)state;
	assert_int_equal(keyfile_check(f.other, PIN, f.error), KEYFILE_BROKEN);
	assert_non_null(strstr(f.error, "No such file"));
}

static void
a_cut_file_is_broken(void **state)
{
	(void)state;
	assert_int_equal(truncate(f.path, 100), 0);
	assert_int_equal(keyfile_check(f.path, PIN, f.error), KEYFILE_BROKEN);
}

static void
a_pkcs1_signature_gives_its_digestinfo_back(void **state)
{
	uint8_t value[32] = {0xAB}, info[DIGESTINFO_LEN_MAX], out[MODULUS];
	struct writer writer = writer_to(info, sizeof(info));

	(void)state;
	assert_true(digestinfo_build(DIGEST_SHA256, BYTES(value), &writer));
	assert_int_equal(use(KEYFILE_SIGN_PKCS1, writer_bytes(&writer)), KEYFILE_OK);
	assert_int_equal(f.output.len, MODULUS);
	assert_int_equal(public(RSA_PKCS1_PADDING, false, writer_bytes(&f.output), out),
			 writer.len);
	assert_memory_equal(out, info, writer.len);
}

/* RFC 8017 9.2: at least eight padding bytes, so k - 11 at most. */
static void
too_much_for_pkcs1_is_bad_input(void **state)
{
	static const uint8_t large[MODULUS - 10];

	(void)state;
	assert_int_equal(use(KEYFILE_SIGN_PKCS1, BYTES(large)), KEYFILE_BAD_INPUT);
	assert_int_equal(use(KEYFILE_SIGN_PKCS1, (struct bytes){large, MODULUS - 11}), KEYFILE_OK);
}

static void
a_raw_signature_is_the_power_of_its_block(void **state)
{
	uint8_t block[MODULUS] = {0x00, 0x01, 0x55}, out[MODULUS];

	(void)state;
	assert_int_equal(use(KEYFILE_SIGN_RAW, BYTES(block)), KEYFILE_OK);
	assert_int_equal(public(RSA_NO_PADDING, false, writer_bytes(&f.output), out), MODULUS);
	assert_memory_equal(out, block, MODULUS);
}

static void
a_raw_block_of_another_length_is_bad_input(void **state)
{
	static const uint8_t block[MODULUS + 1];

	(void)state;
	assert_int_equal(use(KEYFILE_SIGN_RAW, BYTES(block)), KEYFILE_BAD_INPUT);
	assert_int_equal(use(KEYFILE_SIGN_RAW, (struct bytes){block, MODULUS - 1}),
			 KEYFILE_BAD_INPUT);
}

static void
a_raw_block_beyond_the_modulus_is_bad_input(void **state)
{
	uint8_t block[MODULUS];

	(void)state;
	memset(block, 0xFF, sizeof(block));
	assert_int_equal(use(KEYFILE_SIGN_RAW, BYTES(block)), KEYFILE_BAD_INPUT);
}

static void
a_cryptogram_is_deciphered(void **state)
{
	uint8_t cryptogram[MODULUS];

	(void)state;
	assert_int_equal(public(RSA_PKCS1_PADDING, true, BYTES_TEXT("key"), cryptogram), MODULUS);
	assert_int_equal(use(KEYFILE_DECIPHER_PKCS1, BYTES(cryptogram)), KEYFILE_OK);
	assert_int_equal(f.output.len, 3);
	assert_memory_equal(f.output.data, "key", 3);
}

/* Also where OpenSSL would answer with a random message instead (3.2 and newer). */
static void
wrong_padding_is_bad_input(void **state)
{
	uint8_t block[MODULUS] = {0x00, 0x03}, cryptogram[MODULUS];

	(void)state;
	assert_int_equal(public(RSA_NO_PADDING, true, BYTES(block), cryptogram), MODULUS);
	assert_int_equal(use(KEYFILE_DECIPHER_PKCS1, BYTES(cryptogram)), KEYFILE_BAD_INPUT);
	assert_int_equal(f.output.len, 0);
}

static void
raw_deciphering_keeps_the_padding(void **state)
{
	uint8_t block[MODULUS] = {0x00, 0x02, 0x11}, cryptogram[MODULUS];

	(void)state;
	assert_int_equal(public(RSA_NO_PADDING, true, BYTES(block), cryptogram), MODULUS);
	assert_int_equal(use(KEYFILE_DECIPHER_RAW, BYTES(cryptogram)), KEYFILE_OK);
	assert_int_equal(f.output.len, MODULUS);
	assert_memory_equal(f.output.data, block, MODULUS);
}

static void
no_use_without_the_pin(void **state)
{
	(void)state;
	assert_int_equal(
	    open_and_use(f.path, PUK, KEYFILE_SIGN_PKCS1, DIGEST_SHA256, BYTES_TEXT("x")),
	    KEYFILE_WRONG_PIN);
	assert_int_equal(f.output.len, 0);
}

static void
after_a_change_only_the_new_pin_opens(void **state)
{
	(void)state;
	assert_int_equal(keyfile_rewrap(f.path, PIN, f.path, BYTES_TEXT("9999"), f.error),
			 KEYFILE_OK);
	assert_int_equal(keyfile_check(f.path, BYTES_TEXT("9999"), f.error), KEYFILE_OK);
	assert_int_equal(keyfile_check(f.path, PIN, f.error), KEYFILE_WRONG_PIN);
}

static void
the_puk_puts_a_new_pin_in_place(void **state)
{
	(void)state;
	assert_int_equal(keyfile_create(f.other, f.key, PUK, f.error), KEYFILE_OK);
	assert_int_equal(keyfile_rewrap(f.other, PUK, f.path, BYTES_TEXT("5678"), f.error),
			 KEYFILE_OK);
	assert_int_equal(keyfile_check(f.path, BYTES_TEXT("5678"), f.error), KEYFILE_OK);
	assert_int_equal(keyfile_check(f.other, PUK, f.error), KEYFILE_OK);
}

static void
a_change_with_a_wrong_pin_changes_nothing(void **state)
{
	(void)state;
	assert_int_equal(keyfile_rewrap(f.path, PUK, f.path, BYTES_TEXT("9999"), f.error),
			 KEYFILE_WRONG_PIN);
	assert_int_equal(keyfile_check(f.path, PIN, f.error), KEYFILE_OK);
}

static void
an_ec_key_is_kept_and_used(void **state)
{
	static const uint8_t hash[48] = {0x01};
	EVP_PKEY *key = EVP_EC_gen("P-384");

	(void)state;
	assert_int_equal(keyfile_create(f.other, key, PIN, f.error), KEYFILE_OK);
	assert_int_equal(open_and_use(f.other, PIN, KEYFILE_SIGN_ECDSA, DIGEST_SHA384, BYTES(hash)),
			 KEYFILE_OK);
	assert_int_equal(f.output.len, 96);
	EVP_PKEY_free(key);
}

static void
a_key_of_an_unknown_curve_is_broken_and_says_which_are_known(void **state)
{
	static const uint8_t hash[32] = {0x01};
	EVP_PKEY *key = EVP_EC_gen("secp256k1");

	(void)state;
	assert_int_equal(keyfile_create(f.other, key, PIN, f.error), KEYFILE_OK);
	assert_int_equal(open_and_use(f.other, PIN, KEYFILE_SIGN_ECDSA, DIGEST_SHA256, BYTES(hash)),
			 KEYFILE_BROKEN);
	assert_non_null(strstr(f.error, "P-256"));
	EVP_PKEY_free(key);
}

/* A key on P-384 that shares the PIN of f.key. */
static EVP_PKEY *
share(const char *name)
{
	EVP_PKEY *key = EVP_EC_gen("P-384");

	assert_int_equal(keyfile_create_shared(f.other, name, key, f.key, f.error), KEYFILE_OK);
	return key;
}

static enum keyfile_result
use_shared(const char *name, struct bytes pin)
{
	static const uint8_t hash[48] = {0x01};
	EVP_PKEY *key = NULL;
	enum keyfile_result result = keyfile_open_shared(f.other, name, f.path, pin, &key, f.error);

	f.output = writer_to(f.room, sizeof(f.room));
	if (result == KEYFILE_OK)
		result = keyfile_use(f.other, key, KEYFILE_SIGN_ECDSA, DIGEST_SHA384, BYTES(hash),
				     &f.output, f.error);
	EVP_PKEY_free(key);
	return result;
}

static void
the_leading_keys_pin_opens_a_shared_key(void **state)
{
	(void)state;
	EVP_PKEY_free(share("sign2"));
	assert_int_equal(use_shared("sign2", PIN), KEYFILE_OK);
	assert_int_equal(f.output.len, 96);
}

static void
another_pin_does_not_open_a_shared_key(void **state)
{
	(void)state;
	EVP_PKEY_free(share("sign2"));
	assert_int_equal(use_shared("sign2", PUK), KEYFILE_WRONG_PIN);
	assert_int_equal(f.output.len, 0);
}

/* Its file is as it was: one file is all that a change of the PIN replaces. */
static void
after_a_change_the_new_pin_opens_the_shared_key(void **state)
{
	struct stat before, after;

	(void)state;
	EVP_PKEY_free(share("sign2"));
	assert_int_equal(stat(f.other, &before), 0);
	assert_int_equal(keyfile_rewrap(f.path, PIN, f.path, BYTES_TEXT("9999"), f.error),
			 KEYFILE_OK);
	assert_int_equal(stat(f.other, &after), 0);
	assert_int_equal(after.st_ino, before.st_ino);
	assert_int_equal(use_shared("sign2", PIN), KEYFILE_WRONG_PIN);
	assert_int_equal(use_shared("sign2", BYTES_TEXT("9999")), KEYFILE_OK);
}

static void
an_ec_key_leads_too(void **state)
{
	EVP_PKEY *leading = EVP_EC_gen("P-256"), *opened = NULL;

	(void)state;
	assert_int_equal(unlink(f.path), 0);
	assert_int_equal(keyfile_create(f.path, leading, PIN, f.error), KEYFILE_OK);
	assert_int_equal(keyfile_open(f.path, PIN, &opened, f.error), KEYFILE_OK);
	assert_int_equal(keyfile_create_shared(f.other, "sign2", leading, opened, f.error),
			 KEYFILE_OK);
	assert_int_equal(use_shared("sign2", PIN), KEYFILE_OK);
	EVP_PKEY_free(leading);
	EVP_PKEY_free(opened);
}

static void
a_shared_key_under_another_name_or_leading_key_is_broken(void **state)
{
	EVP_PKEY *another = EVP_EC_gen("P-256");

	(void)state;
	EVP_PKEY_free(share("sign2"));
	assert_int_equal(use_shared("sign3", PIN), KEYFILE_BROKEN);
	assert_non_null(strstr(f.error, "shares its PIN"));
	assert_int_equal(unlink(f.path), 0);
	assert_int_equal(keyfile_create(f.path, another, PIN, f.error), KEYFILE_OK);
	assert_int_equal(use_shared("sign2", PIN), KEYFILE_BROKEN);
	EVP_PKEY_free(another);
}

/* A PIN's file is never as cheap to try as a shared key's, whose secret nobody can guess. */
static void
a_shared_key_does_not_stand_for_a_pins_file(void **state)
{
	(void)state;
	EVP_PKEY_free(share("sign2"));
	assert_int_equal(keyfile_check(f.other, PIN, f.error), KEYFILE_BROKEN);
	assert_non_null(strstr(f.error, "N 16384"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, wrap, unwrap)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_leading_keys_pin_opens_a_shared_key),
	    TEST(another_pin_does_not_open_a_shared_key),
	    TEST(after_a_change_the_new_pin_opens_the_shared_key),
	    TEST(an_ec_key_leads_too),
	    TEST(a_shared_key_under_another_name_or_leading_key_is_broken),
	    TEST(a_shared_key_does_not_stand_for_a_pins_file),
	    TEST(the_pin_opens_the_key),
	    TEST(another_pin_does_not),
	    TEST(an_empty_pin_does_not),
	    TEST(a_key_without_a_secret_is_not_written),
	    TEST(only_the_owner_may_read_the_file),
	    TEST(nothing_is_left_beside_the_file),
	    TEST(what_was_left_beside_the_file_goes_with_the_next_change),
	    TEST(a_file_that_is_there_is_not_overwritten),
	    TEST(the_file_is_pkcs8_with_scrypt),
	    TEST(a_file_written_by_openssl_as_pem_is_read),
	    TEST(a_file_with_a_cheap_kdf_is_refused),
	    TEST(a_missing_file_is_broken_and_says_so),
	    TEST(a_cut_file_is_broken),
	    TEST(a_pkcs1_signature_gives_its_digestinfo_back),
	    TEST(too_much_for_pkcs1_is_bad_input),
	    TEST(a_raw_signature_is_the_power_of_its_block),
	    TEST(a_raw_block_of_another_length_is_bad_input),
	    TEST(a_raw_block_beyond_the_modulus_is_bad_input),
	    TEST(a_cryptogram_is_deciphered),
	    TEST(wrong_padding_is_bad_input),
	    TEST(raw_deciphering_keeps_the_padding),
	    TEST(no_use_without_the_pin),
	    TEST(after_a_change_only_the_new_pin_opens),
	    TEST(the_puk_puts_a_new_pin_in_place),
	    TEST(a_change_with_a_wrong_pin_changes_nothing),
	    TEST(an_ec_key_is_kept_and_used),
	    TEST(a_key_of_an_unknown_curve_is_broken_and_says_which_are_known),
	};

	return cmocka_run_group_tests(tests, make_key, remove_key);
}
