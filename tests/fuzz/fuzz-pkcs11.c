/*
 * vicar-pkcs11.so against a card that lies. The card is one of ours behind a PC/SC in the process; the
 * first byte picks it, and each message of the input says what becomes of one answer: an empty one
 * leaves it as it is, a first byte below 80 is the place of a byte to change into the second, any other
 * puts the rest in its place. When there are no more messages the card is honest.
 */
#include "fuzz.h"

#include "cards.h"

#include "iso7816/sw.h"
#include "pkcs11/cryptoki.h"

#include <openssl/err.h>
#include <reader.h>
#include <string.h>
#include <winscard.h>

#define READER "Fuzz 00 00"

static const char *const subjects[] = {
    "cc-v1 key=auth,rsa2048 key=sign,rsa2048 program-name",
    "cc-v2 key=auth,p256 key=sign,p256",
    "fineid-v2 key=auth key=sign",
    "fineid-v3 key=auth,rsa2048 key=sign,rsa2048 key=sign2,p256",
    "fineid-v4 key=auth,p384 key=sign,p384",
    "fineid-org key=auth,rsa2048 key=sign,rsa2048",
    "iasecc key=auth,rsa2048 key=sign,rsa2048 program-name",
    "iasecc key=auth,rsa2048 key=sign,rsa2048 variant=oberthur",
};
enum { SUBJECTS = sizeof(subjects) / sizeof(subjects[0]), COMMANDS_MAX = 3000 };

static struct made_card cards[SUBJECTS];

static struct {
	struct made_card *made;
	struct reader lies;
	unsigned commands;
} now;

const SCARD_IO_REQUEST g_rgSCardT0Pci, g_rgSCardT1Pci;

LONG
SCardEstablishContext(DWORD scope, LPCVOID one, LPCVOID two, LPSCARDCONTEXT context)
{
	(void)scope;
	(void)one;
	(void)two;
	*context = 1;
	return SCARD_S_SUCCESS;
}

LONG
SCardReleaseContext(SCARDCONTEXT context)
{
	(void)context;
	return SCARD_S_SUCCESS;
}

LONG
SCardIsValidContext(SCARDCONTEXT context)
{
	(void)context;
	return SCARD_S_SUCCESS;
}

LONG
SCardListReaders(SCARDCONTEXT context, LPCSTR groups, LPSTR names, LPDWORD len)
{
	(void)context;
	(void)groups;
	fuzz_must(*len >= sizeof(READER) + 1);
	memcpy(names, READER "\0", sizeof(READER) + 1);
	*len = sizeof(READER) + 1;
	return SCARD_S_SUCCESS;
}

LONG
SCardGetStatusChange(SCARDCONTEXT context, DWORD timeout, SCARD_READERSTATE *states, DWORD count)
{
	(void)context;
	(void)timeout;
	for (DWORD i = 0; i < count; i++)
		states[i].dwEventState =
		    strcmp(states[i].szReader, READER) == 0 ? SCARD_STATE_PRESENT | 1 << 16 : 0;
	return SCARD_S_SUCCESS;
}

LONG
SCardCancel(SCARDCONTEXT context)
{
	(void)context;
	return SCARD_S_SUCCESS;
}

static DWORD
protocol_of_card(void)
{
	return now.made->card->atr.first_protocol == 0 ? SCARD_PROTOCOL_T0 : SCARD_PROTOCOL_T1;
}

LONG
SCardConnect(SCARDCONTEXT context, LPCSTR name, DWORD share, DWORD protocols, LPSCARDHANDLE handle,
	     LPDWORD protocol)
{
	(void)context;
	(void)name;
	(void)share;
	(void)protocols;
	*handle = 1;
	*protocol = protocol_of_card();
	return SCARD_S_SUCCESS;
}

