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
digest_text(EVP_MD_CTX *context, const char *text)
{
	return EVP_DigestUpdate(context, text, strlen(text) + 1) == 1;
}

static bool
digest_keys(EVP_MD_CTX *context, const struct image *image)
{
	bool ok = true;

	for (size_t i = 0; ok && i < image->keys_count; i++) {
		const struct image_key *key = &image->keys[i];

		ok = digest_text(context, key->name) && digest_text(context, key->label) &&
		     digest_text(context, key->certificate_label) &&
		     EVP_DigestUpdate(context, &key->usage, sizeof(key->usage)) == 1 &&
		     EVP_DigestUpdate(context, key->certificate, key->certificate_len) == 1;
	}
	return ok;
}

static bool
digest_certificates(EVP_MD_CTX *context, const struct image *image)
{
	bool ok = true;

	for (size_t i = 0; ok && i < image->authorities_count; i++)
		ok = EVP_DigestUpdate(context, image->authorities[i].certificate,
				      image->authorities[i].certificate_len) == 1;
	for (size_t i = 0; ok && i < image->certificates_count; i++) {
		const struct image_certificate *other = &image->certificates[i];

		ok = digest_text(context, other->label) && digest_text(context, other->key) &&
		     EVP_DigestUpdate(context, other->certificate, other->certificate_len) == 1;
	}
	return ok;
}

/* Of everything that the card's files depend on; the strings with their NUL, so that they end. */
static bool
put_serial(struct image *image, struct problem *error)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	bool ok = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
		  digest_text(context, image->options) && digest_keys(context, image) &&
		  digest_certificates(context, image) &&
		  EVP_DigestFinal_ex(context, digest, &len) == 1 &&
		  serial_derive(image->personality, (struct bytes){digest, len}, image->serial,
				&image->serial_len);

	EVP_MD_CTX_free(context);
	return ok ||
	       problem(error,
		       "card %s: no serial number could be made: OpenSSL refused; see whether "
		       "openssl works here",
		       image->name);
}

static bool
der_of(X509 *certificate, struct bytes *der, struct problem *error)
{
	unsigned char *data = NULL;
	const int len = i2d_X509(certificate, &data);

	*der = (struct bytes){data, len > 0 ? (size_t)len : 0};
	return len > 0 ||
	       problem(error, "a certificate cannot be encoded: OpenSSL refused; make it anew");
}

static bool
label_fits(const char *label, struct problem *error)
{
	return label == NULL || image_label_valid(label) ||
	       problem(error,
		       "the label \"%s\" cannot be one: it has 1 to %d bytes of UTF-8, no control "
		       "characters, no ; and no blank at its ends; choose another",
		       label, (int)IMAGE_LABEL_MAX);
}

static bool
put_credential(const struct issue_key *from, struct image_key *key, struct problem *error)
{
	const struct bytes credential = from->credential;

	if (credential.len == 0)
		return true;
	if (credential.len <= IMAGE_CREDENTIAL_MAX) {
		memcpy(key->credential, credential.data, credential.len);
		if (memchr(credential.data, '\0', credential.len) == NULL &&
		    image_credential_valid(key->credential))
			return true;
	}
	return problem(
	    error,
	    "the service %s calls the key by a name that cannot stand in card.conf: that "
	    "has 1 to %d printable characters of ASCII; give the key another name there",
	    from->service, (int)IMAGE_CREDENTIAL_MAX);
}

static bool
put_key(struct image *image, const struct issue_key *from, struct problem *error)
{
	struct image_key key = {.usage = from->usage, .uses = from->uses};
	struct image_error reason = {""};
	struct bytes der;
	bool ok;

	if (!label_fits(from->label, error) || !put_credential(from, &key, error) ||
	    !der_of(from->certificate, &der, error))
		return false;
	snprintf(key.name, sizeof(key.name), "%s", from->role);
	snprintf(key.service, sizeof(key.service), "%s", from->service);
	snprintf(key.label, sizeof(key.label), "%s", from->label == NULL ? "" : from->label);
	memcpy(key.certificate_label, key.label, sizeof(key.label));
	key.certificate = (uint8_t *)(uintptr_t)der.data;
	key.certificate_len = der.len;
	ok = image_add_key(image, &key, &reason) || problem(error, "%s", reason.text);
	OPENSSL_free(key.certificate);
	return ok;
}

bool
issue_authority(struct image *image, X509 *certificate, struct problem *error)
{
	struct image_error reason = {""};
	struct bytes der;
	bool ok;

	if (!der_of(certificate, &der, error))
		return false;
	ok = image_add_authority(image, der, &reason) || problem(error, "%s", reason.text);
	OPENSSL_free((void *)(uintptr_t)der.data);
	return ok;
}

/* A name that no other has: certificate1, certificate2 and so on. */
static void
name_certificate(const struct image *image, char name[KEY_NAME_MAX])
{
	bool taken = true;

	for (size_t number = 1; taken; number++) {
		snprintf(name, KEY_NAME_MAX, "certificate%zu", number);
		taken = false;
		for (size_t i = 0; i < image->certificates_count; i++)
			taken = taken || strcmp(image->certificates[i].name, name) == 0;
	}
}

