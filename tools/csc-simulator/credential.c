/* credentials/info: key and certificate. */
#include "credential.h"

#include "tools/simulator/base64.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/asn1.h>
#include <openssl/bio.h>

enum { TEXT_MAX = 512, TIME_MAX = 32, SERIAL_MAX = 64 };

bool
rssp_need_details(struct rssp_call *call, struct rssp_details *details)
{
	const char *certificates;

	*details = (struct rssp_details){0};
	if (!rssp_take_text(call, "certificates", &certificates))
		return rssp_invalid(call, "Invalid parameter certificates");
	if (certificates == NULL || strcmp(certificates, "single") == 0)
		details->certificates = RSSP_CERTIFICATES_SINGLE;
	else if (strcmp(certificates, "none") == 0)
		details->certificates = RSSP_CERTIFICATES_NONE;
	else if (strcmp(certificates, "chain") == 0)
		details->certificates = RSSP_CERTIFICATES_CHAIN;
	else
		return rssp_invalid(call, "Invalid parameter certificates");
	if (rssp_speaks(call, RSSP_CHAIN_ONLY) && details->certificates != RSSP_CERTIFICATES_CHAIN)
		return rssp_invalid(call, "Invalid parameter certificates");
	if (!rssp_take_boolean(call, "certInfo", &details->cert_info) ||
	    !rssp_take_boolean(call, "authInfo", &details->auth_info))
		return false;
	if (details->cert_info && rssp_speaks(call, RSSP_NO_CERT_INFO))
		return rssp_refuse(call, 501, "invalid_request", "certInfo is not implemented");
	return true;
}

static json_t *
describe_key(const struct rssp_credential *credential)
{
	json_t *algos = json_array();
	json_t *key;

	for (size_t i = 0; i < RSSP_ALGORITHMS; i++)
		if ((credential->algorithms & 1u << i) != 0)
			(void)json_array_append_new(algos, json_string(rssp_algorithms[i].oid));
	key = json_pack("{s:s, s:o, s:i}", "status", credential->disabled ? "disabled" : "enabled",
			"algo", algos, "len", (int)credential->bits);
	switch (credential->bits) {
	case 256:
		(void)json_object_set_new(key, "curve", json_string("1.2.840.10045.3.1.7"));
		break;
	case 384: (void)json_object_set_new(key, "curve", json_string("1.3.132.0.34")); break;
	case 521: (void)json_object_set_new(key, "curve", json_string("1.3.132.0.35")); break;
	default: break;
	}
	return key;
}

/* Base64 of DER. */
static json_t *
certificate_text(X509 *certificate)
{
	unsigned char *der = NULL;
	int len = i2d_X509(certificate, &der);
	json_t *value = NULL;
	char *text;

	if (len <= 0)
		return NULL;
	text = malloc(sim_base64_len((size_t)len) + 1);
	if (text != NULL) {
		sim_base64_encode((struct bytes){der, (size_t)len}, text);
		value = json_string(text);
	}
	free(text);
	OPENSSL_free(der);
	return value;
}

static json_t *
certificate_list(const struct rssp_call *call, X509 *leaf, bool chain)
{
	const struct rssp_hierarchy *above = &call->rssp->hierarchy;
	X509 *order[] = {leaf, above->ca.certificate, above->root.certificate};
	const size_t count = chain ? sizeof(order) / sizeof(order[0]) : 1;
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		bool reversed = (call->trouble & RSSP_REVERSED_CHAIN) != 0;
		X509 *certificate = order[reversed ? count - 1 - i : i];

		if (certificate != leaf || (call->trouble & RSSP_NO_LEAF) == 0)
			(void)json_array_append_new(list, certificate_text(certificate));
	}
	return list;
}

