#include "lying.h"

#include "fuzz.h"

#include "cmdbridge/certificate.h"
#include "cmdbridge/memory.h"
#include "cmdbridge/prompt.h"
#include "iso7816/sw.h"

#include <openssl/err.h>
#include <poll.h>
#include <string.h>
#include <time.h>

enum { CALLS_MAX = 2000, BODY_MAX = 65536, SPOILT = 0x40, NONE_COMES = 0xC0, OTHER_RESULT = 0xF0 };

static struct {
	struct reader lies, people;
	unsigned calls, looks, cancels_after;
	time_t now;
} world;

void
lying_begin(struct reader lies, struct bytes people, uint8_t cancels_after)
{
	world.lies = lies;
	world.people = reader_of(people);
	world.calls = world.looks = 0;
	world.cancels_after = cancels_after == UINT8_MAX ? UINT32_MAX : cancels_after;
	world.now = 1800000000;
}

/* What the linker calls for what they are named after. */
enum http_result fuzz_http_send(const struct service_config *config, const struct peer *peer,
				const struct http_request *request, struct http_answer *answer);
enum prompt_result fuzz_prompt_confirm(const struct prompt_config *config, const struct peer *peer,
				       const struct prompt *prompt, char error[PROMPT_ERROR_MAX]);
enum prompt_result fuzz_prompt_message(const struct prompt_config *config, const struct peer *peer,
				       const struct prompt *prompt, char error[PROMPT_ERROR_MAX]);
enum prompt_result fuzz_prompt_secret(const struct prompt_config *config, const struct peer *peer,
				      const struct prompt *prompt, char secret[PROMPT_SECRET_SIZE],
				      char error[PROMPT_ERROR_MAX]);
enum peer_state fuzz_peer_state(const struct peer *peer);
bool fuzz_peer_start(const struct peer *peer);
bool fuzz_peer_progress(const struct peer *peer, const struct bridge_progress *progress);
int fuzz_poll(struct pollfd *polled, nfds_t count, int milliseconds);
time_t fuzz_time(time_t *now);

static enum http_result
give(struct http_answer *answer, long status, struct bytes body)
{
	answer->status = status;
	if (body.len == 0)
		return HTTP_ANSWERED;
	answer->body = memory_alloc(body.len);
	fuzz_must(answer->body != NULL);
	memcpy(answer->body, body.data, body.len);
	answer->len = body.len;
	return HTTP_ANSWERED;
}

enum http_result
fuzz_http_send(const struct service_config *config, const struct peer *peer,
	       const struct http_request *request, struct http_answer *answer)
{
	static const long statuses[] = {200, 202, 204, 302, 400, 401, 429, 500};
	static uint8_t honest_room[BODY_MAX], spoilt_room[2 * BODY_MAX];
	struct writer honest = writer_to(honest_room, sizeof(honest_room));
	struct writer spoilt = writer_to(spoilt_room, sizeof(spoilt_room));
	struct bytes lie = BYTES_NONE;

	(void)config;
	(void)peer;
	fuzz_must(++world.calls < CALLS_MAX);
	fuzz_must(request->url != NULL && (request->bearer == NULL || request->user == NULL));
	*answer = (struct http_answer){0};
	(void)!fuzz_message(&world.lies, &lie);
	if (lie.len > 0 && lie.data[0] >= NONE_COMES) {
		snprintf(answer->error, sizeof(answer->error), "fuzzed");
		return (enum http_result)(1 + lie.data[0] % HTTP_GONE);
	}
	if (lie.len > 0 && lie.data[0] >= SPOILT)
		return give(answer, statuses[lie.data[0] % 8],
			    (struct bytes){lie.data + 1, lie.len - 1});
	honest_answer(request, &honest);
	fuzz_must(writer_ok(&honest));
	if (lie.len == 0)
		return give(answer, 200, writer_bytes(&honest));
	fuzz_spoil(writer_bytes(&honest), (struct bytes){lie.data + 1, lie.len - 1}, &spoilt);
	fuzz_must(writer_ok(&spoilt));
	return give(answer, 200, writer_bytes(&spoilt));
}

