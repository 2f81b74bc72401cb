#include "trouble.h"

#include <stdlib.h>
#include <string.h>

#define JSON_TYPE "application/json;charset=UTF-8"
#define HTML_TYPE "text/html; charset=utf-8"

enum { HUGE_BYTES = 20 * 1024 * 1024, NESTED_LEVELS = 100000 };

static const struct {
	enum rssp_trouble trouble;
	unsigned status;
	const char *type, *body, *header, *value;
} answers[] = {
    {RSSP_HTTP_401, 401, JSON_TYPE, "{\"error\":\"invalid_token\"}", "WWW-Authenticate",
     "Bearer error=\"invalid_token\""},
    {RSSP_HTTP_403, 403, HTML_TYPE, "<html><body><h1>403 Forbidden</h1></body></html>", NULL, NULL},
    {RSSP_HTTP_404, 404, HTML_TYPE, "<html><body><h1>404 Not Found</h1></body></html>", NULL, NULL},
    {RSSP_HTTP_407, 407, HTML_TYPE,
     "<html><body><h1>Proxy Authentication Required</h1></body></html>", "Proxy-Authenticate",
     "Basic realm=\"proxy\""},
    {RSSP_HTTP_413, 413, NULL, NULL, NULL, NULL},
    {RSSP_HTTP_429, 429, JSON_TYPE, "{\"error\":\"temporarily_unavailable\"}", "Retry-After", "1"},
    {RSSP_HTTP_500, 500, HTML_TYPE,
     "<html><head><title>500</title></head><body><h1>Internal Server Error</h1><pre>"
     "java.lang.NullPointerException\n\tat org.example.rssp.Signer.sign(Signer.java:42)\n"
     "</pre></body></html>",
     NULL, NULL},
    {RSSP_HTTP_503, 503, JSON_TYPE, "{\"error\":\"temporarily_unavailable\"}", "Retry-After", "1"},
    {RSSP_HTTP_504, 504, HTML_TYPE, "<html><body><h1>504 Gateway Time-out</h1></body></html>", NULL,
     NULL},
    {RSSP_REDIRECT, 307, NULL, NULL, "Location", "/elsewhere"},
    {RSSP_GARBAGE, 200, JSON_TYPE, "\x1f\x8b{\"credentialIDs\":[", NULL, NULL},
    {RSSP_EMPTY, 200, JSON_TYPE, NULL, NULL, NULL},
    {RSSP_ARRAY, 200, JSON_TYPE, "[{\"error\":\"none\"}]", NULL, NULL},
};

static char *
nested(void)
{
	char *text = malloc(NESTED_LEVELS + 1);

	if (text != NULL) {
		memset(text, '[', NESTED_LEVELS);
		text[NESTED_LEVELS] = '\0';
	}
	return text;
}

bool
rssp_trouble_before(unsigned trouble, struct sim_answer *answer)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if ((trouble & answers[i].trouble) != 0) {
			answer->http_status = answers[i].status;
			answer->content_type = answers[i].type;
			if (answers[i].body != NULL)
				answer->body = strdup(answers[i].body);
			if (answers[i].header != NULL)
				sim_answer_add_header(answer, answers[i].header, answers[i].value);
			return true;
		}
	if ((trouble & RSSP_HANG) != 0) {
		answer->how = SIM_ANSWER_NEVER;
	} else if ((trouble & RSSP_DROP_BEFORE) != 0) {
		answer->how = SIM_ANSWER_DROP;
	} else if ((trouble & RSSP_RESET_BEFORE) != 0) {
		answer->how = SIM_ANSWER_RESET;
	} else if ((trouble & RSSP_NESTED) != 0) {
		answer->http_status = 200;
		answer->content_type = JSON_TYPE;
		answer->body = nested();
	} else {
		return false;
	}
	return true;
}

void
rssp_trouble_members(unsigned trouble, json_t *reply)
{
	const char *name;
	json_t *value;
	void *next;

	if ((trouble & RSSP_NO_MEMBERS) != 0)
		(void)json_object_clear(reply);
	if ((trouble & RSSP_NULLS) == 0)
		return;
	json_object_foreach_safe(reply, next, name, value)(void)
	    json_object_set_new(reply, name, json_null());
}

/* White space before the JSON text: right, and far too long. */
static void
make_huge(struct sim_answer *answer)
{
	size_t len = answer->body != NULL ? strlen(answer->body) : 0;
	char *text = malloc(HUGE_BYTES + len + 1);

	if (text == NULL)
		return;
	memset(text, ' ', HUGE_BYTES);
	if (len > 0)
		memcpy(text + HUGE_BYTES, answer->body, len);
	text[HUGE_BYTES + len] = '\0';
	free(answer->body);
	answer->body = text;
}

void
rssp_trouble_after(unsigned trouble, struct sim_answer *answer)
{
	if ((trouble & RSSP_HUGE) != 0)
		make_huge(answer);
	if ((trouble & RSSP_DROP_AFTER) != 0)
		answer->how = SIM_ANSWER_DROP;
	else if ((trouble & RSSP_RESET_AFTER) != 0)
		answer->how = SIM_ANSWER_RESET;
	else if ((trouble & RSSP_CUT) != 0)
		answer->how = SIM_ANSWER_CUT;
}