LONG
SCardReconnect(SCARDHANDLE handle, DWORD share, DWORD protocols, DWORD what, LPDWORD protocol)
{
	(void)handle;
	(void)share;
	(void)protocols;
	(void)what;
	*protocol = protocol_of_card();
	return SCARD_S_SUCCESS;
}

LONG
SCardDisconnect(SCARDHANDLE handle, DWORD what)
{
	(void)handle;
	(void)what;
	return SCARD_S_SUCCESS;
}

LONG
SCardBeginTransaction(SCARDHANDLE handle)
{
	(void)handle;
	return SCARD_S_SUCCESS;
}

LONG
SCardEndTransaction(SCARDHANDLE handle, DWORD what)
{
	(void)handle;
	(void)what;
	return SCARD_S_SUCCESS;
}

LONG
SCardStatus(SCARDHANDLE handle, LPSTR name, LPDWORD name_len, LPDWORD state, LPDWORD protocol,
	    LPBYTE atr, LPDWORD atr_len)
{
	const struct bytes known = card_atr(now.made->card);

	(void)handle;
	(void)name;
	(void)name_len;
	fuzz_must(*atr_len >= known.len);
	memcpy(atr, known.data, known.len);
	*atr_len = known.len;
	*state = SCARD_PRESENT | SCARD_POWERED | SCARD_NEGOTIABLE;
	*protocol = protocol_of_card();
	return SCARD_S_SUCCESS;
}

/* What becomes of an answer of `len` bytes. */
static size_t
lie(uint8_t *answer, size_t len, size_t room)
{
	struct bytes message;
	size_t at;

	if (!fuzz_message(&now.lies, &message) || message.len == 0)
		return len;
	if (message.data[0] < 0x80 && message.len > 1) {
		at = message.data[0];
		answer[at < len ? at : len - 1] = message.data[1];
		return len;
	}
	len = message.len - 1 < room ? message.len - 1 : room;
	memcpy(answer, message.data + 1, len);
	return len;
}

/* What a key makes of its input, but for the time that this takes. */
static uint16_t
use_key(const struct key_request *request, struct writer *output)
{
	struct fixture *fixture = &now.made->fixture;

	if (request->operation >= KEY_PIN_VERIFY)
		return fixture_fulfil(fixture, request, output);
	for (size_t i = 0; i < fixture->image.keys_count; i++)
		if (strcmp(fixture->image.keys[i].name, request->key) == 0) {
			const EVP_PKEY *key = fixture->keys[i].key;
			const size_t field = ((size_t)EVP_PKEY_get_bits(key) + 7) / 8;

			writer_fill(output, 0x5A, EVP_PKEY_is_a(key, "EC") ? 2 * field : field);
		}
	return SW_OK;
}

static void
answer(struct bytes command, struct writer *response)
{
	struct card *card = now.made->card;
	enum card_result result = card_transmit(card, command, response);

	while (result == CARD_PENDING) {
		uint8_t room[KEY_OUTPUT_MAX];
		struct writer output = writer_to(room, sizeof(room));
		struct key_result made = {.sw = use_key(card_request(card), &output)};

		made.output = writer_bytes(&output);
		result = card_resume(card, &made, response);
	}
}

LONG
SCardTransmit(SCARDHANDLE handle, const SCARD_IO_REQUEST *in, LPCBYTE command, DWORD command_len,
	      SCARD_IO_REQUEST *out, LPBYTE response, LPDWORD response_len)
{
	static uint8_t room[RAPDU_LEN_MAX];
	struct writer writer = writer_to(room, sizeof(room));
	size_t len;

	(void)handle;
	(void)in;
	(void)out;
	fuzz_must(++now.commands < COMMANDS_MAX);
	answer((struct bytes){command, command_len}, &writer);
	len = lie(room, writer.len, sizeof(room));
	if (len > *response_len)
		return SCARD_E_INSUFFICIENT_BUFFER;
	memcpy(response, room, len);
	*response_len = len;
	return SCARD_S_SUCCESS;
}

