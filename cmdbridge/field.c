#include "field.h"

void
field_put(const struct field *fields, size_t count, struct writer *writer)
{
	for (size_t i = 0; i < count; i++) {
		const struct field *field = &fields[i];

		if (field->bytes && field->bytes->len > 0)
			tlv_put(writer, field->tag, *field->bytes);
		else if (field->number && field->number_len == 2)
			tlv_put_u16(writer, field->tag, (uint16_t)*field->number);
		else if (field->number)
			tlv_put_u8(writer, field->tag, (uint8_t)*field->number);
	}
}

static bool
take_number(struct bytes value, struct field *field)
{
	struct reader reader = reader_of(value);
	uint16_t wide = 0;
	uint8_t narrow = 0;
	bool ok = field->number_len == 2 ? reader_u16(&reader, &wide) : reader_u8(&reader, &narrow);

	*field->number = field->number_len == 2 ? wide : narrow;
	return ok && reader.left == 0;
}

static struct field *
find(tlv_tag tag, struct field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fields[i].tag == tag)
			return &fields[i];
	return NULL;
}

bool
field_take(struct bytes members, struct field *fields, size_t count)
{
	struct reader reader = reader_of(members);
	struct tlv tlv;

	while (reader.left > 0) {
		struct field *field;

		if (!tlv_read(&reader, &tlv))
			return false;
		field = find(tlv.tag, fields, count);
		if (!field || field->seen)
			return false;
		field->seen = true;
		if (field->bytes)
			*field->bytes = tlv.value;
		else if (!take_number(tlv.value, field))
			return false;
	}
	for (size_t i = 0; i < count; i++)
		if (fields[i].number && !fields[i].seen)
			return false;
	return true;
}
