/*
 * A CMS signature (RFC 5652) that lacks its signature value: made first, so that what is signed is known,
 * and finished when the value has come from card or service.
 *
 * CAdES-BES (ETSI EN 319 122-1): content type, message digest, signing time, and
 * signing-certificate-v2 are signed attributes.
 */
#ifndef VICAR_TOOLS_VICAR_CMS_DRAFT_H
#define VICAR_TOOLS_VICAR_CMS_DRAFT_H

#include "signer.h"

#include <openssl/cms.h>
#include <time.h>

struct cms_draft {
	CMS_ContentInfo *cms;
	uint8_t hash[DIGEST_LEN_MAX]; /* of the signed attributes, by signer->digest */
	size_t hash_len;
};

enum cms_kind {
	CMS_DRAFT_DETACHED,
	CMS_DRAFT_ATTACHED, /* with the content */
	CMS_DRAFT_PDF, /* detached, and without signing time, which is in the PDF (EN 319 142-1 6.3) */
};

/* `content_hash` is of the content, which is looked at only for CMS_DRAFT_ATTACHED. False: OpenSSL
 * failed; there is nothing to free. */
bool cms_draft_new(struct cms_draft *draft, const struct signer *signer, enum cms_kind kind,
		   struct bytes content_hash, struct bytes content, time_t now) MUST_USE;
/* The signature value, as signer_signature() makes it. */
bool cms_draft_finish(struct cms_draft *draft, struct bytes signature) MUST_USE;
/* A time-stamp token (RFC 3161) over the signature value, as an unsigned attribute (CAdES-T). */
bool cms_draft_add_timestamp(struct cms_draft *draft, struct bytes token) MUST_USE;
/* DER of the whole, freed with OPENSSL_free. */
bool cms_draft_der(const struct cms_draft *draft, uint8_t **der, size_t *len) MUST_USE;
void cms_draft_free(struct cms_draft *draft);

#endif