bool
issue_certificate(struct image *image, X509 *certificate, const char *role, const char *label,
		  struct problem *error)
{
	struct image_certificate other = {.name = ""};
	struct image_error reason = {""};
	struct bytes der;
	bool ok;

	if (!label_fits(label, error) || !der_of(certificate, &der, error))
		return false;
	name_certificate(image, other.name);
	snprintf(other.key, sizeof(other.key), "%s", role == NULL ? "" : role);
	snprintf(other.label, sizeof(other.label), "%s", label == NULL ? "" : label);
	other.certificate = (uint8_t *)(uintptr_t)der.data;
	other.certificate_len = der.len;
	ok = image_add_certificate(image, &other, &reason) || problem(error, "%s", reason.text);
	OPENSSL_free(other.certificate);
	return ok;
}

static bool
put_options(struct image *image, const char *words, struct problem *error)
{
	char word[IMAGE_OPTIONS_MAX], name[IMAGE_OPTIONS_MAX];

	for (const char *at = words + strspn(words, " "); *at != '\0'; at += strspn(at, " ")) {
		const size_t len = strcspn(at, " "), used = strlen(image->options);

		snprintf(word, sizeof(word), "%.*s", (int)len, at);
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
		at += len;
		if (image_option(image, name, NULL, 0))
			continue;
		if (used + len + 2 > sizeof(image->options))
			return problem(error, "card %s: its options are too long; leave some out",
				       image->name);
		snprintf(image->options + used, sizeof(image->options) - used, "%s%s",
			 used > 0 ? " " : "", word);
	}
	return true;
}

static bool
put(const struct issue *issue, struct image *image, struct problem *error)
{
	bool ok = put_options(image, issue->options, error);

	for (size_t i = 0; ok && i < issue->keys_count; i++)
		ok = put_key(image, &issue->keys[i], error);
	for (size_t i = 0; ok && i < issue->authorities_count; i++)
		ok = issue_authority(image, issue->authorities[i], error);
	return ok && put_serial(image, error);
}

static bool
can_be_made(const struct image *image, struct problem *error)
{
	struct problem reason;
	struct card *card = issue_trial(image, &reason);

	card_free(card);
	if (card == NULL && strstr(reason.text, "card.conf") == NULL)
		return problem(error, "%s", reason.text);
	return card != NULL ||
	       problem(error,
		       "%s (nothing was written: what card.conf would say comes from the "
		       "options of this command)",
		       reason.text);
}

/* What the engine does not write: key files, and the account. */
static bool
fill(void *context, const struct image *there, struct image_error *error)
{
	const struct issue *issue = context;
	struct problem reason;
	char path[PATH_MAX];
	int len;
	bool ok = key_files_write(there, issue->keys, issue->keys_count, &reason);

	if (ok && issue->account != NULL) {
		len = snprintf(path, sizeof(path), "%s/" ACCOUNT_FILE, there->directory);
		ok = len > 0 && (size_t)len < sizeof(path)
			 ? account_write(path, issue->account, &reason)
			 : problem(&reason,
				   "the path of card %s is too long; set a shorter "
				   "XDG_DATA_HOME",
				   there->name);
	}
	if (!ok)
		snprintf(error->text, sizeof(error->text), "%.*s", (int)sizeof(error->text) - 1,
			 reason.text);
	return ok;
}

static bool
create_image(const struct issue *issue, const struct image *image, struct problem *error)
{
	struct image_error image_error = {0};
	struct issue context = *issue;
	char cards[PATH_MAX];

	return paths_cards(cards, error) && paths_make(cards, error) &&
	       (image_create_with(image, fill, &context, &image_error) ||
		problem(error, "%s", image_error.text));
}

bool
issue_card(const struct issue *issue, struct problem *error)
{
	struct image image = {.lock = -1};
	bool ok;

	snprintf(image.name, sizeof(image.name), "%s", issue->name);
	snprintf(image.personality, sizeof(image.personality), "%s", issue->personality);
	ok = paths_card(issue->name, image.directory, error) && put(issue, &image, error) &&
	     can_be_made(&image, error) && create_image(issue, &image, error);
	image_free(&image);
	return ok;
}

bool
issue_update(struct image *image, struct problem *error)
{
	struct image_error reason = {""};

	return put_serial(image, error) && can_be_made(image, error) &&
	       (image_update(image, &reason) || problem(error, "%s", reason.text));
}

bool
issue_onto(const struct issue *issue, struct image *image, struct problem *error)
{
	if (!put(issue, image, error) || !can_be_made(image, error))
		return false;
	/* What an interrupted one has left: the card has no such keys yet. */
	key_files_remove(image, issue->keys, issue->keys_count);
	if (key_files_write(image, issue->keys, issue->keys_count, error) &&
	    issue_update(image, error))
		return true;
	key_files_remove(image, issue->keys, issue->keys_count);
	return false;
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
