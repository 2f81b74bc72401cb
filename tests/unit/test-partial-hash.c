/*
 * Hashes that are continued from a state: emulator/partial_hash.h. The message is so many 'a': one
 * block and 36 more bytes. The states of SHA-1 and SHA-256 are those of iasecc.md 4.15; the others
 * were computed from FIPS 180-4 by a program of its own, which gives that of SHA-256 too. What must
 * come out is what OpenSSL's EVP makes of the whole message.
 */
#include "emulator/partial_hash.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { LEFT = 36, MESSAGE_MAX = SHA512_CBLOCK + LEFT };

static const struct vector {
	enum digest digest;
	const char *begun; /* state and count of bits */
} VECTORS[] = {
    {DIGEST_SHA1, "DA4968EB2E377C1F884E8F5283524BEBE74EBDBD 0000000000000200"},
    {DIGEST_SHA224, "B0B6DE392F2C885564836D86DE6B170BE2EAD06274261737EF2C10E457358D12 "
		    "0000000000000200"},
    {DIGEST_SHA256, "DF5BB81CE81E0626FB45A8944FD40F31B25E6816D6D499C1AB90492900635E66 "
		    "0000000000000200"},
    {DIGEST_SHA384,
     "91041F93C7C2E25C37D9FABFBB83072317339410CB8BBB2FA170BB5BB5276A67"
     "D6357DE121728231BE53CDEFE6337828AB890C97626558C450EFA72BDD496605 0000000000000400"},
    {DIGEST_SHA512,
     "03BF7C6E55C11B040D48757F45285FDCED46689BFC9026C0281701A1424C80F5"
     "CA31738BEFE6AFEE30F5FE8D4E41E2489379D57C74895AF44B1E84EBC1BAB8B0 0000000000000400"},
    {DIGEST_SHA384, "91041F93C7C2E25C37D9FABFBB83072317339410CB8BBB2FA170BB5BB5276A67"
		    "D6357DE121728231BE53CDEFE6337828AB890C97626558C450EFA72BDD496605 "
		    "00000000000000000000000000000400"},
    {DIGEST_SHA512, "03BF7C6E55C11B040D48757F45285FDCED46689BFC9026C0281701A1424C80F5"
		    "CA31738BEFE6AFEE30F5FE8D4E41E2489379D57C74895AF44B1E84EBC1BAB8B0 "
		    "00000000000000000000000000000400"},
};
enum { VECTORS_COUNT = sizeof(VECTORS) / sizeof(VECTORS[0]) };

static const uint8_t *
many_a(void)
{
	static uint8_t message[MESSAGE_MAX];

	memset(message, 'a', sizeof(message));
	return message;
}

static struct bytes
from_hex(const char *text)
{
	static uint8_t data[128];
	size_t len;

	assert_true(bytes_from_hex(text, data, sizeof(data), &len));
	return (struct bytes){data, len};
}

static void
assert_hash_of_many_a(enum digest digest, const uint8_t *value, size_t count)
{
	EVP_MD *md = EVP_MD_fetch(NULL, digest_name(digest), NULL);
	uint8_t expected[EVP_MAX_MD_SIZE];

	assert_int_equal(EVP_Digest(many_a(), count, expected, NULL, md, NULL), 1);
	assert_memory_equal(value, expected, digest_len(digest));
	EVP_MD_free(md);
}

static void
each_digest_goes_on_from_a_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTORS_COUNT; i++) {
		const enum digest digest = VECTORS[i].digest;
		uint8_t value[DIGEST_LEN_MAX];
		struct partial_hash hash;

		assert_true(partial_hash_continue(&hash, digest, from_hex(VECTORS[i].begun)));
		assert_true(partial_hash_add(&hash, (struct bytes){many_a(), LEFT}));
		assert_true(partial_hash_finish(&hash, value));
		assert_hash_of_many_a(digest, value, partial_hash_block_len(digest) + LEFT);
	}
}

static void
each_digest_begins_by_itself(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTORS_COUNT; i++) {
		const enum digest digest = VECTORS[i].digest;
		const size_t block = partial_hash_block_len(digest);
		uint8_t value[DIGEST_LEN_MAX];
		struct partial_hash hash;

		assert_true(partial_hash_begin(&hash, digest));
		assert_true(partial_hash_add(&hash, (struct bytes){many_a(), block}));
		assert_true(partial_hash_add(&hash, (struct bytes){many_a(), LEFT}));
		assert_true(partial_hash_finish(&hash, value));
		assert_hash_of_many_a(digest, value, block + LEFT);
	}
}

/* iasecc.md 4.9: `90 00` */
static void
no_state_is_the_beginning(void **state)
{
	uint8_t value[DIGEST_LEN_MAX];
	struct partial_hash hash;

	(void)state;
	assert_true(partial_hash_continue(&hash, DIGEST_SHA256, BYTES_NONE));
	assert_true(partial_hash_add(&hash, (struct bytes){many_a(), LEFT}));
	assert_true(partial_hash_finish(&hash, value));
	assert_hash_of_many_a(DIGEST_SHA256, value, LEFT);
}

static void
a_state_of_another_length_is_refused(void **state)
{
	struct partial_hash hash;

	(void)state;
	for (size_t i = 0; i < VECTORS_COUNT; i++) {
		struct bytes begun = from_hex(VECTORS[i].begun);

		assert_false(partial_hash_continue(&hash, VECTORS[i].digest,
						   (struct bytes){begun.data, begun.len - 1}));
		assert_false(partial_hash_continue(&hash, VECTORS[i].digest,
						   (struct bytes){begun.data, begun.len + 1}));
	}
}

static void
a_count_within_a_block_is_refused(void **state)
{
	struct partial_hash hash;

	(void)state;
	assert_false(partial_hash_continue(
	    &hash, DIGEST_SHA1,
	    from_hex("DA4968EB2E377C1F884E8F5283524BEBE74EBDBD 0000000000000208")));
	/* half a block of SHA-512 */
	assert_false(partial_hash_continue(
	    &hash, DIGEST_SHA512,
	    from_hex("03BF7C6E55C11B040D48757F45285FDCED46689BFC9026C0281701A1424C80F5"
		     "CA31738BEFE6AFEE30F5FE8D4E41E2489379D57C74895AF44B1E84EBC1BAB8B0 "
		     "0000000000000200")));
}

static void
digests_of_other_standards_are_refused(void **state)
{
	struct partial_hash hash;

	(void)state;
	assert_false(partial_hash_begin(&hash, DIGEST_MD5));
	assert_false(partial_hash_continue(&hash, DIGEST_RIPEMD160, BYTES_NONE));
	assert_int_equal(partial_hash_block_len(DIGEST_MD5), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_digest_goes_on_from_a_state),
	    cmocka_unit_test(each_digest_begins_by_itself),
	    cmocka_unit_test(no_state_is_the_beginning),
	    cmocka_unit_test(a_state_of_another_length_is_refused),
	    cmocka_unit_test(a_count_within_a_block_is_refused),
	    cmocka_unit_test(digests_of_other_standards_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
