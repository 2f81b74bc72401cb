#include "request.h"

#include "tools/simulator/base64.h"

#include <limits.h>
#include <string.h>

#include <libxml/parser.h>
#include <openssl/crypto.h>

static bool
is_element(const xmlNode *node, const char *namespace, const char *name)
{
	return node->type == XML_ELEMENT_NODE && node->ns != NULL &&
	       strcmp((const char *)node->ns->href, namespace) == 0 &&
	       (name == NULL || strcmp((const char *)node->name, name) == 0);
}

static xmlNode *
first_element(xmlNode *parent, const char *namespace, const char *name)
{
	for (xmlNode *child = parent->children; child != NULL; child = child->next)
		if (is_element(child, namespace, name))
			return child;
	return NULL;
}

static bool
is_nil(xmlNode *node)
{
	xmlChar *nil = xmlGetNsProp(node, BAD_CAST "nil", BAD_CAST SIM_NS_INSTANCE);
	bool is =
	    nil != NULL && (xmlStrEqual(nil, BAD_CAST "true") || xmlStrEqual(nil, BAD_CAST "1"));

	xmlFree(nil);
	return is;
}

static bool
is_boolean(const char *text)
{
	static const char *const allowed[] = {"true", "false", "1", "0"};

	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (strcmp(text, allowed[i]) == 0)
			return true;
	return false;
}

static void
value_free(struct sim_value *value)
{
	if (value->data != NULL)
		OPENSSL_clear_free(value->data, value->len + 1);
	*value = (struct sim_value){NULL, 0};
}

static bool
take_text(const char *text, enum sim_type type, struct sim_value *value)
{
	size_t len = strlen(text);

	value->data = OPENSSL_zalloc(len + 1);
	if (value->data == NULL)
		return false;
	value->len = len;
	switch (type) {
	case SIM_STRING: memcpy(value->data, text, len); return true;
	case SIM_BOOLEAN: memcpy(value->data, text, len); return is_boolean(text);
	case SIM_BASE64: return sim_base64_decode(text, (uint8_t *)value->data, len, &value->len);
	}
	return false;
}

/* Takes the simple content of a member. */
static bool
take_value(xmlNode *node, enum sim_type type, struct sim_value *value, struct problem *error)
{
	xmlChar *text;
	bool ok;

	value_free(value);
	if (is_nil(node))
		return true;
	if (xmlFirstElementChild(node) != NULL)
		return problem(error, "the member %s holds elements where a value is expected",
			       (const char *)node->name);
	text = xmlNodeGetContent(node);
	ok = text != NULL && take_text((const char *)text, type, value);
	if (text != NULL)
		OPENSSL_cleanse(text, strlen((const char *)text));
	xmlFree(text);
	if (!ok) {
		value_free(value);
		return problem(error, "the member %s is not of the type that it must be",
			       (const char *)node->name);
	}
	return true;
}

/* The index of the member that `node` is, not before `from` when the order counts; `count` when
 * it is none. */
static size_t
member_index(const xmlNode *node, const char *namespace, const struct sim_member *members,
	     size_t count, size_t from)
{
	for (size_t i = from; i < count; i++)
		if (is_element(node, namespace, members[i].name))
			return i;
	return count;
}

static bool
take_members(xmlNode *parent, const char *namespace, const struct sim_member *members, size_t count,
	     bool strict, struct sim_value *values, struct problem *error)
{
	size_t next = 0;

	for (xmlNode *node = xmlFirstElementChild(parent); node != NULL;
	     node = xmlNextElementSibling(node)) {
		size_t i = member_index(node, namespace, members, count, strict ? next : 0);

		if (i == count)
			continue;
		if (!take_value(node, members[i].type, &values[members[i].field], error))
			return false;
		next = i + 1;
	}
	return true;
}

enum { DOCUMENT_HASH, DOCUMENT_NAME, DOCUMENT_ID, DOCUMENT_MEMBERS };

static bool
take_document(xmlNode *node, bool strict, struct sim_document *document, struct problem *error)
{
	/* The field numbers of a HashStructure are places in `values`. */
	static const struct sim_member members[DOCUMENT_MEMBERS] = {
	    {"Hash", (enum sim_field)DOCUMENT_HASH, SIM_BASE64, true},
	    {"Name", (enum sim_field)DOCUMENT_NAME, SIM_STRING, false},
	    {"id", (enum sim_field)DOCUMENT_ID, SIM_STRING, false},
	};
	struct sim_value values[DOCUMENT_MEMBERS] = {{NULL, 0}};
	bool ok =
	    take_members(node, SIM_NS_STRUCTURES, members, DOCUMENT_MEMBERS, strict, values, error);

	*document = (struct sim_document){values[DOCUMENT_HASH], values[DOCUMENT_NAME],
					  values[DOCUMENT_ID]};
	return ok;
}

