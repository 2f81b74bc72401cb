/*
 * An operation between its Init and its end, and the rules that all kinds share (PKCS#11 2.40
 * sections 5.2, 5.8 to 5.13): a question for the length and a buffer that is too small leave it
 * active, everything else ends it.
 */
#ifndef VICAR_PKCS11_SESSION_OPERATION_H
#define VICAR_PKCS11_SESSION_OPERATION_H

#include "iso7816/bytes.h"
#include "pkcs11/mechanism.h"

#include <openssl/evp.h>

enum operation_kind {
	OPERATION_DIGEST,
	OPERATION_SIGN,
	OPERATION_VERIFY,
	OPERATION_ENCRYPT,
	OPERATION_DECRYPT,
	OPERATION_KINDS,
};

enum { OPERATION_DATA_MAX = 2048 }; /* collected where there is no hash; 16384 bits */

struct session;

struct operation {
	bool active;
	bool updated; /* Update was called: the single-part call is too late */
	const struct mechanism *mechanism;
	CK_OBJECT_HANDLE key;
	size_t key_len;          /* bytes of modulus or field */
	bool consent;            /* the key wants a login for this use */
	enum digest digest, mgf; /* PSS, OAEP */
	size_t salt_len;
	uint8_t *label; /* OAEP, owned */
	size_t label_len;
	EVP_MD_CTX *hash; /* NULL: data are collected */
	uint8_t *data;    /* OPERATION_DATA_MAX */
	size_t data_len;
	EVP_PKEY *public; /* of verify and encrypt */
	uint8_t *output;  /* made, but the application's buffer was too small */
	size_t output_len;
	bool has_output;
};

/* Init. `mechanism` NULL: the operation is cancelled, CKR_OK. CKR_OPERATION_ACTIVE. */
CK_RV operation_begin(struct session *session, enum operation_kind kind,
		      const CK_MECHANISM *mechanism, struct operation **operation);
void operation_end(struct operation *operation);
/* The active one, for a call that is the first after Init (`updated` false), or may be a later. */
CK_RV operation_active(struct session *session, enum operation_kind kind,
		       struct operation **operation);

/* Parameters of PSS and OAEP; others have none. CKR_MECHANISM_PARAM_INVALID. */
CK_RV operation_parameters(struct operation *operation, const CK_MECHANISM *mechanism);
/* The hash of the mechanism, or room for data. */
CK_RV operation_collect(struct operation *operation);
/* CKR_DATA_LEN_RANGE. */
CK_RV operation_add(struct operation *operation, struct bytes data);
/* What was collected: the hash, or the data. `room` has OPERATION_DATA_MAX bytes. */
CK_RV operation_collected(struct operation *operation, uint8_t *room, size_t *len);

/* The rules for the application's buffer: true when `*rv` is to be returned at once, CKR_OK with the
 * length, or CKR_BUFFER_TOO_SMALL. `buffer` NULL asks. */
bool operation_asks(const void *buffer, CK_ULONG *room, size_t len, CK_RV *rv);

#endif
