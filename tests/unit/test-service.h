/*
 * A simulated service, and a parent that starts vicar-bridge for one use of it, with a typist at a
 * real pinentry-tty. The programs are those that stand beside the tests in the build directory. To be
 * included after cmocka.h.
 */
#ifndef VICAR_TESTS_UNIT_TEST_SERVICE_H
#define VICAR_TESTS_UNIT_TEST_SERVICE_H

#include "cmdbridge/bridge.h"
#include "test-issue.h"
#include "test-terminal.h"

#include <errno.h>
#include <ftw.h>
#include <libgen.h>
#include <limits.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#define PIN "271828"
#define PHONE "+351 912345678"
#define CODE "314159"
#define ACCOUNT \
	"[account maria]\nphone = " PHONE "\npin = " PIN "\nkey = rsa2048\ncode = " CODE "\n"

/* DigestInfo of SHA-256 of the empty string (RFC 8017 9.2, cmd.md 6). */
static const uint8_t digestinfo_empty[] = {
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,
    0x02, 0x01, 0x05, 0x00, 0x04, 0x20, 0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c,
    0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4,
    0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};

struct service {
	char directory[PATH_MAX];
	char programs[PATH_MAX];
	pid_t simulator;
	X509 *leaf; /* the account's certificate */
	uint8_t leaf_der[4096];
	size_t leaf_len;
};

/* What came of one use. */
struct use {
	unsigned starts;
	unsigned progress;
	bool has_result;
	struct bridge_result result; /* views into `message` */
	uint8_t message[BRIDGE_MESSAGE_MAX];
	int exit_code;   /* of vicar-bridge */
	char said[4096]; /* its standard error */
};

/* How the parent behaves. */
struct parent {
	bool hang_up_at_start;     /* instead of GO */
	bool cancel_at_start;      /* right behind GO */
	unsigned hang_up_after_ms; /* after GO; 0: never */
};

static inline void
service_path(const struct service *service, const char *name, char path[PATH_MAX])
{
	assert_true(snprintf(path, PATH_MAX, "%s/%s", service->directory, name) < PATH_MAX);
}

static inline void
service_write(const struct service *service, const char *name, const char *text)
{
	char path[PATH_MAX], beside[PATH_MAX];
	FILE *stream;

	service_path(service, name, path);
	service_path(service, "beside", beside);
	stream = fopen(beside, "w");
	assert_non_null(stream);
	fputs(text, stream);
	fclose(stream);
	assert_int_equal(chmod(beside, 0600), 0);
	assert_int_equal(rename(beside, path), 0);
}

static inline void
service_read(const struct service *service, const char *name, char *text, size_t room)
{
	char path[PATH_MAX];
	FILE *stream;
	size_t len;

	service_path(service, name, path);
	stream = fopen(path, "r");
	assert_non_null(stream);
	len = fread(text, 1, room - 1, stream);
	text[len] = '\0';
	fclose(stream);
}

/* `more` are further lines for the account, `server` for the server. */
static inline void
service_account(const struct service *service, const char *more)
{
	char text[1024];

	snprintf(text, sizeof(text), "%s%s\n", ACCOUNT, more);
	service_write(service, "accounts.conf", text);
}

/* vicar.conf; `more` are further lines of the service, standing in for those of the same name. */
static inline void
service_configure(const struct service *service, const char *more)
{
	static const char *const names[] = {"endpoint", "ca-file", "encryption-certificate",
					    "transfer-timeout-ms", "credentials"};
	char endpoint[256], values[5][PATH_MAX], text[8192];
	size_t used;

	service_read(service, "endpoint", endpoint, sizeof(endpoint));
	endpoint[strcspn(endpoint, "\n")] = '\0';
	snprintf(values[0], PATH_MAX, "%s", endpoint);
	service_path(service, "tls-ca.pem", values[1]);
	service_path(service, "cifra.pem", values[2]);
	snprintf(values[3], PATH_MAX, "4000");
	service_path(service, "credentials", values[4]);
	used = (size_t)snprintf(text, sizeof(text),
				"[prompt]\npinentry = pinentry-tty\ntimeout-s = 10\n"
				"[service cmd]\ntype = cmd\nprofile = simulator\n%s\n",
				more);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(more, names[i], strlen(names[i])) != 0)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s = %s\n",
						 names[i], values[i]);
	service_write(service, "vicar.conf", text);
}