/* RFC 4514: the last attribute first. */
static json_t *
name_text(const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	json_t *value = NULL;
	char *text = NULL;
	long len;

	if (bio == NULL)
		return NULL;
	if (X509_NAME_print_ex(bio, name, 0,
			       XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0) {
		len = BIO_get_mem_data(bio, &text);
		value = json_stringn(text, (size_t)len);
	}
	BIO_free(bio);
	return value;
}

static json_t *
serial_text(const struct rssp_call *call, const X509 *certificate)
{
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
	char *text = NULL;
	json_t *value = NULL;

	if (number != NULL)
		text =
		    rssp_speaks(call, RSSP_DECIMAL_SERIAL) ? BN_bn2dec(number) : BN_bn2hex(number);
	if (text != NULL)
		value = json_string(text);
	OPENSSL_free(text);
	BN_free(number);
	return value;
}

/* YYYYMMDDHHMMSSZ */
static json_t *
time_text(const ASN1_TIME *time)
{
	char text[TIME_MAX];
	struct tm fields;

	if (ASN1_TIME_to_tm(time, &fields) != 1)
		return NULL;
	(void)strftime(text, sizeof(text), "%Y%m%d%H%M%SZ", &fields);
	return json_string(text);
}

static json_t *
describe_certificate(struct rssp_call *call, const struct rssp_credential *credential,
		     const struct rssp_details *details)
{
	static const char *const statuses[] = {[RSSP_VALID] = "valid",
					       [RSSP_EXPIRED] = "expired",
					       [RSSP_REVOKED] = "revoked",
					       [RSSP_SUSPENDED] = "suspended"};
	const struct rssp_user *user = rssp_accounts_user(&call->rssp->accounts, credential->user);
	json_t *cert = json_pack("{s:s}", "status", statuses[credential->certificate]);
	struct problem error = {""};
	struct sim_identity leaf;

	if (!rssp_hierarchy_leaf(&call->rssp->directory, &call->rssp->hierarchy, user, credential,
				 &leaf, &error)) {
		json_decref(cert);
		(void)rssp_failed(call, error.text);
		return NULL;
	}
	if (details->certificates != RSSP_CERTIFICATES_NONE)
		(void)json_object_set_new(
		    cert, "certificates",
		    certificate_list(call, leaf.certificate,
				     details->certificates == RSSP_CERTIFICATES_CHAIN));
	if (details->cert_info) {
		X509 *c = leaf.certificate;

		(void)json_object_set_new(cert, "issuerDN", name_text(X509_get_issuer_name(c)));
		(void)json_object_set_new(cert, "serialNumber", serial_text(call, c));
		(void)json_object_set_new(cert, "subjectDN", name_text(X509_get_subject_name(c)));
		(void)json_object_set_new(cert, "validFrom", time_text(X509_get0_notBefore(c)));
		(void)json_object_set_new(cert, "validTo", time_text(X509_get0_notAfter(c)));
	}
	sim_identity_free(&leaf);
	return cert;
}

json_t *
rssp_describe(struct rssp_call *call, const struct rssp_credential *credential,
	      const struct rssp_details *details)
{
	json_t *cert = describe_certificate(call, credential, details), *object;

	if (cert == NULL)
		return NULL;
	object = json_pack("{s:o, s:o}", "key", describe_key(credential), "cert", cert);
	if (credential->description[0] != '\0')
		(void)json_object_set_new(object, "description",
					  json_string(credential->description));
	rssp_describe_auth(call, credential, details->auth_info, object);
	(void)json_object_set_new(object, "SCAL", json_string(credential->scal == 1 ? "1" : "2"));
	if (rssp_speaks(call, RSSP_MULTISIGN_TRUE))
		(void)json_object_set_new(object, "multiSign",
					  json_boolean(credential->multisign > 1));
	else
		(void)json_object_set_new(object, "multisign", json_integer(credential->multisign));
	(void)json_object_set_new(object, "lang", json_string("en-US"));
	return object;
}

bool
rssp_run_credential_info(struct rssp_call *call)
{
	struct rssp_details details;

	if (!rssp_need_credential(call) || !rssp_need_details(call, &details))
		return false;
	call->out = rssp_describe(call, call->credential, &details);
	return call->out != NULL;
}
