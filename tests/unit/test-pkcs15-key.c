/* EF.PrKD and EF.PuKD. */
#include "test-pkcs15.h"

struct key_case {
	const char *hex;
	struct pkcs15_key value;
};

enum {
	CARD_KEY = PKCS15_KEY_SENSITIVE | PKCS15_KEY_ALWAYS_SENSITIVE |
		   PKCS15_KEY_NEVER_EXTRACTABLE | PKCS15_KEY_LOCAL,
	DECRYPT_SIGN_UNWRAP = PKCS15_USAGE_DECRYPT | PKCS15_USAGE_SIGN | PKCS15_USAGE_UNWRAP,
};

static const struct key_case KEYS[] = {
    {/* fineid.md 7.5, v2 PrKD, first record */
     "304730230c1a746f64656e74616d69732d206a612073616c617573617661696e03020780040101300e0401450302"
     "0264030203b8020101a110300e300804063f0050154b0102020800",
     {.common = {.label = "todentamis- ja salausavain", .flags = PRIVATE, .auth_id = ID(0x01)},
      .id = ID(0x45),
      .usage = DECRYPT_SIGN_UNWRAP,
      .access = CARD_KEY,
      .has_reference = true,
      .reference = 1,
      .path = FILE_PATH(0x3F, 0x00, 0x50, 0x15, 0x4B, 0x01),
      .bits = 2048}},
    {/* fineid.md 7.5, v2 PrKD, second record */
     "3043301e0c12616c6c656b69726a6f69747573617661696e03020780040102020101300f04014603030600400302"
     "03b8020102a110300e300804063f0050154b0202020800",
     {.common =
	  {.label = "allekirjoitusavain", .flags = PRIVATE, .auth_id = ID(0x02), .user_consent = 1},
      .id = ID(0x46),
      .usage = PKCS15_USAGE_NON_REPUDIATION,
      .access = CARD_KEY,
      .has_reference = true,
      .reference = 2,
      .path = FILE_PATH(0x3F, 0x00, 0x50, 0x15, 0x4B, 0x02),
      .bits = 2048}},
    {/* fineid.md 7.5, v4 PrKD, first record: EC */
     "a04430230c1a746f64656e74616d69732d206a612073616c617573617661696e03020780040101300f0401450303"
     "072080030203b8020101a10c300a300404023f0002020180",
     {.kind = PKCS15_KEY_EC,
      .common = {.label = "todentamis- ja salausavain", .flags = PRIVATE, .auth_id = ID(0x01)},
      .id = ID(0x45),
      .usage = PKCS15_USAGE_SIGN | PKCS15_USAGE_DERIVE,
      .access = CARD_KEY,
      .has_reference = true,
      .reference = 1,
      .path = FILE_PATH(0x3F, 0x00),
      .bits = 384}},
    {/* iasecc.md 7.5, "Auth key": algorithm references, an empty path */
     "3037 3011 0C0841757468206B6579 03020780 040101 3016 040145 03020264 030203B8 020101"
     "A106 020105 020106 A10A 3008 3002 0400 02020800",
     {.common = {.label = "Auth key", .flags = PRIVATE, .auth_id = ID(0x01)},
      .id = ID(0x45),
      .usage = DECRYPT_SIGN_UNWRAP,
      .access = CARD_KEY,
      .has_reference = true,
      .reference = 1,
      .algorithms = {5, 6},
      .algorithms_count = 2,
      .path = EMPTY_PATH,
      .bits = 2048}},
    {/* iasecc.md 7.5, "Sign key" */
     "3035 3011 0C085369676E206B6579 03020780 040103 3014 040146 0303062040 030203B8 020102"
     "A103 020105 A10A 3008 3002 0400 02020800",
     {.common = {.label = "Sign key", .flags = PRIVATE, .auth_id = ID(0x03)},
      .id = ID(0x46),
      .usage = PKCS15_USAGE_SIGN | PKCS15_USAGE_NON_REPUDIATION,
      .access = CARD_KEY,
      .has_reference = true,
      .reference = 2,
      .algorithms = {5},
      .algorithms_count = 1,
      .path = EMPTY_PATH,
      .bits = 2048}},
    {/* iasecc.md 7.6: a public key */
     "302A 300A 0C0841757468206B6579 300E 040145 0302018A 03020348 020101"
     "A10C 300A 3004 0402B201 02020800",
     {.common = {.label = "Auth key"},
      .id = ID(0x45),
      .usage = PKCS15_USAGE_ENCRYPT | PKCS15_USAGE_WRAP | PKCS15_USAGE_VERIFY,
      .access = PKCS15_KEY_EXTRACTABLE | PKCS15_KEY_LOCAL,
      .has_reference = true,
      .reference = 1,
      .path = FILE_PATH(0xB2, 0x01),
      .bits = 2048}},
    {/* iasecc.md 9.4, PrKDF, authentication */
     "3039 301F 0C1A434954495A454E2041555448454E5449434154494F4E204B4559 040101"
     "300A 040145 03020520 020102 A10A 3008 3002 0400 02020800",
     {.common = {.label = "CITIZEN AUTHENTICATION KEY", .auth_id = ID(0x01)},
      .id = ID(0x45),
      .usage = PKCS15_USAGE_SIGN,
      .has_reference = true,
      .reference = 2,
      .path = EMPTY_PATH,
      .bits = 2048}},
    {/* iasecc.md 9.4, PrKDF, signature, with a modulus of 3072 bits */
     "3038 301D 0C15434954495A454E205349474E4154555245204B4559 040102 020101"
     "300B 040146 0303060040 020101 A10A 3008 3002 0400 02020C00",
     {.common = {.label = "CITIZEN SIGNATURE KEY", .auth_id = ID(0x02), .user_consent = 1},
      .id = ID(0x46),
      .usage = PKCS15_USAGE_NON_REPUDIATION,
      .has_reference = true,
      .reference = 1,
      .path = EMPTY_PATH,
      .bits = 3072}},
};

