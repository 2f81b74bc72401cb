#include "bridge.h"
#include "iso7816/tlv.h"

/* Context-specific tags; of a message's own, so numbers repeat from kind to kind. */
enum {
	TAG_OPERATION = 0x80,
	TAG_SERVICE = 0x81,
	TAG_ACCOUNT = 0x82,
	TAG_CARD = 0x83,
	TAG_KEY = 0x84,
	TAG_DOCUMENT = 0x85,
	TAG_PROGRAM = 0x86,
	TAG_DIGESTINFO = 0x87,
	TAG_CERTIFICATE = 0x88,
	TAG_PIN = 0x89,
	TAG_TRIES_LEFT = 0x8A,
	TAG_CONSENT_GIVEN = 0x8B,

	TAG_SW = 0x80,
	TAG_CODE = 0x81,
	TAG_PROCESS_ID = 0x82,
	TAG_TEXT = 0x83,
	TAG_NEXT = 0x84,
	TAG_SIGNATURE = 0x85,
	TAG_CHAIN = 0x86,
};

/* One member of a message: bytes, or a number of one or two bytes. */
struct field {
	tlv_tag tag;
	struct bytes *bytes;
	unsigned *number;
	unsigned number_len;
	bool seen;
};

static bool
put_fields(enum bridge_kind kind, const struct field *fields, size_t count, struct writer *writer)
{
	writer_u8(writer, (uint8_t)kind);
	for (size_t i = 0; i < count; i++) {
		const struct field *field = &fields[i];

		if (field->bytes && field->bytes->len > 0)
			tlv_put(writer, field->tag, *field->bytes);
		else if (field->number && field->number_len == 2)
			tlv_put_u16(writer, field->tag, (uint16_t)*field->number);
		else if (field->number)
			tlv_put_u8(writer, field->tag, (uint8_t)*field->number);
	}
	return writer_ok(writer) && writer->len <= BRIDGE_MESSAGE_MAX;
}

static bool
take_number(struct bytes value, struct field *field)
{
	struct reader reader = reader_of(value);
	uint16_t wide;
	uint8_t narrow;

	if (value.len != field->number_len)
		return false;
	if (field->number_len == 2) {
		if (!reader_u16(&reader, &wide))
			return false;
		*field->number = wide;
		return true;
	}
	if (!reader_u8(&reader, &narrow))
		return false;
	*field->number = narrow;
	return true;
}

