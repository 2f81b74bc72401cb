#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "ifdhandler/clock.h"
#include "ifdhandler/log.h"
#include "ifdhandler/watch.h"

static const uint32_t INTERESTING =
    IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
static const uint32_t DIRECTORY_GONE = IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT;

void
watch_init(struct watch *watch)
{
	watch->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	watch->descriptor = -1;
	watch->delay_ms = RETRY_FIRST_MS;
	watch->due = 0;
	if (watch->inotify < 0)
		log_line(LOG_ERROR,
			 "no inotify (%s): new cards are seen after up to a second; raise "
			 "fs.inotify.max_user_instances",
			 strerror(errno));
}

void
watch_done(struct watch *watch)
{
	if (watch->inotify >= 0)
		close(watch->inotify);
	watch->inotify = -1;
}

static void
forget(struct watch *watch, int64_t now)
{
	/* The descriptor of a renamed directory would go on telling what happens at its new place. */
	(void)inotify_rm_watch(watch->inotify, watch->descriptor);
	watch->descriptor = -1;
	watch->delay_ms = RETRY_FIRST_MS;
	watch->due = now;
}

/* Reads all that inotify has to say; true when there was something. */
static bool
drain(struct watch *watch, int64_t now)
{
	union {
		struct inotify_event event;
		char bytes[4096];
	} buffer;
	bool something = false;
	ssize_t got;

	while (watch->inotify >= 0 && (got = read(watch->inotify, &buffer, sizeof buffer)) > 0) {
		something = true;
		for (ssize_t at = 0; at + (ssize_t)sizeof(struct inotify_event) <= got;) {
			struct inotify_event event;

			memcpy(&event, buffer.bytes + at, sizeof event);
			if (event.wd == watch->descriptor && event.mask & DIRECTORY_GONE)
				forget(watch, now);
			at += (ssize_t)(sizeof event + event.len);
		}
	}
	return something;
}

bool
watch_look(struct watch *watch, const char *directory, int64_t now)
{
	bool changed = drain(watch, now);

	if (watch->descriptor >= 0 || now < watch->due)
		return changed;
	if (watch->inotify >= 0)
		watch->descriptor = inotify_add_watch(watch->inotify, directory, INTERESTING);
	if (watch->descriptor >= 0) {
		log_line(LOG_DEBUG, "watching %s", directory);
		watch->due = CLOCK_NEVER;
		return true;
	}
	if (watch->delay_ms == RETRY_FIRST_MS)
		log_line(LOG_INFO, "cannot watch %s (%s); tried again", directory, strerror(errno));
	watch->due = now + watch->delay_ms;
	watch->delay_ms *= 2;
	if (watch->delay_ms > RETRY_LONGEST_MS)
		watch->delay_ms = RETRY_LONGEST_MS;
	return true;
}
