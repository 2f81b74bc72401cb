/*
 * The PKCS#11 module with calls that fail, its card's among them: a signature is right or there is
 * none, a wrong PIN is never taken, one C_Sign is at most one start of a service, and afterwards
 * nothing is left: no memory, no connection to pcscd, no trouble for the next program.
 *
 * FAULT_SEEDS=FIRST-LAST are the rounds.
 */
#include "tests/unit/test-p11-cryptoki.h"

#include "faults.h"

#include <sanitizer/lsan_interface.h>

enum { OBJECTS_MAX = 8, SIGNATURE_MAX = 512 };

static const unsigned rarity[] = {8, 40, 200, 1000};
static unsigned first = 1, last = 12;

struct card_kind {
	struct applet_card *(*make)(void);
	CK_MECHANISM_TYPE mechanism;
	const char *pin;
	CK_ULONG which; /* slot of those with a token */
	size_t key;
	bool remote; /* its PIN cannot be judged before it is used */
};

/* What came of one round of calls. */
struct outcome {
	CK_RV wrong_login;
	CK_RV sign;
	CK_BYTE signature[SIGNATURE_MAX];
	CK_ULONG len;
};

/* As a program that looks at every return value, and goes on where it can. */
static void
sign(const struct card_kind *kind, CK_SLOT_ID slot, struct outcome *outcome)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof(class)};
	CK_MECHANISM mechanism = {kind->mechanism, NULL, 0};
	CK_OBJECT_HANDLE key;
	CK_SESSION_HANDLE session;
	CK_TOKEN_INFO info;
	CK_ULONG count = 0;

	(void)!C_GetTokenInfo(slot, &info);
	if (C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &session) != CKR_OK)
		return;
	if (!kind->remote)
		outcome->wrong_login = p11_login(session, CKU_USER, "9999999");
	if (p11_login(session, CKU_USER, kind->pin) == CKR_OK &&
	    C_FindObjectsInit(session, &template, 1) == CKR_OK) {
		if (C_FindObjects(session, &key, 1, &count) != CKR_OK)
			count = 0;
		(void)!C_FindObjectsFinal(session);
	}
	if (count == 1 && C_SignInit(session, &mechanism, key) == CKR_OK) {
		/* Where a key wants its PIN for each use; others refuse it. */
		(void)!p11_login(session, CKU_CONTEXT_SPECIFIC, kind->pin);
		outcome->len = sizeof(outcome->signature);
		outcome->sign = p11_sign(session, outcome->signature, &outcome->len);
	}
	(void)!C_CloseSession(session);
}

static struct outcome
use_module(const struct card_kind *kind)
{
	struct outcome outcome = {.wrong_login = CKR_GENERAL_ERROR, .sign = CKR_GENERAL_ERROR};
	CK_SLOT_ID slots[32];
	CK_ULONG count = 32;

	if (C_Initialize(NULL) != CKR_OK)
		return outcome;
	if (C_GetSlotList(CK_TRUE, slots, &count) == CKR_OK && count > kind->which)
		sign(kind, slots[kind->which], &outcome);
	(void)!C_Finalize(NULL);
	return outcome;
}

static bool
is_right(EVP_PKEY *key, const struct outcome *outcome)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	const size_t half = outcome->len / 2;
	const CK_BYTE *at = outcome->signature;
	ECDSA_SIG *pair = ECDSA_SIG_new();
	uint8_t *der = NULL;
	bool right = false;
	int der_len;

	assert_int_equal(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key), 1);
	if (EVP_PKEY_is_a(key, "EC")) {
		assert_int_equal(ECDSA_SIG_set0(pair, BN_bin2bn(at, (int)half, NULL),
						BN_bin2bn(at + half, (int)half, NULL)),
				 1);
		der_len = i2d_ECDSA_SIG(pair, &der);
		right = EVP_DigestVerify(context, der, (size_t)der_len, (const uint8_t *)DOCUMENT,
					 sizeof(DOCUMENT) - 1) == 1;
	} else
		right = EVP_DigestVerify(context, at, outcome->len, (const uint8_t *)DOCUMENT,
					 sizeof(DOCUMENT) - 1) == 1;
	OPENSSL_free(der);
	ECDSA_SIG_free(pair);
	EVP_MD_CTX_free(context);
	return right;
}