static bool
take_documents(xmlNode *parent, bool strict, struct sim_request *request, struct problem *error)
{
	size_t count = 0;

	for (xmlNode *node = xmlFirstElementChild(parent); node != NULL;
	     node = xmlNextElementSibling(node))
		count += is_element(node, SIM_NS_STRUCTURES, "HashStructure");
	request->documents = OPENSSL_zalloc((count + 1) * sizeof(*request->documents));
	if (request->documents == NULL)
		return problem(error, "out of memory");
	for (xmlNode *node = xmlFirstElementChild(parent); node != NULL;
	     node = xmlNextElementSibling(node))
		if (is_element(node, SIM_NS_STRUCTURES, "HashStructure") &&
		    !take_document(node, strict, &request->documents[request->documents_count++],
				   error))
			return false;
	return true;
}

/* `request`, then `documents`; in strict mode only in this order. */
static bool
take_structures(const struct sim_operation_form *form, bool strict, struct sim_request *request,
		struct problem *error)
{
	xmlNode *members = first_element(request->payload, SIM_NS_SERVICE, "request");
	xmlNode *documents = first_element(request->payload, SIM_NS_SERVICE, "documents");

	for (xmlNode *node = documents; strict && members != NULL && node != NULL;
	     node = node->next)
		if (node == members)
			members = NULL;
	if (members != NULL && !is_nil(members) &&
	    !take_members(members, SIM_NS_STRUCTURES, form->members, form->members_count, strict,
			  request->fields, error))
		return false;
	return !form->documents || documents == NULL || is_nil(documents) ||
	       take_documents(documents, strict, request, error);
}

static enum sim_parsed
take_operation(const char *action, bool strict, struct sim_request *request, struct problem *error)
{
	const struct sim_operation_form *form;
	bool ok;

	if (action != NULL)
		request->operation = sim_operation_of_action(action);
	else if (!strict && request->payload != NULL)
		request->operation = sim_operation_of_name((const char *)request->payload->name);
	if (request->operation == SIM_OPERATIONS) {
		(void)problem(error,
			      "The message with Action '%s' cannot be processed at the "
			      "receiver, due to a ContractFilter mismatch at the "
			      "EndpointDispatcher.",
			      action != NULL ? action : "");
		return SIM_UNKNOWN_ACTION;
	}
	form = &sim_operations[request->operation];
	if (request->payload == NULL || !is_element(request->payload, SIM_NS_SERVICE, form->name)) {
		(void)problem(error,
			      "OperationFormatter encountered an invalid Message body. "
			      "Expected to find node type 'Element' with name '%s' and "
			      "namespace '%s'.",
			      form->name, SIM_NS_SERVICE);
		return SIM_NOT_DESERIALISABLE;
	}
	if (form->in_request)
		ok = take_structures(form, strict, request, error);
	else
		ok = take_members(request->payload, SIM_NS_SERVICE, form->members,
				  form->members_count, strict, request->fields, error);
	return ok ? SIM_PARSED : SIM_NOT_DESERIALISABLE;
}

enum sim_parsed
sim_request_parse(struct bytes body, const char *action, bool strict, struct sim_request *request,
		  struct problem *error)
{
	xmlNode *root, *soap_body;

	*request = (struct sim_request){.operation = SIM_OPERATIONS};
	if (body.len > 0 && body.len <= INT_MAX)
		request->document = xmlReadMemory(
		    (const char *)body.data, (int)body.len, NULL, NULL,
		    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA);
	/* A document type is refused by the real platform, and entities with it. */
	if (request->document == NULL || request->document->intSubset != NULL) {
		(void)problem(error, "the body is not XML without a document type");
		return SIM_NOT_SOAP;
	}
	root = xmlDocGetRootElement(request->document);
	if (root == NULL || !is_element(root, SIM_NS_ENVELOPE, "Envelope") ||
	    (soap_body = first_element(root, SIM_NS_ENVELOPE, "Body")) == NULL) {
		(void)problem(error, "the body is not a SOAP 1.1 envelope");
		return SIM_NOT_SOAP;
	}
	request->payload = xmlFirstElementChild(soap_body);
	return take_operation(action, strict, request, error);
}

void
sim_request_free(struct sim_request *request)
{
	for (size_t i = 0; i < SIM_FIELDS; i++)
		value_free(&request->fields[i]);
	for (size_t i = 0; i < request->documents_count; i++) {
		value_free(&request->documents[i].hash);
		value_free(&request->documents[i].name);
		value_free(&request->documents[i].id);
	}
	OPENSSL_free(request->documents);
	xmlFreeDoc(request->document);
	*request = (struct sim_request){.operation = SIM_OPERATIONS};
}
