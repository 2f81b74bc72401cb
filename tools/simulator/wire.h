/*
 * DIR/requests: every request as it came out of TLS, to see what leaves a client.
 */
#ifndef VICAR_TOOLS_SIMULATOR_WIRE_H
#define VICAR_TOOLS_SIMULATOR_WIRE_H

#include "directory.h"

#include <microhttpd.h>

struct sim_wire {
	int fd; /* -1: nothing is recorded */
};

bool sim_wire_open(struct sim_wire *wire, const struct sim_directory *directory,
		   struct problem *error) MUST_USE;
void sim_wire_close(struct sim_wire *wire);
/* An empty line, the request's first line and its headers. */
void sim_wire_head(struct sim_wire *wire, struct MHD_Connection *connection, const char *method,
		   const char *uri);
void sim_wire_body(struct sim_wire *wire, struct bytes piece);

#endif