static enum prompt_result
answer(const struct prompt *prompt, char *secret, char error[PROMPT_ERROR_MAX])
{
	static const char *const values[] = {"123456", "", "12 34", "segredo"};
	uint8_t by = 0;

	fuzz_must(prompt->description != NULL && strlen(prompt->description) > 0);
	fuzz_must(++world.calls < CALLS_MAX);
	error[0] = '\0';
	(void)!reader_u8(&world.people, &by);
	if (by >= OTHER_RESULT) {
		snprintf(error, PROMPT_ERROR_MAX, "fuzzed");
		return (enum prompt_result)(1 + by % PROMPT_GONE);
	}
	if (secret != NULL)
		snprintf(secret, PROMPT_SECRET_SIZE, "%s", values[by % 4]);
	return PROMPT_OK;
}

enum prompt_result
fuzz_prompt_confirm(const struct prompt_config *config, const struct peer *peer,
		    const struct prompt *prompt, char error[PROMPT_ERROR_MAX])
{
	(void)config;
	(void)peer;
	return answer(prompt, NULL, error);
}

enum prompt_result
fuzz_prompt_message(const struct prompt_config *config, const struct peer *peer,
		    const struct prompt *prompt, char error[PROMPT_ERROR_MAX])
{
	(void)config;
	(void)peer;
	return answer(prompt, NULL, error);
}

enum prompt_result
fuzz_prompt_secret(const struct prompt_config *config, const struct peer *peer,
		   const struct prompt *prompt, char secret[PROMPT_SECRET_SIZE],
		   char error[PROMPT_ERROR_MAX])
{
	(void)config;
	(void)peer;
	memset(secret, 0, PROMPT_SECRET_SIZE);
	return answer(prompt, secret, error);
}

enum peer_state
fuzz_peer_state(const struct peer *peer)
{
	(void)peer;
	return world.looks++ >= world.cancels_after ? PEER_CANCELS : PEER_WAITS;
}

bool
fuzz_peer_start(const struct peer *peer)
{
	(void)peer;
	return true;
}

bool
fuzz_peer_progress(const struct peer *peer, const struct bridge_progress *progress)
{
	uint8_t room[1024];
	struct writer writer = writer_to(room, sizeof(room));

	(void)peer;
	return bridge_progress_encode(progress, &writer);
}

/* Nobody waits here: time passes. */
int
fuzz_poll(struct pollfd *polled, nfds_t count, int milliseconds)
{
	(void)polled;
	(void)count;
	fuzz_must(milliseconds >= 0);
	world.now += (milliseconds + 999) / 1000;
	return 0;
}

time_t
fuzz_time(time_t *now)
{
	if (now != NULL)
		*now = world.now;
	return world.now;
}

/* That what a service signed was verified is the maker's promise (service.h). */
static void
must_hold(const struct bridge_request *request, const struct bridge_result *result)
{
	X509 *leaf = certificate_parse(request->certificate);

	fuzz_must(result->outputs_count == request->documents_count);
	for (size_t i = 0; i < result->outputs_count; i++) {
		const enum digest digest =
		    request->use == KEYFILE_SIGN_PSS ? request->digest : DIGEST_COUNT;

		fuzz_must(certificate_verifies_use(
		    leaf, request->use, digest, request->documents[i].input, result->outputs[i]));
	}
	X509_free(leaf);
}

bool
lying_run(const struct service_config *config, const struct bridge_request *request,
	  struct bridge_result *result)
{
	static const struct prompt_config prompt = {.pinentry = "pinentry", .timeout_s = 60};
	static const struct peer peer = {.fd = -1};
	static uint8_t room[BRIDGE_MESSAGE_MAX];
	struct writer message = writer_to(room, sizeof(room));
	const struct service_use use = {
	    .config = config, .prompt = &prompt, .peer = &peer, .request = request};

	const bool ran = service_run(&use, &message);

	ERR_clear_error();
	if (!ran)
		return false;
	fuzz_must(bridge_result_decode(writer_bytes(&message), result));
	if (result->sw != SW_OK) {
		fuzz_must(result->outputs_count == 0 && result->text.len > 0);
		return false;
	}
	if (request->operation == BRIDGE_SIGN)
		must_hold(request, result);
	return true;
}

struct bytes
lying_fixture(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(BODY_MAX);
	size_t len = 0;

	if (file != NULL && data != NULL)
		len = fread(data, 1, BODY_MAX, file);
	if (file != NULL)
		fclose(file);
	if (len == 0) {
		fprintf(stderr, "%s cannot be read; run it in the project's directory\n", path);
		exit(1);
	}
	return (struct bytes){data, len};
}
