/*
 * Readers and their slots, pkcs11/ifd.h.
 */
#include "pkcs11/ifd.h"

#include "pkcs11/filecache.h"
#include "iso7816/sw.h"
#include "pkcs11/log.h"
#include "pkcs11/rv.h"
#include "pkcs11/session.h"
#include "pkcs11/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A card that somebody else resets each time is given up, for this call. */
enum { BIND_TRIES = 3 };

static struct ifd *
add(const char *name)
{
	struct ifd *ifd;

	if (module.ifds_count == IFDS_MAX)
		return NULL;
	ifd = calloc(1, sizeof(*ifd));
	if (ifd == NULL)
		return NULL;
	(void)snprintf(ifd->name, sizeof(ifd->name), "%.*s", PCSC_NAME_MAX - 1, name);
	ifd->first_slot = (CK_SLOT_ID)module.ifds_count * IFD_SLOTS_MAX;
	ifd->slots = 1;
	for (unsigned i = 0; i < IFD_SLOTS_MAX; i++)
		token_none(&ifd->tokens[i], ifd, ifd->first_slot + i);
	if (ifd_open(ifd) != CKR_OK) {
		free(ifd);
		return NULL;
	}
	module.ifds[module.ifds_count++] = ifd;
	return ifd;
}

static struct ifd *
find(const char *name)
{
	for (size_t i = 0; i < module.ifds_count; i++) {
		if (strcmp(module.ifds[i]->name, name) == 0)
			return module.ifds[i];
	}
	return NULL;
}

static void
note(const struct pcsc_reader *reader)
{
	struct ifd *ifd = find(reader->name);
	bool new = ifd == NULL;

	if (new)
		ifd = add(reader->name);
	if (ifd == NULL)
		return;
	if (module.surveyed &&
	    (new || ifd->present != reader->present || ifd->events != reader->events))
		ifd->pending = true;
	ifd->listed = true;
	ifd->present = reader->present;
	ifd->events = reader->events;
}

void
ifd_survey(void)
{
	struct pcsc_reader readers[PCSC_READERS_MAX];
	size_t count = 0;

	lock_take(&module.lock);
	if (!module.inside && !settings_match(module.settings.no_slots_for, module.program))
		count = pcsc_survey(&module.watch, readers);
	for (size_t i = 0; i < module.ifds_count; i++)
		module.ifds[i]->listed = false;
	for (size_t i = 0; i < count; i++) {
		if (!settings_match(module.settings.exclude_readers, readers[i].name))
			note(&readers[i]);
	}
	for (size_t i = 0; i < module.ifds_count; i++) {
		struct ifd *ifd = module.ifds[i];

		if (!ifd->listed && ifd->present) {
			ifd->present = false;
			ifd->pending = module.surveyed;
		}
	}
	module.surveyed = true;
	lock_release(&module.lock);
}

struct ifd *
ifd_of_slot(CK_SLOT_ID slot)
{
	size_t number = slot / IFD_SLOTS_MAX;
	struct ifd *ifd = NULL;

	lock_take(&module.lock);
	if (number < module.ifds_count && slot % IFD_SLOTS_MAX < module.ifds[number]->slots)
		ifd = module.ifds[number];
	lock_release(&module.lock);
	return ifd;
}

struct token *
ifd_token(struct ifd *ifd, CK_SLOT_ID slot)
{
	return &ifd->tokens[slot % IFD_SLOTS_MAX];
}

void
ifd_lock(struct ifd *ifd)
{
	lock_take(&module.lock);
	ifd->busy++;
	lock_release(&module.lock);
	lock_take(&ifd->lock);
}

static void
publish(struct ifd *ifd)
{
	unsigned here = 0, slots = 1;

	for (unsigned i = 0; i < IFD_SLOTS_MAX; i++) {
		if (!ifd->tokens[i].here)
			continue;
		ifd_token_info(&ifd->tokens[i], &ifd->infos[i]);
		here |= 1U << i;
		slots = i + 1;
	}
	/* A card that no driver knows is a token, too, but no more can be said of it. */
	if (ifd->tried && ifd->card == NULL && ifd->card_rv != CKR_TOKEN_NOT_PRESENT)
		here = 1;
	ifd->known = ifd->tried;
	ifd->known_events = ifd->bound_events;
	ifd->known_rv = ifd->card_rv;
	ifd->tokens_here = here;
	if (ifd->slots < slots)
		ifd->slots = slots;
}

