#include "cardreader.h"

#include <stdlib.h>
#include <string.h>
#include <winscard.h>

struct cardreader {
	const char *name;
	SCARDCONTEXT context;
	SCARDHANDLE handle;
	DWORD protocol;
	bool connected;
};

/* The names come as one text with a NUL after each and one more at its end. */
static void
join_names(char *names, DWORD len)
{
	for (DWORD at = 0; at + 1 < len; at++)
		if (names[at] == '\0' && names[at + 1] != '\0')
			names[at] = ';';
}

static bool
no_reader(const struct cardreader *cardreader, struct problem *error)
{
	LPSTR names = NULL;
	DWORD len = SCARD_AUTOALLOCATE;

	if (SCardListReaders(cardreader->context, NULL, (LPSTR)&names, &len) != SCARD_S_SUCCESS)
		return problem(error, "pcscd knows no reader at all; type: vicar doctor");
	join_names(names, len);
	(void)problem(error, "pcscd knows no reader \"%s\"; name one of: %s", cardreader->name,
		      names);
	SCardFreeMemory(cardreader->context, names);
	return false;
}

static bool
failure(const struct cardreader *cardreader, const char *tried, LONG rv, struct problem *error)
{
	if (rv == SCARD_E_UNKNOWN_READER)
		return no_reader(cardreader, error);
	if (rv == SCARD_E_NO_SERVICE || rv == SCARD_E_SERVICE_STOPPED)
		return problem(error,
			       "pcscd cannot be reached; type: systemctl start pcscd.socket");
	if (rv == SCARD_E_SHARING_VIOLATION)
		return problem(error,
			       "another program uses the card in \"%s\"; end it and try again",
			       cardreader->name);
	if (rv == SCARD_E_NO_SMARTCARD || rv == SCARD_W_REMOVED_CARD)
		return problem(error, "there is no card in \"%s\"; insert one and try again",
			       cardreader->name);
	return problem(error, "\"%s\" cannot %s: %s; type: vicar doctor", cardreader->name, tried,
		       pcsc_stringify_error(rv));
}

struct cardreader *
cardreader_open(const char *name, struct problem *error)
{
	struct cardreader *cardreader = calloc(1, sizeof(*cardreader));
	LONG rv;

	if (cardreader == NULL) {
		(void)problem(error, "no memory for the reader; end other programs and try again");
		return NULL;
	}
	cardreader->name = name;
	rv = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &cardreader->context);
	if (rv != SCARD_S_SUCCESS) {
		(void)failure(cardreader, "be asked", rv, error);
		free(cardreader);
		return NULL;
	}
	rv = SCardConnect(cardreader->context, name, SCARD_SHARE_EXCLUSIVE,
			  SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &cardreader->handle,
			  &cardreader->protocol);
	cardreader->connected = rv == SCARD_S_SUCCESS;
	if (!cardreader->connected) {
		(void)failure(cardreader, "connect", rv, error);
		cardreader_close(cardreader);
		return NULL;
	}
	return cardreader;
}

void
cardreader_close(struct cardreader *cardreader)
{
	if (cardreader == NULL)
		return;
	if (cardreader->connected)
		SCardDisconnect(cardreader->handle, SCARD_RESET_CARD);
	SCardReleaseContext(cardreader->context);
	free(cardreader);
}

static bool
reset(void *context, struct writer *atr, struct problem *error)
{
	struct cardreader *cardreader = context;
	uint8_t bytes[MAX_ATR_SIZE];
	DWORD len = sizeof(bytes), name_len = 0, state, protocol;
	LONG rv = SCardReconnect(cardreader->handle, SCARD_SHARE_EXCLUSIVE,
				 SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, SCARD_RESET_CARD,
				 &cardreader->protocol);

	if (rv != SCARD_S_SUCCESS)
		return failure(cardreader, "reset the card", rv, error);
	rv = SCardStatus(cardreader->handle, NULL, &name_len, &state, &protocol, bytes, &len);
	if (rv != SCARD_S_SUCCESS)
		return failure(cardreader, "tell the ATR", rv, error);
	writer_put(atr, (struct bytes){bytes, len});
	return true;
}

static bool
begin(void *context, const struct subject *subject, struct problem *error)
{
	uint8_t atr[MAX_ATR_SIZE];
	struct writer writer = writer_to(atr, sizeof(atr));

	(void)subject;
	return reset(context, &writer, error);
}

static bool
transmit(void *context, struct bytes command, struct key_talk *talk, struct writer *response,
	 FILE *log, struct problem *error)
{
	struct cardreader *cardreader = context;
	const SCARD_IO_REQUEST *protocol =
	    cardreader->protocol == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 : SCARD_PCI_T1;
	DWORD len = (DWORD)(response->room - response->len);
	LONG rv = SCardTransmit(cardreader->handle, protocol, command.data, (DWORD)command.len,
				NULL, response->data + response->len, &len);

	(void)talk;
	(void)log;
	if (rv != SCARD_S_SUCCESS)
		return failure(cardreader, "carry this command", rv, error);
	response->len += len;
	return true;
}

struct target
cardreader_target(struct cardreader *cardreader)
{
	return (struct target){
	    .context = cardreader, .begin = begin, .reset = reset, .transmit = transmit};
}
