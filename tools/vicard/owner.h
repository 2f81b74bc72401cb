/*
 * The owner's own use of a key, `sign` of tools/control.h: documents that `vicar sign` has collected,
 * one PIN for all of them, typed into our own prompt, which is the consent to them.
 *
 * It goes: checks that cost nothing -> BRIDGE_ASK -> the engine judges the PIN -> a local key: the try
 * counted, journal, each document; a remote key: BRIDGE_SIGN with them all, whose one start call is
 * counted and in the journal before it leaves -> the answer to the client.
 *
 * A reader's reset or another program's commands do not touch it; a program's use of a remote key is
 * refused meanwhile, and this one while such a use goes on: one person is asked one thing at a time. A
 * client that goes away ends it before the start call; after that it is finished and written down.
 */
#ifndef VICAR_TOOLS_VICARD_OWNER_H
#define VICAR_TOOLS_VICARD_OWNER_H

#include "keys.h"
#include "tools/problem.h"

struct owner {
	struct keys *keys; /* borrowed */
	struct use use;
	bool active;
	int client; /* -1: none, or it has gone */
	bool begun; /* card_owner_begin() */
	bool remote;

	uint8_t *message; /* of the request, which looks into it */
	struct bridge_request request;
	char key[KEY_NAME_MAX];
	enum key_operation operation;
	struct journal_item items[BRIDGE_DOCUMENTS_MAX];
};

void owner_init(struct owner *owner, struct keys *keys);
/* `message` is the encoded BRIDGE_REQUEST (tools/control.h). True: `client` is the owner's from now on,
 * which answers and closes it. False: `error` is for the client; nobody was asked. */
bool owner_begin(struct owner *owner, uint64_t now_ms, int client, struct bytes message,
		 struct problem *error) MUST_USE;
/* While active: the bridge may have said something, ended, or be silent for too long. */
void owner_continue(struct owner *owner, uint64_t now_ms);
/* The client's socket can be read: it has gone, for it has nothing more to say. */
void owner_hung_up(struct owner *owner, uint64_t now_ms);
/* The card is taken out. `why` completes "..., because WHY". */
void owner_cancel(struct owner *owner, uint64_t now_ms, const char *why);

#endif
