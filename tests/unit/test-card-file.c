/*
 * Files: SELECT in all its forms, READ BINARY, UPDATE BINARY, access rules.
 */
#include "emulator/card.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "card-fixture.h"

static void
after_a_reset_the_mf_is_current_and_no_ef(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "00B0000000", SW_NO_CURRENT_EF);
	assert_answer(fixture, "00A40200022F0000", "6F0483022F00 9000");
}

static void
p2_chooses_fci_fcp_or_nothing(void **state)
{
	struct fixture *fixture = *state;

	assert_answer(fixture, "00A4000002500000", "6F0483025000 9000");
	assert_answer(fixture, "00A4000402500000", "620483025000 9000");
	assert_answer(fixture, "00A4000C025000", "9000");
}

static void
a_form_that_the_personality_has_not_is_a_wrong_p1_or_p2(void **state)
{
	struct fixture *fixture = *state;

	fixture->personality.rules.select = SELECT_FID | SELECT_NO_DATA;
	assert_true(fixture_new(fixture));
	assert_sw(fixture, "00A4080C025000", SW_INCORRECT_P1P2);
	assert_sw(fixture, "00A4000002500000", SW_INCORRECT_P1P2);
	assert_sw(fixture, "00A4000402500000", SW_INCORRECT_P1P2);
	assert_sw(fixture, "00A4000C025000", SW_OK);
}

static void
p1_and_p2_of_no_standard_form_are_refused(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "00A4050C025000", SW_INCORRECT_P1P2);
	assert_sw(fixture, "00A40A0C025000", SW_INCORRECT_P1P2);
	assert_sw(fixture, "00A4FF0C025000", SW_INCORRECT_P1P2);
	assert_sw(fixture, "00A4000102500000", SW_INCORRECT_P1P2);
}

static void
a_fid_is_looked_for_around_the_current_df(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "00A4000C025001", SW_FILE_NOT_FOUND); /* not a child of the MF */
	assert_sw(fixture, "00A4000C025000", SW_OK);             /* child */
	assert_sw(fixture, "00A4000C025001", SW_OK);             /* child of the child */
	assert_sw(fixture, "00A4000C025000", SW_OK);             /* itself */
	assert_sw(fixture, "00A4000C026000", SW_OK);             /* sibling DF */
	assert_sw(fixture, "00A4000C022F00", SW_FILE_NOT_FOUND); /* an EF beside it is not */
	assert_sw(fixture, "00A4000C023F00", SW_OK);             /* MF */
}

static void
the_parent_is_found_by_p1_03_and_by_its_fid(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "00A4000C025000", SW_OK);
	assert_answer(fixture, "00A40300", "6106");
	assert_answer(fixture, "00C0000006", "6F0483023F00 9000");
	assert_sw(fixture, "00A4080C0450005100", SW_OK);
	assert_answer(fixture, "00A400000250 00 00", "6F0483025000 9000");
}

static void
with_the_rule_a_fid_is_found_anywhere(void **state)
{
	struct fixture *fixture = *state;

	fixture->personality.rules.select |= SELECT_FID_ANYWHERE;
	assert_true(fixture_new(fixture));
	assert_sw(fixture, "00A4000C026001", SW_OK);
	assert_answer(fixture, "00B0000000", "0001 9000");
	assert_sw(fixture, "00A4000C027777", SW_FILE_NOT_FOUND);
}

static void
without_data_the_mf_is_selected_and_nothing_returned(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "00A4000C025000", SW_OK);
	assert_answer(fixture, "00A40000", "9000");
	assert_answer(fixture, "00A4020002500000", "6A82");
	assert_answer(fixture, "00A40200022F0000", "6F0483022F00 9000");
}

static void
a_child_df_is_not_a_child_ef(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "00A4010C025000", SW_OK);
	assert_sw(fixture, "00A4010C025001", SW_FILE_NOT_FOUND);
	assert_sw(fixture, "00A4020C025001", SW_OK);
	assert_sw(fixture, "00A4030C", SW_OK);
	assert_sw(fixture, "00A4020C025000", SW_FILE_NOT_FOUND);
}

