#include "engine.h"
#include "failure.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The card as a personality builds it from an image. */

static const char OPTION_PIN_TRIES[] = "pin-tries";

static bool
read_pin_tries(struct card *card, struct image_error *error)
{
	char text[16], *end = NULL;
	unsigned long tries;

	card->remote_tries = PIN_REMOTE_TRIES;
	if (!image_option(card->image, OPTION_PIN_TRIES, text, sizeof(text)))
		return true;
	errno = 0;
	tries = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || tries < 1 ||
	    tries > PIN_TRIES_MAX)
		return failure(
		    error,
		    "card \"%s\": option pin-tries=%s: allowed are 1 to 15; write it so in "
		    "%s/card.conf",
		    card->image->name, text, card->image->directory);
	card->remote_tries = (unsigned)tries;
	return true;
}

static bool
option_known(const struct card *card, const char *word, size_t len)
{
	const char *const *known = card->personality->options;

	if (len == strlen(OPTION_PIN_TRIES) && strncmp(word, OPTION_PIN_TRIES, len) == 0)
		return true;
	for (; known != NULL && *known != NULL; known++)
		if (len == strlen(*known) && strncmp(word, *known, len) == 0)
			return true;
	return false;
}

static bool
check_options(const struct card *card, struct image_error *error)
{
	const char *word = card->image->options;

	for (word += strspn(word, " "); *word != '\0'; word += strspn(word, " ")) {
		if (!option_known(card, word, strcspn(word, " =")))
			return failure(
			    error,
			    "card \"%s\": personality %s has no option \"%.*s\"; take it "
			    "out of %s/card.conf",
			    card->image->name, card->personality->name, (int)strcspn(word, " "),
			    word, card->image->directory);
		word += strcspn(word, " ");
	}
	return true;
}

bool
card_set_atr(struct card *card, struct bytes atr, struct image_error *error)
{
	if (!atr_parse(atr, &card->atr))
		return failure(error, "card \"%s\": the ATR of personality %s is malformed",
			       card->image->name, card->personality->name);
	card->t0 = card->atr.first_protocol == 0;
	return true;
}

static const char *
pin_fault(struct card *card, const struct pin_spec *spec)
{
	const struct pin *puk;

	if (card->pins_count == CARD_PINS_MAX)
		return "the card holds 8 PINs at most";
	if (!image_name_valid(spec->counter) || strlen(spec->counter) >= KEY_NAME_MAX)
		return "its counter's name is no name, or too long";
	if (pin_find_counter(card, spec->counter) != NULL)
		return "there is one already";
	if (spec->reference != PIN_NO_REFERENCE &&
	    (spec->reference > 0xFF || pin_find(card, spec->reference) != NULL))
		return "its reference is taken or above FF";
	if (spec->tries < 1 || spec->tries > PIN_TRIES_MAX)
		return "its tries are not 1 to 15";
	if (spec->length_min < 1 || spec->length_min > spec->length_max ||
	    spec->length_max > PIN_VALUE_MAX || spec->length_stored > PIN_VALUE_MAX ||
	    (spec->length_stored != 0 && spec->length_stored < spec->length_max))
		return "its lengths contradict each other";
	if (spec->key != NULL ? image_key(card->image, spec->key) == NULL
			      : !spec->is_puk || spec->reference != PIN_NO_REFERENCE)
		return "the image has no such key for it";
	if (spec->puk == NULL)
		return NULL;
	puk = pin_find_counter(card, spec->puk);
	return puk != NULL && puk->spec.is_puk ? NULL : "its PUK was not added before";
}

static bool
key_is_remote(const struct card *card, const char *name)
{
	const struct image_key *key = name != NULL ? image_key(card->image, name) : NULL;

	return key != NULL && strcmp(key->service, IMAGE_SERVICE_FILE) != 0;
}

/* A counter that the state has not yet is full; one above the maximum was saved before the
 * maximum was lowered. */
static unsigned
saved_tries(const struct card *card, const struct pin *pin)
{
	const struct image *image = card->image;

	for (size_t i = 0; i < image->counters_count && i < IMAGE_COUNTERS_MAX; i++) {
		if (strcmp(image->counters[i].name, pin->spec.counter) != 0)
			continue;
		if (image->counters[i].tries_left < pin->tries_max)
			return image->counters[i].tries_left;
	}
	return pin->tries_max;
}

bool
card_add_pin(struct card *card, const struct pin_spec *spec, struct image_error *error)
{
	const char *fault = pin_fault(card, spec);
	struct pin *pin;

	if (fault != NULL)
		return failure(error, "card \"%s\": PIN %s of personality %s: %s",
			       card->image->name, spec->counter, card->personality->name, fault);
	pin = &card->pins[card->pins_count++];
	pin->spec = *spec;
	pin->remote = key_is_remote(card, spec->key) && !spec->is_puk;
	pin->tries_max = pin->remote ? card->remote_tries : spec->tries;
	pin->tries_left = saved_tries(card, pin);
	return true;
}

