#include "tcpuser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINE_MAX_LEN = 512, END_SIZE = 64 };

#define MAPPED "0000000000000000FFFF0000"

/* As the kernel prints it: the address as a number of this machine's byte order, the port as one. */
static void
print_end(const struct sockaddr_in *end, const char *prefix, char text[END_SIZE])
{
	(void)snprintf(text, END_SIZE, "%s%08X:%04X", prefix, end->sin_addr.s_addr,
		       (unsigned)ntohs(end->sin_port));
}

static bool
is_end(const char *text, const struct sockaddr_in *end)
{
	char plain[END_SIZE], mapped[END_SIZE];

	print_end(end, "", plain);
	print_end(end, MAPPED, mapped);
	return strcmp(text, plain) == 0 || strcmp(text, mapped) == 0;
}

bool
tcpuser_find(const char *table, const struct sockaddr_in *from, const struct sockaddr_in *to,
	     uid_t *uid)
{
	FILE *stream = fopen(table, "re");
	char line[LINE_MAX_LEN], local[END_SIZE], remote[END_SIZE], user[END_SIZE];
	bool found = false;

	/* sl, local_address, rem_address, st, tx_queue:rx_queue, tr:tm->when, retrnsmt, uid */
	while (stream && !found && fgets(line, sizeof(line), stream))
		found = sscanf(line, " %*u: %63s %63s %*x %*x:%*x %*x:%*x %*x %63[0-9]", local,
			       remote, user) == 3 &&
			is_end(local, from) && is_end(remote, to);
	if (stream)
		fclose(stream);
	if (found)
		*uid = (uid_t)strtoul(user, NULL, 10);
	return found;
}

bool
tcpuser_is_us(int fd)
{
	static const char *const tables[] = {"/proc/net/tcp", "/proc/net/tcp6"};
	struct sockaddr_in from = {.sin_family = AF_UNSPEC}, to = from;
	socklen_t from_len = sizeof(from), to_len = sizeof(to);
	uid_t uid;

	if (getpeername(fd, (struct sockaddr *)&from, &from_len) != 0 ||
	    getsockname(fd, (struct sockaddr *)&to, &to_len) != 0 || from.sin_family != AF_INET ||
	    to.sin_family != AF_INET)
		return false;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (tcpuser_find(tables[i], &from, &to, &uid))
			return uid == geteuid();
	return false;
}
