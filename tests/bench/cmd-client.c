/*
 * Signatures of the CMD service by a program that only makes the calls: SCMDSign and ValidateOtp, everything
 * prepared before.
 *
 * usage: cmd-client ENDPOINT CA-FILE ENCRYPTION-CERTIFICATE CREDENTIALS PHONE PIN MESSAGES COUNT
 *
 * MESSAGES is the simulator's file of text messages, whose last one has the code. The series `direct`
 * has a connection for each signature, `kept` one for all of them.
 */
#include "cmdbridge/cipher.h"
#include "cmdbridge/cmd.h"
#include "cmdbridge/scmd.h"
#include "cmdbridge/secrets.h"
#include "tests/bench/shared/series.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WARM_UP = 1, CODE_LEN = 6, MESSAGE_MAX = 4096, BODY_MAX = 65536 };

struct client {
	CURL *curl;
	const char *endpoint, *ca_file, *messages;
	struct cipher cipher;
	struct service_credentials credentials;
	char user[CIPHER_TEXT_MAX], pin[CIPHER_TEXT_MAX];
	uint8_t body[BODY_MAX];
	size_t len;
};

static void
must(int ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "cmd-client: %s\n", what);
	exit(1);
}

static size_t
take(char *data, size_t size, size_t count, void *context)
{
	struct client *client = context;

	if (size * count > sizeof(client->body) - client->len)
		return 0;
	memcpy(client->body + client->len, data, size * count);
	client->len += size * count;
	return size * count;
}

static void
call(struct client *client, struct scmd_request *request, struct scmd_answer *answer)
{
	struct curl_slist *headers = curl_slist_append(NULL, scmd_action(request->operation));
	size_t len;
	char *text;

	request->application_id = client->credentials.application_id;
	request->cipher_user = client->user;
	text = scmd_request_text(request, &len);
	headers = curl_slist_append(headers, "Content-Type: text/xml; charset=utf-8");
	headers = curl_slist_append(headers, "Expect:");
	must(text != NULL && headers != NULL, "no memory");
	client->len = 0;
	curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, text);
	curl_easy_setopt(client->curl, CURLOPT_POSTFIELDSIZE, (long)len);
	must(curl_easy_perform(client->curl) == CURLE_OK, "the service cannot be called");
	must(scmd_answer_read(request->operation, (struct bytes){client->body, client->len},
			      answer) == SCMD_ANSWERED &&
		 strcmp(answer->code, SCMD_CODE_OK) == 0,
	     "the service refuses");
	curl_slist_free_all(headers);
	xmlFree(text);
}

/* At the end of the last line. */
static void
read_code(const char *path, char code[CODE_LEN + 1])
{
	char text[MESSAGE_MAX];
	FILE *file = fopen(path, "re");
	size_t len;

	must(file != NULL, "no messages");
	(void)fseek(file, -(long)sizeof(text), SEEK_END);
	len = fread(text, 1, sizeof(text), file);
	(void)fclose(file);
	while (len > 0 && (text[len - 1] < '0' || text[len - 1] > '9'))
		len--;
	must(len >= CODE_LEN, "no code");
	memcpy(code, text + len - CODE_LEN, CODE_LEN);
	code[CODE_LEN] = '\0';
}

static void
sign(struct client *client, const uint8_t digestinfo[], size_t len)
{
	const struct scmd_document document = {"benchmark", {digestinfo, len}};
	struct scmd_request start = {.operation = SCMD_SIGN,
				     .cipher_pin = client->pin,
				     .documents = &document,
				     .documents_count = 1};
	struct scmd_request end = {.operation = SCMD_VALIDATE_OTP};
	char code[CODE_LEN + 1], cipher_code[CIPHER_TEXT_MAX];
	struct scmd_answer started, answer;

	call(client, &start, &started);
	read_code(client->messages, code);
	must(cipher_encrypt(&client->cipher, code, cipher_code), "the code is not encrypted");
	end.cipher_code = cipher_code;
	end.process_id = started.process_id;
	call(client, &end, &answer);
	must(answer.signature.len > 0, "no signature");
	scmd_answer_free(&answer);
	scmd_answer_free(&started);
}

/* A new one with the next call. */
static void
open_connection(struct client *client)
{
	curl_easy_cleanup(client->curl);
	client->curl = curl_easy_init();
	must(client->curl != NULL, "no libcurl");
	curl_easy_setopt(client->curl, CURLOPT_URL, client->endpoint);
	curl_easy_setopt(client->curl, CURLOPT_CAINFO, client->ca_file);
	curl_easy_setopt(client->curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
	curl_easy_setopt(client->curl, CURLOPT_USERNAME, client->credentials.user);
	curl_easy_setopt(client->curl, CURLOPT_PASSWORD, client->credentials.password);
	curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, client);
}

static void
open_client(struct client *client, char **arguments)
{
	char error[1024] = "";

	client->endpoint = arguments[0];
	client->ca_file = arguments[1];
	client->messages = arguments[6];
	must(cipher_open(arguments[2], &client->cipher, error) == CIPHER_OK, error);
	must(service_credentials_load(arguments[3], &cmd_kind, &client->credentials, error), error);
	must(cipher_encrypt(&client->cipher, arguments[4], client->user) &&
		 cipher_encrypt(&client->cipher, arguments[5], client->pin),
	     "nothing is encrypted");
	open_connection(client);
}

/* RFC 8017 section 9.2, note 1: SHA-256. */
static uint8_t digestinfo[51] = {0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
				 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};

static void
measure(struct client *client, const char *name, bool kept, size_t count)
{
	struct series series = series_new(name, count);

	for (size_t i = 0; i < WARM_UP + count; i++) {
		const int64_t start = series_now_ns();

		digestinfo[sizeof(digestinfo) - 1]++;
		sign(client, digestinfo, sizeof(digestinfo));
		if (i >= WARM_UP)
			series_add(&series, series_now_ns() - start);
		if (!kept)
			open_connection(client);
	}
	series_print(&series);
}

int
main(int argc, char **argv)
{
	static struct client client;
	const int count = argc == 9 ? (int)strtol(argv[8], NULL, 10) : 0;

	must(count > 0, "usage: cmd-client ENDPOINT CA-FILE ENCRYPTION-CERTIFICATE CREDENTIALS "
			"PHONE PIN MESSAGES COUNT");
	open_client(&client, argv + 1);
	measure(&client, "direct", false, (size_t)count);
	measure(&client, "kept", true, (size_t)count);
	curl_easy_cleanup(client.curl);
	cipher_close(&client.cipher);
	return 0;
}
