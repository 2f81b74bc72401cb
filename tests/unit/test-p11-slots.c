/*
 * C_Initialize, slots and their events, threads, fork; pkcs11.md sections 1 and 5.
 */
#include "p11-one-card.h"

#include "pkcs11/ifd.h"

#include <sched.h>
#include <sys/wait.h>

/* This process's own: two builds may be tested at the same time. */
static const char *
log_path(void)
{
	static char path[64];

	if (path[0] == '\0')
		(void)snprintf(path, sizeof(path), "/tmp/vicar-test-p11-%d.log", (int)getpid());
	return path;
}

/* Begins again with these lines of [pkcs11]. */
static void
again(const char *settings)
{
	assert_ok(C_Finalize(NULL));
	p11_configure(settings);
	assert_ok(C_Initialize(NULL));
}

static CK_ULONG
slots_count(CK_BBOOL present)
{
	CK_ULONG count = 0;

	assert_ok(C_GetSlotList(present, NULL, &count));
	return count;
}

static void
each_pin_of_a_card_has_a_slot_whose_label_says_which(void **state)
{
	CK_SLOT_ID one = p11_slot(2, 0), two = p11_slot(2, 1);
	CK_TOKEN_INFO info;

	(void)state;
	assert_ok(C_GetTokenInfo(one, &info));
	assert_memory_equal(info.label, "HENKILOKORTTI (perustunnusluku) ", 32);
	assert_true(info.flags & CKF_LOGIN_REQUIRED);
	assert_true(info.flags & CKF_WRITE_PROTECTED);
	assert_true(info.flags & CKF_RNG);
	assert_ok(C_GetTokenInfo(two, &info));
	assert_memory_equal(info.label, "HENKIL (allekirjoitustunnusluku)", 32);
	/* and one for the empty reader */
	assert_int_equal(slots_count(CK_FALSE), 3);
}

static void
numbers_stay_when_card_and_module_go_and_come(void **state)
{
	CK_SLOT_ID one = p11_slot(2, 0), two = p11_slot(2, 1);

	(void)state;
	fake_put(0, NULL);
	assert_int_equal(slots_count(CK_TRUE), 0);
	again("");
	fake_put(0, card);
	card_reset(card->card);
	assert_int_equal(p11_slot(2, 0), one);
	assert_int_equal(p11_slot(2, 1), two);
}

static void
a_list_that_is_too_short_is_told_its_length(void **state)
{
	CK_SLOT_ID list[3];
	CK_ULONG count = 1;

	(void)state;
	assert_int_equal(slots_count(CK_TRUE), 2);
	assert_rv(C_GetSlotList(CK_TRUE, list, &count), CKR_BUFFER_TOO_SMALL);
	assert_int_equal(count, 2);
	assert_ok(C_GetSlotList(CK_TRUE, list, &count));
}

static void
a_list_that_is_wanted_without_its_length_is_of_now(void **state)
{
	CK_SLOT_ID list[8];
	CK_ULONG count = 8;

	(void)state;
	assert_int_equal(slots_count(CK_TRUE), 2);
	assert_ok(C_GetSlotList(CK_TRUE, list, &count));
	fake_put(0, NULL);
	count = 8;
	assert_ok(C_GetSlotList(CK_TRUE, list, &count));
	assert_int_equal(count, 0);
}

static void
asking_for_slots_tokens_and_sessions_sends_no_command(void **state)
{
	CK_SLOT_ID slot = p11_slot(2, 0);
	CK_SESSION_HANDLE session = p11_open(slot, 0);
	unsigned before = fake.readers[0].commands;
	CK_SESSION_INFO session_info;
	CK_TOKEN_INFO token_info;
	CK_SLOT_INFO slot_info;

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_ok(C_GetSlotInfo(slot, &slot_info));
		assert_ok(C_GetTokenInfo(slot, &token_info));
		assert_ok(C_GetSessionInfo(session, &session_info));
		assert_int_equal(slots_count(CK_TRUE), 2);
	}
	assert_int_equal(fake.readers[0].commands, before);
}

