/*
 * The registry, and what every personality refuses to become a card.
 */
#include "applet-card.h"
#include "applets/build.h"
#include "iso7816/key_kind.h"

static const struct card_host NO_HOST = {.save = applet_save};

static void
assert_refused(struct applet_card *card, const char *reason)
{
	struct image_error error = {""};

	card->card =
	    card_new(&card->image, registry_find(card->image.personality), &NO_HOST, &error);
	assert_null(card->card);
	if (strstr(error.text, reason) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error.text, reason);
	applet_free(card);
}

static void
each_personality_is_found_by_its_name(void **state)
{
	(void)state;
	for (const struct personality *const *at = registry_all(); *at != NULL; at++)
		assert_ptr_equal(registry_find((*at)->name), *at);
	assert_null(registry_find("cc"));
}

static void
each_personality_says_how_long_its_serial_numbers_are(void **state)
{
	(void)state;
	for (const struct personality *const *at = registry_all(); *at != NULL; at++)
		assert_in_range((*at)->serial_len, 1, IMAGE_SERIAL_MAX);
}

static void
the_registry_tells_what_keys_a_card_has(void **state)
{
	const struct personality *fineid = registry_find("fineid-v4");
	struct registry_key key;

	(void)state;
	assert_true(registry_key(fineid, 0, &key));
	assert_string_equal(key.name, "auth");
	assert_string_equal(key.purpose, "authentication and decipherment");
	assert_string_equal(key.kinds[0], "p384");
	assert_true(registry_key(fineid, 1, &key));
	assert_string_equal(key.name, "sign");
	assert_string_equal(key.pin, "pin2");
	assert_string_equal(key.puk, "puk");
	assert_int_equal(key.pin_min, 6);
	assert_int_equal(key.pin_max, 12);
	assert_int_equal(key.puk_min, 8);
	assert_int_equal(key.puk_max, 12);
	assert_true(key.digits_only);
	assert_false(registry_key(fineid, 2, &key));
}

static void
every_kind_that_a_card_takes_is_known(void **state)
{
	struct registry_key key;

	(void)state;
	for (const struct personality *const *all = registry_all(); *all != NULL; all++) {
		assert_true(registry_key(*all, 0, &key));
		for (size_t i = 0; registry_key(*all, i, &key); i++) {
			assert_non_null(key.kinds[0]);
			for (const char *const *kind = key.kinds; *kind != NULL; kind++)
				assert_non_null(key_kind_find(*kind));
		}
	}
}

