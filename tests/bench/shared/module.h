/* A PKCS#11 module as the programs of tests/bench load it. What fails ends the program. */
#ifndef VICAR_BENCH_MODULE_H
#define VICAR_BENCH_MODULE_H

#include <p11-kit/pkcs11.h>
#include <stddef.h>

CK_FUNCTION_LIST *module_load(const char *path);
void module_must(CK_RV rv, const char *what);

/* On the first slot with a token. */
CK_SESSION_HANDLE module_session(CK_FUNCTION_LIST *p11);
/* The first object of this class. */
CK_OBJECT_HANDLE module_find(CK_FUNCTION_LIST *p11, CK_SESSION_HANDLE session,
			     CK_OBJECT_CLASS class);

#endif
