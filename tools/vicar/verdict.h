/*
 * What can be said of a signature.
 */
#ifndef VICAR_TOOLS_VICAR_VERDICT_H
#define VICAR_TOOLS_VICAR_VERDICT_H

#include "iso7816/bytes.h"
#include "tools/problem.h"

#include <openssl/x509_vfy.h>
#include <time.h>

enum { VERDICTS_MAX = 16, VERDICT_TEXT_MAX = 320 };

/* Of one signer. */
struct verdict {
	X509 *signer; /* owned */
	bool sound;   /* the signature is over this content, by this certificate's key */
	bool trusted; /* up to an authority of the store */
	char anchor[VERDICT_TEXT_MAX]; /* that authority; "" when not trusted */
	char why[VERDICT_TEXT_MAX];    /* why it is not sound, or not trusted */
	bool has_claimed;
	time_t claimed; /* signing time, as the signer says */
	bool stamped;
	time_t stamp;       /* as the time-stamp authority says */
	bool stamp_trusted; /* the authority is one of the store */
	char stamp_by[VERDICT_TEXT_MAX];
	char stamp_why[VERDICT_TEXT_MAX]; /* a stamp that is none */
};

struct verdicts {
	struct verdict each[VERDICTS_MAX];
	size_t count;
};

struct trusted {
	X509_STORE *signers, *stamps; /* borrowed */
};

/* A CMS signature in DER or PEM, of `content`; BYTES_NONE: of the content that it brings along. One that
 * brings another along is not of `content`. True: there is a verdict for each signer. False: it is none,
 * with the reason. */
bool verdict_of_cms(struct bytes cms, struct bytes content, const struct trusted *trusted,
		    struct verdicts *verdicts, struct problem *error) MUST_USE;
/* `cms` is in DER, at the front, with only zeros behind it as in a PDF. */
bool verdict_of_padded(struct bytes cms, struct bytes content, const struct trusted *trusted,
		       struct verdicts *verdicts, struct problem *error) MUST_USE;
/* A bare signature value over the content, by the key of `certificate`: RSA PKCS #1 or PSS, or ECDSA;
 * `md` NULL: any of SHA-2. */
void verdict_of_raw(struct bytes signature, struct bytes content, X509 *certificate,
		    const EVP_MD *md, const struct trusted *trusted, struct verdicts *verdicts);
/* Whether the certificate is one for signatures (its key usage, RFC 5280 sections 4.2.1.3 and 4.2.1.12) and
 * trusted at `when`: fills in trusted, anchor and why. */
void verdict_trust(struct verdict *verdict, STACK_OF(X509) * others, X509_STORE *store,
		   time_t when);
void verdicts_free(struct verdicts *verdicts);

#endif
