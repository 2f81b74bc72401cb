#include "module.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS_MAX = 64 };

static void
die(const char *what, const char *why)
{
	(void)fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

void
module_must(CK_RV rv, const char *what)
{
	char why[32];

	(void)snprintf(why, sizeof(why), "%#lx", rv);
	if (rv != CKR_OK)
		die(what, why);
}

CK_FUNCTION_LIST *
module_load(const char *path)
{
	void *library = dlopen(path, RTLD_NOW);
	void *symbol = library != NULL ? dlsym(library, "C_GetFunctionList") : NULL;
	CK_RV (*list)(CK_FUNCTION_LIST **);
	CK_FUNCTION_LIST *p11 = NULL;

	if (symbol == NULL)
		die(path, dlerror());
	memcpy(&list, &symbol, sizeof(list));
	module_must(list(&p11), "C_GetFunctionList");
	return p11;
}

CK_SESSION_HANDLE
module_session(CK_FUNCTION_LIST *p11)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG count = SLOTS_MAX;
	CK_SESSION_HANDLE session = 0;

	module_must(p11->C_GetSlotList(CK_TRUE, slots, &count), "C_GetSlotList");
	if (count == 0)
		die("C_GetSlotList", "no token");
	module_must(p11->C_OpenSession(slots[0], CKF_SERIAL_SESSION, NULL, NULL, &session),
		    "C_OpenSession");
	return session;
}

CK_OBJECT_HANDLE
module_find(CK_FUNCTION_LIST *p11, CK_SESSION_HANDLE session, CK_OBJECT_CLASS class)
{
	CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof(class)};
	CK_OBJECT_HANDLE object = 0;
	CK_ULONG count = 0;

	module_must(p11->C_FindObjectsInit(session, &template, 1), "C_FindObjectsInit");
	module_must(p11->C_FindObjects(session, &object, 1, &count), "C_FindObjects");
	module_must(p11->C_FindObjectsFinal(session), "C_FindObjectsFinal");
	if (count == 0)
		die("C_FindObjects", "no such object");
	return object;
}
