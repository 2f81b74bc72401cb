/*
 * CMS signatures judged, tools/vicar/verdict.h.
 */
#include "chain.h"
#include "timestamp.h"
#include "tools/x509.h"
#include "verdict.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

/* After pem.h: only then does it have PEM of CMS. */
#include <openssl/cms.h>

/* DER, or PEM as `openssl cms` writes it. `used` is how many bytes DER took. */
static CMS_ContentInfo *
read_cms(struct bytes bytes, size_t *used)
{
	const unsigned char *at = bytes.data;
	CMS_ContentInfo *cms = NULL;
	BIO *bio;

	if (bytes.len == 0 || bytes.len > INT_MAX)
		return NULL;
	cms = d2i_CMS_ContentInfo(NULL, &at, (long)bytes.len);
	*used = cms != NULL ? (size_t)(at - bytes.data) : bytes.len;
	if (cms == NULL && (bio = BIO_new_mem_buf(bytes.data, (int)bytes.len)) != NULL) {
		cms = PEM_read_bio_CMS(bio, NULL, NULL, NULL);
		BIO_free(bio);
	}
	ERR_clear_error();
	return cms;
}

static bool
has_signing_certificate(const CMS_SignerInfo *info)
{
	return CMS_signed_get_attr_by_NID(info, NID_id_smime_aa_signingCertificateV2, -1) >= 0 ||
	       CMS_signed_get_attr_by_NID(info, NID_id_smime_aa_signingCertificate, -1) >= 0;
}

/* One that trusts the very signers, at any time and for any purpose: then all that CMS_verify() says is
 * whether the signatures are theirs, with the signing certificate that is named in the attributes. */
static X509_STORE *
store_of_signers(const STACK_OF(X509) * signers)
{
	X509_STORE *store = X509_STORE_new();
	bool ok = store != NULL;

	for (int i = 0; ok && i < sk_X509_num(signers); i++)
		ok = X509_STORE_add_cert(store, sk_X509_value(signers, i)) == 1;
	if (ok &&
	    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME) ==
		1 &&
	    X509_STORE_set_purpose(store, X509_PURPOSE_ANY) == 1)
		return store;
	X509_STORE_free(store);
	return NULL;
}

static bool
is_sound(CMS_ContentInfo *cms, struct bytes content, const STACK_OF(X509) * signers, bool cades,
	 char why[VERDICT_TEXT_MAX])
{
	const bool detached = CMS_is_detached(cms) == 1;
	X509_STORE *store = store_of_signers(signers);
	BIO *bio = NULL, *nowhere = BIO_new(BIO_s_null());
	const char *reason;
	bool ok = store != NULL && nowhere != NULL && content.len <= INT_MAX;

	if (ok && detached)
		ok = (bio = BIO_new_mem_buf(content.len > 0 ? (const void *)content.data : "",
					    (int)content.len)) != NULL;
	ok = ok &&
	     CMS_verify(cms, NULL, store, bio, nowhere, CMS_BINARY | (cades ? CMS_CADES : 0)) == 1;
	if (!ok) {
		reason = ERR_reason_error_string(ERR_peek_last_error());
		(void)snprintf(why, VERDICT_TEXT_MAX, "it is not of this content, or damaged (%s)",
			       reason != NULL ? reason : "OpenSSL failed");
	}
	ERR_clear_error();
	BIO_free(bio);
	BIO_free(nowhere);
	X509_STORE_free(store);
	return ok;
}

/* What the message brings along is the content, or `content` is, and never two of them. */
static bool
one_content(CMS_ContentInfo *cms, struct bytes content, struct problem *error)
{
	ASN1_OCTET_STRING **inside = CMS_get0_content(cms);

	if (CMS_is_detached(cms) == 1)
		return content.data != NULL ||
		       problem(error, "what was signed is not in it; type: vicar verify FILE "
				      "SIGNATURE");
	if (inside == NULL || *inside == NULL)
		return problem(error, "it is a CMS message of another kind");
	return content.data == NULL ||
	       bytes_equal(content, (struct bytes){ASN1_STRING_get0_data(*inside),
						   (size_t)ASN1_STRING_length(*inside)}) ||
	       problem(error, "the signature brings a content of its own along, which is another "
			      "one; verify it without this file");
}

/* Of a hash that is not strong, the content may be another than the signer saw. */
static void
judge_digest(CMS_SignerInfo *info, struct verdict *verdict)
{
	X509_ALGOR *digest = NULL;

	CMS_SignerInfo_get0_algs(info, NULL, NULL, &digest, NULL);
	if (!verdict->sound || x509_digest_is_strong(digest))
		return;
	verdict->sound = false;
	(void)snprintf(verdict->why, sizeof(verdict->why),
		       "its hash, %s, is too weak to tell one content from another",
		       digest == NULL ? "none" : OBJ_nid2ln(OBJ_obj2nid(digest->algorithm)));
}

static void
take_claimed(const CMS_SignerInfo *info, struct verdict *verdict)
{
	const int place = CMS_signed_get_attr_by_NID(info, NID_pkcs9_signingTime, -1);
	const ASN1_TYPE *value;
	struct tm tm;

	if (place < 0)
		return;
	value = X509_ATTRIBUTE_get0_type(CMS_signed_get_attr(info, place), 0);
	if (value == NULL ||
	    (value->type != V_ASN1_UTCTIME && value->type != V_ASN1_GENERALIZEDTIME) ||
	    ASN1_TIME_to_tm(value->value.utctime, &tm) != 1)
		return;
	verdict->has_claimed = true;
	verdict->claimed = timegm(&tm);
}

