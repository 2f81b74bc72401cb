#include "memory.h"

#include "locked.h"

#include <assuan.h>
#include <curl/curl.h>
#include <jansson.h>
#include <libxml/parser.h>
#include <libxml/xmlmemory.h>
#include <openssl/crypto.h>

#include <errno.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

enum { HEAP = 4 * 1024 * 1024 };

/* Stands before each block, so that its size is known when it is wiped. */
struct header {
	alignas(max_align_t) size_t size;
};

/* Each of them makes a library write keys or messages somewhere. */
static const char *const tell_tales[] = {"SSLKEYLOGFILE", "ASSUAN_DEBUG", "XML_DEBUG_CATALOG"};

void *
memory_alloc(size_t size)
{
	struct header *header;

	if (size > SIZE_MAX - sizeof(*header) || !(header = malloc(sizeof(*header) + size)))
		return NULL;
	header->size = size;
	return header + 1;
}

void
memory_free(void *block)
{
	struct header *header;

	if (!block)
		return;
	header = (struct header *)block - 1;
	OPENSSL_cleanse(block, header->size);
	free(header);
}

void *
memory_realloc(void *block, size_t size)
{
	size_t old = block ? ((struct header *)block - 1)->size : 0;
	void *fresh = memory_alloc(size);

	if (!fresh)
		return NULL;
	if (block)
		memcpy(fresh, block, old < size ? old : size);
	memory_free(block);
	return fresh;
}

char *
memory_strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = memory_alloc(size);

	return copy ? memcpy(copy, text, size) : NULL;
}

static void *
memory_calloc(size_t count, size_t size)
{
	size_t total;
	void *block;

	if (__builtin_mul_overflow(count, size, &total) || !(block = memory_alloc(total)))
		return NULL;
	return memset(block, 0, total);
}

static void *
openssl_alloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return size ? memory_alloc(size) : NULL;
}

static void *
openssl_realloc(void *block, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return memory_realloc(block, size);
}

static void
openssl_free(void *block, const char *file, int line)
{
	(void)file;
	(void)line;
	memory_free(block);
}

void
memory_lock(void *data, size_t size)
{
	(void)mlock(data, size);
}

bool
memory_protect(char error[MEMORY_ERROR_MAX])
{
	struct assuan_malloc_hooks hooks = {memory_alloc, memory_realloc, memory_free};
	struct rlimit no_core = {0, 0};
	struct rlimit locked;

	for (size_t i = 0; i < sizeof(tell_tales) / sizeof(tell_tales[0]); i++)
		unsetenv(tell_tales[i]);
	if (CRYPTO_set_mem_functions(openssl_alloc, openssl_realloc, openssl_free) != 1 ||
	    xmlMemSetup(memory_free, memory_alloc, memory_realloc, memory_strdup) != 0) {
		snprintf(error, MEMORY_ERROR_MAX,
			 "memory was in use before it could be protected; report this bug");
		return false;
	}
	if (CRYPTO_secure_malloc_init(MEMORY_SECURE_HEAP, 16) != 1) {
		snprintf(error, MEMORY_ERROR_MAX,
			 "%d KiB of memory for secrets cannot be locked; raise the limit"
			 " (ulimit -l, LimitMEMLOCK=) and try again",
			 MEMORY_SECURE_HEAP / 1024);
		return false;
	}
	/* What is left of the limit. */
	locked_process(HEAP);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &no_core) != 0) {
		snprintf(error, MEMORY_ERROR_MAX,
			 "this process cannot be kept from dumping core: %s; see its limits and "
			 "its confinement",
			 strerror(errno));
		return false;
	}
	/* Only where there is no limit: beyond one, every later allocation would fail. */
	if (getrlimit(RLIMIT_MEMLOCK, &locked) == 0 && locked.rlim_cur == RLIM_INFINITY)
		(void)mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
	assuan_set_malloc_hooks(&hooks);
	json_set_alloc_funcs(memory_alloc, memory_free);
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, memory_alloc, memory_free, memory_realloc,
				 memory_strdup, memory_calloc) != CURLE_OK) {
		snprintf(error, MEMORY_ERROR_MAX,
			 "libcurl does not start; close other programs, or install it anew");
		return false;
	}
	xmlInitParser();
	return true;
}
