/*
 * A PC/SC in the process, in the place of libpcsclite: two readers that take cards of applet-card.h.
 * For tests of the Cryptoki side of pkcs11/, which call its functions as an application does.
 */
#ifndef VICAR_TESTS_UNIT_FAKE_PCSC_H
#define VICAR_TESTS_UNIT_FAKE_PCSC_H

#include "applet-card.h"
#include "iso7816/apdu.h"
#include "iso7816/atr.h"

#include <pthread.h>
#include <winscard.h>

#include <reader.h>

enum { FAKE_READERS = 2, FAKE_VERIFY_CODE = 0x42330006 };

struct fake_reader {
	const char *name;
	struct applet_card *applet; /* NULL: empty */
	unsigned events;
	bool was_reset; /* by another program: the next call hears of it */
	bool unpowered; /* by another program, until somebody resets it */
	/* By another program, each time that the call is made, so many times: */
	unsigned resets_at_status, resets_at_begin, resets_at_end;
	LONG begin_error; /* of the next SCardBeginTransaction; 0: none */
	/* Without a word, at the next command: a reset that was told of before; another card. */
	bool late_reset, exchanged;
	unsigned late_reset_after; /* such a reset after so many commands; 0: not */
	bool late_reset_is_silent; /* and somebody connects at once, who sets the protocol */
	unsigned late_unpower_at;  /* the power goes at that command; 0: not */
	unsigned breaks;           /* so many commands end in SCARD_E_NOT_TRANSACTED, by a reset */
	bool no_protocol;          /* after a reset, until somebody reconnects */
	bool mute;       /* without power it has no protocol that could be set, as with libccid */
	unsigned no_atr; /* SCardStatus has none so many times */
	bool in_transaction;
	unsigned commands;    /* APDUs */
	unsigned outside;     /* of these, sent outside of a transaction */
	unsigned verifies;    /* of these, VERIFY with a PIN */
	unsigned reset_at;    /* another program resets it after so many more commands; 0: not */
	unsigned remove_at;   /* the same, taken out */
	LONG connect_error;   /* of the next SCardConnect; 0: none */
	LONG remove_error;    /* of the command then; 0: that it was taken out */
	unsigned unseen;      /* SCardStatus does not see it so many times */
	uint16_t sw_at_pso;   /* instead of what the card says to PSO; 0: as it says */
	struct bytes garbage; /* answers every command, if there is any */
	bool spoils;          /* signatures: a bit of each is wrong */
	const char *pad_pin;  /* typed at the PIN pad; NULL: the reader has none */
	uint16_t pad_sw;      /* instead of a PIN: 6400, 6401 */
	unsigned pad_used;
	bool slow; /* a command with slow_ins waits until this is false */
	uint8_t slow_ins;
	bool waits; /* one does */
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool down; /* no pcscd */
	unsigned long generation;
	unsigned contexts; /* open ones */
	unsigned cancels;
	struct fake_reader readers[FAKE_READERS];
} fake = {.lock = PTHREAD_MUTEX_INITIALIZER,
	  .changed = PTHREAD_COND_INITIALIZER,
	  .generation = 1,
	  .readers = {{.name = "Fake 00 00"}, {.name = "Fake 01 00"}}};

const SCARD_IO_REQUEST g_rgSCardT0Pci, g_rgSCardT1Pci;

/* Puts the card into a reader; NULL takes one out. Whoever made a card frees it. */
static inline void
fake_put(size_t reader, struct applet_card *applet)
{
	pthread_mutex_lock(&fake.lock);
	fake.readers[reader].applet = applet;
	fake.readers[reader].events++;
	fake.readers[reader].was_reset = false;
	pthread_cond_broadcast(&fake.changed);
	pthread_mutex_unlock(&fake.lock);
}

/* As after another program's SCardDisconnect with SCARD_RESET_CARD. */
static inline void
fake_reset(size_t reader)
{
	fake.readers[reader].was_reset = true;
	card_reset(fake.readers[reader].applet->card);
}

/* The same with SCARD_UNPOWER_CARD. */
static inline void
fake_unpower(size_t reader)
{
	fake_reset(reader);
	fake.readers[reader].unpowered = true;
}

static inline void
fake_restart(void)
{
	pthread_mutex_lock(&fake.lock);
	fake.generation++;
	fake.contexts = 0;
	pthread_mutex_unlock(&fake.lock);
}

