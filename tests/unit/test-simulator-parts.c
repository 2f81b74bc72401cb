/*
 * cmd-simulator: base64 and decryption of fields, processes, the text of records, and what a
 * directory keeps from one start to the next.
 */
#include "tests/unit/test-simulator.h"

#include <sys/stat.h>

/* Base64: RFC 4648 section 10 */

static const struct {
	const char *plain, *base64;
} vectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

static void
base64_is_read_as_in_rfc_4648(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		uint8_t data[16];
		size_t len = 99;

		assert_true(sim_base64_decode(vectors[i].base64, data, sizeof(data), &len));
		assert_int_equal(len, strlen(vectors[i].plain));
		assert_memory_equal(data, vectors[i].plain, len);
	}
}

static void
white_space_in_base64_does_not_count(void **state)
{
	uint8_t data[16];
	size_t len = 0;

	(void)state;
	assert_true(sim_base64_decode(" Zm9v\r\n\tYg= =\n", data, sizeof(data), &len));
	assert_int_equal(len, 4);
	assert_memory_equal(data, "foob", 4);
}

static void
what_is_not_base64_is_refused(void **state)
{
	static const char *const texts[] = {"Z",        "Zg",    "Zg=",      "Zm9",  "=",
					    "====",     "Z===",  "Zg==Zg==", "Zg=g", "Zm9vYg==Z",
					    "Zm9v-_==", "Zm9v!", "\xC3\xA1"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		uint8_t data[16];
		size_t len;

		if (sim_base64_decode(texts[i], data, sizeof(data), &len))
			fail_msg("accepted: %s", texts[i]);
	}
}

static void
base64_without_room_is_refused(void **state)
{
	uint8_t data[5];
	size_t len;

	(void)state;
	assert_false(sim_base64_decode("Zm9vYmFy", data, sizeof(data), &len));
}

/* Decryption */

static void
a_field_decrypts_to_its_text(void **state)
{
	struct client *client = *state;
	char *base64 = encrypted(client, PHONE), plain[SIM_PLAIN_MAX];

	sim_field_decrypt(client->simulator.hierarchy.cifra.key, base64, plain);
	test_free(base64);

	assert_string_equal(plain, PHONE);
}

/* A library may answer bad padding with random text; that too is no phone number. */
static void
what_does_not_decrypt_is_nobodys_phone(void **state)
{
	struct client *client = *state;
	uint8_t block[256];
	char base64[512];
	const char *const fields[] = {base64, "AAAA", "?", "", NULL};

	memset(block, 0x11, sizeof(block));
	sim_base64_encode(BYTES(block), base64);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		char plain[SIM_PLAIN_MAX] = "before";

		sim_field_decrypt(client->simulator.hierarchy.cifra.key, fields[i], plain);
		assert_null(sim_accounts_by_phone(&client->simulator.accounts, plain));
		assert_string_not_equal(plain, "before");
	}
}

static void
a_field_with_control_characters_is_empty(void **state)
{
	struct client *client = *state;
	char *base64 = encrypted(client, "1234\n"), plain[SIM_PLAIN_MAX];

	sim_field_decrypt(client->simulator.hierarchy.cifra.key, base64, plain);
	test_free(base64);

	assert_string_equal(plain, "");
}

/* Processes */

static void
a_process_id_is_a_guid_of_version_4(void **state)
{
	char id[SIM_PROCESS_ID_MAX];

	(void)state;
	assert_true(sim_random_guid(id));
	assert_int_equal(strlen(id), 36);
	assert_int_equal(strspn(id, "0123456789abcdef-"), 36);
	assert_int_equal(id[8], '-');
	assert_int_equal(id[14], '4');
	assert_non_null(strchr("89ab", id[19]));
}

static void
the_oldest_process_makes_room_for_a_new_one(void **state)
{
	struct sim_processes processes = {.count = 0};
	char oldest[SIM_PROCESS_ID_MAX];

	(void)state;
	memcpy(oldest, sim_processes_add(&processes)->id, sizeof(oldest));
	for (int i = 0; i < SIM_PROCESSES_MAX; i++)
		assert_non_null(sim_processes_add(&processes));

	assert_int_equal(processes.count, SIM_PROCESSES_MAX);
	assert_null(sim_processes_find(&processes, oldest));
	sim_processes_clear(&processes);
}

/* Text of records */

static void
a_name_that_is_too_long_is_cut_between_characters(void **state)
{
	char text[6];

	(void)state;
	sim_records_printable("abcd\xC3\xA9z", text, sizeof(text));

	assert_string_equal(text, "abcd");
}

/* The directory */

