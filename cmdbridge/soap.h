/*
 * SOAP 1.1 envelopes over libxml2: building a request, reading an answer. Document style, literal:
 * the single child of Body is the operation (WSDL of SCMDService).
 *
 * Answers are read by namespace, never by prefix. A document type declaration ends the reading: no
 * entities but the five of XML, nothing fetched.
 */
#ifndef VICAR_CMDBRIDGE_SOAP_H
#define VICAR_CMDBRIDGE_SOAP_H

#include "iso7816/bytes.h"

#include <libxml/tree.h>

#define SOAP_NS_ENVELOPE "http://schemas.xmlsoap.org/soap/envelope/"
#define SOAP_NS_INSTANCE "http://www.w3.org/2001/XMLSchema-instance"

enum { SOAP_FAULT_MAX = 256 };

/* A request under construction. After a failed allocation everything is a no-op and
 * soap_request_text() gives NULL. */
struct soap_request {
	xmlDoc *doc; /* owned */
	xmlNode *operation;
	bool failed;
};

/* An envelope whose Body holds `operation`, `ns` being its default namespace. */
struct soap_request soap_request_new(const char *operation, const char *ns);
/* A child of `parent` in the parent's namespace; of the operation when `parent` is NULL. NULL text:
 * no content. The text is escaped. */
xmlNode *soap_request_add(struct soap_request *request, xmlNode *parent, const char *name,
			  const char *text);
/* Declares `ns` on `parent` with this prefix; children added with soap_request_add_ns() use it. */
xmlNs *soap_request_declare(struct soap_request *request, xmlNode *parent, const char *prefix,
			    const char *ns);
xmlNode *soap_request_add_ns(struct soap_request *request, xmlNode *parent, xmlNs *ns,
			     const char *name, const char *text);
/* The document in UTF-8, without added blanks; the caller frees it with xmlFree(). The request is
 * gone after this. */
char *soap_request_text(struct soap_request *request, size_t *len) MUST_USE;

enum soap_result {
	SOAP_OK,      /* `result` is there */
	SOAP_NIL,     /* the result element is nil or absent */
	SOAP_FAULT,   /* `fault` is its faultstring */
	SOAP_GARBAGE, /* not XML, no envelope, another operation's answer, a DTD */
};

struct soap_answer {
	xmlDoc *doc; /* owned */
	const xmlNode *result;
	char fault[SOAP_FAULT_MAX * 4 + 1];
};

/* Reads OPERATIONResponse/OPERATIONResult. `answer` needs soap_answer_free() in any case. */
enum soap_result soap_answer_read(struct bytes body, const char *operation, const char *ns,
				  struct soap_answer *answer) MUST_USE;
void soap_answer_free(struct soap_answer *answer);

/* First child element of this name and namespace; NULL when absent or nil. */
const xmlNode *soap_child(const xmlNode *parent, const char *name, const char *ns);
/* The next sibling of this name and namespace; NULL when there is none. */
const xmlNode *soap_next(const xmlNode *element);
/* The element's text; to be freed with xmlFree(). NULL when it has child elements. */
char *soap_text(const xmlNode *element) MUST_USE;

#endif
