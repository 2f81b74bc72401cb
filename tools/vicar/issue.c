#include "issue.h"

#include "applets/registry.h"
#include "command.h"
#include "key_files.h"
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

/* The caller frees it with OPENSSL_free(). */
static bool
put_der(X509 *certificate, uint8_t **der, size_t *der_len)
{
	const int len = i2d_X509(certificate, der);

	*der_len = len > 0 ? (size_t)len : 0;
	return len > 0;
}

static bool
put_keys(struct image *image, const struct issue *issue)
{
	for (size_t i = 0; i < issue->keys_count; i++) {
		const struct issue_key *from = &issue->keys[i];
		struct image_key *key = &image->keys[image->keys_count++];

		snprintf(key->name, sizeof(key->name), "%s", from->role);
		snprintf(key->service, sizeof(key->service), "%s", from->service);
		if (!put_der(from->certificate, &key->certificate, &key->certificate_len))
			return false;
	}
	return true;
}

static bool
put_authorities(struct image *image, const struct issue *issue)
{
	for (size_t i = 0; i < issue->authorities_count; i++) {
		struct image_authority *to = &image->authorities[image->authorities_count++];

		if (!put_der(issue->authorities[i], &to->certificate, &to->certificate_len))
			return false;
	}
	return true;
}

static void
free_certificates(struct image *image)
{
	for (size_t i = 0; i < image->keys_count; i++)
		OPENSSL_free(image->keys[i].certificate);
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

static bool
digest_keys(EVP_MD_CTX *context, const struct image *image)
{
	bool ok = true;

	for (size_t i = 0; ok && i < image->keys_count; i++) {
		const struct image_key *key = &image->keys[i];

		ok = EVP_DigestUpdate(context, key->name, strlen(key->name) + 1) == 1 &&
		     EVP_DigestUpdate(context, key->certificate, key->certificate_len) == 1;
	}
	for (size_t i = 0; ok && i < image->authorities_count; i++)
		ok = EVP_DigestUpdate(context, image->authorities[i].certificate,
				      image->authorities[i].certificate_len) == 1;
	return ok;
}

/* Of everything that the card's files depend on; the strings with their NUL, so that they end. */
static bool
put_serial(struct image *image)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	bool ok = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
		  EVP_DigestUpdate(context, image->options, strlen(image->options) + 1) == 1 &&
		  digest_keys(context, image) && EVP_DigestFinal_ex(context, digest, &len) == 1 &&
		  serial_derive(image->personality, (struct bytes){digest, len}, image->serial,
				&image->serial_len);

	EVP_MD_CTX_free(context);
	return ok;
}

static bool
fits(const struct issue *issue, const struct image *image, struct problem *error)
{
	if (issue->keys_count > IMAGE_KEYS_MAX - image->keys_count)
		return problem(error, "card %s would have more than %d keys; leave one out",
			       issue->name, (int)IMAGE_KEYS_MAX);
	if (issue->authorities_count > IMAGE_AUTHORITIES_MAX - image->authorities_count)
		return problem(error,
			       "card %s would have more than %d certificates of authorities; leave "
			       "the uppermost out",
			       issue->name, (int)IMAGE_AUTHORITIES_MAX);
	return true;
}

static bool
fill(const struct issue *issue, struct image *image, struct problem *error)
{
	if (!paths_card(issue->name, image->directory, error) || !fits(issue, image, error))
		return false;
	snprintf(image->name, sizeof(image->name), "%s", issue->name);
	snprintf(image->personality, sizeof(image->personality), "%s", issue->personality);
	snprintf(image->options, sizeof(image->options), "%s", issue->options);
	if (!put_keys(image, issue) || !put_authorities(image, issue) || !put_serial(image))
		return problem(error,
			       "card %s: no memory for its certificates; close some programs",
			       issue->name);
	return true;
}

static bool
create_image(const struct issue *issue, const struct image *image, struct problem *error)
{
	struct image_error image_error = {0};
	struct problem undo;
	char cards[PATH_MAX];

	if (!paths_cards(cards, error) || !paths_make(cards, error))
		return false;
	if (!image_create(image, &image_error))
		return problem(error, "%s", image_error.text);
	if (key_files_write(image, issue->keys, issue->keys_count, error))
		return true;
	if (!issue_undo(image->directory, &undo))
		say_error("%s", undo.text);
	return false;
}

bool
issue_card(const struct issue *issue, struct problem *error)
{
	struct image image = {.lock = -1};
	struct card *card = NULL;
	bool ok = fill(issue, &image, error) && (card = issue_trial(&image, error)) != NULL &&
		  create_image(issue, &image, error);

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
