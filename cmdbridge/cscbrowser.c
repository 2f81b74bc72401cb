#include "cscbrowser.h"
#include "browser.h"
#include "cscoptions.h"
#include "language.h"
#include "peer.h"
#include "prompt.h"

#include <poll.h>
#include <stdio.h>
#include <time.h>

enum {
	TICK_MS = 250,
	/* vicard takes a bridge that says nothing for longer than its times allow for one that hangs. */
	WORD_EVERY_MS = 30000,
	PROGRESS_MAX = 400,
	DESCRIPTION_MAX = 1024,
	PAGE_MAX = 512,
};

struct wait {
	struct csc *csc;
	struct loopback *loopback;
	bool signs;
	struct browser browser;
	bool shown; /* the address, to the person */
};

static long
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const char *
csc_browser_page(void)
{
	static char page[PAGE_MAX];

	snprintf(page, sizeof(page), "<!DOCTYPE html><meta charset=utf-8><title>Vicar</title><p>%s",
		 tr("That is done; you can close this page."));
	return page;
}

static enum outcome
say(const struct wait *wait)
{
	char text[PROGRESS_MAX];

	snprintf(text, sizeof(text), "waiting for the owner's browser at %s",
		 loopback_start_url(wait->loopback));
	return csc_progress(wait->csc, text);
}

/* Where there is a terminal, it has the address from the progress; elsewhere a prompt shows it. */
static enum outcome
show(struct wait *wait)
{
	const struct service_use *use = wait->csc->use;
	const char *format =
	    wait->signs
		? tr_later("Confirm the signature at the service %s. Open this address in a "
			   "browser on this machine:")
		: tr_later("Log in to the service %s. Open this address in a browser on this "
			   "machine:");
	char text[DESCRIPTION_MAX], error[PROMPT_ERROR_MAX];
	const struct prompt prompt = {
	    .name = "browser",
	    .title = wait->signs ? tr("Vicar: confirm") : tr("Vicar: log in"),
	    .description = text,
	    .ok = tr("_OK"),
	    .timeout_s = use->config->code_lifetime_s,
	};
	int len;

	wait->shown = true;
	if (use->request->operation != BRIDGE_SIGN)
		return OUTCOME_OK;
	len = snprintf(text, sizeof(text), tr(format), use->config->name);
	if (len > 0 && (size_t)len < sizeof(text))
		snprintf(text + len, sizeof(text) - (size_t)len, "\n%s",
			 loopback_start_url(wait->loopback));
	switch (prompt_message(use->prompt, use->peer, &prompt, error)) {
	case PROMPT_OK:
	case PROMPT_TIMED_OUT: return OUTCOME_OK;
	case PROMPT_CANCELLED: return OUTCOME_NO_CONSENT;
	case PROMPT_IMPOSSIBLE: return csc_explain(wait->csc, OUTCOME_NO_PROMPT, "%s", error);
	case PROMPT_GONE: break;
	}
	return OUTCOME_GONE;
}

/* OUTCOME_OK: something may have come. */
static enum outcome
tick(struct wait *wait)
{
	struct pollfd polled[] = {
	    {loopback_fd(wait->loopback), POLLIN, 0},
	    {wait->csc->use->peer->fd, POLLIN | POLLRDHUP, 0},
	};

	if (poll(polled, 2, TICK_MS) > 0 && polled[1].revents != 0)
		return peer_state(wait->csc->use->peer) == PEER_CANCELS ? OUTCOME_CODE_CANCELLED
									: OUTCOME_GONE;
	if (!wait->shown && !browser_tend(&wait->browser))
		return show(wait);
	return OUTCOME_OK;
}

/* The listener's event comes when the browser has its page; the answer may be a little before. */
static bool
has_come(const struct wait *wait)
{
	struct pollfd polled = {loopback_fd(wait->loopback), POLLIN, 0};

	return poll(&polled, 1, 0) > 0;
}

enum outcome
csc_browser_wait(struct csc *csc, struct loopback *loopback, bool signs,
		 const struct loopback_answer **came)
{
	const struct service_config *config = csc->use->config;
	struct wait wait = {.csc = csc, .loopback = loopback, .signs = signs};
	const long until = now_ms() + 1000L * (long)config->code_lifetime_s;
	long word = now_ms() + WORD_EVERY_MS;
	enum outcome outcome = say(&wait);

	if (outcome == OUTCOME_OK && !browser_open(&wait.browser, config->options[CSC_BROWSER],
						   loopback_start_url(loopback)))
		outcome = show(&wait);
	while (outcome == OUTCOME_OK && !has_come(&wait)) {
		if (now_ms() >= until)
			return OUTCOME_NOT_CONFIRMED;
		outcome = tick(&wait);
		if (outcome == OUTCOME_OK && now_ms() >= word) {
			outcome = say(&wait);
			word = now_ms() + WORD_EVERY_MS;
		}
	}
	*came = loopback_answer(loopback);
	return outcome;
}
