/*
 * The link between the reader (libifdvicar.so inside pcscd) and the card (vicard).
 *
 * The card listens on a SOCK_SEQPACKET socket in the reader's directory, the reader connects. One
 * message is one datagram; its first byte is the kind, what follows belongs to that kind. Lengths
 * are those of the datagram: there is no length field and no reassembly.
 *
 *   card    -> reader   HELLO version(1) ATR            once, right after accept; the card is present
 *   card    -> reader   SWAPPED                         at any time, its last message: another card is to
 *                                                       have its slot; the card closes
 *   reader  -> card     FULL                            no free slot; the reader closes
 *   reader  -> card     POWER_ON                        card -> reader  POWERED ATR
 *   reader  -> card     RESET                           card -> reader  POWERED ATR
 *   reader  -> card     POWER_OFF                       card -> reader  DONE
 *   reader  -> card     TRANSMIT protocol(1) C-APDU     card -> reader  RESPONSE R-APDU
 *   reader  -> card     PIN_VERIFY structure            card -> reader  RESPONSE SW1 SW2
 *   reader  -> card     PIN_MODIFY structure            card -> reader  RESPONSE SW1 SW2
 *   card    -> reader   BUSY                            at least every LINK_BUSY_MS while a request is
 *                                                       open; says that somebody is being waited for.
 *                                                       Power and reset wait for nobody
 *
 * The structures are PIN_VERIFY_STRUCTURE and PIN_MODIFY_STRUCTURE of PC/SC part 10, 2.5.2 and 2.5.3, as a
 * program gave them: of their length alone the reader is sure. What the owner types is no part of any
 * message: it never comes into pcscd.
 *
 * The reader has at most one request open. A kind, a length or an order that is not listed makes
 * the other end close the connection. A closed connection is the card's removal; for the card it
 * is a power-off that also ends any request.
 *
 * Sockets are named UID-NAME.sock, UID in decimal without leading zeros. The reader accepts one only
 * if the file's owner, the peer's SO_PEERCRED uid and the UID in the name agree; the card serves only
 * root or the configured pcscd user.
 */
#ifndef VICAR_IFDHANDLER_LINK_H
#define VICAR_IFDHANDLER_LINK_H

#define LINK_DIRECTORY "/run/vicar"
#define LINK_SUFFIX ".sock"

enum {
	LINK_VERSION = 1,
	LINK_ATR_MAX = 33,
	LINK_CAPDU_MAX = 65544, /* ISO/IEC 7816-4 extended: 4 + 3 + 65535 + 2 */
	LINK_RAPDU_MAX = 65538, /* 65536 + 2 */
	LINK_MESSAGE_MAX = LINK_CAPDU_MAX + 2,
	LINK_PIN_VERIFY_HEADER = 19, /* bytes of the structure before the command */
	LINK_PIN_MODIFY_HEADER = 24,
	LINK_PIN_COMMAND_MIN = 4,           /* CLA INS P1 P2 */
	LINK_PIN_COMMAND_MAX = 4 + 1 + 255, /* Lc, data */
	LINK_PIN_ANSWER = 2,
	LINK_NAME_MAX = 64,  /* longest card name */
	LINK_HELLO_MS = 200, /* the reader waits so long for a hello when its channel is created */
	LINK_BUSY_MS = 2000,
	LINK_SILENCE_MS = 10000, /* after so long without an answer or BUSY the reader hangs up */
};

enum link_kind {
	LINK_HELLO = 0x01,
	LINK_POWERED = 0x02,
	LINK_DONE = 0x03,
	LINK_RESPONSE = 0x04,
	LINK_BUSY = 0x05,
	LINK_SWAPPED = 0x06,
	LINK_POWER_ON = 0x81,
	LINK_RESET = 0x82,
	LINK_POWER_OFF = 0x83,
	LINK_TRANSMIT = 0x84,
	LINK_PIN_VERIFY = 0x85,
	LINK_PIN_MODIFY = 0x86,
	LINK_FULL = 0x8F,
};

#endif
