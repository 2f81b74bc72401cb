/* ISO/IEC 7816-15: from plain structs to DER. */
#include "pkcs15.h"
#include "pkcs15_asn1.h"
#include "tlv.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <limits.h>
#include <string.h>

/* Each put_... makes the ASN.1 value that its first argument points to; absent values stay NULL. */

static bool
put_octets(ASN1_OCTET_STRING **to, const uint8_t *data, size_t len)
{
	if (len > INT_MAX)
		return false;
	if (*to == NULL && (*to = ASN1_OCTET_STRING_new()) == NULL)
		return false;
	return ASN1_OCTET_STRING_set(*to, data, (int)len) == 1;
}

static bool
put_id(ASN1_OCTET_STRING **to, const struct pkcs15_id *id)
{
	return id->len <= PKCS15_ID_MAX && put_octets(to, id->data, id->len);
}

static bool
put_optional_id(ASN1_OCTET_STRING **to, const struct pkcs15_id *id)
{
	return id->len == 0 || put_id(to, id);
}

static bool
put_optional_text(ASN1_STRING **to, int type, const char *text, size_t room)
{
	size_t len = strnlen(text, room);

	if (len == 0)
		return true;
	if (len == room)
		return false;
	if (*to == NULL && (*to = ASN1_STRING_type_new(type)) == NULL)
		return false;
	return ASN1_STRING_set(*to, text, (int)len) == 1;
}

static bool
put_optional_label(ASN1_UTF8STRING **to, const char label[PKCS15_LABEL_MAX + 1])
{
	return put_optional_text(to, V_ASN1_UTF8STRING, label, PKCS15_LABEL_MAX + 1);
}

static bool
put_bits(ASN1_BIT_STRING **to, uint32_t bits)
{
	if (*to == NULL && (*to = ASN1_BIT_STRING_new()) == NULL)
		return false;
	for (int n = 0; n < 32; n++) {
		if ((bits >> n & 1U) != 0 && ASN1_BIT_STRING_set_bit(*to, n, 1) != 1)
			return false;
	}
	return true;
}

static bool
put_optional_bits(ASN1_BIT_STRING **to, uint32_t bits)
{
	return bits == 0 || put_bits(to, bits);
}

static bool
put_number(ASN1_INTEGER **to, uint32_t number)
{
	if (*to == NULL && (*to = ASN1_INTEGER_new()) == NULL)
		return false;
	return ASN1_INTEGER_set_uint64(*to, number) == 1;
}

static bool
put_optional_number(ASN1_INTEGER **to, bool present, uint32_t number)
{
	return !present || put_number(to, number);
}

static bool
put_optional_oid(ASN1_OBJECT **to, const struct pkcs15_oid *oid)
{
	uint8_t der[PKCS15_OID_MAX + 4];
	struct writer writer = writer_to(der, sizeof(der));
	const unsigned char *at = der;

	if (oid->len == 0)
		return true;
	if (oid->len > PKCS15_OID_MAX)
		return false;
	tlv_put(&writer, V_ASN1_OBJECT, (struct bytes){oid->data, oid->len});
	return writer_ok(&writer) && d2i_ASN1_OBJECT(to, &at, (long)writer.len) != NULL;
}

static bool
put_null(ASN1_TYPE **to)
{
	if (*to == NULL && (*to = ASN1_TYPE_new()) == NULL)
		return false;
	ASN1_TYPE_set(*to, V_ASN1_NULL, NULL);
	return true;
}

/* `value` is taken over. */
static bool
put_string_type(ASN1_TYPE **to, int type, ASN1_STRING *value)
{
	if (value == NULL || (*to == NULL && (*to = ASN1_TYPE_new()) == NULL)) {
		ASN1_STRING_free(value);
		return false;
	}
	ASN1_TYPE_set(*to, type, value);
	return true;
}

static bool
put_path(PKCS15_PATH **to, const struct pkcs15_path *path)
{
	if (path->kind == PKCS15_PATH_NONE || path->file_len > PKCS15_PATH_MAX)
		return false;
	if (*to == NULL &&
	    (*to = (PKCS15_PATH *)ASN1_item_new(ASN1_ITEM_rptr(PKCS15_PATH))) == NULL)
		return false;
	if (path->kind == PKCS15_PATH_NULL)
		return true;
	return put_octets(&(*to)->file, path->file, path->file_len) &&
	       put_optional_number(&(*to)->index, path->has_range, path->index) &&
	       put_optional_number(&(*to)->length, path->has_range, path->length);
}

