/*
 * A reader is one entry of reader.conf: one directory, one watcher, some slots. It is found by the
 * upper half of a Lun, its slot by the lower half. It lives from the first slot that pcscd opens to
 * the last that it closes, and a little longer when other threads are still inside.
 *
 * The table of readers is the one global of this library: pcscd's calls carry no other context.
 */
#ifndef VICAR_IFDHANDLER_READER_H
#define VICAR_IFDHANDLER_READER_H

#include <stdbool.h>

#include "ifdhandler/devicename.h"
#include "ifdhandler/slot.h"

struct reader;

/* Opens the slot `lun`; for the first of a reader connects to the cards that are there and waits at
 * most LINK_HELLO_MS for their hellos. False, and a line in the log, when there can be no reader. */
bool reader_open(unsigned long lun, const char *device) __attribute__((warn_unused_result));
bool reader_close(unsigned long lun);

/* NULL when pcscd has not opened that slot. Give it back with reader_put(). */
struct reader *reader_get(unsigned long lun, struct slot **slot)
    __attribute__((warn_unused_result));
void reader_put(struct reader *reader);

const struct devicename *reader_device(const struct reader *reader);

/* Serves the directory and the slot's link until pcscd has something to learn of the slot, the time
 * is over, or slot_stop(). */
void reader_poll(struct reader *reader, struct slot *slot, int timeout_ms);

#endif
