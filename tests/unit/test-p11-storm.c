/*
 * Everything at once in the module: threads that sign with two cards, that look at slots and objects, that
 * log out and close each other's sessions, that wait for cards; events of the readers; and C_Finalize and
 * C_Initialize in the middle of it. What is tested is that it ends, that each signature that is given is the right
 * one, that each refusal is one of a module that others end meanwhile, and, under ThreadSanitizer
 * (make check-threads), that no thread touches what is another's.
 */
#include "test-p11-cryptoki.h"

#include <stdatomic.h>
#include <time.h>

enum {
	STORM_MS = 2000,
	BREATH_NS = 20 * 1000 * 1000, /* from one beginning of the module to its end */
	SIGNERS = 2,                  /* for each card */
	CARDS = 2,
	SIGNATURE_MAX = 512,
};

static atomic_bool over;

struct counts {
	atomic_uint signatures, wrong, events, lists, ends;
	atomic_ulong odd; /* a return value that nothing explains; 0: none */
};

static struct counts counts;

/* A slot, and what its key says to DOCUMENT: PKCS #1 v1.5 says it each time. */
struct place {
	CK_SLOT_ID slot;
	CK_BYTE signature[SIGNATURE_MAX];
	CK_ULONG len;
};

/* Of a module that another thread ends, and of sessions that another thread closes or logs out. */
static const CK_RV explained[] = {
    CKR_OK,
    CKR_CRYPTOKI_NOT_INITIALIZED,
    CKR_SESSION_HANDLE_INVALID,
    CKR_USER_NOT_LOGGED_IN,
    CKR_USER_ALREADY_LOGGED_IN,
    CKR_OPERATION_NOT_INITIALIZED,
    CKR_KEY_HANDLE_INVALID,
    CKR_TOKEN_NOT_PRESENT,
    CKR_DEVICE_REMOVED,
};

static bool
went_well(CK_RV rv)
{
	bool known = false;

	for (size_t i = 0; i < sizeof(explained) / sizeof(explained[0]); i++)
		known = known || explained[i] == rv;
	if (!known)
		atomic_store(&counts.odd, rv);
	return rv == CKR_OK;
}

static bool
find_key(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *key)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof(class)};
	CK_ULONG count = 0;

	return went_well(C_FindObjectsInit(session, &template, 1)) &&
	       went_well(C_FindObjects(session, key, 1, &count)) &&
	       went_well(C_FindObjectsFinal(session)) && count == 1;
}

static void
sign(const struct place *place, CK_SESSION_HANDLE session)
{
	CK_BYTE signature[SIGNATURE_MAX];
	CK_ULONG len = sizeof(signature);
	CK_OBJECT_HANDLE key;

	if (!find_key(session, &key) ||
	    !went_well(p11_sign_init(session, CKM_SHA256_RSA_PKCS, key)) ||
	    !went_well(p11_sign(session, signature, &len)))
		return;
	counts.signatures++;
	if (len != place->len || memcmp(signature, place->signature, len) != 0)
		counts.wrong++;
}

static void *
signer(void *argument)
{
	const struct place *place = argument;

	for (unsigned i = 1; !over; i++) {
		CK_SESSION_HANDLE session;

		if (!went_well(
			C_OpenSession(place->slot, CKF_SERIAL_SESSION, NULL, NULL, &session)))
			continue;
		(void)went_well(p11_login(session, CKU_USER, AUTH_PIN));
		sign(place, session);
		if (i % 8 == 0)
			(void)went_well(C_Logout(session));
		if (i % 16 == 0)
			(void)went_well(C_CloseAllSessions(place->slot));
		else
			(void)went_well(C_CloseSession(session));
	}
	return NULL;
}

static void
look_at(CK_SLOT_ID slot)
{
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE key;
	CK_TOKEN_INFO token;
	CK_SLOT_INFO info;

	(void)went_well(C_GetSlotInfo(slot, &info));
	(void)went_well(C_GetTokenInfo(slot, &token));
	if (!went_well(C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &session)))
		return;
	(void)find_key(session, &key);
	(void)went_well(C_CloseSession(session));
}

static void *
onlooker(void *argument)
{
	(void)argument;
	while (!over) {
		CK_SLOT_ID slots[FAKE_READERS * SLOTS_PER_READER];
		CK_ULONG count = sizeof(slots) / sizeof(slots[0]);

		if (!went_well(C_GetSlotList(CK_TRUE, slots, &count)))
			continue;
		counts.lists++;
		for (CK_ULONG i = 0; i < count; i++)
			look_at(slots[i]);
	}
	return NULL;
}

static void *
waiter(void *argument)
{
	CK_SLOT_ID slot;

	(void)argument;
	while (!over)
		if (went_well(C_WaitForSlotEvent(0, &slot, NULL)))
			counts.events++;
	return NULL;
}

static void
breathe(void)
{
	const struct timespec pause = {0, BREATH_NS};

	(void)nanosleep(&pause, NULL);
}

/* As if the card had gone and come again, faster than anybody looked. */
static void
knock(size_t reader)
{
	pthread_mutex_lock(&fake.lock);
	fake.readers[reader].events++;
	pthread_cond_broadcast(&fake.changed);
	pthread_mutex_unlock(&fake.lock);
}

static uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void
learn(struct place *place, CK_ULONG which)
{
	CK_SESSION_HANDLE session;

	*place = (struct place){.slot = p11_slot(4, which), .len = SIGNATURE_MAX};
	session = p11_logged_in(place->slot, AUTH_PIN);
	assert_ok(p11_sign_init(session, CKM_SHA256_RSA_PKCS, p11_one(session, CKO_PRIVATE_KEY)));
	assert_ok(p11_sign(session, place->signature, &place->len));
	assert_ok(C_CloseSession(session));
}

static void
everything_at_once_gives_right_signatures_or_none_and_ends(void **state)
{
	struct applet_card *cards[CARDS] = {p11_fineid_v2(), p11_fineid_v2()};
	pthread_t threads[CARDS * SIGNERS + 2];
	struct place places[CARDS];
	const uint64_t end = now_ms() + STORM_MS;
	size_t count = 0;

	(void)state;
	p11_begin("");
	for (size_t i = 0; i < CARDS; i++)
		fake_put(i, cards[i]);
	for (size_t i = 0; i < CARDS; i++)
		learn(&places[i], i * 2);
	for (; count < (size_t)CARDS * SIGNERS; count++)
		assert_int_equal(
		    pthread_create(&threads[count], NULL, signer, &places[count % CARDS]), 0);
	assert_int_equal(pthread_create(&threads[count++], NULL, onlooker, NULL), 0);
	assert_int_equal(pthread_create(&threads[count++], NULL, waiter, NULL), 0);
	for (size_t i = 0; now_ms() < end; i++) {
		breathe();
		knock(i % CARDS);
		breathe();
		(void)went_well(C_Finalize(NULL));
		counts.ends++;
		(void)went_well(C_Initialize(NULL));
	}
	over = true;
	assert_ok(C_Finalize(NULL)); /* which wakes whoever waits */
	for (size_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	if (counts.odd != 0)
		fail_msg("%s", p11_name(counts.odd));
	assert_int_equal(counts.wrong, 0);
	print_message("%u signatures, %u lists, %u events, %u ends\n", counts.signatures,
		      counts.lists, counts.events, counts.ends);
	assert_true(counts.signatures > 0 && counts.lists > 0 && counts.events > 0 &&
		    counts.ends > 1);
	p11_end();
	for (size_t i = 0; i < CARDS; i++)
		applet_free(cards[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(everything_at_once_gives_right_signatures_or_none_and_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
