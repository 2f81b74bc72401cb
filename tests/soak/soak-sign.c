/*
 * Signs with whatever card is in one reader, by a PKCS#11 module that it loads once, and verifies each
 * signature with the certificate that the card was made with. Whatever happens to card, reader or pcscd,
 * it goes on by itself, and the module is not loaded anew.
 *
 * usage: soak-sign BOARD CLIENT READER CARDS SEED MODULE
 *
 * CARDS is a file of lines `NUMBER NAME MAX PIN CERTIFICATE`: a card, the tries and the value of its
 * PIN, and the file of its certificate.
 */
#include "tests/soak/board.h"

#include <dirent.h>
#include <dlfcn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SIGNATURES = 40, /* one after the other; then the card is left to others */
	OTHERS_MS = 110,
	REST_MS = 3000,
	RETRY_MS = 50,
	SLOTS_MAX = 32,
	MESSAGE_LEN = 32,
	/* One in so many rounds. */
	WRONG_PINS = 4,
	NEW_SESSIONS = 6,
	NEW_MODULES = 40,
	TRIES_MIN = 3, /* a wrong PIN is sent only when as many are left */
};

struct card {
	unsigned number, max;
	char name[32], pin[32];
	uint8_t *certificate;
	size_t certificate_len;
	EVP_PKEY *key;
};

struct client {
	struct board_view view;
	struct card cards[BOARD_CARDS];
	size_t cards_count;
	const char *reader;
	struct chance chance;
	CK_FUNCTION_LIST *p11;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE key;
	const struct card *card;
	bool open;
	uint64_t resets; /* when the last call returned */
	bool resetting;
};

static void
die(const char *what)
{
	(void)fprintf(stderr, "soak-sign: %s\n", what);
	exit(2);
}

static void
load_certificate(struct card *card, const char *path)
{
	FILE *file = fopen(path, "re");
	X509 *certificate = file != NULL ? d2i_X509_fp(file, NULL) : NULL;
	int len = i2d_X509(certificate, &card->certificate);

	if (certificate == NULL || len <= 0)
		die(path);
	card->certificate_len = (size_t)len;
	card->key = X509_get_pubkey(certificate);
	X509_free(certificate);
	(void)fclose(file);
}

static void
read_cards(struct client *client, const char *path)
{
	FILE *file = fopen(path, "re");
	char number[16], max[16], certificate[512];
	struct card card = {0};

	if (file == NULL)
		die(path);
	while (client->cards_count < BOARD_CARDS &&
	       fscanf(file, "%15s %31s %15s %31s %511s", number, card.name, max, card.pin,
		      certificate) == 5) {
		card.number = (unsigned)strtoul(number, NULL, 10);
		card.max = (unsigned)strtoul(max, NULL, 10);
		card.certificate = NULL;
		load_certificate(&card, certificate);
		client->cards[client->cards_count++] = card;
	}
	(void)fclose(file);
}

/* vicar-pkcs11(7): what a card or a pcscd that goes is told by. CKR_DEVICE_ERROR is not among it and was seen
 * (docs/soak.md); the manual's word is judged by unit tests, here a disturbance must explain it. */
static enum board_kind
kind_of(CK_RV rv)
{
	return rv == CKR_DEVICE_REMOVED || rv == CKR_SESSION_HANDLE_INVALID ||
		       rv == CKR_TOKEN_NOT_PRESENT || rv == CKR_DEVICE_ERROR
		   ? BOARD_DISTURBED
		   : BOARD_NEVER;
}

/* A reset in the midst of a call takes its answer, and the module does not ask for another one. */
static bool
failed(struct client *client, const char *call, CK_RV rv)
{
	bool resetting = client->resetting;
	uint64_t resets = client->resets;

	client->resets = board_resets(&client->view, &client->resetting);
	if (rv == CKR_OK)
		return false;
	if (rv == CKR_DEVICE_ERROR && (resetting || client->resets != resets))
		board_error(&client->view, call, (uint32_t)rv, BOARD_INNOCENT);
	else
		board_error(&client->view, call, (uint32_t)rv, kind_of(rv));
	return true;
}

static CK_OBJECT_HANDLE
find_object(struct client *client, CK_OBJECT_CLASS class)
{
	CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof(class)};
	CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
	CK_ULONG count = 0;

	if (failed(client, "C_FindObjectsInit",
		   client->p11->C_FindObjectsInit(client->session, &template, 1)))
		return CK_INVALID_HANDLE;
	if (failed(client, "C_FindObjects",
		   client->p11->C_FindObjects(client->session, &object, 1, &count)) ||
	    count == 0)
		object = CK_INVALID_HANDLE;
	(void)client->p11->C_FindObjectsFinal(client->session);
	return object;
}

