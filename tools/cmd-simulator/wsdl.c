#include "wsdl.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include <libxml/parser.h>

#define NS_SCHEMA "http://www.w3.org/2001/XMLSchema"
#define NS_SOAP_BINDING "http://schemas.xmlsoap.org/wsdl/soap/"

enum { SCHEMAS_MAX = 8, PATH_LEN = 64 };

/* The file itself, from the root of the source tree, where the build runs. */
__asm__(".pushsection .rodata\n"
	".globl sim_wsdl_start, sim_wsdl_end\n"
	".hidden sim_wsdl_start, sim_wsdl_end\n"
	"sim_wsdl_start: .incbin \"tools/cmd-simulator/SCMDService.wsdl\"\n"
	"sim_wsdl_end:\n"
	".popsection\n");
extern const uint8_t sim_wsdl_start[], sim_wsdl_end[];

struct bytes
sim_wsdl_text(void)
{
	return (struct bytes){sim_wsdl_start,
			      (size_t)((uintptr_t)sim_wsdl_end - (uintptr_t)sim_wsdl_start)};
}

static xmlDoc *
parse(void)
{
	struct bytes text = sim_wsdl_text();

	return xmlReadMemory((const char *)text.data, (int)text.len, NULL, NULL, XML_PARSE_NONET);
}

static bool
is_element(const xmlNode *node, const char *namespace, const char *name)
{
	return node->type == XML_ELEMENT_NODE && node->ns != NULL &&
	       strcmp((const char *)node->ns->href, namespace) == 0 &&
	       strcmp((const char *)node->name, name) == 0;
}

/* The node after `node` in document order; NULL at the end of `root`. */
static xmlNode *
next_node(xmlNode *node, const xmlNode *root)
{
	if (node->children != NULL)
		return node->children;
	while (node != root && node->next == NULL)
		node = node->parent;
	return node == root ? NULL : node->next;
}

xmlChar *
sim_wsdl_for(const char *endpoint, int *len)
{
	xmlDoc *document = parse();
	xmlNode *root = document != NULL ? xmlDocGetRootElement(document) : NULL;
	xmlChar *text = NULL;

	for (xmlNode *node = root; node != NULL; node = next_node(node, root))
		if (is_element(node, NS_SOAP_BINDING, "address") &&
		    xmlSetProp(node, BAD_CAST "location", BAD_CAST endpoint) == NULL)
			goto out;
	if (root != NULL)
		xmlDocDumpMemoryEnc(document, &text, len, "utf-8");
out:
	xmlFreeDoc(document);
	return text;
}

static void
schema_path(size_t index, char path[PATH_LEN])
{
	(void)snprintf(path, PATH_LEN, "schemas/%zu.xsd", index);
}

/* Gives each import of `schema` the place of what it imports. */
static void
locate_imports(xmlNode *schema, xmlNode *const *schemas, size_t count)
{
	for (xmlNode *node = schema; node != NULL; node = next_node(node, schema)) {
		xmlChar *wanted;

		if (!is_element(node, NS_SCHEMA, "import"))
			continue;
		wanted = xmlGetProp(node, BAD_CAST "namespace");
		for (size_t i = 0; i < count; i++) {
			xmlChar *target = xmlGetProp(schemas[i], BAD_CAST "targetNamespace");
			char name[PATH_LEN];

			(void)snprintf(name, sizeof(name), "%zu.xsd", i);
			if (target != NULL && xmlStrEqual(wanted, target))
				(void)xmlSetProp(node, BAD_CAST "schemaLocation", BAD_CAST name);
			xmlFree(target);
		}
		xmlFree(wanted);
	}
}

static bool
write_schema(const struct sim_directory *directory, xmlNode *schema, size_t index,
	     struct problem *error)
{
	xmlDoc *document = xmlNewDoc(BAD_CAST "1.0");
	xmlNode *copy = document != NULL ? xmlDocCopyNode(schema, document, 1) : NULL;
	char path[PATH_LEN];
	xmlChar *text = NULL;
	int len = 0;
	bool ok;

	schema_path(index, path);
	if (copy != NULL) {
		(void)xmlDocSetRootElement(document, copy);
		xmlDocDumpMemoryEnc(document, &text, &len, "utf-8");
	}
	if (text == NULL)
		ok = problem(error, "out of memory for %s; free some", path);
	else
		ok = sim_directory_write(directory, path, 0644, (struct bytes){text, (size_t)len},
					 error);
	xmlFree(text);
	xmlFreeDoc(document);
	return ok;
}

static xmlSchema *
compile(const struct sim_directory *directory, struct problem *error)
{
	char path[PATH_MAX];
	xmlSchemaParserCtxt *context;
	xmlSchema *schema = NULL;

	(void)snprintf(path, sizeof(path), "%s/schemas/0.xsd", directory->path);
	context = xmlSchemaNewParserCtxt(path);
	if (context != NULL)
		schema = xmlSchemaParse(context);
	xmlSchemaFreeParserCtxt(context);
	if (schema == NULL)
		(void)problem(error, "libxml2 cannot compile %s; remove %s/schemas", path,
			      directory->path);
	return schema;
}

xmlSchema *
sim_wsdl_schema(const struct sim_directory *directory, struct problem *error)
{
	xmlDoc *document = parse();
	xmlNode *root = document != NULL ? xmlDocGetRootElement(document) : NULL;
	xmlNode *schemas[SCHEMAS_MAX];
	xmlSchema *schema = NULL;
	size_t count = 0;

	for (xmlNode *node = root; node != NULL; node = next_node(node, root))
		if (is_element(node, NS_SCHEMA, "schema") && count < SCHEMAS_MAX)
			schemas[count++] = node;
	if (mkdirat(directory->fd, "schemas", 0755) == -1 && errno != EEXIST) {
		(void)problem(error, "cannot make %s/schemas: %s; check who owns it",
			      directory->path, strerror(errno));
		goto out;
	}
	for (size_t i = 0; i < count; i++) {
		locate_imports(schemas[i], schemas, count);
		if (!write_schema(directory, schemas[i], i, error))
			goto out;
	}
	schema = compile(directory, error);
out:
	xmlFreeDoc(document);
	return schema;
}

static void
be_silent(void *user, const char *format, ...)
{
	(void)user;
	(void)format;
}

bool
sim_wsdl_valid(xmlSchema *schema, xmlNode *payload)
{
	xmlSchemaValidCtxt *context = xmlSchemaNewValidCtxt(schema);
	bool valid = false;

	if (context == NULL)
		return false;
	xmlSchemaSetValidErrors(context, be_silent, be_silent, NULL);
	valid = xmlSchemaValidateOneElement(context, payload) == 0;
	xmlSchemaFreeValidCtxt(context);
	return valid;
}
