#include "program.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>

enum { PORT_MAX = 65535 };

bool
sim_program_port(const char *text, uint16_t *port)
{
	char *end = NULL;
	unsigned long number;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (errno != 0 || *text < '0' || *text > '9' || *end != '\0' || number > PORT_MAX)
		return false;
	*port = (uint16_t)number;
	return true;
}

int
sim_program_watch_signals(void)
{
	sigset_t set;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC);
}

bool
sim_program_serve(struct sim_server *server, int signals)
{
	struct pollfd fds[] = {{.fd = sim_server_fd(server), .events = POLLIN},
			       {.fd = signals, .events = POLLIN}};

	puts(sim_server_endpoint(server));
	(void)fflush(stdout);
	while (poll(fds, 2, sim_server_wait_ms(server)) != -1 || errno == EINTR) {
		if ((fds[1].revents & POLLIN) != 0)
			return true;
		sim_server_step(server);
	}
	return false;
}
