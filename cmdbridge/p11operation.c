#include "p11operation.h"

#include <openssl/crypto.h>

#include <string.h>

enum { POINT_DER_MAX = 3 + 1 + 2 * 66, TAG_OCTET_STRING = 0x04, LENGTH_ONE_BYTE = 0x81 };

/* PKCS#11 2.40, mechanisms: table 8 of section 2.1.7, and its hash functions. */
static const struct {
	CK_MECHANISM_TYPE hash;
	CK_RSA_PKCS_MGF_TYPE mgf;
} digests[DIGEST_COUNT] = {
    [DIGEST_SHA1] = {CKM_SHA_1, CKG_MGF1_SHA1},
    [DIGEST_SHA224] = {CKM_SHA224, CKG_MGF1_SHA224},
    [DIGEST_SHA256] = {CKM_SHA256, CKG_MGF1_SHA256},
    [DIGEST_SHA384] = {CKM_SHA384, CKG_MGF1_SHA384},
    [DIGEST_SHA512] = {CKM_SHA512, CKG_MGF1_SHA512},
};

/* A mechanism, and room for what it points to. */
struct mechanism {
	CK_MECHANISM mechanism;
	CK_RSA_PKCS_PSS_PARAMS pss;
	CK_RSA_PKCS_OAEP_PARAMS oaep;
};

static bool
has_hash(enum digest digest)
{
	return digest < DIGEST_COUNT && digests[digest].mgf != 0;
}

static bool
set_mechanism(const struct p11_operation *operation, struct mechanism *to)
{
	const enum digest digest = operation->digest;

	*to = (struct mechanism){.mechanism = {CKM_RSA_PKCS, NULL, 0}};
	switch (operation->use) {
	case KEYFILE_SIGN_PKCS1:
	case KEYFILE_DECIPHER_PKCS1: return true;
	case KEYFILE_DECIPHER_RAW: to->mechanism.mechanism = CKM_RSA_X_509; return true;
	case KEYFILE_SIGN_ECDSA: to->mechanism.mechanism = CKM_ECDSA; return true;
	case KEYFILE_SIGN_PSS:
		if (!has_hash(digest))
			return false;
		to->pss.hashAlg = digests[digest].hash;
		to->pss.mgf = digests[digest].mgf;
		to->pss.sLen = digest_len(digest);
		to->mechanism = (CK_MECHANISM){CKM_RSA_PKCS_PSS, &to->pss, sizeof(to->pss)};
		return true;
	case KEYFILE_DECIPHER_OAEP:
		if (!has_hash(digest))
			return false;
		to->oaep.hashAlg = digests[digest].hash;
		to->oaep.mgf = digests[digest].mgf;
		to->oaep.source = CKZ_DATA_SPECIFIED;
		to->mechanism = (CK_MECHANISM){CKM_RSA_PKCS_OAEP, &to->oaep, sizeof(to->oaep)};
		return true;
	case KEYFILE_SIGN_RAW:
	case KEYFILE_DERIVE_ECDH:
	case KEYFILE_OPERATIONS: break;
	}
	return false;
}

static enum outcome
authenticate(struct p11 *p11, const struct p11_operation *operation)
{
	return operation->always_authenticate ? p11_login_again(p11, operation->pin) : OUTCOME_OK;
}

static enum outcome
sign(struct p11 *p11, const struct p11_operation *operation, struct bytes input, uint8_t *room,
     CK_ULONG *len)
{
	struct mechanism mechanism;
	enum outcome outcome;
	CK_RV rv;

	if (!set_mechanism(operation, &mechanism))
		return p11_say(p11, OUTCOME_TOKEN_KEY_CANNOT, "no mechanism is known for it");
	/* Of a hash that is longer than the order the leftmost bits count (SEC 1 4.1.3), and modules
	 * differ in whether they know. */
	if (operation->use == KEYFILE_SIGN_ECDSA && input.len > operation->field_len)
		input.len = operation->field_len;
	rv = p11->calls->C_SignInit(p11->session, &mechanism.mechanism, operation->key);
	if (rv != CKR_OK)
		return p11_fail(p11, "C_SignInit", rv);
	outcome = authenticate(p11, operation);
	if (outcome != OUTCOME_OK)
		return outcome;
	rv = p11->calls->C_Sign(p11->session, (CK_BYTE *)(uintptr_t)input.data, input.len, room,
				len);
	return rv == CKR_OK ? OUTCOME_OK : p11_fail(p11, "C_Sign", rv);
}

static enum outcome
decipher(struct p11 *p11, const struct p11_operation *operation, struct bytes input, uint8_t *room,
	 CK_ULONG *len)
{
	struct mechanism mechanism;
	enum outcome outcome;
	CK_RV rv;

	if (!set_mechanism(operation, &mechanism))
		return p11_say(p11, OUTCOME_TOKEN_KEY_CANNOT, "no mechanism is known for it");
	rv = p11->calls->C_DecryptInit(p11->session, &mechanism.mechanism, operation->key);
	if (rv != CKR_OK)
		return p11_fail(p11, "C_DecryptInit", rv);
	outcome = authenticate(p11, operation);
	if (outcome != OUTCOME_OK)
		return outcome;
	rv = p11->calls->C_Decrypt(p11->session, (CK_BYTE *)(uintptr_t)input.data, input.len, room,
				   len);
	return rv == CKR_OK ? OUTCOME_OK : p11_fail(p11, "C_Decrypt", rv);
}

