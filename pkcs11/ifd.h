/*
 * A reader (interface device), the card in it, and its slots: one for each PIN that opens something.
 *
 * Slot numbers are IFD_SLOTS_MAX times the reader's number plus the PIN's place; both stay for the
 * life of the process, also when card or reader are gone.
 *
 * An ifd is made when a reader's name is first seen and never freed. What is above the line in the
 * struct is guarded by module.lock, the rest by the ifd's own lock.
 */
#ifndef VICAR_PKCS11_IFD_H
#define VICAR_PKCS11_IFD_H

#include "pkcs11/attributes.h"
#include "pkcs11/module.h"
#include "pkcs11/object.h"
#include "pkcs11/refusal.h"
#include "pkcs11/smartcard.h"

#include <time.h>

enum { IFD_SLOTS_MAX = 8 };

struct session;

enum token_user { TOKEN_NOBODY, TOKEN_USER, TOKEN_SO };

/* A slot and what is in it. */
struct token {
	struct ifd *ifd;
	CK_SLOT_ID slot;
	bool here;           /* the card has this PIN */
	int pin;             /* index in the card's pins; SMARTCARD_NONE: a card without PINs */
	bool signature_only; /* opens keys of non-repudiation and no others */
	struct smartcard_pin_state state; /* as last heard from the card */
	enum token_user user;
	/* In module.pins: */
	pin_handle held;    /* of C_Login, PIN1 until its time is over, PIN2 until its first use; of
			       CKU_SO the PUK */
	pin_handle context; /* of a login for one use */
	struct refusal refused; /* not to be offered to the card again, while its counter stands
				   at refused_tries */
	unsigned refused_tries;
	bool unspent;           /* of a key that wants a PIN for each use: C_Login's serves one */
	bool context_ready;     /* such a login was made, also at a PIN pad */
	time_t held_since;      /* CLOCK_MONOTONIC */
	struct object *objects; /* of the card */
	bool objects_made;
};

struct ifd {
	char name[PCSC_NAME_MAX];
	CK_SLOT_ID first_slot;
	bool listed, present; /* by the last survey */
	unsigned events;
	unsigned busy; /* threads that have the lock or wait for it */
	bool pending;  /* a card came or went, and nobody was told yet */
	/* Copies for those who may not wait, of the stay of a card `known_events`: */
	bool known;
	unsigned known_events;
	unsigned slots;       /* how many were ever seen here, at least 1 */
	CK_RV known_rv;       /* of ifd_enter() */
	unsigned tokens_here; /* bit of each slot that has a token */
	CK_TOKEN_INFO infos[IFD_SLOTS_MAX];
	/* ---- */
	struct lock lock;
	bool open;
	bool tried; /* the card of stay `bound_events` was looked at, with `card_rv` */
	unsigned bound_events;
	CK_RV card_rv;
	bool was_reset; /* by another program, when the card was last asked for something */
	/* The card was taken out. ifd_leave() drops it: pointers are good to the end of a call. */
	bool gone;
	unsigned depth;               /* of transactions */
	struct pcsc_card *connection; /* NULL: none */
	struct smartcard *card;       /* NULL: no driver knows it */
	struct token tokens[IFD_SLOTS_MAX];
	struct session *sessions;
};

/* Surveys the readers; module.lock is not held by the caller. */
void ifd_survey(void);

/* The ifd of a slot, or NULL for a number that was never given. */
struct ifd *ifd_of_slot(CK_SLOT_ID slot);

/* Takes the ifd's lock, and brings what is known of the card up to date: a card that was taken out
 * or changed since takes its sessions with it, a new one is looked at. CKR_OK, CKR_TOKEN_NOT_PRESENT,
 * CKR_TOKEN_NOT_RECOGNIZED, CKR_DEVICE_ERROR; the lock is held whatever is returned. */
CK_RV ifd_enter(struct ifd *ifd);
/* Takes the lock, and looks no further. */
void ifd_lock(struct ifd *ifd);
void ifd_leave(struct ifd *ifd);
/* As ifd_enter() and ifd_leave() for its effect on the copies, if nobody has the lock; else nothing,
 * unless the card is new: whoever looks at it now is waited for. */
void ifd_refresh(struct ifd *ifd);

struct token *ifd_token(struct ifd *ifd, CK_SLOT_ID slot);

/* The card was disturbed by others, not by this command: what only reads may be done again. */
bool ifd_was_disturbed(const struct ifd *ifd, enum smartcard_result result);

/* A transaction with the card; they nest. */
CK_RV ifd_begin(struct ifd *ifd);
/* `forget`: by a reset, the card forgets who verified what. */
void ifd_end(struct ifd *ifd, bool forget);

/* What the card said, as CK_RV; a card that went takes its sessions with it when the call ends. */
CK_RV ifd_result(struct ifd *ifd, enum smartcard_result result);

/* What C_GetTokenInfo says of a token that is here. */
void ifd_token_info(const struct token *token, CK_TOKEN_INFO *info);

/* C_Initialize, C_Finalize, the same after fork(). */
CK_RV ifd_open(struct ifd *ifd);
void ifd_close(struct ifd *ifd);
void ifd_forget(struct ifd *ifd);

#endif
