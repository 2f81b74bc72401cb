#include "renew_chain.h"

#include "cmdbridge/certificate.h"
#include "issue.h"

#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

enum {
	POOL_MAX = IMAGE_AUTHORITIES_MAX + CHAIN_MAX,
};

/* Certificates of authorities: the card's, and those of the new chain. */
struct pool {
	X509 *authorities[POOL_MAX]; /* the first `owned` are ours */
	size_t owned, count;
	bool chosen[POOL_MAX];
	size_t order[POOL_MAX]; /* of those chosen */
	size_t order_count;
};

static X509 *
parse(const uint8_t *certificate, size_t len)
{
	return certificate_parse((struct bytes){certificate, len});
}

static bool
pool_fill(struct pool *pool, const struct image *image, const struct chain *chain)
{
	*pool = (struct pool){.count = 0};
	for (size_t i = 0; i < image->authorities_count; i++) {
		const struct image_authority *authority = &image->authorities[i];
		X509 *parsed = parse(authority->certificate, authority->certificate_len);

		if (parsed == NULL)
			return false;
		pool->authorities[pool->owned++] = parsed;
	}
	pool->count = pool->owned;
	for (size_t i = 1; i < chain->count; i++)
		pool->authorities[pool->count++] = chain->certificates[i];
	return true;
}

static void
pool_free(struct pool *pool)
{
	for (size_t i = 0; i < pool->owned; i++)
		X509_free(pool->authorities[i]);
}

static bool
issued(X509 *issuer, X509 *subject)
{
	return X509_check_issued(issuer, subject) == X509_V_OK &&
	       X509_verify(subject, X509_get0_pubkey(issuer)) == 1;
}

/* The place of what issued `certificate`, pool->count when nothing here did. */
static size_t
issuer_of(const struct pool *pool, X509 *certificate)
{
	for (size_t i = 0; i < pool->count; i++)
		if (X509_cmp(pool->authorities[i], certificate) != 0 &&
		    issued(pool->authorities[i], certificate))
			return i;
	return pool->count;
}

static void
choose(struct pool *pool, size_t place)
{
	for (size_t i = 0; i < pool->count; i++)
		if (pool->chosen[i] &&
		    X509_cmp(pool->authorities[i], pool->authorities[place]) == 0)
			return;
	pool->chosen[place] = true;
	pool->order[pool->order_count++] = place;
}

/* The issuer, the issuer's issuer and so on; no chain is longer than the pool. */
static void
choose_above(struct pool *pool, X509 *certificate)
{
	for (size_t i = 0; i < pool->count; i++) {
		const size_t place = issuer_of(pool, certificate);

		if (place == pool->count)
			return;
		choose(pool, place);
		certificate = pool->authorities[place];
	}
}

static bool
choose_above_der(struct pool *pool, const uint8_t *der, size_t len)
{
	X509 *certificate = parse(der, len);

	if (certificate != NULL)
		choose_above(pool, certificate);
	X509_free(certificate);
	return certificate != NULL;
}

static bool
stood_above(const struct pool *pool, size_t place, X509 *certificate)
{
	for (size_t i = 0; i < pool->count; i++) {
		const size_t above = issuer_of(pool, certificate);

		if (above == pool->count)
			return false;
		if (above == place)
			return true;
		certificate = pool->authorities[above];
	}
	return false;
}

/* Keys' chains first; what somebody has put there by hand stays. */
static bool
choose_all(struct pool *pool, const struct image *image, X509 *old)
{
	for (size_t i = 0; i < image->keys_count; i++)
		if (!choose_above_der(pool, image->keys[i].certificate,
				      image->keys[i].certificate_len))
			return false;
	for (size_t i = 0; i < image->certificates_count; i++)
		if (!choose_above_der(pool, image->certificates[i].certificate,
				      image->certificates[i].certificate_len))
			return false;
	for (size_t i = 0; i < pool->owned; i++)
		if (!stood_above(pool, i, old))
			choose(pool, i);
	return true;
}

static bool
put_authorities(struct image *image, const struct pool *pool, struct problem *error)
{
	bool ok = true;

	for (size_t i = 0; i < image->authorities_count; i++)
		free(image->authorities[i].certificate);
	memset(image->authorities, 0, sizeof(image->authorities));
	image->authorities_count = 0;
	for (size_t i = 0; ok && i < pool->order_count; i++)
		ok = issue_authority(image, pool->authorities[pool->order[i]], error);
	return ok;
}

static bool
put_leaf(struct image_key *key, X509 *leaf)
{
	uint8_t *der = NULL, *copy;
	const int len = i2d_X509(leaf, &der);

	if (len <= 0)
		return false;
	copy = malloc((size_t)len);
	if (copy != NULL) {
		memcpy(copy, der, (size_t)len);
		free(key->certificate);
		key->certificate = copy;
		key->certificate_len = (size_t)len;
	}
	OPENSSL_free(der);
	return copy != NULL;
}

static struct image_key *
find_key(struct image *image, const char *role)
{
	for (size_t i = 0; i < image->keys_count; i++)
		if (strcmp(image->keys[i].name, role) == 0)
			return &image->keys[i];
	return NULL;
}

enum renewal
renew_key(struct image *image, const char *role, const struct chain *chain, struct problem *error)
{
	struct image_key *key = find_key(image, role);
	X509 *leaf = chain->certificates[0];
	X509 *old = key == NULL ? NULL : parse(key->certificate, key->certificate_len);
	enum renewal renewal = RENEW_FAILED;
	struct pool pool = {.count = 0};

	if (old == NULL) {
		problem(error, "card %s: the certificate of key %s cannot be read; enrol it again",
			image->name, role);
		goto out;
	}
	if (X509_cmp(old, leaf) == 0) {
		renewal = RENEW_SAME;
		goto out;
	}
	if (!put_leaf(key, leaf) || !pool_fill(&pool, image, chain) ||
	    !choose_all(&pool, image, old)) {
		problem(error, "card %s: its certificates cannot be read; enrol it again",
			image->name);
		goto out;
	}
	if (!put_authorities(image, &pool, error))
		goto out;
	renewal =
	    EVP_PKEY_eq(X509_get0_pubkey(old), X509_get0_pubkey(leaf)) == 1 ? RENEW_NEW : RENEW_KEY;
out:
	pool_free(&pool);
	X509_free(old);
	return renewal;
}