/* By its certificate, byte for byte. */
static const struct card *
know_card(struct client *client)
{
	uint8_t value[4096];
	CK_ATTRIBUTE attribute = {CKA_VALUE, value, sizeof(value)};
	CK_OBJECT_HANDLE object = find_object(client, CKO_CERTIFICATE);

	if (object == CK_INVALID_HANDLE ||
	    failed(client, "C_GetAttributeValue",
		   client->p11->C_GetAttributeValue(client->session, object, &attribute, 1)))
		return NULL;
	for (size_t i = 0; i < client->cards_count; i++)
		if (client->cards[i].certificate_len == attribute.ulValueLen &&
		    memcmp(client->cards[i].certificate, value, attribute.ulValueLen) == 0)
			return &client->cards[i];
	return NULL;
}

static void
close_session(struct client *client)
{
	if (client->open)
		(void)client->p11->C_CloseSession(client->session);
	client->open = false;
}

/* True with the session open on a card that is known. Other PINs of a card have slots of their own,
 * with certificates that are not on the list. */
static bool
try_slot(struct client *client, CK_SLOT_ID slot)
{
	CK_SLOT_INFO info;
	CK_RV rv = client->p11->C_GetSlotInfo(slot, &info);

	if (rv != CKR_OK ||
	    memcmp(info.slotDescription, client->reader, strlen(client->reader)) != 0)
		return false;
	rv = client->p11->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &client->session);
	if (rv == CKR_TOKEN_NOT_PRESENT || failed(client, "C_OpenSession", rv))
		return false;
	client->open = true;
	client->card = know_card(client);
	if (client->card == NULL)
		close_session(client);
	return client->open;
}

static bool
find_card(struct client *client)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG count = SLOTS_MAX;

	if (failed(client, "C_GetSlotList", client->p11->C_GetSlotList(CK_TRUE, slots, &count)))
		return false;
	for (CK_ULONG i = 0; i < count; i++)
		if (try_slot(client, slots[i]))
			return true;
	return false;
}

static CK_RV
login(struct client *client, const char *pin)
{
	return client->p11->C_Login(client->session, CKU_USER, (CK_UTF8CHAR *)(uintptr_t)pin,
				    strlen(pin));
}

static bool
log_in(struct client *client)
{
	const struct card *card = client->card;
	struct board_tries sent = board_try(&client->view, card->number, 0, true, card->max);

	if (failed(client, "C_Login", login(client, card->pin)))
		return false;
	board_judge(&client->view, card->number, 0, sent, card->max, card->max);
	client->key = find_object(client, CKO_PRIVATE_KEY);
	return client->key != CK_INVALID_HANDLE;
}

/* Another one each time: one that the card has refused is not sent again. False after an error. */
static bool
use_wrong_pin(struct client *client)
{
	const struct card *card = client->card;
	struct board_tries before = board_tries(&client->view, card->number, 0), sent;
	char pin[8];
	CK_RV rv;

	if (before.low < TRIES_MIN)
		return true;
	if (failed(client, "C_Logout", client->p11->C_Logout(client->session)))
		return false;
	(void)snprintf(pin, sizeof(pin), "9%03u", chance_of(&client->chance, 1000));
	sent = board_try(&client->view, card->number, 0, false, card->max);
	rv = login(client, pin);
	if (rv == CKR_OK) {
		board_wrong(&client->view, "%s: logged in with the wrong PIN %s", card->name, pin);
		return false;
	}
	if (failed(client, "C_Login", rv == CKR_PIN_INCORRECT ? CKR_OK : rv))
		return false;
	board_judge(&client->view, card->number, 0, sent, before.low - 1, before.high - 1);
	atomic_fetch_add(&client->view.own->wrong_pins, 1);
	/* The counter stays low for a while, through whatever happens to the card. */
	pause_ms(chance_of(&client->chance, 2) * OTHERS_MS);
	return log_in(client);
}

/* r and s, each half of it, as DER. */
static int
der_of(const uint8_t *raw, size_t len, uint8_t **der)
{
	ECDSA_SIG *signature = ECDSA_SIG_new();
	int der_len = -1;

	if (signature != NULL && ECDSA_SIG_set0(signature, BN_bin2bn(raw, (int)len / 2, NULL),
						BN_bin2bn(raw + len / 2, (int)len / 2, NULL)) == 1)
		der_len = i2d_ECDSA_SIG(signature, der);
	ECDSA_SIG_free(signature);
	return der_len;
}

static bool
verify_ec(EVP_PKEY *key, const uint8_t *hash, size_t hash_len, const uint8_t *raw, size_t len)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	uint8_t *der = NULL;
	int der_len = len % 2 == 0 ? der_of(raw, len, &der) : -1;
	bool right = der_len > 0 && context != NULL && EVP_PKEY_verify_init(context) == 1 &&
		     EVP_PKEY_verify(context, der, (size_t)der_len, hash, hash_len) == 1;

	OPENSSL_free(der);
	EVP_PKEY_CTX_free(context);
	return right;
}

