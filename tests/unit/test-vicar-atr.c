/*
 * vicar atr: every ATR of fineid.md 2.1 and iasecc.md 1.2, 1.3 and 9.1, and what else the table
 * names, from smartcard_list.txt of pcsc-tools 1.6 and OpenSC 0.27's drivers.
 */
#include "test-vicar.h"

#include "applets/registry.h"
#include "hex.h"
#include "tools/vicar/atr.h"
#include "tools/vicar/atr_table.h"
#include "tools/vicar/command.h"

struct vector {
	const char *source, *name, *atr;
};

static const struct vector vectors[] = {
    {"fineid 2.1 A1", "FINEID v1 (SetCOS 4.3.1, 1999)",
     "3B 9F 94 40 1E 00 67 11 43 46 49 53 45 10 52 66 FF 81 90 00"},
    {"fineid 2.1 A1", "FINEID v1 (SetCOS 4.3.1, 1999)",
     "3B 9F 94 40 1E 00 67 FE 43 46 49 53 45 10 52 66 FF 81 90 00"},
    {"fineid 2.1 A1, xx = 16", "RSA SecurID 3100 (SetCOS 4.3.1)",
     "3B 9F 94 40 1E 00 67 16 43 46 49 53 45 10 52 66 FF 81 90 00"},
    {"fineid 2.1 A2", "FINEID v2, RSA-1024 (SetCOS 5.1)",
     "3B 7B 94 00 00 80 62 11 51 56 46 69 6E 45 49 44"},
    {"fineid 2.1 A2 family", "FINEID v2, RSA-1024 (SetCOS 5.1)",
     "3B 7B 94 00 00 80 62 01 51 56 46 69 6E 45 49 44"},
    {"fineid 2.1 A2 family", "FINEID v2, RSA-1024 (SetCOS 5.1)",
     "3B 7B 18 00 00 80 62 0F 51 56 46 69 6E 45 49 44"},
    {"fineid 2.1 A2 test", "FINEID v2, test card", "3B 6B 00 FF 80 62 00 A2 56 46 69 6E 45 49 44"},
    {"fineid 2.1 A2 test", "FINEID v2, test card", "3B 6B 11 FF 80 62 22 A2 56 46 69 6E 45 49 44"},
    {"fineid 2.1 A2 test", "EID applet on SetCOS 5.1, another issuer's test card",
     "3B 64 00 FF 80 62 00 A2"},
    {"fineid 2.1 A2", "EID applet on SetCOS 5.1, another issuer's card", "3B 64 00 00 80 62 01 51"},
    {"fineid 2.1 A2", "EID applet on SetCOS 5.1, with EMV and Avant",
     "3B 6E 00 00 00 62 00 00 57 41 56 41 4E 54 10 81 90 00"},
    {"fineid 2.1 A3", "FINEID v2, RSA-2048 (EID2048, 2011)",
     "3B 7B 94 00 00 80 62 12 51 56 46 69 6E 45 49 44"},
    {"fineid 2.1 A4", "FINEID S4-1 3.0 (Gemalto MultiApp 3.0, 2017)",
     "3B 7F 96 00 00 80 31 B8 65 B0 85 03 00 EF 12 00 F6 82 90 00"},
    {"fineid 2.1 A4 contactless", "FINEID S4-1 3.0 (Gemalto MultiApp 3.0, 2017)",
     "3B 8F 80 01 80 31 B8 65 B0 85 03 00 EF 12 00 F6 82 90 00 4D"},
    {"fineid 2.1 A5", "FINEID S4-1 3.1 (Gemalto MultiApp 4.2, 2021)",
     "3B 7F 96 00 00 80 31 B8 65 B0 85 04 02 1B 12 00 F6 82 90 00"},
    {"fineid 2.1 A5 contactless", "FINEID S4-1 3.1 (Gemalto MultiApp 4.2, 2021)",
     "3B 8F 80 01 80 31 B8 65 B0 85 04 02 1B 12 00 F6 82 90 00 BC"},
    {"fineid 2.1 A6", "FINEID S4-1 4.0 (Thales MultiApp 5.0, 2023)",
     "3B 7F 96 00 00 80 31 B8 65 B0 85 05 00 11 12 24 60 82 90 00"},
    {"fineid 2.1 A6 contactless", "FINEID S4-1 4.0 (Thales MultiApp 5.0, 2023)",
     "3B 8F 80 01 80 31 B8 65 B0 85 05 00 11 12 24 60 82 90 00 07"},
    {"fineid 2.1 A7", "FINEID S4-1 4.1 (Thales MultiApp 5.1, 2025)",
     "3B 7F 96 00 00 80 31 B8 65 B0 85 05 10 24 12 24 60 82 90 00"},
    {"fineid 2.1 A7 contactless", "FINEID S4-1 4.1 (Thales MultiApp 5.1, 2025)",
     "3B 8F 80 01 80 31 B8 65 B0 85 05 10 24 12 24 60 82 90 00 22"},
    {"fineid 2.1 prototype", "FINEID prototype MAV 4.0.1",
     "3B 7F 96 00 00 80 31 B8 65 B0 85 04 00 11 12 00 F6 82 90 00"},
    {"fineid 2.1 A8", "FINEID organisation card (Segenmark)",
     "3B 7B 18 00 00 80 62 01 54 56 46 69 6E 45 49 44"},
    {"fineid 2.1 A9", "FINEID organisation card (Oberthur Cosmo v7, IAS-ECC)",
     "3B DF 96 00 80 31 FE 45 00 31 B8 64 04 29 EC C1 73 94 01 80 82 90 00 DA"},
    {"fineid 2.1 A9 contactless", "FINEID organisation card (Oberthur Cosmo v7, IAS-ECC)",
     "3B 8F 80 01 00 31 B8 64 04 29 EC C1 73 94 01 80 82 90 00 97"},
    {"iasecc 1.3 FinEID", "FINEID organisation card (Oberthur Cosmo v7, IAS-ECC)",
     "3B DF 96 00 80 31 FE 45 00 31 B8 64 04 29 EC C0 73 94 01 80 82 90 00 DB"},
    {"fineid 2.1 A10", "FINEID organisation card (Idemia ID.me)",
     "3B DD 96 00 80 31 FE 45 00 31 B8 64 04 29 EC C1 73 94 01 80 82 48"},
    {"fineid 2.1 A10 contactless", "FINEID organisation card (Idemia ID.me)",
     "3B 8D 80 01 00 31 B8 64 04 29 EC C1 73 94 01 80 82 05"},
    {"fineid 2.1 A11", "FINEID organisation card (Idemia Cosmo X)",
     "3B DD 96 00 80 31 FE 45 00 31 B8 64 04 29 EC C1 73 94 01 80 83 49"},
    {"fineid 2.1 A11 contactless", "FINEID organisation card (Idemia Cosmo X)",
     "3B 8D 80 01 00 31 B8 64 04 29 EC C1 73 94 01 80 83 04"},
    {"iasecc 1.2", "IAS-ECC, Gemalto",
     "3B 7F 96 00 00 00 31 B8 64 40 70 14 10 73 94 01 80 82 90 00"},
    {"iasecc 1.2", "IAS-ECC, Gemalto",
     "3B 7F 96 00 00 00 31 B8 64 40 F3 85 10 73 94 01 80 82 90 00"},
    {"iasecc 1.2", "IAS-ECC, Gemalto",
     "3B 7F 96 00 00 00 31 B9 64 40 70 14 10 73 94 01 80 82 90 00"},
    {"iasecc 1.2", "IAS-ECC, Oberthur",
     "3B DD 18 00 81 31 FE 45 80 F9 A0 00 00 00 77 01 08 00 07 90 00 FE"},
    {"iasecc 1.2", "IAS-ECC, Sagem MDW-IAS-CARD2",
     "3B 7D 13 00 00 4D 44 57 2D 49 41 53 2D 43 41 52 44 32"},
    {"iasecc 1.2", "IAS-ECC, Sagem ypsID S3",
     "3B 7F 18 00 00 00 31 B8 64 50 23 EC C1 73 94 01 80 82 90 00"},
    {"iasecc 1.2", "IAS-ECC, French Ministry of the Interior",
     "3B DF 96 00 80 31 FE 45 00 31 B8 64 04 1F EC C1 73 94 01 80 82 90 00 EC"},
    {"iasecc 1.2", "IAS-ECC, AMOS",
     "3B DF 18 FF 81 91 FE 1F C3 00 31 B8 64 0C 01 EC C1 73 94 01 80 82 90 00 B3"},
    {"iasecc 1.2", "IAS-ECC, AMOS",
     "3B DC 18 FF 81 91 FE 1F C3 80 73 C8 21 13 66 02 04 03 55 00 02 34"},
    {"iasecc 1.2", "IAS-ECC, AMOS",
     "3B DC 18 FF 81 91 FE 1F C3 80 73 C8 21 13 66 01 0B 03 52 00 05 38"},
    {"iasecc 1.2 CPX", "IAS-ECC, French health card CPx",
     "3B AC 00 40 2A 00 12 25 00 64 80 00 03 10 00 90 00"},
    {"iasecc 1.2 CPXCL", "IAS-ECC, French health card CPx",
     "3B 8F 80 01 00 31 B8 64 04 B0 EC C1 73 94 01 80 82 90 00 0E"},
    {"iasecc 1.3", "IAS-ECC, Latvian identity card",
     "3B DD 18 00 81 31 FE 45 90 4C 41 54 56 49 41 2D 65 49 44 90 00 8C"},
    {"iasecc 1.3", "IAS-ECC, Peruvian DNIe v1",
     "3B DD 18 00 81 31 FE 45 80 F9 A0 00 00 00 77 01 00 70 0A 90 00 8B"},
    {"iasecc 1.3", "IAS-ECC, Peruvian DNIe v2",
     "3B DC 18 FF 81 91 FE 1F C3 80 73 C8 21 13 66 05 03 63 51 00 02 50"},
    {"iasecc 9.1", "Portuguese citizen card v1 (GemSAFE)",
     "3B 7D 95 00 00 80 31 80 65 B0 83 11 C0 A9 83 00 90 00"},
    {"iasecc 9.1", "Portuguese citizen card v1 (GemSAFE)",
     "3B 7D 95 00 00 80 31 80 65 B0 83 11 00 C8 83 00 90 00"},
    {"iasecc 9.1", "Portuguese citizen card v1 (GemSAFE)",
     "3B FF 96 00 00 81 31 80 43 80 31 80 65 B0 85 03 00 EF 12 0F FF 82 90 00 67"},
    {"iasecc 9.1", "Portuguese citizen card v1 (GemSAFE)",
     "3B FF 96 00 00 81 31 FE 43 80 31 80 65 B0 85 04 01 20 12 0F FF 82 90 00 D0"},
    {"iasecc 9.1", "Portuguese citizen card, old IAS (withdrawn)", "3B 65 00 00 D0 00 54 01 31"},
    {"iasecc 9.1", "Portuguese citizen card, old IAS (withdrawn)", "3B 65 00 00 D0 00 54 01 32"},
    {"iasecc 9.1", "Portuguese citizen card, old IAS (withdrawn)", "3B 95 95 40 FF D0 00 54 01 31"},
    {"iasecc 9.1", "Portuguese citizen card, old IAS (withdrawn)", "3B 95 95 40 FF D0 00 54 01 32"},
    {"iasecc 9.1", "Portuguese citizen card 2 (2024)",
     "3B 8F 80 01 80 31 80 65 B0 85 05 00 11 12 0F FF 82 90 00 8B"},
    {"iasecc 1.2, without contacts", "IAS-ECC, AMOS",
     "3B 8F 80 01 00 31 B8 64 0C 01 EC C1 73 94 01 80 82 90 00 B7"},
    {"iasecc 1.2, without contacts", "IAS-ECC, Gemalto",
     "3B 8F 80 01 00 31 B8 64 40 70 14 10 73 94 01 80 82 90 00 A3"},
    {"iasecc 2.1, with other pre-issuing data", "IAS-ECC, maker not known",
     "3B 8F 80 01 00 31 B8 64 12 34 56 78 73 94 01 80 82 90 00 9F"},
    {"pcsc-tools", "Aventra MyEID", "3B 85 80 01 4D 79 45 49 44 78"},
    {"pcsc-tools", "Aventra MyEID", "3B F5 18 00 00 81 31 FE 45 4D 79 45 49 44 9A"},
    {"OpenSC card-myeid.c", "Aventra MyEID", "3B F5 18 00 FF 81 31 FE 45 4D 79 45 49 44 65"},
    {"OpenSC card-myeid.c", "Aventra MyEID", "3B F5 96 00 00 80 31 FE 45 4D 79 45 49 44 15"},
    {"OpenSC card-myeid.c", "Aventra MyEID", "3B F5 96 00 00 81 31 FE 45 4D 79 45 49 44 14"},
    {"pcsc-tools", "SetCOS 4.4.1",
     "3B 9F 94 80 1F C3 00 68 10 44 05 01 46 49 53 45 31 C8 07 90 00 18"},
    {"pcsc-tools", "SetCOS 4.4.1",
     "3B 9F 96 80 1F C3 00 68 10 44 05 01 46 49 53 45 31 C8 07 90 00 1A"},
    {"OpenSC card-setcos.c", "SetCOS 4.4.1",
     "3B 9F 94 80 1F C3 00 68 11 44 05 01 46 49 53 45 31 C8 07 90 00 19"},
    {"pcsc-tools", "SetCOS 2048", "3B 7D 96 00 00 80 31 80 65 B0 A3 02 01 F3 83 00 90 00"},
    {"pcsc-tools", "Siemens CardOS M4.4", "3B D2 18 02 C1 0A 31 FE 58 C8 0D 51"},
    {"pcsc-tools", "Atos CardOS 5.0", "3B D2 18 00 81 31 FE 58 C9 01 14"},
    {"pcsc-tools", "Atos CardOS 5.3", "3B D2 18 00 81 31 FE 58 C9 02 17"},
    {"pcsc-tools (5.3 DI)", "Atos CardOS 5.3", "3B 82 80 01 C9 02 C8"},
    {"OpenSC card-cardos.c", "Atos CardOS 5.3", "3B D2 18 00 81 31 FE 58 C9 03 16"},
    {"pcsc-tools", "Thales IDPrime 3940 FIDO",
     "3B FF 96 00 00 81 31 FE 43 80 31 80 65 B0 85 59 56 FB 12 0F FC 82 90 00 02"},
    {"pcsc-tools", "Thales IDPrime 930 or 3930",
     "3B 7F 96 00 00 80 31 80 65 B0 84 61 60 FB 12 0F FD 82 90 00"},
    {"pcsc-tools", "Thales IDPrime 930 or 3930",
     "3B 8F 80 01 80 31 80 65 B0 84 61 60 FB 12 0F FD 82 90 00 66"},
    {"OpenSC card-idprime.c", "Thales eToken 5110+ (IDPrime 930)",
     "3B FF 96 00 00 81 31 FE 43 80 31 80 65 B0 84 65 66 FB 12 01 78 82 90 00 85"},
    {"OpenSC card-idprime.c", "Thales IDPrime 940",
     "3B 7F 96 00 00 80 31 80 65 B0 85 59 56 FB 12 0F FE 82 90 00"},
    {"OpenSC card-idprime.c", "Thales IDPrime 940",
     "3B FF 96 00 00 81 31 FE 43 80 31 80 65 B0 85 59 56 FB 12 0F FE 82 90 00 00"},
    {"OpenSC card-idprime.c", "Thales IDPrime 940",
     "3B FF 96 00 00 81 31 FE 43 80 31 80 65 B0 85 59 56 FB 12 01 78 82 90 00 88"},
    {"OpenSC card-idprime.c", "Thales IDPrime 940C",
     "3B 7F 96 00 00 80 31 80 65 B0 85 05 00 39 12 0F FE 82 90 00"},
    {"pcsc-tools", "Gemalto IDPrime MD 840 or 3840",
     "3B 7F 96 00 00 80 31 80 65 B0 85 03 00 EF 12 0F FE 82 90 00"},
    {"pcsc-tools", "Gemalto IDPrime MD 840 or 3840",
     "3B 8F 80 01 80 31 80 65 B0 85 03 00 EF 12 0F FE 82 90 00 72"},
    {"pcsc-tools", "Gemalto IDPrime MD 840 or 3840",
     "3B 7F 96 00 00 80 31 80 65 B0 85 03 00 EF 12 02 C1 82 90 00"},
    {"pcsc-tools", "Gemalto IDPrime MD",
     "3B 7F 96 00 00 80 31 80 65 B0 84 23 27 E5 12 0F FE 82 90 00"},
    {"pcsc-tools", "Gemalto IDPrime MD",
     "3B 8F 80 01 80 31 80 65 B0 84 23 27 E5 12 0F FE 82 90 00 7E"},
    {"pcsc-tools", "PIV, Gemalto IDPrime PIV 2.0",
     "3B 7D 96 00 00 80 31 80 65 B0 83 11 17 E5 83 00 90 00"},
    {"pcsc-tools", "PIV, Yubico YubiKey NEO",
     "3B FC 13 00 00 81 31 FE 15 59 75 62 69 6B 65 79 4E 45 4F 72 33 E1"},
    {"pcsc-tools", "PIV, Yubico YubiKey NEO", "3B 8C 80 01 59 75 62 69 6B 65 79 4E 45 4F 72 33 58"},
    {"pcsc-tools", "PIV, Yubico YubiKey 4",
     "3B F8 13 00 00 81 31 FE 15 59 75 62 69 6B 65 79 34 D4"},
    {"pcsc-tools", "PIV, Yubico YubiKey 5",
     "3B FD 13 00 00 81 31 FE 15 80 73 C0 21 C0 57 59 75 62 69 4B 65 79 40"},
    {"pcsc-tools", "PIV, Yubico YubiKey 5",
     "3B 8D 80 01 80 73 C0 21 C0 57 59 75 62 69 4B 65 79 F9"},
    {"pcsc-tools", "PIV, PIVKey", "3B F8 13 00 00 81 31 FE 45 50 49 56 4B 45 59 37 30 FF"},
    {"pcsc-tools", "PIV, PIVKey", "3B F9 13 00 00 81 31 FE 45 53 50 49 56 4B 45 59 37 30 AD"},
    {"pcsc-tools", "PIV, PIVKey", "3B 89 80 01 53 50 49 56 4B 45 59 37 30 44"},
    {"pcsc-tools", "PIV, Idemia Cosmo V8.0", "3B D6 97 00 81 B1 FE 45 1F 07 80 31 C1 52 11 18 F9"},
    {"pcsc-tools", "PIV, Idemia Cosmo V8.0", "3B 86 80 01 80 31 C1 52 11 18 2C"},
    {"pcsc-tools", "PIV, Idemia Cosmo V8.1", "3B D6 97 00 81 B1 FE 45 1F 87 80 31 C1 52 41 1A 2B"},
    {"pcsc-tools", "PIV, Idemia Cosmo V8.1", "3B 86 80 01 80 31 C1 52 41 1A 7E"},
    {"pcsc-tools", "PIV, Oberthur ID-One",
     "3B DB 96 00 81 B1 FE 45 1F 03 80 F9 A0 00 00 03 08 00 00 10 00 18"},
    {"pcsc-tools", "PIV, NIST test card",
     "3B 8F 80 01 80 73 CC 91 CB F9 A0 00 00 03 08 00 00 10 00 29"},
    {"pcsc-tools", "PIV, NIST test card",
     "3B DF 96 00 81 B1 FE 45 1F 83 80 73 CC 91 CB F9 A0 00 00 03 08 00 00 10 00 79"},
};

