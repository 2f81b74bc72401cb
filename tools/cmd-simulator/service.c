#include "service.h"

#include "tools/simulator/basic.h"
#include "wsdl.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#define SERVICE_PATH "/Ama.Authentication.Frontend/SCMDService.svc"
#define XML_TYPE "text/xml"

enum { ADDRESS_MAX = 128 };

static bool
is_authorised(const struct simulator *simulator, const char *header)
{
	struct sim_basic basic;
	bool right = sim_basic_parse(header, &basic) == SIM_BASIC_PARSED &&
		     sim_texts_are_equal(basic.user, simulator->credentials.user) &&
		     sim_texts_are_equal(basic.password, simulator->credentials.password);

	OPENSSL_cleanse(&basic, sizeof(basic));
	return right;
}

static bool
is_xml(const char *type)
{
	const size_t len = strlen(XML_TYPE);

	return type != NULL && strncasecmp(type, XML_TYPE, len) == 0 &&
	       (type[len] == '\0' || type[len] == ';' || type[len] == ' ');
}

static void
fill(unsigned status, const char *content_type, char *body, struct sim_answer *answer)
{
	answer->http_status = body != NULL ? status : 500;
	answer->content_type = body != NULL ? content_type : NULL;
	answer->body = body;
}

static void
answer_get(const struct sim_http_request *request, struct sim_answer *answer)
{
	static const char help[] =
	    "<html><head><title>SCMDService Service</title></head><body>"
	    "<h1>SCMDService Service</h1><p>Simulated. The description is at "
	    "<a href=\"SCMDService.svc?wsdl\">?wsdl</a>.</p></body></html>";
	char address[ADDRESS_MAX];
	xmlChar *text;
	int len = 0;

	if (sim_form_value(&request->query, "wsdl") == NULL) {
		fill(200, "text/html; charset=utf-8", strdup(help), answer);
		return;
	}
	(void)snprintf(address, sizeof(address), "%s%s", request->origin, SERVICE_PATH);
	text = sim_wsdl_for(address, &len);
	fill(200, "text/xml; charset=utf-8", text != NULL ? strdup((const char *)text) : NULL,
	     answer);
	xmlFree(text);
}

/* sim_service.refuses: trouble of the whole server comes before the body is read. */
static bool
refuses(void *context, const struct sim_http_request *request, struct sim_answer *answer)
{
	bool refused = true;

	if (strcmp(request->path, SERVICE_PATH) != 0)
		answer->http_status = 404;
	else if (strcmp(request->method, "GET") == 0)
		answer_get(request, answer);
	else if (strcmp(request->method, "POST") != 0)
		answer->http_status = 405;
	else
		refused = simulator_refuses(context, answer);
	sim_answer_add_header(answer, "Server", "Microsoft-IIS/10.0");
	return refused;
}

/* sim_service.serve */
static void
serve(void *context, const struct sim_http_request *request, struct sim_answer *answer)
{
	struct simulator *simulator = context;

	if (!is_authorised(simulator, request->authorization))
		simulator_answer_http(simulator, 401, answer);
	else if (!is_xml(request->content_type))
		simulator_answer_http(simulator, 415, answer);
	else if (request->too_big)
		simulator_answer_http(simulator, 413, answer);
	else
		simulator_answer(simulator, request->body, request->soap_action, answer);
}

struct sim_server *
sim_service_start(struct simulator *simulator, uint16_t port, struct problem *error)
{
	const struct sim_service service = {
	    .path = SERVICE_PATH,
	    .tls = simulator->options.tls,
	    .record = simulator->options.record,
	    .context = simulator,
	    .refuses = refuses,
	    .serve = serve,
	};

	return sim_server_start(&service, &simulator->directory, port, error);
}
