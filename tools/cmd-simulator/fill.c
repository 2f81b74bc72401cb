#include "fill.h"

#include <stdio.h>

static const char *
http_text(unsigned status)
{
	switch (status) {
	case 400: return "Bad Request";
	case 401: return "401 - Unauthorized: Access is denied due to invalid credentials.";
	case 407: return "Proxy Authentication Required";
	case 413: return "Request Entity Too Large";
	case 415:
		return "Cannot process the message because the content type was not the "
		       "expected type 'text/xml; charset=utf-8'.";
	case 503: return "Service Unavailable";
	default: return "The request cannot be served.";
	}
}

void
sim_fill_http(unsigned status, struct sim_answer *answer)
{
	char *body = NULL;

	answer->how = SIM_ANSWER;
	answer->http_status = status;
	if (status == 401)
		sim_answer_add_header(answer, "WWW-Authenticate", "Basic realm=\"localhost\"");
	if (status == 407)
		sim_answer_add_header(answer, "Proxy-Authenticate", "Basic realm=\"proxy\"");
	/* cmd.md 13: 400 and 413 have an empty body. */
	if (status == 400 || status == 413)
		return;
	if (asprintf(&body, "<html><body><h1>%s</h1></body></html>", http_text(status)) == -1)
		return;
	answer->content_type = "text/html; charset=utf-8";
	answer->body = body;
}

void
sim_fill_soap(unsigned status, char *body, struct sim_answer *answer)
{
	answer->how = SIM_ANSWER;
	answer->http_status = body != NULL ? status : 500;
	answer->content_type = "text/xml; charset=utf-8";
	answer->body = body;
}
