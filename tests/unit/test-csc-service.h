/*
 * A simulated CSC service beside what test-service.h has: vicar.conf for it, its keys, and a browser, which
 * is a program that follows redirects. To be included after cmocka.h.
 */
#ifndef VICAR_TESTS_UNIT_TEST_CSC_SERVICE_H
#define VICAR_TESTS_UNIT_TEST_CSC_SERVICE_H

#include "cmdbridge/certificate.h"
#include "cmdbridge/service.h"
#include "test-service.h"

#define CSC_USER "[user maria]\npassword = segredo\n"
#define CSC_KEY "[credential maria-sign]\nuser = maria\nkey = rsa2048\npin = " PIN "\n"
#define CSC_SENT CSC_KEY "otp = online\ncode = " CODE "\n"

/* Users and keys, and what the server is like. */
static inline void
csc_accounts(const struct service *service, const char *keys, const char *server)
{
	char text[4096];

	snprintf(text, sizeof(text), CSC_USER "%s[server]\nbrowser = agrees\n%s\n", keys, server);
	service_write(service, "accounts.conf", text);
}

/* vicar.conf; `version` is "v1" or "v2", `more` are further lines of the service. */
static inline void
csc_configure(const struct service *service, const char *version, const char *more)
{
	char endpoint[256], text[4 * PATH_MAX];
	const char *directory = service->directory;

	service_read(service, "endpoint", endpoint, sizeof(endpoint));
	snprintf(strrchr(endpoint, '/') + 1, 8, "%s", version);
	snprintf(text, sizeof(text),
		 "[prompt]\npinentry = pinentry-tty\ntimeout-s = 10\n"
		 "[service csc]\ntype = csc\nendpoint = %s\nca-file = %s/tls-ca.pem\n"
		 "credentials = %s/client\nbrowser = %s/browser\npoll-ms = 50\n"
		 "%s%s\n",
		 endpoint, directory, directory, directory,
		 strstr(more, "transfer-timeout-ms") ? "" : "transfer-timeout-ms = 4000\n", more);
	service_write(service, "vicar.conf", text);
}

/* The credentials file: what the simulator's has, or a user's password. */
static inline void
csc_credentials(const struct service *service, const char *password)
{
	char text[1024];

	if (!password)
		service_read(service, "credentials", text, sizeof(text));
	else
		snprintf(text, sizeof(text), "[credentials]\npassword = %s\n", password);
	service_write(service, "client", text);
}

/* Follows redirects, over TLS that it checks, and notes where it ended. */
static inline void
csc_write_browser(const struct service *service)
{
	char path[PATH_MAX], text[3 * PATH_MAX];

	snprintf(text, sizeof(text),
		 "#!/usr/bin/env python3\n"
		 "import ssl, sys, urllib.request\n"
		 "trust = ssl.create_default_context(cafile='%s/tls-ca.pem')\n"
		 "page = urllib.request.urlopen(sys.argv[1], context=trust)\n"
		 "open('%s/browsed', 'a').write(page.read().decode() + '\\n')\n",
		 service->directory, service->directory);
	service_write(service, "browser", text);
	service_path(service, "browser", path);
	assert_int_equal(chmod(path, 0700), 0);
}

/* The certificate that a key of the account has now. */
static inline void
csc_read_leaf(struct service *service, const char *id)
{
	uint8_t *end = service->leaf_der;
	char name[128], path[PATH_MAX];
	FILE *stream;

	X509_free(service->leaf);
	snprintf(name, sizeof(name), "certificates/%s.pem", id);
	service_path(service, name, path);
	stream = fopen(path, "r");
	assert_non_null(stream);
	service->leaf = PEM_read_X509(stream, NULL, NULL, NULL);
	fclose(stream);
	assert_non_null(service->leaf);
	service->leaf_len = (size_t)i2d_X509(service->leaf, &end);
}

static inline void
csc_start(struct service *service)
{
	char program[PATH_MAX + 32], self[PATH_MAX] = "", path[PATH_MAX];
	int null;

	signal(SIGPIPE, SIG_IGN);
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	snprintf(service->programs, sizeof(service->programs), "%s",
		 dirname(dirname(dirname(self))));
	strcpy(service->directory, "/tmp/vicar-csc-XXXXXX");
	assert_non_null(mkdtemp(service->directory));
	csc_accounts(service, CSC_SENT, "");
	snprintf(program, sizeof(program), "%s/csc-simulator", service->programs);
	service->simulator = fork();
	if (service->simulator == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		null = open("/dev/null", O_WRONLY);
		dup2(null, STDOUT_FILENO);
		execl(program, program, "-q", "-d", service->directory, NULL);
		_exit(127);
	}
	service_wait(service);
	csc_write_browser(service);
	csc_credentials(service, NULL);
	service_write(service, "account", "[account]\nuser = maria\n");
	service_path(service, "vicar.conf", path);
	setenv("VICAR_CONF", path, 1);
	service_path(service, "data", path);
	setenv("XDG_DATA_HOME", path, 1);
	csc_configure(service, "v1", "");
}

