/*
 * vicard(8): one card, one process. Sets everything up, then runs tools/vicard/loop.c.
 */
#include "tools/held_card.h"
#include "tools/vicard/hardening.h"
#include "tools/vicard/log.h"
#include "tools/vicard/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, OPTION_VPCD = 256, OPTION_CLEARTEXT };

struct options {
	bool foreground;
	bool cleartext_network;
	const char *config; /* NULL: where vicar.conf(5) says */
	const char *vpcd;   /* HOST:PORT; NULL: the card is in our own reader */
	const char *name;
};

static const char help[] =
    "Usage: vicard [OPTION]... NAME\n"
    "Serves the card NAME until `vicar remove NAME`.\n"
    "\n"
    "Options:\n"
    "  -f, --foreground   do not go into the background once the card is in\n"
    "  -c, --config FILE  read this vicar.conf(5) only\n"
    "  --vpcd HOST:PORT   the reader is vsmartcard's vpcd, on this machine\n"
    "  --cleartext-network\n"
    "                     it may be on another machine: PINs are sent there unprotected\n"
    "  -h, --help         this text\n"
    "  -V, --version      the version\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 wrong usage. More in vicard(8).\n";

/* Everything that lives as long as the card is in. */
struct vicard {
	struct config config;
	struct image image;
	struct journal journal;
	struct loop loop;
	bool was_in;
};

static int
usage_error(const char *reason, const char *thing)
{
	log_error("%s%s%s; type: vicard --help", reason, *thing == '\0' ? "" : " ", thing);
	return EXIT_USAGE;
}

/* -1: go on; else the exit code. */
static int
parse_options(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
	    {"foreground", no_argument, NULL, 'f'},
	    {"config", required_argument, NULL, 'c'},
	    {"vpcd", required_argument, NULL, OPTION_VPCD},
	    {"cleartext-network", no_argument, NULL, OPTION_CLEARTEXT},
	    {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'V'},
	    {NULL, 0, NULL, 0},
	};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":fc:hV", known, NULL)) != -1) {
		switch (option) {
		case 'f': options->foreground = true; break;
		case 'c': options->config = optarg; break;
		case OPTION_VPCD: options->vpcd = optarg; break;
		case OPTION_CLEARTEXT: options->cleartext_network = true; break;
		case 'h': (void)fputs(help, stdout); return EXIT_SUCCESS;
		case 'V': (void)puts("vicard " VICAR_VERSION); return EXIT_SUCCESS;
		case ':': return usage_error("an argument is missing after", argv[optind - 1]);
		default: return usage_error("there is no option", argv[optind - 1]);
		}
	}
	if (optind == argc)
		return usage_error("the NAME of a card is missing", "");
	if (argc - optind > 1)
		return usage_error("one argument too many:", argv[optind + 1]);
	if (options->cleartext_network && options->vpcd == NULL)
		return usage_error("--cleartext-network is for --vpcd, which is missing", "");
	options->name = argv[optind];
	return -1;
}

static bool
save_counters(void *context, const struct image_counter *counters, size_t count)
{
	struct image_error error = {""};

	if (image_save_counters(context, counters, count, &error))
		return true;
	log_error("%s", error.text);
	return false;
}

static bool
save_file(void *context, const char *path, struct bytes content)
{
	struct image_error error = {""};

	if (image_save_file(context, path, content, &error))
		return true;
	log_error("%s", error.text);
	return false;
}

static bool
check_services(const struct image *image, const struct config *config)
{
	for (size_t i = 0; i < image->keys_count; i++) {
		const char *service = image->keys[i].service;

		if (strcmp(service, IMAGE_SERVICE_FILE) == 0 ||
		    config_service(config, service) != NULL)
			continue;
		log_error("the key %s of card %s is at the service %s, which vicar.conf does not "
			  "have; add [service %s]",
			  image->keys[i].name, image->name, service, service);
		return false;
	}
	return true;
}

/* In another reader nobody says who is at the other end (tools/vicard/vpcd.h). */
static bool
check_local(const struct image *image)
{
	for (size_t i = 0; i < image->keys_count; i++) {
		if (strcmp(image->keys[i].service, IMAGE_SERVICE_FILE) == 0)
			continue;
		log_error(
		    "the card %s has a key at the service %s, so it does not go into a reader "
		    "by --vpcd; type: vicar insert %s",
		    image->name, image->keys[i].service, image->name);
		return false;
	}
	return true;
}

