/*
 * The borrower's end of a terminal that somebody lends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/prompt_here.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { QUEUE = 1, MANY = 8 };

static char directory[] = "/tmp/vicar-here-XXXXXX";
static char path[PATH_MAX];

static int
set_up(void **state)
{
	char runtime[PATH_MAX];
	struct problem error;

	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	(void)snprintf(runtime, sizeof(runtime), "%s/vicar", directory);
	return setenv("XDG_RUNTIME_DIR", directory, 1) != 0 || mkdir(runtime, 0700) != 0 ||
	       !prompt_here_path(path, &error);
}

static int
tear_down(void **state)
{
	char runtime[PATH_MAX];

	(void)state;
	(void)snprintf(runtime, sizeof(runtime), "%s/vicar", directory);
	(void)unlink(path);
	(void)rmdir(runtime);
	return rmdir(directory);
}

/* A lender that was stopped: its queue fills up with those who have given up. */
static void
a_lender_that_does_not_listen_holds_nobody_up(void **state)
{
	const int lender = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;
	int borrowers[MANY], refused = 0;

	(void)state;
	assert_true(prompt_here_address(path, &address));
	assert_int_equal(bind(lender, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(lender, QUEUE), 0);
	(void)alarm(20);
	for (size_t i = 0; i < MANY; i++) {
		borrowers[i] = prompt_here_connect();
		refused += borrowers[i] < 0;
	}
	(void)alarm(0);
	assert_in_range(refused, 1, MANY - 1);
	for (size_t i = 0; i < MANY; i++)
		if (borrowers[i] >= 0)
			(void)close(borrowers[i]);
	(void)close(lender);
}

static void
what_an_ended_lender_has_left_is_nobody(void **state)
{
	(void)state;
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(prompt_here_connect(), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_lender_that_does_not_listen_holds_nobody_up),
	    cmocka_unit_test(what_an_ended_lender_has_left_is_nobody),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
