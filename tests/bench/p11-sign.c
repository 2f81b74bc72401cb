/*
 * What a signature by a PKCS#11 module costs beside the same operation by OpenSSL itself: RSA, PKCS #1 of
 * a DigestInfo, by the first private key of the first token, logged in once, or for each use if the key
 * wants that.
 *
 * usage: p11-sign MODULE PIN COUNT LOGINS
 *
 * The two take turns, so that both see the same machine. The series `sign` is C_SignInit and C_Sign,
 * `bare` EVP_PKEY_sign() with a key of the same size in memory; then LOGINS times C_Login, which is
 * `login`. Each signature is verified with the key of the certificate that the token shows, outside of
 * what is measured.
 */
#include "tests/bench/shared/module.h"
#include "tests/bench/shared/series.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HASH_LEN = 32, SIGNATURE_MAX = 512, CERTIFICATE_MAX = 8192 };
enum { WARM_UP = 2 };

/* RFC 8017 section 9.2, note 1. */
static const uint8_t SHA256_PREFIX[] = {0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
					0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
enum { INPUT_LEN = sizeof(SHA256_PREFIX) + HASH_LEN };

static void
must(int ok, const char *what)
{
	if (ok == 1)
		return;
	(void)fprintf(stderr, "p11-sign: %s\n", what);
	exit(1);
}

static void
new_input(uint8_t input[INPUT_LEN])
{
	memcpy(input, SHA256_PREFIX, sizeof(SHA256_PREFIX));
	must(RAND_bytes(input + sizeof(SHA256_PREFIX), HASH_LEN), "no random bytes");
}

struct key {
	CK_FUNCTION_LIST *p11;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE handle;
	EVP_PKEY *certified; /* its public half, as the certificate has it */
	size_t len;          /* of a signature */
	const char *pin;     /* for each use; NULL: not wanted */
};

static int64_t
login(const struct key *key, CK_USER_TYPE user, const char *pin)
{
	const int64_t start = series_now_ns();

	module_must(
	    key->p11->C_Login(key->session, user, (CK_UTF8CHAR *)(uintptr_t)pin, strlen(pin)),
	    "C_Login");
	return series_now_ns() - start;
}

static int64_t
sign_by_module(const struct key *key, uint8_t input[INPUT_LEN], uint8_t signature[SIGNATURE_MAX])
{
	CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0};
	CK_ULONG len = SIGNATURE_MAX;
	const int64_t start = series_now_ns();

	module_must(key->p11->C_SignInit(key->session, &mechanism, key->handle), "C_SignInit");
	if (key->pin != NULL)
		(void)login(key, CKU_CONTEXT_SPECIFIC, key->pin);
	module_must(key->p11->C_Sign(key->session, input, INPUT_LEN, signature, &len), "C_Sign");
	must(len == key->len, "a signature of another length");
	return series_now_ns() - start;
}

static EVP_PKEY_CTX *
pkcs1(EVP_PKEY *key, int (*init)(EVP_PKEY_CTX *))
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);

	must(context != NULL && init(context) == 1, "OpenSSL does not take the key");
	must(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING), "no PKCS #1");
	return context;
}

static int64_t
sign_bare(EVP_PKEY *key, const uint8_t input[INPUT_LEN])
{
	uint8_t signature[SIGNATURE_MAX];
	size_t len = sizeof(signature);
	const int64_t start = series_now_ns();
	EVP_PKEY_CTX *context = pkcs1(key, EVP_PKEY_sign_init);

	must(EVP_PKEY_sign(context, signature, &len, input, INPUT_LEN), "OpenSSL does not sign");
	EVP_PKEY_CTX_free(context);
	return series_now_ns() - start;
}

static EVP_PKEY *
certified_key(CK_FUNCTION_LIST *p11, CK_SESSION_HANDLE session)
{
	uint8_t der[CERTIFICATE_MAX];
	const unsigned char *at = der;
	CK_ATTRIBUTE value = {CKA_VALUE, der, sizeof(der)};
	EVP_PKEY *key;
	X509 *certificate;

	module_must(p11->C_GetAttributeValue(session, module_find(p11, session, CKO_CERTIFICATE),
					     &value, 1),
		    "C_GetAttributeValue");
	certificate = d2i_X509(NULL, &at, (long)value.ulValueLen);
	must(certificate != NULL, "no certificate");
	key = X509_get_pubkey(certificate);
	X509_free(certificate);
	return key;
}

static void
verify(const struct key *key, const uint8_t input[INPUT_LEN],
       const uint8_t signature[SIGNATURE_MAX])
{
	EVP_PKEY_CTX *context = pkcs1(key->certified, EVP_PKEY_verify_init);

	must(EVP_PKEY_verify(context, signature, key->len, input, INPUT_LEN),
	     "the signature is wrong");
	EVP_PKEY_CTX_free(context);
}

static void
measure_signatures(const struct key *key, size_t count)
{
	struct series by_module = series_new("sign", count), bare = series_new("bare", count);
	EVP_PKEY *own = EVP_RSA_gen(8 * key->len);
	uint8_t input[INPUT_LEN], signature[SIGNATURE_MAX];

	for (size_t i = 0; i < WARM_UP + count; i++) {
		int64_t module_ns, bare_ns;

		new_input(input);
		module_ns = sign_by_module(key, input, signature);
		verify(key, input, signature);
		bare_ns = sign_bare(own, input);
		if (i < WARM_UP)
			continue;
		series_add(&by_module, module_ns);
		series_add(&bare, bare_ns);
	}
	series_print(&by_module);
	series_print(&bare);
	EVP_PKEY_free(own);
}

static void
measure_logins(const struct key *key, const char *pin, size_t count)
{
	struct series logins = series_new("login", count);

	for (size_t i = 0; i < count; i++) {
		module_must(key->p11->C_Logout(key->session), "C_Logout");
		series_add(&logins, login(key, CKU_USER, pin));
	}
	series_print(&logins);
}

static void
find_key(struct key *key, const char *pin)
{
	CK_BBOOL each = CK_FALSE;
	CK_ATTRIBUTE wanted = {CKA_ALWAYS_AUTHENTICATE, &each, sizeof(each)};

	key->handle = module_find(key->p11, key->session, CKO_PRIVATE_KEY);
	module_must(key->p11->C_GetAttributeValue(key->session, key->handle, &wanted, 1),
		    "C_GetAttributeValue");
	key->pin = each ? pin : NULL;
	key->certified = certified_key(key->p11, key->session);
	key->len = (size_t)EVP_PKEY_get_size(key->certified);
	must(key->len <= SIGNATURE_MAX, "a key that is too long");
}

int
main(int argc, char **argv)
{
	struct key key;

	must(argc == 5 && strtol(argv[3], NULL, 10) > 0 && strtol(argv[4], NULL, 10) > 0,
	     "usage: p11-sign MODULE PIN COUNT LOGINS");
	key.p11 = module_load(argv[1]);
	module_must(key.p11->C_Initialize(NULL), "C_Initialize");
	key.session = module_session(key.p11);
	(void)login(&key, CKU_USER, argv[2]);
	find_key(&key, argv[2]);
	measure_signatures(&key, (size_t)strtol(argv[3], NULL, 10));
	measure_logins(&key, argv[2], (size_t)strtol(argv[4], NULL, 10));
	EVP_PKEY_free(key.certified);
	module_must(key.p11->C_Finalize(NULL), "C_Finalize");
	return 0;
}
