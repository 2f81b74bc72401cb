/* T=0, what an ATR says of the transmission, PPS: ISO/IEC 7816-3:2006 clauses 8.3, 9 and 10.3. */
#include "tools/ccid-simulator/t0.h"
#include "tools/ccid-simulator/transmission.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "hex.h"

static struct hex tpdu;

static struct t0_command
command_of(const char *text)
{
	struct t0_command command;
	size_t wrong_at;

	tpdu = hex(text);
	assert_true(t0_command_parse(HEX(tpdu), &command, &wrong_at));
	return command;
}

static void
assert_refused(const char *text, size_t at)
{
	const struct hex bytes = hex(text);
	struct t0_command command;
	size_t wrong_at;

	assert_false(t0_command_parse(HEX(bytes), &command, &wrong_at));
	assert_int_equal(wrong_at, at);
}

static void
each_form_of_a_command_is_taken(void **state)
{
	struct t0_command command = command_of("00 20 00 81");

	(void)state;
	assert_bytes_hex(BYTES(command.header), "00 20 00 81 00");
	assert_int_equal(command.data.len, 0);
	command = command_of("00 B0 00 00 E7");
	assert_int_equal(command.data.len, 0);
	command = command_of("00 A4 00 0C 02 3F 00");
	assert_bytes_hex(command.data, "3F 00");
	/* Le after the data is no part of T=0. */
	command = command_of("00 A4 00 0C 02 3F 00 00");
	assert_bytes_hex(command.data, "3F 00");
}

static void
what_is_no_command_is_refused_where_it_is_wrong(void **state)
{
	(void)state;
	assert_refused("", 0);
	assert_refused("00 A4 00", 3);
	assert_refused("00 A4 00 0C 03 3F 00", 4);
	assert_refused("00 A4 00 0C 02 3F 00 00 00", 4);
	assert_refused("00 A4 00 0C 00 3F", 4);
	/* Clause 10.3.2: INS 6X and 9X. */
	assert_refused("00 60 00 00 00", 1);
	assert_refused("00 9F 00 00 00", 1);
}

/* What the card says; what the reader makes of it. `steps` has a letter for each byte. */
static void
assert_exchange(const char *command_text, const char *said, const char *steps, const char *response)
{
	static const char letters[] = {[T0_GOES_ON] = '.',
				       [T0_SENDS] = 's',
				       [T0_WAITS] = 'w',
				       [T0_DONE] = 'd',
				       [T0_BROKEN] = 'b'};
	const struct t0_command command = command_of(command_text);
	const struct hex bytes = hex(said);
	uint8_t room[T0_DATA_MAX + 2];
	struct writer got = writer_to(room, sizeof(room));
	struct t0_reader reader = t0_reader_begin(&command, &got);
	struct bytes sent;
	char is[HEX_ROOM] = "";

	for (size_t i = 0; i < bytes.len; i++)
		is[i] = letters[t0_reader_take(&reader, bytes.data[i], &sent)];
	assert_string_equal(is, steps);
	assert_bytes_hex(writer_bytes(&got), response);
}

static void
procedure_bytes_lead_the_exchange(void **state)
{
	(void)state;
	/* Data to the card: all at once; byte by byte; refused before. */
	assert_exchange("00 A4 00 0C 02 3F 00", "A4 90 00", "s.d", "90 00");
	assert_exchange("00 A4 00 0C 02 3F 00", "5B 5B 90 00", "ss.d", "90 00");
	assert_exchange("00 A4 00 0C 02 3F 00", "6E 00", ".d", "6E 00");
	/* Data from the card: all; one; byte by byte, then all; fewer than asked for. */
	assert_exchange("00 B0 00 00 02", "B0 11 22 90 00", "....d", "11 22 90 00");
	assert_exchange("00 B0 00 00 01", "4F 11 90 00", "...d", "11 90 00");
	assert_exchange("00 B0 00 00 03", "4F 11 B0 22 33 90 00", "......d", "11 22 33 90 00");
	assert_exchange("00 B0 00 00 03", "4F 11 62 82", "...d", "11 62 82");
	assert_exchange("00 B0 00 00 00", "6C 10", ".d", "6C 10");
	/* 60 is a byte of data where data comes, and asks for time elsewhere. */
	assert_exchange("00 B0 00 00 01", "60 60 B0 60 60 90 00", "ww..w.d", "60 90 00");
	assert_exchange("00 A4 00 0C 02 3F 00", "60 A4 60 61 10", "wsw.d", "61 10");
}

static void
what_is_no_procedure_byte_breaks_the_exchange(void **state)
{
	(void)state;
	assert_exchange("00 B0 00 00 02", "A4", "b", "");
	/* More data than P3 says. */
	assert_exchange("00 B0 00 00 01", "B0 11 B0", "..b", "11");
	/* Data after the command's own. */
	assert_exchange("00 A4 00 0C 02 3F 00", "A4 A4", "sb", "");
}

static void
assert_said(const char *command_text, const char *rapdu_text, const char *said)
{
	const struct t0_command command = command_of(command_text);
	const struct hex rapdu = hex(rapdu_text);
	uint8_t room[T0_SAID_MAX];
	struct writer out = writer_to(room, sizeof(room));

	t0_card_say(&command, HEX(rapdu), &out);
	assert_bytes_hex(writer_bytes(&out), said);
}