static bool
put_optional_path(PKCS15_PATH **to, const struct pkcs15_path *path)
{
	return path->kind == PKCS15_PATH_NONE || put_path(to, path);
}

static bool
put_rule(STACK_OF(PKCS15_RULE) * rules, const struct pkcs15_rule *rule)
{
	PKCS15_RULE *item = (PKCS15_RULE *)ASN1_item_new(ASN1_ITEM_rptr(PKCS15_RULE));
	ASN1_OCTET_STRING *auth_id = NULL;

	if (item == NULL || !put_bits(&item->access, rule->access))
		goto fail;
	if (rule->auth_id.len == 0) {
		if (!put_null(&item->condition))
			goto fail;
	} else {
		if (!put_id(&auth_id, &rule->auth_id))
			goto fail;
		if (!put_string_type(&item->condition, V_ASN1_OCTET_STRING, auth_id)) {
			auth_id = NULL;
			goto fail;
		}
		auth_id = NULL;
	}
	if (sk_PKCS15_RULE_push(rules, item) > 0)
		return true;
fail:
	ASN1_OCTET_STRING_free(auth_id);
	ASN1_item_free((ASN1_VALUE *)item, ASN1_ITEM_rptr(PKCS15_RULE));
	return false;
}

static bool
put_common(PKCS15_COMMON *to, const struct pkcs15_common *common)
{
	if (common->rules_count > PKCS15_RULES_MAX)
		return false;
	if (!put_optional_label(&to->label, common->label) ||
	    !put_optional_bits(&to->flags, common->flags) ||
	    !put_optional_id(&to->auth_id, &common->auth_id) ||
	    !put_optional_number(&to->user_consent, common->user_consent != 0,
				 common->user_consent))
		return false;
	if (common->rules_count != 0 && (to->rules = sk_PKCS15_RULE_new_null()) == NULL)
		return false;
	for (size_t i = 0; i < common->rules_count; i++) {
		if (!put_rule(to->rules, &common->rules[i]))
			return false;
	}
	return true;
}

/* Encodes and frees `value`; `filled` is what became of filling it. `der` is to be freed with
 * OPENSSL_free. Errors of OpenSSL that were dealt with do not stay in its queue. */
static bool
encode(void *value, const ASN1_ITEM *it, bool filled, unsigned char **der, size_t *der_len)
{
	int len = filled ? ASN1_item_i2d(value, der, it) : -1;

	ASN1_item_free(value, it);
	ERR_pop_to_mark();
	*der_len = len > 0 ? (size_t)len : 0;
	return len > 0;
}

static bool
finish(void *value, const ASN1_ITEM *it, bool filled, struct writer *writer)
{
	unsigned char *der = NULL;
	size_t len;
	bool ok = encode(value, it, filled, &der, &len);

	if (ok)
		writer_put(writer, (struct bytes){der, len});
	OPENSSL_free(der);
	return ok && writer_ok(writer);
}

static void *
begin(const ASN1_ITEM *it)
{
	ERR_set_mark();
	return ASN1_item_new(it);
}

bool
pkcs15_encode_directory(const struct pkcs15_directory *directory, struct writer *writer)
{
	const ASN1_ITEM *it = ASN1_ITEM_rptr(PKCS15_DIRECTORY);
	PKCS15_DIRECTORY *value = begin(it);
	bool ok = value != NULL && (unsigned)directory->class < PKCS15_CLASS_COUNT;

	if (ok) {
		value->class = (int)directory->class;
		ok = put_path(&value->path, &directory->path);
	}
	return finish(value, it, ok, writer);
}

