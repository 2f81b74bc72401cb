/*
 * The process before its first secret, tools/vicard/hardening.h.
 */
#include "hardening.h"

#include "cmdbridge/locked.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECURE_HEAP = 64 * 1024, SECURE_HEAP_LEAST = 32, HEAP = 1024 * 1024 };

bool
hardening_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return false;
	(void)close(fd);
	return true;
}

bool
hardening_apply(void)
{
	const struct rlimit none = {0, 0};

	(void)umask(S_IRWXG | S_IRWXO);
	/* 2 would mean: there, but not locked into memory. */
	if (CRYPTO_secure_malloc_init(SECURE_HEAP, SECURE_HEAP_LEAST) != 1) {
		log_error("%d KiB of memory cannot be locked for PINs and keys; raise the limit "
			  "with `ulimit -l`, or LimitMEMLOCK= in the unit",
			  SECURE_HEAP / 1024);
		return false;
	}
	/* What is left of the limit. */
	locked_process(HEAP);
	if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
		log_error("core files cannot be switched off: %s; vicard does not start so",
			  strerror(errno));
		return false;
	}
	return true;
}