static void
take_stamp(CMS_SignerInfo *info, const struct trusted *trusted, struct verdict *verdict)
{
	const int place = CMS_unsigned_get_attr_by_NID(info, NID_id_smime_aa_timeStampToken, -1);
	const ASN1_OCTET_STRING *signature = CMS_SignerInfo_get0_signature(info);
	const ASN1_TYPE *value;
	struct timestamp stamp;
	struct problem why;

	if (place < 0)
		return;
	value = X509_ATTRIBUTE_get0_type(CMS_unsigned_get_attr(info, place), 0);
	if (value == NULL || value->type != V_ASN1_SEQUENCE) {
		(void)snprintf(verdict->stamp_why, sizeof(verdict->stamp_why),
			       "the time stamp cannot be read");
		return;
	}
	if (!timestamp_check(
		(struct bytes){value->value.sequence->data, (size_t)value->value.sequence->length},
		(struct bytes){ASN1_STRING_get0_data(signature),
			       (size_t)ASN1_STRING_length(signature)},
		trusted->stamps, &stamp, &why)) {
		(void)snprintf(verdict->stamp_why, sizeof(verdict->stamp_why), "%.*s",
			       VERDICT_TEXT_MAX - 1, why.text);
		return;
	}
	verdict->stamped = true;
	verdict->stamp = stamp.when;
	verdict->stamp_trusted = stamp.trusted;
	if (stamp.authority != NULL)
		chain_subject(stamp.authority, verdict->stamp_by);
	timestamp_free(&stamp);
}

static void
judge(CMS_ContentInfo *cms, CMS_SignerInfo *info, const struct trusted *trusted,
      struct verdict *verdict)
{
	STACK_OF(X509) *others = CMS_get1_certs(cms);
	X509 *signer = NULL;

	CMS_SignerInfo_get0_algs(info, NULL, &signer, NULL, NULL);
	if (signer != NULL && X509_up_ref(signer) == 1)
		verdict->signer = signer;
	take_claimed(info, verdict);
	take_stamp(info, trusted, verdict);
	/* A stamp that is trusted keeps a signature whose certificate has ended since. */
	if (verdict->signer != NULL && verdict->sound)
		verdict_trust(verdict, others, trusted->signers,
			      verdict->stamp_trusted ? verdict->stamp : time(NULL));
	sk_X509_pop_free(others, X509_free);
}

static bool
judge_all(CMS_ContentInfo *cms, struct bytes content, const struct trusted *trusted,
	  struct verdicts *verdicts, struct problem *error)
{
	STACK_OF(CMS_SignerInfo) *infos = CMS_get0_SignerInfos(cms);
	STACK_OF(X509) *signers = NULL;
	char why[VERDICT_TEXT_MAX] = "";
	const int count = infos == NULL ? 0 : sk_CMS_SignerInfo_num(infos);
	bool sound, cades = true;

	if (count < 1 || count > VERDICTS_MAX)
		return problem(error, "it is a CMS message without a signature, or with too many");
	if (CMS_set1_signers_certs(cms, NULL, 0) != count)
		return problem(error, "the certificate of its signer is not in it");
	if (!one_content(cms, content, error))
		return false;
	signers = CMS_get0_signers(cms);
	for (int i = 0; i < count; i++)
		cades = cades && has_signing_certificate(sk_CMS_SignerInfo_value(infos, i));
	sound = is_sound(cms, content, signers, cades, why);
	sk_X509_free(signers);
	for (int i = 0; i < count; i++) {
		struct verdict *verdict = &verdicts->each[verdicts->count++];

		verdict->sound = sound;
		(void)snprintf(verdict->why, sizeof(verdict->why), "%s", why);
		judge_digest(sk_CMS_SignerInfo_value(infos, i), verdict);
		judge(cms, sk_CMS_SignerInfo_value(infos, i), trusted, verdict);
	}
	return true;
}

bool
verdict_of_cms(struct bytes bytes, struct bytes content, const struct trusted *trusted,
	       struct verdicts *verdicts, struct problem *error)
{
	size_t used = 0;
	CMS_ContentInfo *cms = read_cms(bytes, &used);
	bool ok;

	memset(verdicts, 0, sizeof(*verdicts));
	if (cms == NULL)
		return problem(error, "it is no CMS signature");
	ok = used == bytes.len ? judge_all(cms, content, trusted, verdicts, error)
			       : problem(error, "something stands behind the CMS signature");
	CMS_ContentInfo_free(cms);
	return ok;
}

bool
verdict_of_padded(struct bytes bytes, struct bytes content, const struct trusted *trusted,
		  struct verdicts *verdicts, struct problem *error)
{
	size_t used = 0;
	CMS_ContentInfo *cms = read_cms(bytes, &used);

	CMS_ContentInfo_free(cms);
	for (size_t i = used; i < bytes.len; i++)
		if (bytes.data[i] != 0)
			return problem(error, "something stands behind the CMS signature");
	return verdict_of_cms((struct bytes){bytes.data, used}, content, trusted, verdicts, error);
}
