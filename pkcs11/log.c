/*
 * The log of calls, pkcs11/log.h. Each line is one write() to a file opened for appending, so that
 * threads and processes may share it.
 */
#include "pkcs11/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_LEN = 512 };

#define NAME(rv)        \
	{               \
		rv, #rv \
	}
static const struct {
	CK_RV rv;
	const char *name;
} names[] = {
    NAME(CKR_OK),
    NAME(CKR_HOST_MEMORY),
    NAME(CKR_SLOT_ID_INVALID),
    NAME(CKR_GENERAL_ERROR),
    NAME(CKR_ARGUMENTS_BAD),
    NAME(CKR_NO_EVENT),
    NAME(CKR_CANT_LOCK),
    NAME(CKR_ATTRIBUTE_READ_ONLY),
    NAME(CKR_ATTRIBUTE_SENSITIVE),
    NAME(CKR_ATTRIBUTE_TYPE_INVALID),
    NAME(CKR_ATTRIBUTE_VALUE_INVALID),
    NAME(CKR_ACTION_PROHIBITED),
    NAME(CKR_DATA_INVALID),
    NAME(CKR_DATA_LEN_RANGE),
    NAME(CKR_DEVICE_ERROR),
    NAME(CKR_DEVICE_REMOVED),
    NAME(CKR_ENCRYPTED_DATA_INVALID),
    NAME(CKR_ENCRYPTED_DATA_LEN_RANGE),
    NAME(CKR_FUNCTION_CANCELED),
    NAME(CKR_FUNCTION_NOT_PARALLEL),
    NAME(CKR_FUNCTION_NOT_SUPPORTED),
    NAME(CKR_FUNCTION_REJECTED),
    NAME(CKR_KEY_HANDLE_INVALID),
    NAME(CKR_KEY_TYPE_INCONSISTENT),
    NAME(CKR_KEY_FUNCTION_NOT_PERMITTED),
    NAME(CKR_MECHANISM_INVALID),
    NAME(CKR_MECHANISM_PARAM_INVALID),
    NAME(CKR_OBJECT_HANDLE_INVALID),
    NAME(CKR_OPERATION_ACTIVE),
    NAME(CKR_OPERATION_NOT_INITIALIZED),
    NAME(CKR_PIN_INCORRECT),
    NAME(CKR_PIN_INVALID),
    NAME(CKR_PIN_LEN_RANGE),
    NAME(CKR_PIN_LOCKED),
    NAME(CKR_SESSION_COUNT),
    NAME(CKR_SESSION_EXISTS),
    NAME(CKR_SESSION_HANDLE_INVALID),
    NAME(CKR_SESSION_PARALLEL_NOT_SUPPORTED),
    NAME(CKR_SESSION_READ_ONLY),
    NAME(CKR_SESSION_READ_ONLY_EXISTS),
    NAME(CKR_SESSION_READ_WRITE_SO_EXISTS),
    NAME(CKR_SIGNATURE_INVALID),
    NAME(CKR_SIGNATURE_LEN_RANGE),
    NAME(CKR_TEMPLATE_INCOMPLETE),
    NAME(CKR_TEMPLATE_INCONSISTENT),
    NAME(CKR_TOKEN_NOT_PRESENT),
    NAME(CKR_TOKEN_NOT_RECOGNIZED),
    NAME(CKR_TOKEN_WRITE_PROTECTED),
    NAME(CKR_USER_ALREADY_LOGGED_IN),
    NAME(CKR_USER_ANOTHER_ALREADY_LOGGED_IN),
    NAME(CKR_USER_NOT_LOGGED_IN),
    NAME(CKR_USER_TYPE_INVALID),
    NAME(CKR_RANDOM_SEED_NOT_SUPPORTED),
    NAME(CKR_RANDOM_NO_RNG),
    NAME(CKR_BUFFER_TOO_SMALL),
    NAME(CKR_CRYPTOKI_NOT_INITIALIZED),
    NAME(CKR_CRYPTOKI_ALREADY_INITIALIZED),
};

const char *
log_rv_name(CK_RV rv)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].rv == rv)
			return names[i].name;
	}
	return NULL;
}

int
log_open(void)
{
	const char *path = secure_getenv("VICAR_PKCS11_LOG");

	if (path == NULL || path[0] == '\0')
		return -1;
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
}

void
log_close(int *log)
{
	if (*log >= 0)
		(void)close(*log);
	*log = -1;
}

static size_t
fit(int printed, size_t room)
{
	return printed < 0 ? 0 : (size_t)printed < room ? (size_t)printed : room - 1;
}

/* The line's head: when, who. */
static size_t
begin_line(char *line, size_t room)
{
	struct timespec now = {0, 0};
	struct tm parts = {0};
	size_t len;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)localtime_r(&now.tv_sec, &parts);
	len = strftime(line, room, "%Y-%m-%d %H:%M:%S", &parts);
	return len + fit(snprintf(line + len, room - len, ".%03ld %s[%ld/%ld] ",
				  now.tv_nsec / 1000000, program_invocation_short_name,
				  (long)getpid(), (long)syscall(SYS_gettid)),
			 room - len);
}

static void
end_line(int log, char *line, size_t len)
{
	ssize_t n = 1;

	/* A card's name does not begin a line. */
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7F)
			line[i] = '?';
	}
	line[len++] = '\n';
	for (size_t at = 0; at < len && n > 0; at += (size_t)n)
		n = TEMP_FAILURE_RETRY(write(log, line + at, len - at));
}

void
log_call(int log, const char *function, CK_RV rv, const char *format, ...)
{
	char line[LINE_MAX_LEN + 1];
	const char *name = log_rv_name(rv);
	int kept = errno;
	size_t len;
	va_list list;

	if (log < 0)
		return;
	len = begin_line(line, LINE_MAX_LEN);
	len += fit(snprintf(line + len, LINE_MAX_LEN - len, "%s(", function), LINE_MAX_LEN - len);
	va_start(list, format);
	len += fit(vsnprintf(line + len, LINE_MAX_LEN - len, format, list), LINE_MAX_LEN - len);
	va_end(list);
	len += fit(name != NULL
		       ? snprintf(line + len, LINE_MAX_LEN - len, ") = %s", name)
		       : snprintf(line + len, LINE_MAX_LEN - len, ") = 0x%lX", (unsigned long)rv),
		   LINE_MAX_LEN - len);
	end_line(log, line, len);
	errno = kept;
}

void
log_note(int log, const char *format, ...)
{
	char line[LINE_MAX_LEN + 1];
	int kept = errno;
	size_t len;
	va_list list;

	if (log < 0)
		return;
	len = begin_line(line, LINE_MAX_LEN);
	va_start(list, format);
	len += fit(vsnprintf(line + len, LINE_MAX_LEN - len, format, list), LINE_MAX_LEN - len);
	va_end(list);
	end_line(log, line, len);
	errno = kept;
}
