/*
 * The desktop is told what became of a use of a key, by notify-send(1) where that is installed.
 */
#ifndef VICAR_CMDBRIDGE_NOTIFY_H
#define VICAR_CMDBRIDGE_NOTIFY_H

#include "service.h"

/* Starts it and does not wait for it. Says card, key and documents, or the reason and the next step; never
 * what the owner has done at the prompt just now, and no secrets. Whether it works makes no difference. */
void notify_result(const struct service_use *use, const struct service_result *result);

#endif