static void
nothing_is_left(unsigned seed)
{
	if (fake.contexts != 0)
		fail_msg("seed %u: %u contexts of PC/SC are left", seed, fake.contexts);
	for (size_t i = 0; i < FAKE_READERS; i++)
		if (fake.readers[i].outside != 0)
			fail_msg("seed %u: commands outside a transaction", seed);
}

/* True when there was a signature. */
static bool
round_of(const struct card_kind *kind, unsigned seed)
{
	struct applet_card *applet = kind->make();
	struct outcome outcome;
	const char *conf;
	char words[128];

	fake_clear();
	p11_configure("");
	fake_put(0, applet);
	snprintf(words, sizeof(words), "seed=%u one-in=%u log=%s", seed,
		 rarity[seed % (sizeof(rarity) / sizeof(rarity[0]))],
		 getenv("FAULT_LOG") ? getenv("FAULT_LOG") : "/dev/null");
	fault_plan(words);
	outcome = use_module(kind);
	fault_plan(NULL);
	if (outcome.wrong_login == CKR_OK)
		fail_msg("seed %u: a wrong PIN was taken", seed);
	if (applet->starts > 1)
		fail_msg("seed %u: %u starts for one signature", seed, applet->starts);
	if (outcome.sign == CKR_OK && !is_right(applet->keys[kind->key].key, &outcome))
		fail_msg("seed %u: a signature that does not verify", seed);
	nothing_is_left(seed);
	applet_free(applet);
	applet = kind->make();
	fake_put(0, applet);
	if (use_module(kind).sign != CKR_OK)
		fail_msg("seed %u: no signature without faults", seed);
	applet_free(applet);
	fake_clear();
	conf = getenv("VICAR_CONF");
	if (conf != NULL)
		unlink(conf);
	return outcome.sign == CKR_OK;
}

static void
rounds(const struct card_kind *kind, const char *name)
{
	unsigned well = 0;

	for (unsigned seed = first; seed <= last; seed++)
		well += round_of(kind, seed);
	printf("  module %s: %u of %u rounds gave a signature\n", name, well, last - first + 1);
	assert_int_equal(__lsan_do_recoverable_leak_check(), 0);
}

static void
signatures_of_rsa_keys_are_right(void **state)
{
	const struct card_kind kind = {p11_fineid_v2, CKM_SHA256_RSA_PKCS, AUTH_PIN, 0, 0, false};

	(void)state;
	rounds(&kind, "RSA");
}

static void
signatures_of_ec_keys_are_right(void **state)
{
	const struct card_kind kind = {p11_fineid_v4, CKM_ECDSA_SHA256, AUTH_PIN, 0, 0, false};

	(void)state;
	rounds(&kind, "EC");
}

static void
a_service_is_started_once(void **state)
{
	const struct card_kind kind = {p11_remote, CKM_SHA256_RSA_PKCS, SIGN_PIN, 1, 1, true};

	(void)state;
	rounds(&kind, "remote");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(signatures_of_rsa_keys_are_right),
	    cmocka_unit_test(signatures_of_ec_keys_are_right),
	    cmocka_unit_test(a_service_is_started_once),
	};
	const char *seeds = getenv("FAULT_SEEDS");
	char *end;

	if (seeds) {
		first = (unsigned)strtoul(seeds, &end, 10);
		if (*end != '-')
			return 2;
		last = (unsigned)strtoul(end + 1, &end, 10);
		if (*end != '\0')
			return 2;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
