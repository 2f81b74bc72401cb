#include "signer.h"

#include "cards.h"
#include "cmdbridge/certificate.h"
#include "tools/config_service.h"
#include "tools/control.h"

#include <openssl/ecdsa.h>
#include <openssl/rsa.h>
#include <string.h>

/* The one card that is in; with none or several, `count` says so. */
static const char *
card_in(const struct cards *cards, size_t *count)
{
	char reply[CONTROL_REPLY_MAX];
	const char *found = NULL;

	*count = 0;
	for (size_t i = 0; i < cards->count; i++) {
		if (control_call(cards->names[i], "status", reply) != CONTROL_OK)
			continue;
		found = cards->names[i];
		(*count)++;
	}
	return found;
}

static bool
choose_card(const char *given, char name[IMAGE_NAME_MAX], struct problem *error)
{
	const char *chosen = given;
	struct cards cards;
	size_t in = 0;
	bool ok = true;

	if (given == NULL) {
		if (!cards_list(&cards, error))
			return false;
		chosen = cards.count == 1 ? cards.names[0] : card_in(&cards, &in);
	}
	if (chosen == NULL || (given == NULL && cards.count != 1 && in != 1))
		ok = problem(error, in == 0 ? "no card is in; put one in with `vicar insert NAME`"
					    : "more than one card is in; say which with --card");
	else
		(void)snprintf(name, IMAGE_NAME_MAX, "%s", chosen);
	if (given == NULL)
		cards_free(&cards);
	return ok;
}

static const struct image_key *
key_for_signatures(const struct image *image)
{
	const struct image_key *found = image_key(image, "sign");

	for (size_t i = 0; found == NULL && i < image->keys_count; i++)
		if (strncmp(image->keys[i].name, "sign", strlen("sign")) == 0)
			found = &image->keys[i];
	return found == NULL && image->keys_count == 1 ? &image->keys[0] : found;
}

static bool
choose_key(struct signer *signer, const char *given, struct problem *error)
{
	const struct image *image = &signer->image;
	char names[IMAGE_KEYS_MAX * (KEY_NAME_MAX + 2)] = "";
	size_t len = 0;

	signer->key = given == NULL ? key_for_signatures(image) : image_key(image, given);
	if (signer->key != NULL)
		return true;
	for (size_t i = 0; i < image->keys_count; i++)
		len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s", i > 0 ? ", " : "",
					image->keys[i].name);
	if (given != NULL)
		return problem(error, "card %s has no key %s; it has %s", image->name, given,
			       names);
	return problem(error, "card %s has several keys, %s; say which with --key", image->name,
		       names);
}

/* PKCS #1 where the key can, for it is what everybody verifies. */
static bool
choose_use(struct signer *signer, struct problem *error)
{
	const unsigned operations = image_operations(signer->key);

	if (EVP_PKEY_is_a(X509_get0_pubkey(signer->certificate), "EC") &&
	    (operations & 1U << KEY_SIGN_ECDSA) != 0)
		signer->use = KEYFILE_SIGN_ECDSA;
	else if ((operations & 1U << KEY_SIGN_PKCS1) != 0)
		signer->use = KEYFILE_SIGN_PKCS1;
	else if ((operations & 1U << KEY_SIGN_PSS) != 0)
		signer->use = KEYFILE_SIGN_PSS;
	else
		return problem(error,
			       "key %s of card %s makes no signatures; choose another with "
			       "--key",
			       signer->key->name, signer->image.name);
	return true;
}

static bool
find_service(struct signer *signer, struct problem *error)
{
	const struct service_config *service;
	const struct service_kind *kind;
	struct config config;

	signer->signs_many = strcmp(signer->key->service, IMAGE_SERVICE_FILE) == 0;
	if (signer->signs_many)
		return true;
	if (!config_load_services(&config, error))
		return false;
	service = config_service(&config, signer->key->service);
	kind = service == NULL ? NULL : service_kind(service->type);
	signer->signs_many = kind != NULL && (kind->abilities & SERVICE_SIGNS_MANY) != 0;
	config_free(&config);
	return kind != NULL ||
	       problem(error, "vicar.conf has no [service %s], where key %s is; add it",
		       signer->key->service, signer->key->name);
}

static bool
take_issuers(struct signer *signer)
{
	signer->issuers = sk_X509_new_null();
	for (size_t i = 0; signer->issuers != NULL && i < signer->image.authorities_count; i++) {
		const struct image_authority *from = &signer->image.authorities[i];
		X509 *issuer =
		    certificate_parse((struct bytes){from->certificate, from->certificate_len});

		if (issuer == NULL || X509_self_signed(issuer, 0) == 1 ||
		    sk_X509_push(signer->issuers, issuer) == 0)
			X509_free(issuer);
	}
	return signer->issuers != NULL;
}

bool
signer_open(struct signer *signer, const char *card, const char *key, enum digest digest,
	    struct problem *error)
{
	char name[IMAGE_NAME_MAX], directory[PATH_MAX];
	struct image_error reason = {""};

