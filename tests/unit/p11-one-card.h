/*
 * For tests of the Cryptoki side that need one card: it is in the first reader from the set-up to the
 * end of a test.
 */
#ifndef VICAR_TESTS_UNIT_P11_ONE_CARD_H
#define VICAR_TESTS_UNIT_P11_ONE_CARD_H

#include "test-p11-cryptoki.h"

static struct applet_card *card;

/* `settings` as in p11_configure(); the card is freed by p11_teardown(). */
static inline void
p11_begin_with(const char *settings, struct applet_card *with)
{
	p11_begin(settings);
	card = with;
	fake_put(0, card);
}

static inline int
p11_setup(void **state)
{
	(void)state;
	p11_begin_with("", p11_fineid_v2());
	return 0;
}

static inline int
p11_setup_ec(void **state)
{
	(void)state;
	p11_begin_with("", p11_fineid_v4());
	return 0;
}

static inline int
p11_setup_remote(void **state)
{
	(void)state;
	p11_begin_with("", p11_remote());
	return 0;
}

static inline int
p11_teardown(void **state)
{
	(void)state;
	p11_end();
	applet_free(card);
	return 0;
}

#endif