static void
a_card_that_no_driver_knows_is_looked_at_once(void **state)
{
	CK_TOKEN_INFO info;
	CK_SLOT_ID slot;
	unsigned commands;

	(void)state;
	again("accept-labels = somebody else's*");
	slot = p11_slot(1, 0);
	commands = fake.readers[0].commands;
	assert_rv(C_GetTokenInfo(slot, &info), CKR_TOKEN_NOT_RECOGNIZED);
	assert_rv(C_GetTokenInfo(slot, &info), CKR_TOKEN_NOT_RECOGNIZED);
	assert_int_equal(fake.readers[0].commands, commands);
}

static void
a_card_that_answers_garbage_is_given_up_soon(void **state)
{
	static const uint8_t more[] = {0x61, 0xFF}, exact[] = {0x6C, 0xFF}, ok[] = {0x90, 0x00},
			     one[] = {0x90}, zeros[258] = {0}, trouble[] = {0x6F, 0x00},
			     parts[] = {0x30, 0x82, 0xFF, 0xFF, 0x61, 0x01};
	static const struct bytes answers[] = {BYTES(more), BYTES(exact), BYTES(ok),
					       BYTES(one),  BYTES(zeros), BYTES(trouble),
					       BYTES(parts)};
	CK_TOKEN_INFO info;
	CK_RV rv;

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		unsigned before = fake.readers[0].commands;

		fake_put(0, NULL);
		fake_put(0, card);
		fake.readers[0].garbage = answers[i];
		rv = C_GetTokenInfo(p11_slot(1, 0), &info);
		assert_true(rv == CKR_TOKEN_NOT_RECOGNIZED || rv == CKR_DEVICE_ERROR);
		assert_true(fake.readers[0].commands - before < 1000);
	}
	fake.readers[0].garbage = BYTES_NONE;
}

static void
readers_may_be_excluded_and_programs_shut_out(void **state)
{
	(void)state;
	again("exclude-readers = nobody's, fake 01*");
	assert_int_equal(slots_count(CK_FALSE), 2);
	again("no-slots-for = test-p11-s*");
	assert_int_equal(slots_count(CK_FALSE), 0);
	again("no-slots-for =");
	setenv("VICAR_INSIDE", "1", 1);
	again("");
	assert_int_equal(slots_count(CK_FALSE), 0);
	unsetenv("VICAR_INSIDE");
}

static void
the_signature_slot_is_hidden_from_programs_that_are_named(void **state)
{
	CK_TOKEN_INFO info;

	(void)state;
	again("no-signature-slot-for = somebody, *-slots");
	assert_ok(C_GetTokenInfo(p11_slot(1, 0), &info));
	assert_memory_equal(info.label, "HENKILOKORTTI (perustunnusluku) ", 32);
}

static void
settings_that_are_wrong_stop_the_module(void **state)
{
	(void)state;
	assert_ok(C_Finalize(NULL));
	p11_configure("pin-cache = maybe");
	assert_rv(C_Initialize(NULL), CKR_GENERAL_ERROR);
	p11_configure("");
	assert_ok(C_Initialize(NULL));
}

static void
an_event_is_told_once_and_for_what_happened_later(void **state)
{
	CK_SLOT_ID slot = p11_slot(2, 0), event = 99;

	(void)state;
	assert_rv(C_WaitForSlotEvent(CKF_DONT_BLOCK, &event, NULL), CKR_NO_EVENT);
	fake_put(0, NULL);
	assert_ok(C_WaitForSlotEvent(CKF_DONT_BLOCK, &event, NULL));
	assert_int_equal(event, slot);
	assert_rv(C_WaitForSlotEvent(CKF_DONT_BLOCK, &event, NULL), CKR_NO_EVENT);
}

static void *
wait_for_event(void *result)
{
	CK_SLOT_ID slot;

	*(CK_RV *)result = C_WaitForSlotEvent(0, &slot, NULL);
	return NULL;
}

static void
a_waiting_thread_is_woken_by_a_card(void **state)
{
	CK_RV rv = CKR_GENERAL_ERROR;
	pthread_t thread;

	(void)state;
	(void)p11_slot(2, 0);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_event, &rv), 0);
	fake_put(0, NULL);
	pthread_join(thread, NULL);
	assert_ok(rv);
}

static void
a_waiting_thread_is_woken_by_finalize(void **state)
{
	CK_RV rv = CKR_GENERAL_ERROR;
	pthread_t thread;

	(void)state;
	(void)p11_slot(2, 0);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_event, &rv), 0);
	assert_ok(C_Finalize(NULL));
	pthread_join(thread, NULL);
	assert_rv(rv, CKR_CRYPTOKI_NOT_INITIALIZED);
	assert_ok(C_Initialize(NULL));
}