/* Card, connection, objects and sessions go. */
static void
drop(struct ifd *ifd)
{
	if (ifd->card != NULL)
		log_note(module.log, "%s: %u commands in all", ifd->name, ifd->card->commands);
	session_free_all(ifd, NULL);
	for (size_t i = 0; i < IFD_SLOTS_MAX; i++)
		token_clear(&ifd->tokens[i]);
	smartcard_free(ifd->card);
	ifd->card = NULL;
	/* A transaction that is open ends with the connection. */
	pcsc_disconnect(ifd->connection);
	ifd->connection = NULL;
	ifd->depth = 0;
	ifd->tried = ifd->gone = false;
}

void
ifd_leave(struct ifd *ifd)
{
	if (ifd->gone)
		drop(ifd);
	lock_take(&module.lock);
	publish(ifd);
	ifd->busy--;
	lock_release(&module.lock);
	lock_release(&ifd->lock);
}

/* Within a transaction. */
static enum smartcard_result
bind(struct ifd *ifd)
{
	const struct smartcard_cache cache = filecache(module.crypto);
	struct channel channel = *pcsc_channel(ifd->connection);
	enum smartcard_result result;

	channel.crypto = module.crypto;
	channel.program = module.program;
	result = smartcard_bind(&channel, module.settings.file_cache ? &cache : NULL, &ifd->card);
	if (result == SMARTCARD_OK &&
	    !settings_match(module.settings.accept_labels, ifd->card->label))
		result = SMARTCARD_UNKNOWN;
	if (result == SMARTCARD_OK)
		result = token_make_all(ifd);
	if (result != SMARTCARD_OK) {
		smartcard_free(ifd->card);
		ifd->card = NULL;
	}
	return result;
}

bool
ifd_was_disturbed(const struct ifd *ifd, enum smartcard_result result)
{
	return result == SMARTCARD_RESET ||
	       (result == SMARTCARD_CHANNEL && pcsc_disturbed(ifd->connection));
}

/* The driver's look at the card. Sets ifd->tried when that says something of the card. */
static CK_RV
look_at_card(struct ifd *ifd)
{
	enum smartcard_result result = SMARTCARD_RESET;
	bool again = true, reset;

	for (int left = BIND_TRIES; left > 0 && again; left--) {
		enum channel_result begun = pcsc_begin(ifd->connection, &reset);

		if (begun != CHANNEL_OK)
			return begun == CHANNEL_REMOVED ? CKR_TOKEN_NOT_PRESENT : CKR_DEVICE_ERROR;
		/* A reset may have been told of before it was made, which was in the midst of the
		 * look: what was not found then is there all the same. */
		smartcard_free(ifd->card);
		ifd->card = NULL;
		result = bind(ifd);
		again = ifd_was_disturbed(ifd, result) ||
			(reset &&
			 (result == SMARTCARD_UNKNOWN || (result == SMARTCARD_OK && left > 1)));
		pcsc_end(ifd->connection, false);
	}
	ifd->tried = !again && result != SMARTCARD_REMOVED && result != SMARTCARD_NO_MEMORY;
	switch (result) {
	case SMARTCARD_OK: return CKR_OK;
	case SMARTCARD_UNKNOWN: return CKR_TOKEN_NOT_RECOGNIZED;
	case SMARTCARD_REMOVED: return CKR_TOKEN_NOT_PRESENT;
	case SMARTCARD_NO_MEMORY: return CKR_HOST_MEMORY;
	default: return CKR_DEVICE_ERROR;
	}
}

