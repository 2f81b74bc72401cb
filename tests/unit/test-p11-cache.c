/*
 * What the card side of pkcs11/ asks of a cache of public files: which files it takes from there, under
 * which key, and that it is the card that decides.
 */
#include "test-p11-card.h"

enum { ENTRIES_MAX = 64, CONTENT_MAX = 4096 };

struct entry {
	uint8_t key[SMARTCARD_CACHE_KEY_LEN];
	uint8_t path[64];
	size_t path_len;
	uint8_t content[CONTENT_MAX];
	size_t len;
	bool used;
};

struct store {
	struct entry entries[ENTRIES_MAX];
	unsigned puts, hits;
};

static struct entry *
find(struct store *store, const struct smartcard_file *file)
{
	for (size_t i = 0; i < ENTRIES_MAX; i++) {
		struct entry *entry = &store->entries[i];

		if (entry->used && bytes_equal(file->key, BYTES(entry->key)) &&
		    bytes_equal(file->path, (struct bytes){entry->path, entry->path_len}))
			return entry;
	}
	return NULL;
}

static bool
get(void *context, const struct smartcard_file *file, struct writer *content)
{
	struct store *store = context;
	const struct entry *entry = find(store, file);

	if (entry == NULL)
		return false;
	store->hits++;
	writer_put(content, (struct bytes){entry->content, entry->len});
	return true;
}

static void
put(void *context, const struct smartcard_file *file, struct bytes content)
{
	struct store *store = context;
	struct entry *before = find(store, file);
	struct entry *entry = before != NULL ? before : &store->entries[store->puts];

	store->puts++;
	assert_true(store->puts < ENTRIES_MAX);
	assert_int_equal(file->key.len, sizeof(entry->key));
	assert_true(file->path.len <= sizeof(entry->path) && content.len <= sizeof(entry->content));
	assert_true(before == NULL ||
		    !bytes_equal((struct bytes){before->content, before->len}, content));
	entry->used = true;
	memcpy(entry->key, file->key.data, file->key.len);
	memcpy(entry->path, file->path.data, file->path.len);
	entry->path_len = file->path.len;
	memcpy(entry->content, content.data, content.len);
	entry->len = content.len;
}

static void
drop(void *context, const struct smartcard_file *file)
{
	struct entry *entry = find(context, file);

	if (entry != NULL)
		entry->used = false;
}

