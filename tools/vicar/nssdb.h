/*
 * Databases of NSS, where Firefox, Thunderbird, Chromium and others are told of PKCS#11 modules. A
 * module's entry is made and removed by NSS's own modutil(1); what is there is read from the text file
 * in which NSS keeps it, pkcs11.txt.
 */
#ifndef VICAR_TOOLS_VICAR_NSSDB_H
#define VICAR_TOOLS_VICAR_NSSDB_H

#include "iso7816/bytes.h"
#include "tools/problem.h"

#include <limits.h>

/* What our module is called there. */
#define NSSDB_NAME "Vicar"

/* The directory holds a database, which it may not when it is a profile of old. */
bool nssdb_check(const char *directory, struct problem *error) MUST_USE;
/* The library of our module's entry; "" when there is none. */
bool nssdb_library(const char *directory, char library[PATH_MAX], struct problem *error) MUST_USE;

/* modutil loads the module while it adds it. */
bool nssdb_add(const char *directory, const char *library, struct problem *error) MUST_USE;
bool nssdb_remove(const char *directory, struct problem *error) MUST_USE;

#endif
