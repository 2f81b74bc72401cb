#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool
sim_wire_open(struct sim_wire *wire, const struct sim_directory *directory, struct problem *error)
{
	wire->fd = sim_directory_append(directory, "requests", 0600, error);
	return wire->fd >= 0;
}

void
sim_wire_close(struct sim_wire *wire)
{
	if (wire->fd >= 0)
		(void)close(wire->fd);
	wire->fd = -1;
}

/* A record that is not whole is worth nothing, so the simulator ends with it. */
void
sim_wire_body(struct sim_wire *wire, struct bytes piece)
{
	while (wire->fd >= 0 && piece.len > 0) {
		const ssize_t n = write(wire->fd, piece.data, piece.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			perror("simulator: the file requests cannot be written");
			abort();
		}
		piece.data += n;
		piece.len -= (size_t)n;
	}
}

static void
put(struct sim_wire *wire, const char *text)
{
	sim_wire_body(wire, (struct bytes){(const uint8_t *)text, strlen(text)});
}

/* MHD_KeyValueIterator */
static enum MHD_Result
put_header(void *user, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	put(user, name);
	put(user, ": ");
	put(user, value != NULL ? value : "");
	put(user, "\r\n");
	return MHD_YES;
}

void
sim_wire_head(struct sim_wire *wire, struct MHD_Connection *connection, const char *method,
	      const char *uri)
{
	put(wire, "\r\n");
	put(wire, method);
	put(wire, " ");
	put(wire, uri != NULL ? uri : "");
	put(wire, "\r\n");
	(void)MHD_get_connection_values(connection, MHD_HEADER_KIND, put_header, wire);
	put(wire, "\r\n");
}