static void
a_key_with_a_pin_of_its_own_is_opened_by_it(void **state)
{
	struct applet_card *card = applet_new("cc-v1", "0123456789ABCDEF", "");

	(void)state;
	applet_add_key(card, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	applet_add_key(card, "sign", IMAGE_SERVICE_FILE, 2048, SIGN_PIN);
	assert_string_equal(registry_pin_key(&card->image, "auth"), "auth");
	assert_string_equal(registry_pin_key(&card->image, "sign"), "sign");
	assert_null(registry_pin_key(&card->image, "sign2"));
	applet_free(card);
}

static void
add_usual_key(struct applet_card *card, const struct registry_key *key)
{
	const struct key_kind *kind = key_kind_find(key->kinds[0]);

	if (kind->curve == NULL)
		applet_add_key(card, key->name, IMAGE_SERVICE_FILE, kind->bits, AUTH_PIN);
	else
		applet_add_ec_key(card, key->name, kind->curve, AUTH_PIN);
}

/* All keys of a personality, and as many certificates as an image can have. */
static struct applet_card *
full_card(const struct personality *personality)
{
	struct applet_card *card = applet_new(personality->name, "31", "");
	struct image *image = &card->image;
	struct registry_key key;

	memset(image->serial, '1', sizeof(image->serial));
	image->serial_len = personality->serial_len;
	for (size_t i = 0; registry_key(personality, i, &key); i++)
		add_usual_key(card, &key);
	for (size_t i = 0; i < IMAGE_AUTHORITIES_MAX; i++) {
		struct image_authority *authority = &image->authorities[image->authorities_count++];

		authority->certificate = applet_certificate(
		    applet_rsa(2048), "ca", applet_rsa(3072), "root", &authority->certificate_len);
	}
	/* A card without a certificate directory has none of these. */
	for (size_t i = 0; i < IMAGE_CERTIFICATES_MAX && personality->roles->further_path[0] != 0;
	     i++) {
		struct image_certificate *further =
		    &image->certificates[image->certificates_count++];

		snprintf(further->name, sizeof(further->name), "c%zu", i);
		further->certificate = applet_certificate(
		    applet_rsa(2048), "Maria", applet_rsa(2048), "ca", &further->certificate_len);
	}
	return card;
}

static void
every_personality_has_room_for_all_that_an_image_can_hold(void **state)
{
	(void)state;
	for (const struct personality *const *all = registry_all(); *all != NULL; all++) {
		struct applet_card *card = full_card(*all);

		applet_insert(card);
		applet_free(card);
	}
}

static void
a_serial_number_of_another_length_is_refused(void **state)
{
	struct applet_card *card = applet_new("fineid-v2", "0123456789ABCDEF", "");

	(void)state;
	applet_add_key(card, "sign", IMAGE_SERVICE_FILE, 2048, SIGN_PIN);
	assert_refused(card, "10 bytes, not 8");
}

static void
an_image_without_keys_is_refused(void **state)
{
	(void)state;
	assert_refused(applet_new("cc-v1", "0123456789ABCDEF", ""), "no key");
}

static void
a_key_of_an_unknown_role_is_refused(void **state)
{
	struct applet_card *card = applet_new("cc-v1", "0123456789ABCDEF", "");

	(void)state;
	applet_add_key(card, "encrypt", IMAGE_SERVICE_FILE, 2048, SIGN_PIN);
	assert_refused(card, "no key \"encrypt\"; a key of it is called auth or sign");
}

static void
a_modulus_that_the_card_cannot_have_is_refused(void **state)
{
	struct applet_card *card = applet_new("fineid-v2", "98765432101234567890", "");

	(void)state;
	applet_add_key(card, "sign", IMAGE_SERVICE_FILE, 3072, SIGN_PIN);
	assert_refused(card, "is of the kind rsa3072, and that of a fineid-v2 card is rsa2048");
}

static void
a_certificate_that_is_none_is_refused(void **state)
{
	struct applet_card *card = applet_new("cc-v1", "0123456789ABCDEF", "");

	(void)state;
	applet_add_key(card, "sign", IMAGE_SERVICE_FILE, 2048, SIGN_PIN);
	card->image.keys[0].certificate_len--;
	assert_refused(card, "make the card again with rsa2048 or rsa3072");
}

static void
an_option_value_that_is_neither_yes_nor_no_is_refused(void **state)
{
	struct applet_card *card = applet_new("cc-v1", "0123456789ABCDEF", "user-consent=maybe");

	(void)state;
	applet_add_key(card, "sign", IMAGE_SERVICE_FILE, 2048, SIGN_PIN);
	assert_refused(card, "user-consent=maybe");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_personality_is_found_by_its_name),
	    cmocka_unit_test(each_personality_says_how_long_its_serial_numbers_are),
	    cmocka_unit_test(the_registry_tells_what_keys_a_card_has),
	    cmocka_unit_test(every_kind_that_a_card_takes_is_known),
	    cmocka_unit_test(a_key_with_a_pin_of_its_own_is_opened_by_it),
	    cmocka_unit_test(every_personality_has_room_for_all_that_an_image_can_hold),
	    cmocka_unit_test(a_serial_number_of_another_length_is_refused),
	    cmocka_unit_test(an_image_without_keys_is_refused),
	    cmocka_unit_test(a_key_of_an_unknown_role_is_refused),
	    cmocka_unit_test(a_modulus_that_the_card_cannot_have_is_refused),
	    cmocka_unit_test(a_certificate_that_is_none_is_refused),
	    cmocka_unit_test(an_option_value_that_is_neither_yes_nor_no_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
