#include "tools/x509.h"

#include <openssl/bn.h>
#include <openssl/conf.h>
#include <openssl/x509v3.h>

enum { SERIAL_BITS = 159 };

bool
x509_set_serial(X509 *certificate)
{
	BIGNUM *number = BN_new();
	bool ok = number != NULL &&
		  BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
		  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;

	BN_free(number);
	return ok;
}

bool
x509_set_days(X509 *certificate, int from, int to)
{
	return X509_time_adj_ex(X509_getm_notBefore(certificate), from, 0, NULL) != NULL &&
	       X509_time_adj_ex(X509_getm_notAfter(certificate), to, 0, NULL) != NULL;
}

bool
x509_add_extension(X509 *certificate, X509 *issuer, const char *type, const char *value)
{
	/* certificatePolicies wants a configuration, although it looks for nothing in it. */
	CONF *empty = NCONF_new(NULL);
	X509_EXTENSION *made = NULL;
	X509V3_CTX context;
	bool ok = false;

	if (empty == NULL)
		return false;
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	X509V3_set_nconf(&context, empty);
	made = X509V3_EXT_nconf(empty, &context, type, value);
	if (made != NULL)
		ok = X509_add_ext(certificate, made, -1) == 1;
	X509_EXTENSION_free(made);
	NCONF_free(empty);
	return ok;
}

bool
x509_digest_is_strong(const X509_ALGOR *algorithm)
{
	static const int strong[] = {NID_sha224,     NID_sha256,   NID_sha384,   NID_sha512,
				     NID_sha512_256, NID_sha3_256, NID_sha3_384, NID_sha3_512};
	const ASN1_OBJECT *object = NULL;

	if (algorithm != NULL)
		X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	for (size_t i = 0; object != NULL && i < sizeof(strong) / sizeof(strong[0]); i++)
		if (OBJ_obj2nid(object) == strong[i])
			return true;
	return false;
}
