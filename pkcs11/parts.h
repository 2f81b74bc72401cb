/*
 * What PKCS#11 asks of a certificate or a public key, taken out of its DER.
 */
#ifndef VICAR_PKCS11_PARTS_H
#define VICAR_PKCS11_PARTS_H

#include "pkcs11/attributes.h"

#include <openssl/evp.h>

/* Adds CKA_VALUE, CKA_SUBJECT, CKA_ISSUER, CKA_SERIAL_NUMBER, CKA_PUBLIC_KEY_INFO, CKA_START_DATE,
 * CKA_END_DATE and CKA_CHECK_VALUE. False: no certificate. */
bool parts_of_certificate(OSSL_LIB_CTX *crypto, struct bytes der, struct attributes *list) MUST_USE;

/* CKA_CHECK_VALUE: the first three bytes of the SHA-1 of the DER. */
void parts_check_value(OSSL_LIB_CTX *crypto, struct bytes der, struct attributes *list);
/* `time`: UTCTime or GeneralizedTime, DER; what is none adds nothing. */
void parts_date(struct bytes time, CK_ATTRIBUTE_TYPE type, struct attributes *list);

/* Adds CKA_MODULUS, CKA_PUBLIC_EXPONENT and CKA_MODULUS_BITS, or CKA_EC_PARAMS and CKA_EC_POINT (a
 * DER OCTET STRING), and CKA_PUBLIC_KEY_INFO. */
bool parts_of_spki(OSSL_LIB_CTX *crypto, struct bytes spki, struct attributes *list) MUST_USE;

/* The other way: a key of CKA_MODULUS and CKA_PUBLIC_EXPONENT, or of CKA_EC_PARAMS and CKA_EC_POINT
 * (DER, or bare as some programs give it). NULL: no key. Freed by the caller. */
EVP_PKEY *parts_to_key(OSSL_LIB_CTX *crypto, const struct attributes *list);

#endif
