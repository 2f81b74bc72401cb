/*
 * One command and its whole answer over a channel of short APDUs: command chaining (ISO/IEC 7816-4
 * clause 5.3.3), GET RESPONSE after 61xx and repetition after 6Cxx (ISO/IEC 7816-3 clause 12.2.1).
 *
 * A card may say anything: an answer ends when `response` is full, after TRANSPORT_ROUNDS_MAX
 * exchanges, or when a part brings nothing. That is SMARTCARD_PROTOCOL.
 */
#ifndef VICAR_PKCS11_TRANSPORT_H
#define VICAR_PKCS11_TRANSPORT_H

#include "iso7816/apdu.h"
#include "smartcard.h"

enum { TRANSPORT_ROUNDS_MAX = 256 };

/*
 * SMARTCARD_OK when the card gave a status word, whichever: it is in card->sw, without 61xx and
 * 6Cxx. `response` is appended to; NULL where no data is wanted, data is then SMARTCARD_PROTOCOL.
 * Data longer than 255 bytes is chained. command->ne is at most 256 here: longer answers come by
 * 61xx. Say the exact Ne of a signature: a repetition after 6Cxx may sign another hash (fineid.md
 * 4.10).
 */
enum smartcard_result transport_send(struct smartcard *card, const struct capdu *command,
				     struct writer *response) MUST_USE;
/* The same, and the status word is judged: anything but 9000 is SMARTCARD_NOT_VERIFIED for 6982, else
 * SMARTCARD_REFUSED. */
enum smartcard_result transport_command(struct smartcard *card, const struct capdu *command,
					struct writer *response) MUST_USE;

/* A command that carries or changes PINs, typed at the reader. Status words as transport_send(). */
enum smartcard_result transport_pin_pad(struct smartcard *card,
					const struct channel_pin *pin) MUST_USE;

#endif
