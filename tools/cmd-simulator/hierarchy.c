#include "hierarchy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/bio.h>
#include <openssl/pem.h>

#define ORGANISATION "Vicar cmd-simulator, for tests only"

enum {
	AUTHORITY_DAYS = 20 * 365,
	TLS_DAYS = 10 * 365,
	CIFRA_DAYS = 3 * 365,
	LEAF_DAYS = 5 * 365,
	TLS_BITS = 256,
	RSA_BITS = 2048,
	PATH_MAX_LEN = 128,
};

/* Names as in cmd.md 1 and 11: the pre-production hierarchy marks itself with "(TESTE)". */
static const struct sim_certificate root_certificate = {
    .subject = {{"C", "PT"}, {"O", ORGANISATION}, {"CN", "(TESTE) Cartão de Cidadão 006"}},
    .extensions = {{"basicConstraints", "critical,CA:TRUE"},
		   {"keyUsage", "critical,keyCertSign,cRLSign"},
		   {"subjectKeyIdentifier", "hash"}},
    .days_from = -1,
    .days_to = AUTHORITY_DAYS,
};

static const struct sim_certificate ca_certificate = {
    .subject = {{"C", "PT"},
		{"O", ORGANISATION},
		{"CN", "(TESTE) EC de Chave Móvel Digital de Assinatura Digital Qualificada do "
		       "Cartão de Cidadão 0007"}},
    .extensions = {{"basicConstraints", "critical,CA:TRUE,pathlen:0"},
		   {"keyUsage", "critical,keyCertSign,cRLSign"},
		   {"subjectKeyIdentifier", "hash"},
		   {"authorityKeyIdentifier", "keyid"}},
    .days_from = -1,
    .days_to = AUTHORITY_DAYS,
};

/* cmd.md 5: CN=CMD.assinatura, C=PT, ST=Lisbon, L=Lisbon, O=AMA, OU=IT; three years. */
static const struct sim_certificate cifra_certificate = {
    .subject = {{"CN", "(TESTE) CMD.assinatura"},
		{"C", "PT"},
		{"ST", "Lisbon"},
		{"L", "Lisbon"},
		{"O", ORGANISATION}},
    .extensions = {{"subjectKeyIdentifier", "hash"}},
    .days_from = -1,
    .days_to = CIFRA_DAYS,
};

static const struct sim_certificate tls_ca_certificate = {
    .subject = {{"O", ORGANISATION}, {"CN", "TLS authority of cmd-simulator"}},
    .extensions = {{"basicConstraints", "critical,CA:TRUE,pathlen:0"},
		   {"keyUsage", "critical,keyCertSign"},
		   {"subjectKeyIdentifier", "hash"}},
    .days_from = -1,
    .days_to = TLS_DAYS,
};

static const struct sim_certificate tls_certificate = {
    .subject = {{"O", ORGANISATION}, {"CN", "localhost"}},
    .extensions = {{"basicConstraints", "critical,CA:FALSE"},
		   {"keyUsage", "critical,digitalSignature"},
		   {"extendedKeyUsage", "serverAuth"},
		   {"subjectAltName", "IP:127.0.0.1,DNS:localhost"},
		   {"authorityKeyIdentifier", "keyid"}},
    .days_from = -1,
    .days_to = TLS_DAYS,
};

static bool
key_length_is(const EVP_PKEY *key, unsigned bits)
{
	return EVP_PKEY_get_bits(key) == (int)bits;
}

/* Reads the key, or makes it when it is missing or of another length; `made` tells which. */
static bool
open_key(const struct sim_directory *directory, const char *name, unsigned bits, EVP_PKEY **key,
	 bool *made, struct problem *error)
{
	char path[PATH_MAX_LEN];

	*made = false;
	(void)snprintf(path, sizeof(path), "private/%s.key", name);
	if (sim_directory_has(directory, path)) {
		if (!sim_key_read(directory, path, key, error))
			return false;
		if (key_length_is(*key, bits))
			return true;
		EVP_PKEY_free(*key);
	}
	*made = true;
	*key = sim_key_make(bits);
	if (*key == NULL)
		return problem(error,
			       "OpenSSL cannot make a key of %u bits for %s; check "
			       "its configuration with `openssl genrsa %u`",
			       bits, name, bits);
	return sim_key_write(directory, path, *key, error);
}

/* Reads the certificate unless `again`; makes it when it is missing. */
static bool
open_certificate(const struct sim_directory *directory, const char *path, bool again,
		 const struct sim_certificate *description, EVP_PKEY *key,
		 const struct sim_identity *issuer, X509 **certificate, struct problem *error)
{
	if (!again && sim_directory_has(directory, path))
		return sim_certificate_read(directory, path, certificate, error);
	*certificate = sim_certificate_issue(description, key, issuer);
	if (*certificate == NULL)
		return problem(error,
			       "OpenSSL cannot make the certificate %s/%s; check its "
			       "configuration with `openssl version -a`",
			       directory->path, path);
	return sim_certificate_write(directory, path, *certificate, error);
}

static bool
open_identity(const struct sim_directory *directory, const char *name, unsigned bits,
	      const struct sim_certificate *description, const struct sim_identity *issuer,
	      struct sim_identity *identity, struct problem *error)
{
	char path[PATH_MAX_LEN];
	bool made;

