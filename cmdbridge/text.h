/*
 * Text that came from somebody else and is shown to a person: names of documents and programs,
 * messages of a service.
 */
#ifndef VICAR_CMDBRIDGE_TEXT_H
#define VICAR_CMDBRIDGE_TEXT_H

#include "iso7816/bytes.h"

enum { DOCNAME_CHARACTERS_MAX = 44, DOCNAME_SIZE = DOCNAME_CHARACTERS_MAX * 4 + 1 };

/* Copies at most `characters` UTF-8 characters into `out` (room: 4 * characters + 1). What is not
 * UTF-8, controls, line and paragraph separators, the invisible characters that turn the writing
 * direction, all others of which nothing is seen and unusual blanks become `?`, so that nobody can
 * make a prompt say something else. Returns the number of characters that `text` has, which may be
 * more than were copied. */
size_t text_printable(struct bytes text, size_t characters, char *out);

/* Digits that could be a phone number or a code become `*`: six or more, with single blanks, dots or
 * hyphens between them. For a service's own words, which end up in log and journal. */
void text_hide_numbers(char *text);

/* What prompt and text message both show (design.md, "The user sees what is signed"): the
 * document's name, shortened when need be, and the first eight hex digits of the hash. */
void text_docname(struct bytes document, struct bytes hash, char out[DOCNAME_SIZE]);

/* Hex in groups of four digits, eight groups to a line. `room` 4 * hash.len is always enough. */
void text_hash(struct bytes hash, char *out, size_t room);

#endif