static bool
put_algorithm(STACK_OF(PKCS15_ALGORITHM) * algorithms, const struct pkcs15_algorithm *algorithm)
{
	PKCS15_ALGORITHM *item =
	    (PKCS15_ALGORITHM *)ASN1_item_new(ASN1_ITEM_rptr(PKCS15_ALGORITHM));

	if (item != NULL && put_number(&item->reference, algorithm->reference) &&
	    put_number(&item->mechanism, algorithm->mechanism) && put_null(&item->parameters) &&
	    put_bits(&item->operations, algorithm->operations) &&
	    put_optional_oid(&item->oid, &algorithm->oid) &&
	    put_optional_number(&item->card_reference, algorithm->has_card_reference,
				algorithm->card_reference) &&
	    sk_PKCS15_ALGORITHM_push(algorithms, item) > 0)
		return true;
	ASN1_item_free((ASN1_VALUE *)item, ASN1_ITEM_rptr(PKCS15_ALGORITHM));
	return false;
}

static bool
put_algorithms(PKCS15_TOKEN_INFO *to, const struct pkcs15_token_info *info)
{
	if (info->algorithms_count > PKCS15_ALGORITHMS_MAX)
		return false;
	if (info->algorithms_count != 0 &&
	    (to->algorithms = sk_PKCS15_ALGORITHM_new_null()) == NULL)
		return false;
	for (size_t i = 0; i < info->algorithms_count; i++) {
		if (!put_algorithm(to->algorithms, &info->algorithms[i]))
			return false;
	}
	return true;
}

static bool
put_last_update(PKCS15_TOKEN_INFO *to, const char time[PKCS15_TIME_MAX + 1])
{
	ASN1_GENERALIZEDTIME *value = NULL;

	if (!put_optional_text(&value, V_ASN1_GENERALIZEDTIME, time, PKCS15_TIME_MAX + 1)) {
		ASN1_STRING_free(value);
		return false;
	}
	return value == NULL || put_string_type(&to->last_update, V_ASN1_GENERALIZEDTIME, value);
}

static bool
put_profile(PKCS15_TOKEN_INFO *to, const char profile[PKCS15_LABEL_MAX + 1])
{
	ASN1_UTF8STRING *value = NULL;
	ASN1_TYPE *item = NULL;

	if (!put_optional_label(&value, profile)) {
		ASN1_STRING_free(value);
		return false;
	}
	if (value == NULL)
		return true;
	if (put_string_type(&item, V_ASN1_UTF8STRING, value) &&
	    (to->profiles = sk_ASN1_TYPE_new_null()) != NULL &&
	    sk_ASN1_TYPE_push(to->profiles, item) > 0)
		return true;
	ASN1_TYPE_free(item);
	return false;
}

/* Writes the SEQUENCE `der` with a length of two bytes. */
static bool
put_with_four_byte_header(struct bytes der, struct writer *writer)
{
	struct reader reader = reader_of(der);
	struct tlv sequence;

	if (!tlv_read(&reader, &sequence) || sequence.value.len > UINT16_MAX)
		return false;
	writer_u8(writer, V_ASN1_SEQUENCE | TLV_CONSTRUCTED);
	writer_u8(writer, 0x82);
	writer_u16(writer, (uint16_t)sequence.value.len);
	writer_put(writer, sequence.value);
	return writer_ok(writer);
}

bool
pkcs15_encode_token_info(const struct pkcs15_token_info *info, bool four_byte_header,
			 struct writer *writer)
{
	const ASN1_ITEM *it = ASN1_ITEM_rptr(PKCS15_TOKEN_INFO);
	PKCS15_TOKEN_INFO *value = begin(it);
	unsigned char *der = NULL;
	size_t len;
	bool ok;

	ok = value != NULL && put_number(&value->version, info->version) &&
	     put_optional_id(&value->serial, &info->serial) &&
	     put_optional_label(&value->manufacturer, info->manufacturer) &&
	     put_optional_label(&value->label, info->label) &&
	     put_bits(&value->flags, info->flags) && put_algorithms(value, info) &&
	     put_last_update(value, info->last_update) &&
	     put_optional_text(&value->language, V_ASN1_PRINTABLESTRING, info->language,
			       PKCS15_LANGUAGE_MAX + 1) &&
	     put_profile(value, info->profile);
	ok = encode(value, it, ok, &der, &len);
	if (ok && four_byte_header)
		ok = put_with_four_byte_header((struct bytes){der, len}, writer);
	else if (ok)
		writer_put(writer, (struct bytes){der, len});
	OPENSSL_free(der);
	return ok && writer_ok(writer);
}

