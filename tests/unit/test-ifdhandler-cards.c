/* Which sockets of a directory count when there are too many. ifdhandler/cards.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "ifdhandler/cards.h"

enum { MANY = CARDS_MAX + 20, LOWER_UID = 61001, HIGHER_UID = 61002 };

#define TEMPLATE "/tmp/vicar-cards-XXXXXX"

static char directory[sizeof TEMPLATE];

static int
up(void **state)
{
	(void)state;
	memcpy(directory, TEMPLATE, sizeof TEMPLATE);
	return mkdtemp(directory) != NULL ? 0 : -1;
}

static int
down(void **state)
{
	char command[sizeof directory + 16];

	(void)state;
	snprintf(command, sizeof command, "rm -r %s", directory);
	return system(command); /* NOLINT(cert-env33-c): the name is ours */
}

static void
plant(uid_t owner, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s/%u-%s.sock", directory, owner,
		 name);
	assert_int_equal(bind(s, (struct sockaddr *)&address, sizeof address), 0);
	close(s);
	if (owner != getuid())
		assert_int_equal(chown(address.sun_path, owner, owner), 0);
}

static void
plant_many(uid_t owner)
{
	for (unsigned i = 0; i < MANY; i++) {
		char name[16];

		snprintf(name, sizeof name, "m%03u", i);
		plant(owner, name);
	}
}

static struct card *
find(struct cards *cards, uid_t owner, const char *name)
{
	char file[CARDNAME_MAX + 1];

	snprintf(file, sizeof file, "%u-%s.sock", owner, name);
	return cards_find(cards, file);
}

static void
one_user_with_too_many_keeps_the_first(void **state)
{
	struct cards cards = {.count = 0};
	char last[16];

	(void)state;
	plant_many(getuid());
	assert_true(cards_read(&cards, directory, 0));
	assert_int_equal(cards.count, CARDS_MAX);
	for (size_t i = 1; i < cards.count; i++)
		assert_true(strcmp(cards.list[i - 1].name, cards.list[i].name) < 0);
	assert_non_null(find(&cards, getuid(), "m000"));
	snprintf(last, sizeof last, "m%03d", CARDS_MAX - 1);
	assert_non_null(find(&cards, getuid(), last));
	snprintf(last, sizeof last, "m%03d", CARDS_MAX);
	assert_null(find(&cards, getuid(), last));
}

static void
one_that_is_in_a_slot_stays(void **state)
{
	struct cards cards = {.count = 0};

	(void)state;
	plant(getuid(), "z");
	assert_true(cards_read(&cards, directory, 0));
	find(&cards, getuid(), "z")->state = CARD_TAKEN;
	plant_many(getuid());
	assert_true(cards_read(&cards, directory, 0));
	assert_int_equal(cards.count, CARDS_MAX);
	assert_non_null(find(&cards, getuid(), "z"));
	assert_int_equal(find(&cards, getuid(), "z")->state, CARD_TAKEN);
}

static void
nobody_hides_anothers_card(void **state)
{
	static const struct {
		uid_t many, one;
	} rounds[] = {{LOWER_UID, HIGHER_UID}, {HIGHER_UID, LOWER_UID}};

	if (getuid() != 0) {
		print_message("SKIP: only root makes sockets of two users\n");
		skip();
	}
	for (size_t i = 0; i < sizeof rounds / sizeof rounds[0]; i++) {
		struct cards cards = {.count = 0};

		assert_int_equal(up(state), 0);
		plant_many(rounds[i].many);
		plant(rounds[i].one, "z");
		assert_true(cards_read(&cards, directory, 0));
		assert_int_equal(cards.count, CARDS_MAX);
		assert_non_null(find(&cards, rounds[i].one, "z"));
		assert_non_null(find(&cards, rounds[i].many, "m000"));
		assert_int_equal(down(state), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(one_user_with_too_many_keeps_the_first, up, down),
	    cmocka_unit_test_setup_teardown(one_that_is_in_a_slot_stays, up, down),
	    cmocka_unit_test(nobody_hides_anothers_card),
	};

	return cmocka_run_group_tests_name("reader: cards", tests, NULL, NULL);
}
