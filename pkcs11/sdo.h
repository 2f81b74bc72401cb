/*
 * Security data objects of IAS-ECC cards: PINs and keys as the card itself sees them. Sections named
 * here are those of the fact sheet iasecc.md.
 */
#ifndef VICAR_PKCS11_SDO_H
#define VICAR_PKCS11_SDO_H

#include "card_driver.h"
#include "iso7816/tlv.h"

/* 4.4: classes with the bit 80 that their tags have. */
enum { SDO_PIN = 0x81, SDO_PRIVATE_KEY = 0x90, SDO_PUBLIC_KEY = 0xA0 };

/* 4.4: GET DATA of the part of an object of the current DF that `wanted` asks for, a tag and 80.
 * `content` is what stands in its BF tag, and borrowed from `answer`. */
enum smartcard_result sdo_read(struct smartcard *card, uint8_t class, uint8_t number,
			       struct bytes wanted, struct writer *answer,
			       struct bytes *content) MUST_USE;

/* 4.4: the control parameters of an object and their rule for contacts, which stands in A1 or alone. */
bool sdo_rule(struct bytes sdo, struct bytes *docp, struct bytes *rule) MUST_USE;
/* 3.4: the rule has one condition byte for each bit of its first byte, from 40 down. False: never. */
bool sdo_rule_allows(struct bytes rule, uint8_t access) MUST_USE;

#endif