static void
the_mf_has_no_parent(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "00A4030C", SW_FILE_NOT_FOUND);
	assert_sw(fixture, "00A4030C023F00", SW_WRONG_LENGTH);
}

static void
a_name_must_be_whole(void **state)
{
	struct fixture *fixture = *state;

	assert_answer(fixture, "00A4040005A0000000AA00", "6F0483025000 9000");
	assert_sw(fixture, "00A4040C04A0000000", SW_FILE_NOT_FOUND);
	assert_sw(fixture, "00A4040C06A0000000AA00", SW_FILE_NOT_FOUND);
	assert_sw(fixture, "00A4040C", SW_WRONG_LENGTH);
	assert_sw(fixture, "00A4040C11A0000000AA000000000000000000000000", SW_WRONG_LENGTH);
}

static void
a_path_runs_from_the_mf_or_the_current_df(void **state)
{
	struct fixture *fixture = *state;

	assert_answer(fixture, "00A4080004 5000 5001 00", "6F0483025001 9000");
	assert_sw(fixture, "00A4080C045001 5000", SW_FILE_NOT_FOUND);
	assert_sw(fixture, "00A4080C06 5000 5001 5002", SW_FILE_NOT_FOUND); /* through an EF */
	assert_sw(fixture, "00A4090C025002", SW_OK);
	assert_sw(fixture, "00A4090C025000", SW_FILE_NOT_FOUND);
}

static void
a_path_of_odd_or_no_length_is_refused(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "00A4080C03500050", SW_WRONG_LENGTH);
	assert_sw(fixture, "00A4080C", SW_WRONG_LENGTH);
	assert_sw(fixture, "00A4000C0150", SW_WRONG_LENGTH);
	assert_sw(fixture, "00A4010C03500050", SW_WRONG_LENGTH);
	assert_sw(fixture, "00A4020C0150", SW_WRONG_LENGTH);
}

static void
a_path_may_begin_with_3f00_only_where_the_personality_says_so(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "00A4080C06 3F00 5000 5001", SW_FILE_NOT_FOUND);
	fixture->personality.rules.select |= SELECT_PATH_3F00;
	assert_true(fixture_new(fixture));
	assert_sw(fixture, "00A4080C06 3F00 5000 5001", SW_OK);
	assert_sw(fixture, "00A4090C04 3F00 6000", SW_OK);
	assert_sw(fixture, "00A4080C06 5000 3F00 5001", SW_FILE_NOT_FOUND);
}

static void
the_personality_names_the_status_word_of_a_missing_file(void **state)
{
	struct fixture *fixture = *state;

	fixture->personality.rules.sw_not_found = SW_REFERENCE_NOT_FOUND;
	assert_true(fixture_new(fixture));
	assert_sw(fixture, "00A4080C027777", SW_REFERENCE_NOT_FOUND);
}

static void
a_failed_selection_leaves_the_current_files(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "00A4080C0450005001", SW_OK);
	assert_sw(fixture, "00A4080C0450007777", SW_FILE_NOT_FOUND);
	assert_sw(fixture, "00A4040C05A0000000CC", SW_FILE_NOT_FOUND);
	assert_sw(fixture, "00A4050C025000", SW_INCORRECT_P1P2);
	assert_answer(fixture, "00B0000004", "00010203 9000");
	assert_sw(fixture, "00A4020C025002", SW_OK);
}

static void
selecting_a_df_ends_the_current_ef(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "00A4080C0450005001", SW_OK);
	assert_sw(fixture, "00A4080C025000", SW_OK);
	assert_sw(fixture, "00B0000000", SW_NO_CURRENT_EF);
}

static void
the_largest_answer_leaves_whole(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "8010FFFF 000000", SW_OK);
	assert_int_equal(fixture->response_len, 65535 + 2);
}

