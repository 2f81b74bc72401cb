/*
 * Calls of libc that do more than return when they fail: what is closed is closed all the same, and of
 * what is read and written there may be less, or a signal comes first.
 */
#include "tests/faults/faults.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

void *fault_inner_malloc(size_t size);
int fault_close(int fd);
int fault_fclose(FILE *file);
int fault_connect(int fd, const struct sockaddr *address, socklen_t len);
int fault_poll(struct pollfd *fds, nfds_t count, int timeout);
int fault_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
pid_t fault_waitpid(pid_t pid, int *status, int options);
ssize_t fault_read(int fd, void *data, size_t len);
ssize_t fault_write(int fd, const void *data, size_t len);
ssize_t fault_recv(int fd, void *data, size_t len, int flags);
ssize_t fault_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t fault_send(int fd, const void *data, size_t len, int flags);
ssize_t fault_sendto(int fd, const void *data, size_t len, int flags, const struct sockaddr *to,
		     socklen_t to_len);
ssize_t fault_sendmsg(int fd, const struct msghdr *message, int flags);

#define CALLER __builtin_return_address(0)

/* It fails with `error_`, or is interrupted before anything has happened, which befalls only what may
 * wait. */
#define STRIKES(symbol, kind_, error_) \
	(fault_strikes(&(const struct fault_call){symbol, {-1, -1}, kind_, error_}, CALLER) != NULL)
#define FAILS(symbol, kind_, error_) (STRIKES(symbol, kind_, error_) || INTERRUPTED(symbol))
#define MESSAGE_FAILS(symbol, flags) \
	(STRIKES(symbol, FAULT_NET, ECONNRESET) || (!((flags)&MSG_DONTWAIT) && INTERRUPTED(symbol)))
#define INTERRUPTED(symbol) STRIKES(symbol " (EINTR)", FAULT_HARMLESS, EINTR)
#define SHORT(symbol, fd, len)                                                                \
	((len) > 1 && is_stream(fd) &&                                                        \
	 fault_strikes(&(const struct fault_call){symbol " (short)", {0}, FAULT_HARMLESS, 0}, \
		       CALLER) != NULL)

/* Only there a short count loses nothing. */
static bool
is_stream(int fd)
{
	const int error = errno;
	socklen_t len = sizeof(int);
	struct stat status;
	int type = 0;
	bool stream = false;

	if (fstat(fd, &status) == 0)
		stream =
		    S_ISREG(status.st_mode) || S_ISFIFO(status.st_mode) ||
		    (S_ISSOCK(status.st_mode) &&
		     getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM);
	errno = error;
	return stream;
}

/* malloc of cmdbridge/memory.c. */
void *
fault_inner_malloc(size_t size)
{
	return fault_strikes(&(const struct fault_call){"malloc", {0}, FAULT_INNER, ENOMEM}, CALLER)
		   ? NULL
		   : malloc(size);
}

int
fault_close(int fd)
{
	const int result = close(fd);

	return STRIKES("close", FAULT_IO, EIO) ? -1 : result;
}

int
fault_fclose(FILE *file)
{
	const int result = fclose(file);

	return STRIKES("fclose", FAULT_IO, ENOSPC) ? EOF : result;
}

int
fault_connect(int fd, const struct sockaddr *address, socklen_t len)
{
	return fault_strikes(
		   &(const struct fault_call){"connect", {-1, -1}, FAULT_NET, ECONNREFUSED}, CALLER)
		   ? -1
		   : connect(fd, address, len);
}

int
fault_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	return FAILS("poll", FAULT_NET, ENOMEM) ? -1 : poll(fds, count, timeout);
}

/* The leak finder attaches to the process, which one that cannot be dumped does not allow. */
int
fault_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	if (STRIKES("prctl", FAULT_PROCESS, EPERM))
		return -1;
	return option == PR_SET_DUMPABLE ? 0 : prctl(option, a, b, c, d);
}

pid_t
fault_waitpid(pid_t pid, int *status, int options)
{
	return INTERRUPTED("waitpid") ? -1 : waitpid(pid, status, options);
}

ssize_t
fault_read(int fd, void *data, size_t len)
{
	if (FAILS("read", FAULT_IO, EIO))
		return -1;
	return read(fd, data, SHORT("read", fd, len) ? len / 2 : len);
}

ssize_t
fault_write(int fd, const void *data, size_t len)
{
	if (FAILS("write", FAULT_IO, ENOSPC))
		return -1;
	return write(fd, data, SHORT("write", fd, len) ? len / 2 : len);
}

ssize_t
fault_recv(int fd, void *data, size_t len, int flags)
{
	if (MESSAGE_FAILS("recv", flags))
		return -1;
	return recv(fd, data, !(flags & MSG_PEEK) && SHORT("recv", fd, len) ? len / 2 : len, flags);
}

ssize_t
fault_recvmsg(int fd, struct msghdr *message, int flags)
{
	return MESSAGE_FAILS("recvmsg", flags) ? -1 : recvmsg(fd, message, flags);
}

ssize_t
fault_send(int fd, const void *data, size_t len, int flags)
{
	if (MESSAGE_FAILS("send", flags))
		return -1;
	return send(fd, data, SHORT("send", fd, len) ? len / 2 : len, flags);
}

ssize_t
fault_sendto(int fd, const void *data, size_t len, int flags, const struct sockaddr *to,
	     socklen_t to_len)
{
	if (MESSAGE_FAILS("sendto", flags))
		return -1;
	return sendto(fd, data, SHORT("sendto", fd, len) ? len / 2 : len, flags, to, to_len);
}

ssize_t
fault_sendmsg(int fd, const struct msghdr *message, int flags)
{
	return MESSAGE_FAILS("sendmsg", flags) ? -1 : sendmsg(fd, message, flags);
}
