#include "records.h"

#include <errno.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { TIME_MAX = 64 };

bool
sim_records_open(const struct sim_directory *directory, FILE *terminal, struct sim_records *records,
		 struct problem *error)
{
	*records = (struct sim_records){.calls = -1, .messages = -1, .terminal = terminal};
	records->calls = sim_directory_append(directory, "calls", 0644, error);
	if (records->calls == -1)
		goto fail;
	if (flock(records->calls, LOCK_EX | LOCK_NB) == -1) {
		(void)problem(error,
			      "another cmd-simulator uses %s (%s); end it or give another "
			      "--directory",
			      directory->path, strerror(errno));
		goto fail;
	}
	records->messages = sim_directory_append(directory, "messages", 0600, error);
	if (records->messages == -1)
		goto fail;
	return true;
fail:
	sim_records_close(records);
	return false;
}

void
sim_records_close(struct sim_records *records)
{
	if (records->calls != -1)
		(void)close(records->calls);
	if (records->messages != -1)
		(void)close(records->messages);
	records->calls = records->messages = -1;
}

static const char *
now_text(char text[TIME_MAX])
{
	struct timespec now;
	struct tm utc;
	size_t len;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &utc);
	len = strftime(text, TIME_MAX, "%Y-%m-%dT%H:%M:%S", &utc);
	(void)snprintf(text + len, TIME_MAX - len, ".%03ldZ", now.tv_nsec / 1000000);
	return text;
}

static const char *
or_dash(const char *text)
{
	return text != NULL && text[0] != '\0' ? text : "-";
}

bool
sim_records_call(const struct sim_records *records, const struct sim_call *call)
{
	static const char *const validities[] = {
	    [SIM_NOT_CHECKED] = "-", [SIM_VALID] = "yes", [SIM_INVALID] = "no"};
	char at[TIME_MAX];

	return dprintf(records->calls, "%s\t%s\t%s\t%s\t%s\t%s\n", now_text(at),
		       or_dash(call->operation), or_dash(call->account), or_dash(call->result),
		       validities[call->validity], or_dash(call->doc_name)) > 0;
}

bool
sim_records_code(const struct sim_records *records, const char *account, const char *doc_name,
		 const char *code)
{
	char at[TIME_MAX];

	if (dprintf(records->messages, "%s\t%s\t%s\t%s\n", now_text(at), account, or_dash(doc_name),
		    code) < 0)
		return false;
	if (records->terminal != NULL) {
		fprintf(records->terminal, "text message to %s: the code for %s is %s\n", account,
			or_dash(doc_name), code);
		(void)fflush(records->terminal);
	}
	return true;
}

bool
sim_records_blocked(const struct sim_records *records, const char *account)
{
	char at[TIME_MAX];

	if (dprintf(records->messages, "%s\t%s\t%s\t-\n", now_text(at), account,
		    "account blocked") < 0)
		return false;
	if (records->terminal != NULL) {
		fprintf(records->terminal,
			"text message to %s: too many wrong PINs, the account is blocked\n",
			account);
		(void)fflush(records->terminal);
	}
	return true;
}

void
sim_records_printable(const char *text, char *printable, size_t room)
{
	size_t len = strlen(text);

	if (len >= room) {
		len = room - 1;
		while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80)
			len--;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		printable[i] = text[i];
		if (c < 0x20 || c == 0x7F)
			printable[i] = '?';
	}
	printable[len] = '\0';
}