static bool
make_card(struct vicard *vicard)
{
	const struct card_host host = {
	    .context = &vicard->image, .save = save_counters, .save_file = save_file};
	struct problem error = {""};

	vicard->loop.card = held_card(&vicard->image, &host, &error);
	if (vicard->loop.card == NULL)
		log_error("%s", error.text);
	return vicard->loop.card != NULL;
}

static bool
open_journal(struct vicard *vicard)
{
	struct journal_error error = {""};

	if (!journal_open(&vicard->journal, vicard->image.directory, time(NULL), &error)) {
		log_error("%s", error.text);
		return false;
	}
	vicard->journal.settles_later = true;
	journal_limit(&vicard->journal, (size_t)vicard->config.journal_size_kb * 1024,
		      vicard->config.journal_keep);
	if (vicard->journal.unknown > 0)
		log_warning("fate unknown of %zu use(s) of a key: vicard ended while the service "
			    "was asked; look in the account's history, and in %s",
			    vicard->journal.unknown, vicard->journal.path);
	return true;
}

static bool
find_pcscd_user(const struct config *config, uid_t *uid)
{
	const struct passwd *entry;

	*uid = 0;
	if (config->pcscd_user == NULL)
		return true;
	entry = getpwnam(config->pcscd_user);
	if (entry == NULL) {
		log_error("pcscd-user = %s in vicar.conf is no user of this machine; correct it",
			  config->pcscd_user);
		return false;
	}
	*uid = entry->pw_uid;
	return true;
}

/* SIGPIPE would come from standard error when that is a pipe; every socket has MSG_NOSIGNAL. */
static bool
take_signals(int *signals)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGCHLD);
	(void)signal(SIGPIPE, SIG_IGN);
	*signals = sigprocmask(SIG_BLOCK, &set, NULL) == 0
		       ? signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC)
		       : -1;
	if (*signals < 0)
		log_error("signals cannot be received: %s; close other programs", strerror(errno));
	return *signals >= 0;
}

/* The reader comes last: it may call as soon as the card is there. */
static bool
open_sockets(struct vicard *vicard, const struct options *options)
{
	struct loop *loop = &vicard->loop;
	const char *name = options->name;

	if (!listen_control(&loop->control, name))
		return false;
	if (options->vpcd != NULL)
		return vpcd_connect(&loop->vpcd, options->vpcd, options->cleartext_network);
	if (loop->link.fd >= 0)
		return true;
	return listen_link(&loop->link, vicard->config.socket_directory, name);
}

static bool
set_up(struct vicard *vicard, const struct options *options)
{
	struct problem error = {""};

	if (!take_signals(&vicard->loop.signals))
		return false;
	if (!config_load(&vicard->config, &error)) {
		log_error("%s", error.text);
		return false;
	}
	if (!find_pcscd_user(&vicard->config, &vicard->loop.pcscd_uid))
		return false;
	if (!held_image(&vicard->image, options->name, &error)) {
		log_error("%s", error.text);
		return false;
	}
	if (options->vpcd != NULL && !check_local(&vicard->image))
		return false;
	if (!check_services(&vicard->image, &vicard->config) || !open_journal(vicard) ||
	    !make_card(vicard))
		return false;
	vicard->loop.image = &vicard->image;
	vicard->loop.journal = &vicard->journal;
	session_init(&vicard->loop.session, vicard->config.drop_pin_on);
	keys_init(&vicard->loop.keys, vicard->loop.card, &vicard->image, &vicard->config,
		  &vicard->journal);
	owner_init(&vicard->loop.owner, &vicard->loop.keys);
	pad_init(&vicard->loop.pad, &vicard->loop.keys);
	return open_sockets(vicard, options);
}

/* The card is out and another vicard may have it; the owner's commands have their time. */
static void
tell_removal(struct loop *loop)
{
	loop_let_go(loop);
	events_happened(&loop->events, EVENT_REMOVE);
	events_finish(&loop->events);
}

