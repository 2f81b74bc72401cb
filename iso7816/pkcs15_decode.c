/* ISO/IEC 7816-15: from the bytes of foreign cards to plain structs. */
#include "pkcs15.h"
#include "pkcs15_asn1.h"
#include "tlv.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <string.h>

/* Each get_... takes one ASN.1 value that may be absent (NULL): then the result stays as it was,
 * zero. False: the value does not fit what pkcs15.h promises. */

static bool
get_octets(const ASN1_OCTET_STRING *from, uint8_t *data, size_t room, size_t *len)
{
	if (from == NULL)
		return true;
	if ((size_t)ASN1_STRING_length(from) > room)
		return false;
	*len = (size_t)ASN1_STRING_length(from);
	if (*len != 0)
		memcpy(data, ASN1_STRING_get0_data(from), *len);
	return true;
}

static bool
get_id(const ASN1_OCTET_STRING *from, struct pkcs15_id *id)
{
	return get_octets(from, id->data, sizeof(id->data), &id->len);
}

/* A NUL inside ends the text: some cards fill their labels up. */
static bool
get_text(const ASN1_STRING *from, char *text, size_t room)
{
	size_t len = 0;

	if (!get_octets(from, (uint8_t *)text, room - 1, &len))
		return false;
	text[len] = '\0';
	return true;
}

static bool
get_label(const ASN1_UTF8STRING *from, char label[PKCS15_LABEL_MAX + 1])
{
	return get_text(from, label, PKCS15_LABEL_MAX + 1);
}

static uint32_t
get_bits(const ASN1_BIT_STRING *from)
{
	uint32_t bits = 0;

	for (int n = 0; from != NULL && n < 32; n++) {
		if (ASN1_BIT_STRING_get_bit(from, n) == 1)
			bits |= UINT32_C(1) << n;
	}
	return bits;
}

static bool
get_number(const ASN1_INTEGER *from, uint32_t *number)
{
	uint64_t value;

	if (from == NULL)
		return true;
	if (ASN1_INTEGER_get_uint64(&value, from) != 1 || value > UINT32_MAX)
		return false;
	*number = (uint32_t)value;
	return true;
}

static bool
get_optional_number(const ASN1_INTEGER *from, bool *present, uint32_t *number)
{
	*present = from != NULL;
	return get_number(from, number);
}

/* One byte of a command. Some cards write it as it is, so that 85 is read as -123. */
static bool
get_reference(const ASN1_INTEGER *from, bool *present, uint8_t *reference)
{
	int64_t value;

	if (from == NULL)
		return true;
	if (ASN1_INTEGER_get_int64(&value, from) != 1 || value < INT8_MIN || value > UINT8_MAX)
		return false;
	*present = true;
	*reference = (uint8_t)value;
	return true;
}

static bool
get_oid(const ASN1_OBJECT *from, struct pkcs15_oid *oid)
{
	if (from == NULL)
		return true;
	if (OBJ_length(from) > sizeof(oid->data))
		return false;
	oid->len = OBJ_length(from);
	if (oid->len != 0)
		memcpy(oid->data, OBJ_get0_data(from), oid->len);
	return true;
}

static bool
get_path(const PKCS15_PATH *from, struct pkcs15_path *path)
{
	if (from == NULL)
		return true;
	path->kind = from->file == NULL ? PKCS15_PATH_NULL : PKCS15_PATH_FILE;
	path->has_range = from->file != NULL && from->length != NULL;
	return get_octets(from->file, path->file, sizeof(path->file), &path->file_len) &&
	       (!path->has_range ||
		(get_number(from->index, &path->index) && get_number(from->length, &path->length)));
}

static bool
get_rule(const PKCS15_RULE *from, struct pkcs15_common *common)
{
	struct pkcs15_rule rule = {.access = get_bits(from->access)};
	int type = ASN1_TYPE_get(from->condition);

	if (type != V_ASN1_NULL && type != V_ASN1_OCTET_STRING)
		return true;
	if (type == V_ASN1_OCTET_STRING &&
	    !get_id(from->condition->value.octet_string, &rule.auth_id))
		return false;
	if (common->rules_count < PKCS15_RULES_MAX)
		common->rules[common->rules_count++] = rule;
	return true;
}

