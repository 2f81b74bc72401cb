/*
 * The locked page, pkcs11/pinstore.h.
 */
#include "pkcs11/pinstore.h"

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* `used` is taken by whoever makes it 1: readers with a lock each share the page. */
struct entry {
	atomic_uchar used;
	uint8_t len;
	uint8_t value[PINSTORE_PIN_MAX];
};

static size_t
entries_count(const struct pinstore *store)
{
	return store->size / sizeof(struct entry);
}

static struct entry *
entry_at(const struct pinstore *store, pin_handle handle)
{
	struct entry *entries = store->page;

	if (entries == NULL || handle < 0 || (size_t)handle >= entries_count(store))
		return NULL;
	return entries[handle].used != 0 ? &entries[handle] : NULL;
}

void
pinstore_open(struct pinstore *store)
{
	long size = sysconf(_SC_PAGESIZE);
	void *page;

	*store = (struct pinstore){NULL, 0};
	if (size <= 0)
		return;
	page = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return;
	if (mlock(page, (size_t)size) != 0 || madvise(page, (size_t)size, MADV_DONTDUMP) != 0 ||
	    madvise(page, (size_t)size, MADV_WIPEONFORK) != 0) {
		(void)munmap(page, (size_t)size);
		return;
	}
	*store = (struct pinstore){page, (size_t)size};
}

void
pinstore_close(struct pinstore *store)
{
	if (store->page != NULL) {
		OPENSSL_cleanse(store->page, store->size);
		(void)munmap(store->page, store->size);
	}
	*store = (struct pinstore){NULL, 0};
}

pin_handle
pinstore_put(struct pinstore *store, struct bytes pin)
{
	struct entry *entries = store->page;

	if (entries == NULL || pin.len > PINSTORE_PIN_MAX)
		return PINSTORE_NONE;
	for (size_t i = 0; i < entries_count(store); i++) {
		if (atomic_exchange(&entries[i].used, 1) != 0)
			continue;
		entries[i].len = (uint8_t)pin.len;
		if (pin.len > 0)
			memcpy(entries[i].value, pin.data, pin.len);
		return (pin_handle)i;
	}
	return PINSTORE_NONE;
}

struct bytes
pinstore_get(const struct pinstore *store, pin_handle handle)
{
	const struct entry *entry = entry_at(store, handle);

	return entry != NULL ? (struct bytes){entry->value, entry->len} : BYTES_NONE;
}

void
pinstore_drop(struct pinstore *store, pin_handle *handle)
{
	struct entry *entry = entry_at(store, *handle);

	if (entry != NULL) {
		OPENSSL_cleanse(entry->value, sizeof(entry->value));
		entry->len = 0;
		entry->used = 0;
	}
	*handle = PINSTORE_NONE;
}
