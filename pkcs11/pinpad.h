/*
 * PIN pads: PC/SC part 10 requests and answers as bytes. Who sends them is pcsc.c.
 */
#ifndef VICAR_PKCS11_PINPAD_H
#define VICAR_PKCS11_PINPAD_H

#include "pkcs11/channel.h"

enum {
	PINPAD_REQUEST_MAX = 24 + 5 + 255,
	PINPAD_FEATURES_MAX = 6 * 32, /* tags 01 to 20 */
};

/* The list that GET_FEATURE_REQUEST answers, clause 2.2: control codes of VERIFY_PIN_DIRECT and
 * MODIFY_PIN_DIRECT, 0 for what is not there. */
void pinpad_features(struct bytes list, uint32_t *verify_code, uint32_t *modify_code);

/* PIN_VERIFY_STRUCTURE or PIN_MODIFY_STRUCTURE, clauses 2.5.2 and 2.5.3. False: the position does not
 * fit its four bits, or the block its four. */
bool pinpad_request(const struct channel_pin *pin, struct writer *request) MUST_USE;

/* The reader's own status words, clause 2.5.4, become results; all others are the card's. */
enum channel_result pinpad_answer(struct bytes answer, struct writer *response) MUST_USE;

#endif
