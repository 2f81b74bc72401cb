#include "list.h"

#include "applets/registry.h"
#include "cards.h"
#include "chain.h"
#include "cmdbridge/certificate.h"
#include "command.h"
#include "tools/control.h"
#include "tools/paths.h"
#include "uri.h"

#define LINE "%-16s %-10s %-5s %-6s %-12s %-10s  %s\n"

static void
print_heading(FILE *out)
{
	fprintf(out, LINE, "NAME", "CARD", "IN", "KEY", "SERVICE", "EXPIRES", "HOLDER");
}

void
list_card(FILE *out, const struct image *image, const char *where)
{
	for (size_t i = 0; i < image->keys_count; i++) {
		const struct image_key *key = &image->keys[i];
		char date[CERTIFICATE_DATE_SIZE] = "?", holder[CHAIN_NAME_MAX] = "?";
		X509 *certificate =
		    certificate_parse((struct bytes){key->certificate, key->certificate_len});

		if (certificate != NULL) {
			chain_subject(certificate, holder);
			certificate_date(X509_get0_notAfter(certificate), date);
			X509_free(certificate);
		}
		fprintf(out, LINE, image->name, image->personality, where, key->name, key->service,
			date, holder);
	}
}

static const char *
where_is(const char *name)
{
	char reply[CONTROL_REPLY_MAX];

	switch (control_call(name, "status", reply)) {
	case CONTROL_OK: return "in";
	case CONTROL_NOBODY: return "out";
	case CONTROL_REFUSED:
	case CONTROL_FAILED: break;
	}
	return "?";
}

static bool
list_one(const char *name, bool uris)
{
	struct image_error image_error = {0};
	struct problem error;
	struct image image;
	char directory[PATH_MAX];
	bool ok = true;

	if (!paths_card(name, directory, &error)) {
		say_error("%s", error.text);
		return false;
	}
	if (!image_load(&image, directory, &image_error)) {
		say_error("%s", image_error.text);
		return false;
	}
	if (!uris)
		list_card(stdout, &image, where_is(name));
	else if (!(ok = uri_list(stdout, &image, &error)))
		say_error("%s", error.text);
	image_free(&image);
	return ok;
}

static void
list_roles(const struct personality *personality)
{
	struct registry_key key;

	for (size_t i = 0; registry_key(personality, i, &key); i++) {
		printf("%-12s   %s, for %s: ", "", key.name, key.purpose);
		for (size_t k = 0; key.kinds[k] != NULL; k++)
			printf("%s%s", k > 0 ? ", " : "", key.kinds[k]);
		printf("\n");
	}
}

static void
list_personalities(void)
{
	for (const struct personality *const *at = registry_all(); *at != NULL; at++) {
		printf("%-12s %s\n", (*at)->name, (*at)->description);
		list_roles(*at);
	}
}

enum { OPTION_URI, OPTION_PERSONALITIES };

static const struct command_option options[] = {
    {"uri", NULL, "the PKCS#11 URIs of the cards' keys and certificates"},
    {"personalities", NULL, "what cards can be made, instead of those there are"},
    {NULL, NULL, NULL},
};

static enum command_exit
run(const struct command_arguments *arguments)
{
	struct problem error;
	struct cards cards;
	bool uris = arguments->options[OPTION_URI] != NULL, ok = true;

	if (arguments->options[OPTION_PERSONALITIES] != NULL) {
		list_personalities();
		return COMMAND_OK;
	}
	if (!cards_list(&cards, &error)) {
		say_error("%s", error.text);
		return COMMAND_FAILED;
	}
	if (cards.count > 0 && !uris)
		print_heading(stdout);
	for (size_t i = 0; i < cards.count; i++)
		ok = list_one(cards.names[i], uris) && ok;
	cards_free(&cards);
	return ok ? COMMAND_OK : COMMAND_FAILED;
}

const struct command command_list = {
    .name = "list",
    .operands = "",
    .summary = "the cards there are, whose they are, and whether they are in",
    .options = options,
    .run = run,
};
