/*
 * PC/SC, pkcs11/pcsc.h. PC/SC workgroup specification part 5; pcsc-lite's API.
 */
#include "pkcs11/pcsc.h"

#include "iso7816/apdu.h"
#include "iso7816/atr.h"
#include "iso7816/sw.h"
#include "pkcs11/pinpad.h"

#include <reader.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <winscard.h>

enum {
	NAMES_MAX = PCSC_READERS_MAX * PCSC_NAME_MAX + 1,
	WITHOUT_PCSCD_MS = 250,
	WAIT_MS = 5000,
	/* How long pcscd may take to see that a card has gone. */
	GONE_MS = 10,
	GONE_TRIES = 20,
	/* Whoever reset a card may do so again before we have it; not for ever. */
	RESET_TRIES = 3,
};

/* pcsc-lite's reader that is no reader: its state changes when readers come or go. */
#define NEW_READERS "\\\\?PnP?\\Notification"

struct pcsc_card {
	SCARDCONTEXT context;
	SCARDHANDLE handle;
	DWORD protocol;
	uint8_t atr[ATR_LEN_MAX];
	size_t atr_len;
	unsigned stay;  /* of the card: insertions and removals when it was connected to */
	bool learnt;    /* these three */
	bool was_reset; /* since the last pcsc_begin() that said so */
	bool disturbed; /* see pcsc_disturbed() */
	struct channel channel;
	DWORD verify_code, modify_code; /* of PC/SC part 10; 0: the reader has none */
};

static void
pause_ms(long ms)
{
	const struct timespec pause = {0, ms * 1000000L};

	(void)nanosleep(&pause, NULL);
}

static bool
open_context(struct pcsc_context *context)
{
	SCARDCONTEXT handle = 0;

	if (context->open && SCardIsValidContext(context->handle) == SCARD_S_SUCCESS)
		return true;
	pcsc_context_close(context);
	if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &handle) != SCARD_S_SUCCESS)
		return false;
	context->handle = handle;
	context->open = true;
	return true;
}

void
pcsc_context_close(struct pcsc_context *context)
{
	if (context->open)
		(void)SCardReleaseContext(context->handle);
	pcsc_context_forget(context);
}

void
pcsc_context_forget(struct pcsc_context *context)
{
	context->open = false;
	context->handle = 0;
}

/* Names, each with its NUL, and a NUL at the end. False: pcscd has gone. */
static bool
list_readers(struct pcsc_context *context, char names[NAMES_MAX])
{
	DWORD room = NAMES_MAX;
	LONG rv = SCardListReaders(context->handle, NULL, names, &room);

	if (rv == SCARD_S_SUCCESS && room > 0 && room <= NAMES_MAX)
		return true;
	names[0] = '\0';
	return rv == SCARD_E_NO_READERS_AVAILABLE;
}

static bool
is_present(DWORD state)
{
	return (state & SCARD_STATE_PRESENT) != 0;
}

static unsigned
events_of(DWORD state)
{
	return (unsigned)(state >> 16) & 0xFFFF;
}

size_t
pcsc_survey(struct pcsc_context *context, struct pcsc_reader *readers)
{
	SCARD_READERSTATE states[PCSC_READERS_MAX];
	char names[NAMES_MAX];
	size_t count = 0;
	LONG rv;

	if (!open_context(context))
		return 0;
	if (!list_readers(context, names)) {
		pcsc_context_close(context);
		return 0;
	}
	memset(states, 0, sizeof(states));
	for (const char *name = names; *name != '\0' && count < PCSC_READERS_MAX;
	     name += strlen(name) + 1) {
		if (strlen(name) >= PCSC_NAME_MAX)
			continue;
		states[count].szReader = name;
		states[count].dwCurrentState = SCARD_STATE_UNAWARE;
		count++;
	}
	if (count == 0)
		return 0;
	rv = SCardGetStatusChange(context->handle, 0, states, (DWORD)count);
	if (rv != SCARD_S_SUCCESS && rv != SCARD_E_TIMEOUT) {
		if (rv != SCARD_E_UNKNOWN_READER)
			pcsc_context_close(context);
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		(void)snprintf(readers[i].name, PCSC_NAME_MAX, "%s", states[i].szReader);
		readers[i].present = is_present(states[i].dwEventState);
		readers[i].events = events_of(states[i].dwEventState);
	}
	return count;
}

