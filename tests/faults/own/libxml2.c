/*
 * libxml2 says by an empty text that it has failed.
 */
#include "tests/faults/faults.h"

#include <libxml/tree.h>

void fault_xmlDocDumpMemoryEnc(xmlDocPtr doc, xmlChar **text, int *size, const char *encoding);

static const struct fault_call dumping = {"xmlDocDumpMemoryEnc", {0, 0}, FAULT_LIBRARY, 0};

void
fault_xmlDocDumpMemoryEnc(xmlDocPtr doc, xmlChar **text, int *size, const char *encoding)
{
	if (fault_strikes(&dumping, __builtin_return_address(0))) {
		*text = NULL;
		*size = 0;
	} else
		xmlDocDumpMemoryEnc(doc, text, size, encoding);
}
