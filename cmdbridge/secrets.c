#include "secrets.h"
#include "phone.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 4096 };

struct field {
	const char *name;
	char *value;
	size_t room;
	bool is_known; /* here */
	bool optional;
	bool seen;
};

struct parse {
	const char *path;
	const char *section;
	struct field *fields;
	size_t count;
	const char *at; /* what libinih has not read yet */
	int line;
	char *error;
};

__attribute__((format(printf, 2, 3))) static bool
refuse(struct parse *parse, const char *format, ...)
{
	va_list arguments;
	int used;

	if (parse->error[0])
		return false;
	used = snprintf(parse->error, SECRETS_ERROR_MAX, "%s: ", parse->path);
	if (used > 0 && used < SECRETS_ERROR_MAX) {
		va_start(arguments, format);
		vsnprintf(parse->error + used, SECRETS_ERROR_MAX - (size_t)used, format, arguments);
		va_end(arguments);
	}
	return false;
}

/* libinih's fgets: `room` counts the NUL. */
static char *
read_line(char *line, int room, void *context)
{
	struct parse *parse = context;
	size_t len = strcspn(parse->at, "\n");
	size_t comment = 0;

	if (!*parse->at || parse->error[0])
		return NULL;
	parse->line++;
	if (parse->at[len] == '\n')
		len++;
	if (len >= (size_t)room) {
		refuse(parse, "line %d is longer than %d characters; shorten it", parse->line,
		       room - 2);
		return NULL;
	}
	/* libinih takes ` ;` for the beginning of a comment, also inside a password. */
	for (size_t i = 1; i < len && !comment; i++)
		if (parse->at[i] == ';' && isspace((unsigned char)parse->at[i - 1]))
			comment = i;
	if (comment > 0 && memchr(parse->at, '=', comment)) {
		refuse(parse,
		       "line %d: what follows \" ;\" would be cut as a comment; put comments on"
		       " lines of their own, and choose a value without \" ;\"",
		       parse->line);
		return NULL;
	}
	memcpy(line, parse->at, len);
	line[len] = '\0';
	parse->at += len;
	return line;
}

static int
take_field(void *context, const char *section, const char *name, const char *value)
{
	struct parse *parse = context;
	struct field *field = NULL;

	if (strcmp(section, parse->section) != 0)
		return refuse(parse, "line %d: section [%s] is not known here; keep [%s] alone",
			      parse->line, section, parse->section);
	for (size_t i = 0; i < parse->count && !field; i++)
		if (parse->fields[i].is_known && strcmp(parse->fields[i].name, name) == 0)
			field = &parse->fields[i];
	if (!field)
		return refuse(parse, "line %d: key %s is not known here; see vicar.conf(5)",
			      parse->line, name);
	if (field->seen)
		return refuse(parse, "line %d: key %s is there twice; keep one", parse->line, name);
	if (strlen(value) >= field->room)
		return refuse(parse,
			      "line %d: the value of %s is longer than %zu characters; correct it",
			      parse->line, name, field->room - 1);
	field->seen = true;
	memcpy(field->value, value, strlen(value) + 1);
	return 1;
}

/* Reads the whole file into `text`, which has room for FILE_MAX + 1. */
static bool
read_private(struct parse *parse, char *text)
{
	struct stat about;
	size_t len = 0;
	ssize_t n = 0;
	bool ok = false;
	int fd;

	fd = open(parse->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &about) != 0) {
		refuse(parse, "cannot be read: %s; create it (mode 0600), see vicar.conf(5)",
		       strerror(errno));
		goto out;
	}
	if (!S_ISREG(about.st_mode)) {
		refuse(parse, "is not a regular file; name one, see vicar.conf(5)");
		goto out;
	}
	if (about.st_uid != geteuid() && about.st_uid != 0) {
		refuse(parse, "belongs to another user (uid %u); make a copy that is your own",
		       (unsigned)about.st_uid);
		goto out;
	}
	if (about.st_mode & (S_IRWXG | S_IRWXO)) {
		refuse(parse, "may be read by others (mode %04o); type: chmod 600 %s",
		       (unsigned)(about.st_mode & 07777), parse->path);
		goto out;
	}
	while (len <= FILE_MAX &&
	       (n = TEMP_FAILURE_RETRY(read(fd, text + len, FILE_MAX + 1 - len))) > 0)
		len += (size_t)n;
	if (n < 0 || len > FILE_MAX || memchr(text, '\0', len)) {
		refuse(parse,
		       "is no text file of at most %d bytes; write it anew, see vicar.conf(5)",
		       FILE_MAX);
		goto out;
	}
	text[len] = '\0';
	ok = true;
out:
	if (fd >= 0)
		close(fd);
	return ok;
}

