/*
 * vicar-bridge: one use of a remote key, one process. vicard (for signatures) and vicar (for enrolment
 * and checks) start it with their socket as file descriptor 3; cmdbridge/bridge.h says what is spoken.
 */
#include "cmdbridge/language.h"
#include "cmdbridge/ask.h"
#include "cmdbridge/memory.h"
#include "cmdbridge/peer.h"
#include "cmdbridge/prompt.h"
#include "cmdbridge/service.h"
#include "tools/config_service.h"
#include "tools/paths.h"
#include "tools/prompt_here.h"

#include <openssl/crypto.h>

#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { EXIT_USAGE = 2 };

static const char help[] =
    "Usage: vicar-bridge [OPTION]...\n"
    "Asks the owner of a card, calls the remote service that holds its key, and gives the\n"
    "signature back. vicard starts it with a socket as file descriptor 3, once for each\n"
    "signature; vicar does so for enrolment. It is of no use by hand.\n"
    "\n"
    "Options:\n"
    "  -h, --help     this text\n"
    "  -V, --version  the version\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 wrong usage. More in vicard(8).\n";

/* The message with the PIN, and the one that goes back, which has it after BRIDGE_ASK. */
static uint8_t request_room[BRIDGE_MESSAGE_MAX];
static uint8_t result_room[BRIDGE_MESSAGE_MAX];

static bool
has_socket(void)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return getsockopt(BRIDGE_FD, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	       type == SOCK_SEQPACKET && fcntl(BRIDGE_FD, F_SETFD, FD_CLOEXEC) == 0;
}

static bool
run_service(const struct config *config, const struct peer *peer,
	    const struct bridge_request *request, struct writer *result)
{
	struct prompt_here here = {.name = ""};
	const struct prompt_config prompt = {
	    .pinentry = config->pinentry,
	    .timeout_s = config->prompt_timeout_s,
	    .command = config->prompt_by == CONFIG_PROMPT_COMMAND ? config->prompt_command : NULL,
	    .terminal = prompt_here_borrow(&here) ? &here.terminal : NULL,
	    .notify = config->notify != 0,
	};
	struct service_use use = {.prompt = &prompt, .peer = peer, .request = request};
	char name[64], detail[256];

	snprintf(name, sizeof(name), "%.*s", (int)request->service.len,
		 (const char *)request->service.data);
	use.config = request->operation == BRIDGE_ASK && name[0] == '\0'
			 ? &ask_no_service
			 : config_service(config, name);
	if (!use.config) {
		snprintf(detail, sizeof(detail), "there is no [service %s]", name);
		return service_refuse(OUTCOME_MISCONFIGURED, detail, result);
	}
	if (request->operation != BRIDGE_ASK && !service_kind(use.config->type)) {
		snprintf(detail, sizeof(detail), "[service %s]: type must be one of: %s", name,
			 service_types);
		return service_refuse(OUTCOME_MISCONFIGURED, detail, result);
	}
	return service_run(&use, result);
}

static void
choose_language(const struct config *config)
{
	char path[PATH_MAX];

	language_set(config->language, paths_locale(path) ? path : NULL);
}

static bool
fulfil(const struct peer *peer, const struct bridge_request *request, struct writer *result)
{
	struct problem error;
	struct config config;
	bool ok;

	if (!config_load_services(&config, &error))
		return service_refuse(OUTCOME_MISCONFIGURED, error.text, result);
	choose_language(&config);
	ok = run_service(&config, peer, request, result);
	config_free(&config);
	return ok;
}

static int
serve(void)
{
	const struct peer peer = {BRIDGE_FD};
	struct writer result = writer_to(result_room, sizeof(result_room));
	struct bridge_request request;
	char error[MEMORY_ERROR_MAX];
	struct bytes message;
	bool ok = false;

	if (!memory_protect(error)) {
		ok = service_refuse(OUTCOME_MISCONFIGURED, error, &result);
		goto out;
	}
	memory_lock(request_room, sizeof(request_room));
	memory_lock(result_room, sizeof(result_room));
	if (!peer_receive(&peer, request_room, &message))
		goto out;
	if (!bridge_request_decode(message, &request)) {
		fprintf(stderr, "vicar-bridge: what came first is no request; vicard and"
				" vicar-bridge must be of one version\n");
		goto out;
	}
	ok = fulfil(&peer, &request, &result);
out:
	OPENSSL_cleanse(request_room, sizeof(request_room));
	ok = ok && peer_send(&peer, writer_bytes(&result));
	OPENSSL_cleanse(result_room, sizeof(result_room));
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int
usage_error(const char *reason, const char *thing)
{
	fprintf(stderr, "vicar-bridge: %s %s; type: vicar-bridge --help\n", reason, thing);
	return EXIT_USAGE;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
	    {"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'}, {0}};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":hV", options, NULL)) != -1) {
		switch (option) {
		case 'h': fputs(help, stdout); return EXIT_SUCCESS;
		case 'V': puts("vicar-bridge " VICAR_VERSION); return EXIT_SUCCESS;
		default: return usage_error("there is no option", argv[optind - 1]);
		}
	}
	if (optind < argc)
		return usage_error("one argument too many:", argv[optind]);
	if (!has_socket()) {
		fprintf(stderr,
			"vicar-bridge: vicard starts this program when a card needs a remote"
			" key; by hand, type: vicar --help\n");
		return EXIT_USAGE;
	}
	/* Before any thread: libraries under us must not come back to us for a key. */
	setenv("VICAR_INSIDE", "1", 1);
	signal(SIGPIPE, SIG_IGN);
	return serve();
}
