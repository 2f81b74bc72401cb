/*
 * A card takes in MSE SET what its PKCS #15 objects list for a key, and nothing that the object's
 * usage leaves out: every personality, role and kind of key, local and at a service, with each set of
 * card.conf's words for `usage` that makes a card.
 */
#include "applet-card.h"
#include "applets/build_key.h"
#include "iso7816/key_kind.h"

enum { SIGNS = PKCS15_USAGE_SIGN | PKCS15_USAGE_NON_REPUDIATION };
enum { DECIPHERS = PKCS15_USAGE_DECRYPT | PKCS15_USAGE_DERIVE };

enum { BYTE_VALUES = 256 };

/* Where EF.CIAInfo (EF.TokenInfo) and EF.PrKD are. */
static const struct place {
	const char *personality;
	const char *token_info, *private_keys; /* NULL: the card has no PKCS #15 files */
	uint8_t local;                         /* in MSE SET, on the object's reference */
} PLACES[] = {
    {"cc-v1", "00A4080C04 4F005032", "00A4080C04 5F00EF0D", 0},
    {"cc-v2", NULL, NULL, 0},
    {"fineid-org", "00A4080C02 5032", "00A4080C02 4402", 0},
    {"fineid-v2", "00A4080C04 50155032", "00A4080C04 50154402", 0},
    {"fineid-v3", "00A4080C02 5032", "00A4080C02 4402", 0},
    {"fineid-v4", "00A4080C02 5032", "00A4080C02 4402", 0},
    {"iasecc", "00A4080C04 00015032", "00A4080C04 00017002", 0x80},
};

/* One key of a card, and what the card says of it. */
struct listing {
	struct applet_card *card;
	const struct place *place;
	const struct role *role;
	const struct key_kind *kind;
	uint8_t reference; /* in MSE SET */
	uint32_t usage;    /* PKCS15_USAGE_... */
	struct pkcs15_key key;
	struct pkcs15_token_info info;
};

static const struct place *
place_of(const struct personality *personality)
{
	for (size_t i = 0; i < sizeof(PLACES) / sizeof(PLACES[0]); i++) {
		if (strcmp(PLACES[i].personality, personality->name) == 0)
			return &PLACES[i];
	}
	fail_msg("where has %s its objects?", personality->name);
	return NULL;
}

/* Which card it is that does not do what it says. */
#define assert_listing(listing, condition, what)                                                \
	do {                                                                                    \
		if (!(condition))                                                               \
			fail_msg("%s, key %s of the kind %s at %s, usage %X: %s",               \
				 (listing)->place->personality, (listing)->role->key,           \
				 (listing)->kind->name, (listing)->card->image.keys[0].service, \
				 (unsigned)(listing)->card->image.keys[0].usage, (what));       \
	} while (0)

static bool
takes(const struct listing *listing, enum se_template se, unsigned algorithm)
{
	char command[32];

	snprintf(command, sizeof(command), "002241%02X06 8001%02X 8401%02X", se, algorithm,
		 listing->reference);
	return strcmp(applet_send(listing->card, command), "9000") == 0;
}

/* Any algorithm, or none named. */
static bool
takes_any(const struct listing *listing, enum se_template se)
{
	char command[32];

	for (unsigned algorithm = 0; algorithm < BYTE_VALUES; algorithm++) {
		if (takes(listing, se, algorithm))
			return true;
	}
	snprintf(command, sizeof(command), "002241%02X03 8401%02X", se, listing->reference);
	return strcmp(applet_send(listing->card, command), "9000") == 0;
}

static struct bytes
content(struct applet_card *card, const char *select, uint8_t *data, size_t room)
{
	size_t len;

	assert_answer(card, select, "9000");
	assert_true(bytes_from_hex(applet_read(card), data, room, &len));
	return (struct bytes){data, len};
}

static void
read_objects(struct listing *listing)
{
	static uint8_t data[BUILD_DIRECTORY_MAX];
	struct pkcs15_key another;
	struct reader keys;

	assert_true(pkcs15_decode_token_info(
	    content(listing->card, listing->place->token_info, data, sizeof(data)),
	    &listing->info));
	keys = reader_of(content(listing->card, listing->place->private_keys, data, sizeof(data)));
	assert_listing(listing, pkcs15_decode_key(&keys, &listing->key), "no object");
	assert_listing(listing, !pkcs15_decode_key(&keys, &another), "two objects");
	assert_listing(listing, listing->key.has_reference, "no reference");
	listing->usage = listing->key.usage;
	listing->reference = listing->place->local | listing->key.reference;
}

/* The card has this key alone, so that what EF.CIAInfo lists is the key's, whether or not the key's
 * object names it. */
