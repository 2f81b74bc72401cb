/*
 * vicard's log: one line a call, to standard error, with the journal's `<6>` priorities where
 * systemd says that standard error is the journal (JOURNAL_STREAM, systemd.exec(5)), to syslog once
 * standard error is /dev/null. Never given APDU bytes, PINs, codes or phone numbers.
 */
#ifndef VICAR_TOOLS_VICARD_LOG_H
#define VICAR_TOOLS_VICARD_LOG_H

__attribute__((format(printf, 1, 2))) void log_error(const char *format, ...);
__attribute__((format(printf, 1, 2))) void log_warning(const char *format, ...);
__attribute__((format(printf, 1, 2))) void log_info(const char *format, ...);
/* To journal and syslog with their lowest priority, elsewhere only when VICAR_DEBUG is set. */
__attribute__((format(printf, 1, 2))) void log_debug(const char *format, ...);

#endif