enum { VECTORS_COUNT = sizeof(vectors) / sizeof(vectors[0]) };

static void
parse(const char *text, struct atr *atr)
{
	struct problem error = {""};

	if (!atr_from_words(&text, 1, atr, &error))
		fail_msg("%s", error.text);
}

static const struct atr_card *
card_of(const char *text)
{
	struct atr atr;

	parse(text, &atr);
	return atr_card_find(&atr);
}

static void
every_atr_of_the_sheets_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTORS_COUNT; i++) {
		const struct atr_card *card = card_of(vectors[i].atr);
		const char *name = card == NULL ? "not known" : card->name;

		if (strcmp(name, vectors[i].name) != 0)
			fail_msg("%s: %s is %s", vectors[i].source, vectors[i].atr, name);
	}
}

static void
every_row_of_the_table_is_reached(void **state)
{
	size_t count;
	const struct atr_card *cards = atr_cards(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		size_t reached = 0;

		for (size_t j = 0; j < VECTORS_COUNT; j++)
			reached += card_of(vectors[j].atr) == &cards[i];
		if (reached == 0)
			fail_msg("no vector reaches %s, %s", cards[i].name, cards[i].pattern.value);
	}
}

/* The bits of an ATR that a row looks at: flipped, the row must not match; any other must not
 * matter. The flipped ATR need not be one, so that atr_parse() is not asked. */
