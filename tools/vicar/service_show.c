#include "service.h"

#include "chain.h"
#include "cmdbridge/text.h"
#include "iso7816/sw.h"

#include <jansson.h>
#include <string.h>

#define LINE "%-16s %-8s %-16s %s\n"

enum { SHOWN_CHARACTERS = 128, SHOWN_SIZE = SHOWN_CHARACTERS * 4 + 1 };

/* What a key can do, in the words of card.conf. */
static const struct use {
	unsigned ability;
	const char *word;
} uses[] = {
    {SERVICE_SIGN_PKCS1, "pkcs1"},          {SERVICE_SIGN_PSS, "pss"},
    {SERVICE_SIGN_ECDSA, "ecdsa"},          {SERVICE_DECIPHER_PKCS1, "decipher-pkcs1"},
    {SERVICE_DECIPHER_RAW, "decipher-raw"}, {SERVICE_DECIPHER_OAEP, "decipher-oaep"},
    {SERVICE_DERIVE_ECDH, "derive"},        {SERVICE_SIGNS_MANY, "many"},
};

enum { USES_COUNT = sizeof(uses) / sizeof(uses[0]) };

static const char *
shown(struct bytes text, char out[SHOWN_SIZE])
{
	(void)text_printable(text, SHOWN_CHARACTERS, out);
	return out;
}

static const char *
endpoint_of(const struct service_config *config)
{
	return config->endpoint == NULL ? "" : config->endpoint;
}

void
service_show_heading(FILE *out)
{
	fprintf(out, LINE, "NAME", "TYPE", "PROFILE", "ENDPOINT");
}

void
service_show_line(FILE *out, const struct service_state *state)
{
	fprintf(out, LINE, state->config->name, state->config->type,
		service_profile_name(state->config->profile), endpoint_of(state->config));
}

static void
show_service(FILE *out, const struct service_state *state)
{
	fprintf(out, "service: %s\ntype: %s\nprofile: %s\n", state->config->name,
		state->config->type, service_profile_name(state->config->profile));
	if (state->config->endpoint != NULL)
		fprintf(out, "endpoint: %s\n", state->config->endpoint);
	if (state->files.encryption_until[0] != '\0')
		fprintf(out, "encryption certificate: valid until %s%s\n",
			state->files.encryption_until,
			state->files.encryption_ends_soon
			    ? "; get the next one soon, see vicar.conf(5)"
			    : "");
}

void
service_show_check(FILE *out, const struct service_state *state)
{
	char text[SHOWN_SIZE];

	show_service(out, state);
	if (state->problem == NULL)
		fprintf(out, "answer: %s\n", shown(state->result->text, text));
}

void
service_show_credentials(FILE *out, const struct service_state *state)
{
	for (size_t i = 0; i < state->result->credentials_count; i++) {
		const struct bridge_credential *one = &state->result->credentials[i];
		char text[SHOWN_SIZE], name[CHAIN_NAME_MAX], date[CERTIFICATE_DATE_SIZE];
		X509 *certificate = certificate_parse(one->certificate);

		fprintf(out, "%scredential: %s\n", i > 0 ? "\n" : "",
			one->id.len > 0 ? shown(one->id, text) : "the only one");
		if (one->label.len > 0)
			fprintf(out, "label: %s\n", shown(one->label, text));
		if (certificate != NULL) {
			chain_subject(certificate, name);
			certificate_date(X509_get0_notAfter(certificate), date);
			fprintf(out, "holder: %s\nvalid until: %s\n", name, date);
		}
		fputs("uses:", out);
		for (size_t k = 0; k < USES_COUNT; k++)
			if ((one->uses & uses[k].ability) != 0)
				fprintf(out, " %s", uses[k].word);
		fputc('\n', out);
		X509_free(certificate);
	}
}

/* Takes `value`; a member that has no memory makes the whole object nothing in the end. */
static void
put(json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new(object, name, value) != 0)
		json_object_set_new(object, "incomplete", json_true());
}

static json_t *
text_value(struct bytes text)
{
	char out[SHOWN_SIZE];

	return json_string(shown(text, out));
}

static json_t *
service_value(const struct service_state *state)
{
	const struct service_files *files = &state->files;
	json_t *object = json_object();

	put(object, "service", json_string(state->config->name));
	put(object, "type", json_string(state->config->type));
	put(object, "profile", json_string(service_profile_name(state->config->profile)));
	put(object, "endpoint", json_string(endpoint_of(state->config)));
	if (files->encryption_until[0] != '\0') {
		put(object, "encryption_certificate_until", json_string(files->encryption_until));
		put(object, "encryption_certificate_ends_soon",
		    json_boolean(files->encryption_ends_soon));
	}
	put(object, "ok", json_boolean(state->problem == NULL));
	if (state->problem != NULL)
		put(object, "problem", json_string(state->problem));
	return object;
}

static json_t *
answered_value(const struct service_state *state)
{
	json_t *object = service_value(state);
	const struct bridge_result *result = state->result;
	char sw[8];

	if (result == NULL || result->sw == 0)
		return object;
	snprintf(sw, sizeof(sw), "%04X", (unsigned)result->sw);
	put(object, "status_word", json_string(sw));
	put(object, "text", text_value(result->text));
	put(object, "next", text_value(result->next));
	if (result->code.len > 0)
		put(object, "code", text_value(result->code));
	return object;
}

static json_t *
credential_value(const struct bridge_credential *credential)
{
	X509 *certificate = certificate_parse(credential->certificate);
	char name[CHAIN_NAME_MAX], date[CERTIFICATE_DATE_SIZE];
	json_t *object = json_object(), *words = json_array();

	put(object, "credential", text_value(credential->id));
	put(object, "label", text_value(credential->label));
	if (certificate != NULL) {
		chain_subject(certificate, name);
		certificate_date(X509_get0_notAfter(certificate), date);
		put(object, "holder", json_string(name));
		put(object, "valid_until", json_string(date));
	}
	for (size_t i = 0; i < USES_COUNT; i++)
		if ((credential->uses & uses[i].ability) != 0)
			(void)json_array_append_new(words, json_string(uses[i].word));
	put(object, "uses", words);
	X509_free(certificate);
	return object;
}

/* Takes `object`. */
static bool
print(FILE *out, json_t *object)
{
	const bool ok = object != NULL && json_object_get(object, "incomplete") == NULL &&
			json_dumpf(object, out, JSON_COMPACT | JSON_ENSURE_ASCII) == 0 &&
			fputc('\n', out) != EOF;

	json_decref(object);
	return ok;
}

bool
service_print_list(FILE *out, const struct service_state *states, size_t count)
{
	json_t *object = json_object(), *list = json_array();

	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(list, service_value(&states[i]));
	put(object, "services", list);
	return print(out, object);
}

bool
service_print_check(FILE *out, const struct service_state *state)
{
	return print(out, answered_value(state));
}

bool
service_print_credentials(FILE *out, const struct service_state *state)
{
	json_t *object = answered_value(state), *list = json_array();

	for (size_t i = 0; state->problem == NULL && i < state->result->credentials_count; i++)
		(void)json_array_append_new(list, credential_value(&state->result->credentials[i]));
	put(object, "credentials", list);
	return print(out, object);
}