/* Calls of a method that came through since the last service_forget_calls(). */
static inline unsigned
csc_calls(const struct service *service, const char *method)
{
	static char text[65536];
	char *save = NULL;
	unsigned count = 0;

	service_read(service, "calls", text, sizeof(text));
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *at = strchr(line, '\t');
		const char *name = at ? strchr(at + 1, '\t') : NULL;

		if (name && strncmp(name + 1, method, strlen(method)) == 0 &&
		    name[1 + strlen(method)] == '\t')
			count++;
	}
	return count;
}

/* A request for one signature, or for what `operation` is. */
static inline struct bridge_request
csc_request(const struct service *service, enum bridge_operation operation)
{
	struct bridge_request request = service_request(service, operation);

	request.service = service_text("csc");
	request.credential = service_text("maria-sign");
	return request;
}

/* The one service of a test program, and its latest use. */
static struct service service;
static struct use use;
static const struct parent patient;

#define CONSENT                 \
	{                       \
		"[sc]?", "s", 0 \
	}
#define RIGHT_CODE                    \
	{                             \
		"Code:", CODE "\n", 0 \
	}
#define WRONG_CODE                     \
	{                              \
		"Code:", "000000\n", 0 \
	}
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static inline int
start_service(void **state)
{
	(void)state;
	csc_start(&service);
	return 0;
}

static inline int
stop_service(void **state)
{
	(void)state;
	service_stop(&service);
	return 0;
}

static inline void
forget_login(void)
{
	char path[PATH_MAX];

	service_path(&service, "data", path);
	nftw(path, service_remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* The key is made when it is asked for first. */
static inline void
make_key(void)
{
	struct bridge_request request = csc_request(&service, BRIDGE_ENROL);

	use_run(&service, &request, &patient, &use);
	if (!use.has_result || use.result.sw != 0x9000)
		fail_msg("%.*s %s", (int)use.result.text.len, (const char *)use.result.text.data,
			 use.said);
	csc_read_leaf(&service, "maria-sign");
}

static inline void
set_up(const char *version, const char *keys, const char *server, const char *more)
{
	csc_accounts(&service, keys, server);
	csc_configure(&service, version, more);
	make_key();
	service_forget_calls(&service);
}

static inline int
as_it_was(void **state)
{
	(void)state;
	forget_login();
	csc_credentials(&service, NULL);
	set_up("v1", CSC_SENT, "", "login = oauth2client");
	return 0;
}

static inline void
sign_with(const struct bridge_request *request, const struct keystroke *keystrokes, size_t count,
	  const struct parent *parent)
{
	struct terminal terminal = terminal_open();

	terminal_start(&terminal, keystrokes, count);
	use_run(&service, request, parent, &use);
	assert_true(terminal_close(&terminal));
}

static inline void
sign(const struct keystroke *keystrokes, size_t count)
{
	struct bridge_request request = csc_request(&service, BRIDGE_SIGN);

	sign_with(&request, keystrokes, count, &patient);
}

static inline void
assert_sw(uint16_t sw)
{
	assert_true(use.has_result);
	if (use.result.sw != sw)
		fail_msg("%04X, not %04X: %.*s", use.result.sw, sw, (int)use.result.text.len,
			 (const char *)use.result.text.data);
}

static inline void
assert_calls(const char *method, unsigned count)
{
	const unsigned made = csc_calls(&service, method);

	if (made != count)
		fail_msg("%s: %u calls, not %u", method, made, count);
}

/* Verified, and one authorisation for one signature. */
static inline void
assert_signed(void)
{
	assert_sw(0x9000);
	assert_int_equal(use.result.outputs_count, 1);
	assert_true(
	    certificate_verifies(service.leaf, BYTES(digestinfo_empty), use.result.outputs[0]));
	assert_int_equal(use.starts, 1);
	assert_calls("signatures/signHash", 1);
}

#endif