static inline void
fake_clear(void)
{
	for (size_t i = 0; i < FAKE_READERS; i++) {
		const char *name = fake.readers[i].name;
		unsigned events = fake.readers[i].events + 1;

		fake.readers[i] = (struct fake_reader){.name = name, .events = events};
	}
	fake.down = false;
}

static inline bool
fake_valid(long handle)
{
	return !fake.down && (unsigned long)handle >> 8 == fake.generation;
}

static inline struct fake_reader *
fake_of(SCARDHANDLE handle)
{
	return fake_valid(handle) ? &fake.readers[(handle & 0xFF) - 1] : NULL;
}

LONG
SCardEstablishContext(DWORD scope, LPCVOID one, LPCVOID two, LPSCARDCONTEXT context)
{
	(void)scope;
	(void)one;
	(void)two;
	if (fake.down)
		return SCARD_E_NO_SERVICE;
	pthread_mutex_lock(&fake.lock);
	fake.contexts++;
	*context = (SCARDCONTEXT)(fake.generation << 8);
	pthread_mutex_unlock(&fake.lock);
	return SCARD_S_SUCCESS;
}

LONG
SCardReleaseContext(SCARDCONTEXT context)
{
	if (!fake_valid(context))
		return SCARD_E_INVALID_HANDLE;
	pthread_mutex_lock(&fake.lock);
	assert_true(fake.contexts > 0);
	fake.contexts--;
	pthread_mutex_unlock(&fake.lock);
	return SCARD_S_SUCCESS;
}

LONG
SCardIsValidContext(SCARDCONTEXT context)
{
	return fake_valid(context) ? SCARD_S_SUCCESS : SCARD_E_INVALID_HANDLE;
}

LONG
SCardListReaders(SCARDCONTEXT context, LPCSTR groups, LPSTR names, LPDWORD len)
{
	DWORD at = 0;

	(void)groups;
	if (!fake_valid(context))
		return SCARD_E_INVALID_HANDLE;
	for (size_t i = 0; i < FAKE_READERS; i++) {
		const size_t name_len = strlen(fake.readers[i].name) + 1;

		assert_true(at + name_len < *len);
		memcpy(names + at, fake.readers[i].name, name_len);
		at += name_len;
	}
	names[at++] = '\0';
	*len = at;
	return SCARD_S_SUCCESS;
}

/* Says how the readers are; true when one is not as it was. */
static inline bool
fake_states(SCARD_READERSTATE *states, DWORD count)
{
	bool changed = false;

	for (DWORD i = 0; i < count; i++) {
		for (size_t j = 0; j < FAKE_READERS; j++) {
			const struct fake_reader *reader = &fake.readers[j];
			DWORD state =
			    reader->applet != NULL ? SCARD_STATE_PRESENT : SCARD_STATE_EMPTY;

			if (strcmp(states[i].szReader, reader->name) != 0)
				continue;
			state |= (DWORD)reader->events << 16;
			changed = changed || states[i].dwCurrentState != state;
			states[i].dwEventState = state;
		}
	}
	return changed;
}

LONG
SCardGetStatusChange(SCARDCONTEXT context, DWORD timeout, SCARD_READERSTATE *states, DWORD count)
{
	LONG rv = SCARD_S_SUCCESS;
	unsigned cancels;

	if (!fake_valid(context))
		return SCARD_E_INVALID_HANDLE;
	pthread_mutex_lock(&fake.lock);
	cancels = fake.cancels;
	while (!fake_states(states, count) && timeout != 0 && rv == SCARD_S_SUCCESS) {
		pthread_cond_wait(&fake.changed, &fake.lock);
		if (fake.cancels != cancels)
			rv = SCARD_E_CANCELLED;
	}
	pthread_mutex_unlock(&fake.lock);
	return rv;
}

LONG
SCardCancel(SCARDCONTEXT context)
{
	(void)context;
	pthread_mutex_lock(&fake.lock);
	fake.cancels++;
	pthread_cond_broadcast(&fake.changed);
	pthread_mutex_unlock(&fake.lock);
	return SCARD_S_SUCCESS;
}

static inline DWORD
fake_protocol(const struct fake_reader *reader)
{
	struct atr atr;

	assert_true(atr_parse(card_atr(reader->applet->card), &atr));
	return atr.first_protocol == 0 ? SCARD_PROTOCOL_T0 : SCARD_PROTOCOL_T1;
}

