#include "build_key.h"

#include <stdio.h>
#include <string.h>

/* Whether an image can be a card of these roles. */

static bool
takes_kind(const struct role *role, const struct key_kind *kind)
{
	for (const char *const *name = role->kinds; *name != NULL; name++) {
		if (strcmp(*name, kind->name) == 0)
			return true;
	}
	return false;
}

/* "a", "a or b", "a, b or c": a word is put before the next is known, `last` with the last. */
static void
list_word(struct writer *list, const char *word, bool first, bool last)
{
	const char *before = first ? "" : last ? " or " : ", ";

	writer_put(list, (struct bytes){(const uint8_t *)before, strlen(before)});
	writer_put(list, (struct bytes){(const uint8_t *)word, strlen(word)});
}

static void
check_serial(struct build *build, const struct roles *roles)
{
	const struct image *image = build->image;
	uint8_t text[64] = "";
	struct writer list = writer_to(text, sizeof(text) - 1);

	for (const size_t *len = roles->serial_lens; *len != 0; len++) {
		char word[24];

		if (*len == image->serial_len)
			return;
		snprintf(word, sizeof(word), "%zu", *len);
		list_word(&list, word, len == roles->serial_lens, len[1] == 0);
	}
	build_fail(
	    build,
	    "card \"%s\": the serial number of a %s card has %s bytes, not %zu; correct `serial` "
	    "in "
	    "card.conf",
	    image->name, image->personality, (const char *)text, image->serial_len);
}

static void
refuse_name(struct build *build, const struct roles *roles, const struct image_key *key)
{
	uint8_t text[192] = "";
	struct writer list = writer_to(text, sizeof(text) - 1);

	for (size_t i = 0; i < roles->count; i++)
		list_word(&list, roles->role[i].key, i == 0, i + 1 == roles->count);
	build_fail(
	    build,
	    "card \"%s\": a %s card has no key \"%s\"; a key of it is called %s: correct [key %s] "
	    "in card.conf",
	    build->image->name, build->image->personality, key->name, (const char *)text,
	    key->name);
}

static void
check_kind(struct build *build, const struct role *role, const struct image_key *key)
{
	const struct key_kind *kind = build_kind(key);
	uint8_t text[128] = "";
	struct writer list = writer_to(text, sizeof(text) - 1);

	if (kind != NULL && takes_kind(role, kind))
		return;
	for (size_t i = 0; role->kinds[i] != NULL; i++)
		list_word(&list, role->kinds[i], i == 0, role->kinds[i + 1] == NULL);
	if (kind == NULL)
		build_fail(
		    build,
		    "card \"%s\": the certificate of key \"%s\" has no key that can be read and "
		    "that cards have; make the card again with %s",
		    build->image->name, key->name, (const char *)text);
	else
		build_fail(
		    build,
		    "card \"%s\": key \"%s\" is of the kind %s, and that of a %s card is %s; "
		    "choose another personality, or another key",
		    build->image->name, key->name, kind->name, build->image->personality,
		    (const char *)text);
}

static void
refuse_service(struct build *build, const struct key_kind *kind, const struct image_key *key)
{
	build_fail(
	    build,
	    "card \"%s\": key \"%s\", of the kind %s, is at the service %s, which does nothing "
	    "of what a %s card does with such a key; correct `uses` in card.conf if it does, "
	    "or make the card with a key of its own: vicar create",
	    build->image->name, key->name, kind->name, key->service, build->image->personality);
}

static void
check_usage(struct build *build, const struct role *role, const struct image_key *key)
{
	const struct key_kind *kind = build_kind(key);
	const char *words[BUILD_USAGES], *name;
	enum image_usage word;
	uint8_t text[64] = "";
	struct writer list = writer_to(text, sizeof(text) - 1);
	size_t count = 0;

	/* A card without PKCS #15 objects says nowhere what its keys do. */
	if (role->private_key.usage == 0)
		return;
	if (kind == NULL || build_usage(role, key, kind, role->private_key.usage) != 0)
		return;
	for (size_t i = 0; (name = build_usage_name(i, &word)) != NULL; i++) {
		struct image_key with = *key;

		with.usage = word;
		if (build_usage(role, &with, kind, role->private_key.usage) != 0)
			words[count++] = name;
	}
	if (count == 0) {
		refuse_service(build, kind, key);
		return;
	}
	for (size_t i = 0; i < count; i++)
		list_word(&list, words[i], i == 0, i + 1 == count);
	build_fail(
	    build,
	    "card \"%s\": nothing of what `usage` says can be done with key \"%s\" of a %s card; "
	    "write %s in card.conf, or delete the line",
	    build->image->name, key->name, build->image->personality, (const char *)text);
}

static bool
is_for_key(const struct image_certificate *certificate, const struct image_key *key)
{
	X509 *a = build_certificate(certificate->certificate, certificate->certificate_len);
	X509 *b = build_certificate(key->certificate, key->certificate_len);
	bool same =
	    a != NULL && b != NULL && EVP_PKEY_eq(X509_get0_pubkey(a), X509_get0_pubkey(b)) == 1;

	X509_free(a);
	X509_free(b);
	return same;
}

static void
check_further(struct build *build, const struct roles *roles)
{
	const struct image *image = build->image;

	if (image->certificates_count != 0 && roles->further_path[0] == 0)
		build_fail(build,
			   "card \"%s\": a %s card has no room for further certificates; take "
			   "[certificate "
			   "%s] out of card.conf",
			   image->name, image->personality, image->certificates[0].name);
	for (size_t i = 0; i < image->certificates_count; i++) {
		const struct image_certificate *certificate = &image->certificates[i];
		const struct image_key *key = image_key(image, certificate->key);

		if (key != NULL && !is_for_key(certificate, key))
			build_fail(
			    build,
			    "card \"%s\": the certificate \"%s\" is not for key \"%s\", which is "
			    "another one; take `key` out of [certificate %s] in card.conf",
			    image->name, certificate->name, key->name, certificate->name);
	}
}

void
build_check(struct build *build, const struct roles *roles)
{
	const struct image *image = build->image;

	check_serial(build, roles);
	if (image->keys_count == 0)
		build_fail(build, "card \"%s\": it has no key; enrol it again with one",
			   image->name);
	for (size_t i = 0; i < image->keys_count; i++) {
		const struct role *role = build_role(roles, image->keys[i].name);

		if (role == NULL) {
			refuse_name(build, roles, &image->keys[i]);
			continue;
		}
		check_kind(build, role, &image->keys[i]);
		check_usage(build, role, &image->keys[i]);
	}
	check_further(build, roles);
}
