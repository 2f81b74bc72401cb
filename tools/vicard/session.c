/*
 * The user's sessions, tools/vicard/session.h.
 */
#include "session.h"

#include "log.h"
#include "tools/config.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOGIND "org.freedesktop.login1"
#define LOGIND_PATH "/org/freedesktop/login1"
#define MANAGER LOGIND ".Manager"
#define SESSION LOGIND ".Session"
#define PROPERTIES "org.freedesktop.DBus.Properties"

#define LOCKED "the screen was locked"
#define INACTIVE "another session is in front"
#define SLEEPS "the machine goes to sleep"

#define BUS "org.freedesktop.DBus"
#define BUS_PATH "/org/freedesktop/DBus"

enum { US_PER_MS = 1000, MESSAGES_MAX = 64 };

void
session_init(struct session *session, unsigned drop_on)
{
	*session = (struct session){.drop_on = drop_on, .inhibitor = -1};
}

static void
release_sleep(struct session *session)
{
	if (session->inhibitor >= 0)
		(void)close(session->inhibitor);
	session->inhibitor = -1;
}

void
session_close(struct session *session)
{
	session->bus = sd_bus_close_unref(session->bus);
	release_sleep(session);
}

/* The answer to Get "User", (uo). A session that is gone already counts as ours. */
static int
judge_owner(sd_bus_message *reply, struct session *session, const char *happened)
{
	uint32_t uid;

	if (sd_bus_message_is_method_error(reply, NULL) ||
	    (sd_bus_message_enter_container(reply, SD_BUS_TYPE_VARIANT, "(uo)") > 0 &&
	     sd_bus_message_enter_container(reply, SD_BUS_TYPE_STRUCT, "uo") > 0 &&
	     sd_bus_message_read_basic(reply, SD_BUS_TYPE_UINT32, &uid) > 0 && uid == getuid()))
		session->happened = happened;
	return 0;
}

static int
take_owner_of_locked(sd_bus_message *reply, void *session, sd_bus_error *error)
{
	(void)error;
	return judge_owner(reply, session, LOCKED);
}

static int
take_owner_of_inactive(sd_bus_message *reply, void *session, sd_bus_error *error)
{
	(void)error;
	return judge_owner(reply, session, INACTIVE);
}

static void
ask_owner(struct session *session, sd_bus_message *signal, sd_bus_message_handler_t take)
{
	if (sd_bus_call_method_async(session->bus, NULL, LOGIND, sd_bus_message_get_path(signal),
				     PROPERTIES, "Get", take, session, "ss", SESSION, "User") < 0)
		log_debug("logind cannot be asked whose session it was");
}

static void
set_logind(struct session *session, const char *owner)
{
	(void)snprintf(session->logind, sizeof(session->logind), "%s", owner);
}

static int
take_logind(sd_bus_message *reply, void *session, sd_bus_error *error)
{
	const char *owner;

	(void)error;
	if (!sd_bus_message_is_method_error(reply, NULL) &&
	    sd_bus_message_read_basic(reply, SD_BUS_TYPE_STRING, &owner) > 0)
		set_logind(session, owner);
	return 0;
}

/* Nobody but the bus itself can be a sender that does not begin with a colon. */
static int
take_logind_changed(sd_bus_message *signal, void *session, sd_bus_error *error)
{
	const char *name, *old, *new, *sender = sd_bus_message_get_sender(signal);

	(void)error;
	if (sender != NULL && strcmp(sender, BUS) == 0 &&
	    sd_bus_message_read(signal, "sss", &name, &old, &new) > 0 && strcmp(name, LOGIND) == 0)
		set_logind(session, new);
	return 0;
}

/* The bus applies our matches to what is sent to all. What anybody sends to us alone it delivers, and libsystemd
 * cannot tell whose name that is. */
static bool
is_of_logind(const struct session *session, sd_bus_message *signal)
{
	const char *sender = sd_bus_message_get_sender(signal);

	return sender != NULL && session->logind[0] != '\0' && strcmp(sender, session->logind) == 0;
}

static int
take_lock(sd_bus_message *signal, void *context, sd_bus_error *error)
{
	(void)error;
	if (is_of_logind(context, signal))
		ask_owner(context, signal, take_owner_of_locked);
	return 0;
}

/* One of a{sv}: whether it is a bool of this value; it is passed over in any case. */
static bool
becomes(sd_bus_message *signal, bool value)
{
	int got = !value;

	if (sd_bus_message_enter_container(signal, SD_BUS_TYPE_VARIANT, "b") <= 0) {
		(void)sd_bus_message_skip(signal, "v");
		return false;
	}
	(void)sd_bus_message_read_basic(signal, SD_BUS_TYPE_BOOLEAN, &got);
	(void)sd_bus_message_exit_container(signal);
	return (got != 0) == value;
}

static int
take_properties(sd_bus_message *signal, void *context, sd_bus_error *error)
{
	struct session *session = context;
	const char *name;

	(void)error;
	if (!is_of_logind(session, signal) || sd_bus_message_skip(signal, "s") < 0 ||
	    sd_bus_message_enter_container(signal, SD_BUS_TYPE_ARRAY, "{sv}") < 0)
		return 0;
	while (sd_bus_message_enter_container(signal, SD_BUS_TYPE_DICT_ENTRY, "sv") > 0) {
		if (sd_bus_message_read_basic(signal, SD_BUS_TYPE_STRING, &name) <= 0)
			break;
		if (strcmp(name, "LockedHint") == 0) {
			if (becomes(signal, true) && (session->drop_on & CONFIG_DROP_LOCK) != 0)
				ask_owner(session, signal, take_owner_of_locked);
		} else if (strcmp(name, "Active") == 0) {
			if (becomes(signal, false) &&
			    (session->drop_on & CONFIG_DROP_INACTIVE) != 0)
				ask_owner(session, signal, take_owner_of_inactive);
		} else {
			(void)sd_bus_message_skip(signal, "v");
		}
		if (sd_bus_message_exit_container(signal) < 0)
			break;
	}
	return 0;
}

