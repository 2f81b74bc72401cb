/*
 * A program that uses a PKCS#11 module and keeps no PIN itself: what of it is in the process's memory is
 * the module's, or of what the module calls.
 *
 * usage: p11-secrets MODULE; reads commands, answers each with the return value, in hex:
 *
 *   login             the PIN comes next, as a line of its own
 *   again             the same for the next use, CKU_CONTEXT_SPECIFIC
 *   sign              C_SignInit, and C_Sign unless an `again` is to follow
 *   finish            that C_Sign
 *   change            two lines, the old PIN and the new
 *   logout, close     C_Logout; C_CloseAllSessions
 *   finalize
 */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LINE = 64, WORD = 16, SIGNATURE = 512 };

/* PINs are read into these alone. */
struct pins {
	unsigned char line[2][LINE];
	size_t len[2];
};

static CK_FUNCTION_LIST *functions;
static CK_SLOT_ID slot;
static CK_SESSION_HANDLE session;
static struct pins pins;

/* Without stdio, which would keep what it has read. */
static bool
read_line(unsigned char *line, size_t size, size_t *len)
{
	*len = 0;
	while (*len < size) {
		if (read(STDIN_FILENO, &line[*len], 1) != 1)
			return false;
		if (line[*len] == '\n')
			return true;
		(*len)++;
	}
	return false;
}

static CK_RV
login(CK_USER_TYPE user)
{
	if (!read_line(pins.line[0], LINE, &pins.len[0]))
		return CKR_ARGUMENTS_BAD;
	return functions->C_Login(session, user, pins.line[0], pins.len[0]);
}

static CK_RV
change(void)
{
	if (!read_line(pins.line[0], LINE, &pins.len[0]) ||
	    !read_line(pins.line[1], LINE, &pins.len[1]))
		return CKR_ARGUMENTS_BAD;
	return functions->C_SetPIN(session, pins.line[0], pins.len[0], pins.line[1], pins.len[1]);
}

static CK_RV
sign_init(void)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof(class)};
	CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
	CK_OBJECT_HANDLE key;
	CK_ULONG count = 0;
	CK_RV r = functions->C_FindObjectsInit(session, &template, 1);

	if (r == CKR_OK)
		r = functions->C_FindObjects(session, &key, 1, &count);
	if (r == CKR_OK)
		r = functions->C_FindObjectsFinal(session);
	if (r == CKR_OK && count == 0)
		r = CKR_KEY_HANDLE_INVALID;
	return r == CKR_OK ? functions->C_SignInit(session, &mechanism, key) : r;
}

static CK_RV
finish(void)
{
	CK_BYTE document[] = "a document", signature[SIGNATURE];
	CK_ULONG len = sizeof(signature);

	return functions->C_Sign(session, document, sizeof(document) - 1, signature, &len);
}

static CK_RV
begin(void)
{
	CK_SLOT_ID slots[8];
	CK_ULONG count = 8;
	CK_RV r = functions->C_Initialize(NULL);

	if (r == CKR_OK)
		r = functions->C_GetSlotList(CK_TRUE, slots, &count);
	if (r == CKR_OK && count == 0)
		r = CKR_TOKEN_NOT_PRESENT;
	if (r != CKR_OK)
		return r;
	slot = slots[0];
	return functions->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
					&session);
}

static CK_RV
obey(const char *word)
{
	if (strcmp(word, "login") == 0)
		return login(CKU_USER);
	if (strcmp(word, "again") == 0)
		return login(CKU_CONTEXT_SPECIFIC);
	if (strcmp(word, "change") == 0)
		return change();
	if (strcmp(word, "sign") == 0)
		return sign_init();
	if (strcmp(word, "finish") == 0)
		return finish();
	if (strcmp(word, "logout") == 0)
		return functions->C_Logout(session);
	if (strcmp(word, "close") == 0)
		return functions->C_CloseAllSessions(slot);
	if (strcmp(word, "finalize") == 0)
		return functions->C_Finalize(NULL);
	return CKR_ARGUMENTS_BAD;
}

static void
answer(CK_RV r)
{
	printf("%lx\n", r);
	(void)fflush(stdout);
}

int
main(int argc, char **argv)
{
	CK_RV (*list)(CK_FUNCTION_LIST **);
	unsigned char word[WORD] = "";
	void *module, *found;
	size_t len;
	CK_RV r;

	module = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;
	found = module != NULL ? dlsym(module, "C_GetFunctionList") : NULL;
	if (found == NULL || mlock(&pins, sizeof(pins)) != 0)
		return EXIT_FAILURE;
	memcpy(&list, &found, sizeof(list));
	if (list(&functions) != CKR_OK)
		return EXIT_FAILURE;
	answer(begin());
	while (read_line(word, WORD - 1, &len)) {
		word[len] = '\0';
		r = obey((const char *)word);
		explicit_bzero(&pins, sizeof(pins));
		answer(r);
	}
	return EXIT_SUCCESS;
}
