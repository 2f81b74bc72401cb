/*
 * Slots as the application sees them, pkcs11/slots.h.
 */
#include "pkcs11/slots.h"

#include "pkcs11/ifd.h"
#include "pkcs11/session_operation.h"

#include <string.h>

/* Looks at cards that are new, of readers that are not at work. */
static void
refresh_all(void)
{
	struct ifd *ifds[IFDS_MAX];
	size_t count;

	ifd_survey();
	lock_take(&module.lock);
	count = module.ifds_count;
	for (size_t i = 0; i < count; i++)
		ifds[i] = module.ifds[i];
	lock_release(&module.lock);
	for (size_t i = 0; i < count; i++)
		ifd_refresh(ifds[i]);
}

/* module.lock is held. A card that was not looked at yet is in the first slot. */
static bool
has_token(const struct ifd *ifd, unsigned place)
{
	if (!ifd->present)
		return false;
	if (!ifd->known || ifd->known_events != ifd->events)
		return place == 0;
	return (ifd->tokens_here & 1U << place) != 0;
}

CK_RV
slots_list(CK_BBOOL present, CK_SLOT_ID *list, CK_ULONG *count)
{
	CK_SLOT_ID found[IFDS_MAX * IFD_SLOTS_MAX];
	size_t len = 0;
	CK_RV rv;

	if (count == NULL)
		return CKR_ARGUMENTS_BAD;
	/* The question for the count refreshes, and the list that follows agrees with it; a list that
	 * is wanted without that question refreshes too. */
	if (list == NULL || !module.counted)
		refresh_all();
	lock_take(&module.lock);
	module.counted = list == NULL;
	for (size_t i = 0; i < module.ifds_count; i++) {
		const struct ifd *ifd = module.ifds[i];

		for (unsigned place = 0; ifd->listed && place < ifd->slots; place++) {
			if (!present || has_token(ifd, place))
				found[len++] = ifd->first_slot + place;
		}
	}
	lock_release(&module.lock);
	if (operation_asks(list, count, len, &rv)) {
		module.counted = true;
		return rv;
	}
	for (size_t i = 0; list != NULL && i < len; i++)
		list[i] = found[i];
	*count = len;
	return CKR_OK;
}

CK_RV
slots_info(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
	struct ifd *ifd = ifd_of_slot(slot);

	if (info == NULL)
		return CKR_ARGUMENTS_BAD;
	if (ifd == NULL)
		return CKR_SLOT_ID_INVALID;
	ifd_survey();
	memset(info, 0, sizeof(*info));
	module_text(info->slotDescription, sizeof(info->slotDescription), ifd->name);
	module_text(info->manufacturerID, sizeof(info->manufacturerID), "");
	info->flags = CKF_REMOVABLE_DEVICE | CKF_HW_SLOT;
	lock_take(&module.lock);
	if (has_token(ifd, (unsigned)(slot % IFD_SLOTS_MAX)))
		info->flags |= CKF_TOKEN_PRESENT;
	lock_release(&module.lock);
	return CKR_OK;
}

CK_RV
slots_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	struct ifd *ifd = ifd_of_slot(slot);
	unsigned place = (unsigned)(slot % IFD_SLOTS_MAX);
	CK_RV rv = CKR_TOKEN_NOT_PRESENT;

	if (info == NULL)
		return CKR_ARGUMENTS_BAD;
	if (ifd == NULL)
		return CKR_SLOT_ID_INVALID;
	ifd_survey();
	ifd_refresh(ifd);
	lock_take(&module.lock);
	if (ifd->present && ifd->known && ifd->known_events == ifd->events) {
		rv = ifd->known_rv;
		if (rv == CKR_OK && (ifd->tokens_here & 1U << place) == 0)
			rv = CKR_TOKEN_NOT_PRESENT;
		if (rv == CKR_OK)
			*info = ifd->infos[place];
	} else if (ifd->present) {
		rv = CKR_DEVICE_ERROR;
	}
	lock_release(&module.lock);
	return rv;
}

/* The next event that nobody was told; the slots of one reader share it. */
static bool
take_event(CK_SLOT_ID *slot)
{
	bool found = false;

	lock_take(&module.lock);
	for (size_t i = 0; i < module.ifds_count && !found; i++) {
		found = module.ifds[i]->pending;
		if (found) {
			module.ifds[i]->pending = false;
			*slot = module.ifds[i]->first_slot;
		}
	}
	lock_release(&module.lock);
	return found;
}

static CK_RV
wait_for_event(CK_SLOT_ID *slot)
{
	struct pcsc_reader readers[PCSC_READERS_MAX];

	for (;;) {
		size_t count;

		ifd_survey();
		if (take_event(slot))
			return CKR_OK;
		/* What this context sees is what it waits to see change; what changed between the
		 * survey and now is seen when the wait begins. */
		count = pcsc_survey(&module.wait, readers);
		if (module_ready() != CKR_OK)
			return CKR_CRYPTOKI_NOT_INITIALIZED;
		ifd_survey();
		if (take_event(slot))
			return CKR_OK;
		if (pcsc_wait(&module.wait, readers, count) == PCSC_CANCELLED)
			return CKR_CRYPTOKI_NOT_INITIALIZED;
	}
}

CK_RV
slots_wait(CK_FLAGS flags, CK_SLOT_ID *slot, void *reserved)
{
	CK_RV rv = CKR_NO_EVENT;

	if (slot == NULL || reserved != NULL)
		return CKR_ARGUMENTS_BAD;
	if ((flags & CKF_DONT_BLOCK) != 0) {
		ifd_survey();
		return take_event(slot) ? CKR_OK : CKR_NO_EVENT;
	}
	/* One context, one thread. */
	if (atomic_fetch_add(&module.waiting, 1) == 0)
		rv = wait_for_event(slot);
	else
		rv = CKR_FUNCTION_FAILED;
	atomic_fetch_sub(&module.waiting, 1);
	return rv;
}