static unsigned locks_made, locks_held;

static CK_RV
make_lock(void **lock)
{
	*lock = malloc(sizeof(pthread_mutex_t));
	pthread_mutex_init(*lock, NULL);
	locks_made++;
	return CKR_OK;
}

static CK_RV
destroy_lock(void *lock)
{
	pthread_mutex_destroy(lock);
	free(lock);
	locks_made--;
	return CKR_OK;
}

static CK_RV
take_lock(void *lock)
{
	locks_held++;
	return pthread_mutex_lock(lock) == 0 ? CKR_OK : CKR_GENERAL_ERROR;
}

static CK_RV
release_lock(void *lock)
{
	locks_held--;
	return pthread_mutex_unlock(lock) == 0 ? CKR_OK : CKR_GENERAL_ERROR;
}

static void
the_applications_locks_are_used_and_given_back(void **state)
{
	CK_C_INITIALIZE_ARGS args = {make_lock, destroy_lock, take_lock, release_lock, 0, NULL};

	(void)state;
	assert_ok(C_Finalize(NULL));
	assert_ok(C_Initialize(&args));
	assert_true(locks_made > 0);
	(void)p11_slot(2, 0);
	assert_int_equal(locks_held, 0);
	assert_ok(C_Finalize(NULL));
	assert_int_equal(locks_made, 0);
	args.flags = CKF_OS_LOCKING_OK;
	assert_ok(C_Initialize(&args));
	assert_int_equal(locks_made, 0);
}

static void
arguments_that_contradict_each_other_are_refused(void **state)
{
	CK_C_INITIALIZE_ARGS some = {make_lock, NULL, take_lock, release_lock, 0, NULL};
	CK_C_INITIALIZE_ARGS reserved = {NULL, NULL, NULL, NULL, CKF_OS_LOCKING_OK, &some};

	(void)state;
	assert_rv(C_Initialize(NULL), CKR_CRYPTOKI_ALREADY_INITIALIZED);
	assert_ok(C_Finalize(NULL));
	assert_rv(C_Initialize(&some), CKR_ARGUMENTS_BAD);
	assert_rv(C_Initialize(&reserved), CKR_ARGUMENTS_BAD);
	assert_ok(C_Initialize(NULL));
}

/* In the child: the exit code says at which step it was wrong. */
static int
child(CK_SESSION_HANDLE session)
{
	CK_SESSION_INFO info;
	CK_ULONG count = 0;

	if (C_GetSessionInfo(session, &info) != CKR_CRYPTOKI_NOT_INITIALIZED)
		return 1;
	if (C_Finalize(NULL) != CKR_CRYPTOKI_NOT_INITIALIZED)
		return 2;
	if (C_Initialize(NULL) != CKR_OK)
		return 3;
	if (C_GetSessionInfo(session, &info) != CKR_SESSION_HANDLE_INVALID)
		return 4;
	if (C_GetSlotList(CK_TRUE, NULL, &count) != CKR_OK || count != 2)
		return 5;
	return C_Finalize(NULL) == CKR_OK ? 0 : 6;
}

static void
after_a_fork_the_child_begins_anew_and_the_parent_goes_on(void **state)
{
	CK_SESSION_HANDLE session = p11_logged_in(p11_slot(2, 0), AUTH_PIN);
	unsigned contexts = fake.contexts;
	pid_t pid = fork();
	int status = -1;

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(child(session));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(fake.contexts, contexts);
	assert_ok(p11_sign_once(session, CKM_SHA256_RSA_PKCS));
}

/* As threads leave it that are not in the child: a list half changed, and the log's number given to
 * another file. */
static int
child_of_many(void)
{
	const int log = module.log;
	char byte = 1;

	module.ifds[0]->sessions = (void *)&byte;
	if (close(log) != 0 || open("/dev/null", O_RDONLY) != log)
		return 1;
	unsetenv("VICAR_PKCS11_LOG");
	if (C_Initialize(NULL) != CKR_OK)
		return 2;
	if (read(log, &byte, 1) != 0)
		return 3;
	return C_Finalize(NULL) == CKR_OK ? 0 : 4;
}

