/*
 * Linked into every program of the coverage build: a process that ends by _exit(), as the child of a
 * fork that could not start a program does, writes its counters as others do. That of a vfork() ends in its
 * parent's memory, whose counters go on after that: from zero, since what was dumped is written once.
 */

#include <sys/syscall.h>

#include <unistd.h>

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): gcc's own names */
void __gcov_dump(void);
void __gcov_reset(void);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* In front of the C library's. */
void
_exit(int status)
{
	__gcov_dump();
	__gcov_reset();
	for (;;)
		syscall(SYS_exit_group, status);
}
