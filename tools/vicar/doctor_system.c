#include "doctor.h"
#include "tools/config_service.h"

#include "cmdbridge/memory.h"
#include "handler.h"
#include "ifdhandler/link.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRECTORY_GROUP "vicar"
#define MAKE_DIRECTORY "systemd-sysusers; systemd-tmpfiles --create vicar.conf"

enum { DIRECTORY_MODE = 03775 };

enum finding
check_memory(struct doctor *doctor, struct problem *text)
{
	char error[MEMORY_ERROR_MAX];

	(void)doctor;
	if (!memory_protect(error))
		return finding_of(problem(text, "%s", error));
	problem(text, "secrets can be kept out of swap and core files");
	return FINDING_OK;
}

enum finding
check_config(struct doctor *doctor, struct problem *text)
{
	struct problem error;

	doctor->configured = config_load_services(&doctor->config, &error);
	if (!doctor->configured)
		return finding_of(problem(text, "%s", error.text));
	problem(text, "vicar.conf is right, it has %zu service%s", doctor->config.services_count,
		doctor->config.services_count == 1 ? "" : "s");
	return FINDING_OK;
}

/* How many of the entries are for our library: more than one gives one reader twice. */
static size_t
count_ours(const struct doctor *doctor, const struct reader_entry *ours)
{
	size_t count = 0;

	for (size_t i = 0; i < doctor->readers_conf.count; i++)
		if (strcmp(doctor->readers_conf.entries[i].device, ours->device) == 0)
			count++;
	return count;
}

enum finding
check_reader_entry(struct doctor *doctor, struct problem *text)
{
	const struct reader_entry *ours;

	if (!reader_conf_directory(&doctor->readers_conf, doctor->reader_conf, text))
		return FINDING_BAD;
	if ((ours = reader_conf_ours(&doctor->readers_conf)) == NULL)
		return finding_of(problem(
		    text,
		    "no file in %s is an entry for libifdvicar.so; install Vicar, then type: "
		    "systemctl restart pcscd",
		    doctor->reader_conf));
	if (count_ours(doctor, ours) > 1)
		return finding_of(
		    problem(text,
			    "%s has more than one entry for %s; remove all but one, then type: "
			    "systemctl restart pcscd",
			    doctor->reader_conf, ours->device));
	doctor->readers_conf_read = true;
	problem(text, "%s makes reader \"%s\"%s", ours->file, ours->name,
		strstr(ours->device, ":pinpad") != NULL ? " with a PIN pad" : "");
	return FINDING_OK;
}

enum finding
check_handler(struct doctor *doctor, struct problem *text)
{
	const struct reader_entry *ours;

	if (!doctor->readers_conf_read) {
		problem(text, "not looked at: there is no reader entry to name it");
		return FINDING_SKIPPED;
	}
	ours = reader_conf_ours(&doctor->readers_conf);
	if (!handler_check(ours->library, text))
		return FINDING_BAD;
	problem(text, "%s loads and has its ten functions", ours->library);
	return FINDING_OK;
}

static bool
is_member(gid_t group)
{
	return geteuid() == 0 || getegid() == group || group_member(group) != 0;
}

/* The one that the package makes, sysusers.d and tmpfiles.d. */
static enum finding
check_shared_directory(const char *path, const struct stat *st, struct problem *text)
{
	const struct group *group = getgrnam(DIRECTORY_GROUP);

	if (group == NULL)
		return finding_of(
		    problem(text, "there is no group " DIRECTORY_GROUP "; type: " MAKE_DIRECTORY));
	if ((st->st_mode & 07777) != DIRECTORY_MODE || st->st_uid != 0 ||
	    st->st_gid != group->gr_gid)
		return finding_of(problem(
		    text,
		    "%s has mode %04o, owner %u, group %u, and must have %04o root:" DIRECTORY_GROUP
		    "; type: " MAKE_DIRECTORY,
		    path, (unsigned)st->st_mode & 07777, st->st_uid, st->st_gid,
		    (unsigned)DIRECTORY_MODE));
	if (!is_member(group->gr_gid))
		return finding_of(problem(text, "this user is not in group " DIRECTORY_GROUP
						", or was not at login; type: "
						"sudo adduser $USER " DIRECTORY_GROUP
						"; then log in again"));
	problem(text, "%s is there and may be used", path);
	return FINDING_OK;
}

enum finding
check_directory(struct doctor *doctor, struct problem *text)
{
	const char *path;
	struct stat st;

	if (!doctor->configured) {
		problem(text, "not looked at: vicar.conf says where it is");
		return FINDING_SKIPPED;
	}
	path = doctor->config.socket_directory;
	if (stat(path, &st) < 0)
		return finding_of(
		    problem(text, "%s, where cards and reader meet: %s; type: " MAKE_DIRECTORY,
			    path, strerror(errno)));
	if (!S_ISDIR(st.st_mode))
		return finding_of(problem(
		    text, "%s is no directory; remove it, then type: " MAKE_DIRECTORY, path));
	if (strcmp(path, LINK_DIRECTORY) == 0)
		return check_shared_directory(path, &st, text);
	if (access(path, W_OK | X_OK) < 0)
		return finding_of(problem(
		    text,
		    "%s may not be written: %s; correct socket-directory in vicar.conf or its "
		    "permissions",
		    path, strerror(errno)));
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (st.st_mode & S_ISVTX) == 0)
		return finding_of(
		    problem(text,
			    "others may write %s and it is not sticky, so they can remove cards; "
			    "type: chmod +t %s",
			    path, path));
	problem(text, "%s is there and may be used", path);
	return FINDING_OK;
}
