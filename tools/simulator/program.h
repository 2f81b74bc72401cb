/*
 * What the main programs of simulators have in common: a port, signals, the loop.
 */
#ifndef VICAR_TOOLS_SIMULATOR_PROGRAM_H
#define VICAR_TOOLS_SIMULATOR_PROGRAM_H

#include "server.h"

/* A number from 0 to 65535. */
bool sim_program_port(const char *text, uint16_t *port) MUST_USE;
/* SIGTERM, SIGINT and SIGHUP become readable, SIGPIPE is ignored; -1 on failure, with errno. */
int sim_program_watch_signals(void) MUST_USE;
/* Prints the endpoint and serves until a signal comes; false, with errno, when waiting fails. */
bool sim_program_serve(struct sim_server *server, int signals) MUST_USE;

#endif
