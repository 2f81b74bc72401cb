/*
 * A data object of Vicar's own, which no other card has: what the program that is about to use a key
 * says it is. A card has it when the first object that EF.DOD (ISO/IEC 7816-15 clause 8.8) lists has
 * the application name PROGRAM_TEXT_APPLICATION and is in no file. PUT DATA (ISO/IEC 7816-4, INS DA)
 * with its tag in P1 and P2 sets it, for the next use of a key only; a VERIFY or a SELECT of an
 * application before that takes it away. It cannot be read. Anybody can write anything there.
 */
#ifndef VICAR_ISO7816_PROGRAM_TEXT_H
#define VICAR_ISO7816_PROGRAM_TEXT_H

#define PROGRAM_TEXT_APPLICATION "vicar.DF7F"

enum {
	PROGRAM_TEXT_TAG = 0xDF7F,
	PROGRAM_TEXT_MAX = 64, /* characters of ASCII, 20 to 7E; at least one */
};

#endif
