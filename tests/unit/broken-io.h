/*
 * A disk that breaks in the middle: read() and write() of the whole test program, in front of the C
 * library's. While `broken_io.on`, the first call is interrupted and the others move a byte each, until
 * `left` bytes were moved; from then on each fails with `error`, or is as if the file ended if that is 0.
 */
#ifndef VICAR_TESTS_UNIT_BROKEN_IO_H
#define VICAR_TESTS_UNIT_BROKEN_IO_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static struct {
	bool on;
	bool interrupted; /* the first call was */
	size_t left;
	int error;
} broken_io;

static inline void
break_io(size_t left, int error)
{
	broken_io.left = left;
	broken_io.error = error;
	broken_io.interrupted = false;
	broken_io.on = true;
}

static inline void
mend_io(void)
{
	broken_io.on = false;
}

static inline ssize_t
broken_call(long number, int fd, void *data, size_t len)
{
	if (!broken_io.on)
		return (ssize_t)syscall(number, fd, data, len);
	if (!broken_io.interrupted) {
		broken_io.interrupted = true;
		errno = EINTR;
		return -1;
	}
	if (broken_io.left == 0) {
		errno = broken_io.error;
		return broken_io.error == 0 ? 0 : -1;
	}
	broken_io.left--;
	return (ssize_t)syscall(number, fd, data, len > 0 ? 1 : len);
}

ssize_t
read(int fd, void *data, size_t len)
{
	return broken_call(SYS_read, fd, data, len);
}

ssize_t
write(int fd, const void *data, size_t len)
{
	return broken_call(SYS_write, fd, (void *)(uintptr_t)data, len);
}

/* What the compiler makes of read() into a buffer whose size it knows. */
ssize_t __read_chk(int fd, void *data, size_t len, size_t room);

ssize_t
__read_chk(int fd, void *data, size_t len, size_t room)
{
	return len <= room ? read(fd, data, len) : -1;
}

#endif
