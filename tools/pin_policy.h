/*
 * What a new value of a PIN must not be, by [card] of vicar.conf(5). It is for new values alone: one that
 * is in force is never judged by it, nor is a PIN of a service, which has rules of its own.
 */
#ifndef VICAR_TOOLS_PIN_POLICY_H
#define VICAR_TOOLS_PIN_POLICY_H

#include "iso7816/bytes.h"
#include "tools/problem.h"

/* 1 << the place of the words of pin-complexity in vicar.conf. */
enum pin_complexity {
	PIN_NOT_SAME = 1,   /* 0000 */
	PIN_NOT_RUN = 2,    /* 1234, 9876 */
	PIN_NOT_REPEAT = 4, /* 1212, 123123 */
	PIN_NOT_DATE = 8,   /* 1979, 3112, 311279, 31121979, and the other ways round */
};

struct pin_policy {
	size_t length_min; /* of a PIN, not of a PUK */
	bool digits_only;
	unsigned complexity; /* enum pin_complexity, as bits */
};

struct config;

struct pin_policy pin_policy_of(const struct config *config);
/* That of the vicar.conf there is. */
bool pin_policy_load(struct pin_policy *policy, struct problem *error) MUST_USE;
/* `error` says why not, and never the value. */
bool pin_policy_allows(const struct pin_policy *policy, struct bytes value, bool is_puk,
		       struct problem *error) MUST_USE;

#endif
