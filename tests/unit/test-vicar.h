/*
 * What the tests of vicar(1) share: a home of their own, certificates, and what was printed.
 */
#ifndef VICAR_TESTS_UNIT_TEST_VICAR_H
#define VICAR_TESTS_UNIT_TEST_VICAR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/vicar/create.h"
#include "tools/vicar/issue.h"

enum { HOME_FILE_MAX = 256 };

/* What a test told the fake that plays another program. */
static inline const char *
part_of(const char *variable)
{
	const char *value = getenv(variable);

	return value == NULL ? "" : value;
}

/* An empty directory that is HOME, and XDG_RUNTIME_DIR below it. */
struct home {
	char path[64];
};

static inline int
home_set_up(void **state)
{
	static struct home home;

	snprintf(home.path, sizeof(home.path), "/tmp/vicar-test-XXXXXX");
	if (mkdtemp(home.path) == NULL)
		return -1;
	setenv("HOME", home.path, 1);
	setenv("XDG_RUNTIME_DIR", home.path, 1);
	unsetenv("XDG_DATA_HOME");
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("VICAR_CONF");
	*state = &home;
	return 0;
}

static inline int
home_tear_down(void **state)
{
	const struct home *home = *state;
	struct problem error = {""};

	return issue_undo(home->path, &error) ? 0 : -1;
}

/* PATH below the home, in a buffer that the next call takes. */
static inline const char *
home_file(void **state, const char *path)
{
	static char file[HOME_FILE_MAX];
	const struct home *home = *state;

	assert_true(snprintf(file, sizeof(file), "%s/%s", home->path, path) < HOME_FILE_MAX);
	return file;
}

static inline const char *
home_write(void **state, const char *path, const char *text, mode_t mode)
{
	const char *name = home_file(state, path);
	FILE *file = fopen(name, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(name, mode), 0);
	return name;
}

static inline bool
home_has(void **state, const char *path)
{
	return access(home_file(state, path), F_OK) == 0;
}

/* A key of each size, made once. */
static inline EVP_PKEY *
test_key(unsigned bits)
{
	static EVP_PKEY *keys[2];
	EVP_PKEY **key = &keys[bits == 3072];

	if (*key == NULL)
		*key = EVP_RSA_gen(bits);
	assert_non_null(*key);
	return *key;
}

struct test_certificate {
	const char *name;
	EVP_PKEY *key;         /* NULL: the RSA-2048 one */
	X509 *issuer;          /* NULL: itself */
	EVP_PKEY *issuer_key;  /* NULL: the RSA-2048 one */
	const char *key_usage; /* NULL: none */
	bool authority;
	long from_days, to_days; /* from today; 0, 0 is -1, 365 */
};

static inline void
test_extension(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(extension);
	assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static inline X509 *
test_certificate(const struct test_certificate *spec)
{
	static long serial = 1;
	const bool today = spec->from_days == 0 && spec->to_days == 0;
	EVP_PKEY *key = spec->key == NULL ? test_key(2048) : spec->key;
	EVP_PKEY *issuer_key = spec->issuer_key == NULL ? test_key(2048) : spec->issuer_key;
	X509 *certificate = X509_new();
	X509_NAME *subject = X509_get_subject_name(certificate);

	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const uint8_t *)spec->name, -1,
				   -1, 0);
	X509_set_issuer_name(certificate,
			     spec->issuer == NULL ? subject : X509_get_subject_name(spec->issuer));
	X509_gmtime_adj(X509_getm_notBefore(certificate), (today ? -1 : spec->from_days) * 86400);
	X509_gmtime_adj(X509_getm_notAfter(certificate),
			(today ? 365 : spec->to_days) * 86400 + 3600);
	X509_set_pubkey(certificate, key);
	if (spec->authority)
		test_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
	if (spec->key_usage != NULL)
		test_extension(certificate, NID_key_usage, spec->key_usage);
	assert_int_not_equal(X509_sign(certificate, issuer_key, EVP_sha256()), 0);
	return certificate;
}

/* DER after DER, as vicar-bridge sends a chain. */
static inline size_t
test_der(X509 *const *certificates, size_t count, uint8_t *der)
{
	unsigned char *at = der;

	for (size_t i = 0; i < count; i++)
		assert_true(i2d_X509(certificates[i], &at) > 0);
	return (size_t)(at - der);
}

/* What `print` wrote, in a buffer that the next call takes. */
static inline FILE *
capture_begin(char **text, size_t *len)
{
	FILE *out = open_memstream(text, len);

	assert_non_null(out);
	return out;
}

/* The card `cc` that a test has made. */
#define CARD ".local/share/vicar/cards/cc"

static inline struct image
load_card(void **state)
{
	struct image image;
	struct image_error error;

	if (!image_load(&image, home_file(state, CARD), &error))
		fail_msg("%s", error.text);
	return image;
}

/* PIN 1234, or 123456 where that is too short; PUK 12345678. */
static inline void
fill_plan(struct pin_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		struct pins_value *value = &plan->values[i];

		snprintf(value->value, sizeof(value->value), "%s",
			 strcmp(value->or_key, "puk") == 0 ? "12345678"
			 : value->min <= 4                 ? "1234"
							   : "123456");
	}
}

/* What vicar create does once it has the PINs. */
static inline bool
create_chosen(const struct creation *wanted, const char *role, const char *kinds,
	      struct problem *error)
{
	struct creation creation = *wanted;
	struct registry_key roles[IMAGE_KEYS_MAX];
	char directory[PATH_MAX];
	struct pin_plan plan;
	bool ok;

	if (!issue_possible(creation.name, creation.personality, directory, error) ||
	    !create_choose(&creation, role, kinds, error))
		return false;
	for (size_t i = 0; i < creation.keys_count; i++)
		roles[i] = creation.keys[i].role;
	assert_true(pin_plan_make(&plan, roles, creation.keys_count, NULL, error));
	fill_plan(&plan);
	creation.pins = &plan;
	ok = create_card(&creation, NULL, error);
	pin_plan_free(&plan);
	return ok;
}

/* A card with local keys. */
static inline void
create_named(const char *name, const char *personality, const char *role)
{
	struct creation creation = {
	    .name = name, .personality = personality, .subject = "MATTI", .options = ""};
	struct problem error = {""};

	if (!create_chosen(&creation, role, NULL, &error))
		fail_msg("%s", error.text);
}

/* A card `me` with a key of its own. */
static inline void
create_me(void)
{
	create_named("me", "fineid-v2", "auth");
}

#endif
