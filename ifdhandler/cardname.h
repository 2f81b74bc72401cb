/* The name of a card's socket, link.h: UID-NAME.sock. */
#ifndef VICAR_IFDHANDLER_CARDNAME_H
#define VICAR_IFDHANDLER_CARDNAME_H

#include <stdbool.h>
#include <sys/types.h>

#include "ifdhandler/link.h"

enum { CARDNAME_MAX = 10 + 1 + LINK_NAME_MAX + sizeof LINK_SUFFIX - 1 };

/* True when `file` is such a name; `owner` is the UID in it. NAME is 1 to LINK_NAME_MAX letters,
 * digits, - and _, the first a letter or digit; UID has no leading zeros and fits in a uid_t other
 * than (uid_t)-1. */
bool cardname_parse(const char *file, uid_t *owner) __attribute__((warn_unused_result));

#endif
