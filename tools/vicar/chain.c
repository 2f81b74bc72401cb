#include "chain.h"

#include "cmdbridge/certificate.h"
#include "cmdbridge/text.h"
#include "iso7816/key_kind.h"

#include <openssl/x509v3.h>
#include <string.h>

enum { NAME_CHARACTERS = (CHAIN_NAME_MAX - 1) / 4 };

void
chain_subject(X509 *certificate, char name[CHAIN_NAME_MAX])
{
	const X509_NAME *subject = X509_get_subject_name(certificate);
	const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	unsigned char *utf8 = NULL;
	char line[CHAIN_NAME_MAX];
	int len = -1;

	if (at >= 0)
		len = ASN1_STRING_to_UTF8(
		    &utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
	if (len > 0) {
		text_printable((struct bytes){utf8, (size_t)len}, NAME_CHARACTERS, name);
	} else {
		X509_NAME_oneline(subject, line, sizeof(line));
		text_printable((struct bytes){(uint8_t *)line, strlen(line)}, NAME_CHARACTERS,
			       name);
	}
	OPENSSL_free(utf8);
}

const char *
chain_renewal(const struct image_key *key)
{
	return strcmp(key->service, IMAGE_SERVICE_FILE) == 0 ? "vicar create or vicar import"
							     : "vicar enrol";
}

bool
chain_days_left(X509 *certificate, time_t now, long *days)
{
	ASN1_TIME *from = ASN1_TIME_set(NULL, now);
	int whole, seconds;
	const bool ok = from != NULL && ASN1_TIME_diff(&whole, &seconds, from,
						       X509_get0_notAfter(certificate)) == 1;

	if (ok)
		*days = seconds < 0 ? (long)whole - 1 : whole;
	ASN1_TIME_free(from);
	return ok;
}

bool
chain_read(struct bytes der, struct chain *chain, struct problem *error)
{
	const unsigned char *at = der.data;
	size_t left = der.len;

	*chain = (struct chain){0};
	while (left > 0) {
		const unsigned char *const start = at;
		X509 *certificate;

		if (chain->count == CHAIN_MAX) {
			chain_free(chain);
			return problem(
			    error,
			    "the service sent more than %d certificates, a card holds no more; "
			    "ask the service",
			    (int)CHAIN_MAX);
		}
		if (left > LONG_MAX || (certificate = d2i_X509(NULL, &at, (long)left)) == NULL) {
			const size_t number = chain->count + 1;

			chain_free(chain);
			return problem(
			    error, "certificate %zu from the service is not X.509; ask the service",
			    number);
		}
		chain->certificates[chain->count++] = certificate;
		left -= (size_t)(at - start);
	}
	if (chain->count == 0)
		return problem(
		    error, "the service sent no certificate; see whether the account is active");
	return true;
}

static bool
leaf_check(X509 *leaf, time_t now, struct problem *error)
{
	const uint32_t signing = KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION;
	char name[CHAIN_NAME_MAX], date[CERTIFICATE_DATE_SIZE];
	const EVP_PKEY *key = X509_get0_pubkey(leaf);
	long days;

	chain_subject(leaf, name);
	if (X509_check_ca(leaf) == 1)
		return problem(
		    error,
		    "the first certificate, %s, is an authority's and not a person's; ask the "
		    "service",
		    name);
	/* UINT32_MAX: there is no key usage extension, RFC 5280 4.2.1.3 then forbids nothing */
	if ((X509_get_key_usage(leaf) & signing) == 0)
		return problem(
		    error,
		    "the key of certificate %s may not sign (its key usage); use an account "
		    "with a signature certificate",
		    name);
	if (key == NULL || key_kind_of(key) == NULL)
		return problem(
		    error,
		    "the key of certificate %s is of no kind that cards have; `vicar list "
		    "--personalities` names them",
		    name);
	if (!chain_days_left(leaf, now, &days))
		return problem(error, "certificate %s has no readable date; ask the service", name);
	certificate_date(X509_get0_notAfter(leaf), date);
	if (days < 0)
		return problem(error,
			       "certificate %s expired on %s; renew it at the service, then enrol",
			       name, date);
	if (ASN1_TIME_cmp_time_t(X509_get0_notBefore(leaf), now) > 0)
		return problem(error,
			       "certificate %s is not valid yet; set this machine's clock, or wait",
			       name);
	return true;
}

bool
chain_check(const struct chain *chain, time_t now, struct problem *error)
{
	if (!leaf_check(chain->certificates[0], now, error))
		return false;
	for (size_t i = 0; i + 1 < chain->count; i++) {
		X509 *const issuer = chain->certificates[i + 1];
		char name[CHAIN_NAME_MAX], by[CHAIN_NAME_MAX];

		if (X509_check_issued(issuer, chain->certificates[i]) == X509_V_OK &&
		    X509_verify(chain->certificates[i], X509_get0_pubkey(issuer)) == 1)
			continue;
		chain_subject(chain->certificates[i], name);
		chain_subject(issuer, by);
		return problem(
		    error,
		    "certificate %s was not issued by %s, which follows it; ask the service "
		    "for the right chain",
		    name, by);
	}
	return true;
}

void
chain_free(struct chain *chain)
{
	for (size_t i = 0; i < chain->count; i++)
		X509_free(chain->certificates[i]);
	*chain = (struct chain){0};
}
