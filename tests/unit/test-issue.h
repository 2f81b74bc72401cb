/*
 * Throw-away certificates for tests. To be included after cmocka.h.
 */
#ifndef VICAR_TESTS_UNIT_TEST_ISSUE_H
#define VICAR_TESTS_UNIT_TEST_ISSUE_H

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct issued {
	EVP_PKEY *key;
	X509 *certificate;
};

/* Self-signed, for the addresses 127.0.0.1 and ::1; valid from and to so many days from now. */
static inline struct issued
issue_self_signed(int from_days, int to_days, unsigned bits)
{
	struct issued issued = {EVP_RSA_gen(bits), X509_new()};
	X509_NAME *name = X509_get_subject_name(issued.certificate);
	X509_EXTENSION *address =
	    X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1,IP:::1");

	assert_non_null(issued.key);
	X509_set_version(issued.certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(issued.certificate), 1);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"test", -1, -1, 0);
	X509_set_issuer_name(issued.certificate, name);
	X509_gmtime_adj(X509_getm_notBefore(issued.certificate), from_days * 86400L);
	X509_gmtime_adj(X509_getm_notAfter(issued.certificate), to_days * 86400L);
	X509_set_pubkey(issued.certificate, issued.key);
	X509_add_ext(issued.certificate, address, -1);
	X509_EXTENSION_free(address);
	assert_true(X509_sign(issued.certificate, issued.key, EVP_sha256()) > 0);
	return issued;
}

/* `path` ends in XXXXXX. */
static inline void
issue_write(const struct issued *issued, char *path)
{
	FILE *stream = fdopen(mkstemp(path), "w");

	assert_non_null(stream);
	assert_int_equal(PEM_write_X509(stream, issued->certificate), 1);
	fclose(stream);
}

static inline void
issue_free(struct issued *issued)
{
	EVP_PKEY_free(issued->key);
	X509_free(issued->certificate);
}

#endif
