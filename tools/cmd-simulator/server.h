/*
 * HTTPS on the loopback interface in front of a simulator (cmd.md 2, 13 and 17).
 *
 * One thread: the caller's loop waits and calls sim_server_step(). Answers that are late or never
 * come are suspended connections, so they hold up nobody else.
 */
#ifndef VICAR_TOOLS_CMD_SIMULATOR_SERVER_H
#define VICAR_TOOLS_CMD_SIMULATOR_SERVER_H

#include "simulator.h"

enum { SIM_BODY_MAX = 65536 /* the platform's own limit for a message */ };

struct sim_server;

/* Listens on 127.0.0.1, port 0: a free one, and writes the address to the file `endpoint` of the
 * simulator's directory. NULL on failure. The simulator outlives the server. */
struct sim_server *sim_server_start(struct simulator *simulator, uint16_t port,
				    struct problem *error) MUST_USE;
/* https://127.0.0.1:PORT/Ama.Authentication.Frontend/SCMDService.svc */
const char *sim_server_endpoint(const struct sim_server *server);
/* Readable when there is something to do. */
int sim_server_fd(const struct sim_server *server);
/* Milliseconds until sim_server_step() must be called at the latest; -1: only when readable. */
int sim_server_wait_ms(const struct sim_server *server);
void sim_server_step(struct sim_server *server);
/* Removes the file `endpoint`. */
void sim_server_stop(struct sim_server *server);

#endif
