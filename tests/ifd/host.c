#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <debuglog.h>

#include "host.h"

enum { BUFFER = 65548, GRACE_MS = 5000 };

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static char last_error[512];

/* pcscd's own, debuglog.h: the driver finds it by name. */
void log_msg(const int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));
void
log_msg(const int priority, const char *format, ...)
{
	char text[sizeof last_error];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (strchr(text, '\n') != NULL)
		abort();
	pthread_mutex_lock(&log_lock);
	if (priority >= PCSC_LOG_ERROR)
		memcpy(last_error, text, sizeof text);
	pthread_mutex_unlock(&log_lock);
}

void
host_last_error(char text[512])
{
	pthread_mutex_lock(&log_lock);
	memcpy(text, last_error, sizeof last_error);
	pthread_mutex_unlock(&log_lock);
}

int64_t
host_clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

RESPONSECODE
host_power(struct host *host, DWORD action, UCHAR *atr, DWORD *atr_len)
{
	RESPONSECODE r = IFD_ICC_NOT_PRESENT;

	*atr_len = 0;
	pthread_mutex_lock(&host->slot);
	if (IFDHICCPresence(host->lun) == IFD_ICC_PRESENT)
		r = IFDHPowerICC(host->lun, action, atr, atr_len);
	pthread_mutex_unlock(&host->slot);
	return r;
}

static void
see(struct host *host, bool present)
{
	UCHAR atr[MAX_ATR_SIZE];
	DWORD atr_len = 0;
	RESPONSECODE r = IFD_SUCCESS;
	bool before;

	pthread_mutex_lock(&host->lock);
	before = host->present;
	pthread_mutex_unlock(&host->lock);
	if (before == present)
		return;
	if (present)
		r = host_power(host, IFD_POWER_UP, atr, &atr_len);
	pthread_mutex_lock(&host->lock);
	host->present = present;
	if (present) {
		host->insertions++;
		host->power = r;
		host->atr_len = atr_len;
		memcpy(host->atr, atr, atr_len);
	} else {
		host->removals++;
	}
	pthread_cond_broadcast(&host->changed);
	pthread_mutex_unlock(&host->lock);
}

static bool
is_ending(struct host *host)
{
	bool ending;

	pthread_mutex_lock(&host->lock);
	ending = host->ending;
	pthread_mutex_unlock(&host->lock);
	return ending;
}

static void *
watch_slot(void *argument)
{
	struct host *host = argument;

	while (!is_ending(host)) {
		RESPONSECODE presence;

		pthread_mutex_lock(&host->slot);
		presence = IFDHICCPresence(host->lun);
		pthread_mutex_unlock(&host->slot);
		see(host, presence == IFD_ICC_PRESENT);
		if (host->poll(host->lun, GRACE_MS) != IFD_SUCCESS)
			abort();
	}
	return NULL;
}

bool
host_open(struct host *host, DWORD lun, const char *device)
{
	char text[256];
	DWORD length = sizeof host->poll;
	pthread_condattr_t monotonic;

	memset(host, 0, sizeof *host);
	host->lun = lun;
	snprintf(text, sizeof text, "%s", device);
	if (IFDHCreateChannelByName(lun, text) != IFD_SUCCESS)
		return false;
	if (IFDHGetCapabilities(lun, TAG_IFD_POLLING_THREAD_WITH_TIMEOUT, &length,
				(PUCHAR)&host->poll) != IFD_SUCCESS ||
	    IFDHGetCapabilities(lun, TAG_IFD_STOP_POLLING_THREAD, &length, (PUCHAR)&host->stop) !=
		IFD_SUCCESS)
		abort();
	pthread_mutex_init(&host->slot, NULL);
	pthread_mutex_init(&host->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&host->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return true;
}

void
host_run(struct host *host)
{
	if (pthread_create(&host->thread, NULL, watch_slot, host) != 0)
		abort();
	host->runs = true;
}

void
host_close(struct host *host)
{
	pthread_mutex_lock(&host->lock);
	host->ending = true;
	pthread_mutex_unlock(&host->lock);
	host->stop(host->lun);
	pthread_join(host->thread, NULL);
	host->runs = false;
	IFDHCloseChannel(host->lun);
	pthread_cond_destroy(&host->changed);
	pthread_mutex_destroy(&host->lock);
	pthread_mutex_destroy(&host->slot);
}

bool
host_saw(struct host *host, unsigned insertions, unsigned removals, int ms)
{
	int64_t end = host_clock_ms() + ms;
	const struct timespec until = {end / 1000, end % 1000 * 1000000};
	int late = 0;
	bool saw;

	pthread_mutex_lock(&host->lock);
	while (late == 0 && (host->insertions < insertions || host->removals < removals))
		late = pthread_cond_timedwait(&host->changed, &host->lock, &until);
	saw = host->insertions == insertions && host->removals == removals;
	pthread_mutex_unlock(&host->lock);
	return saw;
}

bool
host_is_present(struct host *host)
{
	bool present;

	pthread_mutex_lock(&host->lock);
	present = host->present;
	pthread_mutex_unlock(&host->lock);
	return present;
}

RESPONSECODE
host_transmit(struct host *host, const void *capdu, size_t length, UCHAR *rapdu, DWORD *rapdu_len)
{
	const SCARD_IO_HEADER t1 = {.Protocol = 1, .Length = sizeof(SCARD_IO_HEADER)};
	SCARD_IO_HEADER answered = {0};
	RESPONSECODE r;

	pthread_mutex_lock(&host->slot);
	r = IFDHTransmitToICC(host->lun, t1, (PUCHAR)(uintptr_t)capdu, length, rapdu, rapdu_len,
			      &answered);
	pthread_mutex_unlock(&host->slot);
	return answered.Protocol == 1 ? r : IFD_PROTOCOL_NOT_SUPPORTED;
}

const char *
host_exchange(struct host *host, const char *capdu, char *text)
{
	enum { SHOWN = 16 };
	UCHAR command[64], *rapdu = malloc(BUFFER);
	DWORD length = BUFFER;
	size_t n = 0;
	RESPONSECODE r;

	for (; n < sizeof command && capdu[2 * n] != '\0'; n++) {
		const char digits[] = {capdu[2 * n], capdu[2 * n + 1], '\0'};

		command[n] = (UCHAR)strtoul(digits, NULL, 16);
	}
	r = host_transmit(host, command, n, rapdu, &length);
	text[0] = '\0';
	if (r != IFD_SUCCESS)
		snprintf(text, 64, "%ld%s", r, length == 0 ? "" : " but not empty");
	else
		for (size_t i = length > SHOWN ? length - SHOWN : 0; i < length; i++)
			snprintf(text + strlen(text), 3, "%02X", rapdu[i]);
	free(rapdu);
	return text;
}
