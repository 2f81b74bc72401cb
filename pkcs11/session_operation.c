/*
 * What all operations share, pkcs11/session_operation.h.
 */
#include "pkcs11/session_operation.h"

#include "pkcs11/module.h"
#include "pkcs11/session.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

bool
operation_asks(const void *buffer, CK_ULONG *room, size_t len, CK_RV *rv)
{
	CK_ULONG has = *room;

	if (buffer != NULL && has >= len)
		return false;
	*room = len;
	*rv = buffer == NULL ? CKR_OK : CKR_BUFFER_TOO_SMALL;
	return true;
}

void
operation_end(struct operation *operation)
{
	EVP_MD_CTX_free(operation->hash);
	EVP_PKEY_free(operation->public);
	if (operation->data != NULL)
		OPENSSL_cleanse(operation->data, OPERATION_DATA_MAX);
	free(operation->data);
	if (operation->output != NULL)
		OPENSSL_cleanse(operation->output, operation->output_len);
	free(operation->output);
	free(operation->label);
	memset(operation, 0, sizeof(*operation));
}

CK_RV
operation_begin(struct session *session, enum operation_kind kind, const CK_MECHANISM *mechanism,
		struct operation **operation)
{
	*operation = &session->operations[kind];
	if (mechanism == NULL) {
		operation_end(*operation);
		return CKR_OK;
	}
	if ((*operation)->active)
		return CKR_OPERATION_ACTIVE;
	(*operation)->mechanism = mechanism_find(mechanism->mechanism);
	(*operation)->digest = (*operation)->mgf = DIGEST_COUNT;
	return (*operation)->mechanism != NULL ? CKR_OK : CKR_MECHANISM_INVALID;
}

CK_RV
operation_active(struct session *session, enum operation_kind kind, struct operation **operation)
{
	*operation = &session->operations[kind];
	return (*operation)->active ? CKR_OK : CKR_OPERATION_NOT_INITIALIZED;
}

static CK_RV
pss_parameters(struct operation *operation, const CK_MECHANISM *mechanism)
{
	const CK_RSA_PKCS_PSS_PARAMS *params = mechanism->pParameter;
	enum digest hash;

	if (params == NULL || mechanism->ulParameterLen != sizeof(*params) ||
	    !mechanism_digest(params->hashAlg, &hash) ||
	    !mechanism_mgf(params->mgf, &operation->mgf))
		return CKR_MECHANISM_PARAM_INVALID;
	/* The hash in the mechanism's name and that of the parameters are one. */
	if (operation->mechanism->digest != DIGEST_COUNT && operation->mechanism->digest != hash)
		return CKR_MECHANISM_PARAM_INVALID;
	if (params->sLen > OPERATION_DATA_MAX)
		return CKR_MECHANISM_PARAM_INVALID;
	operation->digest = hash;
	operation->salt_len = params->sLen;
	return CKR_OK;
}

static CK_RV
oaep_parameters(struct operation *operation, const CK_MECHANISM *mechanism)
{
	const CK_RSA_PKCS_OAEP_PARAMS *params = mechanism->pParameter;

	if (params == NULL || mechanism->ulParameterLen != sizeof(*params) ||
	    !mechanism_digest(params->hashAlg, &operation->digest) ||
	    !mechanism_mgf(params->mgf, &operation->mgf))
		return CKR_MECHANISM_PARAM_INVALID;
	if (params->ulSourceDataLen == 0)
		return CKR_OK;
	if (params->source != CKZ_DATA_SPECIFIED || params->pSourceData == NULL ||
	    params->ulSourceDataLen > OPERATION_DATA_MAX)
		return CKR_MECHANISM_PARAM_INVALID;
	operation->label = malloc(params->ulSourceDataLen);
	if (operation->label == NULL)
		return CKR_HOST_MEMORY;
	memcpy(operation->label, params->pSourceData, params->ulSourceDataLen);
	operation->label_len = params->ulSourceDataLen;
	return CKR_OK;
}

CK_RV
operation_parameters(struct operation *operation, const CK_MECHANISM *mechanism)
{
	switch (operation->mechanism->family) {
	case FAMILY_RSA_PSS: return pss_parameters(operation, mechanism);
	case FAMILY_RSA_OAEP: return oaep_parameters(operation, mechanism);
	default:
		operation->digest = operation->mechanism->digest;
		return mechanism->ulParameterLen == 0 ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
	}
}

CK_RV
operation_collect(struct operation *operation)
{
	EVP_MD *md;
	bool ok;

	if (operation->mechanism->digest == DIGEST_COUNT) {
		operation->data = malloc(OPERATION_DATA_MAX);
		return operation->data != NULL ? CKR_OK : CKR_HOST_MEMORY;
	}
	md = EVP_MD_fetch(module.crypto, digest_name(operation->mechanism->digest), NULL);
	operation->hash = EVP_MD_CTX_new();
	ok = md != NULL && operation->hash != NULL &&
	     EVP_DigestInit_ex2(operation->hash, md, NULL) == 1;
	EVP_MD_free(md);
	return ok ? CKR_OK : CKR_HOST_MEMORY;
}

CK_RV
operation_add(struct operation *operation, struct bytes data)
{
	if (operation->hash != NULL)
		return data.len == 0 || EVP_DigestUpdate(operation->hash, data.data, data.len) == 1
			   ? CKR_OK
			   : CKR_GENERAL_ERROR;
	if (data.len > OPERATION_DATA_MAX - operation->data_len)
		return CKR_DATA_LEN_RANGE;
	if (data.len > 0)
		memcpy(operation->data + operation->data_len, data.data, data.len);
	operation->data_len += data.len;
	return CKR_OK;
}

CK_RV
operation_collected(struct operation *operation, uint8_t *room, size_t *len)
{
	unsigned hash_len = 0;

	if (operation->hash == NULL) {
		memcpy(room, operation->data, operation->data_len);
		*len = operation->data_len;
		return CKR_OK;
	}
	if (EVP_DigestFinal_ex(operation->hash, room, &hash_len) != 1)
		return CKR_GENERAL_ERROR;
	*len = hash_len;
	return CKR_OK;
}