static void
assert_key(const struct pkcs15_key *got, const struct pkcs15_key *want)
{
	assert_int_equal(got->kind, want->kind);
	assert_common(&got->common, &want->common);
	assert_id(&got->id, &want->id);
	assert_int_equal(got->usage, want->usage);
	assert_int_equal(got->not_native, want->not_native);
	assert_int_equal(got->access, want->access);
	assert_int_equal(got->has_reference, want->has_reference);
	assert_int_equal(got->reference, want->reference);
	assert_int_equal(got->algorithms_count, want->algorithms_count);
	for (size_t i = 0; i < want->algorithms_count; i++)
		assert_int_equal(got->algorithms[i], want->algorithms[i]);
	assert_path(&got->path, &want->path);
	assert_int_equal(got->bits, want->bits);
}

static void
a_key_is_written_as_on_the_sheets(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++) {
		uint8_t data[HEX_ROOM];
		struct writer writer = writer_to(data, sizeof(data));

		assert_true(pkcs15_encode_key(&KEYS[i].value, &writer));
		assert_bytes_hex(writer_bytes(&writer), KEYS[i].hex);
	}
}

static void
a_key_of_the_sheets_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++) {
		struct hex file = hex(KEYS[i].hex);
		struct reader reader = reader_over(&file);
		struct pkcs15_key key;

		assert_true(pkcs15_decode_key(&reader, &key));
		assert_key(&key, &KEYS[i].value);
		assert_int_equal(reader.left, 0);
	}
}

/* iasecc.md 9.4: the PuKDF of the Portuguese card has access rules. */
static void
access_rules_and_everything_optional_survive_a_round(void **state)
{
	const struct pkcs15_key want = {
	    .kind = PKCS15_KEY_EC,
	    .common = {.label = "k",
		       .flags = PKCS15_OBJECT_INTERNAL,
		       .auth_id = ID(0x01),
		       .user_consent = 3,
		       .rules = {{PKCS15_ACCESS_READ, {.len = 0}},
				 {PKCS15_ACCESS_EXECUTE | PKCS15_ACCESS_UPDATE, ID(0x02)}},
		       .rules_count = 2},
	    .id = ID(0x45, 0x46),
	    .usage = PKCS15_USAGE_DERIVE,
	    .not_native = true,
	    .access = CARD_KEY,
	    .has_reference = true,
	    .reference = 0x81,
	    .algorithms = {0xFF200800},
	    .algorithms_count = 1,
	    .path = {.kind = PKCS15_PATH_FILE,
		     .file = {0xB0, 0x01},
		     .file_len = 2,
		     .has_range = true,
		     .index = 0x80,
		     .length = 1000}};
	struct pkcs15_key got;
	uint8_t data[HEX_ROOM];
	struct writer writer = writer_to(data, sizeof(data));
	struct reader reader;

	(void)state;
	assert_true(pkcs15_encode_key(&want, &writer));
	reader = reader_of(writer_bytes(&writer));
	assert_true(pkcs15_decode_key(&reader, &got));
	assert_key(&got, &want);
}

static void
every_truncation_and_every_changed_byte_is_survived(void **state)
{
	(void)state;
	assert_survived(KEYS[1].hex);
	assert_survived(KEYS[3].hex);
}

static void
an_object_that_does_not_fit_the_buffer_is_not_written(void **state)
{
	(void)state;
	for (size_t room = 0; room < hex(KEYS[0].hex).len; room++) {
		uint8_t data[HEX_ROOM];
		struct writer writer = writer_to(data, room);

		assert_false(pkcs15_encode_key(&KEYS[0].value, &writer));
	}
}

static void
a_key_without_a_path_has_no_encoding(void **state)
{
	struct pkcs15_key key = KEYS[0].value;
	uint8_t data[HEX_ROOM];
	struct writer writer = writer_to(data, sizeof(data));

	(void)state;
	key.path.kind = PKCS15_PATH_NONE;
	assert_false(pkcs15_encode_key(&key, &writer));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_key_is_written_as_on_the_sheets),
	    cmocka_unit_test(a_key_of_the_sheets_is_read),
	    cmocka_unit_test(access_rules_and_everything_optional_survive_a_round),
	    cmocka_unit_test(every_truncation_and_every_changed_byte_is_survived),
	    cmocka_unit_test(an_object_that_does_not_fit_the_buffer_is_not_written),
	    cmocka_unit_test(a_key_without_a_path_has_no_encoding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
