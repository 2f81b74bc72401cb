/* What keeps secrets in the process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmdbridge/memory.h"

#include <libxml/xmlmemory.h>
#include <openssl/crypto.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static char error[MEMORY_ERROR_MAX];

static int too_late; /* exit status of who tried it when memory was in use */

/* In a process of its own, since this one can be protected only once. */
static void
try_too_late(void)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		OPENSSL_free(OPENSSL_malloc(1));
		_exit(!memory_protect(error) && strstr(error, "in use") ? EXIT_SUCCESS
									: EXIT_FAILURE);
	}
	waitpid(child, &status, 0);
	too_late = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Before any library has allocated anything, as in vicar-bridge. */
static int
protect(void **state)
{
	(void)state;
	try_too_late();
	setenv("SSLKEYLOGFILE", "/tmp/keys", 1);
	setenv("ASSUAN_DEBUG", "255", 1);
	return memory_protect(error) ? 0 : -1;
}

static void
nobody_may_look_into_the_process(void **state)
{
	struct rlimit core;

	(void)state;
	assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
	assert_int_equal(getrlimit(RLIMIT_CORE, &core), 0);
	assert_int_equal(core.rlim_max, 0);
}

static void
there_is_a_locked_heap(void **state)
{
	void *block = OPENSSL_secure_malloc(100);

	(void)state;
	assert_int_equal(CRYPTO_secure_malloc_initialized(), 1);
	assert_int_equal(CRYPTO_secure_allocated(block), 1);
	OPENSSL_secure_free(block);
}

/* It would go from its end to where the locked pages are, and grow again without a lock. */
static void
a_heap_that_has_grown_does_not_shrink(void **state)
{
	enum { BLOCKS = 16, SIZE = 1024 * 1024 };
	void *blocks[BLOCKS], *end;

	(void)state;
	for (size_t i = 0; i < BLOCKS; i++)
		blocks[i] = malloc(SIZE);
	end = sbrk(0);
	for (size_t i = 0; i < BLOCKS; i++)
		free(blocks[i]);
	assert_ptr_equal(sbrk(0), end);
}

static void
no_switch_in_the_environment_makes_a_library_talk(void **state)
{
	(void)state;
	assert_null(getenv("SSLKEYLOGFILE"));
	assert_null(getenv("ASSUAN_DEBUG"));
}

static void
the_libraries_allocate_through_us(void **state)
{
	xmlFreeFunc give_back;
	xmlMallocFunc take;
	xmlReallocFunc grow;
	xmlStrdupFunc copy;
	CRYPTO_free_fn openssl_free;

	(void)state;
	xmlMemGet(&give_back, &take, &grow, &copy);
	assert_ptr_equal(give_back, memory_free);
	CRYPTO_get_mem_functions(NULL, NULL, &openssl_free);
	assert_non_null(openssl_free);
	assert_ptr_not_equal(openssl_free, CRYPTO_free);
}

static void
a_block_keeps_its_content_when_it_grows_and_shrinks(void **state)
{
	char *block = memory_strdup("secret");

	(void)state;
	block = memory_realloc(block, 100000);
	assert_string_equal(block, "secret");
	block = memory_realloc(block, 3);
	assert_memory_equal(block, "sec", 3);
	memory_free(block);
	memory_free(NULL);
}

static void
a_block_is_aligned_for_anything(void **state)
{
	(void)state;
	for (size_t size = 0; size < 40; size++) {
		void *block = memory_alloc(size);

		assert_int_equal((uintptr_t)block % _Alignof(max_align_t), 0);
		memory_free(block);
	}
}

static void
a_size_beyond_all_memory_is_refused(void **state)
{
	(void)state;
	assert_null(memory_alloc(SIZE_MAX));
	assert_null(memory_alloc(SIZE_MAX - 8));
}

static void
protection_that_comes_too_late_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(too_late, EXIT_SUCCESS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nobody_may_look_into_the_process),
	    cmocka_unit_test(there_is_a_locked_heap),
	    cmocka_unit_test(a_heap_that_has_grown_does_not_shrink),
	    cmocka_unit_test(no_switch_in_the_environment_makes_a_library_talk),
	    cmocka_unit_test(the_libraries_allocate_through_us),
	    cmocka_unit_test(a_block_keeps_its_content_when_it_grows_and_shrinks),
	    cmocka_unit_test(a_block_is_aligned_for_anything),
	    cmocka_unit_test(a_size_beyond_all_memory_is_refused),
	    cmocka_unit_test(protection_that_comes_too_late_is_an_error),
	};

	return cmocka_run_group_tests(tests, protect, NULL);
}