static void
a_card_says_no_more_than_it_may(void **state)
{
	(void)state;
	assert_said("00 B0 00 00 02", "11 22 90 00", "B0 11 22 90 00");
	assert_said("00 B0 00 00 03", "11 22 62 82", "4F 11 4F 22 62 82");
	assert_said("00 B0 00 00 01", "11 22 90 00", "90 00");
	assert_said("00 A4 00 0C 02 3F 00", "61 10", "61 10");
	assert_said("00 A4 00 0C 02 3F 00", "11 90 00", "90 00");
}

/*
 * Transmission.
 */
static struct transmission
of(const char *text)
{
	const struct hex bytes = hex(text);
	struct atr atr;

	assert_true(atr_parse(HEX(bytes), &atr));
	return transmission_of(&atr);
}

static void
an_atr_without_interface_bytes_has_the_defaults(void **state)
{
	const struct transmission is = of("3B 00");
	uint8_t room[PROTOCOLS_LEN_MAX];
	struct writer structure = writer_to(room, sizeof(room));

	(void)state;
	assert_int_equal(is.speed, 0x11);
	assert_int_equal(is.t1_card_size, 32);
	assert_false(is.t1_crc);
	/* Clause 10.2: 10 * 960 * 372 / 4 MHz. 11.4.3: 2^4 * 960 * 372 / 4 MHz. */
	assert_int_equal(transmission_wt_ms(&is), 892);
	assert_int_equal(transmission_bwt_ms(&is), 1428);
	transmission_put(&is, 0, &structure);
	/* As libccid sets them, ifdhandler.md 13.4. */
	assert_bytes_hex(writer_bytes(&structure), "11 00 00 0A 00");
	structure.len = 0;
	transmission_put(&is, 1, &structure);
	assert_bytes_hex(writer_bytes(&structure), "11 10 00 4D 00 20 00");
}

static void
interface_bytes_are_those_of_their_protocol(void **state)
{
	/* OsEID's, doc/T1_CRC.txt, which has what libccid makes of it: T=0 and T=1, CRC. */
	const struct transmission crc = of("3B D5 96 02 80 71 FE 65 01 4F 73 45 49 44 5E");
	/* iasecc.md 1.2, Amos: a global byte after those of T=1 is not the protocol's. */
	const struct transmission global = of("3B DF 18 FF 81 91 FE 1F C3 00 31 B8 64 0C 01 EC C1 "
					      "73 94 01 80 82 90 00 B3");
	uint8_t room[PROTOCOLS_LEN_MAX];
	struct writer structure = writer_to(room, sizeof(room));

	(void)state;
	assert_int_equal(crc.protocols, 0x03);
	assert_int_equal(crc.first_protocol, 0);
	transmission_put(&crc, 1, &structure);
	assert_bytes_hex(writer_bytes(&structure), "96 11 02 65 00 FE 00");
	assert_int_equal(global.t1_card_size, 254);
	assert_int_equal(global.t1_waiting, 0x4D);
}

static void
pps_takes_what_the_card_offers(void **state)
{
	const struct transmission both = of("3B D5 96 02 80 71 FE 65 01 4F 73 45 49 44 5E");
	/* The first two were seen with that card; then no PPS1, PPS2 with it. */
	static const struct {
		const char *request;
		unsigned protocol;
	} good[] = {
	    {"FF 11 96 78", 1}, {"FF 11 95 7B", 1},    {"FF 01 FE", 1},
	    {"FF 00 FF", 0},    {"FF 30 96 01 58", 0},
	};
	static const char *const bad[] = {
	    "FF 11 96 79", "FF 11 78",    "FF 02 FD", "FF 80 7F",
	    "FF 10 71 9E", "00 11 96 87", "FF",       "FF 01 FE 00",
	};
	uint8_t room[PPS_LEN_MAX];
	unsigned protocol = 9;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const struct hex request = hex(good[i].request);
		struct writer out = writer_to(room, sizeof(room));

		assert_true(transmission_pps(&both, HEX(request), &protocol, &out));
		assert_int_equal(protocol, good[i].protocol);
		assert_bytes_hex(writer_bytes(&out), good[i].request);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct hex request = hex(bad[i]);
		struct writer out = writer_to(room, sizeof(room));

		assert_false(transmission_pps(&both, HEX(request), &protocol, &out));
		assert_int_equal(out.len, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_form_of_a_command_is_taken),
	    cmocka_unit_test(what_is_no_command_is_refused_where_it_is_wrong),
	    cmocka_unit_test(procedure_bytes_lead_the_exchange),
	    cmocka_unit_test(what_is_no_procedure_byte_breaks_the_exchange),
	    cmocka_unit_test(a_card_says_no_more_than_it_may),
	    cmocka_unit_test(an_atr_without_interface_bytes_has_the_defaults),
	    cmocka_unit_test(interface_bytes_are_those_of_their_protocol),
	    cmocka_unit_test(pps_takes_what_the_card_offers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