static bool
get_common(const PKCS15_COMMON *from, struct pkcs15_common *common)
{
	common->flags = get_bits(from->flags);
	for (int i = 0; i < sk_PKCS15_RULE_num(from->rules); i++) {
		if (!get_rule(sk_PKCS15_RULE_value(from->rules, i), common))
			return false;
	}
	return get_label(from->label, common->label) && get_id(from->auth_id, &common->auth_id) &&
	       get_number(from->user_consent, &common->user_consent);
}

/* The bytes of the next data object, its header included. */
static bool
next_object(struct reader *reader, struct bytes *object)
{
	struct reader after;
	struct tlv tlv;

	tlv_skip_filler(reader);
	after = *reader;
	return tlv_read(&after, &tlv) && reader_take(reader, reader->left - after.left, object);
}

/* NULL when `object` is not such an item from its first byte to its last. */
static void *
parse(struct bytes object, const ASN1_ITEM *it)
{
	const unsigned char *at = object.data;
	void *value;

	ERR_set_mark();
	value = ASN1_item_d2i(NULL, &at, (long)object.len, it);
	ERR_pop_to_mark();
	if (value != NULL && at != object.data + object.len) {
		ASN1_item_free(value, it);
		value = NULL;
	}
	return value;
}

typedef bool (*get_function)(const void *value, void *result);

/* The next object of kind `it` that `get` accepts, in `result` of `size` bytes. */
static bool
decode_next(struct reader *reader, const ASN1_ITEM *it, get_function get, void *result, size_t size)
{
	struct bytes object;
	bool ok = false;

	while (!ok && next_object(reader, &object)) {
		void *value = parse(object, it);

		memset(result, 0, size);
		ok = value != NULL && get(value, result);
		ASN1_item_free(value, it);
	}
	return ok;
}

static bool
get_directory(const void *value, void *result)
{
	const PKCS15_DIRECTORY *from = value;
	struct pkcs15_directory *directory = result;

	directory->class = (enum pkcs15_class)from->class;
	return get_path(from->path, &directory->path);
}

bool
pkcs15_decode_directory(struct reader *reader, struct pkcs15_directory *directory)
{
	return decode_next(reader, ASN1_ITEM_rptr(PKCS15_DIRECTORY), get_directory, directory,
			   sizeof(*directory));
}

static bool
get_algorithm(const PKCS15_ALGORITHM *from, struct pkcs15_algorithm *algorithm)
{
	algorithm->operations = get_bits(from->operations);
	return get_number(from->reference, &algorithm->reference) &&
	       get_number(from->mechanism, &algorithm->mechanism) &&
	       get_oid(from->oid, &algorithm->oid) &&
	       get_optional_number(from->card_reference, &algorithm->has_card_reference,
				   &algorithm->card_reference);
}

/* An algorithm that does not fit is left out, the others are kept. */
static void
get_algorithms(const PKCS15_TOKEN_INFO *from, struct pkcs15_token_info *info)
{
	for (int i = 0; i < sk_PKCS15_ALGORITHM_num(from->algorithms) &&
			info->algorithms_count < PKCS15_ALGORITHMS_MAX;
	     i++) {
		struct pkcs15_algorithm algorithm = {0};

		if (get_algorithm(sk_PKCS15_ALGORITHM_value(from->algorithms, i), &algorithm))
			info->algorithms[info->algorithms_count++] = algorithm;
	}
}

static bool
get_profile(const PKCS15_TOKEN_INFO *from, char profile[PKCS15_LABEL_MAX + 1])
{
	for (int i = 0; i < sk_ASN1_TYPE_num(from->profiles); i++) {
		const ASN1_TYPE *item = sk_ASN1_TYPE_value(from->profiles, i);

		if (ASN1_TYPE_get(item) == V_ASN1_UTF8STRING)
			return get_label(item->value.utf8string, profile);
	}
	return true;
}

static bool
get_last_update(const PKCS15_TOKEN_INFO *from, char time[PKCS15_TIME_MAX + 1])
{
	if (from->last_update == NULL || ASN1_TYPE_get(from->last_update) != V_ASN1_GENERALIZEDTIME)
		return true;
	return get_text(from->last_update->value.generalizedtime, time, PKCS15_TIME_MAX + 1);
}

static bool
get_token_info(const void *value, void *result)
{
	const PKCS15_TOKEN_INFO *from = value;
	struct pkcs15_token_info *info = result;

	info->flags = get_bits(from->flags);
	get_algorithms(from, info);
	return get_number(from->version, &info->version) && get_id(from->serial, &info->serial) &&
	       get_label(from->manufacturer, info->manufacturer) &&
	       get_label(from->label, info->label) && get_last_update(from, info->last_update) &&
	       get_text(from->language, info->language, sizeof(info->language)) &&
	       get_profile(from, info->profile);
}