static void
what_other_threads_held_at_a_fork_is_left_alone(void **state)
{
	const char *path = log_path();
	int status = -1;
	pid_t pid;

	(void)state;
	setenv("VICAR_PKCS11_LOG", path, 1);
	again("");
	unlink(path);
	(void)p11_logged_in(p11_slot(2, 0), AUTH_PIN);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(child_of_many());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	unsetenv("VICAR_PKCS11_LOG");
	assert_int_equal(status, 0);
}

enum { THREADS = 4, ROUNDS = 10 };

static void *
sign_in_a_thread(void *slot)
{
	for (int i = 0; i < ROUNDS; i++) {
		CK_SESSION_HANDLE session = p11_open(*(CK_SLOT_ID *)slot, 0);
		CK_ULONG count;

		if (p11_sign_once(session, CKM_SHA256_RSA_PKCS) != CKR_OK ||
		    C_GetSlotList(CK_FALSE, NULL, &count) != CKR_OK ||
		    C_CloseSession(session) != CKR_OK)
			return NULL;
	}
	return slot;
}

static void
threads_sign_at_the_same_time_with_two_cards(void **state)
{
	struct applet_card *other = p11_fineid_v2();
	CK_SLOT_ID slots[2];
	pthread_t threads[THREADS];

	(void)state;
	fake_put(1, other);
	slots[0] = p11_slot(4, 0);
	slots[1] = p11_slot(4, 2);
	(void)p11_logged_in(slots[0], AUTH_PIN);
	(void)p11_logged_in(slots[1], AUTH_PIN);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, sign_in_a_thread, &slots[i % 2]),
				 0);
	for (int i = 0; i < THREADS; i++) {
		void *done = NULL;

		pthread_join(threads[i], &done);
		assert_non_null(done);
	}
	assert_ok(C_Finalize(NULL));
	assert_ok(C_Initialize(NULL));
	applet_free(other);
	fake_put(1, NULL);
}

struct slow_signature {
	CK_SESSION_HANDLE session;
	CK_RV rv;
};

static void *
sign_slowly(void *argument)
{
	struct slow_signature *slow = argument;

	slow->rv = p11_sign_once(slow->session, CKM_SHA256_RSA_PKCS);
	return NULL;
}

static void
a_slow_signature_keeps_no_other_slot_waiting(void **state)
{
	struct applet_card *other = p11_fineid_v2();
	struct slow_signature slow;
	CK_SESSION_HANDLE session;
	CK_TOKEN_INFO token_info;
	CK_SLOT_INFO slot_info;
	CK_SLOT_ID slots[2];
	pthread_t thread;

	(void)state;
	fake_put(1, other);
	slots[0] = p11_slot(4, 0);
	slots[1] = p11_slot(4, 2);
	slow.session = p11_logged_in(slots[0], AUTH_PIN);
	session = p11_logged_in(slots[1], AUTH_PIN);
	fake_slow(0);
	assert_int_equal(pthread_create(&thread, NULL, sign_slowly, &slow), 0);
	fake_until_it_waits(0);
	assert_int_equal(slots_count(CK_TRUE), 4);
	for (CK_SLOT_ID slot = slots[0]; slot < slots[0] + 2; slot++) {
		assert_ok(C_GetSlotInfo(slot, &slot_info));
		assert_true(slot_info.flags & CKF_TOKEN_PRESENT);
		assert_ok(C_GetTokenInfo(slot, &token_info));
	}
	assert_ok(p11_sign_once(session, CKM_SHA256_RSA_PKCS));
	fake_go_on(0);
	pthread_join(thread, NULL);
	assert_ok(slow.rv);
	assert_ok(C_Finalize(NULL));
	assert_ok(C_Initialize(NULL));
	applet_free(other);
	fake_put(1, NULL);
}

static void *
end(void *rv)
{
	*(CK_RV *)rv = C_Finalize(NULL);
	return NULL;
}

