#include "bridge.h"
#include "field.h"

#include <string.h>

/* Context-specific tags; of a message's own, so numbers repeat from kind to kind. */
enum {
	TAG_OPERATION = 0x80,
	TAG_SERVICE = 0x81,
	TAG_ACCOUNT = 0x82,
	TAG_CARD = 0x83,
	TAG_KEY = 0x84,
	TAG_CREDENTIAL = 0x85,
	TAG_PROGRAM = 0x86,
	TAG_CERTIFICATE = 0x88,
	TAG_PIN = 0x89,
	TAG_TRIES_LEFT = 0x8A,
	TAG_CONSENT_GIVEN = 0x8B,
	TAG_USE = 0x8C,
	TAG_DIGEST = 0x8D,
	TAG_PURPOSE = 0x8F,
	TAG_TITLE = 0x90,
	TAG_LENGTH_MIN = 0x91,
	TAG_LENGTH_MAX = 0x92,
	TAG_DIGITS_ONLY = 0x93,
	TAG_DOCUMENTS = 0xAE,

	TAG_DOCUMENT = 0xA0, /* one of TAG_DOCUMENTS */
	TAG_NAME = 0x80,
	TAG_INPUT = 0x81,

	TAG_SW = 0x80,
	TAG_CODE = 0x81,
	TAG_PROCESS_ID = 0x82,
	TAG_TEXT = 0x83,
	TAG_NEXT = 0x84,
	TAG_CHAIN = 0x86,
	TAG_RESULT_PIN = 0x87,
	TAG_PIN_DOUBTFUL = 0x88, /* is there, or is not */
	TAG_OUTPUTS = 0xA8,
	TAG_CREDENTIALS = 0xA9,

	TAG_OUTPUT = 0x80, /* one of TAG_OUTPUTS */

