/*
 * A service whose answers the fuzzer spoils, and what else a maker meets on its way: for the harnesses of
 * whole makers, which run with calls to HTTP, prompts, the parent, the clock and poll() led here by the
 * linker (--wrap).
 *
 * Each message of the input says what becomes of one answer. An empty one leaves it as it is. Else the
 * first byte:
 *   00..3F  bytes are cut out of it and others put in: offset in two bytes, count in one, the others
 *   40..BF  the rest is in its place, with an HTTP status by the lowest three bits
 *   C0..FF  none comes, by one of http.h's results
 * When there are no more messages the service is honest.
 */
#ifndef VICAR_TESTS_FUZZ_LYING_H
#define VICAR_TESTS_FUZZ_LYING_H

#include "cmdbridge/http.h"
#include "cmdbridge/service.h"

/* `people` is what prompts are answered by, a byte each: 00..EF the owner agrees, or types the value of
 * that number; F0..FF another of prompt.h's results. `cancels_after` is how many looks at the parent it
 * takes until it cancels; 255: it does not. */
void lying_begin(struct reader lies, struct bytes people, uint8_t cancels_after);

/* The harness's: what an honest service says. */
void honest_answer(const struct http_request *request, struct writer *answer);

/* Runs one use to its end and holds what comes of it against bridge.h. True: `result` is a success, with
 * views that are good until the next run. */
bool lying_run(const struct service_config *config, const struct bridge_request *request,
	       struct bridge_result *result);

/* A file of the fixtures. */
struct bytes lying_fixture(const char *path);

#endif
