#include "cscalgorithm.h"
#include "member.h"
#include "service.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>

#include <limits.h>

enum { FIELD_MAX = 66 };

#define RSA_ENCRYPTION "1.2.840.113549.1.1.1"
#define RSA_PSS "1.2.840.113549.1.1.10"
#define EC_PUBLIC_KEY "1.2.840.10045.2.1"

static const char *const digest_oids[DIGEST_COUNT] = {
    [DIGEST_SHA224] = "2.16.840.1.101.3.4.2.4",
    [DIGEST_SHA256] = "2.16.840.1.101.3.4.2.1",
    [DIGEST_SHA384] = "2.16.840.1.101.3.4.2.2",
    [DIGEST_SHA512] = "2.16.840.1.101.3.4.2.3",
};

/* RSASSA-PSS-params of RFC 8017 appendix A.2.3: MGF1 with the same hash, the salt as long as it. */
static const char *const pss_parameters[DIGEST_COUNT] = {
    [DIGEST_SHA256] = "MDSgDzANBglghkgBZQMEAgEFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgEFAKIDAgEg",
    [DIGEST_SHA384] = "MDSgDzANBglghkgBZQMEAgIFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgIFAKIDAgEw",
    [DIGEST_SHA512] = "MDSgDzANBglghkgBZQMEAgMFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgMFAKIDAgFA",
};

/* In the order in which they are preferred. */
static const struct row {
	const char *oid;
	enum keyfile_operation use;
	enum digest digest; /* that it tells; DIGEST_COUNT: none */
} rows[] = {
    {"1.2.840.113549.1.1.11", KEYFILE_SIGN_PKCS1, DIGEST_SHA256},
    {"1.2.840.113549.1.1.12", KEYFILE_SIGN_PKCS1, DIGEST_SHA384},
    {"1.2.840.113549.1.1.13", KEYFILE_SIGN_PKCS1, DIGEST_SHA512},
    {"1.2.840.113549.1.1.14", KEYFILE_SIGN_PKCS1, DIGEST_SHA224},
    {RSA_ENCRYPTION, KEYFILE_SIGN_PKCS1, DIGEST_COUNT},
    {RSA_PSS, KEYFILE_SIGN_PSS, DIGEST_COUNT},
    {"1.2.840.10045.4.3.1", KEYFILE_SIGN_ECDSA, DIGEST_SHA224},
    {"1.2.840.10045.4.3.2", KEYFILE_SIGN_ECDSA, DIGEST_SHA256},
    {"1.2.840.10045.4.3.3", KEYFILE_SIGN_ECDSA, DIGEST_SHA384},
    {"1.2.840.10045.4.3.4", KEYFILE_SIGN_ECDSA, DIGEST_SHA512},
    /* BSI TR-03111 section 5.2.1: r || s. */
    {"0.4.0.127.0.7.1.1.4.1.2", KEYFILE_SIGN_ECDSA, DIGEST_SHA224},
    {"0.4.0.127.0.7.1.1.4.1.3", KEYFILE_SIGN_ECDSA, DIGEST_SHA256},
    {"0.4.0.127.0.7.1.1.4.1.4", KEYFILE_SIGN_ECDSA, DIGEST_SHA384},
    {"0.4.0.127.0.7.1.1.4.1.5", KEYFILE_SIGN_ECDSA, DIGEST_SHA512},
    {EC_PUBLIC_KEY, KEYFILE_SIGN_ECDSA, DIGEST_COUNT},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

const char *
csc_digest_oid(enum digest digest)
{
	return digest < DIGEST_COUNT ? digest_oids[digest] : NULL;
}

bool
csc_algorithm_choose(const json_t *listed, enum keyfile_operation use, enum digest digest,
		     struct csc_algorithm *algorithm)
{
	const char *hash = csc_digest_oid(digest);

	if (!hash || (use == KEYFILE_SIGN_PSS && !pss_parameters[digest]))
		return false;
	for (size_t i = 0; i < ROWS; i++) {
		const bool tells = rows[i].digest != DIGEST_COUNT;

		if (rows[i].use != use || (tells && rows[i].digest != digest) ||
		    !member_has(listed, rows[i].oid))
			continue;
		*algorithm = (struct csc_algorithm){
		    .sign = rows[i].oid,
		    .hash = hash,
		    .hash_is_needed = !tells,
		    .parameters = use == KEYFILE_SIGN_PSS ? pss_parameters[digest] : NULL,
		};
		return true;
	}
	return false;
}

unsigned
csc_algorithm_uses(const json_t *listed)
{
	unsigned uses = 0;

	for (size_t i = 0; i < ROWS; i++)
		if (member_has(listed, rows[i].oid))
			uses |= 1U << rows[i].use;
	return uses;
}

static bool
put_numbers(const ECDSA_SIG *signature, size_t field, struct writer *plain)
{
	uint8_t numbers[2 * FIELD_MAX];

	if (field > FIELD_MAX ||
	    BN_bn2binpad(ECDSA_SIG_get0_r(signature), numbers, (int)field) != (int)field ||
	    BN_bn2binpad(ECDSA_SIG_get0_s(signature), numbers + field, (int)field) != (int)field)
		return false;
	writer_put(plain, (struct bytes){numbers, 2 * field});
	return writer_ok(plain);
}

bool
csc_signature_plain(struct bytes signature, size_t field, struct writer *plain)
{
	const uint8_t *at = signature.data;
	ECDSA_SIG *read = signature.len > 0 && signature.len < INT_MAX
			      ? d2i_ECDSA_SIG(NULL, &at, (long)signature.len)
			      : NULL;
	bool ok = false;

	if (read && at == signature.data + signature.len) {
		ok = put_numbers(read, field, plain);
	} else if (signature.len == 2 * field) {
		writer_put(plain, signature);
		ok = writer_ok(plain);
	}
	ECDSA_SIG_free(read);
	ERR_clear_error();
	return ok;
}