	TAG_ONE_CREDENTIAL = 0xA0, /* one of TAG_CREDENTIALS */
	TAG_ID = 0x80,
	TAG_LABEL = 0x81,
	TAG_LEAF = 0x82,
	TAG_USES = 0x83,
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define OF_BYTES(tag, member)                    \
	{                                        \
		(tag), &(member), NULL, 0, false \
	}
#define OF_NUMBER(tag, variable, len)                  \
	{                                              \
		(tag), NULL, &(variable), (len), false \
	}

/* The next of the objects in a list; false at its end. `ok` falls when it is not `tag`. */
static bool
next_of(struct reader *list, tlv_tag tag, struct bytes *value, bool *ok)
{
	struct tlv tlv;

	if (list->left == 0 || !*ok)
		return false;
	*ok = tlv_read(list, &tlv) && tlv.tag == tag;
	*value = tlv.value;
	return *ok;
}

/*
 * Requests.
 */
#define DOCUMENT_FIELDS(document)                                                            \
	{                                                                                    \
		OF_BYTES(TAG_NAME, (document)->name), OF_BYTES(TAG_INPUT, (document)->input) \
	}

static void
put_documents(const struct bridge_request *request, struct writer *writer)
{
	size_t list, one;

	if (request->documents_count == 0)
		return;
	list = tlv_begin(writer, TAG_DOCUMENTS);
	for (size_t i = 0; i < request->documents_count; i++) {
		struct bridge_document document = request->documents[i];
		const struct field fields[] = DOCUMENT_FIELDS(&document);

		one = tlv_begin(writer, TAG_DOCUMENT);
		field_put(fields, COUNT(fields), writer);
		tlv_end(writer, one);
	}
	tlv_end(writer, list);
}

static bool
take_documents(struct bytes documents, struct bridge_request *request)
{
	struct reader list = reader_of(documents);
	struct bytes members;
	bool ok = true;

	while (next_of(&list, TAG_DOCUMENT, &members, &ok)) {
		struct bridge_document document = {BYTES_NONE, BYTES_NONE};
		struct field fields[] = DOCUMENT_FIELDS(&document);

		if (request->documents_count == BRIDGE_DOCUMENTS_MAX ||
		    !field_take(members, fields, COUNT(fields)))
			return false;
		request->documents[request->documents_count++] = document;
	}
	return ok;
}

struct request_numbers {
	unsigned operation, use, digest, tries_left, consent, purpose, length_min, length_max,
	    digits;
};

#define REQUEST_FIELDS(request, numbers)                                                    \
	{                                                                                   \
		OF_NUMBER(TAG_OPERATION, (numbers).operation, 1),                           \
		    OF_NUMBER(TAG_USE, (numbers).use, 1),                                   \
		    OF_NUMBER(TAG_DIGEST, (numbers).digest, 1),                             \
		    OF_BYTES(TAG_SERVICE, (request)->service),                              \
		    OF_BYTES(TAG_ACCOUNT, (request)->account),                              \
		    OF_BYTES(TAG_CREDENTIAL, (request)->credential),                        \
		    OF_BYTES(TAG_CARD, (request)->card), OF_BYTES(TAG_KEY, (request)->key), \
		    OF_BYTES(TAG_PROGRAM, (request)->program),                              \
		    OF_BYTES(TAG_CERTIFICATE, (request)->certificate),                      \
		    OF_BYTES(TAG_PIN, (request)->pin),                                      \
		    OF_NUMBER(TAG_TRIES_LEFT, (numbers).tries_left, 1),                     \
		    OF_NUMBER(TAG_CONSENT_GIVEN, (numbers).consent, 1),                     \
		    OF_NUMBER(TAG_PURPOSE, (numbers).purpose, 1),                           \
		    OF_BYTES(TAG_TITLE, (request)->title),                                  \
		    OF_NUMBER(TAG_LENGTH_MIN, (numbers).length_min, 1),                     \
		    OF_NUMBER(TAG_LENGTH_MAX, (numbers).length_max, 1),                     \
		    OF_NUMBER(TAG_DIGITS_ONLY, (numbers).digits, 1),                        \
	}

static unsigned
one_byte(unsigned number)
{
	return number > UINT8_MAX ? UINT8_MAX : number;
}

bool
bridge_request_encode(const struct bridge_request *request, struct writer *writer)
{
	struct bridge_request copy = *request;
	struct request_numbers numbers = {
	    .operation = (unsigned)request->operation,
	    .use = (unsigned)request->use,
	    .digest = (unsigned)request->digest,
	    .tries_left = one_byte(request->tries_left),
	    .consent = request->consent_given,
	    .purpose = (unsigned)request->purpose,
	    .length_min = one_byte(request->length_min),
	    .length_max = one_byte(request->length_max),
	    .digits = request->digits_only,
	};
	const struct field fields[] = REQUEST_FIELDS(&copy, numbers);

	if (request->documents_count > BRIDGE_DOCUMENTS_MAX)
		return false;
	writer_u8(writer, BRIDGE_REQUEST);
	field_put(fields, COUNT(fields), writer);
	put_documents(request, writer);
	return writer_ok(writer) && writer->len <= BRIDGE_MESSAGE_MAX;
}

/* The members of a message of this kind. */
static bool
members_of(struct bytes message, enum bridge_kind kind, struct bytes *members)
{
	if (message.len < 1 || message.len > BRIDGE_MESSAGE_MAX || message.data[0] != kind)
		return false;
	*members = (struct bytes){message.data + 1, message.len - 1};
	return true;
}

bool
bridge_request_decode(struct bytes message, struct bridge_request *request)
{
	struct bytes members, documents = BYTES_NONE;
	struct request_numbers numbers = {0};
	struct field listed[] = REQUEST_FIELDS(request, numbers);
	struct field fields[COUNT(listed) + 1];

	memset(request, 0, sizeof(*request));
	memcpy(fields, listed, sizeof(listed));
	fields[COUNT(listed)] = (struct field)OF_BYTES(TAG_DOCUMENTS, documents);
	if (!members_of(message, BRIDGE_REQUEST, &members) ||
	    !field_take(members, fields, COUNT(fields)) || !take_documents(documents, request) ||
	    numbers.operation >= BRIDGE_OPERATIONS || numbers.use >= KEYFILE_OPERATIONS ||
	    numbers.digest >= DIGEST_COUNT || numbers.consent > 1 ||
	    numbers.purpose >= BRIDGE_PURPOSES || numbers.digits > 1)
		return false;
	request->operation = (enum bridge_operation)numbers.operation;
	request->use = (enum keyfile_operation)numbers.use;
	request->digest = (enum digest)numbers.digest;
	request->tries_left = numbers.tries_left;
	request->consent_given = numbers.consent == 1;
	request->purpose = (enum bridge_purpose)numbers.purpose;
	request->length_min = numbers.length_min;
	request->length_max = numbers.length_max;
	request->digits_only = numbers.digits == 1;
	return true;
}

/*
 * Progress.
 */
#define PROGRESS_FIELDS(progress)                                 \
	{                                                         \
		OF_BYTES(TAG_PROCESS_ID, (progress)->process_id), \
		    OF_BYTES(TAG_TEXT, (progress)->text),         \
	}

bool
bridge_progress_encode(const struct bridge_progress *progress, struct writer *writer)
{
	struct bridge_progress copy = *progress;
	const struct field fields[] = PROGRESS_FIELDS(&copy);

	writer_u8(writer, BRIDGE_PROGRESS);
	field_put(fields, COUNT(fields), writer);
	return writer_ok(writer) && writer->len <= BRIDGE_MESSAGE_MAX;
}

bool
bridge_progress_decode(struct bytes message, struct bridge_progress *progress)
{
	struct field fields[] = PROGRESS_FIELDS(progress);
	struct bytes members;

	*progress = (struct bridge_progress){BYTES_NONE, BYTES_NONE};
	return members_of(message, BRIDGE_PROGRESS, &members) &&
	       field_take(members, fields, COUNT(fields));
}

/*
 * Results.
 */
#define CREDENTIAL_FIELDS(credential, uses)                                                        \
	{                                                                                          \
		OF_BYTES(TAG_ID, (credential)->id), OF_BYTES(TAG_LABEL, (credential)->label),      \
		    OF_BYTES(TAG_LEAF, (credential)->certificate), OF_NUMBER(TAG_USES, (uses), 2), \
	}

#define RESULT_FIELDS(result, sw, doubt)                                                           \
	{                                                                                          \
		OF_NUMBER(TAG_SW, (sw), 2), OF_BYTES(TAG_CODE, (result)->code),                    \
		    OF_BYTES(TAG_PROCESS_ID, (result)->process_id),                                \
		    OF_BYTES(TAG_TEXT, (result)->text), OF_BYTES(TAG_NEXT, (result)->next),        \
		    OF_BYTES(TAG_CHAIN, (result)->chain), OF_BYTES(TAG_RESULT_PIN, (result)->pin), \
		    OF_BYTES(TAG_PIN_DOUBTFUL, (doubt)),                                           \
	}

static void
put_outputs(const struct bridge_result *result, struct writer *writer)
{
	size_t list;

	if (result->outputs_count == 0)
		return;
	list = tlv_begin(writer, TAG_OUTPUTS);
	for (size_t i = 0; i < result->outputs_count; i++)
		tlv_put(writer, TAG_OUTPUT, result->outputs[i]);
	tlv_end(writer, list);
}

static bool
take_outputs(struct bytes outputs, struct bridge_result *result)
{
	struct reader list = reader_of(outputs);
	struct bytes output;
	bool ok = true;

	while (next_of(&list, TAG_OUTPUT, &output, &ok)) {
		if (result->outputs_count == BRIDGE_DOCUMENTS_MAX)
			return false;
		result->outputs[result->outputs_count++] = output;
	}
	return ok;
}

static void
put_credentials(const struct bridge_result *result, struct writer *writer)
{
	size_t list, one;

	if (result->credentials_count == 0)
		return;
	list = tlv_begin(writer, TAG_CREDENTIALS);
	for (size_t i = 0; i < result->credentials_count; i++) {
		struct bridge_credential credential = result->credentials[i];
		const struct field fields[] = CREDENTIAL_FIELDS(&credential, credential.uses);

		one = tlv_begin(writer, TAG_ONE_CREDENTIAL);
		field_put(fields, COUNT(fields), writer);
		tlv_end(writer, one);
	}
	tlv_end(writer, list);
}

static bool
take_credentials(struct bytes credentials, struct bridge_result *result)
{
	struct reader list = reader_of(credentials);
	struct bytes members;
	bool ok = true;

	while (next_of(&list, TAG_ONE_CREDENTIAL, &members, &ok)) {
		struct bridge_credential credential = {.uses = 0};
		struct field fields[] = CREDENTIAL_FIELDS(&credential, credential.uses);

		if (result->credentials_count == BRIDGE_CREDENTIALS_MAX ||
		    !field_take(members, fields, COUNT(fields)))
			return false;
		result->credentials[result->credentials_count++] = credential;
	}
	return ok;
}

bool
bridge_result_encode(const struct bridge_result *result, struct writer *writer)
{
	struct bridge_result copy = *result;
	struct bytes doubt = result->pin_doubtful ? BYTES_TEXT("?") : BYTES_NONE;
	unsigned sw = result->sw;
	const struct field fields[] = RESULT_FIELDS(&copy, sw, doubt);

	if (result->outputs_count > BRIDGE_DOCUMENTS_MAX ||
	    result->credentials_count > BRIDGE_CREDENTIALS_MAX)
		return false;
	writer_u8(writer, BRIDGE_RESULT);
	field_put(fields, COUNT(fields), writer);
	put_outputs(result, writer);
	put_credentials(result, writer);
	return writer_ok(writer) && writer->len <= BRIDGE_MESSAGE_MAX;
}

bool
bridge_result_decode(struct bytes message, struct bridge_result *result)
{
	struct bytes members, outputs = BYTES_NONE, credentials = BYTES_NONE, doubt = BYTES_NONE;
	unsigned sw = 0;
	struct field listed[] = RESULT_FIELDS(result, sw, doubt);
	struct field fields[COUNT(listed) + 2];

	memset(result, 0, sizeof(*result));
	memcpy(fields, listed, sizeof(listed));
	fields[COUNT(listed)] = (struct field)OF_BYTES(TAG_OUTPUTS, outputs);
	fields[COUNT(listed) + 1] = (struct field)OF_BYTES(TAG_CREDENTIALS, credentials);
	if (!members_of(message, BRIDGE_RESULT, &members) ||
	    !field_take(members, fields, COUNT(fields)) || !take_outputs(outputs, result) ||
	    !take_credentials(credentials, result))
		return false;
	result->sw = (uint16_t)sw;
	result->pin_doubtful = doubt.len > 0;
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
	case BRIDGE_CANCEL:
	case BRIDGE_START:
	case BRIDGE_PROGRESS:
	case BRIDGE_RESULT: *kind = (enum bridge_kind)first; return true;
	default: return false;
	}
}