static void
check_algorithms(const struct listing *listing)
{
	for (size_t i = 0; i < listing->info.algorithms_count; i++) {
		const struct pkcs15_algorithm *info = &listing->info.algorithms[i];
		const unsigned byte = info->card_reference;

		if ((info->operations & PKCS15_OPERATION_COMPUTE_SIGNATURE) != 0)
			assert_listing(listing,
				       info->has_card_reference ? takes(listing, SE_DST, byte) ||
								      takes(listing, SE_AT, byte)
								: takes_any(listing, SE_DST),
				       "does not sign as listed");
		if ((info->operations & PKCS15_OPERATION_DECIPHER) != 0)
			assert_listing(listing,
				       info->has_card_reference ? takes(listing, SE_CT, byte)
								: takes_any(listing, SE_CT),
				       "does not decipher as listed");
	}
	for (size_t i = 0; i < listing->key.algorithms_count; i++) {
		size_t j = 0;

		while (j < listing->info.algorithms_count &&
		       listing->info.algorithms[j].reference != listing->key.algorithms[i])
			j++;
		assert_listing(listing, j < listing->info.algorithms_count,
			       "names an algorithm that is not listed");
	}
}

static void
check_usage(const struct listing *listing)
{
	const bool signs = takes_any(listing, SE_DST), authenticates = takes_any(listing, SE_AT);

	assert_listing(listing, (signs || authenticates) == ((listing->usage & SIGNS) != 0),
		       "signatures of MSE SET and of the usage differ");
	assert_listing(listing, !authenticates || (listing->usage & PKCS15_USAGE_SIGN) != 0,
		       "authenticates without the usage sign");
	assert_listing(listing, takes_any(listing, SE_CT) == ((listing->usage & DECIPHERS) != 0),
		       "deciphering of MSE SET and of the usage differs");
}

/* False: no card has this usage, which build_check() says. */
static bool
check_card(struct listing *listing, unsigned words)
{
	static const struct card_host host = {.save = applet_save};
	struct applet_card *card = listing->card;
	struct image_key *key = &card->image.keys[0];
	struct image_error error = {""};

	key->usage = words;
	card->card = card_new(&card->image, registry_find(card->image.personality), &host, &error);
	if (card->card == NULL)
		return false;
	listing->key.algorithms_count = 0;
	listing->info.algorithms_count = 0;
	listing->reference = listing->role->private_key_spec.reference;
	listing->usage =
	    build_usage(listing->role, key, listing->kind, listing->role->private_key.usage);
	if (listing->place->private_keys != NULL)
		read_objects(listing);
	check_algorithms(listing);
	check_usage(listing);
	card_free(card->card);
	card->card = NULL;
	return true;
}

/* How many of the sets of words make a card; no word: all that the role has. */
static size_t
check_words(struct listing *listing)
{
	const unsigned all = IMAGE_USAGE_SIGN | IMAGE_USAGE_DECRYPT | IMAGE_USAGE_DERIVE |
			     IMAGE_USAGE_NON_REPUDIATION;
	size_t cards = 0;

	for (unsigned words = 0; words <= all; words++) {
		if ((words & ~all) == 0)
			cards += check_card(listing, words);
	}
	return cards;
}

static size_t
check_role(const struct personality *personality, const struct role *role, const char *kind,
	   const char *service)
{
	struct listing listing = {.card = applet_new(personality->name, "31", ""),
				  .place = place_of(personality),
				  .role = role,
				  .kind = key_kind_find(kind)};
	struct image *image = &listing.card->image;
	size_t cards;

	memset(image->serial, '1', sizeof(image->serial));
	image->serial_len = personality->serial_len;
	if (listing.kind->curve == NULL)
		applet_add_key(listing.card, role->key, service, listing.kind->bits, AUTH_PIN);
	else
		applet_add_ec_key(listing.card, role->key, listing.kind->curve, AUTH_PIN);
	cards = check_words(&listing);
	applet_free(listing.card);
	return cards;
}

/* No word and every single word of the role make a card at least. */
static void
check_kinds(const struct personality *personality, const char *service, bool rsa_only)
{
	for (size_t i = 0; i < personality->roles->count; i++) {
		const struct role *role = &personality->roles->role[i];

		for (const char *const *kind = role->kinds; *kind != NULL; kind++) {
			if (rsa_only && key_kind_find(*kind)->curve != NULL)
				continue;
			assert_true(check_role(personality, role, *kind, service) > 1);
		}
	}
}

static void
a_local_key_does_what_its_object_lists_and_no_more(void **state)
{
	(void)state;
	for (const struct personality *const *all = registry_all(); *all != NULL; all++)
		check_kinds(*all, IMAGE_SERVICE_FILE, false);
}

static void
a_services_key_does_what_its_object_lists_and_no_more(void **state)
{
	(void)state;
	for (const struct personality *const *all = registry_all(); *all != NULL; all++)
		check_kinds(*all, "cmd", true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_local_key_does_what_its_object_lists_and_no_more),
	    cmocka_unit_test(a_services_key_does_what_its_object_lists_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