static struct applet_card *
card_of(const char *personality, const char *serial)
{
	struct applet_card *applet = applet_new(personality, serial, "");

	applet_add_key(applet, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	applet_add_key(applet, "sign", IMAGE_SERVICE_FILE, 2048, SIGN_PIN);
	p11_add_authority(applet, applet_rsa(2048), "ca", applet_rsa(2048), "ca");
	applet_insert(applet);
	return applet;
}

static void
bind_again(struct p11_card *p11, struct store *store)
{
	const struct smartcard_cache cache = {store, get, put, drop};

	smartcard_free(p11->card);
	p11->commands = p11->reads_count = 0;
	card_reset(p11->applet->card);
	assert_int_equal(smartcard_bind(&p11->channel, &cache, &p11->card), SMARTCARD_OK);
}

static void
read_certificates(struct p11_card *p11)
{
	for (size_t i = 0; i < p11->card->certificates_count; i++)
		assert_int_equal(smartcard_read_certificate(p11->card, i), SMARTCARD_OK);
}

/* Done when (issue 4): at most 12 commands; of them one for each PIN's state. */
static void
assert_warm_is_cheap(const char *personality, const char *serial)
{
	struct p11_card *p11 = p11_over(card_of(personality, serial));
	struct store *store = calloc(1, sizeof(*store));
	struct smartcard_pin_state state;
	unsigned puts;

	bind_again(p11, store);
	p11_assert_certificates(p11);
	puts = store->puts;
	bind_again(p11, store);
	p11_assert_certificates(p11);
	for (size_t i = 0; i < p11->card->pins_count; i++)
		if (!p11->card->pins[i].unblocking)
			assert_int_equal(smartcard_pin_state(p11->card, i, &state), SMARTCARD_OK);
	assert_int_equal(store->puts, puts);
	assert_true(p11->commands <= 12);
	p11_free(p11);
	free(store);
}

static void
a_card_that_was_seen_before_takes_twelve_commands_at_most(void **state)
{
	(void)state;
	assert_warm_is_cheap("fineid-v2", "98765432101234567890");
	assert_warm_is_cheap("fineid-v3", "313233343536373839303132");
	assert_warm_is_cheap("iasecc", "990000000101000F");
	assert_warm_is_cheap("cc-v1", "990000000101000F");
}

static void
a_card_with_another_certificate_directory_takes_nothing_from_the_cache(void **state)
{
	struct store *store = calloc(1, sizeof(*store));
	struct p11_card *before = p11_over(card_of("cc-v1", "990000000101000F"));
	struct applet_card *applet = applet_new("cc-v1", "990000000101000F", "");
	struct p11_card *after;

	(void)state;
	bind_again(before, store);
	read_certificates(before);
	applet_add_key(applet, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	applet_insert(applet);
	after = p11_over(applet);
	store->hits = 0;
	bind_again(after, store);
	p11_assert_certificates(after);
	assert_int_equal(store->hits, 0);
	p11_free(before);
	p11_free(after);
	free(store);
}

static void
another_cards_files_are_not_taken(void **state)
{
	struct store *store = calloc(1, sizeof(*store));
	struct p11_card *one = p11_over(card_of("iasecc", "990000000101000F"));
	struct p11_card *other = p11_over(card_of("iasecc", "990000000101001F"));

	(void)state;
	bind_again(one, store);
	read_certificates(one);
	store->hits = 0;
	bind_again(other, store);
	p11_assert_certificates(other);
	assert_int_equal(store->hits, 0);
	p11_free(one);
	p11_free(other);
	free(store);
}

/* The beginning, which lists of objects show, is kept too, and the rest read when it is wanted. */
static void
what_was_read_of_a_certificate_is_not_read_again(void **state)
{
	struct store *store = calloc(1, sizeof(*store));
	struct p11_card *p11 = p11_over(card_of("cc-v1", "990000000101000F"));
	unsigned before;

	(void)state;
	bind_again(p11, store);
	p11_list(p11);
	bind_again(p11, store);
	before = p11->commands;
	p11_list(p11);
	assert_int_equal(p11->commands, before);
	p11_assert_certificates(p11);
	assert_true(p11->commands > before);
	p11_free(p11);
	free(store);
}

static void
a_certificate_that_is_dropped_is_read_from_the_card_again(void **state)
{
	struct store *store = calloc(1, sizeof(*store));
	struct p11_card *p11 = p11_over(card_of("cc-v1", "990000000101000F"));
	unsigned before;

	(void)state;
	bind_again(p11, store);
	read_certificates(p11);
	bind_again(p11, store);
	before = p11->commands;
	assert_int_equal(smartcard_read_certificate(p11->card, 0), SMARTCARD_OK);
	assert_int_equal(p11->commands, before);
	smartcard_drop_certificate(p11->card, 0);
	assert_int_equal(smartcard_certificate_der(&p11->card->certificates[0]).len, 0);
	assert_int_equal(smartcard_read_certificate(p11->card, 0), SMARTCARD_OK);
	assert_true(p11->commands > before);
	p11_free(p11);
	free(store);
}

/* The same card but for the certificate, whose subject is this. */
static struct p11_card *
with_subject(const char *personality, const char *serial, const char *subject)
{
	struct applet_card *applet = applet_new(personality, serial, "");
	struct image_key *key;

	applet_add_key(applet, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	key = &applet->image.keys[0];
	OPENSSL_free(key->certificate);
	key->certificate = applet_certificate(applet_rsa(2048), subject, applet_rsa(2048), subject,
					      &key->certificate_len);
	applet_insert(applet);
	return p11_over(applet);
}

/* The cache has the beginning of the one's certificate; the other's is read all the same. */
static void
assert_other_is_read(struct p11_card *one, struct p11_card *other)
{
	struct store *store = calloc(1, sizeof(*store));
	const struct image_key *expected = &other->applet->image.keys[0];
	uint8_t key[SMARTCARD_CACHE_KEY_LEN];

	bind_again(one, store);
	memcpy(key, one->card->cache_key, sizeof(key));
	p11_list(one);
	store->hits = 0;
	bind_again(other, store);
	assert_memory_equal(other->card->cache_key, key, sizeof(key));
	p11_list(other);
	assert_true(store->hits > 0);
	assert_int_equal(smartcard_read_certificate(other->card, 0), SMARTCARD_OK);
	assert_true(bytes_equal(smartcard_certificate_der(&other->card->certificates[0]),
				(struct bytes){expected->certificate, expected->certificate_len}));
	p11_free(one);
	p11_free(other);
	free(store);
}

static void
a_beginning_of_a_file_of_another_size_is_not_taken(void **state)
{
	static const char serial[] = "990000000101000F";

	(void)state;
	assert_other_is_read(with_subject("cc-v1", serial, "short"),
			     with_subject("cc-v1", serial, "considerably longer"));
	assert_other_is_read(with_subject("iasecc", serial, "considerably longer"),
			     with_subject("iasecc", serial, "short"));
}

/* T=0: SELECT tells no size. */
static void
a_beginning_that_the_rest_does_not_fit_is_not_taken(void **state)
{
	static const char serial[] = "98765432101234567890";

	(void)state;
	assert_other_is_read(with_subject("fineid-v2", serial, "considerably longer"),
			     with_subject("fineid-v2", serial, "short"));
}

static enum smartcard_result
read_range(struct p11_card *p11, struct store *store, size_t len)
{
	bind_again(p11, store);
	p11->card->certificates[0].object.path.has_range = true;
	p11->card->certificates[0].object.path.length = (uint32_t)len;
	return smartcard_read_certificate(p11->card, 0);
}

/* The file of the cache for a range that has the certificate, under the name of one a byte shorter. */
static void
what_is_longer_than_its_range_is_not_taken(void **state)
{
	struct store *store = calloc(1, sizeof(*store));
	struct p11_card *p11 = p11_over(card_of("cc-v1", "990000000101000F"));
	const size_t len = p11->applet->image.keys[0].certificate_len;
	struct entry *entry = store->entries;
	struct writer end_of_path;

	(void)state;
	assert_int_equal(read_range(p11, store, len), SMARTCARD_OK);
	while (!entry->used || entry->len < len)
		entry++;
	end_of_path = writer_to(entry->path + entry->path_len - 4, 4);
	writer_u32(&end_of_path, (uint32_t)len - 1);
	assert_int_equal(read_range(p11, store, len - 1), SMARTCARD_PROTOCOL);
	p11_free(p11);
	free(store);
}

static void
what_the_cache_spoils_is_read_from_the_card(void **state)
{
	struct store *store = calloc(1, sizeof(*store));
	struct p11_card *p11 = p11_over(card_of("cc-v1", "990000000101000F"));

	(void)state;
	bind_again(p11, store);
	read_certificates(p11);
	for (size_t i = 0; i < ENTRIES_MAX; i++)
		if (store->entries[i].len > 512)
			memset(store->entries[i].content, 0xA5, store->entries[i].len);
	bind_again(p11, store);
	p11_assert_certificates(p11);
	p11_free(p11);
	free(store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_card_that_was_seen_before_takes_twelve_commands_at_most),
	    cmocka_unit_test(
		a_card_with_another_certificate_directory_takes_nothing_from_the_cache),
	    cmocka_unit_test(another_cards_files_are_not_taken),
	    cmocka_unit_test(what_was_read_of_a_certificate_is_not_read_again),
	    cmocka_unit_test(a_certificate_that_is_dropped_is_read_from_the_card_again),
	    cmocka_unit_test(a_beginning_of_a_file_of_another_size_is_not_taken),
	    cmocka_unit_test(a_beginning_that_the_rest_does_not_fit_is_not_taken),
	    cmocka_unit_test(what_is_longer_than_its_range_is_not_taken),
	    cmocka_unit_test(what_the_cache_spoils_is_read_from_the_card),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
