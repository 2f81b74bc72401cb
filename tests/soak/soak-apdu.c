/*
 * Sends APDUs to whatever card is in one reader, by PC/SC alone, and knows what each must answer
 * (script.h). Whatever happens to card, reader or pcscd, it goes on by itself.
 *
 * usage: soak-apdu BOARD CLIENT READER SCRIPT SEED [hold]
 *
 * With `hold` it begins a transaction, says "held" on standard output, and sends APDUs in it until it
 * is killed.
 */
#include "tests/soak/board.h"
#include "tests/soak/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <winscard.h>

enum {
	/* In one transaction; then the card is left to others, who ask for it every 100 ms
	 * (PCSCLITE_LOCK_POLL_RATE). */
	EXCHANGES = 1000,
	OTHERS_MS = 110,
	REST_MS = 3000,
	PATIENCE_MS = 500,
	RETRY_MS = 20,
	/* One in so many transactions. */
	OWN_PIN = 3,
	RESETS = 16,
	RECONNECTS = 16,
	NEW_CONTEXTS = 64,
	TRIES_MIN = 3, /* a wrong PIN is sent only when as many are left */
};

struct client {
	struct board_view view;
	struct script script;
	const char *reader;
	struct chance chance;
	SCARDCONTEXT context;
	SCARDHANDLE handle;
	bool has_context, connected, lost;
	DWORD protocol;
	const struct script_card *card;
	struct script_bytes last_random;
};

/* Clients reset the card, and take its power, at any time; it is without power until one of those that
 * have it reconnects. */
static enum board_kind
kind_of(LONG result)
{
	switch (result) {
	case SCARD_W_RESET_CARD:
	case SCARD_W_UNPOWERED_CARD: return BOARD_INNOCENT;
	case SCARD_W_REMOVED_CARD:
	case SCARD_E_NO_SMARTCARD:
	case SCARD_E_NOT_TRANSACTED:
	case SCARD_E_PROTO_MISMATCH: /* the card went between two looks of pcscd at the reader */
	case SCARD_F_COMM_ERROR:     /* pcscd closed the connection */
	case SCARD_W_SECURITY_VIOLATION:
	case SCARD_E_INVALID_HANDLE:
	case SCARD_E_NO_SERVICE:
	case SCARD_E_SERVICE_STOPPED:
	case SCARD_E_UNKNOWN_READER:
	case SCARD_E_READER_UNAVAILABLE: return BOARD_DISTURBED;
	default: return BOARD_NEVER;
	}
}

static bool
failed(struct client *client, const char *call, LONG result)
{
	if (result == SCARD_S_SUCCESS)
		return false;
	board_error(&client->view, call, (uint32_t)result, kind_of(result));
	return true;
}

static void
disconnect(struct client *client, DWORD disposition)
{
	if (client->connected)
		(void)SCardDisconnect(client->handle, disposition);
	client->connected = false;
}

static void
release(struct client *client)
{
	disconnect(client, SCARD_LEAVE_CARD);
	if (client->has_context)
		(void)SCardReleaseContext(client->context);
	client->has_context = false;
}

static LONG
reconnect(struct client *client, DWORD initialization)
{
	return SCardReconnect(client->handle, SCARD_SHARE_SHARED,
			      SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, initialization,
			      &client->protocol);
}

/* A program that takes the card for its own after another has taken its power has to reset it:
 * pcsc-lite would leave it without, for all. */
static bool
renew(struct client *client)
{
	BYTE atr[MAX_ATR_SIZE];
	DWORD state, protocol, len = sizeof(atr);

	if (reconnect(client, SCARD_LEAVE_CARD) != SCARD_S_SUCCESS ||
	    SCardStatus(client->handle, NULL, NULL, &state, &protocol, atr, &len) !=
		SCARD_S_SUCCESS)
		return false;
	return (state & SCARD_POWERED) != 0 ||
	       reconnect(client, SCARD_RESET_CARD) == SCARD_S_SUCCESS;
}

/* Which way back an error needs. */
static void
recover(struct client *client, LONG result)
{
	switch (result) {
	case SCARD_W_RESET_CARD:
		if (renew(client))
			return;
		break;
	case SCARD_W_REMOVED_CARD:
	case SCARD_W_UNPOWERED_CARD:
	case SCARD_E_NO_SMARTCARD:
	case SCARD_E_READER_UNAVAILABLE:
	case SCARD_E_NOT_TRANSACTED: break;
	default: release(client); return;
	}
	disconnect(client, SCARD_LEAVE_CARD);
}

/* Waits a moment for a card. */
static bool
card_there(struct client *client)
{
	SCARD_READERSTATE state = {.szReader = client->reader};
	LONG r = SCardGetStatusChange(client->context, 0, &state, 1);

	if (r == SCARD_S_SUCCESS && (state.dwEventState & SCARD_STATE_PRESENT) == 0) {
		state.dwCurrentState = state.dwEventState;
		r = SCardGetStatusChange(client->context, PATIENCE_MS, &state, 1);
		if (r == SCARD_E_TIMEOUT)
			return false;
	}
	if (failed(client, "SCardGetStatusChange", r)) {
		release(client);
		return false;
	}
	return (state.dwEventState & SCARD_STATE_PRESENT) != 0;
}