static void
a_read_with_le_00_gives_256_bytes_at_most(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "00A4080C0450005001", SW_OK);
	assert_sw(fixture, "00B0000000", SW_OK);
	assert_int_equal(fixture->response_len, 256 + 2);
	assert_sw(fixture, "00B0010000", SW_OK);
	assert_int_equal(fixture->response_len, 44 + 2);
	assert_int_equal(fixture->response[0], 0x00);
	assert_int_equal(fixture->response[43], 0x2B);
}

static void
an_extended_read_gives_the_whole_file(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "00A4080C0450005001", SW_OK);
	assert_sw(fixture, "00B00000000000", SW_OK);
	assert_int_equal(fixture->response_len, 300 + 2);
	assert_sw(fixture, "00B0000000012D", SW_END_OF_FILE); /* 301 */
	assert_int_equal(fixture->response_len, 300 + 2);
}

static void
a_read_over_the_end_gives_what_there_is_and_6282(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "00A4080C0450005001", SW_OK);
	assert_answer(fixture, "00B0012A03", "2A2B 6282");
	assert_answer(fixture, "00B0012A02", "2A2B 9000");
	assert_sw(fixture, "00B0012C01", SW_WRONG_OFFSET);
	assert_sw(fixture, "00B07FFF00", SW_WRONG_OFFSET);
}

static void
the_personality_may_call_a_short_read_9000(void **state)
{
	struct fixture *fixture = *state;

	fixture->personality.rules.sw_read_short = SW_OK;
	assert_true(fixture_new(fixture));
	assert_sw(fixture, "00A4080C0450005001", SW_OK);
	assert_answer(fixture, "00B0012A03", "2A2B 9000");
}

static void
an_empty_file_reads_as_nothing(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "00A4080C0450005005", SW_OK);
	assert_answer(fixture, "00B0000000", "9000");
	assert_answer(fixture, "00B0000001", "6282");
	assert_answer(fixture, "00B0000101", "6B00");
}

static void
a_short_identifier_selects_and_reads(void **state)
{
	struct fixture *fixture = *state;

	assert_answer(fixture, "00B09E0800", "0809 9000");
	assert_answer(fixture, "00B0000003", "000102 9000"); /* it is current now */
	assert_sw(fixture, "00B0810000", SW_FILE_NOT_FOUND); /* of another DF */
	assert_sw(fixture, "00A4080C026000", SW_OK);
	assert_answer(fixture, "00B0810000", "0001 9000");
}

static void
a_short_identifier_that_cannot_be_is_a_wrong_p1(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "00B0800000", SW_INCORRECT_P1P2); /* 0 */
	assert_sw(fixture, "00B09F0000", SW_INCORRECT_P1P2); /* 31 */
	assert_sw(fixture, "00B0DE0000", SW_INCORRECT_P1P2); /* bit 7 set */
	assert_sw(fixture, "00B0BE0000", SW_INCORRECT_P1P2); /* bit 6 set */
}

static void
a_read_needs_le_and_no_data(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "00A4080C0450005001", SW_OK);
	assert_sw(fixture, "00B00000", SW_WRONG_LENGTH);
	assert_sw(fixture, "00B000000100", SW_WRONG_LENGTH);
	assert_sw(fixture, "00B00000010000", SW_WRONG_LENGTH);
}

static void
a_key_file_may_be_selected_but_not_read(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "00A4080C0450005003", SW_OK);
	assert_sw(fixture, "00B0000000", SW_NO_CURRENT_EF);
	assert_sw(fixture, "00D6000001FF", SW_NO_CURRENT_EF);
}

static void
a_file_is_read_with_its_pin_only(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "00A4080C0450005002", SW_OK);
	assert_sw(fixture, "00B0000000", SW_SECURITY_STATUS);
	fixture_verify_local(fixture);
	assert_answer(fixture, "00B0000000", "00010203 9000");
}

