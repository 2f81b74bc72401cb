/*
 * ccid-simulator: a CCID reader on a pseudo terminal, with our cards in its slots.
 */
#include "cmdbridge/memory.h"
#include "tools/ccid-simulator/loop.h"

#include <errno.h>
#include <getopt.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { EXIT_USAGE = 2 };

static const char help[] =
    "Usage: ccid-simulator [OPTION]... NAME...\n"
    "       ccid-simulator [OPTION]... --empty\n"
    "A CCID reader on a pseudo terminal with the user's cards NAME in its slots, for libccid's "
    "serial\n"
    "driver, libccidtwin.so. Prints the lines of reader.conf that pcscd needs.\n"
    "\n"
    "Options:\n"
    "  -e, --empty         begin with no card\n"
    "  -m, --model MODEL   which reader: SEC1210 (two slots, the default), GemPCTwin (one),\n"
    "                      GemCorePOSPro (five)\n"
    "  -l, --link PATH     a symbolic link to the terminal, a name that stays\n"
    "  -r, --reader-conf FILE  write the lines of reader.conf into FILE too, as long as it runs\n"
    "  -s, --slow-ms N     each use of a key takes N milliseconds longer\n"
    "  -v, --verbose       print messages and blocks, without their data\n"
    "  -h, --help          this text\n"
    "  -V, --version       the version\n"
    "\n"
    "Commands on standard input: insert [NAME], remove [NAME], slow N, quit.\n"
    "\n"
    "Exit status: 0 ended by quit or a signal, 1 failed, 2 wrong usage. More in\n"
    "ccid-simulator(1).\n";

struct arguments {
	const struct model *model;
	const char *link, *reader_conf;
	int64_t slow_ms;
	bool empty, verbose;
	char *const *cards;
};

static int
usage_error(const char *reason, const char *thing)
{
	fprintf(stderr, "ccid-simulator: %s%s%s; type: ccid-simulator --help\n", reason,
		*thing == '\0' ? "" : " ", thing);
	return EXIT_USAGE;
}

/* -1: go on; else the exit code. */
static int
parse_arguments(int argc, char **argv, struct arguments *arguments)
{
	static const struct option options[] = {{"empty", no_argument, NULL, 'e'},
						{"model", required_argument, NULL, 'm'},
						{"link", required_argument, NULL, 'l'},
						{"reader-conf", required_argument, NULL, 'r'},
						{"slow-ms", required_argument, NULL, 's'},
						{"verbose", no_argument, NULL, 'v'},
						{"help", no_argument, NULL, 'h'},
						{"version", no_argument, NULL, 'V'},
						{0}};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":em:l:r:s:vhV", options, NULL)) != -1) {
		switch (option) {
		case 'e': arguments->empty = true; break;
		case 'm':
			arguments->model = model_find(optarg);
			if (arguments->model == NULL)
				return usage_error("--model is one of SEC1210, GemPCTwin, "
						   "GemCorePOSPro, not",
						   optarg);
			break;
		case 'l': arguments->link = optarg; break;
		case 'r': arguments->reader_conf = optarg; break;
		case 's':
			if (!ccid_loop_milliseconds(optarg, &arguments->slow_ms))
				return usage_error("--slow-ms takes 0 to 3600000, not", optarg);
			break;
		case 'v': arguments->verbose = true; break;
		case 'h': (void)fputs(help, stdout); return EXIT_SUCCESS;
		case 'V': (void)puts("ccid-simulator " VICAR_VERSION); return EXIT_SUCCESS;
		case ':': return usage_error("an argument is missing after", argv[optind - 1]);
		default: return usage_error("there is no option", argv[optind - 1]);
		}
	}
	arguments->cards = argv + optind;
	if (optind == argc && !arguments->empty)
		return usage_error("the NAME of a card is missing (`vicar list` has them)", "");
	if (optind < argc && arguments->empty)
		return usage_error("--empty goes without the card", argv[optind]);
	return -1;
}

static bool
take_signals(int *signals, struct problem *error)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)signal(SIGPIPE, SIG_IGN);
	*signals = sigprocmask(SIG_BLOCK, &set, NULL) == 0
		       ? signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC)
		       : -1;
	if (*signals >= 0)
		return true;
	return problem(error, "signals cannot be received: %s; close other programs",
		       strerror(errno));
}

static bool
set_up(struct ccid_loop *loop, const struct arguments *arguments, struct problem *error)
{
	char protect[MEMORY_ERROR_MAX];
	struct problem reason;

	loop->listening = true;
	ccid_reader_init(&loop->reader, arguments->model, arguments->slow_ms,
			 arguments->verbose ? stdout : NULL);
	if (!memory_protect(protect))
		return problem(error, "%s", protect);
	if (!take_signals(&loop->signals, error))
		return false;
	for (char *const *card = arguments->cards; *card != NULL; card++)
		if (!ccid_loop_insert(loop, *card, error))
			return false;
	if (pty_open(&loop->pty, arguments->model->name, arguments->link, arguments->reader_conf,
		     &reason))
		return true;
	return problem(error, "%s", reason.text);
}

/* The last line says that all is there, for scripts that wait. */
static void
tell(const struct ccid_loop *loop, const struct arguments *arguments)
{
	if (!pty_driver_there())
		fprintf(stderr, "ccid-simulator: " PTY_DRIVER " is not there, and pcscd "
				"does not start with a driver that is missing; type: apt install "
				"libccid\n");
	printf("pcscd finds the reader by these lines in a file in /etc/reader.conf.d, once it is "
	       "started anew:\n\n");
	pty_print(&loop->pty, arguments->model->name, stdout);
	if (arguments->reader_conf != NULL)
		printf("\nThey are in %s.\n", arguments->reader_conf);
	printf("\nready\n");
}

int
main(int argc, char **argv)
{
	struct arguments arguments = {.model = model_default()};
	struct problem error;
	struct ccid_loop *loop;
	int code = parse_arguments(argc, argv, &arguments);

	if (code >= 0)
		return code;
	setvbuf(stdout, NULL, _IOLBF, 0);
	loop = calloc(1, sizeof(*loop));
	if (loop == NULL) {
		fprintf(stderr, "ccid-simulator: no memory is left; close other programs\n");
		return EXIT_FAILURE;
	}
	loop->signals = -1;
	loop->pty.fd = -1;
	loop->pty.other = -1;
	code = EXIT_FAILURE;
	if (!set_up(loop, &arguments, &error)) {
		fprintf(stderr, "ccid-simulator: %s\n", error.text);
		goto out;
	}
	tell(loop, &arguments);
	ccid_loop_run(loop);
	code = EXIT_SUCCESS;
out:
	ccid_loop_end(loop);
	pty_close(&loop->pty);
	if (loop->signals >= 0)
		(void)close(loop->signals);
	OPENSSL_cleanse(loop, sizeof(*loop));
	free(loop);
	return code;
}