static CK_RV
look(struct ifd *ifd, unsigned events)
{
	switch (pcsc_connect(ifd->name, &ifd->connection)) {
	case CHANNEL_OK: break;
	case CHANNEL_REMOVED: return CKR_TOKEN_NOT_PRESENT;
	default:
		return CKR_DEVICE_ERROR; /* somebody may have it for himself: the next call looks */
	}
	ifd->card_rv = look_at_card(ifd);
	ifd->bound_events = events;
	if (ifd->card == NULL) {
		for (size_t i = 0; i < IFD_SLOTS_MAX; i++)
			token_clear(&ifd->tokens[i]);
		pcsc_disconnect(ifd->connection);
		ifd->connection = NULL;
		log_note(module.log, "%s: %s", ifd->name, log_rv_name(ifd->card_rv));
	} else {
		log_note(module.log, "%s: %s, driver %s, %u commands", ifd->name, ifd->card->label,
			 smartcard_driver_name(ifd->card), ifd->card->commands);
	}
	return ifd->card_rv;
}

static CK_RV
update(struct ifd *ifd)
{
	unsigned events;
	bool present;

	lock_take(&module.lock);
	present = ifd->present;
	events = ifd->events;
	lock_release(&module.lock);
	if (ifd->tried && (!present || ifd->bound_events != events))
		drop(ifd);
	if (!present)
		return CKR_TOKEN_NOT_PRESENT;
	return ifd->tried ? ifd->card_rv : look(ifd, events);
}

CK_RV
ifd_enter(struct ifd *ifd)
{
	ifd_survey();
	ifd_lock(ifd);
	return update(ifd);
}

void
ifd_refresh(struct ifd *ifd)
{
	bool unknown, look_now;

	lock_take(&module.lock);
	unknown = ifd->present && (!ifd->known || ifd->known_events != ifd->events);
	look_now = ifd->busy == 0 || unknown;
	if (look_now)
		ifd->busy++;
	lock_release(&module.lock);
	if (!look_now)
		return;
	lock_take(&ifd->lock);
	(void)update(ifd);
	ifd_leave(ifd);
}

CK_RV
ifd_begin(struct ifd *ifd)
{
	bool reset = false;

	if (ifd->gone)
		return CKR_DEVICE_REMOVED;
	if (ifd->depth > 0) {
		ifd->depth++;
		return CKR_OK;
	}
	switch (pcsc_begin(ifd->connection, &reset)) {
	case CHANNEL_OK: break;
	case CHANNEL_REMOVED: ifd->gone = true; return CKR_DEVICE_REMOVED;
	default: return CKR_DEVICE_ERROR;
	}
	ifd->depth = 1;
	smartcard_lost_place(ifd->card);
	for (size_t i = 0; reset && i < IFD_SLOTS_MAX; i++)
		ifd->tokens[i].state.verified = false;
	return CKR_OK;
}

void
ifd_end(struct ifd *ifd, bool forget)
{
	if (--ifd->depth > 0)
		return;
	pcsc_end(ifd->connection, forget);
}

CK_RV
ifd_result(struct ifd *ifd, enum smartcard_result result)
{
	const uint16_t sw = ifd->card != NULL ? ifd->card->sw : 0;
	const CK_RV rv = rv_of_card(result, sw);

	ifd->was_reset = result == SMARTCARD_RESET;
	if (result == SMARTCARD_REFUSED)
		log_note(module.log, "%s: the card answered %04X, %s", ifd->name, sw, sw_text(sw));
	if (rv == CKR_DEVICE_REMOVED)
		ifd->gone = true;
	return rv;
}

CK_RV
ifd_open(struct ifd *ifd)
{
	CK_RV rv = lock_make(&ifd->lock, &module.locking);

	ifd->open = rv == CKR_OK;
	return rv;
}

void
ifd_close(struct ifd *ifd)
{
	if (!ifd->open)
		return;
	token_logout_all(ifd);
	drop(ifd);
	lock_destroy(&ifd->lock);
	ifd->open = false;
	ifd->listed = ifd->present = ifd->known = ifd->pending = false;
	ifd->tokens_here = 0;
}

void
ifd_forget(struct ifd *ifd)
{
	ifd->sessions = NULL;
	for (size_t i = 0; i < IFD_SLOTS_MAX; i++)
		token_none(&ifd->tokens[i], ifd, ifd->first_slot + i);
	ifd->card = NULL;
	ifd->connection = NULL;
	ifd->depth = ifd->busy = 0;
	ifd->tried = ifd->open = false;
	ifd->listed = ifd->present = ifd->known = ifd->pending = false;
	ifd->tokens_here = 0;
}