LONG
SCardControl(SCARDHANDLE handle, DWORD code, LPCVOID in, DWORD in_len, LPVOID out, DWORD out_len,
	     LPDWORD returned)
{
	(void)handle;
	(void)code;
	(void)in;
	(void)in_len;
	(void)out;
	(void)out_len;
	*returned = 0;
	return SCARD_S_SUCCESS;
}

static void
look_at(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
	static const CK_ATTRIBUTE_TYPE types[] = {
	    CKA_CLASS, CKA_LABEL,           CKA_ID,       CKA_VALUE,     CKA_SUBJECT, CKA_MODULUS,
	    CKA_SIGN,  CKA_PUBLIC_EXPONENT, CKA_EC_POINT, CKA_EC_PARAMS, CKA_KEY_TYPE};
	static uint8_t value[65536];

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		CK_ATTRIBUTE attribute = {types[i], value, sizeof(value)};

		if (C_GetAttributeValue(session, object, &attribute, 1) == CKR_OK)
			fuzz_must(attribute.ulValueLen <= sizeof(value));
	}
}

static void
use(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
	static const CK_MECHANISM_TYPE mechanisms[] = {CKM_SHA256_RSA_PKCS, CKM_ECDSA_SHA256};
	static const CK_UTF8CHAR pin[] = "123456";
	uint8_t signature[1024];

	for (size_t i = 0; i < 2; i++) {
		CK_MECHANISM mechanism = {mechanisms[i], NULL, 0};
		CK_ULONG len = sizeof(signature);

		if (C_SignInit(session, &mechanism, key) != CKR_OK)
			continue;
		(void)!C_Login(session, CKU_CONTEXT_SPECIFIC, (CK_UTF8CHAR_PTR)pin, 6);
		if (C_Sign(session, (CK_BYTE_PTR) "fuzz", 4, signature, &len) == CKR_OK)
			fuzz_must(len <= sizeof(signature));
	}
}

static void
round_of(CK_SLOT_ID slot)
{
	static const CK_UTF8CHAR pin[] = "123456";
	CK_OBJECT_HANDLE objects[64];
	CK_SESSION_HANDLE session;
	CK_TOKEN_INFO info;
	CK_ULONG count = 0;

	(void)!C_GetTokenInfo(slot, &info);
	if (C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &session) != CKR_OK)
		return;
	(void)!C_Login(session, CKU_USER, (CK_UTF8CHAR_PTR)pin, info.ulMaxPinLen >= 6 ? 6 : 4);
	if (C_FindObjectsInit(session, NULL, 0) == CKR_OK) {
		(void)!C_FindObjects(session, objects, 64, &count);
		(void)!C_FindObjectsFinal(session);
	}
	for (CK_ULONG i = 0; i < count; i++) {
		look_at(session, objects[i]);
		use(session, objects[i]);
	}
	(void)!C_Logout(session);
	(void)!C_CloseSession(session);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static char path[64];
	static const char conf[] = "[pkcs11]\nfile-cache = no\n";

	(void)argc;
	(void)argv;
	(void)!fuzz_file((const uint8_t *)conf, sizeof(conf) - 1, path);
	setenv("VICAR_CONF", path, 1);
	for (size_t i = 0; i < SUBJECTS; i++)
		made_card_make(&cards[i], subjects[i]);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CK_SLOT_ID slots[16];
	CK_ULONG count = 16;

	if (size == 0)
		return 0;
	now.made = &cards[data[0] % SUBJECTS];
	now.lies = reader_of((struct bytes){data + 1, size - 1});
	now.commands = 0;
	fuzz_must(C_Initialize(NULL) == CKR_OK);
	if (C_GetSlotList(CK_FALSE, slots, &count) == CKR_OK)
		for (CK_ULONG i = 0; i < count; i++)
			round_of(slots[i]);
	fuzz_must(C_Finalize(NULL) == CKR_OK);
	made_card_restore(now.made);
	ERR_clear_error();
	return 0;
}