static int
take_inhibitor(sd_bus_message *reply, void *context, sd_bus_error *error)
{
	struct session *session = context;
	int fd;

	(void)error;
	if (sd_bus_message_is_method_error(reply, NULL) ||
	    sd_bus_message_read_basic(reply, SD_BUS_TYPE_UNIX_FD, &fd) <= 0)
		return 0;
	release_sleep(session);
	if (!session->sleeping)
		session->inhibitor = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return 0;
}

/* A logind that is not there is not started for this. */
static void
hold_sleep_up(struct session *session)
{
	sd_bus_message *call = NULL;
	int r = sd_bus_message_new_method_call(session->bus, &call, LOGIND, LOGIND_PATH, MANAGER,
					       "Inhibit");

	if (r >= 0)
		r = sd_bus_message_append(call, "ssss", "sleep", "vicard",
					  "PINs are forgotten first", "delay");
	if (r >= 0)
		r = sd_bus_message_set_auto_start(call, 0);
	if (r >= 0)
		r = sd_bus_call_async(session->bus, NULL, call, take_inhibitor, session, 0);
	if (r < 0)
		log_debug("logind cannot be asked to wait before sleep: %s", strerror(-r));
	sd_bus_message_unref(call);
}

static int
take_sleep(sd_bus_message *signal, void *context, sd_bus_error *error)
{
	struct session *session = context;
	int begins;

	(void)error;
	if (!is_of_logind(session, signal) ||
	    sd_bus_message_read_basic(signal, SD_BUS_TYPE_BOOLEAN, &begins) <= 0)
		return 0;
	session->sleeping = begins != 0;
	if (session->sleeping)
		session->happened = SLEEPS;
	else
		hold_sleep_up(session);
	return 0;
}

#define FROM_LOGIND "type='signal',sender='" LOGIND "',"
#define OF_SESSIONS "path_namespace='" LOGIND_PATH "/session',"

static const struct {
	unsigned on; /* enum config_drop */
	const char *match;
	sd_bus_message_handler_t take;
} signals[] = {
    {CONFIG_DROP_LOCK, FROM_LOGIND OF_SESSIONS "interface='" SESSION "',member='Lock'", take_lock},
    {CONFIG_DROP_LOCK | CONFIG_DROP_INACTIVE,
     FROM_LOGIND OF_SESSIONS "interface='" PROPERTIES "',member='PropertiesChanged',arg0='" SESSION
			     "'",
     take_properties},
    {CONFIG_DROP_SLEEP,
     FROM_LOGIND "path='" LOGIND_PATH "',interface='" MANAGER "',member='PrepareForSleep'",
     take_sleep},
};

/* Who logind is, before its first signal can come and whenever that changes. */
static int
know_logind(struct session *session)
{
	int r;

	session->logind[0] = '\0';
	r = sd_bus_add_match_async(session->bus, NULL,
				   "type='signal',sender='" BUS "',path='" BUS_PATH
				   "',interface='" BUS "',member='NameOwnerChanged',arg0='" LOGIND
				   "'",
				   take_logind_changed, NULL, session);
	if (r >= 0)
		r = sd_bus_call_method_async(session->bus, NULL, BUS, BUS_PATH, BUS, "GetNameOwner",
					     take_logind, session, "s", LOGIND);
	return r;
}

static int
subscribe(struct session *session)
{
	int r = know_logind(session);

	for (size_t i = 0; r >= 0 && i < sizeof(signals) / sizeof(signals[0]); i++)
		if ((session->drop_on & signals[i].on) != 0)
			r = sd_bus_add_match_async(session->bus, NULL, signals[i].match,
						   signals[i].take, NULL, session);
	if (r >= 0 && (session->drop_on & CONFIG_DROP_SLEEP) != 0)
		hold_sleep_up(session);
	return r;
}

void
session_watch(struct session *session)
{
	int r;

	if (session->bus != NULL || session->drop_on == 0)
		return;
	session->sleeping = false;
	r = sd_bus_open_system(&session->bus);
	if (r >= 0)
		r = subscribe(session);
	if (r >= 0)
		return;
	if (!session->told)
		log_debug("no system bus tells of locked screens and sleep: %s", strerror(-r));
	session->told = true;
	session_close(session);
}

int
session_fd(const struct session *session, short *events)
{
	const int wanted = session->bus != NULL ? sd_bus_get_events(session->bus) : 0;

	*events = (short)(wanted > 0 ? wanted : POLLIN);
	return session->bus != NULL ? sd_bus_get_fd(session->bus) : -1;
}

uint64_t
session_due(const struct session *session)
{
	uint64_t us;

	if (session->bus == NULL || sd_bus_get_timeout(session->bus, &us) < 0 || us == UINT64_MAX)
		return UINT64_MAX;
	return us / US_PER_MS + 1;
}

const char *
session_serve(struct session *session)
{
	const char *happened;
	int r = 1;

	/* The rest has its turn after the card's, session_due(): anybody may send us signals. */
	for (unsigned i = 0; session->bus != NULL && r > 0 && i < MESSAGES_MAX; i++)
		r = sd_bus_process(session->bus, NULL);
	if (r < 0) {
		log_debug("the system bus tells no more of locked screens and sleep: %s",
			  strerror(-r));
		session_close(session);
	}
	happened = session->happened;
	session->happened = NULL;
	return happened;
}

void
session_forgotten(struct session *session)
{
	if (session->sleeping)
		release_sleep(session);
}
