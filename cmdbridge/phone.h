/*
 * Telephone numbers as account names (reference: CMD "Especificacao", UserId: `+351 9XXXXXXXX`, one
 * blank after the country code).
 */
#ifndef VICAR_CMDBRIDGE_PHONE_H
#define VICAR_CMDBRIDGE_PHONE_H

#include "iso7816/bytes.h"

enum { PHONE_SIZE = 32 };

/* Blanks, dots, hyphens and parentheses are dropped, a leading 00 is `+`, nine digits without a
 * country code are Portuguese. False when it is no number. The result is secret. */
bool phone_normalise(const char *typed, char phone[PHONE_SIZE]) MUST_USE;

/* `+351 9*****678`: enough for its owner to know it, too little for others. */
void phone_mask(const char *phone, char masked[PHONE_SIZE]);

#endif