LONG
SCardConnect(SCARDCONTEXT context, LPCSTR name, DWORD share, DWORD protocols, LPSCARDHANDLE handle,
	     LPDWORD protocol)
{
	assert_int_equal(share, SCARD_SHARE_SHARED);
	assert_int_equal(protocols, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1);
	if (!fake_valid(context))
		return SCARD_E_INVALID_HANDLE;
	for (size_t i = 0; i < FAKE_READERS; i++) {
		if (strcmp(fake.readers[i].name, name) != 0)
			continue;
		if (fake.readers[i].applet == NULL)
			return SCARD_E_NO_SMARTCARD;
		if (fake.readers[i].connect_error != 0) {
			LONG rv = fake.readers[i].connect_error;

			fake.readers[i].connect_error = 0;
			return rv;
		}
		*handle = (SCARDHANDLE)(fake.generation << 8 | (i + 1));
		*protocol = fake_protocol(&fake.readers[i]);
		return SCARD_S_SUCCESS;
	}
	return SCARD_E_UNKNOWN_READER;
}

static inline LONG
fake_state(SCARDHANDLE handle, struct fake_reader **reader)
{
	*reader = fake_of(handle);
	if (*reader == NULL)
		return SCARD_E_INVALID_HANDLE;
	if ((*reader)->applet == NULL)
		return SCARD_W_REMOVED_CARD;
	return (*reader)->was_reset ? SCARD_W_RESET_CARD : SCARD_S_SUCCESS;
}

/* Somebody resets the card just before this call. */
static inline LONG
fake_reset_before(struct fake_reader *reader, unsigned *times)
{
	if (*times == 0)
		return SCARD_S_SUCCESS;
	(*times)--;
	card_reset(reader->applet->card);
	reader->was_reset = true;
	return SCARD_W_RESET_CARD;
}

LONG
SCardReconnect(SCARDHANDLE handle, DWORD share, DWORD protocols, DWORD what, LPDWORD protocol)
{
	struct fake_reader *reader;
	LONG rv = fake_state(handle, &reader);

	(void)share;
	(void)protocols;
	if (rv == SCARD_W_REMOVED_CARD) /* it hears of no event */
		return SCARD_E_NO_SMARTCARD;
	if (rv != SCARD_S_SUCCESS && rv != SCARD_W_RESET_CARD)
		return rv;
	if (what == SCARD_LEAVE_CARD && reader->unpowered && reader->mute)
		return SCARD_W_UNRESPONSIVE_CARD;
	if (what == SCARD_RESET_CARD) {
		reader->unpowered = false;
		card_reset(reader->applet->card);
	} else {
		assert_int_equal(what, SCARD_LEAVE_CARD);
	}
	reader->was_reset = reader->no_protocol = false;
	*protocol = fake_protocol(reader);
	return SCARD_S_SUCCESS;
}

LONG
SCardDisconnect(SCARDHANDLE handle, DWORD what)
{
	struct fake_reader *reader = fake_of(handle);

	assert_int_equal(what, SCARD_LEAVE_CARD);
	if (reader == NULL)
		return SCARD_E_INVALID_HANDLE;
	reader->in_transaction = false;
	return SCARD_S_SUCCESS;
}

LONG
SCardBeginTransaction(SCARDHANDLE handle)
{
	struct fake_reader *reader;
	LONG rv = fake_state(handle, &reader);

	if (rv == SCARD_S_SUCCESS)
		rv = fake_reset_before(reader, &reader->resets_at_begin);
	if (rv == SCARD_S_SUCCESS && reader->begin_error != 0) {
		rv = reader->begin_error;
		reader->begin_error = 0;
	}
	if (rv == SCARD_S_SUCCESS) {
		assert_false(reader->in_transaction);
		reader->in_transaction = true;
	}
	return rv;
}

LONG
SCardEndTransaction(SCARDHANDLE handle, DWORD what)
{
	struct fake_reader *reader;
	LONG rv = fake_state(handle, &reader);

	if (rv == SCARD_S_SUCCESS)
		rv = fake_reset_before(reader, &reader->resets_at_end);
	/* Who is told something goes on having the card. */
	if (rv == SCARD_S_SUCCESS) {
		assert_true(reader->in_transaction);
		if (what == SCARD_RESET_CARD)
			card_reset(reader->applet->card);
		reader->in_transaction = false;
	}
	return rv;
}

