/*
 * VICAR_PKCS11_LOG=FILE: one line for each call, with its arguments and what it returned. No PIN, no
 * data, no signature: lengths only.
 */
#ifndef VICAR_PKCS11_LOG_H
#define VICAR_PKCS11_LOG_H

#include "pkcs11/cryptoki.h"

/* A file that is not there is made, 0600. The variable is not heeded in setuid programs. */
int log_open(void); /* -1: no log */
void log_close(int *log);

/* `format`: the arguments, as printf. */
void log_call(int log, const char *function, CK_RV rv, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* A line of another kind: what was found wrong, for who reads the log. */
void log_note(int log, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "CKR_OK"; NULL for one that this module never returns. */
const char *log_rv_name(CK_RV rv);

#endif
