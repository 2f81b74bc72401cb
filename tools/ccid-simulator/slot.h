/*
 * A slot of the reader and the card in it: power, protocol, and one exchange at a time. A slot does what
 * reader and card do between them, so that the host is left with TPDUs: blocks of T=1 as they are, and
 * commands of T=0 whose procedure bytes are dealt with here.
 *
 * Times are milliseconds of a clock that only goes forward.
 */
#ifndef VICAR_TOOLS_CCID_SIMULATOR_SLOT_H
#define VICAR_TOOLS_CCID_SIMULATOR_SLOT_H

#include "chip.h"
#include "t0.h"
#include "t1.h"
#include "transmission.h"

enum {
	SLOT_TPDU_MAX = T1_BLOCK_MAX, /* of an answer; those of T=0 are shorter */
	/* How many waiting times are asked for before a key is used, which nothing interrupts. */
	SLOT_WORK_MULTIPLIER = 10,
};

enum slot_result {
	SLOT_ANSWERS, /* the TPDU is in the writer */
	SLOT_WAITS,   /* nothing yet: slot_tick() goes on at slot_due() */
	SLOT_ASKS,    /* the same, and the host is asked for `multiplier` times the waiting time */
	SLOT_MUTE,    /* the card says nothing */
	SLOT_WRONG,   /* the command is wrong from `wrong_at` on */
	SLOT_BROKEN,  /* the card does not keep to the protocol */
};

struct slot {
	const struct chip *chip; /* NULL: empty */
	struct transmission transmission;
	bool powered;
	bool negotiable; /* PPS may come: nothing else has since the reset */
	unsigned protocol;
	uint8_t structure[PROTOCOLS_LEN_MAX]; /* as the host has set it */
	size_t structure_len;                 /* 0: not set since the reset */

	enum { SLOT_IDLE, SLOT_DELAYED, SLOT_GRANTING, SLOT_WORKING } state;
	int64_t slow_ms; /* each use of a key takes so much longer */
	int64_t due;     /* when the delay is over */
	int64_t at;      /* when slot_tick() has something to do; CLOCK_NEVER: never */
	uint8_t multiplier;
	size_t wrong_at;
	struct t1 t1;
	struct t0_command t0;
	uint8_t t0_data[T0_DATA_MAX]; /* of `t0` */
	uint8_t rapdu[RAPDU_LEN_MAX];
};

/* An empty slot: all zero but `at`. */
void slot_init(struct slot *slot, int64_t slow_ms);
/* The card comes, or NULL: goes. It is borrowed and without power. */
void slot_put(struct slot *slot, const struct chip *chip);

/* The ATR in `answer`; any exchange ends. False: no card. */
bool slot_power_on(struct slot *slot, struct writer *answer) MUST_USE;
void slot_power_off(struct slot *slot);
/* False: not with this card, or not now. */
bool slot_set_protocol(struct slot *slot, unsigned protocol, struct bytes structure) MUST_USE;
/* What the host has set, else the card's own values. */
void slot_structure(const struct slot *slot, struct writer *answer);

/* `tpdu` is any bytes at all; the card has power and no exchange is open. `answer` has room for
 * SLOT_TPDU_MAX bytes. */
enum slot_result slot_exchange(struct slot *slot, int64_t now, struct bytes tpdu,
			       struct writer *answer) MUST_USE;
/* Once slot_due() has come. */
enum slot_result slot_tick(struct slot *slot, int64_t now, struct writer *answer) MUST_USE;
int64_t slot_due(const struct slot *slot);
/* An exchange is open that only slot_tick() answers. */
bool slot_is_busy(const struct slot *slot);
/* The host no longer waits. */
void slot_abandon(struct slot *slot);

#endif