LONG
SCardStatus(SCARDHANDLE handle, LPSTR name, LPDWORD name_len, LPDWORD state, LPDWORD protocol,
	    LPBYTE atr, LPDWORD atr_len)
{
	struct fake_reader *reader;
	LONG rv = fake_state(handle, &reader);
	struct bytes bytes;

	(void)name;
	(void)name_len;
	if (rv == SCARD_W_REMOVED_CARD && reader->unseen > 0) {
		reader->unseen--;
		*atr_len = 0;
		return SCARD_S_SUCCESS;
	}
	if (rv == SCARD_S_SUCCESS)
		rv = fake_reset_before(reader, &reader->resets_at_status);
	if (rv != SCARD_S_SUCCESS)
		return rv;
	bytes = reader->no_atr > 0 ? BYTES_NONE : card_atr(reader->applet->card);
	reader->no_atr -= reader->no_atr > 0 ? 1 : 0;
	assert_true(*atr_len >= bytes.len);
	if (bytes.len > 0)
		memcpy(atr, bytes.data, bytes.len);
	*atr_len = bytes.len;
	*state =
	    (DWORD)reader->events << 16 |
	    (reader->unpowered ? SCARD_PRESENT : SCARD_PRESENT | SCARD_POWERED | SCARD_NEGOTIABLE);
	*protocol = reader->no_protocol ? SCARD_PROTOCOL_UNDEFINED : fake_protocol(reader);
	return SCARD_S_SUCCESS;
}

/* What somebody does meanwhile. */
static inline LONG
fake_accident(struct fake_reader *reader)
{
	if (reader->breaks > 0) {
		reader->breaks--;
		card_reset(reader->applet->card);
		reader->was_reset = true;
		return SCARD_E_NOT_TRANSACTED;
	}
	if (reader->exchanged) {
		reader->exchanged = false;
		reader->no_protocol = true;
		reader->events += 2;
	}
	if (reader->remove_at > 0 && --reader->remove_at == 0) {
		fake_put((size_t)(reader - fake.readers), NULL);
		return reader->remove_error != 0 ? reader->remove_error : SCARD_W_REMOVED_CARD;
	}
	if (reader->reset_at > 0 && --reader->reset_at == 0) {
		card_reset(reader->applet->card);
		reader->was_reset = true;
		return SCARD_W_RESET_CARD;
	}
	if (reader->late_reset) {
		card_reset(reader->applet->card);
		reader->no_protocol = true;
		reader->late_reset = false;
	}
	if (reader->late_unpower_at > 0 && --reader->late_unpower_at == 0) {
		card_reset(reader->applet->card);
		reader->unpowered = true;
	}
	if (reader->no_protocol)
		return SCARD_E_PROTO_MISMATCH;
	return reader->unpowered ? SCARD_E_NOT_TRANSACTED : SCARD_S_SUCCESS;
}

/* As long as the owner of a remote key looks for his phone. */
static inline void
fake_wait(struct fake_reader *reader)
{
	pthread_mutex_lock(&fake.lock);
	while (reader->slow) {
		reader->waits = true;
		pthread_cond_broadcast(&fake.changed);
		pthread_cond_wait(&fake.changed, &fake.lock);
	}
	reader->waits = false;
	pthread_mutex_unlock(&fake.lock);
}

/* Makes the next command with this instruction slow; the same of a signature; waits until one is;
 * lets it go on. */
static inline void
fake_slow_at(size_t reader, uint8_t ins)
{
	fake.readers[reader].slow_ins = ins;
	fake.readers[reader].slow = true;
}

static inline void
fake_slow(size_t reader)
{
	fake_slow_at(reader, 0x2A);
}

static inline void
fake_until_it_waits(size_t reader)
{
	pthread_mutex_lock(&fake.lock);
	while (!fake.readers[reader].waits)
		pthread_cond_wait(&fake.changed, &fake.lock);
	pthread_mutex_unlock(&fake.lock);
}

static inline void
fake_go_on(size_t reader)
{
	pthread_mutex_lock(&fake.lock);
	fake.readers[reader].slow = false;
	pthread_cond_broadcast(&fake.changed);
	pthread_mutex_unlock(&fake.lock);
}

