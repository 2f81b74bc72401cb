#include "issue.h"

#include "applets/registry.h"
#include "tools/paths.h"
#include "tools/serial.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { NFTW_DESCRIPTORS = 8, PERSONALITIES_TEXT_MAX = 256 };

bool
issue_possible(const char *name, const char *personality, char directory[PATH_MAX],
	       struct problem *error)
{
	char names[PERSONALITIES_TEXT_MAX];
	struct stat st;

	if (!image_name_valid(name))
		return problem(
		    error,
		    "%s cannot be a card's name: at most %d letters, digits, - and _, the "
		    "first a letter or digit; choose another",
		    name, IMAGE_NAME_MAX - 1);
	if (registry_find(personality) == NULL) {
		registry_names(names, sizeof(names));
		return problem(error, "there is no card %s; choose one of: %s", personality, names);
	}
	if (!paths_card(name, directory, error))
		return false;
	if (lstat(directory, &st) == 0)
		return problem(
		    error,
		    "there is already a card %s; take another name, or first type: vicar "
		    "forget %s",
		    name, name);
	if (errno != ENOENT)
		return problem(error, "%s cannot be looked at: %s; see its permissions", directory,
			       strerror(errno));
	return true;
}

/* Certificates point into `der`, which the caller frees with free_der(). */
static bool
put_certificates(struct image *image, const struct chain *chain)
{
	for (size_t i = 0; i < chain->count; i++) {
		unsigned char *der = NULL;
		const int len = i2d_X509(chain->certificates[i], &der);

		if (len <= 0)
			return false;
		if (i == 0) {
			image->keys[0].certificate = der;
			image->keys[0].certificate_len = (size_t)len;
		} else {
			image->authorities[i - 1] = (struct image_authority){der, (size_t)len};
			image->authorities_count = i;
		}
	}
	return true;
}

static void
free_certificates(struct image *image)
{
	OPENSSL_free(image->keys[0].certificate);
	for (size_t i = 0; i < image->authorities_count; i++)
		OPENSSL_free(image->authorities[i].certificate);
}

/* Nothing is saved of a card that is only looked at. */
static bool
save_nothing(void *context, const struct image_counter *counters, size_t count)
{
	(void)context;
	(void)counters;
	(void)count;
	return true;
}

struct card *
issue_trial(const struct image *image, struct problem *error)
{
	const struct card_host host = {.save = save_nothing};
	const struct personality *personality = registry_find(image->personality);
	struct image_error image_error = {0};
	struct card *card;

	if (personality == NULL) {
		problem(error, "there is no card %s in this version of Vicar; install a newer one",
			image->personality);
		return NULL;
	}
	if ((card = card_new(image, personality, &host, &image_error)) == NULL)
		problem(error, "%s", image_error.text);
	return card;
}

/* Everything that the card's files depend on; the strings with their NUL, so that they end. */
static bool
put_serial(struct image *image)
{
	const struct image_key *key = &image->keys[0];
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	bool ok = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
		  EVP_DigestUpdate(context, key->name, strlen(key->name) + 1) == 1 &&
		  EVP_DigestUpdate(context, image->options, strlen(image->options) + 1) == 1 &&
		  EVP_DigestUpdate(context, key->certificate, key->certificate_len) == 1;

	for (size_t i = 0; ok && i < image->authorities_count; i++)
		ok = EVP_DigestUpdate(context, image->authorities[i].certificate,
				      image->authorities[i].certificate_len) == 1;
	ok = ok && EVP_DigestFinal_ex(context, digest, &len) == 1 &&
	     serial_derive(image->personality, (struct bytes){digest, len}, image->serial,
			   &image->serial_len);
	EVP_MD_CTX_free(context);
	return ok;
}

static bool
fill(const struct issue *issue, struct image *image, struct problem *error)
{
	struct image_key *key = &image->keys[0];

	if (!paths_card(issue->name, image->directory, error))
		return false;
	snprintf(image->name, sizeof(image->name), "%s", issue->name);
	snprintf(image->personality, sizeof(image->personality), "%s", issue->personality);
	snprintf(image->options, sizeof(image->options), "%s", issue->options);
	snprintf(key->name, sizeof(key->name), "%s", issue->role);
	snprintf(key->service, sizeof(key->service), "%s", issue->service);
	image->keys_count = 1;
	if (!put_certificates(image, issue->chain) || !put_serial(image))
		return problem(error,
			       "card %s: no memory for its certificates; close some programs",
			       issue->name);
	return true;
}

bool
issue_card(const struct issue *issue, struct problem *error)
{
	struct image image = {.lock = -1};
	struct image_error image_error = {0};
	struct card *card = NULL;
	char cards[PATH_MAX];
	bool ok = false;

	if (!fill(issue, &image, error) || (card = issue_trial(&image, error)) == NULL)
		goto out;
	if (!paths_cards(cards, error) || !paths_make(cards, error))
		goto out;
	if (!image_create(&image, &image_error)) {
		problem(error, "%s", image_error.text);
		goto out;
	}
	ok = true;
out:
	card_free(card);
	free_certificates(&image);
	return ok;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
	(void)st;
	(void)kind;
	(void)walk;
	return remove(path);
}

bool
issue_undo(const char *directory, struct problem *error)
{
	if (nftw(directory, remove_one, NFTW_DESCRIPTORS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) == 0)
		return true;
	return problem(error, "%s cannot be removed: %s; see who may write there", directory,
		       strerror(errno));
}