static void
the_end_waits_for_a_signature_of_another_thread(void **state)
{
	struct slow_signature slow = {.session = p11_logged_in(p11_slot(2, 0), AUTH_PIN)};
	pthread_t signing, ending;
	CK_RV rv = CKR_GENERAL_ERROR;
	CK_INFO info;

	(void)state;
	fake_slow(0);
	assert_int_equal(pthread_create(&signing, NULL, sign_slowly, &slow), 0);
	fake_until_it_waits(0);
	assert_int_equal(pthread_create(&ending, NULL, end, &rv), 0);
	while (C_GetInfo(&info) != CKR_CRYPTOKI_NOT_INITIALIZED)
		sched_yield();
	fake_go_on(0);
	pthread_join(signing, NULL);
	pthread_join(ending, NULL);
	assert_ok(slow.rv);
	assert_ok(rv);
	assert_ok(C_Initialize(NULL));
}

struct question {
	CK_SLOT_ID slot;
	CK_RV rv;
	atomic_bool answered;
};

static void *
ask_for_token(void *argument)
{
	struct question *question = argument;
	CK_TOKEN_INFO info;

	question->rv = C_GetTokenInfo(question->slot, &info);
	question->answered = true;
	return NULL;
}

/* Threads that have the reader or wait for it. */
static unsigned
threads_at_reader(void)
{
	unsigned busy;

	lock_take(&module.lock);
	busy = module.ifds[0]->busy;
	lock_release(&module.lock);
	return busy;
}

static void
a_card_that_another_thread_looks_at_is_known_when_it_has_looked(void **state)
{
	struct question first = {.slot = p11_slot(2, 0)}, second = {.slot = first.slot};
	pthread_t looking, asking;

	(void)state;
	fake_put(0, NULL);
	fake_slow_at(0, 0xA4);
	fake_put(0, card);
	assert_int_equal(pthread_create(&looking, NULL, ask_for_token, &first), 0);
	fake_until_it_waits(0);
	assert_int_equal(pthread_create(&asking, NULL, ask_for_token, &second), 0);
	while (threads_at_reader() < 2 && !second.answered)
		sched_yield();
	fake_go_on(0);
	pthread_join(looking, NULL);
	pthread_join(asking, NULL);
	assert_ok(first.rv);
	assert_ok(second.rv);
}

static void
begun_and_ended_a_hundred_times_nothing_is_left(void **state)
{
	CK_SLOT_ID slot = p11_slot(2, 0);

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_ok(C_Finalize(NULL));
		assert_int_equal(fake.contexts, 0);
		assert_ok(C_Initialize(NULL));
		assert_int_equal(p11_slot(2, 0), slot);
	}
}

static void
interfaces_are_those_of_3_0_and_2_40(void **state)
{
	CK_UTF8CHAR name[] = "PKCS 11", nss[] = "Vendor NSS FIPS Interface";
	CK_VERSION v3 = {3, 0}, v2 = {2, 40}, v4 = {4, 0};
	CK_INTERFACE *interface = NULL, list[2];
	CK_FUNCTION_LIST *functions;
	CK_ULONG count = 0;
	CK_INFO info;

	(void)state;
	assert_ok(C_GetInterfaceList(NULL, &count));
	assert_int_equal(count, 2);
	assert_ok(C_GetInterfaceList(list, &count));
	assert_ok(C_GetInterface(name, NULL, &interface, CKF_INTERFACE_FORK_SAFE));
	functions = interface->pFunctionList;
	assert_int_equal(functions->version.major, 3);
	assert_ok(functions->C_GetInfo(&info));
	assert_int_equal(info.cryptokiVersion.major, 3);
	assert_ok(C_GetInterface(name, &v2, &interface, 0));
	functions = interface->pFunctionList;
	assert_int_equal(functions->version.minor, 40);
	assert_ok(C_GetInterface(NULL, &v3, &interface, 0));
	assert_rv(C_GetInterface(name, &v4, &interface, 0), CKR_ARGUMENTS_BAD);
	assert_rv(C_GetInterface(nss, NULL, &interface, 0), CKR_ARGUMENTS_BAD);
	assert_rv(C_GetInterface(name, NULL, &interface, 1UL << 9), CKR_ARGUMENTS_BAD);
	assert_ok(C_GetFunctionList(&functions));
	assert_ok(functions->C_GetInfo(&info));
	assert_int_equal(info.cryptokiVersion.major, 2);
}