bool
pkcs15_decode_token_info(struct bytes file, struct pkcs15_token_info *info)
{
	struct reader reader = reader_of(file);

	return decode_next(&reader, ASN1_ITEM_rptr(PKCS15_TOKEN_INFO), get_token_info, info,
			   sizeof(*info));
}

static bool
get_pin(const void *value, void *result)
{
	const PKCS15_PIN *from = value;
	const PKCS15_PIN_TYPE *type = from->type;
	struct pkcs15_pin *pin = result;
	int64_t pin_type;
	size_t pad_len = 0;

	if (ASN1_ENUMERATED_get_int64(&pin_type, type->type) != 1 || pin_type < PKCS15_PIN_BCD ||
	    pin_type > PKCS15_PIN_ISO_9564_1)
		return false;
	pin->type = (enum pkcs15_pin_type)pin_type;
	pin->flags = get_bits(type->flags);
	if (!get_octets(type->pad, &pin->pad, sizeof(pin->pad), &pad_len))
		return false;
	pin->has_pad = pad_len == sizeof(pin->pad);
	return get_common(from->common, &pin->common) && get_id(from->class->id, &pin->id) &&
	       get_reference(from->class->reference, &pin->has_auth_reference,
			     &pin->auth_reference) &&
	       get_number(type->min_len, &pin->min_len) &&
	       get_number(type->stored_len, &pin->stored_len) &&
	       get_optional_number(type->max_len, &pin->has_max_len, &pin->max_len) &&
	       get_reference(type->reference, &pin->has_reference, &pin->reference) &&
	       get_path(type->path, &pin->path);
}

bool
pkcs15_decode_pin(struct reader *reader, struct pkcs15_pin *pin)
{
	return decode_next(reader, ASN1_ITEM_rptr(PKCS15_PIN), get_pin, pin, sizeof(*pin));
}

static bool
get_key(const void *value, void *result)
{
	const PKCS15_KEY_OBJECT *from = ((const PKCS15_KEY *)value)->object;
	struct pkcs15_key *key = result;

	key->kind = (enum pkcs15_key_kind)((const PKCS15_KEY *)value)->kind;
	key->usage = get_bits(from->class->usage);
	key->access = get_bits(from->class->access);
	key->not_native = from->class->native == 0;
	for (int i = 0; i < sk_ASN1_INTEGER_num(from->class->algorithms) &&
			key->algorithms_count < PKCS15_ALGORITHMS_MAX;
	     i++) {
		if (!get_number(sk_ASN1_INTEGER_value(from->class->algorithms, i),
				&key->algorithms[key->algorithms_count]))
			return false;
		key->algorithms_count++;
	}
	return get_common(from->common, &key->common) && get_id(from->class->id, &key->id) &&
	       get_reference(from->class->reference, &key->has_reference, &key->reference) &&
	       get_path(from->type->path, &key->path) && get_number(from->type->bits, &key->bits);
}

bool
pkcs15_decode_key(struct reader *reader, struct pkcs15_key *key)
{
	return decode_next(reader, ASN1_ITEM_rptr(PKCS15_KEY), get_key, key, sizeof(*key));
}

static bool
get_certificate(const void *value, void *result)
{
	const PKCS15_CERTIFICATE *from = value;
	struct pkcs15_certificate *certificate = result;

	certificate->authority = from->class->authority > 0;
	return get_common(from->common, &certificate->common) &&
	       get_id(from->class->id, &certificate->id) &&
	       get_path(from->type->path, &certificate->path);
}

bool
pkcs15_decode_certificate(struct reader *reader, struct pkcs15_certificate *certificate)
{
	return decode_next(reader, ASN1_ITEM_rptr(PKCS15_CERTIFICATE), get_certificate, certificate,
			   sizeof(*certificate));
}

static bool
get_data(const void *value, void *result)
{
	const PKCS15_DATA *from = value;
	struct pkcs15_data *data = result;

	return get_common(from->common, &data->common) &&
	       get_label(from->class->application, data->application) &&
	       get_oid(from->class->oid, &data->application_oid) &&
	       get_path(from->path, &data->path);
}

bool
pkcs15_decode_data(struct reader *reader, struct pkcs15_data *data)
{
	return decode_next(reader, ASN1_ITEM_rptr(PKCS15_DATA), get_data, data, sizeof(*data));
}
