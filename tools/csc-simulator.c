/*
 * csc-simulator: a remote signing service that speaks the API of the Cloud Signature Consortium,
 * v1.0.4 and v2.0, on the loopback interface, for tests, demonstrations and everybody who develops
 * against real ones. csc-simulator(1).
 */
#include "tools/csc-simulator/rssp.h"
#include "tools/simulator/program.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_USAGE = 2 };

static const char help[] =
    "Usage: csc-simulator --directory DIR [OPTION]...\n"
    "A simulated remote signing service, CSC API v1.0.4 and v2.0, HTTPS on 127.0.0.1.\n"
    "\n"
    "Options:\n"
    "  -d, --directory DIR  where keys, accounts and records are; made on the first start\n"
    "  -p, --port PORT      default 0: a free one; DIR/endpoint holds the address\n"
    "  -q, --quiet          no text messages on the terminal; DIR/messages has them\n"
    "  -h, --help           this text\n"
    "  -V, --version        the version\n"
    "\n"
    "Users, keys, dialects and trouble are in DIR/accounts.conf.\n"
    "Exit status: 0 ended by a signal, 1 failed, 2 wrong usage. More in csc-simulator(1).\n";

struct settings {
	const char *directory;
	uint16_t port;
	FILE *terminal;
};

static int
usage_error(const char *reason, const char *thing)
{
	fprintf(stderr, "csc-simulator: %s%s%s; type: csc-simulator --help\n", reason,
		*thing == '\0' ? "" : " ", thing);
	return EXIT_USAGE;
}

/* -1: go on; else the exit status. */
static int
parse_arguments(int argc, char **argv, struct settings *settings)
{
	static const struct option options[] = {
	    {"directory", required_argument, NULL, 'd'}, {"port", required_argument, NULL, 'p'},
	    {"quiet", no_argument, NULL, 'q'},           {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'V'},         {NULL, 0, NULL, 0},
	};
	int option;

	settings->terminal = stdout;
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":d:p:qhV", options, NULL)) != -1)
		switch (option) {
		case 'd': settings->directory = optarg; break;
		case 'p':
			if (!sim_program_port(optarg, &settings->port))
				return usage_error("a port is a number from 0 to 65535, not",
						   optarg);
			break;
		case 'q': settings->terminal = NULL; break;
		case 'h': fputs(help, stdout); return EXIT_SUCCESS;
		case 'V': puts("csc-simulator " VICAR_VERSION); return EXIT_SUCCESS;
		case ':': return usage_error("an argument is missing after", argv[optind - 1]);
		default: return usage_error("there is no option", argv[optind - 1]);
		}
	if (optind != argc)
		return usage_error("one argument too many:", argv[optind]);
	if (settings->directory == NULL)
		return usage_error("--directory is missing", "");
	return -1;
}

static int
run(struct rssp *rssp, const struct settings *settings)
{
	struct sim_server *server = NULL;
	struct problem error = {""};
	int signals = sim_program_watch_signals(), status = EXIT_FAILURE;

	if (signals == -1) {
		fprintf(stderr, "csc-simulator: cannot watch signals: %s; start it again\n",
			strerror(errno));
		return EXIT_FAILURE;
	}
	if (!rssp_open(rssp, settings->directory, settings->terminal, &error)) {
		fprintf(stderr, "csc-simulator: %s\n", error.text);
		goto out;
	}
	server = rssp_start(rssp, settings->port, &error);
	if (server == NULL) {
		fprintf(stderr, "csc-simulator: %s\n", error.text);
		goto out_rssp;
	}
	if (sim_program_serve(server, signals))
		status = EXIT_SUCCESS;
	else
		fprintf(stderr, "csc-simulator: cannot wait for requests: %s; start it again\n",
			strerror(errno));
	sim_server_stop(server);
out_rssp:
	rssp_close(rssp);
out:
	(void)close(signals);
	return status;
}

int
main(int argc, char **argv)
{
	struct settings settings = {0};
	struct rssp *rssp;
	int status = parse_arguments(argc, argv, &settings);

	if (status != -1)
		return status;
	(void)umask(077);
	rssp = calloc(1, sizeof(*rssp));
	if (rssp == NULL) {
		fprintf(stderr, "csc-simulator: out of memory; free some and start again\n");
		return EXIT_FAILURE;
	}
	status = run(rssp, &settings);
	free(rssp);
	return status;
}