static inline void
service_wait(const struct service *service)
{
	char path[PATH_MAX];

	service_path(service, "endpoint", path);
	for (unsigned i = 0; access(path, F_OK) != 0; i++) {
		if (i == 1200 || waitpid(service->simulator, NULL, WNOHANG) != 0)
			fail_msg("cmd-simulator does not start; is it built?");
		usleep(50 * 1000);
	}
}

static inline void
service_read_leaf(struct service *service)
{
	uint8_t *end = service->leaf_der;
	char path[PATH_MAX];
	FILE *stream;

	service_path(service, "certificates/maria.pem", path);
	stream = fopen(path, "r");
	assert_non_null(stream);
	service->leaf = PEM_read_X509(stream, NULL, NULL, NULL);
	fclose(stream);
	assert_non_null(service->leaf);
	service->leaf_len = (size_t)i2d_X509(service->leaf, &end);
}

/* Without an account of its own; `option` and `value` are what is given besides, or NULL. */
static inline void
service_begin(struct service *service, const char *option, const char *value)
{
	char program[PATH_MAX + 32];
	int null;

	snprintf(program, sizeof(program), "%s/cmd-simulator", service->programs);
	service->simulator = fork();
	if (service->simulator == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		null = open("/dev/null", O_WRONLY);
		dup2(null, STDOUT_FILENO);
		execl(program, program, "-q", "--validate", "-d", service->directory, option, value,
		      NULL);
		_exit(127);
	}
	service_wait(service);
}

static inline void
service_end(struct service *service)
{
	kill(service->simulator, SIGTERM);
	waitpid(service->simulator, NULL, 0);
}

static inline void
service_start(struct service *service)
{
	char self[PATH_MAX] = "", conf[PATH_MAX];

	signal(SIGPIPE, SIG_IGN);
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	snprintf(service->programs, sizeof(service->programs), "%s",
		 dirname(dirname(dirname(self))));
	strcpy(service->directory, "/tmp/vicar-service-XXXXXX");
	assert_non_null(mkdtemp(service->directory));
	service_account(service, "");
	service_begin(service, NULL, NULL);
	service_read_leaf(service);
	service_write(service, "account", "[account]\nphone = " PHONE "\n");
	service_path(service, "vicar.conf", conf);
	setenv("VICAR_CONF", conf, 1);
	service_configure(service, "");
}

static inline int
service_remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void
service_stop(struct service *service)
{
	service_end(service);
	nftw(service->directory, service_remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	X509_free(service->leaf);
}

/* Calls of this operation since the last service_forget_calls() that were valid by the WSDL, or not. */
static inline unsigned
service_calls_valid(const struct service *service, const char *operation, bool valid)
{
	static char text[65536];
	char *save = NULL;
	unsigned count = 0;

	service_read(service, "calls", text, sizeof(text));
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *name = strchr(line, '\t');

		if (!name || strncmp(name + 1, operation, strlen(operation)) != 0 ||
		    name[1 + strlen(operation)] != '\t')
			continue;
		if ((strstr(line, "\tno\t") == NULL) == valid)
			count++;
	}
	return count;
}

/* Of which there must be none that was not valid. */
static inline unsigned
service_calls(const struct service *service, const char *operation)
{
	if (service_calls_valid(service, operation, false) > 0)
		fail_msg("a call of %s was not valid by the WSDL", operation);
	return service_calls_valid(service, operation, true);
}

static inline void
service_forget_calls(const struct service *service)
{
	char path[PATH_MAX];

	service_path(service, "calls", path);
	assert_int_equal(truncate(path, 0), 0);
	service_path(service, "messages", path);
	assert_int_equal(truncate(path, 0), 0);
}

