/* The journal: what stays when the process, or the machine, ends at any point. */
#include "tools/journal.h"

#include "iso7816/sw.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* 2026-11-21T03:22:05Z */
enum { NOW = 1795231325 };

/* DigestInfo of SHA-256, RFC 8017 section 9.2 note 1, with a value that begins 5F1C03AA. */
static const uint8_t digestinfo[51] = {0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86,
				       0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
				       0x00, 0x04, 0x20, 0x5F, 0x1C, 0x03, 0xAA, 0x07};

static const struct journal_use use = {
    .key = "sign", .operation = KEY_SIGN_PKCS1, .input = {digestinfo, sizeof(digestinfo)}};

static unsigned syncs, syncs_before_rename;

/* In the place of the C library's: how often anything was brought to the disk. */
int
fsync(int fd)
{
	syncs++;
	return fdatasync(fd);
}

/* The same: what was on the disk when a file got another name. */
int
rename(const char *from, const char *to)
{
	syncs_before_rename = syncs;
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

struct world {
	char top[48];
	char directory[64]; /* of the card `work` */
	char path[80];
	struct journal journal;
};

/* Static, for one at a time. */
static const char *
old_path(const struct world *world, unsigned number)
{
	static char path[96];

	(void)snprintf(path, sizeof(path), "%s.%u", world->path, number);
	return path;
}

static void
reopen(struct world *world)
{
	struct journal_error error = {""};

	journal_close(&world->journal);
	assert_true(journal_open(&world->journal, world->directory, NOW, &error));
}

static int
world_new(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	(void)snprintf(world->top, sizeof(world->top), "/tmp/vicar-journal-XXXXXX");
	assert_non_null(mkdtemp(world->top));
	(void)snprintf(world->directory, sizeof(world->directory), "%s/work", world->top);
	assert_int_equal(mkdir(world->directory, 0700), 0);
	(void)snprintf(world->path, sizeof(world->path), "%s/journal", world->directory);
	world->journal.fd = -1;
	reopen(world);
	*state = world;
	return 0;
}

static int
world_free(void **state)
{
	struct world *world = *state;

	journal_close(&world->journal);
	(void)unlink(world->path);
	for (unsigned i = 1; i < 4; i++)
		(void)unlink(old_path(world, i));
	(void)rmdir(world->directory);
	(void)rmdir(world->top);
	free(world);
	return 0;
}

/* The file's text; static, for one look at a time. */
static const char *
text_of(const struct world *world)
{
	static char text[8192];
	FILE *file = fopen(world->path, "re");
	size_t len;

	assert_non_null(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	(void)fclose(file);
	return text;
}

static void
write_text(const struct world *world, const char *text, size_t len)
{
	FILE *file = fopen(world->path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	(void)fclose(file);
}

static void
a_use_is_one_open_and_one_done_line(void **state)
{
	struct world *world = *state;
	uint64_t id;

	assert_true(journal_begin(&world->journal, NOW, &use, &id));
	journal_done(&world->journal, NOW + 7, id, SW_OK, "signed and verified");
	assert_string_equal(text_of(world),
			    "2026-11-21T03:22:05Z open 1 key=sign operation=sign-pkcs1 "
			    "hash=5f1c03aa card=work\n"
			    "2026-11-21T03:22:12Z done 1 9000 text=\"signed and verified\"\n");
}

/* The open line is on disk when journal_begin() returns, whatever else waits. */
static void
what_settles_later_is_written_at_once_and_brought_to_the_disk_once(void **state)
{
	struct world *world = *state;
	uint64_t id;

	world->journal.settles_later = true;
	syncs = 0;
	assert_true(journal_begin(&world->journal, NOW, &use, &id));
	assert_int_equal(syncs, 1);
	journal_done(&world->journal, NOW, id, SW_OK, "done");
	assert_int_equal(syncs, 1);
	assert_non_null(strstr(text_of(world), " done 1 9000 text=\"done\"\n"));
	journal_settle(&world->journal);
	assert_int_equal(syncs, 2);
	journal_settle(&world->journal);
	assert_int_equal(syncs, 2);
}

static void
a_later_open_line_or_the_end_brings_the_done_line_to_the_disk_too(void **state)
{
	struct world *world = *state;
	uint64_t id;

	world->journal.settles_later = true;
	assert_true(journal_begin(&world->journal, NOW, &use, &id));
	journal_done(&world->journal, NOW, id, SW_OK, "done");
	assert_true(journal_begin(&world->journal, NOW, &use, &id));
	assert_false(world->journal.unsettled);
	journal_done(&world->journal, NOW, id, SW_OK, "done");
	syncs = 0;
	journal_close(&world->journal);
	assert_int_equal(syncs, 1);
}

static void
what_is_not_settled_goes_to_the_disk_before_the_file_is_put_aside(void **state)
{
	struct world *world = *state;
	uint64_t id;

	world->journal.settles_later = true;
	journal_limit(&world->journal, 1, 1);
	assert_true(journal_begin(&world->journal, NOW, &use, &id));
	journal_done(&world->journal, NOW, id, SW_OK, "done");
	assert_true(world->journal.unsettled);
	syncs = syncs_before_rename = 0;
	journal_note(&world->journal, NOW, "another file");
	assert_false(world->journal.unsettled);
	assert_int_equal(syncs_before_rename, 1);
	assert_null(strstr(text_of(world), "done 1"));
}

static void
the_open_line_is_there_before_begin_returns(void **state)
{
	struct world *world = *state;
	uint64_t id;

	assert_true(journal_begin(&world->journal, NOW, &use, &id));
	assert_non_null(strstr(text_of(world), " open 1 key=sign "));
}

static void
a_full_disk_keeps_the_use_from_beginning(void **state)
{
	struct world *world = *state;
	uint64_t id;

	journal_close(&world->journal);
	world->journal.fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_false(journal_begin(&world->journal, NOW, &use, &id));
}

static void
only_the_owner_reads_it(void **state)
{
	struct world *world = *state;
	struct stat is;

	assert_int_equal(stat(world->path, &is), 0);
	assert_int_equal(is.st_mode & 0777, 0600);
}

static void
an_open_line_without_done_is_fate_unknown(void **state)
{
	struct world *world = *state;
	uint64_t id;

	assert_true(journal_begin(&world->journal, NOW, &use, &id));
	reopen(world);
	assert_int_equal(world->journal.unknown, 1);
	assert_non_null(strstr(text_of(world), " done 1 6F17 text=\"fate unknown: "));
}

static void
fate_unknown_is_said_once(void **state)
{
	struct world *world = *state;
	uint64_t id;

	assert_true(journal_begin(&world->journal, NOW, &use, &id));
	reopen(world);
	reopen(world);
	assert_int_equal(world->journal.unknown, 0);
}

static void
numbers_go_on_after_a_restart(void **state)
{
	struct world *world = *state;
	uint64_t first, second;

	assert_true(journal_begin(&world->journal, NOW, &use, &first));
	journal_done(&world->journal, NOW, first, SW_OK, "signed and verified");
	reopen(world);
	assert_true(journal_begin(&world->journal, NOW, &use, &second));
	assert_int_equal(second, first + 1);
}

static void
the_last_sentence_is_there_after_a_restart(void **state)
{
	struct world *world = *state;

	journal_none(&world->journal, NOW, &use, SW_PROMPT_CANCELLED, "the owner said no");
	reopen(world);
	assert_string_equal(world->journal.last, "the owner said no");
}

static void
foreign_text_cannot_make_a_line_or_end_its_quotes(void **state)
{
	struct world *world = *state;
	struct journal_use foreign = use;
	uint64_t id;

	foreign.document = BYTES_TEXT("a\"\nb\x7F\x1B[2J");
	assert_true(journal_begin(&world->journal, NOW, &foreign, &id));
	assert_non_null(strstr(text_of(world), " document=\"a??b??[2J\"\n"));
}

static void
an_input_that_is_no_digestinfo_is_named_by_its_own_hash(void **state)
{
	struct world *world = *state;
	struct journal_use raw = use;
	uint64_t id;

	/* FIPS 180-4 example: SHA-256("abc") = ba7816bf... */
	raw.input = BYTES_TEXT("abc");
	assert_true(journal_begin(&world->journal, NOW, &raw, &id));
	assert_non_null(strstr(text_of(world), " hash=sha256:ba7816bf card=work\n"));
}

static void
a_bare_hash_is_named_by_itself(void **state)
{
	struct world *world = *state;
	struct journal_use ecdsa = use;
	uint64_t id;

	ecdsa.operation = KEY_SIGN_ECDSA;
	ecdsa.input = (struct bytes){digestinfo + 19, 32};
	assert_true(journal_begin(&world->journal, NOW, &ecdsa, &id));
	assert_non_null(strstr(text_of(world), " hash=5f1c03aa "));
}

static const struct journal_item items[] = {
    {BYTES_TEXT("a \"b\".pdf"), {digestinfo, sizeof(digestinfo)}},
    {BYTES_TEXT("c.pdf"), {digestinfo, sizeof(digestinfo)}},
};

static const struct journal_use many = {.key = "sign",
					.operation = KEY_SIGN_PKCS1,
					.service = "cmd",
					.program = BYTES_TEXT("vicar sign"),
					.items = items,
					.items_count = 2};

static void
several_documents_stand_under_one_open(void **state)
{
	struct world *world = *state;
	uint64_t id;

	assert_true(journal_begin(&world->journal, NOW, &many, &id));
	assert_string_equal(
	    text_of(world),
	    "2026-11-21T03:22:05Z item 1 number=1 hash=5f1c03aa document=\"a ?b?.pdf\"\n"
	    "2026-11-21T03:22:05Z item 1 number=2 hash=5f1c03aa document=\"c.pdf\"\n"
	    "2026-11-21T03:22:05Z open 1 key=sign operation=sign-pkcs1 documents=2 card=work "
	    "service=cmd program=\"vicar sign\"\n");
}

static void
a_crash_among_the_documents_has_announced_nothing(void **state)
{
	struct world *world = *state;
	const char *open;
	char whole[2048];
	uint64_t id;

	assert_true(journal_begin(&world->journal, NOW, &many, &id));
	(void)snprintf(whole, sizeof(whole), "%s", text_of(world));
	open = strstr(whole, " open ");
	assert_non_null(open);
	write_text(world, whole, (size_t)(open - whole));
	reopen(world);
	assert_int_equal(world->journal.unknown, 0);
	assert_true(journal_begin(&world->journal, NOW, &use, &id));
	assert_int_equal(id, 2);
}

static void
a_full_file_is_put_aside_and_the_oldest_goes(void **state)
{
	struct world *world = *state;
	struct stat is;

	journal_limit(&world->journal, 1, 2);
	for (int i = 0; i < 5; i++)
		journal_note(&world->journal, NOW, i < 4 ? "before" : "after");
	assert_string_equal(text_of(world), "2026-11-21T03:22:05Z note text=\"after\"\n");
	assert_int_equal(stat(world->path, &is), 0);
	assert_int_equal(is.st_mode & 0777, 0600);
	assert_int_equal(access(old_path(world, 1), F_OK), 0);
	assert_int_equal(access(old_path(world, 2), F_OK), 0);
	assert_int_equal(access(old_path(world, 3), F_OK), -1);
}

static void
a_use_that_is_open_is_not_cut_in_two(void **state)
{
	struct world *world = *state;
	uint64_t id;

	journal_limit(&world->journal, 1, 2);
	assert_true(journal_begin(&world->journal, NOW, &use, &id));
	journal_note(&world->journal, NOW, "meanwhile");
	journal_done(&world->journal, NOW, id, SW_OK, "signed and verified");
	assert_int_equal(access(old_path(world, 1), F_OK), -1);
	journal_note(&world->journal, NOW, "afterwards");
	assert_int_equal(access(old_path(world, 1), F_OK), 0);
}

static void
numbers_go_on_in_the_next_file(void **state)
{
	struct world *world = *state;
	uint64_t id;

	journal_limit(&world->journal, 1, 2);
	assert_true(journal_begin(&world->journal, NOW, &use, &id));
	journal_done(&world->journal, NOW, id, SW_OK, "signed and verified");
	journal_note(&world->journal, NOW, "afterwards");
	reopen(world);
	assert_true(journal_begin(&world->journal, NOW, &use, &id));
	assert_int_equal(id, 2);
}

static void
a_journal_that_cannot_be_kept_is_said_with_its_path(void **state)
{
	struct journal_error error = {""};
	struct journal journal;

	(void)state;
	assert_false(journal_open(&journal, "/nonexistent/card", NOW, &error));
	assert_non_null(strstr(error.text, "/nonexistent/card/journal"));
	assert_non_null(strstr(error.text, "No such file"));
}

static void
after_a_crash_the_next_use_stands_on_a_line_of_its_own(void **state)
{
	struct world *world = *state;
	uint64_t id;

	write_text(world, "2026-11-21T03:22:05Z op", 23);
	reopen(world);
	assert_true(journal_begin(&world->journal, NOW, &use, &id));
	assert_non_null(strstr(text_of(world), "op [cut]\n2026-11-21T03:22:05Z open 1 key=sign "));
}

/* A crash may cut the file anywhere. Whatever was cut off: no use that was announced on disk is
 * forgotten, and what was never announced is not invented. */
static void
a_crash_at_any_byte_leaves_a_journal_that_tells_the_truth(void **state)
{
	struct world *world = *state;
	char whole[2048];
	size_t opened, done, len;
	uint64_t id;

	assert_true(journal_begin(&world->journal, NOW, &use, &id));
	opened = strlen(text_of(world));
	journal_step(&world->journal, NOW, id, BYTES_TEXT("P1"), BYTES_TEXT("waiting"));
	journal_done(&world->journal, NOW, id, SW_OK, "signed and verified");
	done = (size_t)snprintf(whole, sizeof(whole), "%s", text_of(world));
	for (len = 0; len <= done; len++) {
		write_text(world, whole, len);
		reopen(world);
		assert_int_equal(world->journal.unknown, len >= opened && len < done ? 1 : 0);
		reopen(world);
		assert_int_equal(world->journal.unknown, 0);
	}
}

/* As a disk on which `room` bytes more are free. */
static void
fill_disk(const struct world *world, rlim_t room, struct rlimit *before)
{
	struct rlimit full;

	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, before), 0);
	full = (struct rlimit){strlen(text_of(world)) + room, before->rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
}

static void
a_line_for_which_the_disk_has_no_room_does_not_spoil_the_next(void **state)
{
	struct world *world = *state;
	struct rlimit before;
	uint64_t id;

	assert_true(journal_begin(&world->journal, NOW, &use, &id));
	fill_disk(world, 30, &before);
	journal_done(&world->journal, NOW, id, SW_OK, "signed and verified");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_true(journal_begin(&world->journal, NOW, &use, &id));
	reopen(world);
	assert_int_equal(world->journal.unknown, 2);
}

static void
a_use_that_could_not_begin_is_no_fate_unknown(void **state)
{
	struct world *world = *state;
	struct rlimit before;
	uint64_t id;

	fill_disk(world, 40, &before);
	assert_false(journal_begin(&world->journal, NOW, &use, &id));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	journal_none(&world->journal, NOW, &use, SW_MEMORY_FAILURE, "the disk is full");
	reopen(world);
	assert_int_equal(world->journal.unknown, 0);
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, world_new, world_free)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WORLD_TEST(a_use_is_one_open_and_one_done_line),
	    WORLD_TEST(what_settles_later_is_written_at_once_and_brought_to_the_disk_once),
	    WORLD_TEST(a_later_open_line_or_the_end_brings_the_done_line_to_the_disk_too),
	    WORLD_TEST(what_is_not_settled_goes_to_the_disk_before_the_file_is_put_aside),
	    WORLD_TEST(the_open_line_is_there_before_begin_returns),
	    WORLD_TEST(a_full_disk_keeps_the_use_from_beginning),
	    WORLD_TEST(only_the_owner_reads_it),
	    WORLD_TEST(an_open_line_without_done_is_fate_unknown),
	    WORLD_TEST(fate_unknown_is_said_once),
	    WORLD_TEST(numbers_go_on_after_a_restart),
	    WORLD_TEST(the_last_sentence_is_there_after_a_restart),
	    WORLD_TEST(foreign_text_cannot_make_a_line_or_end_its_quotes),
	    WORLD_TEST(an_input_that_is_no_digestinfo_is_named_by_its_own_hash),
	    WORLD_TEST(a_bare_hash_is_named_by_itself),
	    WORLD_TEST(several_documents_stand_under_one_open),
	    WORLD_TEST(a_crash_among_the_documents_has_announced_nothing),
	    WORLD_TEST(a_full_file_is_put_aside_and_the_oldest_goes),
	    WORLD_TEST(a_use_that_is_open_is_not_cut_in_two),
	    WORLD_TEST(numbers_go_on_in_the_next_file),
	    cmocka_unit_test(a_journal_that_cannot_be_kept_is_said_with_its_path),
	    WORLD_TEST(after_a_crash_the_next_use_stands_on_a_line_of_its_own),
	    WORLD_TEST(a_line_for_which_the_disk_has_no_room_does_not_spoil_the_next),
	    WORLD_TEST(a_use_that_could_not_begin_is_no_fate_unknown),
	    WORLD_TEST(a_crash_at_any_byte_leaves_a_journal_that_tells_the_truth),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
