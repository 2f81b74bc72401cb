#include "soap.h"
#include "text.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include <limits.h>
#include <string.h>

static const xmlChar *
xml(const char *text)
{
	return (const xmlChar *)text;
}

struct soap_request
soap_request_new(const char *operation, const char *ns)
{
	struct soap_request request = {xmlNewDoc(xml("1.0")), NULL, true};
	xmlNode *envelope, *body;
	xmlNs *soap;

	if (!request.doc || !(envelope = xmlNewDocNode(request.doc, NULL, xml("Envelope"), NULL)))
		return request;
	xmlDocSetRootElement(request.doc, envelope);
	if (!(soap = xmlNewNs(envelope, xml(SOAP_NS_ENVELOPE), xml("s"))))
		return request;
	xmlSetNs(envelope, soap);
	if (!(body = xmlNewChild(envelope, soap, xml("Body"), NULL)) ||
	    !(request.operation = xmlNewChild(body, NULL, xml(operation), NULL)))
		return request;
	xmlSetNs(request.operation, xmlNewNs(request.operation, xml(ns), NULL));
	request.failed = !request.operation->ns;
	return request;
}

xmlNode *
soap_request_add_ns(struct soap_request *request, xmlNode *parent, xmlNs *ns, const char *name,
		    const char *text)
{
	xmlNode *child = NULL;

	if (!request->failed && parent)
		child = xmlNewTextChild(parent, ns, xml(name), text ? xml(text) : NULL);
	if (!child)
		request->failed = true;
	return child;
}

xmlNode *
soap_request_add(struct soap_request *request, xmlNode *parent, const char *name, const char *text)
{
	xmlNode *under = parent ? parent : request->operation;
	xmlNode *child = NULL;

	if (!request->failed)
		child = xmlNewTextChild(under, under->ns, xml(name), text ? xml(text) : NULL);
	if (!child)
		request->failed = true;
	return child;
}

xmlNs *
soap_request_declare(struct soap_request *request, xmlNode *parent, const char *prefix,
		     const char *ns)
{
	xmlNs *declared =
	    request->failed || !parent ? NULL : xmlNewNs(parent, xml(ns), xml(prefix));

	if (!declared)
		request->failed = true;
	return declared;
}

char *
soap_request_text(struct soap_request *request, size_t *len)
{
	xmlChar *text = NULL;
	int size = 0;

	if (!request->failed)
		xmlDocDumpMemoryEnc(request->doc, &text, &size, "utf-8");
	xmlFreeDoc(request->doc);
	*request = (struct soap_request){NULL, NULL, true};
	*len = text && size > 0 ? (size_t)size : 0;
	return (char *)text;
}

static void
refuse_dtd(void *context, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
	xmlParserCtxt *parser = context;

	(void)name;
	(void)external;
	(void)system;
	parser->wellFormed = 0;
	xmlStopParser(parser);
}

static xmlDoc *
parse(struct bytes body)
{
	xmlParserCtxt *parser = xmlNewParserCtxt();
	xmlDoc *doc = NULL;

	if (!parser || body.len == 0 || body.len > INT_MAX)
		goto out;
	parser->sax->internalSubset = refuse_dtd;
	doc = xmlCtxtReadMemory(parser, (const char *)body.data, (int)body.len, NULL, NULL,
				XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
				    XML_PARSE_NOCDATA);
out:
	xmlFreeParserCtxt(parser);
	return doc;
}

static bool
is_element(const xmlNode *node, const char *name, const char *ns)
{
	return node->type == XML_ELEMENT_NODE && xmlStrEqual(node->name, xml(name)) && node->ns &&
	       xmlStrEqual(node->ns->href, xml(ns));
}

static const xmlNode *
first_child(const xmlNode *parent, const char *name, const char *ns)
{
	for (const xmlNode *node = parent ? parent->children : NULL; node; node = node->next)
		if (is_element(node, name, ns))
			return node;
	return NULL;
}

const xmlNode *
soap_child(const xmlNode *parent, const char *name, const char *ns)
{
	const xmlNode *node = first_child(parent, name, ns);
	xmlChar *nil;
	bool is_nil;

	if (!node)
		return NULL;
	nil = xmlGetNsProp(node, xml("nil"), xml(SOAP_NS_INSTANCE));
	is_nil = nil && (xmlStrEqual(nil, xml("true")) || xmlStrEqual(nil, xml("1")));
	xmlFree(nil);
	return is_nil ? NULL : node;
}

const xmlNode *
soap_next(const xmlNode *element)
{
	for (const xmlNode *node = element->next; node; node = node->next)
		if (is_element(node, (const char *)element->name, (const char *)element->ns->href))
			return node;
	return NULL;
}

char *
soap_text(const xmlNode *element)
{
	for (const xmlNode *node = element->children; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE || node->type == XML_ENTITY_REF_NODE)
			return NULL;
	return (char *)xmlNodeGetContent(element);
}

/* SOAP 1.1 section 4.4: the members of Fault are in no namespace. */
static void
read_fault(const xmlNode *fault, char text[SOAP_FAULT_MAX * 4 + 1])
{
	char *content = NULL;

	for (const xmlNode *node = fault->children; node && !content; node = node->next)
		if (node->type == XML_ELEMENT_NODE && !node->ns &&
		    xmlStrEqual(node->name, xml("faultstring")))
			content = soap_text(node);
	if (content)
		(void)text_printable((struct bytes){(uint8_t *)content, strlen(content)},
				     SOAP_FAULT_MAX, text);
	xmlFree(content);
}

enum soap_result
soap_answer_read(struct bytes body, const char *operation, const char *ns,
		 struct soap_answer *answer)
{
	char name[64];
	const xmlNode *root, *content, *fault, *response;

	*answer = (struct soap_answer){.doc = parse(body)};
	root = answer->doc ? xmlDocGetRootElement(answer->doc) : NULL;
	if (!root || !is_element(root, "Envelope", SOAP_NS_ENVELOPE) ||
	    !(content = first_child(root, "Body", SOAP_NS_ENVELOPE)))
		return SOAP_GARBAGE;
	if ((fault = first_child(content, "Fault", SOAP_NS_ENVELOPE))) {
		read_fault(fault, answer->fault);
		return SOAP_FAULT;
	}
	xmlStrPrintf((xmlChar *)name, sizeof(name), "%sResponse", operation);
	if (!(response = first_child(content, name, ns)))
		return SOAP_GARBAGE;
	xmlStrPrintf((xmlChar *)name, sizeof(name), "%sResult", operation);
	answer->result = soap_child(response, name, ns);
	return answer->result ? SOAP_OK : SOAP_NIL;
}

void
soap_answer_free(struct soap_answer *answer)
{
	xmlFreeDoc(answer->doc);
	answer->doc = NULL;
	answer->result = NULL;
}