static void
assert_near_misses(const struct atr_card *card, const struct atr *atr)
{
	const struct bytes part = card->pattern.part == ATR_HISTORICAL
				      ? atr->historical
				      : (struct bytes){atr->bytes, atr->len};
	const size_t from = (size_t)(part.data - atr->bytes);
	uint8_t mask[ATR_LEN_MAX];
	size_t mask_len;

	memset(mask, 0xFF, sizeof(mask));
	if (card->pattern.mask != NULL)
		assert_true(bytes_from_hex(card->pattern.mask, mask, sizeof(mask), &mask_len));
	for (size_t bit = 0; bit < 8 * atr->len; bit++) {
		const uint8_t flipped = (uint8_t)(1u << bit % 8);
		const size_t at = bit / 8;
		const bool counts =
		    at >= from && at < from + part.len && (mask[at - from] & flipped) != 0;
		struct atr near = *atr;

		near.historical.data = near.bytes + (atr->historical.data - atr->bytes);
		near.bytes[at] ^= flipped;
		if (atr_matches(&near, &card->pattern) == counts)
			fail_msg("%s: bit %zu of byte %zu", card->name, bit % 8, at);
	}
}

static void
no_row_takes_an_atr_that_differs_in_one_bit(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTORS_COUNT; i++) {
		const struct atr_card *card = card_of(vectors[i].atr);
		struct atr atr;

		parse(vectors[i].atr, &atr);
		assert_non_null(card);
		assert_near_misses(card, &atr);
	}
}