/* The secret as an object of this session, whose value is read and which is destroyed. */
static CK_RV
derive_with(struct p11 *p11, const struct p11_operation *operation, struct bytes point,
	    CK_OBJECT_HANDLE *secret)
{
	CK_ECDH1_DERIVE_PARAMS parameters = {.kdf = CKD_NULL,
					     .ulPublicDataLen = point.len,
					     .pPublicData = (uint8_t *)(uintptr_t)point.data};
	CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &parameters, sizeof(parameters)};
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_ULONG len = operation->field_len;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE template[] = {
	    {CKA_CLASS, &class, sizeof(class)},   {CKA_KEY_TYPE, &type, sizeof(type)},
	    {CKA_TOKEN, &no, sizeof(no)},         {CKA_SENSITIVE, &no, sizeof(no)},
	    {CKA_EXTRACTABLE, &yes, sizeof(yes)}, {CKA_VALUE_LEN, &len, sizeof(len)},
	};

	return p11->calls->C_DeriveKey(p11->session, &mechanism, operation->key, template,
				       sizeof(template) / sizeof(template[0]), secret);
}

/* A point as an OCTET STRING in DER: what some modules want in the place of the point (both are allowed,
 * PKCS#11 2.40, mechanisms, section 2.3.1). */
static struct bytes
der_of(struct bytes point, uint8_t room[POINT_DER_MAX])
{
	struct writer writer = writer_to(room, POINT_DER_MAX);

	writer_u8(&writer, TAG_OCTET_STRING);
	if (point.len >= 0x80)
		writer_u8(&writer, LENGTH_ONE_BYTE);
	writer_u8(&writer, (uint8_t)point.len);
	writer_put(&writer, point);
	return writer_bytes(&writer);
}

static enum outcome
derive(struct p11 *p11, const struct p11_operation *operation, struct bytes input, uint8_t *room,
       CK_ULONG *len)
{
	uint8_t der[POINT_DER_MAX];
	CK_OBJECT_HANDLE secret;
	struct bytes value;
	bool ok;
	CK_RV rv;

	if (input.len != 1 + 2 * operation->field_len)
		return p11_say(p11, OUTCOME_TOKEN_KEY_INPUT, "it is no point of the key's curve");
	rv = derive_with(p11, operation, input, &secret);
	if (rv == CKR_MECHANISM_PARAM_INVALID || rv == CKR_ARGUMENTS_BAD)
		rv = derive_with(p11, operation, der_of(input, der), &secret);
	if (rv == CKR_MECHANISM_PARAM_INVALID || rv == CKR_ARGUMENTS_BAD)
		return p11_say(p11, OUTCOME_TOKEN_KEY_INPUT, "it is no point of the key's curve");
	if (rv != CKR_OK)
		return p11_fail(p11, "C_DeriveKey", rv);
	ok = p11_attribute(p11, secret, CKA_VALUE, room, *len, &value);
	(void)p11->calls->C_DestroyObject(p11->session, secret);
	if (!ok || value.len != operation->field_len)
		return p11_say(p11, OUTCOME_TOKEN_KEY_CANNOT,
			       "the token does not give the derived secret away");
	*len = value.len;
	return OUTCOME_OK;
}

enum outcome
p11_operate(struct p11 *p11, const struct p11_operation *operation, struct bytes input,
	    struct writer *output)
{
	uint8_t room[P11_OUTPUT_MAX];
	CK_ULONG len = sizeof(room);
	enum outcome outcome = OUTCOME_TOKEN_KEY_CANNOT;

	switch (operation->use) {
	case KEYFILE_SIGN_PKCS1:
	case KEYFILE_SIGN_PSS:
	case KEYFILE_SIGN_ECDSA: outcome = sign(p11, operation, input, room, &len); break;
	case KEYFILE_DECIPHER_PKCS1:
	case KEYFILE_DECIPHER_RAW:
	case KEYFILE_DECIPHER_OAEP: outcome = decipher(p11, operation, input, room, &len); break;
	case KEYFILE_DERIVE_ECDH: outcome = derive(p11, operation, input, room, &len); break;
	case KEYFILE_SIGN_RAW:
	case KEYFILE_OPERATIONS: break;
	}
	if (outcome == OUTCOME_OK && len > sizeof(room))
		outcome = p11_say(p11, OUTCOME_TOKEN_FAILED, "what it gave is too long");
	if (outcome == OUTCOME_OK)
		writer_put(output, (struct bytes){room, len});
	OPENSSL_cleanse(room, sizeof(room));
	return outcome;
}
