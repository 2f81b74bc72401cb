#include "cms_draft.h"

#include <limits.h>
#include <openssl/err.h>
#include <string.h>

static CMS_SignerInfo *
signer_info(const struct cms_draft *draft)
{
	return sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(draft->cms), 0);
}

static bool
put_time(CMS_SignerInfo *info, time_t now)
{
	ASN1_TIME *time = ASN1_TIME_set(NULL, now);
	bool ok = time != NULL && CMS_signed_add1_attr_by_NID(info, NID_pkcs9_signingTime,
							      time->type, time, -1) == 1;

	ASN1_TIME_free(time);
	return ok;
}

static bool
put_attributes(CMS_SignerInfo *info, enum cms_kind kind, struct bytes content_hash, time_t now)
{
	return CMS_signed_add1_attr_by_NID(info, NID_pkcs9_contentType, V_ASN1_OBJECT,
					   OBJ_nid2obj(NID_pkcs7_data), -1) == 1 &&
	       CMS_signed_add1_attr_by_NID(info, NID_pkcs9_messageDigest, V_ASN1_OCTET_STRING,
					   content_hash.data, (int)content_hash.len) == 1 &&
	       (kind == CMS_DRAFT_PDF || put_time(info, now));
}

/* OpenSSL makes it for streaming; here it is whole. */
static bool
put_content(CMS_ContentInfo *cms, struct bytes content)
{
	ASN1_OCTET_STRING **place = CMS_get0_content(cms);

	if (place == NULL || *place == NULL || content.len > INT_MAX ||
	    ASN1_STRING_set(*place, content.data, (int)content.len) != 1)
		return false;
	(*place)->flags &= ~(ASN1_STRING_FLAG_NDEF | ASN1_STRING_FLAG_CONT);
	return true;
}

/* What is hashed for the signature: RFC 5652 section 5.4, DER of an explicit SET OF. */
static int
attributes_der(const CMS_SignerInfo *info, uint8_t **der)
{
	ASN1_SEQUENCE_ANY *attributes = sk_ASN1_TYPE_new_null();
	bool ok = attributes != NULL;
	int len = -1;

	for (int i = 0; ok && i < CMS_signed_get_attr_count(info); i++) {
		ASN1_TYPE *attribute = NULL;

		ok = ASN1_TYPE_pack_sequence(ASN1_ITEM_rptr(X509_ATTRIBUTE),
					     CMS_signed_get_attr(info, i), &attribute) != NULL &&
		     sk_ASN1_TYPE_push(attributes, attribute) > 0;
		if (!ok)
			ASN1_TYPE_free(attribute);
	}
	if (ok)
		len = i2d_ASN1_SET_ANY(attributes, der);
	sk_ASN1_TYPE_pop_free(attributes, ASN1_TYPE_free);
	return len;
}

static bool
hash_attributes(struct cms_draft *draft, const struct signer *signer)
{
	unsigned hash_len = 0;
	uint8_t *der = NULL;
	const int len = attributes_der(signer_info(draft), &der);
	bool ok = len > 0 && EVP_Digest(der, (size_t)len, draft->hash, &hash_len, signer_md(signer),
					NULL) == 1;

	draft->hash_len = hash_len;
	OPENSSL_free(der);
	return ok;
}

bool
cms_draft_new(struct cms_draft *draft, const struct signer *signer, enum cms_kind kind,
	      struct bytes content_hash, struct bytes content, time_t now)
{
	const unsigned flags = CMS_PARTIAL | CMS_BINARY | CMS_NOSMIMECAP | CMS_CADES |
			       (kind == CMS_DRAFT_ATTACHED ? 0 : CMS_DETACHED);
	X509_ALGOR *algorithm = NULL;
	CMS_SignerInfo *info;

	memset(draft, 0, sizeof(*draft));
	draft->cms = CMS_sign(NULL, NULL, signer->issuers, NULL, flags);
	if (draft->cms == NULL)
		goto bad;
	/* Only whether it is the certificate's is asked of the key, so that the public half will do. */
	info = CMS_add1_signer(draft->cms, signer->certificate,
			       X509_get0_pubkey(signer->certificate), signer_md(signer), flags);
	if (info == NULL || !put_attributes(info, kind, content_hash, now))
		goto bad;
	CMS_SignerInfo_get0_algs(info, NULL, NULL, NULL, &algorithm);
	if (!signer_algorithm(signer, algorithm) ||
	    (kind == CMS_DRAFT_ATTACHED && !put_content(draft->cms, content)) ||
	    !hash_attributes(draft, signer))
		goto bad;
	return true;
bad:
	ERR_clear_error();
	cms_draft_free(draft);
	return false;
}

bool
cms_draft_finish(struct cms_draft *draft, struct bytes signature)
{
	return ASN1_STRING_set(CMS_SignerInfo_get0_signature(signer_info(draft)), signature.data,
			       (int)signature.len) == 1;
}

bool
cms_draft_add_timestamp(struct cms_draft *draft, struct bytes token)
{
	ASN1_STRING *value = ASN1_STRING_type_new(V_ASN1_SEQUENCE);
	bool ok = value != NULL && ASN1_STRING_set(value, token.data, (int)token.len) == 1 &&
		  CMS_unsigned_add1_attr_by_NID(signer_info(draft), NID_id_smime_aa_timeStampToken,
						V_ASN1_SEQUENCE, value, -1) == 1;

	ASN1_STRING_free(value);
	return ok;
}

bool
cms_draft_der(const struct cms_draft *draft, uint8_t **der, size_t *len)
{
	int made;

	*der = NULL;
	made = i2d_CMS_ContentInfo(draft->cms, der);
	*len = made > 0 ? (size_t)made : 0;
	return made > 0;
}

void
cms_draft_free(struct cms_draft *draft)
{
	CMS_ContentInfo_free(draft->cms);
	draft->cms = NULL;
}
