/*
 * What an ATR says of the transmission, and what PPS agrees on: ISO/IEC 7816-3:2006 clauses 8.3, 9,
 * 10.2 and 11.4.
 */
#ifndef VICAR_TOOLS_CCID_SIMULATOR_TRANSMISSION_H
#define VICAR_TOOLS_CCID_SIMULATOR_TRANSMISSION_H

#include "iso7816/atr.h"

enum {
	TRANSMISSION_CLOCK_KHZ = 4000, /* of these readers */
	PPS_START = 0xFF,              /* PPSS */
	PPS_LEN_MAX = 6,
	PROTOCOLS_LEN_MAX = 7,
};

/* Each byte as the ATR has it, or its default. */
struct transmission {
	unsigned protocols; /* bit n set: T=n is offered */
	unsigned first_protocol;
	bool specific;        /* TA2: no PPS */
	uint8_t speed;        /* TA1: Fi and Di */
	uint8_t guard_time;   /* TC1 */
	uint8_t t0_waiting;   /* TC2: WI */
	uint8_t t1_card_size; /* IFSC: TA of T=1 */
	uint8_t t1_waiting;   /* BWI and CWI: TB of T=1 */
	bool t1_crc;          /* TC of T=1 */
};

/* `atr` was taken by atr_parse(). */
struct transmission transmission_of(const struct atr *atr);
bool transmission_offers(const struct transmission *transmission, unsigned protocol);

/* Milliseconds, rounded down, at TRANSMISSION_CLOCK_KHZ: the block waiting time of T=1 (clause
 * 11.4.3), without the part that depends on the speed; the waiting time of T=0 (10.2). */
unsigned transmission_bwt_ms(const struct transmission *transmission);
unsigned transmission_wt_ms(const struct transmission *transmission);

/* CCID 1.1 clause 6.1.7: abProtocolDataStructure of the card's own values. */
void transmission_put(const struct transmission *transmission, unsigned protocol,
		      struct writer *writer);
/* Is `data` such a structure? */
bool transmission_structure_valid(unsigned protocol, struct bytes data);

/* The card's answer to a PPS request (clause 9.3), which is as long at most: what it takes, with the
 * protocol in `protocol`. False: none, and the card says nothing. */
bool transmission_pps(const struct transmission *transmission, struct bytes request,
		      unsigned *protocol, struct writer *answer) MUST_USE;

#endif
