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

enum { TYPED_MAX = 128 };

/* Each takes what was typed; false: it is none. */
static bool
take_phone(const char *typed, struct service_account *account)
{
	return phone_normalise(typed, account->phone);
}

static bool
take_user(const char *typed, struct service_account *account)
{
	for (const char *at = typed; *at != '\0'; at++)
		if ((unsigned char)*at <= ' ' || *at == 0x7F)
			return false;
	return *typed != '\0' && snprintf(account->user, sizeof(account->user), "%s", typed) <
				     (int)sizeof(account->user);
}

static const struct kind {
	const char *what, *prompt, *again;
	bool (*take)(const char *typed, struct service_account *account);
} kinds[] = {
    [SERVICE_ACCOUNT_PHONE] = {"phone number", "Phone number of the account (+351 9XXXXXXXX): ",
			       "That is no phone number. As +351 9XXXXXXXX: ", take_phone},
    [SERVICE_ACCOUNT_USER] = {"user name", "User name of the account: ",
			      "That is no user name. Without blanks: ", take_user},
};

bool
account_ask(enum service_account_kind kind, struct service_account *account, struct problem *error)
{
	const char *prompt = kinds[kind].prompt;
	char typed[TYPED_MAX];
	struct terminal terminal;
	bool ok;

	if (!terminal_open(&terminal))
		return problem(error,
			       "the %s cannot be asked for: no terminal; put it in a file, mode "
			       "0600, and name that with --account",
			       kinds[kind].what);
	while ((ok = terminal_ask(&terminal, prompt, true, typed, sizeof(typed), error)) &&
	       !kinds[kind].take(typed, account))
		prompt = kinds[kind].again;
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
	const bool phone = account->phone[0] != '\0';
	char text[sizeof(*account) + 32];
	bool ok;

	snprintf(text, sizeof(text), "[account]\n%s = %s\n", phone ? "phone" : "user",
		 phone ? account->phone : account->user);
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
