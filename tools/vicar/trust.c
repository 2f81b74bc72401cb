#include "trust.h"

#include "cards.h"
#include "cmdbridge/certificate.h"

#include <openssl/err.h>

static void
add_authorities(X509_STORE *store, const struct image *image)
{
	for (size_t i = 0; i < image->authorities_count; i++) {
		const struct image_authority *from = &image->authorities[i];
		X509 *authority =
		    certificate_parse((struct bytes){from->certificate, from->certificate_len});

		/* One that is there already is no trouble. */
		if (authority != NULL)
			(void)X509_STORE_add_cert(store, authority);
		X509_free(authority);
	}
}

/* A card that cannot be read has none to give. */
static void
add_cards(X509_STORE *store)
{
	char directory[PATH_MAX];
	struct image_error reason;
	struct problem unused;
	struct cards cards;
	struct image image;

	if (!cards_list(&cards, &unused))
		return;
	for (size_t i = 0; i < cards.count; i++) {
		if (!cards_find(cards.names[i], directory, &unused) ||
		    !image_load(&image, directory, &reason))
			continue;
		add_authorities(store, &image);
		image_free(&image);
	}
	cards_free(&cards);
}

X509_STORE *
trust_store(const char *ca_file, bool cards, struct problem *error)
{
	X509_STORE *store = X509_STORE_new();
	bool ok = store != NULL;

	if (ok && ca_file != NULL)
		ok = X509_STORE_load_file(store, ca_file) == 1;
	else if (ok)
		ok = X509_STORE_set_default_paths(store) == 1;
	if (!ok) {
		problem(error,
			ca_file != NULL ? "%s has no certificates in PEM that could be read"
					: "the system's certificates cannot be read",
			ca_file);
		X509_STORE_free(store);
		store = NULL;
	} else if (ca_file == NULL && cards) {
		add_cards(store);
	}
	ERR_clear_error();
	return store;
}
