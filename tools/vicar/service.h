/*
 * vicar service: the services of vicar.conf, and what one of them says.
 */
#ifndef VICAR_TOOLS_VICAR_SERVICE_H
#define VICAR_TOOLS_VICAR_SERVICE_H

#include "bridge_client.h"
#include "service_files.h"

#include <stdio.h>

/* What is known of a service; borrowed. */
struct service_state {
	const struct service_config *config;
	struct service_files files;
	const char *problem; /* with its files, or with the question; NULL: none */
	/* Of a question that was asked: */
	const struct bridge_result *result;
};

/* One line, and the heading above: its name, type, profile, and what there is to say. */
void service_show_heading(FILE *out);
void service_show_line(FILE *out, const struct service_state *state);
/* `key: value` lines. */
void service_show_check(FILE *out, const struct service_state *state);
void service_show_credentials(FILE *out, const struct service_state *state);

/* The same as JSON, on a line of its own: an object, but for credentials with the array `credentials`
 * in it. False: no memory, or it cannot be written. */
bool service_print_list(FILE *out, const struct service_state *states, size_t count) MUST_USE;
bool service_print_check(FILE *out, const struct service_state *state) MUST_USE;
bool service_print_credentials(FILE *out, const struct service_state *state) MUST_USE;

#endif
