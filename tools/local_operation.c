#include "local_operation.h"

bool
local_operation(enum key_operation from, enum keyfile_operation *to)
{
	static const struct {
		enum key_operation from;
		enum keyfile_operation to;
	} uses[] = {
	    {KEY_SIGN_PKCS1, KEYFILE_SIGN_PKCS1},
	    {KEY_SIGN_RAW, KEYFILE_SIGN_RAW},
	    {KEY_SIGN_PSS, KEYFILE_SIGN_PSS},
	    {KEY_SIGN_ECDSA, KEYFILE_SIGN_ECDSA},
	    {KEY_DECIPHER_PKCS1, KEYFILE_DECIPHER_PKCS1},
	    {KEY_DECIPHER_RAW, KEYFILE_DECIPHER_RAW},
	    {KEY_DECIPHER_OAEP, KEYFILE_DECIPHER_OAEP},
	    {KEY_DERIVE_ECDH, KEYFILE_DERIVE_ECDH},
	};

	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
		if (uses[i].from != from)
			continue;
		*to = uses[i].to;
		return true;
	}
	return false;
}
