/*
 * apdu-replay: plays recorded or specified exchanges to a card and compares the answers.
 */
#include "tools/apdu-replay/cardimage.h"
#include "tools/apdu-replay/cardreader.h"
#include "tools/apdu-replay/inprocess.h"
#include "tools/apdu-replay/play.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_MISMATCH = 1, EXIT_USAGE = 2, FILE_SIZE_LIMIT = 16 << 20 };

#define FIXTURES "tests/fixtures/replay"

static const char help[] =
    "Usage: apdu-replay [OPTION]... FILE...\n"
    "       apdu-replay [--fixtures DIR] --image DIRECTORY FILE\n"
    "Plays the blocks of each FILE to a card and compares what comes back. Without --reader the\n"
    "card is made in this process, with keys and certificates of the tests.\n"
    "\n"
    "Options:\n"
    "      --reader NAME   play to the card in this PC/SC reader\n"
    "      --fixtures DIR  keys and certificates for the card in this process;\n"
    "                      default " FIXTURES "\n"
    "      --image DIRECTORY  play nothing: write the card of FILE's one block as an image, which\n"
    "                      vicard can serve; DIRECTORY must not exist\n"
    "      --verbose       print the exchange, without PINs\n"
    "  -h, --help          this text\n"
    "  -V, --version       the version\n"
    "\n"
    "A file has lines of these kinds; what follows a # is a comment:\n"
    "\n"
    "  source TEXT     where the expected answers come from; begins a block\n"
    "  card NAME [key=[auth|sign|sign2][,rsa2048|,rsa3072|,p256|,p384][,remote]]...\n"
    "            [serial=HEX] [authorities=0..2] [OPTION]...\n"
    "                  the block's card: personality, keys (default sign,rsa2048), options of its\n"
    "                  card.conf. PIN of auth 1234, of sign and sign2 123456,\n"
    "                  PUK 12345678\n"
    "  reset           and, if wanted, `< ATR`\n"
    "  > HEX           a command\n"
    "  < PATTERN       its answer: .. is any byte, * any bytes up to the status word\n"
    "  service SW [unstarted]\n"
    "                  what the service says to the next request for a remote key; 9000 signs\n"
    "  requests N      so many key requests were made since the last such line\n"
    "\n"
    "Exit status: 0 all blocks passed, 1 an answer differed, 2 wrong usage or an unreadable file.\n"
    "More in apdu-replay(1).\n";

struct arguments {
	const char *reader, *fixtures, *image;
	bool verbose;
};

/* NULL and a line on standard error: not readable. Freed by the caller. */
static uint8_t *
read_file(const char *name, size_t *len)
{
	FILE *file = fopen(name, "rb");
	uint8_t *data = file == NULL ? NULL : malloc(FILE_SIZE_LIMIT);
	const char *reason = NULL;

	*len = data == NULL ? 0 : fread(data, 1, FILE_SIZE_LIMIT, file);
	if (data == NULL || ferror(file))
		reason = strerror(errno);
	else if (*len == FILE_SIZE_LIMIT)
		reason = "it has 16 MiB or more";
	if (reason != NULL) {
		fprintf(stderr, "apdu-replay: %s: %s; name a replay file\n", name, reason);
		free(data);
		data = NULL;
	}
	if (file != NULL)
		fclose(file);
	return data;
}

static bool
load(const char *name, struct script *script)
{
	struct problem error;
	unsigned line;
	size_t len;
	uint8_t *data = read_file(name, &len);
	bool ok = false;

	if (data == NULL)
		return false;
	ok = script_parse((struct bytes){data, len}, script, &line, &error);
	if (!ok && line == 0)
		fprintf(stderr, "%s: %s\n", name, error.text);
	else if (!ok)
		fprintf(stderr, "%s:%u: %s\n", name, line, error.text);
	free(data);
	return ok;
}

