/*
 * Plays pcscd for one slot: a thread that asks for presence under the slot's mutex and then waits
 * in the polling function, powers a card up when it comes, and counts what it saw. The order of
 * calls is pcscd 1.9.9's.
 */
#ifndef VICAR_TESTS_IFD_HOST_H
#define VICAR_TESTS_IFD_HOST_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ifdhandler.h>

struct host {
	DWORD lun;
	pthread_t thread;
	bool runs;            /* the thread does */
	pthread_mutex_t slot; /* what pcscd holds around every call but the poll and the stop */
	RESPONSECODE (*poll)(DWORD, int);
	RESPONSECODE (*stop)(DWORD);

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t changed;
	bool ending, present;
	unsigned insertions, removals;
	UCHAR atr[MAX_ATR_SIZE];
	DWORD atr_len;
	RESPONSECODE power; /* what the last power-up returned */
};

/* Creates the channel; false when the driver refuses. */
bool host_open(struct host *host, DWORD lun, const char *device);
/* Begins to poll. */
void host_run(struct host *host);
/* Stops the poller and closes the channel. */
void host_close(struct host *host);

/* True when so many were seen before the time is over. */
bool host_saw(struct host *host, unsigned insertions, unsigned removals, int ms);
bool host_is_present(struct host *host);

/* SCardTransmit: T=1 and pcscd's own buffer. */
RESPONSECODE host_transmit(struct host *host, const void *capdu, size_t length, UCHAR *rapdu,
			   DWORD *rapdu_len);
/* A command and its answer in hex, "612" and the like for an error. `text` has 64 bytes of room; of a
 * long answer the end is shown. */
const char *host_exchange(struct host *host, const char *capdu, char *text);
RESPONSECODE host_power(struct host *host, DWORD action, UCHAR *atr, DWORD *atr_len);

/* The last error the driver put into pcscd's log; empty when there was none. */
void host_last_error(char text[512]);

int64_t host_clock_ms(void);

#endif
