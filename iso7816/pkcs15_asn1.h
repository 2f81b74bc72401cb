/*
 * ISO/IEC 7816-15 annex A as OpenSSL ASN.1 templates. Used by pkcs15_encode.c and pkcs15_decode.c
 * only; everybody else has the plain structs of pkcs15.h.
 *
 * The module has IMPLICIT TAGS, but a tag in front of a parameter of a parameterized type is
 * EXPLICIT (ITU-T X.680 clause 31.2.7): [0] subClassAttributes and [1] typeAttributes of an object,
 * [n] PathOrObjects of EF.OD.
 */
#ifndef VICAR_ISO7816_PKCS15_ASN1_H
#define VICAR_ISO7816_PKCS15_ASN1_H

#include <openssl/asn1t.h>

typedef struct {
	ASN1_OCTET_STRING *file;
	ASN1_INTEGER *index;
	ASN1_INTEGER *length;
} PKCS15_PATH;

typedef struct {
	ASN1_BIT_STRING *access;
	ASN1_TYPE *condition;
} PKCS15_RULE;
/* cppcheck-suppress unknownMacro */
DEFINE_STACK_OF(PKCS15_RULE)

typedef struct {
	ASN1_UTF8STRING *label;
	ASN1_BIT_STRING *flags;
	ASN1_OCTET_STRING *auth_id;
	ASN1_INTEGER *user_consent;
	STACK_OF(PKCS15_RULE) * rules;
} PKCS15_COMMON;

typedef struct {
	int class; /* also the tag */
	PKCS15_PATH *path;
} PKCS15_DIRECTORY;

typedef struct {
	ASN1_INTEGER *reference;
	ASN1_INTEGER *mechanism;
	ASN1_TYPE *parameters;
	ASN1_BIT_STRING *operations;
	ASN1_OBJECT *oid;
	ASN1_INTEGER *card_reference;
} PKCS15_ALGORITHM;
DEFINE_STACK_OF(PKCS15_ALGORITHM)

/* LastUpdate is a CHOICE, so its [5] is EXPLICIT; the other alternative is a reference. */
typedef struct {
	ASN1_INTEGER *version;
	ASN1_OCTET_STRING *serial;
	ASN1_UTF8STRING *manufacturer;
	ASN1_UTF8STRING *label;
	ASN1_BIT_STRING *flags;
	STACK_OF(ASN1_TYPE) * security_environments;
	STACK_OF(ASN1_TYPE) * record_info;
	STACK_OF(PKCS15_ALGORITHM) * algorithms;
	ASN1_UTF8STRING *issuer;
	ASN1_UTF8STRING *holder;
	ASN1_TYPE *last_update;
	ASN1_PRINTABLESTRING *language;
	STACK_OF(ASN1_TYPE) * profiles;
} PKCS15_TOKEN_INFO;

typedef struct {
	ASN1_OCTET_STRING *id;
	ASN1_INTEGER *reference;
	ASN1_INTEGER *security_environment;
} PKCS15_PIN_CLASS;

typedef struct {
	ASN1_BIT_STRING *flags;
	ASN1_ENUMERATED *type;
	ASN1_INTEGER *min_len;
	ASN1_INTEGER *stored_len;
	ASN1_INTEGER *max_len;
	ASN1_INTEGER *reference;
	ASN1_OCTET_STRING *pad;
	ASN1_GENERALIZEDTIME *last_change;
	PKCS15_PATH *path;
} PKCS15_PIN_TYPE;

typedef struct {
	PKCS15_COMMON *common;
	PKCS15_PIN_CLASS *class;
	ASN1_TYPE *subclass;
	PKCS15_PIN_TYPE *type;
} PKCS15_PIN;

typedef struct {
	ASN1_OCTET_STRING *id;
	ASN1_BIT_STRING *usage;
	ASN1_BOOLEAN native;
	ASN1_BIT_STRING *access;
	ASN1_INTEGER *reference;
	ASN1_GENERALIZEDTIME *start;
	ASN1_GENERALIZEDTIME *end;
	STACK_OF(ASN1_INTEGER) * algorithms;
} PKCS15_KEY_CLASS;

typedef struct {
	PKCS15_PATH *path;
	ASN1_INTEGER *bits;
	ASN1_TYPE *info;
} PKCS15_KEY_TYPE;

typedef struct {
	PKCS15_COMMON *common;
	PKCS15_KEY_CLASS *class;
	ASN1_TYPE *subclass;
	PKCS15_KEY_TYPE *type;
} PKCS15_KEY_OBJECT;

typedef struct {
	int kind; /* enum pkcs15_key_kind */
	PKCS15_KEY_OBJECT *object;
} PKCS15_KEY;

typedef struct {
	ASN1_OCTET_STRING *id;
	ASN1_BOOLEAN authority;
	STACK_OF(ASN1_TYPE) * identifier;
	STACK_OF(ASN1_TYPE) * hash;
	STACK_OF(ASN1_TYPE) * trusted_usage;
	STACK_OF(ASN1_TYPE) * identifiers;
	ASN1_BOOLEAN implicit_trust;
} PKCS15_CERTIFICATE_CLASS;

typedef struct {
	PKCS15_PATH *path;
	STACK_OF(ASN1_TYPE) * subject;
	ASN1_TYPE *issuer;
	ASN1_INTEGER *serial;
} PKCS15_CERTIFICATE_TYPE;

typedef struct {
	PKCS15_COMMON *common;
	PKCS15_CERTIFICATE_CLASS *class;
	ASN1_TYPE *subclass;
	PKCS15_CERTIFICATE_TYPE *type;
} PKCS15_CERTIFICATE;

typedef struct {
	ASN1_UTF8STRING *application;
	ASN1_OBJECT *oid;
} PKCS15_DATA_CLASS;

typedef struct {
	PKCS15_COMMON *common;
	PKCS15_DATA_CLASS *class;
	ASN1_TYPE *subclass;
	PKCS15_PATH *path;
} PKCS15_DATA;

DECLARE_ASN1_ITEM(PKCS15_PATH)
DECLARE_ASN1_ITEM(PKCS15_RULE)
DECLARE_ASN1_ITEM(PKCS15_COMMON)
DECLARE_ASN1_ITEM(PKCS15_DIRECTORY)
DECLARE_ASN1_ITEM(PKCS15_ALGORITHM)
DECLARE_ASN1_ITEM(PKCS15_TOKEN_INFO)
DECLARE_ASN1_ITEM(PKCS15_PIN_CLASS)
DECLARE_ASN1_ITEM(PKCS15_PIN_TYPE)
DECLARE_ASN1_ITEM(PKCS15_PIN)
DECLARE_ASN1_ITEM(PKCS15_KEY_CLASS)
DECLARE_ASN1_ITEM(PKCS15_KEY_TYPE)
DECLARE_ASN1_ITEM(PKCS15_KEY_OBJECT)
DECLARE_ASN1_ITEM(PKCS15_KEY)
DECLARE_ASN1_ITEM(PKCS15_CERTIFICATE_CLASS)
DECLARE_ASN1_ITEM(PKCS15_CERTIFICATE_TYPE)
DECLARE_ASN1_ITEM(PKCS15_CERTIFICATE)
DECLARE_ASN1_ITEM(PKCS15_DATA_CLASS)
DECLARE_ASN1_ITEM(PKCS15_DATA)

#endif
