/* The page of oauth2/authorize. */
#include "oauth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(label, name, type)                                                               \
	"<p><label>" label " <input name=\"" name "\" type=\"" type "\" autocomplete=\"off\">" \
	"</label></p>"

static void
put_escaped(FILE *out, const char *text)
{
	for (; *text != '\0'; text++)
		switch (*text) {
		case '&': fputs("&amp;", out); break;
		case '<': fputs("&lt;", out); break;
		case '>': fputs("&gt;", out); break;
		case '"': fputs("&quot;", out); break;
		default: fputc(*text, out);
		}
}

static void
put_question(FILE *out, const struct rssp_call *call, const struct rssp_authorization *wanted)
{
	const char *description = rssp_parameter(call, "description");

	fputs("<p>", out);
	put_escaped(out, rssp_parameter(call, "client_id"));
	if (wanted->of_credential)
		fprintf(out, " wants to make %u signature(s) with %s.</p>", wanted->signatures,
			call->credential->id);
	else
		fputs(" wants to use the signing service for you.</p>", out);
	if (description != NULL) {
		fputs("<p>", out);
		put_escaped(out, description);
		fputs("</p>", out);
	}
}

/* The factors of the credential, else name and password. */
static void
put_fields(FILE *out, const struct rssp_call *call, const struct rssp_authorization *wanted)
{
	bool pin = wanted->of_credential && call->credential->pin_presence != RSSP_ABSENT;
	bool otp = wanted->of_credential && call->credential->otp_presence != RSSP_ABSENT;

	if (pin)
		fputs(FIELD("PIN", "PIN", "password"), out);
	if (otp)
		fputs(FIELD("Code", "OTP", "text"), out);
	if (!pin && !otp)
		fputs(FIELD("User", "username", "text") FIELD("Password", "password", "password"),
		      out);
}

bool
rssp_give_page(struct rssp_call *call, const struct rssp_authorization *wanted,
	       const char *request_uri, const char *told)
{
	char *page = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&page, &len);

	if (out == NULL)
		return rssp_failed(call, "out of memory for a page");
	fputs("<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">"
	      "<title>csc-simulator</title></head><body><h1>csc-simulator</h1>",
	      out);
	put_question(out, call, wanted);
	if (told != NULL)
		fprintf(out, "<p role=\"alert\">%s</p>", told);
	fprintf(out, "<form method=\"post\" action=\"%soauth2/authorize\">", call->base);
	fprintf(out, "<input type=\"hidden\" name=\"request_uri\" value=\"%s\">", request_uri);
	fputs("<input type=\"hidden\" name=\"client_id\" value=\"", out);
	put_escaped(out, rssp_parameter(call, "client_id"));
	fputs("\">", out);
	put_fields(out, call, wanted);
	fputs("<p><button name=\"answer\" value=\"allow\">Allow</button> "
	      "<button name=\"answer\" value=\"deny\">Deny</button></p></form></body></html>\n",
	      out);
	if (fclose(out) != 0) {
		free(page);
		return rssp_failed(call, "out of memory for a page");
	}
	call->answer->content_type = "text/html; charset=utf-8";
	call->answer->body = page;
	return true;
}
