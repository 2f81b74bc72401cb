#include "account.h"

#include "cmdbridge/phone.h"
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TYPED_MAX = 64 };

bool
account_ask(struct service_account *account, struct problem *error)
{
	const char *prompt = "Phone number of the account (+351 9XXXXXXXX): ";
	char typed[TYPED_MAX];
	struct terminal terminal;
	bool ok;

	if (!terminal_open(&terminal))
		return problem(
		    error,
		    "the phone number cannot be asked for: no terminal; put it in a file, mode "
		    "0600, and name that with --account");
	while ((ok = terminal_ask(&terminal, prompt, true, typed, sizeof(typed), error)) &&
	       !phone_normalise(typed, account->phone))
		prompt = "That is no phone number. As +351 9XXXXXXXX: ";
	OPENSSL_cleanse(typed, sizeof(typed));
	terminal_close(&terminal);
	return ok;
}

static bool
write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		const ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return fsync(fd) == 0;
}

static bool
write_account(int fd, const struct service_account *account)
{
	char text[sizeof(account->phone) + 32];
	bool ok;

	snprintf(text, sizeof(text), "[account]\nphone = %s\n", account->phone);
	ok = write_all(fd, text, strlen(text));
	OPENSSL_cleanse(text, sizeof(text));
	return ok;
}

bool
account_write(const char *path, const struct service_account *account, struct problem *error)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok;

	if (fd < 0)
		return problem(error,
			       "account file %s cannot be created: %s; see who may write there",
			       path, strerror(errno));
	ok = write_account(fd, account);
	if (close(fd) < 0)
		ok = false;
	if (!ok) {
		problem(error,
			"account file %s cannot be written: %s; see whether the disk is full", path,
			strerror(errno));
		unlink(path);
	}
	return ok;
}

int
account_in_memory(const struct service_account *account, struct problem *error)
{
	const int fd = memfd_create("account", MFD_CLOEXEC);

	if (fd >= 0 && fchmod(fd, S_IRUSR | S_IWUSR) == 0 && write_account(fd, account))
		return fd;
	problem(error, "the account cannot be handed to vicar-bridge: %s; close some programs",
		strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}