	memset(signer, 0, sizeof(*signer));
	signer->image.lock = -1;
	signer->digest = digest;
	if (!choose_card(card, name, error) || !cards_find(name, directory, error))
		return false;
	if (!image_load(&signer->image, directory, &reason))
		return problem(error, "%s", reason.text);
	if (!choose_key(signer, key, error))
		goto bad;
	signer->certificate = certificate_parse(
	    (struct bytes){signer->key->certificate, signer->key->certificate_len});
	if (signer->certificate == NULL || !take_issuers(signer)) {
		problem(error,
			"the certificate of key %s of card %s cannot be read; make the card "
			"again",
			signer->key->name, name);
		goto bad;
	}
	if (choose_use(signer, error) && find_service(signer, error))
		return true;
bad:
	signer_close(signer);
	return false;
}

void
signer_close(struct signer *signer)
{
	sk_X509_pop_free(signer->issuers, X509_free);
	X509_free(signer->certificate);
	signer->issuers = NULL;
	signer->certificate = NULL;
	image_free(&signer->image);
}

const EVP_MD *
signer_md(const struct signer *signer)
{
	return EVP_get_digestbyname(digest_name(signer->digest));
}

bool
signer_input(const struct signer *signer, struct bytes hash, struct writer *input)
{
	if (signer->use == KEYFILE_SIGN_PKCS1)
		return digestinfo_build(signer->digest, hash, input);
	writer_put(input, hash);
	return writer_ok(input);
}

/* r || s as SEQUENCE. */
static bool
ecdsa_der(struct bytes output, uint8_t **signature, size_t *len)
{
	const int half = (int)(output.len / 2);
	ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(output.data, half, NULL);
	BIGNUM *s = BN_bin2bn(output.data + half, half, NULL);
	int made = -1;

	if (pair == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(pair, r, s) != 1) {
		BN_free(r);
		BN_free(s);
	} else {
		made = i2d_ECDSA_SIG(pair, signature);
	}
	ECDSA_SIG_free(pair);
	*len = made > 0 ? (size_t)made : 0;
	return made > 0;
}

bool
signer_signature(const struct signer *signer, struct bytes hash, struct bytes output,
		 uint8_t **signature, size_t *len)
{
	uint8_t room[DIGESTINFO_LEN_MAX];
	struct writer input = writer_to(room, sizeof(room));

	*signature = NULL;
	if (!signer_input(signer, hash, &input) ||
	    !certificate_verifies_use(signer->certificate, signer->use, signer->digest,
				      writer_bytes(&input), output))
		return false;
	if (signer->use == KEYFILE_SIGN_ECDSA)
		return ecdsa_der(output, signature, len);
	*signature = OPENSSL_memdup(output.data, output.len);
	*len = output.len;
	return *signature != NULL;
}

/* RFC 4055 section 3.1: the hash of the content in MGF1 too, and the salt as long as it. */
static bool
pss_parameters(const struct signer *signer, ASN1_TYPE **parameters)
{
	RSA_PSS_PARAMS *pss = RSA_PSS_PARAMS_new();
	ASN1_STRING *hash = NULL;
	bool ok = false;

	if (pss == NULL || (pss->hashAlgorithm = X509_ALGOR_new()) == NULL ||
	    (pss->maskGenAlgorithm = X509_ALGOR_new()) == NULL ||
	    (pss->saltLength = ASN1_INTEGER_new()) == NULL)
		goto out;
	X509_ALGOR_set_md(pss->hashAlgorithm, signer_md(signer));
	hash = ASN1_item_pack(pss->hashAlgorithm, ASN1_ITEM_rptr(X509_ALGOR), NULL);
	if (hash == NULL || X509_ALGOR_set0(pss->maskGenAlgorithm, OBJ_nid2obj(NID_mgf1),
					    V_ASN1_SEQUENCE, hash) != 1)
		goto out;
	hash = NULL;
	ok = ASN1_INTEGER_set(pss->saltLength, (long)digest_len(signer->digest)) == 1 &&
	     ASN1_TYPE_pack_sequence(ASN1_ITEM_rptr(RSA_PSS_PARAMS), pss, parameters) != NULL;
out:
	ASN1_STRING_free(hash);
	RSA_PSS_PARAMS_free(pss);
	return ok;
}

bool
signer_algorithm(const struct signer *signer, X509_ALGOR *algorithm)
{
	ASN1_TYPE *parameters = NULL;

	/* OpenSSL has put in the right one for the others. */
	if (signer->use != KEYFILE_SIGN_PSS)
		return true;
	if (!pss_parameters(signer, &parameters))
		return false;
	ASN1_OBJECT_free(algorithm->algorithm);
	ASN1_TYPE_free(algorithm->parameter);
	algorithm->algorithm = OBJ_nid2obj(NID_rsassaPss);
	algorithm->parameter = parameters;
	return true;
}
