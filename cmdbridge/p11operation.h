/*
 * One use of a key of a token: keyfile.h says what goes in and comes out.
 */
#ifndef VICAR_CMDBRIDGE_P11OPERATION_H
#define VICAR_CMDBRIDGE_P11OPERATION_H

#include "p11object.h"

struct p11_operation {
	CK_OBJECT_HANDLE key;
	enum keyfile_operation use;
	enum digest digest; /* of PSS and OAEP */
	size_t field_len;   /* of an EC key, in bytes */
	bool always_authenticate;
	struct bytes pin; /* for that */
};

/* `output` has room for P11_OUTPUT_MAX bytes. */
enum { P11_OUTPUT_MAX = 1024 };
enum outcome p11_operate(struct p11 *p11, const struct p11_operation *operation, struct bytes input,
			 struct writer *output) MUST_USE;

#endif