static void
tear_down(struct vicard *vicard)
{
	listen_close(&vicard->loop.link);
	vpcd_close(&vicard->loop.vpcd);
	listen_close(&vicard->loop.control);
	card_free(vicard->loop.card);
	journal_close(&vicard->journal);
	image_free(&vicard->image);
	if (vicard->was_in)
		tell_removal(&vicard->loop);
	config_free(&vicard->config);
	if (vicard->loop.signals >= 0)
		(void)close(vicard->loop.signals);
}

/* In the child: true, with the pipe on which it says that it is ready. In the parent it does not
 * return. */
static bool
go_to_background(int *ready)
{
	int fds[2], status = 0;
	char byte;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0 || (pid = fork()) < 0) {
		log_error("no process can be made: %s; close other programs, or use --foreground",
			  strerror(errno));
		return false;
	}
	if (pid == 0) {
		(void)close(fds[0]);
		(void)setsid();
		*ready = fds[1];
		return true;
	}
	(void)close(fds[1]);
	if (read(fds[0], &byte, 1) == 1)
		_exit(EXIT_SUCCESS);
	(void)waitpid(pid, &status, 0);
	_exit(WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : EXIT_FAILURE);
}

/* A log file stays standard error; a terminal or a pipe would keep its owner waiting. */
static void
leave_parent(int ready)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct stat is;

	if (null >= 0) {
		(void)dup2(null, STDIN_FILENO);
		(void)dup2(null, STDOUT_FILENO);
		if (fstat(STDERR_FILENO, &is) != 0 || !S_ISREG(is.st_mode))
			(void)dup2(null, STDERR_FILENO);
		(void)close(null);
	}
	if (chdir("/") != 0 || TEMP_FAILURE_RETRY(write(ready, "", 1)) != 1)
		log_warning("whoever started vicard has gone: %s", strerror(errno));
	(void)close(ready);
}

/* For the bridge too, and for after chdir(): the configuration's path is made absolute. */
static bool
set_environment(const struct options *options)
{
	const char *config = options->config != NULL ? options->config : getenv("VICAR_CONF");
	char path[PATH_MAX];

	if (config != NULL && config[0] != '\0' && realpath(config, path) != NULL)
		config = path;
	if (setenv("VICAR_INSIDE", "1", 1) == 0 &&
	    (config == NULL || setenv("VICAR_CONF", config, 1) == 0))
		return true;
	log_error("no memory is left; close other programs");
	return false;
}

int
main(int argc, char **argv)
{
	struct options options = {.foreground = false};
	struct vicard *vicard = NULL;
	struct listener inherited;
	int ready = -1, r;

	r = parse_options(argc, argv, &options);
	if (r >= 0)
		return r;
	r = EXIT_FAILURE;
	if (!hardening_streams() || !set_environment(&options) || !listen_inherited(&inherited))
		return r;
	if (options.vpcd != NULL && inherited.fd >= 0) {
		log_error("a socket unit is for our own reader; take --vpcd out of it");
		return r;
	}
	if (!options.foreground && inherited.fd < 0 && !go_to_background(&ready))
		return r;
	if (!hardening_apply())
		return r;
	vicard = calloc(1, sizeof(*vicard));
	if (vicard == NULL) {
		log_error("no memory is left; close other programs");
		return r;
	}
	vicard->image.lock = -1;
	vicard->journal.fd = -1;
	vicard->loop.signals = -1;
	vicard->loop.control.fd = -1;
	vicard->loop.vpcd.fd = -1;
	vicard->loop.link = inherited;
	if (!set_up(vicard, &options))
		goto out;
	if (options.vpcd != NULL)
		log_info("card %s (%s) is in the reader %s", vicard->image.name,
			 vicard->image.personality, options.vpcd);
	else
		log_info("card %s (%s) is in; the reader finds it at %s", vicard->image.name,
			 vicard->image.personality, vicard->loop.link.path);
	events_init(&vicard->loop.events, &vicard->config, &vicard->image,
		    options.vpcd != NULL ? options.vpcd : vicard->loop.link.path);
	listen_tell_ready();
	if (ready >= 0)
		leave_parent(ready);
	vicard->was_in = true;
	loop_run(&vicard->loop);
	log_info("card %s is out", vicard->image.name);
	r = EXIT_SUCCESS;
out:
	tear_down(vicard);
	free(vicard);
	return r;
}
