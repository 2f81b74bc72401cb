/*
 * C_SeedRandom, C_GenerateRandom; pkcs11/software.h.
 */
#include "pkcs11/software.h"

#include <openssl/rand.h>
#include <string.h>

/* More than this is not worth the card's time. */
enum { CARD_RANDOM_MAX = 256 };

CK_RV
random_seed(CK_SESSION_HANDLE handle, const CK_BYTE *seed, CK_ULONG seed_len)
{
	struct session *session;
	CK_RV rv = session_enter(handle, false, &session);

	if (rv != CKR_OK)
		return rv;
	session_leave(session);
	return seed == NULL && seed_len > 0 ? CKR_ARGUMENTS_BAD : CKR_RANDOM_SEED_NOT_SUPPORTED;
}

/* False: the card has none, or has other trouble. */
static CK_RV
of_card(struct ifd *ifd, CK_BYTE *data, CK_ULONG len, bool *filled)
{
	struct writer writer = writer_to(data, len);
	enum smartcard_result result;
	CK_RV rv = ifd_begin(ifd);

	*filled = false;
	if (rv != CKR_OK)
		return rv;
	result = smartcard_random(ifd->card, len, &writer);
	*filled = result == SMARTCARD_OK && writer_ok(&writer) && writer.len == len;
	rv = result == SMARTCARD_REMOVED ? ifd_result(ifd, result) : CKR_OK;
	ifd_end(ifd, false);
	return rv;
}

CK_RV
random_generate(CK_SESSION_HANDLE handle, CK_BYTE *data, CK_ULONG len)
{
	struct session *session;
	bool filled = false;
	struct ifd *ifd;
	CK_RV rv = session_enter(handle, true, &session);

	if (rv != CKR_OK)
		return rv;
	ifd = session->token->ifd;
	if (data == NULL && len > 0)
		rv = CKR_ARGUMENTS_BAD;
	else if (len <= CARD_RANDOM_MAX && len > 0)
		rv = of_card(ifd, data, len, &filled);
	if (rv == CKR_OK && !filled && RAND_bytes_ex(module.crypto, data, len, 0) != 1)
		rv = CKR_GENERAL_ERROR;
	ifd_leave(ifd);
	return rv;
}
