/*
 * The citizen cards' tables and their GET DATA. Sections are those of fineid.md.
 */
#include "fineid_citizen.h"
#include "emulator/card.h"
#include "iso7816/tlv.h"

#include <string.h>

/* 4.9, 4.10: what PSO HASH loaded. */
const struct algorithm fineid_citizen_algorithms[FINEID_ALGORITHMS_COUNT] =
    FINEID_ALGORITHMS(SOURCE_HASH);

/* 6.4: the nibble of 6.2, whatever the other one is. */
const struct hash_algorithm fineid_citizen_hashes[FINEID_CITIZEN_HASHES_COUNT] = {
    {0x10, 0xF0, DIGEST_SHA1},   {0x30, 0xF0, DIGEST_SHA224}, {0x40, 0xF0, DIGEST_SHA256},
    {0x50, 0xF0, DIGEST_SHA384}, {0x60, 0xF0, DIGEST_SHA512},
};

const struct pkcs15_pin fineid_citizen_puk = {
    .common = {.label = "aktivointitunnusluku", .flags = FINEID_PIN_OBJECT_FLAGS},
    .id = {{3}, 1},
    .flags = FINEID_CITIZEN_PIN_FLAGS | PKCS15_PIN_LOCAL | PKCS15_PIN_UNBLOCKING,
    FINEID_CITIZEN_PIN_OBJECT(FINEID_PUK, FINEID_PUK_MIN),
};

/* SecurityInfos of 4.13: BSI TR-03110 part 3, A.1.1.1 and A.1.2: PACEInfo with version 2 and the
 * domain parameters 16, once with generic mapping (id-PACE-ECDH-GM-AES-CBC-CMAC-256,
 * 0.4.0.127.0.7.2.2.4.2.4), once with chip authentication mapping (0.4.0.127.0.7.2.2.4.6.4). */
#define PACE_INFO(mapping)                                                                       \
	0x30, 0x12, 0x06, 0x0A, 0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x04, (mapping), 0x04, \
	    0x02, 0x01, 2, 0x02, 0x01, 16
const uint8_t fineid_card_access[FINEID_CARD_ACCESS_LEN] = {0x31, 0x28, PACE_INFO(0x02),
							    PACE_INFO(0x06)};

static bool
has_local_key(const struct image *image)
{
	for (size_t i = 0; i < image->keys_count; i++)
		if (!build_is_remote(&image->keys[i]))
			return true;
	return false;
}

/* The PUK is there while it has a PIN to unblock, as in EF.AOD. */
static bool
find_pin(const struct card *card, uint8_t reference, struct card_pin *pin)
{
	switch (reference) {
	case FINEID_PIN1: return card_pin(card, FINEID_PIN1_COUNTER, pin);
	case FINEID_PIN2: return card_pin(card, FINEID_PIN2_COUNTER, pin);
	case FINEID_PUK:
		return has_local_key(card_image(card)) && card_pin(card, fineid_puk_counter, pin);
	default: return false;
	}
}

/* 4.12: usage and unblocking unlimited, unblocked by the PUK, but a service's PIN not at all; its value
 * was changed since manufacture (5.3). */
static uint16_t
get_pin_container(struct card *card, const struct capdu *command, struct writer *response)
{
	enum { TAG_CONTAINER = 0xA0, TAG_REFERENCE = 0x83, UNLIMITED = 0xFF };
	enum {
		UNBLOCKING_UNLIMITED = 0xA5,
		UNBLOCKING_NEVER = 0x00,
		BY_PUK = 0x03,
		CHANGED = 0x01
	};
	static const uint8_t rule[] = {0xF0, 0x00, 0x00, 0x00};
	struct reader reader = reader_of(command->data), inner;
	struct tlv container, reference;
	struct card_pin pin;
	size_t mark;

	if (!tlv_read(&reader, &container) || container.tag != TAG_CONTAINER || reader.left != 0)
		return SW_INCORRECT_DATA;
	inner = reader_of(container.value);
	if (!tlv_read(&inner, &reference) || reference.tag != TAG_REFERENCE ||
	    reference.value.len != 1 || inner.left != 0)
		return SW_INCORRECT_DATA;
	if (!find_pin(card, reference.value.data[0], &pin))
		return SW_REFERENCE_NOT_FOUND;
	mark = tlv_begin(response, TAG_CONTAINER);
	tlv_put_u8(response, TAG_REFERENCE, reference.value.data[0]);
	tlv_put(response, 0x8C, BYTES(rule));
	tlv_put(response, 0x9C, BYTES(rule));
	tlv_put(response, 0xDF21,
		BYTES(((uint8_t[]){(uint8_t)pin.tries_left, UNLIMITED,
				   pin.remote ? UNBLOCKING_NEVER : UNBLOCKING_UNLIMITED, BY_PUK})));
	tlv_put_u16(response, 0xDF27, 0xFFFF);
	tlv_put_u8(response, 0xDF28, FINEID_PIN_STORED);
	tlv_put_u8(response, 0xDF2F, CHANGED);
	tlv_end(response, mark);
	return SW_OK;
}

/* 4.12: 42 bytes, of which the sheet knows the serial number of the chip; it is the end of the
 * card's own. */
static uint16_t
get_cplc(struct card *card, const struct capdu *command, struct writer *response)
{
	enum { CPLC = 0x9F7F, CPLC_LEN = 42, BEFORE_SERIAL = 12, SERIAL_LEN = 4 };
	const struct image *image = card_image(card);
	uint8_t cplc[CPLC_LEN] = {0};

	if (command->data.len != 0)
		return SW_WRONG_LENGTH;
	memcpy(cplc + BEFORE_SERIAL, image->serial + image->serial_len - SERIAL_LEN, SERIAL_LEN);
	tlv_put(response, CPLC, BYTES(cplc));
	return SW_OK;
}

#define ROW(class, instruction, parameters)                                           \
	.cla = (class), .cla_mask = 0xFF, .ins = (instruction), .p1p2 = (parameters), \
	.p1p2_mask = 0xFFFF
#define ROW_ANY(class, instruction) .cla = (class), .cla_mask = 0xFF, .ins = (instruction)

const struct card_command fineid_citizen_commands[FINEID_CITIZEN_COMMANDS_COUNT] = {
    {ROW(0x00, 0xCB, 0x00FF), .handler = get_pin_container},
    {ROW_ANY(0x00, 0xCB), .sw = SW_INCORRECT_P1P2},
    {ROW(0x80, 0xCA, 0x9F7F), .handler = get_cplc},
    {ROW_ANY(0x80, 0xCA), .sw = SW_REFERENCE_NOT_FOUND},
    /* The version of the applet, DF30, makes OpenSC take the card for an older one: 1.4, and 10
     * item 11. */
    {ROW_ANY(0x00, 0xCA), .sw = SW_REFERENCE_NOT_FOUND},
    /* 4.13: PACE is for the contactless interface; in the application its MSE is refused. */
    {ROW(0x00, 0x22, 0xC1A4), .sw = SW_CONDITIONS},
    {ROW_ANY(0x00, 0x86), .sw = SW_CONDITIONS},
    /* 4.13: ERASE BINARY exists, and every file is read-only. */
    {ROW_ANY(0x00, 0x0E), .sw = SW_SECURITY_STATUS},
};
