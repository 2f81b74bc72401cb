/*
 * The slots that a card fills: one for each PIN that opens a private key.
 */
#ifndef VICAR_PKCS11_TOKEN_H
#define VICAR_PKCS11_TOKEN_H

#include "pkcs11/ifd.h"

void token_none(struct token *token, struct ifd *ifd, CK_SLOT_ID slot);
void token_clear(struct token *token); /* as after token_none(); wipes its PINs */

/* Of ifd->card, just bound, in a transaction: fills ifd->tokens and asks for the PINs' counters. */
enum smartcard_result token_make_all(struct ifd *ifd) MUST_USE;

/* Whether the key belongs to this slot. */
bool token_has_key(const struct token *token, const struct smartcard_private_key *key);

/* Finds what the keys of this slot can do, where that takes commands; in no transaction. */
CK_RV token_find_abilities(struct token *token);

/* Nobody is logged in any more, and the card is told if somebody was. */
void token_logout(struct token *token);
void token_logout_all(struct ifd *ifd);

/* Asks the card how the PIN stands. */
enum smartcard_result token_ask_state(struct token *token) MUST_USE;

#endif
