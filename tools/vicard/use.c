/*
 * One use of vicar-bridge, tools/vicard/use.h.
 */
#include "use.h"

#include "emulator/image.h"
#include "iso7816/sw.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

enum {
	SILENCE_MARGIN_MS = 5000,
	/* A use with each question that can be asked takes fewer than twenty; one that never ends would
	 * hold up the poll loop and fill the journal. */
	WORDS_MAX = 64,
};

static void
set_state(struct use *use, struct bytes text)
{
	size_t len = text.len < sizeof(use->state) ? text.len : sizeof(use->state) - 1;

	for (size_t i = 0; i < len; i++) {
		uint8_t c = text.data[i];

		use->state[i] = (char)(c < 0x20 || c == 0x7F ? '?' : c);
	}
	use->state[len] = '\0';
}

void
use_init(struct use *use, const struct config *config, struct journal *journal)
{
	memset(use, 0, sizeof(*use));
	use->config = config;
	use->journal = journal;
	bridge_init(&use->bridge);
	set_state(use, BYTES_TEXT("idle"));
}

/* No part of the bridge's work takes longer without a word than these together. */
static void
expect_word(struct use *use, uint64_t now_ms)
{
	use->silent_at = now_ms + SILENCE_MARGIN_MS + 1000ULL * use->config->prompt_timeout_s;
	if (use->service != NULL)
		use->silent_at += 1000ULL * use->service->code_lifetime_s +
				  use->service->connect_timeout_ms +
				  use->service->transfer_timeout_ms;
}

static const struct service_config *
service_of(const struct use *use, struct bytes name)
{
	char text[IMAGE_NAME_MAX];

	(void)snprintf(text, sizeof(text), "%.*s", (int)name.len, (const char *)name.data);
	return config_service(use->config, text);
}

bool
use_begin(struct use *use, uint64_t now_ms, const struct bridge_request *request)
{
	uint8_t room[BRIDGE_MESSAGE_MAX];
	struct writer writer = writer_to(room, sizeof(room));
	bool ok = bridge_request_encode(request, &writer) &&
		  bridge_start(&use->bridge, now_ms, writer_bytes(&writer));

	OPENSSL_cleanse(room, writer.len);
	if (!ok)
		return false;
	use->waiting = true;
	use->opened = use->started = use->process_told = false;
	use->cancelled = NULL;
	use->words = 0;
	use->operation = request->operation;
	use->documents_count = request->documents_count;
	use->service = request->operation == BRIDGE_ASK ? NULL : service_of(use, request->service);
	set_state(use, BYTES_TEXT("waiting for the owner"));
	expect_word(use, now_ms);
	return true;
}

bool
use_open(struct use *use, const struct journal_use *about)
{
	use->opened = journal_begin(use->journal, time(NULL), about, &use->id);
	return use->opened;
}

bool
use_go(struct use *use)
{
	use->started = bridge_go(&use->bridge);
	return use->started;
}

static void
end_with(struct use_end *end, uint16_t sw)
{
	memset(end, 0, sizeof(*end));
	end->sw = sw;
}

void
use_give_up(const struct use *use, const char *why, struct use_end *end)
{
	end_with(end, use->started ? SW_FATE_UNKNOWN : SW_SERVICE_UNREACHABLE);
	if (use->started)
		(void)snprintf(
		    end->text, sizeof(end->text),
		    "fate unknown: %s after the service was asked; look in the account's "
		    "history whether a signature was made",
		    why);
	else
		(void)snprintf(end->text, sizeof(end->text),
			       "%s before the service was asked; try again, and see vicard's log",
			       why);
}

void
use_abandon(const struct use *use, const char *why, struct use_end *end)
{
	end_with(end, use->started ? SW_FATE_UNKNOWN : SW_PROMPT_CANCELLED);
	if (use->started)
		(void)snprintf(
		    end->text, sizeof(end->text),
		    "fate unknown: nobody waits for the service's answer any more, because "
		    "%s; look in the account's history whether a signature was made",
		    why);
	else
		(void)snprintf(end->text, sizeof(end->text),
			       "the service was not asked, because %s", why);
}

void
use_cancel_prompts(struct use *use, const char *why)
{
	if (!use->waiting || use->cancelled != NULL)
		return;
	use->cancelled = why;
	bridge_cancel(&use->bridge);
}

/* Not by the owner at the prompt. */
static void
end_cancelled(const struct use *use, struct use_end *end)
{
	end_with(end, SW_PROMPT_CANCELLED);
	(void)snprintf(end->text, sizeof(end->text), "%s, because %s; sign again",
		       use->started ? "no code was asked for any more"
				    : "the service was not asked",
		       use->cancelled);
}

static bool
outputs_sound(const struct use *use, const struct bridge_result *result)
{
	if (result->outputs_count != use->documents_count)
		return false;
	for (size_t i = 0; i < result->outputs_count; i++)
		if (result->outputs[i].len == 0 || result->outputs[i].len > KEY_OUTPUT_MAX)
			return false;
	return true;
}

