/*
 * When a remote key is not asked, though a program wants it (design.md, "Nothing leaves before the
 * owner says yes" and the paragraph after it). Pure: time is handed in, in milliseconds of any
 * clock that does not go backwards.
 *
 *   after a cancel (6401)            6401 at once for refusal_pause_ms, whatever the key
 *   after any other failure          the same status word for the same key and input, for
 *                                    repeat_window_ms. But for 63Cx: the engine itself refuses the
 *                                    PIN that was wrong, so a repetition brings another one.
 *   the key's certificate expired    6F18
 */
#ifndef VICAR_TOOLS_VICARD_RULES_H
#define VICAR_TOOLS_VICARD_RULES_H

#include "emulator/key.h"

#include <openssl/sha.h>
#include <time.h>

enum { RULES_TELL_MS = 10000 };

struct rules {
	uint64_t refusal_pause_ms;
	uint64_t repeat_window_ms;
	bool cancelled;
	uint64_t cancelled_at;
	bool failed;
	uint64_t failed_at;
	uint16_t failed_sw;
	uint8_t failed_use[SHA256_DIGEST_LENGTH]; /* of key and input */
	bool told;
	uint64_t told_at;
	uint16_t told_sw;
};

void rules_init(struct rules *rules, unsigned refusal_pause_ms, unsigned repeat_window_ms);
/* True: ask. False: answer `sw` without a call; `why` is the sentence for the journal. */
bool rules_allow(const struct rules *rules, uint64_t now_ms, const struct key_request *request,
		 bool expired, uint16_t *sw, const char **why) MUST_USE;
/* The first of these rules alone, for prompts that are about no key: false, as rules_allow(). */
bool rules_may_ask(const struct rules *rules, uint64_t now_ms, uint16_t *sw,
		   const char **why) MUST_USE;
/* The owner has cancelled a prompt. */
void rules_cancelled(struct rules *rules, uint64_t now_ms);
/* True: a refusal with `sw` is worth a line in journal and log. Any user of the machine may be behind
 * it and ask a thousand times a second; the same refusal is told once in RULES_TELL_MS. */
bool rules_tell(struct rules *rules, uint64_t now_ms, uint16_t sw) MUST_USE;
/* What became of a use that rules_allow() allowed. */
void rules_learn(struct rules *rules, uint64_t now_ms, const struct key_request *request,
		 uint16_t sw);

/* notAfter of a DER certificate, RFC 5280 section 4.1.2.5, has passed. A certificate that cannot
 * be read has not: the service and the check of its signature will tell. */
bool rules_certificate_expired(struct bytes certificate, time_t now);

#endif