static inline struct bytes
service_text(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static inline struct bridge_request
service_request(const struct service *service, enum bridge_operation operation)
{
	static char account[PATH_MAX];

	service_path(service, "account", account);
	return (struct bridge_request){
	    .operation = operation,
	    .service = service_text("cmd"),
	    .account = service_text(account),
	    .card = service_text("cartao"),
	    .key = service_text("sign"),
	    .program = service_text("pkcs11-tool"),
	    .documents = {{service_text("contrato.pdf"), BYTES(digestinfo_empty)}},
	    .documents_count = 1,
	    .certificate = {service->leaf_der, service->leaf_len},
	    /* With one, ENROL and CHECK would ask for proof. */
	    .pin = operation == BRIDGE_SIGN ? service_text(PIN) : BYTES_NONE,
	    .tries_left = 2,
	};
}

static inline pid_t
use_spawn(const struct service *service, int *parent_end, int *errors)
{
	char program[PATH_MAX + 32];
	int ends[2], pipe_ends[2], null;
	pid_t pid;

	snprintf(program, sizeof(program), "%s/vicar-bridge", service->programs);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		null = open("/dev/null", O_RDWR);
		dup2(null, STDIN_FILENO);
		dup2(pipe_ends[1], STDERR_FILENO);
		dup2(ends[1], BRIDGE_FD);
		fcntl(BRIDGE_FD, F_SETFD, 0);
		execl(program, program, NULL);
		_exit(127);
	}
	close(ends[1]);
	close(pipe_ends[1]);
	*parent_end = ends[0];
	*errors = pipe_ends[0];
	return pid;
}

/* One message of the bridge; false when there is nothing more to hear. */
static inline bool
use_step(struct use *use, int fd, const struct parent *parent)
{
	static const uint8_t go = BRIDGE_GO, cancel = BRIDGE_CANCEL;
	enum bridge_kind kind;
	struct bridge_progress progress;
	struct bytes message;
	ssize_t len;

	/* ECONNRESET: it ended without reading a cancel. That is told once, and before what it said. */
	do
		len = recv(fd, use->message, sizeof(use->message), 0);
	while (len < 0 && errno == ECONNRESET);
	message = (struct bytes){use->message, len > 0 ? (size_t)len : 0};
	if (len <= 0 || !bridge_kind(message, &kind))
		return false;
	switch (kind) {
	case BRIDGE_START:
		use->starts++;
		if (parent->hang_up_at_start)
			return false;
		assert_int_equal(send(fd, &go, 1, 0), 1);
		if (parent->cancel_at_start)
			assert_int_equal(send(fd, &cancel, 1, 0), 1);
		if (parent->hang_up_after_ms == 0)
			return true;
		usleep(parent->hang_up_after_ms * 1000);
		return false;
	case BRIDGE_PROGRESS:
		assert_true(bridge_progress_decode(message, &progress));
		use->progress++;
		return true;
	case BRIDGE_RESULT:
		use->has_result = bridge_result_decode(message, &use->result);
		return false;
	default: fail_msg("the bridge sent a message of kind %02x", kind);
	}
	return false;
}

/* Everything from REQUEST to the end of the process. */
static inline void
use_run(const struct service *service, const struct bridge_request *request,
	const struct parent *parent, struct use *use)
{
	static uint8_t room[BRIDGE_MESSAGE_MAX];
	struct writer writer = writer_to(room, sizeof(room));
	int fd, errors, status = 0;
	ssize_t len;
	pid_t pid;

	memset(use, 0, sizeof(*use));
	pid = use_spawn(service, &fd, &errors);
	assert_true(bridge_request_encode(request, &writer));
	assert_int_equal(send(fd, room, writer.len, MSG_NOSIGNAL), writer.len);
	while (use_step(use, fd, parent))
		;
	close(fd);
	len = read(errors, use->said, sizeof(use->said) - 1);
	use->said[len > 0 ? len : 0] = '\0';
	close(errors);
	waitpid(pid, &status, 0);
	use->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline bool
use_says(struct bytes text, const char *words)
{
	return text.len > 0 && memmem(text.data, text.len, words, strlen(words));
}

#endif
