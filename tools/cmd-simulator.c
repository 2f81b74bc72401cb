/*
 * cmd-simulator: the signature service of the Chave Móvel Digital on the loopback interface, for
 * tests, demonstrations and everybody who develops against the real one. cmd-simulator(1).
 */
#include "tools/cmd-simulator/service.h"
#include "tools/simulator/program.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libxml/parser.h>
#include <libxml/xmlschemastypes.h>

enum { EXIT_USAGE = 2 };

static const char help[] =
    "Usage: cmd-simulator --directory DIR [OPTION]...\n"
    "A simulated Chave Móvel Digital (CMD) signature service, HTTPS on 127.0.0.1.\n"
    "\n"
    "Options:\n"
    "  -d, --directory DIR  where keys, accounts and records are; made on the first start\n"
    "  -p, --port PORT      default 0: a free one; DIR/endpoint holds the address\n"
    "      --strict         misplaced members are ignored, as the real service does (default)\n"
    "      --lenient        members count in any order\n"
    "      --validate       checks each request against the WSDL; the verdict is in DIR/calls\n"
    "      --record         writes each request, as it came out of TLS, to DIR/requests\n"
    "      --tls KIND       normal, or what no client may trust: expired, other-name, old\n"
    "  -q, --quiet          no text messages on the terminal; DIR/messages has them\n"
    "  -h, --help           this text\n"
    "  -V, --version        the version\n"
    "\n"
    "Accounts are in DIR/accounts.conf.\n"
    "Exit status: 0 ended by a signal, 1 failed, 2 wrong usage. More in cmd-simulator(1).\n";

struct settings {
	const char *directory;
	uint16_t port;
	struct sim_options options;
};

static int
usage_error(const char *reason, const char *thing)
{
	fprintf(stderr, "cmd-simulator: %s%s%s; type: cmd-simulator --help\n", reason,
		*thing == '\0' ? "" : " ", thing);
	return EXIT_USAGE;
}

enum { OPTION_STRICT = 256, OPTION_LENIENT, OPTION_VALIDATE, OPTION_RECORD, OPTION_TLS };

/* -1: go on; else the exit status. */
static int
parse_arguments(int argc, char **argv, struct settings *settings)
{
	static const struct option options[] = {
	    {"directory", required_argument, NULL, 'd'},
	    {"port", required_argument, NULL, 'p'},
	    {"quiet", no_argument, NULL, 'q'},
	    {"strict", no_argument, NULL, OPTION_STRICT},
	    {"lenient", no_argument, NULL, OPTION_LENIENT},
	    {"validate", no_argument, NULL, OPTION_VALIDATE},
	    {"record", no_argument, NULL, OPTION_RECORD},
	    {"tls", required_argument, NULL, OPTION_TLS},
	    {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'V'},
	    {NULL, 0, NULL, 0},
	};
	int option;

	settings->options.terminal = stdout;
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":d:p:qhV", options, NULL)) != -1)
		switch (option) {
		case 'd': settings->directory = optarg; break;
		case 'p':
			if (!sim_program_port(optarg, &settings->port))
				return usage_error("a port is a number from 0 to 65535, not",
						   optarg);
			break;
		case 'q': settings->options.terminal = NULL; break;
		case OPTION_STRICT: settings->options.lenient = false; break;
		case OPTION_LENIENT: settings->options.lenient = true; break;
		case OPTION_VALIDATE: settings->options.validate = true; break;
		case OPTION_RECORD: settings->options.record = true; break;
		case OPTION_TLS:
			settings->options.tls = sim_tls_find(optarg);
			if (settings->options.tls == NULL)
				return usage_error(
				    "--tls is normal, expired, other-name or old, not", optarg);
			break;
		case 'h': fputs(help, stdout); return EXIT_SUCCESS;
		case 'V': puts("cmd-simulator " VICAR_VERSION); return EXIT_SUCCESS;
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
run(const struct settings *settings)
{
	struct simulator simulator;
	struct sim_server *server = NULL;
	struct problem error = {""};
	int signals = sim_program_watch_signals(), status = EXIT_FAILURE;

	if (signals == -1) {
		fprintf(stderr, "cmd-simulator: cannot watch signals: %s; start it again\n",
			strerror(errno));
		return EXIT_FAILURE;
	}
	if (!simulator_open(&simulator, settings->directory, &settings->options, &error)) {
		fprintf(stderr, "cmd-simulator: %s\n", error.text);
		goto out;
	}
	server = sim_service_start(&simulator, settings->port, &error);
	if (server == NULL) {
		fprintf(stderr, "cmd-simulator: %s\n", error.text);
		goto out_simulator;
	}
	if (sim_program_serve(server, signals))
		status = EXIT_SUCCESS;
	else
		fprintf(stderr, "cmd-simulator: cannot wait for requests: %s; start it again\n",
			strerror(errno));
	sim_server_stop(server);
out_simulator:
	simulator_close(&simulator);
out:
	(void)close(signals);
	return status;
}

int
main(int argc, char **argv)
{
	struct settings settings = {0};
	int status = parse_arguments(argc, argv, &settings);

	if (status != -1)
		return status;
	(void)umask(077);
	status = run(&settings);
	xmlSchemaCleanupTypes();
	xmlCleanupParser();
	return status;
}
