#include "doctor.h"

#include "cmdbridge/certificate.h"
#include "issue.h"
#include "status.h"
#include "tools/control.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WORD_MAX = 32 };

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
		if (days < STATUS_EXPIRY_DAYS)
			return finding_of(problem(text,
						  "that of %s %s on %s; renew it, then type vicar "
						  "forget %s and make the card again with %s",
						  holder, days < 0 ? "ended" : "ends", date,
						  doctor->name, chain_renewal(key)));
		problem(text, "%s, until %s", holder, date);
	}
	return finding_of(doctor->image.keys_count > 0);
}

enum finding
check_vicard(struct doctor *doctor, struct problem *text)
{
	char reply[CONTROL_REPLY_MAX], reader[WORD_MAX] = "", socket[PATH_MAX] = "";

	if (control_call(doctor->name, "status", reply) != CONTROL_OK)
		return finding_of(problem(text, "%s", reply));
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
