#include "trouble.h"

#include "fill.h"
#include "operation.h"
#include "reply.h"

#include <stdlib.h>
#include <string.h>

enum { HUGE_BYTES = 20 * 1024 * 1024, ALLOWED_MAX = 1024 };

static const char *const words[SIM_TROUBLES] = {
    [SIM_HANG] = "hang",
    [SIM_DROP_BEFORE] = "drop-before",
    [SIM_RESET] = "reset",
    [SIM_HTTP_401] = "http-401",
    [SIM_HTTP_403] = "http-403",
    [SIM_HTTP_407] = "http-407",
    [SIM_HTTP_413] = "http-413",
    [SIM_HTTP_500] = "http-500",
    [SIM_HTTP_503] = "http-503",
    [SIM_STACK_TRACE] = "stack-trace",
    [SIM_FAULT] = "fault",
    [SIM_GARBAGE] = "garbage",
    [SIM_ENTITY_BOMB] = "entity-bomb",
    [SIM_DROP_AFTER] = "drop-after",
    [SIM_RESET_AFTER] = "reset-after",
    [SIM_CUT] = "cut",
    [SIM_RESET_HALFWAY] = "reset-halfway",
    [SIM_STALL] = "stall",
    [SIM_TRUNCATED] = "truncated",
    [SIM_HUGE] = "huge",
    [SIM_WRONG_NAMESPACES] = "wrong-namespaces",
    [SIM_OTHER_PREFIXES] = "other-prefixes",
    [SIM_REORDERED] = "reordered",
    [SIM_NIL_RESULT] = "nil-result",
    [SIM_NIL_EVERYWHERE] = "nil-everywhere",
    [SIM_NIL_PROCESS] = "nil-process",
    [SIM_NIL_VALUE] = "nil-value",
    [SIM_CODE_ZERO] = "code-0",
    [SIM_CODE_EMPTY] = "code-empty",
    [SIM_CODE_TEXT] = "code-text",
    [SIM_WRONG_PROCESS] = "wrong-process",
    [SIM_WRONG_SIGNATURE] = "wrong-signature",
    [SIM_FOREIGN_SIGNATURE] = "foreign-signature",
    [SIM_SHORT_SIGNATURE] = "short-signature",
    [SIM_REVERSED_CHAIN] = "reversed-chain",
    [SIM_NO_LEAF] = "no-leaf",
    [SIM_ODD_LINES] = "odd-lines",
    [SIM_REVERSED_LIST] = "reversed-list",
    [SIM_DOUBLE_ID] = "double-id",
};

/* "none, or hang, drop-before" and so on. */
static const char *
allowed(enum sim_trouble limit)
{
	static char text[2][ALLOWED_MAX];
	char *out = text[limit == SIM_TROUBLES];
	size_t len = (size_t)snprintf(out, ALLOWED_MAX, "none, or %s", words[0]);

	for (size_t i = 1; i < (size_t)limit && len < ALLOWED_MAX; i++)
		len += (size_t)snprintf(out + len, ALLOWED_MAX - len, ", %s", words[i]);
	return out;
}

static bool
add(const char *word, size_t len, enum sim_trouble limit, sim_troubles *troubles)
{
	for (size_t i = 0; i < (size_t)limit; i++)
		if (strlen(words[i]) == len && strncmp(words[i], word, len) == 0) {
			*troubles |= UINT64_C(1) << i;
			return true;
		}
	return len == 4 && strncmp(word, "none", len) == 0;
}

const char *
sim_troubles_parse(const char *value, enum sim_trouble limit, sim_troubles *troubles)
{
	*troubles = 0;
	for (value += strspn(value, " ,"); *value != '\0'; value += strspn(value, " ,")) {
		const size_t len = strcspn(value, " ,");

		if (!add(value, len, limit, troubles))
			return allowed(limit);
		value += len;
	}
	return NULL;
}

const char *
sim_trouble_name(sim_troubles troubles)
{
	for (unsigned i = 0; i < SIM_TROUBLES; i++)
		if (sim_has(troubles, i))
			return words[i];
	return "";
}

static const char stack_trace[] =
    "<!DOCTYPE html>\r\n<html><head><title>Object reference not set to an instance of an object."
    "</title><style>body {font-family:\"Verdana\"}</style></head><body bgcolor=\"white\">"
    "<h1>Server Error in '/Ama.Authentication.Frontend' Application.<hr></h1>"
    "<pre>[NullReferenceException: Object reference not set to an instance of an object.]\r\n"
    "   Simulated.Service.ValidateOtp(String code) in C:\\Simulated\\Service.cs:42\r\n"
    "   System.ServiceModel.Dispatcher.SyncMethodInvoker.Invoke(Object instance, Object[] inputs) "
    "+311</pre></body></html>";

/* Ten times the one before, nine times over. */
static const char entity_bomb[] =
    "<?xml version=\"1.0\"?><!DOCTYPE s:Envelope [<!ENTITY a \"aaaaaaaaaa\">"
    "<!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\">"
    "<!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;\"><!ENTITY e \"&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;\">"
    "<!ENTITY f \"&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;\"><!ENTITY g \"&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;\">"
    "<!ENTITY h \"&g;&g;&g;&g;&g;&g;&g;&g;&g;&g;\"><!ENTITY i \"&h;&h;&h;&h;&h;&h;&h;&h;&h;&h;\">]>"
    "<s:Envelope xmlns:s=\"" SIM_NS_ENVELOPE "\"><s:Body><s:Fault><faultcode>s:Server</faultcode>"
    "<faultstring>&i;</faultstring></s:Fault></s:Body></s:Envelope>";

