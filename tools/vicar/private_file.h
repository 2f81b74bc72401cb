/*
 * Files with secrets, that only their owner may read.
 */
#ifndef VICAR_TOOLS_VICAR_PRIVATE_FILE_H
#define VICAR_TOOLS_VICAR_PRIVATE_FILE_H

#include "iso7816/bytes.h"
#include "tools/problem.h"

/* The whole text, ended by NUL; `what` calls the file in errors, "PIN file". False when it is no
 * regular file of at most `room` - 1 bytes, or group or others may read it. The caller wipes `text`. */
bool private_file_read(const char *path, const char *what, char *text, size_t room,
		       struct problem *error) MUST_USE;

#endif