enum pcsc_waited
pcsc_wait(struct pcsc_context *context, const struct pcsc_reader *readers, size_t count)
{
	SCARD_READERSTATE states[PCSC_READERS_MAX + 1];
	LONG rv;

	memset(states, 0, sizeof(states));
	for (size_t i = 0; i < count; i++) {
		states[i].szReader = readers[i].name;
		states[i].dwCurrentState =
		    (DWORD)(readers[i].present ? SCARD_STATE_PRESENT : SCARD_STATE_EMPTY) |
		    ((DWORD)readers[i].events << 16);
	}
	states[count].szReader = NEW_READERS;
	/* It notices readers that come while it waits; one that came between the survey and here is
	 * seen when the time is over. */
	states[count].dwCurrentState = SCARD_STATE_UNAWARE;
	if (!open_context(context)) {
		pause_ms(WITHOUT_PCSCD_MS);
		return PCSC_CHANGED;
	}
	rv = SCardGetStatusChange(context->handle, WAIT_MS, states, (DWORD)count + 1);
	if (rv == SCARD_E_CANCELLED)
		return PCSC_CANCELLED;
	if (rv != SCARD_S_SUCCESS && rv != SCARD_E_TIMEOUT && rv != SCARD_E_UNKNOWN_READER)
		pcsc_context_close(context);
	return PCSC_CHANGED;
}

void
pcsc_wait_cancel(struct pcsc_context *context)
{
	if (context->open)
		(void)SCardCancel(context->handle);
}

static enum channel_result
result_of(LONG rv)
{
	switch (rv) {
	case SCARD_S_SUCCESS: return CHANNEL_OK;
	case SCARD_W_RESET_CARD: return CHANNEL_RESET;
	case SCARD_W_REMOVED_CARD:
	case SCARD_E_NO_SMARTCARD:
	case SCARD_E_UNKNOWN_READER:
	case SCARD_E_READER_UNAVAILABLE:
	/* pcscd has gone, and with it what we know of the card */
	case SCARD_E_INVALID_HANDLE:
	case SCARD_E_NO_SERVICE:
	case SCARD_E_SERVICE_STOPPED: return CHANNEL_REMOVED;
	default: return CHANNEL_FAILED;
	}
}

static LONG
reconnect(struct pcsc_card *card, DWORD initialization)
{
	return SCardReconnect(card->handle, SCARD_SHARE_SHARED,
			      SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, initialization,
			      &card->protocol);
}

/* Also of a card that has no power. Programs hear of a reset before it is made: whose connection was
 * renewed meanwhile is not told, but the card has no protocol then, until somebody connects. */
static LONG
ask_state(const struct pcsc_card *card, DWORD *state)
{
	uint8_t atr[ATR_LEN_MAX];
	DWORD protocol = SCARD_PROTOCOL_UNDEFINED, atr_len = sizeof(atr);
	LONG rv = SCardStatus(card->handle, NULL, NULL, state, &protocol, atr, &atr_len);

	if (rv != SCARD_S_SUCCESS)
		*state = 0;
	return rv == SCARD_S_SUCCESS && protocol == SCARD_PROTOCOL_UNDEFINED ? SCARD_W_RESET_CARD
									     : rv;
}

static bool
is_without_power(DWORD state)
{
	return (state & SCARD_PRESENT) != 0 && (state & SCARD_POWERED) == 0;
}

/* SCardReconnect takes whatever card is there, in whatever protocol somebody else speaks with it. */
static bool
is_same(const struct pcsc_card *card, DWORD state)
{
	return !card->learnt || (events_of(state) == card->stay &&
				 card->channel.t0 == (card->protocol == SCARD_PROTOCOL_T0));
}

/*
 * After another program's reset the connection must be renewed, or every call fails. If that program has
 * taken the card's power (SCARD_UNPOWER_CARD), pcsc-lite 1.9.9 leaves it so and takes it for powered: all
 * commands fail, and with SCARD_W_UNPOWERED_CARD all new connections, until somebody resets it. A reader
 * that sets the protocol, as libccid's do, refuses to without power.
 */