/* SIM cards, bank cards, passports of the same makers: smartcard_list.txt. */
static void
other_cards_are_not_named(void **state)
{
	static const char *const others[] = {
	    "3B 02 14 50",
	    "3B 6D 00 00 80 31 80 65 B0 87 27 01 BC 83 08 90 00",
	    "3B 7F 96 00 00 80 31 80 65 B0 85 03 00 EF 12 0F FF 82 90 00",
	    "3B 9F 96 80 1F C6 80 31 E0 73 FE 21 1B 64 41 02 41 00 82 90 00 C2",
	    "3B 8D 80 01 80 91 E1 65 D0 00 5B 01 02 73 D4 41 40 B7",
	    "3B 80 80 01 01",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_null(card_of(others[i]));
}

/* ---- what is typed ---- */

static void
hexadecimal_may_be_written_as_other_programs_print_it(void **state)
{
	static const char *const forms[][5] = {
	    {"3B021450"}, {"3b021450"}, {"3B 02 14 50"}, {"3b:02:14:50"}, {"3B", "02", "14", "50"},
	};
	static const size_t counts[] = {1, 1, 1, 1, 4};

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct problem error = {""};
		struct atr atr;

		if (!atr_from_words(forms[i], counts[i], &atr, &error))
			fail_msg("%s", error.text);
		assert_bytes_hex((struct bytes){atr.bytes, atr.len}, "3B 02 14 50");
	}
}