static bool
fill_status(sim_troubles troubles, struct sim_answer *answer)
{
	static const struct {
		enum sim_trouble trouble;
		unsigned status;
	} statuses[] = {{SIM_HTTP_401, 401}, {SIM_HTTP_403, 403}, {SIM_HTTP_407, 407},
			{SIM_HTTP_413, 413}, {SIM_HTTP_500, 500}, {SIM_HTTP_503, 503}};

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (sim_has(troubles, statuses[i].trouble)) {
			sim_fill_http(statuses[i].status, answer);
			return true;
		}
	return false;
}

bool
sim_trouble_instead(sim_troubles troubles, struct sim_answer *answer)
{
	if (fill_status(troubles, answer))
		return true;
	if (sim_has(troubles, SIM_HANG)) {
		answer->how = SIM_ANSWER_NEVER;
	} else if (sim_has(troubles, SIM_DROP_BEFORE)) {
		answer->how = SIM_ANSWER_DROP;
	} else if (sim_has(troubles, SIM_RESET)) {
		answer->how = SIM_ANSWER_RESET;
	} else if (sim_has(troubles, SIM_FAULT)) {
		sim_fill_soap(500,
			      sim_reply_fault(SIM_FAULT_INTERNAL,
					      "The server was unable to process the request."),
			      answer);
	} else if (sim_has(troubles, SIM_GARBAGE)) {
		sim_fill_soap(200, strdup("\x1f\x8b<s:Envelope><garbage"), answer);
	} else if (sim_has(troubles, SIM_ENTITY_BOMB)) {
		sim_fill_soap(200, strdup(entity_bomb), answer);
	} else if (sim_has(troubles, SIM_STACK_TRACE)) {
		sim_fill_soap(500, strdup(stack_trace), answer);
		answer->content_type = "text/html; charset=utf-8";
	} else {
		return false;
	}
	return true;
}

/* Without memory the body stays as it is. */
static void
replace_all(char **body, const char *from, const char *to)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	const char *at = *body, *found;

	if (out == NULL)
		return;
	for (; (found = strstr(at, from)) != NULL; at = found + strlen(from))
		fprintf(out, "%.*s%s", (int)(found - at), at, to);
	fputs(at, out);
	if (fclose(out) != 0) {
		free(text);
		return;
	}
	free(*body);
	*body = text;
}

static void
make_huge(char **body)
{
	const size_t len = strlen(*body);
	char *text = malloc(len + HUGE_BYTES + 1);

	if (text == NULL)
		return;
	memcpy(text, *body, len);
	memset(text + len, ' ', HUGE_BYTES);
	text[len + HUGE_BYTES] = '\0';
	free(*body);
	*body = text;
}

static const struct {
	enum sim_trouble trouble;
	const char *from, *to;
} changes[] = {
    {SIM_WRONG_NAMESPACES, SIM_NS_SERVICE, "http://Ama.Authentication.Service/v2/"},
    {SIM_WRONG_NAMESPACES, SIM_NS_STRUCTURES, "http://schemas.datacontract.org/2004/07/Other"},
    {SIM_OTHER_PREFIXES, "<s:", "<SOAP-ENV:"},
    {SIM_OTHER_PREFIXES, "</s:", "</SOAP-ENV:"},
    {SIM_OTHER_PREFIXES, "xmlns:s=", "xmlns:SOAP-ENV="},
    {SIM_OTHER_PREFIXES, "<a:", "<ns3:"},
    {SIM_OTHER_PREFIXES, "</a:", "</ns3:"},
    {SIM_OTHER_PREFIXES, "xmlns:a=", "xmlns:ns3="},
    {SIM_OTHER_PREFIXES, " i:nil=", " xsi:nil="},
    {SIM_OTHER_PREFIXES, "xmlns:i=", "xmlns:xsi="},
};

void
sim_trouble_spoil(sim_troubles troubles, struct sim_answer *answer)
{
	static const struct {
		enum sim_trouble trouble;
		enum sim_answer_how how;
	} ways[] = {{SIM_DROP_AFTER, SIM_ANSWER_DROP},
		    {SIM_RESET_AFTER, SIM_ANSWER_RESET},
		    {SIM_CUT, SIM_ANSWER_CUT},
		    {SIM_RESET_HALFWAY, SIM_ANSWER_RESET_HALFWAY},
		    {SIM_STALL, SIM_ANSWER_STALL}};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (sim_has(troubles, ways[i].trouble))
			answer->how = ways[i].how;
	if (answer->body == NULL)
		return;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		if (sim_has(troubles, changes[i].trouble))
			replace_all(&answer->body, changes[i].from, changes[i].to);
	if (sim_has(troubles, SIM_TRUNCATED))
		answer->body[strlen(answer->body) / 2] = '\0';
	if (sim_has(troubles, SIM_HUGE))
		make_huge(&answer->body);
}