static LONG
renew(struct pcsc_card *card)
{
	LONG rv = reconnect(card, SCARD_LEAVE_CARD);
	DWORD state = 0;

	if (rv == SCARD_W_UNRESPONSIVE_CARD ||
	    (rv == SCARD_S_SUCCESS && ask_state(card, &state) == SCARD_S_SUCCESS &&
	     is_without_power(state)))
		rv = reconnect(card, SCARD_RESET_CARD);
	/* Of another reset the next call tells. */
	if (rv == SCARD_S_SUCCESS && ask_state(card, &state) == SCARD_S_SUCCESS &&
	    !is_same(card, state))
		rv = SCARD_W_REMOVED_CARD;
	return rv;
}

/* What a call is told that found the card reset: that, or that it has gone meanwhile. */
static LONG
after_reset(struct pcsc_card *card)
{
	LONG rv = renew(card);

	if (rv != SCARD_S_SUCCESS)
		return rv;
	card->was_reset = true;
	return SCARD_W_RESET_CARD;
}

/*
 * A card or a pcscd that goes in the midst of a call breaks it off with an error of its own
 * (SCARD_E_NOT_TRANSACTED, SCARD_F_COMM_ERROR); that it has gone is told to a later one. So does a card
 * that others reset, or whose power they take, after the connection was renewed.
 */
static enum channel_result
result_of_call(struct pcsc_card *card, LONG rv)
{
	enum channel_result result = result_of(rv);
	bool renewed = false;

	card->disturbed = false;
	for (int tries = 0; result == CHANNEL_FAILED && !card->disturbed && tries < GONE_TRIES;
	     tries++) {
		DWORD state = 0;
		LONG now;

		if (tries > 0)
			pause_ms(GONE_MS);
		now = ask_state(card, &state);
		if (!renewed && (now == SCARD_W_RESET_CARD || is_without_power(state))) {
			renewed = true;
			now = after_reset(card);
			card->disturbed = now == SCARD_W_RESET_CARD;
		}
		if (result_of(now) == CHANNEL_REMOVED)
			result = CHANNEL_REMOVED;
	}
	return result;
}

static enum channel_result
transmit(void *context, struct bytes command, struct writer *response)
{
	struct pcsc_card *card = context;
	uint8_t answer[RAPDU_LEN_MAX];
	DWORD len = sizeof(answer);
	LONG rv = SCardTransmit(card->handle,
				card->protocol == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 : SCARD_PCI_T1,
				command.data, (DWORD)command.len, NULL, answer, &len);

	if (rv == SCARD_S_SUCCESS && len <= sizeof(answer))
		writer_put(response, (struct bytes){answer, len});
	/* The second: it has no protocol, see ask_state(), or another one. */
	else if (rv == SCARD_W_RESET_CARD || rv == SCARD_E_PROTO_MISMATCH)
		rv = after_reset(card);
	return result_of_call(card, rv);
}

static enum channel_result
pin_pad(void *context, const struct channel_pin *pin, struct writer *response)
{
	struct pcsc_card *card = context;
	uint8_t request[PINPAD_REQUEST_MAX], answer[RAPDU_LEN_MAX];
	struct writer writer = writer_to(request, sizeof(request));
	DWORD len = sizeof(answer), code = pin->change ? card->modify_code : card->verify_code;
	DWORD state;
	LONG rv;

	if (code == 0 || !pinpad_request(pin, &writer))
		return CHANNEL_FAILED;
	/* SCardControl tells of no reset, and the PIN would go to a card that has forgotten its DF. */
	rv = ask_state(card, &state);
	if (rv == SCARD_W_RESET_CARD)
		rv = after_reset(card);
	if (rv == SCARD_S_SUCCESS)
		rv = SCardControl(card->handle, code, request, (DWORD)writer.len, answer,
				  sizeof(answer), &len);
	if (rv != SCARD_S_SUCCESS)
		return result_of_call(card, rv);
	return pinpad_answer((struct bytes){answer, len}, response);
}

static void
find_pin_pad(struct pcsc_card *card)
{
	uint8_t answer[PINPAD_FEATURES_MAX];
	uint32_t verify_code = 0, modify_code = 0;
	DWORD len = 0;

	if (SCardControl(card->handle, CM_IOCTL_GET_FEATURE_REQUEST, NULL, 0, answer,
			 sizeof(answer), &len) != SCARD_S_SUCCESS ||
	    len > sizeof(answer))
		return;
	pinpad_features((struct bytes){answer, len}, &verify_code, &modify_code);
	card->verify_code = verify_code;
	card->modify_code = modify_code;
}

