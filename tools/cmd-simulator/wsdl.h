/*
 * The service's own description: SCMDService.wsdl as published, and the schemas in it.
 */
#ifndef VICAR_TOOLS_CMD_SIMULATOR_WSDL_H
#define VICAR_TOOLS_CMD_SIMULATOR_WSDL_H

#include "tools/simulator/directory.h"

#include <libxml/tree.h>
#include <libxml/xmlschemas.h>

/* The published bytes. */
struct bytes sim_wsdl_text(void);
/* The same with the address replaced; NULL on failure, else the caller's to xmlFree(). */
xmlChar *sim_wsdl_for(const char *endpoint, int *len) MUST_USE;

/* Writes each schema of the description to schemas/N.xsd, imports pointing at each other, and
 * compiles them. NULL on failure, else the caller's to xmlSchemaFree(). */
xmlSchema *sim_wsdl_schema(const struct sim_directory *directory, struct problem *error) MUST_USE;
/* Whether the child of Body is one that the schemas describe. */
bool sim_wsdl_valid(xmlSchema *schema, xmlNode *payload) MUST_USE;

#endif
