#include "reply.h"

#include "field.h"
#include "tools/simulator/base64.h"

#include <stdio.h>
#include <stdlib.h>

#define ENVELOPE_START "<s:Envelope xmlns:s=\"" SIM_NS_ENVELOPE "\"><s:Body>"
#define ENVELOPE_END "</s:Body></s:Envelope>"
#define NS_ADDRESSING "http://schemas.microsoft.com/ws/2005/05/addressing/none"
#define NS_DISPATCHER \
	"http://schemas.microsoft.com/net/2005/12/windowscommunicationfoundation/dispatcher"

static const struct {
	const char *name, *namespace;
} faults[] = {
    [SIM_FAULT_ACTION] = {"ActionNotSupported", NS_ADDRESSING},
    [SIM_FAULT_DESERIALIZATION] = {"DeserializationFailed", NS_DISPATCHER},
    [SIM_FAULT_INTERNAL] = {"InternalServiceFault", NS_DISPATCHER},
};

const char *
sim_fault_name(enum sim_fault fault)
{
	return faults[fault].name;
}

static void
put_escaped(FILE *out, const char *text)
{
	for (; *text != '\0'; text++)
		switch (*text) {
		case '&': fputs("&amp;", out); break;
		case '<': fputs("&lt;", out); break;
		case '>': fputs("&gt;", out); break;
		case '\r': fputs("&#xD;", out); break;
		default: fputc(*text, out);
		}
}

static void
put_member(FILE *out, const char *name, const char *text)
{
	if (text == NULL) {
		fprintf(out, "<a:%s i:nil=\"true\"/>", name);
		return;
	}
	fprintf(out, "<a:%s>", name);
	put_escaped(out, text);
	fprintf(out, "</a:%s>", name);
}

static void
put_base64(FILE *out, const char *name, struct bytes data)
{
	char text[SIM_SIGNATURE_MAX * 2];

	if (data.len == 0 || sim_base64_len(data.len) >= sizeof(text)) {
		put_member(out, name, NULL);
		return;
	}
	sim_base64_encode(data, text);
	put_member(out, name, text);
}

static void
put_status(FILE *out, const struct sim_reply *reply)
{
	const struct sim_status *status = &reply->status;
	const struct {
		const char *name, *text;
	} members[] = {
	    {"Code", status->code},       {"Field", status->field},          {"FieldValue", NULL},
	    {"Message", status->message}, {"ProcessId", status->process_id},
	};
	const size_t count = sizeof(members) / sizeof(members[0]);

	for (size_t i = 0; i < count; i++) {
		const size_t place = reply->reordered ? count - 1 - i : i;

		put_member(out, members[place].name,
			   reply->nil_members ? NULL : members[place].text);
	}
}

static void
put_documents(FILE *out, const struct sim_document *documents, size_t count)
{
	if (documents == NULL) {
		put_member(out, "ArrayOfHashStructure", NULL);
		return;
	}
	fputs("<a:ArrayOfHashStructure>", out);
	for (size_t i = 0; i < count; i++) {
		const struct sim_value *hash = &documents[i].hash;

		fputs("<a:HashStructure>", out);
		put_base64(out, "Hash", (struct bytes){(const uint8_t *)hash->data, hash->len});
		put_member(out, "Name", documents[i].name.data);
		put_member(out, "id", documents[i].id.data);
		fputs("</a:HashStructure>", out);
	}
	fputs("</a:ArrayOfHashStructure>", out);
}

static void
put_full_status(FILE *out, const struct sim_reply *reply)
{
	fputs("<a:Status>", out);
	put_status(out, reply);
	fputs("</a:Status>", out);
}

/* dc:SignResponse */
static void
put_sign_response(FILE *out, const struct sim_reply *reply)
{
	const bool nil = reply->nil_members;

	if (reply->reordered)
		put_full_status(out, reply);
	put_documents(out, nil ? NULL : reply->documents, reply->documents_count);
	put_base64(out, "Signature", nil ? BYTES_NONE : reply->signature);
	if (!reply->reordered)
		put_full_status(out, reply);
	put_member(out, "certificate", nil ? NULL : reply->certificate);
}

static void
put_result(FILE *out, const struct sim_reply *reply)
{
	const char *name = sim_operations[reply->operation].name;
	bool is_string = reply->operation == SIM_GET_CERTIFICATE;

	if (reply->nil || (is_string && reply->certificate == NULL)) {
		fprintf(out, "<%sResult i:nil=\"true\" xmlns:i=\"" SIM_NS_INSTANCE "\"/>", name);
		return;
	}
	if (is_string) {
		fprintf(out, "<%sResult>", name);
		put_escaped(out, reply->certificate);
	} else {
		fprintf(out,
			"<%sResult xmlns:a=\"" SIM_NS_STRUCTURES "\" xmlns:i=\"" SIM_NS_INSTANCE
			"\">",
			name);
		if (reply->operation == SIM_VALIDATE_OTP)
			put_sign_response(out, reply);
		else
			put_status(out, reply);
	}
	fprintf(out, "</%sResult>", name);
}

/* Ends the memory stream; NULL when something did not fit. */
static char *
finish(FILE *out, char **text)
{
	bool failed = ferror(out) != 0;

	if (fclose(out) != 0 || failed) {
		free(*text);
		return NULL;
	}
	return *text;
}

char *
sim_reply_write(const struct sim_reply *reply)
{
	const char *name = sim_operations[reply->operation].name;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return NULL;
	fprintf(out, ENVELOPE_START "<%sResponse xmlns=\"" SIM_NS_SERVICE "\">", name);
	put_result(out, reply);
	fprintf(out, "</%sResponse>" ENVELOPE_END, name);
	return finish(out, &text);
}

char *
sim_reply_fault(enum sim_fault fault, const char *message)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return NULL;
	fprintf(out,
		ENVELOPE_START "<s:Fault><faultcode xmlns:a=\"%s\">a:%s</faultcode>"
			       "<faultstring xml:lang=\"pt-PT\">",
		faults[fault].namespace, faults[fault].name);
	put_escaped(out, message);
	fputs("</faultstring></s:Fault>" ENVELOPE_END, out);
	return finish(out, &text);
}