static void
assert_mode(const struct client *client, const char *name, mode_t mode)
{
	struct stat status;

	if (fstatat(client->simulator.directory.fd, name, &status, 0) == -1)
		fail_msg("%s is not there", name);
	if ((status.st_mode & 0777) != mode)
		fail_msg("%s has mode %o", name, status.st_mode & 0777);
}

static void
secrets_are_their_owners_only(void **state)
{
	static const char *const names[] = {"credentials",      "messages",
					    "accounts.conf",    "private/cifra.key",
					    "private/root.key", "private/account-maria.key"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_mode(*state, names[i], 0600);
	assert_mode(*state, "private", 0700);
}

/* The bytes of a file of the directory; the caller's to OPENSSL_free(). */
static char *
read_text(struct client *client, const char *name)
{
	struct problem error = {""};
	char *data = NULL;
	size_t len;

	if (!sim_directory_read(&client->simulator.directory, name, &data, &len, &error))
		fail_msg("%s", error.text);
	return data;
}

static void
start_again(struct client *client)
{
	struct sim_options options = client->simulator.options;
	struct problem error = {""};

	simulator_close(&client->simulator);
	if (!simulator_open(&client->simulator, client->directory, &options, &error))
		fail_msg("%s", error.text);
}

static void
a_second_start_keeps_what_clients_know(void **state)
{
	static const char *const names[] = {
	    "credentials",           "cifra.pem", "tls-ca.pem", "root.pem", "ca.pem", "tls.pem",
	    "certificates/maria.pem"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *before = read_text(*state, names[i]), *after;

		start_again(*state);
		after = read_text(*state, names[i]);
		assert_string_equal(before, after);
		OPENSSL_free(before);
		OPENSSL_free(after);
	}
}

static void
another_key_length_makes_another_certificate(void **state)
{
	struct client *client = *state;
	char *before = read_text(client, "certificates/maria.pem"), *after;

	write_accounts(client, "[account maria]\nphone = " PHONE "\npin = 271828\nkey = rsa3072\n");
	(void)get_certificate(client, PHONE);
	after = read_text(client, "certificates/maria.pem");

	assert_string_not_equal(before, after);
	OPENSSL_free(before);
	OPENSSL_free(after);
}

static void
a_directory_without_accounts_gets_one(void **state)
{
	struct client *client = *state;

	sim_directory_remove(&client->simulator.directory, "accounts.conf");
	start_again(client);

	assert_non_null(sim_accounts_by_phone(&client->simulator.accounts, "+351912345678"));
}

static void
a_broken_key_is_told_and_not_replaced(void **state)
{
	struct client *client = *state;
	struct sim_options options = client->simulator.options;
	struct problem error = {""};
	struct simulator second;
	char path[128];

	simulator_close(&client->simulator);
	(void)snprintf(path, sizeof(path), "%s/private/tls.key", client->directory);
	assert_int_equal(truncate(path, 0), 0);

	assert_false(simulator_open(&second, client->directory, &options, &error));
	assert_non_null(strstr(error.text, "private/tls.key is not PEM; remove it"));
	assert_int_equal(unlink(path), 0);
	assert_true(simulator_open(&client->simulator, client->directory, &options, &error));
}

static void
a_credential_that_is_too_long_is_refused_and_not_cut(void **state)
{
	struct client *client = *state;
	struct sim_credentials credentials = {.user = ""};
	struct problem error = {""};
	char text[512];

	(void)snprintf(text, sizeof(text), "[credentials]\nuser = u\npassword = %0300d\n", 1);
	assert_true(sim_directory_write(&client->simulator.directory, "credentials", 0600,
					(struct bytes){(const uint8_t *)text, strlen(text)},
					&error));

	assert_false(simulator_credentials(&client->simulator.directory, &credentials, &error));
	assert_non_null(strstr(error.text, "credentials:3: the line has 311 bytes"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(base64_is_read_as_in_rfc_4648),
	    TEST(white_space_in_base64_does_not_count),
	    TEST(what_is_not_base64_is_refused),
	    TEST(base64_without_room_is_refused),
	    TEST(a_field_decrypts_to_its_text),
	    TEST(what_does_not_decrypt_is_nobodys_phone),
	    TEST(a_field_with_control_characters_is_empty),
	    TEST(a_process_id_is_a_guid_of_version_4),
	    TEST(the_oldest_process_makes_room_for_a_new_one),
	    TEST(a_name_that_is_too_long_is_cut_between_characters),
	    TEST(secrets_are_their_owners_only),
	    TEST(a_second_start_keeps_what_clients_know),
	    TEST(another_key_length_makes_another_certificate),
	    TEST(a_directory_without_accounts_gets_one),
	    TEST(a_broken_key_is_told_and_not_replaced),
	    TEST(a_credential_that_is_too_long_is_refused_and_not_cut),
	};

	return cmocka_run_group_tests(tests, client_set_up, client_tear_down);
}