bool
pkcs15_encode_pin(const struct pkcs15_pin *pin, struct writer *writer)
{
	const ASN1_ITEM *it = ASN1_ITEM_rptr(PKCS15_PIN);
	PKCS15_PIN *value = begin(it);
	bool ok;

	ok = value != NULL && put_common(value->common, &pin->common) &&
	     put_optional_id(&value->class->id, &pin->id) &&
	     put_optional_number(&value->class->reference, pin->has_auth_reference,
				 pin->auth_reference) &&
	     put_bits(&value->type->flags, pin->flags) &&
	     ASN1_ENUMERATED_set(value->type->type, (long)pin->type) == 1 &&
	     put_number(&value->type->min_len, pin->min_len) &&
	     put_number(&value->type->stored_len, pin->stored_len) &&
	     put_optional_number(&value->type->max_len, pin->has_max_len, pin->max_len) &&
	     put_optional_number(&value->type->reference, pin->has_reference, pin->reference) &&
	     (!pin->has_pad || put_octets(&value->type->pad, &pin->pad, 1)) &&
	     put_optional_path(&value->type->path, &pin->path);
	return finish(value, it, ok, writer);
}

static bool
put_key_algorithms(PKCS15_KEY_CLASS *to, const struct pkcs15_key *key)
{
	if (key->algorithms_count > PKCS15_ALGORITHMS_MAX)
		return false;
	if (key->algorithms_count != 0 && (to->algorithms = sk_ASN1_INTEGER_new_null()) == NULL)
		return false;
	for (size_t i = 0; i < key->algorithms_count; i++) {
		ASN1_INTEGER *reference = NULL;

		if (!put_number(&reference, key->algorithms[i]) ||
		    sk_ASN1_INTEGER_push(to->algorithms, reference) <= 0) {
			ASN1_INTEGER_free(reference);
			return false;
		}
	}
	return true;
}

bool
pkcs15_encode_key(const struct pkcs15_key *key, struct writer *writer)
{
	const ASN1_ITEM *it = ASN1_ITEM_rptr(PKCS15_KEY);
	PKCS15_KEY *value = begin(it);
	PKCS15_KEY_OBJECT *object;
	bool ok = false;

	if (value == NULL)
		goto out;
	value->kind = (int)key->kind;
	value->object = object =
	    (PKCS15_KEY_OBJECT *)ASN1_item_new(ASN1_ITEM_rptr(PKCS15_KEY_OBJECT));
	if (object == NULL)
		goto out;
	object->class->native = key->not_native ? 0 : 0xFF;
	ok = put_common(object->common, &key->common) && put_id(&object->class->id, &key->id) &&
	     put_bits(&object->class->usage, key->usage) &&
	     put_optional_bits(&object->class->access, key->access) &&
	     put_optional_number(&object->class->reference, key->has_reference, key->reference) &&
	     put_key_algorithms(object->class, key) && put_path(&object->type->path, &key->path) &&
	     put_optional_number(&object->type->bits, key->bits != 0, key->bits);
out:
	return finish(value, it, ok, writer);
}

bool
pkcs15_encode_certificate(const struct pkcs15_certificate *certificate, struct writer *writer)
{
	const ASN1_ITEM *it = ASN1_ITEM_rptr(PKCS15_CERTIFICATE);
	PKCS15_CERTIFICATE *value = begin(it);
	bool ok = value != NULL && put_common(value->common, &certificate->common) &&
		  put_id(&value->class->id, &certificate->id) &&
		  put_path(&value->type->path, &certificate->path);

	if (ok)
		value->class->authority = certificate->authority ? 0xFF : 0;
	return finish(value, it, ok, writer);
}

bool
pkcs15_encode_data(const struct pkcs15_data *data, struct writer *writer)
{
	const ASN1_ITEM *it = ASN1_ITEM_rptr(PKCS15_DATA);
	PKCS15_DATA *value = begin(it);
	bool ok = value != NULL && put_common(value->common, &data->common) &&
		  put_optional_label(&value->class->application, data->application) &&
		  put_optional_oid(&value->class->oid, &data->application_oid) &&
		  put_path(&value->path, &data->path);

	return finish(value, it, ok, writer);
}
