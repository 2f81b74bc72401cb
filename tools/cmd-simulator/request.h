/*
 * A request as the service's deserialiser sees it (SOAP 1.1, cmd.md 3, 7 and 13).
 *
 * Strict: members count only in the order of the schema; one that comes too early or too late is
 * skipped without a word, as the real platform does. Lenient: any order.
 */
#ifndef VICAR_TOOLS_CMD_SIMULATOR_REQUEST_H
#define VICAR_TOOLS_CMD_SIMULATOR_REQUEST_H

#include "tools/simulator/directory.h"
#include "operation.h"

#include <stdint.h>

#include <libxml/tree.h>

/* Absent and nil are the same: data NULL. `data` is NUL-terminated beyond `len`. */
struct sim_value {
	char *data;
	size_t len;
};

struct sim_document {
	struct sim_value hash, name, id;
};

struct sim_request {
	enum sim_operation operation;
	struct sim_value fields[SIM_FIELDS];
	struct sim_document *documents;
	size_t documents_count;
	xmlDoc *document; /* the whole envelope */
	xmlNode *payload; /* the child of Body, in `document`; NULL when there is none */
};

enum sim_parsed {
	SIM_PARSED,
	SIM_NOT_SOAP,           /* not XML, or not an envelope: HTTP 400 */
	SIM_UNKNOWN_ACTION,     /* fault ActionNotSupported */
	SIM_NOT_DESERIALISABLE, /* fault DeserializationFailed */
};

/* `action` is the SOAPAction header, NULL when there was none (lenient mode then goes by the
 * payload's name). Whatever comes of it, the caller frees `request`; `error` says what is wrong
 * with it in words that a faultstring may carry. */
enum sim_parsed sim_request_parse(struct bytes body, const char *action, bool strict,
				  struct sim_request *request, struct problem *error) MUST_USE;
void sim_request_free(struct sim_request *request);

#endif