static void
every_function_of_both_lists_is_there(void **state)
{
	CK_VERSION v3 = {3, 0};
	CK_INTERFACE *interface = NULL;
	CK_FUNCTION_LIST *functions = NULL;
	const size_t first = offsetof(CK_FUNCTION_LIST, C_Initialize);
	void *pointer;

	(void)state;
	assert_ok(C_GetInterface(NULL, &v3, &interface, 0));
	assert_ok(C_GetFunctionList(&functions));
	assert_int_equal(sizeof(CK_FUNCTION_LIST_3_0) - first, 92 * sizeof(pointer));
	for (size_t i = 0; i < 92; i++) {
		memcpy(&pointer, (char *)interface->pFunctionList + first + i * sizeof(pointer),
		       sizeof(pointer));
		assert_non_null(pointer);
		if (i >= 68)
			continue;
		memcpy(&pointer, (char *)functions + first + i * sizeof(pointer), sizeof(pointer));
		assert_non_null(pointer);
	}
}

static void
the_log_has_each_call_and_no_pin(void **state)
{
	const char *path = log_path();
	char text[65536];
	size_t len;
	FILE *file;

	(void)state;
	unlink(path);
	setenv("VICAR_PKCS11_LOG", path, 1);
	again("");
	assert_ok(p11_sign_once(p11_logged_in(p11_slot(2, 0), AUTH_PIN), CKM_SHA256_RSA_PKCS));
	unsetenv("VICAR_PKCS11_LOG");
	again("");
	file = fopen(path, "r");
	assert_non_null(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	fclose(file);
	unlink(path);
	assert_non_null(strstr(text, "C_Sign(session"));
	assert_non_null(strstr(text, ") = CKR_OK"));
	assert_non_null(strstr(text, "C_Finalize"));
	assert_null(strstr(text, AUTH_PIN ")"));
	assert_null(strstr(text, "pin " AUTH_PIN));
}

static void
what_a_card_calls_itself_makes_no_line_of_the_log(void **state)
{
	const char *path = log_path();
	char text[512];
	size_t len;
	FILE *file;
	int log;

	(void)state;
	unlink(path);
	setenv("VICAR_PKCS11_LOG", path, 1);
	log = log_open();
	unsetenv("VICAR_PKCS11_LOG");
	log_note(log, "%s", "a card\nC_Sign(session 100) = CKR_OK");
	log_close(&log);
	file = fopen(path, "r");
	assert_non_null(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	fclose(file);
	unlink(path);
	assert_ptr_equal(strchr(text, '\n'), text + len - 1);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, p11_setup, p11_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(each_pin_of_a_card_has_a_slot_whose_label_says_which),
	    TEST(numbers_stay_when_card_and_module_go_and_come),
	    TEST(a_list_that_is_too_short_is_told_its_length),
	    TEST(a_list_that_is_wanted_without_its_length_is_of_now),
	    TEST(asking_for_slots_tokens_and_sessions_sends_no_command),
	    TEST(a_card_that_no_driver_knows_is_looked_at_once),
	    TEST(a_card_that_answers_garbage_is_given_up_soon),
	    TEST(readers_may_be_excluded_and_programs_shut_out),
	    TEST(the_signature_slot_is_hidden_from_programs_that_are_named),
	    TEST(settings_that_are_wrong_stop_the_module),
	    TEST(an_event_is_told_once_and_for_what_happened_later),
	    TEST(a_waiting_thread_is_woken_by_a_card),
	    TEST(a_waiting_thread_is_woken_by_finalize),
	    TEST(the_applications_locks_are_used_and_given_back),
	    TEST(arguments_that_contradict_each_other_are_refused),
	    TEST(after_a_fork_the_child_begins_anew_and_the_parent_goes_on),
	    TEST(what_other_threads_held_at_a_fork_is_left_alone),
	    TEST(threads_sign_at_the_same_time_with_two_cards),
	    TEST(a_slow_signature_keeps_no_other_slot_waiting),
	    TEST(the_end_waits_for_a_signature_of_another_thread),
	    TEST(a_card_that_another_thread_looks_at_is_known_when_it_has_looked),
	    TEST(begun_and_ended_a_hundred_times_nothing_is_left),
	    TEST(interfaces_are_those_of_3_0_and_2_40),
	    TEST(every_function_of_both_lists_is_there),
	    TEST(the_log_has_each_call_and_no_pin),
	    TEST(what_a_card_calls_itself_makes_no_line_of_the_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
