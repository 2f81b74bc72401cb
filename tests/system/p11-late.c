/*
 * A program that uses a PKCS#11 module when it should be over: from an atexit() handler that is older
 * than the module's libraries, as poppler does from a static destructor (pkcs11.md section 1).
 *
 * usage: p11-late MODULE PIN; prints what the last three calls returned.
 */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static CK_FUNCTION_LIST *functions;
static CK_SESSION_HANDLE session;

static void
late(void)
{
	CK_BYTE digest[32];
	CK_ULONG len = sizeof(digest);
	CK_RV digested = functions->C_DigestFinal(session, digest, &len);
	CK_RV logged_out = functions->C_Logout(session);
	CK_RV ended = functions->C_Finalize(NULL);

	printf("%lx %lx %lx\n", digested, logged_out, ended);
	(void)fflush(stdout);
}

static int
begin(const char *pin)
{
	CK_MECHANISM mechanism = {CKM_SHA256, NULL, 0};
	CK_SLOT_ID slots[8];
	CK_ULONG count = 8;

	return functions->C_Initialize(NULL) == CKR_OK &&
	       functions->C_GetSlotList(CK_TRUE, slots, &count) == CKR_OK && count > 0 &&
	       functions->C_OpenSession(slots[0], CKF_SERIAL_SESSION, NULL, NULL, &session) ==
		   CKR_OK &&
	       functions->C_Login(session, CKU_USER, (CK_UTF8CHAR *)(unsigned long)pin,
				  strlen(pin)) == CKR_OK &&
	       functions->C_DigestInit(session, &mechanism) == CKR_OK;
}

int
main(int argc, char **argv)
{
	CK_RV (*list)(CK_FUNCTION_LIST **);
	void *module, *found;

	if (argc != 3 || atexit(late) != 0)
		_Exit(2);
	module = dlopen(argv[1], RTLD_NOW);
	found = module != NULL ? dlsym(module, "C_GetFunctionList") : NULL;
	if (found == NULL)
		_Exit(2);
	memcpy(&list, &found, sizeof(list));
	if (list(&functions) != CKR_OK || !begin(argv[2]))
		_Exit(1);
	return 0;
}