static inline void
fake_send(struct fake_reader *reader, struct bytes command, struct writer *response)
{
	enum { INS_VERIFY = 0x20, INS_PSO = 0x2A, INS_GET_RESPONSE = 0xC0 };
	struct capdu capdu;
	enum card_result result;

	assert_true(capdu_parse(command, &capdu));
	reader->commands++;
	reader->outside += reader->in_transaction ? 0 : 1;
	reader->verifies += capdu.ins == INS_VERIFY && capdu.data.len > 0 ? 1 : 0;
	if (capdu.ins == INS_PSO && capdu.p1 == 0x9E && reader->sw_at_pso != 0) {
		writer_u16(response, reader->sw_at_pso);
		return;
	}
	if (reader->garbage.len > 0) {
		writer_put(response, reader->garbage);
		return;
	}
	if (capdu.ins == reader->slow_ins)
		fake_wait(reader);
	result = card_transmit(reader->applet->card, command, response);
	while (result == CARD_PENDING) {
		struct key_result made = {0};

		made.sw = applet_fulfil(reader->applet, &made.output);
		result = card_resume(reader->applet->card, &made, response);
	}
	if ((capdu.ins == INS_PSO || capdu.ins == INS_GET_RESPONSE) && reader->spoils &&
	    response->len > 2)
		response->data[response->len / 2] ^= 1;
}

LONG
SCardTransmit(SCARDHANDLE handle, const SCARD_IO_REQUEST *in, LPCBYTE command, DWORD command_len,
	      SCARD_IO_REQUEST *out, LPBYTE response, LPDWORD response_len)
{
	struct fake_reader *reader;
	LONG rv = fake_state(handle, &reader);
	struct writer writer = writer_to(response, *response_len);

	(void)in;
	(void)out;
	if (rv == SCARD_S_SUCCESS)
		rv = fake_accident(reader);
	if (rv != SCARD_S_SUCCESS)
		return rv;
	fake_send(reader, (struct bytes){command, command_len}, &writer);
	*response_len = writer.len;
	if (reader->late_reset_after > 0 && --reader->late_reset_after == 0) {
		card_reset(reader->applet->card);
		reader->no_protocol = !reader->late_reset_is_silent;
	}
	return SCARD_S_SUCCESS;
}

/* The PIN pad of PC/SC part 10: VERIFY only, and the PIN where the request says. */
static inline void
fake_pad(struct fake_reader *reader, const uint8_t *request, size_t len, struct writer *response)
{
	const size_t header = sizeof(PIN_VERIFY_STRUCTURE), pin_len = strlen(reader->pad_pin);
	const size_t position = (request[2] >> 3) & 15, block = request[3] & 15;
	uint8_t command[5 + 255];

	reader->pad_used++;
	assert_false(
	    reader->no_protocol); /* nobody asks a card that has just been reset for a PIN */
	if (reader->pad_sw != 0) {
		writer_u16(response, reader->pad_sw);
		return;
	}
	assert_int_equal(len - header, request[15]);
	memcpy(command, request + header, len - header);
	assert_true(block == 0 || pin_len <= block);
	command[4] = (uint8_t)(block == 0 ? pin_len : len - header - 5);
	memcpy(command + 5 + position, reader->pad_pin, pin_len);
	fake_send(reader, (struct bytes){command, 5U + command[4]}, response);
}

LONG
SCardControl(SCARDHANDLE handle, DWORD code, LPCVOID in, DWORD in_len, LPVOID out, DWORD out_len,
	     LPDWORD returned)
{
	static const uint8_t features[] = {0x06, 0x04, 0x42, 0x33, 0x00, 0x06};
	struct fake_reader *reader;
	LONG rv = fake_state(handle, &reader);
	struct writer writer = writer_to(out, out_len);

	if (rv != SCARD_S_SUCCESS && rv != SCARD_W_RESET_CARD) /* of which it does not tell */
		return rv;
	if (code == CM_IOCTL_GET_FEATURE_REQUEST && reader->pad_pin != NULL)
		writer_put(&writer, BYTES(features));
	else if (code == FAKE_VERIFY_CODE && reader->pad_pin != NULL)
		fake_pad(reader, in, in_len, &writer);
	else if (code != CM_IOCTL_GET_FEATURE_REQUEST)
		return SCARD_E_INVALID_PARAMETER;
	*returned = writer.len;
	return SCARD_S_SUCCESS;
}

#endif