static bool
load(struct parse *parse)
{
	char *text = OPENSSL_secure_zalloc(FILE_MAX + 1);
	bool ok = false;
	int bad;

	parse->error[0] = '\0';
	if (!text) {
		refuse(parse, "no memory is left to read it; close other programs");
		goto out;
	}
	if (!read_private(parse, text))
		goto out;
	parse->at = text;
	bad = ini_parse_stream(read_line, parse, take_field, parse);
	if (parse->error[0])
		goto out;
	if (bad != 0) {
		refuse(parse, "line %d is neither [section] nor key = value; correct it", bad);
		goto out;
	}
	for (size_t i = 0; i < parse->count; i++) {
		if (!parse->fields[i].is_known || parse->fields[i].optional ||
		    parse->fields[i].value[0])
			continue;
		refuse(parse, "%s is missing in [%s]; add the line: %s = ...",
		       parse->fields[i].name, parse->section, parse->fields[i].name);
		goto out;
	}
	ok = true;
out:
	OPENSSL_secure_clear_free(text, FILE_MAX + 1);
	return ok;
}

static struct field
credential(const struct service_kind *kind, unsigned secret, const char *name, char *value,
	   size_t room)
{
	return (struct field){
	    .name = name,
	    .value = value,
	    .room = room,
	    .is_known = (kind->secrets & secret) != 0,
	    .optional = (kind->secrets_needed & secret) == 0,
	};
}

bool
service_credentials_load(const char *path, const struct service_kind *kind,
			 struct service_credentials *credentials, char error[SECRETS_ERROR_MAX])
{
	struct service_credentials *c = credentials;
	struct field fields[] = {
	    {"profile", c->profile, sizeof(c->profile), true, true, false},
	    credential(kind, SERVICE_SECRET_APPLICATION_ID, "application-id", c->application_id,
		       sizeof(c->application_id)),
	    credential(kind, SERVICE_SECRET_USER, "user", c->user, sizeof(c->user)),
	    credential(kind, SERVICE_SECRET_PASSWORD, "password", c->password, sizeof(c->password)),
	    credential(kind, SERVICE_SECRET_CLIENT_ID, "client-id", c->client_id,
		       sizeof(c->client_id)),
	    credential(kind, SERVICE_SECRET_CLIENT_SECRET, "client-secret", c->client_secret,
		       sizeof(c->client_secret)),
	    {"proxy-user", c->proxy_user, sizeof(c->proxy_user), true, true, false},
	    {"proxy-password", c->proxy_password, sizeof(c->proxy_password), true, true, false},
	};
	struct parse parse = {.path = path,
			      .section = "credentials",
			      .fields = fields,
			      .count = sizeof(fields) / sizeof(fields[0]),
			      .error = error};
	bool ok;

	memset(credentials, 0, sizeof(*credentials));
	ok = load(&parse);
	if (ok && strchr(credentials->user, ':'))
		ok = refuse(&parse, "user has a colon (RFC 7617 section 2); correct it");
	if (!ok)
		service_credentials_wipe(credentials);
	return ok;
}

bool
service_credentials_fit(const struct service_config *config,
			const struct service_credentials *credentials,
			char error[SECRETS_ERROR_MAX])
{
	const char *wanted = service_profile_name(config->profile);

	if (!credentials->profile[0] || strcmp(credentials->profile, wanted) == 0)
		return true;
	snprintf(error, SECRETS_ERROR_MAX,
		 "%s: is for profile %s, and service %s has profile %s; name other credentials",
		 config->credentials, credentials->profile, config->name, wanted);
	return false;
}

void
service_credentials_wipe(struct service_credentials *credentials)
{
	OPENSSL_cleanse(credentials, sizeof(*credentials));
}

bool
service_account_load(const char *path, enum service_account_kind kind,
		     struct service_account *account, char error[SECRETS_ERROR_MAX])
{
	char typed[64] = "";
	const bool phone = kind == SERVICE_ACCOUNT_PHONE, user = kind == SERVICE_ACCOUNT_USER;
	struct field fields[] = {
	    {"phone", typed, sizeof(typed), phone, false, false},
	    {"user", account->user, sizeof(account->user), user, false, false},
	};
	struct parse parse = {.path = path,
			      .section = "account",
			      .fields = fields,
			      .count = sizeof(fields) / sizeof(fields[0]),
			      .error = error};
	bool ok;

	_Static_assert(sizeof(account->phone) == PHONE_SIZE, "phone.h and service.h agree");
	memset(account, 0, sizeof(*account));
	ok = load(&parse);
	if (ok && phone && !phone_normalise(typed, account->phone))
		ok = refuse(&parse, "phone is no telephone number; write it as +351 9XXXXXXXX");
	if (!ok)
		service_account_wipe(account);
	OPENSSL_cleanse(typed, sizeof(typed));
	return ok;
}

void
service_account_wipe(struct service_account *account)
{
	OPENSSL_cleanse(account, sizeof(*account));
}
