/*
 * pcscd, the reader it makes of our entry, and who else has its hands on the card.
 */
#include "doctor.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SYSTEM_DIRECTORIES "/usr/sbin:/sbin:/usr/local/sbin" /* in no user's PATH */

static bool
is_installed(const char *program)
{
	const char *lists[] = {getenv("PATH"), SYSTEM_DIRECTORIES};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (const char *at = lists[i]; at != NULL && *at != '\0';) {
			const size_t len = strcspn(at, ":");
			char path[PATH_MAX];

			snprintf(path, sizeof(path), "%.*s/%s", (int)len, at, program);
			if (access(path, X_OK) == 0)
				return true;
			at += len + (at[len] == ':');
		}
	return false;
}

enum finding
check_pcscd(struct doctor *doctor, struct problem *text)
{
	if (access(pcsc_socket(), F_OK) < 0 && !is_installed("pcscd"))
		return finding_of(
		    problem(text, "it is not installed; type: sudo apt install pcscd"));
	if (access(pcsc_socket(), F_OK) < 0)
		return finding_of(
		    problem(text,
			    "it does not run, nor is it waited for: its socket %s: %s; type: sudo "
			    "systemctl enable --now pcscd.socket",
			    pcsc_socket(), strerror(errno)));
	doctor->pcscd = pcsc_readers(doctor->readers, &doctor->readers_count, text);
	if (!doctor->pcscd)
		return FINDING_BAD;
	problem(text, "it answers and has %zu reader%s", doctor->readers_count,
		doctor->readers_count == 1 ? "" : "s");
	return FINDING_OK;
}

/* vicar:DIRECTORY:SLOTS, with or without more behind it. */
static unsigned long
slots_of(const struct reader_entry *ours)
{
	const char *at = strchr(ours->device, ':');

	at = at == NULL ? NULL : strchr(at + 1, ':');
	return at == NULL || !isdigit((unsigned char)at[1]) ? 1 : strtoul(at + 1, NULL, 10);
}

static bool
is_ours(const struct pcsc_reader *reader, const struct reader_entry *ours)
{
	return strncmp(reader->name, ours->name, strlen(ours->name)) == 0;
}

enum finding
check_reader(struct doctor *doctor, struct problem *text)
{
	const struct reader_entry *ours;

	if (!doctor->readers_conf_read || !doctor->pcscd) {
		problem(text, "not looked at: it needs a reader entry and pcscd");
		return FINDING_SKIPPED;
	}
	ours = reader_conf_ours(&doctor->readers_conf);
	for (size_t i = 0; i < doctor->readers_count; i++) {
		if (!is_ours(&doctor->readers[i], ours))
			continue;
		if (doctor->readers[i].driverless)
			return finding_of(problem(text,
						  "pcscd names \"%s\", but could not load its "
						  "driver %s; see journalctl -u "
						  "pcscd, then type: sudo systemctl restart pcscd",
						  doctor->readers[i].name, ours->library));
		problem(text, "pcscd has \"%s\"", doctor->readers[i].name);
		return FINDING_OK;
	}
	if (doctor->readers_count + slots_of(ours) > PCSC_READERS_MAX)
		return finding_of(problem(
		    text,
		    "pcscd has room for %d readers, slots count, and has %zu without ours, which "
		    "needs %lu: take others away, or write a smaller number into DEVICENAME in %s, "
		    "then type: sudo systemctl restart pcscd",
		    (int)PCSC_READERS_MAX, doctor->readers_count, slots_of(ours), ours->file));
	return finding_of(problem(
	    text,
	    "pcscd does not have \"%s\": it was started before the entry was there; type: sudo "
	    "systemctl restart pcscd",
	    ours->name));
}

/* The process of this user that has the name; 0: none. */
static long
process_named(const char *name)
{
	DIR *processes = opendir("/proc");
	const struct dirent *entry;
	long found = 0;

	while (processes != NULL && found == 0 && (entry = readdir(processes)) != NULL) {
		char path[64], line[64] = "";
		struct stat st;
		FILE *file;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/comm", entry->d_name);
		if (stat(path, &st) < 0 || st.st_uid != geteuid() ||
		    (file = fopen(path, "re")) == NULL)
			continue;
		if (fgets(line, sizeof(line), file) != NULL &&
		    strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == '\n')
			found = strtol(entry->d_name, NULL, 10);
		fclose(file);
	}
	if (processes != NULL)
		closedir(processes);
	return found;
}

/* GnuPG's scdaemon opens cards for itself, unless it was told otherwise. */
enum finding
check_alone(struct doctor *doctor, struct problem *text)
{
	const struct reader_entry *ours;
	const long scdaemon = process_named("scdaemon");

	if (!doctor->readers_conf_read || !doctor->pcscd) {
		problem(text, "not looked at: it needs a reader entry and pcscd");
		return FINDING_SKIPPED;
	}
	ours = reader_conf_ours(&doctor->readers_conf);
	for (size_t i = 0; i < doctor->readers_count; i++) {
		if (!is_ours(&doctor->readers[i], ours) || !doctor->readers[i].exclusive)
			continue;
		if (scdaemon != 0)
			return finding_of(problem(
			    text,
			    "GnuPG's scdaemon (pid %ld) runs, and a program has the card in \"%s\" "
			    "for itself; write pcsc-shared into ~/.gnupg/scdaemon.conf, then "
			    "type: gpgconf --kill scdaemon",
			    scdaemon, doctor->readers[i].name));
		return finding_of(
		    problem(text,
			    "a program has the card in \"%s\" for itself, others must wait; end "
			    "it; to see which it may be, type: sudo lsof %s",
			    doctor->readers[i].name, pcsc_socket()));
	}
	if (scdaemon != 0) {
		problem(text,
			"GnuPG's scdaemon (pid %ld) runs, and takes a card for itself when gpg "
			"uses one; write pcsc-shared into ~/.gnupg/scdaemon.conf, then type: "
			"gpgconf --kill scdaemon",
			scdaemon);
		return FINDING_WARNING;
	}
	problem(text, "no program has a card for itself");
	return FINDING_OK;
}