/* SW_OK or a row of design.md's table; 63Cx only for a call that was made. */
static bool
result_sound(const struct use *use, const struct bridge_result *result)
{
	if (result->sw == SW_OK && use->operation == BRIDGE_ASK)
		return result->pin.len > 0;
	if (result->sw == SW_OK)
		return use->started && outputs_sound(use, result);
	if (sw_is_tries(result->sw, NULL))
		return use->started;
	return result->sw == SW_PROMPT_TIMEOUT || result->sw == SW_PROMPT_CANCELLED ||
	       result->sw == SW_BLOCKED || result->sw == SW_CONDITIONS ||
	       result->sw == SW_INCORRECT_DATA || result->sw == SW_MEMORY_FAILURE ||
	       (result->sw >= SW_SERVICE_UNREACHABLE && result->sw <= SW_SERVICE_OTHER);
}

/* The process is the same in all steps of a use, and said once. */
static void
tell_step(struct use *use, struct bytes process, struct bytes text)
{
	if (!use->started)
		return;
	journal_step(use->journal, time(NULL), use->id, use->process_told ? BYTES_NONE : process,
		     text);
	use->process_told = use->process_told || process.len > 0;
}

static void
take_result(struct use *use, struct bytes message, struct use_end *end)
{
	struct bridge_result result;

	if (!bridge_result_decode(message, &result) || !result_sound(use, &result)) {
		use_give_up(use, "vicar-bridge gave a result that is not understood", end);
		return;
	}
	if (!use->process_told && result.process_id.len > 0)
		tell_step(use, result.process_id, BYTES_TEXT("the service has named the process"));
	if (use->cancelled != NULL && result.sw == SW_PROMPT_CANCELLED) {
		end_cancelled(use, end);
		return;
	}
	end_with(end, sw_is_tries(result.sw, NULL) ? SW_AUTHENTICATION : result.sw);
	end->pin_doubtful = result.pin_doubtful;
	if (result.sw == SW_OK) {
		memcpy(end->outputs, result.outputs, sizeof(end->outputs));
		end->outputs_count = result.outputs_count;
		end->pin = result.pin;
	}
	if (result.text.len == 0)
		(void)snprintf(end->text, sizeof(end->text), "%s",
			       end->sw == SW_OK ? "signed by the service, and verified"
						: sw_text(end->sw));
	else
		(void)snprintf(end->text, sizeof(end->text), "%.*s%s%.*s", (int)result.text.len,
			       (const char *)result.text.data, result.next.len > 0 ? " " : "",
			       (int)result.next.len, (const char *)result.next.data);
}

static enum use_event
take_message(struct use *use, struct bytes message, struct use_end *end)
{
	struct bridge_progress progress;
	enum bridge_kind kind;

	if (!bridge_kind(message, &kind)) {
		use_give_up(use, "vicar-bridge said what is not understood", end);
		return USE_ENDED;
	}
	switch (kind) {
	case BRIDGE_START:
		if (message.len != 1 || use->started || use->operation == BRIDGE_ASK)
			break;
		if (use->cancelled == NULL)
			return USE_STARTS;
		end_cancelled(use, end);
		return USE_ENDED;
	case BRIDGE_PROGRESS:
		if (!bridge_progress_decode(message, &progress))
			break;
		set_state(use, progress.text);
		tell_step(use, progress.process_id, progress.text);
		return USE_TOLD;
	case BRIDGE_RESULT: take_result(use, message, end); return USE_ENDED;
	case BRIDGE_REQUEST:
	case BRIDGE_GO:
	case BRIDGE_CANCEL: break;
	}
	use_give_up(use, "vicar-bridge said what is out of order", end);
	return USE_ENDED;
}

enum use_event
use_next(struct use *use, uint64_t now_ms, uint8_t *room, struct use_end *end)
{
	struct bytes message;

	switch (bridge_receive(&use->bridge, room, &message)) {
	case BRIDGE_NOTHING:
		if (now_ms < use->silent_at)
			return USE_NOTHING;
		use_give_up(use, "vicar-bridge did not answer in time", end);
		return USE_ENDED;
	case BRIDGE_GONE: use_give_up(use, "vicar-bridge ended", end); return USE_ENDED;
	case BRIDGE_MESSAGE: break;
	}
	if (++use->words > WORDS_MAX) {
		use_give_up(use, "vicar-bridge does not stop talking", end);
		return USE_ENDED;
	}
	expect_word(use, now_ms);
	return take_message(use, message, end);
}

void
use_close(struct use *use, uint64_t now_ms, const struct journal_use *about, uint16_t sw,
	  const char *text)
{
	if (about != NULL && use->opened)
		journal_done(use->journal, time(NULL), use->id, sw, text);
	else if (about != NULL)
		journal_none(use->journal, time(NULL), about, sw, text);
	bridge_end(&use->bridge, now_ms);
	use->waiting = use->opened = use->started = use->process_told = false;
	set_state(use, BYTES_TEXT("idle"));
}
