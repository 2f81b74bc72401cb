/*
 * The way to a card: one command APDU out, one response APDU back. The module has it over PC/SC,
 * tests over a card in the process. What lies above sees no reader.
 */
#ifndef VICAR_PKCS11_CHANNEL_H
#define VICAR_PKCS11_CHANNEL_H

#include "iso7816/bytes.h"

enum channel_result {
	CHANNEL_OK,
	CHANNEL_REMOVED, /* there is no card any more; nothing will bring this one back */
	CHANNEL_RESET, /* somebody reset the card since the last command: this command was not sent,
			    the next one will be. All state of the card is gone */
	CHANNEL_FAILED, /* the reader or its service has trouble; whether the command arrived is not
			    known */
	CHANNEL_CANCELLED, /* PIN pad: the user cancelled; the card saw nothing */
	CHANNEL_TIMEOUT,   /* PIN pad: nobody typed; the card saw nothing */
};

/*
 * A PIN that the user types at the reader, PC/SC part 10. `command` is the whole command with the
 * pad byte (or, unpadded, nothing) where the PINs go. Offsets count from the first byte of the data
 * field. The reader sets Lc where PINs are not padded.
 */
struct channel_pin {
	bool change;          /* two PINs: MODIFY, else VERIFY */
	bool ask_old;         /* of a change: the first PIN is typed too */
	bool confirm;         /* of a change: the new PIN is typed twice */
	struct bytes command; /* borrowed */
	uint8_t min, max;     /* digits, of the PIN or of the new PIN */
	uint8_t stored;       /* bytes of one PIN in the command, 0: as many as digits */
	size_t old_offset, new_offset;
};

enum { CHANNEL_RESPONSE_MAX = 256 + 2 };

struct channel {
	void *context;
	/* `command` is a whole short APDU; `response` is empty with room for CHANNEL_RESPONSE_MAX
	 * bytes, and a response that does not fit sets its overflow. 61xx and 6Cxx are not to be acted
	 * on: transport.c does. */
	enum channel_result (*transmit)(void *context, struct bytes command,
					struct writer *response);
	/* NULL: the reader has no PIN pad. */
	enum channel_result (*pin_pad)(void *context, const struct channel_pin *pin,
				       struct writer *response);
	struct bytes atr; /* borrowed for the channel's life */
	/* Where OpenSSL finds its algorithms; NULL: in the program's own context, which a module that
	 * a program loads keeps away from. */
	struct ossl_lib_ctx_st *crypto;
	bool t0; /* the protocol in use is T=0: commands of case 4 go without Le */
	/* What the program is, for cards that ask (iso7816/program_text.h); borrowed; NULL: not said. */
	const char *program;
};

#endif
