/*
 * DigestInfo, RFC 8017 section 9.2 and appendix B.1: DER prefix and digest value.
 */
#ifndef VICAR_ISO7816_DIGESTINFO_H
#define VICAR_ISO7816_DIGESTINFO_H

#include "bytes.h"

enum digest {
	DIGEST_MD5,
	DIGEST_RIPEMD160,
	DIGEST_SHA1,
	DIGEST_SHA224,
	DIGEST_SHA256,
	DIGEST_SHA384,
	DIGEST_SHA512,
	DIGEST_COUNT,
};

enum { DIGEST_LEN_MAX = 64, DIGESTINFO_LEN_MAX = 83 };

size_t digest_len(enum digest digest);
const char *digest_name(enum digest digest); /* "SHA-256": OpenSSL's EVP_MD_fetch knows it too */

/* Prefix and value; fails when the value's length is not the digest's, or without room. */
bool digestinfo_build(enum digest digest, struct bytes value, struct writer *writer) MUST_USE;
/* Recognises exactly the seven DER forms. `value` is borrowed from `bytes`. */
bool digestinfo_parse(struct bytes bytes, enum digest *digest, struct bytes *value) MUST_USE;

#endif
