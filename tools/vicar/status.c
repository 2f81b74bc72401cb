#include "status.h"

#include "cards.h"
#include "chain.h"
#include "cmdbridge/certificate.h"
#include "command.h"
#include "iso7816/key_kind.h"
#include "tools/control.h"

#include <string.h>

/* key: auth, rsa2048, in a file of the card, label Work */
static void
status_key(FILE *out, const struct image_key *key, X509 *certificate)
{
	const struct key_kind *kind = key_kind_of(X509_get0_pubkey(certificate));
	const bool is_local = strcmp(key->service, IMAGE_SERVICE_FILE) == 0;

	fprintf(out, "key: %s, %s, %s%s", key->name, kind == NULL ? "?" : kind->name,
		is_local ? "in a file of the card" : "at service ", is_local ? "" : key->service);
	if (key->label[0] != '\0')
		fprintf(out, ", label %s", key->label);
	fputc('\n', out);
}

static void
status_certificate(FILE *out, const struct image *image, const struct image_key *key, time_t now)
{
	X509 *certificate =
	    certificate_parse((struct bytes){key->certificate, key->certificate_len});
	char date[CERTIFICATE_DATE_SIZE], holder[CHAIN_NAME_MAX];
	long days;

	if (certificate == NULL) {
		say_warning(
		    "card %s: the certificate of key %s cannot be read; make the card again",
		    image->name, key->name);
		return;
	}
	status_key(out, key, certificate);
	chain_subject(certificate, holder);
	certificate_date(X509_get0_notAfter(certificate), date);
	fprintf(out, "certificate: %s, until %s\n", holder, date);
	if (!chain_days_left(certificate, now, &days) || days < 0)
		say_warning("card %s: the certificate of key %s ended on %s; renew it, then forget "
			    "the card and make it again with %s",
			    image->name, key->name, date, chain_renewal(key));
	else if (days < STATUS_EXPIRY_DAYS)
		say_warning("card %s: the certificate of key %s ends on %s, in %ld days; renew it, "
			    "then forget the card and make it again with %s",
			    image->name, key->name, date, days, chain_renewal(key));
	X509_free(certificate);
}

void
status_certificates(FILE *out, const struct image *image, time_t now)
{
	for (size_t i = 0; i < image->keys_count; i++)
		status_certificate(out, image, &image->keys[i], now);
}

/* A card that is out is no failure, unless it was the one that was asked for. */
static bool
status_one(const char *name, bool must_be_in)
{
	struct image_error image_error = {0};
	char reply[CONTROL_REPLY_MAX], directory[PATH_MAX];
	struct problem error;
	struct image image;
	bool ok = true;

	switch (control_call(name, "status", reply)) {
	case CONTROL_OK: fputs(reply, stdout); break;
	case CONTROL_NOBODY:
		printf("name: %s\nstate: not inserted\n", name);
		ok = !must_be_in;
		break;
	case CONTROL_REFUSED:
	case CONTROL_FAILED:
		printf("name: %s\nstate: unknown\n", name);
		say_error("%s", reply);
		ok = false;
	}
	if (!cards_find(name, directory, &error)) {
		say_error("%s", error.text);
		return false;
	}
	if (!image_load(&image, directory, &image_error)) {
		say_error("%s", image_error.text);
		return false;
	}
	status_certificates(stdout, &image, time(NULL));
	image_free(&image);
	return ok;
}

static enum command_exit
run(const struct command_arguments *arguments)
{
	const bool one = arguments->operands_count > 0;
	struct problem error;
	struct cards cards;
	bool ok = true;

	if (!cards_chosen(&cards, one ? arguments->operands[0] : NULL, &error)) {
		say_error("%s", error.text);
		return COMMAND_FAILED;
	}
	for (size_t i = 0; i < cards.count; i++) {
		if (i > 0)
			putchar('\n');
		ok = status_one(cards.names[i], one) && ok;
	}
	cards_free(&cards);
	return ok ? COMMAND_OK : COMMAND_FAILED;
}

const struct command command_status = {
    .name = "status",
    .operands = "[NAME]",
    .operands_max = 1,
    .summary = "what card NAME is doing, or all cards",
    .text =
	"With NAME the exit status is 1 when the card is not in. A certificate that ends within "
	"30 days\n"
	"is warned of.",
    .run = run,
};
