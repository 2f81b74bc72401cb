/*
 * Signatures judged in software, pkcs11/check.h.
 */
#include "pkcs11/check.h"

#include "pkcs11/log.h"
#include "pkcs11/parts.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

enum { ECDSA_DER_MAX = 256, BLOCK_MAX = 2048 };

EVP_PKEY *
check_key_of(struct bytes spki)
{
	const uint8_t *at = spki.data;

	return spki.len == 0 || spki.len > INT32_MAX
		   ? NULL
		   : d2i_PUBKEY_ex(NULL, &at, (long)spki.len, module.crypto, NULL);
}

/* r || s to the SEQUENCE that OpenSSL wants; 0: cannot be. */
static size_t
ecdsa_der(struct bytes signature, uint8_t der[ECDSA_DER_MAX])
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	size_t half = signature.len / 2;
	BIGNUM *r = NULL, *s = NULL;
	uint8_t *at = der;
	int len = 0;

	if (sig == NULL || signature.len == 0 || signature.len % 2 != 0 || half > 100)
		goto out;
	r = BN_bin2bn(signature.data, (int)half, NULL);
	s = BN_bin2bn(signature.data + half, (int)half, NULL);
	if (r == NULL || s == NULL || ECDSA_SIG_set0(sig, r, s) != 1)
		goto out;
	r = s = NULL;
	len = i2d_ECDSA_SIG(sig, &at);
out:
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(sig);
	return len > 0 ? (size_t)len : 0;
}

static bool
set_up(EVP_PKEY_CTX *context, const struct claim *claim)
{
	EVP_MD *md, *mgf;
	bool ok;

	if (EVP_PKEY_verify_init(context) != 1)
		return false;
	switch (claim->family) {
	case FAMILY_RSA_PKCS1: return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
	case FAMILY_RSA_PSS: break;
	default: return true;
	}
	md = EVP_MD_fetch(module.crypto, digest_name(claim->digest), NULL);
	mgf = EVP_MD_fetch(module.crypto, digest_name(claim->mgf), NULL);
	ok = md != NULL && mgf != NULL &&
	     EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
	     EVP_PKEY_CTX_set_signature_md(context, md) == 1 &&
	     EVP_PKEY_CTX_set_rsa_mgf1_md(context, mgf) == 1 &&
	     EVP_PKEY_CTX_set_rsa_pss_saltlen(context, (int)claim->salt_len) == 1;
	EVP_MD_free(md);
	EVP_MD_free(mgf);
	return ok;
}

/* The bare power gives the block back. */
static bool
check_raw(EVP_PKEY_CTX *context, struct bytes input, struct bytes signature)
{
	uint8_t block[BLOCK_MAX];
	size_t len = sizeof(block), ahead;

	if (EVP_PKEY_verify_recover_init(context) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) != 1 ||
	    EVP_PKEY_verify_recover(context, block, &len, signature.data, signature.len) != 1 ||
	    input.len > len)
		return false;
	ahead = len - input.len;
	for (size_t i = 0; i < ahead; i++) {
		if (block[i] != 0)
			return false;
	}
	return bytes_equal((struct bytes){block + ahead, input.len}, input);
}

bool
check_claim(EVP_PKEY *key, const struct claim *claim, struct bytes signature)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(module.crypto, key, NULL);
	uint8_t der[ECDSA_DER_MAX];
	bool ok = false;

	if (context == NULL)
		return false;
	if (claim->family == FAMILY_RSA_RAW) {
		ok = check_raw(context, claim->input, signature);
		goto out;
	}
	if (claim->family == FAMILY_ECDSA)
		signature = (struct bytes){der, ecdsa_der(signature, der)};
	ok = signature.len > 0 && set_up(context, claim) &&
	     EVP_PKEY_verify(context, signature.data, signature.len, claim->input.data,
			     claim->input.len) == 1;
out:
	EVP_PKEY_CTX_free(context);
	return ok;
}

/* 1: fits, 0: does not, -1: there is no certificate to compare with. The key is kept for the next
 * signature: OpenSSL takes longer to read it than to verify. */
static int
fits_certificate(struct smartcard_certificate *certificate, const struct claim *claim,
		 struct bytes signature)
{
	if (certificate->key == NULL)
		certificate->key = check_key_of(certificate->public_key);
	return certificate->key != NULL ? (int)check_claim(certificate->key, claim, signature) : -1;
}

CK_RV
check_signature(struct token *token, size_t index, enum smartcard_scheme scheme, enum digest digest,
		struct bytes input, struct bytes signature)
{
	static const enum family families[] = {
	    [SMARTCARD_SIGN_PKCS1] = FAMILY_RSA_PKCS1,
	    [SMARTCARD_SIGN_PSS] = FAMILY_RSA_PSS,
	    [SMARTCARD_SIGN_RAW] = FAMILY_RSA_RAW,
	    [SMARTCARD_SIGN_ECDSA] = FAMILY_ECDSA,
	};
	struct smartcard *card = token->ifd->card;
	int certificate = card->private_keys[index].certificate;
	const struct claim claim = {
	    .family = families[scheme],
	    .digest = digest,
	    .mgf = digest,
	    .salt_len = scheme == SMARTCARD_SIGN_PSS ? digest_len(digest) : 0,
	    .input = input,
	};

	if (certificate == SMARTCARD_NONE ||
	    fits_certificate(&card->certificates[certificate], &claim, signature) != 0)
		return CKR_OK;
	log_note(module.log, "the signature does not fit the certificate; that is forgotten");
	smartcard_drop_certificate(card, (size_t)certificate);
	object_free_all(&token->objects);
	token->objects_made = false;
	return CKR_DEVICE_ERROR;
}
