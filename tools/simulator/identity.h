/*
 * Keys with certificates that a simulator makes once and keeps: NAME.pem at the top or in
 * certificates/, the key in private/. The HTTPS server's own are among them:
 *
 *   tls-ca.pem, tls.pem    for 127.0.0.1 and localhost
 *   tls-expired.pem, tls-other-name.pem
 *                          of the same key, out of date, and for another host
 */
#ifndef VICAR_TOOLS_SIMULATOR_IDENTITY_H
#define VICAR_TOOLS_SIMULATOR_IDENTITY_H

#include "certificate.h"

enum { SIM_IDENTITY_PATH_MAX = 128, SIM_AUTHORITY_BITS = 2048 };

/* Reads the key private/NAME.key, or makes it when it is missing or of another length; `made` tells
 * which. `bits` as for sim_key_make(). */
bool sim_identity_key(const struct sim_directory *directory, const char *name, unsigned bits,
		      EVP_PKEY **key, bool *made, struct problem *error) MUST_USE;
/* Reads the certificate unless `again`; makes it when it is missing. */
bool sim_identity_certificate(const struct sim_directory *directory, const char *path, bool again,
			      const struct sim_certificate *description, EVP_PKEY *key,
			      const struct sim_identity *issuer, X509 **certificate,
			      struct problem *error) MUST_USE;
/* Both, under one name. */
bool sim_identity_open(const struct sim_directory *directory, const char *name, unsigned bits,
		       const struct sim_certificate *description, const struct sim_identity *issuer,
		       struct sim_identity *identity, struct problem *error) MUST_USE;

/* `organisation` and `authority`: O of both, CN of the authority. */
bool sim_identity_open_tls(const struct sim_directory *directory, const char *organisation,
			   const char *authority, struct problem *error) MUST_USE;
/* Makes the directory certificates/. */
bool sim_identity_open_certificates(const struct sim_directory *directory,
				    struct problem *error) MUST_USE;

#endif