static bool
know_card(struct client *client)
{
	BYTE atr[MAX_ATR_SIZE];
	DWORD len = sizeof(atr);
	LONG r = SCardStatus(client->handle, NULL, NULL, NULL, NULL, atr, &len);

	if (failed(client, "SCardStatus", r)) {
		recover(client, r);
		return false;
	}
	client->card = script_card(&client->script, atr, len);
	if (client->card == NULL)
		board_wrong(&client->view, "an ATR of %lu bytes that no card has", len);
	return client->card != NULL;
}

static bool
connect_card(struct client *client)
{
	LONG r;

	if (!client->has_context) {
		r = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &client->context);
		if (failed(client, "SCardEstablishContext", r))
			return false;
		client->has_context = true;
	}
	if (!client->connected) {
		if (!card_there(client))
			return false;
		r = SCardConnect(client->context, client->reader, SCARD_SHARE_SHARED,
				 SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &client->handle,
				 &client->protocol);
		if (failed(client, "SCardConnect", r)) {
			recover(client, r);
			return false;
		}
		client->connected = true;
	}
	return know_card(client);
}

/* False when nothing came back; then the way back was taken already. */
static bool
exchange(struct client *client, const struct script_bytes *capdu, struct script_bytes *rapdu)
{
	SCARD_IO_REQUEST header = {client->protocol, sizeof(header)};
	DWORD len = sizeof(rapdu->data);
	LONG r = SCardTransmit(client->handle, &header, capdu->data, capdu->len, NULL, rapdu->data,
			       &len);

	rapdu->len = len;
	if (!failed(client, "SCardTransmit", r))
		return true;
	client->lost = true;
	recover(client, r);
	return false;
}