static void
assert_refused(const char *text, const char *reason)
{
	struct problem error = {""};
	struct atr atr;

	assert_false(atr_from_words(&text, 1, &atr, &error));
	if (strstr(error.text, reason) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error.text, reason);
}

static void
what_is_not_hexadecimal_is_refused(void **state)
{
	(void)state;
	assert_refused("3B 0X 14 50", "3B 0X 14 50 is not hexadecimal");
}

static void
half_a_byte_is_refused(void **state)
{
	(void)state;
	assert_refused("3B 02 14 5", "not hexadecimal");
}

static void
bytes_that_are_no_atr_are_refused(void **state)
{
	(void)state;
	assert_refused("3B 02 14", "no ATR");
	assert_refused("2B 02 14 50", "no ATR");
}

static void
nothing_is_refused(void **state)
{
	(void)state;
	assert_refused("", "no ATR");
}

static void
an_atr_with_a_wrong_check_byte_is_refused(void **state)
{
	(void)state;
	assert_refused("3B 85 80 01 4D 79 45 49 44 79", "no ATR");
}

static void
more_text_than_any_atr_has_is_refused(void **state)
{
	char text[1024];

	(void)state;
	memset(text, '0', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_refused(text, "too long");
}

/* ---- what is printed ---- */

static void
a_card_of_ours_is_told_with_its_personality(void **state)
{
	struct atr atr;
	char *text = NULL;
	size_t len;
	FILE *out = capture_begin(&text, &len);
	bool known;

	(void)state;
	parse("3B 7B 94 00 00 80 62 12 51 56 46 69 6E 45 49 44", &atr);
	known = atr_describe(out, &atr);
	fclose(out);
	assert_true(known);
	assert_string_equal(text, "card: FINEID v2, RSA-2048 (EID2048, 2011)\n"
				  "personality: fineid-v2\n"
				  "atr: 3B 7B 94 00 00 80 62 12 51 56 46 69 6E 45 49 44\n"
				  "interface: contacts\n"
				  "protocols: T=0\n"
				  "historical bytes: 80 62 12 51 56 46 69 6E 45 49 44\n");
	free(text);
}

/* Also one that no row of the table has, as cc-v2's contact ATR, which is ours. */
static void
each_personality_is_known_by_its_own_atr(void **state)
{
	(void)state;
	for (const struct personality *const *at = registry_all(); *at != NULL; at++) {
		char *text = NULL, expected[64];
		struct atr atr;
		size_t len;
		FILE *out = capture_begin(&text, &len);

		assert_true(atr_parse((*at)->atr, &atr));
		assert_true(atr_describe(out, &atr));
		fclose(out);
		snprintf(expected, sizeof(expected), "personality: %s\n", (*at)->name);
		if (strstr(text, expected) == NULL)
			fail_msg("%s: \"%s\" does not say it", (*at)->name, text);
		free(text);
	}
}

static void
a_card_that_is_not_known_is_told_by_what_its_atr_says(void **state)
{
	struct atr atr;
	char *text = NULL;
	size_t len;
	FILE *out = capture_begin(&text, &len);
	bool known;

	(void)state;
	parse("3B 80 80 01 01", &atr);
	known = atr_describe(out, &atr);
	fclose(out);
	assert_false(known);
	assert_string_equal(text, "card: not known\n"
				  "atr: 3B 80 80 01 01\n"
				  "interface: contactless\n"
				  "protocols: T=0, T=1\n"
				  "historical bytes: none\n");
	free(text);
}

static void
each_reader_is_told_with_what_is_in_it(void **state)
{
	const struct pcsc_reader readers[] = {
	    {.name = "Empty 00 00"},
	    {.name = "Old 01 00", .card = true, .atr = {0x3B, 0x02, 0x14, 0x50}, .atr_len = 4},
	    {.name = "Mute 02 00", .card = true},
	};
	char *text = NULL;
	size_t len;
	FILE *out = capture_begin(&text, &len);

	(void)state;
	atr_describe_readers(out, readers, sizeof(readers) / sizeof(readers[0]));
	fclose(out);
	assert_string_equal(text, "reader: Empty 00 00\n"
				  "card: none\n"
				  "\n"
				  "reader: Old 01 00\n"
				  "card: not known\n"
				  "atr: 3B 02 14 50\n"
				  "interface: contacts\n"
				  "protocols: T=0\n"
				  "historical bytes: 14 50\n"
				  "\n"
				  "reader: Mute 02 00\n"
				  "card: does not answer with an ATR; take it out and put it in "
				  "again\n");
	free(text);
}

static enum command_exit
vicar_atr(const char *hexadecimal)
{
	char *argv[] = {(char[]){"vicar"}, (char[]){"atr"}, (char *)(uintptr_t)hexadecimal, NULL};

	return command_main(3, argv);
}

static void
the_exit_status_tells_known_from_unknown_from_no_atr(void **state)
{
	(void)state;
	assert_int_equal(vicar_atr("3B7F9600008031B865B085051024122460829000"), COMMAND_OK);
	assert_int_equal(vicar_atr("3B021450"), COMMAND_FAILED);
	assert_int_equal(vicar_atr("3B0214"), COMMAND_USAGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_atr_of_the_sheets_is_named),
	    cmocka_unit_test(every_row_of_the_table_is_reached),
	    cmocka_unit_test(no_row_takes_an_atr_that_differs_in_one_bit),
	    cmocka_unit_test(other_cards_are_not_named),
	    cmocka_unit_test(hexadecimal_may_be_written_as_other_programs_print_it),
	    cmocka_unit_test(what_is_not_hexadecimal_is_refused),
	    cmocka_unit_test(half_a_byte_is_refused),
	    cmocka_unit_test(bytes_that_are_no_atr_are_refused),
	    cmocka_unit_test(nothing_is_refused),
	    cmocka_unit_test(an_atr_with_a_wrong_check_byte_is_refused),
	    cmocka_unit_test(more_text_than_any_atr_has_is_refused),
	    cmocka_unit_test(a_card_of_ours_is_told_with_its_personality),
	    cmocka_unit_test(each_personality_is_known_by_its_own_atr),
	    cmocka_unit_test(a_card_that_is_not_known_is_told_by_what_its_atr_says),
	    cmocka_unit_test(each_reader_is_told_with_what_is_in_it),
	    cmocka_unit_test(the_exit_status_tells_known_from_unknown_from_no_atr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
