/*
 * The simulated service behind HTTPS: its path, its page, and what a request must be to get as far
 * as an operation (cmd.md 2, 13 and 17).
 */
#ifndef VICAR_TOOLS_CMD_SIMULATOR_SERVICE_H
#define VICAR_TOOLS_CMD_SIMULATOR_SERVICE_H

#include "simulator.h"
#include "tools/simulator/server.h"

/* See sim_server_start(); the simulator outlives the server. The endpoint is
 * https://127.0.0.1:PORT/Ama.Authentication.Frontend/SCMDService.svc */
struct sim_server *sim_service_start(struct simulator *simulator, uint16_t port,
				     struct problem *error) MUST_USE;

#endif