/* SEC 1 section 2.3.3: 04, then two coordinates. */
static size_t
point_len(const EVP_PKEY *public_key)
{
	return 1 + 2 * (((size_t)EVP_PKEY_get_bits(public_key) + 7) / 8);
}

static bool
read_public_key(struct key *key, const struct image_key *in_image)
{
	const unsigned char *at = in_image->certificate;
	X509 *certificate = d2i_X509(NULL, &at, (long)in_image->certificate_len);
	const EVP_PKEY *public_key = X509_get0_pubkey(certificate);
	bool ok = public_key != NULL;

	if (ok && EVP_PKEY_is_a(public_key, "RSA"))
		key->block_len = (size_t)EVP_PKEY_get_size(public_key);
	else if (ok)
		key->block_len = point_len(public_key);
	key->operations = image_operations(in_image);
	key->usage = key->spec.usage != 0 ? key->spec.usage : in_image->usage;
	key->ec = ok && !EVP_PKEY_is_a(public_key, "RSA");
	X509_free(certificate);
	return ok && key->block_len < CARD_INPUT_MAX;
}

static const char *
key_fault(struct card *card, const struct key_spec *spec)
{
	const struct pin *pin = pin_find(card, spec->pin);

	if (card->keys_count == CARD_KEYS_MAX)
		return "the card holds 8 keys at most";
	if (image_key(card->image, spec->name) == NULL)
		return "the image has none of that name; enrol the card again";
	if (pin == NULL || pin->spec.is_puk)
		return "the PIN that opens it was not added before";
	return NULL;
}

/* One PIN is judged in one place. */
static bool
shares_service(struct card *card, const struct key_spec *spec, struct image_error *error)
{
	const struct image_key *key = image_key(card->image, spec->name);
	const struct image_key *leading =
	    image_key(card->image, pin_find(card, spec->pin)->spec.key);

	if (strcmp(key->service, leading->service) == 0)
		return true;
	return failure(
	    error,
	    "card \"%s\": keys \"%s\" and \"%s\" of a %s card have one PIN, so that both "
	    "are in files or both at one service, but \"%s\" has service = %s and \"%s\" "
	    "service = %s; make the card again with both in one place, or with one of "
	    "them only",
	    card->image->name, leading->name, key->name, card->personality->name, leading->name,
	    leading->service, key->name, key->service);
}

bool
card_add_key(struct card *card, const struct key_spec *spec, struct image_error *error)
{
	const struct image_key *in_image = image_key(card->image, spec->name);
	const char *fault = key_fault(card, spec);
	struct key key = {.spec = *spec};

	if (fault == NULL && in_image != NULL && !read_public_key(&key, in_image))
		fault = "its certificate has no public key that Vicar knows; enrol the card again";
	if (fault != NULL)
		return failure(error, "card \"%s\": key %s of personality %s: %s",
			       card->image->name, spec->name, card->personality->name, fault);
	if (!shares_service(card, spec, error))
		return false;
	key.pin = pin_find(card, spec->pin);
	key.remote = key.pin->remote;
	card->keys[card->keys_count++] = key;
	return true;
}

const struct image *
card_image(const struct card *card)
{
	return card->image;
}

static bool
add_mf(struct card *card)
{
	struct file *mf = calloc(1, sizeof(*mf));

	if (mf == NULL)
		return false;
	mf->fid = FILE_MF;
	card->files[card->files_count++] = mf;
	return true;
}

static bool
add_secrets(struct card *card)
{
	card->secrets = OPENSSL_secure_zalloc(sizeof(*card->secrets));
	return card->secrets != NULL &&
	       RAND_bytes(card->secrets->fingerprint_key, FINGERPRINT_LEN) == 1;
}

struct card *
card_new(const struct image *image, const struct personality *personality,
	 const struct card_host *host, struct image_error *error)
{
	struct card *card = OPENSSL_zalloc(sizeof(*card));

	if (card == NULL)
		goto no_memory;
	card->image = image;
	card->personality = personality;
	card->host = *host;
	if (!add_mf(card) || !add_secrets(card))
		goto no_memory;
	if (!check_options(card, error) || !read_pin_tries(card, error) ||
	    !card_set_atr(card, personality->atr, error) ||
	    !personality->personalise(card, image, error))
		goto fail;
	card_reset(card);
	return card;

no_memory:
	(void)failure(error, "card \"%s\": no memory for it; end other programs and try again",
		      image->name);
fail:
	card_free(card);
	return NULL;
}

void
card_free(struct card *card)
{
	if (card == NULL)
		return;
	if (card->secrets != NULL)
		card_reset(card);
	files_free(card);
	OPENSSL_secure_clear_free(card->secrets, sizeof(*card->secrets));
	OPENSSL_clear_free(card, sizeof(*card));
}