static void
print_wrong(struct client *client, const struct script_bytes *capdu,
	    const struct script_bytes *rapdu)
{
	char text[2 * 2 * SCRIPT_BYTES + 8];
	size_t used = 0;

	for (size_t i = 0; i < capdu->len; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%02X", capdu->data[i]);
	used += (size_t)snprintf(text + used, sizeof(text) - used, " < ");
	for (size_t i = 0; i < rapdu->len; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%02X", rapdu->data[i]);
	board_wrong(&client->view, "%s: > %s", client->card->name, text);
}

static bool
same(const struct script_bytes *a, const struct script_bytes *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static bool
is_status(const struct script_bytes *rapdu, unsigned sw)
{
	return rapdu->len == 2 && (rapdu->data[0] << 8 | rapdu->data[1]) == (int)sw;
}

/* The tries of a 63Cx. */
static bool
is_tries(const struct script_bytes *rapdu, unsigned *left)
{
	*left = rapdu->len == 2 ? rapdu->data[1] & 0x0F : 0;
	return rapdu->len == 2 && rapdu->data[0] == 0x63 && (rapdu->data[1] & 0xF0) == 0xC0;
}

static bool
step_right(struct client *client, const struct script_step *step, const struct script_bytes *rapdu)
{
	static const uint8_t ok[] = {0x90, 0x00};
	bool right;

	if (!step->random)
		return same(rapdu, &step->rapdu);
	right = rapdu->len == step->rapdu.len && memcmp(rapdu->data + rapdu->len - 2, ok, 2) == 0 &&
		!same(rapdu, &client->last_random);
	client->last_random = *rapdu;
	return right;
}

/* All commands of the card once. */
static bool
play(struct client *client)
{
	for (size_t i = 0; i < client->card->steps_count; i++) {
		const struct script_step *step = &client->card->steps[i];
		struct script_bytes rapdu;

		if (!exchange(client, &step->capdu, &rapdu))
			return false;
		if (step_right(client, step, &rapdu))
			board_done(&client->view);
		else
			print_wrong(client, &step->capdu, &rapdu);
	}
	return true;
}

/* Compares a counter with the model, which may be changed by others meanwhile. A PIN that is verified
 * does not say its counter. */
static bool
probe(struct client *client, const struct script_pin *pin, unsigned number)
{
	struct board_tries before = board_tries(&client->view, client->card->number, number);
	struct board_tries after;
	struct script_bytes rapdu;
	unsigned left;

	if (!exchange(client, &pin->probe, &rapdu))
		return false;
	after = board_tries(&client->view, client->card->number, number);
	if (is_status(&rapdu, 0x9000)) {
		board_done(&client->view);
		return true;
	}
	if (is_status(&rapdu, 0x6983)) {
		rapdu.data[0] = 0x63;
		rapdu.data[1] = 0xC0;
	}
	if (!is_tries(&rapdu, &left)) {
		print_wrong(client, &pin->probe, &rapdu);
		return true;
	}
	if (after.changes != before.changes)
		return true;
	if (left < before.low || left > before.high) {
		board_wrong(&client->view, "%s: PIN %u has %u tries left, not %u to %u",
			    client->card->name, number, left, before.low, before.high);
	} else {
		board_done(&client->view);
		atomic_fetch_add(&client->view.own->probes, 1);
	}
	/* Nobody else uses the client's own. */
	if (number == 1)
		board_judge(&client->view, client->card->number, number, before, left, left);
	return true;
}

/* A wrong or a right value of the client's own PIN, after its counter. */
static bool
use_own_pin(struct client *client)
{
	const struct script_pin *pin = &client->card->own;
	unsigned card = client->card->number, left;
	struct board_tries before, sent;
	struct script_bytes rapdu;
	bool right;

	if (!exchange(client, &client->card->steps[0].capdu, &rapdu) || !probe(client, pin, 1))
		return false;
	before = board_tries(&client->view, card, 1);
	right = before.low < TRIES_MIN || chance_of(&client->chance, 3) == 0;
	sent = board_try(&client->view, card, 1, right, pin->max);
	if (!exchange(client, right ? &pin->right : &pin->wrong, &rapdu))
		return false;
	if (right && is_status(&rapdu, 0x9000)) {
		board_judge(&client->view, card, 1, sent, pin->max, pin->max);
		board_done(&client->view);
		return true;
	}
	if (!right && is_tries(&rapdu, &left) && left + 1 >= before.low &&
	    left + 1 <= before.high) {
		board_judge(&client->view, card, 1, sent, left, left);
		atomic_fetch_add(&client->view.own->wrong_pins, 1);
		board_done(&client->view);
		return probe(client, pin, 1);
	}
	print_wrong(client, right ? &pin->right : &pin->wrong, &rapdu);
	return true;
}

static void
part(struct client *client)
{
	static const DWORD dispositions[] = {SCARD_LEAVE_CARD, SCARD_RESET_CARD,
					     SCARD_UNPOWER_CARD};

	if (chance_of(&client->chance, RECONNECTS) == 0) {
		/* pcscd does that in the midst of another's transaction too. */
		atomic_fetch_add(&client->view.own->resets[0], 1);
		disconnect(client, dispositions[chance_of(&client->chance, 3)]);
		atomic_fetch_add(&client->view.own->resets[1], 1);
	}
	if (chance_of(&client->chance, NEW_CONTEXTS) == 0)
		release(client);
}

static void
transact(struct client *client)
{
	size_t rounds = EXCHANGES / client->card->steps_count;
	LONG r = SCardBeginTransaction(client->handle);

	if (failed(client, "SCardBeginTransaction", r)) {
		recover(client, r);
		return;
	}
	client->lost = false;
	for (size_t i = 0; i < rounds && !client->lost && !board_stopped(&client->view); i++)
		(void)(play(client) && probe(client, &client->card->others, 0));
	if (!client->lost && chance_of(&client->chance, OWN_PIN) == 0)
		(void)use_own_pin(client);
	/* After an error there is no transaction any more, or no connection. */
	if (client->lost)
		return;
	r = SCardEndTransaction(client->handle, chance_of(&client->chance, RESETS) == 0
						    ? SCARD_RESET_CARD
						    : SCARD_LEAVE_CARD);
	if (failed(client, "SCardEndTransaction", r))
		recover(client, r);
	else
		part(client);
}

static void
work(struct client *client)
{
	while (!board_stopped(&client->view)) {
		if (!connect_card(client)) {
			pause_ms(RETRY_MS);
			continue;
		}
		transact(client);
		pause_ms(atomic_load(&client->view.board->rest[0]) ? REST_MS : OTHERS_MS);
	}
}

static int
hold(struct client *client)
{
	struct script_bytes rapdu;

	while (!connect_card(client) || SCardBeginTransaction(client->handle) != SCARD_S_SUCCESS) {
		if (board_stopped(&client->view))
			return 0;
		pause_ms(RETRY_MS);
	}
	(void)puts("held");
	(void)fflush(stdout);
	while (!board_stopped(&client->view) &&
	       exchange(client, &client->card->steps[0].capdu, &rapdu))
		;
	pause_ms(REST_MS);
	return 0;
}

int
main(int argc, char **argv)
{
	static struct client client;
	int r = 0;

	if (argc < 6) {
		(void)fprintf(stderr, "usage: soak-apdu BOARD CLIENT READER SCRIPT SEED [hold]\n");
		return 2;
	}
	client.view = board_view(argv[1], (unsigned)strtoul(argv[2], NULL, 10));
	client.reader = argv[3];
	script_read(&client.script, argv[4]);
	client.chance.state = strtoull(argv[5], NULL, 10);
	if (argc > 6)
		r = hold(&client);
	else
		work(&client);
	release(&client);
	return r;
}