static int
play_files(char *const *names, const struct target *target, bool verbose)
{
	const struct play_output output = {.errors = stderr, .log = verbose ? stdout : NULL};
	struct play_counts counts = {0};
	bool unreadable = false;

	for (; *names != NULL; names++) {
		struct script script;

		if (!load(*names, &script)) {
			unreadable = true;
			continue;
		}
		play(*names, &script, target, &output, &counts);
		script_free(&script);
	}
	printf("%u passed, %u failed", counts.passed, counts.failed);
	if (counts.skipped > 0)
		printf(", %u skipped", counts.skipped);
	printf("\n");
	if (unreadable)
		return EXIT_USAGE;
	return counts.failed > 0 ? EXIT_MISMATCH : EXIT_SUCCESS;
}

static int
play_to_reader(char *const *names, const struct arguments *arguments)
{
	struct problem error;
	struct cardreader *cardreader = cardreader_open(arguments->reader, &error);
	struct target target;
	int code;

	if (cardreader == NULL) {
		fprintf(stderr, "apdu-replay: %s\n", error.text);
		return EXIT_USAGE;
	}
	target = cardreader_target(cardreader);
	code = play_files(names, &target, arguments->verbose);
	cardreader_close(cardreader);
	return code;
}

static int
play_in_process(char *const *names, const struct arguments *arguments)
{
	struct inprocess *inprocess = inprocess_new(arguments->fixtures);
	struct target target;
	int code;

	if (inprocess == NULL) {
		fprintf(stderr, "apdu-replay: no memory for a card; end other programs\n");
		return EXIT_USAGE;
	}
	target = inprocess_target(inprocess);
	code = play_files(names, &target, arguments->verbose);
	inprocess_free(inprocess);
	return code;
}

static int
write_image(char *const *names, const struct arguments *arguments)
{
	struct problem error;
	struct script script;
	bool ok = false;

	if (!load(names[0], &script))
		return EXIT_USAGE;
	if (names[1] != NULL || script.blocks_count != 1)
		(void)problem(&error, "an image is one card; name one FILE with one block");
	else
		ok = cardimage_write(arguments->fixtures, &script.blocks[0].card, arguments->image,
				     &error);
	if (!ok)
		fprintf(stderr, "apdu-replay: %s\n", error.text);
	script_free(&script);
	return ok ? EXIT_SUCCESS : EXIT_USAGE;
}

static int
usage_error(const char *reason, const char *thing)
{
	fprintf(stderr, "apdu-replay: %s%s%s; type: apdu-replay --help\n", reason,
		*thing == '\0' ? "" : " ", thing);
	return EXIT_USAGE;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {{"reader", required_argument, NULL, 'r'},
						{"fixtures", required_argument, NULL, 'f'},
						{"image", required_argument, NULL, 'i'},
						{"verbose", no_argument, NULL, 'v'},
						{"help", no_argument, NULL, 'h'},
						{"version", no_argument, NULL, 'V'},
						{0}};
	struct arguments arguments = {.fixtures = FIXTURES};
	int option;

	/* What is printed stays in order with the errors when both go to one file. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":hV", options, NULL)) != -1) {
		switch (option) {
		case 'r': arguments.reader = optarg; break;
		case 'f': arguments.fixtures = optarg; break;
		case 'i': arguments.image = optarg; break;
		case 'v': arguments.verbose = true; break;
		case 'h': fputs(help, stdout); return EXIT_SUCCESS;
		case 'V': puts("apdu-replay " VICAR_VERSION); return EXIT_SUCCESS;
		case ':': return usage_error("an argument is missing after", argv[optind - 1]);
		default: return usage_error("there is no option", argv[optind - 1]);
		}
	}
	if (optind == argc)
		return usage_error("a FILE is missing", "");
	if (arguments.image != NULL)
		return write_image(argv + optind, &arguments);
	return arguments.reader == NULL ? play_in_process(argv + optind, &arguments)
					: play_to_reader(argv + optind, &arguments);
}