	(void)snprintf(path, sizeof(path), "%s.pem", name);
	return open_key(directory, name, bits, &identity->key, &made, error) &&
	       open_certificate(directory, path, made, description, identity->key, issuer,
				&identity->certificate, error);
}

static bool
write_expired_cifra(const struct sim_directory *directory, EVP_PKEY *key, struct problem *error)
{
	struct sim_certificate description = cifra_certificate;
	X509 *certificate = NULL;
	bool ok;

	description.days_from = -CIFRA_DAYS;
	description.days_to = -1;
	ok = open_certificate(directory, "cifra-expired.pem", false, &description, key, NULL,
			      &certificate, error);
	X509_free(certificate);
	return ok;
}

bool
sim_hierarchy_open(const struct sim_directory *directory, struct sim_hierarchy *hierarchy,
		   struct problem *error)
{
	struct sim_hierarchy *h = hierarchy;

	*hierarchy = (struct sim_hierarchy){0};
	if (mkdirat(directory->fd, "certificates", 0700) == -1 && errno != EEXIST)
		return problem(error, "cannot make %s/certificates: %s; check who owns it",
			       directory->path, strerror(errno));
	if (open_identity(directory, "root", RSA_BITS, &root_certificate, NULL, &h->root, error) &&
	    open_identity(directory, "ca", RSA_BITS, &ca_certificate, &h->root, &h->ca, error) &&
	    open_identity(directory, "cifra", RSA_BITS, &cifra_certificate, NULL, &h->cifra,
			  error) &&
	    write_expired_cifra(directory, h->cifra.key, error) &&
	    open_identity(directory, "tls-ca", TLS_BITS, &tls_ca_certificate, NULL, &h->tls_ca,
			  error) &&
	    open_identity(directory, "tls", TLS_BITS, &tls_certificate, &h->tls_ca, &h->tls, error))
		return true;
	sim_hierarchy_close(hierarchy);
	return false;
}

void
sim_hierarchy_close(struct sim_hierarchy *hierarchy)
{
	sim_identity_free(&hierarchy->root);
	sim_identity_free(&hierarchy->ca);
	sim_identity_free(&hierarchy->cifra);
	sim_identity_free(&hierarchy->tls_ca);
	sim_identity_free(&hierarchy->tls);
}

bool
sim_hierarchy_leaf(const struct sim_directory *directory, const struct sim_hierarchy *above,
		   const struct sim_account *account, struct sim_identity *leaf,
		   struct problem *error)
{
	char holder[2 * SIM_HOLDER_MAX + 16], name[PATH_MAX_LEN], path[PATH_MAX_LEN];
	struct sim_certificate description = {
	    .subject = {{"C", "PT"},
			{"O", ORGANISATION},
			{"SN", account->surname},
			{"GN", account->given_names},
			{"serialNumber", account->serial_number},
			{"CN", holder}},
	    .extensions = {{"basicConstraints", "CA:FALSE"},
			   {"keyUsage", "critical,nonRepudiation"},
			   {"subjectKeyIdentifier", "hash"},
			   {"authorityKeyIdentifier", "keyid"},
			   {"certificatePolicies", "2.16.620.2.1.2.2.1"}},
	    .days_from = account->expired ? -LEAF_DAYS : -1,
	    .days_to = account->expired ? -1 : LEAF_DAYS,
	};
	bool made;

	*leaf = (struct sim_identity){NULL, NULL};
	(void)snprintf(holder, sizeof(holder), "%s %s (TESTE)", account->given_names,
		       account->surname);
	(void)snprintf(name, sizeof(name), "account-%s", account->name);
	(void)snprintf(path, sizeof(path), "certificates/%s%s.pem", account->name,
		       account->expired ? "-expired" : "");
	if (!open_key(directory, name, account->bits, &leaf->key, &made, error))
		goto fail;
	if (made) {
		char other[PATH_MAX_LEN];

		(void)snprintf(other, sizeof(other), "certificates/%s%s.pem", account->name,
			       account->expired ? "" : "-expired");
		sim_directory_remove(directory, other);
	}
	if (!open_certificate(directory, path, made, &description, leaf->key, &above->ca,
			      &leaf->certificate, error))
		goto fail;
	return true;
fail:
	sim_identity_free(leaf);
	return false;
}

/* cmd.md 11: line ends CR LF. */
static char *
with_cr_lf(const char *text, size_t len)
{
	char *wide = malloc(2 * len + 1);
	size_t at = 0;

	if (wide == NULL)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n')
			wide[at++] = '\r';
		wide[at++] = text[i];
	}
	wide[at] = '\0';
	return wide;
}

char *
sim_hierarchy_chain(const struct sim_hierarchy *hierarchy, X509 *leaf, bool reversed)
{
	X509 *order[] = {leaf, hierarchy->root.certificate, hierarchy->ca.certificate};
	const size_t count = sizeof(order) / sizeof(order[0]);
	BIO *bio = BIO_new(BIO_s_mem());
	char *data = NULL, *text = NULL;
	long len;

	if (bio == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (PEM_write_bio_X509(bio, order[reversed ? count - 1 - i : i]) != 1)
			goto out;
	len = BIO_get_mem_data(bio, &data);
	if (len > 0)
		text = with_cr_lf(data, (size_t)len);
out:
	BIO_free(bio);
	return text;
}