static bool
verify_rsa(EVP_PKEY *key, const uint8_t *message, size_t message_len, const uint8_t *signature,
	   size_t len)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool right = context != NULL &&
		     EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
		     EVP_DigestVerify(context, signature, len, message, message_len) == 1;

	EVP_MD_CTX_free(context);
	return right;
}

static bool
sign(struct client *client)
{
	const struct card *card = client->card;
	bool is_ec = EVP_PKEY_get_base_id(card->key) == EVP_PKEY_EC;
	CK_MECHANISM mechanism = {is_ec ? CKM_ECDSA : CKM_SHA256_RSA_PKCS, NULL, 0};
	uint8_t message[MESSAGE_LEN], signature[1024];
	CK_ULONG len = sizeof(signature);
	/* The module verifies the PIN again when others have reset the card. */
	struct board_tries sent = board_try(&client->view, card->number, 0, true, card->max);

	for (size_t i = 0; i < MESSAGE_LEN; i++)
		message[i] = (uint8_t)chance_next(&client->chance);
	if (failed(client, "C_SignInit",
		   client->p11->C_SignInit(client->session, &mechanism, client->key)) ||
	    failed(client, "C_Sign",
		   client->p11->C_Sign(client->session, message, MESSAGE_LEN, signature, &len)))
		return false;
	board_judge(&client->view, card->number, 0, sent, card->max, card->max);
	if (is_ec ? verify_ec(card->key, message, MESSAGE_LEN, signature, len)
		  : verify_rsa(card->key, message, MESSAGE_LEN, signature, len))
		board_done(&client->view);
	else
		board_wrong(&client->view, "%s: a signature of %lu bytes that does not verify",
			    card->name, len);
	return true;
}

/* Signatures in a row; false after an error. */
static bool
sign_some(struct client *client)
{
	for (size_t i = 0; i < SIGNATURES && !board_stopped(&client->view); i++)
		if (!sign(client))
			return false;
	return true;
}

static void
initialize(struct client *client)
{
	CK_RV rv = client->p11->C_Initialize(NULL);

	if (rv != CKR_OK)
		board_wrong(&client->view, "C_Initialize: %lx", rv);
}

static void
finalize(struct client *client)
{
	CK_RV rv = client->p11->C_Finalize(NULL);

	client->open = false;
	if (rv != CKR_OK)
		board_wrong(&client->view, "C_Finalize: %lx", rv);
}

static void
part(struct client *client)
{
	if (chance_of(&client->chance, NEW_SESSIONS) == 0)
		close_session(client);
	if (chance_of(&client->chance, NEW_MODULES) == 0) {
		finalize(client);
		initialize(client);
	}
	pause_ms(atomic_load(&client->view.board->rest[1]) ? REST_MS : OTHERS_MS);
}

static void
work(struct client *client)
{
	while (!board_stopped(&client->view)) {
		if (!client->open && !(find_card(client) && log_in(client))) {
			close_session(client);
			pause_ms(RETRY_MS);
			continue;
		}
		if ((chance_of(&client->chance, WRONG_PINS) == 0 && !use_wrong_pin(client)) ||
		    !sign_some(client))
			close_session(client);
		else
			part(client);
	}
	close_session(client);
}

static unsigned
descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	unsigned count = 0;

	while (directory != NULL && readdir(directory) != NULL)
		count++;
	if (directory != NULL)
		(void)closedir(directory);
	return count;
}

static void
load_module(struct client *client, const char *path)
{
	CK_RV (*list)(CK_FUNCTION_LIST **);
	void *module = dlopen(path, RTLD_NOW);
	void *found = module != NULL ? dlsym(module, "C_GetFunctionList") : NULL;

	if (found == NULL)
		die(dlerror());
	memcpy(&list, &found, sizeof(list));
	if (list(&client->p11) != CKR_OK)
		die("C_GetFunctionList");
}

int
main(int argc, char **argv)
{
	static struct client client;
	unsigned before, after;

	if (argc != 7)
		die("usage: soak-sign BOARD CLIENT READER CARDS SEED MODULE");
	client.view = board_view(argv[1], (unsigned)strtoul(argv[2], NULL, 10));
	client.reader = argv[3];
	read_cards(&client, argv[4]);
	client.chance.state = strtoull(argv[5], NULL, 10);
	load_module(&client, argv[6]);
	before = descriptors();
	initialize(&client);
	work(&client);
	finalize(&client);
	after = descriptors();
	if (after != before)
		board_wrong(&client.view, "%u descriptors before C_Initialize, %u after C_Finalize",
			    before, after);
	return 0;
}
