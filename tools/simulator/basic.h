/*
 * HTTP Basic authentication (RFC 7617).
 */
#ifndef VICAR_TOOLS_SIMULATOR_BASIC_H
#define VICAR_TOOLS_SIMULATOR_BASIC_H

#include "iso7816/bytes.h"

enum sim_basic_result { SIM_BASIC_PARSED, SIM_BASIC_NOT_BASIC, SIM_BASIC_MALFORMED };

enum { SIM_BASIC_MAX = 128 };

struct sim_basic {
	char text[SIM_BASIC_MAX]; /* user, NUL, password, NUL */
	const char *user, *password;
};

/* `header`: the Authorization header, NULL when there is none; the scheme's name in any case. The
 * caller wipes `basic`, which must not be moved. */
enum sim_basic_result sim_basic_parse(const char *header, struct sim_basic *basic) MUST_USE;
/* In a time that does not tell where the texts differ. */
bool sim_texts_are_equal(const char *a, const char *b);

#endif