/* The ATR. A call that tells of a reset fills in nothing. */
static LONG
learn(struct pcsc_card *card)
{
	DWORD state = 0, protocol = SCARD_PROTOCOL_UNDEFINED, atr_len = sizeof(card->atr);
	LONG rv = SCardStatus(card->handle, NULL, NULL, &state, &protocol, card->atr, &atr_len);

	if (rv != SCARD_S_SUCCESS)
		return rv;
	if (protocol == SCARD_PROTOCOL_UNDEFINED)
		return SCARD_W_RESET_CARD;
	/* After a reset that failed. */
	if (atr_len == 0 || atr_len > sizeof(card->atr))
		return SCARD_W_UNRESPONSIVE_CARD;
	card->atr_len = atr_len;
	card->stay = events_of(state);
	card->learnt = true;
	return rv;
}

enum channel_result
pcsc_connect(const char *reader, struct pcsc_card **made)
{
	struct pcsc_card *card = calloc(1, sizeof(*card));
	enum channel_result result = CHANNEL_FAILED;
	LONG rv;

	*made = NULL;
	if (card == NULL)
		return CHANNEL_FAILED;
	if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &card->context) !=
	    SCARD_S_SUCCESS) {
		free(card);
		return CHANNEL_REMOVED;
	}
	rv = SCardConnect(card->context, reader, SCARD_SHARE_SHARED,
			  SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &card->handle, &card->protocol);
	if (rv == SCARD_S_SUCCESS)
		rv = learn(card);
	for (int tries = 0; rv == SCARD_W_RESET_CARD && tries < RESET_TRIES; tries++) {
		card->was_reset = true;
		rv = renew(card);
		if (rv == SCARD_S_SUCCESS)
			rv = learn(card);
	}
	/* pcscd ended meanwhile */
	result = rv == SCARD_F_COMM_ERROR ? CHANNEL_REMOVED : result_of(rv);
	if (result != CHANNEL_OK)
		goto out;
	find_pin_pad(card);
	card->channel = (struct channel){
	    .context = card,
	    .transmit = transmit,
	    .pin_pad = card->verify_code != 0 ? pin_pad : NULL,
	    .atr = {card->atr, card->atr_len},
	    .t0 = card->protocol == SCARD_PROTOCOL_T0,
	};
	*made = card;
out:
	if (result != CHANNEL_OK)
		pcsc_disconnect(card);
	return result;
}

void
pcsc_disconnect(struct pcsc_card *card)
{
	if (card == NULL)
		return;
	if (card->handle != 0)
		(void)SCardDisconnect(card->handle, SCARD_LEAVE_CARD);
	(void)SCardReleaseContext(card->context);
	free(card);
}

const struct channel *
pcsc_channel(const struct pcsc_card *card)
{
	return &card->channel;
}

enum channel_result
pcsc_begin(struct pcsc_card *card, bool *reset)
{
	LONG rv = SCardBeginTransaction(card->handle);

	for (int tries = 0; rv == SCARD_W_RESET_CARD && tries < RESET_TRIES; tries++) {
		card->was_reset = true;
		rv = renew(card);
		if (rv == SCARD_S_SUCCESS)
			rv = SCardBeginTransaction(card->handle);
	}
	*reset = card->was_reset;
	card->was_reset = rv != SCARD_S_SUCCESS && card->was_reset;
	return result_of_call(card, rv);
}

bool
pcsc_disturbed(const struct pcsc_card *card)
{
	return card->disturbed;
}

void
pcsc_end(struct pcsc_card *card, bool reset)
{
	const DWORD what = reset ? SCARD_RESET_CARD : SCARD_LEAVE_CARD;
	LONG rv = SCardEndTransaction(card->handle, what);

	if (rv == SCARD_W_RESET_CARD) {
		card->was_reset = true;
		rv = renew(card);
		if (rv == SCARD_S_SUCCESS)
			rv = SCardEndTransaction(card->handle, what);
	}
	/* Who is told something else goes on having the card, and the next one that comes, for himself. */
	if (rv != SCARD_S_SUCCESS) {
		(void)SCardDisconnect(card->handle, SCARD_LEAVE_CARD);
		card->handle = 0;
	}
}
