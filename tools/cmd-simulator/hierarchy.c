#include "hierarchy.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/pem.h>

#define ORGANISATION "Vicar cmd-simulator, for tests only"

enum {
	AUTHORITY_DAYS = 20 * 365,
	CIFRA_DAYS = 3 * 365,
	CIFRA_ENDING_DAYS = 10,
	LEAF_DAYS = 5 * 365,
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

/* Certificates of the same key with other dates. */
static bool
write_other_cifras(const struct sim_directory *directory, EVP_PKEY *key, struct problem *error)
{
	static const struct {
		const char *file;
		int days_to;
	} others[] = {{"cifra-expired.pem", -1}, {"cifra-ending.pem", CIFRA_ENDING_DAYS}};
	bool ok = true;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]) && ok; i++) {
		struct sim_certificate description = cifra_certificate;
		X509 *certificate = NULL;

		description.days_from = -CIFRA_DAYS;
		description.days_to = others[i].days_to;
		ok = sim_identity_certificate(directory, others[i].file, false, &description, key,
					      NULL, &certificate, error);
		X509_free(certificate);
	}
	return ok;
}

bool
sim_hierarchy_open(const struct sim_directory *directory, struct sim_hierarchy *hierarchy,
		   struct problem *error)
{
	struct sim_hierarchy *h = hierarchy;

	*hierarchy = (struct sim_hierarchy){0};
	if (sim_identity_open_certificates(directory, error) &&
	    sim_identity_open(directory, "root", SIM_AUTHORITY_BITS, &root_certificate, NULL,
			      &h->root, error) &&
	    sim_identity_open(directory, "ca", SIM_AUTHORITY_BITS, &ca_certificate, &h->root,
			      &h->ca, error) &&
	    sim_identity_open(directory, "cifra", SIM_AUTHORITY_BITS, &cifra_certificate, NULL,
			      &h->cifra, error) &&
	    write_other_cifras(directory, h->cifra.key, error) &&
	    sim_identity_open_tls(directory, ORGANISATION, "TLS authority of cmd-simulator", error))
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
}

bool
sim_hierarchy_leaf(const struct sim_directory *directory, const struct sim_hierarchy *above,
		   const struct sim_account *account, struct sim_identity *leaf,
		   struct problem *error)
{
	char holder[2 * SIM_HOLDER_MAX + 16], name[SIM_IDENTITY_PATH_MAX],
	    path[SIM_IDENTITY_PATH_MAX];
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
	if (!sim_identity_key(directory, name, account->bits, &leaf->key, &made, error))
		goto fail;
	if (made) {
		char other[SIM_IDENTITY_PATH_MAX];

		(void)snprintf(other, sizeof(other), "certificates/%s%s.pem", account->name,
			       account->expired ? "" : "-expired");
		sim_directory_remove(directory, other);
	}
	if (!sim_identity_certificate(directory, path, made, &description, leaf->key, &above->ca,
				      &leaf->certificate, error))
		goto fail;
	return true;
fail:
	sim_identity_free(leaf);
	return false;
}

static bool
has_no_end(const char *line)
{
	static const char begin[] = "-----BEGIN ", end[] = "\n-----END ";
	const char *next = line + strcspn(line, "\n");

	return strncmp(line, begin, strlen(begin)) == 0 || strncmp(next, end, strlen(end)) == 0;
}

/* cmd.md 11: lines end with CR LF. Odd ones do so each third time, and with one of them else; none ends
 * behind BEGIN's or before END's hyphens. */
static char *
with_line_ends(const char *text, bool odd)
{
	static const char *const ends[] = {"\r\n", "\r", "\n"};
	size_t len = 0, line = 0;
	char *wide = NULL;
	FILE *out = open_memstream(&wide, &len);

	if (out == NULL)
		return NULL;
	for (; *text != '\0'; text += strcspn(text, "\n") + 1) {
		fprintf(out, "%.*s", (int)strcspn(text, "\n"), text);
		if (!odd || !has_no_end(text))
			fputs(ends[odd ? line++ % 3 : 0], out);
	}
	if (fclose(out) != 0) {
		free(wide);
		return NULL;
	}
	return wide;
}

char *
sim_hierarchy_chain(const struct sim_hierarchy *hierarchy, X509 *leaf, sim_troubles trouble)
{
	X509 *order[] = {leaf, hierarchy->root.certificate, hierarchy->ca.certificate};
	const size_t count = sizeof(order) / sizeof(order[0]);
	const bool reversed = sim_has(trouble, SIM_REVERSED_CHAIN);
	BIO *bio = BIO_new(BIO_s_mem());
	char *data = NULL, *text = NULL;

	if (bio == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		X509 *one = order[reversed ? count - 1 - i : i];

		if (one == leaf && sim_has(trouble, SIM_NO_LEAF))
			continue;
		if (PEM_write_bio_X509(bio, one) != 1)
			goto out;
	}
	if (BIO_write(bio, "", 1) == 1 && BIO_get_mem_data(bio, &data) > 0)
		text = with_line_ends(data, sim_has(trouble, SIM_ODD_LINES));
out:
	BIO_free(bio);
	return text;
}
