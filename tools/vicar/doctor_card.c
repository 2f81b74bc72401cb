#include "doctor.h"

#include "cmdbridge/certificate.h"
#include "issue.h"
#include "status.h"
#include "tools/control.h"
#include "tools/paths.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { WORD_MAX = 32, CLOCK_SLACK_S = 300 };

enum finding
check_image(struct doctor *doctor, struct problem *text)
{
	struct image_error error = {0};

	doctor->loaded = image_load(&doctor->image, doctor->directory, &error);
	if (!doctor->loaded)
		return finding_of(problem(text, "%s", error.text));
	if ((doctor->card = issue_trial(&doctor->image, text)) == NULL)
		return FINDING_BAD;
	problem(text, "%s in %s", doctor->image.personality, doctor->directory);
	return FINDING_OK;
}

/* What was written lies in the past, and so does the first day of a certificate. */
enum finding
check_clock(struct doctor *doctor, struct problem *text)
{
	static const char *const files[] = {"card.conf", "state", "journal"};
	const time_t now = time(NULL);
	char path[PATH_MAX + 16], date[WORD_MAX];
	struct stat st;

	strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", gmtime(&now));
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", doctor->directory, files[i]);
		if (stat(path, &st) == 0 && st.st_mtime - now > CLOCK_SLACK_S)
			return finding_of(
			    problem(text,
				    "it says %s, but %s was written later than that; set it right, "
				    "type: sudo timedatectl set-ntp true",
				    date, path));
	}
	for (size_t i = 0; doctor->loaded && i < doctor->image.keys_count; i++) {
		const struct image_key *key = &doctor->image.keys[i];
		X509 *certificate =
		    certificate_parse((struct bytes){key->certificate, key->certificate_len});
		const bool early = certificate != NULL &&
				   X509_cmp_time(X509_get0_notBefore(certificate), NULL) > 0;

		X509_free(certificate);
		if (early)
			return finding_of(problem(
			    text,
			    "it says %s, when the certificate of key %s was not valid yet; set it "
			    "right, type: sudo timedatectl set-ntp true",
			    date, key->name));
	}
	problem(text, "%s", date);
	return FINDING_OK;
}

/* For a PIN that is blocked, or nearly. */
static enum finding
judge_tries(const struct doctor *doctor, const struct image_counter *counter, struct problem *text)
{
	struct card_pin pin;

	if (!card_pin(doctor->card, counter->name, &pin) || counter->tries_left > 1)
		return FINDING_OK;
	if (counter->tries_left == 1) {
		problem(text,
			"%s has one try left; find out the right value first, then type: vicar pin "
			"change %s",
			counter->name, doctor->name);
		return FINDING_WARNING;
	}
	if (pin.is_puk)
		return finding_of(
		    problem(text,
			    "%s is blocked, so that a PIN that blocks stays blocked; while the PIN "
			    "works, keep the card, else type: vicar forget %s; and make it again",
			    counter->name, doctor->name));
	return finding_of(problem(text, "%s is blocked; type: vicar pin unblock %s --pin %s",
				  counter->name, doctor->name, counter->name));
}

enum finding
check_tries(struct doctor *doctor, struct problem *text)
{
	struct image_counter counters[IMAGE_COUNTERS_MAX];
	enum finding worst = FINDING_OK;
	size_t count, len = 0;

	if (doctor->card == NULL) {
		problem(text, "not looked at: the card cannot be read");
		return FINDING_SKIPPED;
	}
	count = card_counters(doctor->card, counters, IMAGE_COUNTERS_MAX);
	problem(text, "nothing is counted");
	for (size_t i = 0; i < count && len < sizeof(text->text); i++)
		len +=
		    (size_t)snprintf(text->text + len, sizeof(text->text) - len, "%s%s=%u",
				     i > 0 ? ", " : "", counters[i].name, counters[i].tries_left);
	for (size_t i = 0; i < count && worst != FINDING_BAD; i++) {
		struct problem other;
		const enum finding finding = judge_tries(doctor, &counters[i], &other);

		if (finding <= worst)
			continue;
		worst = finding;
		*text = other;
	}
	return worst;
}

