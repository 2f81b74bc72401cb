/*
 * The private files of a service: credentials and account. The first byte says which, and of which kind
 * of service.
 */
#include "fuzz.h"

#include "cmdbridge/cmd.h"
#include "cmdbridge/csc.h"
#include "cmdbridge/secrets.h"

#include <string.h>
#include <sys/stat.h>

static void
must_end(const char *text, size_t room)
{
	fuzz_must(memchr(text, '\0', room) != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct service_credentials credentials;
	struct service_account account;
	char path[64], error[SECRETS_ERROR_MAX] = "";
	bool ok;
	int fd;

	if (size == 0)
		return 0;
	fd = fuzz_file(data + 1, size - 1, path);
	fuzz_must(fchmod(fd, 0600) == 0);
	if (data[0] & 1) {
		ok = service_credentials_load(path, data[0] & 2 ? &cmd_kind : &csc_kind,
					      &credentials, error);
		must_end(credentials.password, sizeof(credentials.password));
		must_end(credentials.client_secret, sizeof(credentials.client_secret));
		fuzz_must(ok || credentials.password[0] == '\0');
		service_credentials_wipe(&credentials);
	} else {
		ok = service_account_load(
		    path, data[0] & 2 ? SERVICE_ACCOUNT_PHONE : SERVICE_ACCOUNT_USER, &account,
		    error);
		must_end(account.phone, sizeof(account.phone));
		must_end(account.user, sizeof(account.user));
		service_account_wipe(&account);
	}
	fuzz_must(ok == (error[0] == '\0'));
	close(fd);
	return 0;
}