static void
a_file_may_need_two_pins(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "00A4080C0450005006", SW_OK);
	fixture_verify_local(fixture);
	assert_sw(fixture, "00B0000000", SW_SECURITY_STATUS);
	assert_request(fixture, VERIFY_ONCE, KEY_PIN_VERIFY);
	assert_resumed(fixture, SW_OK, SW_OK);
	assert_answer(fixture, "00B0000000", "00010203 9000");
}

static void
a_file_that_is_never_read_is_not_read_with_pins_either(void **state)
{
	struct fixture *fixture = *state;

	fixture_verify_local(fixture);
	assert_sw(fixture, "00A4080C0450005004", SW_OK);
	assert_sw(fixture, "00B0000000", SW_SECURITY_STATUS);
}

#define SELECT_UPDATED "00A4080C0460006002"

static void
an_update_is_saved_and_read_back(void **state)
{
	struct fixture *fixture = *state;

	fixture_verify_local(fixture);
	assert_sw(fixture, SELECT_UPDATED, SW_OK);
	assert_sw(fixture, "00D6000102AABB", SW_OK);
	assert_answer(fixture, "00B0000000", "00AABB0304 9000");
	assert_string_equal(fixture->file_path, "60006002");
	assert_bytes_hex((struct bytes){fixture->file, fixture->file_len}, "00AABB0304");
}

/* Clause 11.2.2 (2013): P1 with its first bit is a short identifier; the file becomes current. */
static void
an_update_names_the_file_by_its_short_identifier(void **state)
{
	struct fixture *fixture = *state;

	fixture_verify_local(fixture);
	assert_sw(fixture, "00A4080C026000", SW_OK);
	assert_sw(fixture, "00D6820401CC", SW_OK);
	assert_answer(fixture, "00B0000000", "00010203CC 9000");
}

static void
an_update_needs_its_pin(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, SELECT_UPDATED, SW_OK);
	assert_sw(fixture, "00D6000001AA", SW_SECURITY_STATUS);
	assert_answer(fixture, "00B0000000", "0001020304 9000");
	assert_int_equal(fixture->file_len, 0);
}

static void
nothing_is_updated_beyond_the_end(void **state)
{
	struct fixture *fixture = *state;

	fixture_verify_local(fixture);
	assert_sw(fixture, SELECT_UPDATED, SW_OK);
	assert_sw(fixture, "00D6000402AABB", SW_NOT_ENOUGH_MEMORY);
	assert_sw(fixture, "00D6000501AA", SW_WRONG_OFFSET);
	assert_sw(fixture, "00D60000", SW_WRONG_LENGTH);
	assert_answer(fixture, "00B0000000", "0001020304 9000");
	assert_int_equal(fixture->file_len, 0);
}

static void
an_update_that_is_not_saved_changes_nothing(void **state)
{
	struct fixture *fixture = *state;

	fixture_verify_local(fixture);
	assert_sw(fixture, SELECT_UPDATED, SW_OK);
	fixture->save_fails = true;
	assert_sw(fixture, "00D6000001AA", SW_MEMORY_FAILURE);
	assert_answer(fixture, "00B0000000", "0001020304 9000");
}

static void
the_images_content_takes_the_place_of_the_personalitys(void **state)
{
	struct fixture *fixture = *state;
	uint8_t content[] = {9, 8, 7, 6, 5};
	struct image_file *file = &fixture->image.files[0];

	*file = (struct image_file){.path = "60006002", .content = content, .len = 5};
	fixture->image.files_count = 1;
	assert_true(fixture_new(fixture));
	assert_sw(fixture, SELECT_UPDATED, SW_OK);
	assert_answer(fixture, "00B0000000", "0908070605 9000");
	/* Of another size it is of another card. */
	file->len = 4;
	assert_true(fixture_new(fixture));
	assert_sw(fixture, SELECT_UPDATED, SW_OK);
	assert_answer(fixture, "00B0000000", "0001020304 9000");
	/* A file that is never updated stays the personality's. */
	*file = (struct image_file){.path = "60006001", .content = content, .len = 2};
	assert_true(fixture_new(fixture));
	assert_sw(fixture, "00A4080C0460006001", SW_OK);
	assert_answer(fixture, "00B0000000", "0001 9000");
}

