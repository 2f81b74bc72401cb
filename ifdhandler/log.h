/*
 * What the reader says goes into pcscd's own log. In a process that has none (a test, another
 * middleware that loads the library) it goes nowhere: stdout, stderr and syslog are the host's.
 *
 * Never the bytes of an APDU: they carry PINs.
 */
#ifndef VICAR_IFDHANDLER_LOG_H
#define VICAR_IFDHANDLER_LOG_H

/* The numbers are pcscd's, debuglog.h. */
enum log_level { LOG_DEBUG = 0, LOG_INFO = 1, LOG_ERROR = 2 };

void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
