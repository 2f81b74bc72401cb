#include "identity.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { TLS_DAYS = 10 * 365, TLS_BITS = 256 };

static bool
key_length_is(const EVP_PKEY *key, unsigned bits)
{
	return EVP_PKEY_get_bits(key) == (int)bits;
}

bool
sim_identity_key(const struct sim_directory *directory, const char *name, unsigned bits,
		 EVP_PKEY **key, bool *made, struct problem *error)
{
	char path[SIM_IDENTITY_PATH_MAX];

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

bool
sim_identity_certificate(const struct sim_directory *directory, const char *path, bool again,
			 const struct sim_certificate *description, EVP_PKEY *key,
			 const struct sim_identity *issuer, X509 **certificate,
			 struct problem *error)
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

bool
sim_identity_open(const struct sim_directory *directory, const char *name, unsigned bits,
		  const struct sim_certificate *description, const struct sim_identity *issuer,
		  struct sim_identity *identity, struct problem *error)
{
	char path[SIM_IDENTITY_PATH_MAX];
	bool made;

	(void)snprintf(path, sizeof(path), "%s.pem", name);
	return sim_identity_key(directory, name, bits, &identity->key, &made, error) &&
	       sim_identity_certificate(directory, path, made, description, identity->key, issuer,
					&identity->certificate, error);
}

/* Of one key: the server's, and what a client must not take for it. */
static bool
open_servers(const struct sim_directory *directory, const char *organisation,
	     const struct sim_identity *ca, struct problem *error)
{
	static const struct {
		const char *file, *names;
		int days_to;
	} servers[] = {
	    {"tls.pem", "IP:127.0.0.1,DNS:localhost", TLS_DAYS},
	    {"tls-expired.pem", "IP:127.0.0.1,DNS:localhost", -1},
	    {"tls-other-name.pem", "DNS:other.example", TLS_DAYS},
	};
	struct sim_identity server = {NULL, NULL};
	bool made, ok = sim_identity_key(directory, "tls", TLS_BITS, &server.key, &made, error);

	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]) && ok; i++) {
		const struct sim_certificate certificate = {
		    .subject = {{"O", organisation}, {"CN", "localhost"}},
		    .extensions = {{"basicConstraints", "critical,CA:FALSE"},
				   {"keyUsage", "critical,digitalSignature"},
				   {"extendedKeyUsage", "serverAuth"},
				   {"subjectAltName", servers[i].names},
				   {"authorityKeyIdentifier", "keyid"}},
		    .days_from = servers[i].days_to < 0 ? -TLS_DAYS : -1,
		    .days_to = servers[i].days_to,
		};

		X509_free(server.certificate);
		server.certificate = NULL;
		ok = sim_identity_certificate(directory, servers[i].file, made, &certificate,
					      server.key, ca, &server.certificate, error);
	}
	sim_identity_free(&server);
	return ok;
}

bool
sim_identity_open_tls(const struct sim_directory *directory, const char *organisation,
		      const char *authority, struct problem *error)
{
	const struct sim_certificate ca_certificate = {
	    .subject = {{"O", organisation}, {"CN", authority}},
	    .extensions = {{"basicConstraints", "critical,CA:TRUE,pathlen:0"},
			   {"keyUsage", "critical,keyCertSign"},
			   {"subjectKeyIdentifier", "hash"}},
	    .days_from = -1,
	    .days_to = TLS_DAYS,
	};
	struct sim_identity ca = {NULL, NULL};
	bool ok =
	    sim_identity_open(directory, "tls-ca", TLS_BITS, &ca_certificate, NULL, &ca, error) &&
	    open_servers(directory, organisation, &ca, error);

	sim_identity_free(&ca);
	return ok;
}

bool
sim_identity_open_certificates(const struct sim_directory *directory, struct problem *error)
{
	if (mkdirat(directory->fd, "certificates", 0700) == -1 && errno != EEXIST)
		return problem(error, "cannot make %s/certificates: %s; check who owns it",
			       directory->path, strerror(errno));
	return true;
}
