/* DEVICENAME of reader.conf, and the names of cards' sockets. ifdhandler/devicename.h, link.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "ifdhandler/cardname.h"
#include "ifdhandler/devicename.h"

static void
a_directory_alone_means_one_slot_and_the_links_silence(void **state)
{
	struct devicename name;

	(void)state;
	assert_null(devicename_parse(&name, "vicar:/run/vicar"));
	assert_string_equal(name.directory, "/run/vicar");
	assert_int_equal(name.slots, 1);
	assert_int_equal(name.silence_ms, LINK_SILENCE_MS);
	assert_false(name.pinpad);
}

static void
slots_and_words_follow_the_directory(void **state)
{
	struct devicename name;

	(void)state;
	assert_null(devicename_parse(&name, "vicar:/run/vicar:16:pinpad:silence=500"));
	assert_int_equal(name.slots, 16);
	assert_int_equal(name.silence_ms, 500);
	assert_true(name.pinpad);
	assert_string_equal(name.text, "vicar:/run/vicar:16:pinpad:silence=500");
}

static void
a_port_may_stand_in_the_directorys_place(void **state)
{
	struct devicename name;

	(void)state;
	assert_null(devicename_parse(&name, "vpcd:35963"));
	assert_int_equal(name.port, 35963);
	assert_int_equal(name.slots, 1);
	assert_int_equal(name.silence_ms, DEVICENAME_PORT_SILENCE_MS);
	assert_false(name.cleartext_network);
	assert_null(devicename_parse(&name, "vpcd:65534:2:silence=500:cleartext-network"));
	assert_int_equal(name.port, 65534);
	assert_int_equal(name.slots, 2);
	assert_int_equal(name.silence_ms, 500);
	assert_true(name.cleartext_network);
}

static void
every_other_text_is_refused_with_a_reason(void **state)
{
	static const char *const wrong[] = {
	    "",
	    "vicar",
	    "vicar:",
	    "\"vicar:/run/vicar\"",
	    "vpcd:/run/vicar",
	    "Vicar:/run/vicar",
	    "vicar:run/vicar",
	    "vicar::2",
	    "vicar:/run/vicar:",
	    "vicar:/run/vicar:0",
	    "vicar:/run/vicar:17",
	    "vicar:/run/vicar:-1",
	    "vicar:/run/vicar: 2",
	    "vicar:/run/vicar:2x",
	    "vicar:/run/vicar:4294967298",
	    "vicar:/run/vicar:2:",
	    "vicar:/run/vicar:2:pinpads",
	    "vicar:/run/vicar:2:silence",
	    "vicar:/run/vicar:2:silence=",
	    "vicar:/run/vicar:2:silence=0",
	    "vicar:/run/vicar:2:silence=3600001",
	    "vicar:/run/vicar:2:cleartext-network",
	    "vpcd:",
	    "vpcd:0",
	    "vpcd:65536",
	    "vpcd:0x8C7B",
	    "vpcd:35963:",
	    "vpcd:35963:17",
	    "vpcd:65535:2",
	    "vpcd:35963:2:pinpad",
	    "vpcd:localhost:35963",
	};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct devicename name;

		if (devicename_parse(&name, wrong[i]) == NULL)
			fail_msg("%s was taken", wrong[i]);
	}
}

static void
a_directory_that_leaves_no_room_for_a_name_is_refused(void **state)
{
	char text[400] = "vicar:/";
	struct devicename name;

	(void)state;
	memset(text + 7, 'd', 99);
	assert_null(devicename_parse(&name, text));
	memset(text + 7, 'd', 100);
	assert_non_null(devicename_parse(&name, text));
	memset(text + 7, 'd', 300);
	assert_non_null(devicename_parse(&name, text));
}

static void
a_sockets_name_is_uid_and_card(void **state)
{
	uid_t owner = 7;

	(void)state;
	assert_true(cardname_parse("1000-anna.sock", &owner));
	assert_int_equal(owner, 1000);
	assert_true(cardname_parse("0-A-b_9.sock", &owner));
	assert_int_equal(owner, 0);
	assert_true(cardname_parse("4294967294-9.sock", &owner));
	assert_int_equal(owner, 4294967294);
}

static void
a_name_has_at_most_64_characters(void **state)
{
	char file[128] = "1-";
	uid_t owner;

	(void)state;
	memset(file + 2, 'n', 64);
	memcpy(file + 2 + 64, ".sock", sizeof ".sock");
	assert_true(cardname_parse(file, &owner));
	memset(file + 2, 'n', 65);
	memcpy(file + 2 + 65, ".sock", sizeof ".sock");
	assert_false(cardname_parse(file, &owner));
}

static void
every_other_name_is_no_card(void **state)
{
	static const char *const wrong[] = {
	    "",
	    ".",
	    "..",
	    "anna.sock",
	    "-anna.sock",
	    "01000-anna.sock",
	    "00-anna.sock",
	    "+1-anna.sock",
	    " 1-anna.sock",
	    "1000anna.sock",
	    "1000-.sock",
	    "1000--anna.sock",
	    "1000-_.sock",
	    "1000-anna",
	    "1000-anna.sock~",
	    "1000-anna.SOCK",
	    "1000-an.na.sock",
	    "1000-an na.sock",
	    "1000-an/na.sock",
	    "1000-\xC3\xA4.sock",
	    "4294967295-anna.sock",
	    "4294968296-anna.sock",
	    "99999999999-anna.sock",
	    "18446744073709552616-anna.sock",
	};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		uid_t owner;

		if (cardname_parse(wrong[i], &owner))
			fail_msg("%s was taken", wrong[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_directory_alone_means_one_slot_and_the_links_silence),
	    cmocka_unit_test(slots_and_words_follow_the_directory),
	    cmocka_unit_test(a_port_may_stand_in_the_directorys_place),
	    cmocka_unit_test(every_other_text_is_refused_with_a_reason),
	    cmocka_unit_test(a_directory_that_leaves_no_room_for_a_name_is_refused),
	    cmocka_unit_test(a_sockets_name_is_uid_and_card),
	    cmocka_unit_test(a_name_has_at_most_64_characters),
	    cmocka_unit_test(every_other_name_is_no_card),
	};

	return cmocka_run_group_tests_name("reader: names", tests, NULL, NULL);
}
