/*
 * Keys and certificates (RFC 5280) of a simulator: made from a description, kept as PEM.
 */
#ifndef VICAR_TOOLS_SIMULATOR_CERTIFICATE_H
#define VICAR_TOOLS_SIMULATOR_CERTIFICATE_H

#include "directory.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

enum { SIM_NAME_MAX = 8, SIM_EXTENSIONS_MAX = 8 };

struct sim_attribute {
	const char *type; /* OpenSSL's short name, "CN"; NULL ends the name */
	const char *value;
};

struct sim_extension {
	const char *type;  /* OpenSSL's short name; NULL ends the list */
	const char *value; /* as in openssl's x509v3_config(5) */
};

struct sim_certificate {
	struct sim_attribute subject[SIM_NAME_MAX];
	struct sim_extension extensions[SIM_EXTENSIONS_MAX];
	int days_from, days_to; /* validity, relative to now */
};

/* A key and its certificate; both owned. */
struct sim_identity {
	EVP_PKEY *key;
	X509 *certificate;
};

/* bits 256, 384 and 521: P-256, P-384, P-521; else RSA of that length. NULL on failure. */
EVP_PKEY *sim_key_make(unsigned bits) MUST_USE;
/* `issuer` NULL: self-signed. NULL on failure. */
X509 *sim_certificate_issue(const struct sim_certificate *description, EVP_PKEY *key,
			    const struct sim_identity *issuer) MUST_USE;

bool sim_key_read(const struct sim_directory *directory, const char *name, EVP_PKEY **key,
		  struct problem *error) MUST_USE;
bool sim_key_write(const struct sim_directory *directory, const char *name, EVP_PKEY *key,
		   struct problem *error) MUST_USE;
bool sim_certificate_read(const struct sim_directory *directory, const char *name,
			  X509 **certificate, struct problem *error) MUST_USE;
bool sim_certificate_write(const struct sim_directory *directory, const char *name,
			   X509 *certificate, struct problem *error) MUST_USE;
void sim_identity_free(struct sim_identity *identity);

#endif
