/*
 * PC/SC part 10: what the reader offers beside the card, and which request is meant. Pure.
 *
 * Requests come as control codes of SCardControl, 2.2, or with a PIN pad also as the pseudo-APDU
 * FF C2 01 FEATURE [Lc data] [Le] of the supplement, where FEATURE 00 asks for the list.
 */
#ifndef VICAR_IFDHANDLER_FEATURES_H
#define VICAR_IFDHANDLER_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ifdhandler/link.h"

enum { FEATURES_SW_BAD_STRUCTURE = 0x6B80 }; /* 2.5.4 */

struct feature {
	enum link_kind request; /* LINK_PIN_VERIFY, LINK_PIN_MODIFY; 0: `answer` is all */
	const uint8_t *answer;  /* of static storage */
	size_t answer_len;
};

/* False: the reader does not offer it. */
bool features_by_code(bool pinpad, unsigned long code, struct feature *feature)
    __attribute__((warn_unused_result));

/* Pseudo-APDUs. Without a PIN pad all commands are the card's. The other two take one that is. */
bool features_is_pseudo(bool pinpad, const uint8_t *capdu, size_t capdu_len)
    __attribute__((warn_unused_result));
/* `data` is a view into it. False: its lengths do not agree. */
bool features_pseudo_data(const uint8_t *capdu, size_t capdu_len, const uint8_t **data,
			  size_t *data_len) __attribute__((warn_unused_result));
bool features_by_pseudo(const uint8_t *capdu, struct feature *feature)
    __attribute__((warn_unused_result));

/* Whether PIN_VERIFY_STRUCTURE or PIN_MODIFY_STRUCTURE can be of this length; what stands in it is for
 * the card to judge. */
bool features_structure_fits(enum link_kind request, size_t length)
    __attribute__((warn_unused_result));

#endif