static void
a_file_without_the_right_is_not_updated(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "00D6000001FF", SW_NO_CURRENT_EF);
	assert_sw(fixture, "00A4080C0450005001", SW_OK);
	fixture_verify_local(fixture);
	assert_sw(fixture, "00D6000001FF", SW_SECURITY_STATUS);
	assert_sw(fixture, "00D69E0001FF", SW_FILE_NOT_FOUND);
	assert_answer(fixture, "00B0000001", "00 9000");
}

static void
handlers_see_what_is_current(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "00A4080C0450005001", SW_OK);
	assert_int_equal(card_current_df(fixture->card)->fid, 0x5000);
	assert_int_equal(card_current_ef(fixture->card)->fid, 0x5001);
	assert_int_equal(card_current_ef(fixture->card)->content.len, 300);
	assert_ptr_equal(card_image(fixture->card), &fixture->image);
	assert_sw(fixture, "00A4000C023F00", SW_OK);
	assert_null(card_current_ef(fixture->card));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    card_test(after_a_reset_the_mf_is_current_and_no_ef),
	    card_test(p2_chooses_fci_fcp_or_nothing),
	    card_test(a_form_that_the_personality_has_not_is_a_wrong_p1_or_p2),
	    card_test(p1_and_p2_of_no_standard_form_are_refused),
	    card_test(a_fid_is_looked_for_around_the_current_df),
	    card_test(the_parent_is_found_by_p1_03_and_by_its_fid),
	    card_test(with_the_rule_a_fid_is_found_anywhere),
	    card_test(without_data_the_mf_is_selected_and_nothing_returned),
	    card_test(a_child_df_is_not_a_child_ef),
	    card_test(the_mf_has_no_parent),
	    card_test(a_name_must_be_whole),
	    card_test(a_path_runs_from_the_mf_or_the_current_df),
	    card_test(a_path_of_odd_or_no_length_is_refused),
	    card_test(a_path_may_begin_with_3f00_only_where_the_personality_says_so),
	    card_test(the_personality_names_the_status_word_of_a_missing_file),
	    card_test(a_failed_selection_leaves_the_current_files),
	    card_test(selecting_a_df_ends_the_current_ef),
	    card_test(the_largest_answer_leaves_whole),
	    card_test(a_read_with_le_00_gives_256_bytes_at_most),
	    card_test(an_extended_read_gives_the_whole_file),
	    card_test(a_read_over_the_end_gives_what_there_is_and_6282),
	    card_test(the_personality_may_call_a_short_read_9000),
	    card_test(an_empty_file_reads_as_nothing),
	    card_test(a_short_identifier_selects_and_reads),
	    card_test(a_short_identifier_that_cannot_be_is_a_wrong_p1),
	    card_test(a_read_needs_le_and_no_data),
	    card_test(a_key_file_may_be_selected_but_not_read),
	    card_test(a_file_is_read_with_its_pin_only),
	    card_test(a_file_may_need_two_pins),
	    card_test(a_file_that_is_never_read_is_not_read_with_pins_either),
	    card_test(an_update_is_saved_and_read_back),
	    card_test(an_update_names_the_file_by_its_short_identifier),
	    card_test(an_update_needs_its_pin),
	    card_test(nothing_is_updated_beyond_the_end),
	    card_test(an_update_that_is_not_saved_changes_nothing),
	    card_test(the_images_content_takes_the_place_of_the_personalitys),
	    card_test(a_file_without_the_right_is_not_updated),
	    card_test(handlers_see_what_is_current),
	};

	return cmocka_run_group_tests_name("card-file", tests, NULL, NULL);
}