static bool
take_fields(struct bytes message, enum bridge_kind kind, struct field *fields, size_t count)
{
	struct reader reader = reader_of(message);
	struct tlv tlv;
	uint8_t first;

	if (message.len > BRIDGE_MESSAGE_MAX || !reader_u8(&reader, &first) || first != kind)
		return false;
	while (reader.left > 0) {
		struct field *field = NULL;

		if (!tlv_read(&reader, &tlv))
			return false;
		for (size_t i = 0; i < count && !field; i++)
			if (fields[i].tag == tlv.tag)
				field = &fields[i];
		if (!field || field->seen)
			return false;
		field->seen = true;
		if (field->bytes)
			*field->bytes = tlv.value;
		else if (!take_number(tlv.value, field))
			return false;
	}
	/* Numbers are always sent: an absent one is a broken sender. */
	for (size_t i = 0; i < count; i++)
		if (fields[i].number && !fields[i].seen)
			return false;
	return true;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define REQUEST_FIELDS(request, operation, tries_left, consent)                 \
	{                                                                       \
		{TAG_OPERATION, NULL, &(operation), 1, false},                  \
		    {TAG_SERVICE, &(request)->service, NULL, 0, false},         \
		    {TAG_ACCOUNT, &(request)->account, NULL, 0, false},         \
		    {TAG_CARD, &(request)->card, NULL, 0, false},               \
		    {TAG_KEY, &(request)->key, NULL, 0, false},                 \
		    {TAG_DOCUMENT, &(request)->document, NULL, 0, false},       \
		    {TAG_PROGRAM, &(request)->program, NULL, 0, false},         \
		    {TAG_DIGESTINFO, &(request)->digestinfo, NULL, 0, false},   \
		    {TAG_CERTIFICATE, &(request)->certificate, NULL, 0, false}, \
		    {TAG_PIN, &(request)->pin, NULL, 0, false},                 \
		    {TAG_TRIES_LEFT, NULL, &(tries_left), 1, false},            \
		    {TAG_CONSENT_GIVEN, NULL, &(consent), 1, false},            \
	}

#define PROGRESS_FIELDS(progress)                                          \
	{                                                                  \
		{TAG_PROCESS_ID, &(progress)->process_id, NULL, 0, false}, \
		    {TAG_TEXT, &(progress)->text, NULL, 0, false},         \
	}

#define RESULT_FIELDS(result, sw)                                                             \
	{                                                                                     \
		{TAG_SW, NULL, &(sw), 2, false}, {TAG_CODE, &(result)->code, NULL, 0, false}, \
		    {TAG_PROCESS_ID, &(result)->process_id, NULL, 0, false},                  \
		    {TAG_TEXT, &(result)->text, NULL, 0, false},                              \
		    {TAG_NEXT, &(result)->next, NULL, 0, false},                              \
		    {TAG_SIGNATURE, &(result)->signature, NULL, 0, false},                    \
		    {TAG_CHAIN, &(result)->chain, NULL, 0, false},                            \
	}

bool
bridge_request_encode(const struct bridge_request *request, struct writer *writer)
{
	struct bridge_request copy = *request;
	unsigned operation = (unsigned)request->operation;
	unsigned tries_left = request->tries_left > UINT8_MAX ? UINT8_MAX : request->tries_left;
	unsigned consent = request->consent_given;
	const struct field fields[] = REQUEST_FIELDS(&copy, operation, tries_left, consent);

	return put_fields(BRIDGE_REQUEST, fields, COUNT(fields), writer);
}

bool
bridge_request_decode(struct bytes message, struct bridge_request *request)
{
	unsigned operation = 0, tries_left = 0, consent = 0;
	struct field fields[] = REQUEST_FIELDS(request, operation, tries_left, consent);

	*request = (struct bridge_request){0};
	if (!take_fields(message, BRIDGE_REQUEST, fields, COUNT(fields)) ||
	    operation > BRIDGE_CHECK || consent > 1)
		return false;
	request->operation = (enum bridge_operation)operation;
	request->tries_left = tries_left;
	request->consent_given = consent == 1;
	return true;
}

bool
bridge_progress_encode(const struct bridge_progress *progress, struct writer *writer)
{
	struct bridge_progress copy = *progress;
	const struct field fields[] = PROGRESS_FIELDS(&copy);

	return put_fields(BRIDGE_PROGRESS, fields, COUNT(fields), writer);
}

bool
bridge_progress_decode(struct bytes message, struct bridge_progress *progress)
{
	struct field fields[] = PROGRESS_FIELDS(progress);

	*progress = (struct bridge_progress){0};
	return take_fields(message, BRIDGE_PROGRESS, fields, COUNT(fields));
}

bool
bridge_result_encode(const struct bridge_result *result, struct writer *writer)
{
	struct bridge_result copy = *result;
	unsigned sw = result->sw;
	const struct field fields[] = RESULT_FIELDS(&copy, sw);

	return put_fields(BRIDGE_RESULT, fields, COUNT(fields), writer);
}

bool
bridge_result_decode(struct bytes message, struct bridge_result *result)
{
	unsigned sw = 0;
	struct field fields[] = RESULT_FIELDS(result, sw);

	*result = (struct bridge_result){0};
	if (!take_fields(message, BRIDGE_RESULT, fields, COUNT(fields)))
		return false;
	result->sw = (uint16_t)sw;
	return true;
}

bool
bridge_kind(struct bytes message, enum bridge_kind *kind)
{
	struct reader reader = reader_of(message);
	uint8_t first;

	if (!reader_u8(&reader, &first))
		return false;
	switch (first) {
	case BRIDGE_REQUEST:
	case BRIDGE_GO:
	case BRIDGE_START:
	case BRIDGE_PROGRESS:
	case BRIDGE_RESULT: *kind = (enum bridge_kind)first; return true;
	default: return false;
	}
}