enum finding
check_certificate(struct doctor *doctor, struct problem *text)
{
	char holder[CHAIN_NAME_MAX], date[CERTIFICATE_DATE_SIZE];

	if (!doctor->loaded) {
		problem(text, "not looked at: the card cannot be read");
		return FINDING_SKIPPED;
	}
	problem(text, "the card has no key; make it again");
	for (size_t i = 0; i < doctor->image.keys_count; i++) {
		const struct image_key *key = &doctor->image.keys[i];
		X509 *certificate =
		    certificate_parse((struct bytes){key->certificate, key->certificate_len});
		const bool is_local = strcmp(key->service, IMAGE_SERVICE_FILE) == 0;
		long days = -1;

		if (certificate == NULL)
			return finding_of(
			    problem(text, "key %s has no readable certificate; make the card again",
				    key->name));
		chain_subject(certificate, holder);
		certificate_date(X509_get0_notAfter(certificate), date);
		if (!chain_days_left(certificate, time(NULL), &days))
			days = -1;
		X509_free(certificate);
		if (days < STATUS_EXPIRY_DAYS) {
			problem(text, "that of %s %s on %s; renew it, then type: vicar %s %s",
				holder, days < 0 ? "ended" : "ends", date,
				is_local ? "forget" : "renew", doctor->name);
			return days < 0 ? FINDING_BAD : FINDING_WARNING;
		}
		problem(text, "%s, until %s", holder, date);
	}
	return finding_of(doctor->image.keys_count > 0);
}

/* One that ends as it should takes its sockets with it. */
static enum finding
nobody(const struct doctor *doctor, const char *reply, struct problem *text)
{
	char path[PATH_MAX];

	if (paths_control(doctor->name, path, text) && access(path, F_OK) == 0)
		return finding_of(problem(
		    text,
		    "the process of the card died and left its socket %s; see journalctl --user -u "
		    "vicard@%s, or %s.log beside the socket, then type: vicar insert %s",
		    path, doctor->name, doctor->name, doctor->name));
	return finding_of(problem(text, "%s", reply));
}

enum finding
check_vicard(struct doctor *doctor, struct problem *text)
{
	char reply[CONTROL_REPLY_MAX], reader[WORD_MAX] = "", socket[PATH_MAX] = "";

	switch (control_call(doctor->name, "status", reply)) {
	case CONTROL_OK: break;
	case CONTROL_NOBODY: return nobody(doctor, reply, text);
	case CONTROL_REFUSED:
	case CONTROL_FAILED: return finding_of(problem(text, "%s", reply));
	}
	control_value(reply, "reader", reader, sizeof(reader));
	control_value(reply, "socket", socket, sizeof(socket));
	if (access(socket, F_OK) < 0)
		return finding_of(
		    problem(text, "its socket %s: %s; type: vicar remove %s; vicar insert %s",
			    socket, strerror(errno), doctor->name, doctor->name));
	doctor->in = strcmp(reader, "connected") == 0;
	if (strcmp(reader, "no-free-slot") == 0)
		return finding_of(problem(
		    text,
		    "the reader has no free slot; take another card out with `vicar remove`, or "
		    "raise the number in DEVICENAME, reader.conf(5)"));
	if (!doctor->in)
		return finding_of(problem(
		    text,
		    "it waits at %s and no reader came; see whether DEVICENAME in the reader's "
		    "entry names that directory, then type: systemctl restart pcscd",
		    socket));
	problem(text, "it serves the card at %s, the reader is connected", socket);
	return FINDING_OK;
}

enum finding
check_card_in_reader(struct doctor *doctor, struct problem *text)
{
	if (doctor->card == NULL || !doctor->in || !doctor->pcscd) {
		problem(text, "not looked at: it needs pcscd and a card that is in");
		return FINDING_SKIPPED;
	}
	for (size_t i = 0; i < doctor->readers_count; i++) {
		const struct pcsc_reader *reader = &doctor->readers[i];

		if (!reader->card || !bytes_equal((struct bytes){reader->atr, reader->atr_len},
						  card_atr(doctor->card)))
			continue;
		problem(text, "it answers in \"%s\"", reader->name);
		return FINDING_OK;
	}
	return finding_of(problem(
	    text, "no reader of pcscd has a card with its ATR; type: systemctl restart pcscd"));
}
